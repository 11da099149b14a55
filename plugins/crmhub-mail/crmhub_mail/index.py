"""Which message stands where: kept between runs, because a server names what is deleted only by numbers.

A row is one copy of a message in one folder (its uid under the folder's UIDVALIDITY) with the message's id.  Every change
of a row gets the next sequence number; the connector's cursor is the number up to which the hub was told.  What the hub did
not store it asks for again, so nothing depends on this file but deletions, and if the file is lost, a full listing finds
those (``epoch`` shows it).
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.plugin import ConfigError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS folder (name TEXT PRIMARY KEY, validity INTEGER NOT NULL, uidnext INTEGER NOT NULL, modseq INTEGER);
CREATE TABLE IF NOT EXISTS message (
  folder TEXT NOT NULL, validity INTEGER NOT NULL, uid INTEGER NOT NULL,
  id TEXT NOT NULL, version TEXT NOT NULL, gone INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL,
  PRIMARY KEY (folder, validity, uid)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS message_id ON message (id);
CREATE INDEX IF NOT EXISTS message_seq ON message (seq);
"""
_CHUNK = 400


@dataclass(frozen=True, slots=True)
class FolderState:
    """validity: of the uids; uidnext: all below are known; modseq: up to which deletions are known, None without."""

    validity: int
    uidnext: int
    modseq: int | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of a message."""

    folder: str
    validity: int
    uid: int
    id: str
    version: str
    gone: bool = False
    seq: int = 0


class Index:
    """The index of one mailbox.  Not thread-safe."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.executescript(_SCHEMA)
            self._db.execute("INSERT OR IGNORE INTO about VALUES ('epoch', ?), ('seq', '0')", (uuid.uuid4().hex,))
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"the index of the mailbox cannot be opened: {error}",
                where=str(path),
                hint="Check the folder; if the file is damaged, delete it: the next sync makes a new one",
            ) from None

    def close(self) -> None:
        self._db.close()

    @property
    def epoch(self) -> str:
        """Of this file; another one after it was lost."""
        return str(self._one("SELECT value FROM about WHERE name = 'epoch'")[0])

    @property
    def seq(self) -> int:
        """The last number given; numbers are never given twice, also when what had them is forgotten."""
        return int(self._one("SELECT value FROM about WHERE name = 'seq'")[0])

    # folders

    def folder(self, name: str) -> FolderState | None:
        row = self._one("SELECT validity, uidnext, modseq FROM folder WHERE name = ?", name)
        return None if row is None else FolderState(*row)

    def save_folder(self, name: str, state: FolderState) -> None:
        values = (name, state.validity, state.uidnext, state.modseq)
        self._db.execute("INSERT OR REPLACE INTO folder VALUES (?, ?, ?, ?)", values)

    def uids(self, name: str, validity: int) -> set[int]:
        """The uids of a folder that are there, as far as is known."""
        rows = self._all("SELECT uid FROM message WHERE folder = ? AND validity = ? AND gone = 0", name, validity)
        return {uid for (uid,) in rows}

    def number(self, name: str, validity: int) -> int:
        """How many messages of a folder are known to be there."""
        return int(
            self._one("SELECT count(*) FROM message WHERE folder = ? AND validity = ? AND gone = 0", name, validity)[0]
        )

    # copies

    def add(self, copies: Sequence[Copy]) -> None:
        """Note copies that were found."""
        start = self.seq + 1
        rows = [
            (item.folder, item.validity, item.uid, item.id, item.version, 0, start + number)
            for number, item in enumerate(copies)
        ]
        self._many("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?)", rows, start + len(rows) - 1)

    def mark_gone(self, name: str, validity: int, uids: Iterable[int]) -> None:
        """Note that copies are gone; unknown ones are none of ours."""
        start = self.seq + 1
        rows = [(start + number, name, validity, uid) for number, uid in enumerate(sorted(uids))]
        statement = "UPDATE message SET gone = 1, seq = ? WHERE folder = ? AND validity = ? AND uid = ? AND gone = 0"
        self._many(statement, rows, start + len(rows) - 1)

    def keep_only(self, folders: Sequence[str], validities: Sequence[tuple[str, int]]) -> None:
        """Copies in folders that are not watched any more, or under an earlier UIDVALIDITY, are gone."""
        valid = dict(validities)
        for name, validity in self._all("SELECT DISTINCT folder, validity FROM message WHERE gone = 0"):
            if name not in folders or valid.get(name, validity) != validity:
                self.mark_gone(name, validity, self.uids(name, validity))

    def since(self, seq: int) -> list[Any]:
        """(seq, id) of what changed after a number, in order."""
        return [(row[0], row[1]) for row in self._all("SELECT seq, id FROM message WHERE seq > ? ORDER BY seq", seq)]

    def forget(self, seq: int) -> None:
        """Drop gone copies that the hub was told of long ago."""
        self._db.execute("DELETE FROM message WHERE gone = 1 AND seq <= ?", (seq,))

    def copies(self, ids: Iterable[str]) -> dict[str, list[Copy]]:
        """id -> the copies that are there."""
        found: dict[str, list[Copy]] = {}
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), _CHUNK):
            batch = wanted[start : start + _CHUNK]
            marks = ", ".join("?" * len(batch))
            rows = self._all(f"SELECT * FROM message WHERE gone = 0 AND id IN ({marks})", *batch)  # noqa: S608  # marks only
            for row in rows:
                folder, validity, uid, id_, version, gone, seq = row
                found.setdefault(id_, []).append(Copy(folder, validity, uid, id_, version, bool(gone), seq))
        return found

    def ids(self) -> list[str]:
        """Every message that is there."""
        return [id_ for (id_,) in self._all("SELECT DISTINCT id FROM message WHERE gone = 0 ORDER BY id")]

    def _one(self, statement: str, *values: object) -> Any:
        with closing(self._db.execute(statement, values)) as cursor:
            return cursor.fetchone()

    def _all(self, statement: str, *values: object) -> list[Any]:
        with closing(self._db.execute(statement, values)) as cursor:
            return cursor.fetchall()

    def _many(self, statement: str, rows: Sequence[tuple[object, ...]], seq: int) -> None:
        """All rows and the last of their numbers, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(statement, rows)
            self._db.execute("UPDATE about SET value = ? WHERE name = 'seq'", (str(seq),))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
