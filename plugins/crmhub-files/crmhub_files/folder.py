"""Files of a connection: which there are, read without being cut in half, replaced whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from crmhub_files.table import format_of
from hub.plugin import ConfigError, Conflict, Unavailable

LOCK_NAME: Final = ".crmhub.lock"
LOCK_WAIT = 30.0
"""Seconds to wait for another writer in the same folder; rewriting a large file takes some."""
TEMP_END: Final = ".crmhub-tmp"
LARGEST_FILE: Final = 512 * 1024 * 1024
"""Bytes; a file is read into memory."""

_READ_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file was changed, without reading it."""

    mtime_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """None for a file that does not exist.  Raises ConfigError for a symbolic link or what is no plain file."""
        try:
            found = path.lstat()
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(found.st_mode):
            raise ConfigError("It is a symbolic link, which could lead anywhere", where=str(path), hint=_LINK_HINT)
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError("It is no plain file", where=str(path))
        return cls(found.st_mtime_ns, found.st_size, found.st_ino)

    def as_json(self) -> list[int]:
        return [self.mtime_ns, self.size, self.inode]

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.mtime_ns / 1e9, UTC)


_LINK_HINT: Final = "Give the path of the file itself"


def locate(base: Path, path: str) -> Path:
    """A path of the configuration: absolute, or below the folder of the configuration file.

    Raises ConfigError for one that leads out of that folder or is a symbolic link.
    """
    given = Path(path)
    found = Path(os.path.normpath(given if given.is_absolute() else base.resolve() / given))
    if not given.is_absolute() and not found.is_relative_to(base.resolve()):
        raise ConfigError(
            f"{path} leads out of {base}", where=path, hint="Give an absolute path if that is what you mean"
        )
    if found.is_symlink() or (not given.is_absolute() and not found.resolve().is_relative_to(base.resolve())):
        raise ConfigError("It is a symbolic link, which could lead anywhere", where=str(found), hint=_LINK_HINT)
    return found


def files_in(root: Path, pattern: str) -> dict[str, Path]:
    """Name -> path of the tables in a folder (or of the one file), sorted.  Hidden and lock files are no tables.

    Raises ConfigError for a missing folder, a symbolic link, or a pattern that leads out of the folder.
    """
    if not root.is_dir():
        if Stamp.of(root) is None:
            # Never an empty table: that would say that everybody in it was deleted.
            raise ConfigError("There is no such file or folder", where=str(root), hint="Make it, or correct `path`")
        return {root.name: root}
    if ".." in Path(pattern).parts or Path(pattern).is_absolute():
        raise ConfigError(f"The pattern {pattern!r} leads out of the folder", where=str(root))
    real, found = root.resolve(), {}
    for path in sorted(root.glob(pattern)):
        name = path.relative_to(root).as_posix()
        if path.name.startswith((".", "~$")) or format_of(path) is None or path.is_dir():
            continue
        if path.is_symlink() or not path.resolve().is_relative_to(real):
            raise ConfigError("It is a symbolic link, which could lead anywhere", where=str(path), hint=_LINK_HINT)
        found[name] = path
    return found


def read(path: Path) -> tuple[bytes, Stamp]:
    """The content of a file and the stamp that belongs to it.

    Raises Unavailable if it keeps changing or is gone, ConfigError if it may not be read.
    """
    for _ in range(_READ_ATTEMPTS):
        before = Stamp.of(path)
        if before is None:
            raise Unavailable("The file is gone", where=str(path))
        if before.size > LARGEST_FILE:
            raise ConfigError(f"The file has {before.size} bytes", where=str(path), hint="Split it into smaller files")
        try:
            with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
                content = file.read()
        except PermissionError as error:
            raise ConfigError(f"The file may not be read: {error.strerror}", where=str(path)) from error
        except OSError as error:
            raise Unavailable(f"The file cannot be read: {error.strerror}", where=str(path)) from error
        if Stamp.of(path) == before:
            return content, before
    raise Unavailable("The file keeps changing while it is read", where=str(path))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that two runs of the hub, or two connections of one run, never write at the same time.

    Waits its turn for up to LOCK_WAIT seconds; raises Unavailable if it does not come.
    """
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise _write_failure(error, folder) from error
    try:
        try:
            _wait_for(descriptor)
        except OSError as error:
            raise Unavailable("Another run of the hub is writing here", where=str(folder)) from error
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int) -> None:
    patient = Retrying(
        retry=retry_if_exception_type(OSError), wait=wait_fixed(0.02), stop=stop_after_delay(LOCK_WAIT), reraise=True
    )
    patient(_lock, descriptor)


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # exists on Windows only
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def replace(path: Path, content: bytes, expected: Stamp | None) -> Stamp:
    """Put new content in place of a file in one step; call it under ``locked``.

    The content is on the disk before it takes the file's name, so that a crash or a full disk leaves the original.
    Raises Conflict if the file is no longer the one that was read (``expected``; None: there was none), Unavailable
    if the disk is full or another program keeps the file open.
    """
    for program in (f"~${path.name}", f".~lock.{path.name}#"):
        if (path.parent / program).exists():
            raise Unavailable("The file is open in a spreadsheet program", where=str(path), hint="Close it there")
    for left in path.parent.glob(f".{path.name}.*{TEMP_END}"):
        left.unlink(missing_ok=True)  # of a run that was killed; nobody else writes while we hold the lock
    temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMP_END}")
    try:
        _write(temp, content, path)
        if Stamp.of(path) != expected:
            raise Conflict("The file was changed by another program meanwhile", where=str(path))
        os.replace(temp, path)
    except OSError as error:
        raise _write_failure(error, path) from error
    finally:
        with suppress(OSError):
            temp.unlink(missing_ok=True)
    _sync_folder(path.parent)
    stamp = Stamp.of(path)
    if stamp is None:
        raise Unavailable("The file was removed right after it was written", where=str(path))
    return stamp


def _write(temp: Path, content: bytes, like: Path) -> None:
    mode = stat.S_IMODE(like.stat().st_mode) if like.exists() else 0o644
    descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temp.chmod(mode)


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_failure(error: OSError, path: Path) -> ConfigError | Unavailable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable("The disk is full; the file is as it was", where=str(path), hint="Make room and run again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ConfigError(f"It may not be written: {error.strerror}", where=str(path), hint="Check its permissions")
    return Unavailable(f"It cannot be written: {error.strerror}; the file is as it was", where=str(path))
