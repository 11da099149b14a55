"""Settling a write of ours against what the system shows afterwards, as tables on the pure functions (W1, W2, D1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from hub.mapping.view import Position, Value, View
from hub.state import Base, Esent, Link, Shown
from hub.sync.merge.settle import Settlement, note, settle
from hub.sync.plan.items import Payload
from tests.engine.test_field_table import mapping_of

SHAPE = """
[fields]
name.full = "name"
notes = "notes"
source = "source"
language = { at = "lang", as = "language(bcp47)" }
timezone = { at = "tz", server_default = true }
[emails]
list = "emails"
id = "id"
value = { at = "value", as = "email" }
label = { at = "label", as = "label" }
[phones]
list = "phones"
value = { at = "value", as = "phone" }
label = { at = "label", as = "label" }
"""
SLOTS = """
[fields]
name.full = "name"
notes = "notes"
[emails.slots]
email = { pick = "primary", as = "email" }
email2 = { pick = "next", as = "email" }
"""
MAPPING, SLOTTED = mapping_of(SHAPE), mapping_of(SLOTS)
ANY = "notes of golden"


def a_link(**more: Any) -> Link:
    return Link("S", "contacts", "1", "g", **more)


def row(pos: str | None, value: Value, label: str | None = None, primary: bool | None = None) -> Position:
    return Position(pos, value, {} if label is None else {"labels": (label,)}, primary)


def shown(pos: str | None, eid: str | None, value: Value, label: str | None = None) -> Shown:
    return Shown(pos, eid, value, {} if label is None else {"labels": (label,)})


def settled(
    before: Base, payload: Payload, wanted: View, image: View, link: Link | None = None, **options: Any
) -> Settlement:
    mapping = options.pop("mapping", MAPPING)
    options.setdefault("direct", False)
    return settle(link or a_link(), before, payload, wanted, image, mapping, **options)


# what a value that needs no write leaves


def test_what_a_system_shows_already_is_noted_as_sent_and_loses_its_mark() -> None:
    link = a_link(sent={"notes": "old", "source": "web"}, lost={"notes", "emails/e1", "source"})
    link.esent = {"emails": {"e1": Esent("x", {}, 1), "e2": Esent("y", {}, 1)}}
    link.psent, link.picture = {"phones": "e7"}, {"emails": [["1", "e9"]], "phones": [["1", "e7"]]}
    note(
        link,
        Payload(
            fields={"notes": "new"},
            elements={"emails": {"e1": ["x2", {"labels": ["work"]}, 2]}, "phones": {"e7": ["5", {}, 1]}},
            psent={"emails": "e1"},
            picture={"emails": [["1", "e1"], ["2", "e2"]]},
            cleared=["notes", "emails/e1"],
        ),
    )
    assert link.sent == {"notes": "new", "source": "web"}
    assert link.esent == {
        "emails": {"e1": Esent("x2", {"labels": ("work",)}, 2), "e2": Esent("y", {}, 1)},
        "phones": {"e7": Esent("5", {}, 1)},
    }
    assert link.psent == {"phones": "e7", "emails": "e1"}
    assert link.picture == {"emails": [["1", "e1"], ["2", "e2"]], "phones": [["1", "e7"]]}
    assert link.lost == {"source"}


# what proves that a write of unknown outcome was carried out: fields

NAME = {"given": "Anna", "family": "Berg", "full": "Anna Berg"}
MARRIED = {"given": "Anna", "family": "Meier", "full": "Anna Meier"}
OTHERS = {"given": "Bo", "family": "Dahl", "full": "Bo Dahl"}
HALF = {"given": "Hanna", "family": "Meier", "full": "Hanna Meier"}

Triple = tuple[Value, Value, Value]
PROOFS: list[tuple[str, Mapping[str, Triple], bool]] = [
    ("a text that looks as written", {"notes": ("a", "b", "b")}, True),
    ("a text that looks as before", {"notes": ("a", "b", "a")}, False),
    ("a text that a user changed", {"notes": ("a", "b", "c")}, False),
    ("a text that was so before", {"notes": ("b", "b", "b")}, False),
    ("a text beside one that a user changed", {"notes": ("a", "b", "b"), "source": ("a", "b", "c")}, True),
    ("emptied, and nothing else", {"notes": ("a", None, None)}, True),
    ("emptied, and another one as before", {"notes": ("a", None, None), "source": ("a", "b", "a")}, True),
    ("emptied, and another one changed by a user", {"notes": ("a", None, None), "source": ("a", "b", "c")}, False),
    ("the same the other way round", {"source": ("a", "b", "c"), "notes": ("a", None, None)}, False),
    ("emptied, and a user filled what we also emptied", {"notes": ("a", None, None), "source": ("a", None, "c")}, True),
    ("emptied, and a user changed what we left", {"notes": ("a", None, None), "source": ("b", "b", "c")}, True),
    ("one of few values", {"language": ("en", "de", "de")}, True),
    ("one of few values, and a user's text", {"language": ("en", "de", "de"), "notes": ("a", "b", "c")}, False),
    ("one of few values that a user chose otherwise", {"language": ("en", "de", "fr")}, False),
    ("a name of which one member is ours", {"name": (NAME, MARRIED, HALF)}, True),
    ("a name of which only what was so before is the same", {"name": (NAME, MARRIED, {**OTHERS, "given": "Anna"})}, False),
    ("a name where there was none", {"name": (None, MARRIED, MARRIED)}, True),
    ("a name that is as before", {"name": (NAME, MARRIED, NAME)}, False),
    ("emptied, and another name", {"notes": ("a", None, None), "name": (NAME, MARRIED, OTHERS)}, False),
    ("another name, and emptied", {"name": (NAME, MARRIED, OTHERS), "notes": ("a", None, None)}, False),
    ("emptied, and the name as before", {"notes": ("a", None, None), "name": (NAME, MARRIED, NAME)}, True),
    ("emptied, and a name that we left", {"notes": ("a", None, None), "name": (NAME, NAME, OTHERS)}, True),
    ("another name, an emptied field and a name's part", {"name": (NAME, MARRIED, None), "notes": ("a", None, None)}, False),
    ("another name, then emptied, then a name that we left",
     {"source": ("a", "b", "c"), "notes": ("a", None, None), "name": (NAME, NAME, NAME)}, False),
    ("a name that the schema does not have", {"no.such.field": ("a", "b", "b")}, True),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "happened"), [item[1:] for item in PROOFS], ids=[item[0] for item in PROOFS])
def test_what_proves_that_a_write_was_carried_out(fields: Mapping[str, Triple], happened: bool) -> None:
    base = Base({name: item[0] for name, item in fields.items()})
    link = a_link(sent=dict.fromkeys(fields, "before"), lost={*fields, "other"})
    payload = Payload(fields={name: f"{name} of golden" for name in fields})
    wanted, image = ({name: item[place] for name, item in fields.items()} for place in (1, 2))
    result = settled(base, payload, View(wanted), View(image), link)
    assert (result.happened, result.problems) == (happened, [])
    ours = {name for name, item in fields.items() if item[1] == item[2]}
    edited = {name for name, item in fields.items() if happened and item[0] != item[2] and name not in ours}
    assert link.sent == {name: payload.fields[name] if name in ours | edited else "before" for name in fields}
    assert base.fields == {name: item[1] if name in ours | edited else item[0] for name, item in fields.items()}
    assert link.lost == {"other", *fields} - ours


def test_a_field_that_the_image_does_not_have_is_left_as_it_was() -> None:
    base, link = Base({"notes": "a"}), a_link(sent={"notes": "a"})
    payload = Payload(fields={"notes": "b", "source": "s"}, cleared=["notes"])
    settled(base, payload, View({"notes": "b", "source": "s"}), View({"source": "s"}), link)
    assert (base.fields, link.sent) == ({"notes": "a", "source": "s"}, {"notes": "a", "source": "s"})


@pytest.mark.parametrize(("image", "lost"), [("b", {"x"}), ("a", {"emails/e1", "x"})])
def test_marks_go_only_with_a_write_that_was_carried_out(image: str, lost: set[str]) -> None:
    link = a_link(lost={"emails/e1", "x"})
    payload = Payload(fields={"notes": "b"}, cleared=["emails/e1"])
    settled(Base({"notes": "a"}), payload, View({"notes": "b"}), View({"notes": image}), link)
    assert link.lost == lost


@pytest.mark.parametrize("sure", ["direct", "done"])
def test_what_the_system_says_that_it_did_needs_no_proof(sure: str) -> None:
    link, base = a_link(sent={"notes": "a"}, lost={"x"}), Base({"notes": "a"})
    result = settled(
        base,
        Payload(fields={"notes": "b"}, cleared=["x"]),
        View({"notes": "b"}),
        View({"notes": "c"}),
        link,
        **{sure: True},
    )
    assert (result.happened, link.sent, link.lost) == (True, {"notes": "b"}, set())
    assert base.fields == {"notes": "c" if sure == "direct" else "b"}


@pytest.mark.parametrize(
    ("before", "wanted", "image", "problem"),
    [
        ("a", "b", "b", None),
        ("a", "b", "a", "write_ignored"),
        ("a", "b", "B", "lossy_write"),
        (None, "b", None, "write_ignored"),
        ("a", None, "", None),
        ("a", None, "a", "write_ignored"),
        ("a", "b", "", "lossy_write"),
        ("a", "", "x", "lossy_write"),
    ],
)
def test_the_answer_to_a_write_says_what_became_of_it(
    before: str, wanted: str, image: str, problem: str | None
) -> None:
    base, link = Base({"notes": before}), a_link()
    result = settled(
        base, Payload(fields={"notes": "g"}), View({"notes": wanted}), View({"notes": image}), link, direct=True
    )
    assert result.problems == ([] if problem is None else [("notes", problem)])
    assert (base.fields, link.sent) == ({"notes": image}, {"notes": "g"})


# what proves that a write of unknown outcome was carried out: rows

HOME = {"street": "Weg 1", "postcode": "1000", "city": "Bern"}
MOVED = {"street": "Gasse 2", "postcode": "2000", "city": "Bern"}
AWAY = {"street": "Gasse 2", "postcode": "2000", "city": "Basel"}

Rows = Sequence[Position]
ROW_PROOFS: list[tuple[str, Rows, Rows, Rows, str]] = [
    ("added and shown", [row("1", "x")], [row("1", "x"), row(None, "y")], [row("1", "x"), row("2", "y")], "given"),
    ("one of two added", [], [row(None, "x"), row(None, "y")], [row("2", "y")], "given"),
    ("added and not shown", [row("1", "x")], [row("1", "x"), row(None, "y")], [row("1", "x")], ""),
    ("relabelled", [row("1", "x", "work")], [row("1", "x", "home")], [row("1", "x", "home")], "given"),
    ("not relabelled", [row("1", "x", "work")], [row("1", "x", "home")], [row("1", "x", "work")], ""),
    ("relabelled by a user", [row("1", "x", "work")], [row("1", "x", "home")], [row("1", "x", "car")], ""),
    ("flagged", [row("1", "x", None, False)], [row("1", "x", None, True)], [row("1", "x", None, True)], "given"),
    ("half of a swap of labels", [row("1", "x", "work"), row("2", "y", "home")],
     [row("1", "x", "home"), row("2", "y", "work")], [row("1", "x", "home"), row("2", "y", "home")], ""),
    ("half of a swap, the other row is gone", [row("1", "x", "work"), row("2", "y", "home")],
     [row("1", "x", "home"), row("2", "y", "work")], [row("1", "x", "home")], "emptied"),
    ("emptied a slot", [row("s", "x")], [row("s", None)], [row("s", None)], "emptied"),
    ("emptied a slot that a user filled", [row("s", "x")], [row("s", None)], [row("s", "z")], ""),
    ("did not empty a slot", [row("s", "x")], [row("s", None)], [row("s", "x")], ""),
    ("filled a slot that a user emptied", [row("s", "x")], [row("s", "y")], [row("s", None)], ""),
    ("removed of a list without ids", [row(None, "x"), row(None, "y")], [row(None, "x")], [row(None, "x")], "emptied"),
    ("not removed of it", [row(None, "x"), row(None, "y")], [row(None, "x")], [row(None, "x"), row(None, "y")], ""),
    ("removed of it, and a user added", [row(None, "x"), row(None, "y")], [row(None, "x")], [row(None, "x"), row(None, "z")], ""),
    ("removed of it, and a user removed more", [row(None, "x"), row(None, "y")], [row(None, "x")], [], "emptied"),
    ("removed of a list", [row("1", "x"), row("2", "y")], [row("1", "x")], [row("1", "x")], "emptied"),
    ("one of two removed", [row("1", "x"), row("2", "y")], [], [row("2", "y")], ""),
    ("removed of a list, and a user added", [row("1", "x")], [], [row("2", "z")], "emptied"),
    ("replaced, and there is nothing", [row("1", "x")], [row(None, "y")], [], "emptied"),
    ("replaced, and a user made a row", [row("1", "x")], [row(None, "y")], [row("2", "z")], ""),
    ("replaced, and a user entered a kept row anew", [row("1", "x"), row("2", "w")], [row("2", "w"), row(None, "y")],
     [row("3", "w")], "emptied"),
    ("replaced, and a user edited a kept row", [row("1", "x"), row("2", "w")], [row("2", "w"), row(None, "y")],
     [row("2", "v")], "emptied"),
    ("nothing changed", [row("1", "x")], [row("1", "x")], [row("1", "x")], ""),
    ("half of an address", [row("1", HOME), row("2", "w")], [row("1", MOVED), row("2", "w")],
     [row("1", {**MOVED, "postcode": "3"}), row("2", "w")], "given"),
    ("less than half of it", [row("1", HOME)], [row("1", AWAY)], [row("1", {**HOME, "street": "x", "city": "Basel"})], ""),
    ("none of it", [row("1", HOME)], [row("1", MOVED)], [row("1", {**HOME, "street": "x"})], ""),
    ("only what was so before", [row("1", HOME)], [row("1", MOVED)], [row("1", {**OTHERS, "city": "Bern"})], ""),
    ("an address in an empty slot", [row("s", None)], [row("s", HOME)], [row("s", {**HOME, "street": "x"})], "given"),
    ("an address gone from its slot", [row("s", HOME)], [row("s", MOVED)], [row("s", None)], ""),
    ("an address that was to go", [row("s", HOME)], [row("s", None)], [row("s", MOVED)], ""),
    ("the label of an address", [row("1", HOME, "work")], [row("1", HOME, "home")], [row("1", HOME, "car")], ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "wanted", "image", "proof"), [item[1:] for item in ROW_PROOFS], ids=[item[0] for item in ROW_PROOFS]
)
def test_what_rows_prove(before: Rows, wanted: Rows, image: Rows, proof: str) -> None:
    """A row that was given proves it, whatever a user did elsewhere; one that is gone does only if nothing speaks against."""
    found = []
    for text in ("a", "c"):  # as before, changed by a user
        seen = [Shown(item.pos, f"e{place}", item.value, item.attrs, item.primary) for place, item in enumerate(before)]
        payload = Payload(fields={"notes": ANY}, picture={"emails": [[item.pos, None] for item in wanted]})
        result = settled(
            Base({"notes": "a"}, {"emails": seen}),
            payload,
            View({"notes": "b"}, {"emails": tuple(wanted)}),
            View({"notes": text}, {"emails": tuple(image)}),
        )
        found.append(result.happened)
    assert found == {"given": [True, True], "emptied": [True, False], "": [False, False]}[proof]
