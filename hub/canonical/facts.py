"""The fields of facts: things that happened to a customer (an interaction), which are read, never merged or written.

The pydantic model beside it (hub.canonical.interaction) is the typed border; this table is what mapping files are
checked against.
"""

from __future__ import annotations

from typing import Final

from hub.canonical.schema import FIELDS, FieldDef, field_def

BODY_LIMIT: Final = 65_536
"""Characters of a body that are kept at most."""
DEFAULT_BODY: Final = 2000
"""Characters of a body that are kept unless a sync says otherwise."""

INTERACTION_KINDS: Final = (
    *("email", "call", "meeting", "sms", "chat", "visit", "return", "complaint", "ticket", "survey", "note", "task"),
)

_INTERACTION = (
    FieldDef("kind", "enum", values=INTERACTION_KINDS, never_blank=True),
    FieldDef("at", "time", never_blank=True),
    FieldDef("direction", "enum", values=("inbound", "outbound", "internal")),
    FieldDef("subject", "text"),
    FieldDef("body", "multiline"),
    FieldDef("customer", "reference"),
    FieldDef("ignored", "text"),
    FieldDef("bounced", "email"),
    FieldDef("bounced_reason", "text"),
    FieldDef("survey.kind", "enum", values=("nps", "csat", "ces")),
    FieldDef("survey.score", "number"),
    FieldDef("survey.question", "text"),
    FieldDef("survey.comment", "multiline"),
)

FACT_FIELDS: Final[dict[str, dict[str, FieldDef]]] = {"interaction": {item.name: item for item in _INTERACTION}}
"""Record -> its fields.

customer: the record that it belongs to, in the same system.  ignored: why it says nothing about a customer (bulk mail);
blank for all others.  bounced: an e-mail address of which a mail server says that it takes no mail any more.
"""

PARTY_COLLECTIONS: Final = ("emails", "phones")
"""Collections of a fact: the addresses and numbers of those whom it was with, by which the customers are found."""


def is_fact(record: str) -> bool:
    """Whether records of this kind are facts."""
    return record in FACT_FIELDS


def field_of(record: str, name: str) -> FieldDef | None:
    """The definition of a field of a kind of record."""
    return FACT_FIELDS[record].get(name) if is_fact(record) else field_def(name)


def names_of(record: str) -> tuple[str, ...]:
    """The fields of a kind of record."""
    return tuple(FACT_FIELDS[record] if is_fact(record) else FIELDS)
