"""The regression scenarios of fields, groups, references, mapping changes and frozen fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import OutcomeUnknown, Unavailable
from hub.mapping.view import RemoteRef
from hub.sync.policy import FieldPolicy, Policy
from hub.sync.workspace import Workspace
from tests.engine.world import LIST_NO_IDS, LIST_WITH_IDS, ONE_SLOT, World

PLAIN = """
[fields]
name.full = "name"
notes = "notes"
{fields}
[emails.slots]
email = { pick = "primary", as = "email" }
"""

FULL_ADDRESS = """
[fields]
name.full = "name"
{fields}
[addresses]
list = "addresses"
id = "id"
lines = { at = "street", as = "lines(newline)" }
district = "district"
city = "city"
postal_code = "zip"
"""
"""A holds every member of an address."""

POOR_ADDRESS = """
[fields]
name.full = "name"
{fields}
[addresses.slots.main]
pick = "primary"
lines = { at = "street", as = "lines(newline)", max = 14, over = "cut" }
city = { at = "city", as = "upper" }
postal_code = "zip"
"""
"""B has no district, upper-cases the city and cuts the street at 14 characters."""

REFERRING = """
[fields]
name.full = "name"
company = { ref = "contacts", at = "company_id" }
{fields}
[emails.slots]
email = { pick = "primary", as = "email" }
"""


def poor(data: dict[str, Any]) -> None:
    if data.get("city"):
        data["city"] = data["city"].upper()
    if data.get("street"):
        data["street"] = data["street"][:14]


def person(world: World, **values: Any) -> None:
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", **values})
    world.sync()
    world.quiet()


def test_field_loser_then_golden_returns_to_sent(tmp_path: Path) -> None:
    world = World(tmp_path, Policy(("A", "B", "C")), A=PLAIN, B=PLAIN, C=PLAIN)
    person(world, notes="one")
    world.servers["A"].edit(world.id("A"), notes="two")
    world.now += 600
    world.servers["B"].edit(world.id("B"), notes="three")
    world.servers["C"].fault = lambda call, _number: Unavailable("down") if call == "changes" else None
    engine = world.engine()
    world.servers["A"].fault = lambda call, _number: Unavailable("down") if call == "write" else None
    engine.sync()
    world.servers["A"].fault = world.servers["C"].fault = lambda _call, _number: None
    world.now += 600
    world.servers["C"].edit(world.id("C"), notes="one")
    world.sync()
    golden = world.golden().value("notes")
    for system in "ABC":
        assert world.one(system)["notes"] == golden
    world.quiet()


def test_first_link_loser_then_golden_blank(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "from A"})
    world.servers["B"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "from B"})
    world.engine().read()
    world.servers["A"].edit(world.id("A"), notes=None)
    world.sync()
    assert world.golden().value("notes") is None
    assert not world.one("B")["notes"]
    assert "from B" in [row["loser"] for row in world.ledger()]
    world.quiet()


@pytest.mark.parametrize("order", ["AB", "BA"], ids=["mixed_first", "upper_first"])
def test_spelling(tmp_path: Path, order: str) -> None:
    world = World(tmp_path, **dict.fromkeys(order, PLAIN))
    world.servers["B"].traits.rewrite = lambda data: data.update(notes=(data.get("notes") or "").upper() or None)
    upper = PLAIN.replace('notes = "notes"', 'notes = { at = "notes", as = "upper" }')
    world.shapes["B"] = upper
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "Likes tea"})
    world.servers["B"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "Likes tea"})
    world.sync()
    assert world.golden().value("notes") == "Likes tea"
    assert world.one("B")["notes"] == "LIKES TEA"
    world.quiet()


def address(world: World, system: str) -> dict[str, Any]:
    data = world.one(system)
    return data["addresses"][0] if "addresses" in data else data


def addressed(folder: Path, **more: str) -> World:
    world = World(folder, A=FULL_ADDRESS, B=POOR_ADDRESS, **more)
    world.servers["A"].traits.parts = {"addresses": "by_id"}
    world.servers["B"].traits.rewrite = poor
    world.servers["A"].add(
        {
            "name": "Anna Berg",
            "addresses": [{"street": "Lange Hauptstrasse 12", "district": "Mitte", "city": "Berlin", "zip": "10115"}],
        }
    )
    world.sync()
    assert world.one("B")["city"] == "BERLIN"
    world.quiet()
    return world


def golden_address(world: World) -> dict[str, Any]:
    (element,) = world.golden().collection("addresses").live()
    return dict(element.value.value)


def test_group_street_typo_keeps_district(tmp_path: Path) -> None:
    world = addressed(tmp_path)
    world.servers["B"].edit(world.id("B"), street="Hauptstr. 12")
    world.sync()
    found = golden_address(world)
    assert (found["lines"], found["district"], found["city"]) == (["Hauptstr. 12"], "Mitte", "Berlin")
    assert address(world, "A")["district"] == "Mitte"
    world.quiet()


def test_group_city_change_drops_district_with_ledger(tmp_path: Path) -> None:
    world = addressed(tmp_path)
    world.servers["B"].edit(world.id("B"), city="POTSDAM", zip="14467")
    world.sync()
    found = golden_address(world)
    assert (found["city"], found["district"]) == ("POTSDAM", None)
    assert [row["loser"] for row in world.ledger(rules="dependent")] == ["Mitte"]
    world.quiet()


def test_group_upper_truncate_edit_one_member(tmp_path: Path) -> None:
    world = addressed(tmp_path)
    world.servers["B"].edit(world.id("B"), zip="10117")
    world.sync()
    found = golden_address(world)
    assert found["postal_code"] == "10117"
    assert (found["city"], found["lines"], found["district"]) == ("Berlin", ["Lange Hauptstrasse 12"], None)
    world.quiet()


def test_group_edit_after_lost_conflict(tmp_path: Path) -> None:
    world = addressed(tmp_path)
    world.servers["A"].edit(world.id("A"), lambda data: data["addresses"][0].update(city="Bonn", district=None))
    world.now += 600
    world.servers["B"].edit(world.id("B"), zip="53111")
    world.sync()
    shown = golden_address(world)
    assert shown["postal_code"] == "53111"
    assert any(isinstance(row["loser"], dict) and row["loser"].get("city") == "Bonn" for row in world.ledger())
    world.servers["B"].edit(world.id("B"), street="Marktplatz 1")
    world.sync()
    assert golden_address(world)["lines"] == ["Marktplatz 1"]
    assert golden_address(world)["city"] == shown["city"]
    world.quiet()


def test_group_district_only_change(tmp_path: Path) -> None:
    world = addressed(tmp_path)
    before = len(world.servers["B"].writes)
    world.servers["A"].edit(world.id("A"), lambda data: data["addresses"][0].update(district="Wedding"))
    world.sync()
    assert len(world.servers["B"].writes) == before, "B cannot hold a district: no write"
    world.servers["B"].edit(world.id("B"), street="Hauptweg 1")
    world.sync()
    assert world.ledger() == [], "no conflict"
    assert golden_address(world)["district"] == "Wedding"
    world.quiet()


def lose_reply(world: World, system: str) -> None:
    """The next write is carried out, its answer is lost, and nothing can be read for the rest of the run."""
    server = world.servers[system]
    state = {"lost": False}

    def fault(call: str, _number: int) -> Exception | None:
        if call == "receipt" and not state["lost"]:
            state["lost"] = True
            return OutcomeUnknown("no answer")
        if state["lost"] and call in ("fetch", "changes", "find"):
            return Unavailable("down")
        return None

    server.fault = fault  # type: ignore[assignment]  # returns connector errors only


def test_group_crash_then_user_edits_one_member(tmp_path: Path) -> None:
    world = addressed(tmp_path)
    world.servers["A"].edit(world.id("A"), lambda data: data["addresses"][0].update(street="Lange Allee 100 a"))
    lose_reply(world, "B")
    world.sync()
    world.servers["B"].fault = lambda _call, _number: None
    world.servers["B"].edit(world.id("B"), zip="10999")
    world.sync()
    found = golden_address(world)
    assert found["lines"] == ["Lange Allee 100 a"], "the cut street is our own write, not an edit"
    assert (found["postal_code"], found["city"]) == ("10999", "Berlin")
    world.quiet()


def referring(folder: Path, policy: Policy | None = None) -> World:
    return World(folder, policy, A=REFERRING, B=REFERRING)


def deleting(folder: Path) -> World:
    """What is deleted in B is deleted in A, unless A has an edit that B has not seen."""
    return referring(folder, Policy(("A", "B"), delete={"B": "propagate"}))


def test_ref_pending_not_erased_not_pushed_over(tmp_path: Path) -> None:
    world = referring(tmp_path)
    a = world.servers["A"]
    acme = a.add({"name": "ACME", "email": "info@acme.example"})
    a.add({"name": "Anna", "email": "anna@x.example", "company_id": acme})
    world.sync()
    b = world.servers["B"]
    ids = {data["name"]: id_ for id_, data in b.alive().items()}
    assert b.records[ids["Anna"]].data["company_id"] == ids["ACME"]
    b.edit(ids["Anna"], company_id="unknown-yet")
    world.sync()
    assert b.records[ids["Anna"]].data["company_id"] == "unknown-yet", "not pushed over"
    anna = next(g for g in all_goldens(world) if g.value("name")["full"] == "Anna")
    assert anna.value("company") is not None, "not erased"
    world.quiet()


def all_goldens(world: World) -> list[Any]:
    return list(world.store.records.goldens(world.store.records.gids()).values())


def test_ref_pending_is_resolved_when_its_record_is_linked(tmp_path: Path) -> None:
    world = referring(tmp_path)
    a = world.servers["A"]
    a.add({"name": "Anna", "email": "anna@x.example", "company_id": "2"})
    world.sync()
    assert a.add({"name": "ACME", "email": "info@acme.example"}) == "2"
    world.sync()
    b = world.servers["B"]
    ids = {data["name"]: id_ for id_, data in b.alive().items()}
    assert b.records[ids["Anna"]].data["company_id"] == ids["ACME"]
    world.quiet()


def test_ref_pending_new_link_golden_cleared(tmp_path: Path) -> None:
    world = referring(tmp_path)
    a, b = world.servers["A"], world.servers["B"]
    acme = a.add({"name": "ACME", "email": "info@acme.example"})
    anna = a.add({"name": "Anna", "email": "anna@x.example", "company_id": acme})
    b.add({"name": "Anna", "email": "anna@x.example", "company_id": "later"})
    a.edit(anna, company_id=None)
    world.sync()
    found = next(data for data in b.alive().values() if data["name"] == "Anna")
    assert found["company_id"] == "later"
    world.quiet()


def test_ref_target_unlinked_waits(tmp_path: Path) -> None:
    world = referring(tmp_path)
    world.servers["B"].traits.refuse = lambda data: "no companies here" if data["name"] == "ACME" else None
    a = world.servers["A"]
    acme = a.add({"name": "ACME", "email": "info@acme.example"})
    a.add({"name": "Anna", "email": "anna@x.example", "company_id": acme})
    world.sync()
    (anna,) = world.servers["B"].alive().values()
    assert not anna.get("company_id")
    world.servers["B"].traits.refuse = None
    a.edit(acme, name="ACME Ltd")
    world.sync()
    world.sync()
    ids = {data["name"]: id_ for id_, data in world.servers["B"].alive().items()}
    assert world.servers["B"].records[ids["Anna"]].data["company_id"] == ids["ACME Ltd"]
    world.quiet()


def test_ref_after_parent_merge_no_write(tmp_path: Path) -> None:
    world = referring(tmp_path)
    a = world.servers["A"]
    acme = a.add({"name": "ACME", "email": "info@acme.example"})
    double = a.add({"name": "ACME Inc", "email": "office@acme.example"})
    a.add({"name": "Anna", "email": "anna@x.example", "company_id": double})
    world.sync()
    writes = [item for item in world.servers["B"].writes if item[0] != "update"]
    anna = next(id_ for id_, data in world.servers["B"].alive().items() if data["name"] == "Anna")
    before = world.servers["B"].records[anna].version
    a.remove(double, merged_into=acme)
    world.sync()
    assert [item for item in world.servers["B"].writes if item[0] != "update"] == writes
    assert world.servers["B"].records[anna].version == before
    world.quiet()


def with_a_company(world: World) -> str:
    """Anna works for ACME in both systems; the id of ACME in B."""
    a = world.servers["A"]
    a.add(
        {"name": "Anna", "email": "anna@x.example", "company_id": a.add({"name": "ACME", "email": "info@acme.example"})}
    )
    world.sync()
    ids = {data["name"]: id_ for id_, data in world.servers["B"].alive().items()}
    assert world.servers["B"].records[ids["Anna"]].data["company_id"] == ids["ACME"]
    return ids["ACME"]


def company_of_anna(world: World, system: str) -> tuple[str, str]:
    """The id of ACME that is there now, and to which record Anna's refers."""
    alive = world.servers[system].alive()
    (acme,) = [id_ for id_, data in alive.items() if data["name"].startswith("ACME")]
    (anna,) = [data for data in alive.values() if data["name"] == "Anna"]
    return acme, anna["company_id"]


