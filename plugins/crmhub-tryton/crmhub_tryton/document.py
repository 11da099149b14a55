"""From the rows of ``party.party`` to documents: fields to read, versions, and what of it belongs to a record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from hub import plugin

Row = Mapping[str, Any]

PARTS: Mapping[str, tuple[str, ...]] = {
    "contact_mechanisms": ("type", "value", "name"),
    "addresses": ("street", "postal_code", "city", "party_name", "attn"),
    "identifiers": ("type", "code"),
}
"""Lists of a party whose rows it owns, with their plain fields."""

MODELS: Mapping[str, str] = {
    "contact_mechanisms": "party.contact_mechanism",
    "addresses": "party.address",
    "identifiers": "party.identifier",
}

MARKER = "crmhub:"
"""Start of the code of an identifier (without a type) that carries a key of the hub."""

_STAMPS = ("active", "sequence", "_timestamp", "write_date", "create_date")


def whole_fields(available: Mapping[str, frozenset[str]] | None = None) -> list[str]:
    """The fields of a whole document.  ``available``: by part, where an older series lacks some of them."""
    fields = ["name", "code", "active", "replaced_by", "write_date", "create_date", "_timestamp"]
    fields += ["lang.code", "categories.name", "categories._timestamp"]
    for part, plain in PARTS.items():
        has = None if available is None else available[part] | {"_timestamp"}
        fields += [f"{part}.{name}" for name in (*plain, *_STAMPS) if has is None or name in has]
    return [*fields, "addresses.country.code", "addresses.subdivision.code"]


def version_fields(available: Mapping[str, frozenset[str]] | None = None) -> list[str]:
    """The fields that a version is made of."""
    wanted = ("active", "_timestamp")
    return [
        field
        for field in whole_fields(available)
        if field in ("_timestamp", "replaced_by", "categories._timestamp") or field.rpartition(".")[2] in wanted
    ]


def rows_of(row: Row, part: str) -> list[Row]:
    """The active rows of a part in Tryton's display order: sequence, rows without one first, then id."""
    rows = [child for child in row.get(f"{part}.") or () if child.get("active", True)]
    return sorted(rows, key=lambda child: (child.get("sequence") is not None, child.get("sequence") or 0, child["id"]))


def timestamps(row: Row) -> dict[str, str]:
    """``_timestamp`` of the party and its active parts, by the key that Tryton's optimistic lock expects."""
    stamps = {f"party.party,{row['id']}": row["_timestamp"]}
    for part, model in MODELS.items():
        stamps |= {f"{model},{child['id']}": child["_timestamp"] for child in rows_of(row, part)}
    return stamps


def version(row: Row) -> str:
    """A version that moves with the party, each part and each category (a part's edit leaves the party's stamp)."""
    stamps = timestamps(row)
    stamps |= {f"category,{child['id']}": child["_timestamp"] for child in row.get("categories.") or ()}
    text = ";".join(f"{key}={stamp}" for key, stamp in sorted(stamps.items()))
    return hashlib.blake2s(text.encode(), digest_size=12).hexdigest()


def newest(row: Row) -> datetime | None:
    """The newest moment at which the party or one of its parts, also inactive ones, was created or edited."""
    return max(_moments(row), default=None)


def _moments(row: Row) -> Iterator[datetime]:
    for holder in (row, *(child for part in PARTS for child in row.get(f"{part}.") or ())):
        for key in ("write_date", "create_date"):
            if isinstance(moment := holder.get(key), datetime):
                yield moment


def record(row: Row) -> plugin.Record:
    """The whole document."""
    data: dict[str, Any] = {
        "name": row["name"],
        "code": row["code"],
        "active": bool(row["active"]),  # SQLite answers 1 and 0
        "lang": code_of(row, "lang"),
        "categories": _categories(row.get("categories.") or ()),
    }
    for part, plain in PARTS.items():
        data[part] = [{"id": str(child["id"])} | {key: child.get(key) for key in plain} for child in rows_of(row, part)]
    for target in data["contact_mechanisms"]:
        target["active"] = True
    for child, target in zip(rows_of(row, "addresses"), data["addresses"], strict=True):
        target |= {"country": code_of(child, "country"), "subdivision": code_of(child, "subdivision")}
    return plugin.Record(
        id=str(row["id"]),
        data=data,
        version=version(row),
        modified_at=newest(row),
        created_at=row.get("create_date"),
        merged_into=_reference(row),
    )


def stub(row: Row) -> plugin.Record:
    """Id and version only, for listings."""
    return plugin.Record(id=str(row["id"]), data=None, version=version(row), merged_into=_reference(row))


def _categories(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{"id": str(child["id"]), "name": child["name"]} for child in sorted(rows, key=lambda child: child["id"])]


def code_of(row: Row, field: str) -> str | None:
    """The code that a reference (a language, a country) leads to."""
    target = row.get(f"{field}.")
    return None if target is None else target["code"]


def _reference(row: Row) -> str | None:
    survivor = row.get("replaced_by")
    return None if survivor is None else str(survivor)
