"""What is planned for slots (rules S1-S3), put together by hand: which are filled, changed, emptied or left alone."""

from __future__ import annotations

from typing import Any

import pytest

from hub.state import LOST, Cell, Esent, mark_of
from hub.sync.plan import collections
from hub.sync.plan.draft import UNDONE
from hub.sync.plan.items import Diff, Payload
from hub.sync.plan.record import plan_record
from tests.engine.planned import after, drafted, element, golden, lines, planned, slots

X, Y, Z = "x@x.example", "y@x.example", "z@x.example"
LONG = "much.too.long@x.example"
CANNOT = "this system cannot hold this value"
TWO = slots(email="primary", email2="next")
SHORT = TWO.replace('as = "email"', 'as = "email", max = 12')
LABELS = slots(work="label:work", home="label:home")
NOTED = '[fields]\nnotes = "notes"\n' + TWO


def pictured(**shown: str | None) -> dict[str, list[list[str | None]]]:
    return {"emails": [[slot, eid] for slot, eid in shown.items()]}


def sent(value: Any, *labels: str, claims: int = 1) -> Esent:
    return Esent(value, {"labels": labels} if labels else {}, claims)


# slots that stay


@pytest.mark.parametrize("shown", [(X, Y), (Z, "w@x.example")], ids=["as given", "as the system makes it"])
def test_slots_that_show_what_they_were_given_need_nothing(shown: tuple[str, str]) -> None:
    record = golden(element("a", X), element("b", Y), primary="a")
    native = dict(zip(("email", "email2"), shown, strict=True))
    assert plan_record(drafted(TWO, record, native, pictured(email="a", email2="b"))) is None


@pytest.mark.parametrize("known", [{}, {"lost": {"notes"}}], ids=["at once", "after a look at each"])
def test_what_slots_show_is_said_with_what_else_is_planned(known: dict[str, Any]) -> None:
    record = golden(element("a", X), notes="new")
    native = {"email": None, "email2": X, "notes": "old"}
    item = planned(NOTED, record, native, pictured(email=None, email2="a"), sent={"notes": "old"}, **known)
    assert after(NOTED, native, item) == {"email": None, "email2": X, "notes": "new"}
    assert item.book == Payload(picture=pictured(email=None, email2="a"))
    record = golden(notes="new")
    native = {"email": None, "email2": None, "notes": "old"}
    item = planned(NOTED, record, native, pictured(email=None, email2=None), sent={"notes": "old"}, **known)
    assert item.book == Payload(), "of empty slots there is nothing to say"


def test_an_element_that_was_claimed_again_or_labelled_is_noted_at_once() -> None:
    record = golden(element("a", X, claims=2), element("b", Y, "work"), primary="a")
    known = {"emails": {"a": sent(X), "b": sent(Y)}}
    item = planned(TWO, record, {"email": X, "email2": Y}, pictured(email="a", email2="b"), esent=known)
    assert (item.data, item.writes) == ({}, Payload())
    assert item.book == Payload(
        elements={"emails": {"a": [X, {}, 2], "b": [Y, {"labels": ("work",)}, 1]}},
        picture=pictured(email="a", email2="b"),
    )


def test_an_element_that_was_never_sent_is_noted_at_once() -> None:
    record = golden(element("a", X), primary="a")
    item = planned(TWO, record, {"email": X, "email2": None}, pictured(email="a", email2=None), esent={})
    assert (item.data, item.writes, item.book.elements) == ({}, Payload(), {"emails": {"a": [X, {}, 1]}})


