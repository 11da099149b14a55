"""Scores of records without a common key (hub.identity.score): a table of pairs, and the blocks that bring them together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.config.read import examine
from hub.identity.matching import WEIGHTS, Near
from hub.identity.near import Unit, decide, edge
from hub.identity.score import Features, Score, blocks, compare, features, sound

BASE: dict[str, Any] = {
    "name": "Anna Berg",
    "birth_date": "1980-04-12",
    "emails": ["anna@x.example"],
    "phones": ["030 1234567"],
    "addresses": [{"postal_code": "10115", "city": "Berlin", "lines": ["Lindenstraße 5"], "country": "DE"}],
}


def of(**changes: Any) -> Features:
    """The base record with changes; None leaves a feature out."""
    found = {**BASE, **changes}
    lists = {name: found[name] or [] for name in ("emails", "phones", "addresses")}
    return features({name: found.get(name) for name in ("name", "birth_date", "kind")}, lists, "DE")


def address(**changes: str) -> list[dict[str, Any]]:
    return [{**BASE["addresses"][0], **changes}]


FEW = {"birth_date": None, "emails": None, "addresses": None}
PAIRS: list[tuple[str, dict[str, Any], dict[str, Any], float, float]] = [
    ("the same", {}, {}, 1.0, 1.0),
    ("another e-mail address and phone", {}, {"emails": ["a@y.example"], "phones": ["040 7654321"]}, 0.93, 1.0),
    ("a slip in the name", {}, {"name": "Ana Berg"}, 0.95, 1.0),
    ("the order of the name", {}, {"name": "Berg, Anna"}, 1.0, 1.0),
    ("an initial", {}, {"name": "A. Berg"}, 0.9, 1.0),
    ("day and month exchanged", {}, {"birth_date": "1980-12-04"}, 0.9, 0.99),
    ("moved", {"emails": None}, {"addresses": address(postal_code="20095", city="Hamburg", lines="Ring 9")}, 0.8, 0.97),
    ("a street by another spelling", {}, {"addresses": address(lines="Lindenstr. 5")}, 1.0, 1.0),
    ("only a name", {**FEW, "phones": None}, {**FEW, "phones": None}, 0.5, 0.6),
    ("only a phone", {**FEW, "name": None}, {**FEW, "name": None}, 0.2, 0.3),
    ("a phone, and names that differ", FEW, {**FEW, "name": "Otto Falk"}, 0.0, 0.4),
    ("a household", {"birth_date": None}, {"birth_date": None, "name": "Otto Berg", "emails": ["o@y.example"]}, 0.5, 0.79),
    ("namesakes elsewhere", {"emails": None, "phones": None},
     {"emails": None, "phones": None, "birth_date": "1961-09-30",
      "addresses": address(postal_code="20095", city="Hamburg", lines="Ring 9")}, 0.0, 0.6),
    ("strangers", {}, {"name": "Otto Falk", "birth_date": "1961-09-30", "emails": None, "phones": None,
     "addresses": None}, 0.0, 0.0),
    ("a person and an organisation", {"kind": "person"}, {"kind": "organisation"}, 0.0, 0.0),
    ("two scripts say nothing of the name", {}, {"name": "王伟"}, 0.9, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right", "least", "most"), [row[1:] for row in PAIRS], ids=[row[0] for row in PAIRS])
def test_a_pair_has_this_score_whoever_is_named_first(
    left: dict[str, Any], right: dict[str, Any], least: float, most: float
) -> None:
    one, other = compare(of(**left), of(**right)), compare(of(**right), of(**left))
    assert one == other
    assert least <= one.value <= most


@pytest.mark.parametrize(
    ("left", "right", "links"),
    [
        ({}, {}, True),
        ({"emails": None, "addresses": None}, {"emails": None, "addresses": None}, True),
        (FEW, FEW, False),
        ({**FEW, "name": None}, {**FEW, "name": None}, False),
        ({}, {"name": "Otto Berg"}, False),
        ({"name": None}, {"name": None}, False),
    ],
    ids=["all", "name, birthday, phone", "name and phone", "phone", "another name", "no name"],
)
def test_what_may_link_without_a_person_needs_a_name_and_more_than_a_phone(
    left: dict[str, Any], right: dict[str, Any], links: bool
) -> None:
    assert compare(of(**left), of(**right)).links is links


@pytest.mark.parametrize(
    ("feature", "change", "verdict"),
    [
        ("name", {"name": "Ana Berg"}, "alike"),
        ("name", {"name": "Otto Falk"}, "differs"),
        ("birth_date", {"birth_date": None}, "missing"),
        ("birth_date", {"birth_date": "--04-12"}, "alike"),
        ("birth_date", {"birth_date": "1980-04-13"}, "alike"),
        ("birth_date", {"birth_date": "1971-04-13"}, "differs"),
        ("postal_code", {"addresses": address(postal_code="10151")}, "alike"),
        ("postal_code", {"addresses": address(postal_code="20095")}, "differs"),
        ("phone", {"phones": ["+49 30 1234567"]}, "same"),
        ("email", {"emails": ["anna@y.example"]}, "alike"),
        ("email", {"emails": ["info@x.example"]}, "differs"),
        ("street", {"addresses": None}, "missing"),
    ],
)
def test_the_evidence_says_how_a_feature_compares(feature: str, change: dict[str, Any], verdict: str) -> None:
    assert compare(of(), of(**change)).verdicts[feature] == verdict


def test_a_feature_that_weighs_nothing_is_not_compared() -> None:
    left, right = of(), of(birth_date="1951-01-01")
    assert compare(left, right).value < 1
    assert compare(left, right, {**WEIGHTS, "birth_date": 0.0}).value == 1


@pytest.mark.parametrize(
    "change",
    [
        {"birth_date": None, "emails": None, "phones": None, "name": "Ana Berg"},
        {"addresses": None, "emails": None, "phones": None, "name": "A. Berg"},
        {"birth_date": None, "addresses": None, "phones": None, "name": "Zoe", "emails": ["anna@y.example"]},
        {"birth_date": None, "addresses": None, "emails": None},
        {"birth_date": None, "addresses": None, "emails": None, "phones": None, "name": "Bergh Hanna Ana"[:5] + " Ana"},
    ],
    ids=["name and postal code", "birthday and initial", "e-mail", "phone", "sound of the name"],
)
def test_records_that_may_be_one_meet_in_a_block(change: dict[str, Any]) -> None:
    assert set(blocks(of())) & set(blocks(of(**change)))


def test_strangers_and_impersonal_mailboxes_meet_nowhere() -> None:
    stranger = of(name="Otto Falk", birth_date="1961-09-30", phones=["040 7654321"], emails=["info@y.example"])
    assert not set(blocks(of(emails=["info@x.example"]))) & set(blocks(stranger))


@pytest.mark.parametrize(("left", "right"), [("meier", "maier"), ("schmidt", "schmitt"), ("berg", "bergh")])
def test_words_that_sound_alike_have_one_code(left: str, right: str) -> None:
    assert sound(left) == sound(right)


def test_a_word_that_is_not_latin_is_its_own_code() -> None:
    assert sound("王伟") == "王伟"


# decisions


def unit(ref: str, *, known: bool = False) -> Unit:
    return Unit(ref, frozenset({(ref[0], "people")}), of(), ("near:x",), known)


def score(value: float, *, links: bool = True) -> Score:
    return Score(value, {}, links)


LINK = Near("link")
EDGES: list[tuple[str, dict[tuple[str, str], Score], list[tuple[str, ...]], list[tuple[str, ...]]]] = [
    ("beyond doubt", {("A1", "B1"): score(0.98)}, [("A1", "B1")], []),
    ("doubtful", {("A1", "B1"): score(0.9)}, [], [("A1", "B1")]),
    ("evidence that may not link", {("A1", "B1"): score(1, links=False)}, [], [("A1", "B1")]),
    ("a rival that is as good", {("A1", "B1"): score(1), ("A1", "B2"): score(1)}, [], [("A1", "B1", "B2")]),
    ("a weaker rival is another question",
     {("A1", "B1"): score(1), ("A1", "B2"): score(0.9), ("A2", "B2"): score(0.95)}, [], [("A1", "B1"), ("A2", "B2")]),
    ("three that all agree", {("A1", "B1"): score(1), ("A1", "C1"): score(1), ("B1", "C1"): score(1)},
     [("A1", "B1", "C1")], []),
    ("three of which two do not", {("A1", "B1"): score(1), ("A1", "C1"): score(1)}, [], [("A1", "B1", "C1")]),
]  # fmt: skip


@pytest.mark.parametrize(("edges", "links", "questions"), [row[1:] for row in EDGES], ids=[row[0] for row in EDGES])
def test_what_follows_from_scores(
    edges: dict[tuple[str, str], Score], links: list[tuple[str, ...]], questions: list[tuple[str, ...]]
) -> None:
    units = {ref: unit(ref) for pair in edges for ref in pair}
    found = decide(units, edges, LINK)
    assert [group.refs for group, _ in found.links] == links
    assert [question.refs for question, _ in found.questions] == questions
    asked = decide(units, edges, Near("ask"))
    assert not asked.links
    assert sorted(question.refs for question, _ in asked.questions) == sorted([*links, *questions])


def test_two_of_one_side_two_customers_and_a_declared_pair_are_never_compared() -> None:
    assert edge(unit("A1"), unit("B1"), LINK, set()) is not None
    assert edge(unit("A1"), unit("A2"), LINK, set()) is None
    assert edge(unit("g1", known=True), unit("h1", known=True), LINK, set()) is None
    assert edge(unit("B1"), unit("A1"), LINK, {("A1", "B1")}) is None


# the configuration


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('near = "aks"', ("Did you mean 'ask'", "off, ask, link")),
        ("ask = 2", ("ask must be a score from 0.5 to 1", "found 2")),
        ("ask = true", ("score", "True")),
        ("ask = 0.9\nlink = 0.8", ("link must not be less than ask",)),
        ("treshold = 1", ("unknown key 'treshold'",)),
        ("[matching.weights]\nbirthday = 2", ("unknown key 'birthday'", "birth_date")),
        ("[matching.weights]\nname = -1", ("name must be a weight from 0",)),
    ],
)
def test_a_mistake_in_the_settings_is_named(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    _, problems = examine(tmp_path / "c.toml", f"[matching]\n{text}\n")
    (problem,) = problems
    assert problem.line >= 2
    assert all(word in str(problem) for word in words), str(problem)


def test_the_settings_hold_for_every_sync(tmp_path: Path) -> None:
    connection = 'plugin = "files"\npath = "x"\n'
    text = (
        '[matching]\nnear = "link"\nask = 0.9\n[matching.weights]\ncity = 0\n'
        f"[connections.a]\n{connection}[connections.b]\n{connection}"
        '[syncs.one]\nsystems = ["a", "b"]\n[syncs.two]\nsystems = ["b", "a"]\n'
    )
    config, problems = examine(tmp_path / "c.toml", text)
    assert config is not None
    assert not problems
    wanted = Near("link", 0.9, 0.97, {**WEIGHTS, "city": 0.0})
    assert [sync.policy.near for sync in config.syncs.values()] == [wanted, wanted]
