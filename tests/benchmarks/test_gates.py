"""What must hold on any machine: calls equal the formulas, SQL statements do not grow with records, no table is scanned."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import ceil

import pytest

from benchmarks import formulas
from benchmarks.api import System
from benchmarks.people import person
from benchmarks.server import TOKEN
from hub.bootstrap import App
from hub.config.read import read_config
from hub.contract.records import Hint
from tests.benchmarks.hub_on_stub import HubOnStub, hub_on_stub

SIZE, PAGE, BATCH = 150, 20, 100
APART = 60
"""People that only one of the systems has."""
ALL = SIZE + APART
LARGE = ("golden", "link", "match_key", "change", "journal", "image", "fact", "fact_party")
"""Tables that grow with the customers or with what happens to them."""
WHOLE = {
    "unlinked_quarantine": "SELECT quarantine.remote_id FROM quarantine WHERE quarantine.system",
}
"""Statements of a run without changes that read all links of a resource: known debts.  They find them by an index, but
all of them; this one only if anything is in quarantine."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubOnStub]:
    """A hub that has seen nothing yet; the tests of this file are one story, in order."""
    with pytest.MonkeyPatch.context() as patch, hub_on_stub(tmp_path_factory.mktemp("hub")) as made:
        patch.setenv("BENCHMARK_TOKEN", TOKEN)
        made.begin(PAGE, System(size=SIZE), System(first=APART, size=SIZE, without="jobtitle"))
        yield made


@pytest.fixture(scope="module")
def linked(hub: HubOnStub) -> HubOnStub:
    """The same after the first sync."""
    without = sum(1 for place in range(0, SIZE - APART, 20) if person(APART + place)["jobtitle"])
    seen = hub.run()
    assert seen.result.plan is not None
    assert (seen.result.plan.items.count(kind="create"), seen.result.plan.items.count(kind="update")) == (
        2 * APART,
        without,
    )
    done = hub.run(approve=seen.result.plan.hash())
    assert done.result.state == "success"
    assert done.result.applied == 2 * APART + without
    assert [system.total for system in hub.systems.values()] == [ALL, ALL]
    wanted = formulas.first_sync([SIZE] * 2, [APART] * 2, [0, without], PAGE, BATCH)
    assert seen.calls + done.calls == wanted, "(a) calls of a first sync"
    hub.wait()
    hub.run()  # takes the watermarks beyond what was written
    hub.wait()
    return hub


def test_a_first_sync_reads_every_page_once_and_writes_in_batches(linked: HubOnStub) -> None:
    """The fixture has compared the calls; here that its work was done."""
    mails = [
        {linked.systems[name].one(id_)["email"] for id_ in linked.systems[name].ids(0, ALL)} for name in linked.systems
    ]  # type: ignore[index]  # each id is there
    assert mails[0] == mails[1] == {person(number)["email"] for number in range(ALL)}


def test_a_run_without_changes_makes_one_call_a_system_and_scans_no_large_table(linked: HubOnStub) -> None:
    run = linked.run(trace=True)
    assert run.calls == formulas.no_change(2)
    assert run.result.applied == 0
    assert run.statements <= 77
    whole = set()
    for line, statement in linked.plans(run.sql):
        words = line.split()
        scanned = words[:1] == ["SCAN"] and words[1] in LARGE
        assert not scanned or "golden_dirty" in line, f"{line}: {statement}"
        if words[:1] == ["SEARCH"] and words[1] in LARGE and "remote_id" not in line and "gid" not in line:
            known = [name for name, beginning in WHOLE.items() if statement.startswith(beginning)]
            assert known, f"reads a whole resource: {line}: {statement}"
            whole.update(known)
    assert whole == set(WHOLE), "a debt that is paid must leave the list"


def test_the_command_scans_no_more_than_the_run(linked: HubOnStub) -> None:
    linked.folder.configure()
    linked.api.calls.clear()
    done, said = linked.folder.sync(trace=True)
    assert said["state"] == "success"
    assert sum(linked.api.calls.values()) == formulas.no_change(2)
    scans = [
        (line, statement)
        for line, statement in linked.plans(done.report["sql"])
        if line.split()[0] == "SCAN" and line.split()[1] in (*LARGE, "link_1") and "golden_dirty" not in line
    ]
    assert scans == []


def test_statements_of_a_reconcile_grow_by_pages_alone(linked: HubOnStub) -> None:
    measured = []
    for page in (70, 35, 10):
        linked.api.page = page
        run = linked.run(reconcile="0s")
        assert run.calls == formulas.reconcile([ALL] * 2, page)
        assert run.result.applied == 0
        measured.append((2 * ceil(ALL / page), run.statements))
    linked.api.page = PAGE
    slopes = [(more - less) / (pages - fewer) for (fewer, less), (pages, more) in pairwise(measured)]
    assert slopes[0] == slopes[1] <= 1, measured


def test_a_reconcile_writes_nothing_about_records_that_are_as_they_were(linked: HubOnStub) -> None:
    run = linked.run(reconcile="0s", trace=True)
    assert run.calls == formulas.reconcile([ALL] * 2, PAGE)
    words = [statement.split() for statement in run.sql]
    assert {item[1] for item in words if item[0] == "UPDATE"} | {item[2] for item in words if item[0] == "INSERT"} <= {
        *("cursor", "meta", "run", "account"),
    }
    listed = [line for line, statement in linked.plans(run.sql) if statement.startswith("SELECT link.id FROM link")]
    assert listed
    assert all("COVERING INDEX link_state" in line for line in listed), listed


def test_changes_cost_the_calls_of_their_pages_and_batches(linked: HubOnStub) -> None:
    number = 25
    linked.wait()
    linked.systems["left"].people_work(number, "x")
    run = linked.run()
    assert run.calls == formulas.changed(number, 2, PAGE, BATCH) == 2 + 1 + 1
    assert run.result.applied == number
    jobs = [row.get("jobtitle") for row in linked.systems["right"].written.values()]
    assert set(jobs[-number:]) == {f"Job x {turn}" for turn in range(number)}


def test_a_burst_of_webhooks_costs_the_calls_of_one_run(linked: HubOnStub) -> None:
    number = 30
    linked.wait()
    linked.run()  # takes the watermarks beyond what was written
    linked.wait()
    linked.systems["left"].people_work(number, "y")
    step = SIZE // number
    with App(read_config(linked.folder.path / "config.toml")) as app, app.writing() as store:
        for place in range(number):
            store.inbox.put(
                "left", [Hint("people", [str(place * step + 1)], f"e{place}")], f"key {place}", float(place)
            )
    run = linked.run()
    assert run.calls == formulas.burst(number, PAGE, BATCH) == 1 + 2 + 1 + 1
    assert run.result.applied == number
    linked.wait()
    linked.run()
    linked.wait()
    assert linked.run().calls == formulas.no_change(2), "no hint is left"
