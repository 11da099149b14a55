"""What a sandbox remembers: collections of JSON documents, in memory and, if wanted, in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class Collection(MutableMapping[str, Document]):
    """Documents by id, in the order in which they came.  A document is replaced as a whole, never changed in place."""

    def __init__(self, name: str, state: State, documents: dict[str, Document]) -> None:
        self.name = name
        self._state = state
        self._documents = documents

    def __getitem__(self, key: str) -> Document:
        return self._documents[key]

    def __setitem__(self, key: str, document: Document) -> None:
        self._documents[key] = document
        self._state.changed[self.name, key] = None

    def __delitem__(self, key: str) -> None:
        del self._documents[key]
        self._state.changed[self.name, key] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)


class State:
    """All collections of a sandbox.  file: where they survive a restart; without one they live in memory only."""

    def __init__(self, file: Path | None = None) -> None:
        self.changed: dict[tuple[str, str], None] = {}  # in the order in which they changed
        self._collections: dict[str, Collection] = {}
        self._file: sqlite3.Connection | None = None
        if file is not None:
            self._file = sqlite3.connect(file, check_same_thread=False)  # the sandbox's lock orders its threads
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS document (collection TEXT, id TEXT, body TEXT, PRIMARY KEY (collection, id))"
            )
            self._load(self._file)

    def collection(self, name: str) -> Collection:
        """The collection of that name, empty at first."""
        if name not in self._collections:
            self._collections[name] = Collection(name, self, {})
        return self._collections[name]

    def next_number(self, name: str, start: int = 1) -> int:
        """The next number of a series; never the same twice, also after a restart."""
        numbers = self.collection("_numbers")
        number = int(numbers[name]["next"]) if name in numbers else start
        numbers[name] = {"next": number + 1}
        return number

    def commit(self) -> None:
        """Make what has changed last, in one transaction."""
        if self._file is not None and self.changed:
            with self._file:
                for name, key in self.changed:
                    self._save(self._file, name, key)
        self.changed.clear()

    def snapshot(self) -> Callable[[], None]:
        """A function that takes back all that changes from now on, as the end of a failed transaction does."""
        changed = dict(self.changed)
        before = {name: dict(found._documents) for name, found in self._collections.items()}

        def undo() -> None:
            for name, found in self._collections.items():
                if name != "_numbers":  # a number that was drawn is not given again
                    found._documents.clear()
                    found._documents.update(before.get(name, {}))
            self.changed = {**changed, **{key: None for key in self.changed if key[0] == "_numbers"}}

        return undo

    def dump(self) -> dict[str, dict[str, Document]]:
        """Everything: collection -> id -> document."""
        return {name: dict(found) for name, found in self._collections.items()}

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _load(self, file: sqlite3.Connection) -> None:
        for name, key, body in file.execute("SELECT collection, id, body FROM document ORDER BY rowid"):
            self.collection(name)._documents[key] = json.loads(body)

    def _save(self, file: sqlite3.Connection, name: str, key: str) -> None:
        document = self._collections[name].get(key)
        if document is None:
            file.execute("DELETE FROM document WHERE collection = ? AND id = ?", (name, key))
            return
        file.execute(
            "INSERT INTO document VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
            (name, key, json.dumps(document)),
        )
