"""What a mapping reads and writes: conditions, versions, schemas, references, consents, lists and slots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hub.canonical.names import complete
from hub.contract.records import Field, Parts
from hub.mapping.compile import compile_mapping
from hub.mapping.compiled import CompiledMapping
from hub.mapping.errors import MappingError
from hub.mapping.pairs import Env, Transform
from hub.mapping.parse import parse_mapping
from hub.mapping.transforms import Registry
from hub.mapping.view import UNSUPPORTED, Change, CollectionChange, Position, RemoteRef, Row, blank_view

HEAD = 'version = 1\nsystem = "s"\nresource = "r"\nrecord = "customer"\n'
EVA = complete({"given": "Eva", "family": "Roth"})


def mapping(body: str, **options: Any) -> CompiledMapping:
    return compile_mapping(parse_mapping(HEAD + body, name="s.r", file="s.toml"), region="DE", **options)


def written(made: CompiledMapping, base: Mapping[str, Any] | None = None, **fields: Any) -> Mapping[str, Any]:
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return made.put(Change("create" if base is None else "update", named), base).data


@pytest.mark.parametrize(("version", "read"), [("18.0", "old"), ("19.0.1", "old"), ("19.1", "new"), (None, "new")])
def test_the_first_line_for_this_server_version_counts(version: str | None, read: str) -> None:
    made = mapping(
        '[fields]\nnotes = [{ at = "a", until = "19.0" }, { at = "b", since = "19.1" }]\n', server_version=version
    )
    view = made.get({"a": "old", "b": "new"})
    assert view is not None
    assert view.fields == {"notes": read}


def test_without_a_line_for_this_version_the_field_is_unsupported() -> None:
    made = mapping('[fields]\nnotes = { at = "a", since = "19" }\n', server_version="18.4")
    assert made.norm("notes", "x") is UNSUPPORTED
    assert made.put(Change("update", {"notes": "x"}), {}).held == {"notes": "not mapped"}


def test_an_optional_path_that_the_installation_lacks_is_skipped_and_another_is_a_problem() -> None:
    schema = {"a": Field("a")}
    assert "notes" not in mapping('[fields]\nnotes = { at = "memo", optional = true }\n', schema=schema).fields
    with pytest.raises(MappingError, match="no field 'memo'"):
        mapping('[fields]\nnotes = "memo"\n', schema=schema)


def test_what_the_installation_does_not_offer_or_cannot_hold_is_held_back() -> None:
    schema = {
        "lang": Field("lang", "enum", values=["de", "zh_CN"]),
        "title": Field("title", max_length=5),
        "addresses": Field("addresses", "list"),
        "addresses.country": Field("", "enum", values=[]),
    }
    made = mapping(
        '[fields]\nlanguage = { at = "lang", as = "language(posix)" }\njob.title = "title"\n'
        '[addresses]\nlist = "addresses"\nid = "id"\ncity = "city"\n'
        'country = { at = "country", as = "country" }\n',
        schema=schema,
    )
    assert made.norm("language", "zh-CN") == "zh-CN"
    assert made.norm("language", "de-AT") == "de"
    assert made.norm("language", "fr") is UNSUPPORTED
    assert made.norm("job.title", "Engineer") is UNSUPPORTED
    put = made.put(Change("update", {"language": "fr", "job.title": "Engineer"}), {"lang": "de", "title": "x"})
    assert put.data == {}
    assert put.held["job.title"] == "too long: 8 characters, the system holds 5"
    # An empty country table must not keep addresses out of the system.
    add = Change("create", {}, {"addresses": CollectionChange(add=(Row({"city": "Ulm", "country": "DE"}),))})
    put = made.put(add, None)
    assert put.data == {"addresses": Parts(add=({"city": "Ulm"},))}
    assert put.held == {"addresses": "country: country DE is not in the system's list"}


def test_a_value_is_cut_only_where_the_line_says_so_and_with_a_mark() -> None:
    assert mapping('[fields]\nnotes = { at = "a", max = 4, over = "cut" }\n').norm("notes", "abcdef") == "abc…"


def test_server_defaults_are_uncertain_and_fallbacks_are_defaults() -> None:
    made = mapping(
        '[fields]\nlanguage = { at = "lang", server_default = true }\nkind = { from = "hub", default = "person" }\n'
    )
    view = made.get({"lang": "en"})
    assert view is not None
    assert (view.uncertain, view.defaults) == ({"language"}, {"kind": "person"})
    empty = made.get({})
    assert empty is not None
    assert empty.uncertain == frozenset()
    assert "kind" not in made.fields


def test_a_constant_is_read_and_never_written() -> None:
    made = mapping('[fields]\nkind = { const = "person" }\n')
    view = made.get({})
    assert view is not None
    assert view.fields == {"kind": "person"}
    assert made.put(Change("create", {"kind": "person"}), None) == made.put(Change("create"), None)
    assert made.put(Change("create", {"kind": "organisation"}), None).held


@pytest.mark.parametrize(
    ("native", "value"),
    [
        (7, RemoteRef("r", "7")),
        ([7, "ACME"], RemoteRef("r", "7")),
        ({"id": "x"}, RemoteRef("r", "x")),
        (None, None),
        (False, None),
        ("", None),
    ],
)
def test_references_are_shown_in_many_ways(native: Any, value: Any) -> None:
    made = mapping('[fields]\ncompany = { ref = "r", at = "parent" }\n')
    view = made.get({"parent": native})
    assert view is not None
    assert view.fields["company"] == value
    assert written(made, {"parent": native}, company=value) == {}
    assert made.norm("company", RemoteRef("other", "1")) is UNSUPPORTED


def test_a_condition_looks_at_the_record_as_it_will_be() -> None:
    made = mapping(
        '[fields]\ncompany_text = { at = "text", only_when = { parent = false } }\n'
        'company = { ref = "r", at = "parent" }\n'
    )
    change = {"company_text": "ACME", "company": RemoteRef("r", "7")}
    put = made.put(Change("create", change), None)
    assert put.data == {"parent": "7"}
    assert put.held == {"company_text": "does not apply to this record"}
    view = made.get({"parent": 7, "text": "ACME"})
    assert view is not None
    assert "company_text" not in view.fields


def test_records_outside_of_the_selection_are_not_ours_and_new_ones_get_it() -> None:
    made = mapping('select = { type = ["contact", "lead"] }\n[fields]\nnotes = "memo"\n')
    assert made.get({"type": "invoice"}) is None
    assert made.get({"type": "lead"}) is not None
    assert written(made, notes="x") == {"memo": "x", "type": "contact"}


def test_consents_are_read_by_a_table_and_only_refusals_are_written() -> None:
    made = mapping(
        '[consents.email_marketing]\nat = "state"\nread = { yes = "granted", no = "denied" }\n'
        'write = { denied = "no", withdrawn = "no" }\nevidence = { captured_at = "when", method = "how" }\n'.replace(
            "write", "write"
        )
    )
    view = made.get({"state": "YES", "when": "2026-01-01", "how": "form"})
    assert view is not None
    assert view.fields == {"consents.email_marketing": "granted"}
    assert view.evidence == {"consents.email_marketing": {"captured_at": "2026-01-01", "method": "form"}}
    name = "consents.email_marketing"
    assert [made.norm(name, status) for status in ("denied", "withdrawn")] == ["denied", "denied"]
    assert [made.norm(name, status) for status in ("granted", "unknown", None)] == [UNSUPPORTED] * 3
    assert made.put(Change("update", {name: "withdrawn"}), {"state": "yes"}).data == {"state": "no"}
    assert made.put(Change("update", {name: "granted"}), {"state": "no"}).data == {}


def test_custom_fields_are_fields_like_others() -> None:
    made = mapping('[custom]\nloyalty_number = "Loyalty_Number"\n')
    assert written(made, custom__loyalty_number="7") == {"Loyalty_Number": "7"}


@pytest.mark.parametrize(
    ("name", "family", "given"),
    [
        (EVA, "Roth", "Eva"),
        (complete({"full": "Maria del Mar Ruiz"}), "Maria del Mar Ruiz", None),
        (complete({}), "-", None),
        (complete({"given": "Cher"}), "-", "Cher"),
    ],
)
def test_a_system_with_parts_only_holds_a_full_name_as_family_name(name: Any, family: str, given: str | None) -> None:
    made = mapping(
        '[fields]\nname.given = "First"\n'
        'name.family = { at = "Last", required = true, placeholder = "-" }\n'
        'name.full = { at = "Full", direction = "read", only_if_blank = ["name.given", "name.family"] }\n'
    )
    native = written(made, name=name)
    assert (native.get("Last"), native.get("First")) == (family, given)
    view = made.get({**native, "Full": "read only"})
    assert view is not None
    blank = family == "-" and given is None
    assert view.fields["name"].get("full") == ("read only" if blank else None)
    assert made.norm("name", name) == {"family": None if family == "-" else family, "given": given}


def test_a_record_without_a_name_is_created_with_the_placeholder() -> None:
    made = mapping('[fields]\nname.full = { at = "name", required = true, placeholder = "Unknown" }\nnotes = "memo"\n')
    assert written(made, notes="x") == {"name": "Unknown", "memo": "x"}
    view = made.get({"name": " Unknown "})
    assert view is not None
    assert view.fields["name"] == {"full": None}


def test_a_website_line_is_the_primary_one_of_websites() -> None:
    made = mapping('[fields]\nwebsite = "url"\n')
    view = made.get({"url": "x.example"})
    assert view is not None
    assert view.collections == {"websites": (Position("url", "x.example", {}, True),)}


LISTS = """
own_key = { list = "ids", where = { type = "" }, value = "code", prefix = "crmhub:" }
[emails]
list = "ways"
id = "id"
where = { type = ["email"] }
value = "value"
label = { at = "note", as = "label" }
primary = "first"
[phones]
list = "ways"
id = "id"
where = { type = ["phone", "mobile"] }
value = "value"
label = { at = "type", map = { mobile = "mobile" }, unmapped = "phone" }
[tags]
list = "groups"
value = "name"
ours = "hub:"
"""
BASE = {
    "ways": [
        {"id": 1, "type": "email", "value": "a@x.example"},
        {"id": 2, "type": "phone", "value": "1"},
        {"id": 3, "type": "email", "value": "b@x.example"},
        {"id": 4, "type": "fax", "value": "9"},
    ],
    "groups": [{"id": 5, "name": "friends"}, {"id": 6, "name": "hub:old"}],
}


def changed(**collections: CollectionChange) -> Mapping[str, Any]:
    return mapping(LISTS).put(Change("update", {}, collections), BASE).data


def test_two_collections_share_one_native_list() -> None:
    data = changed(
        emails=CollectionChange(remove=frozenset({0}), add=(Row("c@x.example", {"labels": ("work",)}),)),
        phones=CollectionChange(edit={0: Row("2", {"labels": ("home", "mobile")})}),
    )
    assert data == {
        "ways": Parts(
            add=({"type": "email", "value": "c@x.example", "note": "work"},),
            set={"2": {"type": "mobile", "value": "2"}},
            remove=("1",),
        )
    }


def test_another_primary_row_is_a_matter_of_order() -> None:
    data = changed(emails=CollectionChange(edit={1: Row(primary=True)}))
    assert data == {"ways": Parts(order=("3", "2", "1", "4"))}
    view = mapping(LISTS).get(mapping(LISTS).apply(BASE, data))
    assert view is not None
    assert [(row.pos, row.primary) for row in view.collections["emails"]] == [("3", True), ("1", False)]


def test_a_new_primary_row_is_put_in_front_by_a_stand_in_for_its_id() -> None:
    data = changed(emails=CollectionChange(add=(Row("c@x.example"), Row("d@x.example", primary=True))))
    assert data == {
        "ways": Parts(
            add=(
                {"id": "+0", "type": "email", "value": "d@x.example"},
                {"id": "+1", "type": "email", "value": "c@x.example"},
            ),
            order=("+0", "2", "1", "4", "3", "+1"),
        )
    }
    view = mapping(LISTS).get(mapping(LISTS).apply(BASE, data))
    assert view is not None
    assert [(row.pos, row.value) for row in view.collections["emails"]] == [
        (None, "d@x.example"),
        ("1", "a@x.example"),
        ("3", "b@x.example"),
        (None, "c@x.example"),
    ]


def test_an_optional_line_with_several_paths_makes_do_with_those_that_exist() -> None:
    body = (
        '[addresses.slots.main]\npick = "primary"\n'
        'lines = { at = ["street", "street2"], as = "lines(fields)", optional = true }\n'
    )
    made = mapping(body, schema={"street": Field("street")})
    change = Change("create", {}, {"addresses": CollectionChange(edit={0: Row({"lines": ["a", "b"]})})})
    assert made.put(change, None).data == {"street": "a\nb"}


def test_keeping_a_row_as_it_is_writes_nothing() -> None:
    assert changed(emails=CollectionChange(edit={0: Row(), 1: Row("b@x.example", {"labels": ()}, False)})) == {}


def test_only_our_own_tags_are_added_and_removed_and_rows_that_stay_are_kept_whole() -> None:
    data = changed(tags=CollectionChange(remove=frozenset({0, 1}), add=(Row("hub:new"), Row("foreign"))))
    assert data == {"groups": [{"id": 5, "name": "friends"}, {"name": "hub:new"}]}


def test_our_key_is_a_row_of_its_own_and_is_written_once() -> None:
    made = mapping(LISTS)
    data = made.put(Change("create", {}, {}, own_key="k"), None).data
    assert data == {"ids": [{"type": None, "code": "crmhub:k"}]}
    native = made.apply(None, data)
    assert made.own_key(native) == "k"
    assert made.put(Change("update", {}, {}, own_key="k"), native).data == {}
    assert made.own_key(made.apply(native, made.put(Change("update", {}, {}, own_key="l"), native).data)) == "l"


def test_rows_without_ids_keep_what_is_not_mapped() -> None:
    made = mapping(
        '[emails]\nlist = "EMAIL"\nvalue = "value"\nprimary = { at = "pref" }\n'
        'label = { at = "labels", as = "tokens", map = { work = "WORK" }, unmapped = "opaque" }\n'
    )
    base = {
        "EMAIL": [{"value": "a@x.example", "labels": ["x-own", "work"], "_i": 3}, {"value": "b@x.example", "_i": 4}]
    }
    view = made.get(base)
    assert view is not None
    assert view.collections["emails"][0].attrs == {"labels": ("work",)}
    edit = CollectionChange(edit={0: Row("c@x.example", {"labels": ()}), 1: Row(primary=True)})
    assert made.put(Change("update", {}, {"emails": edit}), base).data == {
        "EMAIL": [
            {"value": "c@x.example", "labels": ["x-own"], "_i": 3},
            {"value": "b@x.example", "_i": 4, "pref": True},
        ]
    }


SLOTS = """
[phones.slots]
mobile = { pick = "label:mobile" }
phone = { pick = "primary, next" }
[addresses.slots.main]
pick = "label:billing"
lines = { at = ["street", "street2"], as = "lines(fields)" }
city = "city"
"""


def test_slots_show_what_their_picks_say() -> None:
    view = mapping(SLOTS).get({"mobile": "1", "phone": "2", "street": "a", "street2": "b\nc"})
    assert view is not None
    assert view.collections["phones"] == (
        Position("mobile", "1", {"labels": ("mobile",)}),
        Position("phone", "2", {}, True),
    )
    assert view.collections["addresses"] == (
        Position("main", {"lines": ["a", "b", "c"], "city": None}, {"labels": ("billing",)}),
    )


HOLDING = """
[phones.slots]
phone = { pick = "primary", as = "phone" }
mobile = { pick = "next", as = "phone", max = 6 }
[emails.slots]
email = { pick = "primary", as = "email" }
[addresses.slots.main]
pick = "primary"
lines = { at = "street", as = "lines(newline)" }
city = "city"
region = { at = "state", as = "region(code)" }
postal_code = { at = "zip", max = 5 }
country = { at = "country", as = "country(alpha2)" }
[addresses.slots.home]
pick = "label:home"
city = { at = "home_city", required = true }
country = { at = "home_country", as = "country(alpha2)" }
"""


@pytest.mark.parametrize(
    ("collection", "value"),
    [
        *(("phones", text) for text in ("030 1", "030 1234567", "", " ", "  030  1 ", "\x00", "\u00e4")),
        *(("emails", text) for text in ("bo@x.example", "Bo <bo@x.example>", "", " ", "\x00")),
        ("addresses", {}),
        ("addresses", {"city": "Ulm"}),
        ("addresses", {"city": None, "country": "DE"}),
        ("addresses", {"city": "Ulm", "country": "nowhere"}),
        ("addresses", {"city": "Ulm", "region": "nowhere", "country": "DE"}),
        ("addresses", {"city": "Ulm", "postal_code": "89073 or so"}),
        ("addresses", {"lines": ["Weg 1", "Hof"], "city": "", "postal_code": "89073"}),
        ("addresses", {"lines": ["Weg\x00"], "city": "Ulm"}),
        ("addresses", {"lines": [], "city": "\ud800"}),
    ],
)
def test_a_system_holds_what_it_is_predicted_to_show(collection: str, value: Any) -> None:
    made = mapping(HOLDING)
    slots = [None, *(item.name for item in made.collections[collection].slots)]
    shown = {slot: mapping(HOLDING).norm_row(collection, value, {}, slot) is not None for slot in slots}
    assert {slot: made.holds(collection, value, {}, slot) for slot in slots} == shown


def test_an_emptied_slot_is_cleared_in_all_its_fields() -> None:
    base = {"street": "a", "street2": "b", "city": "Ulm", "mobile": "1"}
    change = Change(
        "update",
        {},
        {
            "addresses": CollectionChange(edit={0: Row(None)}),
            "phones": CollectionChange(edit={0: Row(None), 1: Row("2")}),
        },
    )
    assert mapping(SLOTS).put(change, base).data == {
        "street": None,
        "street2": None,
        "city": None,
        "mobile": None,
        "phone": "2",
    }


def test_the_view_of_nothing_has_every_slot_and_field() -> None:
    made = mapping(SLOTS + '[fields]\nname.full = "name"\n')
    assert made.get({}) == blank_view(made)


def test_pruning_keeps_what_is_mapped_and_what_belongs_to_the_connector() -> None:
    made = mapping(LISTS)
    assert made.prune({**BASE, "other": 1, "_etag": "x"}) == {**BASE, "_etag": "x"}


def test_native_lists_and_objects_are_written_whole() -> None:
    made = mapping(
        '[fields]\nname.family = "N.family"\nname.given = "N.given"\ncompany_text = "ORG.0"\njob.department = "ORG.1"\n'
    )
    base = {"N": {"family": "Roth", "given": "Eva", "extra": "x"}, "ORG": ["ACME", "Sales", "East"]}
    data = written(made, base, name={**EVA, "given": "Ada", "full": "Ada Roth"}, job__department=None)
    assert data == {"N": {"family": "Roth", "given": "Ada", "extra": "x"}, "ORG": ["ACME", "", "East"]}
    assert written(made, None, job__department="Sales") == {"ORG": ["", "Sales"]}
    assert written(made, {"ORG": ["ACME"]}, company_text=None) == {"ORG": None}


def test_plugins_add_pairs_under_new_names_only() -> None:
    registry = Registry({"shout": lambda args, env: Transform("shout", str.lower, str.upper, exact="tokens")})
    made = mapping('[fields]\nnotes = { at = "a", as = "shout" }\n', registry=registry)
    assert written(made, notes="x") == {"a": "X"}
    with pytest.raises(ValueError):
        registry.add("text", lambda args, env: Transform("text", str, str, exact="line"))
    assert Env().values is None


def test_a_pair_that_keeps_nothing_exactly_is_for_reading_only() -> None:
    registry = Registry({"lossy": lambda args, env: Transform("lossy", str.lower, str, exact="")})
    assert mapping('[fields]\nnotes = { at = "a", as = "lossy", direction = "read" }\n', registry=registry).fields
    with pytest.raises(MappingError, match="declares no values"):
        mapping('[fields]\nnotes = { at = "a", as = "lossy" }\n', registry=registry)


def test_a_record_with_parts_only_is_not_given_a_full_name_until_it_has_no_parts() -> None:
    made = mapping('[fields]\nname.full = "FN"\nname.given = "G"\nname.family = "F"\n')
    base = {"G": "Eva", "F": "Roth"}
    view = made.get(base)
    assert view is not None
    assert view.fields["name"] == {"given": "Eva", "family": "Roth"}
    assert written(made, base, name=EVA) == {}
    assert written(made, base, name={**EVA, "given": "Ada", "full": "Ada Roth"}) == {"G": "Ada"}
    assert written(made, base, name=complete({"full": "ACME"})) == {"FN": "ACME", "G": None, "F": None}
