"""Records that are not linked yet, found again by the keys that matching uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, or_, select, tuple_, update

from hub.identity.matching import NEAR
from hub.store.database import pack, unpack
from hub.store.protocol import Database
from hub.store.records import chunks
from hub.store.tables import never_match, review, staged, staged_key

Place = tuple[str, str, str]
"""(system, resource, remote id)"""


@dataclass(slots=True)
class Staged:
    """A record that is not linked yet, with what matching needs."""

    system: str
    resource: str
    remote_id: str
    run: str
    native: dict[str, Any]
    name: str = ""
    keys: list[str] = field(default_factory=list)
    own_key: str | None = None
    version: str | None = None
    modified: float | None = None
    created: float | None = None
    state: str = "new"
    review: int | None = None

    @property
    def ref(self) -> str:
        return f"{self.system}/{self.resource}/{self.remote_id}"

    @property
    def place(self) -> Place:
        return (self.system, self.resource, self.remote_id)


class Staging:
    """The records that wait to be linked, to be created elsewhere, or for a person's decision."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, items: Sequence[Staged]) -> None:
        """Keep records (again), with their keys."""
        self._db.upsert(
            staged,
            [
                {
                    "system": x.system,
                    "resource": x.resource,
                    "remote_id": x.remote_id,
                    "run": x.run,
                    "state": x.state,
                    "review": x.review,
                    "version": x.version,
                    "modified": x.modified,
                    "created": x.created,
                    "own_key": x.own_key,
                    "name": x.name,
                    "keys": pack(x.keys),
                    "native": pack(x.native),
                }
                for x in items
            ],
        )
        self._db.write(_DROP_KEYS, _places(item.place for item in items))
        self._db.upsert(
            staged_key,
            [
                {"key": key, "system": x.system, "resource": x.resource, "remote_id": x.remote_id}
                for x in items
                for key in _indexed(x.keys, x.own_key)
            ],
        )

    def page(self, state: str, after: Place | None, limit: int) -> list[Staged]:
        """The next ``limit`` records in a state, without their native data, in the order of their places."""
        given: dict[str, Any] = {"b_state": state, "b_limit": limit}
        if after is None:
            return [_staged(row) for row in self._db.rows(_FIRST_PAGE, given)]
        given |= zip(("b_system", "b_resource", "b_remote_id"), after, strict=True)
        return [_staged(row) for row in self._db.rows(_NEXT_PAGE, given)]

    def sharing(self, keys: Iterable[str], own_keys: Iterable[str] = ()) -> list[Staged]:
        """All records, in whatever state, that have one of the keys or carry one of our own keys."""
        found: dict[Place, Staged] = {}
        for batch in chunks(_indexed(keys, *own_keys)):
            places = select(staged_key.c.system, staged_key.c.resource, staged_key.c.remote_id).where(
                staged_key.c.key.in_(batch)
            )
            for row in self._db.rows(select(*_SMALL).where(tuple_(*_PLACE).in_(places))):
                item = _staged(row)
                found[item.place] = item
        return [found[place] for place in sorted(found)]

    def crowded(self, most: int, *, blocks: bool = False) -> list[tuple[str, str, str]]:
        """The keys (or the blocks) that more than ``most`` records of one side share: (key, system, resource)."""
        statement = _CROWDED_BLOCKS if blocks else _CROWDED
        return [(row.key, row.system, row.resource) for row in self._db.rows(statement, {"b_most": most})]

    def of_review(self, number: int) -> list[Staged]:
        statement = select(*_SMALL).where(staged.c.review == number).order_by(*_PLACE)
        return [_staged(row) for row in self._db.rows(statement)]

    def natives(self, system: str, resource: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """remote id -> native data of those that are staged."""
        found: dict[str, dict[str, Any]] = {}
        for batch in chunks(ids):
            statement = select(staged.c.remote_id, staged.c.native).where(
                staged.c.system == system, staged.c.resource == resource, staged.c.remote_id.in_(batch)
            )
            found.update({row.remote_id: unpack(row.native) for row in self._db.rows(statement)})
        return found

    def states(self, system: str, resource: str, ids: Iterable[str]) -> dict[str, tuple[str | None, str]]:
        """remote id -> (version, state) of those that are staged."""
        found: dict[str, tuple[str | None, str]] = {}
        for batch in chunks(ids):
            rows = self._db.rows(_STATES, {"b_system": system, "b_resource": resource, "b_ids": batch})
            found.update({row.remote_id: (row.version, row.state) for row in rows})
        return found

    def ids(self, system: str, resource: str) -> set[str]:
        """All records of a resource that wait to be linked."""
        return {row.remote_id for row in self._db.rows(_IDS, {"b_system": system, "b_resource": resource})}

    def set_state(self, places: Iterable[Place], state: str, review: int | None = None) -> None:
        values = {"b_state": state, "b_review": review}
        self._db.write(_SET_STATE, [{**place, **values} for place in _places(places)])

    def reconsider(self, places: Iterable[Place]) -> None:
        """These records changed or are waiting no more: questions about them are obsolete, their other records are
        matched anew."""
        numbers: set[int] = set()
        sides: dict[tuple[str, str], list[str]] = {}
        for system, resource, remote_id in places:
            sides.setdefault((system, resource), []).append(remote_id)
        for (system, resource), ids in sides.items():
            for batch in chunks(ids):
                rows = self._db.rows(_REVIEWS, {"b_system": system, "b_resource": resource, "b_ids": batch})
                numbers.update(row.review for row in rows)
        if numbers:
            self._db.write(update(staged).where(staged.c.review.in_(numbers)).values(state="new", review=None))
            self._db.write(
                update(review)
                .where(review.c.id.in_(numbers), review.c.state == "open")
                .values(state="obsolete", decision="a record of it has changed")
            )

    def remove(self, places: Sequence[Place]) -> None:
        """These records are linked, or gone."""
        self.reconsider(places)
        self._db.write(_DROP_KEYS, _places(places))
        self._db.write(_DROP, _places(places))

    def count(self, system: str, resource: str) -> int:
        return int(self._db.rows(_COUNT, {"b_system": system, "b_resource": resource})[0][0])

    def never_matches(self, refs: Iterable[str]) -> set[tuple[str, str]]:
        """The ordered pairs with one of these refs (or gids) that a person has declared different."""
        found: set[tuple[str, str]] = set()
        for batch in chunks(refs):
            pairs = select(never_match).where(or_(never_match.c.a.in_(batch), never_match.c.b.in_(batch)))
            found.update((row.a, row.b) for row in self._db.rows(pairs))
        return found

    def never_match(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._db.upsert(never_match, [{"a": min(p), "b": max(p)} for p in pairs if p[0] != p[1]])


_PLACE = (staged.c.system, staged.c.resource, staged.c.remote_id)
_SMALL = [column for column in staged.c if column.name != "native"]

_HERE = (staged.c.system == bindparam("b_system"), staged.c.resource == bindparam("b_resource"))
_AMONG = (*_HERE, staged.c.remote_id.in_(bindparam("b_ids", expanding=True)))
_STATES = select(staged.c.remote_id, staged.c.version, staged.c.state).where(*_AMONG)
_REVIEWS = select(staged.c.review).where(*_AMONG, staged.c.review.is_not(None))
_COUNT = select(func.count()).select_from(staged).where(*_HERE)
_IDS = select(staged.c.remote_id).where(*_HERE)
_FIRST_PAGE = (
    select(*_SMALL).where(staged.c.state == bindparam("b_state")).order_by(*_PLACE).limit(bindparam("b_limit"))
)
_NEXT_PAGE = _FIRST_PAGE.where(
    tuple_(*_PLACE) > tuple_(bindparam("b_system"), bindparam("b_resource"), bindparam("b_remote_id"))
)
_KEY_SIDE = (staged_key.c.key, staged_key.c.system, staged_key.c.resource)
_COUNTED = select(*_KEY_SIDE).group_by(*_KEY_SIDE).having(func.count() > bindparam("b_most")).order_by(*_KEY_SIDE)
_CROWDED = _COUNTED.where(staged_key.c.key.not_like(f"{NEAR}%"))
_CROWDED_BLOCKS = _COUNTED.where(staged_key.c.key.like(f"{NEAR}%"))


def _indexed(keys: Iterable[str], *own_keys: str | None) -> list[str]:
    return [*dict.fromkeys(keys), *(f"own:{item}" for item in own_keys if item)]


def _places(places: Iterable[Place]) -> list[dict[str, str]]:
    return [{"b_s": system, "b_r": resource, "b_i": remote_id} for system, resource, remote_id in places]


def _where(statement: Any, table: Table) -> Any:
    """The statement for one place, its values bound per row."""
    return statement.where(
        table.c.system == bindparam("b_s"),
        table.c.resource == bindparam("b_r"),
        table.c.remote_id == bindparam("b_i"),
    )


_SET_STATE = _where(update(staged), staged).values(state=bindparam("b_state"), review=bindparam("b_review"))
_DROP, _DROP_KEYS = _where(delete(staged), staged), _where(delete(staged_key), staged_key)


def _staged(row: Any) -> Staged:
    return Staged(
        row.system,
        row.resource,
        row.remote_id,
        row.run,
        {},
        row.name,
        unpack(row.keys),
        row.own_key,
        row.version,
        row.modified,
        row.created,
        row.state,
        row.review,
    )
