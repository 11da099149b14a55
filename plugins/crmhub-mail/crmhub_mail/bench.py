"""What the contract kit tries this connector on: a real Dovecot, and a real pymap, which has no CONDSTORE and QRESYNC."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmhub_mail.connector import Imap
from hub.testing.kit import Bench
from hub.testing.kit.shared import shared_server
from hub.testing.mail_servers import start_dovecot, start_pymap
from hub.testing.servers import DEMO_PASSWORD, RunningServer

if TYPE_CHECKING:
    from imapclient import IMAPClient  # type: ignore[import-untyped]  # it ships no types

_numbers = itertools.count(1)


class DovecotBench(Bench):
    """A mailbox of a Dovecot, a new one for each rule; a person uses it with a mail program.

    Mail cannot be edited: a mail program that saves a draft again stores a new message with the same Message-ID and
    deletes the old one, and so does the person here.
    """

    connector = Imap
    resource = "messages"
    text = "subject"
    real = "Dovecot 2.3"
    secrets: Sequence[str] = (DEMO_PASSWORD,)

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        self.server = self.start()
        self.user = self.new_user()
        with self.program() as client:
            self.client = client
            self.empty()
            yield

    def start(self) -> RunningServer:
        return shared_server("dovecot", start_dovecot)

    def new_user(self) -> str:
        return f"rule{next(_numbers)}"

    def empty(self) -> None:
        """Nothing is there in the beginning."""

    @contextmanager
    def program(self) -> Iterator[IMAPClient]:
        """A mail program that has the INBOX open."""
        from imapclient import IMAPClient

        with IMAPClient("127.0.0.1", port=self.server.port, ssl=False) as client:
            client.login(self.user, DEMO_PASSWORD)
            client.select_folder("INBOX")
            yield client

    def settings(self) -> Mapping[str, Any]:
        login = {"user": self.user, "password": DEMO_PASSWORD}
        return {
            "host": "127.0.0.1",
            "port": self.server.port,
            "security": "plain",
            "page": 3,
            **login,
            "addresses": ["@firm.example"],
        }

    def wrong_login(self) -> Mapping[str, Any] | None:
        return {"password": "wrong"}

    def document(self, number: int) -> dict[str, Any]:
        return {"subject": f"message {number}"}

    def person_creates(self, number: int) -> str:
        id_ = f"<message-{number}@bench.example>"
        self._store(id_, str(self.document(number)["subject"]))
        return id_

    def person_writes(self, id_: str, text: str) -> None:
        old = [uid for uid, (found, _) in self._messages().items() if found == id_]
        self._store(id_, text)
        self._drop(old)

    def person_deletes(self, id_: str) -> None:
        self._drop([uid for uid, (found, _) in self._messages().items() if found == id_])

    def person_sees(self) -> Mapping[str, str]:
        return {id_: subject for _, (id_, subject) in sorted(self._messages().items())}

    def _store(self, id_: str, subject: str) -> None:
        lines = ["From: Bo <bo@customer.example>", "To: ann@firm.example", f"Subject: {subject}", f"Message-ID: {id_}"]
        lines += ["Date: Mon, 02 Mar 2026 08:15:00 +0000", "", "Hello", ""]
        self.client.append("INBOX", "\r\n".join(lines).encode())

    def _drop(self, uids: Sequence[int]) -> None:
        self.client.delete_messages(uids)
        self.client.expunge()

    def _messages(self) -> dict[int, tuple[str, str]]:
        self.client.noop()
        uids = self.client.search(["ALL"])
        found = self.client.fetch(uids, ["RFC822.HEADER"]) if uids else {}
        headers = {uid: message_from_bytes(item[b"RFC822.HEADER"]) for uid, item in found.items()}
        return {uid: (str(item["Message-ID"]), str(item["Subject"])) for uid, item in headers.items()}


class PymapBench(DovecotBench):
    """The mailbox of a pymap, emptied before each rule."""

    real = "pymap 0.36"
    variant = True

    def start(self) -> RunningServer:
        return shared_server("pymap", start_pymap)

    def new_user(self) -> str:
        return "ann"

    def empty(self) -> None:
        for name in ("Sent", "INBOX"):
            if self.client.folder_exists(name):
                self.client.select_folder(name)
                self._drop(self.client.search(["ALL"]))

    def wrong_login(self) -> Mapping[str, Any] | None:
        return {"password": "wrong"}
