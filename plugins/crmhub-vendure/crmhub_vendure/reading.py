"""Reading customers: changes, listings, single customers and searches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crmhub_vendure import document
from crmhub_vendure.cursor import Pass, Place
from crmhub_vendure.document import Row
from crmhub_vendure.graphql import LARGEST_REQUEST, GraphQL
from crmhub_vendure.refusals import TooMuch
from crmhub_vendure.shop import Shop
from hub import plugin

_LIST = """
query Customers($options: CustomerListOptions, $counted: Boolean!) {
  customers(options: $options) { totalItems items { %s } }
  all: customers(options: {take: 1}) @include(if: $counted) { totalItems }
}
"""
_ORDER = {"id": "ASC"}
_SMALLEST_PAGE = 2
_LARGEST_SEARCH = LARGEST_REQUEST // 2
"""Bytes of the values of one search; the query itself and what JSON escapes come on top."""
_MOST_STEPS_BACK = 1_000


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of a list.  total: how many customers the shop has; place: where to go on; last: nothing follows."""

    rows: Sequence[Row]
    place: Place
    total: int
    last: bool


class Reader:
    """Reads customers of one shop.  ``page``: customers in one call; smaller where the shop's limits demand it."""

    def __init__(self, api: GraphQL, shop: Shop, *, page: int, overlap: timedelta, scan_every: timedelta) -> None:
        self._api = api
        self._shop = shop
        self._page = page
        self._overlap = overlap
        self._scan_every = scan_every

    def changes(self, cursor: plugin.Json, now: datetime) -> Iterator[plugin.Page]:
        """See ``Connector.changes``.

        What the filter cannot see (edited addresses, groups, deletions) needs a listing; this asks for one when it is
        due, or when the number of customers says that some were deleted.
        """
        current = Pass.load(cursor)
        pages, whole = 0, current.place == Place()
        for found in self._slices(current.filter(), current.place):
            if current.place == Place():
                current.started = self._api.server_time
            pages += 1
            records = [item for row in found.rows if (item := self._fresh(current, row)) is not None]
            current.place = found.place
            if not found.last:
                yield plugin.Page(records, current.dump(self._overlap))
                continue
            due = current.listed is not None and now - current.listed >= self._scan_every
            relist = current.since is not None and (due or current.lost_some(found.total))
            listed = now if relist or current.listed is None else current.listed
            single = whole and pages == 1
            following = current.next(self._overlap, single=single, total=found.total, listed=listed)
            yield plugin.Page(records, following.dump(self._overlap), complete=True, relist=relist)

    def listing(self) -> Iterator[plugin.Page]:
        """Every customer, whole: the shop reads the addresses one by one anyway, and a version covers them."""
        for found in self._slices(None, Place()):
            yield plugin.Page([self._record(row) for row in found.rows], complete=found.last)

    def fetch(self, ids: Sequence[str]) -> Iterator[plugin.Record]:
        """Whole customers by id; those that do not exist, or are deleted, are absent."""
        yield from self._search("id", ids)

    def find(self, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        """Customers that carry one of the values; each once."""
        if key == "email":
            yield from self._search("emailAddress", [document.normal_email(value) for value in values])
        elif key in ("op_key", "own_key") and self._shop.key_field:
            yield from self._search(self._shop.key_field, values)
        else:
            raise NotImplementedError(f"this connection to Vendure cannot search by {key}")

    # pages

    def _slices(self, condition: Mapping[str, Any] | None, place: Place) -> Iterator[Slice]:
        """Pages in the order of ids, each beginning with a row that was seen.

        Lists are cut by position, so a customer who is deleted meanwhile moves those behind into the pages before.
        Every page therefore begins at the last row of the one before; where nothing of that is found again, rows may
        have been skipped, and it steps back until a known row is on the page, or to the beginning.
        """
        steps = 0
        while True:
            rows, matching, total = self._list(condition, place.skip)
            known = set(place.tail)
            ids = [str(row["id"]) for row in rows]
            if place.skip and not known.intersection(ids):
                place = Place(max(0, place.skip - self._page), place.tail)
                steps += 1
            elif not rows and matching > place.skip:
                steps += 1  # deleted while the shop answered: it counts again
            else:
                new = [row for row, id_ in zip(rows, ids, strict=True) if id_ not in known]
                last = place.skip + len(rows) >= matching
                moved = Place(max(0, place.skip + len(rows) - 1), tuple(ids))
                steps = steps + 1 if moved == place else 0
                place = moved
                if new or last:
                    yield Slice(new, place, total, last)
                if last:
                    return
            if steps > _MOST_STEPS_BACK:
                raise plugin.Unavailable("The shop's list of customers does not stand still", where=self._shop.where)

    def _list(self, condition: Mapping[str, Any] | None, skip: int) -> tuple[Sequence[Row], int, int]:
        """Rows, how many match the condition, and how many customers there are."""
        while True:
            options: dict[str, Any] = {"sort": _ORDER, "skip": skip, "take": self._page}
            if condition is not None:
                options["filter"] = condition
            try:
                data = self._ask(options, counted=condition is not None)
            except TooMuch as error:
                if self._page <= _SMALLEST_PAGE:
                    raise plugin.ConfigError(
                        error.message, where=self._shop.where, hint="Raise the shop's limits for the hub's requests"
                    ) from None
                self._page = max(_SMALLEST_PAGE, self._page // 2)
                continue
            found = data["customers"]
            return found["items"], found["totalItems"], data.get("all", found)["totalItems"]

    def _search(self, field: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        """Customers whose field is one of the values, as many values in a call as fit."""
        waiting = [value for value in dict.fromkeys(values) if value]
        while chunk := _fitting(waiting, self._page):
            rows, matching, _ = self._list({field: {"in": chunk}}, 0)
            if len(rows) < matching:
                # The page became smaller, or more customers share a value than values were asked for.
                rows = [row for part in self._slices({field: {"in": chunk}}, Place()) for row in part.rows]
            waiting = waiting[len(chunk) :]
            yield from map(self._record, rows)

    def _ask(self, options: Mapping[str, Any], *, counted: bool) -> Mapping[str, Any]:
        query = _LIST % document.selection(self._shop.custom_fields)
        data = self._api.read(query, options=options, counted=counted)
        found = data.get("customers")
        if not isinstance(found, Mapping) or not isinstance(found.get("items"), list):
            raise plugin.Unavailable("The shop's answer holds no list of customers", where=self._shop.where)
        return data

    def _record(self, row: Row) -> plugin.Record:
        return document.record(row, self._shop.key_field)

    def _fresh(self, current: Pass, row: Row) -> plugin.Record | None:
        """The record, unless an earlier pass gave it."""
        found = self._record(row)
        changed, created = document.changed(row), document.created(row)
        return found if current.take(found.id, found.version or "", changed, created) else None


def _fitting(values: Sequence[str], most: int) -> list[str]:
    """The first values that one request holds, at least one."""
    size, number = 0, 0
    for value in values[:most]:
        size += len(value.encode(errors="replace")) + 4
        if number and size > _LARGEST_SEARCH:
            break
        number += 1
    return list(values[:number])
