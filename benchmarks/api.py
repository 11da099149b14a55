"""What the stub API knows and answers, without a network: records that are made when they are asked for, and what was
written since."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmarks.people import person

Row = dict[str, Any]

OLD = "2026-01-01T00:00:00+00:00"
"""When everything that exists from the beginning was changed last."""
NOW = 1_772_323_200.0
"""The clock of the API at the beginning (2026-03-01), in seconds since the epoch; it moves only when told to."""


@dataclass(slots=True)
class System:
    """One system.  first, size: the numbers of the people that it has from the beginning, whose ids are 1, 2, 3 ...;
    without: a field that every twentieth of them has not."""

    first: int = 0
    size: int = 0
    without: str = ""
    seed: int = 1
    written: dict[str, Row] = field(default_factory=dict)
    """Records that were made or changed since, by id, in the order of their last change."""
    made: list[str] = field(default_factory=list)
    """Ids of records that were made."""
    clock: float = NOW
    changes: int = 0

    def stamp(self) -> str:
        return datetime.fromtimestamp(self.clock, UTC).isoformat(timespec="seconds")

    def one(self, id_: str) -> Row | None:
        """A record by its id."""
        if id_ in self.written:
            return self.written[id_]
        if not id_.isdecimal() or not 1 <= int(id_) <= self.size:
            return None
        place = int(id_) - 1
        fields = person(self.first + place, self.seed)
        if self.without and place % 20 == 0:
            fields[self.without] = ""
        return {"id": id_, "etag": "v1", "updated": OLD, **fields}

    def ids(self, start: int, number: int) -> list[str]:
        """A part of all ids, in the order of a listing."""
        old = [str(place + 1) for place in range(start, min(start + number, self.size))]
        after = max(0, start - self.size)
        return [*old, *self.made[after : after + number - len(old)]]

    @property
    def total(self) -> int:
        return self.size + len(self.made)

    def page(self, query: dict[str, str], most: int) -> Row:
        """A page of all records, of those changed since a time, or of those with a key of the hub."""
        start = int(query.get("after", 0))
        if "crmhub_id" in query:
            rows = [row for row in self.written.values() if row.get("crmhub_id") == query["crmhub_id"]]
            return {"items": rows, "next": None}
        if query.get("since", "") > OLD:
            since = [id_ for id_, row in self.written.items() if row["updated"] >= query["since"]]
            ids, total = since[start : start + most], len(since)
        else:
            ids, total = self.ids(start, most), self.total
        following = str(start + most) if start + most < total else None
        return {"items": [self.one(id_) for id_ in ids], "next": following}

    def versions(self, query: dict[str, str], most: int) -> Row:
        """A page of ids and versions."""
        start = int(query.get("after", 0))
        rows = []
        for id_ in self.ids(start, most):
            row = self.written.get(id_)
            rows.append({"id": id_, "etag": "v1" if row is None else row["etag"]})
        return {"items": rows, "next": str(start + most) if start + most < self.total else None}

    def save(self, id_: str, fields: Row) -> Row:
        """Write fields of a record, new or not."""
        self.changes += 1
        before = self.written.pop(id_, None) or self.one(id_) or {}
        row = {**before, **fields, "id": id_, "etag": f"v{self.changes + 1}", "updated": self.stamp()}
        self.written[id_] = row
        return row

    def create(self, items: list[Row]) -> Row:
        """Make records."""
        results = []
        for fields in items:
            id_ = str(self.total + 1)
            self.made.append(id_)
            results.append({"ok": True, **self.save(id_, fields)})
        return {"results": results}

    def update(self, items: list[Row]) -> Row:
        """Change records that still have the version that is named."""
        results: list[Row] = []
        for item in items:
            row = self.one(item["id"])
            if row is None:
                results.append({"ok": False, "error": "missing", "message": "no such record"})
            elif item.get("version") not in (None, row["etag"]):
                results.append({"ok": False, "error": "changed", "message": "changed meanwhile"})
            else:
                results.append({"ok": True, **self.save(item["id"], item["fields"])})
        return {"results": results}

    def people_work(self, number: int, mark: str) -> None:
        """Somebody changes the job of ``number`` records, spread over all."""
        step = max(1, self.size // number)
        for turn in range(number):
            self.save(str(turn * step + 1), {"jobtitle": f"Job {mark} {turn}"})
