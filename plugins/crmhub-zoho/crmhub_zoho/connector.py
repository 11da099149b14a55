"""The connector: settings, and what of Zoho CRM's API does not fit into a description."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import SecretStr, field_validator

from crmhub_zoho.api import FIELDS, KEY, MOST_FIELDS, SCOPES, SPEC, UNCONDITIONAL
from crmhub_zoho.places import PLACES, DataCentre, Environment
from crmhub_zoho.watch import SCOPE, Channels
from hub import plugin

Module = Literal["Contacts", "Accounts", "Leads"]


class ZohoConfig(plugin.RestConfig):
    """Settings of one Zoho CRM connection.

    dc:            the data centre of the organisation: the end of its address (zoho.eu: eu).
    refresh_token: only if you got one yourself; otherwise run `crmhub connect login`.
    environment:   sandbox and developer organisations have other addresses.
    modules:       what to sync of Contacts, Accounts and Leads (the hub never makes leads).
    create:        make records in Zoho; needs the custom field CRMHub_ID.
    conditional:   every update says which version it is for; false: 100 updates in one call, read just before.
    webhook_token: the token of your notification channel.
    accounts_url, api_url: other addresses than those of the data centre.
    """

    client_id: str
    client_secret: SecretStr
    dc: DataCentre = "us"
    refresh_token: SecretStr | None = None
    environment: Environment = "production"
    modules: tuple[Module, ...] = ("Contacts",)
    create: bool = True
    conditional: bool = True
    webhook_token: SecretStr | None = None
    accounts_url: str | None = None
    api_url: str | None = None

    @field_validator("fields")
    @classmethod
    def _not_too_many(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        room = MOST_FIELDS - max(len(fields) for fields in FIELDS.values())
        if len(names) > room:
            raise ValueError(
                f"has {len(names)} fields, but Zoho lists {MOST_FIELDS} at a time: at most {room} are free"
            )
        return names


class ZohoConnector(plugin.RestConnector[ZohoConfig]):
    """Contacts, accounts and leads of Zoho CRM (REST API v8)."""

    name = "zoho"
    Config = ZohoConfig
    spec = SPEC

    def variables(self) -> dict[str, Any]:
        """The settings, and the address of the accounts server."""
        accounts = self.config.accounts_url or PLACES[self.config.dc].accounts_url()
        return {**super().variables(), "settings.accounts": accounts.rstrip("/")}

    def base_url(self) -> str:
        """The API's own word (api_domain of the token) for production, the known address otherwise."""
        if self.config.api_url:
            return f"{self.config.api_url.rstrip('/')}/crm/v8"
        if self.config.environment != "production":
            return f"{PLACES[self.config.dc].api_url(self.config.environment)}/crm/v8"
        return super().base_url()

    def resources(self) -> Sequence[plugin.Resource]:
        """The modules of the settings."""
        return [item for item in super().resources() if item.name in self.config.modules]

    def resource_spec(self, resource: str) -> plugin.ResourceSpec:
        """The description of a module, with updates as the settings want them."""
        found = super().resource_spec(resource)
        return found if self.config.conditional else UNCONDITIONAL.resources[resource]

    def capabilities(self, resource: str) -> plugin.Capabilities:
        """What the description says, without creates if they are switched off."""
        able = super().capabilities(resource)
        return able if self.config.create else replace(able, writes=able.writes - {"create"})

    def record(self, resource: str, raw: Mapping[str, Any]) -> plugin.Record:
        """A record without Zoho's own marks; its time as an instant, since it is shown in the user's time zone."""
        data = {name: _plain(value) for name, value in raw.items() if not name.startswith("$")}
        if resource == "Leads":
            data["Converted__s"] = bool(raw.get("Converted__s") or raw.get("$converted"))
        # Neither the offset of the times nor the name of a lookup's target is a change of this record.
        content = {
            name: _target(value) for name, value in data.items() if name not in ("Modified_Time", "Created_Time")
        }
        found = super().record(resource, raw)
        digest = super().record(resource, content).version or ""
        stamp = found.modified_at.isoformat(timespec="seconds") if found.modified_at else ""
        return replace(found, data=data, version=f"{stamp}#{digest.rpartition('#')[2]}")

    def native(self, resource: str, op: plugin.Op) -> dict[str, Any]:
        """The fields to send, tags and numbers as Zoho writes them; an update in a batch names its record."""
        data = super().native(resource, op)
        if isinstance(data.get("Tag"), list):
            data["Tag"] = [{"name": name} for name in data["Tag"]]
        if isinstance(data.get("Employees"), str) and data["Employees"].isdigit():
            data["Employees"] = int(data["Employees"])
        if op.kind == "update" and not self.config.conditional:
            data["id"] = op.id
        return data

    def check(self) -> plugin.Account:
        """The organisation, its edition, and scopes that the login lacks."""
        assert self.spec.check is not None
        answer = self.call(self.spec.check, {}, doing="read", what="asking who we are")
        org = (answer.data or {}).get("org") or [{}]
        edition = (org[0].get("license_details") or {}).get("paid_type") or "free"
        token = self.context.tokens.read()
        granted = [item for item in (token.scope if token else "").replace(",", " ").split() if item]
        wanted = [item for item in SCOPES if item != SCOPE or self.config.webhook_token is not None]
        missing = [item for item in wanted if granted and not _covered(item, granted)]
        name = f"{org[0].get('company_name', 'Zoho CRM')} ({edition})"
        return plugin.Account(name, "Zoho CRM", "8", granted=granted, missing=missing, clock=answer.when)

    def fields(self, resource: str) -> Sequence[plugin.Field]:
        """The fields of a module.  Raises ConfigError if the field for the hub's key is missing: Zoho would silently
        ignore what is written to it, and a create whose answer was lost could not be found again."""
        found = super().fields(resource)
        needs_key = "create" in self.capabilities(resource).writes
        if needs_key and found and all(item.path != KEY for item in found):
            raise plugin.ConfigError(
                f"the module {resource} has no field {KEY}",
                where=self.context.connection,
                hint=f"Add a custom field 'CRMHub ID' (single line, external field for the organisation, API name {KEY}), "
                "or set create = false",
            )
        return found

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[plugin.Hint]:
        """Which records a notification is about; it must carry our token (Zoho signs nothing else)."""
        expected = self.config.webhook_token
        try:
            content = json.loads(body)
            module, ids = content["module"], [str(item) for item in content["ids"]]
            given = str(content.get("token") or "")
        except (ValueError, KeyError, TypeError):
            raise plugin.Rejected("this is no notification of Zoho CRM", where=self.context.connection) from None
        if expected is None or not hmac.compare_digest(given.encode(), expected.get_secret_value().encode()):
            raise plugin.AuthError("the notification does not carry our token", where=self.context.connection)
        # the time of the server, in milliseconds, tells two changes of one record apart
        event = hashlib.sha256(body).hexdigest() if content.get("server_time") else ""
        return [plugin.Hint(module, ids, event)] if module in self.config.modules and ids else []

    def subscriptions(self, url: str) -> Sequence[plugin.Subscription]:
        """The channels to an address that have not ended."""
        return Channels(self, self.config.modules).all(url)

    def subscribe(self, url: str) -> Sequence[plugin.Subscription]:
        """Make the channel, or renew it if it ends within six days.  Raises ConfigError."""
        token = self.config.webhook_token
        if token is None:
            hint = "Set webhook_token to a random text of at most 50 characters; the hub tells it to Zoho"
            raise plugin.ConfigError("a channel needs a token", where=self.context.connection, hint=hint)
        return Channels(self, self.config.modules).mend(url, token.get_secret_value())

    def unsubscribe(self, url: str) -> int:
        """End the channels to an address."""
        return Channels(self, self.config.modules).remove(url)


def _plain(value: Any) -> Any:
    """Tags by their name alone, as they are written."""
    if isinstance(value, list):
        return [item["name"] if isinstance(item, dict) and "name" in item else item for item in value]
    return value


def _target(value: Any) -> Any:
    """A lookup as the id that it leads to."""
    return value["id"] if isinstance(value, dict) and "id" in value else value


def _covered(scope: str, granted: Sequence[str]) -> bool:
    """Whether one of the granted scopes holds this one (ZohoCRM.modules.ALL holds ZohoCRM.modules.contacts.ALL)."""
    known = {item.lower() for item in granted}
    parts = scope.lower().split(".")
    wider = {".".join((*parts[:depth], "all")) for depth in range(1, len(parts))}
    return scope.lower() in known or bool(wider & known)
