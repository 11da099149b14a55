"""Replacing a configuration or mapping file as a whole, only if it is still the one that was looked at; the version
before is kept."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from hub.contract.errors import HubError

KEPT = 50
"""Versions of one file."""
_NAME = re.compile(r"\d{13}-[0-9a-f]{12}")


class Changed(HubError):
    """The file is not the one that was looked at any more."""

    code = "stale"


class NotWritten(HubError):
    """The file cannot be replaced here."""

    code = "config"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison.  kind: "+", "-", " " or "" (lines are left out here);  number: in the new text, else in the
    old one, from 1."""

    kind: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier version.  at: when it was replaced (seconds since the epoch)."""

    name: str
    at: float
    size: int


def read(path: Path) -> str:
    """The text of a file, "" if there is none.  Raises NotWritten."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise NotWritten(f"it cannot be read: {type(error).__name__}", where=str(path)) from None


def digest(text: str) -> str:
    """By which a text is recognised."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def compare(old: str, new: str, around: int = 3) -> list[Line]:
    """What changes, with a few lines around it."""
    found: list[Line] = []
    before, after = old.splitlines(), new.splitlines()
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(around):
        if found:
            found.append(Line("", 0, ""))
        for tag, start, end, at, to in group:
            if tag == "equal":
                found += [Line(" ", number + 1, after[number]) for number in range(at, to)]
                continue
            found += [Line("-", number + 1, before[number]) for number in range(start, end)]
            found += [Line("+", number + 1, after[number]) for number in range(at, to)]
    return found


def replace(path: Path, text: str, seen: str) -> None:
    """Replace a file at once, keeping its owner and mode.  seen: the digest of the text that the change was made from;
    for a file that does not exist that of "".  Raises Changed or NotWritten; then nothing was written."""
    path = Path(os.path.realpath(path))  # a link stays one
    _same(path, seen)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.stat() if path.exists() else None
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            with os.fdopen(handle, "wb") as file:
                if before is not None:
                    own = os.fstat(file.fileno())
                    if (own.st_uid, own.st_gid) != (before.st_uid, before.st_gid):
                        os.fchown(file.fileno(), before.st_uid, before.st_gid)
                    os.fchmod(file.fileno(), before.st_mode & 0o7777)
                file.write(text.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            _same(path, seen)  # as late as can be
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        _settle(path.parent)
    except OSError as error:
        raise NotWritten(
            f"it cannot be written: {error.strerror}",
            where=str(path),
            hint="The user of crmhub serve needs to own the file and its folder; or change the file where it comes from",
        ) from None


def _same(path: Path, seen: str) -> None:
    if digest(read(path)) != seen:
        raise Changed("the file was changed meanwhile; nothing was written", where=str(path), hint="Look at it again")


def _settle(folder: Path) -> None:
    """The new name survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Versions:
    """Earlier versions of files, kept in the hub's own folder, where nobody else can read them."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "versions"

    def keep(self, path: Path, text: str, at: float) -> None:
        """Keep a version that is about to be replaced; the oldest ones go."""
        folder = self._of(path)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            target = folder / f"{int(at * 1000):013d}-{digest(text)[:12]}"
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            for item in self.of(path)[KEPT:]:
                (folder / item.name).unlink(missing_ok=True)
        except OSError as error:
            raise NotWritten(f"the version before cannot be kept: {error.strerror}", where=str(folder)) from None

    def of(self, path: Path) -> list[Version]:
        """The newest first."""
        folder = self._of(path)
        found = [item for item in folder.iterdir() if _NAME.fullmatch(item.name)] if folder.is_dir() else []
        return [
            Version(item.name, int(item.name[:13]) / 1000, item.stat().st_size)
            for item in sorted(found, key=lambda item: item.name, reverse=True)
        ]

    def text(self, path: Path, name: str) -> str | None:
        """A version by its name; None if there is none."""
        target = self._of(path) / name
        return read(target) if _NAME.fullmatch(name) and target.is_file() else None

    def _of(self, path: Path) -> Path:
        return self._folder / f"{path.name}-{digest(str(path.absolute()))[:8]}"
