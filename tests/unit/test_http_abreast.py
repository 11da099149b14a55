"""Calls abreast: at the same time, in their order, and never more than the account allows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from hub.http.abreast import Abreast


@pytest.fixture
def three() -> Iterator[Abreast]:
    abreast = Abreast(3, "test")
    yield abreast
    abreast.close()


def giving(value: int) -> Callable[[], int]:
    return lambda: value


def test_calls_are_under_way_together_and_their_results_come_in_order(three: Abreast) -> None:
    met = threading.Barrier(3)

    def call(number: int) -> Callable[[], int]:
        def wait() -> int:
            met.wait(10)  # passes only while two others wait, too
            return number

        return wait

    assert list(three.run([call(number) for number in range(6)])) == [0, 1, 2, 3, 4, 5]


def test_no_more_than_the_width_are_under_way(three: Abreast) -> None:
    now, most, lock = 0, 0, threading.Lock()
    pause = threading.Event()

    def call() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        pause.wait(0.01)
        with lock:
            now -= 1

    list(three.run([call] * 12))
    assert most == 3


@pytest.mark.parametrize(("width", "calls"), [(1, 3), (3, 1)])
def test_what_needs_no_other_thread_gets_none(width: int, calls: int) -> None:
    abreast = Abreast(width, "test")
    assert set(abreast.run([threading.get_ident] * calls)) == {threading.get_ident()}


def test_threads_are_kept_so_that_connections_are(three: Abreast) -> None:
    met = threading.Barrier(3)

    def who() -> int:
        met.wait(10)
        return threading.get_ident()

    assert set(three.run([who] * 3)) == set(three.run([who] * 3))


def test_an_error_is_raised_in_its_place_and_nothing_is_under_way_then(three: Abreast) -> None:
    made: list[int] = []
    begun, failing = threading.Event(), threading.Event()

    def fail() -> int:
        begun.wait(10)
        failing.set()
        raise ValueError("no")

    def slow() -> int:
        begun.set()
        failing.wait(10)
        made.append(2)
        return 2

    def other(number: int) -> Callable[[], int]:
        def call() -> int:
            failing.wait(10)
            threading.Event().wait(0.002)  # all of them would need many times as long as an error to be seen
            made.append(number)
            return number

        return call

    later = [other(number) for number in range(10, 110)]
    results = three.run([giving(0), fail, slow, *later])
    assert next(results) == 0
    with pytest.raises(ValueError, match="no"):
        list(results)
    done = list(made)
    assert 2 in done
    assert len(done) < 100, "after an error no other call begins"
    assert list(three.run([giving(7), giving(8)])) == [7, 8], "it may be used again"
    assert made == done


@pytest.mark.parametrize("width", [1, 3])
def test_a_result_that_ends_the_work_is_the_last_but_for_those_under_way(width: int) -> None:
    abreast = Abreast(width, "test")
    found = list(abreast.run([giving(number) for number in range(50)], ends=lambda result: result == 4))
    assert found == list(range(len(found)))
    assert 5 <= len(found) < 50
    abreast.close()


def test_whoever_stops_reading_waits_for_what_is_under_way(three: Abreast) -> None:
    begun, go, made = threading.Event(), threading.Event(), []

    def slow() -> int:
        begun.set()
        go.wait(10)
        made.append(1)
        return 1

    results = three.run([giving(0), slow, giving(2)])
    assert next(results) == 0
    assert begun.wait(10)
    threading.Timer(0.05, go.set).start()
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert made == [1]
