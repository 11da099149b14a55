"""A small world for engine tests: systems in memory, real mappings, the real store and the real engine."""

from __future__ import annotations

import functools
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.contract.connector import Context
from hub.contract.errors import ConnectorError, OutcomeUnknown
from hub.mapping.compile import compile_mapping
from hub.mapping.pairs import Env, Transform
from hub.mapping.parse import parse_mapping
from hub.mapping.transforms import Registry, as_line
from hub.state import Element, Golden, Link
from hub.store.history import Account
from hub.store.store import Store, open_store
from hub.sync.engine import Engine, Result
from hub.sync.policy import Policy
from hub.sync.systems import Source, Systems
from hub.testing.memory import MemoryConnector, MemoryServer, Traits

HEAD = 'version = 1\nsystem = "{name}"\nresource = "contacts"\nrecord = "customer"\nmatch = ["email"]\n'

LIST_WITH_IDS = """
[fields]
name.full = "name"
notes = "notes"
{fields}
[emails]
list = "emails"
id = "id"
value = { at = "value", as = "email" }
label = { at = "label", as = "label" }
primary = { at = "pref" }
"""
"""System A: a list with part ids."""

ONE_SLOT = """
[fields]
name.full = "name"
notes = "notes"
{fields}
[emails.slots]
email = { pick = "primary", as = "email" }
"""
"""System B: one slot."""

TWO_SLOTS = """
[fields]
name.full = "name"
notes = "notes"
{fields}
[emails.slots]
email = { pick = "primary", as = "email" }
email2 = { pick = "next", as = "email" }
"""
"""System C: two slots, primary and next."""

LABEL_SLOTS = """
[fields]
name.full = "name"
notes = "notes"
{fields}
[emails.slots]
work = { pick = "label:work", as = "email" }
home = { pick = "label:home", as = "email" }
"""
"""System C with labelled slots."""

LIST_NO_IDS = """
[fields]
name.full = "name"
notes = "notes"
{fields}
[emails]
list = "emails"
value = { at = "value", as = "email" }
label = { at = "label", as = "label" }
primary = { at = "pref" }
"""
"""System D: a list without part ids."""


PLAIN = """
[fields]
name.full = "name"
notes = "notes"
{fields}
[emails.slots]
email = { pick = "primary", as = "email" }
"""
"""Two fields and one e-mail slot."""

Fault = Callable[[str, int], ConnectorError | None]


def no_fault(_call: str, _number: int) -> ConnectorError | None:
    """A server that answers."""
    return None


def failing(error: ConnectorError, *calls: str) -> Fault:
    """A server of which some calls fail: "changes", "listing", "fetch", "find", "write" or "receipt" (after writing)."""
    return lambda call, _number: error if call in calls else None


def losing(server: MemoryServer, call: str, meanwhile: Callable[[], object] = lambda: None) -> Fault:
    """A server of which the next such call is lost after ``meanwhile`` ("write": on its way, "receipt": its answer)."""

    def lost(now: str, _number: int) -> ConnectorError | None:
        if now != call:
            return None
        server.fault = no_fault
        meanwhile()
        return OutcomeUnknown("lost")

    return lost


