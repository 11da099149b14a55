"""A change of the configuration, or of a mapping file: what it would do, whether it may be made, and making it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hub.config.examine import examine_all
from hub.config.files import Line, NotWritten, Versions, compare, digest, read, replace
from hub.config.model import Problem
from hub.config.reserved import refused

if TYPE_CHECKING:
    from hub.bootstrap import App


MAPPING_START = """\
# Our lines of this mapping; everything else is as shipped.  docs/mappings.md explains them.
extends = "shipped"
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it is and as it would be.  seen: by which ``make`` recognises the old text;  problems: why it is not made."""

    path: Path
    old: str
    new: str
    seen: str
    lines: list[Line]
    problems: list[Problem] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return self.old == self.new


def text_of_form(text: str, old: str) -> str:
    """A text as a browser sends it (each line ends with CR and LF), with the line ends of the file."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = plain if not plain or plain.endswith("\n") else f"{plain}\n"
    return plain.replace("\n", "\r\n") if "\r\n" in old else plain


def of_configuration(app: App, new: str, *, fresh: Collection[str] = (), old: str | None = None) -> Change:
    """A change of the whole configuration file, checked as ``crmhub check`` does, and for what is not changed on pages.

    fresh: names of kept secrets whose values come with the change, and may not be kept yet."""
    path = app.config.file
    old = read(path) if old is None else old
    problems = [
        item
        for item in examine_all(path, app.registry, text=new).problems
        if not (item.code == "secret" and any(repr(name) in item.message for name in fresh))
    ]
    if not any(item.message.startswith("not valid TOML") for item in problems):
        problems = [*problems, *refused(str(path), old, new, fresh, app.registry.secret_sources)]
    return Change(path, old, new, digest(old), compare(old, new), problems)


def mapping_file(app: App, name: str) -> Path:
    """The user's file of a mapping, whether it is there or not."""
    return app.config.hub.mappings / f"{name}.toml"


def mapping_start(app: App, name: str) -> str:
    """What editing a mapping begins with: the user's file, or one that only takes the shipped mapping over."""
    return read(mapping_file(app, name)) or MAPPING_START


def of_mapping(app: App, name: str, new: str) -> Change:
    """A change of the user's file of a mapping; everything that uses it is checked."""
    path = mapping_file(app, name)
    old = read(path)
    problems = examine_all(app.config.file, app.registry, drafts={path: new}).problems
    return Change(path, old, new, digest(old), compare(old, new), problems)


def make(app: App, change: Change, seen: str, at: float) -> None:
    """Keep the version before and write the new one, if the file is still the one that was seen.  Raises Changed or
    NotWritten."""
    if change.problems:
        raise NotWritten("it has problems", where=str(change.path))
    if change.old and digest(change.old) == seen:
        Versions(app.config.hub.data).keep(change.path, change.old, at)
    replace(change.path, change.new, seen)
