"""The customer as people and programs see it: the typed border around the values that the engine moves."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from hub.canonical import names, values
from hub.canonical.emails import normal_email
from hub.canonical.phones import normal_phone
from hub.canonical.regions import region_code
from hub.canonical.taxids import compact, tax_id_valid
from hub.canonical.typed import (
    Block,
    Country,
    Currency,
    ExternalId,
    Language,
    Line,
    Model,
    Moment,
    Money,
    PartialDate,
    Provenance,
)

Kind = Literal["person", "organisation"]
Stage = Literal["lead", "mql", "sql", "opportunity", "customer", "repeat", "lapsed", "lost"]
ConsentStatus = Literal["granted", "denied", "withdrawn", "pending", "unknown"]
Label = Literal["billing", "shipping", "home", "work", "registered", "mobile", "fax", "other"]


class Name(Model):
    """A name; ``form`` says whether the full text or the parts are the master.  See hub.canonical.names."""

    full: Line | None = None
    prefix: Line | None = None
    given: Line | None = None
    middle: Line | None = None
    family: Line | None = None
    suffix: Line | None = None
    nickname: Line | None = None
    legal: Line | None = None
    order: Literal["given-first", "family-first"] | None = None
    form: Literal["parts", "full"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, data: Any) -> Any:
        """``full`` and ``form`` follow from the rest where they are missing."""
        if not isinstance(data, Mapping) or set(data) - set(cls.model_fields):
            return data
        return names.complete(data)


class Email(Model):
    """An e-mail address as typed; ``status`` invalid is kept and never used as a key."""

    value: Line
    labels: frozenset[Line] = frozenset()
    status: Literal["unverified", "verified", "bounced", "invalid", "retired"] = "unverified"

    @property
    def normal(self) -> str | None:
        """Lower case, for comparing; None if it is no address."""
        return normal_email(self.value)


class Phone(Model):
    """A phone number as typed; ``region`` (alpha-2) is where national numbers are dialled."""

    value: Line
    labels: frozenset[Line] = frozenset()
    region: Country | None = None
    status: Literal["unverified", "verified", "invalid", "retired"] = "unverified"

    @property
    def normal(self) -> str | None:
        """E.164; None if it is no number."""
        return normal_phone(self.value, self.region)


class Website(Model):
    """A web address as typed."""

    value: Line
    labels: frozenset[Line] = frozenset()


class Messenger(Model):
    """An account of a messenger: wechat, wecom, whatsapp, line, skype, ..."""

    kind: Line
    value: Line


class Address(Model):
    """A postal address.  ``region`` is an ISO 3166-2 code where a system gave one, else the text as typed."""

    recipient: Line | None = None
    company: Line | None = None
    attention: Line | None = None
    lines: tuple[Line, ...] = ()
    district: Line | None = None
    city: Line | None = None
    region: Line | None = None
    postal_code: Line | None = None
    country: Country | None = None
    phone: Line | None = None
    labels: frozenset[Line] = frozenset()
    title: Line | None = None

    @property
    def region_code(self) -> str | None:
        """The region's ISO 3166-2 code, if it can be resolved inside the country."""
        return region_code(self.country, self.region) if self.region else None


class TaxId(Model):
    """A tax or registry number: vat, ein, uscc, cn_ric, gst, ..."""

    scheme: Line
    value: Line

    @field_validator("value")
    @classmethod
    def _compact(cls, value: str) -> str:
        return compact(value)

    @property
    def valid(self) -> bool | None:
        """Whether the check digits are right; None where we do not know the scheme."""
        return tax_id_valid(self.scheme, self.value)


class Job(Model):
    """What a person does where.  A company given as text never creates or links an organisation."""

    company: UUID | None = None
    company_text: Line | None = None
    title: Line | None = None
    department: Line | None = None
    role: Line | None = None
    since: PartialDate | None = None
    until: PartialDate | None = None


class Relationship(Model):
    """A tie to another customer; ``decision_role`` describes the buying group."""

    kind: Literal["employer", "contact_of", "reports_to", "parent_company", "referrer", "household"]
    to: UUID
    decision_role: Literal["decision maker", "influencer", "buyer", "user"] | None = None


class Membership(Model):
    """A list, group, price group or audience of one system; apart from tags and segments."""

    connection: Line
    list: Line
    name: Line


class Tag(Model):
    """A tag.  Only those in the namespace "hub" are ours to add and remove in a system."""

    name: Line
    namespace: Line = ""


