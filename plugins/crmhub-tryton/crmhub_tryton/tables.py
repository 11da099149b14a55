"""Tables that turn codes into ids: languages, countries, subdivisions, categories.  Read once per connection."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from crmhub_tryton.rpc import Rpc
from hub import plugin

_MODELS = {"lang": "ir.lang", "country": "country.country", "subdivision": "country.subdivision"}


class Tables:
    """Codes and ids of one database."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._lock = threading.Lock()
        self._codes: dict[str, dict[str, int]] = {}
        self._categories: dict[str, int] | None = None

    def codes(self, kind: str) -> Mapping[str, int]:
        """code -> id of "lang", "country" or "subdivision".  Countries are empty until someone imports them."""
        with self._lock:
            if kind not in self._codes:
                rows = self._rpc.read(f"model.{_MODELS[kind]}.search_read", [], 0, None, [["id", "ASC"]], ["code"])
                self._codes[kind] = {row["code"]: row["id"] for row in rows if row["code"]}
            return self._codes[kind]

    def id_of(self, kind: str, code: str | None, field: str) -> int | None:
        """The id of a code, None for None.  Raises Rejected for a code that the database does not have."""
        if code is None or code == "":
            return None
        known = self.codes(kind)
        if code not in known:
            hint = "" if known else f"The table {_MODELS[kind]} is empty: import the countries in Tryton"
            raise plugin.Rejected(f"Tryton has no {kind} {code!r}", field=field, hint=hint)
        return known[code]

    def category_ids(self, names: Iterable[str]) -> list[int]:
        """Ids of categories by name; missing ones are created, outside of the transaction of the party."""
        wanted = list(dict.fromkeys(names))
        with self._lock:
            if self._categories is None or not self._categories.keys() >= set(wanted):
                self._categories = self._read_categories()
            missing = [name for name in wanted if name not in self._categories]
            if missing:
                ids = self._rpc.write("model.party.category.create", [{"name": name} for name in missing])
                self._categories |= dict(zip(missing, ids, strict=True))
            return [self._categories[name] for name in wanted]

    def _read_categories(self) -> dict[str, int]:
        """name -> id; of several with one name, the one nearest to the root, then the oldest."""
        fields = ["name", "parent"]
        rows = self._rpc.read("model.party.category.search_read", [], 0, None, [["id", "ASC"]], fields)
        found: dict[str, int] = {}
        for row in sorted(rows, key=lambda row: (row["parent"] is not None, row["id"])):
            found.setdefault(row["name"], row["id"])
        return found
