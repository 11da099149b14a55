"""Every kind of alarm through a real serving process, to a receiver of webhooks that verifies: told once, and its end
once."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from crmhub_webhook.notifier import signature
from tests.e2e.hub_folder import SECRET, HubFolder
from tests.e2e.test_serve import scheduled, serving_quickly, wait_for

PAGER = "a-secret-of-the-pager"


class Pager:
    """A receiver; it is down while ``down``."""

    def __init__(self) -> None:
        self.down = False
        self.notices: list[dict[str, Any]] = []
        pager = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                given = self.headers["X-CRMHub-Signature"]
                good = given == signature(PAGER, int(given[2:].partition(",")[0]), body)
                if good and not pager.down:
                    pager.notices.append(json.loads(body))
                self.send_response(503 if pager.down else 200 if good else 403)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.config = (
            f'\n[notifiers.pager]\nplugin = "webhook"\nurl = "http://127.0.0.1:{self.server.server_port}/"\n'
            'secret = { env = "PAGER_SECRET" }\n'
        )

    def wait(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = wait_for(lambda: next((item for item in self.notices if item["key"] == key), None))
        return found


@pytest.fixture
def pager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pager]:
    monkeypatch.setenv("PAGER_SECRET", PAGER)
    found = Pager()
    thread = Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def change(folder: HubFolder, statement: str) -> None:
    with closing(sqlite3.connect(folder.path / "crmhub-data" / "hub.db", timeout=30)) as connection:
        connection.execute(statement)
        connection.commit()


def ask_again(folder: HubFolder) -> None:
    """What systems said about themselves is a day old."""
    change(folder, "UPDATE meta SET value = json_set(value, '$.at', 0) WHERE key LIKE 'discovered:%'")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubFolder:
    monkeypatch.setenv("PROBE_TOKEN", SECRET)
    made = HubFolder(tmp_path)
    (tmp_path / "shop.fields").write_text("name email phone notes our_key")
    assert made.first_sync().code == 0
    return made


def told(pager: Pager) -> list[tuple[str, str]]:
    return [(item["key"], item["severity"]) for item in pager.notices]


def test_a_field_that_is_gone_is_told_until_it_is_back(folder: HubFolder, pager: Pager) -> None:
    scheduled(folder, "every 1s", "", pager.config)
    (folder.path / "shop.fields").write_text("name email phone our_key")
    ask_again(folder)
    with serving_quickly(folder) as served:
        notice = pager.wait("schema/shop/1/raised")
        assert notice["subject"] == "shop: fields have changed"
        assert "contacts.notes is gone" in notice["text"]
        (folder.path / "shop.fields").write_text("name email phone notes our_key")
        ask_again(folder)
        pager.wait("schema/shop/1/cleared")
        assert served.stop() == 0
    counts = Counter(key for key, _ in told(pager) if key.startswith("schema"))
    assert counts == {"schema/shop/1/raised": 1, "schema/shop/1/cleared": 1}


def test_each_state_is_told_once_and_its_end_once(folder: HubFolder, pager: Pager) -> None:
    tail = '\nfirst_wait = "1s"\nlongest_wait = "1s"\n' + pager.config
    scheduled(folder, "every 1s", 'fresh = "3s"', tail)
    with serving_quickly(folder) as served:
        served.wait("run_ended")
        folder.fault("shop", "auth")
        pager.wait("needs_login/shop/1/raised")
        folder.fault("shop", "")
        assert folder.run("resume", "connection", "shop").code == 0
        pager.wait("needs_login/shop/1/cleared")
        folder.fault("shop", "down")
        pager.wait("failing/shop/1/raised")
        pager.wait("lag/customers/1/raised")
        folder.fault("shop", "")
        pager.wait("failing/shop/1/cleared")
        wait_for(lambda: [key for key, _ in told(pager)][-1].startswith(("lag", "failing")))
        assert served.stop() == 0
    counts = Counter(key for key, _ in told(pager))
    assert set(counts.values()) == {1}, counts
    assert all(severity == "info" for key, severity in told(pager) if key.endswith("cleared"))
    text = json.dumps(pager.notices) + (folder.path / "serve.log").read_text()
    for word in (SECRET, PAGER, "anna@x.example", "Anna Berg"):
        assert word not in text


def test_a_receiver_that_is_down_gets_the_notice_once_when_it_is_back(folder: HubFolder, pager: Pager) -> None:
    scheduled(folder, "every 1s", "", pager.config)
    pager.down = True
    folder.fault("shop", "auth")
    with serving_quickly(folder) as served:
        served.wait("notice_pending")
        pager.down = False
        change(folder, "UPDATE outbox SET due = 0")
        pager.wait("needs_login/shop/1/raised")
        served.wait("notice_sent")
        assert served.stop() == 0
    assert told(pager) == [("needs_login/shop/1/raised", "error")]


def test_records_that_are_set_aside_are_named_by_run_and_id_alone(folder: HubFolder) -> None:
    scheduled(folder, "every 1h")
    folder.edit("office", "1", name="Anna Berger")
    folder.fault("shop", "reject")
    with serving_quickly(folder) as served:
        ended = served.wait("run_ended")
        (line,) = served.events("record_quarantined")
        assert (line["run"], line["system"], line["code"]) == (ended["run"], "shop", "rejected")
        assert line["gid"]
        assert "anna" not in (folder.path / "serve.log").read_text().lower()
