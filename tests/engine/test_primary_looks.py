"""Which element is the primary one, look by look."""

from __future__ import annotations

from hub.state import LOST
from tests.engine.shelf import BARE, FIRST, ROWS, Shelf, row
from tests.engine.test_row_looks import both
from tests.engine.test_slot_looks import slots

X, Y = "x@x.example", "y@x.example"
LABELS = '[emails.slots]\nwork = { pick = "label:work", as = "email" }\nhome = { pick = "label:home", as = "email" }\n'


def flagged(first: str | None = X) -> Shelf:
    """Two lists that show x and y; the first one's flag."""
    shelf = Shelf(A=ROWS, B=ROWS)
    shelf.shows("A", *(row(str(number), value, pref=value == first) for number, value in enumerate((X, Y), 1)))
    shelf.given("A", *(row(str(number), value, pref=value == first) for number, value in enumerate((X, Y), 1)))
    shelf.given("B", *(row(str(number), value, pref=value == first) for number, value in enumerate((X, Y), 7)))
    shelf.log.clear()
    return shelf


def test_a_flag_moves_and_goes() -> None:
    shelf = flagged()
    shelf.shows("B", row("7", X), row("8", Y, pref=True))
    assert shelf.tells("A", "B") == [
        "emails/primary: #1 -> #2 (edit)",
        "#1 x@ by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #2",
        "A shows #1, #2",
        "A #1 is x@, 1 claims",
        "A #2 is y@, 1 claims",
        "A primary #1",
        "B shows #1, #2",
        "B #1 is x@, 1 claims",
        "B #2 is y@, 1 claims",
        "B primary #2",
    ]
    shelf.shows("B", row("7", X), row("8", Y))
    assert shelf.tells("B") == [
        "emails/primary: #2 -> None (edit)",
        "#1 x@ by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, 1 claims",
        "B #2 is y@, 1 claims",
    ]


def test_a_flag_put_right_by_hand_is_no_edit() -> None:
    shelf = flagged()
    shelf.links["B"].native = {"emails": [row("7", X), row("8", Y, pref=True)]}
    shelf.shows("B", row("7", X, pref=True), row("8", Y))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #1",
        "B shows #1, #2",
        "B #1 is x@, 1 claims",
        "B #2 is y@, 1 claims",
        "B primary #1",
    ]


def test_a_flag_that_goes_with_its_row_says_nothing_but_is_to_be_put_right() -> None:
    shelf = flagged()
    shelf.shows("B", row("8", Y))
    assert shelf.tells("B") == [
        "emails/#1: x@ -> None (removed)",
        "#1 x@ by A, new; 1 claims, run 2, key of run 1; removed",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2",
        "B #2 is y@, 1 claims",
        "B primary !lost",
    ]
    late = flagged()
    late.shows("A", row("1", X, "home", pref=True), row("2", Y))
    late.log.clear()
    late.shows("B", row("8", Y))
    assert late.tells("B") == [
        "emails/#1: an edit beats a removal: x@ of A beats None of B",
        "#1 x@ by A, new; labels home by A, edit; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #1",
        "B shows #2",
        "B #2 is y@, 1 claims",
        "B primary !lost",
    ]


def test_a_flag_at_a_removed_row_is_to_be_put_right() -> None:
    shelf = flagged()
    shelf.shows("A", row("1", X, pref=True))
    shelf.log.clear()
    shelf.shows("B", row("7", X), row("8", Y, pref=True))
    assert shelf.tells("B") == [
        "#1 x@ by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 2, key of run 1; removed",
        "primary #1",
        "B shows #1, #2",
        "B #1 is x@, 1 claims",
        "B #2 is y@, 1 claims",
        "B primary !lost",
    ]


def test_what_was_sent_and_is_removed_elsewhere_is_to_be_put_right() -> None:
    shelf = flagged()
    shelf.shows("A", row("2", Y))
    shelf.log.clear()
    shelf.shows("B", row("7", X, pref=True), row("8", Y))
    assert shelf.links["B"].psent["emails"] == LOST
    assert shelf.log == []


def test_the_flag_of_another_row_while_golden_moved_is_a_conflict() -> None:
    shelf = flagged(None)
    shelf.shows("A", row("1", X, pref=True), row("2", Y), time=50.0)
    shelf.shows("B", row("7", X), row("8", Y, pref=True), time=90.0)
    assert shelf.tells("B") == [
        "emails/primary: None -> #1 (edit)",
        "emails/primary: later edit: #2 of B beats #1 of A",
        "emails/primary: #1 -> #2 (conflict: later edit)",
        "#1 x@ by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #2",
        "B shows #1, #2",
        "B #1 is x@, 1 claims",
        "B #2 is y@, 1 claims",
        "B primary #2",
    ]
    late = flagged(None)
    late.shows("A", row("1", X, pref=True), row("2", Y), time=90.0)
    late.shows("B", row("7", X), row("8", Y, pref=True), time=50.0)
    assert late.tells("B") == [
        "emails/primary: None -> #1 (edit)",
        "emails/primary: later edit: #1 of A beats #2 of B",
        "#1 x@ by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #1",
        "B shows #1, #2",
        "B #1 is x@, 1 claims",
        "B #2 is y@, 1 claims",
        "B primary !lost",
    ]
    same = flagged(None)
    same.shows("A", row("1", X, pref=True), row("2", Y), time=90.0)
    same.shows("B", row("7", X, pref=True), row("8", Y), time=50.0)
    assert same.tells("B") == [
        "emails/primary: None -> #1 (edit)",
        "#1 x@ by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #1",
        "B shows #1, #2",
        "B #1 is x@, 1 claims",
        "B #2 is y@, 1 claims",
        "B primary #1",
    ]


