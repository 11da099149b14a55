"""What a shop offers us: permissions of our administrator, and the fields of a customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from crmhub_vendure.document import ADDRESS, KEY, NOT_NULL, PLAIN, USES
from crmhub_vendure.graphql import GraphQL
from crmhub_vendure.shop import CustomField, Shop
from hub import plugin

_ME = "query Me { me { id identifier channels { code permissions } } activeChannel { code } }"
_NEEDED = (
    ("ReadCustomer",),
    ("CreateCustomer",),
    ("UpdateCustomer",),
    ("DeleteCustomer",),
    ("ReadCountry", "ReadSettings"),
)
"""Permissions; of several in one row any is enough."""

_Kind = Literal["text", "number", "bool", "datetime", "list"]
_KINDS: Mapping[str, _Kind] = {"int": "number", "float": "number", "boolean": "bool", "datetime": "datetime"}
_LABELS = {
    "title": "Title",
    "firstName": "First name",
    "lastName": "Last name",
    "emailAddress": "E-mail address",
    "phoneNumber": "Phone number",
    "fullName": "Full name",
    "company": "Company",
    "streetLine1": "Street, first line",
    "streetLine2": "Street, second line",
    "city": "City",
    "province": "Province",
    "postalCode": "Postal code",
}


def check_rights(api: GraphQL, shop: Shop, url: str) -> plugin.Account:
    """Sign in; ask for our permissions and whether the shop has the field for our key."""
    found = api.read(_ME)
    code = found["activeChannel"]["code"]
    channels = [channel for channel in found["me"]["channels"] if channel["code"] == code]
    held = {permission for channel in channels for permission in channel["permissions"]}
    granted: list[str] = []
    missing: list[str] = []
    for names in _NEEDED:
        (granted if held.intersection(names) else missing).append(" or ".join(names))
    if shop.custom_fields and shop.key_field:
        granted.append(f"custom field {shop.key_field}")
    return plugin.Account(
        name=str(found["me"]["identifier"]),
        server=f"Vendure at {url}, channel {code}",
        granted=granted,
        missing=missing,
        clock=api.server_time,
    )


def customer_fields(shop: Shop) -> Sequence[plugin.Field]:
    """The fields of the native document."""
    return (
        *(plugin.Field(name, label=_LABELS[name], required=name in {*NOT_NULL, "emailAddress"}) for name in PLAIN),
        *([plugin.Field(KEY, label="Key of the hub", custom=True)] if shop.key_field else []),
        plugin.Field("customFields", "object", label="Custom fields"),
        *_custom(shop),
        plugin.Field("groups", "list", label="Groups", read_only=True),
        plugin.Field("groups.name", label="Group", read_only=True),
        plugin.Field("addresses", "list", label="Addresses"),
        *(plugin.Field(f"addresses.{name}", label=_LABELS[name]) for name in ADDRESS),
        plugin.Field("addresses.countryCode", "enum", label="Country", required=True, values=sorted(shop.countries())),
        plugin.Field("addresses.uses", "list", label="Default address for", values=sorted(USES)),
    )


def _custom(shop: Shop) -> Iterator[plugin.Field]:
    for field in shop.custom_fields.values():
        if field.name != shop.key_field:
            yield _field(field)


def _field(field: CustomField) -> plugin.Field:
    kind: _Kind = "list" if field.is_list else _KINDS.get(field.type, "text")
    return plugin.Field(
        f"customFields.{field.name}",
        "enum" if field.options and not field.is_list else kind,
        label=field.label or field.name,
        required=not field.nullable,
        read_only=field.readonly,
        max_length=field.length,
        values=field.options,
        custom=True,
    )
