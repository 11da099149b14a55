"""What a plugin claims in its quality.toml, compared with what the rules found.

    [bronze]
    reads_everything_once = "done"
    wrong_login_is_an_auth_error = { exempt = "there is no login" }

    [gold]
    a_quiet_poll_is_cheap = "todo"

A grade is the highest level up to which every rule is done or exempt.
"""

from __future__ import annotations

import importlib.util
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from hub.contract.errors import HubError
from hub.testing.kit.bench import Bench
from hub.testing.kit.rules import PLATINUM, RULES, Level, Outcome

FILE = "quality.toml"
LEVELS: tuple[Level, ...] = get_args(Level)
Grade = Literal["none", "bronze", "silver", "gold", "platinum"]


@dataclass(frozen=True, slots=True)
class Claim:
    """state: "done", "todo" or "exempt"; reason: why it is exempt."""

    state: Literal["done", "todo", "exempt"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Claims:
    """All claims of one plugin, by rule id.  file: where they stand.  problems: undeclared rules, wrong values."""

    file: Path
    rules: Mapping[str, Claim] = field(default_factory=dict)
    problems: Sequence[str] = ()

    @property
    def grade(self) -> Grade:
        """The highest level up to which nothing is left to do."""
        reached: Grade = "none"
        for level in LEVELS:
            mine = [rule for rule in (*RULES, *PLATINUM) if rule.level == level]
            if any(self.rules.get(rule.id, Claim("todo")).state == "todo" for rule in mine):
                return reached
            reached = level
        return reached


def read_claims(file: Path) -> Claims:
    """The claims of a file.  Raises HubError if it cannot be read; what is wrong inside is in ``problems``."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise HubError(f"the claims cannot be read: {error}", where=str(file)) from None
    found: dict[str, Claim] = {}
    problems: list[str] = []
    known = {rule.id: rule for rule in (*RULES, *PLATINUM)}
    for level, table in content.items():
        if level not in LEVELS or not isinstance(table, dict):
            problems.append(f"[{level}] is no level; there are: {', '.join(LEVELS)}")
            continue
        for id_, value in table.items():
            claim, rule = _claim(value), known.get(id_)
            if rule is None:
                problems.append(f"{id_}: there is no such rule")
            elif rule.level != level:
                problems.append(f"{id_}: belongs to [{rule.level}], not to [{level}]")
            elif claim is None:
                problems.append(f'{id_}: {value!r} is neither "done" nor "todo" nor {{ exempt = "reason" }}')
            else:
                found[id_] = claim
    told = " ".join(problems)
    problems += [f"{id_}: not declared" for id_ in known if id_ not in found and f"{id_}:" not in told]
    return Claims(file, found, tuple(problems))


def claims_file(package: str) -> Path | None:
    """The quality.toml of an import package: inside it, or beside it in a source tree; None if there is none."""
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        for folder in (Path(place), Path(place).parent):
            if (folder / FILE).is_file() and not (folder / ".git").exists():
                return folder / FILE
    return None


def claims_of(bench: type[Bench]) -> Claims | None:
    """The claims of the plugin that a bench tests; None if it makes none."""
    file = claims_file(bench.__module__.partition(".")[0])
    return read_claims(file) if file is not None else None


def contradiction(claim: Claim, outcome: Outcome, bench: type[Bench]) -> str:
    """How the outcome of a rule contradicts the claim; "" if they agree.

    A variant may be exempt where the connector's first bench is done, or do what that cannot.  Platinum is judged on the
    first bench, and an exemption from it is believed.
    """
    rule = outcome.rule
    if outcome.state == "failed":
        if claim.state == "todo" or (rule.level == "platinum" and (bench.variant or claim.state == "exempt")):
            return ""
        return f"{rule.id} is claimed {claim.state}, but failed: {outcome.text}"
    if bench.variant and "exempt" in (outcome.state, claim.state):
        return ""
    if claim.state == "todo" and (bench.variant or rule.level == "platinum"):
        return ""
    if claim.state != outcome.state:
        why = f" ({outcome.text})" if outcome.text else ""
        return f"{rule.id} is claimed {claim.state}, but is {outcome.state}{why}: correct the claim"
    return ""


def _claim(value: Any) -> Claim | None:
    if value in ("done", "todo"):
        return Claim(value)
    if isinstance(value, dict) and set(value) == {"exempt"} and isinstance(value["exempt"], str) and value["exempt"]:
        return Claim("exempt", value["exempt"])
    return None


_MEANINGS = {
    "bronze": "reads safely",
    "silver": "writes safely",
    "gold": "operates well",
    "platinum": "verified and typed; an exemption here is the author's word",
}


def claims_text(claims: Mapping[str, Claim]) -> str:
    """The text of a quality.toml; rules without a claim are "todo"."""
    lines = [
        "# What this plugin claims, checked by its tests and by `crmhub plugin grade`; `crmhub plugin docs` explains."
    ]
    for level in LEVELS:
        lines += ["", f"[{level}]".ljust(30) + f"# {_MEANINGS[level]}"]
        for rule in (rule for rule in (*RULES, *PLATINUM) if rule.level == level):
            claim = claims.get(rule.id, Claim("todo"))
            value = f"{{ exempt = {json.dumps(claim.reason)} }}" if claim.state == "exempt" else f'"{claim.state}"'
            lines.append(f"{rule.id} = {value}")
    return "\n".join(lines) + "\n"
