"""Mailboxes on real servers, and an IMAP server that says what a test wants."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
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
    """An IMAP server that answers each command by a function (tag, line) -> text; "" closes the connection.

    tls: from the first byte; starttls: after the command."""

    def __init__(
        self,
        answer: Callable[[str, str], str],
        greeting: str = "* OK [CAPABILITY IMAP4rev1] ready",
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        self.answer, self.greeting, self.tls, self.starttls = answer, greeting, tls, starttls
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
        try:
            with connection:
                opened = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
                with opened:
                    self._talk(opened, self.greeting)
        except OSError:
            return  # the client has gone: that is what some tests want

    def _talk(self, connection: socket.socket, greeting: str) -> None:
        with connection.makefile("rwb") as stream:
            if greeting:
                stream.write(f"{greeting}\r\n".encode())
                stream.flush()
            while line := stream.readline().decode("utf-8", "replace").rstrip("\r\n"):
                self.lines.append(line)
                tag, _, command = line.partition(" ")
                reply = self.answer(tag, command)
                if not reply:
                    return
                stream.write(reply.encode("utf-8", "surrogateescape"))
                stream.flush()
                if command == "STARTTLS" and self.starttls is not None:
                    with self.starttls.wrap_socket(connection, server_side=True) as secured:
                        self._talk(secured, "")
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


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody else signed, with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def tls() -> Callable[[Path], ssl.SSLContext]:
    """Makes the server's side of TLS from a certificate."""

    def context(certificate: Path) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(certificate)
        return made

    return context