def test_ref_to_a_record_made_again_names_the_new_one(tmp_path: Path) -> None:
    """Somebody deletes the company in B while it is edited in A: it is made again, with another id, and Anna works there."""
    world = deleting(tmp_path)
    old = with_a_company(world)
    world.servers["B"].remove(old)
    a = world.servers["A"]
    a.edit(next(id_ for id_, data in a.alive().items() if data["name"] == "ACME"), name="ACME Ltd")
    world.sync()
    world.sync()
    acme, named = company_of_anna(world, "B")
    assert named == acme != old
    assert company_of_anna(world, "A")[0] == company_of_anna(world, "A")[1], (
        "nothing moved where nothing was made again"
    )
    assert "company_id" not in str([item for item in world.servers["A"].writes if item[0] == "update"])
    world.quiet()


def test_ref_to_a_merged_record_follows_its_survivor_that_is_made_again(tmp_path: Path) -> None:
    """Golden still means the company that was merged away; who refers to it is found all the same."""
    world = deleting(tmp_path)
    old = with_a_company(world)
    a = world.servers["A"]
    acme = next(id_ for id_, data in a.alive().items() if data["name"] == "ACME")
    survivor = a.add({"name": "ACME Group", "email": "group@acme.example"})
    world.sync()
    a.remove(acme, merged_into=survivor)
    world.sync()
    world.sync()
    b = world.servers["B"]
    for id_ in [id_ for id_, data in b.alive().items() if data["name"].startswith("ACME")]:
        b.remove(id_)
    a.edit(survivor, name="ACME Holding")
    world.sync()
    world.sync()
    now, named = company_of_anna(world, "B")
    assert named == now != old
    world.quiet()


