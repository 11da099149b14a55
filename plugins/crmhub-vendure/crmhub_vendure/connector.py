"""The connector: configuration, what it can do, and how its parts are wired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property

from pydantic import Field as Setting
from pydantic import SecretStr

from crmhub_vendure.fields import check_rights, customer_fields
from crmhub_vendure.graphql import GraphQL
from crmhub_vendure.reading import Reader
from crmhub_vendure.shop import Shop
from crmhub_vendure.writing import Writer
from hub import plugin

RESOURCE = "customers"


class VendureConfig(plugin.ConnectorConfig):
    """Settings of one connection to a shop.

    url:        the admin API, "https://shop.example/admin-api".
    channel:    the token of the channel whose customers are meant; "" for the default channel.
    key_field:  a custom field of customers (text, unique) that holds our key; "" if the shop has none.
    page:       customers in one call; halved by itself when the shop's limits are smaller.
    overlap:    seconds that every poll looks back, longer than the longest transaction on the shop.
    scan_every: seconds after which a run also lists everything: only that shows edited addresses and groups.
    """

    url: str
    user: str
    password: SecretStr
    channel: str = ""
    key_field: str = Setting(default="", pattern=r"^([_A-Za-z][_0-9A-Za-z]*)?$")
    page: int = Setting(default=100, ge=2, le=1_000)
    overlap: float = Setting(default=120.0, ge=10.0, le=86_400.0)
    scan_every: float = Setting(default=0.0, ge=0.0, le=30 * 86_400.0)


class VendureConnector(plugin.Connector[VendureConfig]):
    """Customers of a Vendure shop (3.x) over its admin API."""

    name = "vendure"
    Config = VendureConfig
    limits = plugin.Limits(concurrency=2, source="Vendure has no rate limit; one Node process serves the shop as well")

    def check(self) -> plugin.Account:
        """Sign in; say who we are, in which channel, and which permissions are missing."""
        return check_rights(self._api, self._shop, self.config.url)

    def resources(self) -> Sequence[plugin.Resource]:
        """One resource: customers as whole documents."""
        keyed = bool(self.config.key_field)
        capabilities = plugin.Capabilities(
            deletes="listing",
            create="marker" if keyed else "unique_key",
            version_after_write=True,
            image_after_write=True,
            batch=25,
            page=self.config.page,
            find_by=frozenset({"op_key", "own_key", "email"} if keyed else {"email"}),
            parts={"addresses": "by_id"},
            poll_calls=1,
            misses=(
                "edited, added and removed addresses: they leave the customer's time of change as it was",
                "customers who were put into a group or taken out of one",
                "customers written by a transaction that ran longer than the overlap",
            ),
        )
        return [plugin.Resource(RESOURCE, capabilities=capabilities, mapping="vendure.customers")]

    def changes(self, resource: str, cursor: plugin.Json = None) -> Iterator[plugin.Page]:
        """Customers whose time of change moved since the cursor.  Raises CursorExpired."""
        _check(resource)
        yield from self._reader.changes(cursor, self.context.clock())

    def listing(self, resource: str) -> Iterator[plugin.Page]:
        """All customers, whole, in pages that cannot skip anybody."""
        _check(resource)
        yield from self._reader.listing()

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[plugin.Record]:
        """Whole customers by id."""
        _check(resource)
        yield from self._reader.fetch(ids)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        """Customers by e-mail address (any case) or, with a field for it, by our key (op_key, own_key)."""
        _check(resource)
        yield from self._reader.find(key, values)

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        """Create, update and delete customers; see ``crmhub_vendure.writing`` for what is atomic."""
        _check(resource)
        yield from self._writer.write(ops)

    def fields(self, resource: str) -> Sequence[plugin.Field]:
        """The fields of a customer, with the shop's custom ones and its countries."""
        _check(resource)
        return customer_fields(self._shop)

    @cached_property
    def _api(self) -> GraphQL:
        return GraphQL(
            self.context.http,
            self.context.tokens,
            url=self.config.url.rstrip("/"),
            user=self.config.user,
            password=self.config.password.get_secret_value(),
            channel=self.config.channel,
            where=self.context.connection,
        )

    @cached_property
    def _shop(self) -> Shop:
        return Shop(
            self._api,
            key_field=self.config.key_field,
            channel=self.config.channel,
            where=self.context.connection,
        )

    @cached_property
    def _reader(self) -> Reader:
        return Reader(
            self._api,
            self._shop,
            page=self.config.page,
            overlap=timedelta(seconds=self.config.overlap),
            scan_every=timedelta(seconds=self.config.scan_every),
        )

    @cached_property
    def _writer(self) -> Writer:
        return Writer(self._api, self._reader, self._shop)


def _check(resource: str) -> None:
    if resource != RESOURCE:
        raise plugin.ConfigError(f"vendure has no resource {resource!r}", hint=f"The only resource is {RESOURCE}")
