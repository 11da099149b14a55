"""Check a mapping against its laws, on generated, example and real records; used by ``crmhub mapping check``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from hub.canonical.facts import is_fact
from hub.canonical.names import rebuild
from hub.canonical.schema import COLLECTIONS, FIELDS
from hub.canonical.values import same
from hub.mapping import fact_laws, rules
from hub.mapping.compiled import CompiledMapping
from hub.mapping.rules import Violation
from hub.mapping.samples import Golden, sample_golden, sample_native
from hub.mapping.spec import MappingSpec
from hub.mapping.view import UNSUPPORTED, Change, Row, View

LAWS = (
    "Totality",
    "GetPut",
    "PutGet",
    "PutPut",
    "Norm",
    "Frame",
    "Blank",
    "Exact",
    "Refuse",
    "Sticky",
    "Examples",
    "Triangle",
)


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check.

    mapped, unmapped: canonical fields and collections, as coverage.
    required:         native paths that the system requires and no line writes.
    tried:            how many generated and real records were tried.
    """

    mapping: str
    violations: tuple[Violation, ...]
    mapped: tuple[str, ...]
    unmapped: tuple[str, ...]
    required: tuple[str, ...]
    tried: int
    laws: int = len(LAWS)

    @property
    def ok(self) -> bool:
        return not self.violations

    @property
    def coverage(self) -> str:
        """ "38 of 61 fields mapped, 2 required unmapped"."""
        total = len(self.mapped) + len(self.unmapped)
        text = f"{len(self.mapped)} of {total} fields mapped"
        return f"{text}, {len(self.required)} required unmapped" if self.required else text

    def __str__(self) -> str:
        lines = [f"{self.mapping}: {self.coverage}; {self.laws} laws, {self.tried} records tried"]
        lines += [f"  {violation}" for violation in self.violations] or ["  no law is broken"]
        return "\n".join(lines)


def check(
    mapping: CompiledMapping,
    spec: MappingSpec,
    *,
    records: Sequence[Mapping[str, Any]] = (),
    examples: int = 200,
    seed: int = 0,
    required: Sequence[str] = (),
) -> Report:
    """Try every law.

    records:  real native records (they are read, never written).
    examples: how many generated records; the same ``seed`` generates the same ones.
    required: native paths that the system says it requires.

    Each broken law is reported once for each canonical name, with the smallest example found.
    """
    random = Random(seed)  # noqa: S311 - reproducible samples, no secret
    found: dict[tuple[str, str], Violation] = {}

    def note(violations: Iterator[Violation]) -> None:
        for violation in violations:
            found.setdefault((violation.law, violation.path), violation)

    if is_fact(spec.record):
        shown = [*records, *(sample.native for sample in spec.examples)]
        note(fact_laws.violations(mapping, spec, shown, examples, random))
        mapped, unmapped = fact_laws.coverage(mapping)
        tried = examples + len(shown)
        return Report(mapping.name, tuple(found.values()), mapped, unmapped, (), tried, len(fact_laws.FACT_LAWS))
    note(rules.blank(mapping))
    note(rules.refuse(mapping, random))
    note(rules.enough_examples(spec))
    for sample in spec.examples:
        note(rules.example(mapping, sample))
    natives = [*records, *(sample.native for sample in spec.examples)]
    for native in natives:
        note(_native_laws(mapping, native, random))
    for _ in range(examples):
        golden, second = sample_golden(random, mapping), sample_golden(random, mapping)
        for violation in golden_laws(mapping, golden, second, random):
            if (violation.law, violation.path) not in found:
                note(iter([_smallest(mapping, violation, golden, second)]))
        note(_native_laws(mapping, sample_native(random, mapping), random))
    mapped, unmapped = _coverage(mapping)
    written = {path.partition(".")[0] for path in mapping.native_shape()}
    missing = tuple(path for path in required if path.partition(".")[0] not in written)
    order = {law: index for index, law in enumerate(LAWS)}
    violations = sorted(found.values(), key=lambda item: (order.get(item.law, 99), item.path))
    return Report(mapping.name, tuple(violations), mapped, unmapped, missing, examples + len(natives))


