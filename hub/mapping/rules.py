"""The laws of mappings, one function each: what a mapping promises to the engine, tried on one sample.

PutGet alone catches one of six typical faults; together they catch all of them (the test of this module proves it).
Each law yields its violations; none raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from hub.mapping.compiled import CompiledMapping
from hub.mapping.leaf import Leaf
from hub.mapping.pairs import Refused
from hub.mapping.paths import root_of
from hub.mapping.samples import GENERATORS, Golden
from hub.mapping.spec import Example, MappingSpec
from hub.mapping.view import UNSUPPORTED, Change, CollectionChange, Position, Put, Row, Value, View

Native = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken law: ``path`` is the canonical name, ``example`` the smallest sample found that shows it."""

    law: str
    path: str
    message: str
    example: Any = None

    def __str__(self) -> str:
        shown = f"\n    example: {self.example!r}" if self.example is not None else ""
        return f"{self.law}: {self.path}: {self.message}{shown}"


def with_ids(record: Native, mapping: CompiledMapping) -> dict[str, Any]:
    """The record as a system would return it: new rows have got their ids."""
    data = dict(record)
    for name, column in mapping.list_ids.items():
        rows = data.get(name)
        if isinstance(rows, list):
            data[name] = [
                row if not isinstance(row, dict) or row.get(column) is not None else {**row, column: f"n{index}"}
                for index, row in enumerate(rows)
            ]
    return data


def whole_change(mapping: CompiledMapping, golden: Golden, view: View | None) -> Change:
    """The change that makes a record show exactly this golden record (``view``: what it shows now; None: a create)."""
    collections: dict[str, CollectionChange] = {}
    for name, spec in mapping.collections.items():
        rows = golden.rows.get(name, ())
        shown = view.collections.get(name, ()) if view is not None else ()
        if spec.shape == "list":
            remove = frozenset(index for index, row in enumerate(shown) if str(row.value).startswith(spec.ours))
            collections[name] = CollectionChange(remove=remove, add=rows)
        else:
            count = len(shown) if view is not None else len(spec.slots)
            edit = {index: rows[index] if index < len(rows) else Row(None) for index in range(count)}
            collections[name] = CollectionChange(edit=edit)
    return Change("create" if view is None else "update", golden.fields, collections)


def own_change(mapping: CompiledMapping, view: View) -> Change:
    """The change that says what the record shows already."""
    fields = {name: value for name, value in view.fields.items() if mapping.fields[name].direction != "read"}
    collections = {
        name: CollectionChange(
            edit={
                index: Row(row.value, row.attrs, row.primary)
                for index, row in enumerate(rows)
                if row.value is not None or row.pos
            }
        )
        for name, rows in view.collections.items()
    }
    return Change("update", fields, collections)


def totality(mapping: CompiledMapping, native: Native) -> Iterator[Violation]:
    """Nothing that a system can send makes the mapping fail."""
    try:
        view = mapping.get(native)
        mapping.own_key(native)
        mapping.prune(native)
        if view is not None:
            mapping.put(own_change(mapping, view), native)
    except Exception as error:  # noqa: BLE001 - the law is that there is none, of any kind
        yield Violation("Totality", mapping.name, f"{type(error).__name__}: {error}", native)


def get_put(mapping: CompiledMapping, native: Native) -> Iterator[Violation]:
    """Writing what is there writes nothing."""
    view = mapping.get(native)
    if view is None:
        return
    put = mapping.put(own_change(mapping, view), native)
    for root, value in put.data.items():
        yield Violation("GetPut", root, f"writing what is there would write {value!r}", native)
    pruned = mapping.get(mapping.prune(native))
    if pruned != view:
        yield Violation("GetPut", mapping.name, "the pruned record reads otherwise", native)


def _shown(
    mapping: CompiledMapping, change: Change, put: Put, before: View | None, native: Native, law: str
) -> Iterator[Violation]:
    """What the record shows after a put must be the prediction of norm and norm_row."""
    view = mapping.get(native)
    if view is None:
        yield Violation(law, mapping.name, "the written record is outside of the mapping's own selection", native)
        return
    for name, value in change.fields.items():
        spec = mapping.fields.get(name)
        if spec is None or spec.direction == "read" or (spec.create_only and change.kind == "update"):
            continue
        predicted = mapping.norm(name, value)
        if predicted is UNSUPPORTED or name in put.held:
            yield from _held(name, value, put, before, view, law)
        elif not _as_predicted(view.fields.get(name), predicted):
            yield Violation(
                law, name, f"{value!r} was predicted to show {predicted!r}, but shows {view.fields.get(name)!r}", value
            )
    for name, wanted in change.collections.items():
        if name in view.collections and mapping.collections[name].direction != "read":
            yield from _shown_rows(mapping, name, wanted, put, view.collections[name], law)


