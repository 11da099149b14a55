"""Trying a connection, one step after the other: names, routes, sign-in, rights, a first record, the clock."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hub.config.quantities import show_duration
from hub.contract.errors import HubError, Unavailable

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.connected import Connected
    from hub.contract.records import Account

_CONNECT_SECONDS = 10.0
_SHOWN_RIGHTS = 4
_SKEW_WORTH_SAYING = 2.0
"""Seconds of clock difference below which it does not matter."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, over."""

    step: str
    ok: bool
    seconds: float
    detail: str


@dataclass(slots=True)
class Steps:
    """The steps of a test, told as they end.  shown: takes personal data out of what is told."""

    tell: Callable[[Step], None]
    shown: Callable[[str], str] = str
    done: list[Step] = field(default_factory=list)
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
            seconds = round(time.monotonic() - started, 3)
            self.done.append(Step(name, ok, seconds, self.shown("; ".join(words))))
            self.tell(self.done[-1])


def hint_for(name: str, error: HubError) -> str:
    """What helps if an error has no hint of its own."""
    if error.code == "needs_login":
        return f"Correct user and password of [connections.{name}]"
    return f"Correct [connections.{name}], then run this again"


def try_connection(app: App, name: str, steps: Steps) -> dict[str, str]:
    """Try a connection step by step; what the hub can do with it.  Nothing is written.  Raises HubError."""
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


def _network(opened: Connected, steps: Steps) -> None:
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
