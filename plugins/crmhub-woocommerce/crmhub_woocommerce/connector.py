"""The connector: settings, and what of WooCommerce's API does not fit into a description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr, model_validator

from crmhub_woocommerce.api import FIELDS, KEY, OVER_TLS, OVERLAP, SIGNED
from crmhub_woocommerce.certify import certified
from crmhub_woocommerce.guests import RESOURCE, Guests
from crmhub_woocommerce.hooks import Subscriptions, hints
from hub import plugin

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EMPTY_REFUSED = ("email",)
_DELETABLE = ("customer", "subscriber")


class WooConfig(plugin.RestConfig):
    """Settings of one shop.

    url:            the shop's address, "https://shop.example".
    consumer_key, consumer_secret: from WooCommerce, Settings, Advanced, REST API (read/write).
    sign_in:        auto: keys over TLS (basic), signatures on plain HTTP (oauth1).
    meta:           keys of meta_data to read and write, as meta.KEY in your own mapping.
    guests:         also people who ordered without an account, read only.
    webhook_secret: what the shop signs its webhooks with.
    """

    url: str
    consumer_key: SecretStr
    consumer_secret: SecretStr
    sign_in: Literal["auto", "basic", "oauth1"] = "auto"
    meta: tuple[str, ...] = ()
    guests: bool = False
    webhook_secret: SecretStr | None = None

    @model_validator(mode="after")
    def _no_keys_in_the_clear(self) -> WooConfig:
        parts = urlsplit(self.url)
        if self.sign_in == "basic" and parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ValueError("sign_in = basic would send the keys in the clear: use https, or oauth1")
        return self


class _OverTls(plugin.RestConnector[WooConfig]):
    """The same shop, with the keys as they are."""

    name, Config = "woocommerce", WooConfig
    spec = OVER_TLS


class WooCommerceConnector(plugin.RestConnector[WooConfig]):
    """Customers of a WooCommerce shop (REST API v3)."""

    name, Config = "woocommerce", WooConfig
    spec = SIGNED

    @cached_property
    def auth(self) -> Any:
        """Signatures on plain HTTP, keys over TLS."""
        wanted = self.config.sign_in
        if wanted == "oauth1" or (wanted == "auto" and urlsplit(self.config.url).scheme != "https"):
            return super().auth
        return _OverTls(self.config, self.context).auth

    def variables(self) -> dict[str, Any]:
        """The settings; the address without a slash at its end."""
        return {**super().variables(), "settings.url": self.config.url.rstrip("/")}

    def resources(self) -> Sequence[plugin.Resource]:
        """Customers, and guests if they are wanted."""
        return [item for item in super().resources() if item.name != RESOURCE or self.config.guests]

    def capabilities(self, resource: str) -> plugin.Capabilities:
        """What the description says; receipts hold the whole customer."""
        return replace(super().capabilities(resource), version_after_write=True)

    def record(self, resource: str, raw: Mapping[str, Any]) -> plugin.Record:
        """A customer without what plugins keep beside it: of meta_data only the rows that are wanted, by key.

        Two rows of one key: the last one counts.  The version covers the content, since plugins change customers
        without touching date_modified.
        """
        wanted = {KEY, *self.config.meta}
        rows = [row for row in raw.get("meta_data") or () if isinstance(row, Mapping)]
        meta = {str(row["key"]): row.get("value") for row in rows if row.get("key") in wanted}
        data = {name: raw[name] for name in FIELDS if name in raw and not name.startswith(("date_", "meta_"))}
        content = {**data, "meta": meta}
        dates = {name: raw.get(name) for name in ("date_created_gmt", "date_modified_gmt")}
        found = super().record(resource, content)
        stamps = super().record(resource, {**dates, "id": raw.get("id")})
        return replace(found, modified_at=stamps.modified_at, created_at=stamps.created_at)

    def native(self, resource: str, op: plugin.Op) -> dict[str, Any]:
        """The fields to send: "" clears, at every depth; the role is the shop's; an update names its customer."""
        data = {name: _cleared(value) for name, value in super().native(resource, op).items()}
        for name in ("role", "id", "username"):
            data.pop(name, None)
        meta = data.pop("meta", None)
        rows = {str(key): value for key, value in meta.items()} if isinstance(meta, Mapping) else {}
        if op.kind == "create":
            data = _without_blanks(data)
            rows[KEY] = op.key
        elif isinstance(billing := data.get("billing"), Mapping) and not billing.get("email"):
            # WooCommerce refuses to empty it, and with it the whole customer.
            data["billing"] = {name: value for name, value in billing.items() if name != "email"}
        if rows:
            data["meta_data"] = [{"key": key, "value": value} for key, value in rows.items()]
        if op.kind == "update":
            data["id"] = int(op.id or 0)
        return data

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        """Create, update and delete.  A taken e-mail address names who has it; staff is never deleted."""
        sound: list[plugin.Op] = []
        for op in ops:
            refused = self._refused(resource, op)
            if refused is None:
                sound.append(op)
            else:
                yield plugin.Receipt(op.key, op.id, error=refused)
        emails = {op.key: str(op.data.get("email") or "") for op in ops}
        for receipt in super().write(resource, sound):
            if isinstance(receipt.error, plugin.Duplicate) and receipt.error.existing_id is None:
                yield replace(receipt, error=self._owner(resource, receipt, emails[receipt.key]))
            else:
                yield receipt

    def changes(self, resource: str, cursor: plugin.Json = None) -> Iterator[plugin.Page]:
        """All customers: this API cannot say which ones have changed.  Guests whose orders have changed."""
        yield from self._guests.changes(cursor) if resource == RESOURCE else super().changes(resource, cursor)

    def listing(self, resource: str) -> Iterator[plugin.Page]:
        """All customers, certified: a deletion while the pages are read shifts the others, so it is read again."""
        if resource == RESOURCE:
            yield from self._guests.listing()
        else:
            yield from certified(lambda: super(WooCommerceConnector, self).listing(resource), self._count)

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[plugin.Record]:
        """Customers by id, guests by e-mail address."""
        yield from self._guests.fetch(ids) if resource == RESOURCE else super().fetch(resource, ids)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        """Customers and guests by e-mail address, in any case."""
        if resource == RESOURCE and key == "email":
            yield from self._guests.fetch(values)
        else:
            yield from super().find(resource, key, values)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[plugin.Hint]:
        """Which customers a webhook is about; verified over its raw bytes.  Raises AuthError, Rejected."""
        secret = self.config.webhook_secret
        found = hints(headers, body, secret.get_secret_value() if secret else None, where=self.context.connection)
        return [item for item in found if item.resource != RESOURCE or self.config.guests]

    def subscriptions(self, url: str) -> Sequence[plugin.Subscription]:
        """The shop's webhooks to an address."""
        return Subscriptions(self, guests=self.config.guests).all(url)

    def subscribe(self, url: str) -> Sequence[plugin.Subscription]:
        """Make the webhooks that are missing and wake those that the shop has disabled.  Raises ConfigError."""
        secret = self.config.webhook_secret
        if secret is None:
            hint = "Set webhook_secret to a long random text; the hub tells it to the shop"
            raise plugin.ConfigError("webhooks need a secret", where=self.context.connection, hint=hint)
        return Subscriptions(self, guests=self.config.guests).mend(url, secret.get_secret_value())

    def unsubscribe(self, url: str) -> int:
        """Delete the shop's webhooks to an address."""
        return Subscriptions(self, guests=self.config.guests).remove(url)

    # pieces

    @cached_property
    def _guests(self) -> Guests:
        return Guests(self, OVERLAP)

    def _count(self) -> int | None:
        """How many customers there are now, by the header of a small page; None where a host strips it."""
        assert self.spec.check is not None
        answer = self.call(self.spec.check, {}, doing="read", what="counting the customers")
        text = {name.lower(): value for name, value in answer.headers.items()}.get("x-wp-total", "")
        return int(text) if text.isdigit() else None

    def _refused(self, resource: str, op: plugin.Op) -> plugin.Rejected | plugin.NotFound | None:
        where = self.context.connection
        if op.kind != "create" and not (op.id or "").isdigit():
            return plugin.NotFound(f"the shop has no customer {op.id}", where=where)
        if op.kind == "create" and not op.data.get("email"):
            return plugin.Rejected("a customer of WooCommerce needs an e-mail address", field="email", where=where)
        for name in _EMPTY_REFUSED:
            if op.kind == "update" and name in op.data and not op.data[name]:
                return plugin.Rejected(f"WooCommerce cannot empty {name}", field=name, where=where)
        if op.kind == "delete":
            found = next(iter(self.fetch(resource, [op.id or ""])), None)
            role = (found.data or {}).get("role") if found else None
            if found is not None and role not in _DELETABLE:
                text = f"the customer {op.id} is a user with the role {role}: the hub deletes no staff"
                return plugin.Rejected(text, where=where)
        return None

    def _owner(self, resource: str, receipt: plugin.Receipt, email: str) -> plugin.ConnectorError:
        """The error of a refused e-mail address: who has it, or that it is none."""
        assert receipt.error is not None
        found = [item.id for item in self.find(resource, "email", [email]) if item.id != receipt.id] if email else []
        message = receipt.error.message
        if found:
            return plugin.Duplicate(message, existing_id=found[0], where=self.context.connection)
        return plugin.Rejected(message, field="email", where=self.context.connection)


def _cleared(value: Any) -> Any:
    """None is "" here: WooCommerce refuses null in addresses."""
    if isinstance(value, Mapping):
        return {name: _cleared(item) for name, item in value.items()}
    return "" if value is None else value


def _without_blanks(data: Mapping[str, Any]) -> dict[str, Any]:
    """A new customer needs no empty fields, and an empty billing.email is refused."""
    pruned = {
        name: {key: item for key, item in value.items() if item != ""} if isinstance(value, Mapping) else value
        for name, value in data.items()
    }
    return {name: value for name, value in pruned.items() if value not in ("", {})}