def _as_predicted(shown: Any, predicted: Any) -> bool:
    """Equal; groups on the members that this record shows."""
    if isinstance(shown, Mapping) and isinstance(predicted, Mapping):
        return all(member in predicted and shown[member] == predicted[member] for member in shown)
    return bool(shown == predicted)


def _held(name: str, value: Value, put: Put, before: View | None, view: View, law: str) -> Iterator[Violation]:
    stands_there = before is not None and before.fields.get(name, UNSUPPORTED) == value
    if name not in put.held and not stands_there:
        yield Violation(law, name, "cannot be held, but put does not say so")
    old = before.fields.get(name) if before is not None else None
    new = view.fields.get(name)
    blank_before = before is None and (new is None or isinstance(new, Mapping))
    if name in view.fields and not blank_before and new != old:
        yield Violation(law, name, f"was held back, but the record shows {new!r} instead of {old!r}")


def _shown_rows(
    mapping: CompiledMapping, name: str, wanted: CollectionChange, put: Put, shown: tuple[Position, ...], law: str
) -> Iterator[Violation]:
    spec = mapping.collections[name]
    if spec.shape == "slots":
        for index, row in wanted.edit.items():
            image = mapping.norm_row(name, row.value, row.attrs, shown[index].pos)
            expected = image.value if image is not None else None
            if shown[index].value != expected and name not in put.held:
                yield Violation(
                    law,
                    name,
                    f"slot {shown[index].pos}: predicted {expected!r}, shows {shown[index].value!r}",
                    row.value,
                )
        return
    images = [
        mapping.norm_row(name, row.value, row.attrs) for row in wanted.add if str(row.value).startswith(spec.ours)
    ]
    expected_rows = [(image.value, dict(image.attrs)) for image in images if image is not None]
    if None in images and name not in put.held:
        yield Violation(law, name, "an element cannot be held, but put does not say so")
    shown_rows = [(row.value, dict(row.attrs)) for row in shown if str(row.value).startswith(spec.ours)]
    missing = [row for row in expected_rows if row not in shown_rows]
    extra = [row for row in shown_rows if row not in expected_rows]
    if missing or extra:
        yield Violation(law, name, f"predicted rows {missing!r} are missing, {extra!r} are too many")
    primary = [row for row in wanted.add if row.primary is True]
    if spec.primary and primary and None not in images:
        image = mapping.norm_row(name, primary[0].value, primary[0].attrs)
        if image is not None and [row.value for row in shown if row.primary] != [image.value]:
            yield Violation(law, name, "the primary element is not shown as primary", primary[0].value)


def put_get(mapping: CompiledMapping, golden: Golden, second: Golden) -> Iterator[Violation]:
    """What was put is what is got: at creation, and over another record (PutPut: only the last one counts)."""
    change = whole_change(mapping, golden, None)
    put = mapping.put(change, None)
    native = with_ids(mapping.apply(None, put.data), mapping)
    yield from _shown(mapping, change, put, None, native, "PutGet")
    view = mapping.get(native)
    if view is None:
        return
    change = whole_change(mapping, second, view)
    put = mapping.put(change, native)
    after = with_ids(mapping.apply(native, put.data), mapping)
    yield from _shown(mapping, change, put, view, after, "PutGet")
    again = mapping.put(Change("update", second.fields), after)
    for root, value in again.data.items():
        yield Violation("PutPut", root, f"writing the same again would write {value!r}", second.fields)


def norm_twice(mapping: CompiledMapping, golden: Golden) -> Iterator[Violation]:
    """The image of an image is itself, and counts as the same value."""
    for name, value in golden.fields.items():
        image = mapping.norm(name, value)
        if image is not UNSUPPORTED and mapping.norm(name, image) not in (image, UNSUPPORTED):
            yield Violation("Norm", name, f"norm({image!r}) is {mapping.norm(name, image)!r}", value)
    for name, rows in golden.rows.items():
        for row in rows:
            first = mapping.norm_row(name, row.value, row.attrs)
            second = mapping.norm_row(name, first.value, first.attrs) if first is not None else None
            if first is not None and first != second:
                yield Violation("Norm", name, f"the image {first!r} has the image {second!r}", row.value)


