"""What people name on the command line: runs and times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hub.store.store import Store

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or how it begins")]


def moment(text: str, now: float) -> float:
    """The time that a person means (seconds since the epoch): a duration back from ``now``, or a date or time in UTC.

    Raises UsageProblem."""
    from hub.bootstrap import UsageProblem
    from hub.config.quantities import parse_duration

    try:
        return now - parse_duration(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        hint = 'A duration back from now ("24h", "7d"), a date (2026-11-30) or a time (2026-11-30T08:00)'
        raise UsageProblem(f"{text!r} is no time", hint=hint) from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()


def find_run(store: Store, run_id: str) -> dict[str, Any]:
    """The run that a person means.  Raises UsageProblem."""
    run = store.history.run(run_id)
    if run is None:
        from hub.bootstrap import UsageProblem

        raise UsageProblem(f"there is no run {run_id!r}, or several begin so", hint="`crmhub runs list` shows them")
    return run
