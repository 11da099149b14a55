"""What a system that holds only some members of a group proposes, and when a consent is taken over."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from hub.mapping.view import Value
from hub.state import Cell, Golden, Link
from hub.sync.merge.consents import observe_consent, widens
from hub.sync.merge.context import Merge
from hub.sync.merge.groups import propose
from hub.sync.policy import Policy
from tests.engine.shelf import ROWS, mapping_of

# groups

SENT = {"lines": ["Am Ring 1"], "district": "Gries", "city": "Graz", "region": "ST", "postal_code": "8010"}


def proposed(kind: str, *given: Any) -> tuple[dict[str, Value], dict[str, Value]]:
    """The members of a proposal that say something, and all that it drops."""
    value, dropped = propose(kind, *given)
    return {name: item for name, item in value.items() if item is not None}, dropped


def test_a_new_address_has_every_member_of_the_schema_and_drops_nothing() -> None:
    value, dropped = propose("address", {"city": "Graz", "lines": None}, None, None)
    assert {name for name, item in value.items() if item is not None} == {"city"}
    assert value.keys() >= {"recipient", "company", "lines", "district", "region", "postal_code", "country", "phone"}
    assert dropped == {}


def test_members_that_look_as_predicted_are_taken_as_they_were_sent() -> None:
    image = {"lines": ["AM RING 1"], "city": "GRAZ"}
    assert proposed("address", {"lines": ["AM RING 1"], "city": "GRAZ"}, SENT, image) == (SENT, {})
    shown = {"lines": ["AM RING 11"], "city": "GRAZ"}
    assert proposed("address", shown, SENT, image) == ({**SENT, "lines": ["AM RING 11"]}, {})
    assert proposed("address", {"lines": None, "city": None}, SENT, image)[0] == {"postal_code": "8010"}


def test_members_that_did_not_change_since_they_were_seen_are_taken_as_they_were_sent() -> None:
    seen = {"lines": ["Am Ring 1"], "city": "Graz (AT)"}
    shown = {"lines": ["Am Ring 2"], "city": "Graz (AT)"}
    assert proposed("address", shown, SENT, None, seen) == ({**SENT, "lines": ["Am Ring 2"]}, {})
    assert proposed("address", {"city": "Graz (AT)"}, SENT, None, {"lines": ["Am Ring 1"]}) == (
        {"lines": ["Am Ring 1"], "city": "Graz (AT)", "postal_code": "8010"},
        {"district": "Gries", "region": "ST"},
    )
    assert proposed("address", shown, SENT, {"city": "Graz"})[0]["city"] == "Graz (AT)"


def test_without_anything_sent_everything_shown_is_new() -> None:
    assert proposed("address", {"city": "GRAZ"}, None, {"city": "GRAZ"}, {"city": "GRAZ"}) == ({"city": "GRAZ"}, {})
    assert proposed("address", {"city": "GRAZ"}, {}, None, {"city": "Linz"}) == ({"city": "GRAZ"}, {})


def test_a_member_that_is_not_shown_goes_with_what_it_depends_on() -> None:
    for moved, kept in (("postal_code", {"lines", "city"}), ("city", {"lines", "postal_code"})):
        image = {"city": "Graz", "postal_code": "8010"}
        value, dropped = proposed("address", {**image, moved: "new"}, SENT, image)
        assert value.keys() == kept | {moved}
        assert dropped == {"district": "Gries", "region": "ST"}
    image = {"region": "ST"}
    value, dropped = proposed("address", {"region": "T"}, SENT, image)
    assert (value, dropped) == (
        {"lines": ["Am Ring 1"], "city": "Graz", "region": "T", "postal_code": "8010"},
        {"district": "Gries"},
    )
    assert proposed("address", {"city": "Linz"}, {"city": "Graz"}, {"city": "Graz"}) == ({"city": "Linz"}, {})


def test_a_name_is_built_again_from_what_changed() -> None:
    sent = {"full": "Anna Maria Berg", "given": "Anna", "middle": "Maria", "family": "Berg"}
    image = {"given": "Anna", "family": "Berg"}
    value, dropped = proposed("name", {"given": "Anna", "family": "Tal"}, sent, image)
    assert (value["full"], value["family"], value["middle"], dropped) == ("Anna Maria Tal", "Tal", "Maria", {})
    assert proposed("name", {"given": "Anna", "family": "Berg"}, sent, image)[0]["full"] == "Anna Maria Berg"
    new, dropped = proposed("name", {"given": "Eva", "family": "Tal"}, None, None)
    assert (new["full"], dropped) == ("Eva Tal", {})


# consents

NAME = "consents.email_marketing"
DAY = "2027-01-15T08:00:00Z"  # second 1_800_000_000
NOW = 1_800_000_000.0


@dataclass
class Consents:
    """One consent of a golden record and what a system says of it.

    old: golden's status and since when; sent: what the system was last sent, if anything."""

    old: Value = None
    since: float | None = None
    sent: tuple[Value, ...] = ()
    evidence: dict[str, Value] = field(default_factory=dict)
    time: float | None = None

    def __post_init__(self) -> None:
        self.golden = Golden("g")
        if self.old is not None:
            self.golden.fields[NAME] = Cell(self.old, "B", 1, self.since, "consent")
        self.link = Link("A", "contacts", "1", "g", sent=dict.fromkeys([NAME], self.sent[0]) if self.sent else {})
        self.link.lost = {NAME}
        ticks = count(100)
        self.merge = Merge(
            Policy(("A", "B")),
            "A",
            mapping_of(ROWS, "A"),
            self.time,
            0,
            lambda: next(ticks),
            lambda _system: None,
            lambda _ref: None,
            lambda gid: gid,
            evidence={NAME: self.evidence},
            now=NOW + 50,
        )

    def shows(self, value: Value, *, changed: bool = True) -> tuple[Value, Any, bool, list[str], list[str]]:
        """golden, sent, whether it is to be put right, ledger and notices, changes."""
        observe_consent(self.merge, self.golden, self.link, NAME, changed, value)
        told = [f"{row.rule}: {row.winner} of {row.winner_system} beats {row.loser} of {row.loser_system}"
                for row in self.merge.ledger]  # fmt: skip
        told += [f"{item.code}: {item.message}" for item in self.merge.notices]
        changes = [f"{item.old} -> {item.new} ({item.rule})" for item in self.merge.changes]
        return (
            self.golden.value(NAME),
            self.link.sent.get(NAME, "nothing"),
            NAME in self.link.lost,
            told,
            changes,
        )


