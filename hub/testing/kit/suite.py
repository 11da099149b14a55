"""The contract as tests: one pytest class for the tests of a plugin."""

from __future__ import annotations

import functools
from typing import ClassVar

import pytest

from hub.testing.kit.bench import Bench
from hub.testing.kit.claims import Claims, claims_of, contradiction
from hub.testing.kit.rules import PLATINUM, RULES, Outcome, Rule, attempt

_NOT_HERE = {"typed_strictly"}
"""mypy has a run of its own in every project; `crmhub plugin grade` runs it."""


@functools.cache
def _claims(bench: type[Bench]) -> Claims | None:
    return claims_of(bench)


class ContractKit:
    """Subclass it in a plugin's tests and say which ``bench`` to use.

    Where the plugin has a quality.toml, each outcome must be what is claimed there, and every rule must be declared.
    """

    bench: ClassVar[type[Bench]]

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
    def test_contract(self, rule: Rule) -> None:
        self._judge(attempt(self.bench, rule))

    @pytest.mark.parametrize("rule", [rule for rule in PLATINUM if rule.id not in _NOT_HERE], ids=lambda rule: rule.id)
    def test_platinum(self, rule: Rule) -> None:
        if _claims(self.bench) is None:
            pytest.skip("the plugin claims nothing")
        self._judge(attempt(self.bench, rule))

    def test_every_rule_is_declared(self) -> None:
        claims = _claims(self.bench)
        if claims is None:
            pytest.skip("the plugin claims nothing")
        assert not claims.problems, f"{claims.file}: {'; '.join(claims.problems)}"

    def _judge(self, outcome: Outcome) -> None:
        claims = _claims(self.bench)
        claim = claims.rules.get(outcome.rule.id) if claims is not None else None
        if claim is None:
            wrong = outcome.text if outcome.state == "failed" else ""
        else:
            wrong = contradiction(claim, outcome, self.bench)
        if wrong:
            raise AssertionError(wrong) from outcome.error
        if outcome.state == "failed":
            pytest.skip(f"{claim.state if claim else ''}: {outcome.text}")
        if outcome.state == "exempt":
            pytest.skip(f"exempt: {outcome.text}")
