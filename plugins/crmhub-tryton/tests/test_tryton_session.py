"""Signing in, the older path, and what goes wrong on the way: real servers where they can be made to fail."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from pydantic import SecretStr

from crmhub_tryton.connector import TrytonConfig, TrytonConnector
from crmhub_tryton.plugin import hub_connectors
from crmhub_tryton.rpc import Rpc, refusal
from hub import plugin
from hub.testing.servers import RunningServer, prepared_servers, start_tryton

URL = "https://erp.example"
LOGIN_OK = {"id": 1, "result": [7, "token", None]}


@pytest.fixture
def other_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that a test may break."""
    with start_tryton(tmp_path / "tryton", cache=prepared_servers()) as running:
        yield running


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as remote:
        yield remote


@pytest.fixture
def mocked(tmp_path: Path) -> TrytonConnector:
    """A connector whose server is a mock."""
    http = plugin.Http("erp", hosts=["erp.example"], sleep=lambda _: None)
    context = plugin.Context(connection="erp", make_http=lambda: http, folder=tmp_path)
    config = TrytonConfig(url=URL, database="prod", user="hub", password=SecretStr("geheim"))
    return TrytonConnector(config, context)


def stop_server_during(call: Any, server: RunningServer) -> Any:
    """Freeze the server, send it a call, kill it while the call waits."""
    os.kill(server.process.pid, signal.SIGSTOP)
    killer = threading.Timer(0.5, server.kill)
    killer.start()
    try:
        return call()
    finally:
        killer.join()


def test_describing_makes_no_call(mocked: TrytonConnector) -> None:
    [resource] = mocked.resources()
    assert hub_connectors() == [TrytonConnector]
    assert resource.capabilities.create == "marker"
    assert "geheim" not in repr(mocked.config)
    assert mocked.context.http.calls == 0
    mocked.close()
    assert mocked.context.http.calls == 0


def test_check_says_who_we_are_and_that_nothing_is_missing(connector: TrytonConnector) -> None:
    account = connector.check()
    assert account.version == "8.2"
    assert account.missing == []
    assert "write party.party" in account.granted
    assert account.clock is not None
    assert account.clock.tzinfo is not None


def test_a_wrong_password_is_an_auth_error(connect: Any) -> None:
    with pytest.raises(plugin.AuthError):
        connect(user="nobody", password=SecretStr("wrong")).check()


def test_a_login_that_is_locked_out_is_a_wait_and_not_repeated(
    mock: responses.RequestsMock, mocked: TrytonConnector
) -> None:
    mock.post(f"{URL}/prod/rpc/", status=429)
    with pytest.raises(plugin.RateLimited) as caught:
        list(mocked.changes("party"))
    assert caught.value.retry_after == 300.0
    assert len(mock.calls) == 1


def test_an_unknown_database_is_a_configuration_error(connect: Any) -> None:
    with pytest.raises(plugin.ConfigError, match="no database 'nowhere'"):
        list(connect(database="nowhere").changes("party"))


def test_an_unknown_resource_is_a_configuration_error(connector: TrytonConnector) -> None:
    with pytest.raises(plugin.ConfigError, match="invoice"):
        list(connector.changes("invoice"))


def test_a_user_without_rights_is_told_what_is_missing(rpc: Rpc, connect: Any) -> None:
    clerk = {"name": "clerk", "login": "clerk", "password": "clerk-of-the-erp"}
    [user] = rpc.write("model.res.user.create", [clerk])
    connector: TrytonConnector = connect(user="clerk", password=SecretStr("clerk-of-the-erp"))
    account = connector.check()
    tags = [f"{right} party.category" for right in ("create", "write", "delete")]
    assert account.missing == ["read ir.model.log", *tags]
    [page] = connector.changes("party")
    assert page.complete
    connector.close()
    rpc.write("model.res.user.write", [user], {"active": False})  # Tryton deletes no users


@pytest.mark.parametrize("kind", ["read", "write"])
def test_an_expired_session_is_renewed(connector: TrytonConnector, kind: str) -> None:
    list(connector.changes("party"))
    connector._rpc._token = "YWRtaW46MTpleHBpcmVk"  # what an expired token looks like to the server
    if kind == "read":
        assert list(connector.fetch("party", ["1"])) == []
    else:
        [receipt] = connector.write("party", [plugin.Op("K", "create", None, {"name": "A"})])
        assert receipt.error is None


def test_a_server_that_dies_during_a_write_leaves_the_outcome_unknown(
    other_server: RunningServer, connect: Any
) -> None:
    connector: TrytonConnector = connect(url=other_server.url)
    op = plugin.Op("K1", "create", None, {"name": "A"})
    list(connector.changes("party"))
    with pytest.raises(plugin.OutcomeUnknown):
        stop_server_during(lambda: list(connector.write("party", [op])), other_server)
    other_server.restart()
    assert len(list(connector.find("party", "op_key", ["K1"]))) in (0, 1)


def test_a_server_that_dies_during_a_read_is_unavailable(other_server: RunningServer, connect: Any) -> None:
    connector: TrytonConnector = connect(url=other_server.url)
    list(connector.changes("party"))
    with pytest.raises(plugin.Unavailable):
        stop_server_during(lambda: list(connector.fetch("party", ["1"])), other_server)
    with pytest.raises(plugin.Unavailable):
        list(connector.write("party", [plugin.Op("K1", "create", None, {"name": "A"})]))


