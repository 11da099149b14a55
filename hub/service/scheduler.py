"""The scheduler: looks at the timetable, starts what is due, and keeps account of it.

It knows no threads and no waiting: ``step`` does what is to be done at this moment, ``wake_at`` says when there is more.
Everything that it decides with is stored before it acts, so that it may be killed at any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hub.config.model import Config, Sync
from hub.contract.errors import AuthError, ConnectorError, HubError, Unavailable
from hub.service.alarms import judge, notice_of
from hub.service.circuits import Circuit, admits
from hub.service.desk import Desk, Letter
from hub.service.events import Log, moment
from hub.service.leading import leading
from hub.service.lease import Lease
from hub.service.metrics import Totals
from hub.service.outcomes import note_systems
from hub.service.timetable import Slot, arrange, begin, end, hinted_at, overdue_first, start_of
from hub.service.watch import SyncView, View, conditions, unknown
from hub.store.errors import Locked

if TYPE_CHECKING:
    from hub.sync.engine import Result

BUSY = 2.0
"""Seconds until a store is tried again that another process (a person's command) holds."""
LOOK = 60.0
"""Seconds after which everything is looked at again even if nothing is due: pauses, lag, changed secrets."""


@dataclass(slots=True)
class Report:
    """How a run ended.  state: as in the history, or "error" if it could not begin;  paused: systems with the error that
    stopped them;  counts: for the log."""

    run: str = ""
    state: str = "success"
    paused: Mapping[str, ConnectorError] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    error: HubError | None = None
    result: Result | None = None


_NEVER = (float("-inf"), float("-inf"))


class Runner(Protocol):
    """Runs one sync, once."""

    def run(self, config: Config, sync: Sync, holds: Mapping[str, ConnectorError]) -> Report:
        """``holds``: systems that are left alone in this run.  Raises Locked if another process holds the store, and
        KeyboardInterrupt if it was asked to stop (what was begun is finished)."""
        ...

    def fingerprint(self, config: Config, connection: str) -> str:
        """What the connection would sign in with, as a keyed hash; "" if that cannot be told."""
        ...


class Scheduler:
    """Carries out the timetable of one configuration on one store.

    shown: takes secrets and personal data out of errors, before they are stored for people to read.
    """

    def __init__(
        self,
        desk: Desk,
        config: Config,
        runner: Runner,
        clock: Callable[[], float],
        log: Log,
        shown: Callable[[str], str] = str,
    ) -> None:
        self.desk, self.config, self._runner, self._clock, self._log = desk, config, runner, clock, log
        self._shown = shown
        self._unfinished = False
        self.lease: Lease | None = None
        self.config_error = ""
        self.reports: list[Report] = []
        self.totals = Totals()
        self._busy_until = 0.0
        self._began: dict[str, tuple[float, float]] = {}
        """Sync -> when its last run began, and when the last one that webhooks had caused."""

    @property
    def busy(self) -> bool:
        """Whether another process held the store when it was tried last."""
        return self._clock() < self._busy_until

    # the timetable

    def arrange(self, config: Config | None = None) -> None:
        """Bring the timetable up to date: at the start, and with a new configuration.  Raises LeaseLost."""
        if config is not None:
            self.config = config
        now = self._clock()
        known = self.desk.slots()
        rows = []
        for name, sync in self.config.syncs.items():
            before = known.get(name)
            rows.append(arrange(before, name, sync.timing, now, first=now))
            if before is not None and before.begun is not None:
                self._log("interrupted_run_found", sync=name, begun=moment(before.begun))
        gone = sorted(set(known) - set(self.config.syncs))
        self.desk.save_slots(rows, mine=self.lease, remove=gone)
        for row in rows:
            sync = self.config.syncs[row.sync]
            self._log("scheduled", sync=row.sync, schedule=sync.timing.text, next=moment(row.next))

    def due(self) -> list[str]:
        """The syncs that should start now, those that have waited longest first."""
        now = self._clock()
        if now < self._busy_until <= now + BUSY:
            return []
        paused = self.desk.pauses.of("sync")
        found = {}
        for slot, sync in self._rows():
            at = self._start_of(slot, sync, now)
            if at is not None and at <= now and slot.sync not in paused:
                found[slot.sync] = at
        return overdue_first(found)

    def wake_at(self) -> float:
        """When to look again."""
        now = self._clock()
        paused = self.desk.pauses.of("sync")
        starts = [self._start_of(slot, sync, now) for slot, sync in self._rows() if slot.sync not in paused]
        times = [at for at in starts if at is not None]
        if self._busy_until > now:
            times = [max(at, self._busy_until) for at in times]
        return min([now + LOOK, *times])

    def starts(self) -> dict[str, float]:
        """Sync -> when it starts next; those that no schedule starts are left out."""
        now, paused = self._clock(), self.desk.pauses.of("sync")
        found = {slot.sync: self._start_of(slot, sync, now) for slot, sync in self._rows() if slot.sync not in paused}
        return {name: at for name, at in found.items() if at is not None}

    def _start_of(self, slot: Slot, sync: Sync, now: float) -> float | None:
        return start_of(slot, sync.timing, now, hinted=self._hinted(sync, now))

    def _hinted(self, sync: Sync, now: float) -> float | None:
        """When webhooks start a sync: hints of a system that is left alone wait until it is tried again."""
        waiting = self.desk.inbox.waiting()
        if not waiting or sync not in leading(self.config, self.desk.pauses.of("sync")):
            return None
        circuits, paused = self.desk.circuits(), self.desk.pauses.of("connection")
        began, hinted = self._began.get(sync.name, _NEVER)
        if began > now:  # the clock was put back
            began, hinted = self._began[sync.name] = _NEVER
        found = []
        for name in sync.systems:
            if name not in waiting or name in paused or circuits.get(name, Circuit(name)).state != "closed":
                continue
            hints = waiting[name]
            at = hinted_at(hints.first, hints.last, self.config.serving, began=began, hinted=hinted)
            if at is not None:
                found.append(at)
        return min(found) if found else None

    def _hintable(self) -> list[Sync]:
        """The syncs that webhooks may start."""
        paused = self.desk.pauses.of("sync")
        return [
            item for item in self.config.syncs.values() if item.timing.schedule is not None and item.name not in paused
        ]

    def _share_hints(self, sync: Sync, now: float) -> None:
        """A run takes all hints of its systems: others follow that bring them to systems which this one does not have."""
        waiting = set(self.desk.inbox.waiting()) & set(sync.systems)
        others = [
            item.name
            for item in leading(self.config, self.desk.pauses.of("sync"))
            if waiting & set(item.systems) and set(item.systems) - set(sync.systems)
        ]
        if others:
            self.desk.make_due(others, now)

    def _rows(self) -> list[tuple[Slot, Sync]]:
        rows = self.desk.slots()
        return [(rows[name], sync) for name, sync in self.config.syncs.items() if name in rows]

    # one step

    def step(self, without: Collection[str] = ()) -> str:
        """Start the most overdue sync, if there is one, and see what people should be told; the name of the sync that
        ran, or "".  without: syncs that are not started now.

        Raises LeaseLost, and KeyboardInterrupt from a run that was asked to stop.
        """
        if self._unfinished:  # the last step failed half-way: its row says that a run is going, and there is none
            self.arrange()
            self._unfinished = False
        for name in self.due():
            if name in without:
                continue
            try:
                if self._run(self.config.syncs[name]):
                    self.watch()
                    return name
            except Locked as error:
                if self._busy_until <= self._clock():
                    self._log("store_is_busy", sync=name, holder=error.holder)
                self._busy_until = self._clock() + BUSY
                break
            except BaseException:
                self._unfinished = True
                raise
        self.watch()
        return ""

    def _run(self, sync: Sync) -> bool:
        """One run; False if there is nothing that may be tried."""
        now = self._clock()
        slot = self.desk.slots()[sync.name]
        holds = self._holds(sync, now)
        if set(sync.systems) <= set(holds) | set(self.desk.pauses.of("connection")):
            self._put_off(sync, slot, now)
            return False
        begun = begin(slot, now)
        self.desk.save_slots([begun], mine=self.lease)
        self._share_hints(sync, now)
        planned = start_of(slot, sync.timing, now)
        caused = planned is None or planned > now
        self._began[sync.name] = now, now if caused else self._began.get(sync.name, _NEVER)[1]
        self._log("run_started", sync=sync.name, due=moment(slot.next), held=",".join(sorted(holds)))
        try:
            report = self._runner.run(self.config, sync, holds)
        except Locked:
            self.desk.save_slots([slot], mine=self.lease)
            raise
        except KeyboardInterrupt:
            self._log("run_stopped", sync=sync.name)  # its row says that it began: whoever serves next makes it good
            raise
        self._account(sync, begun, report, holds)
        return True

    def _holds(self, sync: Sync, now: float) -> dict[str, ConnectorError]:
        """The systems of a sync that are left alone for now."""
        found: dict[str, ConnectorError] = {}
        circuits = self.desk.circuits()
        for name in sync.systems:
            circuit = circuits.get(name, Circuit(name))
            refused = circuit.state == "needs_login"
            secret = self._runner.fingerprint(self.config, name) if refused else ""
            if not admits(circuit, now, secret):
                found[name] = hold(circuit)
        return found

    def _put_off(self, sync: Sync, slot: Slot, now: float) -> None:
        """Nothing of a sync may be tried: its turn is over, and it is made good when the first wait ends."""
        after = end(begin(slot, now), sync.timing, now, retry=self._retry_at(sync, now))
        self.desk.save_slots([after], mine=self.lease)
        self._log("run_put_off", sync=sync.name, next=moment(start_of(after, sync.timing, now)))

    def _account(self, sync: Sync, begun: Slot, report: Report, holds: Mapping[str, ConnectorError]) -> None:
        now = self._clock()
        if report.error is None:
            changed = note_systems(
                self.desk,
                self.config.serving,
                sync.systems,
                report.paused,
                now,
                held=holds,
                fingerprint=lambda name: self._runner.fingerprint(self.config, name),
                shown=self._shown,
            )
            for circuit in changed:
                self._log(
                    "connection", connection=circuit.connection, state=circuit.state, failures=circuit.failures,
                    code=circuit.code, until=moment(circuit.until),
                )  # fmt: skip
        self.desk.note_error(sync.name, "" if report.error is None else self._shown(str(report.error)))
        after = end(begun, sync.timing, now, retry=self._retry_at(sync, now))
        self.desk.save_slots([after], mine=self.lease)
        self.reports.append(report)
        del self.reports[:-100]
        assert begun.begun is not None
        self.totals.note(sync.name, report, max(0.0, now - begun.begun))
        self._log(
            "run_ended",
            sync=sync.name,
            run=report.run,
            state=report.state,
            seconds=round(now - begun.begun, 1),
            error=report.error.code if report.error is not None else "",
            paused=",".join(f"{name}:{error.code}" for name, error in sorted(report.paused.items())),
            next=moment(start_of(after, sync.timing, now)),
            **report.counts,
        )

    def _retry_at(self, sync: Sync, now: float) -> float | None:
        """When a system that the sync had to leave out may be tried again."""
        circuits = self.desk.circuits()
        paused = self.desk.pauses.of("connection")
        waits = [circuits[name].until for name in sync.systems if name in circuits and name not in paused]
        times = [at for at in waits if at is not None]
        return max(min(times), now) if times else None

    # what people are told

    def view(self, *, note: bool = True) -> View:
        """Everything that alarms depend on.  note: remember since when syncs are watched; who only looks writes nothing."""
        now = self._clock()
        pauses = self.desk.pauses
        paused_syncs = pauses.of("sync")
        syncs = []
        for name, sync in self.config.syncs.items():
            last = last_ended(self.desk.history.runs(limit=20, sync=name))
            syncs.append(
                SyncView(
                    name,
                    sync.systems,
                    name in paused_syncs,
                    sync.timing.fresh,
                    self.desk.read_at(name),
                    self._watched_since(name, now, note=note),
                    last,
                    self.desk.error(name),
                )
            )
        known = {system for sync in self.config.syncs.values() for system in sync.systems}
        circuits = {name: item for name, item in self.desk.circuits().items() if name in known}
        paused = frozenset(pauses.of("connection"))
        drift = {name: found for name in sorted(known) if (found := tuple(self.desk.drift(name)))}
        webhooks = {name: item for name, item in self.desk.inbox.subscriptions().items() if name in known}
        return View(now, tuple(syncs), circuits, paused, self.desk.questions(), self.config_error, webhooks, drift)

    def _watched_since(self, sync: str, now: float, *, note: bool) -> float:
        """Since when the freshness of a sync is watched that never read everything."""
        key = f"watched:{sync}"
        found = self.desk.work.meta(key)
        if found:
            return float(found)
        if note:
            with self.desk.db.transaction():
                self.desk.work.set_meta(key, str(now))
        return now

    def watch(self) -> None:
        """Raise and clear alarms, and put the notices about them into the outbox."""
        view = self.view()
        changed = judge(self.desk.alarms(), conditions(view), view.now, unknown=unknown(view))
        if not changed:
            return
        letters = []
        for alarm in changed:
            notice = notice_of(alarm)
            for name in self._notifiers():
                letters.append(
                    Letter(notice.key, name, view.now, notice.severity, notice.subject, notice.text, due=view.now)
                )
            what = "alarm_raised" if alarm.state == "raised" else "alarm_cleared"
            self._log(what, kind=alarm.kind, about=alarm.subject, number=alarm.number)
        self.desk.post(changed, letters)

    def _notifiers(self) -> tuple[str, ...]:
        chosen = self.config.serving.notify
        return tuple(self.config.notifiers) if chosen is None else chosen


def last_ended(runs: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The newest run that came to its end: one that was interrupted says nothing about how things stand."""
    kinds, open_ = ("sync", "apply"), ("running", "interrupted")
    return next((run for run in runs if run["kind"] in kinds and run["state"] not in open_), None)


def hold(circuit: Circuit) -> ConnectorError:
    """The error that a system stands still with in a run that leaves it alone."""
    name = circuit.connection
    if circuit.state == "needs_login":
        return AuthError(_last(circuit), where=name, hint=f"crmhub connect test {name}")
    return Unavailable(
        f"left alone until {moment(circuit.until)} after {circuit.failures} failures; the last: {_last(circuit)}",
        where=name,
        hint=f"crmhub connect test {name}",
    )


def _last(circuit: Circuit) -> str:
    return circuit.message.removeprefix(f"{circuit.connection}: ")
