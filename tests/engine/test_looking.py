"""What one look at a record leaves on its link, and how that is read again by the mapping of the next run (M1, F2)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest

from hub.mapping.view import Mapping_
from hub.state import Base, Golden, Link, Shown
from hub.sync.merge.context import Merge
from hub.sync.merge.observe import base_of, observe, view_of
from hub.sync.policy import Policy
from tests.engine.test_field_table import NOTES, mapping_of

X, Y, Z = (f"{name}@e.example" for name in "xyz")
LANGUAGE = NOTES + 'language = { at = "lang", as = "language(bcp47)" }\n'
HUB_KIND = NOTES + 'kind = { from = "hub", default = "person" }\n'
SLOTS = NOTES + '[emails.slots]\nfirst = { pick = "primary", as = "email" }\nsecond = { pick = "next", as = "email" }\n'
LISTS = """
[fields]
name.full = "name"
[emails]
list = "emails"
id = "id"
value = { at = "value", as = "email" }
[phones]
list = "phones"
value = { at = "value", as = "phone" }
[websites]
list = "pages"
value = "value"
"""


def a_link(mapping: Mapping_ | None = None, native: Mapping[str, Any] | None = None, **more: Any) -> Link:
    return Link("S", "contacts", "1", "g", mapping=mapping.hash if mapping else "another", native=native, **more)


def look(mapping: Mapping_, link: Link, golden: Golden, native: Mapping[str, Any]) -> Merge:
    ticks = count(100)
    merge = Merge(
        Policy(("S", "T")), "S", mapping, 50.0, 10, lambda: next(ticks), lambda _: None, lambda _: None, lambda gid: gid
    )
    view = mapping.get(native)
    assert view is not None
    observe(merge, golden, link, base_of(link, mapping), view, native)
    return merge


class Counted:
    """A mapping that counts how often it reads."""

    def __init__(self, mapping: Mapping_) -> None:
        self.mapping, self.reads = mapping, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.mapping, name)

    def get(self, data: Mapping[str, Any]) -> Any:
        self.reads += 1
        return self.mapping.get(data)


# looking


def test_a_look_leaves_what_is_mapped_and_that_a_mapped_key_was_not_there() -> None:
    mapping, link = mapping_of(SLOTS), a_link()
    golden = Golden("g")
    merge = look(mapping, link, golden, {"name": "Anna", "first": X, "unmapped": 1, "_own": 2})
    assert link.native == {"name": "Anna", "notes": None, "first": X, "_own": 2}
    assert link.mapping == mapping.hash
    (eid,) = golden.collection("emails").elements
    assert link.picture == {"emails": [["first", eid], ["second", None]]}
    assert {item.path for item in merge.changes} == {"name", f"emails/{eid}", "emails/primary"}
    again = look(mapping, link, golden, {"name": "Anna", "first": X})
    assert (again.changes, again.notices, again.ledger) == ([], [], [])


def test_a_value_that_cannot_be_read_is_told_once_per_value() -> None:
    mapping, link, golden = mapping_of(LANGUAGE), a_link(), Golden("g")
    told = []
    for value in ("!!", "!!", "??", "de", "??"):
        merge = look(mapping, link, golden, {"name": "Anna", "lang": value})
        told.append([(item.gid, item.system, item.path) for item in merge.notices])
    assert told == [[("g", "S", "lang")], [], [("g", "S", "lang")], [], [("g", "S", "lang")]]


def test_what_a_mapping_says_by_default_applies_where_nothing_did_before() -> None:
    golden = Golden("g", defaults={"language": "en"})
    look(mapping_of(HUB_KIND), a_link(), golden, {"name": "Anna"})
    assert golden.defaults == {"language": "en", "kind": "person"}
    golden.defaults["kind"] = "organisation"
    look(mapping_of(HUB_KIND), a_link(), golden, {"name": "Anna"})
    assert golden.defaults == {"language": "en", "kind": "organisation"}
    assert golden.value("kind") is None


def test_the_evidence_of_a_look_is_that_of_this_record() -> None:
    mapping = mapping_of(
        NOTES + '[consents.email_marketing]\nat = "optin"\nread = { yes = "granted", no = "withdrawn" }\n'
        'evidence.captured_at = "since"\nevidence.source = "how"\n'
    )
    golden = Golden("g")
    merge = look(
        mapping, a_link(), golden, {"name": "Anna", "optin": "yes", "since": "2020-01-01T00:00:00Z", "how": "form"}
    )
    assert golden.value("consents.email_marketing") == "granted"
    assert golden.fields["consents.email_marketing"].rule == "consent"
    assert merge.evidence["consents.email_marketing"]["source"] == "form"


def test_a_collection_that_is_not_mapped_any_more_is_forgotten_and_nothing_of_it_is_removed() -> None:
    mapping, golden = mapping_of(LISTS), Golden("g")
    link = a_link()
    native = {
        "name": "Anna",
        "emails": [{"id": "1", "value": X}],
        "phones": [{"value": "+41441112233"}],
        "pages": [{"value": "https://e.example"}],
    }
    look(mapping, link, golden, native)
    link.psent = dict.fromkeys(("emails", "phones", "websites"), "e1")
    link.holds = {name: {"slot": 1} for name in ("emails", "phones", "websites")}
    before = golden.to_json()
    only = mapping_of(LISTS[: LISTS.index("[phones]")])
    merge = look(only, link, golden, native)
    for known in (link.picture, link.esent, link.psent, link.holds):
        assert set(known) == {"emails"}
    assert (golden.to_json(), merge.changes, merge.ledger) == (before, [], [])


# reading again what was shown


def test_what_was_shown_is_read_once_until_it_is_shown_anew_or_through_another_mapping() -> None:
    mapping, other = Counted(mapping_of(NOTES)), Counted(mapping_of(NOTES))
    link = a_link(native={"name": "Anna", "notes": "a"})
    first, again = view_of(link, mapping), view_of(link, mapping)
    assert first is again
    assert first is not None
    assert first.fields["notes"] == "a"
    assert (mapping.reads, other.reads) == (1, 0)
    view_of(link, other)
    link.native = {"name": "Anna", "notes": "b"}
    shown = view_of(link, other)
    assert shown is not None
    assert shown.fields["notes"] == "b"
    assert (mapping.reads, other.reads) == (1, 2)


def test_what_was_never_shown_is_read_as_nothing() -> None:
    link = a_link()
    assert view_of(link, mapping_of(NOTES)) is None
    assert base_of(link, mapping_of(NOTES)) == Base()


def test_a_record_that_the_mapping_does_not_select_any_more_is_read_as_nothing() -> None:
    selected = mapping_of('select = { type = "customer" }\n' + NOTES)
    link = a_link(native={"name": "Anna", "notes": "a", "type": "supplier"}, sent={"notes": "a"})
    assert base_of(link, selected) == Base()
    assert link.sent == {"notes": "a"}


def test_under_the_same_mapping_all_that_was_shown_is_known() -> None:
    mapping = mapping_of(NOTES)
    link = a_link(mapping, {"name": "Anna"}, sent={"notes": "golden"})
    base = base_of(link, mapping)
    assert base.fields["notes"] is None
    assert set(base.fields) == {"name", "notes"}
    assert link.sent == {"notes": "golden"}


def test_under_another_mapping_only_what_was_sent_and_stood_where_it_is_read_now_is_known() -> None:
    mapping = mapping_of(NOTES + 'source = "source"\njob.title = "position"\n')
    link = a_link(
        native={"name": "Anna", "notes": "a", "source": None}, sent={"name": {}, "source": "s", "job.title": "t"}
    )
    base = base_of(link, mapping)
    assert set(base.fields) == {"name", "source"}
    assert link.sent == {"name": {}, "source": "s"}, "the title was never read from there"


def test_what_could_not_be_read_is_known_with_its_place() -> None:
    mapping = mapping_of(LANGUAGE)
    base = base_of(a_link(mapping, {"name": "Anna", "lang": "!!"}), mapping)
    assert [path for path, _ in base.unreadable] == ["lang"]


@pytest.mark.parametrize("same", [True, False])
def test_rows_keep_their_elements_by_id_or_while_the_list_is_as_long(same: bool) -> None:
    mapping = mapping_of(LISTS)
    native = {
        "name": "Anna",
        "emails": [{"id": "1", "value": X}, {"id": "2", "value": Y}, {"id": "3", "value": Z}],
        "phones": [{"value": "+41441112233"}, {"value": "+41442223344"}],
        "pages": [{"value": "https://e.example"}],
    }
    link = a_link(mapping if same else None, native)
    link.picture = {"emails": [["3", "ez"], [None, "nobody"], ["1", "ex"]], "phones": [[None, "ea"], [None, "eb"]]}
    base = base_of(link, mapping)
    assert base.collections == {
        "emails": [Shown("1", "ex", X), Shown("3", "ez", Z)],
        "phones": [Shown(None, "ea", "+41441112233"), Shown(None, "eb", "+41442223344")],
    }
    link.picture = {"phones": [[None, "ea"]], "websites": [[None, "ew"]]}
    base = base_of(link, mapping)
    assert base.collections == {
        "phones": [Shown(None, None, "+41441112233"), Shown(None, None, "+41442223344")],
        "websites": [Shown(None, "ew", "https://e.example")],
    }


def test_a_slot_that_is_newly_mapped_is_not_one_that_was_empty() -> None:
    mapping = mapping_of(SLOTS)
    link = a_link(native={"name": "Anna", "first": X, "second": Y}, picture={"emails": [["second", "ey"]]})
    base = base_of(link, mapping)
    assert [(item.pos, item.eid, item.value) for item in base.collections["emails"]] == [("second", "ey", Y)]
