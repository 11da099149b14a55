"""The connector: configuration, what it can do, and how its parts are wired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Literal

from pydantic import Field as Setting
from pydantic import SecretStr

from crmhub_odoo.document import wanted
from crmhub_odoo.fields import check_rights, partner_fields
from crmhub_odoo.reading import Reader
from crmhub_odoo.rpc import Rpc
from crmhub_odoo.tables import Tables
from crmhub_odoo.writing import Writer
from hub import plugin

_QUIET = {"tracking_disable": True, "mail_create_nosubscribe": True, "mail_create_nolog": True, "mail_notrack": True}
"""No followers and no notes in the chatter for what the hub writes."""


class OdooConfig(plugin.ConnectorConfig):
    """Settings of one Odoo connection.

    url:       the server without a path, "https://erp.example".
    login:     the user's login; JSON-2 needs none, since the key says who we are.
    transport: json2 (from Odoo 19), jsonrpc (to Odoo 21); auto: json2 where the server has it.
    fields:    more fields of res.partner to read, such as x_studio_ones, for lines of your own mapping.
    staff:     also the partners of internal users and of the own companies.
    companies: ids of the own companies whose partners are meant; empty: those that the user works in by default.
    page:      partners in one call.
    overlap:   seconds that every poll looks back, longer than the longest transaction on the server.
    """

    url: str
    database: str = ""
    login: str = ""
    api_key: SecretStr
    transport: Literal["auto", "json2", "jsonrpc"] = "auto"
    fields: tuple[str, ...] = ()
    staff: bool = False
    companies: tuple[int, ...] = ()
    page: int = Setting(default=500, ge=1, le=10_000)
    overlap: float = Setting(default=300.0, ge=0.0, le=86_400.0)


class OdooConnector(plugin.Connector[OdooConfig]):
    """Customers of Odoo 16 to 19: res.partner with the addresses that belong to a partner."""

    name = "odoo"
    Config = OdooConfig
    limits = plugin.Limits(concurrency=2, source="Odoo has no limits of its own; Odoo Online asks for fair use")

    def check(self) -> plugin.Account:
        """Sign in; say the server's version, the user and which rights are missing.  Raises ConfigError for ``fields``
        that Odoo does not have."""
        account = check_rights(self._rpc, self.config.login, self.config.url)
        _ = self._reader.available
        return account

    def resources(self) -> Sequence[plugin.Resource]:
        """One resource: partners that are no mere addresses, with their addresses."""
        capabilities = plugin.Capabilities(
            deletes="listing",
            conditional_write=False,
            create="upsert_key",
            version_after_write=True,
            image_after_write=True,
            batch=100,
            page=self.config.page,
            find_by=frozenset({"op_key", "email", "phone", "tax_id"}),
            clock_resolution=1.0,
            parts={"category_id": "whole"},
            poll_calls=3,
            misses=(
                "rows committed by a transaction that ran longer than the overlap",
                "an address that was deleted (one that was archived is seen)",
                "renamed tags, countries, states, titles and industries",
            ),
        )
        return [plugin.Resource("partners", capabilities=capabilities, mapping="odoo.partners")]

    def changes(self, resource: str, cursor: plugin.Json = None) -> Iterator[plugin.Page]:
        """Partners whose own or whose addresses' write_date moved since the cursor.  Raises CursorExpired."""
        _check(resource)
        yield from self._reader.changes(cursor)

    def listing(self, resource: str) -> Iterator[plugin.Page]:
        """Ids and versions of all partners, also archived ones."""
        _check(resource)
        yield from self._reader.listing()

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[plugin.Record]:
        """Whole partners by id."""
        _check(resource)
        yield from self._reader.fetch(ids)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        """Partners by our key (op_key), e-mail (any case), phone (digits) or tax number."""
        _check(resource)
        yield from self._reader.find(key, values)

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        """Create, update and delete partners; see ``crmhub_odoo.writing`` for what is atomic."""
        _check(resource)
        yield from self._writer.write(ops)

    def fields(self, resource: str) -> Sequence[plugin.Field]:
        """The fields of a partner that this server has, with the values that they take."""
        _check(resource)
        found = self._reader.available
        return list(partner_fields(found, wanted(found, self.config.fields), self._tables))

    @cached_property
    def _rpc(self) -> Rpc:
        companies = {"allowed_company_ids": list(self.config.companies)} if self.config.companies else {}
        return Rpc(
            self.context.http,
            url=self.config.url,
            database=self.config.database,
            login=self.config.login,
            key=self.config.api_key.get_secret_value(),
            transport=self.config.transport,
            context={"active_test": False, **_QUIET, **companies},
        )

    @cached_property
    def _tables(self) -> Tables:
        return Tables(self._rpc)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(
            self._rpc,
            self._tables,
            page=self.config.page,
            overlap=timedelta(seconds=self.config.overlap),
            staff=self.config.staff,
            extra=self.config.fields,
        )

    @cached_property
    def _writer(self) -> Writer:
        return Writer(self._rpc, self._reader, self._tables)


def _check(resource: str) -> None:
    if resource != "partners":
        raise plugin.ConfigError(f"odoo has no resource {resource!r}", hint="The only resource is partners")
