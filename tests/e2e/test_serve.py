"""crmhub serve as its operator meets it: real processes, real signals, a real mail server."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.testing.mail_servers import running_smtp
from tests.e2e.hub_folder import CONFIG, SECRET, HubFolder

MAIL = """
[notifiers.office]
plugin = "smtp"
host = "127.0.0.1"
port = {port}
security = "plain"
sender = "hub@firm.example"
to = ["ann@firm.example"]
"""

SERVE = """
[serve]
listen = "127.0.0.1:0"
"""


def scheduled(folder: HubFolder, schedule: str = "every 1s", more: str = "", tail: str = "") -> None:
    text = CONFIG.replace(
        'systems = ["office", "shop"]', f'systems = ["office", "shop"]\nschedule = "{schedule}"\n{more}'
    )
    folder.configure(text + SERVE + tail)


def wait_for(what: Callable[[], Any], seconds: float = 40.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
    return found


def ask(folder: HubFolder, statement: str) -> list[Any]:
    with closing(sqlite3.connect(folder.path / "crmhub-data" / "hub.db", timeout=30)) as connection:
        return connection.execute(statement).fetchall()


def runs(folder: HubFolder, state: str = "success") -> int:
    return int(ask(folder, f"SELECT count(*) FROM run WHERE kind = 'sync' AND state = '{state}'")[0][0])


class Served:
    """A serving process, with its log as events."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process, self.log = process, log

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]
        return [line for line in lines if line.get("event") == name]

    def wait(self, name: str, number: int = 1) -> dict[str, Any]:
        found: list[dict[str, Any]] = wait_for(lambda: events if len(events := self.events(name)) >= number else None)
        return found[number - 1]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


PROGRAM = "from hub.cli.main import main; main()"
QUICK = f"from hub.service import process; process.CARE, process.GLANCE = 0.5, 0.25; {PROGRAM}"
"""The same, which looks more often whether there is something to do: what it does then does not depend on that."""


@contextmanager
def serving(folder: HubFolder, name: str = "serve", program: str = PROGRAM) -> Iterator[Served]:
    log = folder.path / f"{name}.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", "--json"],
            cwd=folder.path,
            env={**os.environ, "PROBE_TOKEN": SECRET},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
            text=True,
        )
        try:
            yield Served(process, log)
        finally:
            process.kill()
            process.wait()


def serving_quickly(folder: HubFolder, name: str = "serve") -> AbstractContextManager[Served]:
    return serving(folder, name, QUICK)


# once


def test_once_runs_what_is_due_and_ends(synced: HubFolder) -> None:
    scheduled(synced, "every 1h")
    synced.edit("office", "1", name="Anna Berger")
    first = synced.run("serve", "--once", "--json")
    assert first.code == 0, first
    assert first.summary["counts"] == {"runs": 1}
    assert synced.get("shop")["a"]["name"] == "Anna Berger"
    second = synced.run("serve", "--once", "--json")
    assert second.summary["counts"] == {"runs": 0}, "the next time is in an hour"


def test_once_ends_with_the_code_of_its_runs(synced: HubFolder) -> None:
    scheduled(synced)
    synced.fault("shop", "down")
    assert synced.run("serve", "--once").code == 7
    assert ask(synced, "SELECT state, failures FROM circuit WHERE connection = 'shop'") == [("waiting", 1)]
    synced.fault("shop", "auth")
    synced.run("resume", "connection", "shop")
    assert synced.run("serve", "--once").code == 6


def test_manual_syncs_are_left_to_people(synced: HubFolder) -> None:
    assert synced.run("serve", "--once", "--json").summary["counts"] == {"runs": 0}


# serving


def test_a_stop_in_the_middle_of_a_run_leaves_nothing_in_flight_and_the_next_process_makes_it_good(
    synced: HubFolder,
) -> None:
    scheduled(synced, "every 1h")
    synced.put("office", {**synced.get("office"), **{f"x{n}": {"name": f"P{n}"} for n in range(40)}})
    synced.fault("office", "slow")
    with serving(synced) as served:
        served.wait("run_started")
        wait_for(lambda: runs(synced, "running"))
        assert served.stop() == 0
        assert served.events("stopped")
        assert not served.events("run_ended")
    assert runs(synced, "interrupted") == 1
    assert ask(synced, "SELECT op_id FROM op WHERE state IN ('planned', 'in_flight', 'ambiguous')") == []
    synced.fault("office", "")
    with serving(synced, "again") as served:
        served.wait("interrupted_run_found")
        served.wait("run_ended")
        assert served.stop() == 0
    assert len(synced.names("shop")) == 43


def test_a_second_signal_ends_the_process_at_once_and_safely(synced: HubFolder) -> None:
    scheduled(synced, "every 1h")
    synced.put("office", {**synced.get("office"), **{f"x{n}": {"name": f"P{n}"} for n in range(40)}})
    synced.fault("office", "hanging")
    with serving(synced) as served:
        wait_for(lambda: (synced.path / "office.hangs").exists())
        served.process.send_signal(signal.SIGINT)
        served.wait("stopping")
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(20) == 130
    synced.fault("office", "")
    assert synced.run("serve", "--once").code == 0
    assert len(synced.names("shop")) == 43


