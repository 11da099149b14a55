"""The labels of elements and the members of addresses, look by look."""

from __future__ import annotations

from tests.engine.shelf import PLACES, POOR_PLACES, Shelf, place, row
from tests.engine.test_element_looks import both

X, Y, Z = "x@x.example", "y@x.example", "z@x.example"
SHORT_PLACES = POOR_PLACES.replace('as = "lines(comma)"', 'as = "lines(comma)", max = 5')
LOUD_PLACES = POOR_PLACES.replace('city = "city"', 'city = { at = "city", as = "upper" }')
NAMES = '[messengers]\nlist = "messengers"\nid = "id"\nkind = "kind"\nvalue = "value"\n'

# labels


def test_a_label_is_edited_cleared_and_entered() -> None:
    shelf = both()
    shelf.shows("A", row("1", X), row("2", Y, "home"))
    assert shelf.tells("A", "B") == [
        "emails/#1/labels: work -> None (edit)",
        "emails/#2/labels: None -> home (edit)",
        "#1 x@ by A, new; labels None by A, edit; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; labels home by A, edit; 1 claims, run 1, key of run 1",
        "A shows #1, #2",
        "A #1 is x@, 1 claims",
        "A #2 is y@, labels home, 1 claims",
        "B shows #1, #2",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_labels_that_both_change_are_decided_by_time() -> None:
    shelf = both()
    shelf.shows("A", row("1", X, "home"), row("2", Y, "school"), time=50.0)
    shelf.element(2).attrs["labels"].time = 95.0
    shelf.shows("B", row("7", X, "other"), row("8", Y, "billing"), time=90.0)
    assert shelf.tells("B") == [
        "emails/#1/labels: work -> home (edit)",
        "emails/#2/labels: None -> school (edit)",
        "emails/#1/labels: later edit: other of B beats home of A",
        "emails/#2/labels: later edit: school of A beats billing of B",
        "emails/#1/labels: home -> other (conflict: later edit)",
        "#1 x@ by A, new; labels other by B, conflict: later edit; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; labels school by A, edit; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, labels other, 1 claims",
        "B #2 is y@, 1 claims",
        "B lost emails/#2/labels",
    ]
    shelf.shows("B", row("7", X, "other"), row("8", Y, "school"), time=91.0)
    assert shelf.tells("B") == [
        "#1 x@ by A, new; labels other by B, conflict: later edit; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; labels school by A, edit; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, labels other, 1 claims",
        "B #2 is y@, labels school, 1 claims",
    ]


def test_a_label_cleared_while_another_one_came_is_decided_too() -> None:
    shelf = both()
    shelf.shows("A", row("1", X, "home"), row("2", Y), time=50.0)
    shelf.shows("B", row("7", X), row("8", Y), time=90.0)
    assert shelf.tells("B") == [
        "emails/#1/labels: work -> home (edit)",
        "emails/#1/labels: later edit: None of B beats home of A",
        "emails/#1/labels: home -> None (conflict: later edit)",
        "#1 x@ by A, new; labels None by B, conflict: later edit; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_a_label_that_lost_is_a_rival_even_where_golden_returns_to_it() -> None:
    shelf = both()
    shelf.links["B"].lost.add(shelf.path(1, "labels"))
    shelf.shows("B", row("7", X, "home"), row("8", Y), time=90.0)
    assert shelf.tells("B") == [
        "emails/#1/labels: known age: home of B beats work of A",
        "emails/#1/labels: work -> home (conflict: known age)",
        "#1 x@ by A, new; labels home by B, conflict: known age; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, labels home, 1 claims",
        "B #2 is y@, 1 claims",
    ]


# groups


def places(a: str = PLACES, b: str = POOR_PLACES, **more: str) -> Shelf:
    """A place that A shows whole and B without its district."""
    shelf = Shelf(A=a, B=b)
    shelf.shows("A", place("1", "Am Ring 1", "Graz", **more))
    shelf.given("B", place("7", "Am Ring 1", "Graz", zip="8010"))
    shelf.log.clear()
    return shelf


def test_a_typing_error_put_right_keeps_what_the_system_cannot_show() -> None:
    shelf = places(district="Gries", zip="8010")
    shelf.shows("B", place("7", "Am Ring 11", "Graz", zip="8010"))
    assert shelf.tells("B") == [
        "addresses/#1: {Am Ring 1, Gries, Graz, 8010} -> {Am Ring 11, Gries, Graz, 8010} (edit)",
        "#1 {Am Ring 11, Gries, Graz, 8010} by B, edit; 1 claims, run 2, key of run 2",
        "B shows #1",
        "B #1 is {Am Ring 11, Gries, Graz, 8010}, 1 claims",
    ]


def test_a_move_to_another_city_drops_the_district_and_tells_it() -> None:
    shelf = places(district="Gries", zip="8010")
    shelf.shows("B", place("7", "Am Ring 1", "Linz", zip="8010"))
    assert shelf.tells("B") == [
        "addresses/#1.district: dependent: None of B beats Gries of A",
        "addresses/#1: {Am Ring 1, Gries, Graz, 8010} -> {Am Ring 1, Linz, 8010} (edit)",
        "#1 {Am Ring 1, Linz, 8010} by B, edit; 1 claims, run 2, key of run 2",
        "B shows #1",
        "B #1 is {Am Ring 1, Linz, 8010}, 1 claims",
    ]


def test_what_the_server_rewrites_in_its_own_way_is_not_taken_from_it() -> None:
    shelf = places(district="Gries", zip="8010")
    shelf.links["B"].native = {"addresses": [place("7", "Am Ring 1", "GRAZ*", zip="8010")]}
    shelf.shows("B", place("7", "Am Ring 11", "GRAZ*", zip="8010"))
    assert shelf.tells("B") == [
        "addresses/#1: {Am Ring 1, Gries, Graz, 8010} -> {Am Ring 11, Gries, Graz, 8010} (edit)",
        "#1 {Am Ring 11, Gries, Graz, 8010} by B, edit; 1 claims, run 2, key of run 2",
        "B shows #1",
        "B #1 is {Am Ring 11, Gries, Graz, 8010}, 1 claims",
    ]
    lost = places(district="Gries", zip="8010")
    lost.links["B"].native = {"addresses": [place("7", "Am Ring 1", "GRAZ*", zip="8010")]}
    lost.links["B"].lost.add(lost.path(1))
    lost.shows("B", place("7", "Am Ring 11", "GRAZ*", zip="8010"), time=90.0)
    assert lost.tells("B") == [
        "addresses/#1.district: dependent: None of B beats Gries of A",
        "addresses/#1: known age: {Am Ring 11, GRAZ*, 8010} of B beats {Am Ring 1, Gries, Graz, 8010} of A",
        "addresses/#1: {Am Ring 1, Gries, Graz, 8010} -> {Am Ring 11, GRAZ*, 8010} (conflict: known age)",
        "#1 {Am Ring 11, GRAZ*, 8010} by B, conflict: known age; 1 claims, run 2, key of run 2",
        "B shows #1",
        "B #1 is {Am Ring 11, GRAZ*, 8010}, 1 claims",
    ]


def test_a_gap_that_somebody_fills_although_golden_has_the_member_is_told() -> None:
    shelf = places(b=PLACES, district="Gries", zip="8010")
    shelf.given("B", place("7", "Am Ring 1", "Graz", zip="8010", district="Gries"))
    shelf.links["B"].native = {"addresses": [place("7", "Am Ring 1", "Graz", zip="8010")]}
    shelf.shows("B", place("7", "Am Ring 1", "Graz", zip="8010", district="Lend"))
    assert shelf.tells("B") == [
        "addresses/#1: typed into an empty field: {Am Ring 1, Lend, Graz, 8010} of B beats {Am Ring 1, Gries, Graz, 8010} of A",
        "addresses/#1: {Am Ring 1, Gries, Graz, 8010} -> {Am Ring 1, Lend, Graz, 8010} (edit)",
        "#1 {Am Ring 1, Lend, Graz, 8010} by B, edit; 1 claims, run 2, key of run 1",
        "B shows #1",
        "B #1 is {Am Ring 1, Lend, Graz, 8010}, 1 claims",
    ]


def test_a_gap_that_golden_has_too_is_just_filled() -> None:
    shelf = places(b=PLACES, zip="8010")
    shelf.shows("B", place("7", "Am Ring 1", "Graz", zip="8010", district="Lend"))
    assert shelf.tells("B") == [
        "addresses/#1: {Am Ring 1, Graz, 8010} -> {Am Ring 1, Lend, Graz, 8010} (edit)",
        "#1 {Am Ring 1, Lend, Graz, 8010} by B, edit; 1 claims, run 2, key of run 1",
        "B shows #1",
        "B #1 is {Am Ring 1, Lend, Graz, 8010}, 1 claims",
    ]


def test_a_removal_by_who_does_not_see_all_of_a_place_is_told() -> None:
    for more, shape in (({"district": "Gries"}, POOR_PLACES), ({}, POOR_PLACES), ({"district": "Gries"}, PLACES)):
        shelf = places(b=shape, zip="8010", **more)
        shelf.given("B", place("7", "Am Ring 1", "Graz", zip="8010", **(more if shape == PLACES else {})))
        shelf.shows("B")
        if more and shape == POOR_PLACES:
            assert shelf.tells("B") == [
                "addresses/#1: removed where not all of it is shown: None of B beats {Am Ring 1, Gries, Graz, 8010} of A",
                "addresses/#1: {Am Ring 1, Gries, Graz, 8010} -> None (removed)",
                "#1 {Am Ring 1, Gries, Graz, 8010} by A, new; 1 claims, run 2, key of run 1; removed",
                "B shows ",
            ]
        else:
            assert shelf.log == ["addresses/#1: " + shelf.log[0].partition(": ")[2]]
            assert shelf.log[0].endswith("None (removed)")


def test_a_place_that_a_system_shows_but_could_not_be_given_is_shared_all_the_same() -> None:
    shelf = Shelf(A=PLACES, B=SHORT_PLACES)
    shelf.shows("A", place("1", "Am Ring 1", "Graz", district="Gries"))
    shelf.shows("B", place("7", "Am Ring 1", "Graz"))
    assert shelf.tells("B") == [
        "addresses/#1: None -> {Am Ring 1, Gries, Graz} (new)",
        "#1 {Am Ring 1, Gries, Graz} by A, new; 2 claims, run 2, key of run 1",
        "B shows #1",
        "B #1 is {Am Ring 1, Gries, Graz}, 2 claims",
    ]


def test_a_better_spelling_keeps_what_it_leaves_out() -> None:
    shelf = Shelf(A=LOUD_PLACES, B=PLACES, C=PLACES)
    shelf.shows("B", place("7", "Am Ring 1", "GRAZ", district="Gries"))
    shelf.given("A", place("1", "Am Ring 1", "GRAZ"))
    shelf.shows("A", place("1", "Am Ring 11", "GRAZ"))
    shelf.log.clear()
    shelf.shows("C", place("8", "Am Ring 11", "Graz"))
    assert shelf.tells("C") == [
        "addresses/#1: {Am Ring 11, Gries, GRAZ} -> {Am Ring 11, Gries, Graz} (spelling)",
        "#1 {Am Ring 11, Gries, Graz} by C, spelling; 2 claims, run 3, key of run 2",
        "C shows #1",
        "C #1 is {Am Ring 11, Gries, Graz}, 2 claims",
        "C lost addresses/#1",
    ]


def test_a_value_that_comes_back_from_a_server_as_golden_has_it_is_no_edit() -> None:
    shelf = places(district="Gries", zip="8010")
    shelf.links["B"].native = {"addresses": [place("7", "Am Ring 1", "GRAZ*", zip="8010")]}
    shelf.shows("B", place("7", "Am Ring 1", "Graz", zip="8010"))
    assert shelf.tells("B") == [
        "#1 {Am Ring 1, Gries, Graz, 8010} by A, new; 1 claims, run 1, key of run 1",
        "B shows #1",
        "B #1 is {Am Ring 1, Gries, Graz, 8010}, 1 claims",
    ]


def test_a_member_that_shows_what_was_sent_keeps_what_depends_on_it_also_in_a_conflict() -> None:
    shelf = places(district="Gries", zip="8010")
    shelf.links["B"].lost.add(shelf.path(1))
    shelf.links["B"].native = {"addresses": [place("7", "Am Ring 2", "Graz", zip="8010")]}
    shelf.shows("B", place("7", "Am Ring 11", "Graz", zip="8010"), time=90.0)
    assert shelf.tells("B") == [
        "addresses/#1: known age: {Am Ring 11, Gries, Graz, 8010} of B beats {Am Ring 1, Gries, Graz, 8010} of A",
        "addresses/#1: {Am Ring 1, Gries, Graz, 8010} -> {Am Ring 11, Gries, Graz, 8010} (conflict: known age)",
        "#1 {Am Ring 11, Gries, Graz, 8010} by B, conflict: known age; 1 claims, run 2, key of run 2",
        "B shows #1",
        "B #1 is {Am Ring 11, Gries, Graz, 8010}, 1 claims",
    ]


def test_names_of_messengers_have_members_of_their_own() -> None:
    shelf = Shelf(A=NAMES, B=NAMES)
    shelf.shows("A", {"id": "1", "kind": "line", "value": "anna-l"})
    shelf.shows("B", {"id": "7", "kind": "line", "value": "Anna-L"})
    assert shelf.element(1).value.value == {"kind": "line", "value": "anna-l"}
    shelf.shows("B", {"id": "7", "kind": "line", "value": "berg"}, time=90.0)
    assert shelf.element(1).value.value == {"kind": "line", "value": "berg"}
    assert shelf.tells("A", "B") == [
        "messengers/#1: None -> {line, anna-l} (new)",
        "messengers/#1: first link: fill only: {line, anna-l} of A beats {line, Anna-L} of B",
        "messengers/#1: known age: {line, berg} of B beats {line, anna-l} of A",
        "messengers/#1: {line, anna-l} -> {line, berg} (conflict: known age)",
        "#1 {line, berg} by B, conflict: known age; 2 claims, run 3, key of run 3",
        "A shows #1",
        "A #1 is {line, anna-l}, 1 claims",
        "B shows #1",
        "B #1 is {line, berg}, 2 claims",
    ]


def test_a_row_revived_by_the_first_change_of_a_run_has_its_key_from_that_run() -> None:
    shelf = both()
    shelf.shows("A", row("2", Y))
    shelf.given("B", row("8", Y))
    shelf.element(1).stamp = 300  # the last change before this run
    shelf.shows("B", row("8", Y), row("9", X))
    assert shelf.element(1).keyed > 300


def test_a_conflict_that_nobody_is_asked_about_freezes_nothing() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=50.0)
    shelf.shows("B", row("7", "w@x.example", "work"), row("8", Y), time=90.0)
    assert shelf.golden.frozen == {}
    assert shelf.element(1).value.value == "w@x.example"
