"""Labels of rows: one word in a column, a list of words, or free text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.mapping.leaf import Surroundings, make_leaf
from hub.mapping.pairs import Refused
from hub.mapping.paths import reader
from hub.mapping.spec import Line
from hub.mapping.transforms_table import clean_text, natives_of

Labels = tuple[str, ...]


class LabelColumn:
    """Reads and writes a row's set of labels.

    as = "tokens": the column is a list of words; as = "label": free text separated by commas; else one word by ``map``.
    Words without an entry: unmapped = "keep" takes them as they are; "opaque" leaves them alone; any other value is
    what a row without a mapped label gets (a phone's type "phone"), and says nothing when read.
    """

    def __init__(self, line: Line, around: Surroundings, prefix: str) -> None:
        self.path = line.at[0]
        self._read = reader(self.path)
        self._tokens = line.pair == "tokens"
        self._free = make_leaf(line, around, prefix=prefix) if line.pair and not self._tokens else None
        self._keep = line.unmapped == "keep"
        self._fallback = None if line.unmapped in ("keep", "opaque", "quarantine") else line.unmapped
        self._write = {label: natives_of(native)[0] for label, native in (line.table or {}).items()}
        self._known = {
            str(spelling).casefold(): label
            for label, native in (line.table or {}).items()
            for spelling in natives_of(native)
        }

    def get(self, row: Mapping[str, Any]) -> Labels:
        return self._of(self._read(row))

    def _of(self, native: Any) -> Labels:
        if native is None or native == "":
            return ()
        if self._free is not None:
            found = self._free.of(native)
            return found if isinstance(found, tuple) else ()
        words = native if isinstance(native, list | tuple) else (native,)
        labels = {self._label(word) for word in words}
        return tuple(sorted(label for label in labels if label))

    def _label(self, word: Any) -> str | None:
        cleaned = clean_text(word)
        if not isinstance(cleaned, str):
            return None
        known = self._known.get(cleaned.casefold())
        return known if known is not None or not self._keep else cleaned.casefold()

    def native(self, labels: Iterable[str], old: Any) -> Any:
        """The column's value for these labels; foreign words of the old value stay in a list of words."""
        wanted = set(labels)
        if self._free is not None:
            natives = self._free.put(tuple(sorted(wanted)))
            return old if isinstance(natives, Refused) else natives[0]
        kept = [self._write.get(label, label) for label in sorted(wanted) if self._keep or label in self._write]
        if self._tokens:
            foreign = [word for word in old if self._label(word) is None] if isinstance(old, list | tuple) else []
            return kept + foreign
        # One word only: the table's order says which label matters most.
        first = next((native for label, native in self._write.items() if label in wanted), None)
        if first is None and kept:
            first = kept[0]
        return first if first is not None else self._fallback

    def image(self, labels: Iterable[str]) -> Labels:
        return self._of(self.native(labels, None))

    def change(self, row: Mapping[str, Any], labels: Iterable[str], *, new: bool) -> dict[str, Any]:
        """path -> native, if the row does not show these labels already."""
        old = self._read(row)
        native = self.native(labels, old)
        if new:
            return {} if native is None or native == "" or native == [] else {self.path: native}
        return {} if self._of(native) == self._of(old) else {self.path: native}
