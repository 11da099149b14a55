"""The HTTP client against mocked answers: what each status and body means, and what is sent again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import responses

from hub.contract.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from hub.http.answers import bare_url
from hub.http.session import Http

URL = "https://erp.example/api"
NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def http(slept: list[float]) -> Http:
    return Http("erp", hosts=["erp.example"], sleep=slept.append, clock=lambda: NOW)


@pytest.fixture
def remote() -> Any:
    with responses.RequestsMock() as mock:
        yield mock


def test_an_answer_is_returned_whole_and_counted(http: Http, remote: responses.RequestsMock) -> None:
    remote.get(URL, json={"name": "Ämne 😀"})
    assert http.json("GET", URL) == {"name": "Ämne 😀"}
    assert http.calls == 1


@pytest.mark.parametrize(
    ("method", "status", "headers", "error"),
    [
        ("GET", 401, {}, AuthError),
        ("POST", 401, {}, AuthError),
        ("POST", 429, {}, RateLimited),
        ("GET", 502, {}, Unavailable),
        ("GET", 503, {}, Unavailable),
        ("GET", 504, {}, Unavailable),
        ("POST", 500, {}, OutcomeUnknown),
        ("POST", 502, {}, OutcomeUnknown),
        ("POST", 503, {}, OutcomeUnknown),
        ("POST", 503, {"Retry-After": "5"}, RateLimited),
        ("POST", 504, {}, OutcomeUnknown),
        ("PUT", 302, {"Location": URL + "/x"}, ConfigError),
    ],
)
def test_a_status_means_one_error(
    http: Http,
    remote: responses.RequestsMock,
    method: str,
    status: int,
    headers: dict[str, str],
    error: type[ConnectorError],
) -> None:
    remote.add(method, URL, status=status, headers=headers)
    with pytest.raises(error):
        http.request(method, URL)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 412, 413, 422])
def test_other_statuses_are_left_to_the_caller(http: Http, remote: responses.RequestsMock, status: int) -> None:
    remote.post(URL, status=status, body="no")
    assert http.request("POST", URL).status_code == status


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_a_caller_may_handle_any_status_itself(http: Http, remote: responses.RequestsMock, status: int) -> None:
    remote.post(URL, status=status)
    assert http.request("POST", URL, expect={status}).status_code == status


def test_a_safe_request_is_sent_again_until_it_succeeds(
    http: Http, remote: responses.RequestsMock, slept: list[float]
) -> None:
    remote.get(URL, status=503)
    remote.get(URL, status=502)
    remote.get(URL, json=[1])
    assert http.json("GET", URL) == [1]
    assert http.calls == 3
    assert len(slept) == 2


def test_a_write_is_never_sent_twice(http: Http, remote: responses.RequestsMock, slept: list[float]) -> None:
    remote.post(URL, status=503)
    with pytest.raises(OutcomeUnknown):
        http.request("POST", URL, json={})
    assert http.calls == 1
    assert slept == []


def test_a_post_declared_safe_is_sent_again(http: Http, remote: responses.RequestsMock) -> None:
    remote.post(URL, status=503)
    remote.post(URL, json=1)
    assert http.json("POST", URL, safe=True) == 1


@pytest.mark.parametrize("value", ["7", "Fri, 01 May 2026 12:00:07 GMT"])
def test_retry_after_is_obeyed_in_both_forms(
    http: Http, remote: responses.RequestsMock, slept: list[float], value: str
) -> None:
    remote.get(URL, status=429, headers={"Retry-After": value})
    remote.get(URL, json=1)
    assert http.json("GET", URL) == 1
    assert slept == [7.0]


@pytest.mark.parametrize("value", ["3600", "Fri, 01 May 2026 13:00:00 GMT"])
def test_a_long_wait_is_handed_to_the_engine(
    http: Http, remote: responses.RequestsMock, slept: list[float], value: str
) -> None:
    remote.get(URL, status=429, headers={"Retry-After": value})
    with pytest.raises(RateLimited) as caught:
        http.request("GET", URL)
    assert caught.value.retry_after == 3600.0
    assert str(caught.value).endswith("asks us to wait 3600 s (429)")
    assert slept == []


def test_a_nonsense_retry_after_is_no_promise(http: Http, remote: responses.RequestsMock) -> None:
    remote.post(URL, status=429, headers={"Retry-After": "soon"})
    with pytest.raises(RateLimited) as caught:
        http.request("POST", URL)
    assert caught.value.retry_after is None
    assert str(caught.value).endswith("asks us to wait (429)")


def test_all_waits_together_stay_within_the_budget(remote: responses.RequestsMock, slept: list[float]) -> None:
    http = Http("erp", hosts=["erp.example"], sleep=slept.append, attempts=99, longest_wait=20, wait_budget=50)
    remote.get(URL, status=429, headers={"Retry-After": "20"})
    with pytest.raises(RateLimited):
        http.request("GET", URL)
    assert slept == [20.0, 20.0]


@pytest.mark.parametrize(("method", "error"), [("GET", Unavailable), ("POST", OutcomeUnknown)])
@pytest.mark.parametrize("body", ["<!DOCTYPE html><title>x</title><h1>Welcome to the hotel</h1>", "<html>Welcome to"])
def test_a_web_page_instead_of_json_is_named(
    http: Http, remote: responses.RequestsMock, method: str, error: type[ConnectorError], body: str
) -> None:
    remote.add(method, URL, body=body, content_type="text/html")
    with pytest.raises(error, match="Welcome to"):
        http.json(method, URL)


def test_truncated_json_is_not_an_answer(http: Http, remote: responses.RequestsMock) -> None:
    remote.get(URL, body='{"a": [1, 2', content_type="application/json")
    with pytest.raises(Unavailable, match="not JSON"):
        http.json("GET", URL)
    remote.post(URL, body='{"a": [1, 2', content_type="application/json")
    with pytest.raises(OutcomeUnknown, match="not JSON"):
        http.json("POST", URL)


def test_only_allowed_hosts_are_called(http: Http) -> None:
    with pytest.raises(ConfigError, match=r"evil\.example"):
        http.request("GET", "https://evil.example/")
    with pytest.raises(ConfigError):
        http.request("GET", "file:///etc/passwd")
    assert http.calls == 0


def test_a_host_may_be_allowed_with_its_port_only(remote: responses.RequestsMock) -> None:
    http = Http("erp", hosts=["erp.example:8443"])
    remote.get("https://erp.example:8443/", body="ok")
    assert http.request("GET", "https://erp.example:8443/").text == "ok"
    with pytest.raises(ConfigError):
        http.request("GET", "https://erp.example/")


def test_a_redirect_to_another_host_is_refused(http: Http, remote: responses.RequestsMock) -> None:
    remote.get(URL, status=302, headers={"Location": "https://evil.example/steal"})
    with pytest.raises(ConfigError, match=r"evil\.example"):
        http.request("GET", URL)


def test_a_redirect_to_plain_http_is_refused(http: Http, remote: responses.RequestsMock) -> None:
    remote.get(URL, status=302, headers={"Location": "http://erp.example/api"})
    with pytest.raises(ConfigError, match="unprotected"):
        http.request("GET", URL)


def test_a_redirect_on_the_same_host_keeps_a_safe_method(http: Http, remote: responses.RequestsMock) -> None:
    remote.add("PROPFIND", URL, status=301, headers={"Location": "/dav/"})
    remote.add("PROPFIND", "https://erp.example/dav/", status=207, body="<x/>")
    assert http.request("PROPFIND", URL).status_code == 207


def test_a_redirect_in_a_circle_ends(http: Http, remote: responses.RequestsMock) -> None:
    remote.get(URL, status=302, headers={"Location": URL})
    with pytest.raises(ConfigError, match="circle"):
        http.request("GET", URL)


def test_secrets_of_a_url_are_not_in_messages(http: Http, remote: responses.RequestsMock) -> None:
    remote.post("https://ann:geheim@erp.example/api", status=500)
    with pytest.raises(OutcomeUnknown) as caught:
        http.request("POST", "https://ann:geheim@erp.example/api?token=geheim")
    assert "geheim" not in str(caught.value)
    assert bare_url("https://a:b@h:1/p?q=1#f") == "https://h:1/p"


def test_a_body_larger_than_the_bound_is_refused(remote: responses.RequestsMock) -> None:
    http = Http("erp", hosts=["erp.example"], largest_body=1000, sleep=lambda _: None)
    remote.get(URL, body=b"x" * 1001)
    with pytest.raises(Unavailable, match="more than 1000 bytes"):
        http.request("GET", URL)


def test_half_a_surrogate_pair_is_refused_before_sending(http: Http) -> None:
    with pytest.raises(Rejected, match="position 1"):
        http.request("PUT", URL, data="a\ud83d")
    assert http.calls == 0


def test_not_a_number_is_refused_before_sending(http: Http) -> None:
    with pytest.raises(Rejected):
        http.request("POST", URL, json={"a": float("nan")})


def test_a_password_beyond_latin_1_is_sent_as_utf_8(http: Http, remote: responses.RequestsMock) -> None:
    remote.get(URL, match=[responses.matchers.header_matcher({"Authorization": "Basic YW5uOuWvhueggQ=="})])
    http.request("GET", URL, auth=("ann", "密码"))


def test_a_missing_ca_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.pem"):
        Http("erp", hosts=["erp.example"], ca_file=tmp_path / "no.pem")
