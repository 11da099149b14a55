"""Undoing a run: what the hub wrote is taken back; what people typed stays, wherever they typed it (invariant I13)."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import OutcomeUnknown, Unavailable
from hub.mapping.compile import compile_mapping
from hub.mapping.parse import parse_mapping
from hub.state import Link, mark_of
from hub.sync.decisions import resolve_conflict
from hub.sync.engine import Result
from hub.sync.policy import Policy
from hub.sync.undo.outcome import Entry
from hub.sync.undo.spelling import spelled
from tests.engine.test_linking import shared_of
from tests.engine.world import (
    HEAD,
    LABEL_SLOTS,
    LIST_NO_IDS,
    LIST_WITH_IDS,
    ONE_SLOT,
    PLAIN,
    TWO_SLOTS,
    World,
    failing,
    no_fault,
)

SHAPES = {"A": LIST_WITH_IDS, "B": ONE_SLOT, "C": TWO_SLOTS, "D": LIST_NO_IDS, "E": PLAIN}


def undo(world: World, run: str, *, yes: bool = True) -> Result:
    """Undo a run; an hour passes.  Every record is accounted for."""
    world.now += 3600
    result = world.engine().undo(run, yes=yes)
    assert all(item.ok for item in result.accounts), result.accounts
    return result


def remotes(world: World) -> dict[str, Any]:
    """Everything that the systems hold, without the ids of rows and records (what is made again gets new ones)."""

    def plain(data: dict[str, Any]) -> dict[str, Any]:
        rows = data.get("emails")
        kept = {key: value for key, value in data.items() if value not in (None, "", [])}
        if isinstance(rows, list) and rows:
            kept["emails"] = [{key: value for key, value in row.items() if key != "id" and value} for row in rows]
        return kept

    return {
        name: sorted((plain(copy.deepcopy(data)) for data in server.alive().values()), key=repr)
        for name, server in world.servers.items()
    }


def mail(*values: str, pref: int = 0) -> list[dict[str, Any]]:
    return [{"id": f"r{n}", "value": value, "label": "work", "pref": n == pref} for n, value in enumerate(values)]


def reasons(entries: list[Entry]) -> dict[tuple[str, str], str]:
    return {(item.system, item.path): item.reason for item in entries}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One customer in five systems of every shape, in step."""
    world = World(tmp_path, **SHAPES)
    world.servers["A"].add(
        {"name": "Anna Berg", "notes": "likes tea", "emails": mail("anna@x.example", "a2@x.example")}
    )
    world.sync()
    world.quiet()
    return world


def edit_field(world: World) -> None:
    world.servers["B"].edit(world.id("B"), notes="likes coffee")


def empty_field(world: World) -> None:
    world.servers["B"].edit(world.id("B"), notes=None)


def rename(world: World) -> None:
    world.servers["E"].edit(world.id("E"), name="Anna Maria Berg")


def edit_element(world: World) -> None:
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"][0].update(value="new@x.example"))


def relabel(world: World) -> None:
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"][0].update(label="home"))


def add_element(world: World) -> None:
    world.servers["A"].edit(
        world.id("A"), lambda data: data["emails"].append({"id": "n1", "value": "third@x.example", "label": "home"})
    )


def remove_element(world: World) -> None:
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"].pop(1))


def remove_first(world: World) -> None:
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"].pop(0))


def flag_another(world: World) -> None:
    def change(data: dict[str, Any]) -> None:
        data["emails"][0]["pref"], data["emails"][1]["pref"] = False, True

    world.servers["A"].edit(world.id("A"), change)


def edit_slot(world: World) -> None:
    world.servers["C"].edit(world.id("C"), email="slot@x.example")


def empty_slot(world: World) -> None:
    world.servers["C"].edit(world.id("C"), email2=None)


def swap_slots(world: World) -> None:
    data = world.one("C")
    world.servers["C"].edit(world.id("C"), email=data["email2"], email2=data["email"])


def edit_row_without_id(world: World) -> None:
    world.servers["D"].edit(world.id("D"), lambda data: data["emails"][0].update(value="row@x.example"))


def everything(world: World) -> None:
    edit_field(world)
    rename(world)
    edit_element(world)
    empty_slot(world)


EDITS = [
    edit_field, empty_field, rename, edit_element, relabel, add_element, remove_element, remove_first, flag_another,
    edit_slot, empty_slot, swap_slots, edit_row_without_id, everything,
]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS, ids=lambda item: item.__name__)
def test_apply_and_undo_restores_every_system_and_stays_quiet(world: World, edit: Any) -> None:
    edit(world)
    before = remotes(world)
    run = world.sync().run
    assert remotes(world) != before, "the run wrote something"
    result = undo(world, run)
    assert result.state == "success"
    assert result.undo is not None
    assert not result.undo.kept
    assert not result.undo.cannot
    assert remotes(world) == before
    world.quiet()
    assert remotes(world) == before, "the next runs do not do the undone thing again"


@pytest.mark.parametrize("edit", EDITS, ids=lambda item: item.__name__)
def test_an_undo_can_be_undone(world: World, edit: Any) -> None:
    edit(world)
    run = world.sync().run
    after = remotes(world)
    undone = undo(world, run).run
    assert remotes(world) != after
    undo(world, undone)
    assert remotes(world) == after
    world.quiet()
    assert remotes(world) == after


def test_undoing_twice_does_nothing_the_second_time(world: World) -> None:
    everything(world)
    run = world.sync().run
    undo(world, run)
    before = world.writes()
    again = undo(world, run)
    assert world.writes() == before
    assert again.undo is not None
    assert not again.undo.back


