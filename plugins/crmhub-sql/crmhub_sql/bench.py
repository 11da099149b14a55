"""The benches on which the contract kit tries the connector: a table in SQLite, and any database by its URL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from crmhub_sql.connector import Sql
from hub.testing.kit import Bench

TABLE = """
CREATE TABLE people (
  id {serial},
  name VARCHAR(200),
  notes TEXT,
  email VARCHAR(320),
  crmhub_key VARCHAR(64) UNIQUE,
  changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
)
"""


class TableBench(Bench):
    """A table ``people`` with a time of change that the people's program keeps."""

    connector = Sql
    resource = "rows"
    text = "notes"
    serial = "INTEGER PRIMARY KEY AUTOINCREMENT"  # an id that is given out again looks like an edit
    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self._offset = timedelta()
        self._frozen: datetime | None = None

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        self.engine = create_engine(self.address(folder))
        try:
            with self.engine.begin() as connection:
                connection.execute(text("DROP TABLE IF EXISTS people"))
                connection.execute(text(TABLE.format(serial=self.serial)))
            yield
        finally:
            self.engine.dispose()

    def address(self, folder: Path) -> str:
        """The database's URL."""
        raise NotImplementedError

    def settings(self) -> Mapping[str, Any]:
        url = self.engine.url.render_as_string(hide_password=False)
        return {"url": url, "table": "people", "modified": "changed", "own_key": "crmhub_key", "write": "on", "page": 3}

    def document(self, number: int) -> dict[str, Any]:
        return {"name": f"Person {number}", "notes": f"note {number}", "email": f"p{number}@x.example"}

    def now(self) -> datetime:
        return (self._frozen or datetime.now(UTC)) + self._offset

    def later(self, seconds: float) -> None:
        self._offset += timedelta(seconds=seconds)

    def freeze(self) -> None:
        self._frozen = datetime.now(UTC)

    def person_creates(self, number: int) -> str:
        statement = "INSERT INTO people (name, notes, email, changed) VALUES (:name, :notes, :email, :now) RETURNING id"
        return str(self._run(statement, **self.document(number))[0].id)

    def person_writes(self, id_: str, text: str) -> None:
        self._run("UPDATE people SET notes = :notes, changed = :now WHERE id = :id", notes=text, id=int(id_))

    def person_deletes(self, id_: str) -> None:
        self._run("DELETE FROM people WHERE id = :id", id=int(id_))

    def person_sees(self) -> Mapping[str, str]:
        return {str(row.id): row.notes or "" for row in self._run("SELECT id, notes FROM people ORDER BY id")}

    def _run(self, statement: str, **values: Any) -> list[Any]:
        known = {"now": self.now().replace(tzinfo=None).isoformat(" "), **values}
        with self.engine.begin() as connection:
            result = connection.execute(text(statement), {k: v for k, v in known.items() if f":{k}" in statement})
            return list(result.all()) if result.returns_rows else []


class SqliteBench(TableBench):
    """The table in a SQLite file."""

    real = f"SQLite {sqlite3.sqlite_version}"

    def address(self, folder: Path) -> str:
        file = folder / "people.db"
        file.touch()
        return f"sqlite:///{file}"
