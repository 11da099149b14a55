"""Which element every row of a list shows and what is removed, look by look."""

from __future__ import annotations

from hub.mapping.view import CollectionSpec, Position
from hub.state import Shown
from hub.sync.merge.pairing import pair
from tests.engine.shelf import NO_IDS, ROWS, SHOUTING, Shelf, row

X, X2, Y, Z, W = "x@x.example", "X@x.example", "y@x.example", "z@x.example", "w@x.example"


def both(a: str = ROWS, b: str = ROWS) -> Shelf:
    """Two systems that know two addresses of one person."""
    shelf = Shelf(A=a, B=b)
    shelf.shows("A", row("1", X, "work"), row("2", Y))
    shelf.given("B", row("7", X, "work"), row("8", Y))
    shelf.log.clear()
    return shelf


# rows


def test_rows_that_swap_their_values_keep_the_elements_and_are_given_their_labels() -> None:
    shelf = both()
    shelf.shows("B", row("7", Y, "work"), row("8", X))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2, #1",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
        "B lost emails/#1/labels",
        "B lost emails/#2/labels",
    ]


def test_rows_that_swap_with_their_labels_are_as_they_should_be() -> None:
    shelf = both()
    shelf.shows("B", row("7", Y), row("8", X, "work"))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2, #1",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_a_value_that_moves_to_another_row_while_its_own_gets_a_new_one() -> None:
    shelf = both()
    shelf.shows("B", row("7", Y, "work"), row("8", Z, "home"))
    assert shelf.tells("B") == [
        "emails/#3: None -> z@ (new)",
        "emails/#1: x@ -> None (edited into another)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 2, key of run 1; removed into #2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "#3 z@ by B, new; labels home by B, new; 1 claims, run 2, key of run 2",
        "B shows #2, #3",
        "B #2 is y@, 1 claims",
        "B #3 is z@, labels home, 1 claims",
        "B lost emails/#2/labels",
    ]


def test_a_row_edited_into_another_one_is_removed_into_it() -> None:
    shelf = both()
    shelf.shows("B", row("7", Y, "work"), row("8", Y))
    assert shelf.tells("A", "B") == [
        "emails/#1: x@ -> None (edited into another)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 2, key of run 1; removed into #2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "A shows #1, #2",
        "A #1 is x@, labels work, 1 claims",
        "A #2 is y@, 1 claims",
        "B shows #2, #2",
        "B #2 is y@, 1 claims",
    ]


def test_a_row_edited_into_what_only_another_system_shows_claims_that() -> None:
    shelf = both()
    shelf.shows("A", row("1", X, "work"), row("2", Y), row("3", Z, "home"))
    shelf.log.clear()
    shelf.shows("B", row("7", Z, "work"), row("8", Y))
    assert shelf.tells("B") == [
        "emails/#3/labels: first link: fill only: home of A beats work of B",
        "emails/#1: x@ -> None (edited into another)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 3, key of run 1; removed into #3",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "#3 z@ by A, new; labels home by A, new; 2 claims, run 3, key of run 2",
        "B shows #3, #2",
        "B #2 is y@, 1 claims",
        "B #3 is z@, labels home, 2 claims",
        "B lost emails/#3/labels",
    ]


def test_a_duplicate_row_has_no_say_and_the_unchanged_one_speaks_for_its_element() -> None:
    shelf = both()
    shelf.shows("B", row("7", X, "work"), row("8", Y), row("9", X, "home"))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2, #1",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]
    shelf.shows("B", row("6", X2, "school"), row("7", X, "work"), row("8", Y), row("9", X, "home"), row("5", Z))
    assert shelf.tells("B") == [
        "emails/#3: None -> z@ (new)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "#3 z@ by B, new; 1 claims, run 3, key of run 3",
        "B shows #1, #1, #2, #1, #3",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
        "B #3 is z@, 1 claims",
    ]


def test_the_row_of_a_duplicate_that_is_left_speaks_for_the_element_with_its_own_label_put_right() -> None:
    shelf = both()
    shelf.shows("B", row("7", X, "work"), row("8", Y), row("9", X, "home"))
    shelf.shows("B", row("8", Y), row("9", X, "home"))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2, #1",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_two_new_rows_with_one_value_are_one_element() -> None:
    shelf = both()
    shelf.shows("B", row("7", X, "work"), row("8", Y), row("5", Z, "home"), row("6", Z), row("4", W))
    assert shelf.tells("B") == [
        "emails/#3: None -> z@ (new)",
        "emails/#4: None -> w@ (new)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "#3 z@ by B, new; labels home by B, new; 1 claims, run 2, key of run 2",
        "#4 w@ by B, new; 1 claims, run 2, key of run 2",
        "B shows #1, #2, #3, #3, #4",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
        "B #3 is z@, labels home, 1 claims",
        "B #4 is w@, 1 claims",
    ]