def frame(mapping: CompiledMapping, golden: Golden, native: Native) -> Iterator[Violation]:
    """What is not mapped stays as it is: keys of the record, keys of rows, rows of other kinds."""
    base = {**native, "unmapped here": 1}
    for name, columns in mapping.native_shape().items():
        if columns and isinstance(base.get(name), list):
            base[name] = [
                {**row, "unmapped here": 1, "_row": 2} if isinstance(row, dict) else row for row in base[name]
            ]
    view = mapping.get(base)
    if view is None:
        return
    edits = {
        name: CollectionChange(
            edit={index: row for index, row in enumerate(golden.rows.get(name, ())) if index < len(shown)}
        )
        for name, shown in view.collections.items()
    }
    after = mapping.apply(base, mapping.put(Change("update", golden.fields, edits), base).data)
    for root in base:
        if root not in mapping.native_shape() and after.get(root) != base[root]:
            yield Violation("Frame", root, "is not mapped but was changed", native)
    for name, columns in mapping.native_shape().items():
        for before, row in zip(_rows(base, name), _rows(after, name), strict=False):
            changed = [key for key in before if key not in (columns or ()) and row.get(key) != before[key]]
            if changed and before.get("id") == row.get("id"):
                yield Violation("Frame", f"{name}.{changed[0]}", "is not mapped but was changed", native)


def _rows(native: Native, name: str) -> list[dict[str, Any]]:
    found = native.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def blank(mapping: CompiledMapping) -> Iterator[Violation]:
    """BLANK is shown as BLANK, or cannot be written; a placeholder is nobody's name."""
    for name, spec in mapping.fields.items():
        value: Value = None if spec.members is None else {}
        image = mapping.norm(name, value)
        blank_group = isinstance(image, Mapping) and not any(item is not None for item in image.values())
        if image is not None and image is not UNSUPPORTED and not blank_group:
            yield Violation("Blank", name, f"BLANK would be shown as {image!r}")
    for name, leaf in mapping.leaves():
        placeholder = leaf.line.placeholder
        if placeholder is not None and leaf.of(placeholder) is not None:
            yield Violation("Blank", name, f"the placeholder {placeholder!r} is read as a value")
        natives = leaf.put(None)
        if not isinstance(natives, Refused) and leaf.of_natives(natives, *_place(leaf)) is not None:
            yield Violation("Blank", name, f"BLANK would be written as {natives!r} and read as a value")


def _place(leaf: Leaf) -> tuple[str | None, ...]:
    return ("DE",) if leaf.placed else ()


def exact(mapping: CompiledMapping, random: Random) -> Iterator[Violation]:
    """Values of a pair's declared domain come back as they went in, or are refused; never changed."""
    for name, leaf in mapping.leaves():
        make = GENERATORS.get(leaf.pair.exact)
        value = (
            random.choice(sorted(leaf.line.table or {"": 0}))
            if leaf.pair.exact == "table"
            else (make(random) if make is not None else None)
        )
        if value is None or not leaf.writable or value == leaf.line.placeholder:
            continue
        image = leaf.image(value, *_place(leaf))
        offered = leaf.values is not None
        near = offered and leaf.pair.exact.startswith("language")  # "de" may stand for "de-AT" where that is all
        if not isinstance(image, Refused) and image != value and not near:
            yield Violation("Exact", name, f"{value!r} would be shown as {image!r}", value)


def refuse(mapping: CompiledMapping, random: Random) -> Iterator[Violation]:
    """A value that does not fit is UNSUPPORTED: never cut (unless the line says so), never replaced by a default."""
    for name, leaf in mapping.leaves():
        if not leaf.writable:
            continue
        if leaf.max is not None and leaf.pair.exact in ("line", "block") and leaf.line.over == "refuse":
            value = "ab" * leaf.max
            image = leaf.image(value)
            if not isinstance(image, Refused):
                yield Violation("Refuse", name, f"{len(value)} characters are shown as {len(str(image))}", leaf.max)
        if leaf.pair.exact == "table" and leaf.line.unmapped in ("opaque", "quarantine"):
            image = leaf.image("no such entry")
            if not isinstance(image, Refused):
                yield Violation("Refuse", name, f"a value without an entry is shown as {image!r}")
        if leaf.pair.exact == "full_date" and not isinstance(leaf.image("--04-12"), Refused):
            yield Violation("Refuse", name, "a date without a year is shown with one")


