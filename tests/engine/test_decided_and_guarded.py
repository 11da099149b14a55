"""Frozen conflicts, consents, merges and splits, and guards on a running engine (sections 4, 6, 11, 12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import Unavailable
from hub.contract.records import Page
from hub.sync.decisions import resolve_conflict, split_link
from hub.sync.engine import Result
from hub.sync.policy import DeletePolicy, FieldPolicy, Guards, Policy
from tests.engine.test_linking import CONSENT, shared_of
from tests.engine.world import LIST_WITH_IDS, ONE_SLOT, PLAIN, World, failing, no_fault

# ask


def asking(folder: Path, names: str = "ABC") -> World:
    policy = Policy(tuple(names), fields={"notes": FieldPolicy(conflict="ask")})
    world = World(folder, policy, **dict.fromkeys(names, PLAIN))
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "old"})
    world.sync()
    world.servers["A"].edit("1", notes="from A")
    world.now += 60
    world.servers["B"].edit("1", notes="from B")
    world.sync()
    return world


def notes(world: World) -> dict[str, Any]:
    return {name: world.one(name)["notes"] for name in world.servers}


def open_row(world: World) -> int:
    return int(world.ledger(state="open")[0]["id"])


def test_ask_third_edit_while_frozen_then_resolve_to_old_value(tmp_path: Path) -> None:
    world = asking(tmp_path)
    world.servers["C"].edit("1", notes="from C")
    world.sync()
    assert notes(world) == {"A": "from A", "B": "from B", "C": "from C"}, "nothing is pushed while frozen"
    resolve_conflict(shared_of(world), open_row(world), value="old", given=True)
    world.sync()
    assert world.golden().value("notes") == "old"
    assert notes(world) == {"A": "old", "B": "old", "C": "old"}
    assert world.ledger(state="open") == []
    world.quiet()


@pytest.mark.parametrize("take", ["A", "B"])
def test_ask_resolved_to_one_side_reaches_every_system(tmp_path: Path, take: str) -> None:
    world = asking(tmp_path)
    resolve_conflict(shared_of(world), open_row(world), take=take)
    world.sync()
    assert set(notes(world).values()) == {f"from {take}"}
    world.quiet()


def test_a_frozen_field_does_not_hold_back_the_others(tmp_path: Path) -> None:
    world = asking(tmp_path)
    world.servers["A"].edit("1", name="Anna Meier")
    result = world.sync()
    assert {world.one(name)["name"] for name in world.servers} == {"Anna Meier"}
    assert [account.conflict for account in result.accounts] == [1, 1, 1]
    world.quiet()


def test_a_value_decided_by_a_person_beats_a_later_first_link(tmp_path: Path) -> None:
    world = asking(tmp_path, "AB")
    resolve_conflict(shared_of(world), open_row(world), value="decided", given=True)
    world.sync()
    world.add_system("C", PLAIN)
    world.servers["C"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "from C"})
    world.sync()
    assert set(notes(world).values()) == {"decided"}
    world.quiet()


# consents


def consenting(folder: Path) -> World:
    world = World(folder, A=CONSENT, B=CONSENT)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example"})
    world.sync()
    world.sync()
    return world


def without_stamps(world: World, system: str) -> None:
    """The records of this system have no time of their last change."""
    connector = world.connectors[system]
    changes = connector.changes

    def bare(resource: str, cursor: Any = None) -> Iterator[Page]:
        for page in changes(resource, cursor):
            yield replace(page, records=[replace(item, modified_at=None) for item in page.records])

    connector.changes = bare  # type: ignore[method-assign]


def consent(world: World) -> Any:
    return world.golden().value("consents.email_marketing")


def test_a_withdrawal_wins_and_reaches_every_system(tmp_path: Path) -> None:
    world = consenting(tmp_path)
    world.servers["B"].edit("1", optin="no")
    world.sync()
    assert consent(world) == "withdrawn"
    assert world.one("A")["optin"] == "no"
    world.quiet()


def test_a_consent_without_evidence_is_not_taken(tmp_path: Path) -> None:
    world = consenting(tmp_path)
    world.servers["B"].edit("1", optin="yes")
    world.sync()
    assert consent(world) is None
    assert not world.one("A").get("optin")
    assert [row["code"] for row in world.store.history.notices()] == ["consent_refused"]
    world.quiet()


def test_a_consent_with_evidence_is_taken_and_never_written_by_the_hub(tmp_path: Path) -> None:
    world = consenting(tmp_path)
    world.servers["B"].edit("1", optin="yes", optin_at="2027-01-15T10:00:00Z", optin_by="form")
    world.sync()
    assert consent(world) == "granted"
    assert world.golden().fields["consents.email_marketing"].time == 1_800_007_200.0, "since it was captured"
    assert world.one("A").get("optin") != "yes", "the hub never widens a consent"
    world.quiet()


@pytest.mark.parametrize(
    ("captured", "taken"),
    [("2027-01-15T12:00:00Z", "granted"), ("1800020000", "granted"), ("2026-12-24", "withdrawn"),
     ("2029-01-01", "withdrawn"), ("soon", "withdrawn"), (None, "withdrawn")],
)  # fmt: skip
@pytest.mark.parametrize("stamps", [True, False])
def test_only_evidence_that_is_newer_than_a_refusal_replaces_it(
    tmp_path: Path, captured: str | None, taken: str, *, stamps: bool
) -> None:
    world = consenting(tmp_path)
    if not stamps:
        without_stamps(world, "A")
    world.servers["A"].edit("1", optin="no")
    world.sync()
    world.servers["B"].edit("1", optin="yes", optin_at=captured, optin_by="form")
    world.sync()
    assert consent(world) == taken
    world.quiet()


def test_a_widening_without_evidence_is_set_back(tmp_path: Path) -> None:
    world = consenting(tmp_path)
    world.servers["B"].edit("1", optin="no")
    world.sync()
    world.servers["A"].edit("1", optin="yes")
    world.sync()
    assert consent(world) == "withdrawn"
    assert world.one("A")["optin"] == "no", "set back"
    assert "consent: no evidence" in [row["rule"] for row in world.ledger()]
    world.quiet()


def test_the_stricter_of_two_consents_wins_on_first_link(tmp_path: Path) -> None:
    for order in ("AB", "BA"):
        world = World(tmp_path / order, **dict.fromkeys(order, CONSENT))
        world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "optin": "no"})
        world.servers["B"].add(
            {"name": "Anna Berg", "email": "anna@x.example", "optin": "yes", "optin_at": "2001-01-15", "optin_by": "x"}
        )
        world.sync()
        world.sync()
        assert consent(world) == "withdrawn", order
        assert {world.one("A")["optin"], world.one("B")["optin"]} == {"no"}
        world.quiet()


# merges and splits


def two_people(folder: Path) -> World:
    world = World(folder, A=LIST_WITH_IDS, B=LIST_WITH_IDS)
    a = world.servers["A"]
    a.add({"name": "Anna Berg", "notes": "one", "emails": [{"value": "x@x.example", "label": "work"}]})
    a.add({"name": "Anna Berg-Meier", "notes": "two", "emails": [{"value": "y@x.example"}]})
    world.sync()
    world.quiet()
    return world


def test_a_remote_merge_unites_and_is_no_deletion(tmp_path: Path) -> None:
    world = two_people(tmp_path)
    gids = {golden.gid for golden in world.goldens()}
    world.servers["A"].remove("2", merged_into="1")
    world.sync()
    (merged,) = world.goldens("merged")
    assert {world.golden().gid, merged.gid} == gids
    assert merged.merged_into == world.golden().gid
    assert set(world.emails()) == {"x@x.example", "y@x.example"}
    assert {row["value"] for row in world.one("A")["emails"]} == {"x@x.example", "y@x.example"}
    assert len(world.servers["B"].alive()) == 2, "B has no merge: both stay"
    losers = [row["loser"] for row in world.ledger() if row["rule"].startswith("merge: ")]
    assert "two" in losers or "one" in losers
    world.quiet()


def test_a_shadow_is_read_and_never_written(tmp_path: Path) -> None:
    world = two_people(tmp_path)
    world.servers["A"].remove("2", merged_into="1")
    world.sync()
    gid = world.golden().gid
    (shadow,) = [link for link in world.store.records.links_by_gid([gid])[gid] if link.state == "shadow"]
    before = world.servers["B"].records[shadow.remote_id].version
    world.servers["A"].edit("1", notes="after the merge")
    world.sync()
    assert world.servers["B"].records[shadow.remote_id].version == before, "not pushed"
    world.servers["B"].edit(shadow.remote_id, notes="typed in the shadow")
    world.sync()
    assert world.one("A")["notes"] == "typed in the shadow"
    world.quiet()


def test_a_merge_of_merged_records_follows_to_the_end(tmp_path: Path) -> None:
    world = two_people(tmp_path)
    a = world.servers["A"]
    a.add({"name": "A. Berg", "emails": [{"value": "z@x.example"}]})
    world.sync()
    a.remove("2", merged_into="1")
    world.sync()
    a.remove("1", merged_into="3")
    world.sync()
    gid = world.golden().gid
    merged = [golden.gid for golden in world.goldens("merged")]
    assert world.store.records.survivors(merged) == dict.fromkeys(merged, gid)
    assert set(world.emails()) == {"x@x.example", "y@x.example", "z@x.example"}
    world.quiet()


def test_a_split_gives_back_what_the_wrong_record_brought(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "of Anna"})
    world.servers["B"].add({"name": "Anna Berg", "email": "anna@x.example"})
    world.sync()
    world.servers["B"].edit("1", name="Otto Wolf", notes="of Otto")
    world.sync()
    assert world.one("A")["name"] == "Otto Wolf"
    split_link(shared_of(world), "B", "contacts", "1")
    world.sync()
    world.sync()
    a, b = world.servers["A"], world.servers["B"]
    assert (a.records["1"].data["name"], a.records["1"].data["notes"]) == ("Anna Berg", "of Anna")
    assert (b.records["1"].data["name"], b.records["1"].data["notes"]) == ("Otto Wolf", "of Otto")
    assert len(world.goldens()) == 2
    assert world.store.history.reviews() == [], "the pair is never matched again"
    world.quiet()


@pytest.mark.parametrize("more", [True, False])
def test_what_a_split_takes_away_beyond_what_its_record_shows_is_in_the_ledger(tmp_path: Path, more: bool) -> None:
    """Seed 405199: the district that a user of A had typed was in the history only."""
    place = '[addresses.slots.main]\npick = "primary"\nlines = { at = "street", as = "lines(comma)" }\ncity = "city"\n'
    world = World(tmp_path, A=PLAIN + place + 'district = "district"\n', B=PLAIN + place)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example"})
    world.servers["B"].add({"name": "Anna Berg", "email": "anna@x.example", "street": "Am Ring 1", "city": "Wien"})
    world.sync()
    if more:
        world.servers["A"].edit("1", district="Neubau")
        world.sync()
        world.servers["B"].edit("1", street="Am Ring 2")
        world.sync()
    with_address(world, "B")
    split_link(shared_of(world), "B", "contacts", "1")
    rows = [row["loser"]["district"] for row in world.ledger() if row["rule"] == "split"]
    assert rows == (["Neubau"] if more else [])


def with_address(world: World, source: str) -> None:
    """The golden address was given by this system alone, as after its first values came under another customer's number."""
    golden = world.golden()
    (element,) = golden.collection("addresses").live()
    assert element.value.source == source
    other = replace(element, eid="e999", attrs=dict(element.attrs))
    del golden.collection("addresses").elements[element.eid]
    golden.collection("addresses").elements["e999"] = other
    with world.store.transaction():
        world.store.records.save_goldens([(golden, "Anna Berg")])


