"""serve, pause and resume: syncs that run by themselves."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.views.exits import of_error, of_result, worst
from hub.views.pausing import release

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.config.timing import Address
    from hub.service.process import Service

_KINDS = ("sync", "connection")
Kind = Annotated[str, typer.Argument(metavar="sync|connection", help="What kind of thing")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "serve", example="crmhub serve --once")(serve)
    command(app, "pause", example='crmhub pause connection shop --reason "new server on Monday"')(pause)
    command(app, "resume", example="crmhub resume connection shop")(resume)


def serve(
    terminal: Terminal,
    once: Annotated[bool, typer.Option("--once", help="Run what is due now, then end")] = False,
) -> Outcome:
    """Run syncs by their schedules until stopped. A second process waits and takes over when the first one ends."""
    from hub.service.events import LOGGER
    from hub.service.process import Service

    if not terminal.options.quiet:
        logging.getLogger(LOGGER).setLevel(logging.INFO)
    app = terminal.app
    service = Service(app.config.file, app.config, app.redact)
    if not once:
        _warn_manual(terminal, app)
        if (address := app.config.serving.listen) is not None:
            _listen(terminal, service, address)
        service.run()
        return Outcome()
    found, codes, problems = [], [], []
    for report in service.once():
        found.append({"run": report.run, "state": report.state})
        if report.error is not None:
            problems.append(Problem.of(report.error))
            codes.append(of_error(report.error))
        if report.result is not None:
            codes.append(of_result(report.result))
            found[-1]["sync"] = report.result.sync
    return Outcome(found, {"runs": len(found)}, problems, worst(codes))


def _listen(terminal: Terminal, service: Service, address: Address) -> None:
    """Pages and webhooks are a part of the service.  Raises HubError if others could reach pages without a user."""
    from hub.bootstrap import UsageProblem
    from hub.store.store import Store
    from hub.web.access.hosts import is_loopback
    from hub.web.app import application
    from hub.web.first_user import FirstUser
    from hub.web.server import HttpServer

    store = Store(service.desk.db)
    if not is_loopback(address.host) and not store.users.count():
        service.desk.close()
        raise UsageProblem(
            f"{address} can be reached by others, and there is no user yet",
            where="[serve] listen",
            hint="Make one first: crmhub users add NAME --role admin",
        )
    server = HttpServer(address, lambda: application(service), lambda: service.stood_by)
    service.parts += [server, FirstUser(store, server, service.clock, terminal.note)]


def _warn_manual(terminal: Terminal, app: App) -> None:
    if all(sync.timing.schedule is None for sync in app.config.syncs.values()):
        terminal.note('no sync has a schedule; add, for example, schedule = "every 15m" to [syncs.NAME]')


def pause(
    terminal: Terminal,
    kind: Kind,
    name: Name,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for others who look")] = "",
) -> Outcome:
    """Stop the schedule of a sync, or leave a connection alone in every run, until resumed."""
    app = terminal.app
    _known(app, kind, name)
    with app.store.transaction():
        app.store.pauses.add(kind, name, app.clock(), reason)
    terminal.say(f"{kind} {name}: paused. Resume with: crmhub resume {kind} {name}")
    return Outcome({"kind": kind, "name": name, "paused": True, "reason": reason})


def resume(terminal: Terminal, kind: Kind, name: Name) -> Outcome:
    """Go on with what was paused; a connection that waits or needs a login is tried again, too."""
    app = terminal.app
    _known(app, kind, name)
    with app.store.transaction():
        was = app.store.pauses.remove(kind, name)
        freed = release(app, name) if kind == "connection" else False
    words = "goes on" if was or freed else "was not paused"
    terminal.say(f"{kind} {name}: {words}")
    return Outcome({"kind": kind, "name": name, "paused": False, "was_paused": was, "was_waiting": freed})


def _known(app: App, kind: str, name: str) -> None:
    from hub.bootstrap import UsageProblem
    from hub.config.read import unknown_name

    if kind not in _KINDS:
        raise UsageProblem(f"{kind!r} cannot be paused", hint="Say: sync NAME, or connection NAME")
    there: Any = app.config.syncs if kind == "sync" else app.config.connections
    if name not in there:
        raise UsageProblem(unknown_name(kind, name, sorted(there)))
