"""The rules on a connection of the user's configuration: a real account with real records.

Without a probe nothing is written: what needs a person is exempt, and a few rules of its own read the first pages.  With
one, the kit makes records of its own, sees only these, and removes them again whatever happens.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from hub.contract.connector import AnyConnector, Connector, ConnectorConfig
from hub.contract.errors import HubError, NotFound
from hub.contract.records import Account, Field, Op, Page, Receipt, Record, Resource
from hub.testing.kit.bench import Bench, Exempt
from hub.testing.kit.rules import RULES, Rule

_FEW = 5
_PAGES = 2
"""Pages that a reading rule takes of a real account."""


def reads_a_first_page(bench: Bench) -> None:
    """The first page has ids as text, and reading some of its records again gives the same ones."""
    connector = bench.connect()
    page = next(iter(connector.changes(bench.resource, None)), None)
    assert page is not None, "a pass without any page"
    alive = [item for item in page.records if not item.deleted and item.merged_into is None and item.error is None]
    assert all(isinstance(item.id, str) and item.id for item in alive), "ids must be text"
    bench.exempt_unless(alive or not page.complete, "the resource is empty")
    wanted = [item.id for item in alive[:_FEW]]
    again = {item.id: item for item in connector.fetch(bench.resource, wanted)}
    assert set(again) == set(wanted), f"of {len(wanted)} records of the first page {len(again)} can be read again"
    assert all(item.data for item in again.values()), "a record that is fetched has no data"


def goes_on_after_a_page(bench: Bench) -> None:
    """The cursor of the first page, kept as JSON, leads on to other records."""
    pages = bench.pages()
    bench.exempt_unless(len(pages) > 1, "everything fits one page")
    cursor = json.loads(json.dumps(pages[0].cursor))
    bench.exempt_unless(cursor is not None, "a pass cannot be taken up in its middle")
    after = next(iter(bench.connect().changes(bench.resource, cursor)), None)
    assert after is not None, "nothing comes after the first page"
    before = {item.id for item in pages[0].records}
    assert not before or {item.id for item in after.records} != before, "the cursor leads to the same page again"


def _rules(*modules: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if rule.run.__module__.rpartition(".")[2] in modules)


OWN_RULES: tuple[Rule, ...] = tuple(
    Rule(run.__name__, "bronze", run) for run in (reads_a_first_page, goes_on_after_a_page)
)
LIVE_RULES: tuple[Rule, ...] = (*_rules("describing"), *OWN_RULES)
"""What is tried on a real account without writing."""

PROBE_RULES: tuple[Rule, ...] = (*LIVE_RULES, *_rules("reading", "writing"))
"""What is tried there with records of our own."""


def live_bench(
    bench: type[Bench], connect: Callable[[], AnyConnector], hidden: Sequence[str], *, probe: bool
) -> type[Bench]:
    """The plugin's bench on a real account.

    connect: opens the connection; hidden: its secrets; probe: whether records of our own may be made.
    """
    made: Any = type(f"Live{bench.__name__}", (_Live, bench), {})
    made.open_connection, made.probing, made.variant, made.real = staticmethod(connect), probe, False, ""
    made.secrets = tuple(hidden)
    found: type[Bench] = made
    return found


class _Live(Bench):
    """Goes before a plugin's bench: the account instead of its system."""

    open_connection: Callable[[], AnyConnector]
    probing: bool

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        self.wire = None
        self._account = self.open_connection()
        self._own: dict[str, None] = {}
        self._base = 100_000 + secrets.randbelow(800_000)  # a former probe that could not clean up is in nobody's way
        try:
            yield
        finally:
            self._clean()

    def settings(self) -> Mapping[str, Any]:
        return dict(self._account.config)

    def connect(self, **settings: Any) -> AnyConnector:
        if settings:
            raise Exempt("other settings are not tried on a real account")
        return _Own(self._account, self._own, everything=not self.probing)

    def wrong_login(self) -> Mapping[str, Any] | None:
        return None

    def pages(self, cursor: Any = None, connector: AnyConnector | None = None) -> list[Page]:
        found = (connector or self.connect()).changes(self.resource, cursor)
        return list(found if self.probing else islice(found, _PAGES))

    def document(self, number: int) -> dict[str, Any]:
        return super().document(self._base + number)  # type: ignore[safe-super]  # of the plugin's bench

    def later(self, seconds: float) -> None:
        """A real clock goes on by itself."""

    @property
    def moves_clock(self) -> bool:
        return False

    # the person is the kit, by another way than the connector that is tried only in what it asks for

    def person_creates(self, number: int) -> str:
        receipt = self._do(Op(f"probe-{self._base}-{number}-{len(self._own)}", "create", None, self.document(number)))
        assert receipt.id is not None
        return receipt.id

    def person_writes(self, id_: str, text: str) -> None:
        self._do(Op(f"probe-{secrets.token_hex(4)}", "update", id_, {self.text: text}))

    def person_deletes(self, id_: str) -> None:
        self._do(Op(f"probe-{secrets.token_hex(4)}", "delete", id_, {}))

    def person_sees(self) -> Mapping[str, str]:
        self._needs_probe()
        found = self._account.fetch(self.resource, list(self._own)) if self._own else ()
        return {item.id: str((item.data or {}).get(self.text) or "") for item in found if not item.deleted}

    def _needs_probe(self) -> None:
        if not self.probing:
            raise Exempt("this needs records of its own: --write-probe")

    def _do(self, op: Op) -> Receipt:
        self._needs_probe()
        (receipt,) = self.connect().write(self.resource, [op])
        if receipt.error is not None:
            raise receipt.error
        return receipt

    def _clean(self) -> None:
        """Remove what this rule has made.  Raises HubError naming what could not be removed."""
        if not self._own:
            return
        ops = [Op(f"clean-{index}", "delete", id_, {}) for index, id_ in enumerate(self._own)]
        left = {item.id: item.error for item in self._account.write(self.resource, ops) if item.error is not None}
        there = {item.id for item in self._account.fetch(self.resource, list(self._own)) if not item.deleted}
        stuck = sorted(there | {str(id_) for id_, error in left.items() if not isinstance(error, NotFound)})
        if stuck:
            raise HubError(
                f"records of the probe could not be removed: {', '.join(stuck)}",
                where=self.resource,
                hint="Remove them by hand",
            )


