"""The connector: one mailbox, of which messages are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from crmhub_mail.folders import watched
from crmhub_mail.login import flow_of, token_of
from crmhub_mail.settings import ImapConfig
from hub.plugin import (
    Account,
    Capabilities,
    Connector,
    Field,
    Json,
    Limits,
    Page,
    Record,
    Resource,
)

if TYPE_CHECKING:
    from crmhub_mail.index import Index
    from crmhub_mail.reading import Reader
    from crmhub_mail.session import Session
    from hub.plugin import OAuth2

_ABLE = Capabilities(
    writes=frozenset(),
    incremental=True,
    deletes="feed",
    page=200,
    clock_resolution=0.0,
    poll_calls=3,
    misses=("nothing, as long as its index file is kept",),
)
_FIELDS = (
    Field("message_id", label="Message-ID, or a digest where there is none"),
    Field("date", "datetime", label="when it was written, in UTC"),
    Field("direction", "enum", values=("inbound", "outbound", "internal")),
    Field("subject"),
    Field("parties", "list", label="role, name, address, own"),
    Field("thread", label="the first message of the conversation"),
    Field("size", "number", label="bytes"),
    Field("text", label="the beginning of the text"),
    Field("ignored", label="why it says nothing about a customer"),
    Field("bounce", "object", label="address, status, permanent, reason of a delivery report"),
)


class Imap(Connector[ImapConfig]):
    """Messages of a mailbox as interactions with customers."""

    name: ClassVar[str] = "imap"
    Config = ImapConfig
    limits = Limits(concurrency=1, source="one connection; Gmail allows 15, Microsoft 365 about 20 per mailbox")

    _session: Session | None = None
    _index: Index | None = None
    _names: Sequence[str] = ()

    @property
    def auth(self) -> OAuth2 | None:
        """What `crmhub connect login` signs in with; None where there is a password or a ready token."""
        return flow_of(self.config, self.context)

    def check(self) -> Account:
        """Sign in and open the folders.  Raises AuthError, ConfigError or Unavailable."""
        session = self._signed_in()
        folders = self._folders(session)
        counted = ", ".join(f"{name} ({session.status(name).messages} messages)" for name in folders)
        extras = [name for name in ("CONDSTORE", "QRESYNC") if name in session.capabilities]
        return Account(
            name=f"{self.config.user}: {counted}",
            server=f"{self.config.where}{' with ' + ' and '.join(extras) if extras else ''}",
            granted=("read",),
        )

    def resources(self) -> Sequence[Resource]:
        """One resource, ``messages``."""
        return [Resource("messages", "interaction", _ABLE, mapping="imap.messages")]

    def fields(self, resource: str) -> Sequence[Field]:
        """What a message is made of; the same for every server."""
        return _FIELDS

    def changes(self, resource: str, cursor: Json = None) -> Iterator[Page]:
        """What came, went or was replaced since the index stood at the cursor's number."""
        reader = self._reader()
        index = reader.index
        known = isinstance(cursor, dict) and cursor.get("index") == index.epoch
        told = int(cursor["seq"]) if known else 0
        lost = (
            cursor is not None and not known
        )  # the index is another one: what went meanwhile, only a listing can tell
        if known:
            index.forget(told)
        held: Page | None = None
        for _ in self._steps(reader):
            for page in self._pages(reader, told, relist=lost):
                if held is not None:
                    yield held
                held, told = page, int(page.cursor["seq"])
        if held is None:
            held = Page([], {"index": index.epoch, "seq": told}, relist=lost)
        yield Page(held.records, held.cursor, complete=True, relist=held.relist)

    def _steps(self, reader: Reader) -> Iterator[None]:
        """Before the update (what an earlier run did not store), after each of its chunks, and after it."""
        yield
        yield from reader.update()
        yield

    def _pages(self, reader: Reader, told: int, *, relist: bool) -> Iterator[Page]:
        """What the index has and the hub was not told."""
        changed = reader.index.since(told)
        size = self.config.page
        for start in range(0, len(changed), size):
            batch = changed[start : start + size]
            ids = list(dict.fromkeys(id_ for _, id_ in batch))
            yield Page(reader.records(ids), {"index": reader.index.epoch, "seq": batch[-1][0]}, relist=relist)

    def listing(self, resource: str) -> Iterator[Page]:
        """Every message's id and version, from the index once it is up to date."""
        reader = self._reader()
        for _ in reader.update():
            pass
        ids = reader.index.ids()
        size = max(self.config.page, 1000)
        batches = [ids[start : start + size] for start in range(0, len(ids), size)] or [[]]
        for number, batch in enumerate(batches, start=1):
            copies = reader.standing(batch)
            records = [Record(id_, None, copies[id_].version) for id_ in batch]
            yield Page(records, complete=number == len(batches))

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[Record]:
        """Messages by id, whole."""
        reader = self._reader()
        for _ in reader.update():
            pass
        there = reader.standing(ids)
        yield from reader.records([id_ for id_ in ids if id_ in there])

    def close(self) -> None:
        """Sign out."""
        if self._session is not None:
            self._session.close()
            self._session, self._names = None, ()
        if self._index is not None:
            self._index.close()
            self._index = None

    def _signed_in(self) -> Session:
        from crmhub_mail.session import Session

        if self._session is None:
            where = self.context.connection
            self._session = Session(self.config, where, lambda: token_of(self.config, self.context))
        return self._session

    def _reader(self) -> Reader:
        from crmhub_mail.index import Index
        from crmhub_mail.reading import Reader

        session = self._signed_in()
        folders = self._folders(session)
        if self._index is None:
            self._index = Index(self.context.folder / "index.db")
        return Reader(session, self._index, self.config, folders)

    def _folders(self, session: Session) -> Sequence[str]:
        """The names of the watched folders, asked for once.  Raises ConfigError for one that does not exist."""
        if not self._names:
            self._names = watched(session.folders(), self.config.folders, self.context.connection)
        return self._names
