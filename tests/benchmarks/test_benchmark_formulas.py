"""The formulas, as tables."""

from __future__ import annotations

import pytest

from benchmarks import formulas


@pytest.mark.parametrize(("records", "page", "calls"), [(0, 100, 1), (1, 100, 1), (100, 100, 1), (101, 100, 2)])
def test_an_empty_answer_is_a_call_too(records: int, page: int, calls: int) -> None:
    assert formulas.reading(records, page) == calls


@pytest.mark.parametrize(
    ("creates", "updates", "calls"),
    [
        (0, 0, 0),
        (5, 0, 1),
        (5, 5, 2),  # both in the first portion of 10, but of two kinds
        (10, 0, 1),
        (11, 0, 2),
        (110, 0, 2),
        (111, 0, 3),
        (120, 7, 4),
        (4000, 172, 43),  # 10 + 100 + 3890 creates in 39 calls, then 172 updates in 2
    ],
)
def test_an_approved_first_sync_writes_in_portions(creates: int, updates: int, calls: int) -> None:
    assert formulas.writing(creates, updates, 100, formulas.PORTIONS) == calls


def test_the_formulas_of_the_scenarios() -> None:
    assert formulas.first_sync([300, 300], [120, 120], [0, 7], 100, 100) == 2 * (1 + 3 + 1) + 3 + 4
    assert formulas.least_first_sync([300, 300], [120, 120], [0, 7], 100, 100) == 6 + 2 + 2 + 1
    assert formulas.no_change(2) == 2
    assert formulas.changed(150, 2, 100, 100) == 2 + 1 + 2
    assert formulas.reconcile([300, 301], 100) == 1 + 3 + 1 + 4
    assert formulas.burst(150, 100, 100) == 2 + 2 + 1 + 2
    assert formulas.first_books(500, 200, 100, 20) == 2 * (2 + 1 + 5 + 1 + 200 + 1 + 5 + 5)