REFUSED = "consent_refused: granted without evidence of source and time was not taken over"
GOOD = {"source": "form", "captured_at": DAY}


def test_a_refusal_is_taken_at_once_and_says_what_it_replaces() -> None:
    case = Consents("granted", NOW, ("granted",), time=NOW + 7)
    told = ["consent: most restrictive: withdrawn of A beats granted of B"]
    assert case.shows("withdrawn") == ("withdrawn", "withdrawn", False, told, ["granted -> withdrawn (consent)"])
    assert case.golden.fields[NAME].time == NOW + 7
    assert case.golden.fields[NAME].source == "A"


def test_a_refusal_without_a_time_holds_since_it_was_read() -> None:
    case = Consents("granted", NOW, ("granted",), evidence=GOOD)
    case.shows("denied")
    assert case.golden.fields[NAME].time == NOW + 50


def test_a_refusal_on_the_first_link_replaces_without_a_conflict() -> None:
    assert Consents("granted", NOW).shows("denied") == (
        "denied",
        "denied",
        False,
        [],
        ["granted -> denied (consent)"],
    )
    assert Consents().shows("denied", changed=False) == ("denied", "denied", False, [], ["None -> denied (consent)"])


def test_what_has_not_changed_and_was_sent_says_nothing() -> None:
    assert Consents("granted", NOW, ("granted",)).shows("denied", changed=False) == ("granted", "granted", True, [], [])


def test_what_golden_says_already_is_noted() -> None:
    assert Consents("denied", NOW).shows("denied") == ("denied", "denied", False, [], [])
    assert Consents(None, None, ("granted",)).shows("unknown") == (None, None, False, [], [])


def test_a_grant_with_newer_evidence_is_taken_since_it_was_captured() -> None:
    for old, since in (("withdrawn", NOW - 1), ("denied", None), ("pending", NOW - 1)):
        case = Consents(old, since, (old,), GOOD, NOW + 7)
        told = [f"consent: most restrictive: granted of A beats {old} of B"]
        assert case.shows("granted") == ("granted", "granted", False, told, [f"{old} -> granted (consent)"])
        assert case.golden.fields[NAME].time == NOW
    assert Consents(None, None, (None,), GOOD).shows("granted") == (
        "granted",
        "granted",
        False,
        [],
        ["None -> granted (consent)"],
    )


def test_evidence_counts_for_a_status_of_which_nothing_is_known_whenever_it_was_captured() -> None:
    case = Consents(None, None, (None,), GOOD)
    case.golden.fields[NAME] = Cell(None, "B", 1, NOW + 9)
    assert case.shows("granted")[0] == "granted"


@pytest.mark.parametrize(
    ("evidence", "since"),
    [
        ({}, NOW - 1),
        ({"source": "form"}, NOW - 1),
        ({"captured_at": DAY}, NOW - 1),
        (GOOD, NOW),
        (GOOD, NOW + 1),
        ({**GOOD, "captured_at": "2027-02-15T08:00:00Z"}, NOW - 1),
    ],
)
def test_a_grant_without_newer_evidence_is_refused_and_put_back(evidence: dict[str, Value], since: float) -> None:
    for old in ("denied", "withdrawn"):
        case = Consents(old, since, ("granted",), evidence)
        case.link.lost.clear()
        told = [f"consent: no evidence: {old} of B beats granted of A", REFUSED]
        assert case.shows("granted") == (old, old, True, told, [])


def test_a_grant_on_the_first_link_without_evidence_is_refused_and_left_there() -> None:
    case = Consents("withdrawn", NOW)
    case.link.lost.clear()
    told = ["consent: no evidence: withdrawn of B beats granted of A", REFUSED]
    assert case.shows("granted") == ("withdrawn", None, False, told, [])


def test_a_grant_without_evidence_against_nothing_is_refused_and_not_taken_back() -> None:
    case = Consents(None, None, (None,))
    case.link.lost.clear()
    told = ["consent: no evidence: None of hub beats granted of A", REFUSED]
    assert case.shows("granted") == (None, None, False, told, [])


def test_an_empty_status_against_a_refusal_is_put_right_without_a_word() -> None:
    for shown in (None, "unknown"):
        case = Consents("denied", NOW, ("denied",))
        case.link.lost.clear()
        assert case.shows(shown) == ("denied", "denied", True, [], [])


def test_what_allows_more_widens() -> None:
    order = ["granted", "pending", None, "denied"]
    for place, old in enumerate(order):
        assert [widens(old, new) for new in order] == [number < place for number in range(4)]
    same = [(None, "unknown"), ("denied", "withdrawn"), ("unknown", "else")]
    assert not any(widens(old, new) or widens(new, old) for old, new in same)
    assert widens("else", "granted")
    assert not widens("pending", "else")
    assert widens("denied", "else")
    assert widens("else", "pending")