# what changed since survives


def test_an_edit_made_in_between_survives_and_the_rest_is_taken_back(world: World) -> None:
    everything(world)
    before = remotes(world)
    run = world.sync().run
    world.servers["A"].edit(world.id("A"), notes="likes water")
    result = undo(world, run)
    assert result.undo is not None
    assert reasons(result.undo.kept)[("A", "notes")] == "changed since by A"
    world.sync()
    assert {data["notes"] for server in world.servers.values() for data in server.alive().values()} == {"likes water"}
    assert world.one("B")["name"] == before["B"][0]["name"] == "Anna Berg", "the rename was taken back"
    assert world.one("E")["name"] == "Anna Maria Berg", "who renamed her keeps it"
    world.quiet()


def test_an_edit_that_a_sync_has_passed_on_since_survives(world: World) -> None:
    edit_field(world)
    run = world.sync().run
    world.servers["E"].edit(world.id("E"), notes="likes water")
    world.sync()
    result = undo(world, run)
    assert result.undo is not None
    assert not result.undo.back
    assert set(reasons(result.undo.kept).values()) == {"changed since by E"}
    assert {data["notes"] for server in world.servers.values() for data in server.alive().values()} == {"likes water"}


def test_an_address_added_since_stays_and_comes_everywhere(world: World) -> None:
    remove_element(world)
    run = world.sync().run
    world.servers["D"].edit(
        world.id("D"), lambda data: data["emails"].append({"value": "fresh@x.example", "label": "home"})
    )
    undo(world, run)
    world.sync()
    assert {row["value"] for row in world.one("D")["emails"]} == {"anna@x.example", "a2@x.example", "fresh@x.example"}
    assert "fresh@x.example" in {row["value"] for row in world.one("A")["emails"]}
    assert "a2@x.example" not in {row["value"] for row in world.one("A")["emails"]}, "who removed it has removed it"
    world.quiet()


def test_who_typed_the_undone_value_may_type_on(world: World) -> None:
    edit_field(world)
    run = world.sync().run
    undo(world, run)
    assert world.one("B")["notes"] == "likes coffee"
    assert world.golden().value("notes") == "likes tea"
    world.servers["B"].edit(world.id("B"), notes="likes cocoa")
    result = world.sync()
    assert result.conflicts == 0
    assert not [row for row in world.ledger() if row["loser"] == "likes cocoa"]
    assert {data["notes"] for server in world.servers.values() for data in server.alive().values()} == {"likes cocoa"}
    world.quiet()


def test_the_undone_value_is_in_the_ledger_with_the_undo_as_its_rule(world: World) -> None:
    edit_field(world)
    run = world.sync().run
    undo(world, run)
    (row,) = [row for row in world.ledger() if row["path"] == "notes"]
    assert (row["winner_system"], row["loser_system"], row["loser"]) == ("undo", "B", "likes coffee")
    assert row["rule"] == f"undo of run {run}"


def test_a_value_that_comes_back_to_what_was_undone_is_written_again(world: World) -> None:
    """The mark of an undo holds for one state of golden, not for the value (ABA)."""
    edit_field(world)
    undo(world, world.sync().run)
    for notes in ("likes cocoa", "likes tea"):
        world.servers["E"].edit(world.id("E"), notes=notes)
        world.sync()
    assert {data["notes"] for server in world.servers.values() for data in server.alive().values()} == {"likes tea"}


# creates and deletes


def two_customers(tmp_path: Path, **policy: Any) -> World:
    world = World(tmp_path, Policy(("A", "B"), **policy), A=LIST_WITH_IDS, B=ONE_SLOT)
    world.servers["A"].add({"name": "Anna Berg", "emails": mail("anna@x.example")})
    world.servers["B"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "likes tea"})
    return world


def test_a_first_sync_is_taken_back_and_nothing_that_anybody_typed_goes(tmp_path: Path) -> None:
    world = two_customers(tmp_path)
    world.servers["A"].add({"name": "Bo Li", "emails": mail("bo@x.example"), "notes": "tall"})
    world.servers["B"].add({"name": "Carla Diaz", "email": "carla@x.example"})
    before = remotes(world)
    run = world.sync().run
    assert remotes(world) != before
    undo(world, run)
    assert remotes(world) == before
    world.quiet()
    assert remotes(world) == before
    world.servers["A"].edit(next(iter(world.servers["A"].alive())), notes="likes water")
    world.sync()
    assert {"notes": "likes water", "name": "Anna Berg", "email": "anna@x.example"} in remotes(world)["B"]


def test_a_new_record_that_somebody_edited_since_is_kept(tmp_path: Path) -> None:
    world = two_customers(tmp_path)
    world.servers["A"].add({"name": "Bo Li", "emails": mail("bo@x.example")})
    run = world.sync().run
    (bo,) = [id_ for id_, data in world.servers["B"].alive().items() if data["name"] == "Bo Li"]
    world.servers["B"].edit(bo, notes="calls back")
    result = undo(world, run)
    assert result.undo is not None
    assert ("B", "") in reasons(result.undo.kept)
    assert bo in world.servers["B"].alive()


