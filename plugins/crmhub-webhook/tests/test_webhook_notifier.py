"""The notifier against a server that verifies as the README says."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from crmhub_webhook.notifier import Webhook, WebhookConfig
from hub import plugin

SECRET = "a-secret-of-the-pager"
NOTICE = plugin.Notice("shop: failing", "3 failures, «ü»\n\ncrmhub connect test shop", "error", "failing/shop/1/raised")
NOW = datetime(2026, 12, 1, tzinfo=UTC)


class Pager:
    """A receiver; ``status``: how it answers."""

    def __init__(self) -> None:
        self.status, self.seen = 200, list[tuple[dict[str, str], bytes]]()
        pager = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                pager.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(pager.status)
                self.send_header("Location", "http://127.0.0.1:9/else")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/crmhub"


@pytest.fixture
def pager() -> Iterator[Pager]:
    found = Pager()
    thread = Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.fixture
def notifier(pager: Pager, tmp_path: Path) -> Iterator[Webhook]:
    http = plugin.Http("pager", hosts=["127.0.0.1"], sleep=lambda _: None)
    config = WebhookConfig(url=pager.url, secret=SecretStr(SECRET))
    yield Webhook(config, plugin.Context("pager", lambda: http, tmp_path, clock=lambda: NOW))
    http.close()


def test_a_notice_arrives_signed_over_its_raw_body_and_the_time(notifier: Webhook, pager: Pager) -> None:
    assert notifier.send(NOTICE) == {"server": "127.0.0.1", "status": "200"}
    ((headers, body),) = pager.seen
    stamp, _, given = headers["x-crmhub-signature"].partition(",v1=")
    seconds = stamp.removeprefix("t=")
    wanted = hmac.new(SECRET.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(wanted, given)
    assert int(seconds) == NOW.timestamp()
    assert json.loads(body) == {
        "type": "notice",
        "key": NOTICE.key,
        "severity": "error",
        "subject": NOTICE.subject,
        "text": NOTICE.text,
        "at": "2026-12-01T00:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, plugin.ConfigError),
        (400, plugin.Rejected),
        (401, plugin.AuthError),
        (403, plugin.AuthError),
        (410, plugin.Rejected),
        (429, plugin.RateLimited),
        (500, plugin.OutcomeUnknown),
        (503, plugin.Unavailable),
    ],
)
def test_what_is_answered_says_whether_it_is_sent_again(
    notifier: Webhook, pager: Pager, status: int, error: type[Exception]
) -> None:
    pager.status = status
    with pytest.raises(error) as caught:
        notifier.send(NOTICE)
    assert len(pager.seen) == 1, "sent once; the service decides about more"
    assert SECRET not in str(caught.value)


def test_nobody_there_is_for_later(tmp_path: Path) -> None:
    http = plugin.Http("pager", hosts=["127.0.0.1"], sleep=lambda _: None)
    config = WebhookConfig(url="http://127.0.0.1:9/x", secret=SecretStr(SECRET))
    with pytest.raises(plugin.Unavailable):
        Webhook(config, plugin.Context("pager", lambda: http, tmp_path)).send(NOTICE)
    http.close()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"url": "http://pager.example/x"}, "https"),
        ({"url": "ftp://pager.example/x"}, "must be an address"),
        ({"url": "https://me:pass@pager.example/x"}, "must not hold"),
        ({"secret": SecretStr("short")}, "too short"),
        ({"retries": 3}, "retries"),
    ],
)
def test_settings_are_strict(wrong: dict[str, Any], words: str) -> None:
    given = {"url": "https://pager.example/x", "secret": SecretStr(SECRET), **wrong}
    with pytest.raises(ValidationError, match=words):
        WebhookConfig(**given)
    assert WebhookConfig(url="http://pager.example/x", secret=SecretStr(SECRET), insecure=True).insecure
