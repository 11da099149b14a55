"""The frame of the sandboxes: each switch does what it says, the clock obeys, the control API acts from outside."""

from __future__ import annotations

import gc
import importlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.responses import Response
from typer.testing import CliRunner

from hub.cli.main import make_app
from hub.contract.errors import HubError
from hub.loader import load
from hub.testing.sandbox import Call, Clock, Endpoint, LaggingIndex, Quota, Sandbox, State, Switches, reply, running

START = datetime(2026, 1, 5, 10, 0, 0, 500_000, tzinfo=UTC)


class Notes(Sandbox):
    """A system that keeps notes."""

    name, title = "notes", "Notes 1.0"

    def __init__(self, **given: Any) -> None:
        super().__init__(clock=Clock(START), **given)
        self.user = NotesUser(self)

    def routes(self) -> Sequence[Endpoint]:
        return [
            Endpoint(
                "GET", "/notes", lambda call: reply(200, {"notes": list(self.state.collection("notes").values())})
            ),
            Endpoint("POST", "/notes", self.add),
            Endpoint("GET", "/broken", lambda call: reply(1 // 0)),
        ]

    def add(self, call: Call) -> Response:
        number = str(self.state.next_number("note"))
        self.state.collection("notes")[number] = {"text": call.json()["text"], "at": self.now().isoformat()}
        return reply(201, {"id": number})

    def credentials(self) -> Mapping[str, str]:
        return {"key": "made-up"}

    def is_filled(self) -> bool:
        return bool(self.state.collection("notes"))

    def seed(self, customers: int) -> None:
        raise AssertionError("not needed here")


class NotesUser:
    def __init__(self, sandbox: Notes) -> None:
        self._sandbox = sandbox

    def create(self, text: str) -> str:
        with self._sandbox.turn():
            if not text:
                raise ValueError("an empty note")
            number = str(self._sandbox.state.next_number("note"))
            self._sandbox.state.collection("notes")[number] = {"text": text}
            return number


@pytest.fixture
def notes() -> Iterator[Notes]:
    with running(Notes()) as sandbox:
        yield sandbox


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def get(sandbox: Sandbox, path: str = "/notes", **options: Any) -> requests.Response:
    return requests.get(sandbox.url + path, timeout=10, **options)


def post(sandbox: Sandbox, text: str) -> requests.Response:
    return requests.post(f"{sandbox.url}/notes", json={"text": text}, timeout=10)


def kept(sandbox: Sandbox) -> int:
    return len(sandbox.state.collection("notes"))


def test_every_second_call_is_throttled_and_only_matching_ones(notes: Notes) -> None:
    notes.switches = Switches(throttle_every=2, match="^POST /notes")
    assert [get(notes).status_code for _ in range(3)] == [200, 200, 200]
    assert [post(notes, "a").status_code for _ in range(4)] == [201, 429, 201, 429]
    assert kept(notes) == 2
    assert notes.faults.injected == {"throttle": 2}


@pytest.mark.parametrize(
    ("kind", "header"), [("absent", None), ("seconds", "30"), ("date", "Mon, 05 Jan 2026 10:00:30 GMT")]
)
def test_when_to_come_back_is_told_in_each_form(notes: Notes, kind: Any, header: str | None) -> None:
    notes.switches = Switches(throttle_every=1, retry_after=kind, retry_after_seconds=30)
    assert get(notes).headers.get("Retry-After") == header


@pytest.mark.parametrize(
    ("switches", "status", "carried_out"),
    [
        (Switches(fail_every=1, fail_status=502), 502, 0),
        (Switches(error_body_every=1), 200, 0),
        (Switches(html_every=1), 200, 0),
        (Switches(truncate_every=1), 201, 1),
    ],
    ids=["fail", "error under 200", "html", "truncated"],
)
def test_a_wrong_answer(notes: Notes, switches: Switches, status: int, carried_out: int) -> None:
    notes.switches = switches
    answer = post(notes, "a")
    assert (answer.status_code, kept(notes)) == (status, carried_out)
    if switches.html_every:
        assert answer.headers["Content-Type"].startswith("text/html")
    if switches.truncate_every:
        with pytest.raises(ValueError):
            answer.json()


@pytest.mark.parametrize(("switch", "carried_out"), [("drop_before_every", 0), ("drop_after_every", 1)])
def test_the_connection_drops_before_or_after_the_work(notes: Notes, switch: str, carried_out: int) -> None:
    notes.switches = Switches.model_validate({switch: 1})
    with pytest.raises(requests.ConnectionError):
        post(notes, "a")
    assert kept(notes) == carried_out
    notes.switches = Switches()
    assert post(notes, "b").status_code == 201, "the next call is served"


def test_a_client_that_dies_while_it_sends_is_no_fault_of_the_sandbox(caplog: pytest.LogCaptureFixture) -> None:
    """Seen when a sync was killed: a page of traceback for a request that never came."""
    with running(Notes()) as sandbox:
        with socket.create_connection(("127.0.0.1", int(sandbox.url.rsplit(":", 1)[1])), timeout=10) as client:
            client.sendall(b"POST /notes HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
            wait_for(lambda: sandbox.faults.running)
        wait_for(lambda: not sandbox.faults.running)
        assert kept(sandbox) == 0
    assert not caplog.records


def test_a_sandbox_that_stops_while_it_answers_leaves_no_socket_open() -> None:
    """Seen once in CI: the socket was found minutes later, and failed a test that had nothing to do with it."""
    with (
        warnings.catch_warnings(record=True) as told,
        socket.socket() as client,
    ):
        warnings.simplefilter("always")
        with running(Notes(switches=Switches(slow=5))) as sandbox:
            client.settimeout(10)
            client.connect(("127.0.0.1", int(sandbox.url.rsplit(":", 1)[1])))
            client.sendall(b"GET /notes HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_for(lambda: sandbox.faults.running)
        assert client.recv(100) == b"", "the server has hung up"
        gc.collect()
    assert not [str(item.message) for item in told if "unclosed" in str(item.message)]


def test_faults_end_when_there_were_enough(notes: Notes) -> None:
    notes.switches = Switches(fail_every=1, at_most=2)
    assert [get(notes).status_code for _ in range(4)] == [503, 503, 200, 200]


def test_too_many_calls_at_the_same_time_are_refused(notes: Notes) -> None:
    notes.switches = Switches(slow=1.0, match="^GET", concurrency=1)
    statuses: list[int] = []
    first = threading.Thread(target=lambda: statuses.append(get(notes).status_code))
    first.start()
    while not notes.faults.running:
        first.join(0.005)
    assert post(notes, "meanwhile").status_code == 429
    first.join()
    assert (statuses, kept(notes)) == ([200], 0)
    assert post(notes, "afterwards").status_code == 201


def test_the_clock_stands_moves_and_is_wrong_as_told(notes: Notes) -> None:
    post(notes, "a")
    notes.switches = Switches(clock_skew=-90, one_second_clock=True)
    notes.clock.advance(3600)
    answer = post(notes, "b")
    times = [item["at"] for item in notes.state.collection("notes").values()]
    assert times == ["2026-01-05T10:00:00.500000+00:00", "2026-01-05T10:58:30+00:00"]
    assert answer.headers["Date"] == "Mon, 05 Jan 2026 10:58:30 GMT"


def test_a_frozen_clock_can_run_on() -> None:
    clock = Clock(START)
    assert clock.now() == START
    later = clock.run()
    assert clock.now() >= later >= START
    assert clock.freeze(START) == START
    assert clock.advance(-1) < START


def test_calls_are_counted_by_route(notes: Notes) -> None:
    get(notes)
    post(notes, "a")
    get(notes)
    assert get(notes, "/nowhere").status_code == 404
    assert notes.calls == {"GET /notes": 2, "POST /notes": 1, "GET unknown": 1}


def test_a_sandbox_that_fails_itself_fails_the_test() -> None:
    sandbox = Notes()
    with pytest.raises(HubError, match="ZeroDivisionError"), running(sandbox):
        assert get(sandbox, "/broken").status_code == 500


def test_the_control_api_acts_looks_and_switches(notes: Notes) -> None:
    def call(method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(method, f"{notes.url}/_sandbox{path}", json=body, timeout=10)

    about = call("GET", "").json()
    assert (about["credentials"], about["settings"]) == ({"key": "made-up"}, {"url": notes.url})
    assert call("POST", "/user/create", {"text": "by hand"}).json() == {"result": "1"}
    assert call("POST", "/user/create", {"text": ""}).status_code == 422
    assert call("POST", "/user/create", {"txt": ""}).status_code == 400
    assert call("POST", "/user/destroy", {}).status_code == 404
    assert call("GET", "/state?collection=notes").json() == {"1": {"text": "by hand"}}
    assert call("PATCH", "/switches", {"fail_every": 1}).json()["fail_every"] == 1
    assert call("PATCH", "/switches", {"fail_evry": 1}).status_code == 400
    assert get(notes).status_code == 503
    assert call("GET", "/calls").json() == {"calls": {}, "faults": {"fail": 1}}
    assert call("DELETE", "/switches").json()["fail_every"] == 0
    assert get(notes).status_code == 200
    assert call("DELETE", "/calls").status_code == 204
    assert call("GET", "/calls").json() == {"calls": {}, "faults": {}}
    assert call("POST", "/clock", {"advance": 60}).json() == {"now": "2026-01-05T10:01:00.500000+00:00"}
    assert call("POST", "/clock", {"freeze": "tomorrow"}).status_code == 400


def test_an_index_shows_what_was() -> None:
    index = LaggingIndex()
    hour = [START.replace(hour=number) for number in range(5)]
    index.note("a", hour[1], {"v": 1})
    index.note("a", hour[2], {"v": 2})
    index.note("a", hour[3], None)
    seen = [dict(index.as_of(at)) for at in hour]
    assert seen == [{}, {"a": {"v": 1}}, {"a": {"v": 2}}, {}, {}]


def test_a_quota_rolls_over_24_hours() -> None:
    quota = Quota()
    assert quota.take(START, 3, 4)
    assert not quota.take(START, 2, 4)
    assert quota.take(START.replace(day=6), 2, 4)


def test_a_file_keeps_documents_in_order_and_forgets_deleted_ones(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    for key in "bca":
        state.collection("x")[key] = {"key": key}
    state.commit()
    state.collection("x")["b"] = {"key": "b2"}
    del state.collection("x")["c"]
    state.commit()
    state.collection("x")["never"] = {"committed": False}
    state.close()
    again = State(tmp_path / "state")
    assert again.collection("x").items() == {"b": {"key": "b2"}, "a": {"key": "a"}}.items()
    assert list(again.collection("x")) == ["b", "a"]
    again.close()


def test_a_taken_port_is_said(notes: Notes) -> None:
    port = int(notes.url.rpartition(":")[2])
    with pytest.raises(HubError, match="cannot be used"), running(Notes(), port):
        pass


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    words = ["sandbox", "zoho", "--seed-customers", "12", "--file", str(tmp_path / "zoho.sqlite"), "--json"]
    words += ["--switch", "index_lag=30", "--switch", "hidden_fields=Contacts.Phone,Contacts.Fax"]
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("crmhub")), *words], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    with process:
        assert process.stdout is not None
        about = json.loads(process.stdout.readline())
        state = requests.get(f"{about['url']}/_sandbox/state?collection=Contacts", timeout=10).json()
        switches = requests.get(f"{about['url']}/_sandbox/switches", timeout=10).json()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().splitlines()
    assert process.returncode == 0
    assert 5 < len(state) < 12
    assert (switches["index_lag"], switches["hidden_fields"]) == (30, ["Contacts.Phone", "Contacts.Fax"])
    assert about["credentials"]["client_id"] == "1000.CRMHUBSANDBOX"
    assert json.loads(rest[-1])["type"] == "summary"


@pytest.mark.parametrize("name", sorted(load().sandboxes))
def test_every_sandbox_is_filled_tells_how_to_reach_it_and_keeps_its_customers(name: str, tmp_path: Path) -> None:
    module, _, attribute = load().sandboxes[name].partition(":")
    kind: type[Sandbox] = getattr(importlib.import_module(module), attribute)
    assert (kind.name, bool(kind.title)) == (name, True)
    with running(kind(file=tmp_path / "state")) as first:
        assert not first.is_filled()
        first.seed(20)
        first.state.commit()
        about = get(first, "/_sandbox").json()
        held = get(first, "/_sandbox/state").json()
    assert about["credentials"]
    assert first.url in about["settings"].values()
    with running(kind(file=tmp_path / "state")) as second:
        assert second.is_filled()
        assert get(second, "/_sandbox/state").json() == held


@pytest.mark.parametrize(
    ("given", "message"),
    [("index_lagg=3", "index_lagg"), ("index_lag=soon", "index_lag"), ("index_lag", "NAME=VALUE")],
)
def test_a_wrong_switch_is_named(given: str, message: str) -> None:
    result = CliRunner().invoke(make_app(), ["sandbox", "zoho", "--switch", given])
    assert result.exit_code == 1
    assert message in result.stderr
    assert "There are: match" in result.stderr


def test_switches_go_back_to_how_they_began() -> None:
    with running(Notes(switches=Switches(slow=0.01))) as sandbox:
        url = f"{sandbox.url}/_sandbox/switches"
        assert requests.patch(url, json={"slow": 0, "fail_every": 1}, timeout=10).json()["fail_every"] == 1
        back = requests.delete(url, timeout=10).json()
        assert (back["slow"], back["fail_every"]) == (0.01, 0)
