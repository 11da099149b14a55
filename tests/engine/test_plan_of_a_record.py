"""What is planned for the fields of a record, put together by hand: what is written, only noted, held back or left out."""

from __future__ import annotations

from typing import Any

import pytest

from hub.mapping.view import Change, Put
from hub.state import Cell, Golden, mark_of
from hub.sync.merge.fields import PENDING
from hub.sync.plan import record as records
from hub.sync.plan.draft import UNDONE, WAITING, Draft
from hub.sync.plan.items import Diff, Item, Payload
from hub.sync.plan.record import plan_record, title
from tests.engine.planned import after, collection, drafted, element, golden, lines, planned

X = "x@x.example"
FIELDS = '[fields]\nname.full = "name"\nnotes = "notes"\nowner = "owner"\n'
EMAILS = '[emails]\nlist = "emails"\nid = "id"\nvalue = { at = "value", as = "email" }\n'
TAGS = '[tags]\nlist = "tags"\n'
KIND = """
[fields]
kind = { at = "type", map = { "person" = "p", "organisation" = "o" } }
status = { at = "state", map = { "active" = "on", "archived" = "off" } }
notes = "notes"
"""
COMPANY = '[fields]\ncompany = { ref = "contacts", at = "company_id" }\nnotes = "notes"\n'
CANNOT = "this system cannot hold this value"


class Silent:
    """A mapping that finds that nothing native would change, and perhaps why."""

    def __init__(self, mapping: Any, **held: str) -> None:
        self._mapping, self._held = mapping, held

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mapping, name)

    def put(self, change: Change, base: Any) -> Put:
        assert change.kind == "create" or change.fields or change.collections, "asked for nothing"
        return Put({}, self._held)


def silent(draft: Draft, **held: str) -> Item:
    draft.mapping = Silent(draft.mapping, **held)
    item = plan_record(draft)
    assert item is not None
    return item


# fields


def test_only_what_golden_moved_is_written() -> None:
    record = golden(name={"full": "Anna Berg"}, notes="new", owner="Bo")
    native = {"name": "Anna B.", "notes": "old", "owner": "Cy"}
    sent = {"name": {"full": "Anna Berg"}, "notes": "old", "owner": "Bo"}
    item = planned(FIELDS, record, native, sent=sent)
    assert after(FIELDS, native, item) == {"name": "Anna B.", "notes": "new", "owner": "Cy"}
    assert item.writes == Payload({"notes": "new"})
    assert item.diffs == [Diff("notes", "old", "new", "Z", "edit")]
    assert (item.book, item.held, item.title) == (Payload(), {}, "Anna Berg")


def test_nothing_is_said_of_a_record_that_shows_what_it_was_given() -> None:
    record = golden(notes="new")
    assert plan_record(drafted(FIELDS, record, {"name": None, "notes": "shown", "owner": None})) is None


