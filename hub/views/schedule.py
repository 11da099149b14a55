"""What status says about schedules, waiting systems and alarms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hub.config.quantities import show_duration
from hub.views.exits import Exit
from hub.views.problem import Problem

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.config.model import Sync
    from hub.service.circuits import Circuit
    from hub.service.desk import Desk
    from hub.store.pauses import Pause

Finding = tuple[int, Exit, Problem]
"""(rank, exit code, problem), as status sorts them."""

_SILENT = 60.0
"""Seconds without a heartbeat after which a process that should serve is worth a word."""


@dataclass(slots=True)
class SyncTimes:
    """When a sync runs.  next: None if never by itself;  lag: seconds, None if its systems were never all read."""

    schedule: str
    next: float | None
    lag: float | None
    fresh: float | None
    paused: bool
    waiting: dict[str, str] = field(default_factory=dict)
    """System -> why it is left alone, with the command that changes it."""

    def to_json(self) -> dict[str, Any]:
        return {
            "schedule": self.schedule,
            "next_run": self.next,
            "lag": self.lag,
            "fresh": self.fresh,
            "paused": self.paused,
            "waiting": self.waiting,
        }

    def lines(self, now: float, served: bool) -> list[str]:
        """For people."""
        said = []
        if self.paused:
            said.append("paused")
        elif self.next is not None:
            when = f"in {show_duration(self.next - now)}" if self.next > now else "due now"
            said.append(f"next run {when} ({self.schedule}){'' if served else ', but crmhub serve is not running'}")
        elif self.schedule != "manual":
            said.append(f"{self.schedule}: crmhub serve has not seen it yet")
        if self.lag is not None:
            limit = f" (at most {show_duration(self.fresh)})" if self.fresh is not None else ""
            said.append(f"read completely {show_duration(self.lag)} ago{limit}")
        lines = ["; ".join(said)] if said else []
        return lines + [f"{name}: {text}" for name, text in sorted(self.waiting.items())]


@dataclass(slots=True)
class Overview:
    """Everything that status adds for ``crmhub serve``."""

    served: bool
    service: dict[str, Any]
    syncs: dict[str, SyncTimes]
    findings: list[Finding]
    alarms: list[dict[str, Any]]


def overview(app: App, names: list[str]) -> Overview:
    """Look at what the service has stored; needs an existing store."""
    from hub.service.desk import Desk

    desk, now = Desk(app.store.db), app.clock()
    lease = desk.lease()
    served = lease is not None and lease.holder != "" and now - lease.beat <= _SILENT
    service: dict[str, Any] = {"running": served}
    if lease is not None and lease.holder:
        service |= {"process": lease.label, "host": lease.host, "since": lease.taken, "heartbeat": lease.beat}
    chosen = [app.config.syncs[name] for name in names]
    circuits, connections = desk.circuits(), desk.pauses.of("connection")
    syncs = {item.name: _times(desk, item, circuits, connections, now) for item in chosen}
    systems = sorted({system for item in chosen for system in item.systems})
    findings = _pauses(connections, systems, desk.pauses.of("sync"), names)
    for name in systems:
        if name in circuits and name not in connections:
            findings += _of_circuit(circuits[name], now)
    findings += [_of_lag(name, item) for name, item in syncs.items() if _is_late(item)]
    findings += _of_service(desk, served, any(item.next is not None and not item.paused for item in syncs.values()))
    for item in desk.alarms("raised"):
        if item.kind in ("webhook", "schema") and item.subject in systems:
            problem = Problem(item.kind, item.message, item.subject, item.hint, "warning")
            findings.append((6, Exit.DONE, problem))
    alarms = [
        {"kind": item.kind, "about": item.subject, "since": item.raised, "message": item.message, "hint": item.hint}
        for item in desk.alarms("raised")
    ]
    return Overview(served, service, syncs, findings, alarms)


def _times(
    desk: Desk, sync: Sync, circuits: dict[str, Circuit], connections: dict[str, Pause], now: float
) -> SyncTimes:
    from hub.service.timetable import start_of

    slot = desk.slots().get(sync.name)
    read = desk.read_at(sync.name)
    waiting = {}
    for name in sync.systems:
        circuit = circuits.get(name)
        if name in connections:
            waiting[name] = f"paused; crmhub resume connection {name}"
        elif circuit is not None and circuit.state == "needs_login":
            waiting[name] = f"needs login; crmhub connect test {name}"
        elif circuit is not None and circuit.state == "waiting":
            waiting[name] = f"waiting after {circuit.failures} failures, {_until(circuit, now)}"
    return SyncTimes(
        sync.timing.text,
        start_of(slot, sync.timing, now) if slot is not None else None,
        max(0.0, now - read) if read is not None else None,
        sync.timing.fresh,
        sync.name in desk.pauses.of("sync"),
        waiting,
    )


def _until(circuit: Circuit, now: float) -> str:
    left = (circuit.until or now) - now
    return f"tried again in {show_duration(left)}" if left > 0 else "tried again in the next run"


def _pauses(
    connections: dict[str, Pause], systems: list[str], syncs: dict[str, Pause], names: list[str]
) -> list[Finding]:
    found: list[Finding] = []
    for kind, paused, shown in (("connection", connections, systems), ("sync", syncs, names)):
        for name in sorted(set(paused) & set(shown)):
            reason = f": {paused[name].reason}" if paused[name].reason else ""
            problem = Problem("paused", f"paused{reason}", name, f"crmhub resume {kind} {name}", "warning")
            found.append((6, Exit.DONE, problem))
    return found


def _of_circuit(circuit: Circuit, now: float) -> list[Finding]:
    name = circuit.connection
    message = circuit.message.removeprefix(f"{name}: ")
    if circuit.state == "needs_login":
        return [(1, Exit.LOGIN, Problem("needs_login", message, name, f"crmhub connect test {name}"))]
    if circuit.state == "waiting":
        text = f"{message} ({circuit.failures} in a row, {_until(circuit, now)})"
        code = Exit.LATER if circuit.code in ("unavailable", "rate_limited", "outcome_unknown") else Exit.FAILED
        rank = 7 if code == Exit.LATER else 0
        return [(rank, code, Problem(circuit.code, text, name, f"crmhub connect test {name}", retryable=True))]
    return []


def _is_late(times: SyncTimes) -> bool:
    return times.fresh is not None and times.lag is not None and times.lag > times.fresh and not times.paused


def _of_lag(name: str, times: SyncTimes) -> Finding:
    assert times.lag is not None
    text = f"its systems were all read {show_duration(times.lag)} ago, later than {show_duration(times.fresh or 0)}"
    return 4, Exit.DONE, Problem("lag", text, name, f"crmhub sync {name}", "warning", True)


def _of_service(desk: Desk, served: bool, wanted: bool) -> list[Finding]:
    found: list[Finding] = []
    if wanted and not served:
        problem = Problem("not_served", "crmhub serve is not running, so nothing starts by itself", "", "crmhub serve")
        found.append((2, Exit.DONE, problem))
    for alarm in desk.alarms("raised"):
        if alarm.kind == "configuration":
            found.append((1, Exit.USAGE, Problem("config", alarm.message, "", alarm.hint)))
    for letter in [*desk.letters("refused"), *(item for item in desk.letters() if item.attempts)]:
        text = f"the notice {letter.subject!r} could not be sent: {letter.error}"
        hint = f"crmhub notify test {letter.notifier}"
        found.append((5, Exit.DONE, Problem("notice", text, letter.notifier, hint, "warning")))
    return found