@pytest.mark.parametrize("how", ["where the hub does not look", "taken out of the bin", "not at all"])
def test_a_new_record_that_its_system_calls_changed_is_kept(tmp_path: Path, how: str) -> None:
    world = two_customers(tmp_path)
    world.servers["A"].add({"name": "Bo Li", "emails": mail("bo@x.example")})
    run = world.sync().run
    server = world.servers["B"]
    (bo,) = [id_ for id_, data in server.alive().items() if data["name"] == "Bo Li"]
    if how == "where the hub does not look":
        server.edit(bo, x_call_notes="promised a discount")
    elif how == "taken out of the bin":
        server.remove(bo)
        world.undelete("B", bo)
    result = undo(world, run)
    assert result.undo is not None
    assert (("B", "") in reasons(result.undo.kept)) == (how != "not at all")
    assert (bo in server.alive()) == (how != "not at all")


def test_a_new_record_that_only_later_runs_of_the_hub_wrote_to_goes_when_all_are_undone(tmp_path: Path) -> None:
    world = two_customers(tmp_path)
    a = world.servers["A"].add({"name": "Bo Li", "emails": mail("bo@x.example")})
    runs = [world.sync().run]
    world.servers["A"].edit(a, notes="calls back")
    runs.append(world.sync().run)
    for run in reversed(runs):
        undo(world, run)
    assert [data["name"] for data in world.servers["B"].alive().values()] == [world.one("B")["name"]]


def test_a_deletion_that_was_passed_on_is_taken_back_by_making_the_record_again(tmp_path: Path) -> None:
    world = two_customers(tmp_path, delete={"A": "propagate"}, delete_any=frozenset("B"))
    world.sync()
    world.servers["A"].remove(world.id("A"))
    before = remotes(world)
    run = world.sync().run
    assert remotes(world)["B"] == []
    undone = undo(world, run)
    assert remotes(world) == before
    assert world.golden().value("notes") == "likes tea"
    world.quiet()
    assert remotes(world) == before, "where somebody deleted it, it stays deleted"
    undo(world, undone.run)
    assert remotes(world) == {"A": [], "B": []}
    world.quiet()


def test_a_record_that_was_taken_back_can_be_made_again_by_undoing_the_undo(tmp_path: Path) -> None:
    world = two_customers(tmp_path)
    world.servers["A"].add({"name": "Bo Li", "emails": mail("bo@x.example"), "notes": "tall"})
    run = world.sync().run
    after = remotes(world)
    undone = undo(world, run).run
    undo(world, undone)
    assert remotes(world) == after
    world.quiet()


# approval, guards, systems that cannot be reached


def test_nothing_is_written_before_exactly_this_plan_is_approved(world: World) -> None:
    everything(world)
    run = world.sync().run
    writes = world.writes()
    shown = world.engine().undo(run)
    assert shown.undo is not None
    assert shown.undo.back
    assert world.engine().undo(run, approve="0123456789abcdef").applied == 0
    assert world.writes() == writes
    assert world.golden().value("notes") == "likes coffee"
    done = world.engine().undo(run, approve=shown.undo.hash())
    assert done.approved
    assert world.writes() > writes


def test_a_plan_that_trips_a_guard_needs_its_hash(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=ONE_SLOT)
    for number in range(12):
        world.servers["A"].add({"name": f"P {number}", "emails": mail(f"p{number}@x.example")})
    run = world.sync().run
    held = undo(world, run)
    assert [trip.guard for trip in held.held] == ["deletes"]
    assert held.state == "waiting"
    assert len(world.servers["B"].alive()) == 12
    assert held.undo is not None
    world.engine().undo(run, approve=held.undo.hash())
    assert not world.servers["B"].alive()


def test_a_system_that_cannot_be_reached_is_named_and_the_others_are_taken_back(world: World) -> None:
    edit_field(world)
    run = world.sync().run
    world.servers["C"].fault = failing(Unavailable("no answer"), "changes")
    result = undo(world, run)
    assert result.undo is not None
    assert "cannot be reached now: no answer" in reasons(result.undo.cannot)[("C", "")]
    assert world.one("A")["notes"] == "likes tea"
    assert world.one("C")["notes"] == "likes coffee"
    world.servers["C"].fault = lambda _call, _number: None
    undo(world, run)
    world.sync()
    assert world.one("C")["notes"] == "likes tea"
    assert world.one("B")["notes"] == "likes coffee"


@pytest.mark.parametrize("lost", [True, False], ids=["the answer is lost", "the request is lost"])
@pytest.mark.parametrize("edit", [edit_field, add_element, remove_element], ids=lambda item: item.__name__)
def test_a_write_of_unknown_outcome_in_an_undo_is_settled_and_nothing_is_doubled(
    world: World, edit: Any, *, lost: bool
) -> None:
    edit(world)
    before = remotes(world)
    run = world.sync().run
    real = world.connectors["D"].write

    def losing(resource: str, ops: Any) -> Any:
        if lost:
            list(real(resource, ops))
        raise OutcomeUnknown("the connection broke")

    world.connectors["D"].write = losing  # type: ignore[method-assign]
    undo(world, run)
    world.connectors["D"].write = real  # type: ignore[method-assign]
    undo(world, run)
    world.sync()
    assert remotes(world) == before
    world.quiet()


def test_an_edit_that_an_undo_reads_still_reaches_every_system(tmp_path: Path) -> None:
    """Seed 320083: an address edited just before the undo was golden, and noted as sent to the system it was not sent to."""
    world = World(tmp_path, A=LIST_WITH_IDS, B=LIST_WITH_IDS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "x@x.example"}]})
    world.sync()
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"].append({"value": "y@x.example"}))
    run = world.sync().run
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"][0].update(value="x2@x.example"))
    undo(world, run)
    assert [value for value, _ in world.rows("B")] == ["x@x.example"], "an undo writes only what it takes back"
    world.sync()
    assert [value for value, _ in world.rows("B")] == ["x2@x.example"]
    assert sorted(value for value, _ in world.rows("A")) == ["x2@x.example", "y@x.example"]
    world.quiet()


