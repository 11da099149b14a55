"""Settling the rows and slots that a write of ours was to leave: what is kept as seen, as sent, and as a problem."""

from __future__ import annotations

from typing import Any

import pytest

from hub.mapping.view import Position, View
from hub.state import Base, Esent, Link, Shown
from hub.sync.merge.settle import Settlement, adopt
from hub.sync.plan.items import Payload
from tests.engine.test_field_table import mapping_of
from tests.engine.test_settling import HOME, MAPPING, MARRIED, MOVED, NAME, SLOTTED, a_link, row, settled, shown

ADDRESSED = mapping_of("""
[fields]
name.full = "name"
[addresses]
list = "addresses"
id = "id"
lines = { at = "street", as = "lines(newline)" }
city = "city"
""")


def emails(*rows: Position) -> View:
    return View({}, {"emails": rows})


def given(*eids: str, picture: list[list[str | None]], name: str = "emails", **more: Any) -> Payload:
    return Payload(elements={name: {eid: [f"golden {eid}", {}, 3] for eid in eids}}, picture={name: picture}, **more)


def test_the_answer_gives_new_rows_their_ids_and_elements() -> None:
    link, base = a_link(), Base({}, {"emails": [shown("1", "ex", "x")]})
    payload = given("ey", "ez", picture=[["1", "ex"], [None, "ey"], [None, "ez"]], psent={"emails": "ey"})
    wanted = emails(row("1", "x"), row(None, "y", "work"), row(None, "z"))
    image = emails(row("1", "x", "car", True), row("2", "z"), row("3", "Y", "work"))
    result = settled(base, payload, wanted, image, link, direct=True)
    assert base.collections == {
        "emails": [
            Shown("1", "ex", "x", {"labels": ("car",)}, True),
            shown("3", "ey", "Y", "work"),
            shown("2", "ez", "z"),
        ]
    }
    assert link.picture == {"emails": [["1", "ex"], ["3", "ey"], ["2", "ez"]]}
    assert link.esent == {"emails": {"ey": Esent("golden ey", {}, 3), "ez": Esent("golden ez", {}, 3)}}
    assert (link.psent, link.sent, result.problems) == ({"emails": "ey"}, {}, [])


def test_a_row_that_the_answer_does_not_show_is_told_and_not_sent_again() -> None:
    link, base = a_link(), Base({}, {"emails": [shown("1", "ex", "x"), shown("2", "ew", "w")]})
    payload = given("ex", "ez", picture=[["1", "ex"], ["2", "ew"], [None, "ez"], [None, None]])
    wanted = emails(row("1", "x2"), row("2", "w"), row(None, "z"), row(None, "nobody's"))
    result = settled(base, payload, wanted, emails(row("3", "z")), link, direct=True)
    assert result.problems == [("emails/ex", "write_ignored"), ("emails/ew", "write_ignored")]
    assert link.sent == {"emails/ex": ["golden ex", 3]}, "only what this write was to bring"
    assert base.collections == {"emails": [shown("3", "ez", "z")]}
    assert link.esent == {"emails": {"ez": Esent("golden ez", {}, 3)}}


def test_a_slot_that_we_emptied_and_that_the_answer_leaves_out_is_no_problem() -> None:
    base = Base({}, {"emails": [shown("email", "ex", "x")]})
    payload = given(picture=[["email", "ex"]])
    result = settled(base, payload, emails(row("email", None)), emails(), direct=True, mapping=SLOTTED)
    assert (result.problems, base.collections) == ([], {"emails": []})


@pytest.mark.parametrize(
    ("image", "value", "problem"),
    [("b", "b", []), ("B", "B", []), ("c", "c", [("emails/ex", "lossy_write")])],
    ids=["as written", "spelled otherwise", "another"],
)
def test_the_answer_shows_a_row_that_was_stored_otherwise(image: str, value: str, problem: list[Any]) -> None:
    base, link = Base({}, {"emails": [shown("1", "ex", "a", "work")]}), a_link()
    payload = given("ex", picture=[["1", "ex"]])
    result = settled(base, payload, emails(row("1", "b", "home")), emails(row("1", image, "car")), link, direct=True)
    assert (result.problems, base.collections["emails"]) == (problem, [shown("1", "ex", value, "car")])
    assert link.esent == {"emails": {"ex": Esent("golden ex", {}, 3)}}


