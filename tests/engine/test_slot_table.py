"""The transitions of slots (collections.md) as a table: what one look at the slots of a record leaves."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from hub.mapping.view import Mapping_, Value
from hub.state import Cell, Element, Esent, Golden, Link, Shown
from hub.sync.merge.collections import observe_collection
from hub.sync.merge.context import Merge
from hub.sync.policy import Policy
from tests.engine.test_field_table import mapping_of
from tests.engine.world import LABEL_SLOTS, TWO_SLOTS

TWO = mapping_of(TWO_SLOTS.replace("{fields}", ""))
LABELLED = mapping_of(LABEL_SLOTS.replace("{fields}", ""))
X, Y, Z, W = (f"{name}@e.example" for name in "xyzw")
START, NOW = 10, 20
"""Hub sequences: the start of this run, and something that happened in it."""


def element(value: str, *labels: str, **more: Any) -> Element:
    attrs = {"labels": Cell(tuple(sorted(labels)), "T", 1)} if labels else {}
    return Element(f"e{value[0]}", Cell(value, "T", 1), attrs, **{"stamp": 1, "keyed": 1, "claims": 1, **more})


class Slots:
    """One record with two slots, which show known addresses."""

    def __init__(self, mapping: Mapping_, before: tuple[str | None, ...] | None, *elements: Element) -> None:
        self.mapping = mapping
        self.golden = Golden("g")
        self.coll = self.golden.collection("emails")
        self.coll.elements = {item.eid: item for item in elements}
        self.link = Link("S", "contacts", "1", "g", mapping=mapping.hash)
        self.ticks = count(100)
        self.seen: list[Shown] = []
        if before is not None:
            view = mapping.get(self.native(*before))
            assert view is not None
            for item in view.collections["emails"]:
                eid = None if item.value is None else f"e{item.value[0]}"
                self.seen.append(Shown(item.pos, eid, item.value, item.attrs, item.primary))
            self.link.picture = {"emails": [[item.pos, item.eid] for item in self.seen]}
            known = {item.eid for item in self.seen}
            self.link.esent = {"emails": {item.eid: Esent.of(item) for item in elements if item.eid in known}}

    def native(self, *values: str | None) -> dict[str, Any]:
        names = ("email", "email2") if self.mapping is TWO else ("work", "home")
        return {"name": "Anna", **dict(zip(names, values, strict=True))}

    def unseen(self, eid: str, value: str) -> Slots:
        """Somebody edited an element elsewhere."""
        self.coll.elements[eid].value = Cell(value, "T", NOW)
        return self

    def show(self, *values: str | None) -> Slots:
        view = self.mapping.get(self.native(*values))
        assert view is not None
        self.merge = Merge(
            Policy(("S", "T")),
            "S",
            self.mapping,
            50.0,
            START,
            lambda: next(self.ticks),
            lambda _name: None,
            lambda _ref: None,
            lambda gid: gid,
        )
        picture = observe_collection(
            self.merge, self.golden, self.link, "emails", self.seen, view.collections["emails"]
        )
        self.shown = tuple(item.eid for item in picture)
        return self

    def alive(self) -> dict[str, Value]:
        return {item.eid: item.value.value for item in self.coll.live()}

    def gone(self) -> dict[str, str | None]:
        return {item.eid: item.into for item in self.coll.elements.values() if not item.alive}

    def holds(self) -> dict[str, int]:
        return self.link.holds.get("emails", {})

    def rules(self) -> list[tuple[str, str]]:
        return [(row.path, row.rule) for row in self.merge.ledger]

    def labels(self) -> dict[str, Value]:
        return {item.eid: item.attr("labels") for item in self.coll.live()}


def two(before: tuple[str | None, ...] | None, *elements: Element) -> Slots:
    return Slots(TWO, before, *elements)


# addresses in two slots


Values = tuple[str | None, ...]
MOVES: list[tuple[str, Values, Values, Values, set[str], dict[str, str | None], set[str]]] = [
    # name, before, now, elements shown now, alive, gone, held slots; x, y and z are known
    ("nothing", (X, Y), (X, Y), ("ex", "ey"), {"ex", "ey", "ez"}, {}, set()),
    ("to a known one", (X, Y), (Z, Y), ("ez", "ey"), {"ex", "ey", "ez"}, {}, set()),
    ("to an unknown one", (X, Y), (W, Y), ("ex", "ey"), {"ex", "ey", "ez"}, {}, set()),
    ("cleared", (X, Y), (None, Y), (None, "ey"), {"ey", "ez"}, {"ex": None}, {"email"}),
    ("both cleared", (X, Y), (None, None), (None, None), {"ez"}, {"ex": None, "ey": None}, {"email", "email2"}),
    ("filled with a known one", (X, None), (X, Y), ("ex", "ey"), {"ex", "ey", "ez"}, {}, set()),
    ("swapped", (X, Y), (Y, X), ("ey", "ex"), {"ex", "ey", "ez"}, {}, set()),
    ("moved up", (X, Y), (Y, None), ("ey", None), {"ey", "ez"}, {"ex": None}, {"email2"}),
    ("moved down", (X, Y), (None, X), (None, "ex"), {"ex", "ez"}, {"ey": None}, {"email"}),
    ("moved into an empty one", (X, None), (None, X), (None, "ex"), {"ex", "ey", "ez"}, {}, {"email"}),
    ("moved up from behind an empty one", (None, Y), (Y, None), ("ey", None), {"ex", "ey", "ez"}, {}, {"email2"}),
    ("shifted by an unknown one", (X, Y), (W, X), ("e100", "ex"), {"ex", "ez", "e100"}, {"ey": None}, set()),
    ("shifted up by an unknown one", (X, Y), (Y, W), ("ey", "e100"), {"ey", "ez", "e100"}, {"ex": None}, set()),
    ("shifted by a known one", (X, Y), (Z, X), ("ez", "ex"), {"ex", "ey", "ez"}, {}, set()),
    ("copied", (X, Y), (X, X), ("ex", "ex"), {"ex", "ey", "ez"}, {}, set()),
    ("one of two copies cleared", (X, X), (None, X), (None, "ex"), {"ex", "ey", "ez"}, {}, {"email"}),
    ("both copies cleared", (X, X), (None, None), (None, None), {"ey", "ez"}, {"ex": None}, {"email", "email2"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "now", "given", "alive", "gone", "held"), [item[1:] for item in MOVES], ids=[item[0] for item in MOVES]
)
def test_what_a_user_does_with_two_slots(
    before: tuple[str | None, ...],
    now: tuple[str | None, ...],
    given: tuple[str | None, ...],
    alive: set[str],
    gone: dict[str, str | None],
    held: set[str],
) -> None:
    slots = two(before, element(X), element(Y), element(Z)).show(*now)
    assert slots.shown == given
    assert (set(slots.alive()), slots.gone()) == (alive, gone)
    assert slots.holds() == dict.fromkeys(held, START)
    assert slots.rules() == []
    assert set(slots.link.esent["emails"]) == {eid for eid in given if eid is not None}
    assert [slots.alive()[eid] for eid in given if eid is not None] == [value for value in now if value is not None]
    newly = {eid for eid in given if eid in ("ex", "ey", "ez") and f"{eid[1]}@e.example" not in before and W not in now}
    assert {item.eid for item in slots.coll.elements.values() if item.claims > 1} == newly
    assert all(slots.link.esent["emails"][eid].current(slots.coll.elements[eid]) for eid in given if eid is not None)


def test_a_slot_that_is_edited_into_what_somebody_entered_in_this_run_replaces_its_address() -> None:
    slots = two((X, None), element(X), element(Y, stamp=NOW, keyed=NOW)).show(Y, None)
    assert (slots.alive(), slots.gone(), slots.rules()) == ({"ey": Y}, {"ex": "ey"}, [])
    assert slots.holds() == {}


@pytest.mark.parametrize(("keyed", "gone"), [(START, {}), (START + 1, {"ex": "ey"})])
def test_in_this_run_means_after_its_start(keyed: int, gone: dict[str, str | None]) -> None:
    assert two((X, None), element(X), element(Y, keyed=keyed)).show(Y, None).gone() == gone


def test_what_is_gone_already_is_not_removed_again() -> None:
    for now in ((None, None), (Y, None)):
        slots = two((X, None), element(X, alive=False, stamp=NOW), element(Y, keyed=NOW)).show(*now)
        assert (slots.gone(), slots.rules()) == ({"ex": None}, [])
        assert slots.holds() == ({"email": START} if now[0] is None else {})


def test_what_a_move_displaces_and_is_gone_already_is_not_removed_again() -> None:
    slots = two((X, Y), element(X, alive=False, stamp=NOW), element(Y)).show(Y, None)
    assert (slots.alive(), slots.gone(), slots.rules()) == ({"ey": Y}, {"ex": None}, [])


def test_a_slot_that_is_cleared_before_an_edit_of_its_address_was_seen_is_filled_again() -> None:
    slots = two((X, None), element(X)).unseen("ex", Z).show(None, None)
    assert (slots.alive(), slots.holds()) == ({"ex": Z}, {})
    assert slots.rules() == [("emails/ex", "an edit beats a removal")]


@pytest.mark.parametrize(
    ("now", "held"), [((None, None), {"email2": START}), ((Y, Z), {})], ids=["cleared", "overwritten"]
)
def test_an_address_in_both_slots_that_was_edited_elsewhere_is_told_once(
    now: tuple[str | None, ...], held: dict[str, int]
) -> None:
    others = (element(Y, keyed=NOW), element(Z, keyed=NOW))
    slots = two((X, X), element(X), *others).unseen("ex", W).show(*now)
    assert slots.rules() == [("emails/ex", "an edit beats a removal")]
    assert slots.alive()["ex"] == W
    assert slots.holds() == held


@pytest.mark.parametrize(("moved", "now", "told"), [("ex", (None, X), "ey"), ("ey", (Y, None), "ex")])
def test_what_a_move_displaces_and_was_edited_elsewhere_is_told_once(moved: str, now: Values, told: str) -> None:
    slots = two((X, Y), element(X), element(Y)).unseen(told, Z)
    slots.coll.elements[moved].keyed = NOW
    slots.show(*now)
    assert slots.rules() == [(f"emails/{told}", "an edit beats a removal")]
    assert slots.alive()[told] == Z


def test_what_moves_is_not_edited_and_an_edit_of_it_elsewhere_is_still_to_come() -> None:
    slots = two((X, Y), element(X), element(Y)).unseen("ex", Z).show(Y, X)
    assert slots.shown == ("ey", "ex")
    assert slots.alive() == {"ex": Z, "ey": Y}
    assert {eid: item.value for eid, item in slots.link.esent["emails"].items()} == {"ex": X, "ey": Y}


def test_what_moves_and_was_never_sent_is_known_as_it_is_now() -> None:
    slots = two((X, Y), element(X), element(Y))
    del slots.link.esent["emails"]["ex"]
    slots.show(Y, X)
    assert {eid: item.value for eid, item in slots.link.esent["emails"].items()} == {"ex": X, "ey": Y}


def test_who_fills_a_held_slot_ends_its_hold_and_no_other_one() -> None:
    slots = two((X, None), element(X), element(Y))
    slots.link.holds = {"emails": {"email": 3, "email2": 4}}
    assert slots.show(X, Y).holds() == {"email": 3}


def test_only_who_fills_an_empty_slot_ends_its_hold() -> None:
    slots = two((X, None), element(X), element(Y))
    slots.link.holds = {"emails": {"email": 3}}
    assert slots.show(Y, None).holds() == {"email": 3}


def test_the_first_look_at_slots_claims_what_is_known_and_adds_the_rest() -> None:
    slots = two(None, element(X)).show(X, W)
    assert slots.alive() == {"ex": X, slots.shown[1]: W}
    assert slots.coll.elements["ex"].claims == 2
    assert slots.coll.elements[str(slots.shown[1])].claims == 1, "who adds it has claimed it"


# labelled slots


@pytest.mark.parametrize(
    ("first", "labels", "expected"),
    [
        (False, ("home",), ("work",)),
        (False, ("home", "vip"), ("vip", "work")),
        (False, (), ("work",)),
        (False, ("work", "vip"), ("vip", "work")),
        (False, ("work", "home"), ("home", "work")),
        (True, ("home",), ("home", "work")),
        (True, ("vip",), ("vip", "work")),
        (True, ("work",), ("work",)),
    ],
)
def test_a_labelled_slot_says_what_its_address_is(
    first: bool, labels: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    slots = Slots(LABELLED, None if first else (X, None), element(X, "work"), element(Y, *labels)).show(Y, None)
    assert slots.labels()["ey"] == expected
    changed = [item.path for item in slots.merge.changes if item.path == "emails/ey/labels"]
    assert len(changed) == (0 if set(labels) >= {"work"} else 1)
    assert slots.link.esent["emails"]["ey"].current(slots.coll.elements["ey"])


def test_two_addresses_that_change_places_change_their_labels() -> None:
    slots = Slots(LABELLED, (X, Y), element(X, "work", "vip"), element(Y, "home")).show(Y, X)
    assert slots.labels() == {"ex": ("home", "vip"), "ey": ("work",)}


def test_slots_without_labels_leave_labels_alone() -> None:
    slots = two((X, None), element(X), element(Y, "work")).show(Y, None)
    assert slots.labels() == {"ex": None, "ey": ("work",)}
    assert [item.path for item in slots.merge.changes if "labels" in item.path] == []
