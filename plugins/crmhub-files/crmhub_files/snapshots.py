"""Row versions of each file as they were last delivered, so that a changed file yields only its changed rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crmhub_files.folder import Stamp
from hub.plugin import Record


class Snapshots:
    """Kept in the connection's private folder; a lost or foreign one only means that more rows are delivered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "rows"

    def compare(self, name: str, stamp: Any, records: Sequence[Record]) -> tuple[list[Record], bool]:
        """The records that changed since the file had this stamp (None: all), and whether some are gone.

        Only the snapshot of exactly that stamp counts: a crash may have saved a newer one than the cursor.
        """
        before = self._load(name, stamp)
        changed = [record for record in records if before.get(record.id) != record.version]
        unknown = stamp is not None and not before
        return changed, unknown or not set(before) <= {record.id for record in records}

    def save(self, name: str, stamp: Stamp, records: Sequence[Record]) -> None:
        """Remember what was delivered."""
        rows = {record.id: record.version for record in records}
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(name)
        temp = path.with_suffix(".tmp")
        temp.write_text(json.dumps({"stamp": stamp.as_json(), "rows": rows}), encoding="utf-8")
        temp.replace(path)

    def _load(self, name: str, stamp: Any) -> dict[str, str]:
        path = self._path(name)
        if stamp is None or not path.exists():
            return {}
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            return {}  # cut off by a crash: everything is delivered again
        return dict(saved["rows"]) if saved.get("stamp") == stamp else {}

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.json"
