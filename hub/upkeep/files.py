"""Making a database file beside its place, so that it appears whole or not at all."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hub.contract.errors import HubError
from hub.store.errors import StoreError


class BackupError(HubError):
    """The copy cannot be made or used."""

    code = "usage"


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A private file in the same folder, which is gone afterwards (also with what SQLite puts beside it)."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # mode 0600
    os.close(handle)
    fresh = Path(name)
    try:
        yield fresh
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """The errors of the disk and of SQLite in our words."""
    try:
        yield
    except FileExistsError:
        raise BackupError("this file exists already", where=str(place), hint="Name a new file") from None
    except sqlite3.Error as error:
        raise StoreError(
            str(error), where=str(place), hint="Check the disk; the store itself was not changed"
        ) from error
    except OSError as error:
        raise StoreError(
            error.strerror or str(error), where=str(place), hint="Check the folder's permissions and free space"
        ) from error


def settle(file: Path) -> None:
    """Everything that was written is in the one file."""
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.execute("PRAGMA journal_mode = DELETE")


def flush(file: Path) -> None:
    """The file is on the disk, not only on its way there."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_new(target: Path) -> None:
    """Raises BackupError if a new file cannot be made there."""
    if target.exists():
        raise BackupError("this file exists already", where=str(target), hint="Name a new file, or move it away")
    if not target.parent.is_dir():
        raise BackupError("this folder does not exist", where=str(target.parent), hint="Make it, or name another one")
