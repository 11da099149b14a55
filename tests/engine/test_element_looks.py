"""The values and labels of the elements of a collection, look by look: what golden, the ledger and the links say."""

from __future__ import annotations

from hub.state import mark_of
from hub.sync.policy import FieldPolicy, Policy
from tests.engine.shelf import PLACES, POOR_PLACES, ROWS, SHOUTING, Shelf, place, row

X, X2, Y, Z = "x@x.example", "X@x.example", "y@x.example", "z@x.example"
ASK = Policy(("A", "B"), fields={"emails": FieldPolicy("ask")})
SHORT_PLACES = POOR_PLACES.replace('as = "lines(comma)"', 'as = "lines(comma)", max = 5')
LOUD_PLACES = POOR_PLACES.replace('city = "city"', 'city = { at = "city", as = "upper" }')
NAMES = '[messengers]\nlist = "messengers"\nid = "id"\nkind = "kind"\nvalue = "value"\n'


def both(policy: Policy | None = None, a: str = ROWS, b: str = ROWS) -> Shelf:
    """Two systems that know the two addresses of one person."""
    shelf = Shelf(policy, A=a, B=b)
    shelf.shows("A", row("1", X, "work"), row("2", Y))
    shelf.given("A", row("1", X, "work"), row("2", Y))
    shelf.given("B", row("7", X, "work"), row("8", Y))
    shelf.log.clear()
    return shelf


# first sight


def test_the_first_look_makes_elements_with_what_the_rows_say() -> None:
    shelf = Shelf(A=ROWS)
    shelf.shows("A", row("1", X, "work", pref=True), row("2", Y), row("3", X2, "home"))
    assert shelf.tells("A") == [
        "emails/#1: None -> x@ (new)",
        "emails/#2: None -> y@ (new)",
        "emails/primary: None -> #1 (first value)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #1",
        "A shows #1, #2, #1",
        "A #1 is x@, labels work, 1 claims",
        "A #2 is y@, 1 claims",
        "A primary #1",
    ]
    assert shelf.golden.seq == 104


def test_the_first_link_fills_labels_and_writes_down_the_ones_that_differ() -> None:
    shelf = Shelf(A=ROWS, B=ROWS)
    shelf.shows("A", row("1", X, "work"), row("2", Y), row("3", Z, "home"), row("4", "v@x.example", "work"))
    shelf.log.clear()
    shelf.shows("B", row("5", X, "home"), row("6", Y, "work"), row("7", Z), row("8", "v@x.example", "work"))
    assert shelf.tells("A", "B") == [
        "emails/#1/labels: first link: fill only: work of A beats home of B",
        "emails/#2/labels: None -> work (first value)",
        "#1 x@ by A, new; labels work by A, new; 2 claims, run 2, key of run 1",
        "#2 y@ by A, new; labels work by B, first value; 2 claims, run 2, key of run 1",
        "#3 z@ by A, new; labels home by A, new; 2 claims, run 2, key of run 1",
        "#4 v@ by A, new; labels work by A, new; 2 claims, run 2, key of run 1",
        "A shows #1, #2, #3, #4",
        "A #1 is x@, labels work, 1 claims",
        "A #2 is y@, 1 claims",
        "A #3 is z@, labels home, 1 claims",
        "A #4 is v@, labels work, 1 claims",
        "B shows #1, #2, #3, #4",
        "B #1 is x@, labels work, 2 claims",
        "B #2 is y@, labels work, 2 claims",
        "B #3 is z@, 2 claims",
        "B #4 is v@, labels work, 2 claims",
        "B lost emails/#1/labels",
    ]


