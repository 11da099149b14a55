"""Webhooks that a sandbox sends, one after the other, from a thread of their own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests

from hub.testing.sandbox.switches import Switches

_SECONDS = 5.0
Done = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class _Delivery:
    url: str
    body: bytes
    headers: Mapping[str, str]
    done: Done | None


class Deliveries:
    """A queue of webhooks.  What came of each is told to ``done`` as an HTTP status, 0 when nobody answered."""

    def __init__(self, switches: Callable[[], Switches]) -> None:
        self._switches = switches
        self._queue: queue.Queue[_Delivery | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._count = 0

    def send(self, url: str, body: bytes, headers: Mapping[str, str], done: Done | None = None) -> None:
        """Queue one webhook; the switches may lose or repeat it."""
        self._count += 1
        switches = self._switches()
        if switches.lose_every and self._count % switches.lose_every == 0:
            return
        twice = switches.repeat_every and self._count % switches.repeat_every == 0
        for _ in range(2 if twice else 1):
            self._queue.put(_Delivery(url, body, headers, done))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="sandbox webhooks", daemon=True)
            self._thread.start()

    def settle(self) -> None:
        """Wait until everything queued was sent."""
        self._queue.join()

    def close(self) -> None:
        """Send what is queued, then stop."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        with requests.Session() as session:
            session.trust_env = False  # a proxy has no business between two programs on one machine
            while (item := self._queue.get()) is not None:
                try:
                    answer = session.post(item.url, data=item.body, headers=dict(item.headers), timeout=_SECONDS)
                    status = answer.status_code
                except requests.RequestException:
                    status = 0
                if item.done is not None:
                    item.done(status)
                self._queue.task_done()
            self._queue.task_done()
