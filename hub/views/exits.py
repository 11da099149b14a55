"""Exit codes: documented, tested, stable."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from hub.contract.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    ContractViolation,
    HubError,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)

if TYPE_CHECKING:
    from hub.sync.engine import Result


class Exit(IntEnum):
    """What the process tells its caller."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    RECORDS = 3
    CHANGES = 4
    PERSON = 5
    LOGIN = 6
    LATER = 7
    STALE = 8
    LOCKED = 11
    INTERRUPTED = 130


_PRECEDENCE = (
    Exit.FAILED,
    Exit.USAGE,
    Exit.LOCKED,
    Exit.LOGIN,
    Exit.STALE,
    Exit.PERSON,
    Exit.RECORDS,
    Exit.LATER,
    Exit.CHANGES,
)
"""When several things happened, the first of these is told: 1 > 6 > 5 > 3 > 7, with the rare ones in between."""

_BY_CODE = {
    "usage": Exit.USAGE,
    "config": Exit.USAGE,
    "secret": Exit.USAGE,
    "plugin": Exit.USAGE,
    "mapping": Exit.USAGE,
    "locked": Exit.LOCKED,
}


def worst(codes: Iterable[Exit]) -> Exit:
    """The code to tell when several apply."""
    found = set(codes)
    return next((code for code in _PRECEDENCE if code in found), Exit.DONE)


def of_error(error: HubError) -> Exit:
    """The code of an error that ended a command."""
    if isinstance(error, AuthError):
        return Exit.LOGIN
    if isinstance(error, (Unavailable, RateLimited, OutcomeUnknown)):
        return Exit.LATER
    return _BY_CODE.get(error.code, Exit.FAILED)


def is_retryable(error: HubError) -> bool:
    """Whether the same command may simply be run again later."""
    return isinstance(error, (Unavailable, RateLimited, OutcomeUnknown)) or error.code == "locked"


def of_paused(error: ConnectorError) -> Exit:
    """The code of a system that had to stop in a run; its settings or its plugin are a failure of the run, and what a
    person has paused is as it should be."""
    if error.code == "paused":
        return Exit.DONE
    return Exit.FAILED if isinstance(error, (ConfigError, ContractViolation)) else of_error(error)


def of_result(result: Result) -> Exit:
    """The code of a run."""
    codes = [of_paused(error) for error in (*result.paused.values(), *result.facts_paused.values())]
    if result.state == "failed" and not result.paused:
        codes.append(Exit.FAILED)
    plan = result.plan
    if result.review or result.conflicts or result.held or (plan is not None and plan.vetoes):
        codes.append(Exit.PERSON)
    if result.stale:
        codes.append(Exit.STALE)
    unsound = result.unattended or any(not item.ok for item in result.accounts)
    if unsound or result.failed:
        codes.append(Exit.RECORDS)
    return worst(codes)