def test_numbers_are_compared_in_the_country_of_the_hub() -> None:
    """The answer has them in another order and as they are dialled at home."""
    found = []
    for region in ("CH", None):
        link, base = a_link(), Base()
        payload = given("ea", "eb", picture=[[None, "ea"], [None, "eb"]], name="phones")
        wanted = View({}, {"phones": (row(None, "+41441112233", "work"), row(None, "+41442223344", "home"))})
        image = View({}, {"phones": (row(None, "044 222 33 44", "a"), row(None, "044 111 22 33", "b"))})
        result = settled(base, payload, wanted, image, link, direct=True, region=region)
        found.append(([(item.eid, item.value) for item in base.collections["phones"]], result.problems))
    assert found == [
        ([("ea", "044 111 22 33"), ("eb", "044 222 33 44")], []),
        ([], [("phones/ea", "write_ignored"), ("phones/eb", "write_ignored")]),
    ]


def test_a_number_spelled_as_at_home_is_no_lossy_write_there() -> None:
    found = []
    for region in ("CH", None):
        base = Base({}, {"phones": []})
        payload = given("ea", picture=[[None, "ea"]], name="phones")
        wanted, image = (
            View({}, {"phones": (row(None, "+41441112233"),)}),
            View({}, {"phones": (row(None, "044 111 22 33"),)}),
        )
        found.append(settled(base, payload, wanted, image, direct=True, region=region).problems)
    assert found == [[], [("phones/ea", "lossy_write")]]


# a write of unknown outcome


UNKNOWN = [
    ("nothing was done", [row("1", "x")], [shown("1", "ex", "x")], []),
    ("all was done", [row("1", "x2"), row("7", "y")], [shown("1", "ex", "x2"), shown("7", "ey", "y")], ["ex", "ey"]),
    ("a row was added, the other one is as before", [row("1", "x"), row("7", "y")],
     [shown("1", "ex", "x"), shown("7", "ey", "y")], ["ey"]),
    ("a row was added, a user edited the other one", [row("1", "q"), row("7", "y")],
     [shown("1", "ex", "x2"), shown("7", "ey", "y")], ["ex", "ey"]),
    ("a row was added, a user removed the other one", [row("7", "y")], [shown("1", "ex", "x"), shown("7", "ey", "y")], ["ey"]),
    ("a row was edited, and a user edited the one that we added", [row("1", "x2"), row("7", "yy")],
     [shown("1", "ex", "x2"), shown("7", "ey", "y")], ["ex", "ey"]),
    ("a row was edited, and two are new", [row("1", "x2"), row("7", "a"), row("8", "b")], [shown("1", "ex", "x2")], ["ex"]),
]  # fmt: skip


@pytest.mark.parametrize(("image", "kept", "sent"), [item[1:] for item in UNKNOWN], ids=[item[0] for item in UNKNOWN])
def test_rows_after_a_write_of_unknown_outcome(image: list[Position], kept: list[Shown], sent: list[str]) -> None:
    """What looks as written is settled, what looks as before is not, and the rest is a user's edit of what we wrote."""
    link, base = a_link(), Base({}, {"emails": [shown("1", "ex", "x")]})
    payload = given("ex", "ey", picture=[["1", "ex"], [None, "ey"]], psent={"emails": "ey"})
    result = settled(base, payload, emails(row("1", "x2"), row(None, "y")), emails(*image), link)
    assert result.happened == bool(sent)
    assert base.collections["emails"] == kept
    assert link.esent.get("emails", {}) == {eid: Esent(f"golden {eid}", {}, 3) for eid in sent}
    assert link.picture == ({"emails": [[item.pos, item.eid] for item in kept]} if sent else {})
    assert link.psent == ({"emails": "ey"} if sent else {})
    assert result.problems == []


