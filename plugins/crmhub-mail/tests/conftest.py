"""Mailboxes on real servers, and an IMAP server that says what a test wants."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient

from crmhub_mail.connector import Imap
from hub.plugin import Context, Record
from hub.testing.kit.shared import shared_server
from hub.testing.mail_servers import missing_dovecot, start_dovecot, start_pymap
from hub.testing.servers import DEMO_PASSWORD

_users = itertools.count(1)


class Box:
    """One mailbox: a mail program on it, and connectors to it, one for each ``connect``."""

    def __init__(self, port: int, user: str, folder: Path) -> None:
        self.port, self.user, self.folder = port, user, folder
        self.opened: list[Imap] = []

    @contextmanager
    def program(self, folder: str = "INBOX") -> Iterator[IMAPClient]:
        with IMAPClient("127.0.0.1", port=self.port, ssl=False) as client:
            client.login(self.user, DEMO_PASSWORD)
            client.select_folder(folder)
            yield client

    def store(self, raw: bytes | str, folder: str = "INBOX") -> None:
        with self.program() as client:
            client.append(folder, raw if isinstance(raw, bytes) else raw.replace("\n", "\r\n").encode())

    def mail(self, subject: str, *, id_: str = "", folder: str = "INBOX", text: str = "Hello", head: str = "") -> None:
        more = f"Message-ID: {id_}\n" if id_ else ""
        parties = "From: Bo <bo@x.example>\nTo: ann@firm.example\n"
        date = "Date: Mon, 02 Mar 2026 09:15:00 +0100\n"
        self.store(f"{parties}{date}Subject: {subject}\n{more}{head}\n{text}\n", folder)

    def drop(self, *subjects: str, folder: str = "INBOX") -> None:
        with self.program(folder) as client:
            found = client.fetch(client.search(["ALL"]), ["ENVELOPE"])
            client.delete_messages([u for u, item in found.items() if item[b"ENVELOPE"].subject.decode() in subjects])
            client.expunge()

    def connect(self, **settings: Any) -> Imap:
        login = {"host": "127.0.0.1", "port": self.port, "security": "plain", "user": self.user}
        config = Imap.Config(**{**login, "password": DEMO_PASSWORD, "addresses": ["@firm.example"], **settings})
        made = Imap(config, Context("box", lambda: None, self.folder))  # type: ignore[arg-type, return-value]  # no HTTP
        self.opened.append(made)
        return made

    def read(self, cursor: Any = None, **settings: Any) -> tuple[list[Record], Any]:
        """One pass of a new process: its records and the cursor to go on from."""
        connector = self.connect(**settings)
        pages = list(connector.changes("messages", cursor))
        connector.close()
        return [record for page in pages for record in page.records], pages[-1].cursor

    def data(self, **settings: Any) -> dict[str, Any]:
        """The data of the only message."""
        (record,) = self.read(**settings)[0]
        assert record.data is not None
        return dict(record.data)

    def close(self) -> None:
        for connector in self.opened:
            connector.close()


@pytest.fixture
def dovecot(tmp_path: Path) -> Iterator[Box]:
    reason = missing_dovecot()
    if reason:
        pytest.skip(reason)
    box = Box(shared_server("dovecot", start_dovecot).port, f"user{next(_users)}", tmp_path)
    yield box
    box.close()


@pytest.fixture
def pymap(tmp_path: Path) -> Iterator[Box]:
    box = Box(shared_server("pymap", start_pymap).port, "ann", tmp_path)
    for folder in ("Sent", "INBOX"):
        with box.program(folder) as client:
            client.delete_messages(client.search(["ALL"]))
            client.expunge()
    yield box
    box.close()


@pytest.fixture(params=["dovecot", "pymap"])
def box(request: pytest.FixtureRequest) -> Box:
    """Both servers: one says what vanished, the other has to be counted."""
    found: Box = request.getfixturevalue(request.param)
    return found


class Scripted:
    """An IMAP server that answers each command by a function (tag, line) -> bytes; "" closes the connection."""

    def __init__(self, answer: Callable[[str, str], str], greeting: str = "* OK [CAPABILITY IMAP4rev1] ready") -> None:
        self.answer, self.greeting = answer, greeting
        self.lines: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rwb") as stream:
            try:
                if self.greeting:
                    stream.write(f"{self.greeting}\r\n".encode())
                    stream.flush()
                    while line := stream.readline().decode("utf-8", "replace").rstrip("\r\n"):
                        self.lines.append(line)
                        reply = self.answer(line.partition(" ")[0], line.partition(" ")[2])
                        if not reply:
                            return
                        stream.write(reply.encode("utf-8", "surrogateescape"))
                        stream.flush()
            except OSError:
                return

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def scripted() -> type[Scripted]:
    """The class of servers that say what a test wants."""
    return Scripted
