"""Records in quarantine that a person has told to ignore: still refused and counted, and asked about when they change."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.contract.records import Record
from hub.store.tables import ignored
from hub.sync.workspace import mark_of
from hub.views.quarantine import heed, ignore, parted, ref_of, retry
from tests.engine.test_write_effects import anna, refuse
from tests.engine.world import PLAIN, World


def refused(world: World) -> World:
    """A write of Anna's notes to B is refused."""
    world.servers["B"].traits.refuse = refuse
    world.servers["A"].edit("1", notes="bad")
    assert world.sync().state == "partial"
    return world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return anna(World(tmp_path, A=PLAIN, B=PLAIN))


def asking(world: World) -> list[str]:
    return [ref_of(item) for item in parted(world.store)[0]]


def test_a_run_with_nothing_but_ignored_records_is_a_success_and_still_counts_them(world: World) -> None:
    refused(world)
    ignore(world.store, world.now, "ann", cause="rejected")
    result = world.sync()
    assert (result.state, result.unattended, result.failed) == ("success", False, 0)
    assert world.account("B", result).quarantined == 1
    assert world.one("B").get("notes") is None, "it is still refused"
    assert asking(world) == []
    line = world.store.audit.newest(1)[0]
    assert (line.who, line.action, line.detail["records"]) == ("ann", "quarantine_ignored", 1)


def test_an_ignored_write_is_asked_about_again_when_the_golden_record_changes(world: World) -> None:
    refused(world)
    ignore(world.store, world.now, "ann", cause="rejected")
    world.servers["A"].edit("1", name="Anna Winter")
    assert world.sync().state == "partial"
    assert asking(world) == [f"B/contacts/{world.id('B')}"]


def test_an_ignored_write_is_asked_about_again_when_the_mapping_changes(world: World) -> None:
    refused(world)
    ignore(world.store, world.now, "ann", cause="rejected")
    world.shapes["B"] = PLAIN.replace("{fields}", 'job.title = "title"\n{fields}')
    plan = world.engine().read().plan
    assert plan is not None
    assert world.engine().sync(approve=plan.hash()).state == "partial"
    assert asking(world) == [f"B/contacts/{world.id('B')}"]


def test_another_record_in_quarantine_is_still_asked_about(world: World) -> None:
    world.servers["A"].add({"name": "Bo Dahl", "email": "bo@x.example"})
    world.sync()
    refused(world)
    ignore(world.store, world.now, "ann", cause="rejected")
    world.servers["A"].edit("2", notes="bad")
    result = world.sync()
    assert (result.state, result.failed, world.account("B", result).quarantined) == ("partial", 1, 2)
    assert world.sync().state == "partial"
    assert len(asking(world)) == 1


def test_an_ignored_record_that_cannot_be_read_again_fails_no_run(world: World) -> None:
    world.servers["A"].add({"name": "Broken", "email": "broken@x.example", "notes": "no letter: \ud800"})
    assert world.sync().state == "partial"
    ignore(world.store, world.now, "ann", ref="A/contacts/2")
    world.store.work.reopen_cursors()
    result = world.sync()
    assert result.counters["A"].failed > 0
    assert (result.failed, result.state) == (0, "success")
    world.servers["A"].edit("2", name="Still broken")
    assert world.sync().state == "partial"
    assert asking(world) == ["A/contacts/2"]


def test_what_is_ignored_is_retried_only_by_its_name_and_is_then_asked_about(world: World) -> None:
    refused(world)
    ref = ignore_all(world)
    assert retry(world.store) == []
    assert [ref_of(item) for item in retry(world.store, ref=ref)] == [ref]
    assert world.sync().state == "partial"
    assert asking(world) == [ref]


def test_what_is_ignored_is_asked_about_on_demand(world: World) -> None:
    refused(world)
    ref = ignore_all(world)
    assert heed(world.store, world.now, "ann", ref=ref) == 1
    assert asking(world) == [ref]
    assert world.sync().state == "partial"
    assert heed(world.store, world.now, "ann") == 0


def ignore_all(world: World) -> str:
    (item,) = ignore(world.store, world.now, "ann", cause="rejected")
    return ref_of(item)


def test_what_was_ignored_and_has_left_is_forgotten(world: World) -> None:
    refused(world)
    ignore_all(world)
    world.servers["A"].edit("1", notes="fine")
    world.sync()
    assert world.one("B")["notes"] == "fine"
    assert world.store.ignored.standing() == {}
    world.store.ignored.add([], world.now, "ann")
    assert world.store.db.rows(ignored.select()) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("v1", {"a": 1}), ("v1", {"a": 2}), True),
        (("v1", {"a": 1}), ("v2", {"a": 1}), False),
        ((None, {"a": 1}), (None, {"a": 1}), True),
        ((None, {"a": 1}), (None, {"a": "\ud800"}), False),
        ((None, None), (None, None), True),
    ],
)
def test_a_record_is_the_same_by_its_version_or_else_its_content(
    one: tuple[str | None, dict[str, object] | None], other: tuple[str | None, dict[str, object] | None], same: bool
) -> None:
    marks = [mark_of(Record("1", data, version), "mapping") for version, data in (one, other)]
    assert (marks[0] == marks[1]) == same
    assert mark_of(Record("1", one[1], one[0]), "another") != marks[0]
