"""The hot path costs as many instructions as were recorded."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from benchmarks import hot_path, instructions

HERE = instructions.why_not()


@pytest.mark.skipif(bool(HERE), reason=HERE)
@pytest.mark.timeout(900)
def test_the_hot_path_costs_what_was_recorded() -> None:
    before = instructions.recorded()[instructions.environment()]
    assert instructions.judged(instructions.measured(), before) == ""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (100_000, ""),
        (101_900, ""),
        (98_100, ""),
        (102_100, "+2.1%; find out what costs more"),
        (97_900, "-2.1%; record it: python -m benchmarks.instructions --record"),
    ],
)
def test_two_percent_in_either_direction_are_told(found: int, said: str) -> None:
    assert instructions.judged(found, 100_000).endswith(said)
    assert bool(instructions.judged(found, 100_000)) is bool(said)


def test_every_record_is_mapped_and_keyed() -> None:
    one, more = hot_path.main(50), hot_path.main(100)
    assert more - one > 100, "a person has an e-mail address and a telephone number at least"
    assert gc.get_freeze_count() == 0, "nothing is kept from the collector for good"


def test_without_valgrind_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert instructions.why_not() == "valgrind is not installed"
    monkeypatch.setattr("sys.argv", ["instructions"])
    assert instructions.main() == 2
    assert "valgrind is not installed" in capsys.readouterr().err
