"""Reading by offset while people work, and noticing a deletion; without a server."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from crmhub_bottlecrm.census import Census
from crmhub_bottlecrm.walk import Lane, Place, Window, walk
from hub import plugin


class Moving:
    """Lists sorted by a number that never changes; before each page but the first, people add and delete."""

    def __init__(self, seed: int, *, lanes: int, size: int, often: float, newest_first: bool) -> None:
        self.random, self.size, self.often, self.newest_first = Random(seed), size, often, newest_first
        self.lists = [self.random.sample(range(1000), self.random.randint(0, 25)) for _ in range(lanes)]
        self.always = {(lane, item) for lane, found in enumerate(self.lists) for item in found}
        self.reads = 0

    def read(self, offset: int) -> Window:
        self.reads += 1
        assert self.reads < 500, "the walk does not end"
        if self.reads > 1 and self.random.random() < self.often:
            self.somebody_works()
        return [
            Lane([{"id": str(item)} for item in sorted(found, reverse=True)[offset : offset + self.size]], len(found))
            for found in self.lists
        ]

    def somebody_works(self) -> None:
        for lane, found in enumerate(self.lists):
            for _ in range(self.random.randint(0, 3)):
                if found and self.random.random() < 0.6:
                    gone = self.random.choice(found)
                    found.remove(gone)
                    self.always.discard((lane, gone))
                else:
                    top = 1000 + self.reads * 10 + len(found)
                    found.append(top if self.newest_first else self.random.choice(sorted({*range(1000)} - {*found})))


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("size", [2, 3, 7, 10])
@pytest.mark.parametrize("newest_first", [True, False], ids=["added in front", "added anywhere"])
def test_nobody_who_stays_is_left_out_whatever_people_add_and_delete(lanes: int, size: int, newest_first: bool) -> None:
    for seed in range(100):
        moving = Moving(seed, lanes=lanes, size=size, often=0.5, newest_first=newest_first)
        met = {
            (lane, int(id_))
            for window, _ in walk(moving.read, Place(), size)
            for lane, found in enumerate(window)
            for id_ in found.ids()
        }
        assert moving.always <= met, f"seed {seed} loses {sorted(moving.always - met)}"


def test_a_walk_goes_on_from_a_kept_place_although_others_were_deleted() -> None:
    rows = [{"id": str(number)} for number in range(20)]

    def read(offset: int) -> Window:
        return [Lane(rows[offset : offset + 6], len(rows))]

    steps = walk(read, Place(), 6)
    first, place = next(steps)
    assert place is not None
    del rows[1:5]
    rest = [id_ for window, _ in walk(read, Place.from_json(place.to_json()), 6) for id_ in window[0].ids()]
    assert {row["id"] for row in rows} <= {*first[0].ids(), *rest}


def test_a_list_in_which_nobody_works_is_read_in_as_few_pages_as_it_takes() -> None:
    moving = Moving(1, lanes=1, size=10, often=0.0, newest_first=True)
    moving.lists = [list(range(20))]
    list(walk(moving.read, Place(), 10))
    assert moving.reads == 3, "10 rows, then 5 new ones beside 5 that are known, twice"


def test_a_list_that_promises_more_than_it_shows_is_no_list() -> None:
    with pytest.raises(plugin.Unavailable, match="more than 0 records"):
        list(walk(lambda _: [Lane([], 7)], Place(), 5))


OLD = {"a": "2026-01-01T00:00:00Z", "b": "2026-01-02T00:00:00Z", "c": "2026-01-03T00:00:00Z"}
NEW = {"d": "2026-02-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("now", "lost"),
    [
        (OLD, False),
        ({**OLD, **NEW}, False),
        ({"a": OLD["a"], "c": OLD["c"]}, True),
        ({"a": OLD["a"], "b": OLD["b"]}, True),
        ({"a": OLD["a"], "b": OLD["b"], **NEW}, True),
        ({}, True),
    ],
    ids=["the same", "one more", "one less", "the newest is gone", "one for another", "all gone"],
)
def test_a_deletion_is_noticed_by_the_ids_and_times_of_a_pass(now: dict[str, str], lost: bool) -> None:
    kept: Any = Census.of(OLD).to_json()
    assert Census.from_json(kept).lost_one(now) is lost
