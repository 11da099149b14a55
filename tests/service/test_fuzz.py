"""Anything that strangers may send to the routes for machines: no failure, no leak, no write."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.web.hooks import Buckets
from tests.e2e.hub_folder import SECRET, HubFolder
from tests.e2e.test_serve import serving_quickly, wait_for
from tests.service.test_hooks import HOOK, _of, configure

ROUTES = ("/healthz", "/metrics", "/hooks/office", "/hooks/shop", "/hooks/nobody", "/hooks/", "/hooks", "/")
FINE = {200, 303, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 421, 429, 431, 505}
"""303: to the page for signing in."""
LEAKS = (SECRET, HOOK, "Traceback", "hub.db", "anna@x.example", "Anna Berg", "/hub/")
STILL = (
    "golden",
    "link",
    "op",
    "inbox",
    "delivery",
    "subscription",
    "reread",
    "run",
    "meta",
    "alarm",
    "outbox",
    "timetable",
)


class Target:
    def __init__(self, folder: HubFolder, port: int) -> None:
        self.folder, self.port = folder, port

    def content(self) -> dict[str, list[object]]:
        with closing(sqlite3.connect(self.folder.path / "crmhub-data" / "hub.db", timeout=30)) as connection:
            return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in STILL}

    def raw(self, data: bytes) -> bytes:
        """Send bytes as they are, and read what comes until the other side closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            found = b""
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while part := connection.recv(65536):
                    found += part
            except OSError:
                pass
            return found


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK_SECRET", HOOK)
        folder = HubFolder(tmp_path_factory.mktemp("fuzz"))
        configure(folder)
        assert folder.first_sync().code == 0
        with serving_quickly(folder) as served:
            port = int(served.wait("listening")["url"].rpartition(":")[2])
            served.wait("run_ended")
            found = Target(folder, port)
            wait_for(lambda: any(str(row).startswith("('watched:") for row in found.content()["meta"]))
            before = found.content()
            yield found
            assert found.content() == before, "nothing was written"
            assert served.process.poll() is None
            assert served.events("error") == []
            log = (folder.path / "serve.log").read_text()
            assert not [word for word in LEAKS if word in log]


SLOW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
_TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCDEF0123456789-_", min_size=1, max_size=30)
_VALUE = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00"), max_size=60).map(str.strip)
_KNOWN = st.sampled_from(
    [
        "X-Signature",
        "Authorization",
        "X-Forwarded-For",
        "Forwarded",
        "Content-Type",
        "Host",
        "X-Request-Id",
        ":url",
        "Cookie",
    ]
)
_PATH = st.one_of(
    st.sampled_from(ROUTES),
    st.text(max_size=40).map(lambda text: "/hooks/" + quote(text, safe="/?&=%")),
    st.text(max_size=40).map(lambda text: "/" + quote(text, safe="/?&=%;:@")),
)
_BODY = st.one_of(
    st.binary(max_size=300),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["event", "at", "resource", "ids", "x"]), inner, max_size=5)
        ),
        max_leaves=10,
    ).map(lambda value: json.dumps(value).encode()),
)


_COUNT = itertools.count()


def stranger() -> str:
    """An address that has not called yet, so that no limit keeps a request from being looked at."""
    number = next(_COUNT)
    return f"10.9.{number // 250}.{number % 250}"


def judged(status: int, body: bytes) -> None:
    assert status in FINE, status
    text = body.decode("utf-8", "replace")
    assert not [word for word in LEAKS if word in text], text[:200]


@SLOW
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"]),
    path=_PATH,
    headers=st.dictionaries(_KNOWN | _TOKEN, _VALUE, max_size=5),
    body=_BODY,
)
@example(method="POST", path="/hooks/office", headers={"X-Signature": "\xff"}, body=b"{}")
@example(method="POST", path="/hooks/%00", headers={}, body=b"")
@example(method="POST", path="/hooks/office/../shop", headers={}, body=b"{}")
@example(method="GET", path="/metrics", headers={"Authorization": "Bearer \xe9"}, body=b"")
def test_any_request_is_answered_and_changes_nothing(
    target: Target, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=20)
    try:
        connection.request(method, path, body, {"X-Forwarded-For": stranger(), **headers})
        answer = connection.getresponse()
        try:
            text = answer.read()
        except ConnectionResetError:  # it was refused before it was read whole, and the kernel threw the rest away
            assert answer.status >= 400
            text = b""
        judged(answer.status, text)
    except (http.client.HTTPException, ValueError):
        pass  # the client itself refuses to send it, or it was cut off as no HTTP
    finally:
        connection.close()


@SLOW
@given(
    data=st.one_of(
        st.binary(max_size=400), _BODY.map(lambda body: b"POST /hooks/office HTTP/1.1\r\nHost: x\r\n" + body)
    )
)
@example(data=b"POST /hooks/office HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n")
@example(data=b"POST /hooks/office HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nx")
@example(data=b"POST /hooks/office HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nx")
@example(data=b"POST /hooks/office HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")
@example(data=b"GET /metrics HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n")
@example(data=b"GET http://evil.example/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
def test_any_bytes_are_answered_or_cut_off(target: Target, data: bytes) -> None:
    found = target.raw(data.replace(b"Host: x", b"Host: x\r\nX-Forwarded-For: " + stranger().encode()))
    if found.startswith(b"HTTP/"):
        judged(int(found.split(b" ", 2)[1]), found)


@SLOW
@given(body=_BODY)
def test_a_signed_body_of_any_content_never_fails(target: Target, body: bytes) -> None:
    """The sender itself sends nonsense: it is refused like everything that is no webhook."""
    if b'"resource"' in body and b'"ids"' in body:
        return  # it might be one
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=20)
    connection.request("POST", "/hooks/office", body, {"X-Signature": _of(body), "X-Forwarded-For": stranger()})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    judged(answer.status, content)
    assert answer.status == 401


def test_a_body_that_never_ends_is_given_up(target: Target) -> None:
    with socket.create_connection(("127.0.0.1", target.port), timeout=30) as connection:
        connection.sendall(
            b"POST /hooks/office HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.1.1.1\r\nContent-Length: 9\r\n\r\nx"
        )
        assert b" 408 " in connection.recv(4096).split(b"\r\n")[0]


# rate limits


def test_buckets_fill_again_and_forget_who_was_here_longest_ago() -> None:
    now = 0.0
    bucket = Buckets(rate=1, burst=3, most=2, clock=lambda: now)
    assert [bucket.take("a") for _ in range(4)] == [True, True, True, False]
    assert not bucket.has("a")
    assert bucket.has("b")
    now = 1.0
    assert bucket.take("a")
    assert not bucket.take("a")
    bucket.take("b")
    bucket.take("c")
    assert bucket.has("a"), "forgotten: memory is bounded"
    now = 100.0
    assert [bucket.take("b") for _ in range(4)] == [True, True, True, False], "no more than the burst"


def test_the_store_is_what_it_was(target: Target, tmp_path: Path) -> None:
    assert target.content()["inbox"] == []