def test_a_place_that_leaves_things_out_is_completed_from_the_first_link() -> None:
    shelf = Shelf(A=PLACES, B=PLACES)
    shelf.shows("A", place("1", "Am Ring 1", "Graz", to="Anna"))
    shelf.shows("B", place("2", "Am Ring 1", "Graz", to="Anna", district="Gries"))
    assert shelf.tells("A", "B") == [
        "addresses/#1: None -> {Anna, Am Ring 1, Graz} (new)",
        "addresses/#1: {Anna, Am Ring 1, Graz} -> {Anna, Am Ring 1, Gries, Graz} (first value)",
        "#1 {Anna, Am Ring 1, Gries, Graz} by B, first value; 2 claims, run 2, key of run 1",
        "A shows #1",
        "A #1 is {Anna, Am Ring 1, Graz}, 1 claims",
        "B shows #1",
        "B #1 is {Anna, Am Ring 1, Gries, Graz}, 2 claims",
    ]
    assert shelf.element(1).value.value.keys() >= {"company", "country", "phone"}, "all members of the schema"


def test_a_place_that_says_less_is_to_be_given_the_rest() -> None:
    shelf = Shelf(A=PLACES, B=PLACES, C=POOR_PLACES)
    shelf.shows("A", place("1", "Am Ring 1", "Graz", district="Gries"))
    shelf.shows("B", place("2", "Am Ring 1", "Graz"))
    shelf.shows("C", place("3", "Am Ring 1", "Graz"))
    assert shelf.tells("B", "C") == [
        "addresses/#1: None -> {Am Ring 1, Gries, Graz} (new)",
        "#1 {Am Ring 1, Gries, Graz} by A, new; 3 claims, run 3, key of run 1",
        "B shows #1",
        "B #1 is {Am Ring 1, Gries, Graz}, 2 claims",
        "B lost addresses/#1",
        "C shows #1",
        "C #1 is {Am Ring 1, Gries, Graz}, 3 claims",
    ]


def test_a_place_that_differs_where_keys_do_not_look_is_written_down_and_put_right() -> None:
    shelf = Shelf(A=PLACES, B=PLACES)
    shelf.shows("A", place("1", "Am Ring 1", "Graz", district="Gries"))
    shelf.shows("B", place("2", "Am Ring 1", "Graz", district="Lend"))
    assert shelf.tells("B") == [
        "addresses/#1: None -> {Am Ring 1, Gries, Graz} (new)",
        "addresses/#1: first link: fill only: {Am Ring 1, Gries, Graz} of A beats {Am Ring 1, Lend, Graz} of B",
        "#1 {Am Ring 1, Gries, Graz} by A, new; 2 claims, run 2, key of run 1",
        "B shows #1",
        "B #1 is {Am Ring 1, Gries, Graz}, 2 claims",
        "B lost addresses/#1",
    ]


def test_a_place_that_a_person_has_decided_on_is_not_completed() -> None:
    shelf = Shelf(A=PLACES, B=PLACES)
    shelf.shows("A", place("1", "Am Ring 1", "Graz"))
    shelf.element(1).value.pinned = True
    shelf.shows("B", place("2", "Am Ring 1", "Graz", district="Gries"))
    assert shelf.tells("B") == [
        "addresses/#1: None -> {Am Ring 1, Graz} (new)",
        "addresses/#1: first link: fill only: {Am Ring 1, Graz} of A beats {Am Ring 1, Gries, Graz} of B",
        "#1 {Am Ring 1, Graz} by A, new; 2 claims, run 2, key of run 1",
        "B shows #1",
        "B #1 is {Am Ring 1, Graz}, 2 claims",
        "B lost addresses/#1",
    ]


