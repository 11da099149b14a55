"""Found by five systems at once: one system names the recipient of an address, another does not (decision 0017)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.canonical.values import may_be_one
from hub.sync.policy import Policy
from tests.engine.world import PLAIN, World, losing

ADDRESSES = (
    PLAIN
    + """
[addresses]
list = "addresses"
id = "id"
recipient = "to"
company = "firm"
lines = { at = "street", as = "lines(newline)" }
city = "city"
"""
)
NO_NAMES = ADDRESSES.replace('recipient = "to"\ncompany = "firm"\n', "")
ONE_SLOT = (
    PLAIN
    + """
[addresses.slots.main]
pick = "primary"
recipient = "to"
lines = { at = "street", as = "lines(newline)" }
city = "city"
"""
)

PLACE = {"lines": ("Gartenweg 49",), "postal_code": "20095", "city": "Hamburg", "country": "DE"}


@pytest.mark.parametrize(
    ("left", "right", "one"),
    [
        ({}, {"recipient": "Wolfgang Krämer"}, True),
        ({"recipient": "wolfgang  krämer"}, {"recipient": "Wolfgang Krämer"}, True),
        ({"recipient": "Eva Roth"}, {"recipient": "Wolfgang Krämer"}, False),
        ({"company": "ACME"}, {"recipient": "Eva Roth"}, True),
        ({"company": "ACME", "recipient": "Eva Roth"}, {"company": "Other", "recipient": "Eva Roth"}, False),
        ({}, {"city": "Bremen"}, False),
        ({}, {"lines": ("Gartenweg 50",)}, False),
    ],
)
def test_addresses_are_one_if_only_what_is_left_out_differs(
    left: dict[str, Any], right: dict[str, Any], one: bool
) -> None:
    assert may_be_one("addresses", {**PLACE, **left}, {**PLACE, **right}) is one
    assert may_be_one("addresses", {**PLACE, **right}, {**PLACE, **left}) is one


def row(to: str = "", street: str = "Weg 1", firm: str = "") -> dict[str, str]:
    return {"street": street, "city": "Wien", "to": to, "firm": firm}


def world_of(folder: Path, order: str, **shapes: str) -> World:
    world = World(folder, Policy(tuple(order)), **{name: shapes.get(name, ADDRESSES) for name in order})
    for name in order:
        if shapes.get(name, ADDRESSES) != ONE_SLOT:
            world.servers[name].traits.parts = {"addresses": "by_id"}
    return world


def add(world: World, system: str, *rows: dict[str, str]) -> None:
    kept = [{key: item for key, item in found.items() if item} for found in rows]
    world.servers[system].add({"name": "Anna Berg", "email": "anna@x.example", "addresses": kept})


def shown(world: World, system: str) -> list[tuple[str, str, str]]:
    data = world.one(system)
    rows = data.get("addresses", [data])
    return sorted((item.get("to") or "", item.get("firm") or "", item["street"]) for item in rows if item)


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_the_first_sync_makes_one_address_of_two_and_gives_both_the_recipient(tmp_path: Path, order: str) -> None:
    world = world_of(tmp_path, order)
    add(world, "A", row())
    add(world, "B", row("Anna Berg"))
    world.sync()
    assert shown(world, "A") == shown(world, "B") == [("Anna Berg", "", "Weg 1")]
    assert world.ledger() == [], "who leaves something out says nothing against it"
    world.quiet()


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_a_company_and_a_recipient_of_one_place_are_one_address(tmp_path: Path, order: str) -> None:
    world = world_of(tmp_path, order)
    add(world, "A", row(firm="ACME"))
    add(world, "B", row("Anna Berg"))
    world.sync()
    assert shown(world, "A") == shown(world, "B") == [("Anna Berg", "ACME", "Weg 1")]
    world.quiet()


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_two_people_at_one_place_stay_two_addresses(tmp_path: Path, order: str) -> None:
    world = world_of(tmp_path, order)
    add(world, "A", row("Anna Berg"))
    add(world, "B", row("Bo Dahl"))
    world.sync()
    assert shown(world, "A") == shown(world, "B") == [("Anna Berg", "", "Weg 1"), ("Bo Dahl", "", "Weg 1")]
    world.quiet()


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_one_that_names_nobody_joins_one_of_two_and_loses_neither(tmp_path: Path, order: str) -> None:
    world = world_of(tmp_path, order)
    add(world, "A", row("Anna Berg"), row("Bo Dahl"))
    add(world, "B", row())
    world.sync()
    assert shown(world, "A") == shown(world, "B") == [("Anna Berg", "", "Weg 1"), ("Bo Dahl", "", "Weg 1")]
    world.quiet()


def test_two_rows_of_one_record_stay_two_even_if_one_names_nobody(tmp_path: Path) -> None:
    """What a system shows side by side is two addresses for it."""
    world = world_of(tmp_path, "AB")
    add(world, "A", row(), row("Anna Berg"))
    add(world, "B", row("Anna Berg"))
    world.sync()
    assert shown(world, "A") == shown(world, "B") == [("", "", "Weg 1"), ("Anna Berg", "", "Weg 1")]
    world.quiet()


@pytest.mark.parametrize("order", ["ABC", "CBA", "BCA"])
def test_a_system_that_cannot_hold_recipients_neither_gets_nor_breaks_them(tmp_path: Path, order: str) -> None:
    world = world_of(tmp_path, order, C=NO_NAMES)
    add(world, "A", row())
    add(world, "B", row("Anna Berg"))
    add(world, "C", row())
    world.sync()
    assert shown(world, "A") == shown(world, "B") == [("Anna Berg", "", "Weg 1")]
    assert shown(world, "C") == [("", "", "Weg 1")]
    world.quiet()


def test_a_person_who_clears_the_recipient_afterwards_is_followed(tmp_path: Path) -> None:
    world = world_of(tmp_path, "AB")
    add(world, "A", row())
    add(world, "B", row("Anna Berg"))
    world.sync()
    world.servers["B"].edit(world.id("B"), lambda data: data["addresses"][0].pop("to"))
    world.sync()
    assert shown(world, "A") == shown(world, "B") == [("", "", "Weg 1")]
    world.quiet()


def test_an_address_typed_in_later_joins_the_one_that_is_there(tmp_path: Path) -> None:
    world = world_of(tmp_path, "AB", B=ONE_SLOT)
    add(world, "A", row())
    world.servers["B"].add({"name": "Anna Berg", "email": "anna@x.example"})
    world.sync()
    assert shown(world, "B") == [("", "", "Weg 1")]
    world.servers["B"].edit(world.id("B"), lambda data: data.update(to="Anna Berg"))
    world.sync()
    assert shown(world, "A") == [("Anna Berg", "", "Weg 1")]
    world.quiet()


def test_a_recipient_typed_where_the_address_looked_to_have_none_leaves_golden_in_the_ledger(tmp_path: Path) -> None:
    """Seed 456205: nobody there had seen the other recipient, which was gone without a trace."""
    world = world_of(tmp_path, "AB")
    server = world.servers["B"]
    server.traits.rewrite = lambda data: [item.pop("to", None) for item in data.get("addresses") or ()]
    add(world, "A", row("Anna Berg"))
    add(world, "B", row())
    world.sync()
    assert shown(world, "B") == [("", "", "Weg 1")], "it takes no recipient from us"
    server.traits.rewrite = None
    server.edit(world.id("B"), lambda data: data["addresses"][0].update(to="Eva Roth"))
    world.sync()
    assert shown(world, "A") == shown(world, "B") == [("Eva Roth", "", "Weg 1")]
    assert [(entry["rule"], entry["loser"]["recipient"]) for entry in world.ledger()] == [
        ("typed into an empty field", "Anna Berg")
    ]
    world.quiet()


def test_of_two_addresses_that_a_system_would_show_as_one_it_is_given_one(tmp_path: Path) -> None:
    world = world_of(tmp_path, "AB", B=ADDRESSES.replace('city = "city"\n', ""))
    add(world, "A", row(), row() | {"city": "Graz"})
    world.sync()
    assert [item["street"] for item in world.one("B")["addresses"]] == ["Weg 1"]
    assert [item["city"] for item in world.one("A")["addresses"]] == ["Wien", "Graz"]
    world.quiet()


def test_addresses_that_are_mapped_later_are_united(tmp_path: Path) -> None:
    world = world_of(tmp_path, "AB", B=PLAIN)
    add(world, "A", row())
    add(world, "B", row(street="Weg 2"))
    world.sync()
    assert shown(world, "A") == [("", "", "Weg 1")], "the mapping of B knows no addresses yet"
    world.shapes["B"] = ADDRESSES
    held = world.sync()
    assert held.plan is not None
    assert [trip.guard for trip in held.held] == ["rules_changed"]
    world.engine().sync(approve=held.plan.approval())
    assert shown(world, "A") == shown(world, "B") == [("", "", "Weg 1"), ("", "", "Weg 2")]
    assert world.ledger() == []
    world.quiet()


@pytest.mark.parametrize("lost", ["write", "receipt"])
def test_an_address_that_is_cleared_while_a_write_to_it_is_lost_stays_as_it_was_edited_last(
    tmp_path: Path, lost: str
) -> None:
    """Whether who cleared it had seen the edit is not known: nothing is thrown away."""
    world = World(tmp_path, Policy(("A", "B")), A=ONE_SLOT, B=ONE_SLOT)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "street": "Weg 1", "city": "Wien"})
    world.sync()
    server = world.servers["B"]
    world.servers["A"].edit("1", street="Weg 2")
    server.fault = losing(server, lost, lambda: server.edit(world.id("B"), street=None, city=None))
    world.sync()
    world.sync()
    for system in "AB":
        assert (world.one(system)["street"], world.one(system)["city"]) == ("Weg 2", "Wien")
    assert [row["rule"] for row in world.ledger()] == ["an edit beats a removal"]
    world.quiet()
