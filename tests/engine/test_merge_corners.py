"""Corners of the merge that mutation testing found without a witness: kinds, labels, primary flags, and what people
are told about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import Unavailable
from hub.sync.policy import Policy
from tests.engine.test_collection_scenarios import X, Y, flag, flagged, set_row, start, world_of
from tests.engine.world import LIST_NO_IDS, LIST_WITH_IDS, PLAIN, TWO_SLOTS, World, failing, losing, no_fault

KIND = PLAIN.replace("{fields}", 'kind = { at = "type", map = { person = "p", organisation = "o" } }')


def told(world: World, code: str) -> list[tuple[str, str, str]]:
    return [
        (row["system"], row["path"], row["message"]) for row in world.store.history.notices() if row["code"] == code
    ]


def rows_of(world: World, **wanted: Any) -> list[dict[str, Any]]:
    keys = ("path", "rule", "winner", "winner_system", "loser", "loser_system")
    found = [{key: row[key] for key in keys} for row in world.ledger()]
    return [row for row in found if all(row[key] == value for key, value in wanted.items())]


# kind


def test_the_kind_is_decided_when_the_record_is_made(tmp_path: Path) -> None:
    world = World(tmp_path, A=KIND, B=KIND)
    world.servers["A"].add({"name": "ACME", "email": X, "type": "o"})
    world.sync()
    assert world.golden().value("kind") == "organisation"
    assert world.one("B")["type"] == "o"
    world.quiet()


def test_a_later_change_of_the_kind_is_told_and_not_taken(tmp_path: Path) -> None:
    world = World(tmp_path, A=KIND, B=KIND)
    world.servers["A"].add({"name": "ACME", "email": X, "type": "o"})
    world.sync()
    world.servers["B"].edit(world.id("B"), type="p")
    world.sync()
    assert world.golden().value("kind") == "organisation"
    assert rows_of(world, path="kind") == [
        {
            "path": "kind",
            "rule": "kind is fixed at creation",
            "winner": "organisation",
            "winner_system": "hub",
            "loser": "person",
            "loser_system": "B",
        }
    ]
    assert told(world, "kind_changed") == [("B", "kind", "B now says person, the record is a organisation")]
    assert world.one("A")["type"] == "o"
    world.quiet()


def test_two_kinds_on_the_first_link_are_in_the_ledger_and_nobody_is_called(tmp_path: Path) -> None:
    world = World(tmp_path, A=KIND, B=KIND)
    world.servers["A"].add({"name": "ACME", "email": X, "type": "o"})
    world.servers["B"].add({"name": "ACME", "email": X, "type": "p"})
    world.sync()
    assert world.golden().value("kind") == "organisation"
    assert [row["loser"] for row in rows_of(world, path="kind")] == ["person"]
    assert told(world, "kind_changed") == []
    world.quiet()


def test_a_kind_that_one_system_does_not_say_comes_from_the_other(tmp_path: Path) -> None:
    world = World(tmp_path, A=KIND, B=KIND)
    world.servers["A"].add({"name": "ACME", "email": X})
    world.servers["B"].add({"name": "ACME", "email": X, "type": "o"})
    world.sync()
    assert world.golden().value("kind") == "organisation"
    assert rows_of(world, path="kind") == []
    world.quiet()


# labels


def labelled(folder: Path) -> World:
    world = World(folder, A=LIST_WITH_IDS, D=LIST_NO_IDS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": X, "label": "work"}]})
    world.sync()
    assert world.rows("D") == [(X, "work")]
    return world


@pytest.mark.parametrize(("later", "label"), [("A", "school"), ("D", "home")])
def test_two_labels_at_once_the_later_wins_and_the_other_is_in_the_ledger(
    tmp_path: Path, later: str, label: str
) -> None:
    world = labelled(tmp_path)
    labels = {"A": "school", "D": "home"}
    earlier = "D" if later == "A" else "A"
    set_row(world, earlier, X, label=labels[earlier])
    world.now += 600
    set_row(world, later, X, label=labels[later])
    world.sync()
    assert world.rows("A") == world.rows("D") == [(X, label)]
    (row,) = rows_of(world, rule="later edit")
    assert (row["winner"], row["winner_system"]) == ([label], later)
    assert (row["loser"], row["loser_system"]) == ([labels[earlier]], earlier)
    assert row["path"].startswith("emails/")
    assert row["path"].endswith("/labels")
    world.quiet()


def test_the_same_label_twice_is_no_conflict(tmp_path: Path) -> None:
    world = labelled(tmp_path)
    set_row(world, "A", X, label="home")
    set_row(world, "D", X, label="home")
    world.sync()
    assert world.rows("A") == world.rows("D") == [(X, "home")]
    assert world.ledger() == []
    world.quiet()


def test_a_label_that_lost_is_given_the_winner_once(tmp_path: Path) -> None:
    world = labelled(tmp_path)
    set_row(world, "A", X, label="school")
    world.now += 600
    set_row(world, "D", X, label="home")
    world.sync()
    writes = len(world.servers["A"].writes)
    set_row(world, "A", X, label="school")
    world.sync()
    assert world.rows("A") == world.rows("D") == [(X, "school")], "an edit by somebody who has seen the winner"
    assert len(world.servers["A"].writes) == writes
    world.quiet()


def first_link(folder: Path, of_a: str | None, of_d: str | None) -> World:
    """The same address in two systems before the first sync, with labels."""
    world = World(folder, A=LIST_WITH_IDS, D=LIST_NO_IDS)
    for name, label in (("A", of_a), ("D", of_d)):
        world.servers[name].add({"name": "Anna Berg", "emails": [{"value": X, "label": label}]})
    world.sync()
    return world


@pytest.mark.parametrize(
    ("of_a", "of_d", "label"), [("work", None, "work"), (None, "work", "work"), (None, None, None)]
)
def test_a_label_that_one_system_lacks_comes_from_the_other(
    tmp_path: Path, of_a: str | None, of_d: str | None, label: str | None
) -> None:
    world = first_link(tmp_path, of_a, of_d)
    assert world.rows("A") == world.rows("D") == [(X, label)]
    assert world.ledger() == []
    changes = world.store.history.changes(world.golden().gid)
    paths = [row["path"] for row in changes if row["path"].endswith("/labels")]
    (eid,) = world.golden().collection("emails").elements
    assert paths == ([f"emails/{eid}/labels"] if of_a is None and of_d else [])
    world.quiet()


def test_two_labels_on_the_first_link_keep_the_first_and_write_down_the_other(tmp_path: Path) -> None:
    world = first_link(tmp_path, "work", "home")
    assert world.rows("A") == world.rows("D") == [(X, "work")]
    (eid,) = world.golden().collection("emails").elements
    assert rows_of(world) == [
        {
            "path": f"emails/{eid}/labels",
            "rule": "first link: fill only",
            "winner": ["work"],
            "winner_system": "A",
            "loser": ["home"],
            "loser_system": "D",
        }
    ]
    world.quiet()


def test_an_element_counts_who_claims_it(tmp_path: Path) -> None:
    """Only an element that nobody claimed since it was seen goes with a removal."""
    world = first_link(tmp_path, "work", "work")
    (element,) = world.golden().collection("emails").elements.values()
    assert element.claims == 2
    link = world.link("D")
    assert link.esent["emails"][element.eid].claims == 2


# refusals


def test_a_refused_write_is_tried_again_when_an_element_changes(tmp_path: Path) -> None:
    """Also when no field of the record has changed."""
    world = World(tmp_path, A=LIST_WITH_IDS, B=PLAIN)
    world.servers["B"].traits.refuse = lambda data: "no such address" if data.get("email") == X else None
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": X}]})
    world.sync()
    world.sync()
    assert world.servers["B"].alive() == {}
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"][0].update(value=Y))
    world.sync()
    assert world.one("B")["email"] == Y
    world.quiet()


# primary flags


@pytest.mark.parametrize(("later", "winner"), [("A", X), ("D", Y)])
def test_two_primary_flags_at_once_the_later_wins_and_the_other_is_in_the_ledger(
    tmp_path: Path, later: str, winner: str
) -> None:
    world = start(world_of(tmp_path, "AD"), (X, None), (Y, None))
    flag(world, "A", None)
    world.sync()
    eids = {element.value.value: eid for eid, element in world.golden().collection("emails").elements.items()}
    wanted = {"A": X, "D": Y}
    earlier = "D" if later == "A" else "A"
    flag(world, earlier, wanted[earlier])
    world.now += 600
    flag(world, later, wanted[later])
    world.sync()
    assert flagged(world, "A") == flagged(world, "D") == [winner]
    (row,) = rows_of(world, path="emails/primary")
    assert row == {
        "path": "emails/primary",
        "rule": "later edit",
        "winner": eids[winner],
        "winner_system": later,
        "loser": eids[wanted[earlier]],
        "loser_system": earlier,
    }
    world.quiet()


# what people are told of a plan


def test_every_line_of_a_plan_says_whose_value_it_is_and_by_which_rule(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AD"), (X, None))
    world.servers["A"].edit(world.id("A"), lambda data: data.update(notes="likes tea"))
    set_row(world, "A", X, value=Y)
    world.now += 600
    plan = world.engine().read().plan
    assert plan is not None
    (item,) = list(plan.items)
    lines = {diff.path.partition("/")[0]: (diff.new, diff.source, diff.rule) for diff in item.diffs}
    assert lines == {"notes": ("likes tea", "A", "edit"), "emails": (Y, "A", "edit")}


def test_a_row_that_a_user_edits_while_our_removal_of_it_is_lost_is_an_edit_that_beats_the_removal(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=LIST_WITH_IDS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": X}, {"value": Y}]})
    world.sync()
    b = world.servers["B"]

    def meanwhile() -> None:
        b.edit("1", lambda data: data["emails"][1].update(value="z@x.example"))
        b.edit("1", notes="likes tea")  # as we wanted: it looks as if our write had been carried out

    world.servers["A"].edit("1", lambda data: data.update(notes="likes tea", emails=data["emails"][:1]))
    b.fault = losing(b, "write", meanwhile)
    world.sync()
    world.sync()
    assert [value for value, _ in world.rows("A")] == [X, "z@x.example"]
    assert sorted(row["rule"] for row in rows_of(world, loser=None)) == ["an edit beats a removal", "revived"]
    world.quiet()


def test_a_row_that_a_user_puts_instead_of_the_one_that_we_would_have_replaced_is_not_ours(tmp_path: Path) -> None:
    """Seed 452863: it counted as an edit of the row that was never written, whose value was gone without a trace."""
    world = World(tmp_path, A=LIST_WITH_IDS, B=LIST_WITH_IDS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": X}]})
    world.sync()
    b = world.servers["B"]
    world.servers["A"].edit("1", emails=[{"id": "new", "value": Y}])
    b.fault = losing(b, "write", lambda: b.edit("1", emails=[{"id": "own", "value": "z@x.example"}]))
    world.sync()
    world.sync()
    for system in "AB":
        assert sorted(value for value, _ in world.rows(system)) == [Y, "z@x.example"]
    world.quiet()


def test_a_row_that_a_user_adds_before_our_answer_is_found_again_is_no_edit_of_ours(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=LIST_WITH_IDS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": X}]})
    world.sync()
    a, b = world.servers["A"], world.servers["B"]
    a.edit("1", lambda data: data["emails"].append({"id": "new", "value": Y}))
    b.fault = losing(
        b, "receipt", lambda: b.edit("1", lambda data: data["emails"].append({"id": "own", "value": "z@x.example"}))
    )
    world.sync()
    world.sync()
    for system in "AB":
        assert sorted(value for value, _ in world.rows(system)) == [X, Y, "z@x.example"]
    world.quiet()


def test_what_is_removed_together_is_told_in_the_order_of_the_rows(tmp_path: Path) -> None:
    """Seed 710022: the order was that of a set of texts, another one in every process."""
    values = [f"{letter}@x.example" for letter in "abcdef"]
    world = start(world_of(tmp_path, "AD"), *((value, None) for value in values))
    world.servers["A"].edit(world.id("A"), lambda data: data.update(emails=[]))
    run = world.sync().run
    changes = world.store.history.changes(world.golden().gid, "emails")
    assert [row["old"] for row in changes if row["run"] == run and row["new"] is None] == values


def test_a_value_that_golden_comes_to_share_has_lost_no_longer(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": X, "notes": "old"})
    world.sync()
    world.servers["B"].edit(world.id("B"), notes="from B")
    world.now += 600
    world.servers["A"].edit("1", notes="from A")
    world.servers["B"].fault = failing(Unavailable("down"), "write")
    world.sync()
    assert world.link("B").lost == {"notes"}
    world.servers["A"].edit("1", notes="from B")
    world.servers["B"].fault = no_fault
    world.sync()
    assert world.link("B").lost == set()
    world.quiet()


@pytest.mark.parametrize("direction", ["read", "create"])
def test_a_list_that_is_not_written_keeps_no_other_one_from_being_written(tmp_path: Path, direction: str) -> None:
    address = (
        '[addresses]\nlist = "addresses"\nid = "id"\nlines = { at = "street", as = "lines(comma)" }\ncity = "city"\n'
    )
    other = LIST_WITH_IDS.replace("[emails]\n", f'[emails]\ndirection = "{direction}"\n')
    world = World(tmp_path, A=LIST_WITH_IDS + address, B=other + address)
    for server in world.servers.values():
        server.traits.parts = {"emails": "by_id", "addresses": "by_id"}
        server.add({"name": "Anna Berg", "emails": [{"value": X}], "addresses": []})
    world.sync()
    new = [{"value": X}, {"value": Y}]
    world.servers["A"].edit("1", emails=new, addresses=[{"street": "Am Ring 1", "city": "Graz"}])
    world.sync()
    assert [row["city"] for row in world.one("B")["addresses"]] == ["Graz"]
    assert world.rows("B") == [(X, None)]
    world.quiet()


def test_a_value_that_a_system_shows_but_could_not_be_given_is_shared_all_the_same(tmp_path: Path) -> None:
    short = LIST_WITH_IDS.replace('as = "email" }', 'as = "email", max = 5 }')
    assert short != LIST_WITH_IDS
    world = World(tmp_path, A=LIST_WITH_IDS, B=short)
    for server in world.servers.values():
        server.add({"name": "Anna Berg", "emails": [{"value": X}]})
    world.sync()
    assert list(world.emails()) == [X]
    assert world.rows("A") == world.rows("B") == [(X, None)]
    world.quiet()


def test_a_flag_that_moves_brings_its_address_into_the_slot_of_the_primary_one(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, C=TWO_SLOTS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": X, "pref": True}, {"value": Y, "pref": False}]})
    world.sync()
    assert (world.one("C")["email"], world.one("C")["email2"]) == (X, Y)
    flag(world, "A", Y)
    world.sync()
    assert (world.one("C")["email"], world.one("C")["email2"]) == (Y, X)
    world.quiet()


def test_the_same_address_spelled_as_its_source_cannot_is_the_richer_one(tmp_path: Path) -> None:
    """Rule C13 for elements: the system that golden has it from upper-cases what it is given."""
    policy = Policy(("A", "B"), no_create=frozenset("B"))
    world = World(tmp_path, policy, A=PLAIN.replace('as = "email"', 'as = "upper"'), B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "ANNA@X.EXAMPLE"})
    world.sync()
    world.servers["B"].add({"name": "Anna Berg", "email": "Anna@x.example"})
    world.sync()
    (element,) = world.golden().collection("emails").live()
    assert (element.value.value, element.value.rule) == ("Anna@x.example", "spelling")
    assert (world.one("A")["email"], world.one("B")["email"]) == ("ANNA@X.EXAMPLE", "Anna@x.example")
    assert world.ledger() == []
    world.quiet()


def test_a_label_that_nobody_touched_here_is_no_rival_of_one_that_was_changed_elsewhere(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=LIST_WITH_IDS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "anna@x.example", "label": "work"}]})
    world.sync()
    world.servers["A"].edit("1", emails=[{**world.one("A")["emails"][0], "label": "home"}])
    world.servers["B"].edit(world.id("B"), emails=[{**world.one("B")["emails"][0], "value": "anna.b@x.example"}])
    world.sync()
    for system in "AB":
        rows = [(row["value"], row["label"]) for row in world.one(system)["emails"]]
        assert rows == [("anna.b@x.example", "home")]
    assert world.ledger() == []
    world.quiet()
