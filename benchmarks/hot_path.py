"""What happens to every record that is read, and nothing else: ``python -m benchmarks.hot_path NUMBER``.

Its content is checked (can a store hold it), mapped and normalised, keyed for matching and hashed, as a run does it before it
looks into its store.  The time of a start is the same for any number; benchmarks.instructions takes the difference of two.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from benchmarks.people import person
from hub.contract.records import Record
from hub.mapping.compile import compile_mapping
from hub.mapping.compiled import CompiledMapping
from hub.mapping.registry import load_mappings
from hub.store.storable import refuse_unstorable
from hub.sync.workspace import mark_of, match_keys_of_view

WARM = 60
"""Records before the ones that count: all kinds of people have been seen, so all caches are filled that can be."""


def main(number: int) -> int:
    """Handle so many records; returns how many keys they had."""
    specs = load_mappings([Path(__file__).with_name("plugin") / "mappings"])
    mapping = compile_mapping(specs["bench.people"], region="DE")
    _handle(mapping, range(WARM))
    gc.collect()
    gc.freeze()  # collections would cross all that was imported, now and then: an error of 1 %
    try:
        return _handle(mapping, range(WARM, WARM + number))
    finally:
        gc.unfreeze()


def _handle(mapping: CompiledMapping, places: range) -> int:
    keys = 0
    for place in places:
        data = {"id": str(place), "etag": "v1", "updated": "2026-01-01T00:00:00+00:00", **person(place)}
        record = Record(str(place), data)
        refuse_unstorable(mapping.prune(data))
        view = mapping.get(data)
        assert view is not None, "every person is a customer"
        keys += len(match_keys_of_view(view, "DE"))
        mark_of(record, mapping.hash)
    return keys


if __name__ == "__main__":
    print(main(int(sys.argv[1])))
