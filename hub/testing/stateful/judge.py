"""What must hold when everybody has stopped and the hub has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from hub.mapping.view import View
from hub.testing.stateful import fellow
from hub.testing.stateful.world import World

MOST_RUNS = 14
"""Runs after which a world without people and faults must be at rest."""


def settle(world: World) -> bool:
    """Run until two runs in turn write nothing and change nothing in the store."""
    still = 0
    result = None
    for number in range(MOST_RUNS):
        before = world.counts["writes"], world.machine.store.seq
        result = world.run(reconcile=number % 2 == 0)
        still = still + 1 if before == (world.counts["writes"], world.machine.store.seq) else 0
        if still == 2 and not world.machine.store.work.open_ops():
            break
    else:
        world.accuse(f"not at rest after {MOST_RUNS} runs without people and faults")
        return False
    for account in result.accounts if result is not None else ():
        if not account.ok:
            world.accuse(f"not accounted for: {account}")
    return True


def judge(world: World) -> None:
    """Look from outside, then by the mappings, then into the hub's history."""
    ours = fellow.texts_of(world.server, world.shape)
    theirs = dict(world.bench.person_sees())
    for item in world.machine.store.work.quarantined():
        world.accuse(f"in quarantine: {item.system} {item.remote_id} {item.code}: {item.message}")
    for review in world.machine.store.history.reviews():
        world.accuse(f"a person is asked: {review.kind}: {review.reason}")
    _agree(world, ours, theirs)
    views = dict(_views(world))
    _fields(world, views)
    _nothing_lost(world, ours, theirs, views)


def _agree(world: World, ours: Mapping[str, str], theirs: Mapping[str, str]) -> None:
    here, there = Counter(ours.values()), Counter(theirs.values())
    for system, found in ((fellow.SYSTEM, here), (world.system, there)):
        for text, number in found.items():
            if number > 1:
                world.accuse(f"{system}: {text!r} is there {number} times")
    # an edited record that was deleted meanwhile stays: where the hub cannot enter it again, only one side has it
    if world.people.two_way and "create" in world.people.able.writes:
        for text in here - there:
            world.accuse(f"only {fellow.SYSTEM} has {text!r}")
    for text in there - here:
        world.accuse(f"only {world.system} has {text!r}")


def _views(world: World) -> Iterator[tuple[str, View]]:
    """What a new connector reads, by its text."""
    connector, resource = world.bench.connect(), world.bench.resource
    for record in world.bench.records(world.bench.pages(connector=connector), connector).values():
        view = world.mapping.get(record.data) if record.data is not None else None
        if view is not None:
            yield str(fellow.value_of(view, world.shape.text) or ""), view
    connector.close()
    world.say("judge", f"{resource} were read")


def _fields(world: World, views: Mapping[str, View]) -> None:
    """The other fields of a customer are what the mapping makes of them, too."""
    for data in world.server.alive().values():
        text = str(data.get(fellow.column(world.shape.text)) or "")
        theirs = views.get(text)
        if theirs is None:
            continue  # _agree has said so
        for name in world.shape.columns:
            mine = data.get(fellow.column(name)) or None
            shown = fellow.value_of(theirs, name) or None
            if mine != shown:
                world.accuse(f"{text!r}: {name} is {mine!r} in {fellow.SYSTEM} and {shown!r} in {world.system}")
        if world.shape.emails:
            mails = [row["value"] for row in data.get("emails") or ()]
            shown = [item.value for item in theirs.collections.get("emails", ()) if item.value]
            if not set(shown) <= set(mails) or (mails and not shown):
                world.accuse(f"{text!r}: e-mail {mails} in {fellow.SYSTEM} and {shown} in {world.system}")


def _nothing_lost(world: World, ours: Mapping[str, str], theirs: Mapping[str, str], views: Mapping[str, Any]) -> None:
    everywhere = " ".join(
        (str(list(ours.values())), str(list(theirs.values())), str(world.server.alive()), str(views), _history(world))
    )
    alive = world.server.alive()
    for place, word in world.people.typed.places.items():
        system, id_, field = place
        if system == fellow.SYSTEM and field != "text" and id_ in alive and word not in _values(alive[id_]):
            # nobody works on these in the other system, nor empties any: there is no edit that this could give way to
            world.accuse(f"{word!r}, typed at {place}, is not there any more: {alive[id_]}")
        if word not in everywhere and repr(word)[1:-1] not in everywhere:
            world.accuse(f"{word!r}, typed at {place}, is lost")


def _values(data: Mapping[str, Any]) -> list[Any]:
    return [*data.values(), *(row["value"] for row in data.get("emails") or ())]


def _history(world: World) -> str:
    """Everything that the hub remembers, as one text."""
    store = world.machine.store
    gids = [row[0] for row in world.machine.query("SELECT gid FROM golden")]
    parts = [str(golden.to_json()) for golden in store.records.goldens(gids).values()]
    parts += [str((row["old"], row["new"])) for gid in gids for row in store.history.changes(gid)]
    parts += [str((row["winner"], row["loser"])) for row in store.history.ledger(limit=100_000)]
    return " ".join(parts)