def test_a_second_process_waits_and_takes_over_at_once_when_the_first_is_killed(synced: HubFolder) -> None:
    scheduled(synced)
    with serving(synced) as first:
        first.wait("run_ended")
        with serving(synced, "second") as second:
            assert second.wait("standing_by")["holder"] == f"crmhub serve (process {first.process.pid})"
            assert not second.events("run_started")
            first.process.kill()
            killed = time.monotonic()
            second.wait("run_ended")
            assert time.monotonic() - killed < 20, "long before a heartbeat would be missed"
            assert second.events("serving")[0]["generation"] == 2
            assert second.stop() == 0


def test_a_process_that_ends_hands_over(synced: HubFolder) -> None:
    scheduled(synced)
    with serving(synced) as first, serving(synced, "second") as second:
        wait_for(lambda: first.events("serving") or second.events("serving"))
        active, other = (first, second) if first.events("serving") else (second, first)
        other.wait("standing_by")
        assert active.stop() == 0
        other.wait("run_ended")
        assert synced.process("serve", "--once").code == 11
        assert other.stop() == 0


def test_a_changed_configuration_is_used_and_a_broken_one_is_reported_while_the_old_one_stays(
    synced: HubFolder,
) -> None:
    scheduled(synced, "every 1h")
    with serving(synced) as served:
        served.wait("run_ended")
        synced.configure((synced.path / "config.toml").read_text() + "\n[connections.office]\n")
        served.wait("configuration_refused")
        shown = synced.run("status", "--json")
        assert "config" in [item["code"] for item in shown.summary["problems"]]
        scheduled(synced, "every 1s")
        served.wait("configuration_loaded")
        served.wait("run_ended", 3)
        served.wait("alarm_cleared")
        scheduled(synced, "manual")
        served.process.send_signal(signal.SIGHUP)
        served.wait("configuration_loaded", 2)
        assert served.stop() == 0
    kinds = [item["kind"] for item in served.events("alarm_raised")]
    assert kinds == ["configuration"]


def test_a_command_of_a_person_waits_for_the_run_of_the_service(synced: HubFolder) -> None:
    scheduled(synced, "every 1h")
    synced.put("office", {**synced.get("office"), **{f"x{n}": {"name": f"P{n}"} for n in range(15)}})
    synced.fault("office", "held")
    with serving(synced) as served:
        served.wait("run_started")
        wait_for(lambda: runs(synced, "running"))
        with synced.start("sync", "customers") as person:
            assert person.stderr is not None
            said = next((line for line in person.stderr if "waiting" in line), "")
            synced.fault("office", "")  # only now, however long the command took to start
            _, wrong = person.communicate(timeout=60)
        assert person.returncode == 0, wrong
        assert f"crmhub serve (process {served.process.pid}) is syncing; waiting until it has finished" in said
        assert served.stop() == 0


def test_a_paused_sync_is_not_started_and_a_paused_connection_does_not_stop_the_others(synced: HubFolder) -> None:
    scheduled(synced)
    assert synced.run("pause", "sync", "customers", "--reason", "moving").code == 0
    assert synced.run("serve", "--once", "--json").summary["counts"] == {"runs": 0}
    shown = synced.run("status")
    assert "customers: paused: moving" in shown.out
    assert "crmhub resume sync customers" in shown.out
    synced.run("resume", "sync", "customers")

    synced.run("pause", "connection", "shop")
    synced.fault("shop", "auth")  # nobody may even sign in
    synced.edit("office", "1", name="Anna Berger")
    answer = synced.run("sync", "customers")
    assert answer.code == 0, answer
    assert synced.get("shop")["a"]["name"] == "Anna Berg"
    synced.fault("shop", "")
    assert synced.run("resume", "connection", "shop").code == 0
    assert synced.run("sync", "customers").code == 0
    assert synced.get("shop")["a"]["name"] == "Anna Berger"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sync", "custmers"), "Did you mean 'customers'"),
        (("connection", "nobody"), "There are: office, shop"),
        (("plugin", "probe"), "cannot be paused"),
    ],
)
def test_what_cannot_be_paused_is_said(synced: HubFolder, words: tuple[str, str], said: str) -> None:
    for command in ("pause", "resume"):
        answer = synced.run(command, *words)
        assert answer.code == 2
        assert said in answer.err


# logins, alarms, status