def test_a_slot_that_shows_another_address_on_purpose_follows_that_one(tmp_path: Path) -> None:
    """Seed 320176: the address that an undo had put back into a slot was edited elsewhere, and the slot kept the old one."""
    world = World(tmp_path, A=LIST_WITH_IDS, B=ONE_SLOT)
    a = world.servers["A"]
    a.add({"name": "Anna Berg", "emails": [{"value": "x@x.example", "pref": True}]})
    world.sync()
    golden = world.golden()
    a.edit(world.id("A"), lambda data: data["emails"].append({"value": "y@x.example", "pref": True}))
    a.edit(world.id("A"), lambda data: data["emails"][0].update(pref=False, value="x2@x.example"))
    world.servers["B"].fault = failing(Unavailable("down"), "write")
    world.sync()
    taken_back = next(item for item in world.golden().collection("emails").live() if item.value.value == "y@x.example")
    (link,) = [item for item in world.store.records.links_by_gid([golden.gid])[golden.gid] if item.system == "B"]
    link.undone["emails/email"] = mark_of(taken_back)  # an undo has taken y back here
    with world.store.transaction():
        world.store.records.save_links([link])
    world.servers["B"].fault = no_fault
    world.sync()
    assert world.one("B")["email"] == "x2@x.example"
    world.quiet()


def test_an_edit_of_an_address_that_an_undo_left_as_it_was_typed_takes_all_of_it(tmp_path: Path) -> None:
    """Seed 320215: the city that somebody had typed was left where it was typed, and an edit of the street there combined
    the new street with the city of the others."""
    address = (
        '[addresses.slots.main]\npick = "primary"\nlines = { at = "street", as = "lines(comma)" }\ncity = "city"\n'
    )
    world = World(tmp_path, A=PLAIN + address, B=PLAIN + address)
    a = world.servers["A"]
    a.add({"name": "Anna Berg", "email": "anna@x.example", "street": "Weg 1", "city": "Wien"})
    world.sync()
    a.edit(world.id("A"), city="Graz")
    run = world.sync().run
    undo(world, run)
    assert (world.one("A")["city"], world.one("B")["city"]) == ("Graz", "Wien")
    world.quiet()
    a.edit(world.id("A"), street="Gasse 2")
    world.sync()
    for system in "AB":
        assert (world.one(system)["street"], world.one(system)["city"]) == ("Gasse 2", "Graz")
    world.quiet()


def test_a_flag_that_only_the_hub_set_goes_again(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, D=LIST_NO_IDS)
    world.servers["A"].add({"name": "Anna Berg", "emails": mail("anna@x.example", "a2@x.example")})
    world.servers["D"].add(
        {
            "name": "Anna Berg",
            "emails": [{"value": "anna@x.example", "label": "work"}, {"value": "a2@x.example", "label": "work"}],
        }
    )
    before = remotes(world)
    run = world.sync().run
    assert [bool(row.get("pref")) for row in world.one("D")["emails"]] == [True, False]
    undo(world, run)
    assert remotes(world) == before
    world.quiet()
    assert remotes(world) == before


def test_a_person_who_decides_for_what_an_undo_restored_gives_it_to_every_system(tmp_path: Path) -> None:
    """Seed 330201: the system whose value had been taken back elsewhere went on showing it after the decision."""
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "likes tea"})
    world.sync()
    world.servers["B"].edit(world.id("B"), notes="likes coffee")
    run = world.sync().run
    undo(world, run)
    assert (world.one("A")["notes"], world.one("B")["notes"]) == ("likes tea", "likes coffee")
    (row,) = world.ledger()
    resolve_conflict(shared_of(world), row["id"], take="undo")
    world.sync()
    assert world.one("B")["notes"] == "likes tea"
    world.quiet()


def test_what_a_record_that_is_made_again_cannot_get_back_is_named(tmp_path: Path) -> None:
    """Seed 330021: a granted consent, which the hub never writes, was missing in the record and in the report."""
    consent = (
        '[consents.email_marketing]\nat = "optin"\nread = { yes = "granted", no = "withdrawn" }\n'
        'write = { withdrawn = "no" }\nevidence = { captured_at = "optin_at", source = "optin_by" }\n'
    )
    rules = Policy(("A", "B"), delete={"A": "propagate", "B": "propagate"}, delete_any=frozenset("A"))
    world = World(tmp_path, rules, A=PLAIN + consent, B=PLAIN)
    world.servers["A"].add(
        {
            "name": "Anna Berg",
            "email": "anna@x.example",
            "optin": "yes",
            "optin_at": "2026-01-01T10:00:00+00:00",
            "optin_by": "web form",
        }
    )
    world.servers["A"].add({"name": "Bo Dahl", "email": "bo@x.example"})
    world.sync()
    world.servers["B"].remove(next(i for i, d in world.servers["B"].alive().items() if d["name"] == "Anna Berg"))
    run = world.sync().run
    assert [data["name"] for data in world.servers["A"].alive().values()] == ["Bo Dahl"]
    result = undo(world, run)
    assert sorted(data["name"] for data in world.servers["A"].alive().values()) == ["Anna Berg", "Bo Dahl"]
    assert result.undo is not None
    assert ("A", "consents.email_marketing") in reasons(result.undo.cannot)