def test_a_kept_row_has_the_labels_that_were_written_whatever_a_user_made_of_them() -> None:
    base = Base({}, {"emails": [shown("1", "ex", "x", "work"), shown("2", "ew", "w", "work")]})
    payload = given("ex", picture=[["1", "ex"], ["2", "ew"], [None, "ey"]])
    wanted = emails(row("1", "x", "home", True), row("2", "w", "work", False), row(None, "y"))
    image = emails(row("1", "x", "car", False), row("2", "w", "work", True), row("3", "y", "more"))
    settled(base, payload, wanted, image, done=True)
    assert base.collections["emails"] == [
        Shown("1", "ex", "x", {"labels": ("home",)}, True),
        Shown("2", "ew", "w", {"labels": ("work",)}, False),
        Shown("3", "ey", "y", {}, None),
    ]


def test_a_row_that_was_removed_and_is_still_there_was_not_removed() -> None:
    base = Base(
        {}, {"emails": [shown("1", "ex", "x"), shown("2", "ew", "w"), shown("3", "ev", "v"), shown("4", "eu", "u")]}
    )
    payload = given("ex", picture=[["1", "ex"]])
    image = emails(row("4", "u"), row("1", "x2"), row("2", "other"), row("8", "v"))
    settled(base, payload, emails(row("1", "x2")), image)
    assert base.collections["emails"] == [shown("1", "ex", "x2"), shown("2", "ew", "w"), shown("4", "eu", "u")]


def test_a_row_without_an_id_that_was_removed_and_is_still_there_was_not_removed() -> None:
    before = [shown(None, "ea", "1"), shown(None, "eb", "2"), shown(None, "ec", "3")]
    base, link = Base({}, {"phones": before}), a_link()
    payload = given("ed", picture=[[None, "ea"], [None, "ed"]], name="phones")
    wanted = View({}, {"phones": (row(None, "1"), row(None, "4"))})
    image = View({}, {"phones": (row(None, "1"), row(None, "2"), row(None, "4"))})
    settled(base, payload, wanted, image, link)
    assert base.collections["phones"] == [shown(None, "ea", "1"), shown(None, "ed", "4"), shown(None, "eb", "2")]
    assert link.esent == {"phones": {"ed": Esent("golden ed", {}, 3)}}


def test_what_the_answer_still_shows_of_a_removed_row_is_somebodys() -> None:
    base = Base({}, {"emails": [shown("1", "ex", "x"), shown("2", "ew", "w")]})
    settled(
        base,
        given("ex", picture=[["1", "ex"]]),
        emails(row("1", "x2")),
        emails(row("1", "x2"), row("2", "w")),
        direct=True,
    )
    assert base.collections["emails"] == [shown("1", "ex", "x2")]


def test_rows_that_nobody_is_known_to_have_are_never_taken_for_each_other() -> None:
    """A row without an id and without an element is not the row before that has neither."""
    base = Base({"notes": "a"}, {"phones": [shown(None, None, "1")]})
    payload = Payload(fields={"notes": "b"}, picture={"phones": [[None, None]]})
    settled(
        base,
        payload,
        View({"notes": "b"}, {"phones": (row(None, "2"),)}),
        View({"notes": "b"}, {"phones": ()}),
        a_link(),
    )
    assert base.collections["phones"] == []


def test_a_collection_that_the_image_does_not_have_is_left_as_it_was() -> None:
    link, base = a_link(), Base({}, {"emails": [shown("1", "ex", "x")], "phones": [shown(None, "ea", "1")]})
    payload = Payload(picture={"emails": [["1", "ex"]], "phones": [[None, "eb"]]})
    wanted = View({}, {"emails": (row("1", "x2"),), "phones": (row(None, "2"),)})
    settled(base, payload, wanted, View({}, {"phones": (row(None, "2"),)}), link, done=True)
    assert base.collections == {"emails": [shown("1", "ex", "x")], "phones": [shown(None, "eb", "2")]}
    assert link.picture == {"phones": [[None, "eb"]]}


