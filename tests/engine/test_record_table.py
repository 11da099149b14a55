"""The record table (sync-semantics, section 5): records that are gone, came back, were merged, or left the scope."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.contract.connector import CursorExpired
from hub.contract.errors import Rejected
from hub.contract.records import Page, Record
from hub.sync.engine import Result
from hub.sync.policy import DeletePolicy, Policy
from hub.testing.memory import MemoryConnector, MemoryServer
from tests.engine.world import LIST_WITH_IDS, PLAIN, World


def deleting(folder: Path, policy: DeletePolicy, names: str = "AB", **more: Any) -> World:
    """Systems with one delete policy and a person whom all of them know (made from A)."""
    rules = Policy(tuple(names), delete=dict.fromkeys(names, policy), **more)
    world = World(folder, rules, **dict.fromkeys(names, PLAIN))
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "vip"})
    world.sync()
    world.quiet()
    return world


def only(world: World, system: str) -> str:
    return world.id(system)


def states(world: World) -> dict[str, str]:
    """System -> state of its links (one golden record)."""
    gids = [item.gid for state in ("live", "dead", "merged") for item in world.goldens(state)]
    links = world.store.records.links_by_gid(gids)
    return {link.system: link.state for items in links.values() for link in items}


def rules_of(world: World) -> list[str]:
    return [row["rule"] for row in world.ledger()]


# gone, by policy


def test_gone_is_unlinked_by_default_and_never_made_again(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example"})
    world.sync()
    world.servers["B"].remove(only(world, "B"))
    world.sync()
    assert states(world) == {"A": "active", "B": "excluded"}
    assert world.one("A")["name"] == "Anna Berg", "other systems are untouched"
    world.servers["A"].edit(only(world, "A"), notes="edited later")
    world.sync()
    assert world.servers["B"].alive() == {}, "never re-created"
    assert rules_of(world) == ["deleted there, kept elsewhere"]
    world.quiet()


def test_gone_propagates_to_what_the_hub_created(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate")
    world.servers["A"].remove(only(world, "A"))
    world.sync()
    assert world.servers["B"].alive() == {}
    (dead,) = world.goldens("dead")
    assert dead.value("notes") == "vip", "the values are archived"
    world.quiet()


def test_gone_is_not_propagated_to_what_the_hub_did_not_create(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate")
    world.servers["B"].remove(only(world, "B"))
    world.sync()
    assert world.goldens("live") == []
    assert list(world.servers["A"].alive()) == ["1"], "A's user made it: the hub may not delete it"
    world.quiet()


def test_delete_any_allows_deleting_what_a_user_created(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate", delete_any=frozenset({"A"}))
    world.servers["B"].remove(only(world, "B"))
    world.sync()
    assert world.servers["A"].alive() == {}
    world.quiet()


def test_gone_asks_and_waits_for_a_person(tmp_path: Path) -> None:
    world = deleting(tmp_path, "ask")
    world.servers["B"].remove(only(world, "B"))
    result = world.sync()
    assert [(row["rule"], row["state"]) for row in world.ledger()] == [("deleted", "open")]
    assert result.conflicts == 1
    assert world.account("A", result).conflict == 1
    assert states(world) == {"A": "active", "B": "excluded"}
    world.quiet()


def test_gone_archives_where_the_status_is_mapped(tmp_path: Path) -> None:
    shape = PLAIN.replace("{fields}", 'status = { at = "active", map = { active = "yes", archived = "no" } }')
    world = World(tmp_path, Policy(("A", "B"), delete={"B": "archive"}), A=shape, B=shape)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "active": "yes"})
    world.sync()
    world.servers["B"].remove(only(world, "B"))
    world.sync()
    assert world.one("A")["active"] == "no"
    assert world.servers["B"].alive() == {}
    world.quiet()


@pytest.mark.parametrize("policy", ["propagate", "archive"])
def test_an_unseen_edit_beats_a_deletion(tmp_path: Path, policy: DeletePolicy) -> None:
    world = deleting(tmp_path, policy)
    world.servers["A"].edit(only(world, "A"), notes="new")
    world.servers["B"].remove(only(world, "B"))
    world.sync()
    assert world.golden().value("notes") == "new"
    assert world.one("B")["notes"] == "new", "re-created with the edit"
    assert rules_of(world) == ["resurrected"]
    world.quiet()


def test_an_unseen_new_element_beats_a_deletion(tmp_path: Path) -> None:
    world = World(tmp_path, Policy(("A", "B"), delete={"B": "propagate"}), A=LIST_WITH_IDS, B=LIST_WITH_IDS)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "anna@x.example"}]})
    world.sync()
    world.servers["A"].edit(only(world, "A"), lambda data: data["emails"].append({"value": "new@x.example"}))
    world.servers["B"].remove(only(world, "B"))
    world.sync()
    assert {row["value"] for row in world.one("B")["emails"]} == {"anna@x.example", "new@x.example"}
    assert rules_of(world) == ["resurrected"]
    world.quiet()


# coming back


def test_an_edit_at_a_dead_golden_record_revives_it(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate")
    world.servers["B"].remove(only(world, "B"))
    world.sync()
    assert world.goldens("live") == []
    world.servers["A"].edit(only(world, "A"), notes="still here")
    world.sync()
    assert world.golden().value("notes") == "still here"
    assert world.one("B")["notes"] == "still here", "re-created where it was lost"
    assert "revived" in rules_of(world)
    world.quiet()


def test_a_record_taken_out_of_the_bin_revives_its_golden_record(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate")
    server = world.servers["A"]
    id_ = only(world, "A")
    server.remove(id_)
    world.sync()
    assert world.servers["B"].alive() == {}
    server.records[id_].deleted = False
    server.edit(id_)
    world.sync()
    assert world.golden().value("notes") == "vip"
    assert world.one("B")["name"] == "Anna Berg"
    assert list(server.alive()) == [id_]
    world.quiet()


def test_a_record_of_an_excluded_link_that_comes_back_is_linked_again(tmp_path: Path) -> None:
    world = deleting(tmp_path, "unlink")
    server, id_ = world.servers["B"], only(world, "B")
    server.remove(id_)
    world.sync()
    world.servers["A"].edit(only(world, "A"), notes="meanwhile")
    world.sync()
    server.records[id_].deleted = False
    server.edit(id_)
    world.sync()
    assert states(world) == {"A": "active", "B": "active"}
    assert world.one("B")["notes"] == "meanwhile"
    world.quiet()


def test_recreated_with_the_same_natural_key_is_a_new_golden_record(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate")
    world.servers["A"].remove(only(world, "A"))
    world.sync()
    (dead,) = world.goldens("dead")
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "second life"})
    world.sync()
    assert world.golden().gid != dead.gid
    assert world.one("B")["notes"] == "second life"
    world.quiet()


@pytest.mark.parametrize("policy", ["unlink", "propagate", "archive"])
def test_deleted_on_both_is_dead(tmp_path: Path, policy: DeletePolicy) -> None:
    world = deleting(tmp_path, policy)
    for name in "AB":
        world.servers[name].remove(only(world, name))
    world.sync()
    assert world.goldens("live") == [], "no system has it any more"
    assert len(world.goldens("dead")) == 1
    for name in "AB":
        assert world.servers[name].alive() == {}
    world.quiet()


@pytest.mark.parametrize("policy", ["unlink", "propagate"])
def test_deleted_on_both_one_after_the_other_is_dead(tmp_path: Path, policy: DeletePolicy) -> None:
    world = deleting(tmp_path, policy)
    world.servers["A"].remove(only(world, "A"))
    world.sync()
    for id_ in world.servers["B"].alive():
        world.servers["B"].remove(id_)
    world.sync()
    assert world.goldens("live") == []
    world.quiet()


# our delete


def test_our_delete_meets_an_edit_and_the_edit_wins(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate")
    server, id_ = world.servers["B"], only(world, "B")
    done = []

    def edit_before_the_write(call: str, _number: int) -> None:
        if call == "write" and not done:
            done.append(call)
            server.edit(id_, notes="just now")

    server.fault = edit_before_the_write  # type: ignore[assignment]  # never fails, only edits in between
    world.servers["A"].remove(only(world, "A"))
    world.sync()
    assert server.alive()[id_]["notes"] == "just now"
    assert world.golden().value("notes") == "just now"
    assert world.one("A")["notes"] == "just now"
    world.quiet()


def test_our_delete_meets_a_change_that_says_nothing_and_is_repeated(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate")
    server, id_ = world.servers["B"], only(world, "B")
    done = []

    def touch_before_the_write(call: str, _number: int) -> None:
        if call == "write" and not done:
            done.append(call)
            server.edit(id_, unmapped="x")

    server.fault = touch_before_the_write  # type: ignore[assignment]  # never fails, only edits in between
    world.servers["A"].remove(only(world, "A"))
    world.sync()
    assert server.alive() == {}
    world.quiet()


def test_our_delete_of_a_record_that_is_gone_already_is_done(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate")
    server, id_ = world.servers["B"], only(world, "B")

    def remove_before_the_write(call: str, _number: int) -> None:
        if call == "write" and id_ in server.alive():
            server.remove(id_)

    server.fault = remove_before_the_write  # type: ignore[assignment]  # never fails, only edits in between
    world.servers["A"].remove(only(world, "A"))
    result = world.sync()
    assert result.state == "success"
    assert states(world) == {"A": "gone", "B": "gone"}
    world.quiet()


def test_our_update_of_a_record_that_is_gone_follows_the_delete_policy(tmp_path: Path) -> None:
    world = deleting(tmp_path, "unlink")
    server, id_ = world.servers["B"], only(world, "B")

    def remove_before_the_write(call: str, _number: int) -> None:
        if call == "write" and id_ in server.alive():
            server.remove(id_)

    server.fault = remove_before_the_write  # type: ignore[assignment]  # never fails, only edits in between
    world.servers["A"].edit(only(world, "A"), notes="new")
    world.sync()
    assert states(world) == {"A": "active", "B": "missing"}, "the feed of the next run tells whether it was merged"
    world.sync()
    assert states(world) == {"A": "active", "B": "excluded"}
    world.quiet()


def test_a_record_that_was_merged_just_before_our_write_is_not_taken_for_deleted(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate")
    server, id_ = world.servers["B"], only(world, "B")

    def merge_before_the_write(call: str, _number: int) -> None:
        if call == "write" and id_ in server.alive():
            survivor = server.add({"name": "Anna Berg-Lind", "email": "lind@x.example"})
            server.remove(id_, merged_into=survivor)

    server.fault = merge_before_the_write  # type: ignore[assignment]  # never fails, only edits in between
    world.servers["A"].edit(only(world, "A"), notes="new")
    world.sync()
    world.sync()
    assert [data["name"] for data in world.servers["A"].alive().values()] == ["Anna Berg-Lind"]
    assert len(server.alive()) == 1
    replaced = [row["loser"]["full"] for row in world.ledger() if row["path"] == "name"]
    assert replaced == ["Anna Berg"], "what the survivor of the merge replaced is in the ledger (seed 50324)"
    world.quiet()


# scope


SELECTED = PLAIN.replace("[fields]", 'select = { kind = ["customer"] }\n[fields]')


def scoped(folder: Path) -> World:
    world = World(folder, Policy(("A", "B"), delete={"A": "propagate"}), A=SELECTED, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "kind": "customer"})
    world.servers["A"].add({"name": "A supplier", "email": "sup@y.example", "kind": "supplier"})
    world.sync()
    assert [data["name"] for data in world.servers["B"].alive().values()] == ["Anna Berg"]
    return world


def test_what_the_mapping_does_not_select_is_accounted_for_and_not_synced(tmp_path: Path) -> None:
    world = scoped(tmp_path)
    account = world.account("A", world.sync())
    assert (account.total, account.in_sync, account.excluded) == (2, 1, 1)
    world.quiet()


def test_leaving_the_scope_is_no_deletion_and_freezes_the_link(tmp_path: Path) -> None:
    world = scoped(tmp_path)
    world.servers["A"].edit("1", kind="supplier")
    world.sync()
    assert world.one("B")["name"] == "Anna Berg"
    world.servers["B"].edit(only(world, "B"), notes="edited")
    result = world.sync()
    assert not world.servers["A"].records["1"].data.get("notes"), "a frozen link is not written"
    assert world.account("A", result).excluded == 2
    world.quiet()
    world.servers["A"].edit("1", kind="customer")
    world.sync()
    assert world.servers["A"].records["1"].data["notes"] == "edited", "back in scope: what was missed is pushed"
    world.quiet()


def test_out_of_scope_and_then_deleted_is_gone(tmp_path: Path) -> None:
    world = scoped(tmp_path)
    world.servers["A"].edit("1", kind="supplier")
    world.sync()
    world.servers["A"].remove("1")
    world.servers["A"].remove("2")
    result = world.sync()
    assert world.account("A", result).total == 0
    world.quiet()


# certified listings


def listing_world(folder: Path, number: int = 12) -> World:
    """A does not tell about deletions; B was made from it."""
    world = World(folder, Policy(("A", "B"), delete={"A": "propagate"}), A=PLAIN, B=PLAIN)
    world.servers["A"].traits.feed = False
    for index in range(number):
        world.servers["A"].add({"name": f"P {index}", "email": f"p{index}@x.example"})
    world.sync()
    world.quiet()
    return world


def listed(world: World) -> Result:
    """A run with a complete listing."""
    return world.sync(reconcile=0)


def test_only_a_listing_proves_absence(tmp_path: Path) -> None:
    world = listing_world(tmp_path)
    world.servers["A"].remove("1")
    world.sync()
    assert len(world.servers["B"].alive()) == 12, "the change feed does not tell"
    result = listed(world)
    assert len(world.servers["B"].alive()) == 11
    assert world.account("A", result).total == 11
    world.quiet()


def test_a_deletion_is_seen_in_a_system_that_never_says_what_has_changed(tmp_path: Path) -> None:
    """Found by the stress test of WooCommerce: a poll without a cursor was taken for a listing that was not due yet."""
    world = listing_world(tmp_path)
    connector = world.connectors["A"]
    original = connector.changes

    def changes(resource: str, cursor: Any = None) -> Iterator[Page]:
        for page in original(resource, None):
            yield Page(page.records, None, complete=page.complete)

    connector.changes = changes  # type: ignore[method-assign]  # as an API without a time of change
    world.sync()
    world.servers["A"].remove("1")
    world.sync()
    assert len(world.servers["B"].alive()) == 12, "no listing is due"
    world.now += 24 * 3600
    world.sync()
    assert len(world.servers["B"].alive()) == 11
    world.quiet()


@pytest.mark.parametrize("feed", [False, True], ids=["not seen yet", "seen"])
def test_a_new_record_may_get_the_id_of_a_deleted_one(tmp_path: Path, feed: bool) -> None:
    """Found by the stress test of a SQLite table: its free ids are given out again, and the whole run failed."""
    world = listing_world(tmp_path, 3)
    server = world.servers["A"]
    server.traits.feed = feed
    server.remove("3")
    if feed:
        world.sync()
    server._ids = itertools.count(3)
    world.servers["B"].add({"name": "Bo", "email": "bo@x.example"})
    world.sync()
    assert server.alive()["3"]["email"] == "bo@x.example"
    world.sync()
    world.quiet()
    shown = [sorted(item["email"] for item in world.servers[name].alive().values()) for name in "AB"]
    assert shown == [["bo@x.example", "p0@x.example", "p1@x.example"]] * 2


def with_listing(server: MemoryServer, world: World, change: Any) -> None:
    """Make A's next listings go through ``change(pages)``."""
    connector = world.connectors["A"]
    original = type(connector).listing

    def listing(resource: str) -> Iterator[Page]:
        yield from change(original(connector, resource))

    connector.listing = listing  # type: ignore[method-assign]  # a fault of the remote