def test_a_place_that_names_a_recipient_is_the_one_that_named_nobody() -> None:
    shelf = Shelf(A=PLACES, B=PLACES)
    shelf.shows("A", place("1", "Am Ring 1", "Graz"), place("2", "Am Ring 2", "Graz", to="Berta"))
    shelf.shows(
        "B",
        place("3", "Am Ring 1", "Graz", to="Anna"),
        place("4", "Am Ring 1", "Graz", to="Carl"),
        place("5", "Am Ring 2", "Graz", to="Dora"),
    )
    assert shelf.tells("A", "B") == [
        "addresses/#1: None -> {Am Ring 1, Graz} (new)",
        "addresses/#2: None -> {Berta, Am Ring 2, Graz} (new)",
        "addresses/#3: None -> {Carl, Am Ring 1, Graz} (new)",
        "addresses/#4: None -> {Dora, Am Ring 2, Graz} (new)",
        "addresses/#1: {Am Ring 1, Graz} -> {Anna, Am Ring 1, Graz} (first value)",
        "#1 {Anna, Am Ring 1, Graz} by B, first value; 2 claims, run 2, key of run 2",
        "#2 {Berta, Am Ring 2, Graz} by A, new; 1 claims, run 1, key of run 1",
        "#3 {Carl, Am Ring 1, Graz} by B, new; 1 claims, run 2, key of run 2",
        "#4 {Dora, Am Ring 2, Graz} by B, new; 1 claims, run 2, key of run 2",
        "A shows #1, #2",
        "A #1 is {Am Ring 1, Graz}, 1 claims",
        "A #2 is {Berta, Am Ring 2, Graz}, 1 claims",
        "B shows #1, #3, #4",
        "B #1 is {Anna, Am Ring 1, Graz}, 2 claims",
        "B #3 is {Carl, Am Ring 1, Graz}, 1 claims",
        "B #4 is {Dora, Am Ring 2, Graz}, 1 claims",
    ]


def test_a_spelling_that_the_source_cannot_show_is_taken_from_who_can() -> None:
    shelf = Shelf(A=SHOUTING, B=ROWS)
    shelf.shows("A", row("1", "X@X.EXAMPLE", "work"), row("2", "Y@X.EXAMPLE"))
    shelf.element(2).value.pinned = True
    shelf.shows("B", row("5", "x@x.example", "work"), row("6", "y@x.example"))
    assert shelf.tells("B") == [
        "emails/#1: None -> X@X.EXAMPLE (new)",
        "emails/#2: None -> Y@X.EXAMPLE (new)",
        "emails/#1: X@X.EXAMPLE -> x@ (spelling)",
        "#1 x@ by B, spelling; labels work by A, new; 2 claims, run 2, key of run 1",
        "#2 Y@X.EXAMPLE by A, new; 2 claims, run 2, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, labels work, 2 claims",
        "B #2 is Y@X.EXAMPLE, 2 claims",
    ]


def test_a_spelling_that_the_source_could_have_shown_is_not_taken() -> None:
    shelf = Shelf(A=ROWS, B=ROWS)
    shelf.shows("A", row("1", X))
    shelf.shows("B", row("5", X2))
    assert shelf.tells("B") == [
        "emails/#1: None -> x@ (new)",
        "#1 x@ by A, new; 2 claims, run 2, key of run 1",
        "B shows #1",
        "B #1 is x@, 2 claims",
    ]


def test_a_spelling_of_the_source_itself_or_against_one_that_no_mapping_shows_is_not_taken() -> None:
    for source in ("B", "person", "C"):
        shelf = Shelf(A=SHOUTING, B=SHOUTING, C=PLACES)
        shelf.shows("A", row("1", "X@X.EXAMPLE"))
        shelf.element(1).value.source = source
        shelf.log.clear()
        shelf.shows("B", row("5", X))
        assert shelf.log == [], source
        assert shelf.element(1).value.value == "X@X.EXAMPLE"


# edits


def test_an_edit_of_a_value_reaches_golden_with_its_labels_as_they_were() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=50.0)
    assert shelf.tells("A", "B") == [
        "emails/#1: x@ -> z@ (edit)",
        "#1 z@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "A shows #1, #2",
        "A #1 is z@, labels work, 1 claims",
        "A #2 is y@, 1 claims",
        "B shows #1, #2",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]
    assert shelf.element(1).value.time == 50.0