def coded(mapping: CompiledMapping, golden: Golden) -> Iterator[Violation]:
    """A number whose scheme (or a contact whose kind) the system lacks is held back, never shown as another."""
    for name, member in (("tax_ids", "scheme"), ("messengers", "kind")):
        for row in golden.rows.get(name, ()):
            wanted: Any = row.value
            image = mapping.norm_row(name, wanted, row.attrs)
            shown: Any = image.value if image is not None else wanted
            if shown[member] != wanted[member]:
                yield Violation(
                    "Refuse", name, f"{member} {wanted[member]!r} would be shown as {shown[member]!r}", wanted
                )


def sticky(mapping: CompiledMapping, golden: Golden, second: Golden) -> Iterator[Violation]:
    """Filling one slot moves no other; adding a row moves none."""
    native = with_ids(mapping.apply(None, mapping.put(whole_change(mapping, golden, None), None).data), mapping)
    view = mapping.get(native)
    if view is None:
        return
    for name, shown in view.collections.items():
        for index, row in enumerate(second.rows.get(name, ())):
            slots = mapping.collections[name].shape == "slots"
            if slots and not index < len(shown):
                continue
            new = Row(row.value, row.attrs)
            part = CollectionChange(edit={len(shown) - 1 - index: new}) if slots else CollectionChange(add=(new,))
            put = mapping.put(Change("update", {}, {name: part}), native)
            after = mapping.get(with_ids(mapping.apply(native, put.data), mapping))
            now = after.collections.get(name, ()) if after is not None else ()
            moved = [
                old.pos or str(place)
                for place, old in enumerate(shown)
                if not (slots and place in part.edit) and (place >= len(now) or now[place].value != old.value)
            ]
            if moved:
                yield Violation("Sticky", name, f"writing one element changed {', '.join(moved)}", second.rows[name])


def example(mapping: CompiledMapping, sample: Example) -> Iterator[Violation]:
    """An executed example of the file: what must be read, and what must be UNSUPPORTED for this record.

    What this installation lacks (optional lines, other versions) is left out.
    """
    view = mapping.get(sample.native)
    where = f"example {sample.name!r}"
    if view is None:
        yield Violation("Examples", where, "the record is outside of the mapping's selection")
        return
    for name, wanted in sample.reads.items():
        if not _mapped(mapping, name):
            continue
        got = _read(view, name)
        if isinstance(wanted, dict) and name in mapping.collections and mapping.collections[name].slots:
            wanted = {slot.name: wanted[slot.name] for slot in mapping.collections[name].slots if slot.name in wanted}
        if got is UNSUPPORTED or not _matches(wanted, got):
            yield Violation("Examples", where, f"{name} should be {wanted!r}, is {got!r}")
    for name in sample.absent:
        if _read(view, name) is not UNSUPPORTED:
            yield Violation("Examples", where, f"{name} should not be supported here, is {_read(view, name)!r}")


def _mapped(mapping: CompiledMapping, name: str) -> bool:
    if name.startswith("name."):
        return any(known == name for known, _ in mapping.leaves())
    return name in mapping.fields or name in mapping.collections


def _read(view: View, name: str) -> Any:
    """What an example calls by a canonical name: a value, a list of values, or slot -> value."""
    if name in view.collections:
        rows = view.collections[name]
        by_slot = bool(rows) and all(row.pos is not None for row in rows)
        return {row.pos: row.value for row in rows} if by_slot else [row.value for row in rows]
    if name.startswith("name."):
        return (view.fields.get("name") or {}).get(name[5:], UNSUPPORTED)
    return view.fields.get(name, UNSUPPORTED)


def _matches(wanted: Any, got: Any) -> bool:
    """TOML has no null: "" stands for BLANK, and {} or [] for an empty or unsupported collection."""
    if wanted == "":
        return got is None
    if isinstance(wanted, dict) and isinstance(got, Mapping):
        return wanted.keys() == got.keys() and all(_matches(wanted[key], got[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(got, Mapping):  # rows with ids: their values in order
        got = list(got.values())
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(_matches, wanted, got))
    return bool(wanted == got)


def enough_examples(spec: MappingSpec) -> Iterator[Violation]:
    """Only an example can prove that a line is *meant* so; three is the least."""
    if len(spec.examples) < 3:
        yield Violation("Examples", spec.name, f"has {len(spec.examples)} executed examples, needs at least 3")


def roots_written(mapping: CompiledMapping, put: Put) -> Iterator[Violation]:
    """A patch names only what the mapping maps."""
    for root in put.data:
        if root_of(root) not in mapping.native_shape():
            yield Violation("Frame", root, "is written but not mapped")
