"""Signing in, and what a server may answer instead: each failure is the error of the contract that fits it."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import responses
from pydantic import ValidationError

from crmhub_mail.connector import Imap
from hub.plugin import AuthError, ConfigError, Context, ContractViolation, Http, RateLimited, Unavailable
from hub.testing.servers import free_port
from hub.tokens.token import MemoryTokens, Token

PASSWORD = "a secret with spaces"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def connect(port: int, folder: Path, **settings: Any) -> Imap:
    config = {"host": "127.0.0.1", "port": port, "security": "plain", "user": "u@x.org", "timeout": 5.0}
    given = {} if settings.get("auth") == "xoauth2" else {"password": PASSWORD}
    context = Context("box", lambda: Http("box", hosts=["login.example"]), folder, clock=lambda: NOW)
    return Imap(Imap.Config(**{**config, **given, **settings}), context)


def ok(capabilities: str = "IMAP4rev1") -> Callable[[str, str], str]:
    """A server with an empty INBOX."""

    def answer(tag: str, line: str) -> str:
        word = line.partition(" ")[0].upper()
        told = {
            "CAPABILITY": f"* CAPABILITY {capabilities}\r\n",
            "LIST": '* LIST () "/" INBOX\r\n',
            "STATUS": "* STATUS INBOX (UIDVALIDITY 7 UIDNEXT 1 MESSAGES 0)\r\n",
            "LOGOUT": "* BYE\r\n",
        }
        return f"{told.get(word, '')}{tag} OK done\r\n"

    return answer


def instead(word: str, reply: str) -> Callable[[str, str], str]:
    """The same server, which answers one command otherwise ("TAG" stands for the command's tag)."""
    usual = ok()
    return lambda tag, line: reply.replace("TAG", tag) if line.upper().startswith(word) else usual(tag, line)


@pytest.mark.parametrize(
    ("word", "reply", "kind", "message"),
    [
        ("LOGIN", "TAG NO [AUTHENTICATIONFAILED] wrong\r\n", AuthError, "refuses the login of u@x.org"),
        ("LOGIN", "TAG NO [ALERT] Too many simultaneous connections\r\n", RateLimited, "too many connections"),
        ("LOGIN", "TAG NO [UNAVAILABLE] try again later\r\n", RateLimited, "too many connections"),
        ("LOGIN", "", Unavailable, "does not answer"),
        ("LIST", "", Unavailable, "does not answer (LIST)"),
        ("LIST", "* LIST (broken\r\nTAG OK done\r\n", ContractViolation, "cannot be understood"),
        ("LIST", '* LIST () "/" Other\r\nTAG OK done\r\n', ConfigError, "no folder 'INBOX'"),
        ("STATUS", "* BYE shutting down\r\n", Unavailable, "does not answer"),
        ("STATUS", "TAG NO no such mailbox\r\n", Unavailable, "STATUS INBOX was refused"),
        ("STATUS", "TAG NO [OVERQUOTA] too much\r\n", RateLimited, "STATUS INBOX"),
        (
            "STATUS",
            "* STATUS INBOX (UIDNEXT 1 MESSAGES 0)\r\nTAG OK done\r\n",
            ContractViolation,
            "without b'UIDVALIDITY'",
        ),
    ],
)
def test_each_answer_of_a_server_is_an_error_of_the_contract(
    scripted: Any, tmp_path: Path, word: str, reply: str, kind: type[Exception], message: str
) -> None:
    with scripted(instead(word, reply)) as server:
        connector = connect(server.port, tmp_path)
        with pytest.raises(kind) as caught:
            connector.check()
        connector.close()
    assert type(caught.value) is kind
    assert message in str(caught.value)
    assert PASSWORD not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize("greeting", ["* BYE too busy", "HTTP/1.1 400 Bad Request", "* OK [CAPA"])
def test_who_does_not_greet_as_an_imap_server_is_none(scripted: Any, tmp_path: Path, greeting: str) -> None:
    with scripted(lambda _tag, _line: "", greeting) as server, pytest.raises((Unavailable, ContractViolation)):
        connect(server.port, tmp_path).check()


def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        connect(free_port(), tmp_path).check()


def test_a_server_without_tls_where_tls_is_wanted_is_not_sent_a_password(scripted: Any, tmp_path: Path) -> None:
    for security in ("tls", "starttls"):
        with scripted(ok()) as server:
            with pytest.raises((Unavailable, ConfigError, ContractViolation)):
                connect(server.port, tmp_path, security=security).check()
            assert not any("LOGIN" in line for line in server.lines)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_is_verified_before_the_password_is_sent(
    scripted: Any, tmp_path: Path, certificate: Path, tls: Any, security: str
) -> None:
    hello = "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready"
    usual = ok("IMAP4rev1 STARTTLS")
    with scripted(usual, hello, **{security: tls(certificate)}) as server:
        with pytest.raises(ConfigError, match="is not trusted") as caught:
            connect(server.port, tmp_path, security=security).check()
        assert "ca_file" in caught.value.hint
        assert not any("LOGIN" in line for line in server.lines)
    with scripted(usual, hello, **{security: tls(certificate)}) as server:
        connector = connect(server.port, tmp_path, security=security, ca_file=certificate)
        assert "INBOX (0 messages)" in connector.check().name
        connector.close()
        assert any("LOGIN" in line for line in server.lines)


def test_one_unreadable_message_stops_no_other(scripted: Any, tmp_path: Path) -> None:
    usual = ok()

    def answer(tag: str, line: str) -> str:
        upper = line.upper()
        if upper.startswith("STATUS"):
            return f"* STATUS INBOX (UIDVALIDITY 7 UIDNEXT 4 MESSAGES 3)\r\n{tag} OK done\r\n"
        if upper.startswith("UID SEARCH"):
            return f"* SEARCH 1 2 3\r\n{tag} OK done\r\n"
        if upper.startswith("UID FETCH"):
            uids = [int(uid) for uid in line.split()[2].split(",")]
            if 2 in uids:
                return f"* 2 FETCH (UID 2 BODY[HEADER (((\r\n{tag} OK done\r\n"
            rows = []
            for uid in uids:
                head = f"From: bo@x.example\r\nSubject: m{uid}\r\nMessage-ID: <{uid}@x>\r\n\r\n"
                when = 'INTERNALDATE "02-Mar-2026 08:15:00 +0000"'
                size = f"RFC822.SIZE 50 {when} BODY[HEADER.FIELDS (X)] {{{len(head)}}}\r\n{head}"
                text = "BODY[TEXT]<0> {5}\r\nHello"
                rows.append(f"* {uid} FETCH (UID {uid} {text if 'TEXT' in upper else size})\r\n")
            return f"{''.join(rows)}{tag} OK done\r\n"
        return usual(tag, line)

    with scripted(answer) as server:
        connector = connect(server.port, tmp_path)
        records = {record.id: record for page in connector.changes("messages", None) for record in page.records}
        connector.close()
    broken = records.pop("unreadable:INBOX/7/2")
    assert broken.error is not None
    assert "cannot show message 2 of INBOX" in str(broken.error)
    assert sorted(record.data["subject"] for record in records.values()) == ["m1", "m3"]


# tokens


def test_a_token_is_sent_as_xoauth2_wants_it_and_never_logged(
    scripted: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    usual, asked, tags = ok(), list[str](), list[str]()

    def answer(tag: str, line: str) -> str:
        if line.startswith("AUTHENTICATE"):
            tags.append(tag)
            return "+ \r\n"
        if not line:  # what answers the "+" has no tag
            asked.append(tag)
            return f"{tags[-1]} OK signed in\r\n"
        return usual(tag, line)

    with scripted(answer) as server:
        connector = connect(server.port, tmp_path, auth="xoauth2", access_token="tok")
        connector.check()
        connector.close()
    # the vector of the provider's documentation
    assert asked == ["dXNlcj11QHgub3JnAWF1dGg9QmVhcmVyIHRvawEB"]
    assert base64.b64encode(b"tok").decode() not in caplog.text
    assert "dXNlcj11QHgub3Jn" not in caplog.text


def test_a_refused_token_is_an_auth_error_that_names_the_login(scripted: Any, tmp_path: Path) -> None:
    answer = instead("AUTHENTICATE", "TAG NO [AUTHENTICATIONFAILED] invalid\r\n")
    with scripted(answer) as server, pytest.raises(AuthError, match="refuses the login") as caught:
        connect(server.port, tmp_path, auth="xoauth2", access_token="tok-17").check()
    assert caught.value.hint == "Run `crmhub connect login box`"
    assert "tok-17" not in f"{caught.value!r} {caught.value}"


@responses.activate
def test_an_access_token_is_renewed_in_time_and_kept(tmp_path: Path) -> None:
    responses.post("https://login.example/token", json={"access_token": "fresh", "expires_in": 3600})
    connector = connect(
        1,
        tmp_path,
        auth="xoauth2",
        client_id="id",
        client_secret="secret",
        token_url="https://login.example/token",
        refresh_token="refresh",
    )
    from crmhub_mail.login import token_of

    assert token_of(connector.config, connector.context) == "fresh"
    assert token_of(connector.config, connector.context) == "fresh"
    assert len(responses.calls) == 1
    assert isinstance(connector.context.tokens, MemoryTokens)
    connector.context.tokens.save(Token("old", "refresh", NOW.timestamp() + 10))
    assert token_of(connector.config, connector.context) == "fresh"
    assert len(responses.calls) == 2
    assert connector.auth is not None
    assert connect(1, tmp_path).auth is None


# settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"security": "plain", "host": "mail.example"}, "unprotected"),
        ({"password": None}, "password is missing"),
        ({"auth": "xoauth2", "access_token": None}, "xoauth2 needs access_token"),
        ({"user": "ann"}, "addresses is missing"),
        ({"addresses": ["firm.example"]}, "neither an address nor a domain"),
        ({"port": 70000}, "less than or equal"),
        ({"text": -1}, "greater than or equal"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_reason(settings: dict[str, Any], message: str) -> None:
    good = {"host": "127.0.0.1", "user": "ann@firm.example", "password": "x"}
    with pytest.raises(ValidationError, match=message):
        Imap.Config(**{**good, **settings})


def test_plain_is_for_this_machine_or_for_who_says_so() -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        Imap.Config(host=host, user="a@b.example", password="x", security="plain")
    Imap.Config(host="mail.example", user="a@b.example", password="x", security="plain", insecure=True)


def test_the_port_follows_from_the_security_and_our_address_from_the_user() -> None:
    login = {"host": "mail.example", "user": "Ann@Firm.example", "password": "x"}
    assert Imap.Config(**login).effective_port == 993
    assert Imap.Config(**login, security="starttls").effective_port == 143
    assert Imap.Config(**login, port=1143).effective_port == 1143
    assert Imap.Config(**login).own == ("ann@firm.example",)
    assert Imap.Config(**login, addresses=["*@FIRM.example", "b@c.example"]).own == ("@firm.example", "b@c.example")
