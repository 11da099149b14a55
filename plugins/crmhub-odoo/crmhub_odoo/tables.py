"""Tables that turn ids into words and back: countries, states, titles, industries, users, tags."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmhub_odoo.rpc import Rpc
from hub import plugin

_MODELS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "country": ("res.country", ("code",)),
    "state": ("res.country.state", ("code", "country_id")),
    "title": ("res.partner.title", ("shortcut", "name")),
    "industry": ("res.partner.industry", ("name",)),
    "user": ("res.users", ("login",)),
    "tag": ("res.partner.category", ("name",)),
}


class Tables:
    """Words of one database, read when one is needed and again when an id is new."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._lock = threading.RLock()
        self._words: dict[str, dict[int, str]] = {}
        self._missing: set[tuple[str, int]] = set()

    def words(self, table: str) -> Mapping[int, str]:
        """id -> word of a whole table; oldest first."""
        with self._lock:
            if table not in self._words:
                self._words[table] = self._read(table)
            return self._words[table]

    def word(self, table: str, key: Any) -> str | bool:
        """The word of an id; False for no id, and for a row that we may not see."""
        if not key:
            return False
        with self._lock:
            found = self.words(table).get(key)
            if found is None and (table, key) not in self._missing:
                self._words[table] = self._read(table)  # somebody has just made it
                found = self._words[table].get(key)
                if found is None:
                    self._missing.add((table, key))
        return found or False

    def id_of(self, table: str, word: Any, field: str) -> int | bool:
        """The id of a word, the oldest of several; False for none.  Raises Rejected for a word that Odoo lacks."""
        if word in (None, False, ""):
            return False
        for key, known in self.words(table).items():
            if known == word:
                return key
        raise plugin.Rejected(f"Odoo has no {table} {word!r}", field=field)

    def tags(self, keys: Sequence[int]) -> list[dict[str, str]]:
        """Tags as rows with id and name."""
        return [{"id": str(key), "name": str(self.word("tag", key) or key)} for key in sorted(keys)]

    def tag_ids(self, names: Iterable[str]) -> list[int]:
        """Ids of tags by name, the oldest of several; missing ones are made, outside of the partner's transaction."""
        with self._lock:
            known: dict[str, int] = {}
            for key, name in self.words("tag").items():
                known.setdefault(name, key)
            ids = []
            for name in dict.fromkeys(names):
                if name not in known:
                    made = self._rpc.write("res.partner.category", "create", vals_list=[{"name": name}])
                    known[name] = made[0] if isinstance(made, list) else made
                    self._words["tag"][known[name]] = name
                ids.append(known[name])
            return ids

    def _read(self, table: str) -> dict[int, str]:
        model, fields = _MODELS[table]
        rows = self._rpc.rows(model, [], list(fields), order="id")
        if table == "state":
            countries = self.words("country")
            return {row["id"]: f"{countries.get(row['country_id'], '')}-{row['code']}" for row in rows}
        return {row["id"]: next(str(row[name]) for name in fields if row[name]) for row in rows if _named(row, fields)}


def _named(row: Mapping[str, Any], fields: Sequence[str]) -> bool:
    return any(row[name] for name in fields)
