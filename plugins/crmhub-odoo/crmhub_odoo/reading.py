"""Reading partners as documents: changes, listings, single records and searches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from crmhub_odoo import document
from crmhub_odoo.cursor import Pass
from crmhub_odoo.document import MODEL, OWNERS, SLOTS, Row, as_id
from crmhub_odoo.rpc import Rpc
from crmhub_odoo.tables import Tables
from hub import plugin

MODULE = "__crmhub__"
"""The module of the external ids that carry the hub's keys."""

_FEWEST_DIGITS = 4
_PHONES = ("phone", "mobile")


class Reader:
    """Reads partners of one database.

    page: records in one call; staff: also the partners of users and of the own companies; extra: more native fields.
    """

    def __init__(
        self, rpc: Rpc, tables: Tables, *, page: int, overlap: timedelta, staff: bool, extra: Sequence[str]
    ) -> None:
        self._rpc, self._tables = rpc, tables
        self._page, self._overlap, self._staff = page, overlap, staff
        self.extra = extra

    @cached_property
    def available(self) -> Mapping[str, Mapping[str, Any]]:
        """The fields of res.partner that this server and user have, by name.  Raises ConfigError for a wrong setting."""
        attributes = ["type", "string", "required", "readonly", "selection", "relation"]
        found = self._rpc.read(MODEL, "fields_get", attributes=attributes)
        if not isinstance(found, dict) or "write_date" not in found:
            raise plugin.Unavailable("The answer to res.partner.fields_get has no fields", remote_text=str(found)[:120])
        if unknown := [name for name in self.extra if name not in found]:
            raise plugin.ConfigError(f"Odoo has no field {unknown[0]!r} on res.partner", hint="Correct `fields`")
        return found

    def changes(self, cursor: plugin.Json) -> Iterator[plugin.Page]:
        """See ``Connector.changes``."""
        current, away = Pass.load(cursor), self._away()
        if current.started is None:
            current.started = self._rpc.server_time
        while True:
            found, last = self._page_of(current, away)
            records = current.take(found, self._overlap)
            following = current.next(self._overlap) if last else current
            yield plugin.Page(records, following.dump(), complete=last)
            if last:
                return

    def listing(self) -> Iterator[plugin.Page]:
        """Every record's id and version, which covers its content and that of its addresses."""
        current, away = Pass(), self._away()
        while True:
            found, last = self._page_of(current, away)
            bare = [plugin.Record(item.id, None, item.version, item.modified_at) for item in found]
            yield plugin.Page(bare, complete=last)
            if last:
                return

    def fetch(self, ids: Sequence[str]) -> Iterator[plugin.Record]:
        """Whole records by id, in no particular order."""
        yield from self.documents([number for number in map(as_id, ids) if number is not None])

    def documents(self, ids: Sequence[int]) -> Iterator[plugin.Record]:
        """Whole records by id; ids that do not exist, and addresses, are absent."""
        for start in range(0, len(ids), self._page):
            rows = self.rows(ids[start : start + self._page])
            yield from self._records(rows)

    def rows(self, ids: Sequence[int]) -> list[Row]:
        """The records' own rows."""
        if not ids:
            return []
        return list(self._rpc.rows(MODEL, [["id", "in", list(ids)], *OWNERS], self._wanted, order="id"))

    def children(self, ids: Sequence[int]) -> dict[int, list[Row]]:
        """The active addresses of records, by the record's id."""
        domain = [["parent_id", "in", list(ids)], ["type", "in", list(SLOTS.values())], ["active", "=", True]]
        found: dict[int, list[Row]] = {}
        for row in self._rpc.rows(MODEL, domain, document.part_fields(self.available), order="id") if ids else []:
            found.setdefault(row["parent_id"], []).append(row)
        return found

    def find(self, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        """Records that carry one of the values; each record once."""
        given: set[str] = set()
        for start in range(0, len(values), 100):
            chunk = [value.strip() for value in values[start : start + 100] if value.strip()]
            ids = self._found(key, chunk) if chunk else []
            for record in self.documents(ids):
                if record.id not in given and (key == "op_key" or _carries(record.data or {}, key, chunk)):
                    given.add(record.id)
                    yield record

    # pieces

    @cached_property
    def _wanted(self) -> list[str]:
        return document.wanted(self.available, self.extra)

    def _records(self, rows: Sequence[Row]) -> list[plugin.Record]:
        children = self.children([row["id"] for row in rows])
        return [document.record(row, children.get(row["id"], ()), self._tables, self.extra) for row in rows]

    def _page_of(self, current: Pass, away: set[int]) -> tuple[list[plugin.Record], bool]:
        """The next page of a pass, by keyset on the id, since an offset shifts with every deletion."""
        if current.since is None:
            domain = [["id", ">", current.after], *OWNERS]
            rows: Sequence[Row] = self._rpc.rows(MODEL, domain, self._wanted, order="id", limit=self._page)
            changed = rows
        else:
            domain = [*current.domain(), ["id", ">", current.after]]
            fields = ["type", "parent_id", "write_date"]
            changed = self._rpc.rows(MODEL, domain, fields, order="id", limit=self._page)
            rows = self.rows(sorted({_owner(row) for row in changed} - away))
        if changed:
            current.after = max(row["id"] for row in changed)
        return self._records([row for row in rows if row["id"] not in away]), len(changed) < self._page

    def _away(self) -> set[int]:
        """Partners that are no customers: those of internal users and of the own companies."""
        if self._staff:
            return set()
        users = self._rpc.rows("res.users", [], ["partner_id", *self._shared], order="id")
        companies = self._rpc.rows("res.company", [], ["partner_id"], order="id")
        return {row["partner_id"] for row in (*users, *companies) if row["partner_id"] and not row.get("share")}

    @cached_property
    def _shared(self) -> list[str]:
        """``share`` tells portal users, who are customers, from internal ones."""
        found = self._rpc.read("res.users", "fields_get", attributes=["type"])
        if not isinstance(found, dict):
            raise plugin.Unavailable("The answer to res.users.fields_get has no fields", remote_text=str(found)[:120])
        return ["share"] if "share" in found else []

    def _found(self, key: str, values: Sequence[str]) -> list[int]:
        match key:
            case "op_key":
                keyed = [["module", "=", MODULE], ["model", "=", MODEL], ["name", "in", list(values)]]
                return [row["res_id"] for row in self._rpc.rows("ir.model.data", keyed, ["res_id"], order="id")]
            case "email":
                tests = [["email", "ilike", _loose(value)] for value in values]
            case "phone":
                numbers = [digits for value in values if len(digits := _digits(value)) >= _FEWEST_DIGITS]
                names = [name for name in _PHONES if name in self.available]
                tests = [[name, "=like", f"%{'%'.join(digits)}%"] for name in names for digits in numbers]
            case "tax_id":
                tests = [["vat", "=ilike", f"%{'%'.join(_compact(value))}%"] for value in values]
            case _:
                raise NotImplementedError(f"odoo cannot search by {key}")
        if not tests:
            return []
        domain = [*(["|"] * (len(tests) - 1)), *tests]
        away = self._away()
        return [row["id"] for row in self._rpc.rows(MODEL, domain, ["type"], order="id") if row["id"] not in away]


def _owner(row: Row) -> int:
    """The record that a row belongs to."""
    return int(row["parent_id"] if row["type"] in SLOTS.values() and row["parent_id"] else row["id"])


def _carries(data: Mapping[str, Any], key: str, values: Sequence[str]) -> bool:
    """Whether a record carries a value; the search itself is wider."""
    if key == "email":
        have = {part.strip().casefold() for part in str(data.get("email") or "").replace(";", ",").split(",")}
        return not have.isdisjoint(value.casefold() for value in values)
    if key == "phone":
        numbers = {_digits(str(data.get(name) or "")) for name in _PHONES} - {""}
        return not numbers.isdisjoint(_digits(value) for value in values)
    return _compact(str(data.get("vat") or "")) in {_compact(value) for value in values}


def _loose(text: str) -> str:
    """A pattern that finds at least this text; a backslash would escape what follows it."""
    return text.replace("\\", "_")


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isascii() and char.isdigit())


def _compact(text: str) -> str:
    return "".join(char for char in text if char.isalnum()).upper()
