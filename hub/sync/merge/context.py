"""What one observation knows and what it reports back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hub.canonical.moments import moment
from hub.canonical.schema import field_def
from hub.canonical.values import same
from hub.mapping.view import UNSUPPORTED, Mapping_, RemoteRef, Value
from hub.state import Cell, Golden, GoldenChange, LedgerRow, Notice
from hub.sync.policy import Candidate, Policy, decide

_DAY = 86400.0


@dataclass(slots=True)
class Merge:
    """The context of one observation of one record on one system; collects its events.

    time:      source time of the record (seconds, corrected), None if the system has none.
    start:     hub sequence at the start of this run (what golden knew before).
    tick:      gives the next hub sequence.
    mappings:  the mapping through which another system was read (rule C13), None if unknown.
    resolve:   a native reference -> gid of the golden record it is linked to, None while unlinked.
    survivor:  a gid -> the gid it was merged into (or itself).
    now:       the hub's clock (seconds): when a consent was read whose system has no times.
    """

    policy: Policy
    system: str
    mapping: Mapping_
    time: float | None
    start: int
    tick: Callable[[], int]
    mappings: Callable[[str], Mapping_ | None]
    resolve: Callable[[RemoteRef], str | None]
    survivor: Callable[[str], str]
    run: str = ""
    evidence: dict[str, dict[str, Value]] = field(default_factory=dict)
    ledger: list[LedgerRow] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    changes: list[GoldenChange] = field(default_factory=list)
    now: float | None = None

    def cell(self, value: Value, rule: str) -> Cell:
        return Cell(value, self.system, self.tick(), self.time, rule, False, self.run)

    def changed(self, golden: Golden, path: str, old: Value, new: Cell) -> None:
        golden.seq = new.seq
        self.changes.append(GoldenChange(golden.gid, path, old, new.value, new.source, new.rule, new.seq))

    def loses(
        self,
        golden: Golden,
        path: str,
        rule: str,
        winner: Value,
        winner_system: str,
        loser: Value,
        loser_system: str,
        *,
        still_open: bool = False,
    ) -> None:
        """Put the loser of a conflict into the ledger."""
        self.ledger.append(LedgerRow(golden.gid, path, rule, winner, winner_system, loser, loser_system, still_open))

    def notice(self, golden: Golden, path: str, code: str, message: str) -> None:
        self.notices.append(Notice(golden.gid, self.system, path, code, message))

    def wins(self, path: str, cell: Cell, value: Value) -> tuple[bool, str]:
        """Whether what this system shows beats the golden cell, and by which rule (section 6)."""
        return decide(
            self.policy,
            path,
            Candidate(cell.value, cell.source, cell.time, cell.pinned),
            Candidate(value, self.system, self.time),
        )

    def spelled(self, name: str, cell: Cell, value: Value) -> bool:
        """Rule C13: golden's value is only the image of the shown one in golden's source system, so the shown, richer
        one is the same value in a better spelling."""
        if cell.source == self.system or cell.pinned or value == cell.value:
            return False
        source = self.mappings(cell.source)
        if source is None or name not in source.fields:
            return False
        theirs = source.norm(name, value)
        return theirs is not UNSUPPORTED and theirs == source.norm(name, cell.value)

    def same(self, kind: str, left: Value, right: Value) -> bool:
        """Whether two values of a kind are equal for people (national numbers are read in the hub's country)."""
        return same(kind, left, right, region=self.policy.region)

    def kind(self, name: str) -> str:
        found = field_def(name)
        return found.kind if found is not None else "text"

    def consent_time(self, name: str) -> float | None:
        """When the consent was captured according to evidence read with the record (seconds); None without evidence: a
        source or method, and a time that is not in the future (a day ahead: it may be written without its time zone)."""
        found = self.evidence.get(name) or {}
        captured = moment(found.get("captured_at"))
        if captured is None or not (found.get("source") or found.get("method")):
            return None
        seconds = captured.timestamp()
        return seconds if self.now is None or seconds <= self.now + _DAY else None