def test_a_record_that_an_earlier_undo_had_deleted_stays_deleted_when_a_person_deletes_it_now(tmp_path: Path) -> None:
    """Found on a real Tryton and Radicale: what any run had ever deleted was taken for deleted by this one."""
    every = {"delete": {"A": "propagate", "B": "propagate"}, "delete_any": frozenset("AB")}
    world = World(tmp_path, Policy(("A", "B"), **every), A=LIST_WITH_IDS, B=ONE_SLOT)
    world.servers["A"].add({"name": "Bo Li", "emails": mail("bo@x.example")})
    undone = undo(world, world.sync().run).run
    undo(world, undone)
    with world.store.transaction():  # the server gives the same id again, as one does that derives it from our key
        link = world.link("B")
        world.store.history.journal(
            [
                {
                    "run": undone, "at": 0.0, "op_id": "x", "system": "B", "resource": "contacts", "gid": link.gid,
                    "remote_id": link.remote_id, "kind": "delete", "pre": None, "diffs": [],
                }
            ]
        )  # fmt: skip
    world.servers["B"].remove(world.id("B"))
    before = remotes(world)
    run = world.sync().run
    assert remotes(world) == {"A": [], "B": []}
    undo(world, run)
    assert remotes(world) == before
    world.quiet()
    assert remotes(world) == before


def test_taking_back_again_and_again_is_no_loop(world: World) -> None:
    """Two systems that correct each other are stopped after five writes in ten minutes; a person is no loop."""
    edit_field(world)
    run = world.sync().run
    for _ in range(8):
        run = world.engine().undo(run, yes=True).run
    assert world.one("A")["notes"] == "likes coffee"
    assert not world.store.work.quarantined()
    world.servers["B"].edit(world.id("B"), notes="likes cocoa")
    world.engine().sync()
    assert world.one("A")["notes"] == "likes cocoa"


def test_what_only_the_connector_sees_of_a_row_does_not_come_back_with_it() -> None:
    """A private key names a line of the record as it was read; of a row that is not there any more it names nothing."""
    text = HEAD.format(name="D") + LIST_NO_IDS.replace("{fields}", "")
    mapping = compile_mapping(parse_mapping(text, name="D.contacts", file="D.toml"))
    kept = {"value": "b@x.example", "_i": 1}
    base = {"name": "Anna", "emails": [kept]}
    pre = {"name": "Anna", "emails": [{"value": "A@X.example ", "_i": 0}, {"value": "b@x.example", "_i": 1}]}
    patch = {"emails": [kept, {"value": "A@X.example"}]}
    assert spelled(mapping, base, patch, pre) == {"emails": [{"value": "A@X.example "}, kept]}


def test_a_label_that_is_written_leaves_a_value_that_differs_on_purpose(tmp_path: Path) -> None:
    """Seed 340292: writing the label counted as giving the value again, so the difference was on purpose no longer."""
    world = World(tmp_path, A=LIST_WITH_IDS, B=LIST_WITH_IDS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "x@x.example", "label": "home"}]})
    world.sync()
    world.servers["B"].edit(world.id("B"), lambda data: data["emails"][0].update(value="y@x.example"))
    undo(world, world.sync().run)
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"][0].update(label="work"))
    world.sync()
    assert (world.rows("A"), world.rows("B")) == ([("x@x.example", "work")], [("y@x.example", "work")])
    links = world.store.records.links_by_gid([world.golden().gid])[world.golden().gid]
    assert [link.system for link in links if link.undone] == ["B"]
    world.quiet()


@pytest.mark.parametrize("edit", [edit_field, edit_element])
def test_what_is_given_again_after_an_undo_is_no_exception_any_more(world: World, edit: Any) -> None:
    """Once golden has moved on and was written everywhere, nothing is left that a later edit would be judged by."""
    edit(world)
    undo(world, world.sync().run)
    gid = world.golden().gid
    assert [link.system for link in world.store.records.links_by_gid([gid])[gid] if link.undone]
    a = world.servers["A"]
    a.edit(world.id("A"), lambda data: data["emails"][0].update(value="newest@x.example"), notes="likes cocoa")
    world.sync()
    assert [link.undone for link in world.store.records.links_by_gid([gid])[gid]] == [{}] * 5
    world.quiet()


def test_an_address_that_others_edit_after_an_undo_is_no_exception_any_more_where_it_was_kept(world: World) -> None:
    edit_element(world)
    undo(world, world.sync().run)
    gid = world.golden().gid
    assert [link.system for link in world.store.records.links_by_gid([gid])[gid] if link.undone] == ["A"]
    world.servers["E"].edit(world.id("E"), email="newest@x.example")
    world.sync()
    assert [link.undone for link in world.store.records.links_by_gid([gid])[gid]] == [{}] * 5
    world.quiet()


def test_who_edits_what_an_undo_gave_back_before_the_hub_looks_has_not_seen_golden(tmp_path: Path) -> None:
    """Seed 444613: the edit came between the write of the undo and the read of its image, and replaced golden unseen."""
    world = World(tmp_path, A=PLAIN)
    b = world.add_system("B", PLAIN, image=False)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "from A"})
    b.add({"name": "Anna Berg", "email": "anna@x.example", "notes": "from B"})
    run = world.sync().run
    assert b.alive()["1"]["notes"] == "from A"

    def edit(record: Any) -> None:
        b.after_write = lambda _record: None
        b.edit(record.id, notes="typed over what the undo gave back")

    b.after_write = edit
    undo(world, run)
    world.sync()
    kept = [world.golden().value("notes"), *(row["loser"] for row in world.ledger())]
    assert {"from A", "typed over what the undo gave back"} <= set(map(str, kept))
    world.quiet()


