"""Pages that are asked for one ahead: while one is stored, the next is under way (the network is slow).

Only where waiting was seen: beside a system that answers at once, a thread costs more than it saves.  The connector is
never used by two threads at the same time: whoever calls it otherwise meanwhile does so under ``Ahead.alone``.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

Item = TypeVar("Item")

WORTH: Final = 0.02
"""Seconds of waiting for the first page (not computing) from which the next ones are asked for ahead."""


class Ahead:
    """One pass over the pages of a connector.  on: whether pages may be asked for ahead at all; worth: seconds of waiting
    from which they are."""

    def __init__(self, *, on: bool, worth: float = WORTH) -> None:
        self._on, self._worth = on, worth
        self._calling = threading.Lock()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While this is held, no page is being asked for."""
        with self._calling:
            yield

    def pages(self, source: Iterable[Item]) -> Generator[Item]:
        """The items of ``source`` in their order; what it raises is raised in its place.  Close it to stop asking: it
        returns when the page that is under way has come."""
        pages = iter(source)
        began, worked = time.perf_counter(), time.thread_time()
        try:
            first = next(pages)
        except StopIteration:
            return
        waited = (time.perf_counter() - began) - (time.thread_time() - worked)
        if not self._on or waited < self._worth:
            yield first
            yield from pages
            return
        yield from self._in_thread(first, pages)

    def _in_thread(self, first: Item, pages: Iterator[Item]) -> Generator[Item]:
        found: queue.Queue[Callable[[], Item]] = queue.Queue(maxsize=1)
        wanted, ended = threading.Semaphore(1), threading.Event()

        def ask() -> None:
            while True:
                wanted.acquire()
                if ended.is_set():
                    return
                with self._calling:
                    outcome = _next(pages)
                found.put(outcome)

        thread = threading.Thread(target=ask, name="crmhub-ahead", daemon=True)
        thread.start()
        try:
            yield first
            while True:
                outcome = found.get()
                try:
                    page = outcome()
                except StopIteration:
                    return
                wanted.release()
                yield page
        finally:
            ended.set()
            wanted.release()
            thread.join()  # what is under way has its own time limits; its page finds room, since one is asked for at a time
            close = getattr(pages, "close", None)
            if close is not None:
                close()


def _next(pages: Iterator[Item]) -> Callable[[], Item]:
    """What asking for the next page came to: a call that returns it, or raises what was raised."""
    try:
        page = next(pages)
    except BaseException as error:  # noqa: BLE001  # raised again where the page was to be
        failure = error

        def fail() -> Item:
            raise failure

        return fail
    return lambda: page