class _Own(Connector[ConnectorConfig]):
    """The account as the rules see it: with a probe only its own records; what it creates is remembered first."""

    def __init__(self, inner: AnyConnector, own: dict[str, None], *, everything: bool) -> None:
        super().__init__(inner.config, inner.context)
        self._inner, self._ids, self._everything = inner, own, everything

    def check(self) -> Account:
        return self._inner.check()

    def resources(self) -> Sequence[Resource]:
        return self._inner.resources()

    def fields(self, resource: str) -> Sequence[Field]:
        return self._inner.fields(resource)

    def changes(self, resource: str, cursor: Any = None) -> Iterator[Page]:
        yield from map(self._seen, self._inner.changes(resource, cursor))

    def listing(self, resource: str) -> Iterator[Page]:
        yield from map(self._seen, self._inner.listing(resource))

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[Record]:
        yield from self._inner.fetch(resource, ids)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[Record]:
        yield from self._inner.find(resource, key, values)

    def write(self, resource: str, ops: Sequence[Op]) -> Iterator[Receipt]:
        self._only_own(ops)
        for receipt in self._inner.write(resource, ops):
            if receipt.id is not None and any(op.key == receipt.key and op.kind == "create" for op in ops):
                self._ids[receipt.id] = None
            yield receipt

    def _only_own(self, ops: Sequence[Op]) -> None:
        """Whatever a rule does, no record of somebody else is ever written."""
        strange = [op.id for op in ops if op.kind != "create" and op.id not in self._ids]
        if self._everything or strange:
            _refuse(strange)

    def _seen(self, page: Page) -> Page:
        if self._everything:
            return page
        records = [item for item in page.records if item.id in self._ids]
        return Page(records, page.cursor, complete=page.complete, epoch=page.epoch, relist=page.relist)


def _refuse(strange: Sequence[str | None]) -> NoReturn:
    raise HubError(f"the kit tried to write records that are not its own: {strange}")