@functools.cache
def empty_store() -> bytes:
    """A migrated, empty database file: copying it is faster than migrating in every test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        open_store(path).close()
        return path.read_bytes()


def upper(args: tuple[str, ...], env: Env) -> Transform:
    """A system that upper-cases what it is given, known to its mapping."""

    def put(value: Any) -> Any:
        return str(value).upper()

    return Transform("upper", as_line, put, exact="line")


class World:
    """Systems, store and engine of one test.  ``sync()`` runs once (approving the first plan by itself)."""

    def __init__(self, folder: Path, policy: Policy | None = None, **shapes: str) -> None:
        self.now = 1_800_000_000.0
        self.folder = folder
        self.path = folder / "hub.db"
        if not self.path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(empty_store())
        self.store: Store = open_store(self.path)
        self.servers: dict[str, MemoryServer] = {}
        self.connectors: dict[str, MemoryConnector] = {}
        self.shapes: dict[str, str] = {}
        self.offsets: dict[str, float] = {}
        self._ids = itertools.count(1)
        self.policy = policy or Policy(tuple(shapes))
        for name, shape in shapes.items():
            self.add_system(name, shape)

    def add_system(self, name: str, shape: str, **traits: Any) -> MemoryServer:
        parts = {"emails": "by_id" if 'id = "id"' in shape else "whole"} if "list = " in shape else {}
        server = MemoryServer(Traits(parts=parts, **traits), lambda: self.now)
        self.servers[name] = server
        context = Context(name, lambda: None, self.folder)  # type: ignore[arg-type, return-value]  # no HTTP in memory
        self.connectors[name] = MemoryConnector(server, context)
        self.shapes[name] = shape
        if name not in self.policy.systems:
            self.policy = Policy((*self.policy.systems, name))
        return server

    def sources(self) -> list[Source]:
        result = []
        for name, connector in self.connectors.items():
            text = HEAD.format(name=name) + self.shapes[name].replace("{fields}", "")
            mapping = compile_mapping(
                parse_mapping(text, name=f"{name}.contacts", file=f"{name}.toml"), registry=Registry({"upper": upper})
            )
            capabilities = connector.resources()[0].capabilities
            result.append(
                Source(name, "contacts", connector, mapping, capabilities, calls=lambda c=connector: c.server.calls)
            )
        return result

    def engine(self, **options: Any) -> Engine:
        return Engine(
            self.store,
            Systems(self.sources(), self.offsets),
            self.policy,
            "test",
            clock=lambda: self.now,
            new_id=lambda: f"id{next(self._ids):05d}",
            **options,
        )

    def reopen(self) -> None:
        """The process ends and starts again."""
        self.store.close()
        self.store = open_store(self.path)

    def sync(self, **options: Any) -> Result:
        """One run; an hour passes.  The plan of a first sync is approved.  Every record is accounted for."""
        result = self._sync(**options)
        assert all(item.ok for item in result.accounts), result.accounts
        return result

    def _sync(self, **options: Any) -> Result:
        self.now += 3600
        engine = self.engine(**options)
        if self.store.work.meta("approved:test") == "":
            plan = engine.read().plan
            assert plan is not None
            if not plan.items:
                with self.store.transaction():
                    self.store.work.set_meta("approved:test", "nothing to write")
                return engine.sync()
            return engine.sync(approve=plan.hash())
        return engine.sync()

    def quiet(self) -> None:
        """Two more runs write nothing."""
        for _ in range(2):
            before = {name: len(server.writes) for name, server in self.servers.items()}
            result = self.sync()
            after = {name: len(server.writes) for name, server in self.servers.items()}
            assert after == before, "a run without edits wrote something"
            assert result.state in ("success", "partial"), result.state

    def goldens(self, state: str = "live") -> list[Golden]:
        """All golden records of a state."""
        with self.store.db.transaction() as connection:
            rows = connection.exec_driver_sql("SELECT gid FROM golden ORDER BY gid").all()
        found = self.store.records.goldens([row.gid for row in rows]).values()
        return sorted((item for item in found if item.state == state), key=lambda item: item.gid)

    def link(self, system: str) -> Link:
        """The only link on a system, beside those of records that are gone."""
        with self.store.db.transaction() as connection:
            rows = connection.exec_driver_sql("SELECT DISTINCT gid FROM link").all()
        by_gid = self.store.records.links_by_gid([row.gid for row in rows])
        here = [item for items in by_gid.values() for item in items if item.system == system]
        (found,) = here if len(here) == 1 else [item for item in here if item.state != "gone"]
        return found

    def account(self, system: str, result: Result) -> Account:
        (found,) = [item for item in result.accounts if item.system == system]
        return found

    def writes(self) -> int:
        """Writes carried out by all systems so far."""
        return sum(len(server.writes) for server in self.servers.values())

    def golden(self) -> Golden:
        """The only live golden record."""
        gids = list(self.store.records.gids())
        assert len(gids) == 1, gids
        return self.store.records.goldens(gids)[gids[0]]

    def emails(self) -> dict[str, Element]:
        """Live e-mail elements of the only golden record by value."""
        return {item.value.value: item for item in self.golden().collection("emails").live()}

    def primary(self) -> str | None:
        coll = self.golden().collection("emails")
        eid = coll.primary_eid()
        return None if eid is None else coll.elements[eid].value.value

    def undelete(self, system: str, id_: str) -> None:
        """A user takes a record out of the bin."""
        self.servers[system].records[id_].deleted = False
        self.servers[system].edit(id_)

    def one(self, system: str) -> dict[str, Any]:
        """The only record of a system."""
        (data,) = self.servers[system].alive().values()
        return data

    def id(self, system: str) -> str:
        (id_,) = self.servers[system].alive()
        return id_

    def rows(self, system: str) -> list[tuple[str, str | None]]:
        return [(row["value"], row.get("label")) for row in self.one(system)["emails"]]

    def ledger(self, **filters: Any) -> list[dict[str, Any]]:
        return self.store.history.ledger(**filters)
