"""What wakes the thread that serves."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.service.bell import Bell
from tests.e2e.hub_folder import SECRET, HubFolder
from tests.web.visitor import serving

SOON = 5.0
"""Seconds that no machine needs to wake a thread."""


def waited(bell: Bell) -> float:
    begun = time.monotonic()
    bell.wait(60)
    return time.monotonic() - begun


@pytest.fixture
def bell_on_signal() -> Iterator[Bell]:
    """A bell that SIGUSR1 rings, in this thread."""
    bell = Bell()
    before = signal.signal(signal.SIGUSR1, lambda *_: bell.ring())
    yield bell
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_handler_of_the_thread_that_waits_wakes_it(bell_on_signal: Bell) -> None:
    """With an Event it could stop here for ever: the handler would want the lock that the waiting thread holds."""
    sender = threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    sender.start()
    assert waited(bell_on_signal) < SOON
    sender.join()
    assert bell_on_signal.rung()


def test_a_ring_stays_until_it_is_silenced() -> None:
    bell = Bell()
    assert not bell.rung()
    bell.ring()
    bell.ring()
    assert max(waited(bell), waited(bell), waited(bell)) < SOON, "waiting takes no ring away"
    assert bell.rung()
    bell.silence()
    assert not bell.rung()
    begun = time.monotonic()
    bell.wait(0.01)
    assert time.monotonic() - begun >= 0.01


def test_a_service_with_nothing_to_do_stops_when_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_TOKEN", SECRET)
    monkeypatch.setattr("hub.service.process.SLICE", 3600.0)
    monkeypatch.setattr("hub.service.process.LOOK", 3600.0)
    waits, wait = threading.Event(), Bell.wait

    def seen(bell: Bell, seconds: float) -> None:
        waits.set()
        wait(bell, seconds)

    monkeypatch.setattr(Bell, "wait", seen)
    with serving(HubFolder(tmp_path)):
        assert waits.wait(30)
        begun = time.monotonic()
    assert time.monotonic() - begun < SOON