def test_a_refused_login_is_told_once_and_not_tried_again_until_somebody_acts(synced: HubFolder) -> None:
    with running_smtp() as box:
        scheduled(synced, "every 1s", 'fresh = "1h"', MAIL.format(port=box.port))
        synced.fault("shop", "auth")
        with serving(synced) as served:
            served.wait("run_ended", 4)
            wait_for(lambda: box.messages)
            assert [item.get("held", "") for item in served.events("run_started")[:4]] == ["", "shop", "shop", "shop"]
            shown = synced.run("status", "--json")
            assert shown.code == 6
            state = shown.summary["result"]["syncs"]["customers"]
            assert state["waiting"] == {"shop": "needs login; crmhub connect test shop"}
            assert shown.summary["result"]["service"]["running"]
            assert [item["kind"] for item in shown.summary["result"]["alarms"]] == ["needs_login"]
            assert synced.run("connect", "test", "shop").code == 6, "an attempt of a person is made, and fails"
            synced.fault("shop", "")
            assert "its syncs go on with it" in synced.run("connect", "test", "shop").out
            wait_for(lambda: len(box.messages) == 2)
            served.wait("run_ended", len(served.events("run_ended")) + 2)
            assert served.stop() == 0
        subjects = [line for mail in box.messages for line in mail.splitlines() if line.startswith(b"Subject")]
    assert subjects == [
        b"Subject: [CRM Hub] error: shop: needs login",
        b"Subject: [CRM Hub] recovered: shop: needs login",
    ]
    everything = b"".join(box.messages) + (synced.path / "serve.log").read_bytes()
    assert SECRET.encode() not in everything
    assert b"anna@x.example" not in everything


def test_a_notice_that_cannot_be_sent_is_kept_and_shown(synced: HubFolder) -> None:
    with running_smtp() as box:
        scheduled(synced, "every 1s", "", MAIL.format(port=box.port))
        box.refuse["ann@firm.example"] = "450 4.2.0 later"
        synced.fault("shop", "auth")
        synced.run("serve", "--once")
        shown = synced.run("status")
        assert "the notice 'shop: needs login' could not be sent" in shown.out
        assert ask(synced, "SELECT state, attempts FROM outbox") == [("pending", 1)]
        box.refuse.clear()
        with closing(sqlite3.connect(synced.path / "crmhub-data" / "hub.db")) as connection:
            connection.execute("UPDATE outbox SET due = 0")
            connection.commit()
        synced.run("serve", "--once")
        assert len(box.messages) == 1
        assert ask(synced, "SELECT state, attempts FROM outbox") == [("sent", 2)]


def test_status_shows_the_next_run_the_lag_and_that_nobody_serves(synced: HubFolder) -> None:
    scheduled(synced, "every 1h", 'fresh = "2h"')
    synced.run("serve", "--once")
    shown = synced.run("status")
    assert "next run in" in shown.out
    assert "(every 1h), but crmhub serve is not running" in shown.out
    assert "(at most 2 h)" in shown.out
    assert "crmhub serve is not running, so nothing starts by itself" in shown.out
    state = synced.run("status", "--json").summary["result"]["syncs"]["customers"]
    assert state["schedule"] == "every 1h"
    assert 0 <= state["lag"] < 60
    assert 3500 < state["next_run"] - time.time() < 3601


def test_old_data_is_an_alarm_that_ends_with_the_next_complete_run(synced: HubFolder) -> None:
    scheduled(synced, "every 1h", 'fresh = "1h"')
    synced.run("serve", "--once")
    with closing(sqlite3.connect(synced.path / "crmhub-data" / "hub.db")) as connection:
        connection.execute("UPDATE meta SET value = '1000.0' WHERE key = 'read:customers'")
        connection.commit()
    synced.run("serve", "--once")
    assert ask(synced, "SELECT kind, subject, state FROM alarm") == [("lag", "customers", "raised")]
    assert "later than 1 h" in synced.run("status").out
    synced.run("sync", "customers")
    synced.run("serve", "--once")
    assert ask(synced, "SELECT state, number FROM alarm") == [("cleared", 1)]


def test_a_fault_of_a_plugin_stops_neither_the_service_nor_the_other_system(synced: HubFolder) -> None:
    scheduled(synced)
    synced.fault("shop", "bug")
    with serving(synced) as served:
        ended = served.wait("run_ended")
        assert ended["paused"] == "shop:plugin_bug"
        served.wait("alarm_raised")
        assert served.stop() == 0


def test_log_lines_are_key_and_value_without_the_option(synced: HubFolder) -> None:
    scheduled(synced, "every 1h")
    answer = synced.process("serve", "--once")
    assert answer.code == 0, answer
    line = next(line for line in answer.err.splitlines() if "event=run_ended" in line)
    (run,) = ask(synced, "SELECT id FROM run ORDER BY started DESC LIMIT 1")[0]
    assert f" sync=customers run={run} state=success " in line
    assert synced.process("serve", "--once", "--quiet").err == ""


def test_it_answers_over_http_while_it_serves(folder: HubFolder) -> None:
    scheduled(folder)
    with serving(folder) as first:
        url = first.wait("listening")["url"]
        health = requests.get(f"{url}/healthz", timeout=10).json()
        assert (health["status"], health["lease"]["held"], list(health["syncs"])) == ("ok", True, ["customers"])
        assert first.stop() == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/healthz", timeout=10)


def test_an_address_that_is_taken_is_an_error_that_says_what_to_do(folder: HubFolder) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        text = CONFIG + f'\n[serve]\nlisten = "127.0.0.1:{other.getsockname()[1]}"\n'
        folder.configure(text)
        answer = folder.run("serve")
    assert answer.code == 1
    assert "cannot be used: Address already in use" in answer.err
    assert 'listen = "off"' in answer.err
