"""What of our write still stands in a record, and what would take it back (pure).

Three readings of one record are compared: before our write, as our write left it, and now.  What is now as our write left
it is taken back; what is as before already needs nothing; the rest was changed since and is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.canonical.values import key
from hub.mapping.view import KEEP, UNSUPPORTED, CollectionChange, CollectionSpec, Mapping_, Position, Row, Value, View
from hub.state import Shown
from hub.sync.merge.pairing import pair
from hub.sync.policy import is_blank

SINCE = "changed since"


@dataclass(frozen=True, slots=True)
class Line:
    """One field, element or slot: what it is now and what it was before our write.  eid: its golden element."""

    path: str
    now: Value
    then: Value
    eid: str | None = None


@dataclass(slots=True)
class Standing:
    """What became of one write.

    back: what can be taken back; kept: path -> why it stays; fields and collections: the change that takes it back;
    pictures: collection -> (position, element) of the rows that are left, then of those added back (position None).
    rows: for lists without ids, (value, element) of every row that is left or added back;
    gone: elements that our write had added and that go again; returned: elements that it had removed and that come back.
    """

    back: list[Line] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Value] = field(default_factory=dict)
    collections: dict[str, CollectionChange] = field(default_factory=dict)
    pictures: dict[str, list[list[str | None]]] = field(default_factory=dict)
    rows: dict[str, list[tuple[Value, str | None]]] = field(default_factory=dict)
    gone: dict[str, list[str]] = field(default_factory=dict)
    returned: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Readings:
    """One record before our write, as it left it, and now; the elements that its positions show before and now; and the
    paths where golden has moved meanwhile, so that taking back would overwrite somebody's news."""

    pre: View
    post: View
    now: View
    before: Mapping[str, Sequence[Sequence[str | None]]]
    picture: Mapping[str, Sequence[Sequence[str | None]]]
    moved: frozenset[str] = frozenset()
    region: str | None = None


def compare(mapping: Mapping_, readings: Readings, names: set[str]) -> Standing:
    """What still stands of a write that touched the fields and collections ``names``."""
    found = Standing()
    for name in sorted(names):
        spec = mapping.fields.get(name)
        if spec is not None and spec.direction in ("both", "write") and not spec.create_only:
            _field(found, readings, name)
        listed = mapping.collections.get(name)
        if listed is not None and listed.direction in ("both", "write"):
            (_slots if listed.shape == "slots" else _list)(found, readings, listed)
    return found


def _field(found: Standing, readings: Readings, name: str) -> None:
    pre, post, now = (view.fields.get(name, UNSUPPORTED) for view in (readings.pre, readings.post, readings.now))
    if UNSUPPORTED in (pre, post, now) or _same(pre, post) or _same(pre, now):
        return
    if not _same(now, post) or name in readings.moved:
        found.kept[name] = SINCE
        return
    found.fields[name] = pre
    found.back.append(Line(name, now, pre))
    found.names.add(name)


def _same(left: Value, right: Value) -> bool:
    return bool(left == right) or (is_blank(left) and is_blank(right))


def _slots(found: Standing, readings: Readings, spec: CollectionSpec) -> None:
    name = spec.name
    pre, post, now = (_by_pos(view.collections.get(name, ())) for view in (readings.pre, readings.post, readings.now))
    before, shown = _elements(readings.before, name), _elements(readings.picture, name)
    edit: dict[int, Row] = {}
    picture: list[list[str | None]] = []
    for index, position in enumerate(readings.now.collections.get(name, ())):
        slot = str(position.pos)
        picture.append([slot, shown.get(slot)])
        if slot not in pre or slot not in post or pre[slot] == post[slot] or pre[slot] == position.value:
            continue
        path, eid = f"{name}/{slot}", before.get(slot)
        if now[slot] != post[slot] or readings.moved.intersection((path, f"{name}/{shown.get(slot)}", f"{name}/{eid}")):
            found.kept[path] = SINCE
            continue
        edit[index] = Row(pre[slot])
        picture[-1][1] = eid if pre[slot] is not None else None
        found.back.append(Line(path, position.value, pre[slot], eid))
        if eid is not None and pre[slot] is not None:
            found.returned.setdefault(name, []).append(eid)
        if shown.get(slot) is not None:
            found.gone.setdefault(name, []).append(str(shown[slot]))
    if edit:
        found.collections[name] = CollectionChange(edit)
        found.pictures[name] = picture
        found.names.add(name)


