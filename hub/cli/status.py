"""status: the worst thing first, with the command that deals with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.exits import Exit, worst
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.config.quantities import show_duration

if TYPE_CHECKING:
    from hub.cli.schedule import Overview
    from hub.store.store import Store

_FIVE = ("in_sync", "excluded", "quarantined", "conflict", "waiting")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "status", example="crmhub status customers")(status)


@dataclass(slots=True)
class _Finding:
    """One thing to deal with; the smaller ``rank``, the worse."""

    rank: int
    code: Exit
    problem: Problem


@dataclass(slots=True)
class _State:
    """A sync as its last run left it."""

    name: str
    last: dict[str, Any] | None
    good: dict[str, Any] | None
    accounts: list[Any] = field(default_factory=list)
    findings: list[_Finding] = field(default_factory=list)


def status(
    terminal: Terminal,
    sync: Annotated[str | None, typer.Argument(metavar="[SYNC]", help="Only this sync")] = None,
) -> Outcome:
    """Show what needs attention, worst first, and where every record is. Needs no network."""
    from hub.cli.schedule import overview

    app = terminal.app
    names = [app.sync(sync).name] if sync is not None else list(app.config.syncs)
    if not app.database.exists():
        for name in names:
            terminal.say(f"sync {name}: never ran. Next: crmhub sync {name}")
        return Outcome(
            {
                "syncs": {name: {"state": "never ran"} for name in names},
                "next": f"crmhub sync {names[0]}" if names else "",
            }
        )
    states = [_state(app.store, name) for name in names]
    seen = overview(app, names)
    general = [*_questions(app.store), *(_Finding(*item) for item in seen.findings)]
    told = {(item.problem.where, item.problem.code) for item in general}
    for state in states:  # what is known about a system now is said once, in the words of now
        state.findings = [item for item in state.findings if (item.problem.where, item.problem.code) not in told]
    findings = sorted([*general, *(item for state in states for item in state.findings)], key=lambda item: item.rank)
    for finding in findings:
        where = f"{finding.problem.where}: " if finding.problem.where else ""
        terminal.say(f"! {where}{terminal.message(finding.problem.message)}\n    {finding.problem.hint}")
    if not findings:
        terminal.say("Nothing needs attention.")
    now = app.clock()
    for state in states:
        _show(terminal, state, seen, now)
    return Outcome(
        {
            "syncs": {state.name: _json(state) | seen.syncs[state.name].to_json() for state in states},
            "service": seen.service,
            "alarms": [{**item, "message": terminal.message(item["message"])} for item in seen.alarms],
        },
        {state.name: {item.system: _counters(item) for item in state.accounts} for state in states},
        [item.problem for item in findings] if terminal.options.json else [],
        worst(item.code for item in findings),
    )


def _state(store: Store, name: str) -> _State:
    runs = store.history.runs(limit=200, sync=name)
    ended = [run for run in runs if run["kind"] in ("sync", "apply") and run["state"] != "running"]
    good = next((run for run in ended if run["state"] == "success"), None)
    state = _State(name, runs[0] if runs else None, good)
    accounted = next((run for run in runs if run["state"] not in ("running", "failed", "interrupted")), None)
    if accounted is not None:
        state.accounts = store.history.accounts(accounted["id"])
    state.findings = _of_run(name, state, ended)
    return state


def _of_run(name: str, state: _State, ended: list[dict[str, Any]]) -> list[_Finding]:
    """What the last run left to do."""
    found = []
    last = ended[0] if ended else None
    if last is None:
        text = "no sync ran yet"
        return [_Finding(8, Exit.DONE, Problem("never_ran", text, name, f"crmhub sync {name}", "info"))]
    for system, error in last.get("paused", {}).items():
        if error["code"] == "paused":
            continue  # by a person: said as long as it is so
        login = error["code"] == "needs_login"
        code = Exit.LOGIN if login else Exit.LATER if error["code"] in ("unavailable", "rate_limited") else Exit.FAILED
        rank = {Exit.FAILED: 0, Exit.LOGIN: 1, Exit.LATER: 7}[code]
        found.append(
            _Finding(rank, code, Problem(error["code"], error["message"], system, f"crmhub connect test {system}"))
        )
    if last["state"] == "failed" and not last.get("paused"):
        found.append(
            _Finding(0, Exit.FAILED, Problem("failed", "the last run failed", name, f"crmhub sync {name} --debug"))
        )
    if last["state"] == "interrupted":
        text = "the last run was interrupted; it is safe to run it again"
        found.append(_Finding(6, Exit.DONE, Problem("interrupted", text, name, f"crmhub sync {name}", "warning", True)))
    for trip in last.get("trips", ()):
        where = trip["system"] or name
        found.append(
            _Finding(
                3,
                Exit.PERSON,
                Problem(f"guard_{trip['guard']}", trip["message"], where, f"crmhub plan {name}", "warning"),
            )
        )
    for item in state.accounts:
        if not item.ok:
            text = (
                f"{item.resource}: {item.total} records, but {sum(_counters(item)[key] for key in _FIVE)} accounted for"
            )
            found.append(_Finding(2, Exit.FAILED, Problem("accounting", text, item.system, f"crmhub sync {name}")))
    return found


def _questions(store: Store) -> list[_Finding]:
    """Questions that wait for a person, over all syncs."""
    found = []
    reviews = len(store.history.reviews())
    conflicts = len(store.history.ledger(state="open", limit=10_000))
    quarantined = len(store.work.quarantined())
    if conflicts:
        text = f"{conflicts} conflict{'s' if conflicts != 1 else ''} to decide"
        found.append(_Finding(4, Exit.PERSON, Problem("conflict", text, "", "crmhub conflicts list", "warning")))
    if reviews:
        text = f"{reviews} question{'s' if reviews != 1 else ''} about who is who"
        found.append(_Finding(4, Exit.PERSON, Problem("review", text, "", "crmhub review list", "warning")))
    if quarantined:
        text = f"{quarantined} record{'s' if quarantined != 1 else ''} in quarantine"
        found.append(_Finding(5, Exit.RECORDS, Problem("quarantine", text, "", "crmhub quarantine list", "warning")))
    return found


def _show(terminal: Terminal, state: _State, seen: Overview, now: float) -> None:
    terminal.say()
    last = state.last["state"] if state.last is not None else "never ran"
    good = _ago(state.good["ended"], now) if state.good is not None else "never"
    terminal.say(f"sync {state.name}: {last}; last good {good}")
    for line in seen.syncs[state.name].lines(now, seen.served):
        terminal.say(f"  {line}")
    if state.accounts:
        head = (
            "system",
            "resource",
            "in sync",
            "excluded",
            "quarantined",
            "in conflict",
            "waiting",
            "sum",
            "total",
            "",
        )
        rows = []
        for item in state.accounts:
            counters = _counters(item)
            five = [counters[key] for key in _FIVE]
            rows.append((item.system, item.resource, *five, sum(five), item.total, "" if item.ok else "DIFFERS"))
        terminal.table(head, rows)
    if state.findings:
        worst_one = min(state.findings, key=lambda item: item.rank)
        terminal.say(f"next: {worst_one.problem.hint}")


def _ago(at: float | None, now: float) -> str:
    if at is None:
        return "never"
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{show_duration(max(0.0, now - at))} ago ({when})"


def _counters(item: Any) -> dict[str, int]:
    return {"total": item.total, **{key: getattr(item, key) for key in _FIVE}}


def _json(state: _State) -> dict[str, Any]:
    return {
        "state": state.last["state"] if state.last is not None else "never ran",
        "last_run": state.last["id"] if state.last is not None else None,
        "last_good": state.good["ended"] if state.good is not None else None,
        "systems": [
            {"system": item.system, "resource": item.resource, **_counters(item), "ok": item.ok}
            for item in state.accounts
        ],
        "next": min(state.findings, key=lambda item: item.rank).problem.hint if state.findings else "",
    }