def test_a_primary_one_that_is_another_now_in_a_system_that_shows_it_already_is_noted_at_once() -> None:
    record = golden(element("a", X), element("b", Y), primary="a")
    native: dict[str, Any] = {"email": X, "email2": Y}
    item = planned(TWO, record, native, pictured(email="a", email2="b"), psent={"emails": "b"})
    assert (item.data, item.writes) == ({}, Payload())
    assert item.book == Payload(psent={"emails": "a"}, picture=pictured(email="a", email2="b"))
    record.fields["notes"] = Cell("new")
    for shown in ("a", None):
        record.collection("emails").elements["b"].alive = shown is not None
        native = {"email": X, "email2": Y if shown else None, "notes": "old"}
        picture = pictured(email="a", email2="b" if shown else None)
        item = planned(NOTED, record, native, picture, sent={}, psent={"emails": "b"}, lost={"name"})
        assert (item.writes, item.book.psent) == (Payload({"notes": "new"}), {"emails": "a"})


def test_a_primary_one_is_noted_only_where_a_slot_shows_it() -> None:
    record = golden(element("a", X, "work"), primary="a")
    native = {"work": X, "home": None}
    assert plan_record(drafted(LABELS, record, native, pictured(work="a", home=None), psent={})) is None
    record = golden(element("a", Y, "work"), primary="a")
    known: dict[str, Any] = {"esent": {"emails": {"a": sent(X, "work")}}, "psent": {}}
    item = planned(LABELS, record, native, pictured(work="a", home=None), **known)
    assert (item.writes.psent, item.book.psent) == ({}, {})


def test_without_a_primary_one_this_is_noted_once() -> None:
    record = golden(element("a", X))
    native, picture = {"email": X, "email2": None}, pictured(email="a", email2=None)
    item = planned(TWO, record, native, picture, psent={})
    assert item.book.psent == {"emails": None}
    assert plan_record(drafted(TWO, record, native, picture, psent={"emails": None})) is None
    assert planned(TWO, record, native, picture, psent={"emails": LOST}).book.psent == {"emails": None}


def not_asked(*_: Any) -> Any:
    """Takes the place of ``assign``."""
    raise AssertionError


@pytest.mark.parametrize(
    ("shape", "shown", "labels", "primary"),
    [
        (TWO, {"email": "a", "email2": "b"}, (), "a"),
        (TWO, {"email": "a", "email2": None}, (), "a"),
        (TWO, {"email": None, "email2": "a"}, (), None),
        (TWO, {"email": "a", "email2": "b"}, (), None),
        (TWO, {"email": None, "email2": None}, (), None),
        (LABELS, {"work": None, "home": "a"}, ("home",), "a"),
        (slots(login="next"), {"login": "a"}, (), "a"),
    ],
)
def test_slots_that_stand_as_they_should_are_not_assigned_anew(
    monkeypatch: pytest.MonkeyPatch,
    shape: str,
    shown: dict[str, str | None],
    labels: tuple[str, ...],
    primary: str | None,
) -> None:
    """Most records are planned when nothing is to be written to them."""
    monkeypatch.setattr(collections, "assign", not_asked)
    record = golden(
        *(element(eid, X if eid == "a" else Y, *labels) for eid in "ab" if eid in shown.values()), primary=primary
    )
    values = {"a": X, "b": Y}
    native = {slot: values.get(eid or "") for slot, eid in shown.items()}
    assert plan_record(drafted(shape, record, native, pictured(**shown))) is None


# slots that change


def test_a_changed_value_is_set_where_it_stands() -> None:
    record = golden(element("a", Z), element("b", Y), primary="a")
    native = {"email": X, "email2": Y}
    known = {"emails": {"a": sent(X), "b": sent(Y)}}
    item = planned(TWO, record, native, pictured(email="a", email2="b"), esent=known)
    assert after(TWO, native, item) == {"email": Z, "email2": Y}
    assert item.diffs == [Diff("emails/email", X, Z, "Z", "edit")]
    assert item.writes == Payload(elements={"emails": {"a": [Z, {}, 1]}}, picture=pictured(email="a", email2="b"))
    assert item.book == Payload()


