"""Writing to a described API: exactly one receipt for each op, batches split where one record spoils them, several calls
at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from hub.contract.connector import CursorExpired
from hub.contract.errors import (
    ConfigError,
    Conflict,
    ConnectorError,
    Duplicate,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from hub.contract.records import Op, Receipt
from hub.rest.batches import calls, outcomes
from hub.rest.paths import text_at
from hub.rest.spec import Write
from hub.rest.template import fill

if TYPE_CHECKING:
    from hub.rest.classify import Answer
    from hub.rest.connector import RestConnector

_OF_ONE = (Rejected, Conflict, Duplicate, NotFound)
"""Errors that concern a single record."""


@dataclass(slots=True)
class _Done:
    """What came of one call (or of its halves).  failure: of the call as a whole; its ops have no receipts."""

    receipts: list[Receipt] = field(default_factory=list)
    failure: ConnectorError | None = None

    def ends(self) -> bool:
        """Whether no other call is begun: a lost answer says nothing about the next call."""
        return self.failure is not None and not isinstance(self.failure, OutcomeUnknown)


class Writer:
    """Writes to one resource of a connector."""

    def __init__(self, connector: RestConnector[Any], resource: str) -> None:
        self._connector = connector
        self._resource = resource
        self._spec = connector.resource_spec(resource)
        self._classify = connector.classify()

    def write(self, ops: Sequence[Op]) -> Iterator[Receipt]:
        """Carry out the ops; see ``Connector.write``."""
        sound: list[Op] = []
        for op in ops:
            refused = _broken_text(op)
            if refused is None:
                sound.append(op)
            else:
                yield Receipt(op.key, op.id, error=refused)
        batches = list(calls(sound, self._route))
        twice = len({op.id for op in sound if op.id}) < len([op for op in sound if op.id])
        if len(batches) <= 1 or twice:  # one after the other where a record comes twice
            for route, batch in batches:
                yield from self._carry_out(route, batch)
            return
        _ = self._connector.auth  # made once, before the threads ask for it
        yield from self._abreast(batches)

    def _abreast(self, batches: Sequence[tuple[Write, list[Op]]]) -> Iterator[Receipt]:
        """Several calls at a time.  Each op gets its receipt, also where its call failed as a whole: what another call did
        says nothing about it."""
        jobs = [partial(self._tried, route, batch) for route, batch in batches]
        outcomes = iter(self._connector.context.http.abreast.run(jobs, ends=_Done.ends))
        failure: ConnectorError | None = None
        for _, batch in batches:
            done = next(outcomes, None)
            if done is None:  # never begun
                assert failure is not None
                done = _Done(failure=failure)
            elif done.ends() and failure is None:
                failure = done.failure
            yield from done.receipts
            told = {receipt.key for receipt in done.receipts}
            yield from (Receipt(op.key, op.id, error=done.failure) for op in batch if op.key not in told)
        if failure is not None:
            raise failure

    def _tried(self, route: Write, ops: list[Op]) -> _Done:
        done = _Done()
        try:
            for receipt in self._carry_out(route, ops):
                done.receipts.append(receipt)
        except ConnectorError as error:
            done.failure = error
        return done

    def _route(self, op: Op) -> Write:
        route = {"create": self._spec.create, "update": self._spec.update, "delete": self._spec.delete}[op.kind]
        if route is None:
            raise ConfigError(
                f"{self._connector.name} cannot {op.kind} {self._resource}", where=self._connector.context.connection
            )
        return route

    def _carry_out(self, route: Write, ops: list[Op]) -> Iterator[Receipt]:
        """One call.  If it is refused as a whole, the halves are tried, so that one record does not stop the others."""
        what = f"{ops[0].kind} in {self._resource}"
        answer = self._connector.send(route, self._values(route, ops), doing="write")
        found = outcomes(route, ops, answer.data, self._classify, what)
        if found is not None:
            for op, receipt, item in found:
                yield self._with_image(route, op, receipt, item)
            return
        error = self._classify(answer, "write", what)
        if isinstance(error, CursorExpired):
            error = Unavailable(str(error), where=self._classify.where)
        if error is not None and not isinstance(error, _OF_ONE):
            raise error
        if error is not None and len(ops) > 1:
            middle = len(ops) // 2
            yield from self._carry_out(route, ops[:middle])
            yield from self._carry_out(route, ops[middle:])
            return
        for op in ops:
            yield Receipt(op.key, op.id, error=error) if error is not None else self._done(route, op, answer)

    def _done(self, route: Write, op: Op, answer: Answer) -> Receipt:
        """The receipt of a call that went well and listed no outcomes."""
        receipt = Receipt(op.key, text_at(answer.data, route.id) or op.id)
        return self._with_image(route, op, receipt, answer.data)

    def _with_image(self, route: Write, op: Op, receipt: Receipt, item: Any) -> Receipt:
        if receipt.error is not None:
            return receipt
        if op.kind != "delete" and not receipt.id:
            unknown = OutcomeUnknown("the answer to a create has no id", where=self._classify.where)
            return Receipt(op.key, None, error=unknown)
        if not route.image or op.kind == "delete" or not isinstance(item, dict):
            return receipt
        image = self._connector.record(self._resource, item)
        return Receipt(op.key, receipt.id, image.version, image)

    def _values(self, route: Write, ops: Sequence[Op]) -> dict[str, Any]:
        values = [self._values_of(op) for op in ops]
        items = [fill(route.item, item) for item in values]
        ids = [op.id for op in ops if op.id]
        return {**values[0], "items": items, "ids": ",".join(ids) or None}

    def _values_of(self, op: Op) -> dict[str, Any]:
        data = self._connector.native(self._resource, op) if op.kind != "delete" else None
        version = None if op.if_version is None else self._connector.stamp(op.if_version)
        return {"id": op.id, "key": op.key, "data": data, "version": version}


def _broken_text(op: Op) -> Rejected | None:
    """Half of a surrogate pair, NaN and infinity have no JSON that others can read."""
    try:
        json.dumps(dict(op.data), ensure_ascii=False, allow_nan=False, default=str).encode()
    except (UnicodeEncodeError, ValueError) as error:
        return Rejected(f"a value cannot be sent as JSON: {error.__class__.__name__}")
    return None
