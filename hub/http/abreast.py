"""Calls of one connection abreast: while one waits for its answer, others are under way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

Result = TypeVar("Result")


class Abreast:
    """Runs calls in threads that are kept, so that their connections are, too.

    width: calls at a time; 1: none is made in another thread.  name: of the threads.
    """

    def __init__(self, width: int, name: str) -> None:
        self.width, self._name = width, name
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def run(
        self, calls: Sequence[Callable[[], Result]], *, ends: Callable[[Result], bool] = lambda _result: False
    ) -> Generator[Result]:
        """The results in the order of the calls.  What one raises is raised in its place.

        After a result that ``ends`` the work, or an error, no other call begins: those that did not begin are the last
        ones, and have no result.  When this returns (or is closed), nothing is under way.  A call must not use this itself.
        """
        if min(self.width, len(calls)) <= 1:
            for call in calls:
                result = call()
                yield result
                if ends(result):
                    return
            return
        over = threading.Event()

        def make(call: Callable[[], Result]) -> tuple[Result] | None:
            if over.is_set():
                return None
            try:
                result = call()
            except BaseException:
                over.set()
                raise
            if ends(result):
                over.set()
            return (result,)

        pool = self._threads()
        futures = [pool.submit(make, call) for call in calls]
        try:
            for future in futures:
                made = future.result()
                if made is None:
                    return
                yield made[0]
        finally:
            over.set()
            wait(futures)

    def close(self) -> None:
        """End the threads; they are begun again when they are needed."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.width, thread_name_prefix=self._name)
            return self._pool
