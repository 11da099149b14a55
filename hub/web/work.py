"""What the service does for people between its runs.  Each returns a small dict; ``to`` is the page that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.contract.errors import HubError
from hub.service.jobs import Tell, Work
from hub.service.outcomes import fingerprint_of, note_systems
from hub.service.plans import find, keep, keep_held
from hub.service.undos import forget_undo, keep_undo
from hub.views import conflicts, quarantine, reviews
from hub.views.matching import matched

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.sync.engine import Result


CANARY_PAUSE = "a canary was written; the rest waits for approval"
"""The reason of the pause between a canary and the rest."""


class StalePlan(HubError):
    """The plan that was approved is no longer the current one."""

    code = "stale"


def read(kind: str, sync: str) -> Work:
    """Read all systems of a sync and keep the plan with the match report; nothing is written to any system."""

    def work(app: App, tell: Tell) -> dict[str, Any]:
        result = _read(app, kind, sync, tell)
        return {"to": f"/syncs/{sync}/plan", "run": result.run}

    return work


def _read(app: App, kind: str, sync: str, tell: Tell) -> Result:
    engine = app.engine(sync, progress=tell)
    result = engine.read(kind)
    keep(app, result, matched(engine, result))
    _afterwards(app, sync, result)
    return result


def run(sync: str, approve: str | None = None, canary: int | None = None) -> Work:
    """Run a sync.  approve: the hash of a plan that a person has seen; if the plan is another one by now, nothing of it
    is written, the new one is kept, and StalePlan says so.  After a canary the rest is planned anew."""

    def work(app: App, tell: Tell) -> dict[str, Any]:
        engine = app.engine(sync, progress=tell)
        result = engine.sync(approve=approve, canary=canary)
        if approve is not None and not result.approved:
            keep(app, result, matched(engine, result))
            _afterwards(app, sync, result)
            raise StalePlan("the plan has changed since it was made; nothing was written", where=sync)
        _used(app, sync, approve)
        keep_held(app, result)
        _afterwards(app, sync, result)
        _hold_schedule(app, sync, hold=canary is not None)
        if canary is not None:
            _read(app, "plan", sync, tell)
            return {"to": f"/syncs/{sync}/plan?after={result.run}", "run": result.run}
        return {"to": f"/runs/{result.run}", "run": result.run}

    return work


def _hold_schedule(app: App, sync: str, *, hold: bool) -> None:
    """After a canary the schedule waits: its next run would write the rest, which nobody has approved yet.  A pause that
    a person made is left alone."""
    pauses = app.store.pauses
    pause = pauses.of("sync").get(sync)
    with app.store.transaction():
        if hold and pause is None:
            pauses.add("sync", sync, app.clock(), CANARY_PAUSE)
        elif not hold and pause is not None and pause.reason == CANARY_PAUSE:
            pauses.remove("sync", sync)


def _used(app: App, sync: str, hash_: str | None) -> None:
    """An approval counts once."""
    if hash_ is not None and find(app.store.db, sync, hash_) is not None:
        with app.store.transaction():
            app.store.work.plan_state(hash_, "used")


def _afterwards(app: App, sync: str, result: Result) -> None:
    """As after every run: plugins are told, and what its systems answered counts for the schedule, too."""
    from hub.config.redact import mask_text
    from hub.service.desk import Desk

    app.announce(result.run)
    desk = Desk(app.store.db)
    errors = result.facts_paused | result.paused
    note_systems(
        desk,
        app.config.serving,
        app.sync(sync).systems if result.whole is not None else tuple(errors),
        errors,
        app.clock(),
        fingerprint=lambda item: fingerprint_of(desk, app, item),
        shown=lambda text: mask_text(app.redact(text)),
    )


def look_at_undo(sync: str, past: str) -> Work:
    """Find out what undoing a run would take back, and keep it to be looked at; nothing is written to any system."""

    def work(app: App, tell: Tell) -> dict[str, Any]:
        result = app.engine(sync, progress=tell).undo(past)
        keep_undo(app, result)
        _afterwards(app, sync, result)
        return {"to": f"/runs/{past}/undo", "run": result.run}

    return work


def undo(sync: str, past: str, approve: str) -> Work:
    """Undo a run.  approve: the hash of an undo that a person has seen; if it is another one by now, or a plugin forbids
    it, nothing is written, the new one is kept, and its page says so."""

    def work(app: App, tell: Tell) -> dict[str, Any]:
        result = app.engine(sync, progress=tell).undo(past, approve=approve)
        if result.approved:
            forget_undo(app, past)
            to = f"/runs/{result.run}"
        else:
            to = f"/runs/{past}/undo" + ("?stale=1" if keep_undo(app, result) != approve else "")
        _afterwards(app, sync, result)
        return {"to": to, "run": result.run}

    return work


def resolve(numbers: list[tuple[int, str | None, str | None]], to: str) -> Work:
    """Decide conflicts: (number, system whose value wins or None, another value or None)."""

    def work(app: App, _tell: Tell) -> dict[str, Any]:
        for number, take, value in numbers:
            conflicts.resolve(app, number, take=take, value=value)
        return {"to": to}

    return work


def answer(number: int, refs: list[str] | None, to: str) -> Work:
    """Answer a question about who is who."""

    def work(app: App, _tell: Tell) -> dict[str, Any]:
        return {"to": to, "done": reviews.decide(app, number, refs)}

    return work


def take_out(ref: str) -> Work:
    """Take a wrongly linked record out of its customer."""

    def work(app: App, _tell: Tell) -> dict[str, Any]:
        return {"to": f"/records/{reviews.take_out(app, ref)}"}

    return work


def retry(ref: str | None, cause: str | None, system: str | None) -> Work:
    """Let the next sync try records in quarantine again."""

    def work(app: App, _tell: Tell) -> dict[str, Any]:
        items = quarantine.retry(app.store, ref=ref, cause=cause, system=system)
        return {"to": f"/quarantine?released={len(items)}"}

    return work
