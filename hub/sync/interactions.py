"""What a mapped native record says of an interaction: pure.  ``hub.sync.facts`` reads and stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from hub.canonical.facts import BODY_LIMIT, PARTY_COLLECTIONS
from hub.canonical.interaction import Interaction
from hub.canonical.text import clean_block
from hub.canonical.values import is_match_key
from hub.canonical.values import key as canonical_key
from hub.contract.errors import HubError
from hub.mapping.fact_laws import what_is_missing
from hub.mapping.view import RemoteRef, View

NOT_SELECTED: Final = "not selected by the mapping"
NOBODY: Final = "names no customer's address"
ERASED: Final = "erased"

_PLAIN: Final = ("kind", "direction", "subject", "bounced", "bounced_reason")


class FactRefused(HubError):
    """A record does not say enough to be kept as a fact."""

    code = "rejected"


@dataclass(frozen=True, slots=True)
class Draft:
    """at: seconds since the epoch.  doc: what is stored of it.  keys: how its customers are found (``email:...``,
    ``phone:...``, or ``ref:`` with a record of the same system).  ignored: why it belongs to nobody; "" if it does."""

    at: float
    doc: dict[str, Any]
    keys: tuple[str, ...] = ()
    ignored: str = ""


def draft_of(record: str, view: View | None, *, system: str, region: str | None, body: int) -> Draft:
    """The draft of a record.  body: characters to keep of the text.  Raises FactRefused."""
    if view is None:
        return Draft(0.0, {}, ignored=NOT_SELECTED)
    missing = what_is_missing(record, view)
    if missing is not None:
        raise FactRefused(missing[1], hint="Correct the record or the mapping; the next sync tries again")
    values = {**view.defaults, **{name: value for name, value in view.fields.items() if value is not None}}
    at = datetime.fromisoformat(values["at"]).timestamp()
    if values.get("ignored"):
        return Draft(at, {"kind": values["kind"]}, ignored=str(values["ignored"]))
    keys = _keys(view, system, region)
    if not keys:
        return Draft(at, {"kind": values["kind"]}, ignored=NOBODY)
    doc = {name: values[name] for name in _PLAIN if values.get(name) is not None}
    text = shortened(str(values.get("body") or ""), body)
    survey = {name[7:]: value for name, value in values.items() if name.startswith("survey.")}
    return Draft(at, {**doc, **({"body": text} if text else {}), **({"survey": survey} if survey else {})}, keys)


def _keys(view: View, system: str, region: str | None) -> tuple[str, ...]:
    keys: dict[str, None] = {}
    reference = view.fields.get("customer")
    if isinstance(reference, RemoteRef):
        keys[ref_key(system, reference.resource, reference.id)] = None
    for name in PARTY_COLLECTIONS:
        for item in view.collections.get(name, ()):
            if item.value is not None and is_match_key(name, item.value, region=region):
                keys[canonical_key(name, item.value, region=region)] = None
    return tuple(keys)


def ref_key(system: str, resource: str, remote_id: str) -> str:
    """The key of a fact that names its customer by a record."""
    return f"ref:{system}/{resource}/{remote_id}"


def place_of(key: str) -> tuple[str, str, str] | None:
    """(system, resource, remote id) of such a key; None for an address or a number."""
    if not key.startswith("ref:"):
        return None
    system, _, rest = key[4:].partition("/")
    resource, _, remote_id = rest.partition("/")
    return system, resource, remote_id


def shortened(text: str, limit: int) -> str:
    """A body as it is kept: cleaned, and cut with a mark where it is longer than the limit.  0 keeps nothing."""
    limit = min(limit, BODY_LIMIT)
    if limit <= 0:
        return ""
    clean = clean_block(text)
    return clean if len(clean) <= limit else clean[: limit - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Fact:
    """A stored fact as one customer has it.  doc: as in Draft; gone: it is no longer there in its system."""

    id: str
    system: str
    resource: str
    remote_id: str
    at: float
    doc: Mapping[str, Any] = field(default_factory=dict)
    gone: bool = False

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


def to_interaction(fact: Fact, customer: str) -> Interaction:
    """The typed interaction of a customer.  Raises pydantic.ValidationError if a value does not fit the schema."""
    doc = fact.doc
    return Interaction.model_validate(
        {
            "id": UUID(fact.id),
            "external_ids": [{"connection": fact.system, "resource": fact.resource, "id": fact.remote_id}],
            "customer": UUID(customer),
            "at": fact.moment,
            **{name: doc[name] for name in ("kind", "direction", "subject", "body", "survey") if name in doc},
        }
    )
