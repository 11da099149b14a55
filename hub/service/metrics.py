"""What `/metrics` and `/healthz` show: how the service stands, in numbers.  Labels are names of the configuration, never
of customers."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from hub import __version__
from hub.service.alarms import KINDS
from hub.service.circuits import Circuit
from hub.service.exposition import Metric, counted
from hub.store.ignored import Ignored
from hub.store.service_tables import outbox
from hub.store.tables import op, quarantine

if TYPE_CHECKING:
    from hub.service.process import Service
    from hub.service.scheduler import Report

_OPEN = ("planned", "in_flight", "ambiguous")
_CIRCUITS = ("closed", "waiting", "needs_login")
_RUNS = ("success", "partial", "failed", "error")
_HOOKS = ("new", "active", "unknown", "dead")


@dataclass(slots=True)
class Totals:
    """What this process has done since it began.  (sync, state), (sync, what) -> number."""

    started: float = field(default_factory=time.time)
    runs: Counter[tuple[str, str]] = field(default_factory=Counter)
    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)

    def note(self, sync: str, report: Report, seconds: float) -> None:
        """A run has ended."""
        self.runs[sync, report.state] += 1
        self.seconds[sync] += seconds  # type: ignore[assignment]  # a counter of seconds
        for what, number in report.counts.items():
            self.records[sync, what] += number


def collect(service: Service) -> list[Metric]:
    """Everything, at this moment.  Raises StoreError."""
    desk, scheduler = service.desk, service.scheduler
    view, totals = scheduler.view(note=False), scheduler.totals
    found = [*_process(totals), *_service(service), *_syncs(service, view)]
    connection = Metric(
        "crmhub_connection_state", "gauge", "Whether a connection is tried (1 for the state that holds)"
    )
    failures = Metric("crmhub_connection_failures", "gauge", "Failures in a row")
    for name in sorted(scheduler.config.connections):
        circuit = view.circuits.get(name, Circuit(name))
        connection.states(circuit.state, _CIRCUITS, connection=name)
        failures.add(circuit.failures, connection=name)
    hooks = Metric("crmhub_webhook_state", "gauge", "How remote subscriptions stand (1 for the state that holds)")
    heard = Metric("crmhub_webhook_last_delivery_seconds", "gauge", "Time of the last verified delivery")
    for name, item in view.webhooks.items():
        if item.wanted:
            hooks.states(item.state, _HOOKS, connection=name)
        heard.add(item.heard, connection=name)
    waiting = Metric("crmhub_inbox_hints", "gauge", "Records that webhooks named and no run has taken")
    for name, hints in desk.inbox.waiting().items():
        waiting.add(hints.number, connection=name)
    deliveries = counted(
        "crmhub_webhook_deliveries_total",
        "Deliveries of webhooks by outcome",
        dict(service.receiver.counts),  # type: ignore[arg-type]  # outcomes are texts
        "connection",
        "outcome",
    )
    return [*found, connection, failures, hooks, heard, waiting, deliveries]


def _process(totals: Totals) -> list[Metric]:
    info = Metric("crmhub_info", "gauge", "The version")
    info.add(1, version=__version__)
    started = Metric("process_start_time_seconds", "gauge", "When the process began")
    started.add(totals.started)
    cpu = Metric("process_cpu_seconds_total", "counter", "Processor time")
    cpu.add(time.process_time())
    memory = Metric("process_resident_memory_bytes", "gauge", "Memory in use")
    memory.add(resident_memory())
    return [info, started, cpu, memory]


def resident_memory() -> float | None:
    """Bytes in use by this process; None where the system does not tell (only Linux does)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def _service(service: Service) -> list[Metric]:
    desk, db = service.desk, service.desk.db
    lease = Metric("crmhub_lease_generation", "gauge", "How often the service has changed hands")
    beat = Metric("crmhub_lease_beat_seconds", "gauge", "Time of the last heartbeat")
    held = desk.lease()
    if held is not None:
        lease.add(held.generation)
        beat.add(held.beat)
    ops = Metric("crmhub_open_writes", "gauge", "Writes that are planned, under way or of unknown outcome")
    ops.add(db.rows(select(func.count()).select_from(op).where(op.c.state.in_(_OPEN)))[0][0])
    barred = Metric("crmhub_quarantined_records", "gauge", "Records in quarantine")
    barred.add(db.rows(select(func.count()).select_from(quarantine))[0][0])
    ignored = Metric("crmhub_ignored_records", "gauge", "Records in quarantine that nobody wants to be asked about")
    ignored.add(len(Ignored(db).standing()))
    asked = Metric("crmhub_open_questions", "gauge", "Reviews and conflicts that wait for a person")
    asked.add(desk.questions())
    alarms = Metric("crmhub_alarms", "gauge", "Alarms that are raised")
    raised = Counter(item.kind for item in desk.alarms("raised"))
    for kind in KINDS:
        alarms.add(raised[kind], kind=kind)
    notices = Metric("crmhub_notices_pending", "gauge", "Notices that could not be sent yet")
    notices.add(db.rows(select(func.count()).select_from(outbox).where(outbox.c.state == "pending"))[0][0])
    return [lease, beat, ops, barred, ignored, asked, alarms, notices]


