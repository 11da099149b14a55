"""What wakes a thread that waits, also from a handler of signals in that same thread."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue


class Bell:
    """Like threading.Event, whose lock would stop a thread for ever if a signal handler in it set the event while the thread
    waits; SimpleQueue.put is made to be called there (https://docs.python.org/3/library/queue.html#queue.SimpleQueue.put)."""

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """May be called from any thread and any signal handler."""
        self._rings.put(None)

    def rung(self) -> bool:
        """Whether it was rung since it was last silenced."""
        return not self._rings.empty()

    def wait(self, seconds: float) -> None:
        """Until it rings, or the time is over; a ring is not taken away."""
        try:
            self._rings.get(timeout=seconds)
        except Empty:
            return
        self._rings.put(None)

    def silence(self) -> None:
        """Forget the rings so far."""
        with suppress(Empty):
            while True:
                self._rings.get_nowait()