def test_ref_to_a_record_that_stands_is_planned_without_a_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of people work for a company: none of them costs a query."""
    world = referring(tmp_path)
    with_a_company(world)
    with world.store.transaction():
        world.store.records.mark_all_dirty()
    looks: list[RemoteRef] = []
    monkeypatch.setattr(Workspace, "resolve", lambda _self, _system, ref: looks.append(ref))
    plan = world.engine().read().plan
    assert plan is not None
    assert (len(plan.items), looks) == (0, [])


@pytest.mark.parametrize("newcomer", [False, True])
def test_ref_to_a_record_that_its_system_merged_names_the_survivor(tmp_path: Path, newcomer: bool) -> None:
    """Also where the hub had not seen the survivor before, and where the merged record was no primary one."""
    world = referring(tmp_path)
    old = with_a_company(world)
    b = world.servers["B"]
    survivor = b.add({"name": "ACME Group", "email": "group@acme.example"})
    if not newcomer:
        world.sync()
    b.remove(old, merged_into=survivor)
    world.sync()
    world.sync()
    assert company_of_anna(world, "B") == (survivor, survivor)
    world.quiet()


def test_ref_of_somebody_else_to_a_record_that_is_gone_stays(tmp_path: Path) -> None:
    """Nothing is made again, so nothing is written: the reference dangles as its system left it."""
    world = referring(tmp_path)
    old = with_a_company(world)
    world.servers["B"].remove(old)
    world.sync()
    world.sync()
    (anna,) = [data for data in world.servers["B"].alive().values() if data["name"] == "Anna"]
    assert anna["company_id"] == old
    world.quiet()


def test_mapping_transform_changed_zero_edits(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    person(world, notes="Likes tea")
    world.shapes["B"] = PLAIN.replace('notes = "notes"', 'notes = { at = "notes", as = "upper" }')
    before = world.golden().seq
    writes = len(world.servers["A"].writes)
    world.sync()
    assert world.golden().value("notes") == "Likes tea"
    assert world.golden().seq == before
    assert len(world.servers["A"].writes) == writes


def test_mapping_slot_added_rereads_unchanged_records(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=ONE_SLOT)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "x@x.example"}, {"value": "y@x.example"}]})
    world.sync()
    world.servers["B"].edit(world.id("B"), email2=None)
    world.sync()
    world.shapes["B"] = ONE_SLOT + 'email2 = { pick = "next", as = "email" }\n'
    result = world.sync()
    assert [trip.guard for trip in result.plan.trips] == ["rules_changed"] if result.plan else False
    world.engine().sync(approve=world.engine().read().plan.hash())  # type: ignore[union-attr]  # a read always plans
    assert world.one("B")["email2"] == "y@x.example"
    world.quiet()


def test_mapping_change_with_unseen_user_edit_kept(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    person(world, notes="one")
    world.servers["B"].edit(world.id("B"), notes="two", title="Dr")
    world.shapes["B"] = PLAIN.replace("{fields}", 'job.title = "title"\n{fields}')
    world.sync()
    assert world.one("A")["notes"] == "two"
    assert world.golden().value("job.title") == "Dr"


def asking(folder: Path, **shapes: str) -> World:
    policy = Policy(tuple(shapes), fields={"notes": FieldPolicy(conflict="ask")})
    return World(folder, policy, **shapes)


def conflict(world: World) -> None:
    world.servers["A"].edit(world.id("A"), notes="from A")
    world.servers["B"].edit(world.id("B"), notes="from B")
    world.sync()


def test_ask_freezes_pushes_until_resolved(tmp_path: Path) -> None:
    world = asking(tmp_path, A=PLAIN, B=PLAIN)
    person(world, notes="old")
    conflict(world)
    assert (world.one("A")["notes"], world.one("B")["notes"]) == ("from A", "from B")
    assert [row["state"] for row in world.ledger()] == ["open"]
    world.quiet()


def test_ask_create_while_frozen(tmp_path: Path) -> None:
    world = asking(tmp_path, A=PLAIN, B=PLAIN)
    person(world, notes="old")
    conflict(world)
    provisional = world.golden().value("notes")
    world.add_system("C", PLAIN)
    world.sync()
    assert world.one("C")["notes"] == provisional, "a create carries the provisional value"
    world.quiet()


@pytest.mark.parametrize("shape", [LIST_WITH_IDS, LIST_NO_IDS], ids=["with ids", "without ids"])
def test_adopt_then_user_edit_before_confirm(tmp_path: Path, shape: str) -> None:
    world = World(tmp_path, A=ONE_SLOT, B=shape)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example"})
    lose_reply(world, "B")
    world.sync()
    world.servers["B"].fault = lambda _call, _number: None
    (id_,) = world.servers["B"].alive()
    world.servers["B"].edit(id_, lambda data: data["emails"].append({"value": "user@x.example"}), notes="by a user")
    world.sync()
    assert len(world.servers["B"].alive()) == 1
    assert set(world.emails()) == {"anna@x.example", "user@x.example"}
    assert world.one("A")["notes"] == "by a user"
    world.quiet()


def test_open_op_then_feed_image(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=ONE_SLOT)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "x@x.example"}]})
    world.sync()
    world.servers["A"].edit(world.id("A"), lambda data: data["emails"][0].update(value="y@x.example"))
    lose_reply(world, "B")
    world.sync()
    server = world.servers["B"]
    server.fault = lambda call, _number: Unavailable("no") if call == "fetch" else None
    seq = world.golden().seq
    claims = [item.claims for item in world.emails().values()]
    world.sync()
    server.fault = lambda _call, _number: None
    world.sync()
    assert world.golden().seq == seq, "our own write is no user's edit"
    assert [item.claims for item in world.emails().values()] == claims
    assert world.one("B")["email"] == "y@x.example"
    world.quiet()


def test_feed_record_while_create_open_is_reread(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["B"].traits.index_lag = 7200.0
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example"})
    lose_reply(world, "B")
    world.sync()
    server = world.servers["B"]
    server.fault = lambda _call, _number: None
    server.traits.create = "marker"
    hidden = {id_: record.op_key for id_, record in server.records.items()}
    for record in server.records.values():
        record.op_key = ""
    world.sync()
    assert len(list(world.store.records.gids())) == 1, "the record waits, it is not taken for a stranger"
    for id_, key in hidden.items():
        server.records[id_].op_key = key
    world.sync()
    world.sync()
    assert len(server.alive()) == 1
    assert len(world.servers["A"].alive()) == 1
    world.quiet()


def test_merge_two_persons_same_email(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=ONE_SLOT)
    a = world.servers["A"]
    first = a.add({"name": "Anna Berg", "emails": [{"value": "x@x.example", "pref": True}]})
    second = a.add({"name": "Anna Berger", "emails": [{"value": "y@x.example", "pref": True}]})
    world.sync()
    a.edit(second, lambda data: data["emails"][0].update(value="x@x.example"))
    world.sync()
    a.remove(second, merged_into=first)
    world.sync()
    coll = world.golden().collection("emails")
    assert [item.value.value for item in coll.live()] == ["x@x.example"]
    shadows = [
        link
        for link in world.store.records.links_by_gid([world.golden().gid])[world.golden().gid]
        if link.state == "shadow"
    ]
    assert [link.system for link in shadows] == ["B"]
    world.quiet()
