"""Notices by mail, to a real SMTP server: what arrives, what is refused, and when the same notice may go again."""

from __future__ import annotations

import email.charset
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from crmhub_mail.smtp import _LINES, Smtp, one_line
from hub.plugin import AuthError, ConfigError, Context, Notice, OutcomeUnknown, Rejected, Unavailable
from hub.testing.corpus import everything
from hub.testing.mail_servers import running_smtp
from hub.testing.servers import free_port

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NOTICE = Notice("the shop is down", "It does not answer.\nTry: crmhub connect test shop", "error", "shop-down-17")
PASSWORD = "a secret with spaces"


def sender(port: int, **settings: Any) -> Smtp:
    good = {"host": "127.0.0.1", "port": port, "security": "plain", "sender": "hub@firm.example"}
    config = Smtp.Config(**{**good, "to": ["ann@firm.example"], "timeout": 5.0, **settings})
    return Smtp(config, Context("office", lambda: None, Path(), clock=lambda: NOW))  # type: ignore[arg-type, return-value]  # no HTTP


def test_a_notice_arrives_as_a_mail_that_says_it_is_automatic() -> None:
    with running_smtp() as box:
        said = sender(box.port, to=["ann@firm.example", "ben@firm.example"]).send(NOTICE)
    (raw,) = box.messages
    mail = message_from_bytes(raw)
    assert mail["Subject"] == "[CRM Hub] error: the shop is down"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Importance"] == "high"
    assert mail["Message-ID"] == said["message"]
    assert mail["Date"] == "Mon, 02 Mar 2026 08:00:00 +0000"
    assert mail.get_payload(decode=True).decode() == NOTICE.text
    assert box.recipients == [["ann@firm.example", "ben@firm.example"]]


def test_a_notice_is_the_same_whatever_another_library_did_to_the_default_charset() -> None:
    notice = Notice("Zoë", "Zoë " * 500, key="k")
    before = sender(1).message(notice).as_bytes()
    known = dict(email.charset.CHARSETS)
    email.charset.add_charset("utf-8", email.charset.QP, None, "utf-8")
    try:
        assert sender(1).message(notice).as_bytes() == before
    finally:
        email.charset.CHARSETS.clear()
        email.charset.CHARSETS.update(known)
    assert max(len(line) for line in before.splitlines()) < 998


def test_the_same_notice_has_the_same_id_and_another_one_another() -> None:
    made = sender(1)
    first, again = made.message(NOTICE), made.message(Notice("spelled anew", "x", key=NOTICE.key))
    assert first["Message-ID"] == again["Message-ID"]
    assert made.message(Notice("a", "x"))["Message-ID"] == made.message(Notice("a", "x"))["Message-ID"]
    assert made.message(Notice("a", "x"))["Message-ID"] != made.message(Notice("b", "x"))["Message-ID"]


@pytest.mark.parametrize("text", [*everything()[::7], "x\r\nBcc: evil@x.example", "x\nBcc: evil@x.example\n\nbody"])
def test_no_text_begins_another_header(text: str) -> None:
    raw = sender(1).message(Notice(text, text, key=text)).as_bytes(policy=_LINES)
    mail = message_from_bytes(raw)
    expected = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"}
    assert set(mail.keys()) == {*expected, "Content-Type", "Content-Transfer-Encoding"}
    assert mail["To"] == "ann@firm.example"
    shown = message_from_bytes(raw, policy=default)["Subject"]
    assert shown == one_line(f"[CRM Hub] {text}")


@pytest.mark.parametrize(
    ("refuse", "kind", "message"),
    [
        ({"ann@firm.example": "550 5.1.1 no such user"}, Rejected, "the receiver ann@firm.example (550)"),
        ({"ann@firm.example": "451 4.7.1 greylisted"}, Unavailable, "does not take the receiver ann@firm.example now"),
    ],
)
def test_5xx_is_for_good_and_4xx_is_for_later(refuse: dict[str, str], kind: type[Exception], message: str) -> None:
    with running_smtp() as box:
        box.refuse.update(refuse)
        with pytest.raises(kind) as caught:
            sender(box.port).send(NOTICE)
        assert message in str(caught.value)
        assert box.messages == []
        box.refuse.clear()
        sender(box.port).send(NOTICE)
    assert len(box.messages) == 1


