"""The store: one object that the engine and the command line talk to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.store.audit import Audit
from hub.store.facts import Facts
from hub.store.history import History
from hub.store.ignored import Ignored
from hub.store.inbox import Inbox
from hub.store.location import Location, located
from hub.store.past import Past
from hub.store.pauses import Pauses
from hub.store.protocol import Database
from hub.store.records import Records
from hub.store.staging import Staging
from hub.store.users import Users
from hub.store.work import Work


class Store:
    """Golden records and links (``records``), records that are not linked yet (``staging``), work in hand (``work``) and
    what happened: ``history`` of the hub, read by run in ``past``, ``facts`` about customers.  ``pauses`` is what a person
    has paused, ``ignored`` what of the quarantine nobody wants to be asked about, ``inbox`` what webhooks have named,
    ``users`` may use the pages, and ``audit`` says what they did.

    Everything written inside ``with store.transaction():`` is stored together or not at all.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        self.records = Records(db)
        self.work = Work(db)
        self.staging = Staging(db)
        self.history = History(db)
        self.past = Past(db)
        self.facts = Facts(db)
        self.pauses = Pauses(db)
        self.inbox = Inbox(db)
        self.ignored = Ignored(db)
        self.users = Users(db)
        self.audit = Audit(db)
        self.refresh()

    def refresh(self) -> None:
        """Read the sequence again: another process may have written before this one was allowed to."""
        self._seq = int(self.work.meta("seq", "0"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, the sequence included; it is read only once other threads are out."""
        before: int | None = None
        try:
            with self.db.transaction():
                before = self._seq
                yield
                if self._seq != before:
                    self.work.set_meta("seq", str(self._seq))
        except BaseException:
            if before is not None:
                self._seq = before
            raise

    def tick(self) -> int:
        """The next hub sequence; saved with the transaction that uses it."""
        self._seq += 1
        return self._seq

    @property
    def seq(self) -> int:
        return self._seq

    def close(self) -> None:
        self.db.close()


def open_store(where: Path | Location) -> Store:
    """Open (or make) the store at a place; a path is that of a SQLite file.  Raises StoreError."""
    return Store(located(where).open())
