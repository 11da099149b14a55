"""Random worlds: users edit systems of different shapes, writes and answers get lost; then everything must agree.

One seed is one world: the same seed gives the same trace.  A failing world names its seed: ``run_world(seed, ...)``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import ConnectorError, OutcomeUnknown, Unavailable
from hub.contract.records import Page, Record
from hub.sync.policy import DeletePolicy, Policy
from hub.testing.memory import Document
from tests.engine.world import LIST_NO_IDS, LIST_WITH_IDS, ONE_SLOT, TWO_SLOTS, World, no_fault

SHAPES = {"A": LIST_WITH_IDS, "B": ONE_SLOT, "C": TWO_SLOTS, "D": LIST_NO_IDS}
SYSTEMS = ("ABC", "ABD", "ACD", "BCD")
STEPS = 14


class RandomWorld:
    """A world whose users act at random, and what they typed."""

    def __init__(self, folder: Path, seed: int, policy: DeletePolicy, faults: float) -> None:
        self.random = random.Random(seed)
        names = SYSTEMS[seed % len(SYSTEMS)]
        rules = Policy(tuple(names), delete=dict.fromkeys(names, policy))
        self.world = World(folder, rules, **{name: SHAPES[name] for name in names})
        self.faults = faults
        self.typed: list[str] = []
        self.read: set[str] = set()
        self.number = 0
        self.watch()
        for server in self.world.servers.values():
            server.traits.page = 2

    # users

    def word(self, kind: str) -> str:
        self.number += 1
        word = f"{kind}{self.number}"
        self.typed.append(word)
        return word

    def mail(self) -> str:
        self.number += 1
        value = f"m{self.number}@x.example"
        self.typed.append(value)
        return value

    def act(self) -> None:
        """One user does one thing on one system."""
        system = self.random.choice(list(self.world.servers))
        server = self.world.servers[system]
        ids = list(server.alive())
        self.world.now += self.random.choice([1, 5, 60])
        deed = self.random.random()
        if not ids or deed < 0.12:
            self.add(system)
            return
        id_ = self.random.choice(ids)
        if deed < 0.18:
            server.remove(id_)
        elif deed < 0.40:
            server.edit(id_, name=self.word("Name "))
        elif deed < 0.60:
            server.edit(id_, notes=self.random.choice([self.word("note"), None]))
        else:
            server.edit(id_, self.mails(SHAPES[system]))

    def add(self, system: str) -> None:
        data: Document = {"name": self.word("Name ")}
        self.mails(SHAPES[system], first=True)(data)
        self.world.servers[system].add(data)

    def mails(self, shape: str, *, first: bool = False) -> Callable[[Document], None]:
        choice = 0.0 if first else self.random.random()
        pick = self.random.random()
        value = self.mail() if choice < 0.7 else None

        def in_list(data: Document) -> None:
            rows = data.setdefault("emails", [])
            if not rows or (value is not None and choice < 0.35):
                if value is not None:
                    rows.append({"value": value})
                return
            row = rows[int(pick * len(rows))]
            if value is None:
                rows.remove(row)
            else:
                row["value"] = value

        def in_slots(data: Document) -> None:
            slot = "email2" if "email2" in shape and pick < 0.5 and not first else "email"
            data[slot] = value

        return in_list if "list = " in shape else in_slots

    # faults

    def disturb(self) -> None:
        for server in self.world.servers.values():
            server.fault = self.fault

    def fault(self, call: str, _number: int) -> ConnectorError | None:
        if self.random.random() >= self.faults:
            return None
        if call == "receipt" or (call == "write" and self.random.random() < 0.5):
            return OutcomeUnknown("no answer")
        return Unavailable("down") if call != "receipt" else None

    def calm(self) -> None:
        for server in self.world.servers.values():
            server.fault = no_fault

    # what must hold

    def settle(self) -> None:
        self.calm()
        for _ in range(8):
            before = self.world.writes()
            self.world.sync()
            if self.world.writes() == before:
                return
        raise AssertionError("never quiet")

    def check(self) -> None:
        self.agree()
        self.nothing_lost()
        self.no_duplicates()
        assert self.world.store.work.open_ops() == []
        self.world.quiet()

    def agree(self) -> None:
        """Each system shows golden, as far as it can."""
        gids = [golden.gid for golden in self.world.goldens()]
        goldens = {golden.gid: golden for golden in self.world.goldens()}
        for links in self.world.store.records.links_by_gid(gids).values():
            for link in links:
                if link.state != "active":
                    continue
                data = self.world.servers[link.system].records[link.remote_id].data
                golden = goldens[link.gid]
                where = f"{link.system}/{link.remote_id}"
                assert data.get("name") == golden.value("name")["full"], where
                assert (data.get("notes") or None) == golden.value("notes"), where
                live = {item.value.value for item in golden.collection("emails").live()}
                shown = self.shown_mails(link.system, data)
                if "list = " in SHAPES[link.system]:
                    assert set(shown) == live, where
                else:
                    assert set(shown) <= live, where
                assert len(shown) == len(set(shown)), where

    def shown_mails(self, system: str, data: Document) -> list[str]:
        if "list = " in SHAPES[system]:
            return [row["value"] for row in data.get("emails") or []]
        return [data[slot] for slot in ("email", "email2") if data.get(slot)]

    def nothing_lost(self) -> None:
        """Every value that a user typed and that a sync could see is in golden or in the history."""
        history = self.history()
        lost = [word for word in self.typed if word in self.read and f"'{word}'" not in history]
        assert lost == []

    def history(self) -> str:
        store, parts = self.world.store, []
        for state in ("live", "dead", "merged"):
            for golden in self.world.goldens(state):
                parts.append(str(golden.to_json()))
                parts.extend(str((row["old"], row["new"])) for row in store.history.changes(golden.gid))
        parts.extend(str((row["winner"], row["loser"])) for row in store.history.ledger(limit=100_000))
        return " ".join(parts)

    def watch(self) -> None:
        """Note every value that a connector hands to the hub: the hub must not lose any of it."""
        for connector in self.world.connectors.values():
            for name in ("changes", "fetch", "find"):
                setattr(connector, name, self.watched(getattr(connector, name)))

    def watched(self, call: Callable[..., Iterator[Page | Record]]) -> Callable[..., Iterator[Page | Record]]:
        def wrapped(*args: Any) -> Iterator[Page | Record]:
            for item in call(*args):
                for record in item.records if isinstance(item, Page) else [item]:
                    self.read.update(words(record.data))
                yield item

        return wrapped

    def no_duplicates(self) -> None:
        """No system has two records of one golden record, and none that the hub made beside another."""
        for name, server in self.world.servers.items():
            found: dict[str, list[str]] = {}
            for id_, record in server.records.items():
                if record.op_key and not record.deleted:
                    found.setdefault(record.op_key, []).append(id_)
            doubles = {key: ids for key, ids in found.items() if len(ids) > 1}
            assert doubles == {}, name


def words(value: Any) -> list[str]:
    """All texts in a document."""
    if isinstance(value, Mapping):
        return [word for item in value.values() for word in words(item)]
    if isinstance(value, list):
        return [word for item in value for word in words(item)]
    return [value] if isinstance(value, str) else []


def run_world(folder: Path, seed: int, policy: DeletePolicy, faults: float) -> None:
    """One random life of a world, checked at its end."""
    play = RandomWorld(folder, seed, policy, faults)
    try:
        play.add(next(iter(play.world.servers)))
        play.settle()
        for _ in range(STEPS):
            for _ in range(play.random.randint(0, 3)):
                play.act()
                play.disturb()
            play.world._sync()
        play.settle()
        play.check()
    except Exception as error:
        raise AssertionError(f"seed {seed}, policy {policy!r}, faults {faults}: {error}") from error
    finally:
        play.world.store.close()


@pytest.mark.parametrize("policy", ["unlink", "propagate"])
@pytest.mark.parametrize("block", range(2))
def test_a_random_world_ends_in_agreement(tmp_path: Path, block: int, policy: DeletePolicy) -> None:
    for seed in range(block * 2, block * 2 + 2):
        run_world(tmp_path / str(seed), seed, policy, faults=0.0)


@pytest.mark.parametrize("policy", ["unlink", "propagate"])
@pytest.mark.parametrize("block", range(3))
def test_a_random_world_with_faults_ends_in_agreement(tmp_path: Path, block: int, policy: DeletePolicy) -> None:
    for seed in range(1000 + block * 2, 1000 + block * 2 + 2):
        run_world(tmp_path / str(seed), seed, policy, faults=0.06)
