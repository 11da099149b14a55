"""The judge of the five systems sees what is wrong: each fault that it is there for, put into systems that agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hub.demo.people import Customer
from tests.real.five_systems import calls
from tests.real.five_systems.edits import Edit
from tests.real.five_systems.judge import Expected, wrong
from tests.real.five_systems.look import Seen
from tests.real.five_systems.people import SYSTEMS, Crowd

ANNA = Customer(
    *(0, "person", "Anna", "Berg", "Anna Berg", "anna@x.example", "", "+4915112345678", "Weg 1", "10115", "Berlin"),
    *("DE", "", "", "", frozenset({"erp", "book"})),
)
SEEN = Seen(
    "1",
    ANNA.email,
    "anna berg",
    frozenset({ANNA.email}),
    frozenset({"112345678"}),
    frozenset({("Weg 1", "1", "Berlin")}),
)
NOTED = Edit("zoho", ANNA.email, "note", "Wort1")
Shown = dict[str, list[Seen]]


def agreeing() -> Shown:
    noted = replace(SEEN, note="Wort1", job="", birthday="")
    return {"erp": [SEEN], "book": [noted], "shop": [SEEN], "crm": [replace(noted, birthday=None)], "zoho": [noted]}


def judged(shown: Shown, *edits: Edit, remembered: str = "") -> list[str]:
    expected = Expected(Crowd([ANNA], ()), {"book": [replace(SEEN, note="first note")]})
    return list(wrong(expected, shown, edits, remembered or "first note"))


def test_systems_that_agree_are_right() -> None:
    assert judged(agreeing(), NOTED) == []


def alone(system: str, **changes: object) -> Callable[[Shown], None]:
    def change(shown: Shown) -> None:
        shown[system] = [replace(shown[system][0], **changes)]  # type: ignore[arg-type]

    return change


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda shown: shown["shop"].clear(), "is 0 times in shop instead of 1"),
        (lambda shown: shown["crm"].append(shown["crm"][0]), "is 2 times in crm instead of 1"),
        (lambda shown: shown["erp"].append(replace(SEEN, key="who@x.example")), "who@x.example is 1 times in erp"),
        (alone("zoho", name="anna weg"), "name differs"),
        (alone("book", phones=frozenset()), "phones differs"),
        (alone("shop", places=frozenset()), "places is empty in some"),
        (alone("crm", note=""), "Wort1, typed as note of anna@x.example in zoho, is missing in crm"),
    ],
    ids=["missing", "doubled", "a stranger", "a name", "a number", "an address", "an edit that is lost"],
)
def test_what_is_wrong_is_told(break_it: Callable[[Shown], None], told: str) -> None:
    shown = agreeing()
    break_it(shown)
    assert any(told in line for line in judged(shown, NOTED)), judged(shown, NOTED)


def test_a_rival_may_lose_only_if_the_hub_remembers_the_word() -> None:
    shown, rival = agreeing(), replace(NOTED, word="Wort2", rival=True)
    assert judged(shown, rival, remembered="first note, wort2") == []
    assert len(judged(shown, rival)) == 1


def test_a_note_from_before_the_first_sync_must_be_remembered() -> None:
    assert any("'first note'" in line for line in judged(agreeing(), remembered="nothing"))


@pytest.mark.parametrize(("records", "pages"), [(0, 1), (200, 1), (201, 2), (395, 2), (396, 3)])
def test_pages_that_share_rows(records: int, pages: int) -> None:
    assert calls._pages(records, 200, 5) == pages


def test_writes_follow_from_what_people_typed() -> None:
    edits = [
        NOTED,
        Edit("erp", "b", "phones", "1"),
        Edit("erp", "c", "name", "2", rival=True),
        Edit("shop", "c", "name", "3", rival=True),
    ]
    found = calls.writes(edits, ["crm"], winner="shop")
    assert found == {"erp": (1, 1), "book": (1, 3), "shop": (1, 0), "crm": (0, 2), "zoho": (1, 2)}
    assert tuple(found) == SYSTEMS
