"""The regression scenarios of keyed collections, each a named test: users act, then one run, unless said otherwise.

Systems: A a list with part ids, B one slot, C two slots, D a list without ids.  x, y, z, w stand for e-mail addresses.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hub.contract.errors import Unavailable
from tests.engine.world import (
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

X, X2, Y, Z, W = "x@x.example", "x2@x.example", "y@x.example", "z@x.example", "w@x.example"


def world_of(folder: Path, order: str = "ABCD", **changes: str) -> World:
    """A world with one person that all systems know, made from A's list of x and y (x primary)."""
    shapes = {"A": LIST_WITH_IDS, "B": ONE_SLOT, "C": TWO_SLOTS, "D": LIST_NO_IDS} | changes
    return World(folder, **{name: shapes[name] for name in order})


def start(world: World, *emails: tuple[str, str | None]) -> World:
    rows = [{"value": value, "label": label, "pref": place == 0} for place, (value, label) in enumerate(emails)]
    world.servers["A"].add({"name": "Anna Berg", "emails": rows})
    world.sync()
    world.quiet()
    return world


def set_row(world: World, system: str, old: str, **changes: object) -> None:
    """A user edits the row that shows ``old``."""

    def change(data: dict[str, object]) -> None:
        rows = data["emails"]
        assert isinstance(rows, list)
        next(row for row in rows if row["value"] == old).update(changes)

    world.servers[system].edit(world.id(system), change)


def add_row(world: World, system: str, value: str, **more: object) -> None:
    world.servers[system].edit(world.id(system), lambda data: data["emails"].append({"value": value, **more}))


def remove_row(world: World, system: str, value: str) -> None:
    def change(data: dict[str, object]) -> None:
        rows = data["emails"]
        assert isinstance(rows, list)
        data["emails"] = [row for row in rows if row["value"] != value]

    world.servers[system].edit(world.id(system), change)


def set_slot(world: World, system: str, **slots: str | None) -> None:
    world.servers[system].edit(world.id(system), **slots)


def values(world: World) -> set[str]:
    return set(world.emails())


def listed(world: World, system: str) -> list[str]:
    return sorted(row["value"] for row in world.one(system)["emails"])


