"""The command line as users start it, which reports what it did when it ends: ``python -m benchmarks.counted WORD ...``

BENCHMARK_REPORT names the file: {statements, modules, sql, rss}; sql (every statement of an SQLite store, with its values)
is there only with BENCHMARK_TRACE, because noting it costs time, and heap (the most MB that Python's own objects took, without
SQLite's cache, which fills up to its bound) only with BENCHMARK_HEAP.  BENCHMARK_PROFILE names a file for the profile of all
threads (to be read by pstats); it is added to what is there.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from hub.cli.main import main


def _note_databases() -> list[object]:
    """Know every store that is opened.  The module is loaded by every run anyway."""
    from hub.store.database import Database

    found: list[object] = []
    use = Database._use

    def noted(self: Database, connection: object) -> None:
        found.append(self)
        use(self, connection)  # type: ignore[arg-type]  # handed on as it came

    Database._use = noted  # type: ignore[method-assign]  # what this module is for
    return found


def _trace() -> list[str]:
    """Know every statement of SQLite stores."""
    from hub.store.sqlite import Sqlite

    found: list[str] = []
    configure = Sqlite._configure

    def traced(self: Sqlite, raw: sqlite3.Connection, _record: object) -> None:
        configure(self, raw, _record)
        raw.set_trace_callback(found.append)

    Sqlite._configure = traced  # type: ignore[method-assign]  # what this module is for
    return found


def _profiled(path: Path, run: Callable[[], None]) -> None:
    """Profile this thread and those that it starts."""
    import cProfile
    import pstats

    profiles = [cProfile.Profile()]
    in_thread = threading.Thread.run

    def measured(self: threading.Thread) -> None:
        if threading.current_thread() is not self:  # called as a function in a thread that is profiled already
            return in_thread(self)
        profiles.append(cProfile.Profile())
        return profiles[-1].runcall(in_thread, self)

    threading.Thread.run = measured  # type: ignore[method-assign]  # what this module is for
    try:
        profiles[0].runcall(run)
    finally:
        stats = pstats.Stats(*profiles)
        if path.exists():
            stats.add(str(path))
        stats.dump_stats(path)


def memory() -> float:
    """The most memory of this process so far in MB.  Linux: of this program alone; getrusage would count what the process
    had before it began to run it, which is what its parent had."""
    status = Path("/proc/self/status")
    if status.exists():
        found = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(found.split()[1]) / 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _report(path: Path) -> None:
    databases = _note_databases()
    sql = _trace() if os.environ.get("BENCHMARK_TRACE") else []
    profile = os.environ.get("BENCHMARK_PROFILE")
    if os.environ.get("BENCHMARK_HEAP"):
        tracemalloc.start()
    try:
        _profiled(Path(profile), main) if profile else main()
    finally:
        content = {
            "statements": sum(getattr(item, "statements", 0) for item in databases),
            "modules": sorted({name.partition(".")[0] for name in sys.modules}),
            "sql": sql,
            "rss": memory(),
            "heap": tracemalloc.get_traced_memory()[1] / 1e6,  # 0 unless asked for
        }
        path.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    _report(Path(os.environ["BENCHMARK_REPORT"]))
