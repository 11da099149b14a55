"""Which element every slot shows and what is removed, look by look."""

from __future__ import annotations

from tests.engine.shelf import ROWS, SLOTS, Shelf, row

X, Y, Z = "x@x.example", "y@x.example", "z@x.example"
LABELS = '[emails.slots]\nwork = { pick = "label:work", as = "email" }\nhome = { pick = "label:home", as = "email" }\n'


def slots(b: str = SLOTS, x: str = "email", y: str = "email2") -> Shelf:
    """A list with x, labelled and primary, and y, and a system that shows them in two slots."""
    shelf = Shelf(A=ROWS, B=b)
    shelf.shows("A", row("1", X, "work", pref=True), row("2", Y, "home"))
    shelf.given("B", **{x: X, y: Y})
    shelf.log.clear()
    return shelf


def test_a_slot_with_the_value_of_a_live_element_shows_that_one() -> None:
    shelf = slots()
    shelf.shows("A", row("1", X, "work", pref=True), row("2", Y, "home"), row("3", Z))
    shelf.log.clear()
    shelf.shows("B", email=Z, email2=Y)
    assert shelf.tells("B") == [
        "emails/primary: #1 -> #3 (edit)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; labels home by A, new; 1 claims, run 1, key of run 1",
        "#3 z@ by A, new; 2 claims, run 3, key of run 2",
        "primary #3",
        "B shows #3, #2",
        "B #2 is y@, labels home, 1 claims",
        "B #3 is z@, 2 claims",
        "B primary #3",
    ]


def test_slots_swapped_change_the_primary_one() -> None:
    shelf = slots()
    shelf.shows("B", email=Y, email2=X)
    assert shelf.tells("B") == [
        "emails/primary: #1 -> #2 (edit)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; labels home by A, new; 1 claims, run 1, key of run 1",
        "primary #2",
        "B shows #2, #1",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, labels home, 1 claims",
        "B primary #2",
    ]


def test_a_slot_cleared_removes_its_element_and_stays_empty() -> None:
    shelf = slots()
    shelf.shows("B", email=None, email2=Y)
    assert shelf.tells("B") == [
        "emails/#1: x@ -> None (removed)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 2, key of run 1; removed",
        "#2 y@ by A, new; labels home by A, new; 1 claims, run 1, key of run 1",
        "B shows None, #2",
        "B #2 is y@, labels home, 1 claims",
        "B primary !lost",
        "B email is kept empty since run 2",
    ]


def test_a_removed_element_is_not_revived_by_a_slot_that_had_another_value() -> None:
    shelf = slots()
    shelf.shows("A", row("1", X, "work", pref=True))
    shelf.given("B", email=X, email2=None)
    shelf.log.clear()
    shelf.shows("B", email=Y, email2=None)
    assert shelf.tells("B") == [
        "emails/#1: x@ -> y@ (edit)",
        "#1 y@ by B, edit; labels work by A, new; 1 claims, run 3, key of run 3",
        "#2 y@ by A, new; labels home by A, new; 1 claims, run 2, key of run 1; removed",
        "primary #1",
        "B shows #1, None",
        "B #1 is y@, labels work, 1 claims",
        "B primary #1",
    ]


def test_a_removed_element_is_revived_by_a_slot_that_was_empty_or_in_the_run_of_its_removal() -> None:
    shelf = slots()
    shelf.shows("A", row("1", X, "work", pref=True))
    shelf.given("B", email=X, email2=None)
    shelf.log.clear()
    shelf.shows("B", email=X, email2=Y)
    assert shelf.tells("B") == [
        "emails/#2: revived: y@ of B beats None of A",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; labels home by A, new; 2 claims, run 3, key of run 3",
        "primary #1",
        "B shows #1, #2",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, labels home, 2 claims",
        "B primary #1",
    ]
    again = slots()
    again.shows("A", row("1", X, "work", pref=True))
    again.given("B", email=X, email2=None)
    again.log.clear()
    again.shows("B", email=Y, email2=None, same_run=True)
    assert again.tells("B") == [
        "emails/#2: revived: y@ of B beats None of A",
        "emails/primary: #1 -> #2 (edit)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; labels home by A, new; 2 claims, run 2, key of run 1",
        "primary #2",
        "B shows #2, None",
        "B #2 is y@, labels home, 2 claims",
        "B primary #2",
    ]
    last = slots()
    last.shows("A", row("1", X, "work", pref=True))
    last.given("B", email=X, email2=None)
    last.element(2).stamp = 300  # the last change before this run
    last.log.clear()
    last.shows("B", email=Y, email2=None)
    assert last.log == ["emails/#1: x@ -> y@ (edit)"]


def test_a_slot_for_a_label_gives_its_label() -> None:
    shelf = slots(LABELS, "work", "home")
    shelf.shows("B", work=Y, home=X)
    assert shelf.tells("B") == [
        "emails/#2/labels: home -> work (place)",
        "emails/#1/labels: work -> home (place)",
        "#1 x@ by A, new; labels home by B, place; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; labels work by B, place; 1 claims, run 1, key of run 1",
        "primary #1",
        "B shows #2, #1",
        "B #1 is x@, labels home, 1 claims",
        "B #2 is y@, labels work, 1 claims",
        "B primary #1",
    ]
    same = slots(LABELS, "work", "home")
    same.shows("B", work=Z, home=Y)
    assert same.tells("B") == [
        "emails/#1: x@ -> z@ (edit)",
        "#1 z@ by B, edit; labels work by A, new; 1 claims, run 2, key of run 2",
        "#2 y@ by A, new; labels home by A, new; 1 claims, run 1, key of run 1",
        "primary #1",
        "B shows #1, #2",
        "B #1 is z@, labels work, 1 claims",
        "B #2 is y@, labels home, 1 claims",
        "B primary #1",
    ]
