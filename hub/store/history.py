"""What happened: golden changes, the ledger of losers, the journal of writes, runs, accounts and reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update

from hub.state import GoldenChange, LedgerRow, Notice
from hub.store.database import pack, unpack
from hub.store.protocol import Database
from hub.store.records import folded
from hub.store.tables import account, change, golden, journal, ledger, notice, review, run

_NEW_CHANGE, _NEW_LEDGER, _NEW_NOTICE, _NEW_JOURNAL = insert(change), insert(ledger), insert(notice), insert(journal)
_RESOLVE = (
    update(ledger)
    .where(ledger.c.id == bindparam("b_id"))
    .values(state=bindparam("b_state"), resolution=bindparam("b_resolution"))
)
_NEW_REVIEW = insert(review)
_WRITE_COUNTS = (
    select(journal.c.system, journal.c.gid, func.count().label("n"))
    .where(journal.c.at >= bindparam("b_since"), journal.c.run.not_in(select(run.c.id).where(run.c.kind == "undo")))
    .group_by(journal.c.system, journal.c.gid)
    .having(func.count() > 5)
)
_END_RUN = (
    update(run)
    .where(run.c.id == bindparam("b_id"))
    .values(ended=bindparam("b_ended"), state=bindparam("b_state"), doc=bindparam("b_doc"))
)
_INTERRUPT = update(run).where(run.c.state == "running").values(state="interrupted", ended=bindparam("b_ended"))
_REVIEWS = select(review).order_by(review.c.id)
_REVIEWS_IN = _REVIEWS.where(review.c.state == bindparam("b_state"))


@cache
def _ledger_by(filters: tuple[str, ...]) -> Select[Any]:
    """The newest rows of the ledger, with the customer's name."""
    statement = select(ledger, golden.c.title).join(golden, golden.c.gid == ledger.c.gid, isouter=True)
    for name in filters:
        statement = statement.where(ledger.c[name] == bindparam(f"b_{name}"))
    return statement.order_by(ledger.c.id.desc()).limit(bindparam("b_limit"))


@dataclass(slots=True)
class Account:
    """The accounting identity of one resource in one run: total = the sum of the five counters."""

    run: str
    system: str
    resource: str
    total: int
    in_sync: int = 0
    excluded: int = 0
    quarantined: int = 0
    conflict: int = 0
    waiting: int = 0

    @property
    def ok(self) -> bool:
        return self.total == self.in_sync + self.excluded + self.quarantined + self.conflict + self.waiting


@dataclass(slots=True)
class Review:
    """A question about identity for a person: which of these records are the same customer?

    members: [{"system", "resource", "remote_id", "title", "gid"}]; gid is set where the record is linked already.
    pairs: [{"left", "right", "score", "features"}]: how members that share no key compare (refs or gids).
    """

    id: int
    run: str
    at: float
    kind: str
    state: str
    decision: str
    reason: str = ""
    members: list[dict[str, Any]] = field(default_factory=list)
    pairs: list[dict[str, Any]] = field(default_factory=list)