def test_a_row_that_shows_what_golden_has_by_now_has_been_put_right_by_hand() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y))
    shelf.log.clear()
    shelf.shows("B", row("7", Z, "work"), row("8", Y))
    assert shelf.tells("B") == [
        "#1 z@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is z@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_a_row_whose_old_value_is_entered_anew_elsewhere_keeps_its_element() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y))
    shelf.log.clear()
    shelf.shows("B", row("7", Z, "work"), row("8", Y), row("9", X, "home"))
    assert shelf.tells("A", "B") == [
        "emails/#3: None -> x@ (new)",
        "#1 z@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "#3 x@ by B, new; labels home by B, new; 1 claims, run 3, key of run 3",
        "A shows #1, #2",
        "A #1 is z@, labels work, 1 claims",
        "A #2 is y@, 1 claims",
        "B shows #1, #2, #3",
        "B #1 is z@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
        "B #3 is x@, labels home, 1 claims",
    ]


def test_a_removed_element_moved_to_another_row_is_there_again() -> None:
    shelf = both()
    shelf.shows("A", row("2", Y))
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


def test_a_live_element_moved_to_another_row_is_not_claimed_anew() -> None:
    shelf = both()
    shelf.shows("B", row("8", Y), row("9", X, "home"))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2, #1",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
        "B lost emails/#1/labels",
    ]


def test_a_value_that_moves_to_another_row_while_it_was_edited_elsewhere_is_the_same_element() -> None:
    shelf = both()
    shelf.shows("A", row("1", Z, "work"), row("2", Y))
    shelf.log.clear()
    shelf.shows("B", row("8", Y), row("9", X, "work"))
    assert shelf.tells("B") == [
        "#1 z@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2, #1",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]
    swapped = both()
    swapped.shows("A", row("1", Z, "work"), row("2", W))
    swapped.log.clear()
    swapped.shows("B", row("7", Y, "work"), row("8", X))
    assert swapped.tells("B") == [
        "#1 z@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 w@ by A, edit; 1 claims, run 2, key of run 2",
        "B shows #2, #1",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
        "B lost emails/#1/labels",
        "B lost emails/#2/labels",
    ]


def test_rows_that_stay_keep_their_elements_although_another_one_has_their_value_by_now() -> None:
    for now in (X, X2):
        shelf = both()
        shelf.shows("A", row("1", Z, "work"), row("2", W))
        shelf.shows("A", row("1", Z, "work"), row("2", X))
        shelf.log.clear()
        shelf.shows("B", row("7", now, "work"), row("8", Y))
        assert shelf.knows("B")[0] == "shows #1, #2"
        if now == X:
            assert shelf.tells("B") == [
                "#1 z@ by A, edit; labels work by A, new; 1 claims, run 2, key of run 2",
                "#2 x@ by A, edit; 1 claims, run 3, key of run 3",
                "B shows #1, #2",
                "B #1 is x@, labels work, 1 claims",
                "B #2 is y@, 1 claims",
            ]


def test_an_edited_row_is_heard_after_a_duplicate() -> None:
    shelf = both()
    shelf.shows("B", row("7", X, "work"), row("9", X, "home"), row("8", W, "other"))
    assert shelf.tells("B") == [
        "emails/#2: y@ -> w@ (edit)",
        "emails/#2/labels: None -> other (edit)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 w@ by B, edit; labels other by B, edit; 1 claims, run 2, key of run 2",
        "B shows #1, #1, #2",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is w@, labels other, 1 claims",
    ]


def test_a_row_removed_in_two_systems_is_no_conflict() -> None:
    shelf = both()
    shelf.shows("A", row("2", Y))
    shelf.log.clear()
    shelf.shows("B", row("8", Y))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 2, key of run 1; removed",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2",
        "B #2 is y@, 1 claims",
    ]


def test_a_row_whose_element_has_gone_to_another_record_is_edited_or_removed_without_it() -> None:
    shelf = both()
    del shelf.golden.collection("emails").elements[shelf.element(1).eid]
    shelf.shows("B", row("7", Z, "work"), row("8", Y))
    assert shelf.tells("B") == [
        "emails/#2: None -> z@ (new)",
        "#1 y@ by A, new; 1 claims, run 1, key of run 1",
        "#2 z@ by B, new; labels work by B, new; 1 claims, run 2, key of run 2",
        "B shows #2, #1",
        "B #1 is y@, 1 claims",
        "B #2 is z@, labels work, 1 claims",
    ]
    gone = both()
    del gone.golden.collection("emails").elements[gone.element(1).eid]
    gone.shows("B", row("8", Y))
    assert gone.tells("B") == [
        "#1 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1",
        "B #1 is y@, 1 claims",
    ]


def test_a_live_element_is_found_by_its_key_before_a_removed_one() -> None:
    shelf = both()
    shelf.shows("A", row("2", Y))
    shelf.given("B", row("8", Y))
    shelf.given("B")
    shelf.element(2).value.value = X
    shelf.log.clear()
    shelf.shows("B", row("9", X2))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 2, key of run 1; removed",
        "#2 x@ by A, new; 2 claims, run 3, key of run 1",
        "B shows #2",
        "B #2 is x@, 2 claims",
    ]


