"""connect webhooks: what a system tells the hub by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.terminal import Outcome, Problem, Terminal

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.contract.connector import AnyConnector
    from hub.contract.records import Subscription
    from hub.state import Subscribed

_ACTIONS = ("list", "subscribe", "renew", "remove")


def webhooks(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a connection")],
    action: Annotated[
        str, typer.Argument(metavar="[list|subscribe|renew|remove]", help="What to do with its webhooks")
    ] = "list",
) -> Outcome:
    """Show, make, renew or remove the webhooks by which a system tells the hub what has changed. What is subscribed is
    looked after by crmhub serve."""
    from hub.bootstrap import UsageProblem
    from hub.service.caretaker import address, can

    app = terminal.app
    if action not in _ACTIONS:
        raise UsageProblem(f"webhooks cannot be told to {action!r}", hint=f"Say one of: {', '.join(_ACTIONS)}")
    connector = app.connect(name).connector
    if not can(connector, "parse_webhook"):
        raise UsageProblem(f"{connector.name} has no webhooks", where=name, hint="Its changes are polled by schedule")
    url = address(app, name)
    known = app.store.inbox.subscribed(name)
    if action == "remove":
        return _remove(terminal, app, connector, known, url)
    if action == "renew" and not known.wanted:
        raise UsageProblem("nothing is subscribed", where=name, hint=f"crmhub connect webhooks {name} subscribe")
    if not can(connector, "subscriptions"):
        terminal.say(f"The API of {connector.name} can neither make nor show webhooks. Have them sent to: {url}")
        return Outcome(_state(known, url, []))
    if not can(connector, "subscribe"):
        terminal.say(f"{connector.name} has its webhooks made by hand. Have them sent to: {url}")
    if action == "list":
        return _show(terminal, known, url, list(connector.subscriptions(url)))
    return _subscribe(terminal, app, connector, known, url)


def _subscribe(terminal: Terminal, app: App, connector: AnyConnector, known: Subscribed, url: str) -> Outcome:
    from hub.service.caretaker import Caretaker, can
    from hub.service.desk import Desk
    from hub.service.subscriptions import seen, was_silent

    found = list(connector.subscribe(url) if can(connector, "subscribe") else connector.subscriptions(url))
    after = seen(replace(known, wanted=True), found, app.clock())
    desk = Desk(app.store.db)
    with app.store.transaction():
        desk.inbox.saw(after)
    if was_silent(known, after, found):
        Caretaker(desk, lambda: app.config, lambda _config: app, app.clock, _no_log).fill_gap(
            app.config, known.connection
        )
    for item in found:
        if item.mended:
            terminal.say(f"{item.topic}: {item.mended}")
    return _show(terminal, after, url, found)


def _no_log(_event: str, /, **_fields: Any) -> None:
    """A person sees what is printed."""


def _remove(terminal: Terminal, app: App, connector: AnyConnector, known: Subscribed, url: str) -> Outcome:
    from hub.service.caretaker import can

    number = connector.unsubscribe(url) if can(connector, "unsubscribe") else 0
    with app.store.transaction():
        app.store.inbox.saw(replace(known, wanted=False, state="new", checked=None, failures=0, message=""))
    terminal.say(f"{known.connection}: {number} removed; changes are polled by schedule")
    return Outcome(_state(replace(known, wanted=False), url, []), {"removed": number})


def _show(terminal: Terminal, known: Subscribed, url: str, found: list[Subscription]) -> Outcome:
    """Print them, with what is wrong."""
    if found:
        terminal.table(
            ("id", "topic", "state", "ends"),
            [
                (item.id, item.topic, "active" if item.active else item.detail or "not active", _end(item))
                for item in found
            ],
        )
    else:
        terminal.say(f"There are no webhooks to {url}")
    heard = datetime.fromtimestamp(known.heard, UTC).strftime("%Y-%m-%d %H:%M UTC") if known.heard else "never"
    terminal.say(f"last delivery: {heard}; crmhub serve looks after them: {'yes' if known.wanted else 'no'}")
    problems = []
    if known.wanted and known.state == "dead":
        hint = f"crmhub connect webhooks {known.connection} renew"
        problems.append(Problem("webhook", known.message, known.connection, hint, "warning"))
    return Outcome(_state(known, url, found), {"webhooks": len(found)}, problems)


def _state(known: Subscribed, url: str, found: list[Subscription]) -> dict[str, Any]:
    rows = [
        {"id": item.id, "topic": item.topic, "active": item.active, "detail": item.detail, "ends": _end(item)}
        for item in found
    ]
    own = {"connection": known.connection, "url": url, "kept": known.wanted, "state": known.state}
    return {**own, "heard": known.heard, "checked": known.checked, "webhooks": rows}


def _end(item: Subscription) -> str:
    return "" if item.expires is None else item.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
