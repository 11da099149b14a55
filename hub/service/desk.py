"""What ``crmhub serve`` remembers, in the store: the lease, the timetable, circuits, pauses, alarms, notices to send.

Each change is a transaction of its own, and the connection is one of its own, too: heartbeats do not wait for a run's
transactions in this process, and a run may close and open its store as it likes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, delete, func, select, update

from hub.contract.errors import HubError
from hub.contract.notices import Notice
from hub.drift import from_json
from hub.service.alarms import Alarm
from hub.service.circuits import Circuit
from hub.service.lease import Lease, take
from hub.service.timetable import Slot
from hub.store.history import History
from hub.store.inbox import Inbox
from hub.store.pauses import Pauses
from hub.store.protocol import Database
from hub.store.service_tables import alarm, circuit, lease, outbox, timetable
from hub.store.tables import ledger, review
from hub.store.work import Work

if TYPE_CHECKING:
    from hub.store.location import Location

_NAME = "serve"


class LeaseLost(HubError):
    """Another process serves this store now."""

    code = "locked"


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice on its way by one notifier.  due: when it is tried next;  error: why it was not sent."""

    key: str
    notifier: str
    at: float
    severity: str
    subject: str
    text: str
    state: str = "pending"
    attempts: int = 0
    due: float = 0.0
    error: str = ""

    @property
    def notice(self) -> Notice:
        return Notice(self.subject, self.text, self.severity, self.key)  # type: ignore[arg-type]  # written by ``post``


class Desk:
    """The memory of the service.  Safe to use from several threads."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.pauses = Pauses(db)
        self.history = History(db)
        self.work = Work(db)
        self.inbox = Inbox(db)

    def close(self) -> None:
        self.db.close()

    def _all(self, table: Table, kind: type[Any]) -> list[Any]:
        names = [item.name for item in fields(kind)]
        return [
            kind(*(getattr(row, name) for name in names))
            for row in self.db.rows(select(table).order_by(*table.primary_key.columns))
        ]

    # the lease

    def lease(self) -> Lease | None:
        rows = self.db.rows(select(lease).where(lease.c.name == _NAME))
        return Lease(*(getattr(rows[0], item.name) for item in fields(Lease))) if rows else None

    def take(self, me: Lease, now: float, *, alone: bool) -> Lease | None:
        """Take or renew the lease; None while another process has it."""
        with self.db.transaction():
            taken = take(self.lease(), me, now, alone=alone)
            if taken is not None:
                self.db.upsert(lease, [{"name": _NAME, **asdict(taken)}])
        return taken

    def beat(self, mine: Lease, now: float) -> None:
        """Renew the lease.  Raises LeaseLost."""
        with self.db.transaction():
            self._check(mine)
            self.db.write(update(lease).where(lease.c.name == _NAME).values(beat=now))

    def release(self, mine: Lease, now: float) -> None:
        """Give the lease back, if it is still ours."""
        with self.db.transaction():
            found = self.lease()
            if found is not None and (found.holder, found.generation) == (mine.holder, mine.generation):
                self.db.write(update(lease).where(lease.c.name == _NAME).values(holder="", beat=now))

    def _check(self, mine: Lease) -> None:
        found = self.lease()
        if found is None or (found.holder, found.generation) != (mine.holder, mine.generation):
            raise LeaseLost(f"{found.label if found else 'another process'} serves this store now")

    # the timetable

    def slots(self) -> dict[str, Slot]:
        return {item.sync: item for item in self._all(timetable, Slot)}

    def save_slots(self, slots: Iterable[Slot], *, mine: Lease | None = None, remove: Collection[str] = ()) -> None:
        """Store rows.  mine: refuse if this lease is lost.  Raises LeaseLost."""
        with self.db.transaction():
            if mine is not None:
                self._check(mine)
            self.db.upsert(timetable, [asdict(item) for item in slots])
            if remove:
                self.db.write(delete(timetable).where(timetable.c.sync.in_(remove)))

    def make_due(self, syncs: Collection[str], now: float) -> None:
        """What kept these syncs from running is gone: those that have a schedule start as soon as they may."""
        self.db.write(
            update(timetable)
            .where(timetable.c.sync.in_(syncs), timetable.c.begun.is_(None), timetable.c.next.is_not(None))
            .values(retry=now)
        )

    # circuits

    def circuits(self) -> dict[str, Circuit]:
        return {item.connection: item for item in self._all(circuit, Circuit)}

    def circuit(self, name: str) -> Circuit:
        return self.circuits().get(name, Circuit(name))

    def save_circuits(self, items: Iterable[Circuit]) -> None:
        self.db.upsert(circuit, [asdict(item) for item in items])

    def fingerprint(self, parts: Sequence[str]) -> str:
        """A keyed hash of what a connection signs in with: it tells that a secret has changed, and nothing else."""
        with self.db.transaction():
            key = self.work.meta("fingerprint_key")
            if not key:
                key = secrets.token_hex(32)
                self.work.set_meta("fingerprint_key", key)
        return hmac.new(bytes.fromhex(key), "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:32]

    # alarms and notices

    def alarms(self, state: str | None = None) -> list[Alarm]:
        found: list[Alarm] = sorted(self._all(alarm, Alarm), key=lambda item: (item.raised, item.key))
        return [item for item in found if state is None or item.state == state]

    def post(self, changed: Sequence[Alarm], letters: Sequence[Letter]) -> None:
        """Store alarms together with the notices about them: a kill in between loses none and doubles none."""
        with self.db.transaction():
            self.db.upsert(alarm, [asdict(item) for item in changed])
            self.db.upsert(outbox, [asdict(item) for item in letters], keep=("state", "attempts", "due", "error", "at"))

    def letters(self, state: str = "pending") -> list[Letter]:
        found: list[Letter] = self._all(outbox, Letter)
        return sorted((item for item in found if item.state == state), key=lambda item: (item.due, item.at, item.key))

    def save_letter(self, letter: Letter) -> None:
        self.db.upsert(outbox, [asdict(letter)])

    def forget_letters(self, before: float) -> None:
        """Sent and refused notices older than a time are deleted."""
        self.db.write(delete(outbox).where(outbox.c.state != "pending", outbox.c.at < before))

    # what runs left

    def read_at(self, sync: str) -> float | None:
        """When the last run began in which every system was read completely."""
        found = self.work.meta(f"read:{sync}")
        return float(found) if found else None

    def drift(self, connection: str) -> list[str]:
        """Fields of a system that are no longer as its mapping expects."""
        return [str(item) for item in from_json(self.work.meta(f"drift:{connection}"))]

    def questions(self) -> int:
        """Reviews and conflicts that wait for a person."""
        return sum(
            int(self.db.rows(select(func.count()).select_from(table).where(table.c.state == "open"))[0][0])
            for table in (review, ledger)
        )

    def error(self, sync: str) -> str:
        """Why the last start of a sync came to nothing, "" if it did not."""
        return self.work.meta(f"serve_error:{sync}")

    def note_error(self, sync: str, text: str) -> None:
        if text != self.error(sync):
            self.work.set_meta(f"serve_error:{sync}", text)


def open_desk(where: Path | Location) -> Desk:
    """Open (or make) the store at a place.  Raises StoreError."""
    from hub.store.location import located

    return Desk(located(where).open())