def test_of_two_removed_elements_with_one_key_the_older_one_is_revived() -> None:
    shelf = Shelf(A=SHOUTING, B=ROWS)
    shelf.shows("B", row("7", X), row("8", X2 + "x"))
    shelf.shows("B")
    shelf.element(2).value.value = X2
    shelf.shows("B", row("9", X))
    assert shelf.tells("B") == [
        "emails/#1: None -> x@ (new)",
        "emails/#2: None -> X@x (new)",
        "emails/#1: x@ -> None (removed)",
        "emails/#2: X@x -> None (removed)",
        "emails/#1: revived: x@ of B beats None of B",
        "#1 x@ by B, new; 2 claims, run 3, key of run 3",
        "#2 X@ by B, new; 1 claims, run 2, key of run 1; removed",
        "B shows #1",
        "B #1 is x@, 2 claims",
    ]


def test_the_rows_of_a_system_without_ids_are_told_apart_by_what_they_say() -> None:
    shelf = both(b=NO_IDS)
    shelf.shows("B", row(None, Y), row(None, Z, "work"))
    assert shelf.tells("B") == [
        "emails/#1: x@ -> z@ (edit)",
        "#1 z@ by B, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2, #1",
        "B #1 is z@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]
    assert "shows #2, #1" in shelf.knows("B")


def test_what_is_forgotten_with_a_row_is_all_that_was_noted_of_it_and_nothing_else() -> None:
    shelf = both()
    link = shelf.links["B"]
    link.lost |= {shelf.path(1), shelf.path(1, "labels"), shelf.path(2, "labels"), "notes", "addresses/e1"}
    link.sent |= {shelf.path(1): "e", shelf.path(2): "e", "notes": "n"}
    shelf.shows("B", row("8", Y))
    assert link.lost == {shelf.path(2, "labels"), "notes", "addresses/e1"}
    assert link.sent == {shelf.path(1): "e", "notes": "n"}
    assert list(link.esent["emails"]) == [shelf.element(2).eid]


# lists that only flow to a system


def test_what_a_system_that_is_only_written_shows_is_not_taken() -> None:
    shelf = Shelf(A=ROWS, B=ROWS.replace("[emails]\n", '[emails]\ndirection = "write"\n'))
    shelf.shows("A", row("1", X, "work", pref=True), row("2", Y))
    shelf.log.clear()
    shelf.shows("B", row("7", X2, "home"), row("8", Z), row("9", Y, pref=True))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #1",
        "B shows #1, None, #2",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]
    shelf.shows("A", row("1", W, "work", pref=True), row("2", Y))
    shelf.log.clear()
    shelf.shows("B", row("7", X2, "home"), row("9", Y))
    assert shelf.tells("B") == [
        "#1 w@ by A, edit; labels work by A, new; 1 claims, run 3, key of run 3",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #1",
        "B shows #1, #2",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_what_a_system_that_is_written_once_shows_is_not_taken() -> None:
    shelf = Shelf(A=ROWS, B=ROWS.replace("[emails]\n", '[emails]\ndirection = "create"\n'))
    shelf.shows("A", row("1", X, "work"))
    shelf.shows("B", row("8", Z))
    assert [item.value.value for item in shelf.golden.collection("emails").elements.values()] == [X]


# pairs of rows


def pairs(seen: list[tuple[str, str | None]], current: list[tuple[str, str | None]]) -> list[int | None]:
    """Pairs of rows (value, label) without ids."""
    before = [Shown(None, None, value, {"labels": label}) for value, label in seen]
    now = [Position(None, value, {"labels": label}) for value, label in current]
    return pair(CollectionSpec("emails", "list"), before, now)


def test_rows_without_ids_are_paired_by_value_and_label_first() -> None:
    seen = [(X, "work"), (X, "home"), (Y, None)]
    assert pairs(seen, [(X, "home"), (Y, None), (X, "work")]) == [1, 2, 0]
    assert pairs(seen, [(X, "other"), (X, "home")]) == [0, 1]
    assert pairs([(X, None), (X, None)], [(X, None), (X, None), (X, None)]) == [0, 1, None]
    assert pairs(seen, []) == []


def test_one_row_that_is_gone_and_one_that_is_new_are_an_edit_if_their_labels_agree() -> None:
    assert pairs([(X, "work"), (Y, None)], [(Y, None), (Z, "work")]) == [1, 0]
    assert pairs([(X, "work"), (Y, None)], [(Y, None), (Z, "home")]) == [1, None]
    assert pairs([(X, "work"), (Y, "work")], [(Z, "work"), (W, "work")]) == [None, None]
    assert pairs([(X, "work"), (Y, "work")], [(Z, "work")]) == [None]
    assert pairs([(X, "work")], [(Z, "work"), (W, "work")]) == [None, None]


def test_rows_with_ids_and_slots_are_paired_by_them_alone() -> None:
    seen = [Shown("1", None, X), Shown(None, None, Y), Shown("3", None, Z)]
    now = [Position("3", X), Position(None, Y), Position("1", Z), Position("4", X)]
    for spec in (CollectionSpec("emails", "list", ids=True), CollectionSpec("emails", "slots")):
        assert pair(spec, seen, now) == [2, None, 0, None]
