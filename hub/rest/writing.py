"""Writing to a described API: exactly one receipt for each op, batches split where one record spoils them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hub.contract.connector import CursorExpired
from hub.contract.errors import ConfigError, Conflict, Duplicate, NotFound, OutcomeUnknown, Rejected, Unavailable
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
        for route, batch in calls(sound, self._route):
            yield from self._carry_out(route, batch)

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
