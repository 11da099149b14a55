"""The stress test: it finds nothing in what is shipped, and something in connectors that are wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from crmhub_hubspot.bench import ContactsBench
from crmhub_mail.bench import DovecotBench
from crmhub_sql.bench import SqliteBench
from hub import plugin
from hub.cli.main import make_app
from hub.cli.plugin_grade import benches_of
from hub.loader import Registry, load
from hub.testing.kit import Bench
from hub.testing.stateful import NotPlayable, play

ELSEWHERE = ("vendure", "bottlecrm")
"""Their servers take minutes to prepare: their own tests play them where they are."""
SEEDS = range(1, 7)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def shipped() -> list[Any]:
    found = load()
    return [
        pytest.param(title, bench, id=title)
        for item in found.plugins
        if item.name not in ELSEWHERE
        for title, bench in benches_of(found, item)
    ]


@pytest.mark.parametrize(("title", "bench"), shipped())
def test_people_and_a_hub_that_is_killed_agree_at_the_end(title: str, bench: type[Bench], registry: Registry) -> None:
    try:
        outcome = play(title, bench, registry, rounds=4, seed=4)
    except NotPlayable as error:
        pytest.skip(str(error))
    assert outcome.wrong == [], "\n".join(outcome.trace)
    assert outcome.counts["writes"] > 5
    assert outcome.counts["killed"] > 0


def test_a_seed_is_played_in_one_way(registry: Registry) -> None:
    first, again = (play("sql", SqliteBench, registry, rounds=4, seed=3) for _ in range(2))
    other = play("sql", SqliteBench, registry, rounds=4, seed=4)
    assert first.trace == again.trace
    assert first.trace != other.trace


def test_the_wire_cuts_requests_of_a_connector_that_speaks_http(registry: Registry) -> None:
    outcome = play("hubspot", ContactsBench, registry, rounds=8, seed=1)
    assert outcome.wrong == []
    assert outcome.counts["faults"] > 0


def test_mail_holds_no_customers(registry: Registry) -> None:
    with pytest.raises(NotPlayable, match="holds no customers"):
        play("mail", DovecotBench, registry, rounds=1, seed=1)


Sql: Any = SqliteBench.connector


class Forgetful(Sql):  # type: ignore[misc]  # the class is only known as a connector
    """Says that it has written what it has not."""

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        for op in ops:
            if op.kind == "update":
                yield plugin.Receipt(op.key, op.id)
            else:
                yield from super().write(resource, [op])


class Twice(Sql):  # type: ignore[misc]
    """Sends a create again."""

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        again = [replace(op, key=f"{op.key}-again") for op in ops if op.kind == "create"]
        yield from super().write(resource, ops)
        list(super().write(resource, again))


class Overlooking(Sql):  # type: ignore[misc]
    """Leaves one record out of every pass, also of complete ones."""

    def changes(self, resource: str, cursor: Any = None) -> Iterator[plugin.Page]:
        for page in super().changes(resource, cursor):
            yield replace(page, records=[item for item in page.records if item.id != "2"])

    def listing(self, resource: str) -> Iterator[plugin.Page]:
        yield from super().listing(resource)


class Deaf(Sql):  # type: ignore[misc]
    """Never tells of a deletion."""

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[plugin.Record]:
        found = {item.id: item for item in super().fetch(resource, ids)}
        yield from found.values()
        yield from (plugin.Record(id_, {"name": "Ghost"}, "1") for id_ in ids if id_ not in found)


class Blind(Sql):  # type: ignore[misc]
    """Clears what is not mentioned."""

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        blank = {"email": None}
        yield from super().write(
            resource, [replace(op, data={**blank, **op.data}) if op.kind == "update" else op for op in ops]
        )


class Stubborn(Sql):  # type: ignore[misc]
    """Refuses a text without saying why it should not be sent again."""

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        for op in ops:
            if op.kind == "update":
                raise plugin.AuthError("not today")
            yield from super().write(resource, [op])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Forgetful, "only fellow has"),
        (Twice, "times"),
        (Overlooking, "only sql has"),
        (Deaf, "only fellow has"),
        (Blind, "is not there any more"),
        (Stubborn, "was paused: needs_login"),
    ],
    ids=lambda item: getattr(item, "__name__", None),
)
def test_a_connector_that_is_wrong_is_found_out(wrong: Any, said: str, registry: Registry) -> None:
    class WrongBench(SqliteBench):
        connector = wrong

    found: list[str] = []
    for seed in SEEDS:
        found += play("sql", WrongBench, registry, rounds=4, seed=seed).wrong
        if any(said in line for line in found):
            return
    pytest.fail(f"none of {len(SEEDS)} seeds found it; they said {found[:3]}")


def test_the_command_says_how_a_failure_is_played_again() -> None:
    done = CliRunner().invoke(make_app(), ["plugin", "stress", "sql", "--rounds", "2", "--seeds", "2", "--json"])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert [line["seed"] for line in lines if line["type"] == "played"] == [1, 2]
    assert lines[-1]["counts"] == {"played": 2, "wrong": 0, "left_out": 0}


def test_a_bench_that_the_plugin_does_not_have_is_named() -> None:
    done = CliRunner().invoke(make_app(), ["plugin", "stress", "sql", "--bench", "sql.sqlit"])
    assert done.exit_code == 2
    assert "sql.sqlite" in done.output
