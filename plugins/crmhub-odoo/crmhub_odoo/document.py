"""From rows of res.partner to documents: which rows are records, which are parts, and what a version covers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crmhub_odoo.tables import Tables
from hub import plugin

Row = Mapping[str, Any]
MODEL = "res.partner"

TEXTS = ("name", "email", "phone", "mobile", "website", "function", "comment", "vat", "company_registry", "ref")
CHOICES = ("lang", "tz")
PLACE = ("street", "street2", "zip", "city", "state_id", "country_id")
PARENTS = ("parent_id", "commercial_partner_id")
FLAGS = ("active", "is_company", "is_blacklisted")
LOOKUPS = {"state_id": "state", "country_id": "country", "title": "title", "industry_id": "industry", "user_id": "user"}
"""Native reference -> the table that gives its word."""
TAGS = "category_id"
SLOTS = {"invoice": "invoice", "delivery": "delivery", "other": "other"}
"""Native path of a part -> the type of the child record that it shows: the oldest active one."""
PART = ("name", *PLACE)
STAMPS = ("create_date", "write_date")

OWNERS: list[Any] = [["type", "not in", list(SLOTS.values())]]
"""Rows that are records.  The others are addresses; they belong to the record above them."""


def wanted(available: Iterable[str], extra: Sequence[str]) -> list[str]:
    """The fields to read of a record, as far as this server has them."""
    known = set(available)
    names = (
        *TEXTS,
        "company_name",
        *CHOICES,
        *PLACE,
        *PARENTS,
        *FLAGS,
        "title",
        "industry_id",
        "user_id",
        TAGS,
        "type",
    )
    return list(dict.fromkeys(name for name in (*names, *extra, *STAMPS) if name in known))


def part_fields(available: Iterable[str]) -> list[str]:
    """The fields to read of an address."""
    known = set(available)
    return [name for name in (*PART, "type", "parent_id", *STAMPS) if name in known]


def record(row: Row, children: Sequence[Row], tables: Tables, extra: Sequence[str] = ()) -> plugin.Record:
    """The whole document; its version is a digest of its content, since write_date has seconds."""
    data: dict[str, Any] = {
        name: row[name] for name in (*TEXTS, *CHOICES, *FLAGS, "company_name", *extra) if name in row
    }
    if data.get("vat") == "/":  # how people write "has none"
        data["vat"] = False
    data |= _words(row, (*PLACE, "title", "industry_id", "user_id"), tables)
    owner = row.get("commercial_partner_id") or row["id"]
    data["parent_id"] = _text(row.get("parent_id"))
    data["commercial_partner_id"] = False if owner == row["id"] else str(owner)
    data[TAGS] = tables.tags(row.get(TAGS) or [])
    data |= parts(children, tables)
    stamps = [moment(item[name]) for item in (row, *children) for name in STAMPS if item.get(name)]
    return plugin.Record(
        id=str(row["id"]),
        data=data,
        version=_digest(data),
        modified_at=max(stamps, default=None),
        created_at=moment(row["create_date"]) if row.get("create_date") else None,
    )


def parts(children: Sequence[Row], tables: Tables) -> dict[str, Any]:
    """The oldest address of each type; False where there is none."""
    found: dict[str, Any] = dict.fromkeys(SLOTS, False)
    for child in sorted(children, key=lambda item: int(item["id"]), reverse=True):
        path = next((path for path, kind in SLOTS.items() if kind == child["type"]), None)
        if path is not None:
            texts = {name: child.get(name, False) for name in PART if name not in LOOKUPS}
            found[path] = {"id": str(child["id"]), **texts, **_words(child, PLACE, tables)}
    return found


def moment(text: str) -> datetime:
    """An instant as the wire shows it: UTC without saying so, whole seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def stamp(when: datetime) -> str:
    """An instant for a domain."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def as_id(text: str | None) -> int | None:
    """A record's id as a number; None for a text that cannot be one."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None


def _words(row: Row, names: Sequence[str], tables: Tables) -> dict[str, Any]:
    return {
        name: tables.word(LOOKUPS[name], row[name]) if name in LOOKUPS else row[name] for name in names if name in row
    }


def _text(key: Any) -> str | bool:
    return str(key) if key else False


def _digest(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.blake2s(text.encode(), digest_size=12).hexdigest()
