"""What a write brings back: echo, server defaults, lossy and ignored writes, refusals, loops, values that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import Rejected
from hub.contract.records import Capabilities, Page, Record
from hub.sync.apply import batch_of
from hub.sync.policy import Policy
from hub.testing.memory import Document
from tests.engine.test_recovery import heal, lose_answers
from tests.engine.world import LIST_WITH_IDS, PLAIN, World

LANGUAGE = PLAIN.replace("{fields}", 'language = { at = "lang", as = "language(bcp47)" }\n{fields}')
DEFAULTED = PLAIN.replace(
    "{fields}", 'language = { at = "lang", as = "language(bcp47)", server_default = true }\n{fields}'
)
SHORT = PLAIN.replace('notes = "notes"', 'notes = { at = "notes", max = 5 }')


def anna(world: World, **values: Any) -> World:
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", **values})
    world.sync()
    return world


def codes(world: World) -> list[str]:
    return [row["code"] for row in world.store.history.notices()]


# echo


def test_the_feed_entry_of_our_own_write_changes_nothing(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN, C=LIST_WITH_IDS), notes="vip")
    seq, writes = world.store.seq, world.writes()
    result = world.sync()
    assert (world.store.seq, world.writes(), result.counters["B"].changed) == (seq, writes, 0)


def test_one_edit_is_written_once_to_each_other_system(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN, C=PLAIN))
    world.quiet()
    before = {name: len(server.writes) for name, server in world.servers.items()}
    world.servers["B"].edit("1", notes="new")
    world.sync()
    world.quiet()
    after = {name: len(server.writes) - before[name] for name, server in world.servers.items()}
    assert after == {"A": 1, "B": 0, "C": 1}


@pytest.mark.parametrize(
    ("batch", "per_call", "size"),
    [(1, None, 1), (100, None, 100), (1000, None, 250), (400, 100, 200), (20, 1, 20), (500, 100, 200), (300, 300, 250)],
)
def test_a_write_takes_whole_calls_and_never_too_many_records(batch: int, per_call: int | None, size: int) -> None:
    assert batch_of(Capabilities(batch=batch, per_call=per_call)) == size


def test_an_edit_made_right_after_our_write_is_not_skipped(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN))
    server = world.servers["B"]
    world.servers["A"].edit("1", notes="new")
    done = []

    def edit(record: Any) -> None:
        if not done:
            done.append(record.id)
            server.edit(record.id, name="Anna Berg-Meier")

    server.after_write = edit
    world.sync()
    world.sync()
    assert world.one("A")["name"] == world.one("B")["name"] == "Anna Berg-Meier"
    assert world.one("B")["notes"] == "new"
    world.quiet()


# server defaults (rule D1)


def with_default(data: Document) -> None:
    data.setdefault("lang", "en")


@pytest.mark.parametrize("shape", [LANGUAGE, DEFAULTED], ids=["plain", "server_default"])
def test_a_default_shown_by_the_answer_to_a_create_never_becomes_golden(tmp_path: Path, shape: str) -> None:
    world = World(tmp_path, A=LANGUAGE, B=shape)
    world.servers["B"].traits.rewrite = with_default
    anna(world)
    assert world.one("B")["lang"] == "en"
    assert world.golden().value("language") is None
    assert "lang" not in world.one("A") or world.one("A")["lang"] is None
    world.quiet()
    world.servers["B"].edit("1", lang="fr")
    world.sync()
    assert world.one("A")["lang"] == "fr", "a user's change of it is an edit"
    world.quiet()


def test_a_default_is_no_edit_when_a_lost_create_is_adopted(tmp_path: Path) -> None:
    world = World(tmp_path, A=LANGUAGE, B=DEFAULTED)
    world.servers["B"].traits.rewrite = with_default
    anna(world)
    world.servers["A"].add({"name": "Bo Dahl", "email": "bo@x.example"})
    lose_answers(world, "B")
    world.sync()
    heal(world)
    world.sync()
    assert [golden.value("language") for golden in world.goldens()] == [None, None]
    world.quiet()


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_a_default_never_fills_golden_on_first_link(tmp_path: Path, order: str) -> None:
    shapes = {"A": LANGUAGE, "B": DEFAULTED}
    world = World(tmp_path, **{name: shapes[name] for name in order})
    world.servers["B"].add({"name": "Anna Berg", "email": "anna@x.example", "lang": "en"})
    anna(world)
    assert world.golden().value("language") is None
    assert not world.one("A").get("lang")
    assert "server_default" in codes(world)
    world.quiet()
    world.servers["A"].edit(world.id("A"), lang="de")
    world.sync()
    assert world.one("B")["lang"] == "de"
    world.quiet()


def test_a_value_beats_a_default_on_first_link(tmp_path: Path) -> None:
    world = World(tmp_path, Policy(("B", "A"), authority={"language": ("B", "A")}), B=DEFAULTED, A=LANGUAGE)
    world.servers["B"].add({"name": "Anna Berg", "email": "anna@x.example", "lang": "en"})
    anna(world, lang="de")
    assert world.one("A")["lang"] == world.one("B")["lang"] == "de"
    world.quiet()


# lossy and ignored writes


def test_a_write_stored_differently_is_noted_and_not_repeated(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["B"].traits.rewrite = lambda data: data.update(notes=(data.get("notes") or "").replace("ä", "?"))
    anna(world, notes="Käse")
    assert world.one("B")["notes"] == "K?se"
    assert codes(world) == ["lossy_write"]
    assert world.golden().value("notes") == "Käse"
    world.quiet()
    world.servers["B"].edit("1", name="Anna Meier")
    world.sync()
    assert world.one("A")["notes"] == "Käse", "the damaged value does not flow back"
    world.quiet()


def test_an_ignored_write_is_not_tried_again_until_golden_changes(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    anna(world, notes="old")
    world.servers["B"].traits.rewrite = lambda data: data.update(notes="old")
    world.servers["A"].edit("1", notes="new")
    world.sync()
    assert codes(world) == ["write_ignored"]
    writes = len(world.servers["B"].writes)
    world.quiet()
    world.servers["B"].traits.rewrite = None
    world.servers["A"].edit("1", notes="newer")
    world.sync()
    assert world.one("B")["notes"] == "newer"
    assert len(world.servers["B"].writes) == writes + 1
    world.quiet()


def test_a_field_that_is_given_once_is_written_when_the_record_is_made_and_never_again(tmp_path: Path) -> None:
    once = PLAIN.replace('notes = "notes"', 'notes = { at = "notes", direction = "create" }')
    world = anna(World(tmp_path, A=PLAIN, B=once, C=PLAIN), notes="vip")
    assert world.one("B")["notes"] == "vip"
    world.servers["A"].edit("1", notes="new")
    world.sync()
    assert (world.one("B")["notes"], world.one("C")["notes"]) == ("vip", "new")
    world.quiet()


def test_a_row_that_the_server_drops_is_noted_and_not_tried_again_until_golden_changes(tmp_path: Path) -> None:
    def one_only(document: Document) -> None:
        document["emails"] = (document.get("emails") or [])[:1]

    world = World(tmp_path, A=LIST_WITH_IDS)
    server = world.add_system("B", LIST_WITH_IDS, rewrite=one_only)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "anna@x.example"}]})
    world.sync()
    world.servers["A"].edit("1", emails=[*world.one("A")["emails"], {"value": "a2@x.example"}])
    world.sync()
    assert [row["value"] for row in world.one("B")["emails"]] == ["anna@x.example"]
    assert len(world.one("A")["emails"]) == 2, "a row that was never shown is not removed"
    assert "write_ignored" in codes(world)
    writes = len(server.writes)
    world.quiet()
    assert len(server.writes) == writes
    server.traits.rewrite = None
    world.servers["A"].edit("1", emails=[world.one("A")["emails"][0], {"value": "a3@x.example"}])
    world.sync()
    assert [row["value"] for row in world.one("B")["emails"]] == ["anna@x.example", "a3@x.example"]
    world.quiet()


def test_a_dropped_row_that_somebody_entered_there_and_took_away_again_is_a_row_like_every_other(
    tmp_path: Path,
) -> None:
    def one_only(document: Document) -> None:
        document["emails"] = (document.get("emails") or [])[:1]

    world = World(tmp_path, A=LIST_WITH_IDS)
    server = world.add_system("B", LIST_WITH_IDS, rewrite=one_only)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "anna@x.example"}, {"value": "a2@x.example"}]})
    world.sync()
    (dropped,) = [f"emails/{item.eid}" for item in world.golden().collection("emails").live()][1:]
    assert world.link("B").held == {dropped: "this system did not take it"}
    assert dropped in world.link("B").sent
    server.traits.rewrite = None
    server.edit("1", emails=[*world.one("B")["emails"], {"value": "a2@x.example"}])
    world.sync()
    assert world.link("B").held == {}
    assert dropped not in world.link("B").sent, "the system has taken it since"
    server.edit("1", emails=world.one("B")["emails"][:1])
    world.sync()
    assert [row["value"] for row in world.one("A")["emails"]] == ["anna@x.example"], "a row that was shown was removed"
    world.quiet()


def test_upper_casing_servers_do_not_play_ping_pong(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["B"].traits.rewrite = lambda data: data.update(name=data["name"].upper())
    anna(world)
    assert world.one("A")["name"] == "Anna Berg"
    world.quiet()
    world.servers["A"].edit("1", notes="new")
    world.sync()
    assert (world.one("A")["name"], world.one("B")["name"]) == ("Anna Berg", "ANNA BERG")
    world.quiet()


# values that a system cannot hold


def test_a_value_that_is_too_long_is_held_back_counted_and_not_written(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=SHORT)
    anna(world, notes="far too long")
    assert not world.one("B").get("notes")
    assert world.link("B").held == {"notes": "this system cannot hold this value"}
    assert codes(world) == [], "no issue per run"
    world.quiet()
    world.servers["B"].edit("1", name="Anna Meier")
    world.sync()
    assert world.one("A")["notes"] == "far too long"
    assert world.ledger() == [], "no conflict"
    world.servers["A"].edit("1", notes="short")
    world.sync()
    assert world.one("B")["notes"] == "short"
    assert world.link("B").held == {}
    world.quiet()


def test_a_value_that_is_held_back_replaces_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=SHORT)
    anna(world, notes="short")
    world.servers["A"].edit("1", notes="far too long")
    world.sync()
    assert world.one("B")["notes"] == "short"
    assert world.golden().value("notes") == "far too long"
    world.quiet()
    world.servers["B"].edit("1", notes="brief")
    world.sync()
    assert world.one("A")["notes"] == world.one("B")["notes"] or world.ledger() != [], "an edit over it is a conflict"
    world.quiet()


def test_a_held_value_is_tried_again_when_the_mapping_changes(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=SHORT)
    anna(world, notes="far too long")
    world.shapes["B"] = PLAIN
    result = world.engine().sync()
    if result.plan is not None and result.plan.trips:
        world.engine().sync(approve=result.plan.approval())
    assert world.one("B")["notes"] == "far too long"
    world.quiet()


# refusals


def refuse(data: Document) -> str | None:
    return "bad notes" if data.get("notes") == "bad" else None


def test_a_refused_write_is_quarantined_and_the_others_go_on(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN))
    world.servers["A"].add({"name": "Bo Dahl", "email": "bo@x.example"})
    world.sync()
    world.servers["B"].traits.refuse = refuse
    world.servers["A"].edit("1", notes="bad")
    world.servers["A"].edit("2", notes="good")
    result = world.sync()
    assert result.state == "partial"
    assert [item.message for item in world.store.work.quarantined("B")] == ["bad notes"]
    assert world.account("B", result).quarantined == 1
    assert world.servers["B"].records["2"].data["notes"] == "good"


def test_a_refused_write_is_not_repeated_until_golden_changes_and_then_released(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN))
    world.servers["B"].traits.refuse = refuse
    world.servers["A"].edit("1", notes="bad")
    world.sync()
    calls: list[str] = []
    world.servers["B"].fault = lambda call, _number: calls.append(call)  # type: ignore[assignment, func-returns-value]
    world.sync()
    assert "write" not in calls, "no blind retry"
    heal(world)
    world.servers["A"].edit("1", notes="fine")
    result = world.sync()
    assert world.one("B")["notes"] == "fine"
    assert world.store.work.quarantined() == []
    assert world.account("B", result).in_sync == 1
    world.quiet()


def test_a_refused_create_is_released_once_it_succeeds(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN))
    world.servers["B"].traits.refuse = refuse
    world.servers["A"].add({"name": "Bo Dahl", "email": "bo@x.example", "notes": "bad"})
    result = world.sync()
    assert [item.code for item in world.store.work.quarantined()] == ["rejected"]
    assert world.account("B", result).total == 1
    world.servers["A"].edit("2", notes="fine")
    result = world.sync()
    assert len(world.servers["B"].alive()) == 2
    assert world.store.work.quarantined() == []
    world.quiet()


def test_a_refused_write_is_released_when_a_user_makes_it_unnecessary(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN), notes="old")
    world.servers["B"].traits.refuse = refuse
    world.servers["A"].edit("1", notes="bad")
    world.sync()
    world.servers["A"].edit("1", notes="old")
    result = world.sync()
    assert world.store.work.quarantined() == []
    assert world.account("B", result).in_sync == 1
    world.quiet()


def test_a_refused_create_is_released_when_the_record_appears_by_itself(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN))
    world.servers["B"].traits.refuse = refuse
    world.servers["A"].add({"name": "Bo Dahl", "email": "bo@x.example", "notes": "bad"})
    world.sync()
    world.servers["B"].add({"name": "Bo Dahl", "email": "bo@x.example", "notes": "bad"})
    result = world.sync()
    assert len(world.goldens()) == 2
    assert world.store.work.quarantined() == []
    assert world.account("B", result).in_sync == 2
    world.quiet()


# records that cannot be read


def unreadable(world: World, system: str, *ids: str) -> None:
    """These records cannot be read from now on."""
    connector = world.connectors[system]
    original = type(connector).changes

    def changes(resource: str, cursor: Any = None) -> Any:
        for page in original(connector, resource, cursor):
            rows = [
                Record(r.id, None, r.version, error=Rejected("cannot be decoded")) if r.id in ids else r
                for r in page.records
            ]
            yield Page(rows, page.cursor, page.complete)

    connector.changes = changes  # type: ignore[method-assign]  # a fault of the remote


def test_an_unreadable_record_is_quarantined_and_never_stops_the_others(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    unreadable(world, "A", "2")
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example"})
    world.servers["A"].add({"name": "Broken", "email": "broken@x.example"})
    world.servers["A"].add({"name": "Bo Dahl", "email": "bo@x.example"})
    result = world.sync()
    assert sorted(data["name"] for data in world.servers["B"].alive().values()) == ["Anna Berg", "Bo Dahl"]
    assert [item.remote_id for item in world.store.work.quarantined("A")] == ["2"]
    account = world.account("A", result)
    assert (account.total, account.in_sync, account.quarantined) == (3, 2, 1)
    world.connectors["A"].changes = type(world.connectors["A"]).changes.__get__(world.connectors["A"])  # type: ignore[method-assign]
    world.servers["A"].edit("2", notes="repaired")
    result = world.sync()
    assert len(world.servers["B"].alive()) == 3
    assert world.store.work.quarantined() == []
    world.quiet()


def test_a_linked_record_that_becomes_unreadable_is_quarantined_and_comes_back(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN))
    unreadable(world, "A", "1")
    world.servers["A"].edit("1", notes="new")
    result = world.sync()
    assert result.state == "partial"
    assert world.account("A", result).quarantined == 1
    world.connectors["A"].changes = type(world.connectors["A"]).changes.__get__(world.connectors["A"])  # type: ignore[method-assign]
    world.servers["A"].edit("1", notes="newer")
    world.sync()
    assert world.one("B")["notes"] == "newer"
    assert world.store.work.quarantined() == []
    world.quiet()


def test_an_unreadable_record_that_is_deleted_is_accounted_for(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    unreadable(world, "A", "1")
    world.servers["A"].add({"name": "Broken", "email": "broken@x.example"})
    world.sync()
    world.connectors["A"].changes = type(world.connectors["A"]).changes.__get__(world.connectors["A"])  # type: ignore[method-assign]
    world.servers["A"].remove("1")
    result = world.sync()
    account = world.account("A", result)
    assert (account.total, account.quarantined) == (0, 0)
    assert world.store.work.quarantined() == []


# the loop breaker


def test_two_systems_that_correct_each_other_are_stopped(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN))
    server = world.servers["B"]
    for number in range(12):
        world.now -= 3600 - 10
        world.servers["A"].edit("1", notes=f"value {number % 2}")
        world.sync()
    updates = [item for item in server.writes if item[0] == "update"]
    assert len(updates) <= 6
    assert [item.code for item in world.store.work.quarantined("B")] == ["loop_suspect"]
    world.sync()
    world.servers["A"].edit("1", notes="calm again")
    world.sync()
    assert world.one("B")["notes"] == "calm again", "after ten minutes it is written again"
    assert world.store.work.quarantined() == []
    world.quiet()


def test_a_value_that_grows_with_every_write_is_stopped_later(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN))
    for number in range(40):
        world.now -= 3600 - 10
        world.servers["A"].edit("1", notes="x" * (number + 1))
        world.sync()
    assert world.one("B")["notes"] == "x" * 30, "the create counts, too"
    assert [item.code for item in world.store.work.quarantined("B")] == ["loop_suspect"]


def test_a_person_at_work_is_no_loop(tmp_path: Path) -> None:
    """With webhooks every change is a write of its own: the seventh edit within ten minutes was set aside."""
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN))
    for number in range(20):
        world.now -= 3600 - 10
        world.servers["A"].edit("1", notes=f"thought {number}")
        world.sync()
    assert world.one("B")["notes"] == "thought 19"
    assert world.store.work.quarantined() == []


def test_six_writes_in_more_than_ten_minutes_are_no_loop(tmp_path: Path) -> None:
    world = anna(World(tmp_path, A=PLAIN, B=PLAIN))
    for number in range(12):
        world.now -= 3600 - 150
        world.servers["A"].edit("1", notes=f"value {number}")
        world.sync()
    assert world.one("B")["notes"] == "value 11"
    assert world.store.work.quarantined() == []
