"""Schema drift: which changes of a system's fields people are told."""

from __future__ import annotations

import pytest

from hub.contract.records import Field
from hub.drift import Drift, Rules, Schema, drifted, from_json, to_json

RULES = Rules.of({"fields": {"name.last": {"at": "Last_Name"}, "phone": {"at": ["Phone", "Mobile"]}}})
BEFORE: Schema = {"Contacts": {"Last_Name": Field("Last_Name"), "Phone": Field("Phone"), "Other": Field("Other")}}


def after(*fields: Field) -> Schema:
    kept = {**BEFORE["Contacts"], **{item.path: item for item in fields}}
    return {"Contacts": kept}


def without(path: str) -> Schema:
    return {"Contacts": {name: field for name, field in BEFORE["Contacts"].items() if name != path}}


def said(now: Schema, known: list[Drift] | None = None, rules: Rules = RULES, before: Schema = BEFORE) -> list[str]:
    return [str(item) for item in drifted(before, now, {"Contacts": rules}, known or [])]


@pytest.mark.parametrize(
    ("what", "now", "expected"),
    [
        ("nothing", BEFORE, []),
        ("a field that is used is gone", without("Phone"), ["Contacts.Phone is gone"]),
        ("another one is gone", without("Other"), []),
        ("another type", after(Field("Phone", "number")), ["Contacts.Phone is no longer of type text"]),
        ("a field that is needed now", after(Field("VAT", required=True)), ["Contacts.VAT must be filled now"]),
        ("one that nobody can fill", after(Field("Id", required=True, read_only=True)), []),
        ("a new field", after(Field("New")), []),
        ("the system did not tell", {"Contacts": {}}, []),
        ("nor about this resource", {}, []),
    ],
)
def test_what_has_changed_is_told_if_the_mapping_uses_it(what: str, now: Schema, expected: list[str]) -> None:
    assert said(now) == expected, what


def test_it_is_told_until_the_field_is_back_or_somebody_has_changed_the_mapping() -> None:
    gone = without("Phone")
    known = drifted(BEFORE, gone, {"Contacts": RULES}, [])
    assert said(gone, known, before=gone) == ["Contacts.Phone is gone"], "the next look compares with what is there"
    assert said({}, known, before=gone) == ["Contacts.Phone is gone"], "a look that shows nothing changes nothing"
    assert said(BEFORE, known, before=gone) == []
    other = Rules.of({"fields": {"name.last": {"at": "Last_Name"}}})
    assert said(gone, known, other, before=gone) == []
    assert from_json(to_json(known)) == known
    assert from_json(to_json([])) == []


def test_a_mapping_uses_what_lies_inside_a_field() -> None:
    rules = Rules.of({"at": "billing.city"})
    assert rules.uses("billing")
    assert not rules.uses("bill")
    assert not rules.uses("shipping")