# guards


def crowd(folder: Path, number: int = 12, **more: Any) -> World:
    policy: dict[str, DeletePolicy] = {"A": "propagate"}
    world = World(folder, Policy(("A", "B", "C"), delete=policy, **more), A=PLAIN, B=PLAIN, C=PLAIN)
    for index in range(number):
        world.servers["A"].add({"name": f"P {index}", "email": f"p{index}@x.example", "notes": "n"})
    world.sync()
    world.quiet()
    return world


def held(result: Result) -> dict[str, str]:
    assert result.plan is not None
    return {trip.system: trip.guard for trip in result.plan.trips}


def remove_some(world: World, number: int) -> None:
    for id_ in list(world.servers["A"].alive())[:number]:
        world.servers["A"].remove(id_)


def test_five_deletions_pass_and_six_wait(tmp_path: Path) -> None:
    world = crowd(tmp_path)
    remove_some(world, 5)
    assert held(world.sync()) == {}
    assert len(world.servers["B"].alive()) == 7
    remove_some(world, 6)
    result = world.sync()
    assert held(result) == {"B": "deletes", "C": "deletes"}
    assert len(world.servers["B"].alive()) == 7


def test_a_guard_holds_only_its_own_system(tmp_path: Path) -> None:
    world = crowd(tmp_path)
    world.policy = Policy(("A", "B", "C"), no_create=frozenset({"C"}), guards=Guards(create=(2, 0.0)))
    for index in range(3):
        world.servers["A"].add({"name": f"New {index}", "email": f"new{index}@x.example"})
    world.servers["A"].edit("1", notes="edited")
    result = world.sync()
    assert held(result) == {"B": "creates"}
    assert world.servers["C"].records["1"].data["notes"] == "edited", "C goes on"
    assert "edited" not in [data["notes"] for data in world.servers["B"].alive().values()]
    assert len(world.servers["B"].alive()) == 12


