"""The canonical schema as data: which fields, groups and collections a customer has, and how their values behave.

This table is the one place that mapping, merge, identity and the command line read; the pydantic models beside it are
the typed border for people and programs that use the hub's records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "text",
    "multiline",
    "name",
    "date",
    "time",
    "language",
    "country",
    "currency",
    "bool",
    "number",
    "money",
    "enum",
    "reference",
    "consent",
    "email",
    "phone",
    "url",
    "address",
    "tax_id",
    "messenger",
    "tag",
    "membership",
]


@dataclass(frozen=True, slots=True)
class FieldDef:
    """A scalar field or an atomic group.  ``members`` in their canonical order; ``values`` for an enum."""

    name: str
    kind: Kind
    members: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    never_blank: bool = False


@dataclass(frozen=True, slots=True)
class CollectionDef:
    """A keyed collection.  ``attrs`` are merged one by one; ``members`` for elements that are atomic groups."""

    name: str
    kind: Kind
    attrs: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


NAME_MEMBERS: Final = (
    "full",
    "prefix",
    "given",
    "middle",
    "family",
    "suffix",
    "nickname",
    "legal",
    "order",
    "form",
)
ADDRESS_MEMBERS: Final = (
    "recipient",
    "company",
    "attention",
    "lines",
    "district",
    "city",
    "region",
    "postal_code",
    "country",
    "phone",
)

DEPENDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    # rule G3: an unsupported member is kept only while all members that it depends on are unchanged
    "address": {"district": ("city", "region", "postal_code", "country"), "region": ("city", "postal_code", "country")},
    "name": {},
}

_FIELDS = (
    FieldDef("kind", "enum", values=("person", "organisation"), never_blank=True),
    FieldDef("status", "enum", values=("active", "archived"), never_blank=True),
    FieldDef("account", "enum", values=("none", "guest", "registered")),
    FieldDef("name", "name", members=NAME_MEMBERS),
    FieldDef("birth_date", "date"),
    FieldDef("language", "language"),
    FieldDef("timezone", "text"),
    FieldDef("currency", "currency"),
    FieldDef("gender", "text"),
    FieldDef("industry", "text"),
    FieldDef("owner", "text"),
    FieldDef("source", "text"),
    FieldDef("notes", "multiline"),
    FieldDef("company", "reference"),
    FieldDef("parent_company", "reference"),
    FieldDef("manager", "reference"),
    FieldDef("company_text", "text"),
    FieldDef("job.title", "text"),
    FieldDef("job.department", "text"),
    FieldDef("job.role", "text"),
    FieldDef(
        "lifecycle.stage", "enum", values=("lead", "mql", "sql", "opportunity", "customer", "repeat", "lapsed", "lost")
    ),
    FieldDef("employees", "number"),
    FieldDef("annual_revenue", "money"),
)

_COLLECTIONS = (
    CollectionDef("emails", "email", attrs=("labels",)),
    CollectionDef("phones", "phone", attrs=("labels",)),
    CollectionDef("websites", "url", attrs=("labels",)),
    CollectionDef("messengers", "messenger", members=("kind", "value")),
    CollectionDef("addresses", "address", attrs=("labels",), members=ADDRESS_MEMBERS),
    CollectionDef("tax_ids", "tax_id", members=("scheme", "value")),
    CollectionDef("tags", "tag"),
    CollectionDef("memberships", "membership", members=("list", "name")),
)

FIELDS: Final[dict[str, FieldDef]] = {item.name: item for item in _FIELDS}
COLLECTIONS: Final[dict[str, CollectionDef]] = {item.name: item for item in _COLLECTIONS}


def field_def(name: str) -> FieldDef | None:
    """The definition of a canonical field; open families are "custom.<name>" (text) and "consents.<channel>_<purpose>"."""
    found = FIELDS.get(name)
    if found is None and name.startswith("consents.") and len(name) > len("consents."):
        return FieldDef(name, "consent", values=("granted", "denied", "withdrawn", "pending", "unknown"))
    if found is None and name.startswith("custom.") and len(name) > len("custom."):
        return FieldDef(name, "text")
    return found
