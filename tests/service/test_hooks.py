"""Webhooks through a real serving process: what is accepted, what is not, and what a hint comes to."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.web.dressing import HEADERS
from tests.e2e.hub_folder import CONFIG, HubFolder
from tests.e2e.test_serve import SERVE, Served, ask, runs, serving_quickly, wait_for

HOOK = "the-secret-of-the-webhook"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubFolder:
    monkeypatch.setenv("HOOK_SECRET", HOOK)
    made = HubFolder(tmp_path)
    configure(made)
    assert made.first_sync().code == 0
    return made


def configure(folder: HubFolder, schedule: str = "every 6h", more: str = "") -> None:
    text = CONFIG.replace('file = "office.json"', 'file = "office.json"\nhook_secret = { env = "HOOK_SECRET" }')
    text = text.replace(
        'systems = ["office", "shop"]', f'systems = ["office", "shop"]\nschedule = "{schedule}"\n{more}'
    )
    folder.configure(text + SERVE + 'gather = "1s"\nrest = "3s"\n')


@dataclass(frozen=True, slots=True)
class Sender:
    """The system that sends webhooks."""

    url: str

    def body(self, *ids: str, event: str = "", at: float | None = None, resource: str = "contacts") -> bytes:
        moment = time.time() if at is None else at
        return json.dumps({"event": event, "at": moment, "resource": resource, "ids": list(ids)}).encode()

    def post(self, body: bytes, *, signature: str | None = None, connection: str = "office") -> requests.Response:
        made = hmac.new(HOOK.encode(), body, hashlib.sha256).hexdigest() if signature is None else signature
        return requests.post(f"{self.url}/hooks/{connection}", body, headers={"X-Signature": made}, timeout=20)


@contextmanager
def sending(folder: HubFolder, name: str = "serve") -> Iterator[tuple[Served, Sender]]:
    """A service past its first run, and a sender."""
    with serving_quickly(folder, name) as served:
        url = served.wait("listening")["url"]
        served.wait("run_ended")
        yield served, Sender(url)


def inbox(folder: HubFolder) -> list[Any]:
    return ask(folder, "SELECT system, resource, remote_id FROM inbox ORDER BY 1, 2, 3")


def fetched(folder: HubFolder, system: str = "office") -> list[str]:
    path = folder.path / f"{system}.fetched"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def test_a_hint_makes_the_named_record_be_read_again_at_once(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        folder.edit("office", "1", name="Anna Berger")
        answer = sender.post(sender.body("1"))
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        served.wait("run_ended", 2)
        assert folder.get("shop")["a"]["name"] == "Anna Berger"
        assert fetched(folder) == ["1"]
        assert inbox(folder) == []
        next_, last = ask(folder, "SELECT next, (SELECT max(started) FROM run) FROM timetable")[0]
        assert next_ - last > 5 * 3600, "the schedule is what it was"


def test_a_storm_of_hints_costs_one_run(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        started = time.monotonic()
        for number in range(300):
            assert sender.post(sender.body(str(number % 7), event=f"e-{number}")).status_code == 200
        seconds = time.monotonic() - started
        wait_for(lambda: inbox(folder) == [])
        assert len(served.events("hook_received")) == 300
        causes = len(served.events("run_started")) - 1
        assert 1 <= causes <= 1 + (seconds + 4) // 3, "one, and one more for each rest while they go on"
        wait_for(lambda: set(fetched(folder)) == {str(number) for number in range(7)})


@pytest.mark.parametrize(
    ("what", "make"),
    [
        ("another signature", lambda s: s.post(s.body("1"), signature="0" * 64)),
        ("no signature", lambda s: requests.post(f"{s.url}/hooks/office", s.body("1"), timeout=20)),
        ("a connection without webhooks", lambda s: s.post(s.body("1"), connection="shop")),
        ("a connection that does not exist", lambda s: s.post(s.body("1"), connection="nobody")),
        ("signed an hour ago", lambda s: s.post(s.body("1", at=time.time() - 3600))),
        ("signed in the future", lambda s: s.post(s.body("1", at=time.time() + 3600))),
        ("signed but no webhook", lambda s: s.post(b"[]")),
        ("signed but no JSON", lambda s: s.post(b"\xff\xfe")),
        ("another body than the signed one", lambda s: s.post(s.body("1"), signature=_of(s.body("2")))),
    ],
)
def test_what_is_not_verified_is_refused_alike_and_leaves_nothing(
    folder: HubFolder, shared: tuple[Served, Sender], what: str, make: Callable[[Sender], requests.Response]
) -> None:
    answer = make(shared[1])
    assert (answer.status_code, answer.content) == (401, b'{"error":"not accepted"}'), what
    usual = {"content-length", "content-type", "date", *(name.lower() for name in HEADERS)}
    assert usual == {name.lower() for name in answer.headers}


def _of(body: bytes) -> str:
    return hmac.new(HOOK.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Sender]]:
    """One service for all that leaves nothing behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK_SECRET", HOOK)
        made = HubFolder(tmp_path_factory.mktemp("shared"))
        configure(made)
        assert made.first_sync().code == 0
        with sending(made) as pair:
            yield pair
            assert inbox(made) == []
            assert ask(made, "SELECT count(*) FROM delivery") == [(0,)]
            assert len(pair[0].events("run_started")) == 1
            log = (made.path / "serve.log").read_text()
            assert HOOK not in log