def test_fields_that_golden_did_not_move_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most records are planned when nothing is to be written to them."""
    looked_at: list[str] = []
    monkeypatch.setattr(records, "_plan_field", lambda _draft, name: looked_at.append(name))
    shape = FIELDS + COMPANY.removeprefix("[fields]\n").replace('notes = "notes"\n', "")
    record = golden(notes="new", owner="Bo")
    native = {"name": None, "notes": "old", "owner": "Cy", "company_id": None}
    assert plan_record(drafted(shape, record, native, sent={"notes": "old", "owner": "Bo"})) is None
    assert looked_at == ["notes", "company"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [("likes tea", "likes tea"), ("likes tea", "likes tea\n"), (None, None), (None, ""), ({"full": None}, None)],
)
def test_what_is_shown_already_is_only_noted(value: Any, shown: Any) -> None:
    name = "name" if isinstance(value, dict) else "notes"
    record = golden(**{name: value})
    native = {"name": None, "owner": None, "notes": None, name: shown}
    item = silent(drafted(FIELDS, record, native, sent={name: "before"}))
    assert (item.data, item.writes, item.diffs) == ({}, Payload(), [])
    assert item.book == Payload({name: value})


def test_what_lost_a_conflict_is_given_again_and_what_shows_it_all_the_same_is_settled() -> None:
    record = golden(notes="mine", owner="Bo", name={"full": "Anna Berg"})
    native = {"name": "Anna B.", "notes": "theirs", "owner": "Bo"}
    item = planned(FIELDS, record, native, lost={"notes", "owner"})
    assert after(FIELDS, native, item) == {"name": "Anna B.", "notes": "mine", "owner": "Bo"}
    assert item.writes == Payload({"notes": "mine"}, cleared=["notes"])
    assert item.book == Payload({"owner": "Bo"}, cleared=["owner"])
    item = planned(FIELDS, record, {**native, "notes": "mine"}, lost={"notes"})
    assert (item.data, item.writes, item.book) == ({}, Payload(), Payload({"notes": "mine"}, cleared=["notes"]))


def test_a_value_that_this_system_cannot_hold_is_held_back_and_the_others_written() -> None:
    shape = FIELDS.replace('notes = "notes"', 'notes = { at = "notes", max = 5 }')
    record = golden(notes="far too long", owner="Bo")
    native = {"name": None, "notes": "old", "owner": None}
    item = planned(shape, record, native, sent={"notes": "old"})
    assert after(shape, native, item) == {"name": None, "notes": "old", "owner": "Bo"}
    assert (item.held, item.writes, item.book) == ({"notes": CANNOT}, Payload({"owner": "Bo"}), Payload())
    item = planned(shape, record, native, sent={"notes": "old", "owner": "Bo"})
    assert (item.data, item.held) == ({}, {"notes": CANNOT}), "also if nothing else is planned"


def test_what_is_held_back_no_longer_is_said() -> None:
    item = planned(FIELDS, golden(notes="x"), {"name": None, "notes": "x", "owner": None}, held={"notes": CANNOT})
    assert (item.data, item.held, item.writes, item.book) == ({}, {}, Payload(), Payload())


@pytest.mark.parametrize("frozen", [True, False])
def test_a_value_that_waits_for_a_person_is_written_only_into_a_new_record(*, frozen: bool) -> None:
    record = golden(notes="provisional", owner="Bo")
    record.frozen = {"notes": [["a", "A", 1], ["b", "B", 1]]} if frozen else {}
    native = {"name": None, "notes": "old", "owner": None}
    item = planned(FIELDS, record, native, sent={})
    notes = "old" if frozen else "provisional"
    assert after(FIELDS, native, item) == {"name": None, "notes": notes, "owner": "Bo"}
    assert after(FIELDS, None, planned(FIELDS, record, None)) == {"notes": "provisional", "owner": "Bo"}


def test_what_a_person_took_back_stays_so_until_golden_moves() -> None:
    record = golden(notes="new", owner="Bo")
    native = {"name": None, "notes": "old", "owner": None}
    undone = {"notes": mark_of(record.fields["notes"])}
    item = planned(FIELDS, record, native, sent={"notes": "new"}, undone=undone)
    assert after(FIELDS, native, item) == {"name": None, "notes": "old", "owner": "Bo"}
    assert (item.held, item.writes) == ({"notes": UNDONE}, Payload({"owner": "Bo"}))
    record.fields["notes"].seq = 2
    item = planned(FIELDS, record, native, undone=undone)
    assert after(FIELDS, native, item) == {"name": None, "notes": "new", "owner": None}
    assert item.writes == Payload({"notes": "new"}, cleared=["notes"])


def test_what_this_run_or_this_mapping_does_not_write_keeps_nothing_else_from_being_written() -> None:
    shape = """
