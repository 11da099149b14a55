"""The floor: what reading the same pages costs at least, with requests, orjson and one upsert of the raw page in SQLite.

``python -m benchmarks.floor DATABASE TOKEN URL ...`` reads every page from each URL on; BENCHMARK_REPORT names the file
for its report: {records, calls, work}, work being the seconds of CPU after everything was loaded.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from pathlib import Path

import orjson
import requests

_UPSERT = "INSERT INTO raw VALUES (?, ?, ?) ON CONFLICT (system, id) DO UPDATE SET doc = excluded.doc"


def main() -> None:
    """Read and store."""
    path, token, *urls = sys.argv[1:]
    begun = time.process_time()
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token}"
    database = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA cache_size = -16384"):
        database.execute(statement)
    database.execute("CREATE TABLE raw (system TEXT, id TEXT, doc BLOB, PRIMARY KEY (system, id))")
    records = calls = 0
    for url in urls:
        place: str | None = ""
        joint = "&" if "?" in url else "?"
        while place is not None:
            answer = session.get(f"{url}{joint}after={place}" if place else url, timeout=60)
            answer.raise_for_status()
            page = orjson.loads(answer.content)
            rows = [(url, row["id"], orjson.dumps(row)) for row in page["items"]]
            database.execute("BEGIN")
            database.executemany(_UPSERT, rows)
            database.execute("COMMIT")
            records, calls, place = records + len(rows), calls + 1, page["next"]
    work = time.process_time() - begun
    report = {"records": records, "calls": calls, "work": work}
    Path(os.environ["BENCHMARK_REPORT"]).write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main()
