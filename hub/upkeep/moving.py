"""Moving a store between a file and a server.

The store that is copied is only read.  What is copied is compared row by row before anybody can use it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from hub.store.copying import CopiedTable, Progress, copy_rows, is_empty
from hub.store.driver import RUN, SERVE
from hub.store.location import Location, located
from hub.store.protocol import Database
from hub.store.schema import SCHEMA
from hub.upkeep.files import BackupError, beside, check_new, explained, flush, settle

LABEL = "crmhub store migrate"


def move(source: Location, target: Location, progress: Progress = lambda *_: None) -> list[CopiedTable]:
    """Copy a store into an empty one of another kind or place; nobody runs on either or serves it meanwhile.

    Whatever goes wrong, both stay as they were.  Raises BackupError, Locked or StoreError.
    """
    _check(source, target)
    with ExitStack() as stack:
        db = stack.enter_context(taken(source, LABEL))
        if target.path is not None:
            with explained(target.path), beside(target.path) as fresh:
                copied = _copy(db, fresh, progress)
                flush(fresh)
                os.link(fresh, target.path)
            return copied
        copy = stack.enter_context(taken(target, LABEL))
        refuse_filled(copy)
        return copy_rows(db, copy, progress)


@contextmanager
def taken(store: Location, label: str) -> Iterator[Database]:
    """A store on which no other process runs, and which none serves.  Raises Locked."""
    with closing(store.open()) as db, db.held(SERVE, label), db.held(RUN, label):
        yield db


def refuse_filled(db: Database) -> None:
    """Raises BackupError if a store has anything in it."""
    if not is_empty(db):
        hint = "Name another schema (?schema=crmhub_2 at the end of the address) or another database"
        raise BackupError("there is a store with rows in it already", where=db.where, hint=hint)


def fill(source: Location, file: Path) -> None:
    """Copy a store into an empty file, as of one moment, while others go on working."""
    with closing(source.open()) as db:
        _copy(db, file)


def _copy(db: Database, file: Path, progress: Progress = lambda *_: None) -> list[CopiedTable]:
    with closing(located(file).open()) as copy:
        copied = copy_rows(db, copy, progress)
    settle(file)
    return copied


def _check(source: Location, target: Location) -> None:
    if str(source) == str(target):
        raise BackupError("this is where the store is already", where=str(target), hint="Name another place with --to")
    if not source.exists():
        raise BackupError("there is no store to copy yet", where=str(source), hint="Run: crmhub sync")
    version = source.version()
    if version != SCHEMA:
        text = f"the store is of version {version}, this program copies version {SCHEMA}"
        raise BackupError(text, where=str(source), hint="Make a copy with crmhub backup, then run crmhub status once")
    if target.path is not None:
        check_new(target.path)
