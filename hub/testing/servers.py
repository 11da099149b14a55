"""Real servers on loopback for tests and the demo: Tryton (an ERP), BottleCRM (a CRM), Radicale and Xandikos (CardDAV).

    with start_tryton(folder) as server:
        print(server.url, server.details["database"])

Nothing leaves the machine: every server listens on 127.0.0.1 and gets throw-away credentials.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hub.contract.errors import HubError

START_SECONDS = 60.0
STOP_SECONDS = 10.0
DEMO_PASSWORD = "crmhub-demo"
_PORT_ATTEMPTS = 3

Healthy = Callable[[int], bool]

_running: set[subprocess.Popen[bytes]] = set()


@dataclass
class RunningServer:
    """A server process that answers.  Use it as a context manager, or call ``stop`` yourself.

    url:     the base URL, without a slash at its end.
    folder:  everything it keeps, with its log (server.log).
    details: what a client needs beside the URL (user, password, database, books ...).
    """

    url: str
    process: subprocess.Popen[bytes]
    folder: Path
    details: dict[str, Any]
    port: int
    command: Sequence[str] = field(repr=False)
    healthy: Healthy = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def stop(self) -> None:
        """End the server politely, then by force.  Does nothing when it has ended already."""
        _end(self.process, signal.SIGTERM)

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        _end(self.process, signal.SIGKILL)

    def restart(self) -> None:
        """Start it again on the same port with the same data; ends it first where needed."""
        self.stop()
        self.process = _spawn(self.command, self.folder, self.environment)
        _wait(self.process, self.port, self.healthy, self.folder)

    def log_tail(self, lines: int = 30) -> str:
        """The last lines of the server's log."""
        return _tail(self.folder, lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    folder: Path,
    *,
    port: int,
    command: Callable[[int], Sequence[str]],
    healthy: Healthy,
    details: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
) -> RunningServer:
    """Start ``command(port)`` and wait until ``healthy(port)``; port 0 means any free one.

    Raises HubError with the end of the server's log when it ends early or does not answer within START_SECONDS.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for attempt in range(_PORT_ATTEMPTS):
        chosen = port or free_port()
        words = command(chosen)
        process = _spawn(words, folder, environment or {})
        try:
            _wait(process, chosen, healthy, folder)
        except HubError as error:
            # Between our choice and the server's bind, someone else may have taken the port.
            if port == 0 and attempt + 1 < _PORT_ATTEMPTS and "in use" in error.message:
                continue
            raise
        url = f"http://127.0.0.1:{chosen}"
        return RunningServer(url, process, folder, dict(details), chosen, words, healthy, environment or {})
    raise AssertionError("the loop returns or raises")


def start_radicale(
    folder: Path,
    *,
    port: int = 0,
    user: str = "ann",
    password: str = DEMO_PASSWORD,
    books: Sequence[str] = ("contacts",),
) -> RunningServer:
    """Start a Radicale CardDAV server with one user and empty address books.

    details: user, password, books (name -> URL).  Raises HubError when Radicale is not installed.
    """
    require("radicale", extra="demo")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "users").write_text(f"{user}:{password}\n", encoding="utf-8")
    for book in books:
        collection = folder / "collections" / "collection-root" / user / book
        collection.mkdir(parents=True, exist_ok=True)
        properties = {"tag": "VADDRESSBOOK", "D:displayname": book}
        (collection / ".Radicale.props").write_text(json.dumps(properties), encoding="utf-8")

    def command(chosen: int) -> Sequence[str]:
        settings = folder / "radicale.ini"
        settings.write_text(
            f"[server]\nhosts = 127.0.0.1:{chosen}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder / 'users'}\nhtpasswd_encryption = plain\ndelay = 0\n"
            f"[storage]\nfilesystem_folder = {folder / 'collections'}\nuse_mtime_and_size_for_item_cache = True\n"
            "[logging]\nlevel = warning\n",
            encoding="utf-8",
        )
        return [sys.executable, "-m", "radicale", "--config", str(settings)]

    details = {"user": user, "password": password}
    server = start(folder, port=port, command=command, healthy=answers("GET", "/.web/"), details=details)
    server.details["books"] = {book: f"{server.url}/{user}/{book}/" for book in books}
    return server


def start_xandikos(folder: Path, *, port: int = 0) -> RunningServer:
    """Start a Xandikos CardDAV server without a login, with one empty address book.

    details: books (name -> URL).  Raises HubError when Xandikos is not installed.
    """
    require("xandikos", extra="test")
    data = folder / "collections"
    data.mkdir(parents=True, exist_ok=True)

    def command(chosen: int) -> Sequence[str]:
        listen = ["--listen-address", "127.0.0.1", "-p", str(chosen)]
        return [sys.executable, "-m", "xandikos", "serve", "-d", str(data), *listen, "--defaults"]

    server = start(folder, port=port, command=command, healthy=answers("GET", "/"), details={})
    server.details["books"] = {"contacts": f"{server.url}/user/contacts/addressbook/"}
    return server


def start_tryton(
    folder: Path, *, port: int = 0, cache: Path | None = None, modules: Sequence[str] = ("party",)
) -> RunningServer:
    """Start a Tryton ERP on SQLite with the modules, seven countries and the languages en, de, fr and zh_CN.

    cache: a folder that keeps the prepared database (about 10 s to prepare, then 1 s for each further start).
    details: database, user, password.  Raises HubError when Tryton is not installed.
    """
    from hub.testing import tryton_server  # here: it needs trytond's version, which not everybody has

    return tryton_server.start_tryton(folder, port=port, cache=cache, modules=modules)


def start_bottlecrm(
    folder: Path, *, port: int = 0, cache: Path | None = None, broker: str = "memory://"
) -> RunningServer:
    """Start a BottleCRM on SQLite with one organisation and three people, each with an API token.

    cache:   a folder that keeps its environment and the prepared database (a minute to install, then 2 s for each start).
    broker:  where it sends its tasks; ``bottlecrm_server.NO_BROKER``: nowhere, so that creates end in 500 and are there.
    details: org, and for admin, person (admins) and member: token, token_id, email, user.

    Raises NoPython where no Python 3.12 or newer is installed, HubError when BottleCRM cannot be installed or started.
    """
    from hub.testing import bottlecrm_server

    return bottlecrm_server.start_bottlecrm(folder, port=port, cache=cache, broker=broker)


def prepared_servers() -> Path:
    """The folder where servers that took long to prepare are kept from one run of the tests to the next: the one that
    CRMHUB_TEST_SERVERS names, else one among the temporary files."""
    given = os.environ.get("CRMHUB_TEST_SERVERS")
    return Path(given) if given else Path(tempfile.gettempdir()) / "crmhub-test-servers"


def require(package: str, *, extra: str) -> None:
    """Raise a HubError that says what to install when a server's package is missing."""
    if importlib.util.find_spec(package) is None:
        raise HubError(f"The package {package} is not installed", hint=f"Run: pip install 'crmhub[{extra}]'")


