"""Elements that an undo left, that were removed and that come back, look by look."""

from __future__ import annotations

from hub.state import mark_of
from tests.engine.shelf import Shelf, row
from tests.engine.test_element_looks import both

X, Y, Z = "x@x.example", "y@x.example", "z@x.example"

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
