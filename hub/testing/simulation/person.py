"""A person at the hub: answers reviews, decides conflicts, brings losers back, takes wrong links apart, tries what is in
quarantine again, undoes runs, and changes a mapping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from hub.contract.errors import HubError
from hub.sync.decisions import resolve_conflict, split_link
from hub.sync.linking import decide_review
from hub.sync.systems import Systems
from hub.sync.workspace import Counter, Shared
from hub.testing.simulation.lineage import tokens

if TYPE_CHECKING:
    from hub.testing.simulation.world import World

MAPPED = ("title", "tier")
"""Traits whose field comes into a mapping or leaves it."""


class Person:
    """Decides by the world's random numbers, as the commands ``review``, ``conflicts`` and ``quarantine`` do."""

    def __init__(self, world: World, random: Random) -> None:
        self.world, self.random = world, random

    def act(self) -> None:
        """One decision, if there is something to decide."""
        self.world.now += 60.0
        deed = self.random.random()
        if deed < 0.35:
            self.review()
        elif deed < 0.6:
            self.conflict()
        elif deed < 0.75:
            self.split()
        elif deed < 0.85:
            self.retry()
        elif deed < 0.93:
            self.undo()
        else:
            self.remap()

    def undo(self) -> None:
        """One of the last runs that wrote something is taken back."""
        runs = self.world.machine.query("SELECT DISTINCT run FROM journal ORDER BY run DESC LIMIT 4")
        if runs:
            self.world.undo(self.random.choice(runs)[0])

    def review(self) -> None:
        """Some of the records in question are one customer, or none of them."""
        reviews = self.world.machine.store.history.reviews()
        if not reviews:
            return
        review = self.random.choice(reviews)
        staged = self.world.machine.store.staging.of_review(review.id)
        sides: dict[str, str] = {}
        for item in staged:
            if self.random.random() < 0.8:
                sides.setdefault(item.system, item.ref)
        gids = [member["gid"] for member in review.members if member["gid"]]
        link = [*sides.values(), *([self.random.choice(gids)] if gids and self.random.random() < 0.6 else [])]
        if self.random.random() < 0.3 or len(link) < 2:
            link = []
        with self._deciding() as shared:
            counters = {name: Counter() for name in shared.systems.names()}
            done = decide_review(shared, review.id, link=link or None, counters=counters)
            self.world.say("person", f"review {review.id}", f"{done}: {link}")

    def conflict(self) -> None:
        """A conflict is decided, or a value that lost is taken after all.  The person sees what it replaces."""
        rows = [row for row in self.world.machine.store.history.ledger() if not row["path"].startswith("@")]
        if not rows:
            return
        open_ = [row for row in rows if row["state"] == "open"]
        row = self.random.choice(open_ or rows)
        golden = self.world.machine.store.records.goldens([row["gid"]])[row["gid"]]
        if golden.state != "live":
            return
        with self._deciding() as shared:
            change = resolve_conflict(
                shared, row["id"], take=self.random.choice([row["winner_system"], row["loser_system"]])
            )
            if change is not None:
                seen = tokens(change.old) | {
                    t for value, *_ in golden.frozen.get(row["path"], []) for t in tokens(value)
                }
                for token in seen - tokens(change.new):
                    self.world.lineage.dropped[token] = "a person"
            self.world.say("person", f"conflict {row['id']}", f"{row['path']}: {change.new if change else ''}")

    def split(self) -> None:
        """One of the records of a customer is another customer's."""
        links = self.world.machine.query(
            "SELECT system, resource, remote_id, gid FROM link JOIN golden USING (gid) WHERE golden.state = 'live'"
            " AND link.state = 'active' AND is_primary = 1 AND golden.merged_into IS NULL ORDER BY 1, 3"
        )
        links = [item for item in links if not self.world.servers[item[0]].records[item[2]].deleted]
        if not links:
            return
        system, resource, remote_id, gid = self.random.choice(links)
        with self._deciding() as shared:
            fresh = split_link(shared, system, resource, remote_id)
            self.world.servers[system].made.pop(remote_id, None)
            self.world.say("person", f"splits {system}/{remote_id}", f"{gid} -> {fresh}")

    def retry(self) -> None:
        """Everything in quarantine is tried again."""
        store = self.world.machine.store
        items = store.work.quarantined()
        if items:
            with store.transaction():
                store.work.release([(x.system, x.resource, x.remote_id, x.gid) for x in items if x.gid])
                for item in items:
                    if item.remote_id:
                        store.work.reread_add(item.system, item.resource, [item.remote_id], "tried again")
                store.records.mark_dirty(item.gid for item in items if item.gid)
            self.world.say("person", "retries", str(len(items)))

    def remap(self) -> None:
        """A line is added to a mapping, or removed."""
        name = self.random.choice(sorted(self.world.servers))
        server, trait = self.world.servers[name], self.random.choice(MAPPED)
        if trait == "tier" and server.profile.has(trait):
            # a value that the hub could not read stays where it was typed; without the line it is not the hub's any more
            for data in server.alive().values():
                self.world.lineage.forget(tokens(data.get("tier")))
        profile = replace(server.profile, traits=server.profile.traits ^ {trait})
        server.profile = profile
        self.world.profiles = [profile if item.name == name else item for item in self.world.profiles]
        self.world.say("person", f"maps {name}", f"{trait} {'in' if profile.has(trait) else 'out'}")

    @contextmanager
    def _deciding(self) -> Iterator[Shared]:
        """A decision is a run of its own; one that cannot be carried out changes nothing."""
        world: Any = self.world
        store, run = world.machine.store, world.new_id()
        with store.transaction():
            store.history.start_run(run, "simulated", "decision", world.now)
        systems = Systems(world.sources(), world.offsets)
        try:
            yield Shared(store, systems, world.policy, run, store.seq, lambda: world.now, world.new_id)
        except HubError as error:
            world.say("person", "cannot", error.message)
        finally:
            with store.transaction():
                store.history.end_run(run, world.now, "success", {})