def test_a_new_address_fills_the_free_slot() -> None:
    record = golden(element("a", X), element("b", Y, stamp=2), primary="a")
    native = {"email": X, "email2": None}
    item = planned(TWO, record, native, pictured(email="a", email2=None))
    assert after(TWO, native, item) == {"email": X, "email2": Y}
    assert item.writes == Payload(elements={"emails": {"b": [Y, {}, 1]}}, picture=pictured(email="a", email2="b"))
    assert lines(item) == [("emails/email2", None, Y)]


@pytest.mark.parametrize("shape", [TWO, slots(email="primary, next", email2="next")])
def test_a_primary_one_that_stands_in_another_slot_changes_places(shape: str) -> None:
    record = golden(element("a", X), element("b", Y), primary="b")
    native = {"email": X, "email2": Y}
    item = planned(shape, record, native, pictured(email="a", email2="b"), psent={"emails": "a"})
    assert after(TWO, native, item) == {"email": Y, "email2": X}
    assert item.writes == Payload(
        elements={"emails": {"b": [Y, {}, 1], "a": [X, {}, 1]}},
        psent={"emails": "b"},
        picture=pictured(email="b", email2="a"),
    )
    assert item.book == Payload()


def test_the_slot_of_a_removed_element_is_emptied() -> None:
    record = golden(element("a", X), element("b", Y, alive=False), primary="a")
    native = {"email": X, "email2": Y}
    item = planned(TWO, record, native, pictured(email="a", email2="b"))
    assert after(TWO, native, item) == {"email": X, "email2": None}
    assert item.diffs == [Diff("emails/email2", Y, None)]
    assert item.writes == Payload(picture=pictured(email="a", email2=None))


def test_the_slot_of_a_removed_element_shows_the_one_that_came_instead() -> None:
    record = golden(element("a", X, alive=False), element("b", Y, stamp=2))
    native = {"email": X, "email2": None}
    item = planned(TWO, record, native, pictured(email="a", email2=None))
    assert after(TWO, native, item) == {"email": Y, "email2": None}


def test_the_last_one_that_goes_empties_its_slot() -> None:
    record = golden(element("a", X, alive=False))
    native = {"email": X, "email2": None}
    item = planned(TWO, record, native, pictured(email="a", email2=None))
    assert after(TWO, native, item) == {"email": None, "email2": None}
    assert (item.writes, item.book) == (Payload(picture=pictured(email=None, email2=None)), Payload())


def test_a_value_in_a_slot_that_nobody_can_name_is_left_alone() -> None:
    native = {"email": Z, "email2": None}
    item = planned(TWO, golden(notes="x"), native, pictured(email=None, email2=None), lost={"notes"}, psent={})
    assert (item.data, item.writes, item.diffs) == ({}, Payload(), [])
    assert item.book == Payload(psent={"emails": None})


def test_a_slot_that_shows_the_wanted_value_already_is_only_noted() -> None:
    record = golden(element("a", X), element("b", Y), primary="b")
    native = {"email": Y.upper(), "email2": None}
    item = planned(TWO, record, native, pictured(email="a", email2=None), esent={"emails": {"a": sent(X)}})
    assert after(TWO, native, item) == {"email": Y.upper(), "email2": X}
    assert lines(item) == [("emails/email2", None, X)]
    assert item.book == Payload(elements={"emails": {"b": [Y, {}, 1]}})
    assert item.writes.elements == {"emails": {"a": [X, {}, 1]}}


def test_a_slot_for_a_label_is_emptied_when_its_element_has_lost_the_label() -> None:
    record = golden(element("a", X, "other"))
    native = {"work": X, "home": None}
    item = planned(LABELS, record, native, pictured(work="a", home=None))
    assert after(LABELS, native, item) == {"work": None, "home": None}
    assert item.writes == Payload(picture=pictured(work=None, home=None))


def test_what_lost_a_conflict_is_given_again_though_golden_is_as_it_was() -> None:
    record = golden(element("a", X), element("b", Y), primary="a")
    native = {"email": Z, "email2": "y2@x.example"}
    item = planned(TWO, record, native, pictured(email="a", email2="b"), lost={"emails/a", "notes"})
    assert after(TWO, native, item) == {"email": X, "email2": "y2@x.example"}
    assert item.writes == Payload(
        elements={"emails": {"a": [X, {}, 1]}}, picture=pictured(email="a", email2="b"), cleared=["emails/a"]
    )