def golden_laws(mapping: CompiledMapping, golden: Golden, second: Golden, random: Random) -> Iterator[Violation]:
    """The laws about values that the hub writes."""
    yield from rules.put_get(mapping, golden, second)
    yield from rules.norm_twice(mapping, golden)
    yield from rules.coded(mapping, golden)
    yield from rules.sticky(mapping, golden, second)
    yield from rules.exact(mapping, random)
    put = mapping.put(rules.whole_change(mapping, golden, None), None)
    yield from rules.roots_written(mapping, put)
    native = rules.with_ids(mapping.apply(None, put.data), mapping)
    yield from rules.get_put(mapping, native)
    yield from rules.frame(mapping, second, native)
    yield from triangle(mapping, mapping, native)


def _native_laws(mapping: CompiledMapping, native: Mapping[str, Any], random: Random) -> Iterator[Violation]:
    broken = list(rules.totality(mapping, native))
    yield from broken
    if not broken:
        yield from rules.get_put(mapping, native)
        yield from rules.frame(mapping, sample_golden(random, mapping), native)


def triangle(first: CompiledMapping, second: CompiledMapping, native: Mapping[str, Any]) -> Iterator[Violation]:
    """A record of one system, taken to another and back, changes nothing where it came from."""
    view = first.get(native)
    if view is None:
        return
    golden = _golden_of(view)
    create = Change("create", {name: value for name, value in golden.fields.items() if name in second.fields})
    there = second.get(second.apply(None, second.put(create, None).data))
    if there is None:
        return
    back = {
        name: _returned(second, name, value, there)
        for name, value in golden.fields.items()
        if name != "kind"  # it is written when a record is made, never afterwards
    }
    for root, value in first.put(Change("update", back), native).data.items():
        yield Violation("Triangle", root, f"coming back from {second.name} would write {value!r}", native)


def _golden_of(view: View) -> Golden:
    fields = {name: rebuild(value, None, set()) if name == "name" else value for name, value in view.fields.items()}
    return Golden(
        fields,
        {
            name: tuple(Row(row.value, row.attrs, row.primary) for row in rows)
            for name, rows in view.collections.items()
        },
    )


def _returned(mapping: CompiledMapping, name: str, value: Any, view: View) -> Any:
    """The value as the engine takes it from a view: what still shows the image is unchanged."""
    if name not in view.fields or name not in mapping.fields:
        return value
    image, shown = mapping.norm(name, value), view.fields[name]
    if image is UNSUPPORTED:  # held back: what is shown says nothing of it
        return value
    if name == "name":
        changed = {member for member in shown if not same("text", shown[member], image.get(member))}
        return rebuild(shown, value, changed)
    return value if image == shown or shown is None else shown


def _coverage(mapping: CompiledMapping) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = [*FIELDS, *COLLECTIONS]
    mapped = [name for name in names if name in mapping.fields or name in mapping.collections]
    extra = [name for name in mapping.fields if name not in names]
    return (*mapped, *extra), tuple(name for name in names if name not in mapped)


def _smallest(mapping: CompiledMapping, violation: Violation, golden: Golden, second: Golden) -> Violation:
    """Take fields and rows away as long as the same law breaks at the same place."""

    def broken(left: Golden, right: Golden) -> Violation | None:
        same_seed = Random(0)  # noqa: S311 - only the exact law draws from it, and it is not made smaller
        laws = golden_laws(mapping, left, right, same_seed)
        return next((item for item in laws if (item.law, item.path) == (violation.law, violation.path)), None)

    pair = (golden, second)
    for which in (0, 1):
        for smaller in _without_one(pair[which]):
            candidate = (smaller(pair[which]), pair[1]) if which == 0 else (pair[0], smaller(pair[which]))
            found = broken(*candidate)
            if found is not None:
                pair, violation = candidate, found
    if violation.example is not None:
        return violation
    return replace(violation, example={**pair[0].fields, **pair[0].rows} or {**pair[1].fields, **pair[1].rows})


def _without_one(golden: Golden) -> Iterator[Callable[[Golden], Golden]]:
    for name in list(golden.fields):
        yield lambda sample, name=name: Golden(  # type: ignore[misc]  # mypy cannot type a lambda's default
            {key: value for key, value in sample.fields.items() if key != name}, sample.rows
        )
    for name in list(golden.rows):
        yield lambda sample, name=name: Golden(  # type: ignore[misc]  # the same
            sample.fields, {key: rows for key, rows in sample.rows.items() if key != name}
        )
