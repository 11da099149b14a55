"""The laws of a fact's mapping: it only reads, so what must hold is that every record can be read and says enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from hub.canonical.facts import FACT_FIELDS, PARTY_COLLECTIONS
from hub.mapping import rules
from hub.mapping.compiled import CompiledMapping
from hub.mapping.rules import Violation
from hub.mapping.samples import sample_native
from hub.mapping.spec import MappingSpec
from hub.mapping.view import View

FACT_LAWS = ("Totality", "Complete", "Pruned", "Examples")


def violations(
    mapping: CompiledMapping, spec: MappingSpec, natives: list[Mapping[str, Any]], examples: int, random: Random
) -> Iterator[Violation]:
    """Try the laws on real, example and generated records."""
    yield from rules.enough_examples(spec)
    for sample in spec.examples:
        yield from rules.example(mapping, sample)
    for native in natives:
        yield from _legible(mapping, native)
        yield from _complete(mapping, native)
    for _ in range(examples):
        yield from _legible(mapping, sample_native(random, mapping))


def _legible(mapping: CompiledMapping, native: Mapping[str, Any]) -> Iterator[Violation]:
    """Nothing that a system can send makes the mapping fail, and what is kept of a record reads as the whole."""
    try:
        view = mapping.get(native)
        pruned = mapping.get(mapping.prune(native))
    except Exception as error:  # noqa: BLE001 - the law is that there is none, of any kind
        yield Violation("Totality", mapping.name, f"{type(error).__name__}: {error}", native)
        return
    if pruned != view:
        yield Violation("Pruned", mapping.name, "the pruned record reads otherwise", native)


def _complete(mapping: CompiledMapping, native: Mapping[str, Any]) -> Iterator[Violation]:
    view = mapping.get(native)
    missing = None if view is None else what_is_missing(mapping.record, view)
    if missing is not None:
        yield Violation("Complete", missing[0], missing[1], native)


def what_is_missing(record: str, view: View) -> tuple[str, str] | None:
    """(field, why) if a view does not say enough to be kept as a fact: what kind it is and when it was."""
    for name, definition in FACT_FIELDS[record].items():
        value = view.fields.get(name, view.defaults.get(name))
        if value is None and definition.never_blank:
            told = next((problem.message for problem in view.problems), "")
            return name, f"{name} cannot be read{f': {told}' if told else ''}"
        if definition.values and value is not None and value not in definition.values:
            return name, f"{name} is {str(value)[:40]!r}; allowed: {', '.join(definition.values)}"
    return None


def coverage(mapping: CompiledMapping) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(mapped, unmapped) fields and collections."""
    names = (*FACT_FIELDS[mapping.record], *PARTY_COLLECTIONS)
    mapped = tuple(name for name in names if name in mapping.fields or name in mapping.collections)
    return mapped, tuple(name for name in names if name not in mapped)
