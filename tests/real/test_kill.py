"""The small version of the kill test; `python -m tests.real.kill --kills 100` is the long one."""

from __future__ import annotations

from tests.real.kill import main


def test_a_sync_that_is_killed_again_and_again_ends_like_an_uninterrupted_one() -> None:
    assert main(kills=5, customers=100, seed=11) == 0
