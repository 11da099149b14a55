"""The keys of the configuration that people change most, as fields of a form."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "lines", "share", "pair"]


@dataclass(frozen=True, slots=True)
class Key:
    """path: below its section;  kind: "lines" is a list of texts, one a line, "share" a percentage, "pair" a count and a
    percentage;  default: what holds without it."""

    path: tuple[str, ...]
    kind: Kind = "text"
    default: str = ""

    @property
    def field(self) -> str:
        """Its name in the form."""
        return "-".join(self.path)


Keys = tuple[Key, ...]

SYNC: Keys = (
    Key(("schedule",), default="manual"),
    Key(("jitter",), default="0s"),
    Key(("timezone",), default="UTC"),
    Key(("quiet",), "lines"),
    Key(("fresh",)),
    Key(("reconcile",), default="24h"),
    Key(("guards", "delete"), "pair", "5, 2 %"),
    Key(("guards", "create"), "pair", "50, 20 %"),
    Key(("guards", "field_blanked"), "pair", "10, 5 %"),
    Key(("guards", "field_changed"), "share", "25 %"),
    Key(("guards", "listing_shrank"), "share", "10 %"),
)
"""Of [syncs.NAME]."""
SERVE: Keys = (
    Key(("notify",), "lines"),
    Key(("timezone",), default="UTC"),
    Key(("first_wait",), default="1m"),
    Key(("longest_wait",), default="1h"),
    Key(("gather",), default="3s"),
    Key(("rest",), default="30s"),
)
"""Of [serve]."""


def values(keys: Keys, text: str, section: tuple[str, ...]) -> dict[str, str]:
    """Field -> what the file says, "" where it says nothing."""
    content = _at(tomllib.loads(text), section)
    return {key.field: _shown(key.kind, _at(content, key.path)) for key in keys}


def changes(keys: Keys, text: str, section: tuple[str, ...], given: Mapping[str, str]) -> dict[tuple[str, ...], Any]:
    """What the form changes: path -> value, None where a key goes.  What is not as a value should be stays a text, for
    the check of the configuration to name."""
    present = values(keys, text, section)
    found: dict[tuple[str, ...], Any] = {}
    for key in keys:
        new = given.get(key.field, present[key.field]).replace("\r\n", "\n").strip()
        if new != present[key.field]:
            found[(*section, *key.path)] = _read(key.kind, new) if new else None
    return found


def _at(content: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    return content


def _shown(kind: Kind, value: Any) -> str:
    if value is None:
        return ""
    if kind == "lines" and isinstance(value, list):
        return "\n".join(map(str, value))
    if kind == "share" and isinstance(value, (int, float)):
        return _percent(value)
    if kind == "pair" and isinstance(value, list) and len(value) == 2 and isinstance(value[1], (int, float)):
        return f"{value[0]}, {_percent(value[1])}"
    return str(value)


def _percent(share: float) -> str:
    return f"{round(share * 100, 4):g} %"


def _read(kind: Kind, text: str) -> Any:
    if kind == "lines":
        return [line.strip() for line in text.split("\n") if line.strip()]
    if kind == "share":
        return _share(text)
    if kind == "pair":
        count, _, share = text.partition(",")
        return [int(count), _share(share)] if count.strip().isdecimal() else text
    return text


def _share(text: str) -> Any:
    try:
        found = float(text.strip().removesuffix("%"))
    except ValueError:
        return text
    return round(found / 100, 6) if found == found and abs(found) < 1e6 else text  # not "nan", not "inf"
