"""Where our own key is stored in a native record: a field, or a row of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.mapping.conditions import condition
from hub.mapping.draft import Draft, rows_of
from hub.mapping.paths import reader, root_of
from hub.mapping.spec import OwnKey
from hub.mapping.transforms_table import clean_text


class KeyPlace:
    """Reads and writes our key.  A key that stands there already is left alone."""

    def __init__(self, place: OwnKey, id_column: str | None) -> None:
        self._place = place
        self._id = place.id or id_column
        self._where = condition(place.where)
        self._read = reader(place.at) if place.at else None
        self.roots = (root_of(place.at or place.list),)

    def _of_row(self, row: Any) -> str | None:
        if not isinstance(row, Mapping) or (self._where is not None and not self._where(row)):
            return None
        text = clean_text(row.get(self._place.value)) if isinstance(row.get(self._place.value), str) else None
        if not isinstance(text, str) or not text.startswith(self._place.prefix):
            return None
        return text[len(self._place.prefix) :] or None

    def get(self, data: Mapping[str, Any]) -> str | None:
        """Our key, or None."""
        if self._read is not None:
            native = self._read(data)
            text = clean_text(native if isinstance(native, str) or native is None else str(native))
            return text if isinstance(text, str) else None
        found = (self._of_row(row) for row in rows_of(data.get(self._place.list)))
        return next((key for key in found if key), None)

    def put(self, key: str, draft: Draft) -> None:
        """Write the key into the draft."""
        if self.get(draft.row) == key:
            return
        if self._read is not None:
            draft.write({self._place.at: key})
            return
        rows = draft.list(self._place.list, self._id)
        text = self._place.prefix + key
        for entry in rows.rows:
            if not entry.fresh and not entry.removed and self._of_row(entry.new):
                entry.new = {**entry.new, self._place.value: text}
                return
        # The row is empty wherever the condition says so: that is how it is told from rows of the other kinds.
        start = {path: (values[0] or None) for path, values in self._place.where.items()}
        rows.add({**start, self._place.value: text})