class History:
    """Append-only records of what happened, and questions that wait for a person."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # golden changes, ledger, notices

    def add(
        self,
        run_id: str,
        at: float,
        changes: Sequence[GoldenChange],
        losers: Sequence[LedgerRow],
        notices: Sequence[Notice],
    ) -> None:
        self._db.write(
            _NEW_CHANGE,
            [
                {
                    "run": run_id,
                    "at": at,
                    "gid": x.gid,
                    "path": x.path,
                    "old": pack(x.old),
                    "new": pack(x.new),
                    "source": x.source,
                    "rule": x.rule,
                    "seq": x.seq,
                }
                for x in changes
            ],
        )
        self._db.write(
            _NEW_LEDGER,
            [
                {
                    "run": run_id,
                    "at": at,
                    "gid": x.gid,
                    "path": x.path,
                    "rule": x.rule,
                    "winner": pack(x.winner),
                    "winner_system": x.winner_system,
                    "loser": pack(x.loser),
                    "loser_system": x.loser_system,
                    "state": "open" if x.open else "kept",
                    "resolution": "",
                }
                for x in losers
            ],
        )
        self._db.write(
            _NEW_NOTICE,
            [
                {
                    "run": run_id,
                    "at": at,
                    "gid": x.gid,
                    "system": x.system,
                    "path": x.path,
                    "code": x.code,
                    "message": x.message,
                }
                for x in notices
            ],
        )

    def changes(self, gid: str, path: str | None = None) -> list[dict[str, Any]]:
        statement = select(change).where(change.c.gid == gid).order_by(change.c.id)
        if path is not None:
            statement = statement.where((change.c.path == path) | change.c.path.startswith(path + "/", autoescape=True))
        return [
            {
                "run": r.run,
                "at": r.at,
                "path": r.path,
                "old": unpack(r.old),
                "new": unpack(r.new),
                "source": r.source,
                "rule": r.rule,
            }
            for r in self._db.rows(statement)
        ]

    def ledger(
        self,
        *,
        gid: str | None = None,
        run_id: str | None = None,
        state: str | None = None,
        rules: str | None = None,
        limit: int = 1000,
    ) -> list[dict[str, Any]]:
        chosen = {"gid": gid, "run": run_id, "state": state, "rule": rules}
        given = {name: value for name, value in chosen.items() if value is not None}
        found = self._db.rows(
            _ledger_by(tuple(given)), {"b_limit": limit, **{f"b_{name}": value for name, value in given.items()}}
        )
        return [
            {
                "id": r.id,
                "run": r.run,
                "at": r.at,
                "gid": r.gid,
                "title": r.title or r.gid,
                "path": r.path,
                "rule": r.rule,
                "winner": unpack(r.winner),
                "winner_system": r.winner_system,
                "loser": unpack(r.loser),
                "loser_system": r.loser_system,
                "state": r.state,
                "resolution": r.resolution,
            }
            for r in found
        ]

    def ledger_row(self, id_: int) -> dict[str, Any] | None:
        rows = self._db.rows(select(ledger).where(ledger.c.id == id_))
        if not rows:
            return None
        r = rows[0]
        return {
            "id": r.id,
            "gid": r.gid,
            "path": r.path,
            "rule": r.rule,
            "winner": unpack(r.winner),
            "state": r.state,
            "winner_system": r.winner_system,
            "loser": unpack(r.loser),
            "loser_system": r.loser_system,
        }

    def resolve_ledger(self, ids: Sequence[int], state: str, resolution: str) -> None:
        values = {"b_state": state, "b_resolution": resolution}
        self._db.write(_RESOLVE, [{"b_id": item, **values} for item in ids])

    def count_ledger(self, run_id: str | None = None) -> int:
        statement = select(func.count()).select_from(ledger)
        if run_id is not None:
            statement = statement.where(ledger.c.run == run_id)
        return int(self._db.rows(statement)[0][0])

    def notices(
        self, *, gid: str | None = None, run_id: str | None = None, code: str | None = None
    ) -> list[dict[str, Any]]:
        statement = select(notice).order_by(notice.c.id)
        for column, value in ((notice.c.gid, gid), (notice.c.run, run_id), (notice.c.code, code)):
            if value is not None:
                statement = statement.where(column == value)
        return [
            {
                "run": r.run,
                "at": r.at,
                "gid": r.gid,
                "system": r.system,
                "path": r.path,
                "code": r.code,
                "message": r.message,
            }
            for r in self._db.rows(statement)
        ]

    # the journal of writes

    def journal(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Entries: run, at, op_id, system, resource, gid, remote_id, kind, pre (native or None), diffs."""
        self._db.write(
            _NEW_JOURNAL,
            [
                {**entry, "pre": None if entry["pre"] is None else pack(entry["pre"]), "diffs": pack(entry["diffs"])}
                for entry in entries
            ],
        )

    def count_writes(self, run_id: str) -> int:
        """How many writes the journal has of a run."""
        statement = select(func.count()).select_from(journal).where(journal.c.run == run_id)
        return int(self._db.rows(statement)[0][0])

    def journal_rows(
        self,
        *,
        run_id: str | None = None,
        gid: str | None = None,
        since: float | None = None,
        gids: Sequence[str] | None = None,
        start: int = 0,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """Writes in order; ``gids``: of these golden records (some hundred at most);  ``limit``: at most that many, from
        the one with the number ``start`` on."""
        statement = select(journal).order_by(journal.c.id).limit(limit).offset(start if limit is not None else None)
        if gids is not None:
            statement = statement.where(journal.c.gid.in_(gids))
        if run_id is not None:
            statement = statement.where(journal.c.run == run_id)
        if gid is not None:
            statement = statement.where(journal.c.gid == gid)
        if since is not None:
            statement = statement.where(journal.c.at >= since)
        return [
            {
                "run": r.run,
                "at": r.at,
                "op_id": r.op_id,
                "system": r.system,
                "resource": r.resource,
                "gid": r.gid,
                "remote_id": r.remote_id,
                "kind": r.kind,
                "pre": None if r.pre is None else unpack(r.pre),
                "diffs": unpack(r.diffs),
            }
            for r in self._db.rows(statement)
        ]

    def write_counts(self, since: float) -> dict[tuple[str, str], int]:
        """(system, gid) -> writes since a time, for the loop breaker; what a person undid is no loop."""
        return {(r.system, r.gid): r.n for r in self._db.rows(_WRITE_COUNTS, {"b_since": since})}

    # runs and their accounts

    def start_run(self, run_id: str, sync: str, kind: str, at: float) -> None:
        self._db.upsert(
            run,
            [
                {
                    "id": run_id,
                    "sync": sync,
                    "kind": kind,
                    "started": at,
                    "ended": None,
                    "state": "running",
                    "doc": pack({}),
                }
            ],
        )

    def end_run(self, run_id: str, at: float, state: str, doc: Mapping[str, Any]) -> None:
        self._db.write(_END_RUN, {"b_id": run_id, "b_ended": at, "b_state": state, "b_doc": pack(doc)})

    def interrupt_runs(self, at: float) -> int:
        """Runs that never ended were killed; called when the process lock is held."""
        return self._db.write(_INTERRUPT, {"b_ended": at})

    def runs(self, limit: int = 20, sync: str | None = None, since: float | None = None) -> list[dict[str, Any]]:
        """Runs, the newest first; ``since``: only those that started at that time or later."""
        statement = select(run).order_by(run.c.started.desc(), run.c.id.desc()).limit(limit)
        if since is not None:
            statement = statement.where(run.c.started >= since)
        if sync is not None:
            statement = statement.where(run.c.sync == sync)
        return [_run(r) for r in self._db.rows(statement)]

    def run(self, run_id: str) -> dict[str, Any] | None:
        rows = self._db.rows(
            select(run).where(func.lower(run.c.id).startswith(folded(run_id), autoescape=True)).limit(2)
        )
        return _run(rows[0]) if len(rows) == 1 else None

    def save_accounts(self, accounts: Sequence[Account]) -> None:
        self._db.upsert(account, [asdict(item) for item in accounts])

    def accounts(self, run_id: str) -> list[Account]:
        rows = self._db.rows(
            select(account).where(account.c.run == run_id).order_by(account.c.system, account.c.resource)
        )
        return [Account(*row) for row in rows]

    # reviews

    def count_open(self) -> tuple[int, int]:
        """(conflicts, reviews) that wait for a person."""
        counts = [
            int(self._db.rows(select(func.count()).select_from(table).where(table.c.state == "open"))[0][0])
            for table in (ledger, review)
        ]
        return counts[0], counts[1]

    def add_review(self, run_id: str, at: float, kind: str, doc: Mapping[str, Any]) -> int:
        """Open a question and return its number; the caller holds the transaction."""
        self._db.write(
            _NEW_REVIEW, {"run": run_id, "at": at, "kind": kind, "state": "open", "decision": "", "doc": pack(doc)}
        )
        return int(self._db.rows(select(func.max(review.c.id)))[0][0])

    def reviews(self, state: str | None = "open") -> list[Review]:
        rows = self._db.rows(_REVIEWS, {}) if state is None else self._db.rows(_REVIEWS_IN, {"b_state": state})
        return [_review(row) for row in rows]

    def review(self, id_: int) -> Review | None:
        rows = self._db.rows(select(review).where(review.c.id == id_))
        return _review(rows[0]) if rows else None

    def end_review(self, id_: int, state: str, decision: str) -> None:
        self._db.write(update(review).where(review.c.id == id_).values(state=state, decision=decision))


def _run(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "sync": row.sync,
        "kind": row.kind,
        "started": row.started,
        "ended": row.ended,
        "state": row.state,
        **unpack(row.doc),
    }


def _review(row: Any) -> Review:
    doc = unpack(row.doc)
    return Review(
        row.id, row.run, row.at, row.kind, row.state, row.decision, doc["reason"], doc["members"], doc.get("pairs", [])
    )