def test_a_new_spelling_is_an_edit_that_keeps_the_key() -> None:
    shelf = both()
    shelf.shows("A", row("1", X2, "work"), row("2", Y))
    assert shelf.tells("A") == [
        "emails/#1: x@ -> X@ (edit)",
        "#1 X@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "A shows #1, #2",
        "A #1 is X@, labels work, 1 claims",
        "A #2 is y@, 1 claims",
    ]


def test_an_edit_that_loses_is_written_down_and_put_right() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=90.0)
    shelf.shows("B", row("7", "w@x.example", "work"), row("8", Y), time=50.0)
    assert shelf.tells("A", "B") == [
        "emails/#1: x@ -> z@ (edit)",
        "emails/#1: later edit: z@ of A beats w@ of B",
        "#1 z@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "A shows #1, #2",
        "A #1 is z@, labels work, 1 claims",
        "A #2 is y@, 1 claims",
        "B shows #1, #2",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
        "B lost emails/#1",
    ]
    shelf.shows("B", row("7", "v@x.example", "work"), row("8", Y), time=99.0)
    assert shelf.tells("B") == [
        "emails/#1: later edit: v@ of B beats z@ of A",
        "emails/#1: z@ -> v@ (conflict: later edit)",
        "#1 v@ by B, conflict: later edit; labels work by A, new; 1 claims, run 4, key of run 4",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is v@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_an_edit_that_wins_over_another_one_is_golden() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=50.0)
    shelf.links["B"].lost.add(shelf.path(1))
    shelf.shows("B", row("7", "w@x.example", "work"), row("8", Y), time=90.0)
    assert shelf.tells("A", "B") == [
        "emails/#1: x@ -> z@ (edit)",
        "emails/#1: later edit: w@ of B beats z@ of A",
        "emails/#1: z@ -> w@ (conflict: later edit)",
        "#1 w@ by B, conflict: later edit; labels work by A, new; 1 claims, run 3, key of run 3",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "A shows #1, #2",
        "A #1 is z@, labels work, 1 claims",
        "A #2 is y@, 1 claims",
        "B shows #1, #2",
        "B #1 is w@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_two_edits_that_a_person_is_asked_about_are_kept_both() -> None:
    shelf = both(ASK)
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=50.0)
    shelf.shows("B", row("7", "w@x.example", "work"), row("8", Y), time=90.0)
    assert shelf.tells("B") == [
        "emails/#1: x@ -> z@ (edit)",
        "emails/#1: later edit: w@ of B beats z@ of A (asked)",
        "emails/#1: z@ -> w@ (conflict: later edit)",
        "#1 w@ by B, conflict: later edit; labels work by A, new; 1 claims, run 3, key of run 3",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is w@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]
    assert shelf.golden.frozen == {shelf.path(1): [[Z, "A", 50.0], ["w@x.example", "B", 90.0]]}


def test_an_edit_that_loses_a_question_waits_with_the_winner() -> None:
    shelf = both(ASK)
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=90.0)
    shelf.shows("B", row("7", "w@x.example", "work"), row("8", Y), time=50.0)
    assert shelf.tells("B") == [
        "emails/#1: x@ -> z@ (edit)",
        "emails/#1: later edit: z@ of A beats w@ of B (asked)",
        "#1 z@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
        "B lost emails/#1",
    ]
    assert shelf.golden.frozen == {shelf.path(1): [[Z, "A", 90.0], ["w@x.example", "B", 50.0]]}