def _by_pos(positions: Sequence[Position]) -> dict[str, Value]:
    return {str(item.pos): item.value for item in positions}


def _elements(pictures: Mapping[str, Sequence[Sequence[str | None]]], name: str) -> dict[str, str | None]:
    return {str(pos): eid for pos, eid in pictures.get(name, ()) if pos is not None}


class _List:
    """One list while it is compared."""

    def __init__(self, found: Standing, readings: Readings, spec: CollectionSpec) -> None:
        self.found, self.spec, self.readings, self.name = found, spec, readings, spec.name
        self.pre, self.post, self.now = (
            list(view.collections.get(spec.name, ())) for view in (readings.pre, readings.post, readings.now)
        )
        self.before = _rows(readings.before.get(self.name, ()), self.pre)
        self.shown = _rows(readings.picture.get(self.name, ()), self.now)
        self.edit: dict[int, Row] = {}
        self.remove: set[int] = set()
        self.add: list[tuple[Row, str]] = []
        self.then = {item: index for index, item in enumerate(self._pairs(self.pre, self.post)) if item is not None}
        """Row before -> row that our write left."""
        self.is_now = {item: index for index, item in enumerate(self._pairs(self.post, self.now)) if item is not None}
        """Row that our write left -> row now."""

    def _pairs(self, seen: Sequence[Position], current: Sequence[Position]) -> list[int | None]:
        rows = [Shown(item.pos, None, item.value, item.attrs, item.primary) for item in seen]
        found = pair(self.spec, rows, current)
        free = [index for index in range(len(seen)) if index not in found]
        for place, position in enumerate(current):  # a row that our write added has no id in its prediction
            if found[place] is None:
                twin = next((index for index in free if _content(seen[index]) == _content(position)), None)
                if twin is not None:
                    found[place] = twin
                    free.remove(twin)
        return found

    def path(self, eid: str | None, value: Value) -> str:
        return f"{self.name}/{eid if eid is not None else key(self.name, value, region=self.readings.region)}"


def _rows(picture: Sequence[Sequence[str | None]], positions: Sequence[Position]) -> list[str | None]:
    """The element of every position."""
    by_pos = {pos: eid for pos, eid in picture if pos is not None}
    aligned = len(picture) == len(positions)
    return [
        by_pos.get(item.pos) if item.pos is not None else (picture[index][1] if aligned else None)
        for index, item in enumerate(positions)
    ]


def _content(item: Position) -> tuple[Value, dict[str, Any]]:
    return item.value, {name: value for name, value in item.attrs.items() if value}


def _list(found: Standing, readings: Readings, spec: CollectionSpec) -> None:
    work = _List(found, readings, spec)
    for index, row in enumerate(work.pre):
        if index in work.then:
            _edited(work, index, work.then[index])
        else:
            _removed(work, index, row)
    for index, row in enumerate(work.post):
        if index not in work.then.values():
            _added(work, index, row)
    _primary(work)
    if work.edit or work.remove or work.add:
        name = work.name
        found.collections[name] = CollectionChange(
            dict(work.edit), frozenset(work.remove), tuple(row for row, _ in work.add)
        )
        left = [[row.pos, work.shown[index]] for index, row in enumerate(work.now) if index not in work.remove]
        found.pictures[name] = [*left, *([None, eid] for _, eid in work.add)]
        if not spec.ids:
            values = [
                (edit.value if (edit := work.edit.get(index)) is not None and edit.value is not KEEP else row.value,
                 work.shown[index])
                for index, row in enumerate(work.now) if index not in work.remove
            ]  # fmt: skip
            found.rows[name] = [*values, *((row.value, eid) for row, eid in work.add)]
        found.names.add(name)


def _edited(work: _List, then: int, left: int) -> None:
    """Our write changed a row."""
    old, ours, index = work.pre[then], work.post[left], work.is_now.get(left)
    if _content(old) == _content(ours) or (index is not None and _content(work.now[index]) == _content(old)):
        return
    eid = work.before[then]
    path = work.path(eid, old.value)
    current = None if index is None else work.now[index]
    if current is None or index is None or _content(current) != _content(ours) or path in work.readings.moved:
        work.found.kept[path] = SINCE
        return
    attrs = {name: old.attrs.get(name) for name in current.attrs if current.attrs[name] != old.attrs.get(name)}
    work.edit[index] = Row(old.value if old.value != current.value else KEEP, attrs)
    if eid is not None:
        work.shown[index] = eid
        work.found.returned.setdefault(work.name, []).append(eid)
    then_, now_ = (old.value, current.value) if old.value != current.value else (dict(old.attrs), dict(current.attrs))
    work.found.back.append(Line(path, now_, then_, eid))


