"""Row versions of each file as they were last delivered, so that a changed file yields only its changed rows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from crmhub_files.folder import Stamp
from crmhub_files.records import Sheet
from hub.plugin import Record


class Snapshots:
    """Kept in the connection's private folder; a lost or foreign one only means that more rows are delivered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "rows"

    def compare(self, name: str, stamp: Any, sheet: Sheet) -> tuple[list[Record], bool]:
        """The records that changed since the file had this stamp (None: all), and whether some are gone.

        Only the snapshot of exactly that stamp counts: a crash may have saved a newer one than the cursor.
        """
        before = self._load(name, stamp)
        records = [entry.record for entry in sheet.entries.values()]
        changed = [record for record in records if before.get(record.id) != record.version]
        return changed, not set(before) <= set(sheet.entries) or (stamp is not None and not before)

    def save(self, name: str, stamp: Stamp, sheet: Sheet) -> None:
        rows = {id: entry.record.version for id, entry in sheet.entries.items()}
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
