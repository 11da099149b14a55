"""What a contact and an account look like in the API, and as a record and a change of the hub.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmhub_bottlecrm.api import KEY


@dataclass(frozen=True, slots=True)
class Shape:
    """One resource.

    model:  its name where custom fields are defined.
    fields: native fields of a record, with the most characters that each holds (None: no limit, or no text).
    lists:  where a page has its rows and how many there are in all; accounts come as two lists.
    not_null: fields that are emptied by "", since they refuse null.
    unique: the field whose value only one record may have, and how it is searched.
    """

    model: str
    fields: Mapping[str, int | None]
    lists: Sequence[tuple[str, str]]
    not_null: frozenset[str]
    unique: str


_ADDRESS: Mapping[str, int | None] = {
    "address_line": 255,
    "city": 255,
    "state": 255,
    "postcode": 64,
    "country": 3,
}

CONTACT = Shape(
    "Contact",
    {
        "first_name": 255,
        "last_name": 255,
        "email": 254,
        "phone": 25,
        "source": 255,
        "source_detail": 100,
        "source_ref": 255,
        "organization": 255,
        "title": 255,
        "department": 255,
        "do_not_call": None,
        "linkedin_url": 200,
        **_ADDRESS,
        "description": None,
        "is_active": None,
        "account": None,
    },
    [("results", "count")],
    frozenset({"source", "source_detail", "source_ref"}),
    "email",
)

ACCOUNT = Shape(
    "Account",
    {
        "name": 255,
        "email": 254,
        "phone": 25,
        "website": 200,
        "industry": 255,
        "number_of_employees": None,
        "annual_revenue": None,
        "currency": 3,
        **_ADDRESS,
        "description": None,
        "is_active": None,
    },
    [
        ("active_accounts.open_accounts", "active_accounts.open_accounts_count"),
        ("closed_accounts.close_accounts", "closed_accounts.close_accounts_count"),
    ],
    frozenset(),
    "name",
)

SHAPES: Mapping[str, Shape] = {"contacts": CONTACT, "accounts": ACCOUNT}


def tag_ids(raw: Mapping[str, Any]) -> list[str]:
    """Ids of a row's tags: contacts show ids, accounts whole tags."""
    return [str(item["id"] if isinstance(item, Mapping) else item) for item in raw.get("tags") or ()]


def document(shape: Shape, raw: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """The record in a row: its own fields, names of its tags, addresses of its assignees, its custom fields.

    Figures that BottleCRM computes from deals and invoices are left out: they change without the record.
    """
    found = {name: raw.get(name) for name in shape.fields}
    found["tags"] = sorted(tags[id_] for id_ in tag_ids(raw))
    found["assigned_to"] = sorted(
        str(item["user_details"]["email"])
        for item in raw.get("assigned_to") or ()
        if isinstance(item, Mapping) and isinstance(item.get("user_details"), Mapping)
    )
    custom = raw.get("custom_fields")
    found["custom_fields"] = dict(custom) if isinstance(custom, Mapping) else {}
    return found


def payload(shape: Shape, data: Mapping[str, Any], key: str | None) -> dict[str, Any]:
    """What to send for a change; ``key`` is the hub's key of a new record, None for an update.

    A change of custom fields names only those that change: BottleCRM keeps the others.
    """
    found: dict[str, Any] = {
        name: "" if value is None and name in shape.not_null else value for name, value in data.items()
    }
    found.pop("assigned_to", None)
    if key is None:
        return found
    custom = found.pop("custom_fields", None)
    found = {name: value for name, value in found.items() if value not in (None, "", [])}
    kept = {name: value for name, value in (custom or {}).items() if value not in (None, "")}
    return {**found, "custom_fields": {**kept, KEY: key}}


def flat_errors(body: Any) -> Any:
    """The body of a refusal as {"field", "message"}: BottleCRM lists texts by field, whatever depth they are at."""
    if not isinstance(body, Mapping):
        return body
    if "detail" in body or "code" in body:
        return body
    told = body.get("errors", {name: value for name, value in body.items() if name != "error"})
    if isinstance(told, str):
        return {"message": told}
    found = list(_texts("", told))
    if not found:
        return body
    message = "; ".join(f"{name}: {text}" if name else text for name, text in found)
    return {"field": found[0][0].replace("non_field_errors", ""), "message": message}


def _texts(path: str, told: Any) -> list[tuple[str, str]]:
    if isinstance(told, str):
        return [(path, told)]
    if isinstance(told, Mapping):
        return [item for name, value in told.items() for item in _texts(f"{path}.{name}".strip("."), value)]
    if isinstance(told, list):
        return [item for value in told for item in _texts(path, value)]
    return []
