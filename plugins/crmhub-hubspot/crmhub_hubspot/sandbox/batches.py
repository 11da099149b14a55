"""Up to 100 records at once (CRM API v3, Batch).  Results need not come in the order of the inputs: here they come
turned round, so that nobody relies on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_hubspot.sandbox.objects import json_object
from crmhub_hubspot.sandbox.records import Records
from crmhub_hubspot.sandbox.shapes import Json, problem, refuse, show_time
from hub.testing.sandbox import Call, Refused, reply

if TYPE_CHECKING:
    from crmhub_hubspot.sandbox.app import HubSpotSandbox

BATCH = 100


class Batches:
    """Answers calls on many records."""

    def __init__(self, sandbox: HubSpotSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records
        self._count = 0

    def read(self, call: Call) -> Response:
        kind, body = self._sandbox.enter(call, "read"), json_object(call)
        results, missing = [], []
        for item in self._inputs(body):
            document = self._records.by(kind, body.get("idProperty"), str(item.get("id", "")))
            if document is None:
                missing.append(str(item.get("id", "")))
            else:
                results.append(self._records.show(kind, document, body.get("properties") or ()))
        errors = []
        if missing:
            message = f"Could not get some {kind.upper()} objects, they may be deleted or not exist. Check that ids are valid."
            errors.append(problem("OBJECT_NOT_FOUND", message, context={"ids": missing}))
        return self._answer(200, results, errors)

    def create(self, call: Call) -> Response:
        """Without a trace id on every input one bad input fails all; with them each stands for itself."""
        kind = self._sandbox.enter(call, "create")
        inputs = self._inputs(json_object(call))
        traces = [item.get("objectWriteTraceId") for item in inputs]
        each = all(traces) and len(set(traces)) == len(traces)
        if not each:
            self._rehearse(kind, inputs)

        def make(item: Json) -> Json:
            document = self._records.create(kind, item.get("properties") or {})
            self._sandbox.associations.make(kind, document["id"], item.get("associations") or ())
            return self._records.show(kind, document, item.get("properties") or ())

        return self._each(201, inputs, make, each)

    def update(self, call: Call) -> Response:
        kind = self._sandbox.enter(call, "edit")
        inputs = self._inputs(json_object(call))

        def change(item: Json) -> Json:
            document = self._records.by(kind, item.get("idProperty"), str(item.get("id", "")))
            if document is None:
                raise refuse(404, "OBJECT_NOT_FOUND", "resource not found", context={"ids": [str(item.get("id", ""))]})
            values = item.get("properties") or {}
            return self._records.show(kind, self._records.update(kind, document, values), values)

        return self._each(200, inputs, change, each=True)

    def upsert(self, call: Call) -> Response:
        """All or nothing where a value is wrong (documented for e-mail as the id)."""
        kind = self._sandbox.enter(call, "create", "edit")
        inputs = self._inputs(json_object(call))
        for item in inputs:
            if not item.get("idProperty"):
                raise refuse(400, "VALIDATION_ERROR", "idProperty is needed")
            self._records.by(kind, item["idProperty"], str(item.get("id", "")))
            self._records.checked(kind, {**(item.get("properties") or {}), item["idProperty"]: item.get("id", "")})

        def put(item: Json) -> Json:
            values = {**(item.get("properties") or {}), item["idProperty"]: str(item["id"])}
            document = self._records.by(kind, item["idProperty"], str(item["id"]))
            new = document is None
            kept = (
                self._records.create(kind, values) if document is None else self._records.update(kind, document, values)
            )
            return {**self._records.show(kind, kept, values), "new": new}

        return self._each(200, inputs, put, each=False)

    def archive(self, call: Call) -> Response:
        kind = self._sandbox.enter(call, "delete")
        for item in self._inputs(json_object(call)):
            document = self._records.get(kind, str(item.get("id", "")))
            if document is not None:
                self._records.archive(kind, document)
        return reply(204)

    def _inputs(self, body: Json) -> list[Json]:
        inputs = body.get("inputs")
        if not isinstance(inputs, list) or not inputs or not all(isinstance(item, dict) for item in inputs):
            raise refuse(400, "VALIDATION_ERROR", "inputs are needed")
        if len(inputs) > BATCH:
            raise refuse(400, "VALIDATION_ERROR", f"Batch size of {len(inputs)} is larger than the limit of {BATCH}")
        keys = [str(item["id"]) for item in inputs if "id" in item]
        if len(set(keys)) != len(keys):
            raise refuse(400, "VALIDATION_ERROR", "Duplicate IDs found in batch input")
        return inputs

    def _rehearse(self, kind: str, inputs: Sequence[Json]) -> None:
        """Raises Refused, naming the first, if any input cannot be created."""
        mails: set[str] = set()
        for item in inputs:
            kept = self._records.checked(kind, item.get("properties") or {})
            mail = kept.get("email") if kind == "contacts" else None
            taken = self._records.by_email(mail)
            if taken is not None or (mail and mail in mails):
                key = taken["id"] if taken is not None else "unknown"
                raise refuse(409, "CONFLICT", f"Contact already exists. Existing ID: {key}")
            if mail:
                mails.add(mail)

    def _each(self, status: int, inputs: Sequence[Json], carry_out: Callable[[Json], Json], each: bool) -> Response:
        results, errors = [], []
        every = self._sandbox.switches.partial_every
        for item in inputs:
            self._count += 1
            context: dict[str, Any] = {"ids": [str(item["id"])]} if "id" in item else {}
            if item.get("objectWriteTraceId"):
                context["objectWriteTraceId"] = [item["objectWriteTraceId"]]
            try:
                if each and every and self._count % every == 0:
                    raise refuse(423, "LOCKED", "the object is locked by another operation")
                result = carry_out(item)
                trace = item.get("objectWriteTraceId")
                results.append({**result, "objectWriteTraceId": trace} if trace else result)
            except Refused as refused:
                if not each:
                    raise
                errors.append({**json.loads(bytes(refused.answer.body)), "context": context})
        return self._answer(status, results, errors)

    def _answer(self, status: int, results: list[Json], errors: list[Json]) -> Response:
        now = show_time(self._sandbox.now())
        body: Json = {
            "status": "COMPLETE", "results": results[::-1], "requestedAt": now, "startedAt": now, "completedAt": now,
        }  # fmt: skip
        if errors:
            return reply(207, {**body, "numErrors": len(errors), "errors": errors})
        return reply(status, body)