def test_an_approval_is_used_once_and_only_for_its_plan(tmp_path: Path) -> None:
    world = crowd(tmp_path)
    remove_some(world, 6)
    plan = world.sync().plan
    assert plan is not None
    remove_some(world, 1)
    world.now += 60
    result = world.engine().sync(approve=plan.approval())
    assert len(world.servers["B"].alive()) == 12, "the plan is another one now"
    assert result.plan is not None
    world.engine().sync(approve=result.plan.approval())
    assert len(world.servers["B"].alive()) == len(world.servers["C"].alive()) == 5
    remove_some(world, 5)
    world.engine().sync()
    assert len(world.servers["B"].alive()) == 0
    world.quiet()


def test_an_approval_does_not_reach_into_the_next_run(tmp_path: Path) -> None:
    world = crowd(tmp_path, 20)
    remove_some(world, 6)
    plan = world.sync().plan
    assert plan is not None
    world.engine().sync(approve=plan.approval())
    assert len(world.servers["B"].alive()) == 14
    remove_some(world, 6)
    result = world.engine().sync(approve=plan.approval())
    assert held(result) == {"B": "deletes", "C": "deletes"}
    assert len(world.servers["B"].alive()) == 14


def test_ask_on_an_element_holds_its_value_until_a_person_decides(tmp_path: Path) -> None:
    world = World(
        tmp_path, Policy(("A", "B"), fields={"emails": FieldPolicy(conflict="ask")}), A=LIST_WITH_IDS, B=ONE_SLOT
    )
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "x@x.example", "pref": True}]})
    world.sync()
    world.quiet()
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"][0].update(value="y@x.example"))
    world.servers["B"].edit(world.id("B"), email="z@x.example")
    world.sync()
    assert (world.one("A")["emails"][0]["value"], world.one("B")["email"]) == ("y@x.example", "z@x.example"), (
        "neither is written over"
    )
    world.servers["B"].edit(world.id("B"), notes="goes on")
    world.sync()
    assert world.one("A")["notes"] == "goes on"
    resolve_conflict(shared_of(world), open_row(world), take="B")
    world.sync()
    assert (world.one("A")["emails"][0]["value"], world.one("B")["email"]) == ("z@x.example", "z@x.example")
    world.quiet()


