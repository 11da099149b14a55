"""The small version of the kill test; `python -m tests.real.kill --kills 100` is the long one."""

from __future__ import annotations

from tests.real import kill_points, random_people
from tests.real.kill import main


def test_a_sync_that_is_killed_again_and_again_ends_like_an_uninterrupted_one() -> None:
    assert main(kills=5, customers=100, seed=11) == 0


def test_a_sync_killed_at_any_statement_or_call_ends_like_an_undisturbed_one() -> None:
    assert kill_points.main(every=60) == 0


def test_random_people_in_three_real_systems_end_in_agreement() -> None:
    assert random_people.main(rounds=4, seed=5) == 0
