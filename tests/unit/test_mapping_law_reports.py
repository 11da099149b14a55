"""What a check of a mapping tells: every law on every kind of record, the smallest example, an order; and the triangle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

import pytest

from hub.mapping import rules
from hub.mapping.compile import compile_mapping
from hub.mapping.compiled import CompiledMapping
from hub.mapping.laws import LAWS, check, golden_laws, triangle
from hub.mapping.pairs import Env, Transform
from hub.mapping.parse import parse_mapping
from hub.mapping.rules import Violation
from hub.mapping.samples import Golden
from hub.mapping.spec import MappingSpec
from hub.mapping.transforms import Registry, as_line
from hub.mapping.view import Row

HEAD = 'version = 1\nsystem = "crm"\nresource = "people"\nrecord = "customer"\nselect = { type = ["person"] }\n\n[fields]\n'
PLAIN = (
    HEAD
    + 'name.full = "name"\nnotes = "notes"\njob.title = "title"\n\n[emails]\nlist = "emails"\nid = "id"\nvalue = "value"\n'
)

Law = Callable[..., Iterator[Violation]]


def made(text: str = PLAIN, registry: Registry | None = None) -> tuple[MappingSpec, CompiledMapping]:
    spec = parse_mapping(text, name="crm.people", file="people.toml")
    return spec, compile_mapping(spec, region="DE", registry=registry)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Law], None]:
    """Switch all laws off; the returned function puts one in its place."""

    def none(*_: Any) -> Iterator[Violation]:
        return iter(())

    for name in (
        "blank",
        "refuse",
        "enough_examples",
        "example",
        "totality",
        "put_get",
        "norm_twice",
        "coded",
        "sticky",
    ):
        monkeypatch.setattr(rules, name, none)
    for name in ("exact", "roots_written", "get_put", "frame"):
        monkeypatch.setattr(rules, name, none)
    return lambda name, law: monkeypatch.setattr(rules, name, law)


Silent = Callable[[str, Law], None]


def test_the_smallest_example_has_only_what_breaks_the_law(silent: Silent) -> None:
    def law(_mapping: CompiledMapping, golden: Golden, _second: Golden) -> Iterator[Violation]:
        yield Violation("PutGet", "always", "breaks whatever is in the record")
        if golden.fields.get("notes") and golden.fields.get("job.title") and golden.rows.get("emails"):
            yield Violation("PutGet", "notes", "breaks with all three")

    silent("put_get", law)
    spec, mapping = made()
    always, three = check(mapping, spec, examples=40).violations
    assert always.example == {}, "everything was taken away"
    assert set(three.example) == {"notes", "job.title", "emails"}
    assert isinstance(three.example["notes"], str)
    assert isinstance(three.example["emails"][0], Row)


def test_the_smallest_example_may_be_the_second_record(silent: Silent) -> None:
    def law(_mapping: CompiledMapping, _golden: Golden, second: Golden) -> Iterator[Violation]:
        if second.fields.get("job.title"):
            yield Violation("PutGet", "job.title", "breaks when it was there before")

    silent("put_get", law)
    spec, mapping = made()
    (found,) = check(mapping, spec, examples=40).violations
    assert list(found.example) == ["job.title"]


def test_an_example_that_the_law_gives_itself_is_kept(silent: Silent) -> None:
    silent("put_get", lambda *_: iter([Violation("PutGet", "notes", "breaks", {"mine": 1})]))
    spec, mapping = made()
    assert [item.example for item in check(mapping, spec, examples=3).violations] == [{"mine": 1}]


def test_each_broken_law_is_told_once_for_each_name_in_the_order_of_the_laws(silent: Silent) -> None:
    told = [Violation(law, path, "broken") for law in ("Odd", *reversed(LAWS)) for path in ("b", "a")]
    silent("blank", lambda *_: iter([*told, *told]))
    spec, mapping = made()
    report = check(mapping, spec, examples=0)
    assert [(item.law, item.path) for item in report.violations] == [(law, at) for law in (*LAWS, "Odd") for at in "ab"]
    assert not report.ok
    assert str(report).splitlines()[1] == "  Totality: a: broken"


@pytest.mark.parametrize("law", ["get_put", "frame"])
def test_a_real_record_is_tried_by_the_laws_of_records(silent: Silent, law: str) -> None:
    def fails(mapping: CompiledMapping, *others: Any) -> Iterator[Violation]:
        if {"type": "person", "odd": True} in others:
            yield Violation("GetPut", "odd", "breaks")

    silent(law, fails)
    spec, mapping = made()
    report = check(mapping, spec, records=[{"type": "person", "odd": True}], examples=0)
    assert [item.path for item in report.violations] == ["odd"]
    assert report.tried == 1
    assert check(mapping, spec, records=[{"type": "person"}], examples=0).ok


def test_a_record_that_cannot_be_read_is_tried_no_further(silent: Silent) -> None:
    def crashes(*_: Any) -> Iterator[Violation]:
        raise AssertionError("it cannot be read")

    silent("totality", lambda *_: iter([Violation("Totality", "crm.people", "cannot be read")]))
    silent("get_put", crashes)
    silent("frame", crashes)
    spec, mapping = made()
    assert [item.law for item in check(mapping, spec, records=[{}], examples=0).violations] == ["Totality"]


def test_generated_records_are_tried_by_the_laws_of_records(silent: Silent) -> None:
    seen: list[Any] = []

    def noted(_mapping: CompiledMapping, native: Mapping[str, Any]) -> Iterator[Violation]:
        seen.append(native)
        yield Violation("Totality", "crm.people", "cannot be read")

    silent("totality", noted)
    spec, mapping = made()
    assert [item.law for item in check(mapping, spec, examples=7).violations] == ["Totality"]
    assert len(seen) == 7


def test_a_check_tries_the_same_two_hundred_records_unless_told_otherwise(silent: Silent) -> None:
    seen: list[Golden] = []
    silent("coded", lambda _mapping, golden: seen.append(golden) or iter(()))  # type: ignore[func-returns-value]  # both
    spec, mapping = made()
    assert check(mapping, spec).tried == len(seen) == 200
    check(mapping, spec, seed=0)
    check(mapping, spec, seed=1)
    assert seen[:200] == seen[200:400] != seen[400:], "and always the same ones"


def test_what_a_system_requires_and_no_line_writes_is_named() -> None:
    spec, mapping = made()
    report = check(mapping, spec, examples=1, required=["name", "emails.value", "code", "owner.id"])
    assert report.required == ("code", "owner.id")
    assert report.coverage == "4 of 31 fields mapped, 2 required unmapped"
    assert check(mapping, spec, examples=1, required=["name"]).coverage == "4 of 31 fields mapped"


def test_one_golden_record_is_tried_by_every_law_of_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    laws = ("put_get", "norm_twice", "coded", "sticky", "exact", "roots_written", "get_put", "frame")
    for name in laws:
        monkeypatch.setattr(rules, name, lambda *_, name=name: iter([Violation(name, "x", "broken")]))
    _, mapping = made()
    golden = Golden({"notes": "vip"}, {})
    assert [item.law for item in golden_laws(mapping, golden, golden, Random(1))] == list(laws)


# the triangle: to another system and back


def shouting() -> Registry:
    def upper(_args: tuple[str, ...], _env: Env) -> Transform:
        return Transform("upper", as_line, lambda value: str(value).upper(), exact="line")

    return Registry({"upper": upper})


UPPER = (
    HEAD.replace("crm", "erp") + 'name.full = { at = "label", as = "upper" }\nnotes = { at = "text", as = "upper" }\n'
)
SHORT = HEAD.replace("crm", "erp") + 'name.full = { at = "label", max = 3 }\nnotes = { at = "text", max = 3 }\n'
PARTS = HEAD + 'name.given = "first"\nname.family = "last"\n'
ANNA = {"type": "person", "name": "Anna Berg", "notes": "vip"}


@pytest.mark.parametrize("other", [UPPER, SHORT], ids=["upper", "too_long"])
def test_what_another_system_cannot_show_as_it_is_comes_back_unchanged(other: str) -> None:
    first, second = made()[1], made(other, shouting())[1]
    assert list(triangle(first, second, ANNA)) == []


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> CompiledMapping:
    """A mapping that predicts something else for one field than its system will show."""
    second = made(UPPER, shouting())[1]
    right = second.norm
    monkeypatch.setattr(second, "norm", lambda name, value: "else" if name == "notes" else right(name, value))
    return second


def test_what_another_system_shows_unlike_its_prediction_would_change_the_record(blind: CompiledMapping) -> None:
    first = made()[1]
    assert [(item.law, item.path, item.message, item.example) for item in triangle(first, blind, ANNA)] == [
        ("Triangle", "notes", f"coming back from {blind.name} would write 'VIP'", ANNA)
    ]


def test_a_record_outside_of_the_selection_is_not_taken_anywhere(blind: CompiledMapping) -> None:
    assert list(triangle(made()[1], blind, {**ANNA, "type": "robot"})) == []


def test_a_name_in_parts_arrives_as_a_whole_name(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = made(PARTS)[1], made(UPPER, shouting())[1]
    there: list[Any] = []
    right = second.get

    def noted(record: Mapping[str, Any]) -> Any:
        there.append(record)
        return right(record)

    monkeypatch.setattr(second, "get", noted)
    assert list(triangle(first, second, {"type": "person", "first": "Anna", "last": "Berg"})) == []
    assert there[0]["label"] == "ANNA BERG"


def test_a_record_that_the_other_system_would_not_select_says_nothing() -> None:
    other = UPPER.replace('select = { type = ["person"] }', 'select = { "label" = ["Bo"] }')
    first, second = made()[1], made(other, shouting())[1]
    assert second.get({"label": "ANNA BERG"}) is None
    assert list(triangle(first, second, ANNA)) == []
