"""Corners of the field table: everything that one look at one field leaves, with golden, bases, marks and what is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from hub.mapping.view import RemoteRef, Value
from hub.state import Cell, Golden, GoldenChange, LedgerRow, Link, Notice
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


# names


def a_name(given: str | None, family: str | None, **more: Any) -> dict[str, Any]:
    look = Look(shape=PARTS, name="name").at(MISSING, {"given": given, "family": family})
    value = look.record.value("name")
    assert value is not None
    return {**value, **more}


ANNA = a_name("Anna", "Berg")


def test_a_name_without_a_word_is_no_name_whatever_is_said_about_its_form() -> None:
    look = Look(shape=PARTS, name="name").at(MISSING, {"given": None, "family": None, "order": "given"})
    look.left(None, None)
    look.told()


def test_a_blank_name_on_the_first_contact_says_nothing_against_golden() -> None:
    look = Look(ANNA, shape=PARTS, name="name").at(MISSING, {"given": None, "family": None})
    look.left(ANNA, None)
    look.told()


def test_a_name_that_is_not_there_is_blank() -> None:
    look = Look(ANNA, ANNA, shape=PARTS, name="name").at({"given": "Anna", "family": "Berg"}, None)
    look.left(None, None, rule="edit")


def test_a_name_that_is_cleared_is_blank() -> None:
    look = Look(ANNA, ANNA, shape=PARTS, name="name").at(
        {"given": "Anna", "family": "Berg"}, {"given": None, "family": None}
    )
    look.left(None, None, rule="edit")


@pytest.mark.parametrize(
    ("marks", "given"), [({}, "Anna"), ({"undone": True}, "ANNA")], ids=["as it was sent", "as an undo left it"]
)
def test_the_part_that_a_user_left_comes_from_what_was_sent(marks: dict[str, Any], given: str) -> None:
    """The server writes names in capitals, of which the mapping knows nothing."""
    look = Look(ANNA, ANNA, shape=PARTS, name="name", **marks)
    look.at({"given": "ANNA", "family": "BERG"}, {"given": "ANNA", "family": "MEIER"})
    value = look.record.value("name")
    assert (value["given"], value["family"]) == (given, "MEIER")


def test_a_name_is_compared_with_what_its_system_would_show_of_what_was_sent() -> None:
    """A title that the system cannot show stays."""
    titled = {**ANNA, "prefix": "Dr."}
    look = Look(titled, titled, shape=CAPITALS, name="name").at(MISSING, {"given": "ANNA", "family": "Meier"})
    value = look.record.value("name")
    assert (value["prefix"], value["given"], value["family"]) == ("Dr.", "Anna", "Meier")


# references


def test_a_reference_to_a_record_that_is_not_known_yet_waits() -> None:
    look = Look("g1", "g1", name="company", shape=COMPANY).at(RemoteRef("contacts", "c1"), RemoteRef("contacts", "new"))
    look.left("g1", "g1")
    assert look.link.held == {"company": "pending reference"}
    KNOWN["new"] = "g9"
    try:
        look.at(RemoteRef("contacts", "new"), RemoteRef("contacts", "new"))
    finally:
        del KNOWN["new"]
    look.left("g9", "g9", rule="edit")
    assert look.link.held == {}


def test_a_reference_that_was_held_back_for_another_reason_is_no_edit() -> None:
    look = Look("g1", "g1", name="company", shape=COMPANY)
    look.link.held["company"] = "it does not fit"
    look.at(RemoteRef("contacts", "c3"), RemoteRef("contacts", "c3"))
    look.left("g1", "g1")
    assert look.link.held == {}


def test_a_reference_that_is_cleared_is_an_edit() -> None:
    look = Look("g1", "g1", name="company", shape=COMPANY).at(RemoteRef("contacts", "c1"), None)
    look.left(None, None, rule="edit")


def test_a_reference_to_what_was_merged_into_goldens_is_the_same_one() -> None:
    look = Look("g1", "g3", name="company", shape=COMPANY, lost=True, policy=T_FIRST)
    look.at(RemoteRef("contacts", "c3"), RemoteRef("contacts", "c2"))
    look.left("g1", "g1")
    look.told()


def test_who_changes_the_company_that_golden_says_too_edits_golden() -> None:
    look = Look("g1", "g3", name="company", shape=COMPANY, policy=T_FIRST)
    look.at(RemoteRef("contacts", "c2"), RemoteRef("contacts", "c3"))
    look.left("g3", "g3", rule="edit")
    look.told()


# what only flows to the system


OUT: list[tuple[str, Value, Value, Value, Value, Value, bool, str | None]] = [
    # name, golden, sent, seen, shown, sent after, lost after, what is told
    ("as before", "g", "a", "a", "a", "a", True, None),
    ("as golden is now", "g", "a", "a", "g", "g", False, None),
    ("first, as golden", "g", MISSING, MISSING, "g", "g", False, None),
    ("first, golden blank", None, MISSING, MISSING, "v", None, False, None),
    ("first, another", "g", MISSING, MISSING, "v", None, True, None),
    ("first, though seen before", "g", MISSING, "v", "v", None, True, None),
    ("drift", "g", "g", "g", "v", "g", True, "reverted"),
    ("drift where golden is blank", None, None, None, "v", None, True, "reverted"),
]


@pytest.mark.parametrize(
    ("golden", "sent", "seen", "now", "after", "lost", "told"),
    [item[1:] for item in OUT],
    ids=[item[0] for item in OUT],
)
def test_a_field_that_is_only_written(
    golden: Value, sent: Value, seen: Value, now: Value, after: Value, lost: bool, told: str | None
) -> None:
    look = Look(golden, sent, shape=WRITE, lost=True).at(seen, now)
    look.left(golden, after, lost=lost)
    look.told(*([("direction", golden, "hub", now, "S")] if told else []), notices=(told,) if told else ())


def test_drift_is_marked_so_that_it_is_set_back() -> None:
    look = Look("g", "g", shape=WRITE).at("g", "v")
    look.left("g", "g", lost=True)
    assert look.merge.notices == [
        Notice("g", "S", "notes", "reverted", "changed in the system, which only receives this field; set back")
    ]


def test_drift_that_is_left_is_told_once_and_not_in_the_ledger() -> None:
    leave = Policy(("S", "T"), fields={"notes": FieldPolicy(drift="ignore")})
    look = Look("g", "a", shape=WRITE, policy=leave).at("a", "v")
    look.left("g", "g")
    look.told(notices=("drift",))


@pytest.mark.parametrize("shown", ["a", "v", None])
def test_a_field_that_is_given_once_never_comes_back(shown: Value) -> None:
    look = Look("g", "a", shape=CREATE).at("a", shown)
    look.left("g", "g")
    look.told()


# kind


@pytest.mark.parametrize(
    ("golden", "sent", "seen", "shown", "after", "row", "notice"),
    [
        (None, MISSING, MISSING, "person", "person", False, False),
        (None, MISSING, MISSING, None, None, False, False),
        ("person", MISSING, MISSING, "person", "person", False, False),
        ("person", MISSING, MISSING, "organisation", "person", True, False),
        ("person", "person", "person", "organisation", "person", True, True),
        ("person", "person", "organisation", "organisation", "person", False, False),
        ("person", "person", "person", None, "person", False, False),
    ],
)
def test_the_kind_is_fixed(
    golden: Value, sent: Value, seen: Value, shown: Value, after: Value, row: bool, notice: bool
) -> None:
    look = Look(golden, sent, name="kind", shape=KIND).at(seen, shown)
    look.left(after, after, rule="first value" if after != golden else None)
    look.told(
        *([("kind is fixed at creation", "person", "hub", shown, "S")] if row else []),
        notices=("kind_changed",) if notice else (),
    )


# evidence of a consent


NAME = "consents.email_marketing"


@pytest.mark.parametrize(
    ("evidence", "now", "expected"),
    [
        ({"captured_at": "2027-01-15T08:00:00Z", "source": "form"}, None, 1_800_000_000.0),
        ({"captured_at": "2027-01-15T08:00:00Z", "method": "double opt-in"}, None, 1_800_000_000.0),
        ({"captured_at": "2027-01-15T08:00:00Z"}, None, None),
        ({"source": "form", "method": "double opt-in"}, None, None),
        ({"captured_at": "2027-01-15T08:00:00Z", "source": "form"}, 1_800_000_000.0 - 86400.0, 1_800_000_000.0),
        ({"captured_at": "2027-01-15T08:00:00Z", "source": "form"}, 1_800_000_000.0 - 86401.0, None),
        (None, None, None),
    ],
)
def test_when_a_consent_was_captured(
    evidence: dict[str, Value] | None, now: float | None, expected: float | None
) -> None:
    merge = Look().merge
    merge.now = now
    if evidence is not None:
        merge.evidence = {NAME: evidence}
    assert merge.consent_time(NAME) == expected


# the same value in a better spelling


@pytest.mark.parametrize(
    ("golden", "value", "more", "expected"),
    [
        ("B", "b", {}, True),
        ("B", "b", {"source": "S", "others": {"S": UPPER}}, False),
        ("B", "b", {"pinned": True}, False),
        ("B", "B", {}, False),
        ("B", "c", {}, False),
        ("B", "b", {"source": "unknown"}, False),
        ("B", "b", {"others": {"T": NOTES}}, False),
        ("p", "P", {"name": "kind", "others": {"T": UPPER}}, False),
    ],
)
def test_a_value_is_a_better_spelling_if_goldens_source_would_show_it_as_golden(
    golden: str, value: str, more: dict[str, Any], expected: bool
) -> None:
    look = Look(golden, **{"others": {"T": UPPER}, **more})
    assert look.merge.spelled(look.name, look.record.fields[look.name], value) is expected


def test_a_field_that_the_schema_does_not_have_is_a_text() -> None:
    assert [Look().merge.kind(name) for name in ("language", "no.such.field")] == ["language", "text"]
