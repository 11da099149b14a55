"""connect login: a person gives the hub access to an account, once."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs, urlsplit

import typer

from hub.cli.terminal import Outcome, Terminal
from hub.contract.errors import AuthError, HubError
from hub.views.logging_in import code_of as code_of
from hub.views.logging_in import finish, needed_flow

if TYPE_CHECKING:
    from hub.http.oauth2 import OAuth2

PORT = 8723
WAIT = 300.0
"""Seconds that the hub waits for the person to come back."""


def login(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a connection")],
    code: Annotated[
        str, typer.Option("--code", help="The code (or the whole address you were sent to), instead of waiting for it")
    ] = "",
    redirect: Annotated[
        str, typer.Option("--redirect", help="The redirect address that is registered with the provider")
    ] = f"http://localhost:{PORT}/",
) -> Outcome:
    """Sign in to a system that asks a person for permission (OAuth 2); the login is kept, encrypted."""
    flow = needed_flow(terminal.app.connect(name))
    state = secrets.token_urlsafe(24)
    found = code_of(code) if code else _ask(terminal, flow, redirect, state)
    # A code that was made on the provider's own page (a self client) has no redirect address.
    sent_from = redirect if not code or "://" in code else ""
    account = finish(terminal.app, name, found, sent_from)
    terminal.say(f"{name}: signed in as {account.name}; the login is kept, encrypted")
    return Outcome({"connection": name, "account": account.name})


def _ask(terminal: Terminal, flow: OAuth2, redirect: str, state: str) -> str:
    address = flow.authorize_url(redirect, state)
    with Catcher(redirect, state) as catcher:
        terminal.say(f"Open this address, sign in and allow access:\n\n  {address}\n")
        terminal.note(f"Waiting on {redirect} for {WAIT / 60:.0f} minutes")
        return catcher.wait(WAIT)


class Catcher:
    """A server on this machine that waits for the browser to come back with the code.

    Raises HubError if its port is taken or the redirect address is none of this machine.
    """

    def __init__(self, redirect: str, state: str) -> None:
        parts = urlsplit(redirect)
        if parts.scheme != "http" or parts.hostname not in ("localhost", "127.0.0.1"):
            raise HubError(
                f"{redirect} is not on this machine",
                hint="Visit the address of the provider yourself and give the code with --code",
            )
        self._state, self._path = state, parts.path or "/"
        self._answer: dict[str, str] = {}
        catcher = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                status, text = catcher._take(self.path)
                body = text.encode()
                self.send_response_only(status)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: the address holds the code."""

        try:
            self._server = HTTPServer(("127.0.0.1", parts.port or 80), Handler)
        except OSError as error:
            raise HubError(
                f"port {parts.port or 80} cannot be used: {error.strerror}",
                hint="Give another registered address with --redirect, or the code with --code",
            ) from None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_port)

    def __enter__(self) -> Catcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def wait(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> str:
        """The code that came.  Raises AuthError if access was refused or nobody came."""
        end = clock() + seconds
        while not self._answer and (left := end - clock()) > 0:
            self._server.timeout = left
            self._server.handle_request()
        if "code" in self._answer:
            return self._answer["code"]
        reason = self._answer.get("error", "nobody came back in time")
        raise AuthError(f"access was not given: {reason}", hint="Start again with `crmhub connect login`")

    def _take(self, path: str) -> tuple[int, str]:
        parts = urlsplit(path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path != self._path or not ({"code", "error"} & set(query)):
            return 404, "Nothing is here."
        if not hmac.compare_digest(query.get("state", "").encode(), self._state.encode()):
            return 400, "This answer belongs to another login. Start again with `crmhub connect login`."
        self._answer = query
        return 200, "CRM Hub has got its answer. You can close this window."
