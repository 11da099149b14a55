"""Reading parties: changes, listings, single records, searches, and the log of deletions."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from crmhub_tryton import document
from crmhub_tryton.cursor import Pass
from crmhub_tryton.document import MARKER, Row
from crmhub_tryton.rpc import Rpc, TooMany
from crmhub_tryton.values import moment
from hub import plugin

_SEARCH = "model.party.party.search_read"
_ALSO_ARCHIVED = {"active_test": False}
_MOST_GONE = 1_000
_FEWEST_DIGITS = 4
_DELETABLE = ("party.party", "party.contact_mechanism", "party.address", "party.identifier")


class Reader:
    """Reads parties of one database.  ``page``: parties in one call; smaller where the server's limit demands it."""

    def __init__(self, rpc: Rpc, *, page: int, overlap: timedelta, log: logging.Logger) -> None:
        self._rpc = rpc
        self._page = page
        self._overlap = overlap
        self._log = log

    @cached_property
    def _available(self) -> Mapping[str, frozenset[str]] | None:
        """By part the fields that a 7.x server has; None for 8.x, which has all of them."""
        if not self._rpc.is_series_7:
            return None
        return {
            part: frozenset(self._rpc.read(f"model.{model}.fields_get", [])) for part, model in document.MODELS.items()
        }

    def changes(self, cursor: plugin.Json) -> Iterator[plugin.Page]:
        """See ``Connector.changes``.  Two calls when nothing changed: the parties, and the log of deletions."""
        current = Pass.load(cursor)
        fields = document.whole_fields(self._available)
        if cursor is None and self._rpc.server_time is not None:
            # What was deleted before the first pass starts needs no listing; what is deleted while it runs does.
            current.gone_since = self._rpc.server_time - self._overlap
            current.gone_seen = [row["id"] for row in self._deletions(current.gone_since)]
        written: set[datetime] = set()
        for rows, last in self._pages(current.domain(), fields, current.after):
            first = current.after == 0
            if first:
                current.started = self._rpc.server_time
            written.update(row["write_date"] for row in rows if row.get("write_date"))
            records = [document.record(row) for row in rows if current.take(row, self._overlap)]
            if not last:
                yield plugin.Page(records, current.dump())
                continue
            following = current.next(self._overlap, single=first)
            relist = self._gone(current, following, written)
            yield plugin.Page(records, following.dump(), complete=True, relist=relist)

    def listing(self, page: int) -> Iterator[plugin.Page]:
        """Every party's id and version."""
        fields = document.version_fields(self._available)
        for rows, last in self._pages([], fields, 0, page):
            yield plugin.Page([document.stub(row) for row in rows], complete=last)

    def rows(self, ids: Sequence[int]) -> dict[int, Row]:
        """Whole rows by id; ids that do not exist are absent."""
        if not ids:
            return {}
        fields = document.whole_fields(self._available)
        found: dict[int, Row] = {}
        for start in range(0, len(ids), self._page):
            chosen = ["id", "in", sorted(ids[start : start + self._page])]
            for rows, _ in self._pages([chosen], fields, 0):
                found |= {row["id"]: row for row in rows}
        return found

    def fetch(self, ids: Sequence[str]) -> Iterator[plugin.Record]:
        """Whole records by id, in no particular order."""
        numbers = [number for number in map(as_id, ids) if number is not None]
        for row in self.rows(numbers).values():
            yield document.record(row)

    def find(self, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        """Records that carry one of the values; each record once."""
        given: set[int] = set()
        for start in range(0, len(values), 100):
            chunk = [value for value in values[start : start + 100] if value]
            if not chunk:
                continue
            fields = [*document.whole_fields(self._available), "contact_mechanisms.value_compact"]
            for rows, _ in self._pages([_search(key, chunk, self._available)], fields, 0):
                for row in rows:
                    if row["id"] not in given and _carries(row, key, chunk):
                        given.add(row["id"])
                        yield document.record(row)

    def _pages(
        self, domain: list[Any], fields: list[str], after: int, page: int = 0
    ) -> Iterator[tuple[list[Row], bool]]:
        """Pages, each with whether it is the last; by keyset on the id, since an offset shifts with every deletion."""
        size = page or self._page
        while True:
            beyond = [*domain, ["id", ">", after]]
            try:
                rows = self._rpc.read(_SEARCH, beyond, 0, size, [["id", "ASC"]], fields, context=_ALSO_ARCHIVED)
            except TooMany:
                if size == 1:
                    raise
                size = max(1, size // 2)
                continue
            last = len(rows) < size
            yield rows, last
            if last:
                return
            after = rows[-1]["id"]

    # Deletions

    def _gone(self, current: Pass, following: Pass, written: set[datetime]) -> bool:
        """Whether something was deleted that only a listing can tell; notes in ``following`` what is known already.

        The log (ir.model.log) says when and of which kind, but its link to the deleted row reads back empty.  A part
        removed through its party has the very stamp of the party's edit, which this pass has read.
        """
        if current.gone_since is None:
            return False
        rows = self._deletions(current.gone_since)
        bound = following.gone_since
        following.gone_seen = [row["id"] for row in rows if bound is None or row["create_date"] >= bound]
        fresh = [row for row in rows if row["id"] not in set(current.gone_seen)]
        if not fresh:
            return False
        parties = [["id", "in", [row["id"] for row in fresh]], ["resource", "like", "party.party,%"]]
        return (
            len(rows) == _MOST_GONE
            or any(row["create_date"] not in written for row in fresh)
            or self._rpc.read("model.ir.model.log.search_count", parties) > 0
        )

    def _deletions(self, since: datetime) -> list[Row]:
        """The newest rows of the log about deleted parties and parts; empty when we may not read it."""
        kinds = [["resource", "like", f"{model},%"] for model in _DELETABLE]
        domain = [["event", "=", "delete"], ["create_date", ">=", moment(since)], ["OR", *kinds]]
        order = [["create_date", "DESC"], ["id", "DESC"]]
        try:
            rows: list[Row] = self._rpc.read(
                "model.ir.model.log.search_read", domain, 0, _MOST_GONE, order, ["create_date"]
            )
        except plugin.ConfigError as error:
            self._log.warning("Deletions show only in full listings: the log of changes cannot be read (%s)", error)
            return []
        return rows


def as_id(text: str | None) -> int | None:
    """A record id as Tryton's number, None for a text that cannot be one."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None


def marker(key: str) -> str:
    """The identifier code that carries a key of the hub."""
    return key if key.startswith(MARKER) else MARKER + key


def _search(key: str, values: Sequence[str], available: Mapping[str, frozenset[str]] | None) -> list[Any]:
    match key:
        case "op_key" | "own_key":
            return ["identifiers.code", "in", [marker(value) for value in values]]
        case "email":
            return ["OR", *(["contact_mechanisms.value", "ilike", value.strip()] for value in values)]
        case "phone":
            # Without its phone library the server keeps numbers as typed, so any character may stand between digits.
            numbers = [digits for value in values if len(digits := _digits(value)) >= _FEWEST_DIGITS]
            alike = [["contact_mechanisms.value", "like", f"%{'%'.join(digits)}%"] for digits in numbers]
            return ["OR", ["contact_mechanisms.value_compact", "in", list(values)], *alike]
        case "tax_id":
            compact = available is None or "code_compact" in available["identifiers"]
            fields = ["identifiers.code", "identifiers.code_compact"] if compact else ["identifiers.code"]
            return ["OR", *([field, "in", list(values)] for field in fields)]
        case _:
            raise NotImplementedError(f"tryton cannot search by {key}")


def _carries(row: Row, key: str, values: Sequence[str]) -> bool:
    """Whether an active row carries a value; the search itself is wider (wildcards, inactive rows)."""
    mechanisms = document.rows_of(row, "contact_mechanisms")
    if key == "email":
        wanted = {value.strip().casefold() for value in values}
        return any(child["type"] == "email" and child["value"].strip().casefold() in wanted for child in mechanisms)
    if key == "phone":
        digits = {_digits(value) for value in values}
        return any(
            child.get("value_compact") in values or _digits(child["value"]) in digits
            for child in mechanisms
            if child["type"] in ("phone", "mobile", "fax")
        )
    codes = [child["code"] for child in document.rows_of(row, "identifiers")]
    if key == "tax_id":
        return not {_compact(code) for code in codes}.isdisjoint(_compact(value) for value in values)
    return not set(codes).isdisjoint(marker(value) for value in values)


def _compact(code: str) -> str:
    return "".join(char for char in code if char.isalnum()).upper()


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isascii() and char.isdigit())
