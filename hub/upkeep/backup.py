"""A copy of the store that is whole at one moment, while others go on working; and going back to one.

A restored store does not know what happened after the copy was made.  So every cursor is re-opened (everything is read
again, and a complete listing shows what is gone), writes that were under way are settled by reading, and the first plan
needs a person's approval: what it would write may exist already.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.store.copying import copy_rows
from hub.store.file_lock import ProcessLock
from hub.store.location import Location, located
from hub.store.schema import SCHEMA
from hub.upkeep.files import BackupError, beside, check_new, explained, flush, settle
from hub.upkeep.moving import fill, refuse_filled, taken

PAGES: Final = 4_000
"""Pages that one step copies, so that others may write in between."""
RESTORED: Final = "restored"
"""Meta key of a sync whose store was restored (hub.sync.standing): its next plan needs approval."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds.  size: bytes."""

    file: Path
    size: int
    schema: int
    customers: int
    runs: int


def backup(store: Location, target: Path) -> Copied:
    """Copy the store to a new file, whole as of one moment, and check the copy.  Raises BackupError or StoreError."""
    if not store.exists():
        raise BackupError("there is no store to copy yet", where=str(store), hint="Run: crmhub sync")
    check_new(target)
    with explained(target), beside(target) as fresh:
        if store.path is None:
            fill(store, fresh)
        else:
            with closing(_read_only(store.path)) as source, closing(sqlite3.connect(fresh)) as copy:
                source.backup(copy, pages=PAGES)
                copy.execute("PRAGMA journal_mode = DELETE")
        found = inspect(fresh)
        flush(fresh)
        os.link(fresh, target)  # fails if somebody has made such a file meanwhile
    return Copied(target, found.size, found.schema, found.customers, found.runs)


def inspect(file: Path) -> Copied:
    """Check that a file is a whole store of a version that this program knows.  Raises BackupError."""
    hint = "Use another backup"
    if not file.is_file():
        raise BackupError("there is no such file", where=str(file))
    try:
        with closing(_read_only(file)) as raw:
            result = [row[0] for row in raw.execute("PRAGMA integrity_check(5)")]
            if result != ["ok"]:
                raise BackupError(
                    f"the copy is damaged: {'; '.join(map(str, result))[:300]}", where=str(file), hint=hint
                )
            schema = int(raw.execute("PRAGMA user_version").fetchone()[0])
            tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not {"golden", "link", "run", "meta"} <= tables:
                raise BackupError("this is no store of crmhub", where=str(file), hint=hint)
            customers = int(raw.execute("SELECT count(*) FROM golden WHERE state = 'live'").fetchone()[0])
            runs = int(raw.execute("SELECT count(*) FROM run").fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise BackupError(f"this is no store of crmhub: {error}", where=str(file), hint=hint) from error
    if schema > SCHEMA:
        text = f"the copy is of version {schema}, this program knows versions up to {SCHEMA}"
        raise BackupError(text, where=str(file), hint="Install the newer crmhub")
    return Copied(file, file.stat().st_size, schema, customers, runs)


def restore(file: Path, store: Location, *, now: float, label: str = "crmhub restore") -> tuple[Copied, Path | None]:
    """Put a copy in the place of the store; returns what it holds, and where the former store is kept.  On a server, that
    place has to be empty: its former store stays in the schema that it has.

    Refused (hub.store.errors.Locked) while another process runs on the store or serves it.  now: seconds since the
    epoch, names the former store's file.  Raises BackupError, Locked or StoreError."""
    found, database = inspect(file), store.path
    if database is None:
        _restore_on_server(file, store, label)
        return found, None
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(ProcessLock(database, label))
        stack.enter_context(_not_served(database, label))
        with explained(database), beside(database) as fresh:
            with closing(_read_only(file)) as source, closing(sqlite3.connect(fresh)) as copy:
                source.backup(copy, pages=PAGES)
            _reopen(fresh)
            flush(fresh)
            kept = _move_away(database, now)
            os.replace(fresh, database)
    return found, kept


def _restore_on_server(file: Path, store: Location, label: str) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        fresh = Path(folder, "store.db")
        with closing(_read_only(file)) as source, closing(sqlite3.connect(fresh)) as copy:
            source.backup(copy, pages=PAGES)
        _reopen(fresh)
        target = stack.enter_context(taken(store, label))
        refuse_filled(target)
        copy_rows(stack.enter_context(closing(located(fresh).open())), target)


@contextmanager
def _not_served(database: Path, label: str) -> Iterator[None]:
    """No `crmhub serve` of this machine has the store open between its runs."""
    with ProcessLock(database.with_suffix(database.suffix + ".serve"), label):
        yield


def _reopen(file: Path) -> None:
    """Migrate a copy, and let everything be read again before anything is written."""
    from hub.store.store import open_store

    store = open_store(file)
    try:
        with store.transaction():
            store.work.reopen_cursors()
            for sync in store.past.syncs():
                store.work.set_meta(f"{RESTORED}:{sync}", "1")
    finally:
        store.close()
    settle(file)


def _move_away(database: Path, now: float) -> Path | None:
    """The former store is kept beside the new one, with what has not been written into it yet."""
    if not database.exists():
        return None
    kept = database.with_name(f"{database.name}.before-restore-{int(now)}")
    for suffix in ("", "-wal", "-shm"):
        part = database.with_name(database.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    return kept


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
