"""Fields that are more than a text in the field table: names, references, the kind, consents, and what only flows out."""

from __future__ import annotations

from typing import Any

import pytest

from hub.mapping.view import RemoteRef, Value
from hub.state import Notice
from hub.sync.merge.fields import MISSING
from hub.sync.policy import FieldPolicy, Policy
from tests.engine.test_field_corners import CAPITALS, COMPANY, KIND, KNOWN, PARTS, T_FIRST, Look
from tests.engine.test_field_table import CREATE, NOTES, UPPER, WRITE

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
