"""The overview: the worst thing first with its one action, where every record is, and the last week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from hub.views.activity import calls_today, changes_by_day, lag_by_hour
from hub.views.status import Finding, State, standing
from hub.web.call import Call
from hub.web.charts import change_chart, lag_chart
from hub.web.door import Route

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.service.circuits import Circuit
    from hub.views.status import Standing

RECENT = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One resource of one system in one sync.  kind, word: its state;  account: its five counters."""

    system: str
    kind: str
    word: str
    last: float | None
    account: Any


@dataclass(frozen=True, slots=True)
class Todo:
    """A finding with where it is dealt with."""

    code: str
    where: str
    message: str
    hint: str
    href: str
    icon: str
    severe: bool
    number: int = 0


_ICONS = {"needs_login": "key", "conflict": "conflict", "quarantine": "box", "review": "person", "paused": "pause"}
_CALM = frozenset({"never_ran", "paused", "interrupted"})


def overview(call: Call) -> Response:
    if not call.site.config.connections or not call.site.config.syncs:
        return call.page("empty.html", "overview", config=call.site.config)
    with call.site.app() as app:
        names = list(app.config.syncs)
        found = standing(app, names)
        circuits = call.site.service.desk.circuits()
        asking = app.store.ignored.asking()
        groups = [
            (state, found.seen.syncs[state.name], _rows(state, circuits, found, asking)) for state in found.states
        ]
        todos = todos_of(found.findings, call.site.waiting())
        week = {} if call.partial else _week(call, app, names)
    return call.page(
        "overview_part.html" if call.partial else "overview.html",
        "overview",
        groups=groups,
        todos=todos,
        served=found.seen.served,
        jobs=[item for item in call.site.service.jobs.all() if not item.over.is_set()],
        **week,
    )


def _week(call: Call, app: App, names: list[str]) -> dict[str, Any]:
    """What does not change from one look to the next: the charts and the newest runs."""
    now, zone, say = call.site.now, call.site.config.serving.zone, call.site.words.speaker(call.lang)
    return {
        "runs": app.store.history.runs(limit=RECENT),
        "changes": change_chart(changes_by_day(app.store, now, zone), call.lang, say),
        "lags": lag_chart(lag_by_hour(app.store, names, now), call.lang, say),
        "calls": calls_today(app, now, zone),
    }


def todos_of(findings: list[Finding], waiting: dict[str, int]) -> list[Todo]:
    """Findings with where each is dealt with; all trips of guards are dealt with on one page."""
    found: list[Todo] = []
    numbers = {"conflict": waiting["conflicts"], "review": waiting["reviews"], "quarantine": waiting["quarantine"]}
    for item in findings:
        problem = item.problem
        todo = Todo(
            problem.code,
            problem.where,
            problem.message,
            problem.hint,
            _href(problem.code, problem.where),
            _ICONS.get(problem.code, "warn" if item.rank > 1 else "bad"),
            item.rank <= 1,
            numbers.get(problem.code, 0),
        )
        if todo.code.startswith("guard_") and any(other.href == todo.href for other in found):
            continue
        found.append(todo)
    return found


def _href(code: str, where: str) -> str:
    if code.startswith("guard_"):
        return "/plans"
    known = {"conflict": "/conflicts", "review": "/reviews", "quarantine": "/quarantine", "config": "/settings"}
    if code in known:
        return known[code]
    if code in ("never_ran", "failed", "interrupted", "lag", "accounting"):
        return f"/syncs/{where}" if code != "accounting" else "/runs"
    if code in ("not_served", "notice"):
        return "/settings"
    if code == "paused":
        return "/syncs"
    return f"/connections/{where}"


def _rows(state: State, circuits: dict[str, Circuit], found: Standing, asking: set[tuple[str, str]]) -> list[Row]:
    waiting = found.seen.syncs[state.name].waiting
    paused = (state.last or {}).get("paused", {})
    rows = []
    for item in state.accounts:
        circuit = circuits.get(item.system)
        if circuit is not None and circuit.state == "needs_login":
            kind, word = "bad", "needs login"
        elif item.system in waiting:
            kind, word = ("off", "paused") if waiting[item.system].startswith("paused") else ("warn", "waiting")
        elif item.system in paused:
            kind, word = "bad", "stopped"
        elif not item.ok:
            kind, word = "bad", "does not add up"
        elif (item.quarantined and (item.system, item.resource) in asking) or item.conflict:
            kind, word = "warn", "partial"
        else:
            kind, word = "ok", "ok"
        rows.append(Row(item.system, kind, word, state.good["ended"] if state.good else None, item))
    return rows


ROUTES = (Route("/", overview, "viewer"),)
