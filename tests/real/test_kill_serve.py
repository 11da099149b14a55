"""The small version of the kill test of the service; `python -m tests.real.kill_serve --kills 200` is the long one."""

from __future__ import annotations

from tests.real.kill_serve import main


def test_a_service_that_is_killed_again_and_again_loses_and_doubles_nothing() -> None:
    assert main(kills=5, people=40, seed=11) == 0
