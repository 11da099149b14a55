"""How things stand: each sync as its last run left it, and what needs a person, worst first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hub.views.exits import Exit
from hub.views.problem import Problem

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.store.store import Store
    from hub.views.schedule import Overview

FIVE = ("in_sync", "excluded", "quarantined", "conflict", "waiting")
"""The five counters; together they are all records of a system."""


@dataclass(slots=True)
class Finding:
    """One thing to deal with; the smaller ``rank``, the worse."""

    rank: int
    code: Exit
    problem: Problem


@dataclass(slots=True)
class State:
    """A sync as its last run left it."""

    name: str
    last: dict[str, Any] | None
    good: dict[str, Any] | None
    accounts: list[Any] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    undone: list[Undone] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Undone:
    """A run that was taken back.  by: the run that did it;  at: when (seconds since the epoch)."""

    run: str
    by: str
    at: float


@dataclass(slots=True)
class Standing:
    """Everything that is shown: syncs, what the service does, and all findings, the worst first."""

    states: list[State]
    seen: Overview
    findings: list[Finding]


def standing(app: App, names: list[str]) -> Standing:
    """Look at the store, which must exist.  Needs no network."""
    from hub.views.schedule import overview

    states = [_state(app.store, name) for name in names]
    seen = overview(app, names)
    general = [*_questions(app.store), *(Finding(*item) for item in seen.findings)]
    told = {(item.problem.where, item.problem.code) for item in general}
    for state in states:  # what is known about a system now is said once, in the words of now
        state.findings = [item for item in state.findings if (item.problem.where, item.problem.code) not in told]
    findings = sorted([*general, *(item for state in states for item in state.findings)], key=lambda item: item.rank)
    return Standing(states, seen, findings)


def _state(store: Store, name: str) -> State:
    runs = store.history.runs(limit=200, sync=name)
    ended = [run for run in runs if run["kind"] in ("sync", "apply") and run["state"] != "running"]
    good = next((run for run in ended if run["state"] == "success"), None)
    state = State(name, runs[0] if runs else None, good)
    accounted = next((run for run in runs if run["state"] not in ("running", "failed", "interrupted")), None)
    if accounted is not None:
        state.accounts = store.history.accounts(accounted["id"])
    state.findings = _of_run(name, state, ended)
    state.undone = [
        Undone(run["undoes"], run["id"], run["started"])
        for run in runs
        if run["kind"] == "undo" and run.get("undoes") and run.get("applied")
    ]
    return state


def _of_run(name: str, state: State, ended: list[dict[str, Any]]) -> list[Finding]:
    """What the last run left to do."""
    found = []
    last = ended[0] if ended else None
    if last is None:
        text = "no sync ran yet"
        return [Finding(8, Exit.DONE, Problem("never_ran", text, name, f"crmhub sync {name}", "info"))]
    for system, error in last.get("paused", {}).items():
        if error["code"] == "paused":
            continue  # by a person: said as long as it is so
        login = error["code"] == "needs_login"
        code = Exit.LOGIN if login else Exit.LATER if error["code"] in ("unavailable", "rate_limited") else Exit.FAILED
        rank = {Exit.FAILED: 0, Exit.LOGIN: 1, Exit.LATER: 7}[code]
        found.append(
            Finding(rank, code, Problem(error["code"], error["message"], system, f"crmhub connect test {system}"))
        )
    if last["state"] == "failed" and not last.get("paused"):
        found.append(
            Finding(0, Exit.FAILED, Problem("failed", "the last run failed", name, f"crmhub sync {name} --debug"))
        )
    if last["state"] == "interrupted":
        text = "the last run was interrupted; it is safe to run it again"
        found.append(Finding(6, Exit.DONE, Problem("interrupted", text, name, f"crmhub sync {name}", "warning", True)))
    for trip in last.get("trips", ()):
        where = trip["system"] or name
        found.append(
            Finding(
                3,
                Exit.PERSON,
                Problem(f"guard_{trip['guard']}", trip["message"], where, f"crmhub plan {name}", "warning"),
            )
        )
    for item in state.accounts:
        if not item.ok:
            text = (
                f"{item.resource}: {item.total} records, but {sum(counters(item)[key] for key in FIVE)} accounted for"
            )
            found.append(Finding(2, Exit.FAILED, Problem("accounting", text, item.system, f"crmhub sync {name}")))
    return found


def _questions(store: Store) -> list[Finding]:
    """Questions that wait for a person, over all syncs."""
    found = []
    conflicts, reviews = store.history.count_open()
    quarantined = store.ignored.count_others()
    if conflicts:
        text = f"{conflicts} conflict{'s' if conflicts != 1 else ''} to decide"
        found.append(Finding(4, Exit.PERSON, Problem("conflict", text, "", "crmhub conflicts list", "warning")))
    if reviews:
        text = f"{reviews} question{'s' if reviews != 1 else ''} about who is who"
        found.append(Finding(4, Exit.PERSON, Problem("review", text, "", "crmhub review list", "warning")))
    if quarantined:
        text = f"{quarantined} record{'s' if quarantined != 1 else ''} in quarantine"
        found.append(Finding(5, Exit.RECORDS, Problem("quarantine", text, "", "crmhub quarantine list", "warning")))
    return found


def counters(item: Any) -> dict[str, int]:
    return {"total": item.total, **{key: getattr(item, key) for key in FIVE}}