def test_an_undo_lets_no_system_know_more_than_it_did(tmp_path: Path) -> None:
    """Seed 350265: after an undo of something else, a system that nothing can be written to counted as knowing an edited
    address, and its own removal of the old spelling removed the address everywhere."""
    world = World(tmp_path, A=LIST_WITH_IDS, B=LIST_WITH_IDS)
    c = world.add_system("C", LIST_WITH_IDS, writes=frozenset())
    for system in "AC":
        world.servers[system].add({"name": "Anna Berg", "emails": [{"value": "x@x.example"}, {"value": "z@x.example"}]})
    world.sync()
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"][0].update(value="x2@x.example"))
    world.sync()
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"][1].update(value="z2@x.example"))
    undo(world, world.sync().run)
    c.edit(world.id("C"), lambda data: data["emails"].pop(0))
    world.sync()
    assert "x2@x.example" in [value for value, _ in world.rows("A")]
    world.quiet()


def test_who_was_deleted_by_hand_stays_away_also_where_an_older_record_is_gone(tmp_path: Path) -> None:
    """Seed 350155: an old record of the same customer, gone for long, was taken for the one that somebody had deleted."""
    world = two_customers(tmp_path, delete={"A": "propagate"}, delete_any=frozenset("B"))
    world.sync()
    gid, a = world.golden().gid, world.servers["A"]
    links = world.store.records.links_by_gid([gid])[gid]
    mine = next(item for item in links if item.system == "A")
    older = Link("A", "contacts", "0", gid, "gone", primary=False, native=mine.native)
    with world.store.transaction():
        world.store.records.delete_links([mine.id or 0])
        mine.id = None
        world.store.records.save_links([older, mine])
    a.remove(mine.remote_id)
    undo(world, world.sync().run)
    assert world.one("B")["name"] == "Anna Berg"
    world.sync()
    assert a.alive() == {}, "where somebody deleted it, it stays deleted"
    world.quiet()


def test_a_record_that_is_made_again_gets_what_became_of_it_since(tmp_path: Path) -> None:
    """Seed 340449: a name that was edited after the deletion counted as given to the record that came back with the old
    one, and an edit there replaced it unseen."""
    world = World(
        tmp_path,
        Policy(tuple("ABC"), delete={"A": "propagate", "B": "propagate"}, delete_any=frozenset("B")),
        A=LIST_WITH_IDS, B=PLAIN, C=PLAIN,
    )  # fmt: skip
    world.servers["A"].add({"name": "Anna Berg", "emails": mail("anna@x.example")})
    world.servers["C"].add({"name": "Anna Berg", "email": "anna@x.example"})
    world.sync()
    world.servers["A"].remove(world.id("A"))
    run = world.sync().run
    assert world.servers["B"].alive() == {}
    world.servers["C"].edit(world.id("C"), name="Anna Quist")
    undo(world, run)
    world.sync()
    assert world.one("B")["name"] == "Anna Quist"
    world.quiet()


def test_the_slot_of_a_record_that_is_made_again_says_nothing_of_the_primary(tmp_path: Path) -> None:
    """Seed 421063: the only slot of the record that came back made its address the primary one everywhere."""
    world = World(
        tmp_path,
        Policy(tuple("ABC"), delete={"A": "propagate", "B": "propagate"}, delete_any=frozenset("B")),
        A=LIST_WITH_IDS, B=ONE_SLOT, C=LIST_WITH_IDS,
    )  # fmt: skip
    world.servers["A"].add({"name": "Anna Berg", "emails": mail("anna@x.example", "a2@x.example", pref=-1)})
    world.sync()
    world.servers["A"].remove(world.id("A"))
    run = world.sync().run
    assert world.servers["B"].alive() == {}
    undo(world, run)
    world.sync()
    assert world.golden().collection("emails").primary_eid() is None
    assert not any(row.get("pref") for row in world.one("C")["emails"])
    world.quiet()


def test_what_differed_on_purpose_before_a_deletion_still_does_after_its_undo(tmp_path: Path) -> None:
    """Seed 381118: the value that an earlier undo had left was overwritten after the record came back."""
    world = World(
        tmp_path,
        Policy(tuple("ABC"), delete={"A": "propagate", "B": "propagate"}, delete_any=frozenset("B")),
        A=PLAIN, B=PLAIN, C=PLAIN,
    )  # fmt: skip
    for system in "AC":
        world.servers[system].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "likes tea"})
    world.sync()
    world.servers["B"].edit(world.id("B"), notes="likes coffee")
    undo(world, world.sync().run)
    assert (world.one("A")["notes"], world.one("B")["notes"]) == ("likes tea", "likes coffee")
    world.servers["A"].remove(world.id("A"))
    run = world.sync().run
    assert world.servers["B"].alive() == {}
    undo(world, run)
    world.sync()
    assert world.one("B")["notes"] == "likes coffee"
    world.quiet()