def test_a_row_with_an_id_is_never_taken_for_another_one_of_its_value() -> None:
    base = Base({}, {"emails": [shown("1", "ex", "x")]})
    payload = given("ex", "ey", picture=[["1", "ex"], [None, "ey"]])
    wanted = emails(row("1", "x2"), row(None, "y"))
    result = settled(base, payload, wanted, emails(row("7", "x2"), row("8", "y")), direct=True)
    assert (base.collections["emails"], result.problems) == ([shown("8", "ey", "y")], [("emails/ex", "write_ignored")])
    base = Base({}, {"emails": [shown("1", "ex", "x")]})
    result = settled(base, payload, wanted, emails(row("1", "y"), row("7", "y")), direct=True)
    assert base.collections["emails"] == [shown("1", "ex", "y"), shown("7", "ey", "y")]
    assert result.problems == [("emails/ex", "lossy_write")]


def test_the_last_new_row_that_is_left_is_the_last_one_that_we_added_with_a_users_edit() -> None:
    base = Base({}, {"emails": []})
    payload = given("ey", "ez", picture=[[None, "ey"], [None, "ez"]])
    settled(base, payload, emails(row(None, "y"), row(None, "z")), emails(row("7", "y"), row("8", "q")))
    assert base.collections["emails"] == [shown("7", "ey", "y"), shown("8", "ez", "z")]


# systems without conditional writes: what we did not touch may have been edited just before our write


def test_an_edit_just_before_our_write_is_told_from_what_we_wrote() -> None:
    """Value, label and flag by themselves: what we wrote is as the answer shows it, what we left is as it was before."""
    cases = [
        # before, wanted, image, kept
        (("a", "work", False), ("b", "work", False), ("b", "car", True), ("b", "work", False)),
        (("a", "work", False), ("a", "home", True), ("q", "car", None), ("a", "car", None)),
        (("a", "work", False), ("b", "home", True), ("q", "car", None), ("q", "car", None)),
    ]
    for before, wanted, image, kept in cases:
        old, ours, now = ([row("1", item[0], item[1], item[2])] for item in (before, wanted, image))
        seen = [Shown("1", "ex", old[0].value, old[0].attrs, old[0].primary)]
        base = Base({}, {"emails": seen})
        result = settled(
            base, given("ex", picture=[["1", "ex"]]), emails(*ours), emails(*now), direct=True, window=True
        )
        assert base.collections["emails"] == [Shown("1", "ex", kept[0], {"labels": (kept[1],)}, kept[2])]
        assert result.problems == ([("emails/ex", "lossy_write")] if kept[0] == "q" else [])


@pytest.mark.parametrize("window", [True, False])
def test_a_row_that_we_only_kept_and_that_is_gone_was_removed_just_before_our_write(window: bool) -> None:
    base = Base({}, {"emails": [shown("1", "ex", "x", "work"), shown("2", "ew", "w")]})
    payload = given("ex", picture=[["1", "ex"], ["2", "ew"]])
    wanted = emails(row("1", "x", "home"), row("2", "w2"))
    result = settled(base, payload, wanted, emails(), direct=True, window=window)
    assert base.collections["emails"] == ([shown("1", "ex", "x", "work")] if window else [])
    told = [item[0] for item in result.problems]
    assert told == (["emails/ew"] if window else ["emails/ex", "emails/ew"])


@pytest.mark.parametrize(("window", "kept"), [(True, None), (False, "z")])
def test_a_slot_that_was_empty_and_that_we_left_so_was_filled_just_before(window: bool, kept: str | None) -> None:
    base = Base({}, {"emails": [shown("email", "ex", "x"), shown("email2", None, None)]})
    payload = given("ex", picture=[["email", "ex"], ["email2", None]])
    wanted, image = emails(row("email", "x2"), row("email2", None)), emails(row("email", "x2"), row("email2", "z"))
    result = settled(base, payload, wanted, image, direct=True, window=window, mapping=SLOTTED)
    assert base.collections["emails"] == [shown("email", "ex", "x2"), shown("email2", None, kept)]
    assert result.problems == ([] if window else [("emails/None", "lossy_write")])


def test_a_new_row_is_as_the_answer_shows_it() -> None:
    base = Base({}, {"emails": []})
    settled(
        base,
        given("ey", picture=[[None, "ey"]]),
        emails(row(None, "y")),
        emails(row("1", "Y", "car")),
        direct=True,
        window=True,
    )
    assert base.collections["emails"] == [shown("1", "ey", "Y", "car")]


