"""What webhooks have named: records to read again.  Only ids are kept, and each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

from sqlalchemy import bindparam, delete, func, select

from hub.contract.records import Hint
from hub.state import Subscribed
from hub.store.protocol import Database
from hub.store.service_tables import delivery, inbox, subscription
from hub.store.tables import reread

KEEP = 7 * 86_400.0
"""Seconds for which a delivery that was heard is known again."""
MANY = 2_000
"""Records of one resource above which a listing is cheaper than reading them by their ids."""

# built once: every run executes them for every resource (see hub.store.prepared)
_HERE = (inbox.c.system == bindparam("b_system"), inbox.c.resource == bindparam("b_resource"))
_NAMED = select(inbox.c.remote_id).where(*_HERE).order_by(inbox.c.remote_id)
_TAKEN = delete(inbox).where(*_HERE)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Hints of one system that no run has taken.  first / last: when the first and the last of them came."""

    first: float
    last: float
    number: int


class Inbox:
    """Hints, deliveries and subscriptions."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def close(self) -> None:
        """Close the connection to the store, where it is this object's own."""
        self._db.close()

    # hints

    def put(self, system: str, hints: Sequence[Hint], key: str, now: float) -> bool:
        """Keep what a delivery named, in one transaction; False if a delivery of this key was heard before ("": it has none).

        A hint without ids is kept as well: it makes the run due that asks for what is new.
        """
        with self._db.transaction():
            if key and self._db.rows(select(delivery.c.at).where(delivery.c.system == system, delivery.c.key == key)):
                return False
            if key:
                self._db.upsert(delivery, [{"system": system, "key": key, "at": now}])
            rows = {
                (hint.resource, id_): {
                    "system": system,
                    "resource": hint.resource,
                    "remote_id": id_,
                    "first": now,
                    "last": now,
                }
                for hint in hints
                for id_ in (hint.ids or [""])
            }
            self._db.upsert(inbox, list(rows.values()), keep=("first",))
            known = self.subscribed(system)
            self.save_subscribed(replace(known, heard=now))
        return True

    def waiting(self) -> dict[str, Waiting]:
        """By system."""
        statement = select(inbox.c.system, func.min(inbox.c.first), func.max(inbox.c.last), func.count())
        return {
            row[0]: Waiting(row[1], row[2], row[3])
            for row in self._db.rows(statement.group_by(inbox.c.system).order_by(inbox.c.system))
        }

    def hand_over(self, system: str, resource: str) -> bool:
        """Inside the caller's transaction: the hints of a resource become records to read again.  True if they are so
        many that a listing should find them instead."""
        here = {"b_system": system, "b_resource": resource}
        rows = self._db.rows(_NAMED, here)
        if not rows:
            return False
        ids = [row.remote_id for row in rows if row.remote_id]
        many = len(ids) > MANY
        if not many:
            values = {"system": system, "resource": resource, "reason": "named by a webhook"}
            self._db.upsert(reread, [{**values, "remote_id": id_} for id_ in ids])
        self._db.write(_TAKEN, here)
        return many

    def forget(self, before: float) -> None:
        """Deliveries heard before a time are no longer known."""
        self._db.write(delete(delivery).where(delivery.c.at < before))

    # subscriptions

    def subscriptions(self) -> dict[str, Subscribed]:
        """By connection."""
        names = [item.name for item in fields(Subscribed)]
        rows = self._db.rows(select(subscription).order_by(subscription.c.connection))
        found = (Subscribed(*(getattr(row, name) for name in names)) for row in rows)
        return {item.connection: replace(item, wanted=bool(item.wanted)) for item in found}

    def subscribed(self, connection: str) -> Subscribed:
        return self.subscriptions().get(connection, Subscribed(connection))

    def save_subscribed(self, item: Subscribed) -> None:
        self._db.upsert(subscription, [{**asdict(item), "wanted": int(item.wanted)}])

    def saw(self, item: Subscribed) -> None:
        """Store what a look at the webhooks found; deliveries that came meanwhile count."""
        self._db.upsert(subscription, [{**asdict(item), "wanted": int(item.wanted)}], keep=("heard",))
