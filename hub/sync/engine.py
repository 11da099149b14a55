"""The engine: one run of one sync, from reading to confirming (sync-semantics, section 2).

lock -> recover open intents -> pull every system -> link -> plan -> guards -> apply -> confirm -> account.
All systems are read before anything is planned, so that one plan sees every source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from hub.canonical.facts import DEFAULT_BODY
from hub.contract.bugs import plugin_bug
from hub.contract.errors import AuthError, ConnectorError, HubError, RateLimited, Unavailable
from hub.store.history import Account
from hub.store.retention import tidy
from hub.store.store import Store
from hub.sync.accounting import account
from hub.sync.alike import crowded_groups
from hub.sync.apply import same_item
from hub.sync.facts import FactCount, FactPull, account_facts, attach_waiting
from hub.sync.guards import lossy_trips, trips
from hub.sync.keep import Retention
from hub.sync.linking import link_staged
from hub.sync.plan.items import GuardTrip
from hub.sync.plan.pile import Items
from hub.sync.plan.plan import Plan
from hub.sync.planning import make_plan
from hub.sync.policy import Policy
from hub.sync.portions import Portions
from hub.sync.pull import ROLLING, Pull
from hub.sync.recover import Recover
from hub.sync.stages import Stages
from hub.sync.standing import Standing
from hub.sync.systems import Source, Systems
from hub.sync.undo.carry import decide
from hub.sync.undo.outcome import UndoPlan
from hub.sync.undo.plan import make_undo
from hub.sync.workspace import Counter, Shared

CANARY = (10, 100)
"""Sizes of the first portions of an approved first sync: 10 records, then 100, then all."""

_WITH_FACTS = ("sync", "apply")
"""Kinds of runs that read facts, too."""

Progress = Callable[[str, str, int, int | None], None]
"""(step, system, done so far, total or None)"""


def _silent(_step: str, _system: str, _done: int, _total: int | None) -> None:
    """No progress is shown."""


@dataclass(slots=True)
class Result:
    """The outcome of a run.  state: success, partial, failed or waiting (a person, or a remote limit)."""

    run: str
    sync: str
    state: str = "success"
    plan: Plan | None = None
    counters: dict[str, Counter] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    paused: dict[str, ConnectorError] = field(default_factory=dict)
    facts: list[FactCount] = field(default_factory=list)
    facts_paused: dict[str, ConnectorError] = field(default_factory=dict)
    """Systems of which reading the facts had to stop; their customers are not concerned."""
    stale: list[str] = field(default_factory=list)
    applied: int = 0
    conflicts: int = 0
    review: int = 0
    crowded: int = 0
    """Groups of records that were too large to compare when records were compared last."""
    unattended: bool = False
    """Whether records are in quarantine that nobody has told to ignore."""
    ignored: bool = False
    """Whether records failed in this run, and all that are in quarantine since are ignored."""
    approved: bool = False
    undo: UndoPlan | None = None
    """What an undo takes back."""
    whole: bool | None = None
    """Whether every system was read completely; None if nothing was read."""
    stages: Stages = field(default_factory=Stages)

    @property
    def failed(self) -> int:
        """Records that failed and are not ignored."""
        failed = [*(item.failed for item in self.counters.values()), *(item.failed for item in self.facts)]
        return 0 if self.ignored else sum(failed)

    @property
    def held(self) -> list[GuardTrip]:
        """The guards that still hold something back: all that tripped, or after an approval only those of the canary."""
        trips = self.plan.trips if self.plan is not None else []
        return [trip for trip in trips if not self.approved or trip.guard == "lossy"]

    def to_json(self, redact: Callable[[str], str] = str) -> dict[str, Any]:
        """What is stored with the run; ``redact`` takes live secrets out of what systems answered."""
        return {
            "state": self.state,
            "counts": {system: asdict(counter) for system, counter in self.counters.items()},
            "trips": [asdict(trip) for trip in self.held],
            "hash": self.plan.hash() if self.plan else "",
            "paused": {
                system: {"code": error.code, "message": redact(str(error))}
                for system, error in (self.facts_paused | self.paused).items()
            },
            "facts": [asdict(item) for item in self.facts],
            "applied": self.applied,
            "conflicts": self.conflicts,
            "review": self.review,
            "stale": len(self.stale),
            **({"undoes": self.undo.past} if self.undo is not None else {}),
            "accounting_ok": all(item.ok for item in self.accounts),
        }


class Engine:
    """Runs one sync on one store.  The caller holds the process lock (hub.store.location.Location.holding)."""

    def __init__(
        self,
        store: Store,
        systems: Systems,
        policy: Policy,
        sync: str,
        *,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        progress: Progress = _silent,
        reconcile: float = ROLLING,
        body: int = DEFAULT_BODY,
        veto: Callable[[Plan], Sequence[str]] = lambda _plan: (),
        redact: Callable[[str], str] = str,
        keep: Retention | None = None,
        ahead: bool = False,
    ) -> None:
        """ahead: whether slow systems may be asked for a page while the one before is stored, by a thread."""
        self.store, self.systems, self.policy, self.sync_name = store, systems, policy, sync
        self._clock, self._new_id, self._progress = clock, new_id, progress
        self._reconcile, self._veto, self._body, self._redact = reconcile, veto, body, redact
        self._keep, self._ahead = keep, ahead
        self._shrank: dict[str, str] = {}
        self._standing = Standing(store, systems, policy, sync)

    # one run

    def sync(self, *, approve: str | None = None, canary: int | None = None) -> Result:
        """Read, plan and write what the guards let through.  ``approve`` names the hash of a plan that a person saw;
        ``canary`` writes at most that many records to each system."""
        with self._run("sync") as (shared, result):
            self._read(shared, result)
            plan = result.plan = self._plan(shared, result, book=True)
            approved = result.approved = approve is not None and approve in (plan.hash(), plan.approval())
            if approve is not None and not approved:
                return result  # the plan that was approved is not this one: nothing is written
            self._apply(shared, result, plan, approved=approved, canary=canary)
            if approved:
                self._accept_shrinking(shared, result)
            if canary is None and not self._blocked(plan, approved):
                self._second_round(shared, result)
                self._end_load(result)
        return result

    def read(self, kind: str = "match") -> Result:
        """Read and link, without writing to any system; the plan is what a sync would do."""
        with self._run(kind) as (shared, result):
            self._read(shared, result)
            result.plan = self._plan(shared, result, book=False)
        return result

    def apply(self, saved: Plan, *, system: str | None = None) -> Result:
        """Carry out a saved plan; items that are no longer exactly what the store would plan are skipped and listed."""
        with self._run("apply") as (shared, result):
            self._recover(shared, result)
            current = self._plan(shared, result, book=True, only={item.gid for item in saved.items})
            now = {(item.system, item.resource, item.gid): item for item in current.items}
            fresh = [item for item in saved.items if system is None or item.system == system]
            kept = Items()
            for item in fresh:
                found = now.get((item.system, item.resource, item.gid))
                if found is not None and same_item(found, item):
                    item.alone = found.alone
                    kept.append(item)
                else:
                    result.stale.append(f"{item.system}: {item.title} ({item.kind})")
            plan = result.plan = Plan(saved.sync, kept)
            result.approved = True
            self._apply(shared, result, plan, approved=True, canary=None)
            self.store.work.plan_state(saved.hash(), "used")
        return result

    def undo(self, past: str, *, approve: str | None = None, yes: bool = False) -> Result:
        """Take back what run ``past`` wrote, by a plan through the same merge, guards, intents and receipts.

        Nothing is written unless ``approve`` names the hash of exactly this plan, or with ``yes`` if no guard trips."""
        with self._run("undo" if yes or approve is not None else "undo plan") as (shared, result):
            self._read(shared, result)
            why = {system: error.message for system, error in result.paused.items()}
            undo = result.undo = make_undo(shared, past, self.sync_name, paused=why)
            plan = result.plan = undo.plan
            known = self._standing.facts(plan, {}, {})
            plan.trips = trips(
                plan, {name: replace(item, first=False, changed=()) for name, item in known.items()}, self.policy.guards
            )
            plan.vetoes = list(self._veto(plan))
            result.approved = not plan.vetoes and (approve == undo.hash() or (yes and not plan.trips))
            if result.approved and (plan.items or undo.moves):
                decide(shared, undo)
                self._carry(shared, result, plan)
        return result

    def _carry(self, shared: Shared, result: Result, plan: Plan) -> None:
        """Write the items of a plan that was approved; a record that changed meanwhile is left as it is."""
        portions = self._portions(shared, result, plan, set())
        self._write(result, portions, None)
        for system, error in portions.stopped.items():
            result.paused.setdefault(system, error)
        result.stale += [f"{system}: {gid}" for system, gid in portions.replan]

    @contextmanager
    def _run(self, kind: str) -> Iterator[tuple[Shared, Result]]:
        run = self._new_id()
        now = self._clock()
        with self.store.transaction():
            self.store.history.interrupt_runs(now)
            self.store.history.start_run(run, self.sync_name, kind, now)
            self.store.work.trim_ops(run)
            if self._standing.new_targets():
                self.store.records.mark_all_dirty()
        quiet = (
            frozenset(
                name
                for source in self.systems.sources
                for name in source.mapping.fields
                if name.startswith("consents.")
            )
            if self._standing.quiet
            else frozenset()
        )
        shared = Shared(self.store, self.systems, self.policy, run, self.store.seq, self._clock, self._new_id, quiet)
        shared.redact = self._redact
        result = Result(run, self.sync_name, counters={name: Counter() for name in self.systems.names()})
        calls = {source.system: source.calls() for source in self.systems.sources}
        try:
            yield shared, result
            if kind in _WITH_FACTS:
                self._read_facts(shared, result)
            with result.stages.of("account"):
                self._account(shared, result)
        except BaseException as error:
            result.state = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            with self.store.transaction():
                self.store.history.end_run(run, self._clock(), result.state, result.to_json(self._redact))
            raise
        finally:
            for source in self.systems.sources:
                result.counters[source.system].calls = source.calls() - calls[source.system]
        result.state = self._state(result)
        with self.store.transaction():
            if kind == "sync" and result.whole and not result.facts_paused:
                self.store.work.set_meta(f"read:{self.sync_name}", str(now))  # since then nothing older is unseen
            self.store.history.end_run(run, self._clock(), result.state, result.to_json(self._redact))
        if kind == "sync" and self._keep is not None:
            tidy(self.store, runs=self._keep.runs, journal=self._keep.journal, now=self._clock())

    def _state(self, result: Result) -> str:
        if result.paused and len(result.paused) == len(self.systems.names()):
            return "failed"
        if result.facts_paused or result.failed or result.unattended or result.paused or result.stale:
            return "partial"
        if result.held:
            return "waiting"
        return "success"

    # reading

    def _read(self, shared: Shared, result: Result) -> None:
        self._recover(shared, result)
        for source in self.systems.sources:
            if source.system in result.paused:
                continue
            with self._guarded(source, result.paused):
                done = 0

                def tell(number: int, source: Source = source) -> None:
                    nonlocal done
                    done += number
                    self._progress("read", source.system, done, None)

                pull = Pull(shared, source, result.counters[source.system], tell, self._reconcile, ahead=self._ahead)
                with result.stages.of("read", source.system):
                    pull.run()
                if pull.shrank:
                    self._shrank[source.system] = pull.shrank
        result.whole = not result.paused
        self._progress("link", "", 0, None)
        with result.stages.of("link"):
            link_staged(shared, result.counters)
        result.crowded = crowded_groups(shared)

    def _accept_shrinking(self, shared: Shared, result: Result) -> None:
        """A person has seen that a listing became much shorter: what is missing counts as gone now."""
        for source in self.systems.sources:
            if self._shrank.pop(source.system, "") and source.system not in result.paused:
                with self._guarded(source, result.paused):
                    pull = Pull(shared, source, result.counters[source.system], accept_shrink=True)
                    pull.list_all(self.store.work.cursor(source.system, source.resource))

    def _recover(self, shared: Shared, result: Result) -> None:
        for source in self.systems.sources:
            if source.system not in result.paused:
                with self._guarded(source, result.paused), result.stages.of("recover", source.system):
                    Recover(shared, source, result.counters[source.system]).run()

    @contextmanager
    def _guarded(self, source: Source, paused: dict[str, ConnectorError]) -> Iterator[None]:
        """An error of one system pauses that system; the others go on."""
        try:
            yield
        except ConnectorError as error:
            paused.setdefault(source.system, error)
        except HubError:
            raise
        except Exception as error:  # noqa: BLE001  # a plugin's bug must not stop the other systems
            paused.setdefault(source.system, plugin_bug(source.connector.name, error))

    # planning

    def _plan(self, shared: Shared, result: Result, *, book: bool, only: set[str] | None = None) -> Plan:
        self._progress("plan", "", 0, None)
        with result.stages.of("plan"):
            plan = make_plan(
                shared,
                self.sync_name,
                facts=lambda plan: self._standing.facts(plan, self._shrank, shared.unlinked),
                book=book,
                only=only,
            )
        plan.vetoes = list(self._veto(plan))
        return plan

    def _end_load(self, result: Result) -> None:
        """The first load is over once nothing was held, stopped or left out."""
        plan = result.plan
        held = plan is not None and bool(plan.trips) and not result.approved
        if not held and not result.paused:
            history = self.store.history
            asked = bool(history.reviews()) or bool(history.ledger(state="open", limit=1))
            empty = plan is not None and not plan.items
            waiting = empty and self._standing.quiet and bool(self.store.records.dirty_gids())
            if waiting:
                self._standing.only_consents()
            self._standing.loaded(nothing_to_write=empty and not asked and not waiting)

    def _blocked(self, plan: Plan, approved: bool) -> bool:
        guards = {trip.guard for trip in plan.trips}
        return bool(plan.vetoes) or "lossy" in guards or (not approved and "first_sync" in guards)

    # writing

    def _apply(self, shared: Shared, result: Result, plan: Plan, *, approved: bool, canary: int | None) -> None:
        """A tripped guard holds its system's part; approval of exactly this plan lets it pass, once."""
        if plan.vetoes:
            return
        held = set() if approved else {trip.system for trip in plan.trips}
        if approved:
            self._standing.approve(plan)
        sizes = [canary] if canary is not None else ([*CANARY, None] if approved else [None])
        portions = self._portions(shared, result, plan, held)
        for size in sizes:
            self._write(result, portions, size)
            if size is not None and canary is None and self._lossy(plan, portions):
                self._standing.withdraw()
                break
        if approved and canary is not None:
            self._standing.withdraw()  # a person looks at what was written before the rest is
        for system, error in portions.stopped.items():
            result.paused.setdefault(system, error)
        self._standing.planned(held, result.paused, shared.unlinked)

    def _portions(self, shared: Shared, result: Result, plan: Plan, held: set[str]) -> Portions:
        """What a plan writes to the systems that are neither held nor paused."""
        sources = [
            source
            for source in self.systems.sources
            if source.system not in held and source.system not in result.paused
        ]
        return Portions(shared, plan, sources, result.counters, self._progress, result.stages)

    def _write(self, result: Result, portions: Portions, size: int | None) -> None:
        portions.write(size)
        result.applied = portions.applied

    def _lossy(self, plan: Plan, portions: Portions) -> bool:
        """After a canary: too many values stored differently than sent stop the rest."""
        found = lossy_trips(portions.lossy(), self.policy.guards)
        plan.trips.extend(found)
        return bool(found)

    def _second_round(self, shared: Shared, result: Result) -> None:
        """Records that changed while we wrote are read and planned once more; what our writes revealed is passed on."""
        again = any(counter.stale for counter in result.counters.values())
        unknown = self.store.work.open_ops()
        if unknown:
            self._recover(shared, result)
        for source in self.systems.sources:
            if source.system in result.paused or not again:
                continue
            with self._guarded(source, result.paused), result.stages.of("read", source.system):
                Pull(shared, source, result.counters[source.system]).reread()
        if again or unknown or self.store.records.dirty_gids():
            plan = self._plan(shared, result, book=True)
            before = result.applied
            self._apply(shared, result, plan, approved=False, canary=None)
            result.applied += before

    # facts

    def _read_facts(self, shared: Shared, result: Result) -> None:
        """What happened to the customers, read after them; a failure here never fails the run of the customers."""
        for source in self.systems.facts:
            count = FactCount(source.system, source.resource)
            result.facts.append(count)
            if source.system in result.paused:
                continue
            with self._guarded(source, result.facts_paused):

                def tell(number: int, source: Source = source, count: FactCount = count) -> None:
                    self._progress("read", source.system, count.read, None)

                with result.stages.of("facts", source.system):
                    FactPull(shared, source, count, self._reconcile, self._body, tell).run()
        if self.systems.facts:
            ties = attach_waiting(shared)
            for count in result.facts:
                count.attached += ties.get((count.system, count.resource), 0)
                count.ignored = self.store.facts.reasons(count.system, count.resource)

    # the end

    def _account(self, shared: Shared, result: Result) -> None:
        sources, facts = self.systems.sources, self.systems.facts
        with self.store.transaction():
            self.store.records.keep_counts((source.system, source.resource) for source in sources)
            result.accounts = [account(shared, source) for source in sources]
            result.accounts += [account_facts(shared, source) for source in facts]
            self.store.history.save_accounts(result.accounts)
        asking = self.store.ignored.asking()
        result.ignored = self.store.ignored.has_all_of(shared.run)
        result.unattended = any(item.quarantined and (item.system, item.resource) in asking for item in result.accounts)
        result.review = len(self.store.history.reviews())
        result.conflicts = len(self.store.history.ledger(state="open", limit=10_000))


def reaction_of(error: ConnectorError) -> str:
    """One word for people about a paused system."""
    if isinstance(error, AuthError):
        return "needs login"
    if isinstance(error, (RateLimited, Unavailable)):
        return "waiting"
    return "failed"