def _syncs(service: Service, view: Any) -> list[Metric]:
    scheduler = service.scheduler
    lag = Metric("crmhub_sync_lag_seconds", "gauge", "Seconds since every system was read completely")
    fresh = Metric("crmhub_sync_fresh_seconds", "gauge", "How old the data may become")
    ended = Metric("crmhub_sync_last_run_seconds", "gauge", "Time at which the last run ended")
    state = Metric("crmhub_sync_last_run_state", "gauge", "How it ended (1 for the state that holds)")
    paused = Metric("crmhub_sync_paused", "gauge", "Whether a person has paused the sync")
    following = Metric("crmhub_sync_next_run_seconds", "gauge", "When it starts next")
    starts = scheduler.starts()
    for sync in view.syncs:
        lag.add(sync.lag(view.now), sync=sync.name)
        fresh.add(sync.fresh, sync=sync.name)
        paused.add(float(sync.paused), sync=sync.name)
        following.add(starts.get(sync.name), sync=sync.name)
        if sync.last is not None:
            ended.add(sync.last["ended"], sync=sync.name)
            state.states(str(sync.last["state"]), sorted({*_RUNS, str(sync.last["state"])}), sync=sync.name)
    totals = scheduler.totals
    runs = counted("crmhub_runs_total", "Runs by state", dict(totals.runs), "sync", "state")
    records = counted(
        "crmhub_records_total", "Records written or failed, and API calls", dict(totals.records), "sync", "what"
    )
    seconds = Metric("crmhub_run_seconds_total", "counter", "Time that runs took")
    for name, number in dict(totals.seconds).items():
        seconds.add(number, sync=name)
    return [lag, fresh, ended, state, paused, following, runs, records, seconds]


def health(service: Service) -> dict[str, Any]:
    """For `/healthz`: lease, store, and the last run of each sync.  Raises StoreError."""
    view, lease = service.scheduler.view(note=False), service.desk.lease()
    held = lease is not None and lease.holder != ""
    syncs = {
        item.name: {
            "last_run": None if item.last is None else item.last["state"],
            "ended": None if item.last is None else item.last["ended"],
            "lag": round(item.lag(view.now), 1),
            "fresh": item.fresh,
            "paused": item.paused,
        }
        for item in view.syncs
    }
    beat = None if lease is None else round(max(0.0, view.now - lease.beat), 1)
    alarms = len(service.desk.alarms("raised"))
    return {
        "status": "ok" if held else "standby",
        "version": __version__,
        "lease": {"held": held, "generation": 0 if lease is None else lease.generation, "seconds_since_beat": beat},
        "store": "ok",
        "syncs": syncs,
        "alarms": alarms,
    }