def test_a_record_that_is_made_again_says_nothing_of_what_it_is_never_given(tmp_path: Path) -> None:
    """Seed 453605: the new record has no owner, because the hub only reads owners; that counted as an edit to nothing."""
    owner = LIST_WITH_IDS.replace("{fields}", 'owner = { at = "owner", direction = "read" }')
    world = World(
        tmp_path,
        Policy(tuple("AB"), delete={"A": "propagate", "B": "propagate"}, delete_any=frozenset("A")),
        B=owner,
    )  # fmt: skip
    server = world.add_system("A", owner, image=False)
    world.servers["B"].add({"name": "Anna Berg", "emails": mail("anna@x.example"), "owner": "Bo Li"})
    world.sync()
    world.servers["B"].remove(world.id("B"))
    run = world.sync().run
    assert server.alive() == {}

    def meanwhile(call: str, _number: int) -> None:
        if call == "fetch":
            server.fault = no_fault
            server.edit(world.id("A"), title="somebody looks after her")

    server.fault = meanwhile
    undo(world, run)
    assert server.fault is no_fault
    world.sync()
    assert world.golden().value("owner") == "Bo Li"
    world.quiet()


def test_what_nobody_saw_where_an_undo_left_another_value_is_in_the_ledger(tmp_path: Path) -> None:
    """Seed 380456: an edit of the value that an undo had left replaced golden's, which that person had never seen."""
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "likes tea"})
    world.sync()
    world.servers["B"].edit(world.id("B"), notes="likes coffee")
    undo(world, world.sync().run)
    world.servers["A"].edit(world.id("A"), name="Anna Quist")
    world.sync()
    before = len(world.ledger())
    world.servers["B"].edit(world.id("B"), notes="likes mate")
    world.sync()
    assert world.one("A")["notes"] == world.one("B")["notes"] == "likes mate"
    assert [row["loser"] for row in world.ledger()][: len(world.ledger()) - before] == ["likes tea"]
    world.quiet()


def test_an_address_that_is_removed_leaves_also_the_slot_where_an_undo_had_left_it(tmp_path: Path) -> None:
    """Seed 401176: the place was not golden's since the undo, so the slot was left as it was for ever."""
    world = World(tmp_path, A=LIST_WITH_IDS, C=LABEL_SLOTS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "x@x.example"}]})
    world.servers["C"].add({"name": "Anna Berg", "home": "x@x.example"})
    run = world.sync().run
    undo(world, run)
    world.quiet()
    assert world.one("C")["home"] == "x@x.example", "a user of C typed it there"
    world.servers["A"].edit(world.id("A"), emails=[])
    world.sync()
    assert world.one("C")["home"] is None
    world.quiet()


def left_on_purpose(folder: Path) -> World:
    """B's user typed y over x; the undo of passing that on gave A back its x, and B still shows y."""
    world = World(folder, A=LIST_WITH_IDS, B=LIST_WITH_IDS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "x@x.example"}]})
    world.sync()
    world.servers["B"].edit(world.id("B"), lambda data: data["emails"][0].update(value="y@x.example"))
    undo(world, world.sync().run)
    world.quiet()
    assert [world.rows(name) for name in "AB"] == [[("x@x.example", None)], [("y@x.example", None)]]
    return world


def test_an_address_that_is_removed_goes_also_where_an_undo_had_left_another_value(tmp_path: Path) -> None:
    world = left_on_purpose(tmp_path)
    world.servers["A"].edit(world.id("A"), emails=[])
    world.sync()
    assert world.rows("B") == []
    world.quiet()


def test_who_removes_what_an_undo_left_has_not_seen_goldens_address_which_is_in_the_ledger(tmp_path: Path) -> None:
    """Seed 446688."""
    world = left_on_purpose(tmp_path)
    world.servers["B"].edit(world.id("B"), emails=[])
    world.sync()
    assert world.rows("A") == []
    assert ("x@x.example", "removed where an undo had left another value") in [
        (row["loser"], row["rule"]) for row in world.ledger()
    ]
    world.quiet()


def test_who_edits_the_label_of_a_value_that_an_undo_left_keeps_that_value_from_removal(tmp_path: Path) -> None:
    """Seed 401407: golden's old value came back instead, and was given to the others only."""
    world = left_on_purpose(tmp_path)
    world.servers["A"].edit(world.id("A"), emails=[])
    world.servers["B"].edit(world.id("B"), lambda data: data["emails"][0].update(label="home"))
    world.sync()
    world.sync()
    assert world.rows("A") == world.rows("B") == [("y@x.example", "home")]
    world.quiet()


def test_a_company_that_moves_to_the_survivor_of_the_undone_one_is_given_everywhere(tmp_path: Path) -> None:
    """Seed 402136: the company that was merged away and its survivor are one, so nothing seemed to have changed."""
    shape = PLAIN.replace("[emails", 'company = { ref = "contacts", at = "company_id" }\n[emails', 1)
    world = World(tmp_path, A=shape, B=shape)
    a, b = world.servers["A"], world.servers["B"]
    old, new = (a.add({"name": name, "email": f"{name.lower()}@x.example"}) for name in ("Acme", "Best"))
    anna = a.add({"name": "Anna Berg", "email": "anna@x.example", "company_id": old})
    a.add({"name": "Other", "email": "other@x.example"})
    world.sync()
    ids = {data["name"]: id_ for id_, data in b.alive().items()}
    world.sync()
    b.edit(ids["Anna Berg"], company_id=ids["Other"])
    undo(world, world.sync().run)
    assert (a.records[anna].data["company_id"], b.records[ids["Anna Berg"]].data["company_id"]) == (old, ids["Other"])
    a.remove(old, merged_into=new)
    a.edit(anna, company_id=new)
    world.sync()
    world.sync()
    assert a.records[anna].data["company_id"] == new
    assert b.records[ids["Anna Berg"]].data["company_id"] in {ids["Acme"], ids["Best"]} & set(b.alive())
    world.quiet()


