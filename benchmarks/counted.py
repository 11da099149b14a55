"""The command line as users start it, which reports what it did when it ends: ``python -m benchmarks.counted WORD ...``

BENCHMARK_REPORT names the file: {statements, modules, sql}; sql (every statement of an SQLite store, with its values) is
there only with BENCHMARK_TRACE, because noting it costs time.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
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

    def traced(self: Sqlite, raw: sqlite3.Connection, record: object) -> None:
        configure(self, raw, record)
        raw.set_trace_callback(found.append)

    Sqlite._configure = traced  # type: ignore[method-assign]  # what this module is for
    return found


def _report(path: Path) -> None:
    databases = _note_databases()
    sql = _trace() if os.environ.get("BENCHMARK_TRACE") else []
    try:
        main()
    finally:
        content = {
            "statements": sum(getattr(item, "statements", 0) for item in databases),
            "modules": sorted({name.partition(".")[0] for name in sys.modules}),
            "sql": sql,
        }
        path.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    _report(Path(os.environ["BENCHMARK_REPORT"]))
