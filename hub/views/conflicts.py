"""What two systems disagree about, the ledger of every value that lost, and how a person decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hub.views.masking import Shown

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.state import GoldenChange
    from hub.store.store import Store


def to_row(shown: Shown, row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "title": shown.name(row["title"]),
        "winner": shown.value(row["path"], row["winner"]),
        "loser": shown.value(row["path"], row["loser"]),
    }


def find(store: Store, number: int) -> dict[str, Any]:
    """A line of the ledger.  Raises UsageProblem."""
    row = store.history.ledger_row(number)
    if row is None:
        from hub.bootstrap import UsageProblem

        raise UsageProblem(f"there is no conflict {number}", hint="`crmhub conflicts list --all` shows them")
    return row


def sides_of(shown: Shown, store: Store, row: dict[str, Any]) -> tuple[list[dict[str, Any]], Any]:
    """Every side with its value and time, and what holds for now (None where that is no single value)."""
    path = row["path"]
    golden = store.records.goldens([row["gid"]]).get(row["gid"])
    sides = [{"system": row[f"{side}_system"], "value": row[side], "time": None} for side in ("winner", "loser")]
    if golden is not None and path in golden.frozen:
        sides = [{"system": system, "value": value, "time": time} for value, system, time in golden.frozen[path]]
    sides = [{**side, "value": shown.value(path, side["value"])} for side in sides]
    plain = golden is not None and "/" not in path and not path.startswith("@")
    return sides, shown.value(path, golden.value(path)) if golden is not None and plain else None


def resolve(
    app: App,
    number: int,
    *,
    take: str | None = None,
    value: str | None = None,
    begun: Callable[[str], None] = lambda _run: None,
) -> GoldenChange | None:
    """A side's value wins, or another one (a text, or JSON for a group).  The caller holds the process lock.

    begun: told the run that the decision is recorded as.  Raises UsageProblem or DecisionError."""
    from hub.bootstrap import UsageProblem
    from hub.sync.decisions import resolve_conflict

    if (take is None) == (value is None):
        raise UsageProblem("say either --take SYSTEM or --value VALUE")
    store = app.store
    row = store.history.ledger_row(number)
    whole = store.history.ledger(gid=row["gid"]) if row is not None else []
    run = next((item["run"] for item in whole if row is not None and item["id"] == row["id"]), "")
    with app.deciding(app.sync_of(run)) as shared:
        begun(shared.run)
        wanted = None if value is None or row is None else parse(row["path"], value)
        return resolve_conflict(shared, number, take=take, value=wanted, given=value is not None)


def parse(path: str, text: str) -> Any:
    """A text, or JSON where the field is no plain text (a group, a number, true, null)."""
    from hub.bootstrap import UsageProblem
    from hub.canonical.schema import field_def

    found = field_def(path)
    if (
        text.startswith(("{", "["))
        or text == "null"
        or (found is not None and found.kind in ("number", "bool", "money"))
    ):
        try:
            return json.loads(text)
        except ValueError:
            raise UsageProblem(f"{text!r} is no JSON") from None
    if found is not None and found.kind == "enum" and text not in found.values:
        raise UsageProblem(f"{path} cannot be {text!r}", hint=f"Allowed: {', '.join(found.values)}")
    if found is not None and found.kind == "name":
        return {"full": text}
    return text