def test_the_members_of_an_address_that_we_did_not_write_were_edited_just_before() -> None:
    """Also those of an address that was not there; one that we took away and somebody filled instead is that one's."""
    before = [Shown("1", "ex", HOME), Shown("2", "ew", None), Shown("3", "ev", HOME)]
    base = Base({}, {"addresses": before})
    payload = given("ex", "ew", picture=[["1", "ex"], ["2", "ew"], ["3", "ev"], ["4", "eu"]], name="addresses")
    street: dict[str, Any] = {"street": "Gasse 2", "postcode": None}
    wanted = [row("1", {**HOME, "street": "Neu 9"}), row("2", street), row("3", None), row("4", street)]
    image = [row("1", {"street": "Neu 9", "postcode": "1000", "city": "Basel"}), *(row(pos, MOVED) for pos in "234")]
    before_view, after_view = (View({}, {"addresses": tuple(rows)}) for rows in (wanted, image))
    settled(base, payload, before_view, after_view, direct=True, window=True, mapping=ADDRESSED)
    assert [item.value for item in base.collections["addresses"]] == [
        {**HOME, "street": "Neu 9"},
        {**street, "city": None},
        MOVED,
        {**street, "city": None},
    ]


# a slot of which nobody knows what our write had left there


def doubted(before: list[Shown], picture: list[list[str | None]], *image: Position) -> tuple[list[Shown], Link]:
    base, link = Base({}, {"emails": before}), a_link()
    wanted = emails(*(row(pos, "wanted") for pos, _ in picture))
    result = settled(base, given(picture=picture), wanted, emails(*image), link, mapping=SLOTTED)
    assert not result.happened
    return base.collections["emails"], link


def test_a_slot_that_our_write_would_have_given_to_another_address_counts_as_neither() -> None:
    before = [shown("email", "ex", "x"), shown("email2", "ey", "y")]
    rows, link = doubted(before, [["email", "ez"], ["email2", "ey"]], row("email", "q"), row("email2", "p"))
    assert rows == [shown("email", None, None), shown("email2", "ey", "y")], "the other one was to stay"
    assert link.picture == {"emails": [["email", None], ["email2", "ey"]]}


@pytest.mark.parametrize(
    ("picture", "image"),
    [
        ([["email", "ez"], ["email2", "ey"]], [row("email", "q"), row("email2", "x")]),
        ([["email", "ez"], ["email2", "ey"]], [row("email2", "p")]),
        ([["email2", "ez"]], [row("email", "q"), row("email2", "y")]),
        ([["email", "ex"], ["email2", "ey"]], [row("email", "q"), row("email2", "p")]),
    ],
    ids=["somebody moved it", "it is not shown", "it was not planned", "it was to stay"],
)
def test_nothing_is_in_doubt(picture: list[list[str | None]], image: list[Position]) -> None:
    before = [shown("email", "ex", "x"), shown("email2", "ey", "y")]
    rows, link = doubted(before, picture, *image)
    assert (rows, link.picture) == (before, {})


def test_an_empty_slot_is_never_in_doubt() -> None:
    before = [shown("email", None, "x")]
    rows, link = doubted(before, [["email", "ez"]], row("email", "q"))
    assert (rows, link.picture) == (before, {})


# what an undo left is given again


def test_what_is_written_is_no_exception_any_more() -> None:
    link = a_link(
        undone={"notes": ["m"], "source": ["m"], "emails/ex": ["m"], "emails/1": ["ex", "q"], "emails/2": ["ew", "q"]}
    )
    link.undone |= {"emails/ew": ["m"], "emails/3": ["other", "q"], "emails/ev": ["m"], "emails/eu": ["m"]}
    before = [shown("2", "ew", "w"), shown("4", "eu", "u"), shown("1", "ex", "x"), shown("3", "ev", "v")]
    base = Base({"notes": "a"}, {"emails": before})
    payload = Payload(
        fields={"notes": "b"},
        elements={"emails": {"ex": ["new@x.example", {}, 1], "ev": ["v@x.example", {}, 1], "eu": ["golden", {}, 1]}},
        picture={"emails": [["2", "ew"], ["4", "eu"], ["1", "ex"], ["3", "ev"]]},
    )
    wanted = [row("2", "w"), row("4", "u", "home"), row("1", "new@x.example"), row("3", "v@x.example")]
    settled(
        base,
        payload,
        View({"notes": "b"}, {"emails": tuple(wanted)}),
        View({"notes": "b"}, {"emails": tuple(wanted)}),
        link,
    )
    assert link.undone == {
        "source": ["m"],
        "emails/2": ["ew", "q"],
        "emails/ew": ["m"],  # not written
        "emails/eu": ["m"],  # only its label
        "emails/3": ["other", "q"],  # another element was left there
    }


