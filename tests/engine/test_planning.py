"""Which records are planned for which systems at all, put together by hand: may they be made, changed or deleted there?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.state import Cell, Golden, Link
from hub.sync.plan.draft import WAITING
from hub.sync.plan.items import Item, Payload
from hub.sync.plan.plan import Plan
from hub.sync.planning import estimate_calls, fingerprint, note_plan, plan_on, waits_for_another
from hub.sync.policy import Policy
from hub.sync.systems import Source, Systems
from hub.sync.workspace import Shared, Workspace
from tests.engine.planned import collection, element, golden, mapping_of
from tests.engine.test_linking import shared_of
from tests.engine.world import World

X = "x@x.example"
NOTES = '[fields]\nnotes = "notes"\n[emails.slots]\nemail = { pick = "primary", as = "email" }\n'
KIND = NOTES.replace("[fields]\n", '[fields]\nkind = { at = "type", map = { "person" = "p", "organisation" = "o" } }\n')
PEOPLE = NOTES.replace("[fields]\n", '[fields]\nkind = { const = "person" }\n')
ACCOUNTS = PEOPLE.replace('"person"', '"organisation"')
COMPANY = '[fields]\ncompany = { ref = "contacts", at = "company_id" }\nnotes = "notes"\n'


class Desk:
    """Systems of one resource each (or several: "A/leads"), and one customer in memory."""

    def __init__(self, folder: Path, policy: Policy | None = None, /, **shapes: str) -> None:
        world = World(folder, policy, **{name.partition("_")[0]: NOTES for name in shapes})
        first = {source.system: source for source in world.sources()}
        self.sources = {}
        for name, shape in shapes.items():
            system, _, resource = name.partition("_")
            known = first[system]
            self.sources[name] = Source(
                system, resource or "contacts", known.connector, mapping_of(shape, system), known.capabilities
            )
        self.shared: Shared = shared_of(world)
        self.shared.systems = Systems(list(self.sources.values()))
        self.workspace = Workspace(self.shared)

    def can(self, name: str, **capabilities: Any) -> None:
        source = self.sources[name]
        source.capabilities = replace(source.capabilities, **capabilities)

    def linked(self, name: str, native: dict[str, Any] | None, gid: str = "g1", **more: Any) -> Link:
        """A record of the customer that shows this."""
        source = self.sources[name]
        link = Link(source.system, source.resource, "7", gid, version="3", mapping=source.mapping.hash, native=native)
        link.picture = {"emails": [["email", None]]}
        link.psent = {"emails": None}
        for key, value in more.items():
            setattr(link, key, value)
        self.workspace.links.setdefault(gid, []).append(link)
        return link

    def planned(self, name: str, customer: Golden) -> Item | None:
        self.workspace.goldens[customer.gid] = customer
        items = list(plan_on(self.workspace, self.sources[name], customer))
        assert len(items) <= 1
        assert all(isinstance(item, Item) for item in items)
        return items[0] if items else None

    def kinds(self, customer: Golden) -> dict[str, str]:
        """Resource -> what is planned there."""
        found = {name: self.planned(name, customer) for name in self.sources}
        return {name: item.kind for name, item in found.items() if item is not None}


def shown(notes: str | None = None) -> dict[str, Any]:
    return {"notes": notes, "email": None}


def anna(**fields: Any) -> Golden:
    return golden(**{"notes": "new", **fields})


# what is made


def test_a_customer_is_made_where_it_is_missing_and_changed_where_it_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES, B=NOTES)
    desk.linked("A", shown("old"))
    customer = anna()
    assert desk.kinds(customer) == {"A": "update", "B": "create"}
    item = desk.planned("B", customer)
    assert item is not None
    assert (item.system, item.resource, item.gid, item.data) == ("B", "contacts", "g1", {"notes": "new"})


def test_a_customer_that_no_system_has_is_made_nowhere(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES, B=NOTES)
    assert desk.kinds(anna()) == {}
    desk.linked("A", shown("new"), sent={"notes": "new"}, state="gone")
    assert desk.kinds(anna()) == {"A": "create", "B": "create"}, "what is gone there is made again"


def test_an_archived_customer_is_made_nowhere_and_changed_where_it_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES, B=NOTES)
    desk.linked("A", shown("old"))
    assert desk.kinds(anna(status="archived")) == {"A": "update"}
    assert desk.kinds(anna(status="active")) == {"A": "update", "B": "create"}


def test_a_customer_of_whom_a_system_can_show_nothing_is_not_made_there(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES, B=NOTES)
    desk.linked("A", shown("old"), sent={"notes": "old"})
    assert desk.kinds(anna(notes=None)) == {"A": "update"}
    customer = golden(element("a", X))
    desk.linked("A", shown(), gid="g2")
    customer.gid = "g2"
    assert desk.kinds(customer)["B"] == "create", "an address is enough"


def test_what_a_system_or_the_configuration_does_not_allow_is_not_made(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Policy(("A", "B", "C", "D"), no_create=frozenset("B")), A=NOTES, B=NOTES, C=NOTES, D=NOTES)
    desk.linked("A", shown("new"), sent={"notes": "new"})
    desk.can("C", writes=frozenset({"update", "delete"}))
    desk.sources["D"].writable = False
    assert desk.kinds(anna()) == {}
    desk.sources["D"].writable = True
    assert desk.kinds(anna()) == {"D": "create"}


def test_a_customer_is_made_in_the_first_resource_that_takes_its_kind(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES, B_accounts=ACCOUNTS, B_people=PEOPLE, B_leads=NOTES)
    desk.linked("A", shown("new"), sent={"notes": "new"})
    assert desk.kinds(anna()) == {"B_people": "create"}, "one whose kind nobody says is a person"
    assert desk.kinds(anna(kind="organisation")) == {"B_accounts": "create"}
    customer = anna()
    customer.defaults["kind"] = "organisation"
    assert desk.kinds(customer) == {"B_accounts": "create"}
    customer.fields["kind"] = Cell("person")
    assert desk.kinds(customer) == {"B_people": "create"}
    desk.can("B_people", writes=frozenset({"update"}))
    assert desk.kinds(customer) == {"B_leads": "create"}


def test_a_lead_is_not_made_a_contact_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES, B=NOTES, B_leads=NOTES)
    desk.linked("A", shown("new"), sent={"notes": "new"})
    lead = desk.linked("B_leads", shown("old"))
    assert desk.kinds(anna()) == {"B_leads": "update"}
    lead.state = "excluded"
    assert desk.kinds(anna()) == {"B": "create"}, "one that is none of ours does not count"
    lead.state, lead.system = "active", "A"
    assert desk.kinds(anna())["B"] == "create", "nor does one of another system"


@pytest.mark.parametrize(("create", "key"), [("marker", None), ("upsert_key", "g1"), ("none", "g1")])
def test_a_new_record_carries_our_key_unless_its_mark_is_the_key_of_the_write(
    tmp_path: Path, create: str, key: str | None
) -> None:
    desk = Desk(tmp_path, A=NOTES, B='own_key = "hub_id"\n' + NOTES)
    desk.can("B", create=create)
    desk.linked("A", shown("new"))
    made = desk.planned("B", anna())
    assert made is not None
    assert made.data == ({"notes": "new"} if key is None else {"notes": "new", "hub_id": key})
    desk.linked("B", shown("old"))
    changed = desk.planned("B", anna())
    assert changed is not None
    assert changed.data == {"notes": "new"}, "only when it is made"


# what is changed


def test_a_record_that_cannot_or_must_not_be_written_now_is_left_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES)
    link = desk.linked("A", shown("old"))
    assert desk.kinds(anna()) == {"A": "update"}
    for name, value in (("mapping", "another"), ("state", "missing"), ("state", "shadow"), ("native", None)):
        known = getattr(link, name)
        setattr(link, name, value)
        assert desk.kinds(anna()) == {}, (name, value)
        setattr(link, name, known)
    desk.sources["A"].writable = False
    assert desk.kinds(anna()) == {}
    desk.sources["A"].writable = True
    desk.can("A", writes=frozenset({"create", "delete"}))
    assert desk.kinds(anna()) == {}
    desk.can("A", writes=frozenset({"update"}))
    assert desk.kinds(anna()) == {"A": "update"}
    customer = anna()
    customer.record = "visit"
    assert desk.kinds(customer) == {}, "another record than the mapping's"
    customer.record, customer.state = "customer", "merged"
    assert desk.kinds(customer) == {}


def test_of_a_record_to_which_nothing_is_to_be_done_nothing_is_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES)
    link = desk.linked("A", shown("new"), sent={"notes": "new"})
    assert desk.planned("A", anna()) is None
    link.sent["notes"] = "old"
    noted = desk.planned("A", anna())
    assert noted is not None
    assert (noted.data, noted.book) == ({}, Payload({"notes": "new"}))
    link.sent["notes"], link.held = "new", {"notes": "too long"}
    free = desk.planned("A", anna())
    assert free is not None
    assert (free.data, free.held) == ({}, {}), "that nothing is held back any more"


def test_what_this_run_keeps_quiet_about_is_not_written(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES)
    desk.linked("A", shown("old"))
    desk.shared.quiet = frozenset({"notes"})
    assert desk.kinds(anna()) == {}


# references


def test_a_reference_is_written_as_the_id_that_its_record_has_in_this_system_now(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=COMPANY, B=COMPANY)
    desk.linked("A", {"company_id": None, "notes": "new"}, sent={"notes": "new"})
    customer = anna(company="g2")
    desk.linked("B", {"company_id": None, "notes": "x"}, gid="g2", remote_id="22")
    waiting = desk.planned("A", customer)
    assert waiting is not None
    assert (waiting.data, waiting.held, waits_for_another(waiting)) == ({}, {"company": WAITING}, True)
    target = desk.linked("A", {"company_id": None, "notes": "x"}, gid="g2", remote_id="21")
    item = desk.planned("A", customer)
    assert item is not None
    assert (item.data, item.held, waits_for_another(item)) == ({"company_id": "21"}, {}, False)
    target.state = "missing"
    waiting = desk.planned("A", customer)
    assert waiting is not None
    assert (waiting.data, waiting.held) == ({}, {"company": WAITING})


def test_a_reference_to_a_record_that_is_gone_is_given_anew(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=COMPANY)
    desk.linked("A", {"company_id": "20", "notes": "new"}, sent={"notes": "new", "company": "g2"})
    desk.linked("A", {"company_id": None, "notes": "x"}, gid="g2", remote_id="20", state="gone")
    assert desk.planned("A", anna(company="g2")) is None
    desk.linked("A", {"company_id": None, "notes": "x"}, gid="g2", remote_id="21")
    item = desk.planned("A", anna(company="g2"))
    assert item is not None
    assert item.data == {"company_id": "21"}


# what is deleted


def test_a_dead_customer_is_deleted_where_the_hub_made_it_or_may_delete_any(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Policy(tuple("ABCD"), delete_any=frozenset("C")), A=NOTES, B=NOTES, C=NOTES, D=NOTES)
    desk.linked("A", shown("old"), created_by_hub=True)
    desk.linked("B", shown("old"))
    desk.linked("C", shown("old"), remote_id="9", version="4", state="shadow")
    customer = anna(name={"full": "Anna Berg"})
    customer.state = "dead"
    assert desk.kinds(customer) == {"A": "delete", "C": "delete"}
    item = desk.planned("C", customer)
    assert item == Item("C", "contacts", "g1", "delete", "9", "4", "Anna Berg")
    desk.workspace.links["g1"][2].state = "missing"
    desk.can("A", writes=frozenset({"create", "update"}))
    assert desk.kinds(customer) == {}


# what is noted


def test_what_needs_no_write_is_noted_and_what_is_written_is_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES, B=NOTES, C=NOTES)
    a, b = desk.linked("A", shown("new")), desk.linked("B", shown("old"), held={"email": "too long"})
    book = Payload({"notes": "new"})
    items = [
        Item("C", "contacts", "g1", "create", data={"notes": "new"}, held={"email": "too long"}),
        Item("C", "contacts", "g1", "update", "1", book=book),
        Item("A", "contacts", "g1", "update", "7", book=book, held={"email": "too long"}),
        Item("B", "contacts", "g1", "update", "7", data={"notes": "new"}, book=book),
    ]
    note_plan(desk.workspace, items)
    assert (a.sent, a.held) == ({"notes": "new"}, {"email": "too long"})
    assert (b.sent, b.held) == ({}, {})
    assert list(desk.workspace.touched.values()) == [a, b]
    items[2].held["notes"] = "x"
    assert a.held == {"email": "too long"}


def test_a_deletion_notes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES)
    link = desk.linked("A", shown("old"), held={"email": "too long"})
    note_plan(desk.workspace, [Item("A", "contacts", "g1", "delete", "7", book=Payload({"notes": "new"}))])
    assert (link.sent, link.held, desk.workspace.touched) == ({}, {"email": "too long"}, {})


# what a refused write depended on


def test_a_refused_write_depends_on_what_golden_says_and_on_the_mapping_and_on_nothing_else(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES, B=KIND)
    source = desk.sources["A"]

    def now(*elements: Any, **fields: Any) -> str:
        return fingerprint(golden(*elements, **fields), source)

    before = now(element("a", X), element("b", "y@x.example"), notes="n", owner="o")
    assert len(before) == 16
    assert now(element("b", "Y@X.example"), element("c", X), owner="o", notes="n") == before, "order and spelling"
    gone = element("d", "z@x.example", alive=False)
    assert now(element("a", X), element("b", "y@x.example"), gone, notes="n", owner="o") == before
    without = golden(notes="n")
    without.collections = {}
    assert fingerprint(without, source) == fingerprint(golden(notes="n"), source)
    one = golden(element("a", X), element("b", "y@x.example"), notes="n", owner="o")
    assert fingerprint(one, desk.sources["B"]) != before
    one.state = "dead"
    assert fingerprint(one, source) != before
    assert now(element("a", X), notes="n", owner="o") != before
    assert now(element("a", X), element("b", "y@x.example"), notes="other", owner="o") != before
    two = golden(element("a", X), element("b", "y@x.example"), notes="n", owner="o")
    two.collections = {"phones": collection(element("p", "+43 1 234")), **two.collections}
    three = replace(two, collections=dict(reversed(two.collections.items())))
    assert fingerprint(two, source) == fingerprint(three, source) != before


# calls


def test_the_calls_of_a_plan_are_counted_by_resource_and_kind_and_by_what_one_call_takes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, A=NOTES, A_leads=NOTES, B=NOTES, C=NOTES)
    desk.can("A", batch=10, per_call=2)
    desk.can("A_leads", batch=3, per_call=None)
    items = [
        Item(system, resource, f"g{number}", kind)  # type: ignore[arg-type]  # kinds of items
        for system, resource, kind, count in (
            ("A", "contacts", "create", 3),
            ("A", "contacts", "update", 2),
            ("A", "leads", "update", 4),
            ("B", "contacts", "delete", 1),
        )
        for number in range(count)
    ]
    assert estimate_calls(desk.shared, Plan("test", items)) == {"A": 2 + 1 + 2, "B": 1}  # type: ignore[arg-type]