def test_a_repeated_delivery_counts_once(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        body = sender.body("1", event="e-1")
        assert sender.post(body).status_code == 200
        served.wait("run_ended", 2)
        assert sender.post(body).status_code == 200, "its sender need not know"
        again = sender.body("1", event="e-1", at=time.time() - 60)
        assert sender.post(again).status_code == 200, "another attempt at the same event, signed anew"
        assert inbox(folder) == []
        assert fetched(folder) == ["1"]


def test_hints_out_of_order_and_a_day_late_show_the_record_as_it_is_now(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        folder.edit("office", "1", name="Anna First")
        first = sender.body("1", event="e-1")
        folder.edit("office", "1", name="Anna Second")
        second = sender.body("1", event="e-2", at=time.time() + 1)
        assert [sender.post(item).status_code for item in (second, first)] == [200, 200]
        served.wait("run_ended", 2)
        assert folder.get("shop")["a"]["name"] == "Anna Second"
        with closing(sqlite3.connect(folder.path / "crmhub-data" / "hub.db", timeout=30)) as connection:
            connection.execute("INSERT INTO inbox VALUES ('office', 'contacts', '2', ?, ?)", [time.time() - 86400] * 2)
            connection.commit()
        assert sender.post(sender.body("1", event="e-3")).status_code == 200
        assert served.stop() == 0
    with serving_quickly(folder, "again") as served:
        served.wait("run_ended")
        assert folder.get("shop")["a"]["name"] == "Anna Second"
        assert inbox(folder) == []


def test_a_deleted_record_is_seen_by_its_hint(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        content = folder.get("office")
        del content["2"]
        folder.put("office", content)
        sender.post(sender.body("2"))
        served.wait("run_ended", 2)
        state = ask(folder, "SELECT state FROM link WHERE system = 'office' AND remote_id = '2'")
        assert state != [("active",)]


def test_hints_of_records_that_never_were_change_nothing(folder: HubFolder) -> None:
    before = folder.get("shop")
    with sending(folder) as (served, sender):
        ids = ["9" * 50, "'; DROP TABLE link", "\u0000", "\U0001f600", "\ud800", "x" * 600, "", 7, None, {"id": 1}]
        assert sender.post(sender.body(*ids)).status_code == 200  # type: ignore[arg-type]  # what a system might send
        assert len(inbox(folder)) == 4
        ended = served.wait("run_ended", 2)
        assert ended["state"] == "success"
    assert folder.get("shop") == before
    assert inbox(folder) == []


def test_a_hint_without_ids_makes_the_ordinary_poll_due(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        folder.edit("office", "1", name="Anna Berger")
        assert sender.post(sender.body()).status_code == 200
        served.wait("run_ended", 2)
        assert folder.get("shop")["a"]["name"] == "Anna Berger"
        assert fetched(folder) == []


def test_hints_of_what_is_not_synced_are_taken_and_forgotten(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        assert sender.post(sender.body("1", resource="invoices")).status_code == 200
        assert inbox(folder) == []
        assert len(served.events("run_started")) == 1


def test_a_hint_that_was_kept_is_read_after_a_kill(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        folder.edit("office", "1", name="Anna Berger")
        assert sender.post(sender.body("1")).status_code == 200
        served.process.kill()
        served.process.wait()
        assert inbox(folder) == [("office", "contacts", "1")]
    with serving_quickly(folder, "again") as served:
        served.wait("run_ended")
        assert folder.get("shop")["a"]["name"] == "Anna Berger"
        assert inbox(folder) == []


def test_hints_of_a_system_that_is_down_wait_for_it(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        folder.fault("office", "down")
        folder.edit("office", "1", name="Anna Berger")
        sender.post(sender.body("1"))
        ended = served.wait("run_ended", 2)
        assert ended["paused"] == "office:unavailable"
        assert inbox(folder) == [("office", "contacts", "1")], "not lost, and not tried in a loop"
        folder.fault("office", "")
        folder.run("resume", "connection", "office")
        served.wait("run_ended", 3)
        assert folder.get("shop")["a"]["name"] == "Anna Berger"
        assert inbox(folder) == []


def test_a_sender_is_asked_to_repeat_while_the_store_cannot_take_a_hint(folder: HubFolder) -> None:
    with sending(folder) as (_served, sender):
        with closing(sqlite3.connect(folder.path / "crmhub-data" / "hub.db", timeout=30)) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")
            answer = sender.post(sender.body("1", event="e-1"))
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            other.execute("ROLLBACK")
        assert sender.post(sender.body("1", event="e-1")).status_code == 200, "the repetition is not taken for a copy"


def test_too_much_is_not_read_and_too_many_bad_ones_are_not_looked_at(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        assert sender.post(b"x" * (1024 * 1024 + 1)).status_code == 413
        answers = [sender.post(b"{}", signature="bad").status_code for _ in range(70)]
        assert answers[0] == 401
        assert answers[-1] == 429
        assert answers.index(429) >= 55
        refusals = served.events("hook_refused")
        assert 1 <= len(refusals) <= 2, "the log is not flooded"


def test_a_paused_connection_keeps_its_hints(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        assert folder.run("pause", "connection", "office").code == 0
        folder.edit("office", "1", name="Anna Berger")
        assert sender.post(sender.body("1")).status_code == 200
        assert inbox(folder) == [("office", "contacts", "1")]
        assert folder.run("resume", "connection", "office").code == 0
        wait_for(lambda: folder.get("shop")["a"]["name"] == "Anna Berger")
        assert runs(folder) >= 2
        served.stop()


def test_two_changes_that_look_the_same_are_both_read_where_the_system_gives_no_id(folder: HubFolder) -> None:
    with sending(folder) as (served, sender):
        body = sender.body("1")
        for number in (2, 3):
            folder.edit("office", "1", name=f"Anna {number}")
            assert sender.post(body).status_code == 200
            served.wait("run_ended", number)
            assert folder.get("shop")["a"]["name"] == f"Anna {number}"