def test_a_wave_of_dropped_links_holds_that_systems_part(tmp_path: Path) -> None:
    world = crowd(tmp_path)
    for id_ in list(world.servers["B"].alive())[:6]:
        world.servers["B"].remove(id_)
    left = {data["name"] for data in world.servers["B"].alive().values()}
    chosen = next(id_ for id_, data in world.servers["A"].alive().items() if data["name"] in left)
    world.servers["A"].edit(chosen, notes="for all")
    result = world.sync()
    assert held(result) == {"B": "relinked"}
    assert "for all" not in [data["notes"] for data in world.servers["B"].alive().values()]
    assert "for all" in [data["notes"] for data in world.servers["C"].alive().values()]
    result = world.engine().sync()
    assert held(result) == {"B": "relinked"}, "until a person has approved"
    assert result.plan is not None
    world.engine().sync(approve=result.plan.approval())
    assert "for all" in [data["notes"] for data in world.servers["B"].alive().values()]
    assert held(world.sync()) == {}


def test_a_wave_of_blanks_waits_for_a_person(tmp_path: Path) -> None:
    world = crowd(tmp_path, 12)
    for id_ in world.servers["A"].alive():
        world.servers["A"].edit(id_, notes=None)
    result = world.sync()
    assert held(result)["B"] in ("field_changed", "field_blanked")
    assert {data["notes"] for data in world.servers["B"].alive().values()} == {"n"}


