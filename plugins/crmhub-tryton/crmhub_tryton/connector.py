"""The connector: configuration, what it can do, and how its parts are wired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property

from pydantic import Field as Setting
from pydantic import SecretStr

from crmhub_tryton.fields import check_rights, party_fields
from crmhub_tryton.reading import Reader
from crmhub_tryton.rpc import Rpc
from crmhub_tryton.tables import Tables
from crmhub_tryton.writing import Writer
from hub import plugin


class TrytonConfig(plugin.ConnectorConfig):
    """Settings of one Tryton connection.

    url:      the server without the database, "https://erp.example:8000".
    language: the code of the language that the server's messages come in.
    page, listing_page: parties in one call of whole documents, and of ids with versions.
    overlap:  seconds that every poll looks back, longer than the longest transaction on the server.
    """

    url: str
    database: str
    user: str
    password: SecretStr
    language: str = "en"
    page: int = Setting(default=500, ge=1, le=10_000)
    listing_page: int = Setting(default=2_000, ge=1, le=100_000)
    overlap: float = Setting(default=120.0, ge=0.0, le=86_400.0)


class TrytonConnector(plugin.Connector[TrytonConfig]):
    """Parties of a Tryton ERP (series 7.0 to 8.2) over JSON-RPC."""

    name = "tryton"
    Config = TrytonConfig
    limits = plugin.Limits(concurrency=4, source="Tryton has no rate limit except for failed logins")

    def check(self) -> plugin.Account:
        """Sign in; say the server's version, the user and which rights are missing."""
        return check_rights(self._rpc, self.config.user, self.config.url)

    def resources(self) -> Sequence[plugin.Resource]:
        """One resource: parties as whole documents."""
        capabilities = plugin.Capabilities(
            deletes="listing",
            conditional_write=True,
            create="marker",
            version_after_write=True,
            image_after_write=True,
            batch=100,
            page=self.config.page,
            find_by=frozenset({"op_key", "own_key", "email", "phone", "tax_id"}),
            clock_resolution=0.000001,
            parts={
                "contact_mechanisms": "by_id",
                "addresses": "by_id",
                "identifiers": "by_id",
                "categories": "whole",
            },
            poll_calls=2,
            misses=(
                "rows committed by a transaction that ran longer than the overlap",
                "a renamed category",
                "a contact, address or identifier deleted by itself in one transaction with an edit of another party",
                "deletions, when the user may not read the log of changes (ir.model.log)",
            ),
        )
        return [plugin.Resource("party", capabilities=capabilities, mapping="tryton.party")]

    def changes(self, resource: str, cursor: plugin.Json = None) -> Iterator[plugin.Page]:
        """Parties whose own or whose parts' stamps moved since the cursor.  Raises CursorExpired."""
        _check(resource)
        yield from self._reader.changes(cursor)

    def listing(self, resource: str) -> Iterator[plugin.Page]:
        """Ids and versions of all parties, also archived ones."""
        _check(resource)
        yield from self._reader.listing(self.config.listing_page)

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[plugin.Record]:
        """Whole parties by id."""
        _check(resource)
        yield from self._reader.fetch(ids)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        """Parties by our key (op_key, own_key), e-mail (any case), phone (digits) or tax id."""
        _check(resource)
        yield from self._reader.find(key, values)

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        """Create, update and delete parties; see ``crmhub_tryton.writing`` for what is atomic."""
        _check(resource)
        yield from self._writer.write(ops)

    def fields(self, resource: str) -> Sequence[plugin.Field]:
        """The fields of a party with the values that this database accepts; countries are empty until imported."""
        _check(resource)
        return party_fields(self._rpc, self._tables)

    def close(self) -> None:
        """Sign out, if anybody signed in.  Raises nothing: a session that stays open expires on the server."""
        rpc = self.__dict__.get("_rpc")
        if isinstance(rpc, Rpc):
            try:
                rpc.sign_out()
            except plugin.ConnectorError as error:
                self.context.log.debug("%s: the session was not closed: %s", self.context.connection, error)

    @cached_property
    def _rpc(self) -> Rpc:
        return Rpc(
            self.context.http,
            url=self.config.url,
            database=self.config.database,
            user=self.config.user,
            password=self.config.password.get_secret_value(),
            language=self.config.language,
        )

    @cached_property
    def _tables(self) -> Tables:
        return Tables(self._rpc)

    @cached_property
    def _reader(self) -> Reader:
        overlap = timedelta(seconds=self.config.overlap)
        return Reader(self._rpc, page=self.config.page, overlap=overlap, log=self.context.log)

    @cached_property
    def _writer(self) -> Writer:
        return Writer(self._rpc, self._reader, self._tables)


def _check(resource: str) -> None:
    if resource != "party":
        raise plugin.ConfigError(f"tryton has no resource {resource!r}", hint="The only resource is party")
