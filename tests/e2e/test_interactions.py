"""A spreadsheet of customers and a mailbox: what was written to and by them is shown with them."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient
from sqlalchemy import select
from typer.testing import CliRunner

from hub.bootstrap import App
from hub.cli.main import make_app
from hub.config.read import read_config
from hub.store.tables import fact
from hub.testing.kit.shared import shared_server
from hub.testing.mail_servers import missing_dovecot, start_dovecot
from hub.testing.servers import DEMO_PASSWORD
from tests.e2e.hub_folder import Answer
from tests.engine.test_recovery import Killed, dying

pytestmark = pytest.mark.skipif(missing_dovecot() != "", reason=missing_dovecot() or "it is there")

CONFIG = """
[connections.sheet]
plugin = "files"
path = "customers.csv"

[connections.mail]
plugin = "imap"
host = "127.0.0.1"
port = {port}
security = "plain"
user = "{user}"
password = {{ env = "MAIL_PASSWORD" }}
addresses = ["@firm.example"]

[syncs.customers]
systems = ["sheet", "mail"]
"""
_users = itertools.count(1)


class Office:
    """A configured folder, its mailbox, and a mail program."""

    def __init__(self, path: Path, port: int) -> None:
        self.path, self.port = path, port
        self.user = f"office{next(_users)}"
        self.configure()
        self.customers("1,Bo Li,bo@x.example")

    def configure(self, more: str = "") -> None:
        (self.path / "config.toml").write_text(CONFIG.format(port=self.port, user=self.user) + more)

    def customers(self, *rows: str) -> None:
        (self.path / "customers.csv").write_text("\n".join(["id,name,email", *rows, ""]))

    @contextmanager
    def program(self) -> Iterator[IMAPClient]:
        with IMAPClient("127.0.0.1", port=self.port, ssl=False) as client:
            client.login(self.user, DEMO_PASSWORD)
            yield client

    def mail(self, sender: str, to: str, subject: str, *more: str, folder: str = "INBOX", text: str = "Hello") -> None:
        head = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", "Date: Mon, 02 Mar 2026 08:15:00 +0000"]
        with self.program() as client:
            client.append(folder, "\r\n".join([*head, *more, "", text, ""]).encode())

    def run(self, *words: str) -> Answer:
        environment = {"CRMHUB_CONFIG": str(self.path / "config.toml"), "MAIL_PASSWORD": DEMO_PASSWORD}
        result = CliRunner().invoke(make_app(), list(words), env=environment)
        return Answer(result.exit_code, result.stdout, result.stderr)

    def subjects(self, who: str) -> list[str]:
        found = self.run("record", "show", who, "--json", "--show-pii").summary["result"]["interactions"]["latest"]
        return [item["subject"] for item in found]

    def account(self) -> dict[str, Any]:
        systems = self.run("status", "--json").summary["result"]["syncs"]["customers"]["systems"]
        return next(item for item in systems if item["system"] == "mail")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, shared_server("dovecot", start_dovecot).port)


def test_mail_of_a_customer_is_shown_with_the_customer(office: Office) -> None:
    office.mail("Bo Li <BO@x.example>", "sales@firm.example", "Your offer")
    office.mail("sales@firm.example", "bo@x.example", "Re: Your offer", folder="Sent")
    answer = office.run("sync")
    assert answer.code == 0, answer
    assert "mail/messages: 2 read, 2 new, 2 attached; of 2: 2 with customers, 0 waiting" in answer.out
    shown = office.run("record", "show", "Bo Li").out
    assert "interactions (2):" in shown
    assert "2026-03-02 08:15" in shown
    assert "inbound   Your offer" in shown
    assert "outbound  Re: Your offer" in shown


def test_a_stranger_waits_and_is_attached_once_a_customer_has_the_address(office: Office) -> None:
    office.mail("li@y.example", "sales@firm.example", "Who are you?")
    assert "0 with customers, 1 waiting" in office.run("sync").out
    office.customers("1,Bo Li,bo@x.example", "2,Li Na,li@y.example")
    answer = office.run("sync")
    assert answer.code == 0, answer
    assert "1 attached; of 1: 1 with customers, 0 waiting" in answer.out
    assert office.subjects("Li Na") == ["Who are you?"]
    assert office.subjects("Bo Li") == []


def test_bulk_mail_is_counted_with_its_reason_and_none_of_its_text_is_kept(office: Office) -> None:
    office.mail("bo@x.example", "sales@firm.example", "10 % off", "List-Id: <news.x.example>")
    assert "1 ignored (bulk mail 1)" in office.run("sync").out
    assert office.account() | {"total": 1, "excluded": 1, "waiting": 0, "ok": True} == office.account()
    assert b"10 % off" not in (office.path / "crmhub-data" / "hub.db").read_bytes()


def test_json_masks_subjects_and_addresses_unless_asked(office: Office) -> None:
    office.mail("bo@x.example", "sales@firm.example", "Secret plan")
    office.run("sync")
    masked = office.run("record", "show", "Bo Li", "--json")
    assert "Secret" not in masked.out
    assert "bo@x.example" not in masked.out
    assert json.loads(masked.out)["counts"]["interactions"] == 1
    shown = office.run("record", "show", "Bo Li", "--json", "--show-pii").summary["result"]["interactions"]["latest"]
    assert shown[0]["interaction"]["body"] == "Hello"


def bounce(office: Office, address: str) -> None:
    """A mail server reports that an address does not exist."""
    lines = [
        "From: MAILER-DAEMON@mx.x.example",
        "To: sales@firm.example",
        "Subject: Undelivered Mail Returned to Sender",
        "Message-ID: <bounce-1@mx.x.example>",
        "Date: Mon, 02 Mar 2026 08:15:00 +0000",
        "Auto-Submitted: auto-replied",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        *("--b", "Content-Type: text/plain", "", "Sorry.", "--b", "Content-Type: message/delivery-status", ""),
        *("Reporting-MTA: dns; mx.x.example", "", f"Final-Recipient: rfc822; {address}", "Action: failed"),
        *("Status: 5.1.1", "Diagnostic-Code: smtp; 550 no such user here", "--b--", ""),
    ]
    with office.program() as client:
        client.append("INBOX", "\r\n".join(lines).encode())


def test_a_bounce_marks_the_address_and_explain_says_where_that_comes_from(office: Office) -> None:
    office.run("sync")
    bounce(office, "BO@x.example")
    answer = office.run("sync")
    assert answer.code == 0, answer
    assert "1 addresses bounced" in answer.out
    shown = office.run("record", "show", "Bo Li").out
    assert "bounced)" in shown
    assert "Undelivered Mail" in shown
    explained = office.run("record", "explain", "Bo Li", "--field", "emails").out
    assert "status:  bounced from mail (bounced: 5.1.1 (no such mailbox)," in explained
    typed = office.run("record", "show", "Bo Li", "--json", "--show-pii").summary["result"]["customer"]
    assert typed["emails"][0]["status"] == "bounced"
    assert office.run("sync").code == 0


def test_a_mailbox_that_refuses_the_login_leaves_the_customers_alone_and_names_what_to_do(office: Office) -> None:
    office.run("sync")
    office.customers("1,Bo Li,bo@x.example", "2,Li Na,li@y.example")
    (office.path / "config.toml").write_text(
        CONFIG.format(port=office.port, user=office.user).replace("MAIL_PASSWORD", "HOME")
    )
    answer = office.run("sync")
    assert answer.code == 6
    assert "refuses the login" in answer.err
    assert "Check user and password" in answer.err
    assert office.run("record", "show", "Li Na").code == 0
    state = office.run("status")
    assert state.code == 6
    assert "crmhub connect test mail" in state.out


def test_commands_that_look_at_a_connection_know_a_mailbox(office: Office) -> None:
    office.mail("bo@x.example", "sales@firm.example", "Your offer")
    assert "mail.messages: only read" in office.run("check").out
    tested = office.run("connect", "test", "mail")
    assert tested.code == 0, tested
    assert "INBOX (1 messages), Sent (0 messages)" in tested.out
    tried = office.run("mapping", "try", "mail")
    assert tried.code == 0, tried
    assert "subject = Your offer" in tried.out
    assert "emails = bo@x.example" in tried.out
    assert "no law is broken" in office.run("mapping", "check", "imap.messages").out


def test_a_message_that_goes_is_kept_and_marked(office: Office) -> None:
    office.mail("bo@x.example", "sales@firm.example", "Your offer")
    office.run("sync")
    with office.program() as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search(["ALL"]))
        client.expunge()
    assert "1 gone; of 0: 0 with customers" in office.run("sync").out
    assert "Your offer   [no longer in mail]" in office.run("record", "show", "Bo Li").out
    assert office.account()["total"] == 0


def test_no_text_of_a_mail_is_in_any_output_or_log_of_a_sync(office: Office) -> None:
    office.mail("bo@x.example", "sales@firm.example", "subject-canary", text="body-canary")
    for words in (["sync", "--debug"], ["sync", "--json", "--debug"], ["status", "--json"], ["runs", "list", "--json"]):
        answer = office.run(*words)
        for canary in ("subject-canary", "body-canary", "bo@x.example", DEMO_PASSWORD):
            assert canary not in answer.out + answer.err, words


def told(path: Path, monkeypatch: pytest.MonkeyPatch, *, kill_at: int = 0) -> tuple[dict[str, Any], bool]:
    """One sync of a folder, killed at a commit of the store (0: not): what the hub knows then, and whether it was killed."""
    monkeypatch.setenv("MAIL_PASSWORD", DEMO_PASSWORD)
    killed = False
    with App(read_config(path / "config.toml")) as app, app.writing() as store:
        with dying(store, kill_at):
            try:
                result = app.engine("customers").sync()
                assert all(item.ok for item in result.accounts)
            except Killed:
                killed = True
        rows = store.facts.by_id(row.id for row in store.db.rows(select(fact.c.id)))
    assert len({row.remote_id for row in rows}) == len(rows)
    return {row.remote_id: (row.state, row.gone, row.doc.get("subject")) for row in rows}, killed


def test_a_process_killed_at_any_commit_doubles_nothing_and_loses_nothing(
    office: Office, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.configure()
    for number in range(5):
        office.mail("bo@x.example", "sales@firm.example", f"old {number}", f"Message-ID: <old-{number}@x>")
    told(office.path, monkeypatch)
    with office.program() as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search(["SUBJECT", "old 1"]))
        client.expunge()
    for number in range(3):
        office.mail("li@y.example", "sales@firm.example", f"new {number}", f"Message-ID: <new-{number}@x>")
    bounce(office, "bo@x.example")
    office.customers("1,Bo Li,bo@x.example", "2,Li Na,li@y.example")

    def again(name: str) -> Path:
        return Path(shutil.copytree(office.path, tmp_path_factory.mktemp("again") / name))

    expected, _ = told(again("calm"), monkeypatch)
    assert len(expected) == 9
    assert [id_ for id_, (_, gone, _) in expected.items() if gone] == ["<old-1@x>"]
    at, killed = 0, True
    while killed:
        at += 1
        path = again(str(at))
        _, killed = told(path, monkeypatch, kill_at=at)
        found, _ = told(path, monkeypatch)
        assert found == expected, f"killed at commit {at}"
    assert at > 5
