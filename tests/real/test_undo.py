"""The small version of the undo test; `python -m tests.real.undo --people 60 --rounds 8` is the long one."""

from __future__ import annotations

from tests.real.undo import differences, main


def test_runs_are_undone_on_a_real_tryton_and_radicale() -> None:
    assert main(people=5, rounds=2, seed=2) == 0


def test_the_judge_sees_what_was_not_restored() -> None:
    before = {"erp 1": '{"name": "Anna"}', "book a.vcf": "FN:Anna\nUID:a"}
    assert differences(before, dict(before)) == []
    assert len(differences(before, {**before, "erp 1": '{"name": "Bo"}'})) == 1
    assert len(differences(before, {"erp 1": before["erp 1"]})) == 1
    assert len(differences(before, {**before, "erp 2": "{}"})) == 1
    assert differences(before, {"erp 1": before["erp 1"], "book b.vcf": "FN:Anna\nUID:b"}) == [], "made again"
    assert differences(before, {**before, "erp 1": "edited"}, frozenset({"erp 1"})) == []
