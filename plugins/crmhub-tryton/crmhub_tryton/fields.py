"""What a database offers: rights of our user, fields, and the values that its tables allow."""

from __future__ import annotations

from collections.abc import Sequence

from crmhub_tryton.document import MODELS
from crmhub_tryton.rpc import Rpc
from crmhub_tryton.tables import Tables
from hub import plugin

_READ_AND_WRITE = ("party.party", *MODELS.values(), "party.category")
_READ = ("ir.lang", "country.country", "country.subdivision", "ir.model.log")


def check_rights(rpc: Rpc, user: str, url: str) -> plugin.Account:
    """Sign in and try every model that the connector reads; ask the server which ones we may write."""
    series = str(rpc.root("common.server.version"))
    granted, missing = [], []
    for model in (*_READ_AND_WRITE, *_READ):
        try:
            rpc.read(f"model.{model}.search", [], 0, 1, None)
        except (plugin.ConfigError, plugin.Unavailable) as error:
            if error.remote_code is None:  # not the server's refusal of this model, but no answer at all
                raise
            missing.append(f"read {model}")
        else:
            granted.append(f"read {model}")
    access = rpc.read("model.ir.model.access.get_access", list(_READ_AND_WRITE))
    for model in _READ_AND_WRITE:
        for right in ("create", "write", "delete"):
            (granted if access[model][right] else missing).append(f"{right} {model}")
    return plugin.Account(
        name=user,
        server=f"Tryton {series} at {url}",
        version=series,
        granted=granted,
        missing=missing,
        clock=rpc.server_time,
    )


def party_fields(rpc: Rpc, tables: Tables) -> Sequence[plugin.Field]:
    """The fields of the native document."""
    identifiers = [code for code, _ in rpc.read("model.party.identifier.get_types") if code]
    kinds = rpc.read("model.party.contact_mechanism.fields_get", ["type"])["type"]["selection"]
    return (
        plugin.Field("name", label="Name"),
        plugin.Field("code", label="Code (settable at creation only)"),
        plugin.Field("active", "bool", label="Active"),
        plugin.Field("lang", "enum", label="Language", values=sorted(tables.codes("lang"))),
        plugin.Field("categories", "list", label="Categories"),
        plugin.Field("categories.name", label="Category", required=True),
        plugin.Field("contact_mechanisms", "list", label="Contact mechanisms"),
        plugin.Field(
            "contact_mechanisms.type", "enum", label="Type", required=True, values=[code for code, _ in kinds if code]
        ),
        plugin.Field("contact_mechanisms.value", label="Value", required=True),
        plugin.Field("contact_mechanisms.name", label="Name"),
        plugin.Field("addresses", "list", label="Addresses"),
        plugin.Field("addresses.street", label="Street"),
        plugin.Field("addresses.postal_code", label="Postal code"),
        plugin.Field("addresses.city", label="City"),
        plugin.Field("addresses.country", "enum", label="Country", values=sorted(tables.codes("country"))),
        plugin.Field("addresses.subdivision", "enum", label="Subdivision", values=sorted(tables.codes("subdivision"))),
        plugin.Field("addresses.party_name", label="Party name"),
        plugin.Field("addresses.attn", label="Attention"),
        plugin.Field("identifiers", "list", label="Identifiers"),
        plugin.Field("identifiers.type", "enum", label="Type", values=identifiers),
        plugin.Field("identifiers.code", label="Code", required=True),
    )