[fields]
notes = { at = "notes", direction = "read" }
source = { at = "source", direction = "create" }
industry = "industry"
timezone = { at = "zone", only_when = { type = "b" } }
owner = "owner"
"""
    record = golden(notes="n", source="s", industry="i", timezone="t", owner="o")
    native = dict.fromkeys(("notes", "source", "industry", "owner"))
    draft = drafted(shape, record, native, sent={})
    draft.skip = frozenset({"industry"})
    item = plan_record(draft)
    assert item is not None
    assert after(shape, native, item) == {**native, "owner": "o"}
    assert (item.writes, item.held) == (Payload({"owner": "o"}), {})
    item = planned(shape, record, None)
    assert after(shape, None, item) == {"source": "s", "industry": "i", "owner": "o"}
    assert item.held == {"timezone": "does not apply to this record"}
    assert item.writes == Payload({"source": "s", "industry": "i", "owner": "o"}), "what was left out was not given"


def test_a_new_record_is_given_its_kind_and_its_status_also_if_no_system_shows_them() -> None:
    record = golden(notes="x")
    record.defaults = {"kind": "organisation", "status": "active", "notes": "y"}
    item = planned(KIND, record, None)
    assert after(KIND, None, item) == {"type": "o", "state": "on", "notes": "x"}
    assert item.writes == Payload({"kind": "organisation", "status": "active", "notes": "x"})
    record.fields["kind"], record.fields["status"] = Cell("person"), Cell("archived")
    assert after(KIND, None, planned(KIND, record, None)) == {"type": "p", "state": "off", "notes": "x"}
    del record.fields["notes"]
    assert after(KIND, None, planned(KIND, record, None)) == {"type": "p", "state": "off"}, "of these two only"


def test_the_kind_of_a_record_is_never_changed_but_its_status_is() -> None:
    record = golden(kind="organisation", notes="x")
    record.defaults = {"status": "active"}
    native = {"type": "p", "state": "off", "notes": "old"}
    item = planned(KIND, record, native, sent={"kind": "person", "notes": "old"})
    assert after(KIND, native, item) == {"type": "p", "state": "on", "notes": "x"}
    item = planned(KIND, record, native, sent={"kind": "person", "notes": "x"})
    assert after(KIND, native, item) == {"type": "p", "state": "on", "notes": "old"}, "also if only its default changed"


# references


def referring(target: str | None, native: dict[str, Any], **known: Any) -> Item | None:
    """A record whose company is this one, in a system where the companies g2 and g3 have the ids 22 and 33."""
    record = golden(company=target, notes="x")
    return plan_record(drafted(COMPANY, record, native, ids={"g2": "22", "g3": "33"}, **known))


def refers(id_: str | None) -> dict[str, Any]:
    return {"company_id": id_, "notes": "x"}


def test_a_reference_is_written_as_the_id_of_its_record_in_this_system() -> None:
    item = referring("g2", refers("33"), sent={"company": "g3", "notes": "x"})
    assert item is not None
    assert after(COMPANY, refers("33"), item) == refers("22")
    assert (item.writes, item.book, item.held) == (Payload({"company": "g2"}), Payload(), {})
    assert lines(item) == [("company", "g3", "g2")]


def test_a_reference_that_is_taken_away_is_emptied() -> None:
    item = referring(None, refers("33"), sent={"company": "g3", "notes": "x"})
    assert item is not None
    assert after(COMPANY, refers("33"), item) == refers(None)
    assert item.writes == Payload({"company": None})


def test_a_reference_to_a_record_that_is_not_there_yet_waits_and_empties_nothing() -> None:
    native = {"company_id": "33", "notes": "old"}
    item = referring("g9", native, sent={"company": "g3", "notes": "old"})
    assert item is not None
    assert after(COMPANY, native, item) == refers("33")
    assert (item.held, item.writes) == ({"company": WAITING}, Payload({"notes": "x"}))


@pytest.mark.parametrize(("target", "shown"), [("g2", "22"), (None, None)])
def test_a_reference_that_the_system_shows_already_is_noted(target: str | None, shown: str | None) -> None:
    item = referring(target, refers(shown), sent={"company": "g3", "notes": "x"})
    assert item is not None
    assert (item.data, item.writes, item.book) == ({}, Payload(), Payload({"company": target}))
    item = referring(target, {"company_id": shown, "notes": "old"}, sent={"company": "g3", "notes": "old"})
    assert item is not None
    assert (item.kind, item.data, lines(item)) == ("update", {"notes": "x"}, [("notes", "old", "x")])
    assert (item.writes, item.book) == (Payload({"notes": "x"}), Payload({"company": target}))


@pytest.mark.parametrize("known", [{}, {"left": False}, {"merged": {"g2": "g3"}}])
def test_a_reference_that_was_given_is_left_as_it_is_shown(known: dict[str, Any]) -> None:
    assert referring("g2", refers("99"), **known) is None


@pytest.mark.parametrize(("target", "given"), [("g2", "g3"), ("g3", "g2")])
def test_a_reference_to_one_that_was_merged_is_no_change(target: str, given: str) -> None:
    sent = {"company": given, "notes": "x"}
    assert referring(target, refers("33"), sent=sent, merged={"g2": "g3"}) is None
    assert referring(target, refers("99"), sent=sent, merged={"g2": "g3"}) is None


def test_a_reference_to_a_record_that_was_made_again_is_given_anew() -> None:
    item = referring("g2", refers("99"), left=True)
    assert item is not None
    assert after(COMPANY, refers("99"), item) == refers("22")
    assert item.writes == Payload({"company": "g2"})
    assert referring(None, refers("99"), left=True) is None
    assert referring("g2", refers(None), left=True) is None, "a user has emptied it"


def test_a_reference_that_lost_a_conflict_is_given_again() -> None:
    item = referring("g2", refers("33"), lost={"company"})
    assert item is not None
    assert after(COMPANY, refers("33"), item) == refers("22")


def test_a_reference_to_a_record_that_nobody_knows_yet_is_not_written_over() -> None:
    item = referring(
        "g2", {**refers("99"), "notes": "old"}, held={"company": PENDING}, sent={"notes": "old"}, left=True
    )
    assert item is not None
    assert after(COMPANY, {**refers("99"), "notes": "old"}, item) == refers("99")
    assert item.held == {"company": PENDING}


# collections


def test_a_list_that_the_mapping_does_not_write_or_the_record_does_not_have_keeps_no_other_from_being_written() -> None:
    record = golden(element("a", X))
    record.collections["tags"] = collection(element("t", "vip"))
    native: dict[str, Any] = {"emails": [], "tags": []}
    for direction in ("read", "create"):
        shape = EMAILS.replace("[emails]", f'[emails]\ndirection = "{direction}"') + TAGS
        item = planned(shape, record, native, {"emails": [], "tags": []})
        assert after(shape, native, item) == {"emails": [], "tags": ["vip"]}
        given = after(shape, None, planned(shape, record, None))
        assert ("emails" in given, given["tags"]) == (direction == "create", ["vip"])
    shape = EMAILS + TAGS
    item = planned(shape, record, native, {"tags": []})
    assert after(shape, native, item) == {"emails": [], "tags": ["vip"]}


# what changes nothing in the system


def test_what_changes_nothing_native_is_all_noted_and_nothing_told() -> None:
    record = golden(element("a", X), element("b", "b@x.example"), primary="a", notes="new", owner="Bo")
    shape = FIELDS + EMAILS + 'primary = { at = "pref" }\n'
    native = {
        "name": None,
        "notes": "old",
        "owner": "Bo",
        "emails": [{"id": "1", "value": "old@x.example"}, {"id": "2", "value": "b@x.example"}],
    }
    picture: dict[str, list[list[str | None]]] = {"emails": [["1", "a"], ["2", "b"]]}
    known: dict[str, Any] = {"sent": {}, "esent": {}, "psent": {}, "lost": {"notes", "owner", "emails/a", "emails/b"}}
    item = silent(drafted(shape, record, native, picture, **known))
    assert (item.data, item.writes, item.diffs) == ({}, Payload(), [])
    assert item.book == Payload(
        {"owner": "Bo", "notes": "new"},
        {"emails": {"b": ["b@x.example", {}, 1], "a": [X, {}, 1]}},
        {"emails": "a"},
        cleared=["owner", "emails/b", "notes", "emails/a"],
    )


def test_what_the_mapping_holds_back_was_not_given() -> None:
    record = golden(notes="new", owner="Bo")
    draft = drafted(FIELDS, record, {"name": None, "notes": "old", "owner": None}, sent={})
    item = silent(draft, notes="not now", emails="no row for it")
    assert item.held == {"notes": "not now", "emails": "no row for it"}
    assert (item.data, item.writes, item.book) == ({}, Payload(), Payload({"owner": "Bo"}))


def test_a_record_that_is_made_carries_what_it_is_given_even_if_that_is_nothing_native() -> None:
    item = silent(drafted(FIELDS, golden(notes="new"), None))
    assert (item.kind, item.remote_id, item.version, item.data) == ("create", None, None, {})
    assert (item.writes, item.book, lines(item)) == (Payload({"notes": "new"}), Payload(), [("notes", None, "new")])


def test_our_key_goes_into_a_new_record() -> None:
    shape = 'own_key = "hub_id"\n' + FIELDS
    item = plan_record(drafted(shape, golden(notes="x"), None), "g1")
    assert item is not None
    assert item.data == {"hub_id": "g1", "notes": "x"}


# titles


def test_a_record_is_called_by_its_name_else_by_an_address_else_by_a_number_else_by_its_id() -> None:
    record = golden(element("o", "old@x.example", alive=False), element("a", X), name={"full": "Anna"})
    record.collections["phones"] = collection(element("p", "+43 1 234"))
    assert title(_named(record, {"full": "Anna Berg"})) == "Anna Berg"
    for name in ({"full": ""}, {"full": None, "family": "Berg"}, None, "Anna"):
        assert title(_named(record, name)) == X
    record.collections["emails"].elements["a"].alive = False
    assert title(record) == "+43 1 234"
    del record.collections["phones"]
    assert title(record) == "g1"


def _named(record: Golden, name: Any) -> Golden:
    record.fields["name"] = Cell(name)
    return record