def test_a_write_that_did_not_happen_leaves_what_an_undo_left() -> None:
    link = a_link(undone={"notes": ["m"]})
    settled(Base({"notes": "a"}), Payload(fields={"notes": "b"}), View({"notes": "b"}), View({"notes": "a"}), link)
    assert link.undone == {"notes": ["m"]}


# creates


def adopted(payload: Payload, wanted: View, image: View, *, direct: bool) -> tuple[Link, Base, Settlement]:
    link, base = a_link(), Base()
    return link, base, adopt(link, base, payload, wanted, image, MAPPING, direct=direct)


def test_what_the_answer_to_a_create_shows_beyond_what_was_sent_is_a_default() -> None:
    image = View({"name": MARRIED, "notes": "by default", "source": None, "timezone": None, "language": "en"})
    link, base, result = adopted(Payload(fields={"name": NAME}), View({"name": NAME}), image, direct=True)
    assert (result.happened, result.problems) == (True, [("name", "lossy_write")])
    assert base.fields == {"name": MARRIED, "notes": "by default", "language": "en", "timezone": None}
    assert link.sent == {"name": NAME, "notes": None, "language": None, "timezone": None}


def test_what_a_create_found_later_shows_beyond_what_was_sent_is_an_edit_except_known_defaults() -> None:
    """What follows from what was sent (a source that the mapping always writes) is ours, whatever is shown now."""
    image = View({"name": NAME, "notes": "typed", "source": "typed", "timezone": "CET"})
    wanted = View({"name": NAME, "source": "hub", "notes": "", "language": "en"})
    link, base, result = adopted(Payload(fields={"name": MARRIED}), wanted, image, direct=False)
    assert result.happened
    assert base.fields == {"name": NAME, "source": "hub", "timezone": "CET"}
    assert link.sent == {"name": MARRIED, "source": None, "timezone": None}


def test_a_create_of_which_a_user_changed_everything_did_happen() -> None:
    payload = given("ex", picture=[[None, "ex"]], fields={"notes": "g", "source": "h"})
    wanted = View({"notes": "a", "source": "b"}, {"emails": (row(None, "x"),)})
    image = View({"notes": "c", "source": "d"}, {"emails": (row("1", "z"),)})
    link, base, result = adopted(payload, wanted, image, direct=False)
    assert result.happened
    assert (base.fields, link.sent) == ({"notes": "a", "source": "b"}, {"notes": "g", "source": "h"})
    assert base.collections["emails"] == [shown("1", "ex", "x")]
    assert link.esent == {"emails": {"ex": Esent("golden ex", {}, 3)}}


def test_a_row_that_a_create_made_is_ours_however_it_is_spelled() -> None:
    wanted, image = emails(row(None, "x", "work", True)), emails(row("1", "X", "car", False))
    _, base, result = adopted(given("ex", picture=[[None, "ex"]]), wanted, image, direct=False)
    assert result.happened
    assert base.collections["emails"] == [Shown("1", "ex", "X", {"labels": ("work",)}, True)]


def test_what_nothing_proves_leaves_known_rows_as_they_were() -> None:
    base = Base({}, {"emails": [Shown("1", "ex", "x", {"labels": ("work",)}, False), shown("2", "ey", "y")]})
    payload = given("ex", "ey", picture=[["1", "ex"], ["2", "ey"]])
    wanted, image = emails(row("1", "x", "home", True), row("2", "y2")), emails(row("1", "X", "car"), row("2", "q"))
    result = settled(base, payload, wanted, image, created=True)
    assert not result.happened
    assert base.collections["emails"] == [Shown("1", "ex", "X", {"labels": ("work",)}, False), shown("2", "ey", "y")]
