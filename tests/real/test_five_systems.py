"""The small version of the five systems; `python -m tests.real.five_systems --customers 2000` is the long one."""

from __future__ import annotations

import pytest

from tests.real.five_systems.__main__ import main
from tests.real.five_systems.office import lacking


def test_five_systems_agree_after_everybody_worked_and_one_of_them_failed() -> None:
    if reason := lacking():
        pytest.skip(reason)
    assert main(customers=60, fault="truncated", apart=False) == 0