TITLED = PLAIN.replace("{fields}", 'job.title = "title"\n{fields}')


def test_a_changed_mapping_waits_for_a_person(tmp_path: Path) -> None:
    world = World(tmp_path, A=TITLED, B=PLAIN, C=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "title": "Dr"})
    world.sync()
    world.shapes["B"] = TITLED
    world.servers["A"].edit("1", notes="for C")
    result = world.sync()
    assert held(result) == {"B": "rules_changed"}
    assert "title" not in world.one("B")
    assert world.one("C")["notes"] == "for C", "the others go on"
    result = world.engine().sync()
    assert result.plan is not None
    world.engine().sync(approve=result.plan.approval())
    assert (world.one("B")["title"], world.one("B")["notes"]) == ("Dr", "for C")
    world.quiet()


def test_a_field_moved_to_another_native_path_is_written_there(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "vip"})
    world.sync()
    world.shapes["B"] = PLAIN.replace('notes = "notes"', 'notes = "remarks"')
    for _ in range(2):
        result = world.engine().sync()
        assert result.plan is not None
        if result.plan.trips:
            world.engine().sync(approve=result.plan.approval())
    assert world.one("B").get("remarks") == "vip"


# one bad system never stops the others


def test_a_system_that_is_down_is_paused_and_catches_up(tmp_path: Path) -> None:
    world = crowd(tmp_path, 2)
    world.servers["B"].fault = failing(Unavailable("down"), "changes", "listing", "fetch", "find", "write")
    world.servers["A"].edit("1", notes="new")
    result = world.sync()
    assert (list(result.paused), result.state) == (["B"], "partial")
    assert world.servers["C"].records["1"].data["notes"] == "new"
    world.servers["B"].fault = no_fault
    world.sync()
    assert "new" in [data["notes"] for data in world.servers["B"].alive().values()]
    world.quiet()


def test_every_system_down_is_a_failed_run_and_loses_nothing(tmp_path: Path) -> None:
    world = crowd(tmp_path, 2)
    for server in world.servers.values():
        server.fault = failing(Unavailable("down"), "changes")
    assert world.sync().state == "failed"
    for server in world.servers.values():
        server.fault = no_fault
    world.quiet()


def test_a_bug_in_a_connector_pauses_only_its_system(tmp_path: Path) -> None:
    world = crowd(tmp_path, 2)

    def bug(_call: str, _number: int) -> None:
        raise ZeroDivisionError("a plugin's bug")

    world.servers["B"].fault = bug  # type: ignore[assignment]  # a plugin's bug
    world.servers["A"].edit("1", notes="new")
    result = world.sync()
    assert [error.code for error in result.paused.values()] == ["plugin_bug"]
    assert world.servers["C"].records["1"].data["notes"] == "new"


def test_a_bug_while_writing_pauses_only_its_system(tmp_path: Path) -> None:
    world = crowd(tmp_path, 2)

    def bug(call: str, _number: int) -> None:
        if call == "write":
            raise ZeroDivisionError("a plugin's bug")

    world.servers["B"].fault = bug  # type: ignore[assignment]  # a plugin's bug
    world.servers["A"].edit("1", notes="new")
    result = world.sync()
    assert [error.code for error in result.paused.values()] == ["plugin_bug"]
    assert world.servers["C"].records["1"].data["notes"] == "new"
    world.servers["B"].fault = no_fault
    world.sync()
    assert "new" in [data["notes"] for data in world.servers["B"].alive().values()]
    world.quiet()


def test_slots_and_lists_agree_after_a_merge_with_one_slot(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=ONE_SLOT)
    a = world.servers["A"]
    a.add({"name": "Anna Berg", "emails": [{"value": "x@x.example", "pref": True}]})
    a.add({"name": "Anna B", "emails": [{"value": "y@x.example", "pref": True}]})
    world.sync()
    a.remove("2", merged_into="1")
    world.sync()
    assert world.primary() in ("x@x.example", "y@x.example")
    assert sum(bool(row.get("pref")) for row in world.one("A")["emails"]) == 1
    world.quiet()