class Consent(Model):
    """One entry of the consent ledger.  Entries are only ever appended."""

    channel: Line
    purpose: Line
    status: ConsentStatus
    captured_at: Moment
    source: Line
    legal_basis: Line | None = None
    method: Line | None = None
    evidence: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _granted_needs_evidence(self) -> Consent:
        if self.status == "granted" and not (self.evidence or self.method):
            raise ValueError("a granted consent needs its method or other evidence")
        return self


class Lifecycle(Model):
    """How far somebody has come as a customer."""

    stage: Stage
    since: Moment | None = None


class Computed(Model):
    """A figure that the hub works out; ``definition`` names the version of its rule.  Read-only for systems."""

    value: str | Decimal | bool | tuple[str, ...]
    definition: Line
    computed_at: Moment


class Customer(Model):
    """A person or an organisation: the golden record that all systems share.

    primary_*: index into the list; None: there is no primary one, which is a legal state.
    account:   connection -> how the customer is known to that shop.
    """

    id: UUID
    kind: Kind
    status: Literal["active", "archived"] = "active"
    state: Literal["live", "deleted", "merged", "erased"] = "live"
    merged_into: UUID | None = None
    account: Mapping[str, Literal["none", "guest", "registered"]] = Field(default_factory=dict)
    name: Name
    emails: tuple[Email, ...] = ()
    phones: tuple[Phone, ...] = ()
    websites: tuple[Website, ...] = ()
    messengers: tuple[Messenger, ...] = ()
    addresses: tuple[Address, ...] = ()
    primary_email: int | None = None
    primary_phone: int | None = None
    primary_address: int | None = None
    billing_address: int | None = None
    shipping_address: int | None = None
    tax_ids: tuple[TaxId, ...] = ()
    jobs: tuple[Job, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    memberships: tuple[Membership, ...] = ()
    tags: tuple[Tag, ...] = ()
    birth_date: PartialDate | None = None
    language: Language | None = None
    timezone: Line | None = None
    currency: Currency | None = None
    gender: Line | None = None
    industry: Line | None = None
    employees: int | None = Field(default=None, ge=0)
    annual_revenue: Money | None = None
    owner: Line | None = None
    source: Line | None = None
    notes: Block | None = None
    lifecycle: Lifecycle | None = None
    consents: tuple[Consent, ...] = ()
    custom: Mapping[str, Any] = Field(default_factory=dict)
    computed: Mapping[str, Computed] = Field(default_factory=dict)
    external_ids: tuple[ExternalId, ...] = ()
    provenance: Mapping[str, Provenance] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Customer:
        if (self.state == "merged") != (self.merged_into is not None):
            raise ValueError("a merged record, and only that, says what it was merged into")
        if self.kind == "organisation" and any((self.name.given, self.name.middle, self.name.family)):
            raise ValueError("an organisation has a full name, not given and family names")
        self._check_elements()
        return self

    def _check_elements(self) -> None:
        for field, picked in (
            ("emails", (self.primary_email,)),
            ("phones", (self.primary_phone,)),
            ("addresses", (self.primary_address, self.billing_address, self.shipping_address)),
        ):
            if any(index is not None and not 0 <= index < len(getattr(self, field)) for index in picked):
                raise ValueError(f"a primary or default element of {field} is not in the list")
        for field in ("emails", "phones", "websites", "messengers", "addresses", "tax_ids"):
            keys = [self._key(field, item) for item in getattr(self, field)]
            if len(set(keys)) != len(keys):
                raise ValueError(f"{field} holds the same element twice")

    @staticmethod
    def _key(field: str, item: Any) -> str:
        if field in ("emails", "phones", "websites"):
            return values.key(field, item.value, region=getattr(item, "region", None))
        return values.key(field, item.model_dump())

    @property
    def job(self) -> Job | None:
        """The primary job: the first one."""
        return self.jobs[0] if self.jobs else None

    def consent(self, channel: str, purpose: str) -> ConsentStatus:
        """The status that counts: the latest entry; of equally late ones the most restrictive; unknown without any."""
        order: tuple[ConsentStatus, ...] = ("withdrawn", "denied", "pending", "unknown", "granted")
        mine = [item for item in self.consents if (item.channel, item.purpose) == (channel, purpose)]
        latest = max((item.captured_at for item in mine), default=None)
        return min((item.status for item in mine if item.captured_at == latest), key=order.index, default="unknown")
