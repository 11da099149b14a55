"""The golden record as the typed customer of the canonical schema: what people and programs get."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hub.canonical.customer import Customer
from hub.state import Cell, Collection, Golden, Link
from hub.sync.bounces import status_of

_PLAIN = (
    "birth_date",
    "language",
    "timezone",
    "currency",
    "gender",
    "industry",
    "employees",
    "annual_revenue",
    "owner",
    "source",
    "notes",
)
_METHODS = {"person": "manual", "undo": "manual", "hub": "computed"}


def to_customer(golden: Golden, links: Sequence[Link]) -> Customer:
    """The typed customer of a golden record with the records that are linked to it.

    Raises pydantic.ValidationError if a value does not fit the schema (an opaque value that a system holds).
    """
    data: dict[str, Any] = {
        "id": UUID(golden.gid),
        "kind": golden.value("kind") or golden.defaults.get("kind") or "person",
        "status": golden.value("status") or "active",
        "state": {"live": "live", "dead": "deleted", "merged": "merged"}[golden.state],
        "merged_into": UUID(golden.merged_into) if golden.merged_into else None,
        "name": golden.value("name") or {},
        **{name: golden.value(name) for name in _PLAIN if golden.value(name) is not None},
        **_elements(golden),
        "jobs": _jobs(golden),
        "relationships": _relationships(golden),
        "tags": [_tag(str(item.value.value)) for item in golden.collection("tags").live()],
        "consents": _consents(golden),
        "custom": {name[7:]: cell.value for name, cell in golden.fields.items() if name.startswith("custom.")},
        "external_ids": [
            {
                "connection": link.system,
                "resource": link.resource,
                "id": link.remote_id,
                "role": link.role or "main",
                "primary": link.primary,
            }
            for link in links
            if link.state in ("active", "shadow")
        ],
        "provenance": {name: _provenance(cell) for name, cell in golden.fields.items() if cell.value is not None},
    }
    if golden.value("lifecycle.stage"):
        data["lifecycle"] = {"stage": golden.value("lifecycle.stage")}
    if data["kind"] == "organisation":
        data["name"] = {
            key: value for key, value in data["name"].items() if key not in ("given", "middle", "family", "form")
        }
    return Customer.model_validate(data)


def _elements(golden: Golden) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, primary in (("emails", "primary_email"), ("phones", "primary_phone"), ("addresses", "primary_address")):
        collection = golden.collection(name)
        found[name] = [_element(item.value.value, item.attr("labels")) for item in collection.live()]
        found[primary] = _index(collection)
    for item, shown in zip(golden.collection("emails").live(), found["emails"], strict=True):
        status = status_of(item)
        if status is not None:
            shown["status"] = status.value
    found["websites"] = [
        _element(item.value.value, item.attr("labels")) for item in golden.collection("websites").live()
    ]
    for name in ("messengers", "tax_ids"):
        found[name] = [dict(item.value.value) for item in golden.collection(name).live()]
    return found


def _element(value: Any, labels: Any) -> dict[str, Any]:
    plain = (
        {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else {"value": value}
    )
    return {**plain, "labels": list(labels or ())}


def _index(collection: Collection) -> int | None:
    eid = collection.primary_eid()
    return None if eid is None else [item.eid for item in collection.live()].index(eid)


def _jobs(golden: Golden) -> list[dict[str, Any]]:
    job = {
        "company": golden.value("company"),
        "company_text": golden.value("company_text"),
        "title": golden.value("job.title"),
        "department": golden.value("job.department"),
        "role": golden.value("job.role"),
    }
    return [job] if any(job.values()) else []


def _relationships(golden: Golden) -> list[dict[str, Any]]:
    ties = (("reports_to", golden.value("manager")), ("parent_company", golden.value("parent_company")))
    return [{"kind": kind, "to": UUID(gid)} for kind, gid in ties if gid]


def _tag(name: str) -> dict[str, str]:
    return {"name": name[4:], "namespace": "hub"} if name.startswith("hub:") else {"name": name}


def _consents(golden: Golden) -> list[dict[str, Any]]:
    found = []
    for name, cell in golden.fields.items():
        if name.startswith("consents.") and cell.value is not None:
            channel, _, purpose = name.removeprefix("consents.").partition("_")
            found.append(
                {
                    "channel": channel,
                    "purpose": purpose,
                    "status": cell.value,
                    "source": cell.source,
                    "captured_at": _moment(cell.time) or received(cell),
                    "method": _METHODS.get(cell.source, "sync"),
                }
            )
    return found


def _provenance(cell: Cell) -> dict[str, Any]:
    return {
        "system": cell.source,
        "method": _METHODS.get(cell.source, "sync"),
        "received_at": received(cell),
        "source_time": _moment(cell.time),
        "run": cell.run or None,
        "rule": cell.rule or None,
    }


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def received(cell: Cell) -> datetime:
    """When the hub took the value over: run ids are UUIDv7, which begin with their time in milliseconds."""
    try:
        return datetime.fromtimestamp((UUID(cell.run).int >> 80) / 1000, UTC)
    except ValueError:
        return datetime.fromtimestamp(cell.time or 0.0, UTC)