def _removed(work: _List, then: int, row: Position) -> None:
    """Our write took a row away."""
    wanted = key(work.name, row.value, region=work.readings.region)
    if any(key(work.name, item.value, region=work.readings.region) == wanted for item in work.now):
        return  # it is there already
    eid = work.before[then]
    path = work.path(eid, row.value)
    if eid is None or path in work.readings.moved:
        work.found.kept[path] = SINCE if eid is not None else "the hub does not know any more what it was"
        return
    heirs = _heirs(work, eid)
    if any(work.now[index].value != ours for index, ours in heirs):
        work.found.kept[path] = SINCE
        return
    for index, _ in heirs:
        work.edit[index] = Row(row.value)
        work.found.back.append(Line(path, work.now[index].value, row.value, eid))
    if heirs:
        work.found.returned.setdefault(work.name, []).append(eid)
        return
    work.add.append((Row(row.value, row.attrs, bool(row.primary) if work.spec.primary else KEEP), eid))
    work.found.returned.setdefault(work.name, []).append(eid)
    work.found.back.append(Line(path, None, row.value, eid))


def _heirs(work: _List, eid: str) -> list[tuple[int, Value]]:
    """The rows that show the element and stay, since somebody changed what our write gave them: each with our value."""
    left_of = {index: left for left, index in work.is_now.items() if left not in work.then.values()}
    found = []
    for index, row in enumerate(work.now):
        if work.shown[index] == eid:
            ours = work.post[left_of[index]] if index in left_of else None
            if ours is None or _content(ours) != _content(row):
                found.append((index, None if ours is None else ours.value))
    return found


def _added(work: _List, left: int, row: Position) -> None:
    """Our write added a row."""
    index = work.is_now.get(left)
    if index is None or index in work.edit:
        return  # it is gone already, or shows again what it showed
    eid = work.shown[index]
    path = work.path(eid, row.value)
    if _content(work.now[index]) != _content(row) or path in work.readings.moved:
        work.found.kept[path] = SINCE
        return
    work.remove.add(index)
    if eid is not None:
        work.found.gone.setdefault(work.name, []).append(eid)
    work.found.back.append(Line(path, row.value, None, eid))


def _primary(work: _List) -> None:
    """Our write moved the flag of the primary row."""
    if work.spec.primary is None:
        return
    flags = [next((i for i, row in enumerate(rows) if row.primary), None) for rows in (work.pre, work.post, work.now)]
    before, ours, now = flags
    left = None if before is None else work.then.get(before)
    if before is not None and ours is None and now is None:
        _flag_again(work, None if left is None else work.is_now.get(left))
        return
    if ours == left or now is None or ours is None or work.is_now.get(ours) != now:
        return
    target = None if left is None else work.is_now.get(left)
    path = f"{work.name}/primary"
    if path in work.readings.moved:
        work.found.kept[path] = SINCE
        return
    if target is not None and target in work.remove:
        target = None
    if target is not None:
        _flag(work, target, True)
    if work.spec.primary == "flag" and now not in work.remove:
        _flag(work, now, False)
    elif target is None:
        return  # the flag goes with its row, or some row is always the first
    eid = None if target is None else work.shown[target]
    work.found.back.append(Line(path, work.shown[now], eid, eid))


def _flag_again(work: _List, target: int | None) -> None:
    """Our write took the flag away, and nobody has set one since: the row that had it gets it back."""
    path = f"{work.name}/primary"
    if target is None or target in work.remove or work.spec.primary != "flag":
        return  # the flag comes with its row
    if path in work.readings.moved:
        work.found.kept[path] = SINCE
        return
    _flag(work, target, True)
    eid = work.shown[target]
    work.found.back.append(Line(path, None, eid, eid))


def _flag(work: _List, index: int, primary: bool) -> None:
    old = work.edit.get(index, Row())
    work.edit[index] = Row(old.value, old.attrs, primary)
