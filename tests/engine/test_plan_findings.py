"""Plans and looks that were wrong once: addresses that move between slots, lost references, rows without an id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.contract.errors import Unavailable
from hub.mapping.view import Position, View
from hub.state import Base, Cell, Link, mark_of
from hub.sync.merge.settle import settle
from hub.sync.plan.collections import NAMELESS
from hub.sync.plan.items import Payload
from hub.sync.plan.record import plan_record
from hub.sync.policy import Policy
from tests.engine.planned import after, drafted, element, golden, mapping_of, planned
from tests.engine.test_plan_of_a_list import IDS, X, Y, bare, pictured, row, shows
from tests.engine.world import LABEL_SLOTS, LIST_WITH_IDS, PLAIN, TWO_SLOTS, World, failing, no_fault

FLAGGED = IDS + 'primary = { at = "pref" }\n'
REFERRING = PLAIN.replace("{fields}", 'company = { ref = "contacts", at = "company_id" }\n{fields}')


def test_a_label_that_changes_moves_its_address_from_one_slot_to_the_other(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, C=LABEL_SLOTS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": X, "label": "work"}]})
    world.sync()
    world.servers["A"].edit("1", lambda data: data["emails"][0].update(label="home"))
    world.sync()
    assert (world.one("C")["work"], world.one("C")["home"]) == (None, X)
    world.quiet()


def test_an_address_that_becomes_the_primary_one_moves_up_and_leaves_its_old_slot(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, C=TWO_SLOTS)
    rows = [{"value": X, "pref": True}, {"value": Y, "pref": False}]
    world.servers["A"].add({"name": "Anna Berg", "emails": rows})
    world.sync()
    world.servers["A"].edit("1", lambda data: data.update(emails=[{**data["emails"][1], "pref": True}]))
    world.sync()
    assert (world.one("C")["email"], world.one("C")["email2"]) == (Y, None)
    world.quiet()


def test_an_empty_reference_that_golden_comes_to_share_has_lost_no_longer(tmp_path: Path) -> None:
    policy = Policy(("A", "B"), authority={"company": ("A", "B")})
    world = World(tmp_path, policy, A=REFERRING, B=REFERRING)
    a, b = world.servers["A"], world.servers["B"]
    for name in ("Anna", "Bo", "Cy", "Di"):
        a.add({"name": name, "email": f"{name}@x.example"})
    a.edit("1", company_id="2")
    world.sync()
    ids = {data["name"]: id_ for id_, data in b.alive().items()}
    b.edit(ids["Anna"], company_id=None)
    a.edit("1", company_id="3")
    b.fault = failing(Unavailable("down"), "write")
    world.sync()
    a.edit("1", company_id=None)
    b.fault = no_fault
    world.sync()
    world.quiet()
    b.edit(ids["Anna"], company_id=ids["Di"])
    world.sync()
    assert (a.records["1"].data["company_id"], b.records[ids["Anna"]].data["company_id"]) == ("4", ids["Di"])


def test_a_change_of_a_row_that_has_no_id_yet_is_written_once_it_has_one(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=LIST_WITH_IDS)
    a, b = world.servers["A"], world.servers["B"]
    b.traits.parts = {}
    a.add({"name": "Anna", "emails": [{"value": X}]})
    world.sync()
    a.edit("1", lambda data: data["emails"][0].update(value=Y))
    world.sync()
    b.edit("1", lambda data: data["emails"][0].update(id="p1"))
    world.sync()
    assert world.rows("A") == world.rows("B") == [(Y, None)]
    world.quiet()


def test_a_row_that_has_no_id_yet_is_neither_removed_nor_flagged_before_it_has_one() -> None:
    native = shows(bare(X), row("2", Y))
    rows = pictured((None, "a"), ("2", "b"))
    removed = planned(FLAGGED, golden(element("a", X, alive=False), element("b", Y)), native, rows)
    assert (removed.data, removed.held) == ({}, {"emails/a": NAMELESS})
    record = golden(element("a", X), element("b", Y), primary="a")
    assert plan_record(drafted(FLAGGED, record, native, rows, psent={"emails": None})) is None, (
        "it is still to be flagged"
    )
    native = shows(row("1", X), row("2", Y))
    item = planned(FLAGGED, record, native, pictured(("1", "a"), ("2", "b")), psent={"emails": None})
    assert [shown.get("pref") for shown in after(FLAGGED, native, item)["emails"]] == [True, None]


def test_an_address_that_an_undo_left_in_its_slot_leaves_it_when_it_is_given_to_the_other_one() -> None:
    record = golden(element("a", X), primary="a")
    a = record.collection("emails").elements["a"]
    undone = {"emails/email": mark_of(a, None), "emails/email2": mark_of(None, a)}
    known: dict[str, Any] = {"undone": undone, "picture": {"emails": [["email", None], ["email2", "a"]]}}
    native = {"email": None, "email2": X}
    kept = planned(TWO_SLOTS, record, native, **known)
    assert (kept.data, kept.held.keys()) == ({}, undone.keys()), "it stays while golden does not move"
    a.value = Cell(Y, "C", 9)  # somebody edits it there
    native["email2"] = Y
    moved = planned(TWO_SLOTS, record, native, **known)
    assert after(TWO_SLOTS, native, moved) == {"email": Y, "email2": None}


def test_what_a_user_types_into_an_empty_slot_just_before_our_write_is_no_lossy_write() -> None:
    predicted = View({}, {"emails": (Position("email", None),)})
    image = View({}, {"emails": (Position("email", Y),)})
    payload = Payload(picture={"emails": [["email", None]]})
    link, base = Link("C", "contacts", "1", "g"), Base({}, {"emails": []})
    found = settle(link, base, payload, predicted, image, mapping_of(TWO_SLOTS), direct=True, window=True)
    assert found.problems == []
    assert [row.value for row in base.collections["emails"]] == [None], "it is still to be seen as an edit"
