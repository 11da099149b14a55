"""Reading tables of a parsed TOML file, collecting every problem with its line instead of stopping at the first."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hub.config.model import Problem
from hub.mapping.toml_lines import key_lines

T = TypeVar("T")
_KINDS = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


def near(word: str, known: Iterable[str]) -> str:
    """ "Did you mean 'x'? " with the nearest known word, or nothing."""
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"Did you mean {found[0]!r}? " if found else ""


def shown(value: object) -> str:
    """A found value for a message, short."""
    text = ("true" if value else "false") if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


@dataclass(slots=True)
class Findings:
    """The problems of one file, and where its keys stand."""

    file: str
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, file: str, text: str) -> Findings:
        return cls(file, key_lines(text))

    def line(self, path: tuple[str, ...]) -> int:
        """The line of a key, or of the nearest table around it (keys of inline tables have no line of their own)."""
        while path:
            if path in self.lines:
                return self.lines[path]
            below = [line for known, line in self.lines.items() if known[: len(path)] == path]
            if below:
                return min(below)
            path = path[:-1]
        return 0

    def add(self, path: tuple[str, ...], message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, self.line(path), message, hint))


class Table:
    """One table: every key must be asked for; ``done`` reports those that nobody knows."""

    def __init__(self, findings: Findings, path: tuple[str, ...], content: Mapping[str, Any]) -> None:
        self.findings = findings
        self.path = path
        self.content = content
        self._known: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def problem(self, key: str, message: str, hint: str = "") -> None:
        self.findings.add((*self.path, key) if key else self.path, message, hint)

    def take(self, key: str, kind: type[T], default: T) -> T:
        """The value of a key if it is of the right kind."""
        self._known.add(key)
        if key not in self.content:
            return default
        value = self.content[key]
        fits = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)  # type: ignore[return-value]  # T is float here
        if not fits:
            self.problem(key, f"{key} must be {_KINDS[kind]}, found {shown(value)}")
            return default
        return value  # type: ignore[no-any-return]  # checked above

    def parsed(self, key: str, parse: Callable[[object], T], default: T) -> T:
        """The value of a key as a parser reads it; the parser's ValueError is the message."""
        self._known.add(key)
        if key not in self.content:
            return default
        try:
            return parse(self.content[key])
        except ValueError as error:
            self.problem(key, f"{key} {error}")
            return default

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        found = self.take(key, list, [])
        bad = next((item for item in found if not isinstance(item, str)), None)
        if bad is not None:
            self.problem(key, f"{key} must be a list of texts, found {shown(bad)} in it")
            return ()
        return tuple(found)

    def choice(self, key: str, allowed: Iterable[str], default: str) -> str:
        value = self.take(key, str, default)
        options = tuple(allowed)
        if value not in options:
            self.problem(key, f"{key} is {value!r}", f"{near(value, options)}Allowed: {', '.join(options)}")
            return default
        return value

    def table(self, key: str) -> Table:
        return Table(self.findings, (*self.path, key), self.take(key, dict, {}))

    def tables(self) -> Iterable[tuple[str, Table]]:
        """All members as tables (for [connections.NAME])."""
        for key in self.content:
            yield key, self.table(key)

    def rest(self) -> dict[str, Any]:
        """What was not asked for; it counts as known afterwards."""
        found = {key: value for key, value in self.content.items() if key not in self._known}
        self._known.update(found)
        return found

    def done(self) -> None:
        """Report keys that mean nothing here."""
        for key in self.content:
            if key not in self._known:
                place = ".".join(self.path) or "the file"
                hint = f"{near(key, self._known)}Allowed in [{place}]: {', '.join(sorted(self._known))}"
                self.problem(key, f"unknown key {key!r}", hint)
