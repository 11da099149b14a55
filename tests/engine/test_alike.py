"""Records that look alike but share no key ([matching] near): asked about, linked only beyond doubt, never guessed."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import HubError
from hub.identity.matching import Near
from hub.identity.near import REASON
from hub.identity.score import CROWDED
from hub.sync.policy import Policy
from tests.engine.test_linking import decide, links, reviews
from tests.engine.world import World

SHAPE = """
[fields]
name.full = "name"
birth_date = "born"
notes = "notes"
[emails.slots]
email = { pick = "primary", as = "email" }
[phones.slots]
phone = { pick = "primary", as = "phone" }
[addresses.slots.main]
pick = "primary"
lines = { at = "street", as = "lines(newline)" }
postal_code = "zip"
city = "city"
"""
HOME = {"street": "Lindenstraße 5", "zip": "10115", "city": "Berlin"}
ANNA = {"name": "Anna Berg", "email": "anna@x.example", "born": "1980-04-12", **HOME}
ANA = {"name": "Berg, Ana", "email": "ana@y.example", "born": "1980-04-12", **HOME, "street": "Lindenstr. 5"}
SAME = {**ANNA, "email": "anna.b@y.example"}

ASK, LINK = Near("ask"), Near("link")


def world_of(folder: Path, near: Near, systems: str = "AB", **more: Any) -> World:
    return World(folder, Policy(tuple(systems), near=near, region="DE", **more), **dict.fromkeys(systems, SHAPE))


def add(world: World, system: str, data: dict[str, Any], **more: Any) -> str:
    return world.servers[system].add({**data, **more})


def count(world: World) -> int:
    return len(world.goldens())


# asking


def test_alike_records_become_one_question_with_its_evidence(tmp_path: Path) -> None:
    world = world_of(tmp_path, ASK)
    add(world, "A", ANNA)
    add(world, "B", ANA)
    result = world.sync()
    (review,) = world.store.history.reviews()
    assert (review.reason, world.goldens(), world.writes()) == (REASON, [], 0)
    (pair,) = review.pairs
    assert (pair["left"], pair["right"]) == ("A/contacts/1", "B/contacts/1")
    assert 0.8 <= pair["score"] < 1
    assert {name: pair["features"][name] for name in ("name", "birth_date", "street", "phone", "email")} == {
        "name": "alike", "birth_date": "same", "street": "same", "phone": "missing", "email": "differs",
    }  # fmt: skip
    assert "anna" not in str(review.pairs).lower()
    assert (world.account("A", result).waiting, world.account("B", result).waiting) == (1, 1)
    world.quiet()
    assert len(reviews(world)) == 1


def test_switched_off_nothing_is_compared_and_no_blocks_are_kept(tmp_path: Path) -> None:
    world = world_of(tmp_path, Near())
    add(world, "A", ANNA)
    add(world, "B", ANA)
    world.sync()
    assert (reviews(world), count(world)) == ([], 2)
    assert not [key for key in keys(world) if key.startswith("near:")]


def keys(world: World) -> list[str]:
    with world.store.db.transaction() as connection:
        tables = ("match_key", "staged_key")
        return [row.key for name in tables for row in connection.exec_driver_sql(f"SELECT key FROM {name}").all()]


def test_an_answer_links_them(tmp_path: Path) -> None:
    world = world_of(tmp_path, ASK)
    add(world, "A", ANNA, notes="from A")
    add(world, "B", ANA)
    world.sync()
    (review,) = world.store.history.reviews()
    decide(world, review.id, ["A/contacts/1", "B/contacts/1"])
    world.sync()
    assert (links(world), reviews(world)) == ([["A1", "B1"]], [])
    assert world.one("B")["notes"] == "from A"
    world.quiet()


def test_an_answer_keeps_them_apart_for_ever(tmp_path: Path) -> None:
    world = world_of(tmp_path, ASK)
    add(world, "A", ANNA)
    add(world, "B", ANA)
    world.sync()
    (review,) = world.store.history.reviews()
    decide(world, review.id, None)
    world.sync()
    assert links(world) == [["A1", "B2"], ["A2", "B1"]]
    world.servers["A"].edit("1", notes="edited")
    world.servers["B"].edit("1", notes="edited, too")
    world.sync()
    assert reviews(world) == []
    world.quiet()


def test_a_new_record_is_compared_with_the_customers_of_the_hub(tmp_path: Path) -> None:
    world = world_of(tmp_path, ASK, no_create=frozenset("B"))
    add(world, "A", ANNA)
    world.sync()
    assert count(world) == 1
    add(world, "B", ANA)
    world.sync()
    assert reviews(world) == [(REASON, ["B/1", "hub"])]
    (review,) = world.store.history.reviews()
    decide(world, review.id, [member["gid"] or "B/contacts/1" for member in review.members])
    world.sync()
    assert links(world) == [["A1", "B1"]]
    world.quiet()


def test_switched_on_later_it_finds_the_customers_that_were_there_before(tmp_path: Path) -> None:
    world = world_of(tmp_path, Near(), no_create=frozenset("B"))
    add(world, "A", ANNA)
    world.sync()
    world.policy = world_of(tmp_path / "other", ASK, no_create=frozenset("B")).policy
    add(world, "B", ANA)
    world.sync()
    assert reviews(world) == [(REASON, ["B/1", "hub"])]
    world.policy = Policy(("A", "B"), no_create=frozenset("B"), region="DE")
    world.sync()
    assert not [key for key in keys(world) if key.startswith("near:") and key in _golden_keys(world)]


def _golden_keys(world: World) -> set[str]:
    with world.store.db.transaction() as connection:
        return {row.key for row in connection.exec_driver_sql("SELECT key FROM match_key").all()}


def test_a_question_ends_by_itself_when_its_reason_is_gone(tmp_path: Path) -> None:
    world = world_of(tmp_path, ASK)
    add(world, "A", ANNA)
    add(world, "B", ANA)
    world.sync()
    world.servers["B"].edit("1", name="Zacharias Wolf", born="1951-01-02", street="Ring 9", zip="20095", city="Hamburg")
    world.sync()
    assert (reviews(world), count(world)) == ([], 2)
    world.quiet()


def test_a_common_key_comes_first_and_ends_the_question(tmp_path: Path) -> None:
    world = world_of(tmp_path, ASK, "ABC")
    add(world, "A", ANNA)
    add(world, "B", ANA)
    world.sync()
    add(world, "C", ANNA, name="Ana Berg", email="ana@y.example")
    world.sync()
    assert reviews(world) == [(REASON, ["A/1", "hub"])]
    assert links(world) == [["B1", "C1"]], "what A may have already is not created there"
    (review,) = world.store.history.reviews()
    decide(world, review.id, [member["gid"] or "A/contacts/1" for member in review.members])
    world.sync()
    assert links(world) == [["A1", "B1", "C1"]]
    assert len(world.servers["A"].alive()) == 1
    world.quiet()


def test_a_question_that_comes_before_the_first_approval_keeps_the_double_from_being_created(tmp_path: Path) -> None:
    world = world_of(tmp_path, ASK)
    add(world, "A", ANNA)
    world.engine().read()
    add(world, "B", ANA)
    world.sync()
    assert reviews(world) == [(REASON, ["B/1", "hub"])]
    assert len(world.servers["B"].alive()) == 1
    (review,) = world.store.history.reviews()
    decide(world, review.id, None)
    world.sync()
    assert links(world) == [["A1", "B2"], ["A2", "B1"]], "the answer lets it be created"
    world.quiet()


def test_a_record_that_resembles_one_under_another_question_waits_for_its_answer(tmp_path: Path) -> None:
    world = world_of(tmp_path, ASK, "ABC")
    add(world, "A", ANNA)
    add(world, "B", {"name": "Zacharias Wolf", "email": "anna@x.example"})
    add(world, "C", ANA)
    result = world.sync()
    assert [members for _, members in reviews(world)] == [["A/1", "B/1"]]
    assert (count(world), world.writes(), world.account("C", result).waiting) == (0, 0, 1)
    world.quiet()
    (review,) = world.store.history.reviews()
    decide(world, review.id, None)
    world.sync()
    assert reviews(world) == [(REASON, ["C/1", "hub"])]


# one to one


def test_two_records_of_one_system_are_never_a_question_by_themselves(tmp_path: Path) -> None:
    world = world_of(tmp_path, ASK)
    add(world, "A", ANNA)
    add(world, "A", ANA)
    world.sync()
    assert (reviews(world), count(world)) == ([], 2)


def test_two_that_resemble_one_are_one_question_and_only_one_of_them_can_be_it(tmp_path: Path) -> None:
    world = world_of(tmp_path, LINK)
    add(world, "A", ANNA)
    add(world, "B", SAME)
    add(world, "B", SAME, email="third@z.example")
    world.sync()
    assert reviews(world) == [(REASON, ["A/1", "B/1", "B/2"])]
    (review,) = world.store.history.reviews()
    with pytest.raises(HubError, match="two records of B"):
        decide(world, review.id, ["A/contacts/1", "B/contacts/1", "B/contacts/2"])
    decide(world, review.id, ["A/contacts/1", "B/contacts/1"])
    world.sync()
    assert links(world) == [["A1", "B1"], ["A2", "B2"]]
    world.quiet()


@pytest.mark.parametrize("order", ["".join(item) for item in permutations("ABC")])
def test_the_order_of_systems_does_not_change_what_is_asked(tmp_path: Path, order: str) -> None:
    world = world_of(tmp_path, ASK, order)
    for name, data in (("A", ANNA), ("B", ANA), ("C", {**SAME, "email": None})):
        add(world, name, data)
    world.sync()
    assert reviews(world) == [(REASON, ["A/1", "B/1", "C/1"])]


# linking


def test_beyond_doubt_they_are_linked_where_the_configuration_says_so(tmp_path: Path) -> None:
    world = world_of(tmp_path, LINK)
    add(world, "A", ANNA, notes="from A")
    add(world, "B", SAME)
    result = world.sync()
    assert (links(world), reviews(world)) == ([["A1", "B1"]], [])
    assert (result.counters["A"].created, result.counters["B"].created) == (0, 0)
    world.quiet()


def test_below_the_threshold_of_linking_they_are_asked_about(tmp_path: Path) -> None:
    world = world_of(tmp_path, LINK)
    add(world, "A", ANNA)
    add(world, "B", ANA)
    world.sync()
    assert reviews(world) == [(REASON, ["A/1", "B/1"])]


FIRM = "+49 30 5550100"


@pytest.mark.parametrize("near", [ASK, LINK], ids=["ask", "link"])
@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param({"name": "Anna Berg"}, {"name": "Otto Falk"}, id="a switchboard"),
        pytest.param({"name": None}, {"name": None}, id="nobody's name"),
        pytest.param({"name": "Anna Berg", **HOME}, {"name": "Otto Berg", **HOME}, id="a household"),
    ],
)
def test_who_only_shares_a_phone_is_neither_linked_nor_asked_about(
    tmp_path: Path, near: Near, left: dict[str, Any], right: dict[str, Any]
) -> None:
    world = world_of(tmp_path, near)
    add(world, "A", left, phone=FIRM)
    add(world, "B", right, phone=FIRM)
    world.sync()
    assert (reviews(world), count(world)) == ([], 2)


def test_a_name_and_a_phone_are_never_linked_without_a_person(tmp_path: Path) -> None:
    world = world_of(tmp_path, Near("link", ask=0.8, link=0.8))
    add(world, "A", {"name": "Anna Berg"}, phone=FIRM)
    add(world, "B", {"name": "Anna Berg"}, phone=FIRM)
    world.sync()
    assert reviews(world) == [(REASON, ["A/1", "B/1"])]


# scale


def test_a_group_that_is_too_large_is_not_compared_but_counted(tmp_path: Path) -> None:
    world = world_of(tmp_path, ASK)
    for number in range(CROWDED + 1):
        add(world, "A", {"name": f"Mia {chr(97 + number % 26)}{number}", "born": "1970-01-01"})
    add(world, "B", {"name": "Mia Zander", "born": "1970-01-01"})
    result = world.sync()
    assert (result.crowded, world.sync().crowded) == (1, 1), "noted until records are compared again"
    assert reviews(world) == []


def test_many_pages_lead_to_the_same_questions(tmp_path: Path) -> None:
    world = world_of(tmp_path, ASK)
    people = 120
    for number in range(people):
        born = f"19{number % 90 + 10}-0{number % 9 + 1}-{number % 28 + 1:02d}"
        for system in "AB":
            place = number if system == "A" else people - number
            data = {"name": f"Anna Nr{'abcdefghij'[number % 10] * 3}{number}", "born": born, "zip": f"{10000 + number}"}
            add(world, system, data, email=f"{system}{place}@x.example", city="Berlin", street=f"Weg {number}")
    world.sync()
    assert len(reviews(world)) == people
    assert all(
        members == [f"A/{n + 1}", f"B/{n + 1}"] for n, (_, members) in enumerate(sorted(reviews(world), key=_number))
    )


def _number(review: tuple[str, list[str]]) -> int:
    return int(review[1][0].split("/")[1])