def test_the_flag_of_a_row_that_gave_way_to_another_comes_back_with_it(tmp_path: Path) -> None:
    """Seed 406625: in a list without ids the new row stood for the old one, and nobody had the flag any more."""
    world = World(tmp_path, B=LIST_WITH_IDS, D=LIST_NO_IDS)
    world.servers["B"].add({"name": "Anna Berg", "emails": mail("w@x.example", "x@x.example", pref=1)})
    world.sync()
    assert [row["value"] for row in world.one("D")["emails"] if row.get("pref")] == ["x@x.example"]
    world.servers["B"].edit(
        world.id("B"), lambda data: data.update(emails=[data["emails"][0], {"value": "y@x.example", "label": "work"}])
    )
    run = world.sync().run
    assert not any(row.get("pref") for row in world.one("D")["emails"])
    undo(world, run)
    assert sorted((row["value"], bool(row.get("pref"))) for row in world.one("D")["emails"]) == [
        ("w@x.example", False),
        ("x@x.example", True),
    ]
    world.quiet()


def test_a_value_that_an_undo_left_in_a_slot_goes_when_its_address_moves_to_another_slot(tmp_path: Path) -> None:
    """Seed 413999: it was taken for a duplicate that somebody had typed into both slots, and stayed for ever."""
    world = World(tmp_path, A=LABEL_SLOTS, B=LIST_WITH_IDS)
    world.servers["A"].add({"name": "Anna Berg", "home": "old@x.example"})
    world.sync()
    world.servers["A"].edit("1", home="new@x.example")
    undo(world, world.sync().run)
    assert (world.one("A")["home"], world.rows("B")) == ("new@x.example", [("old@x.example", "home")])
    world.servers["B"].edit(world.id("B"), lambda data: data["emails"][0].update(label="work"))
    world.sync()
    assert (world.one("A").get("home"), world.one("A")["work"]) == (None, "old@x.example")
    world.quiet()


def test_an_address_whose_row_was_relabelled_since_gets_its_value_back_in_that_row(tmp_path: Path) -> None:
    """Seed 412435: the row kept the undone value and the address came back beside it, in a second row of its own."""
    world = World(tmp_path, A=LIST_WITH_IDS, D=LIST_NO_IDS)
    world.servers["A"].add({"name": "Anna Berg", "emails": mail("old@x.example", "a2@x.example")})
    world.sync()
    world.servers["A"].edit(
        "1", lambda data: data.update(emails=[{**data["emails"][0], "value": "new@x.example"}])
    )  # two rows before, one after: without ids nobody can tell whose it is
    run = world.sync().run
    world.servers["D"].edit("1", lambda data: data["emails"][0].update(label="home"))
    undo(world, run)
    world.sync()
    assert sorted(world.rows("D")) == [("a2@x.example", "work"), ("old@x.example", "home")]
    world.quiet()


def test_an_address_that_is_entered_again_where_it_was_taken_back_gets_what_it_lacks(tmp_path: Path) -> None:
    """Seed 419780: it stayed without its recipient, and who removed it there removed what nobody had seen."""
    address = (
        '[addresses]\nlist = "addresses"\nid = "id"\nlines = { at = "street", as = "lines(comma)" }\ncity = "city"\n'
    )
    shape = LIST_WITH_IDS + address + 'recipient = "to"\n'
    world = World(tmp_path, A=shape, B=shape)
    a, b = world.servers["A"], world.servers["B"]
    for server in (a, b):
        server.traits.parts = {"emails": "by_id", "addresses": "by_id"}
        server.add({"name": "Anna Berg", "emails": [{"value": "x@x.example"}], "addresses": []})
    world.sync()
    street = {"street": "Am Ring 1", "city": "Graz"}
    a.edit("1", addresses=[{**street, "to": "Herr Berg"}])
    undo(world, world.sync().run)
    assert world.one("B")["addresses"] == []
    b.edit("1", addresses=[{**street, "id": "p9"}])
    world.sync()
    (row,) = world.one("B")["addresses"]
    assert row["to"] == "Herr Berg"
    world.quiet()


def test_what_an_undo_left_goes_when_its_customer_is_merged_into_another_with_the_same_address(tmp_path: Path) -> None:
    """Seed 457040: the mark of the undo kept the name of an element that was another one since, and the slot its value."""
    world = World(tmp_path, Policy(("A", "B"), no_create=frozenset("B")), A=LIST_WITH_IDS, B=ONE_SLOT)
    world.servers["A"].add({"name": "Anna Berg", "emails": mail("anna@x.example")})
    world.servers["A"].add({"name": "Yves Roth", "emails": mail("yves@x.example")})
    world.servers["B"].add({"name": "Anna Berg", "email": "anna@x.example"})
    world.sync()
    world.servers["B"].edit("1", email="berg@x.example")
    undo(world, world.sync().run)
    assert world.servers["B"].alive()["1"]["email"] == "berg@x.example", "what people typed stays where they typed it"
    world.servers["A"].edit("2", emails=mail("anna@x.example"))
    world.sync()
    world.servers["A"].remove("1", merged_into="2")
    world.sync()
    world.sync()
    (golden,) = world.goldens()
    assert [item.value.value for item in golden.collection("emails").live()] == ["anna@x.example"]
    assert world.servers["B"].alive()["1"]["email"] == "anna@x.example"
    assert "berg@x.example" in [row["loser"] for row in world.ledger()]
    world.quiet()
