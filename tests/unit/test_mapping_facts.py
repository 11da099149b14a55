"""Mapping files of interactions: the lines of the language in reading direction, checked like those of customers."""

from __future__ import annotations

from typing import Any

import pytest

from hub.canonical.facts import FACT_FIELDS, INTERACTION_KINDS
from hub.canonical.interaction import Interaction
from hub.mapping.compile import compile_mapping
from hub.mapping.compiled import CompiledMapping
from hub.mapping.errors import MappingError
from hub.mapping.laws import check
from hub.mapping.parse import parse_mapping
from hub.mapping.spec import MappingSpec
from hub.sync.interactions import Draft, FactRefused, draft_of, place_of, ref_key, shortened

HEAD = 'version = 1\nsystem = "desk"\nresource = "calls"\nrecord = "interaction"\n'
FIELDS = '[fields]\nkind = { const = "call" }\nat = { at = "when", as = "time(epoch_s)" }\nsubject = "topic"\n'
PARTIES = '[phones.slots]\nnumber = "next"\n'
EXAMPLE = """
[[example]]
name = "{name}"
native = {{ when = 0, topic = "{name}", number = "+49 30 123456" }}
reads = {{ subject = "{name}" }}
"""
GOOD = HEAD + FIELDS + PARTIES + "".join(EXAMPLE.format(name=name) for name in "abc")


def spec(text: str = GOOD, shipped: MappingSpec | None = None) -> MappingSpec:
    return parse_mapping(text, name="desk.calls", file="desk.toml", shipped=shipped)


def compiled(text: str = GOOD) -> CompiledMapping:
    return compile_mapping(spec(text), region="DE")


def draft(native: dict[str, Any], text: str = GOOD, body: int = 100) -> Draft:
    return draft_of("interaction", compiled(text).get(native), system="desk", region="DE", body=body)


def problems(text: str) -> list[str]:
    with pytest.raises(MappingError) as error:
        spec(text)
    return [str(issue) for issue in error.value.issues]


def test_a_number_in_national_form_finds_the_same_customer_as_in_international_form() -> None:
    found = draft({"when": 86400, "topic": "hello", "number": "030 123456"})
    assert found.keys == draft({"when": 0, "number": "+49 30 123456"}).keys == ("phone:+4930123456",)
    assert (found.at, found.doc) == (86400.0, {"kind": "call", "subject": "hello"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('[fields]\nat = "x"\n' + PARTIES, "kind is missing: every interaction has one"),
        ('[fields]\nkind = "x"\n' + PARTIES, "at is missing"),
        ('[fields]\nkind = "x"\nat = "y"\n', "nothing says whose interaction it is"),
        (FIELDS + 'customer = "who"\n' + PARTIES, 'customer needs ref = "RESOURCE"'),
        (FIELDS + 'subjct = "x"\n' + PARTIES, "unknown field of an interaction 'subjct'; did you mean 'subject'?"),
        (FIELDS + 'notes = "x"\n' + PARTIES, "unknown field of an interaction 'notes'"),
        (FIELDS + 'body = { at = "x", max = 10 }\n' + PARTIES, "body: max is about writing"),
        (FIELDS + 'body = { at = "x", required = true }\n' + PARTIES, "body: required is about writing"),
        (FIELDS + 'body = { at = "x", placeholder = "-" }\n' + PARTIES, "body: placeholder is about writing"),
        (FIELDS + 'body = { at = "x", direction = "both" }\n' + PARTIES, "body: direction is about writing"),
        (FIELDS + 'body = { from = "hub" }\n' + PARTIES, "body: from is about writing"),
        (FIELDS + '[emails]\nlist = "x"\nours = "hub:"\n', "emails: ours is about writing"),
        (FIELDS + '[tags]\nlist = "x"\n' + PARTIES, "tags does not say whose interaction it is"),
        ('own_key = "x"\n' + FIELDS + PARTIES, "own_key is for customers: interactions are only read"),
        ('match = ["email"]\n' + FIELDS + PARTIES, "match is for customers"),
        (FIELDS + PARTIES + '[consents.email_marketing]\nat = "x"\n', "consents is for customers"),
        (FIELDS + PARTIES + '[custom]\nx = "x"\n', "custom is for customers"),
        (
            FIELDS + PARTIES + '[[example]]\nname = "x"\nnative = {}\nreads = { body = "" }\n',
            "'body' is not mapped here",
        ),
    ],
)
def test_what_makes_no_sense_for_something_that_is_only_read_is_refused(body: str, message: str) -> None:
    assert any(message in problem for problem in problems(HEAD + body)), problems(HEAD + body)