def test_who_does_not_get_it_is_named_and_the_others_get_it() -> None:
    with running_smtp() as box:
        box.refuse["gone@firm.example"] = "550 5.1.1 no such user"
        with pytest.raises(Rejected, match=r"sent, but not to gone@firm.example \(550\)"):
            sender(box.port, to=["gone@firm.example", "ann@firm.example"]).send(NOTICE)
    assert box.recipients == [["ann@firm.example"]]


def test_nobody_there_is_for_later() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        sender(free_port()).send(NOTICE)


@contextmanager
def talking(*replies: bytes) -> Iterator[int]:
    """A server that says this, one reply for each line or mail that it gets, and then hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            for number, reply in enumerate(replies):
                connection.sendall(reply)
                if number + 1 < len(replies) or reply.startswith(b"354"):
                    line = lines.readline()
                    while reply.startswith(b"354") and line.strip() != b".":
                        line = lines.readline()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()
        thread.join(5)


HELLO = (b"220 hi\r\n", b"250 hi\r\n", b"250 sender\r\n", b"250 receiver\r\n")


@pytest.mark.parametrize(
    ("replies", "kind", "message"),
    [
        ((b"554 no\r\n",), Rejected, "the greeting (554)"),
        ((b"421 later\r\n",), Unavailable, "the greeting now (421)"),
        ((*HELLO[:2], b"550 not you\r\n"), Rejected, "the sender hub@firm.example (550)"),
        (HELLO[:3], Unavailable, "broke off"),
        ((*HELLO, b"452 full\r\n"), Unavailable, "the mail now (452)"),
        ((*HELLO, b"354 go\r\n", b"554 spam\r\n"), Rejected, "the mail (554)"),
        ((*HELLO, b"354 go\r\n"), OutcomeUnknown, "before it said whether it took the mail"),
    ],
)
def test_each_end_of_a_talk_is_told_apart(replies: tuple[bytes, ...], kind: type[Exception], message: str) -> None:
    with talking(*replies) as port, pytest.raises(kind) as caught:
        sender(port).send(NOTICE)
    assert type(caught.value) is kind
    assert message in str(caught.value)


# TLS and login


def test_starttls_is_verified_before_anything_is_said(certificate: Path, tls: Any) -> None:
    login = {"user": "hub", "password": PASSWORD, "security": "starttls"}
    with running_smtp(tls=tls(certificate), users={"hub": PASSWORD}) as box:
        sender(box.port, ca_file=certificate, **login).send(NOTICE)
        with pytest.raises(ConfigError, match="is not trusted") as caught:
            sender(box.port, **login).send(NOTICE)
        assert "ca_file" in caught.value.hint
    assert len(box.messages) == 1


def test_a_wrong_password_is_an_auth_error_that_shows_none(certificate: Path, tls: Any) -> None:
    with running_smtp(tls=tls(certificate), users={"hub": "other"}) as box:
        with pytest.raises(AuthError, match="refuses the login of hub") as caught:
            sender(box.port, ca_file=certificate, user="hub", password=PASSWORD, security="starttls").send(NOTICE)
        assert PASSWORD not in f"{caught.value!r} {caught.value}"
    assert box.messages == []


def test_a_server_without_starttls_is_not_sent_a_password() -> None:
    with running_smtp() as box, pytest.raises(ConfigError, match="STARTTLS"):
        sender(box.port, user="hub", password=PASSWORD, security="starttls").send(NOTICE)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"to": []}, "at least 1 item"),
        ({"to": ["ann@firm.example\r\nBcc: x@y.example"]}, "no plain address"),
        ({"sender": "Hub <hub@firm.example>"}, "no plain address"),
        ({"host": "mail.example"}, "unprotected"),
        ({"user": "hub"}, "belong together"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_reason(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        sender(25, **settings)
