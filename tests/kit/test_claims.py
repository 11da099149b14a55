"""A quality.toml is compared with what the rules found, in both directions."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.contract.errors import HubError
from hub.testing.kit import PLATINUM, RULES, Bench, Outcome, contradiction
from hub.testing.kit.claims import Claim, claims_text, read_claims
from tests.kit.shop import ShopBench

EVERY = (*RULES, *PLATINUM)
DONE = {rule.id: Claim("done") for rule in EVERY}


class Variant(ShopBench):
    variant = True


def test_claims_survive_being_written_and_read(tmp_path: Path) -> None:
    file = tmp_path / "quality.toml"
    claims = {**DONE, RULES[0].id: Claim("todo"), RULES[1].id: Claim("exempt", 'there is no "login"')}
    file.write_text(claims_text(claims))
    found = read_claims(file)
    assert (dict(found.rules), found.problems) == (claims, ())


@pytest.mark.parametrize(
    ("left", "grade"),
    [("bronze", "none"), ("silver", "bronze"), ("gold", "silver"), ("platinum", "gold"), (None, "platinum")],
)
def test_the_grade_ends_before_the_first_level_with_something_left_to_do(
    tmp_path: Path, left: str | None, grade: str
) -> None:
    file = tmp_path / "quality.toml"
    open_ = next((rule.id for rule in EVERY if rule.level == left), "")
    file.write_text(claims_text({key: claim for key, claim in DONE.items() if key != open_}))
    assert read_claims(file).grade == grade


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[bronze]\nno_such_rule = "done"\n', "no_such_rule: there is no such rule"),
        (f'[gold]\n{RULES[0].id} = "done"\n', f"{RULES[0].id}: belongs to [bronze], not to [gold]"),
        (f'[bronze]\n{RULES[0].id} = "perhaps"\n', f"{RULES[0].id}: 'perhaps' is neither"),
        (f'[bronze]\n{RULES[0].id} = {{ exempt = "" }}\n', f"{RULES[0].id}: {{'exempt': ''}} is neither"),
        ("[steel]\n", "[steel] is no level"),
        ("", f"{RULES[5].id}: not declared"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "quality.toml"
    file.write_text(text)
    assert [item for item in read_claims(file).problems if item.startswith(problem)]


def test_a_file_that_is_no_toml_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "quality.toml").write_text("[bronze")
    with pytest.raises(HubError, match="cannot be read"):
        read_claims(tmp_path / "quality.toml")


@pytest.mark.parametrize(
    ("claim", "state", "bench", "agrees"),
    [
        ("done", "done", ShopBench, True),
        ("done", "failed", ShopBench, False),
        ("done", "exempt", ShopBench, False),
        ("done", "exempt", Variant, True),
        ("todo", "failed", ShopBench, True),
        ("todo", "done", ShopBench, False),
        ("todo", "done", Variant, True),
        ("exempt", "exempt", ShopBench, True),
        ("exempt", "done", ShopBench, False),
        ("exempt", "done", Variant, True),
        ("exempt", "failed", ShopBench, False),
        ("exempt", "failed", Variant, False),
    ],
)
def test_a_claim_must_be_what_came_out(claim: str, state: str, bench: type[Bench], agrees: bool) -> None:
    outcome = Outcome(RULES[0], state, "why")  # type: ignore[arg-type]  # the table holds texts
    assert (contradiction(Claim(claim, "why"), outcome, bench) == "") is agrees  # type: ignore[arg-type]


def test_an_exemption_from_platinum_is_the_authors_word() -> None:
    assert not contradiction(Claim("exempt", "it has none"), Outcome(PLATINUM[0], "failed", "why"), ShopBench)