def test_a_value_that_waits_for_a_person_stays_in_its_slot_and_goes_to_no_other_system_as_given() -> None:
    record = golden(element("a", X), primary="a")
    record.frozen["emails/a"] = []
    native, picture = {"email": Y, "email2": None}, pictured(email="a", email2=None)
    assert plan_record(drafted(TWO, record, native, picture, esent={"emails": {"a": sent(Y)}})) is None
    record.collection("emails").elements["b"] = element("b", Z, stamp=2)
    item = planned(TWO, record, native, picture, esent={"emails": {"a": sent(Y)}})
    assert after(TWO, native, item) == {"email": Y, "email2": Z}
    assert item.writes.elements == {"emails": {"b": [Z, {}, 1]}}


def test_a_value_that_waits_for_a_person_is_given_in_another_slot() -> None:
    record = golden(element("a", X, alive=False), element("b", Y), primary="b")
    record.frozen["emails/b"] = []
    native = {"email": X, "email2": None}
    item = planned(TWO, record, native, pictured(email="a", email2=None), psent={"emails": "b"})
    assert after(TWO, native, item) == {"email": Y, "email2": None}


# what this system cannot hold


def test_a_primary_one_that_this_system_cannot_hold_is_told_and_its_slot_left_as_it_is() -> None:
    record = golden(element("a", LONG), primary="a")
    native, picture = {"email": X, "email2": None}, pictured(email="a", email2=None)
    for known in (LONG, X):
        item = planned(SHORT, record, native, picture, esent={"emails": {"a": sent(known)}})
        assert (item.data, item.held, item.writes) == ({}, {"emails/a": CANNOT}, Payload())
        assert item.book.elements == {}


# what was typed into two slots


def test_a_value_that_a_user_typed_into_two_slots_stays_until_golden_changes() -> None:
    record = golden(element("a", X), element("b", Y, alive=False), primary="a")
    native, picture = {"email": X, "email2": X}, pictured(email="a", email2="a")
    assert plan_record(drafted(TWO, record, native, picture)) is None
    known = {"emails": {"a": sent(Y)}}
    item = planned(TWO, record, native, picture, esent=known)
    assert after(TWO, native, item) == {"email": X, "email2": None}
    item = planned(TWO, record, native, picture, esent={})
    assert after(TWO, native, item) == {"email": X, "email2": None}


@pytest.mark.parametrize("state", ["lost", "undone"])
def test_a_value_in_two_slots_that_lost_or_that_an_undo_left_stays_in_one(state: str) -> None:
    record = golden(element("a", X), primary="a")
    native, picture = {"email": X, "email2": X}, pictured(email="a", email2="a")
    known: dict[str, Any] = {"lost": {"emails/a"}} if state == "lost" else {"undone": {"emails/a": [0]}}
    item = planned(TWO, record, native, picture, **known)
    assert after(TWO, native, item) == {"email": X, "email2": None}
    assert item.writes.picture == pictured(email="a", email2=None)


# what a person took back


def test_a_slot_that_a_person_took_back_goes_on_showing_what_it_shows() -> None:
    record = golden(element("a", X), element("b", Y), primary="b")
    coll = record.collection("emails")
    native, picture = {"email": X, "email2": None}, pictured(email="a", email2=None)
    undone = {
        "emails/email": mark_of(coll.elements["b"], coll.elements["a"]),
        "emails/email2": mark_of(coll.elements["a"]),
    }
    item = planned(TWO, record, native, picture, undone=undone, psent={"emails": "a"})
    assert (item.data, item.held) == ({}, {"emails/email": UNDONE, "emails/email2": UNDONE})
    assert item.writes == Payload()
    assert item.book.picture == picture
    coll.elements["b"].value.seq = 9
    item = planned(TWO, record, native, picture, undone=undone, psent={"emails": "a"})
    assert after(TWO, native, item) == {"email": Y, "email2": None}, "until golden moves"


