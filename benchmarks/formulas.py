"""How many API calls a run may make: exact, and pure.  The measured number must equal it.

page: records of an answer;  batch: records of one write.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

PORTIONS = (10, 100)
"""An approved first sync writes 10 records, then 100, then the rest, so that a mistake is seen early."""


def reading(records: int, page: int) -> int:
    """Calls that read so many records; an empty answer is a call, too."""
    return max(1, ceil(records / page))


def writing(creates: int, updates: int, batch: int, portions: Sequence[int] = ()) -> int:
    """Calls that create and change so many records: a call has records of one kind and one portion."""
    calls = 0
    for portion in (*portions, creates + updates):
        made = min(creates, portion)
        changed = min(updates, portion - made)
        calls += ceil(made / batch) + ceil(changed / batch)
        creates, updates = creates - made, updates - changed
    return calls


def first_sync(sizes: Sequence[int], creates: Sequence[int], updates: Sequence[int], page: int, batch: int) -> int:
    """One value for each system: each is asked who we are, read whole, and asked for news when the plan was approved."""
    reads = sum(1 + reading(size, page) + 1 for size in sizes)
    return reads + sum(writing(*both, batch, PORTIONS) for both in zip(creates, updates, strict=True))


def least_first_sync(
    sizes: Sequence[int], creates: Sequence[int], updates: Sequence[int], page: int, batch: int
) -> int:
    """The same without signing in, approval and portions: fewer calls could not do it."""
    reads = sum(reading(size, page) for size in sizes)
    return reads + sum(ceil(number / batch) for number in (*creates, *updates))


def no_change(systems: int) -> int:
    """Each system is asked for news."""
    return systems


def changed(number: int, systems: int, page: int, batch: int) -> int:
    """Records changed in one system go to all others, which are asked for news, too."""
    return reading(number, page) + (systems - 1) + (systems - 1) * ceil(number / batch)


def reconcile(sizes: Sequence[int], page: int) -> int:
    """Each system is asked for news and lists ids and versions."""
    return sum(1 + reading(size, page) for size in sizes)


def first_books(size: int, apart: int, chunk: int, batch: int) -> int:
    """A first sync of two address books with ``size`` cards each, ``apart`` of which the other one has not.

    Each is found, asked who we are, asked for its changes and read in multigets; then asked for changes again and given its
    cards, one PUT each, which are looked at in one multiget for each batch.
    """
    reads = 2 + 1 + reading(size, chunk) + 1
    return 2 * (reads + apart + writing(apart, 0, batch, PORTIONS))


def burst(number: int, page: int, batch: int) -> int:
    """So many records changed in one of two systems, which told of each: one run reads what was named, asks both for news
    (which shows the same records) and writes to the other.  batch: also of records that are read by their ids."""
    return ceil(number / batch) + reading(number, page) + 1 + ceil(number / batch)