def test_two_equal_edits_are_no_conflict_and_the_later_one_stands_for_both() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=50.0)
    shelf.links["B"].lost.add(shelf.path(1))
    shelf.shows("B", row("7", Z, "work"), row("8", Y), time=90.0)
    cell = shelf.element(1).value
    assert (cell.source, cell.time, cell.rule, cell.run) == ("B", 90.0, "edit", "run 2")
    assert shelf.tells("B") == [
        "emails/#1: x@ -> z@ (edit)",
        "#1 z@ by B, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is z@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_of_two_equal_edits_an_earlier_one_changes_nothing() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=90.0)
    shelf.shows("B", row("7", Z, "work"), row("8", Y), time=50.0)
    cell = shelf.element(1).value
    assert (cell.source, cell.time, cell.rule, cell.run) == ("A", 90.0, "edit", "run 2")
    assert shelf.tells("B") == [
        "emails/#1: x@ -> z@ (edit)",
        "#1 z@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is z@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_an_image_of_the_other_edit_agrees_but_does_not_stand_for_it() -> None:
    shelf = both(b=SHOUTING)
    shelf.given("B", row("7", X.upper(), "work"), row("8", Y.upper()))
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=50.0)
    shelf.shows("B", row("7", Z.upper(), "work"), row("8", Y.upper()), time=90.0)
    assert shelf.element(1).value.source == "A"
    assert shelf.tells("B") == [
        "emails/#1: x@ -> z@ (edit)",
        "#1 z@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is z@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_who_edits_what_golden_says_again_has_seen_it_although_nobody_wrote_it_there() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=90.0)
    shelf.shows("A", row("1", X, "work"), row("2", Y), time=91.0)
    shelf.links["B"].esent["emails"][shelf.element(1).eid].value = Z
    shelf.links["B"].lost.add(shelf.path(1))
    shelf.log.clear()
    shelf.shows("B", row("7", "w@x.example", "work"), row("8", Y), time=50.0)
    assert shelf.tells("B") == [
        "emails/#1: x@ -> w@ (edit)",
        "#1 w@ by B, edit; labels work by A, new; 1 claims, run 4, key of run 4",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is w@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_a_row_of_which_nothing_was_noted_is_edited_from_what_it_showed() -> None:
    shelf = both()
    del shelf.links["B"].esent["emails"][shelf.element(1).eid]
    shelf.shows("B", row("7", "w@x.example", "home"), row("8", Y, "school"))
    assert shelf.tells("B") == [
        "emails/#2/labels: None -> school (edit)",
        "emails/#1: x@ -> w@ (edit)",
        "emails/#1/labels: work -> home (edit)",
        "#1 w@ by B, edit; labels home by B, edit; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; labels school by B, edit; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is w@, labels home, 1 claims",
        "B #2 is y@, labels school, 1 claims",
    ]


def test_what_was_noted_of_no_row_and_moved_meanwhile_is_a_conflict() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=90.0)
    del shelf.links["B"].esent["emails"][shelf.element(1).eid]
    shelf.shows("B", row("7", "w@x.example", "work"), row("8", Y), time=50.0)
    assert shelf.tells("B") == [
        "emails/#1: x@ -> z@ (edit)",
        "emails/#1: later edit: z@ of A beats w@ of B",
        "#1 z@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
        "B lost emails/#1",
    ]


# undo


def undone(shelf: Shelf, number: int = 1) -> None:
    """A person has taken back what the hub had written of an element to B."""
    shelf.links["B"].undone[shelf.path(number)] = mark_of(shelf.element(number))


def test_an_edit_where_an_undo_had_left_another_value_is_golden_and_tells_what_it_replaced() -> None:
    shelf = both()
    undone(shelf)
    shelf.shows("B", row("7", "w@x.example", "work"), row("8", Y))
    assert shelf.tells("B") == [
        "emails/#1: edited where an undo had left another value: w@ of B beats x@ of A",
        "emails/#1: x@ -> w@ (edit)",
        "#1 w@ by B, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is w@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_an_edit_of_what_an_undo_had_left_is_no_edit_of_what_golden_says() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y), time=90.0)
    shelf.shows("A", row("1", X, "work"), row("2", Y), time=91.0)
    shelf.links["B"].esent["emails"][shelf.element(1).eid].value = Z
    undone(shelf)
    shelf.log.clear()
    shelf.shows("B", row("7", "w@x.example", "work"), row("8", Y), time=50.0)
    assert shelf.tells("B") == [
        "emails/#1: later edit: x@ of A beats w@ of B",
        "#1 x@ by A, edit; labels work by A, new; 1 claims, run 3, key of run 3",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is z@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
        "B lost emails/#1",
        "B undone emails/#1",
    ]


def test_a_removal_where_an_undo_had_left_another_value_is_told() -> None:
    shelf = both()
    undone(shelf)
    shelf.shows("B", row("8", Y))
    assert shelf.tells("B") == [
        "emails/#1: removed where an undo had left another value: None of B beats x@ of A",
        "emails/#1: x@ -> None (removed)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 2, key of run 1; removed",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2",
        "B #2 is y@, 1 claims",
        "B undone emails/#1",
    ]


def test_a_row_entered_again_is_given_whole_after_an_undo() -> None:
    shelf = both()
    shelf.shows("B", row("8", Y))
    shelf.links["B"].undone[shelf.path(1)] = [1]
    shelf.shows("B", row("8", Y), row("9", X, "work"))
    assert shelf.tells("B") == [
        "emails/#1: x@ -> None (removed)",
        "emails/#1: revived: x@ of B beats None of A",
        "#1 x@ by A, new; labels work by A, new; 2 claims, run 3, key of run 3",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2, #1",
        "B #1 is x@, labels work, 2 claims",
        "B #2 is y@, 1 claims",
    ]


# removed elements


def test_a_removal_takes_an_element_from_golden() -> None:
    shelf = both()
    shelf.shows("A", row("2", Y))
    assert shelf.tells("A", "B") == [
        "emails/#1: x@ -> None (removed)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 2, key of run 1; removed",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "A shows #2",
        "A #2 is y@, 1 claims",
        "B shows #1, #2",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_a_removal_of_what_was_edited_elsewhere_does_not_count() -> None:
    shelf = both()
    shelf.shows("A", row("1", X, "home"), row("2", Z))
    shelf.links["B"].lost.add(shelf.path(2))
    shelf.shows("B")
    assert shelf.tells("B") == [
        "emails/#1/labels: work -> home (edit)",
        "emails/#2: y@ -> z@ (edit)",
        "emails/#1: an edit beats a removal: x@ of A beats None of B",
        "emails/#2: an edit beats a removal: z@ of A beats None of B",
        "#1 x@ by A, new; labels home by A, edit; 1 claims, run 1, key of run 1",
        "#2 z@ by A, edit; 1 claims, run 2, key of run 2",
        "B shows ",
    ]


def test_a_removal_of_what_is_still_to_be_put_right_or_was_never_noted_does_not_count() -> None:
    shelf = both()
    shelf.links["B"].lost.add(shelf.path(1))
    del shelf.links["B"].esent["emails"][shelf.element(2).eid]
    shelf.shows("B")
    assert shelf.tells("B") == [
        "emails/#1: an edit beats a removal: x@ of A beats None of B",
        "emails/#2: an edit beats a removal: y@ of A beats None of B",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows ",
    ]


def test_a_value_edited_after_its_removal_elsewhere_is_back() -> None:
    for same_run in (False, True):
        shelf = both()
        shelf.shows("A", row("2", Y))
        shelf.log.clear()
        shelf.shows("B", row("7", Z, "work"), row("8", Y), same_run=same_run)
        if same_run:
            assert shelf.tells("B") == [
                "emails/#1: an edit beats a removal: z@ of B beats None of A",
                "emails/#1: revived: z@ of B beats None of A",
                "emails/#1: x@ -> z@ (revived)",
                "#1 z@ by B, revived; labels work by A, new; 1 claims, run 2, key of run 2",
                "#2 y@ by A, new; 1 claims, run 1, key of run 1",
                "B shows #1, #2",
                "B #1 is z@, labels work, 1 claims",
                "B #2 is y@, 1 claims",
            ]
        else:
            assert shelf.tells("B") == [
                "emails/#1: an edit beats a removal: z@ of B beats None of A",
                "emails/#1: revived: z@ of B beats None of A",
                "emails/#1: x@ -> z@ (revived)",
                "#1 z@ by B, revived; labels work by A, new; 1 claims, run 3, key of run 3",
                "#2 y@ by A, new; 1 claims, run 1, key of run 1",
                "B shows #1, #2",
                "B #1 is z@, labels work, 1 claims",
                "B #2 is y@, 1 claims",
            ]


def test_a_label_edited_after_the_removal_elsewhere_brings_the_row_back() -> None:
    shelf = both()
    shelf.shows("A", row("2", Y))
    shelf.log.clear()
    shelf.shows("B", row("7", X, "home"), row("8", Y))
    assert shelf.tells("B") == [
        "emails/#1: revived: x@ of B beats None of A",
        "emails/#1: x@ -> x@ (revived)",
        "emails/#1/labels: work -> home (edit)",
        "#1 x@ by B, revived; labels home by B, edit; 1 claims, run 3, key of run 3",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, labels home, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_an_untouched_row_of_a_removed_element_says_nothing() -> None:
    shelf = both()
    shelf.shows("A", row("2", Y))
    shelf.log.clear()
    shelf.shows("B", row("7", X, "work"), row("8", Y))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 2, key of run 1; removed",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_a_label_edited_where_an_undo_had_left_another_value_brings_back_that_value() -> None:
    shelf = both()
    shelf.shows("B", row("7", Z, "work"), row("8", Y))
    shelf.given("A", row("1", Z, "work"), row("2", Y))
    shelf.given("B", row("7", Z, "work"), row("8", Y))
    undone(shelf)
    shelf.links["B"].native = {"emails": [row("7", X, "work"), row("8", Y)]}
    shelf.shows("A", row("2", Y))
    shelf.log.clear()
    shelf.shows("B", row("7", X, "home"), row("8", Y))
    assert shelf.tells("B") == [
        "emails/#1: revived: x@ of B beats None of B",
        "emails/#1: z@ -> x@ (revived)",
        "emails/#1/labels: work -> home (edit)",
        "#1 x@ by B, revived; labels home by B, edit; 1 claims, run 4, key of run 4",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, labels home, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_a_removed_element_that_somebody_enters_anew_is_revived() -> None:
    shelf = both()
    shelf.shows("A", row("2", Y))
    shelf.given("B", row("8", Y))
    shelf.log.clear()
    shelf.shows("B", row("8", Y), row("9", X, "home"))
    assert shelf.tells("B") == [
        "emails/#1: revived: x@ of B beats None of A",
        "emails/#1/labels: first link: fill only: work of A beats home of B",
        "#1 x@ by A, new; labels work by A, new; 2 claims, run 3, key of run 3",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2, #1",
        "B #1 is x@, labels work, 2 claims",
        "B #2 is y@, 1 claims",
        "B lost emails/#1/labels",
    ]


def test_an_address_entered_in_the_run_of_its_removal_elsewhere_keeps_the_time_of_its_key() -> None:
    shelf = both()
    shelf.shows("A", row("2", Y))
    shelf.given("B", row("8", Y))
    shelf.log.clear()
    shelf.shows("B", row("8", Y), row("9", X, "home"), same_run=True)
    assert shelf.tells("B") == [
        "emails/#1: revived: x@ of B beats None of A",
        "emails/#1/labels: first link: fill only: work of A beats home of B",
        "#1 x@ by A, new; labels work by A, new; 2 claims, run 2, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2, #1",
        "B #1 is x@, labels work, 2 claims",
        "B #2 is y@, 1 claims",
        "B lost emails/#1/labels",
    ]


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


def test_a_label_at_a_row_of_which_nothing_was_noted_is_not_taken() -> None:
    shelf = both()
    shelf.links["B"].esent["emails"].clear()
    shelf.shows("B", row("7", X, "home"), row("8", Y))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
    ]
