"""A collection that lives in a native list of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.mapping.conditions import condition, constants
from hub.mapping.draft import Draft, Entry, ListDraft, rows_of
from hub.mapping.elements import Element
from hub.mapping.labels import LabelColumn
from hub.mapping.leaf import Leaf, written
from hub.mapping.pairs import Refused
from hub.mapping.paths import reader
from hub.mapping.spec import CollectionLines
from hub.mapping.view import KEEP, CollectionChange, CollectionSpec, Partly, Position, Problem, Row, Value


class RowsCollection:
    """Reads and writes the rows of one collection."""

    def __init__(self, lines: CollectionLines, element: Element, labels: LabelColumn | None) -> None:
        self.lines = lines
        self.element = element
        self._list = lines.list
        self.labels = labels
        self.when = condition(lines.only_when)
        self._where = condition(lines.where)
        self._constants = constants(lines.where)
        self._plain = element.leaves[0].paths == ("",)
        self._flag = lines.primary[3:] if lines.primary is not None and lines.primary.startswith("at:") else None
        self._read_flag = reader(self._flag) if self._flag else None
        self._first = lines.primary == "first"
        self.spec = CollectionSpec(
            name=lines.name,
            shape="list",
            direction=lines.direction,
            ids=lines.id is not None,
            attrs=frozenset({"labels"} if labels else ()),
            ours=lines.ours,
            primary="first" if self._first else ("flag" if self._flag else None),
        )

    @property
    def roots(self) -> tuple[str, ...]:
        return (self.lines.list,)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the mapping looks at."""
        found = {path for leaf in self.element.leaves for path in leaf.paths if path} | set(self.lines.where)
        found |= {self.labels.path} if self.labels is not None else set()
        return frozenset(found | ({self._flag} if self._flag else set()))

    def leaves(self) -> tuple[Leaf, ...]:
        return self.element.leaves

    def select(self, rows: list[Any], problems: list[Problem] | None = None) -> list[tuple[int, Position]]:
        """The collection's rows among the native ones, each with its index in the native list."""
        found: list[tuple[int, Position]] = []
        where, labels, get, id_column, plain = self._where, self.labels, self.element.get, self.lines.id, self._plain
        for index, row in enumerate(rows):
            if type(row) is not dict and not plain and not isinstance(row, Mapping):
                continue
            if where is not None and not where(row):
                continue
            value = get(row)
            if value is None:
                continue
            if isinstance(value, Refused):
                if problems is not None:
                    problems.append(Problem(self.lines.list, "unreadable", value.reason))
                continue
            if type(value) is Partly and problems is not None:
                problems.extend(value.problems)
            primary = None
            if self._first:
                primary = not found
            elif self._read_flag is not None:
                primary = bool(self._read_flag(row))
            found.append(
                (
                    index,
                    Position(
                        pos=str(row[id_column]) if id_column is not None and row.get(id_column) is not None else None,
                        value=value,
                        attrs={"labels": labels.get(row)} if labels is not None else {},
                        primary=primary,
                    ),
                )
            )
        return found

    def get(self, data: Mapping[str, Any], problems: list[Problem]) -> tuple[Position, ...]:
        rows = rows_of(data.get(self._list), self.lines.split)
        return tuple([position for _, position in self.select(rows, problems)]) if rows else ()

    def put(self, change: CollectionChange, draft: Draft) -> None:
        rows = draft.list(self.lines.list, self.lines.id, self.lines.split)
        selected = self.select([entry.old for entry in rows.rows if not entry.fresh])
        for index in sorted(change.remove):
            if self._addressable(index, selected, draft):
                self._remove(rows.rows[selected[index][0]], selected[index][1], draft)
        for index, wanted in sorted(change.edit.items()):
            if self._addressable(index, selected, draft):
                self._edit(rows.rows[selected[index][0]], wanted, draft)
        added: list[tuple[Entry, bool]] = []
        for wanted in change.add:
            row = self._new_row(wanted, draft)
            if row is not None:
                rows.add(row)
                added.append((rows.rows[-1], wanted.primary is True))
        if self._first:
            self._reorder(change, rows, [index for index, _ in selected], added)

    def _addressable(self, index: int, selected: list[tuple[int, Position]], draft: Draft) -> bool:
        if not 0 <= index < len(selected):
            draft.held[self.lines.name] = "the row is not there any more"
            return False
        if self.lines.id is not None and selected[index][1].pos is None:
            draft.held[self.lines.name] = "the row has no id yet"
            return False
        return True

    def _foreign(self, value: Any) -> bool:
        return bool(self.lines.ours) and not str(value).startswith(self.lines.ours)

    def _remove(self, entry: Entry, position: Position, draft: Draft) -> None:
        if self._foreign(position.value):
            draft.held[self.lines.name] = f"only entries that start with {self.lines.ours!r} are ever removed"
            return
        entry.removed = True

    def _edit(self, entry: Entry, wanted: Row, draft: Draft) -> None:
        row: dict[str, Any] | Any = entry.new
        if wanted.value is not KEEP:
            held: list[str] = []
            natives = self.element.change(row, wanted.value, new=False, held=held)
            if isinstance(natives, Refused) or self._foreign(wanted.value):
                draft.held[self.lines.name] = (
                    natives.reason if isinstance(natives, Refused) else f"not one of {self.lines.ours!r}"
                )
                return
            if held:
                draft.held[self.lines.name] = "; ".join(held)
            row = natives.get("", row) if self._plain else (written(row, natives) if natives else row)
        if self.labels is not None and "labels" in wanted.attrs:
            labels = self.labels.change(row, wanted.attrs["labels"] or (), new=False)
            row = written(row, labels) if labels else row
        if (
            self._flag
            and wanted.primary is not KEEP
            and wanted.primary is not None
            and bool(row.get(self._flag)) != wanted.primary
        ):
            row = {**row, self._flag: wanted.primary}
        if self._where is not None and not self._where(row):
            draft.held[self.lines.name] = "the system has no kind of row for this value"
            return
        entry.new = row

    def _new_row(self, wanted: Row, draft: Draft) -> Any:
        notes: list[str] = []
        row = self._compose(wanted.value, wanted.attrs, notes)
        if isinstance(row, Refused):
            draft.held[self.lines.name] = row.reason
            return None
        if self._foreign(wanted.value):
            draft.held[self.lines.name] = f"only entries that start with {self.lines.ours!r} are ever added"
            return None
        if notes:
            draft.held[self.lines.name] = "; ".join(notes)
        if self._flag and wanted.primary is True:
            row = {**row, self._flag: True}
        return row

    def _compose(self, value: Value, attrs: Mapping[str, Value], notes: list[str]) -> Any:
        """A native row that shows the element; Refused if there can be none."""
        if value is KEEP or value is None:
            return Refused("an empty element")
        start: dict[str, Any] = {}
        natives = self.element.change(start, value, new=True, held=notes)
        if isinstance(natives, Refused):
            return natives
        if self._plain:
            native = natives.get("")
            if self.lines.split and self.lines.split in str(native):
                return Refused(f"{self.lines.split!r} inside a value")
            return native if native is not None else Refused("an empty element")
        row = written({**self._constants}, natives)
        if self.labels is not None:
            row = written(row, self.labels.change({}, attrs.get("labels") or (), new=True))
        if self._where is not None and not self._where(row):
            return Refused("the system has no kind of row for this value")
        shown = self.element.get(row)
        if shown is None:
            return Refused("nothing of it can be shown")
        return shown if isinstance(shown, Refused) else row

    def _reorder(
        self, change: CollectionChange, rows: ListDraft, selected: list[int], added: list[tuple[Entry, bool]]
    ) -> None:
        """Bring the primary row to the front of this collection's rows."""
        chosen = [
            selected[index] for index, row in change.edit.items() if row.primary is True and 0 <= index < len(selected)
        ]
        new = [index for index, entry in enumerate(rows.rows) if any(entry is item and first for item, first in added)]
        mine = selected + [index for index, entry in enumerate(rows.rows) if any(entry is item for item, _ in added)]
        front = new[:1] or chosen[:1]
        if front and not rows.rows[front[0]].removed:
            rows.first.append([front[0], *(index for index in mine if index != front[0])])

    def surely_holds(self, value: Value, slot: str | None) -> bool:
        return False

    def norm_row(self, value: Value, attrs: Mapping[str, Value], slot: str | None) -> Row | None:
        row = self._compose(value, attrs, [])
        if isinstance(row, Refused):
            return None
        shown = self.element.get(row)
        return Row(value=shown, attrs={"labels": self.labels.get(row)} if self.labels is not None else {})
