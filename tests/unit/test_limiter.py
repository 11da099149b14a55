"""One limiter for an account: waits for short limits, refuses long ones, rests when a system is down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import responses

from hub.contract.errors import RateLimited, Unavailable
from hub.contract.records import Limits
from hub.http.limiter import FAILURES, PAUSE, Limiter, Quota, parse_rate
from hub.http.session import Http

URL = "https://api.example/x"


@dataclass
class Time:
    now: float = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def limiter(time: Time, limits: Limits | None = None, quota: Quota | None = None) -> Limiter:
    return Limiter(limits or Limits(), "crm", quota, now=lambda: time.now, clock=lambda: time.now, sleep=time.sleep)


def call(item: Limiter) -> None:
    with item.slot():
        pass


def test_rates_are_read() -> None:
    assert parse_rate("100/10s") == (100, 10.0)
    assert parse_rate("60/m") == (60, 60.0)
    assert parse_rate("") is None
    with pytest.raises(ValueError, match="looks like"):
        parse_rate("fast")


def test_calls_above_the_rate_wait_for_the_window(time: Time) -> None:
    item = limiter(time, Limits("3/10s"))
    for _ in range(3):
        call(item)
    assert time.now == 1000.0
    call(item)
    assert time.now == 1010.0


def test_one_thread_that_was_refused_stops_all_of_them(time: Time) -> None:
    item = limiter(time)
    item.refused(7.0)
    call(item)
    assert time.now == 1007.0


def test_a_long_limit_puts_the_run_off(time: Time) -> None:
    item = limiter(time)
    item.refused(3600.0)
    with pytest.raises(RateLimited) as caught:
        call(item)
    assert caught.value.retry_after == 3600.0
    assert time.now == 1000.0


@pytest.mark.parametrize(("reset", "seconds"), [("9", 9.0), ("1700000020", 20.0), ("", 10.0)])
def test_headers_say_that_nothing_is_left(reset: str, seconds: float) -> None:
    time = Time(1_700_000_000.0)
    item = limiter(time, Limits("100/10s", headers={"remaining": "X-Left", "reset": "X-Reset"}))
    item.answered({"X-Left": "0", "X-Reset": reset}, failed=False)
    call(item)
    assert time.now - 1_700_000_000.0 == pytest.approx(seconds)


def test_the_quota_of_a_day_outlives_the_process(time: Time, tmp_path: Path) -> None:
    path = tmp_path / "quota.json"
    item = limiter(time, quota=Quota(100, path))
    for _ in range(90):
        call(item)
    item.close()
    again = limiter(time, quota=Quota(100, path))
    for _ in range(8):
        call(again)
    with pytest.raises(RateLimited) as caught:
        call(again)
    assert caught.value.scope == "daily"
    time.now += 86_400
    call(again)


def test_what_answers_say_is_left_corrects_the_count(time: Time) -> None:
    item = limiter(time, Limits(headers={"daily_remaining": "X-Left"}), Quota(100))
    item.answered({"X-Left": "2"}, failed=False)
    with pytest.raises(RateLimited):
        call(item)


def test_a_quota_that_nobody_configured_is_respected_when_it_is_spent(time: Time) -> None:
    item = limiter(time, Limits(headers={"daily_remaining": "X-Left"}))
    item.answered({"X-Left": "1"}, failed=False)
    call(item)
    item.answered({"X-Left": "0"}, failed=False)
    with pytest.raises(RateLimited):
        call(item)
    time.now += 3600
    call(item)


def test_a_system_that_is_down_is_left_alone_and_tried_again(time: Time) -> None:
    item = limiter(time)
    for _ in range(FAILURES):
        call(item)
        item.failed()
    with pytest.raises(Unavailable, match="left alone"):
        call(item)
    time.now += PAUSE
    call(item)
    item.failed()
    with pytest.raises(Unavailable):
        call(item)
    time.now += PAUSE
    call(item)
    item.answered({}, failed=False)
    call(item)


@pytest.fixture
def remote() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def test_the_client_feeds_the_limiter(time: Time, remote: responses.RequestsMock) -> None:
    item = limiter(time)
    http = Http("crm", hosts=["api.example"], sleep=lambda _: None, limiter=item, attempts=2)
    remote.get(URL, status=429, headers={"Retry-After": "5"})
    remote.get(URL, json={})
    http.json("GET", URL)
    assert time.now == 1005.0
    remote.get(URL, status=503)
    for _ in range(3):
        with pytest.raises(Unavailable):
            http.json("GET", URL)
    with pytest.raises(Unavailable, match="left alone"):
        http.json("GET", URL)
