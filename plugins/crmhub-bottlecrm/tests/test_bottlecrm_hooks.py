"""Webhooks, signed by BottleCRM's own code."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from crmhub_bottlecrm.connector import BottleConfig, BottleConnector
from crmhub_bottlecrm.hooks import hints
from hub import plugin
from hub.testing.bottlecrm_server import run_inside
from hub.testing.servers import RunningServer

SECRET = "whsec_0123456789"
BODY = json.dumps({"event": "contact.updated", "data": {"id": "c-1", "email": "x@x.example"}}).encode()
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)

_SIGN = """
import django
django.setup()
from webhooks.tasks import sign
print(sign({secret!r}, {time}, {body!r}))
"""


def signed(body: bytes = BODY, *, seconds: int | None = None, secret: str = SECRET) -> dict[str, str]:
    when = int(NOW.timestamp()) if seconds is None else seconds
    digest = hmac.new(secret.encode(), f"{when}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-BottleCRM-Signature": f"t={when},v1={digest}"}


def test_what_bottlecrm_itself_signs_is_accepted(server: RunningServer, tmp_path: Any) -> None:
    time = int(NOW.timestamp())
    signature = run_inside(server, _SIGN.format(secret=SECRET, time=time, body=BODY)).splitlines()[-1]
    config = BottleConfig(url=server.url, token=SecretStr("x"), webhook_secret=SecretStr(SECRET))
    connector = BottleConnector(config, plugin.Context("crm", lambda: None, tmp_path, clock=lambda: NOW))  # type: ignore[arg-type,return-value]  # no network
    found = connector.parse_webhook({"x-bottlecrm-signature": signature}, BODY)
    assert [(hint.resource, hint.ids) for hint in found] == [("contacts", ["c-1"])]
    assert found[0].event == signature.rpartition("=")[2]


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ("contact.created", [("contacts", ["c-1"])]),
        ("contact.deleted", [("contacts", ["c-1"])]),
        ("account.updated", [("accounts", ["c-1"])]),
        ("deal.won", []),
        ("ping", []),
    ],
)
def test_an_event_names_the_record_to_read_again(event: str, found: list[tuple[str, list[str]]]) -> None:
    body = json.dumps({"event": event, "data": {"id": "c-1"}}).encode()
    made = hints(signed(body), body, SECRET, now=NOW, where="crm")
    assert [(hint.resource, hint.ids) for hint in made] == found


@pytest.mark.parametrize(
    ("headers", "body", "secret", "says"),
    [
        ({}, BODY, SECRET, "not signed"),
        ({"X-BottleCRM-Signature": "t=1,v1=ab"}, BODY, SECRET, "not signed"),
        (signed(secret="other"), BODY, SECRET, "not signed with our secret"),
        (signed(), BODY + b" ", SECRET, "not signed with our secret"),
        (signed(seconds=int(NOW.timestamp()) - 301), BODY, SECRET, "too long ago"),
        (signed(seconds=int(NOW.timestamp()) + 301), BODY, SECRET, "too long ago"),
        (signed(), BODY, None, "without a secret"),
    ],
    ids=["no signature", "half a signature", "another secret", "another body", "sent again", "the future", "no secret"],
)
def test_a_webhook_of_somebody_else_is_refused(
    headers: dict[str, str], body: bytes, secret: str | None, says: str
) -> None:
    with pytest.raises(plugin.AuthError, match=says):
        hints(headers, body, secret, now=NOW, where="crm")


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b"{}", b'{"event": "contact.created", "data": {}}'])
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(plugin.Rejected, match="no webhook of BottleCRM"):
        hints(signed(body), body, SECRET, now=NOW, where="crm")
