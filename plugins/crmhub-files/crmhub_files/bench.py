"""What the contract kit tries this connector on: files in a folder that a person edits, too."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crmhub_files.connector import Files
from crmhub_files.formulas import restored
from hub.testing.kit import Bench

Row = dict[str, Any]
_HEADER = ("id", "name", "email", "notes", "crmhub_id")


class CsvBench(Bench):
    """A CSV file with an id column; the person's program replaces the file as a whole."""

    connector = Files
    resource = "customers"
    text = "notes"
    real = "files on this disk"
    file = "customers.csv"

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        self._store([])
        yield

    def settings(self) -> Mapping[str, Any]:
        return {"path": self.file, "write": "update"}

    def document(self, number: int) -> dict[str, Any]:
        return {"name": f"Person {number}", "notes": f"note {number}", "email": f"p{number}@x.example"}

    def person_creates(self, number: int) -> str:
        self._store([*self._rows(), {"id": f"K{number}", **self.document(number)}])
        return f"K{number}"

    def person_writes(self, id_: str, text: str) -> None:
        self._store([{**row, "notes": text} if _id(row) == id_ else row for row in self._rows()])

    def person_deletes(self, id_: str) -> None:
        self._store([row for row in self._rows() if _id(row) != id_])

    def person_sees(self) -> Mapping[str, str]:
        return {_id(row): str(row.get("notes") or "") for row in self._rows()}

    def _store(self, rows: Sequence[Row]) -> None:
        path = self.folder / self.file
        new = path.with_suffix(".new")
        self._dump(new, rows)
        os.replace(new, path)

    def _rows(self) -> list[Row]:
        with (self.folder / self.file).open(encoding="utf-8", newline="") as file:
            return [{name: restored(value) for name, value in row.items()} for row in csv.DictReader(file)]

    def _dump(self, path: Path, rows: Sequence[Row]) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _HEADER)
            writer.writeheader()
            writer.writerows(rows)


class JsonLinesBench(CsvBench):
    """The same in JSON Lines."""

    file = "customers.jsonl"
    variant = True

    def _rows(self) -> list[Row]:
        lines = (self.folder / self.file).read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line.strip()]

    def _dump(self, path: Path, rows: Sequence[Row]) -> None:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _id(row: Row) -> str:
    return str(row.get("id") or row.get("crmhub_id"))