def test_a_flag_cleared_in_two_systems_is_no_conflict_and_one_that_golden_lost_is() -> None:
    shelf = flagged()
    shelf.shows("A", row("1", X), row("2", Y))
    shelf.shows("B", row("7", X), row("8", Y))
    assert shelf.tells("B") == [
        "emails/primary: #1 -> None (edit)",
        "#1 x@ by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #1, #2",
        "B #1 is x@, 1 claims",
        "B #2 is y@, 1 claims",
    ]
    moved = flagged()
    moved.shows("A", row("1", X), row("2", Y), time=50.0)
    moved.shows("B", row("7", X), row("8", Y, pref=True), time=90.0)
    assert moved.tells("B") == [
        "emails/primary: #1 -> None (edit)",
        "emails/primary: known age: #2 of B beats None of hub",
        "emails/primary: None -> #2 (conflict: known age)",
        "#1 x@ by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #2",
        "B shows #1, #2",
        "B #1 is x@, 1 claims",
        "B #2 is y@, 1 claims",
        "B primary #2",
    ]
    gone = flagged()
    gone.shows("A", row("2", Y), time=50.0)
    gone.shows("B", row("7", X), row("8", Y, pref=True), time=90.0)
    assert gone.tells("B") == [
        "emails/#1: x@ -> None (removed)",
        "emails/primary: known age: #2 of B beats None of hub",
        "emails/primary: None -> #2 (conflict: known age)",
        "#1 x@ by A, new; 1 claims, run 2, key of run 1; removed",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #2",
        "B shows #1, #2",
        "B #1 is x@, 1 claims",
        "B #2 is y@, 1 claims",
        "B primary #2",
    ]


def test_the_first_link_fills_the_primary_one_or_is_told_it() -> None:
    for of_a, of_b in ((None, Y), (X, Y), (X, X), (X, None)):
        shelf = Shelf(A=ROWS, B=ROWS)
        shelf.shows("A", row("1", X, pref=of_a == X), row("2", Y, pref=of_a == Y))
        shelf.log.clear()
        shelf.shows("B", row("7", X, pref=of_b == X), row("8", Y, pref=of_b == Y))
        wanted = shelf.element(1 if of_a else 2).eid
        assert shelf.golden.collection("emails").primary_eid() == wanted
        sent = shelf.links["B"].psent["emails"]
        assert sent == (None if of_b is None else LOST if of_a not in (None, of_b) else wanted)
        assert shelf.log == ([] if of_a else ["emails/primary: None -> #2 (first value)"])


def test_a_list_in_order_says_its_primary_one_only_by_moving_another_row_to_the_front() -> None:
    shelf = both(b=FIRST)
    shelf.shows("A", row("1", X, "work", pref=True), row("2", Y))
    shelf.given("B", row("7", X, "work"), row("8", Y))
    shelf.log.clear()
    shelf.shows("B", row("8", Y), row("7", X, "work"))
    assert shelf.tells("B") == [
        "emails/primary: #1 -> #2 (edit)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "primary #2",
        "B shows #2, #1",
        "B #1 is x@, labels work, 1 claims",
        "B #2 is y@, 1 claims",
        "B primary #2",
    ]
    gone = both(b=FIRST)
    gone.shows("A", row("1", X, "work", pref=True), row("2", Y))
    gone.given("B", row("7", X, "work"), row("8", Y))
    gone.log.clear()
    gone.shows("B", row("8", Y))
    assert gone.tells("B") == [
        "emails/#1: x@ -> None (removed)",
        "#1 x@ by A, new; labels work by A, new; 1 claims, run 3, key of run 1; removed",
        "#2 y@ by A, new; 1 claims, run 1, key of run 1",
        "B shows #2",
        "B #2 is y@, 1 claims",
        "B primary !lost",
    ]
    new = both(b=FIRST)
    new.given("B")
    new.shows("B", row("8", Y))
    assert new.golden.collection("emails").primary_eid() is None


def test_a_cleared_primary_slot_is_no_statement() -> None:
    shelf = slots()
    shelf.shows("A", row("1", X, "other", pref=True), row("2", Y, "home"))
    shelf.log.clear()
    shelf.shows("B", email=None, email2=Y)
    assert shelf.tells("B") == [
        "emails/#1: an edit beats a removal: x@ of A beats None of B",
        "#1 x@ by A, new; labels other by A, edit; 1 claims, run 1, key of run 1",
        "#2 y@ by A, new; labels home by A, new; 1 claims, run 1, key of run 1",
        "primary #1",
        "B shows None, #2",
        "B #2 is y@, labels home, 1 claims",
        "B primary #1",
    ]


def test_a_collection_that_shows_no_primary_one_notes_none() -> None:
    shelf = both(b=BARE)
    shelf.links["B"].psent.clear()
    shelf.shows("B", row(None, Y), row(None, X))
    assert shelf.links["B"].psent == {}
    labels = slots(LABELS, "work", "home")
    labels.links["B"].psent.clear()
    labels.shows("B", work=Y, home=X)
    assert labels.links["B"].psent == {}