def test_a_record_error_in_the_listing_proves_nothing(tmp_path: Path) -> None:
    world = listing_world(tmp_path)
    world.servers["A"].remove("1")

    def broken(pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            rows = [Record(r.id, None, error=Rejected("unreadable")) if r.id == "2" else r for r in page.records]
            yield Page(rows, complete=page.complete)

    with_listing(world.servers["A"], world, broken)
    result = world._sync(reconcile=0)
    assert len(world.servers["B"].alive()) == 12
    assert result.state == "partial"


def test_an_incomplete_listing_proves_nothing(tmp_path: Path) -> None:
    world = listing_world(tmp_path)
    world.servers["A"].remove("1")
    with_listing(world.servers["A"], world, lambda pages: (Page(p.records[1:], complete=False) for p in pages))
    world._sync(reconcile=0)
    assert len(world.servers["B"].alive()) == 12


def test_a_listing_of_another_epoch_proves_nothing(tmp_path: Path) -> None:
    world = listing_world(tmp_path)
    cursor = world.store.work.cursor("A", "contacts")
    cursor.epoch = "one"
    with world.store.transaction():
        world.store.work.save_cursor(cursor)
    connector = world.connectors["A"]
    original = connector.changes
    connector.changes = lambda resource, cursor=None: (  # type: ignore[method-assign]
        Page(page.records, page.cursor, page.complete, epoch="one") for page in original(resource, cursor)
    )
    world.servers["A"].remove("1")
    with_listing(world.servers["A"], world, lambda pages: (Page(p.records, complete=True, epoch="two") for p in pages))
    listed(world)
    assert len(world.servers["B"].alive()) == 12


def test_a_listing_that_shrank_is_a_guard_and_no_deletion(tmp_path: Path) -> None:
    world = listing_world(tmp_path, 12)
    for index in range(1, 8):
        world.servers["A"].remove(str(index))
    world.servers["B"].edit("9", notes="edit of B")
    result = world._sync(reconcile=0)
    assert result.plan is not None
    assert [(trip.system, trip.guard) for trip in result.plan.trips] == [("A", "shrunk")]
    assert len(world.servers["B"].alive()) == 12
    assert not any(data.get("notes") for data in world.servers["A"].alive().values()), "A's part waits"


def test_an_empty_listing_deletes_nothing(tmp_path: Path) -> None:
    world = listing_world(tmp_path, 8)
    with_listing(world.servers["A"], world, lambda pages: (Page([], complete=True) for _ in pages))
    world._sync(reconcile=0)
    assert len(world.servers["B"].alive()) == 8


def test_absence_is_confirmed_by_asking_for_the_record(tmp_path: Path) -> None:
    world = listing_world(tmp_path)
    with_listing(world.servers["A"], world, lambda pages: (Page(p.records[1:], complete=True) for p in pages))
    listed(world)
    assert len(world.servers["B"].alive()) == 12, "the listing missed a record that is there"
    assert len(world.goldens()) == 12


def test_an_expired_cursor_reads_everything_and_deletes_nothing_in_that_run(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate")
    world.servers["A"].remove(only(world, "A"))
    world.servers["A"].expired = True
    world._sync()
    assert len(world.servers["B"].alive()) == 1
    world.sync()
    world.sync()
    assert world.servers["B"].alive() == {}, (
        "a listing finds it missing; the next feed tells of no merge, and it is gone"
    )
    world.quiet()


def test_another_epoch_reads_everything_and_deletes_nothing_in_that_run(tmp_path: Path) -> None:
    world = deleting(tmp_path, "propagate")
    connector = world.connectors["A"]
    original = connector.changes
    epoch = ["one"]
    connector.changes = lambda resource, cursor=None: (  # type: ignore[method-assign]
        Page(page.records, page.cursor, page.complete, epoch=epoch[0]) for page in original(resource, cursor)
    )
    world.sync()
    world.servers["A"].remove(only(world, "A"))
    epoch[0] = "two"
    world._sync()
    assert len(world.servers["B"].alive()) == 1
    world.sync()
    world.sync()
    assert world.servers["B"].alive() == {}
    world.quiet()


def test_a_pass_that_does_not_end_pauses_its_system_and_the_others_go_on(tmp_path: Path) -> None:
    world = deleting(tmp_path, "unlink", "ABC")
    connector = world.connectors["A"]
    original = connector.changes
    connector.changes = lambda resource, cursor=None: (  # type: ignore[method-assign]
        Page(page.records, page.cursor, complete=False) for page in original(resource, cursor)
    )
    world.servers["B"].edit(only(world, "B"), notes="new")
    result = world._sync()
    assert result.state == "partial"
    assert list(result.paused) == ["A"]
    assert world.one("C")["notes"] == "new"


def test_the_cursor_expired_error_is_only_raised_with_a_cursor(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg"})
    world.servers["A"].fault = lambda call, number: CursorExpired() if call == "changes" and number > 1 else None
    result = world._sync()
    assert "A" in result.paused
    assert world.servers["B"].alive() in ({}, {"1": {"name": "Anna Berg"}})


# merges on the remote side


def test_a_record_merged_into_one_that_is_new_to_us_follows_it(tmp_path: Path) -> None:
    world = deleting(tmp_path, "unlink")
    server, id_ = world.servers["A"], only(world, "A")
    new = server.add({"name": "Anna Berg-Meier", "email": "anna@x.example", "notes": "merged"})
    server.remove(id_, merged_into=new)
    world.sync()
    assert world.golden().value("notes") == "merged"
    assert world.link("A").remote_id == new
    assert world.one("B")["notes"] == "merged"
    assert len(world.servers["B"].alive()) == 1
    world.quiet()


def test_a_merge_in_pages_of_one_gives_the_same_result(tmp_path: Path) -> None:
    world = deleting(tmp_path, "unlink")
    server, id_ = world.servers["A"], only(world, "A")
    server.traits.page = 1
    new = server.add({"name": "Anna Berg-Meier", "email": "berg@x.example", "notes": "merged"})
    server.remove(id_, merged_into=new)
    world.sync()
    assert [item.value("notes") for item in world.goldens()] == ["merged"]
    world.sync()
    world.quiet()


def test_deletions_are_seen_in_a_system_that_can_only_be_read_whole(tmp_path: Path) -> None:
    """Its every pass was taken for a complete reading after which no listing is due, so nothing was ever missed."""
    world = World(tmp_path, A=PLAIN)
    world.add_system("B", PLAIN, feed=False)
    for number in range(3):
        world.servers["A"].add({"name": f"Person {number}", "email": f"p{number}@x.example"})
    connector = world.connectors["B"]

    def whole(connector: MemoryConnector, resource: str, _cursor: Any = None) -> Iterator[Page]:
        for page in MemoryConnector.changes(connector, resource, None):
            yield replace(page, cursor=None)

    connector.changes = whole.__get__(connector)  # type: ignore[method-assign]  # no cursor is ever given
    world.sync()
    world.servers["B"].remove("2")
    assert world.account("B", world.sync()).total == 3, "no listing is due yet"
    assert world.account("B", world.sync(reconcile=0)).total == 2


def test_a_merge_into_a_record_that_was_not_read_before_it_was_deleted_and_came_back(tmp_path: Path) -> None:
    """Seed 340445: what the survivor showed when it came back counted as an edit of the merged record, and what it replaced
    was nowhere."""
    world = deleting(tmp_path, "unlink")
    server, id_ = world.servers["A"], only(world, "A")
    new = server.add({"name": "Zoe Quist", "email": "zoe@x.example", "notes": "other"})
    server.remove(id_, merged_into=new)
    server.remove(new)
    for _ in range(3):
        world.sync(reconcile=0)
    assert states(world)["A"] == "excluded"
    server.records[new].deleted = False
    server.edit(new, notes="back")
    world.sync()
    assert world.one("B")["name"] == "Zoe Quist"
    losers = str([row["loser"] for row in world.ledger()])
    assert "Anna Berg" in losers
    assert "vip" in losers
    world.quiet()