def test_slot_repoint_keeps_old(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AB"), (X, None), (Y, None))
    assert world.one("B")["email"] == X
    set_slot(world, "B", email=Y)
    world.sync()
    assert values(world) == {X, Y}
    assert world.primary() == Y
    assert listed(world, "A") == [X, Y]
    assert [row["value"] for row in world.one("A")["emails"] if row["pref"]] == [Y]
    world.quiet()


def test_slot_unknown_edits_in_place(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AB"), (X, None))
    eid, part = world.emails()[X].eid, world.one("A")["emails"][0]["id"]
    set_slot(world, "B", email=Z)
    world.sync()
    assert {value: item.eid for value, item in world.emails().items()} == {Z: eid}
    assert [(row["id"], row["value"]) for row in world.one("A")["emails"]] == [(part, Z)]
    world.quiet()


def test_slot_clear_no_zombie(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AB"), (X, None), (Y, None))
    set_slot(world, "B", email=None)
    world.sync()
    assert values(world) == {Y}
    for _ in range(3):
        world.sync()
        assert world.one("B")["email"] is None
    set_row(world, "A", Y, label="work")
    world.sync()
    assert world.one("B")["email"] is None
    add_row(world, "A", W)
    world.sync()
    assert world.one("B")["email"] == W
    remove_row(world, "A", W)
    world.sync()
    assert world.one("B")["email"] is None, "the fill by the hub did not end the hold (S2)"
    world.quiet()


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_slot_clear_vs_unseen_edit(tmp_path: Path, order: str) -> None:
    world = start(world_of(tmp_path, order), (X, None))
    set_slot(world, "B", email=None)
    set_row(world, "A", X, value=X2)
    world.sync()
    assert values(world) == {X2}
    assert world.one("B")["email"] == X2
    assert world.ledger() != []
    world.quiet()


def two_slots(folder: Path) -> World:
    world = start(world_of(folder, "AC"), (X, None), (Y, None))
    assert (world.one("C")["email"], world.one("C")["email2"]) == (X, Y)
    return world


def test_two_slots_swap(tmp_path: Path) -> None:
    world = two_slots(tmp_path)
    set_slot(world, "C", email=Y, email2=X)
    world.sync()
    assert values(world) == {X, Y}
    assert world.primary() == Y
    assert (world.one("C")["email"], world.one("C")["email2"]) == (Y, X)
    world.quiet()


def test_two_slots_move_up(tmp_path: Path) -> None:
    world = two_slots(tmp_path)
    set_slot(world, "C", email=Y, email2=None)
    world.sync()
    assert values(world) == {Y}
    assert listed(world, "A") == [Y]
    assert (world.one("C")["email"], world.one("C")["email2"]) == (Y, None)
    world.quiet()


def test_two_slots_shift(tmp_path: Path) -> None:
    world = two_slots(tmp_path)
    set_slot(world, "C", email=Z, email2=X)
    world.sync()
    assert values(world) == {Z, X}
    assert world.primary() == Z
    world.quiet()


def test_two_slots_same_value_twice(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AC"), (X, None))
    set_slot(world, "C", email2=X)
    world.sync()
    assert values(world) == {X}
    assert (world.one("C")["email"], world.one("C")["email2"]) == (X, X), "a duplicate that a user typed stays"
    world.quiet()


def labelled(folder: Path) -> World:
    world = start(world_of(folder, "ACD", C=LABEL_SLOTS), (X, "work"), (Y, "home"))
    assert (world.one("C")["work"], world.one("C")["home"]) == (X, Y)
    return world


def test_label_slot_place_relabels(tmp_path: Path) -> None:
    world = labelled(tmp_path)
    set_slot(world, "C", work=Y, home=X)
    world.sync()
    for system in "AD":
        assert dict(world.rows(system)) == {X: "home", Y: "work"}
    world.quiet()


def test_label_changed_elsewhere_empties_slot(tmp_path: Path) -> None:
    world = labelled(tmp_path)
    set_row(world, "A", X, label="other")
    world.sync()
    assert world.one("C")["work"] is None
    assert values(world) == {X, Y}, "not a removal"
    world.quiet()


@pytest.mark.parametrize("order", ["BDA", "DBA"])
def test_slot_edit_into_key_added_same_run(tmp_path: Path, order: str) -> None:
    world = start(world_of(tmp_path, order), (X, None))
    set_slot(world, "B", email=Y)
    add_row(world, "D", Y)
    world.sync()
    assert values(world) == {Y}
    world.quiet()


@pytest.mark.parametrize("order", ["BDA", "DBA"])
def test_slot_repoint_while_removed_elsewhere(tmp_path: Path, order: str) -> None:
    world = start(world_of(tmp_path, order), (X, None), (Y, None))
    set_slot(world, "B", email=Y)
    remove_row(world, "D", Y)
    world.sync()
    assert values(world) == {X, Y}
    world.quiet()


def test_list_first_load_duplicate_value(tmp_path: Path) -> None:
    world = world_of(tmp_path, "D")
    world.servers["D"].add({"name": "Anna", "emails": [{"value": Y}, {"value": Y}]})
    world.sync()
    assert list(world.emails()) == [Y]
    assert listed(world, "D") == [Y, Y]
    world.quiet()


def test_list_user_duplicate_then_edit_one(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AD"), (X, None))
    add_row(world, "A", X)
    world.sync()
    assert values(world) == {X}
    duplicate = world.one("A")["emails"][1]["id"]
    world.servers["A"].edit(
        world.id("A"), lambda data: next(row for row in data["emails"] if row["id"] == duplicate).update(value=Z)
    )
    world.sync()
    assert values(world) == {X, Z}
    assert listed(world, "A") == [X, Z]
    world.quiet()


def test_list_duplicate_then_remove_one(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AD"), (X, "work"))
    add_row(world, "A", X, label="home")
    world.sync()
    first = world.one("A")["emails"][0]["id"]
    world.servers["A"].edit(
        world.id("A"), lambda data: data.update(emails=[row for row in data["emails"] if row["id"] != first])
    )
    world.sync()
    assert values(world) == {X}, "no removal"
    assert world.rows("A") == [(X, "work")], "the label of the part that is left is compared with golden"
    world.quiet()


def test_stale_part_next_to_claimed_part(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "DA"), (X, "work"))
    set_row(world, "D", X, value=Y)
    add_row(world, "A", Y, label="work")
    world.sync()
    assert values(world) == {Y}
    assert world.rows("A") == [(Y, "work")]
    assert world.one("A")["emails"][0]["pref"] is True
    world.quiet()


def test_list_noid_single_edit_keeps_eid(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AD"), (X, "work"), (Y, "home"))
    eid = world.emails()[X].eid
    set_row(world, "D", X, value=Z)
    world.sync()
    assert world.emails()[Z].eid == eid
    world.quiet()


def test_list_noid_two_edits(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AD"), (X, "work"), (Y, "home"))
    set_row(world, "D", X, value=Z)
    set_row(world, "D", Y, value=W)
    world.sync()
    assert values(world) == {Z, W}, "no value is lost"
    world.quiet()


def test_link_with_blank_label_gets_golden_label(tmp_path: Path) -> None:
    world = world_of(tmp_path, "AD")
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": X, "label": "work"}]})
    world.servers["D"].add({"name": "Anna Berg", "emails": [{"value": X, "label": None}]})
    world.sync()
    assert world.rows("D") == [(X, "work")]
    world.quiet()


@pytest.mark.parametrize("order", ["ABD", "BDA", "DAB"])
def test_edit_into_existing_key_removes_and_aliases(tmp_path: Path, order: str) -> None:
    world = start(world_of(tmp_path, order), (X, None), (Y, None))
    set_row(world, "A", X, value=Y)
    set_row(world, "D", X, value=X2)
    world.sync()
    assert values(world) == {X2, Y}, "an unseen edit of the aliased element revives it"
    world.quiet()


def test_an_alias_is_followed_by_a_slot(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AB"), (X, None), (Y, None))
    set_row(world, "A", X, value=Y)
    world.sync()
    assert values(world) == {Y}
    assert world.one("B")["email"] == Y
    world.quiet()


def flag(world: World, system: str, value: str | None) -> None:
    def change(data: dict[str, object]) -> None:
        rows = data["emails"]
        assert isinstance(rows, list)
        for row in rows:
            row["pref"] = row["value"] == value

    world.servers[system].edit(world.id(system), change)


def flagged(world: World, system: str) -> list[str]:
    return [row["value"] for row in world.one(system)["emails"] if row.get("pref")]


def test_primary_flag_lost_conflict_then_golden_blank(tmp_path: Path) -> None:
    """A's flag loses, and golden returns to what A was last sent before A could be told: A must be told."""
    world = start(world_of(tmp_path, "AD"), (X, None), (Y, None))
    flag(world, "A", None)
    world.sync()
    assert flagged(world, "A") == flagged(world, "D") == []
    flag(world, "A", X)
    world.now += 600
    flag(world, "D", Y)
    world.servers["A"].fault = failing(Unavailable("down"), "write")
    world._sync()
    assert flagged(world, "A") == [X]
    flag(world, "D", None)
    world._sync()
    world.servers["A"].fault = no_fault
    world.sync()
    assert flagged(world, "A") == flagged(world, "D") == []
    world.quiet()


def test_primary_flagged_on_element_removed_elsewhere(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AD"), (X, None), (Y, None))
    remove_row(world, "A", Y)
    flag(world, "D", Y)
    world.sync()
    assert flagged(world, "A") == flagged(world, "D")
    world.quiet()


def test_primary_element_removed_then_revived(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "AD"), (X, None), (Y, None))
    remove_row(world, "A", X)
    world.sync()
    add_row(world, "D", X, pref=True)
    world.sync()
    assert flagged(world, "A") == flagged(world, "D")
    world.quiet()


@pytest.mark.parametrize("order", ["".join(order) for order in itertools.permutations("ADE")])
def test_two_equal_edits_and_a_third_one_give_the_same_in_every_order(tmp_path: Path, order: str) -> None:
    world = start(world_of(tmp_path, order, E=LIST_WITH_IDS), (X, None))
    for system, value in (("A", Y), ("D", Z), ("E", Y)):
        set_row(world, system, X, value=value)
        world.now += 600
    world.sync()
    assert values(world) == {Y}, "the latest of the three was y"
    world.quiet()


def test_uncovered_element_never_removed(tmp_path: Path) -> None:
    world = start(world_of(tmp_path, "ABC"), (X, None), (Y, None), (Z, None))
    for number in range(20):
        set_slot(world, "B", notes=f"note {number}")
        set_slot(world, "C", name=f"Anna {'Berg' if number % 2 else 'Tal'}")
        world.sync()
    assert Z in values(world)
    assert listed(world, "A") == [X, Y, Z]
    world.quiet()


def test_a_slot_for_one_kind_takes_that_kind_only(tmp_path: Path) -> None:
    both = PLAIN + '[messengers.slots]\nwechat = { pick = "kind:wechat" }\nline = { pick = "kind:line" }\n'
    world = World(tmp_path, A=both, B=both.replace('line = { pick = "kind:line" }\n', ""))
    world.servers["A"].add({"name": "Anna Berg", "email": X, "line": "anna-l"})
    world.sync()
    assert "wechat" not in world.one("B"), "a name of another messenger"
    world.servers["A"].edit("1", wechat="anna-w")
    world.sync()
    assert world.one("B")["wechat"] == "anna-w"
    assert (world.one("A")["line"], world.one("A")["wechat"]) == ("anna-l", "anna-w")
    world.quiet()
