"""What a run wrote, decided and met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.views.masking import Shown

if TYPE_CHECKING:
    from hub.store.store import Store


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as it is stored, with its writes, the values that lost in it, and its notices; masked.

    number: of all its writes, also where only some are here."""

    run: dict[str, Any]
    number: int
    writes: list[dict[str, Any]]
    ledger: list[dict[str, Any]]
    notices: list[dict[str, Any]]


def look_at(shown: Shown, store: Store, run_id: str, start: int = 0, limit: int | None = None) -> RunView:
    """A run by its id or how it begins; with all its writes, or ``limit`` of them from ``start`` on.  Raises UsageProblem."""
    history = store.history
    run = history.run(run_id) if run_id else None
    if run is None:
        from hub.bootstrap import UsageProblem

        raise UsageProblem(f"there is no run {run_id!r}, or several begin so", hint="`crmhub runs list` shows them")
    rows = history.journal_rows(run_id=run["id"], start=start, limit=limit)
    writes = [_write(shown, row) for row in rows]
    number = len(writes) if limit is None else history.count_writes(run["id"])
    ledger = [_loser(shown, row) for row in history.ledger(run_id=run["id"])]
    notices = [{**row, "message": shown.message(row["message"], run=True)} for row in history.notices(run_id=run["id"])]
    for counter in run.get("counts", {}).values():
        counter["problems"] = [_problem(shown, item) for item in counter.get("problems", ())]
    return RunView(run, number, writes, ledger, notices)


def _write(shown: Shown, row: dict[str, Any]) -> dict[str, Any]:
    diffs = [
        {
            **diff,
            "old": shown.value(diff["path"], diff["old"], run=True),
            "new": shown.value(diff["path"], diff["new"], run=True),
        }
        for diff in row["diffs"]
    ]
    kept = ("at", "system", "resource", "gid", "remote_id", "kind")
    return {**{key: row[key] for key in kept}, "diffs": diffs}


def _loser(shown: Shown, row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "title": shown.name(row["title"], run=True),
        "winner": shown.value(row["path"], row["winner"], run=True),
        "loser": shown.value(row["path"], row["loser"], run=True),
    }


def _problem(shown: Shown, item: dict[str, str]) -> dict[str, str]:
    return {key: shown.message(str(value), run=True) for key, value in item.items()}
