"""Locks of the operating system on files beside a store, so that a killed process never leaves one held."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from hub.store.errors import Locked


class FileLock:
    """A lock of one process on a file.  Raises Locked while another one has it.

    label: who holds it, for the message of another process ("process 123" if empty).
    """

    def __init__(self, path: Path, label: str = "") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise Locked(
                f"{holder} is syncing with this store",
                where=str(path),
                hint="Wait until it has finished; `crmhub status` shows its progress",
                holder=holder,
            ) from None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(label or f"process {os.getpid()}")
        self._file.flush()

    def release(self) -> None:
        """Let others have it."""
        self._file.seek(0)
        self._file.truncate()
        self._file.flush()
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._file.close()


class ProcessLock:
    """One process per store: the lock beside the database at ``path``, while the block runs."""

    def __init__(self, path: Path, label: str = "") -> None:
        self._path = beside(path)
        self._label = label

    def __enter__(self) -> ProcessLock:
        self._lock = FileLock(self._path, self._label)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def beside(database: Path, name: str = "") -> Path:
    """The file of a lock on a database: "hub.db.lock", "hub.db.serve.lock"."""
    return database.with_name(f"{database.name}{f'.{name}' if name else ''}.lock")


def holder(path: Path) -> str:
    """Who holds the lock on a file; empty if nobody does."""
    if not path.exists():
        return ""
    with path.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read().strip() or "another process"
        fcntl.flock(file, fcntl.LOCK_UN)
    return ""
