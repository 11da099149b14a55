"""Linking and the first sync (sync-semantics, section 10): one to one only; what is doubtful waits for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import HubError
from hub.sync.engine import Engine
from hub.sync.linking import decide_review
from hub.sync.policy import Policy
from hub.sync.systems import Systems
from hub.sync.workspace import Counter, Shared
from tests.engine.world import PLAIN, World

PHONES = PLAIN + '[phones.slots]\nphone = { pick = "primary", as = "phone" }\n'
KEYED = 'own_key = "hub_id"\n' + PLAIN


def shared_of(world: World) -> Shared:
    """What a decision of a person runs in."""
    return Shared(
        world.store,
        Systems(world.sources()),
        world.policy,
        "decision",
        world.store.seq,
        lambda: world.now,
        lambda: f"d{world.store.seq:05d}",
    )


def decide(world: World, number: int, link: list[str] | None) -> str:
    with world.store.transaction():
        world.store.history.start_run("decision", "test", "decision", world.now)
        world.store.history.end_run("decision", world.now, "success", {})
    return decide_review(shared_of(world), number, link=link, counters={name: Counter() for name in world.servers})


def reviews(world: World) -> list[tuple[str, list[str]]]:
    return [
        (item.reason, sorted(f"{m['system']}/{m['remote_id']}" if not m["gid"] else "hub" for m in item.members))
        for item in world.store.history.reviews()
    ]


def pair(folder: Path, shape: str = PLAIN, **more: Any) -> World:
    return World(folder, A=shape, B=shape, **more)


def add(world: World, system: str, name: str | None, email: str | None = None, **more: Any) -> str:
    return world.servers[system].add({"name": name, "email": email, **more})


def links(world: World) -> list[list[str]]:
    """The systems on which each live golden record is linked."""
    gids = [golden.gid for golden in world.goldens()]
    found = world.store.records.links_by_gid(gids)
    return sorted(sorted(f"{link.system}{link.remote_id}" for link in found.get(gid, [])) for gid in gids)


# what is one customer


def test_one_record_on_each_side_with_the_same_email_is_one_customer(tmp_path: Path) -> None:
    world = pair(tmp_path)
    add(world, "A", "Anna Berg", "Anna@X.example", notes="from A")
    add(world, "B", "Anna Berg", "anna@x.example")
    result = world.sync()
    assert links(world) == [["A1", "B1"]]
    assert (result.counters["A"].created, result.counters["B"].created) == (0, 0)
    assert world.one("B")["notes"] == "from A"
    world.quiet()


def test_the_order_of_systems_does_not_change_what_is_linked(tmp_path: Path) -> None:
    found = []
    for order in ("ABC", "CBA", "BCA"):
        world = World(tmp_path / order, **dict.fromkeys(order, PLAIN))
        for name in "ABC":
            add(world, name, "Anna Berg", "anna@x.example")
            add(world, name, "Bo Dahl", "bo@x.example")
        world.sync()
        found.append(links(world))
    assert found[0] == found[1] == found[2] == [["A1", "B1", "C1"], ["A2", "B2", "C2"]]


def test_two_records_on_one_side_are_a_question_and_nothing_is_written(tmp_path: Path) -> None:
    world = pair(tmp_path)
    add(world, "A", "Anna Berg", "anna@x.example")
    add(world, "A", "Anna Berg", "anna@x.example")
    add(world, "B", "Anna Berg", "anna@x.example")
    result = world.sync()
    assert len(reviews(world)) == 1
    assert reviews(world)[0][1] == ["A/1", "A/2", "B/1"]
    assert world.writes() == 0
    assert world.goldens() == []
    assert (world.account("A", result).waiting, world.account("B", result).waiting) == (2, 1)
    world.quiet()


def test_same_email_and_different_names_is_a_question(tmp_path: Path) -> None:
    world = pair(tmp_path)
    add(world, "A", "Anna Berg", "family@x.example")
    add(world, "B", "Zacharias Wolf", "family@x.example")
    world.sync()
    assert [reason for reason, _ in reviews(world)] == ["the same e-mail or number, but different names"]
    assert world.goldens() == []
    world.quiet()


def test_an_address_that_more_than_three_share_is_no_key(tmp_path: Path) -> None:
    world = pair(tmp_path)
    for name in ("Anna Berg", "Bo Dahl", "Cem Ek", "Dora Falk"):
        add(world, "A", name, "info@firm.example")
    add(world, "B", "Anna Berg", "info@firm.example")
    world.sync()
    assert reviews(world) == []
    assert len(world.goldens()) == 5


@pytest.mark.parametrize(
    ("left", "right", "outcome"),
    [
        ("Anna Berg", "Anna Berg", "linked"),
        ("Anna Berg", "Otto Berg", "apart"),
        ("Anna Berg", None, "asked"),
    ],
)
def test_a_phone_number_alone_links_only_with_the_same_name(
    tmp_path: Path, left: str, right: str | None, outcome: str
) -> None:
    shape = PHONES
    world = pair(tmp_path, shape)
    for name in "AB":
        world.shapes[name] = shape
    world.servers["A"].add({"name": left, "phone": "+49 30 123456"})
    world.servers["B"].add({"name": right, "phone": "+4930123456"})
    import tests.engine.world as module

    head = module.HEAD
    module.HEAD = head.replace('["email"]', '["email", "phone"]')
    try:
        world.sync()
    finally:
        module.HEAD = head
    found = "asked" if reviews(world) else ("linked" if len(world.goldens()) == 1 else "apart")
    assert found == outcome


def test_records_without_any_key_are_customers_of_their_own(tmp_path: Path) -> None:
    world = pair(tmp_path)
    add(world, "A", "Anna Berg")
    add(world, "B", "Anna Berg")
    world.sync()
    assert len(world.goldens()) == 2, "a name never links"
    assert len(world.servers["A"].alive()) == 2


def test_records_that_carry_our_key_are_what_it_says(tmp_path: Path) -> None:
    world = World(tmp_path, A=KEYED, B=KEYED)
    add(world, "A", "Anna Berg", "anna@x.example", hub_id="k1")
    add(world, "B", "Anna Meier", "other@x.example", hub_id="k1")
    world.sync()
    assert [golden.gid for golden in world.goldens()] == ["k1"]
    assert links(world) == [["A1", "B1"]]
    world.quiet()


def test_a_copy_that_carries_our_key_is_a_question(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=KEYED)
    world.servers["B"].traits.create = "client_id"
    add(world, "A", "Anna Berg", "anna@x.example")
    world.sync()
    (made,) = world.servers["B"].alive().values()
    world.servers["B"].add(dict(made))
    world.sync()
    assert [reason for reason, _ in reviews(world)] == ["a copy of a record that carries our key"]
    assert len(world.goldens()) == 1
    world.quiet()


# later


def test_a_new_record_that_appears_later_is_matched_by_the_same_rules(tmp_path: Path) -> None:
    world = pair(tmp_path)
    world.policy = Policy(("A", "B"), no_create=frozenset({"B"}))
    add(world, "A", "Anna Berg", "anna@x.example", notes="vip")
    world.sync()
    add(world, "B", "Anna Berg", "anna@x.example")
    world.sync()
    assert links(world) == [["A1", "B1"]]
    assert world.one("B")["notes"] == "vip"
    world.quiet()


def test_a_second_record_of_a_linked_customer_is_a_question(tmp_path: Path) -> None:
    world = pair(tmp_path)
    add(world, "A", "Anna Berg", "anna@x.example")
    world.sync()
    add(world, "B", "Anna Berg", "anna@x.example")
    world.sync()
    assert [reason for reason, _ in reviews(world)] == [
        "the customer is linked to another record of this system already"
    ]
    assert links(world) == [["A1", "B1"]]
    world.quiet()


def test_a_changed_email_is_an_update_and_never_another_customer(tmp_path: Path) -> None:
    world = pair(tmp_path)
    add(world, "A", "Anna Berg", "anna@x.example")
    add(world, "A", "Bo Dahl", "bo@x.example")
    world.sync()
    world.servers["A"].edit("1", email="bo@x.example")
    world.sync()
    assert links(world) == [["A1", "B1"], ["A2", "B2"]]
    assert sorted(data["email"] for data in world.servers["B"].alive().values()) == ["bo@x.example"] * 2
    world.quiet()


# decisions of a person


def question(folder: Path) -> World:
    world = pair(folder)
    add(world, "A", "Anna Berg", "family@x.example", notes="a")
    add(world, "B", "Zacharias Wolf", "family@x.example")
    world.sync()
    return world


def test_a_review_decided_as_one_links_its_records(tmp_path: Path) -> None:
    world = question(tmp_path)
    (review,) = world.store.history.reviews()
    decide(world, review.id, ["A/contacts/1", "B/contacts/1"])
    world.sync()
    assert links(world) == [["A1", "B1"]]
    assert world.one("A")["name"] == world.one("B")["name"]
    assert reviews(world) == []
    world.quiet()


def test_a_review_decided_as_different_makes_two_and_is_never_asked_again(tmp_path: Path) -> None:
    world = question(tmp_path)
    (review,) = world.store.history.reviews()
    decide(world, review.id, None)
    world.sync()
    assert links(world) == [["A1", "B2"], ["A2", "B1"]]
    assert reviews(world) == []
    world.servers["A"].edit("1", notes="edited")
    world.servers["B"].edit("1", notes="edited too")
    world.sync()
    assert reviews(world) == []
    world.quiet()


def test_a_decision_can_link_some_and_keep_others_apart(tmp_path: Path) -> None:
    world = pair(tmp_path)
    add(world, "A", "Anna Berg", "anna@x.example", notes="first")
    add(world, "A", "Anna Berg", "anna@x.example", notes="second")
    add(world, "B", "Anna Berg", "anna@x.example")
    world.sync()
    (review,) = world.store.history.reviews()
    decide(world, review.id, ["A/contacts/2", "B/contacts/1"])
    world.sync()
    assert sorted(data.get("notes") for data in world.servers["B"].alive().values()) == ["first", "second"]
    assert links(world) == [["A1", "B2"], ["A2", "B1"]]
    world.quiet()


def test_two_records_of_one_system_cannot_be_decided_to_be_one(tmp_path: Path) -> None:
    world = pair(tmp_path)
    add(world, "A", "Anna Berg", "anna@x.example")
    add(world, "A", "Anna Berg", "anna@x.example")
    world.sync()
    (review,) = world.store.history.reviews()
    with pytest.raises(HubError, match="two records of A"):
        decide(world, review.id, ["A/contacts/1", "A/contacts/2"])
    assert len(world.store.history.reviews()) == 1, "still open"


def test_a_decision_about_a_closed_review_or_a_stranger_is_refused(tmp_path: Path) -> None:
    world = question(tmp_path)
    (review,) = world.store.history.reviews()
    with pytest.raises(HubError, match="not part of review"):
        decide(world, review.id, ["A/contacts/1", "B/contacts/99"])
    decide(world, review.id, None)
    with pytest.raises(HubError, match="no open review"):
        decide(world, review.id, None)


def test_a_record_under_review_that_is_edited_stays_in_one_review(tmp_path: Path) -> None:
    world = question(tmp_path)
    world.servers["A"].edit("1", notes="edited")
    world.servers["B"].edit("1", notes="edited")
    world.sync()
    assert len(reviews(world)) == 1
    assert world.goldens() == []
    world.quiet()


def test_a_review_ends_by_itself_when_its_reason_is_gone(tmp_path: Path) -> None:
    world = question(tmp_path)
    world.servers["B"].edit("1", email="wolf@x.example")
    world.sync()
    assert reviews(world) == []
    assert len(world.goldens()) == 2
    world.quiet()


def test_a_review_ends_by_itself_when_a_record_of_it_is_deleted(tmp_path: Path) -> None:
    world = question(tmp_path)
    world.servers["B"].remove("1")
    world.sync()
    assert reviews(world) == []
    assert world.one("B")["name"] == "Anna Berg"
    world.quiet()


# the first sync


def test_nothing_is_written_before_a_person_approves(tmp_path: Path) -> None:
    world = pair(tmp_path)
    add(world, "A", "Anna Berg", "anna@x.example")
    result = world.engine().sync()
    assert (result.state, world.writes()) == ("waiting", 0)
    assert result.plan is not None
    assert [trip.guard for trip in result.plan.trips] == ["first_sync"]


def test_an_approval_names_exactly_one_plan(tmp_path: Path) -> None:
    world = pair(tmp_path)
    add(world, "A", "Anna Berg", "anna@x.example")
    plan = world.engine().read().plan
    assert plan is not None
    add(world, "A", "Bo Dahl", "bo@x.example")
    result = world.engine().sync(approve=plan.hash())
    assert (result.state, world.writes()) == ("waiting", 0), "the plan has changed since it was seen"
    assert result.plan is not None
    world.engine().sync(approve=result.plan.hash())
    assert len(world.servers["B"].alive()) == 2


def test_looking_twice_gives_the_same_plan(tmp_path: Path) -> None:
    world = pair(tmp_path)
    for index in range(5):
        add(world, "A", f"P {index}", f"p{index}@x.example")
    first, second = world.engine().read().plan, world.engine().read().plan
    assert first is not None
    assert second is not None
    assert first.hash() == second.hash()
    assert first.counts() == {"B": {"create": 5, "update": 0, "delete": 0}}


def test_what_is_applied_is_what_was_listed(tmp_path: Path) -> None:
    world = pair(tmp_path)
    for index in range(5):
        add(world, "A", f"P {index}", f"p{index}@x.example")
    plan = world.engine().read().plan
    assert plan is not None
    result = world.engine().apply(plan)
    assert (result.applied, result.stale) == (5, [])
    assert len(world.servers["B"].writes) == 5
    result = world.engine().apply(plan)
    assert result.applied == 0, "a plan is used once"
    assert len(result.stale) == 5
    assert len(world.servers["B"].writes) == 5


def test_a_canary_writes_that_many_and_no_more(tmp_path: Path) -> None:
    world = pair(tmp_path)
    for index in range(25):
        add(world, "A", f"P {index}", f"p{index}@x.example")
    plan = world.engine().read().plan
    assert plan is not None
    world.engine().sync(approve=plan.hash(), canary=10)
    assert len(world.servers["B"].writes) == 10


def test_an_approved_first_sync_starts_with_a_small_portion_and_stops_when_it_is_lossy(tmp_path: Path) -> None:
    world = pair(tmp_path)
    world.servers["B"].traits.rewrite = lambda data: data.update(notes="something else")
    for index in range(25):
        add(world, "A", f"P {index}", f"p{index}@x.example", notes="important")
    plan = world.engine().read().plan
    assert plan is not None
    result = world.engine().sync(approve=plan.hash())
    assert result.plan is not None
    assert [trip.guard for trip in result.plan.trips if trip.guard == "lossy"] == ["lossy"]
    assert len(world.servers["B"].writes) == 10
    result = world.engine().sync()
    assert len(world.servers["B"].writes) == 10, "the rest waits for another approval"
    assert result.plan is not None
    world.engine().sync(approve=result.plan.hash())
    assert len(world.servers["B"].writes) > 10


CONSENT = PLAIN + (
    '[consents.email_marketing]\nat = "optin"\nread = { yes = "granted", no = "withdrawn" }\n'
    'write = { withdrawn = "no" }\nevidence = { captured_at = "optin_at", source = "optin_by" }\n'
)


def test_consents_are_not_written_in_the_first_load_but_afterwards(tmp_path: Path) -> None:
    world = pair(tmp_path, CONSENT)
    add(world, "A", "Anna Berg", "anna@x.example", optin="no")
    add(world, "B", "Anna Berg", "anna@x.example", notes="b")
    world.sync()
    assert not world.one("B").get("optin")
    assert world.one("A")["notes"] == "b"
    world.sync()
    assert world.one("B")["optin"] == "no", "a withdrawal reaches every system as soon as the first load is over"
    world.quiet()


def test_the_engine_has_one_veto(tmp_path: Path) -> None:
    world = pair(tmp_path)
    add(world, "A", "Anna Berg", "anna@x.example")
    plan = world.engine().read().plan
    assert plan is not None
    engine: Engine = world.engine(veto=lambda _plan: ["not today"])
    result = engine.sync(approve=plan.hash())
    assert world.writes() == 0
    assert result.plan is not None
    assert result.plan.vetoes == ["not today"]


def test_after_a_canary_the_rest_waits_for_another_approval(tmp_path: Path) -> None:
    """The next scheduled run wrote the rest of the first load before anybody had looked at the canary."""
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    for number in range(5):
        world.servers["A"].add({"name": f"Person {number}", "email": f"p{number}@x.example"})
    plan = world.engine().read().plan
    assert plan is not None
    world.engine().sync(approve=plan.approval(), canary=2)
    assert len(world.servers["B"].alive()) == 2
    held = world.engine().sync()
    assert [trip.guard for trip in held.held] == ["first_sync"]
    assert len(world.servers["B"].alive()) == 2
    assert held.plan is not None
    world.engine().sync(approve=held.plan.approval())
    assert len(world.servers["B"].alive()) == 5


def test_a_decision_for_a_customer_who_was_merged_while_the_question_waited_is_one_for_the_survivor(
    tmp_path: Path,
) -> None:
    """Seed 247: the record was linked to what was left of the merged one, and what people typed there went nowhere."""
    world = World(tmp_path, Policy(("A", "B"), no_create=frozenset("A")), A=PLAIN, B=PLAIN)
    anna, yves = add(world, "B", "Anna Berg", "family@x.example"), add(world, "B", "Yves Roth", "yves@x.example")
    world.sync()
    known = world.store.records.links_by_remote("B", "contacts", [anna, yves])
    add(world, "A", "Zacharias Wolf", "family@x.example")
    world.sync()
    (review,) = world.store.history.reviews()
    world.servers["B"].remove(anna, merged_into=yves)
    world.sync()
    decide(world, review.id, ["A/contacts/1", known[anna].gid])
    world.sync()
    assert world.store.records.links_by_remote("A", "contacts", ["1"])["1"].gid == known[yves].gid
    world.servers["A"].edit("1", notes="typed in A")
    world.sync()
    assert world.servers["B"].records[yves].data["notes"] == "typed in A"
    world.quiet()


def test_while_a_question_waits_nobody_is_created_for_the_survivor_of_the_one_it_is_about(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].traits.refuse = lambda _data: "not today"
    anna, yves = add(world, "B", "Anna Berg", "family@x.example"), add(world, "B", "Yves Roth", "yves@x.example")
    world.sync()
    add(world, "A", "Zacharias Wolf", "family@x.example")
    world.sync()
    (review,) = world.store.history.reviews()
    world.servers["A"].traits.refuse = None
    world.servers["B"].remove(anna, merged_into=yves)
    world.servers["B"].edit(yves, notes="Zacharias' aunt")
    world.sync()
    assert [data["name"] for data in world.servers["A"].alive().values()] == ["Zacharias Wolf"]
    decide(world, review.id, [])
    world.sync()
    assert sorted(data["name"] for data in world.servers["A"].alive().values()) == ["Yves Roth", "Zacharias Wolf"]
    world.quiet()
