"""Facts (what happened to customers) and their parties: whom each is about, and whom it waits for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from hub.store.database import pack, unpack
from hub.store.protocol import Database
from hub.store.records import chunks
from hub.store.tables import fact, fact_party, golden, match_key, quarantine

Party = tuple[str, str]
"""(key, gid); gid is "" as long as no customer has the key."""


@dataclass(slots=True)
class FactRow:
    """One fact.

    state:   attached (to ``customers`` of its parties), waiting (nobody has its keys) or ignored (reason says why).
    gone:    no longer there in its system; it stays known.
    version, mapping: what it was read at and with;  run: that stored it last.
    """

    id: str
    system: str
    resource: str
    remote_id: str
    record: str
    at: float
    doc: dict[str, Any]
    parties: list[Party] = field(default_factory=list)
    ignored: str = ""
    reason: str = ""
    gone: bool = False
    version: str | None = None
    mapping: str = ""
    run: str = ""

    @property
    def customers(self) -> list[str]:
        return sorted({gid for _, gid in self.parties if gid})

    @property
    def state(self) -> str:
        return "ignored" if self.ignored else "attached" if self.customers else "waiting"


_HERE = (fact.c.system == bindparam("b_system"), fact.c.resource == bindparam("b_resource"))
_AMONG = select(fact).where(*_HERE, fact.c.remote_id.in_(bindparam("b_ids", expanding=True))).order_by(fact.c.remote_id)
_BY_ID = select(fact).where(fact.c.id.in_(bindparam("b_ids", expanding=True))).order_by(fact.c.id)
_PARTIES = (
    select(fact_party)
    .where(fact_party.c.fact_id.in_(bindparam("b_ids", expanding=True)))
    .order_by(fact_party.c.fact_id, fact_party.c.key, fact_party.c.gid)
)
_DROP_PARTIES = delete(fact_party).where(fact_party.c.fact_id == bindparam("b_id"))
_GONE = update(fact).where(fact.c.id == bindparam("b_id")).values(gone=bindparam("b_gone"))
_PRESENT = select(fact.c.remote_id).where(*_HERE, fact.c.gone == 0)
_BARRED = select(quarantine.c.remote_id).where(
    quarantine.c.system == bindparam("b_system"),
    quarantine.c.resource == bindparam("b_resource"),
    quarantine.c.gid == "",
)
_COUNTS = (
    select(fact.c.state, func.count().label("n"))
    .where(*_HERE, fact.c.gone == 0, fact.c.remote_id.not_in(_BARRED))
    .group_by(fact.c.state)
    .order_by(fact.c.state)
)
_REASONS = (
    select(fact.c.reason, func.count().label("n"))
    .where(*_HERE, fact.c.gone == 0, fact.c.state == "ignored")
    .group_by(fact.c.reason)
    .order_by(fact.c.reason)
)
_OPEN = (
    select(fact_party.c.fact_id, fact_party.c.key, match_key.c.gid)
    .join(match_key, match_key.c.key == fact_party.c.key)
    .where(fact_party.c.gid == "")
    .order_by(fact_party.c.key, match_key.c.gid, fact_party.c.fact_id)
)
_OPEN_REFS = (
    select(fact_party.c.key)
    .where(fact_party.c.gid == "", fact_party.c.key.startswith("ref:"))
    .distinct()
    .order_by(fact_party.c.key)
)
_WAITING_FOR = (
    select(fact_party.c.fact_id)
    .where(fact_party.c.gid == "", fact_party.c.key.in_(bindparam("b_keys", expanding=True)))
    .order_by(fact_party.c.key, fact_party.c.fact_id)
)
_MERGED = (
    select(fact_party.c.fact_id)
    .join(golden, golden.c.gid == fact_party.c.gid)
    .where(golden.c.merged_into.is_not(None), fact_party.c.gid != "")
    .distinct()
    .order_by(fact_party.c.fact_id)
)
_OF = (
    (
        select(fact_party.c.fact_id).where(
            fact_party.c.gid.in_(bindparam("b_gids", expanding=True)), fact_party.c.gid != ""
        )
    )
    .distinct()
    .order_by(fact_party.c.fact_id)
)


class Facts:
    """Reads and writes facts in batches."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # one resource

    def known(self, system: str, resource: str, ids: Iterable[str]) -> dict[str, FactRow]:
        """remote id -> fact with its parties."""
        found: dict[str, FactRow] = {}
        for batch in chunks(set(ids)):
            rows = self._db.rows(_AMONG, {"b_system": system, "b_resource": resource, "b_ids": batch})
            found.update({item.remote_id: item for item in self._with_parties(rows)})
        return found

    def present(self, system: str, resource: str) -> set[str]:
        """Remote ids of the facts that are there in their system, as far as is known."""
        return {row.remote_id for row in self._db.rows(_PRESENT, {"b_system": system, "b_resource": resource})}

    def counts(self, system: str, resource: str) -> dict[str, int]:
        """state -> number of facts that are there and can be read."""
        return {row.state: row.n for row in self._db.rows(_COUNTS, {"b_system": system, "b_resource": resource})}

    def barred(self, system: str, resource: str) -> set[str]:
        """Remote ids of the records that could not be read."""
        return {row.remote_id for row in self._db.rows(_BARRED, {"b_system": system, "b_resource": resource})}

    def reasons(self, system: str, resource: str) -> dict[str, int]:
        """Why facts are ignored -> how many."""
        return {row.reason: row.n for row in self._db.rows(_REASONS, {"b_system": system, "b_resource": resource})}

    # writing

    def save(self, rows: Sequence[FactRow]) -> None:
        """Store facts with their parties, replacing what was there; the caller holds the transaction."""
        self._db.upsert(fact, [_stored(item) for item in rows])
        self._db.write(_DROP_PARTIES, [{"b_id": item.id} for item in rows])
        self._db.upsert(
            fact_party,
            [{"fact_id": item.id, "key": key, "gid": gid} for item in rows for key, gid in sorted(set(item.parties))],
        )

    def mark_gone(self, ids: Sequence[str], *, gone: bool = True) -> None:
        """Note by fact ids what is no longer there in its system (or there again)."""
        self._db.write(_GONE, [{"b_id": item, "b_gone": int(gone)} for item in ids])

    # customers

    def openings(self) -> list[tuple[str, str, str]]:
        """(fact id, key, gid): parties that wait, and live customers that have their key now."""
        return [(row.fact_id, row.key, row.gid) for row in self._db.rows(_OPEN)]

    def open_refs(self) -> list[str]:
        """Keys of waiting parties that name a record instead of an address."""
        return [row.key for row in self._db.rows(_OPEN_REFS)]

    def waiting_for(self, keys: Iterable[str]) -> list[str]:
        """Ids of facts of which a party waits for one of the keys."""
        found: dict[str, None] = {}
        for batch in chunks(keys):
            found.update(dict.fromkeys(row.fact_id for row in self._db.rows(_WAITING_FOR, {"b_keys": batch})))
        return list(found)

    def of_merged(self) -> list[str]:
        """Ids of facts that hang on customers which were merged into others."""
        return [row.fact_id for row in self._db.rows(_MERGED)]

    def ids_of(self, gids: Iterable[str]) -> list[str]:
        """Ids of all facts of some customers."""
        return [row.fact_id for batch in chunks(gids) for row in self._db.rows(_OF, {"b_gids": batch})]

    def by_id(self, ids: Iterable[str]) -> list[FactRow]:
        """Facts with their parties."""
        found: list[FactRow] = []
        for batch in chunks(dict.fromkeys(ids)):
            found += self._with_parties(self._db.rows(_BY_ID, {"b_ids": batch}))
        return found

    def predecessors(self, gid: str) -> list[str]:
        """The customer and all that were merged into it."""
        found, step = {gid}, [gid]
        while step:
            rows = self._db.rows(select(golden.c.gid).where(golden.c.merged_into.in_(step)))
            step = [row.gid for row in rows if row.gid not in found]
            found.update(step)
        return sorted(found)

    def latest(self, gid: str, limit: int) -> tuple[list[FactRow], int]:
        """The latest facts of a customer (newest first), and how many there are."""
        mine = select(fact_party.c.fact_id).where(fact_party.c.gid.in_(self.predecessors(gid)), fact_party.c.gid != "")
        rows = self._db.rows(
            select(fact).where(fact.c.id.in_(mine)).order_by(fact.c.at.desc(), fact.c.id.desc()).limit(limit)
        )
        number = self._db.rows(select(func.count()).select_from(fact).where(fact.c.id.in_(mine)))[0][0]
        return self._with_parties(rows), int(number)

    def _with_parties(self, rows: Sequence[Any]) -> list[FactRow]:
        parties: Mapping[str, list[Party]] = defaultdict(list)
        for batch in chunks(row.id for row in rows):
            for item in self._db.rows(_PARTIES, {"b_ids": batch}):
                parties[item.fact_id].append((item.key, item.gid))
        return [_fact(row, parties[row.id]) for row in rows]


def _fact(row: Any, parties: list[Party]) -> FactRow:
    ignored = row.reason if row.state == "ignored" else ""
    return FactRow(
        row.id,
        row.system,
        row.resource,
        row.remote_id,
        row.record,
        row.at,
        unpack(row.doc),
        parties,
        ignored,
        "" if ignored else row.reason,
        bool(row.gone),
        row.version,
        row.mapping,
        row.run,
    )


def _stored(item: FactRow) -> dict[str, Any]:
    return {
        "id": item.id,
        "system": item.system,
        "resource": item.resource,
        "remote_id": item.remote_id,
        "record": item.record,
        "state": item.state,
        "reason": item.ignored or item.reason,
        "customers": 0 if item.ignored else len(item.customers),
        "gone": int(item.gone),
        "version": item.version,
        "mapping": item.mapping,
        "at": item.at,
        "run": item.run,
        "doc": pack(item.doc),
    }
