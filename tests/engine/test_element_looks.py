"""The values of the elements of a collection, look by look: what golden, the ledger and the links say."""

from __future__ import annotations

from hub.sync.policy import FieldPolicy, Policy
from tests.engine.shelf import PLACES, POOR_PLACES, ROWS, SHOUTING, Shelf, place, row

X, X2, Y, Z = "x@x.example", "X@x.example", "y@x.example", "z@x.example"
ASK = Policy(("A", "B"), fields={"emails": FieldPolicy("ask")})


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
