"""connect: trying a connection, step by step."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from hub.cli.command import command
from hub.cli.connect_try import try_read
from hub.cli.login import login
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.config.quantities import show_duration
from hub.contract.errors import HubError, Unavailable
from hub.views.exits import is_retryable, of_error

if TYPE_CHECKING:
    from hub.connected import Connected
    from hub.contract.records import Account

_CONNECT_SECONDS = 10.0
_SHOWN_RIGHTS = 4
_SKEW_WORTH_SAYING = 2.0
"""Seconds of clock difference below which it does not matter."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Try and list connections.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "test", example="crmhub connect test erp", title="connect test")(probe)
    command(group, "login", example="crmhub connect login crm", title="connect login")(login)
    command(group, "list", example="crmhub connect list", title="connect list")(list_)
    command(group, "try", example="crmhub connect try erp read party --limit 3", title="connect try")(try_read)
    app.add_typer(group, name="connect")


@dataclass(slots=True)
class _Steps:
    """The steps of a test, printed as they end."""

    terminal: Terminal
    done: list[dict[str, Any]] = field(default_factory=list)
    failed: HubError | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; what is appended to the yielded list is shown behind it."""
        started, words = time.monotonic(), list[str]()
        ok = False
        try:
            yield words
            ok = True
        except HubError as error:
            words.append(error.message)
            self.failed = error
            raise
        finally:
            seconds = time.monotonic() - started
            text = self.terminal.message("; ".join(words))
            self.done.append({"step": name, "ok": ok, "seconds": round(seconds, 3), "detail": text})
            self.terminal.say(f"{'ok  ' if ok else 'FAIL'}  {name:<12} {show_duration(seconds):>8}  {text}".rstrip())


def probe(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a connection")],
    http: Annotated[bool, typer.Option("--http", help="Show every call, without secrets and records")] = False,
) -> Outcome:
    """Try a connection: one line per step with its time, then what the hub can do with it. Nothing is written."""
    steps = _Steps(terminal)
    try:
        with watched(terminal, name, on=http):
            verdict = _try(terminal, name, steps)
    except HubError as error:
        if steps.failed is None:
            raise
        hint = error.hint or _hint(name, error)
        problem = Problem(error.code, error.message, error.where or name, hint, retryable=is_retryable(error))
        return Outcome({"connection": name, "steps": steps.done}, {}, [problem], of_error(error))
    terminal.say(", ".join(f"{key} {text}" for key, text in verdict.items()))
    _tell_service(terminal, name)
    missing = next((item["detail"] for item in steps.done if item["detail"].startswith("missing")), "")
    problems = [Problem("rights", missing, name, "Give the hub's user these rights", "warning")] if missing else []
    return Outcome({"connection": name, "steps": steps.done, **verdict}, {}, problems)


def _tell_service(terminal: Terminal, name: str) -> None:
    """The connection works: `crmhub serve` need not leave it alone any longer."""
    from hub.cli.serving import release_if_kept

    if release_if_kept(terminal.app, name):
        terminal.say("its syncs go on with it")


@contextmanager
def watched(terminal: Terminal, name: str, *, on: bool) -> Iterator[None]:
    """Show what went over the wire, also when it ended with an error."""
    if not on:
        yield
        return
    from hub.http.traffic import Traffic

    traffic = Traffic()
    terminal.app.connect(name).connector.context.http.traffic = traffic
    try:
        yield
    finally:
        for exchange in traffic.exchanges:
            terminal.say(terminal.redact(str(exchange)))


def _hint(name: str, error: HubError) -> str:
    if error.code == "needs_login":
        return f"Correct user and password of [connections.{name}]"
    return f"Correct [connections.{name}], then run this again"


def _try(terminal: Terminal, name: str, steps: _Steps) -> dict[str, str]:
    app = terminal.app
    with steps.step("settings") as words:
        opened = app.connect(name)
        resources = app.resources(opened.connection, opened.connector)
        words.append(f"{opened.connection.plugin}: {', '.join(item.name for item in resources)}")
    _network(opened, steps)
    with steps.step("sign-in") as words:
        asked = app.clock()
        account = opened.connector.check()
        answered = app.clock()
        words.append(account.name)
        version = "" if account.version in account.server else account.version
        words += filter(None, [" ".join(filter(None, (account.server, version)))])
    with steps.step("rights") as words:
        if account.missing:
            words.append(f"missing: {', '.join(account.missing)}")
        elif account.granted:
            words.append(_few(account.granted))
    for resource in resources:
        with steps.step("read") as words:
            words.append(_first_of(opened, resource.name))
    if account.clock is not None:
        with steps.step("clock") as words:
            skew = (asked + answered) / 2 - account.clock.timestamp()
            late = "behind" if skew > 0 else "ahead of"
            words.append("in step" if abs(skew) < _SKEW_WORTH_SAYING else f"{show_duration(abs(skew))} {late} ours")
    return _verdict(opened, account, any(item.capabilities.writes for item in resources))


def _few(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:_SHOWN_RIGHTS])
    return f"{shown} and {len(names) - _SHOWN_RIGHTS} more" if len(names) > _SHOWN_RIGHTS else shown


def _network(opened: Connected, steps: _Steps) -> None:
    """Reach each address of the settings, before signing in: names, routes and firewalls fail here."""
    for host, port in _addresses(opened):
        with steps.step("connect") as words:
            words.append(f"{host}:{port}")
            try:
                with socket.create_connection((host, port), timeout=_CONNECT_SECONDS):
                    pass
            except socket.gaierror:
                raise Unavailable(f"the name {host} is not known", hint="Check the url and your DNS") from None
            except OSError as error:
                reason = error.strerror or "no answer in time"
                raise Unavailable(
                    f"nothing answers: {reason}", hint="Check the url, the server and firewalls"
                ) from None


def _addresses(opened: Connected) -> list[tuple[str, int]]:
    found = []
    for value in opened.connector.config.model_dump().values():
        if isinstance(value, str) and value.startswith(("http://", "https://")):
            parts = urlsplit(value)
            if parts.hostname:
                found.append((parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)))
    return list(dict.fromkeys(found))


def _first_of(opened: Connected, resource: str) -> str:
    pages = opened.connector.changes(resource, None)
    try:
        page = next(iter(pages), None)
    finally:
        close: Callable[[], None] | None = getattr(pages, "close", None)
        if close is not None:
            close()
    if page is None or not page.records:
        return f"{resource}: empty"
    record = page.records[0]
    return f"{resource}: record {record.id} with {len(record.data or {})} fields"


def _verdict(opened: Connected, account: Account, writes: bool) -> dict[str, str]:
    if opened.connection.read_only:
        write = "no (read_only in the configuration)"
    elif not writes:
        write = "no (the plugin or its settings only read)"
    elif any("write" in item or "create" in item for item in account.missing):
        write = f"no (missing: {', '.join(account.missing)})"
    else:
        write = "yes"
    from hub.contract.connector import Connector

    hooks = type(opened.connector).parse_webhook is not Connector.parse_webhook
    return {"read": "yes", "write": write, "webhooks": "yes" if hooks else "no (changes are polled)"}


def list_(terminal: Terminal) -> Outcome:
    """List the connections and the syncs that use them."""
    config = terminal.app.config
    rows: list[dict[str, Any]] = []
    for item in config.connections.values():
        used = [sync.name for sync in config.syncs.values() if item.name in sync.systems]
        rows.append({"name": item.name, "plugin": item.plugin, "read_only": item.read_only, "syncs": used})
    terminal.table(
        ("name", "plugin", "access", "syncs"),
        [
            (row["name"], row["plugin"], "read" if row["read_only"] else "read, write", ", ".join(row["syncs"]) or "-")
            for row in rows
        ],
    )
    return Outcome(rows, {"connections": len(rows)})
