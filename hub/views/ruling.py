"""From one decision to a rule: "for this field, this system wins", as a line of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.canonical.schema import COLLECTIONS, FIELDS, field_def
from hub.contract.errors import HubError

if TYPE_CHECKING:
    from hub.bootstrap import App


@dataclass(frozen=True, slots=True)
class Rule:
    """number: of the conflict that it comes from;  field: as in [syncs.NAME.fields];  system: that wins from now on."""

    number: int
    sync: str
    field: str
    system: str

    @property
    def change(self) -> dict[tuple[str, ...], Any]:
        """What it changes in the configuration."""
        return {("syncs", self.sync, "fields", self.field, "conflict"): f"prefer:{self.system}"}


def rule_of(app: App, number: int) -> Rule | None:
    """The rule that a decided conflict could become; None where it was decided otherwise than for a system, where its field
    takes no such rule (a deletion, a consent), or where the rule is there already."""
    row = app.store.history.ledger_row(number)
    whole = app.store.history.ledger(gid=row["gid"]) if row is not None else []
    found = next((item for item in whole if item["id"] == number), None)
    if found is None or found["state"] == "open":
        return None
    field = _field_of(found["path"])
    try:
        sync = app.sync(app.sync_of(found["run"], (found["winner_system"], found["loser_system"])))
    except HubError:
        return None  # its sync is not in the configuration any more
    policy = sync.policy.fields.get(field)
    present = policy.conflict if policy is not None else "auto"
    if not field or found["resolution"] not in sync.systems or present == f"prefer:{found['resolution']}":
        return None
    return Rule(number, sync.name, field, found["resolution"])


def _field_of(path: str) -> str:
    """The field of the configuration that a path of the ledger belongs to, "" for none."""
    name = path.partition("/")[0]
    for field in (name, name.rpartition(".")[0]):
        if field in FIELDS or field in COLLECTIONS or field.startswith("custom."):
            found = field_def(field)
            return "" if found is not None and found.kind == "consent" else field
    return ""
