"""From a customer of the admin API to a document: what is asked for, its version, and what of it belongs to a record."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from hub import plugin

Row = Mapping[str, Any]

PLAIN = ("title", "firstName", "lastName", "emailAddress", "phoneNumber")
NOT_NULL = frozenset({"firstName", "lastName"})
"""Fields of a customer that are emptied by "" and not by null."""

ADDRESS = (
    "fullName",
    "company",
    "streetLine1",
    "streetLine2",
    "city",
    "province",
    "postalCode",
    "phoneNumber",
)
"""Texts of an address; each is NOT NULL in the database and emptied by ""."""

USES: Mapping[str, str] = {"billing": "defaultBillingAddress", "shipping": "defaultShippingAddress"}
"""What an address is the default for -> the flag of the API."""

_ADDRESS_LIKE = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")

KEY = "crmhub"
"""Native name of our key, however the shop's custom field is called."""


def normal_email(text: str) -> str:
    """An e-mail address as Vendure keeps it (core, ``common/utils``): lower case only if it looks like an address."""
    trimmed = text.strip()
    return trimmed.lower() if is_address(trimmed) else trimmed


def is_address(text: str) -> bool:
    """Whether Vendure takes a text for an e-mail address."""
    return _ADDRESS_LIKE.fullmatch(text) is not None


def selection(custom_fields: Iterable[str]) -> str:
    """The fields of a whole customer.  The names of custom fields are those that the shop itself listed."""
    names = " ".join(custom_fields)
    custom = f" customFields {{ {names} }}" if names else ""
    flags = " ".join(USES.values())
    return (
        f"id createdAt updatedAt {' '.join(PLAIN)}{custom} groups {{ id name }} "
        f"addresses {{ id updatedAt {' '.join(ADDRESS)} country {{ code }} {flags} }}"
    )


def record(row: Row, key_field: str) -> plugin.Record:
    """The whole document.

    The version covers the content: an edited address leaves the customer's time of change as it was, and two edits of
    one second have one time of change.
    """
    data: dict[str, Any] = {name: row.get(name) for name in PLAIN}
    custom = dict(row.get("customFields") or {})
    if key_field:
        data[KEY] = custom.pop(key_field, None)
    data["customFields"] = custom
    data["groups"] = [{"id": str(group["id"]), "name": group["name"]} for group in _by_id(row.get("groups") or ())]
    data["addresses"] = [_address(address) for address in _by_id(row.get("addresses") or ())]
    return plugin.Record(
        id=str(row["id"]), data=data, version=_version(data), modified_at=newest(row), created_at=created(row)
    )


def newest(row: Row) -> datetime:
    """When the customer or one of its present addresses was changed last."""
    return max(_moment(holder["updatedAt"]) for holder in (row, *(row.get("addresses") or ())))


def changed(row: Row) -> datetime:
    """When the customer itself was changed: what the filter of a poll compares."""
    return _moment(row["updatedAt"])


def created(row: Row) -> datetime:
    """When the customer was made."""
    return _moment(row["createdAt"])


def _address(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"id": str(row["id"])} | {name: row.get(name) for name in ADDRESS}
    country = row.get("country") or {}
    return found | {"countryCode": country.get("code"), "uses": [use for use, flag in USES.items() if row.get(flag)]}


def _by_id(rows: Sequence[Row]) -> list[Row]:
    """In an order that does not depend on the database's mood; ids are numbers or, in some shops, UUIDs."""
    return sorted(rows, key=lambda row: (len(str(row["id"])), str(row["id"])))


def _version(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2s(text.encode(), digest_size=12).hexdigest()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
