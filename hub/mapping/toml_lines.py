"""Which line of a TOML file says what, so that messages can point there (tomllib keeps no positions)."""

from __future__ import annotations

import re
import tomllib

Path = tuple[str, ...]

_HEADER = re.compile(r"\s*\[(\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"\s*((?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'"
    r"|[A-Za-z0-9_-]+))*)\s*="
)
_STRINGS = re.compile(r'"""(?:.|\n)*?"""|\'\'\'(?:.|\n)*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*')


def key_lines(text: str) -> dict[Path, int]:
    """Key path -> 1-based line of every header and key of a valid TOML document; the first wins for repeated tables."""
    found: dict[Path, int] = {}
    prefix: Path = ()
    depth = 0
    blanked = _STRINGS.sub(_blank, text).splitlines()
    for number, (line, shape) in enumerate(zip(text.splitlines(), blanked, strict=True), start=1):
        if depth == 0 and shape.strip():
            header = _HEADER.match(line)
            if header and shape.lstrip().startswith("["):
                prefix = _parts(header.group(2))
                found.setdefault(prefix, number)
                continue
            key = _KEY.match(line)
            if key and "=" in shape:  # else the line is inside a text
                found.setdefault((*prefix, *_parts(key.group(1))), number)
        depth += shape.count("[") + shape.count("{") - shape.count("]") - shape.count("}")
    return found


def _blank(found: re.Match[str]) -> str:
    """Strings and comments without their content, so that brackets inside them do not count."""
    if found.group().startswith("#"):
        return ""
    return "".join(char if char == "\n" else "s" for char in found.group())


def _parts(dotted: str) -> Path:
    """The names of a dotted key, by the one parser that knows all quoting rules."""
    parsed = tomllib.loads(f"{dotted} = 0")
    names: list[str] = []
    while isinstance(parsed, dict):
        ((name, parsed),) = parsed.items()
        names.append(name)
    return tuple(names)
