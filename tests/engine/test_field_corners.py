"""Corners of the field table: everything that one look at one field leaves, with golden, bases, marks and what is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from hub.mapping.view import Value
from hub.state import Cell, Golden, GoldenChange, LedgerRow, Link
from hub.sync.merge.context import Merge
from hub.sync.merge.fields import MISSING, moved, observe_field
from hub.sync.policy import FieldPolicy, Policy
from tests.engine.test_field_table import CREATE, DEFAULT, NOTES, UPPER, WRITE, mapping_of

PARTS = '[fields]\nname.given = "first"\nname.family = "last"\nnotes = "notes"\n'
CAPITALS = PARTS.replace('"first"', '{ at = "first", as = "upper" }')
KIND = NOTES + 'kind = { at = "type", map = { person = "p", organisation = "o" } }\n'
COMPANY = NOTES + 'company = { at = "company_id", ref = "contacts" }\n'
MAPPINGS = {
    shape: mapping_of(shape) for shape in (NOTES, UPPER, WRITE, CREATE, DEFAULT, PARTS, CAPITALS, KIND, COMPANY)
}
S_FIRST, T_FIRST = Policy(("S", "T")), Policy(("T", "S"))
NAMED: dict[str, Any] = {"notes": FieldPolicy("ask")}
ASK = Policy(("S", "T"), fields=NAMED)
SURVIVORS = {"g2": "g1"}
KNOWN = {"c1": "g1", "c2": "g2", "c3": "g3"}


def survivor(gid: str) -> str:
    assert isinstance(gid, str), "only records have survivors"
    return SURVIVORS.get(gid, gid)


@dataclass
class Look:
    """One golden field, one link, and what one look at the field changes."""

    golden: Value = None
    sent: Value = MISSING
    source: str = "T"
    time: float | None = 50.0
    pinned: bool = False
    policy: Policy = S_FIRST
    shape: str = NOTES
    name: str = "notes"
    lost: bool = False
    undone: bool = False
    others: Mapping[str, str] = field(default_factory=lambda: {"T": NOTES})

    def __post_init__(self) -> None:
        self.record = Golden("g")
        if self.golden is not None or self.pinned:
            self.record.fields[self.name] = Cell(self.golden, self.source, 1, self.time, "edit", self.pinned, "old run")
        self.link = Link("S", "contacts", "S1", "g", lost={"other"}, undone={"other": ["m"]})
        if self.sent is not MISSING:
            self.link.sent[self.name] = self.sent
        if self.lost:
            self.link.lost.add(self.name)
        if self.undone:
            self.link.undone[self.name] = ["m"]
        ticks = count(100)
        self.merge = Merge(
            self.policy,
            "S",
            MAPPINGS[self.shape],
            50.0,
            0,
            lambda: next(ticks),
            {name: MAPPINGS[shape] for name, shape in self.others.items()}.get,
            lambda ref: KNOWN.get(ref.id),
            survivor,
            run="run",
        )

    def at(self, seen: Value, shown: Value, *, doubt: bool = False) -> Look:
        observe_field(self.merge, self.record, self.link, self.name, seen, shown, doubt=doubt)
        assert self.link.lost >= {"other"}
        assert "other" in self.link.undone
        return self

    def left(
        self, golden: Value, sent: Value, *, lost: bool = False, undone: bool = False, rule: str | None = None
    ) -> None:
        """Golden and link afterwards; ``rule``: golden was set by it (None: it is as it was)."""
        before = Cell(self.golden, self.source, 1, self.time, "edit", self.pinned, "old run")
        cell = self.record.fields.get(self.name)
        if rule is None:
            assert cell == (before if self.golden is not None or self.pinned else None)
            assert self.merge.changes == []
        else:
            assert cell == Cell(golden, "S", 100, 50.0, rule, False, "run")
            assert self.record.seq == 100
            assert self.merge.changes == [GoldenChange("g", self.name, self.golden, golden, "S", rule, 100)]
        assert self.record.value(self.name) == golden
        assert self.link.sent.get(self.name, MISSING) == sent
        assert self.link.lost == {"other", *([self.name] if lost else [])}
        assert set(self.link.undone) == {"other", *([self.name] if undone else [])}

    def told(
        self, *rows: tuple[str, Value, str, Value, str], notices: tuple[str, ...] = (), still_open: bool = False
    ) -> None:
        assert self.merge.ledger == [LedgerRow("g", self.name, *item, still_open) for item in rows]
        assert [(item.gid, item.system, item.path, item.code) for item in self.merge.notices] == [
            ("g", "S", self.name, code) for code in notices
        ]


# has the hub moved?


@pytest.mark.parametrize(
    ("name", "golden", "sent", "lost", "expected"),
    [
        ("notes", "a", "a", False, False),
        ("notes", "a", "a", True, True),
        ("notes", "b", "a", False, True),
        ("notes", None, None, False, False),
        ("notes", "g1", "g2", False, True),
        ("company", "g1", "g2", False, False),
        ("company", "g2", "g1", False, False),
        ("company", "g1", "g3", False, True),
        ("company", None, "g1", False, True),
        ("company", None, None, False, False),
    ],
)
def test_the_hub_moved_if_golden_is_another_value_or_another_record(
    name: str, golden: Value, sent: Value, lost: bool, expected: bool
) -> None:
    look = Look(golden, sent, name=name, shape=COMPANY, lost=lost)
    assert moved(look.merge, look.record, look.link, name) is expected


# an edit of what stood here


def test_who_edits_what_golden_says_edits_golden_whoever_sent_it() -> None:
    look = Look("b", "a", lost=True).at("b", "c")
    look.left("c", "c", rule="edit")
    look.told()


def test_who_edits_what_lost_a_conflict_has_not_seen_golden() -> None:
    look = Look("b", "b", lost=True).at("a", "c")
    look.left("c", "c", rule="conflict: order of systems")
    look.told(("order of systems", "c", "S", "b", "T"))


def test_who_fills_a_field_may_have_missed_that_the_hub_cleared_it_too() -> None:
    look = Look(None, "a", policy=T_FIRST).at(None, "c")
    look.left("c", "c", rule="conflict: known age")
    look.told(("known age", "c", "S", None, "hub"))


def test_what_an_undo_left_is_not_what_golden_says_even_if_it_looks_so() -> None:
    look = Look("b", "a", undone=True, policy=T_FIRST).at("b", "c")
    look.left("b", "a", lost=True, undone=True)
    look.told(("order of systems", "b", "T", "c", "S"))


def test_a_field_that_was_never_seen_did_not_stand_here() -> None:
    look = Look("b", "a", policy=T_FIRST).at(MISSING, "c")
    look.left("b", "a", lost=True)


def test_an_edit_of_a_field_that_golden_has_as_it_was_sent_is_taken() -> None:
    look = Look("g", "g").at("G, as stored here", "c")
    look.left("c", "c", rule="edit")
    look.told()


@pytest.mark.parametrize(
    ("golden", "undone", "rule"),
    [
        ("g", False, "typed into an empty field"),
        ("g", True, "edited where an undo had left another value"),
        (None, False, None),
        (None, True, None),
    ],
)
def test_who_types_into_an_empty_field_has_not_seen_what_golden_says(
    golden: Value, undone: bool, rule: str | None
) -> None:
    look = Look(golden, golden, undone=undone).at(None, "c")
    look.left("c", "c", rule="edit")
    look.told(*([] if rule is None else [(rule, "c", "S", "g", "T")]))


def test_who_types_where_golden_was_cleared_replaces_nothing() -> None:
    look = Look(None, None, pinned=True).at(None, "c")
    look.left("c", "c", rule="edit")
    look.told()


def test_who_edits_what_an_undo_left_has_not_seen_what_golden_says() -> None:
    look = Look("g", "g", undone=True).at("u", "c")
    look.left("c", "c", rule="edit")
    look.told(("edited where an undo had left another value", "c", "S", "g", "T"))


def test_who_types_what_golden_says_changes_nothing_and_ends_the_exception() -> None:
    look = Look("g", "g", undone=True).at("u", "g")
    look.left("g", "g")
    look.told()


def test_a_blank_that_is_ignored_ends_no_exception() -> None:
    ignore = Policy(("S", "T"), fields={"notes": FieldPolicy(blank="ignore")})
    look = Look("g", "g", undone=True, policy=ignore).at("u", None)
    look.left("g", "g", undone=True)
    look.told()


def test_a_look_that_shows_the_same_is_no_edit() -> None:
    look = Look("g", "a", lost=True, undone=True).at("u", "u")
    look.left("g", "a", lost=True, undone=True)
    look.told()


# both changed


@pytest.mark.parametrize(
    ("policy", "time", "shown", "shape", "after"),
    [
        (S_FIRST, 7.0, "g", NOTES, ("S", 50.0)),
        (T_FIRST, 50.0, "g", NOTES, ("T", 50.0)),
        (S_FIRST, 7.0, "G", UPPER, ("T", 7.0)),
    ],
    ids=["the stronger one stands for both", "the weaker one does not", "nor one that is only spelled by its system"],
)
def test_two_equal_edits_are_no_conflict(
    policy: Policy, time: float, shown: str, shape: str, after: tuple[str, float]
) -> None:
    look = Look("g", "a", policy=policy, shape=shape, time=time, lost=True, others={}).at("a", shown)
    assert look.record.fields["notes"] == Cell("g", after[0], 1, after[1], "edit", False, "old run")
    assert (look.link.sent, look.link.lost, look.merge.changes) == ({"notes": "g"}, {"other"}, [])
    look.told()


def test_a_richer_spelling_of_golden_is_taken_without_a_conflict() -> None:
    look = Look("B", "a", others={"T": UPPER}, policy=T_FIRST, lost=True).at("a", "b")
    look.left("b", "b", rule="spelling")
    look.told()


@pytest.mark.parametrize("policy", [S_FIRST, T_FIRST])
def test_the_loser_of_a_conflict_is_in_the_ledger_and_marked(policy: Policy) -> None:
    look = Look("b", "a", policy=policy).at("a", "c")
    if policy is S_FIRST:
        look.left("c", "c", rule="conflict: order of systems")
        look.told(("order of systems", "c", "S", "b", "T"))
    else:
        look.left("b", "a", lost=True)
        look.told(("order of systems", "b", "T", "c", "S"))
    assert look.record.frozen == {}


@pytest.mark.parametrize(("time", "wins"), [(7.0, True), (90.0, False)])
def test_a_conflict_that_a_person_decides_keeps_both_and_stays_open(time: float, wins: bool) -> None:
    look = Look("b", "a", policy=ASK, time=time).at("a", "c")
    sides = ("c", "S", "b", "T") if wins else ("b", "T", "c", "S")
    look.told(("later edit", *sides), still_open=True)
    assert look.record.frozen == {"notes": [["b", "T", time], ["c", "S", 50.0]]}
    look.at("c", "d")
    assert look.record.frozen["notes"] == [["b", "T", time], ["c", "S", 50.0], *([] if wins else [["d", "S", 50.0]])]


# the first contact


def test_a_first_blank_says_nothing() -> None:
    look = Look("g").at(MISSING, None)
    look.left("g", None)
    look.told()


def test_a_first_value_fills_golden() -> None:
    look = Look(None).at(MISSING, "v")
    look.left("v", "v", rule="first value")
    look.told()


def test_a_first_value_that_may_be_a_default_is_told_and_not_taken() -> None:
    look = Look(None).at(MISSING, "v", doubt=True)
    look.left(None, None)
    look.told(notices=("server_default",))
    assert look.merge.notices[0].message == "may be a default of the server: shown, not taken over"


def test_a_first_value_that_may_be_a_default_and_differs_is_written_over_and_in_no_ledger() -> None:
    authority = Policy(("S", "T"), authority={"notes": ("S", "T")})
    look = Look("g", policy=authority).at(MISSING, "v", doubt=True)
    look.left("g", "g", lost=True)
    look.told()


def test_a_first_value_that_is_equal_is_no_conflict() -> None:
    look = Look("g", shape=UPPER).at(MISSING, "G")
    look.left("g", "g")
    look.told()


def test_a_first_value_in_a_richer_spelling_is_taken() -> None:
    look = Look("B", others={"T": UPPER}).at(MISSING, "b")
    look.left("b", "b", rule="spelling")
    look.told()


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize(
    ("authority", "rule", "wins"),
    [(("S", "T"), "authority", True), (("T", "S"), "authority", False), ((), "fill only", False)],
)
def test_two_first_values(authority: tuple[str, ...], rule: str, wins: bool, pinned: bool) -> None:
    look = Look("g", policy=Policy(("S", "T"), authority={"notes": authority}), pinned=pinned).at(MISSING, "v")
    if wins and not pinned:
        look.left("v", "v", rule=f"conflict: first link: {rule}")
        look.told((f"first link: {rule}", "v", "S", "g", "T"))
    else:
        look.left("g", "g", lost=True)
        look.told((f"first link: {rule}", "g", "T", "v", "S"))
