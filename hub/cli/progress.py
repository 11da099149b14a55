"""Progress of long runs, and stopping them between two transactions."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from hub.cli.terminal import Terminal
from hub.config.quantities import show_duration
from hub.views.exits import Exit

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_WORDS = {"read": "reading", "link": "linking", "plan": "planning", "write": "writing"}
_EVERY_LINE = 5.0
"""Seconds between two lines of progress where there is no terminal."""
_EVERY_EVENT = 1.0
"""Seconds between two JSON events."""


class Reporter:
    """Receives the engine's progress, from several threads.  Also the place where a run stops when asked to: between
    two pages or batches, never inside a transaction."""

    def __init__(self, terminal: Terminal, bars: Progress | None) -> None:
        self._terminal, self._bars = terminal, bars
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        self._last = time.monotonic()
        self.stopping = threading.Event()

    def __call__(self, step: str, system: str, done: int, total: int | None) -> None:
        if self.stopping.is_set():
            raise KeyboardInterrupt
        with self._lock:
            self._show(step, system, done, total)

    def _show(self, step: str, system: str, done: int, total: int | None) -> None:
        label = f"{_WORDS.get(step, step)} {system}".strip()
        now = time.monotonic()
        if self._bars is not None:
            if label not in self._tasks:
                self._tasks[label] = self._bars.add_task(label, total=total)
            self._bars.update(self._tasks[label], completed=done, total=total)
            return
        self._started.setdefault(label, now)
        wait = _EVERY_EVENT if self._terminal.options.json else _EVERY_LINE
        if now - self._last < wait:
            return
        self._last = now
        self._terminal.emit("progress", {"step": step, "system": system, "done": done, "total": total})
        if not self._terminal.options.json and done:
            self._terminal.note(_line(label, done, total, now - self._started[label]))


def _line(label: str, done: int, total: int | None, seconds: float) -> str:
    """ "writing erp: 120 of 240 (40/s, 3 s left)"."""
    of = f" of {total}" if total is not None else ""
    if seconds <= 0:
        return f"{label}: {done}{of}"
    rate = done / seconds
    left = f", {show_duration((total - done) / rate)} left" if total is not None and rate > 0 else ""
    return f"{label}: {done}{of} ({rate:.0f}/s{left})"


@contextmanager
def reporting(terminal: Terminal) -> Iterator[Reporter]:
    """Show progress on stderr while the body runs; SIGINT and SIGTERM let it finish its transaction first."""
    bars = _bars(terminal)
    reporter = Reporter(terminal, bars)
    with _stoppable(terminal, reporter):
        if bars is None:
            yield reporter
        else:
            with bars:
                yield reporter


def _bars(terminal: Terminal) -> Progress | None:
    options = terminal.options
    if options.quiet or options.json or not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, no_color=not options.color)
    columns: list[Any] = [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _rate_column(),
        TimeRemainingColumn(),
    ]
    return Progress(*columns, console=console, transient=True)


def _rate_column() -> Any:
    """Made late, so that rich is loaded only for a terminal."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Rate(ProgressColumn):
        """Records per second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.0f}/s" if task.speed else "")

    return Rate()


@contextmanager
def _stoppable(terminal: Terminal, reporter: Reporter) -> Iterator[None]:
    """The first signal asks to stop, the second one ends the process at once (which is safe, too: every step can be
    repeated)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        if reporter.stopping.is_set():
            os._exit(int(Exit.INTERRUPTED))
        reporter.stopping.set()
        terminal.note("stopping after the current step; again to stop at once")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if reporter.stopping.is_set():
        raise KeyboardInterrupt
