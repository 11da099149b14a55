"""What the shipped plugins claim is complete, executed by their own tests, and shipped with them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hub.loader import load
from hub.testing.kit import PLATINUM, RULES, Exempt, attempt
from hub.testing.kit.claims import read_claims
from tests.kit.shop import ShopBench

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CLAIMING = sorted(ROOT.glob("plugins/*/quality.toml"))


@pytest.mark.parametrize("file", CLAIMING, ids=lambda file: file.parent.name)
def test_every_rule_is_claimed_and_every_bench_is_run_by_the_plugins_own_tests(file: Path) -> None:
    claims = read_claims(file)
    assert claims.problems == ()
    package = file.parent.name.replace("-", "_")
    benches = {path.partition(":")[2] for path in load().benches.values() if path.startswith(f"{package}.")}
    tests = "".join(test.read_text(encoding="utf-8") for test in file.parent.glob("tests/test_*contract*.py"))
    assert benches
    assert {bench for bench in benches if f"bench = {bench}\n" not in tests} == set()


@pytest.mark.parametrize("file", CLAIMING, ids=lambda file: file.parent.name)
def test_a_claim_of_strict_types_is_true_of_what_the_type_checker_is_given(file: Path) -> None:
    package = file.parent.name.replace("-", "_")
    checked = PROJECT["tool"]["mypy"]["strict"] and package in PROJECT["tool"]["mypy"]["packages"]
    typed = checked and (file.parent / package / "py.typed").is_file()
    assert (read_claims(file).rules["typed_strictly"].state == "done") == typed


@pytest.mark.parametrize("file", CLAIMING, ids=lambda file: file.parent.name)
def test_claims_are_shipped_inside_the_package(file: Path) -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    package = file.parent.name.replace("-", "_")
    if f"plugins/{file.parent.name}/{package}" in wheel["packages"]:
        assert wheel["force-include"].get(f"plugins/{file.parent.name}/quality.toml") == f"{package}/quality.toml"


def test_a_stand_in_is_no_real_server_and_single_calls_are_no_bulk() -> None:
    found = {rule.id: attempt(ShopBench, rule).state for rule in PLATINUM if rule.id != "typed_strictly"}
    assert found == {"real_server_in_ci": "failed", "bulk_api_used": "failed"}


def test_a_bench_that_does_not_know_its_writes_is_told_so() -> None:
    class Blind(ShopBench):
        def writes(self, sent: object) -> bool:
            return False

    rule = next(rule for rule in RULES if rule.id == "a_create_is_never_sent_twice")
    assert "does not know it as a write" in attempt(Blind, rule).text


def test_an_exemption_says_why() -> None:
    with pytest.raises(Exempt, match="no HTTP"):
        ShopBench().exempt_unless(False, "no HTTP")