def test_the_path_of_series_7_is_used_when_the_server_wants_it(
    mock: responses.RequestsMock, mocked: TrytonConnector
) -> None:
    mock.post(f"{URL}/prod/rpc/", status=405)
    mock.post(f"{URL}/prod/", json={"id": 1, "result": [7, "token"]})
    for part in (["type", "value", "name", "active", "sequence"], ["street", "city", "active"], ["type", "code"]):
        mock.post(f"{URL}/prod/", json={"id": 1, "result": {name: {} for name in part}})
    row = {"id": 1, "name": "A", "code": "1", "active": True, "replaced_by": None, "_timestamp": "1.5", "lang.": None}
    mock.post(f"{URL}/prod/", json={"id": 1, "result": [row]})
    [record] = mocked.fetch("party", ["1"])
    assert record.data is not None
    assert record.data["name"] == "A"
    asked = str(mock.calls[-1].request.body)
    assert "addresses.street" in asked
    assert "addresses.attn" not in asked
    assert mock.calls[-1].request.headers["Authorization"] == "Session aHViOjc6dG9rZW4="


def test_a_web_page_instead_of_an_answer_is_named(mock: responses.RequestsMock, mocked: TrytonConnector) -> None:
    mock.post(f"{URL}/prod/rpc/", body="<html><h1>Hotel Wi-Fi</h1>", content_type="text/html")
    with pytest.raises(plugin.Unavailable, match="Hotel Wi-Fi"):
        list(mocked.changes("party"))


def test_a_web_page_after_a_write_leaves_the_outcome_unknown(
    mock: responses.RequestsMock, mocked: TrytonConnector
) -> None:
    mock.post(f"{URL}/prod/rpc/", json=LOGIN_OK)
    mock.post(f"{URL}/prod/rpc/", body="<html><h1>Proxy</h1>", content_type="text/html")
    with pytest.raises(plugin.OutcomeUnknown, match="Proxy"):
        list(mocked.write("party", [plugin.Op("K", "create", None, {"name": "A"})]))
    assert len(mock.calls) == 2


def test_the_servers_own_limit_makes_pages_smaller(mock: responses.RequestsMock, mocked: TrytonConnector) -> None:
    mock.post(f"{URL}/prod/rpc/", json=LOGIN_OK)
    mock.post(f"{URL}/prod/rpc/", status=413)
    mock.post(f"{URL}/prod/rpc/", json={"id": 1, "result": []})
    assert list(mocked.fetch("party", ["1"])) == []
    assert "500, [[" in str(mock.calls[1].request.body)
    assert "250, [[" in str(mock.calls[2].request.body)


def test_an_image_that_cannot_be_read_does_not_hide_a_successful_write(
    mock: responses.RequestsMock, mocked: TrytonConnector
) -> None:
    mock.post(f"{URL}/prod/rpc/", json=LOGIN_OK)
    mock.post(f"{URL}/prod/rpc/", json={"id": 1, "result": [42]})
    mock.post(f"{URL}/prod/rpc/", status=502)
    receipts = mocked.write("party", [plugin.Op("K", "create", None, {"name": "A"})])
    assert next(receipts) == plugin.Receipt("K", "42")
    with pytest.raises(plugin.Unavailable):
        next(receipts)


def test_a_create_that_cannot_be_archived_is_left_to_the_engine(
    mock: responses.RequestsMock, mocked: TrytonConnector
) -> None:
    mock.post(f"{URL}/prod/rpc/", json=LOGIN_OK)
    mock.post(f"{URL}/prod/rpc/", json={"id": 1, "result": [42]})
    mock.post(f"{URL}/prod/rpc/", json={"id": 1, "error": ["UserError", ["no", "", None]]})
    with pytest.raises(plugin.OutcomeUnknown, match="not archived"):
        list(mocked.write("party", [plugin.Op("K", "create", None, {"name": "A", "active": False})]))


def test_an_unreadable_log_of_deletions_is_said_and_does_not_stop_reading(
    mock: responses.RequestsMock, mocked: TrytonConnector, caplog: pytest.LogCaptureFixture
) -> None:
    refused = {"id": 1, "error": ["UserError", ["You are not allowed to access it", "", None]]}
    mock.post(f"{URL}/prod/rpc/", json=LOGIN_OK, headers={"Date": "Fri, 01 May 2026 12:00:00 GMT"})
    for answer in (refused, {"id": 1, "result": []}, refused):
        mock.post(f"{URL}/prod/rpc/", json=answer)
    [page] = mocked.changes("party")
    assert (page.complete, page.relist) == (True, False)
    assert "full listings" in caplog.text


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (["ConcurrencyException", "Records were modified"], plugin.Conflict, "modified"),
        (["UserError", ["The code must be unique.", "", None]], plugin.Rejected, "unique"),
        (["UserWarning", ["name", "Similar party", "Really?"]], plugin.Rejected, "Similar party Really"),
        (["LoginException", ["totp", "Code", "char"]], plugin.AuthError, "another way"),
        (["'nme'", "Traceback ..."], plugin.Rejected, "nme"),
        (None, plugin.Rejected, "None"),
    ],
)
def test_an_error_of_the_server_has_one_meaning(error: Any, kind: type[plugin.ConnectorError], words: str) -> None:
    meaning = refusal(error, "model.party.party.write")
    assert type(meaning) is kind
    assert words in str(meaning)
    assert "Traceback" not in str(meaning)
