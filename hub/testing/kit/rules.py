"""All rules with their ids and levels, and trying a connector against them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from hub.testing.kit import describing, failing, reading, verified, writing
from hub.testing.kit.bench import Bench, Exempt

Level = Literal["bronze", "silver", "gold", "platinum"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.  id: as in quality.toml; level: bronze reads safely, silver writes safely, gold operates well,
    platinum is verified against the real system."""

    id: str
    level: Level
    run: Callable[[Bench], None]

    @property
    def text(self) -> str:
        return " ".join((self.run.__doc__ or "").split())


def _rules() -> Iterator[Rule]:
    levels: dict[Level, list[Callable[[Bench], None]]] = {
        "bronze": [
            describing.describes_without_io,
            describing.capabilities_agree,
            describing.unknown_settings_are_refused,
            describing.secrets_are_hidden,
            describing.check_says_who_we_are,
            describing.wrong_login_is_an_auth_error,
            reading.reads_everything_once,
            reading.an_empty_resource_is_one_complete_page,
            reading.resumes_after_every_page,
            reading.missing_ids_are_absent,
            failing.reads_are_tried_again,
            failing.a_server_that_stays_down_is_unavailable,
            failing.garbage_is_an_error,
            failing.a_cut_answer_is_no_answer,
            failing.no_other_host_is_called,
            failing.failures_show_no_secret,
        ],
        "silver": [
            writing.creates_and_reads_back,
            writing.every_text_comes_back_or_is_refused,
            writing.absent_stays_and_none_clears,
            writing.one_receipt_for_each_op,
            writing.a_stale_version_is_a_conflict,
            writing.our_own_write_is_recognised,
            writing.deleting_twice_harms_nobody,
            writing.a_create_is_found_by_its_key,
            writing.a_repeated_create_makes_no_second_record,
            failing.a_create_is_never_sent_twice,
            failing.an_update_that_may_have_happened_is_unknown,
        ],
        "gold": [
            describing.fields_are_discovered,
            reading.a_quiet_poll_is_cheap,
            reading.sees_what_changed,
            reading.equal_times_lose_nothing,
            reading.a_change_during_paging_is_seen,
            reading.deletions_are_seen_as_declared,
            reading.one_version_one_content,
            failing.a_short_limit_is_waited_for,
            failing.a_long_limit_is_reported,
            failing.a_token_is_renewed_once,
        ],
    }
    for level, found in levels.items():
        for run in found:
            yield Rule(run.__name__, level, run)


RULES: tuple[Rule, ...] = tuple(_rules())
"""Bronze, silver and gold: what the contract asks of every connector."""

PLATINUM: tuple[Rule, ...] = tuple(
    Rule(run.__name__, "platinum", run)
    for run in (verified.real_server_in_ci, verified.typed_strictly, verified.bulk_api_used)
)
"""What the best connectors have; an exemption here is believed, because no rule can know what a system offers."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule found.  state: "done", "exempt" (with why) or "failed" (with what, and the error itself)."""

    rule: Rule
    state: Literal["done", "exempt", "failed"]
    text: str = ""
    error: Exception | None = None


def examine(bench: type[Bench], rules: tuple[Rule, ...] = RULES) -> Iterator[Outcome]:
    """Try a connector against the rules, each on a system of its own."""
    for rule in rules:
        yield attempt(bench, rule)


def attempt(bench: type[Bench], rule: Rule) -> Outcome:
    """Try one rule."""
    try:
        with bench().running() as ready:
            rule.run(ready)
    except Exempt as exempt:
        return Outcome(rule, "exempt", str(exempt))
    except Exception as error:  # noqa: BLE001  # whatever goes wrong is the rule's finding
        return Outcome(rule, "failed", str(error) or repr(error), error)
    return Outcome(rule, "done")