def test_every_line_of_it_only_reads() -> None:
    mapping = compiled(HEAD + FIELDS + '[emails]\nlist = "who"\nvalue = "mail"\n' + PARTIES)
    assert {item.direction for item in mapping.fields.values()} == {"read"}
    assert {item.direction for item in mapping.collections.values()} == {"read"}


def test_a_users_file_extends_the_shipped_one() -> None:
    own = spec(
        'extends = "shipped"\nphones = false\n[fields]\nbody = "notes"\n[emails.slots]\nmail = "next"\n', shipped=spec()
    )
    assert sorted(own.fields) == ["at", "body", "kind", "subject"]
    assert list(own.collections) == ["emails"]


def test_the_laws_hold_for_a_good_mapping_and_name_what_is_broken() -> None:
    report = check(compiled(), spec(), examples=50)
    assert report.ok, str(report)
    assert "no law is broken" in str(report)
    assert set(report.mapped) == {"kind", "at", "subject", "phones"}
    few = HEAD + FIELDS + PARTIES + EXAMPLE.format(name="a")
    assert {item.law for item in check(compiled(few), spec(few), examples=5).violations} == {"Examples"}
    lying = GOOD.replace('reads = { subject = "b" }', 'reads = { subject = "z" }')
    (broken,) = check(compiled(lying), spec(lying), examples=5).violations
    assert (broken.law, broken.path) == ("Examples", "example 'b'")
    timeless = GOOD.replace("when = 0", 'when = "noon"')
    assert {(item.law, item.path) for item in check(compiled(timeless), spec(timeless), examples=5).violations} == {
        ("Complete", "at")
    }


@pytest.mark.parametrize(
    ("native", "message"),
    [
        ({"topic": "x", "number": "+49 30 123456"}, "at cannot be read"),
        ({"when": "noon", "number": "+49 30 123456"}, "at cannot be read: not a number of seconds"),
    ],
)
def test_a_record_without_a_time_is_refused_with_the_reason(native: dict[str, Any], message: str) -> None:
    with pytest.raises(FactRefused) as caught:
        draft(native)
    assert message.split(":")[0] in caught.value.message


def test_a_survey_is_read_into_its_parts() -> None:
    text = HEAD + (
        '[fields]\nkind = { const = "survey" }\nat = "when"\nsurvey.kind = { const = "nps" }\n'
        'survey.score = { at = "points", as = "number" }\nsurvey.comment = "words"\n[emails.slots]\nmail = "next"\n'
    )
    found = draft({"when": "2026-03-02T08:15:00Z", "points": 9, "words": "good", "mail": "bo@x.example"}, text)
    assert found.doc == {"kind": "survey", "survey": {"kind": "nps", "score": "9", "comment": "good"}}


def test_the_table_of_fields_agrees_with_the_schema() -> None:
    kinds = Interaction.model_fields["kind"].annotation
    directions = Interaction.model_fields["direction"].annotation
    assert set(INTERACTION_KINDS) == set(kinds.__args__)  # type: ignore[union-attr]  # a literal
    table = FACT_FIELDS["interaction"]
    assert set(table["direction"].values) == set(directions.__args__[0].__args__)  # type: ignore[union-attr]  # optional
    ours = {"ignored", "bounced", "bounced_reason"}
    assert {name.partition(".")[0] for name in table} - ours <= set(Interaction.model_fields)


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("ab cd", 4, "ab…"),
        ("abc", 0, ""),
        ("a\r\nb \n\n", 9, "a\nb"),
        ("x" * 100_000, 10**9, "x" * 65_535 + "…"),
    ],
)
def test_a_body_is_cut_with_a_mark(text: str, limit: int, kept: str) -> None:
    assert shortened(text, limit) == kept


def test_the_key_of_a_record_can_be_read_back() -> None:
    assert place_of(ref_key("crm", "contacts", "a/b c")) == ("crm", "contacts", "a/b c")
    assert place_of("email:bo@x.example") is None
