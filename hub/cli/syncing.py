"""match, plan, apply and sync: one code path, shown before or while it writes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command, problems_of
from hub.cli.progress import reporting
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.contract.errors import HubError
from hub.views.exits import Exit, of_error, of_result, worst

if TYPE_CHECKING:
    from hub.sync.engine import Engine, Result

Run = Callable[["Engine"], "Result"]
"""What to do with the engine of a sync."""

Sync = Annotated[str | None, typer.Argument(metavar="[SYNC]", help="Name of a sync; all of them if left out")]
Approve = Annotated[str | None, typer.Option("--approve", metavar="HASH", help="Approve exactly this plan, once")]

Profile = Annotated[bool, typer.Option("--profile", help="Show what each stage took: seconds, and of them computing")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "match", example="crmhub match customers")(match)
    command(app, "plan", example="crmhub plan customers -o plan.json")(plan)
    command(app, "apply", example="crmhub apply plan.json --system erp")(apply)
    command(app, "sync", example="crmhub sync customers --canary 10")(sync)


def match(
    terminal: Terminal,
    sync: Annotated[str, typer.Argument(metavar="SYNC", help="Name of a sync")],
    profile: Profile = False,
) -> Outcome:
    """Read all systems and report which records belong together. Nothing is written to any system."""
    return _each(terminal, [sync], lambda engine: engine.read("match"), report=True, profile=profile)


def plan(
    terminal: Terminal,
    sync: Sync = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Save the plan for apply")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 4 if there is anything to change")] = False,
    profile: Profile = False,
) -> Outcome:
    """Read all systems and show what a sync would change. Nothing is written to any system."""
    names = _names(terminal, sync)
    if output is not None and len(names) > 1:
        raise _usage("-o saves one plan", f"Name one of {', '.join(names)}")
    results: list[Result] = []

    def read(engine: Engine) -> Result:
        results.append(engine.read("plan"))
        return results[-1]

    outcome = _each(terminal, names, read, diffs=True, profile=profile)
    if output is not None and results[0].plan is not None:
        _save(output, results[0].plan.to_json())
        terminal.note(f"saved; carry it out with: crmhub apply {output}")
    changes = any(result.plan is not None and result.plan.items for result in results)
    if exit_code and changes and outcome.code == Exit.DONE:
        outcome.code = Exit.CHANGES
    return outcome


def apply(
    terminal: Terminal,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan saved by `crmhub plan -o FILE`")],
    system: Annotated[str | None, typer.Option("--system", metavar="NAME", help="Only this system's part")] = None,
    profile: Profile = False,
) -> Outcome:
    """Carry out a saved plan. Items whose record has changed since are skipped and listed (exit code 8)."""
    from hub.sync.plan.plan import Plan

    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        saved = Plan.from_json(raw)
    except OSError as error:
        raise _usage(f"the plan cannot be read: {error.strerror}", where=str(file)) from None
    except (ValueError, KeyError, TypeError):
        raise _usage("this is no plan", "Write one with: crmhub plan SYNC -o FILE", where=str(file)) from None
    if saved.hash() != raw.get("hash"):
        raise _usage("the plan was changed after it was saved", "Make a new one", where=str(file))
    if system is not None and system not in terminal.app.sync(saved.sync).systems:
        from hub.config.read import unknown_name

        raise _usage(unknown_name("system", system, list(terminal.app.sync(saved.sync).systems)))
    return _each(terminal, [saved.sync], lambda engine: engine.apply(saved, system=system), profile=profile)


def sync(
    terminal: Terminal,
    sync: Sync = None,
    approve: Approve = None,
    canary: Annotated[
        int | None, typer.Option("--canary", min=1, metavar="N", help="Write at most N records to each system")
    ] = None,
    profile: Profile = False,
) -> Outcome:
    """Read all systems, plan, and write what the guards let through. The first sync asks for approval."""
    names = _names(terminal, sync)
    if approve is not None and len(names) > 1:
        raise _usage("--approve is for one sync", f"Name one of {', '.join(names)}")

    def approving(hash_: str | None) -> Run:
        return lambda engine: engine.sync(approve=hash_, canary=canary)

    return _each(terminal, names, approving(approve), approve=approve, approving=approving, profile=profile)


def run_sync(terminal: Terminal, name: str) -> Outcome:
    """One run of a sync under its guards, as `crmhub sync NAME` makes it."""
    return _each(terminal, [name], lambda engine: engine.sync())


def _names(terminal: Terminal, sync: str | None) -> list[str]:
    if sync is not None:
        return [terminal.app.sync(sync).name]
    names = list(terminal.app.config.syncs)
    if not names:
        raise _usage("the configuration has no sync", "Add a [syncs.NAME] section", where=str(terminal.options.config))
    return names


def _usage(message: str, hint: str = "", where: str = "") -> HubError:
    from hub.bootstrap import UsageProblem

    return UsageProblem(message, hint=hint, where=where)


def _each(
    terminal: Terminal,
    names: Sequence[str],
    run: Run,
    *,
    report: bool = False,
    diffs: bool = False,
    approve: str | None = None,
    approving: Callable[[str], Run] | None = None,
    profile: bool = False,
) -> Outcome:
    """Run each sync under the process lock and put the outcomes together.

    approve: the hash that the user approved, to say if it was another plan's.  approving: makes the run for an approval
    that is asked for on the spot.
    """
    from hub.cli import report as words

    outcome = Outcome(result={})
    codes: list[Exit] = []
    counts: dict[str, Any] = {}
    problems: list[Problem] = []
    with terminal.app.writing():
        for name in names:
            try:
                engine, result = _once(terminal, name, run)
            except HubError as error:
                if len(names) == 1:
                    raise
                problems += problems_of(error)  # the other syncs have nothing to do with it
                codes.append(of_error(error))
                continue
            first = words.is_first(result)
            found = words.matched(engine, result) if report or diffs or first else None
            if found is not None and (report or first):
                words.show_report(terminal, engine, result, found)
            words.show_run(terminal, result, diffs=diffs)
            if approving is not None and approve is None and _is_approved_now(terminal, result):
                assert result.plan is not None
                engine, result = _once(terminal, name, approving(result.plan.approval()))
                words.show_run(terminal, result)
                found = None  # it told of the run before
            if profile:
                words.show_stages(terminal, result)
            outcome.result[name] = words.to_json(terminal, result, found)
            counts[name] = words.counts(result)
            problems += words.problems(terminal, result)
            codes.append(of_result(result))
            outcome.run_id = result.run
            if approve is not None and result.plan is not None and not result.approved:
                problems.append(words.another_plan(name, result.plan))
                codes.append(Exit.STALE)
    outcome.counts, outcome.problems, outcome.code = counts, problems, worst(codes)
    return outcome


def _once(terminal: Terminal, name: str, run: Run) -> tuple[Engine, Result]:
    """One run of one sync, with progress; afterwards plugins are told."""
    from hub.service.plans import keep_held

    with reporting(terminal) as reporter:
        engine = terminal.app.engine(name, progress=reporter)
        result = run(engine)
    run_row = terminal.app.store.history.run(result.run)
    if run_row is not None and run_row["kind"] in ("sync", "apply"):
        keep_held(terminal.app, result)  # the pages show what waits for approval, whoever ran the sync
    terminal.app.announce(result.run)
    _note_systems(terminal, name, result)
    return engine, result


def _note_systems(terminal: Terminal, name: str, result: Result) -> None:
    """What this run met counts for `crmhub serve`, too: a system that answered is not left alone any longer."""
    from hub.config.redact import mask_text
    from hub.service.desk import Desk
    from hub.service.outcomes import fingerprint_of, note_systems

    app = terminal.app
    desk = Desk(app.store.db)
    errors = result.facts_paused | result.paused
    systems = app.sync(name).systems if result.whole is not None else tuple(errors)
    note_systems(
        desk,
        app.config.serving,
        systems,
        errors,
        app.clock(),
        fingerprint=lambda item: fingerprint_of(desk, app, item),
        shown=lambda text: mask_text(terminal.redact(text)),
    )


def _is_approved_now(terminal: Terminal, result: Result) -> bool:
    """Ask the person at the terminal, if there is one and anything is held that may be approved."""
    plan = result.plan
    if plan is None or not result.held or not plan.items or plan.vetoes or not terminal.interactive:
        return False
    return typer.confirm("Write this now?", default=False)


def _save(path: Path, content: dict[str, Any]) -> None:
    """A plan holds personal data: only its owner may read it."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1, default=str)
    except OSError as error:
        raise _usage(f"the plan cannot be saved: {error.strerror}", where=str(path)) from None
