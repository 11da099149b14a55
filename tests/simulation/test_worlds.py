"""The simulator on a few of its worlds; the long runs are commands in docs/reliability.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.testing.simulation import breaks, exhaustive
from hub.testing.simulation.__main__ import main
from hub.testing.simulation.play import Options, make_world, play
from hub.testing.simulation.profile import TRAITS, Profile

if TYPE_CHECKING:
    from hub.testing.stores import Databases

BLOCK, BLOCKS = 10, 50
CAUGHT_SOON = (
    "no_ledger",
    "blind_resend",
    "uncertified",
    "two_processes",
    "delete_unseen",
    "no_settling",
    "quotes_bugs",
)
"""Breaks that one of the first few seeds shows."""


@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_invariant_is_violated_in_the_first_worlds(block: int) -> None:
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        outcome = play(seed, Options())
        assert outcome.violations == [], f"python -m hub.testing.simulation --seeds 1 --start {seed} --trace"


@pytest.mark.parametrize("seed", [425514, 442841, 447351, 447695])
def test_what_only_the_oracles_had_wrong_is_no_violation(seed: int) -> None:
    """A value in two rows that two users give up one by one; an edit that goes round after the deletion of its run was undone;
    an address that an undo left in a slot while golden has none; a customer of whom only earlier records are gone."""
    assert play(seed, Options()).violations == []


def test_a_known_hazard_is_counted_and_no_violation() -> None:
    """A value that stood in a field that the hub might not see, and that it wrote over before it could."""
    traits = frozenset(TRAITS) - {"few_rows"}
    outcome = play(421516, Options(steps=60, traits=traits, faults=frozenset({"vanish"})))
    assert outcome.violations == []
    assert outcome.hazards == {"hidden field"}
    assert play(0, Options()).hazards == set()


def test_a_trait_that_is_drawn_apart_leaves_the_worlds_without_it_as_they_are() -> None:
    without = Options(10, frozenset(TRAITS) - {"few_rows"})
    limited = [seed for seed in range(40) if profiles(seed, Options(10)) != profiles(seed, without)]
    assert limited, "in some worlds a system keeps two rows of a list"
    plain = next(seed for seed in range(40) if seed not in limited)
    assert play(plain, Options(10)).digest == play(plain, without).digest


def profiles(seed: int, options: Options) -> Sequence[Profile]:
    with closing(make_world(seed, options)) as world:
        return world.profiles


@pytest.mark.parametrize("seed", [3, 17])
def test_one_seed_is_one_trace_and_one_store(seed: int) -> None:
    first, second = play(seed, Options()), play(seed, Options())
    assert first.trace == second.trace
    assert first.digest == second.digest
    assert first.writes > 0


def test_one_seed_is_one_world_in_every_process() -> None:
    """Whatever the order is in which Python keeps sets: a replay is the same world."""
    code = "from hub.testing.simulation.play import Options, play; print(play(6, Options()).digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_the_store_on_disk_behaves_like_the_one_in_memory(tmp_path: Path) -> None:
    assert play(5, Options(place=tmp_path)).trace == play(5, Options()).trace


@pytest.mark.parametrize("seed", [3, 6, 165, 174, 206])  # 3 and 174 die once, 206 dies 29 times
def test_the_store_on_postgresql_is_row_for_row_like_the_one_in_memory(seed: int, databases: Databases) -> None:
    """Crashes between commits included: the same trace, and the same rows in every table."""
    place = databases.address(databases.empty().address.database)
    found, expected = play(seed, Options(place=place)), play(seed, Options())
    assert found.violations == []
    assert found.trace == expected.trace
    assert found.digest == expected.digest


@pytest.mark.parametrize("scenario", exhaustive.SCENARIOS, ids=lambda item: item.name)
def test_a_fault_at_any_step_ends_like_none(scenario: exhaustive.Scenario) -> None:
    """Every step of the scenario, with a crash, a lost request and a lost answer at each."""
    report = exhaustive.run(scenario)
    assert report.failures == []
    assert report.points > 0


@pytest.mark.parametrize("name", CAUGHT_SOON)
def test_a_known_fault_is_caught(name: str) -> None:
    caught = breaks.catch(breaks.find(name), Options(), range(12))
    assert caught is not None, name


def test_the_command_plays_on_a_server_of_its_own_and_refuses_what_it_does_not_know(
    databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--seeds", "2", "--steps", "2", "--json", "--store"]
    totals = []
    for store in ("memory", databases.address("postgres"), "sqlite"):
        assert main([*words, store]) == 0
        totals.append({**json.loads(capsys.readouterr().out), "seconds": 0})
    assert totals[0] == totals[1] == totals[2]
    with pytest.raises(SystemExit, match="unknown store"):
        main([*words, "cloud"])


def test_the_command_counts_what_it_played(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "1", "--steps", "2", "--faults", "none", "--json"]) == 0
    assert capsys.readouterr().out.startswith('{"seeds":1,')


def test_two_processes_play_the_same_worlds_as_one() -> None:
    """As a command: a worker process imports the module that started it."""
    command = [sys.executable, "-m", "hub.testing.simulation", "--seeds", "2", "--steps", "2", "--json"]
    totals = []
    for jobs in ("1", "2"):
        told = subprocess.run([*command, "--jobs", jobs], capture_output=True, check=True, timeout=60).stdout
        totals.append({**json.loads(told.splitlines()[-1]), "seconds": 0})
    assert totals[0] == totals[1]
