"""POST, PUT, DELETE and upsert of records: up to 100 at a time, one result for each, in order (API v8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_zoho.sandbox.fields import MODULES
from crmhub_zoho.sandbox.reading import is_converted
from crmhub_zoho.sandbox.records import Document, Records
from crmhub_zoho.sandbox.shapes import INVALID_ID, Item, error, invalid, refuse
from crmhub_zoho.sandbox.values import Unfit, fit
from hub.testing.sandbox import Call, Refused, reply

if TYPE_CHECKING:
    from crmhub_zoho.sandbox.app import ZohoSandbox

BATCH = 100
TRIGGERS = frozenset({"workflow", "approval", "blueprint", "pathfinder", "orchestration"})
_MESSAGES = {"insert": "record added", "update": "record updated"}


class Writing:
    """Answers writing calls."""

    def __init__(self, sandbox: ZohoSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records
        self._written = 0

    def insert(self, call: Call) -> Response:
        module = self._sandbox.enter(call, "create")
        return self._batch(call, 201, lambda item, path: self._insert(module, item, path))

    def update(self, call: Call) -> Response:
        module = self._sandbox.enter(call, "edit")
        body = self._body(call)
        for item in body["data"]:
            self._guard(call, self._records.get(module, str(item.get("id"))) if isinstance(item, dict) else None)
        return self._batch(call, 200, lambda item, path: self._update_listed(module, item, path))

    def update_one(self, call: Call) -> Response:
        module = self._sandbox.enter(call, "edit")
        self._body(call)
        document = self._sandbox.reading.find(call, module, call.params["id"])
        self._guard(call, document)

        def change(item: Item, path: str) -> Item:
            if document is None:
                return invalid_id(path)
            return self._update(module, document, item, path)

        return self._batch(call, 200, change)

    def upsert(self, call: Call) -> Response:
        module = self._sandbox.enter(call, "create", "edit")
        order = self._duplicate_fields(module, self._body(call))
        for item in self._body(call)["data"]:
            if isinstance(item, dict):
                self._guard(call, self._matching(module, item, order)[0])
        return self._batch(call, 200, lambda item, path: self._upsert(module, item, path, order))

    def delete(self, call: Call) -> Response:
        module = self._sandbox.enter(call, "delete")
        keys = [key.strip() for key in call.query.get("ids", "").split(",") if key.strip()]
        if not keys:
            raise refuse(
                400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": "ids"}
            )
        if len(keys) > BATCH:
            raise _too_many()
        self._sandbox.spend(1)
        return self._answer([self._delete(call, module, key) for key in keys], 200)

    def delete_one(self, call: Call) -> Response:
        module = self._sandbox.enter(call, "delete")
        self._sandbox.spend(1)
        return self._answer([self._delete(call, module, call.params["id"])], 200)

    # batches

    def _batch(self, call: Call, status: int, change: Callable[[Item, str], Item]) -> Response:
        body = self._body(call)
        rows = body["data"]
        self._sandbox.spend(max(1, (len(rows) + 9) // 10))
        results = []
        for number, item in enumerate(rows):
            path = f"$.data[{number}]"
            if not isinstance(item, dict):
                results.append(invalid("data", path, expected_data_type="jsonobject"))
            elif self._is_locked():
                results.append(error("RECORD_LOCKED", "record is locked", {"json_path": path}))
            else:
                try:
                    results.append(change(item, path))
                except Unfit as unfit:
                    results.append(unfit.item)
        self._run_automations(call, body, results)
        return self._answer(results, status)

    def _answer(self, results: list[Item], status: int) -> Response:
        bad = sum(item["status"] == "error" for item in results)
        if bad == len(results):
            return reply(400, {"data": results})
        return reply(self._sandbox.switches.mixed_status if bad else status, {"data": results})

    def _body(self, call: Call) -> dict[str, Any]:
        try:
            body = call.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):  # how the real server words this is not known
            raise refuse(400, "INVALID_DATA", "invalid data", {"expected_data_type": "jsonobject"})
        rows = body.get("data")
        if rows is None:
            raise refuse(
                400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "data", "json_path": "$.data"}
            )
        if not isinstance(rows, list) or not rows:
            raise Refused(reply(400, invalid("data", "$.data", expected_data_type="jsonarray")))
        if len(rows) > BATCH:
            raise _too_many()
        triggers = body.get("trigger")
        if triggers is not None and (not isinstance(triggers, list) or not TRIGGERS.issuperset(triggers)):
            raise Refused(reply(400, invalid("trigger", "$.trigger")))
        return body

    def _guard(self, call: Call, document: Document | None) -> None:
        """If-Unmodified-Since holds for the whole request.  (What a batch does is documented for one record only.)"""
        if document is not None and self._records.is_newer(document, call.headers.get("if-unmodified-since")):
            message = "Record updated time has already passed if-unmodified-since time"
            details = self._records.written(document)
            raise Refused(reply(412, {"data": [error("ALREADY_MODIFIED", message, details)]}))

    def _is_locked(self) -> bool:
        every = self._sandbox.switches.partial_every
        self._written += 1
        return bool(every) and self._written % every == 0

    def _run_automations(self, call: Call, body: Mapping[str, Any], results: list[Item]) -> None:
        """Without "trigger" all of an organisation's automations run; a test can see that they would have."""
        wanted = TRIGGERS if body.get("trigger") is None else frozenset(body["trigger"])
        if wanted:
            done = [item["details"]["id"] for item in results if item["status"] == "success"]
            number = self._sandbox.state.next_number("automation")
            self._sandbox.state.collection("automations")[str(number)] = {
                "call": f"{call.method} {call.path}",
                "triggers": sorted(wanted),
                "ids": done,
            }

    # one record

    def _insert(self, module: str, item: Item, path: str) -> Item:
        values = self._values(module, item, path)
        for name, field in MODULES[module].fields.items():
            if field.mandatory and values.get(name) is None:
                details = {"api_name": name, "json_path": f"{path}.{name}"}
                return error("MANDATORY_NOT_FOUND", "required field not found", details)
        clash = self._clash(module, values, "", path)
        if clash is not None:
            return clash
        return self._success("insert", self._records.insert(module, values, self._sandbox.caller))

    def _update_listed(self, module: str, item: Item, path: str) -> Item:
        if "id" not in item:
            return error(
                "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "id", "json_path": f"{path}.id"}
            )
        document = self._records.get(module, str(item["id"]))
        return self._update(module, document, item, path) if document is not None else invalid_id(path)

    def _update(self, module: str, document: Document, item: Item, path: str) -> Item:
        if is_converted(document):
            return error("CONVERTED_RECORD", "can't update the converted record", {"id": document["id"]})
        values = self._values(module, item, path)
        for name, field in MODULES[module].fields.items():
            if field.mandatory and name in values and values[name] is None:
                details = {"api_name": name, "json_path": f"{path}.{name}"}
                return error("MANDATORY_NOT_FOUND", "required field not found", details)
        clash = self._clash(module, values, document["id"], path)
        if clash is not None:
            return clash
        return self._success("update", self._records.update(module, document, values, self._sandbox.caller))

    def _upsert(self, module: str, item: Item, path: str, order: list[str]) -> Item:
        document, by = self._matching(module, item, order)
        if document is None and by == "id":
            return invalid_id(path)
        if document is None:
            result, action = self._insert(module, item, path), "insert"
        else:
            result, action = self._update(module, document, item, path), "update"
        if result["status"] == "error":
            return result
        return {**result, "duplicate_field": by, "action": action}

    def _delete(self, call: Call, module: str, key: str) -> Item:
        document = self._sandbox.reading.find(call, module, key)
        if document is None:
            return error("INVALID_DATA", "record not deleted", {"id": key})
        self._records.delete(module, document, self._sandbox.caller)
        return {"code": "SUCCESS", "details": {"id": document["id"]}, "message": "record deleted", "status": "success"}

    def _success(self, action: str, document: Document) -> Item:
        details = self._records.written(document)
        return {"code": "SUCCESS", "details": details, "message": _MESSAGES[action], "status": "success"}

    def _values(self, module: str, item: Item, path: str) -> dict[str, Any]:
        """The writable fields of an item; unknown and read-only ones are ignored without a word.  Raises Unfit."""
        trims = self._sandbox.switches.trims
        fields = self._records.visible(module)
        return {
            name: fit(fields[name], value, path, trims, self._records.exists)
            for name, value in item.items()
            if name in fields and not fields[name].read_only
        }

    # duplicates

    def _matching(self, module: str, item: Item, order: list[str]) -> tuple[Document | None, str | None]:
        """The record that an upsert means, and the field that said so; several: the oldest (undocumented)."""
        if "id" in item:
            return self._records.get(module, str(item["id"])), "id"
        for name in order:
            value = item.get(name)
            if isinstance(value, str) and value.strip():
                found = self._records.having(module, name, value.strip())
                if found:
                    return found[0], name
        return None, None

    def _duplicate_fields(self, module: str, body: Mapping[str, Any]) -> list[str]:
        """The given list, then the unique fields; without a list the system's own field comes first."""
        of = MODULES[module]
        unique = self._records.unique_fields(of)
        given = body.get("duplicate_check_fields")
        if given is None:
            return list(dict.fromkeys([of.duplicate_field, *unique]))
        allowed = {of.duplicate_field, *unique}
        if not isinstance(given, list) or not all(name in allowed for name in given):
            raise Refused(reply(400, invalid("duplicate_check_fields", "$.duplicate_check_fields")))
        return list(dict.fromkeys([*given, *unique]))

    def _clash(self, module: str, values: Mapping[str, Any], own: str, path: str) -> Item | None:
        clashes = []
        for name in self._records.unique_fields(MODULES[module]):
            if values.get(name) is None:
                continue
            others = self._records.having(module, name, values[name])
            if self._sandbox.switches.recycled_values_block:
                others += self._records.recycled_having(module, name, values[name])
            other = next((item for item in others if item["id"] != own), None)
            if other is not None:
                clashes.append(self._duplicate(module, other, name, path))
        if len(clashes) > 1:  # the inner layout is not known for certain
            return error("MULTIPLE_OR_MULTI_ERRORS", "multiple errors", {"errors": clashes})
        return clashes[0] if clashes else None

    def _duplicate(self, module: str, other: Document, name: str, path: str) -> Item:
        details: Item = {"api_name": name, "json_path": f"{path}.{name}", "id": other["id"]}
        if self._sandbox.switches.duplicates_are == "duplicate_record":
            details["duplicate_record"] = {
                "id": other["id"],
                "Owner": self._records.user(other["values"]["Owner"]),
                "module": {"api_name": module, "id": MODULES[module].id},
            }
        return error("DUPLICATE_DATA", "duplicate data", details)


def invalid_id(path: str) -> Item:
    """There is no record of that id."""
    return error("INVALID_DATA", INVALID_ID, {"api_name": "id", "json_path": f"{path}.id"})


def _too_many() -> Refused:
    return refuse(400, "LIMIT_EXCEEDED", "the number of records exceeds the limit", {"limit": BATCH})