def free_port() -> int:
    """A loopback port that is free at this moment."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def answers(method: str, path: str, body: str = "", statuses: Sequence[int] = range(200, 500)) -> Healthy:
    """A health check: the server answers this request with one of the statuses."""

    def healthy(port: int) -> bool:
        headers = {"Content-Type": "application/json"} if body else {}
        with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            try:
                connection.request(method, path, body or None, headers)
                return connection.getresponse().status in statuses
            except (OSError, HTTPException):
                return False

    return healthy


def _spawn(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            start_new_session=True,  # a process group of its own, so that its children end with it
        )
    _running.add(process)
    return process


def _wait(process: subprocess.Popen[bytes], port: int, healthy: Healthy, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if healthy(port):
            return
        time.sleep(0.05)
    state = "does not answer" if process.poll() is None else f"ended with status {process.returncode}"
    _end(process, signal.SIGKILL)
    raise HubError(f"The server in {folder} {state}; its log ends with:\n{_tail(folder, 30)}")


def _end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """End the process group; the process itself is waited for, so that no zombie and no open port stays."""
    if process.poll() is None:
        _signal(process, how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait(STOP_SECONDS)
    _running.discard(process)


@atexit.register
def _end_all() -> None:
    """Leave no server behind when a test run or the demo ends without stopping it."""
    for process in tuple(_running):
        _end(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    try:
        os.killpg(process.pid, how)
    except ProcessLookupError:
        return  # it ended between the poll and the signal


def _tail(folder: Path, lines: int) -> str:
    log = folder / "server.log"
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])