def test_a_slot_that_a_person_took_back_follows_the_value_of_what_it_shows() -> None:
    record = golden(element("a", Z), element("b", Y), primary="b")
    coll = record.collection("emails")
    native = {"email": X, "email2": Y}
    undone = {
        "emails/email": mark_of(coll.elements["b"], coll.elements["a"]),
        "emails/email2": mark_of(coll.elements["a"], coll.elements["b"]),
    }
    known: dict[str, Any] = {"undone": undone, "esent": {"emails": {"a": sent(X), "b": sent(Y)}}}
    item = planned(TWO, record, native, pictured(email="a", email2="b"), **known)
    assert after(TWO, native, item) == {"email": Z, "email2": Y}
    assert item.held == {"emails/email": UNDONE, "emails/email2": UNDONE}
    assert item.writes.elements == {"emails": {"a": [Z, {}, 1]}}
    assert item.writes.picture == pictured(email="a", email2="b")


def test_a_slot_that_a_person_gave_back_a_removed_address_keeps_it_until_golden_moves() -> None:
    record = golden(element("a", Z, alive=False), element("b", Y), primary="b")
    coll = record.collection("emails")
    native, picture = {"email": X, "email2": Y}, pictured(email="a", email2="b")
    undone = {"emails/email": mark_of(coll.elements["b"], coll.elements["a"])}
    item = planned(TWO, record, native, picture, undone=undone)
    assert after(TWO, native, item)["email"] == X
    assert item.held == {"emails/email": UNDONE}


def test_what_an_undo_left_in_its_own_slot_is_given_when_golden_has_moved() -> None:
    record = golden(element("a", X), primary="a")
    a = record.collection("emails").elements["a"]
    native, picture = {"email": Y, "email2": None}, pictured(email="a", email2=None)
    undone = {"emails/a": mark_of(a)}
    item = plan_record(drafted(TWO, record, native, picture, undone=undone))
    assert item is None or (item.data, item.writes) == ({}, Payload())
    a.value = Cell(X, "Z", 5)
    item = planned(TWO, record, native, picture, undone=undone)
    assert after(TWO, native, item) == {"email": X, "email2": None}


# records that have not every slot


def test_a_slot_that_the_record_does_not_have_is_passed_over() -> None:
    shape = '[fields]\nnotes = "notes"\n[emails.slots]\n' + "".join(
        f'{name} = {{ pick = "{pick}", as = "email"{when} }}\n'
        for name, pick, when in (("email", "primary", ', only_when = { type = "b" }'), ("login", "next", ""))
    )
    record = golden(element("a", X), element("b", Y), notes="new")
    native: dict[str, Any] = {"type": "a", "email": Z, "login": None, "notes": "old"}
    item = planned(shape, record, native, pictured(login=None), sent={"notes": "old"})
    assert after(shape, native, item) == {**native, "login": X, "notes": "new"}
    assert item.writes.picture == pictured(login="a")
    native["login"] = X
    item = planned(shape, golden(element("a", X), notes="new"), native, pictured(login="a"), sent={"notes": "old"})
    assert after(shape, native, item) == {**native, "notes": "new"}
    assert item.book.picture == pictured(login="a")


def test_a_new_record_shows_what_fits_into_its_slots() -> None:
    record = golden(element("a", X, stamp=1, run="1"), element("b", Y, stamp=2, run="2"), element("c", Z), primary="b")
    item = planned(TWO, record, None)
    assert after(TWO, None, item) == {"email": Y, "email2": Z}
    assert item.writes.picture == pictured(email="b", email2="c")
    assert item.writes.psent == {"emails": "b"}
    assert lines(item) == [("emails/email", None, Y), ("emails/email2", None, Z)]
