"""Named scenarios for the exhaustive mode: a quiet world, and what users then do to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.sync.policy import FieldPolicy, Policy
from hub.testing.memory import Document
from hub.testing.simulation.profile import ADDRESSES, SHAPES, Profile
from hub.testing.simulation.world import World

Deed = Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """systems: name -> traits.  people: customers that A has (and, once quiet, everybody).  before: what users do before
    the first run; deed: what they do in the quiet world, before the run that is disturbed.  fresh: the disturbed run is
    the very first.  lost_store: the disturbed run starts on an empty store.  undo: the run is carried out, and what is disturbed
    is undoing it; the person then gives the same command once more."""

    name: str
    systems: dict[str, str]
    deed: Deed = lambda _world: None
    before: Deed = lambda _world: None
    people: int = 2
    policy: dict[str, Any] = field(default_factory=dict)
    fresh: bool = False
    lost_store: bool = False
    undo: bool = False

    def profiles(self) -> list[Profile]:
        return [_profile(name, frozenset(traits.split())) for name, traits in self.systems.items()]

    def rules(self) -> Policy:
        return Policy(tuple(self.systems), **self.policy)


def _profile(name: str, traits: frozenset[str]) -> Profile:
    return Profile(
        name,
        traits,
        emails=next((kind for kind in SHAPES if kind in traits), "list"),
        address=next((kind for kind in ADDRESSES if kind in traits), "none"),
        lag=1800.0 if "lag" in traits else 0.0,
        page=2,
        batch=3,
    )


def person(world: World, system: str, number: int | str, **more: Any) -> str:
    """A customer is added in a system."""
    server = world.servers[system]
    data: Document = {"name": f"Person {number}", "notes": f"note {number}", "x_frame": f"frame {number}", **more}
    email = data.pop("email", f"p{number}@x.example")
    shape = server.profile.emails
    if shape in ("list", "plain_list"):
        data["emails"] = [{"value": email, "label": "work"}]
    elif shape != "no_emails":
        data["work" if shape == "label_slots" else "email"] = email
    return server.add(data)


def edit(system: str, id_: str, **values: Any) -> Deed:
    return lambda world: world.servers[system].edit(id_, **values)


def change(system: str, id_: str, deed: Callable[[Document], None]) -> Deed:
    return lambda world: world.servers[system].edit(id_, deed)


def remove(system: str, *ids: str, into: str | None = None) -> Deed:
    def deed(world: World) -> None:
        for id_ in ids:
            world.servers[system].remove(id_, into)

    return deed


def add(system: str, *numbers: int | str, **more: Any) -> Deed:
    def deed(world: World) -> None:
        for number in numbers:
            person(world, system, number, **more)

    return deed


def both(*deeds: Deed) -> Deed:
    def deed(world: World) -> None:
        for item in deeds:
            item(world)
            world.now += 600.0

    return deed


def _row(data: Document, **values: Any) -> None:
    data["emails"][0].update(values)


def _expire(world: World) -> None:
    for server in world.servers.values():
        server.expired = True


AB = {"A": "", "B": ""}
PASS_ON: dict[str, Any] = {"delete": {"A": "propagate", "B": "propagate"}}
_ROWS = both(
    change("A", "1", lambda data: data["emails"].append({"value": "second@x.example", "label": "home"})),
    change("A", "2", lambda data: _row(data, value="other@x.example", pref=True)),
)

SCENARIOS = (
    Scenario("first_link", AB, before=add("B", 1, 9), fresh=True),
    Scenario("first_link_conflict", AB, before=add("B", 1, notes="another note"), fresh=True,
             policy={"authority": {"notes": ("A",)}}),
    Scenario("create_marker", AB, add("A", 7, 8)),
    Scenario("create_client_id", {"A": "", "B": "client_id"}, add("A", 7, 8)),
    Scenario("create_keyless", {"A": "", "B": "keyless"}, add("A", 7, 8)),
    Scenario("create_keyless_no_emails", {"A": "", "B": "keyless no_emails"}, add("A", 7, 8)),
    Scenario("create_unique", {"A": "", "B": "unique one_slot"}, add("A", 7, 8)),
    Scenario("create_no_image", {"A": "", "B": "no_image"}, add("A", 7, 8)),
    Scenario("create_lag", {"A": "", "B": "lag"}, add("A", 7, 8)),
    Scenario("batch", {"A": "", "B": "", "C": "one_slot"}, add("A", 4, 5, 6, 7, 8)),
    Scenario("update", AB, edit("A", "1", notes="new", name="Person New")),
    Scenario("update_both", AB, both(edit("A", "1", notes="from A"), edit("B", "1", name="From B"))),
    Scenario("update_unconditional", {"A": "", "B": "unconditional"}, edit("A", "1", notes="new")),
    Scenario("update_no_image", {"A": "", "B": "no_image"}, edit("A", "1", notes="new")),
    Scenario("erase", AB, edit("A", "1", notes=None)),
    Scenario("delete", AB, remove("A", "1"), policy=PASS_ON | {"delete_any": frozenset("AB")}),
    Scenario("delete_listing", {"A": "listing", "B": ""}, remove("A", "1"), policy=PASS_ON),
    Scenario("delete_unlink", AB, remove("A", "1")),
    Scenario("delete_archive", AB, remove("A", "1"), policy={"delete": {"A": "archive"}}),
    Scenario("revive", AB, both(edit("B", "1", notes="I am alive"), remove("A", "1")), policy=PASS_ON),
    Scenario("undelete", AB, both(remove("A", "1"), lambda world: world.servers["A"].undelete("1"))),
    Scenario("merge", AB, remove("A", "2", into="1")),
    Scenario("merge_three", {"A": "", "B": "", "C": "listing"}, remove("B", "2", into="1")),
    Scenario("merge_new", AB, both(add("A", 9), remove("A", "1", into="3"))),
    Scenario("conflict", AB, both(edit("A", "1", notes="from A"), edit("B", "1", notes="from B"))),
    Scenario("conflict_three", {"A": "", "B": "", "C": "unconditional"},
             both(edit("A", "1", notes="from A"), edit("B", "1", notes="from B"), edit("C", "1", notes="from C"))),
    Scenario("ask", AB, both(edit("A", "1", notes="from A"), edit("B", "1", notes="from B")),
             policy={"fields": {"notes": FieldPolicy("ask")}}),
    Scenario("guard", AB, remove("A", "1", "2", "3", "4", "5", "6", "7"), people=8, policy=PASS_ON),
    Scenario("slow_sync", AB, both(edit("A", "1", notes="new"), _expire)),
    Scenario("relink", {"A": "", "B": "client_id", "C": "client_id"}, lost_store=True),
    Scenario("quarantine", {"A": "title", "B": "title"}, both(edit("A", "1", title="poison"), edit("A", "2", title="fine"))),
    Scenario("review", AB, add("B", "Stranger", email="p1@x.example")),
    Scenario("references", {"A": "company", "B": "company"},
             both(add("A", 7), edit("A", "1", company_id="3"), edit("A", "2", company_id="1"))),
    Scenario("consent", {"A": "consent", "B": "consent"}, both(edit("A", "1", optin="no"), edit("B", "2", optin="yes"))),
    Scenario("list_with_ids", {"A": "", "B": "", "C": "two_slots"}, _ROWS),
    Scenario("list_without_ids", {"A": "", "B": "plain_list"}, _ROWS),
    Scenario("one_slot", {"A": "", "B": "one_slot"}, both(_ROWS, edit("B", "1", email="slot@x.example"))),
    Scenario("two_slots", {"A": "", "B": "two_slots"},
             both(_ROWS, edit("B", "2", email="p2@x.example", email2="third@x.example"))),
    Scenario("label_slots", {"A": "", "B": "label_slots"}, both(_ROWS, edit("B", "2", home="home@x.example"))),
    Scenario("groups", {"A": "full_address", "B": "short_address upper"},
             both(edit("A", "1", street="Weg 1", city="Wien", district="Mitte", zip="1010"), edit("B", "2", street="Gasse 2"))),
    Scenario("normaliser", {"A": "", "B": "upper cut"}, edit("A", "1", name="Person New", notes="a note that is long")),
    Scenario("server_default", {"A": "default", "B": "default keyless"}, add("A", 7)),
    Scenario("undo_update", AB, edit("A", "1", notes="new", name="Person New"), undo=True),
    Scenario("undo_no_image", {"A": "", "B": "no_image"}, edit("A", "1", notes="new"), undo=True),
    Scenario("undo_unconditional", {"A": "", "B": "unconditional"}, edit("A", "1", notes="new"), undo=True),
    Scenario("undo_create", {"A": "", "B": "", "C": "one_slot"}, add("A", 7, 8), undo=True),
    Scenario("undo_delete", AB, remove("A", "1"), policy=PASS_ON | {"delete_any": frozenset("AB")}, undo=True),
    Scenario("undo_delete_keyless", {"A": "", "B": "keyless"}, remove("A", "1"),
             policy=PASS_ON | {"delete_any": frozenset("AB")}, undo=True),
    Scenario("undo_lists", {"A": "", "B": "plain_list", "C": "two_slots"}, _ROWS, undo=True),
    Scenario("read_only", {"A": "", "B": "read_only"}, both(edit("B", "1", notes="only read"), add("B", 9)),
             before=add("B", 1)),
)  # fmt: skip
