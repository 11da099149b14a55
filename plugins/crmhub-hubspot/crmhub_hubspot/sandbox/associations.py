"""Associations between contacts and companies (CRM API v4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_hubspot.sandbox.objects import json_object
from crmhub_hubspot.sandbox.properties import STANDARD
from crmhub_hubspot.sandbox.records import Records
from crmhub_hubspot.sandbox.shapes import Json, not_found, problem, refuse
from hub.testing.sandbox import Call, reply

if TYPE_CHECKING:
    from crmhub_hubspot.sandbox.app import HubSpotSandbox

PLAIN = {("contacts", "companies"): 279, ("companies", "contacts"): 280}
PRIMARY = {("contacts", "companies"): 1, ("companies", "contacts"): 2}
_SINGULAR = {"contact": "contacts", "company": "companies", "0-1": "contacts", "0-2": "companies"}
PAGE, READ, WRITTEN = 500, 1_000, 2_000


class Associations:
    """Who belongs to whom.  Kept once for both directions: contact, company, and whether it is the primary company."""

    def __init__(self, sandbox: HubSpotSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records
        self._kept = sandbox.state.collection("associations")

    # routes

    def listing(self, call: Call) -> Response:
        source, target = self._ends(call, "read")
        key = self._record(source, call.params["id"])
        rows = [self._row(source, target, other, item) for other, item in self._of(source, key)]
        after, limit = int(call.query.get("after", "0")), min(int(call.query.get("limit", PAGE)), PAGE)
        body: Json = {"results": rows[after : after + limit]}
        if after + limit < len(rows):
            body["paging"] = {"next": {"after": str(after + limit)}}
        return reply(200, body)

    def put_default(self, call: Call) -> Response:
        source, target = self._ends(call, "edit")
        key, other = self._record(source, call.params["id"]), self._record(target, call.params["other"])
        self._link(source, key, other, [PLAIN[source, target]])
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": PLAIN[source, target]}
        row = {"from": {"id": key}, "to": {"id": other}, "associationSpec": spec}
        return reply(200, {"status": "COMPLETE", "results": [row]})

    def put(self, call: Call) -> Response:
        source, target = self._ends(call, "edit")
        key, other = self._record(source, call.params["id"]), self._record(target, call.params["other"])
        types = self._types(source, target, call.json())
        self._link(source, key, other, types)
        labels = ["Primary"] if PRIMARY[source, target] in types else []
        row = {
            "fromObjectTypeId": _type_id(source), "fromObjectId": int(key),
            "toObjectTypeId": _type_id(target), "toObjectId": int(other), "labels": labels,
        }  # fmt: skip
        return reply(201, row)

    def delete(self, call: Call) -> Response:
        source, _ = self._ends(call, "edit")
        self._unlink(source, call.params["id"], call.params["other"])
        return reply(204)

    def batch_read(self, call: Call) -> Response:
        source, target = self._ends(call, "read")
        results, missing = [], []
        for item in self._inputs(call, READ):
            key = str(item["id"])
            rows = [self._row(source, target, other, link) for other, link in self._of(source, key)]
            if rows:
                results.append({"from": {"id": key}, "to": rows})
            else:
                missing.append(key)
        if missing:
            message = f"No {source} is associated with {target}"
            errors = [
                problem(
                    "OBJECT_NOT_FOUND",
                    message,
                    subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
                    context={"fromObjectId": missing},
                )
            ]
            return reply(207, {"status": "COMPLETE", "results": results, "numErrors": 1, "errors": errors})
        return reply(200, {"status": "COMPLETE", "results": results})

    def batch_create(self, call: Call) -> Response:
        source, target = self._ends(call, "edit")
        results = []
        for item in self._inputs(call, WRITTEN):
            key, other = self._record(source, str(item["from"]["id"])), self._record(target, str(item["to"]["id"]))
            types = self._types(source, target, item.get("types") or [])
            self._link(source, key, other, types)
            results.append({"fromObjectTypeId": _type_id(source), "fromObjectId": int(key),
                            "toObjectTypeId": _type_id(target), "toObjectId": int(other), "labels": []})  # fmt: skip
        return reply(201, {"status": "COMPLETE", "results": results})

    def batch_archive(self, call: Call) -> Response:
        source, _ = self._ends(call, "edit")
        for item in self._inputs(call, WRITTEN):
            for other in item["to"]:
                self._unlink(source, str(item["from"]["id"]), str(other["id"]))
        return reply(204)

    # for other parts

    def make(self, source: str, key: str, wanted: Iterable[Mapping[str, Any]]) -> None:
        """Associations that come with a new record."""
        for item in wanted:
            target = "companies" if source == "contacts" else "contacts"
            other = self._record(target, str(item["to"]["id"]))
            self._link(source, key, other, self._types(source, target, item.get("types") or []))

    def shown(self, source: str, key: str, targets: Iterable[str]) -> Json:
        """As a record shows them, one row for each type."""
        found: Json = {}
        for name in targets:
            target = _SINGULAR.get(name, name)
            if target in STANDARD and target != source:
                word = "contact_to_company" if source == "contacts" else "company_to_contact"
                rows = [
                    {"id": other, "type": kind}
                    for other, link in self._of(source, key)
                    for kind in ([word] if link["primary"] else []) + [f"{word}_unlabeled"]
                ]
                if rows:
                    found[target] = {"results": rows}
        return found

    def follow(self, kind: str, old: Iterable[str], new: str) -> None:
        """Associations of merged records go over to the one that remains."""
        for key in old:
            for other, link in list(self._of(kind, key)):
                self._unlink(kind, key, other)
                self._link(kind, new, other, [1] if link["primary"] else [])

    # parts

    def _ends(self, call: Call, action: str) -> tuple[str, str]:
        source = _SINGULAR.get(call.params["object"], call.params["object"])
        target = _SINGULAR.get(call.params["to"], call.params["to"])
        self._sandbox.sign_in(call, source, action)
        if (source, target) not in PLAIN:
            raise refuse(400, "VALIDATION_ERROR", f"Unable to infer object type from: {source} to {target}")
        return source, target

    def _record(self, kind: str, key: str) -> str:
        document = self._records.get(kind, key)
        if document is None:
            raise not_found()
        return str(document["id"])

    def _of(self, kind: str, key: str) -> Iterable[tuple[str, Json]]:
        mine, theirs = ("contact", "company") if kind == "contacts" else ("company", "contact")
        other_kind = "companies" if kind == "contacts" else "contacts"
        return [
            (item[theirs], item)
            for item in self._kept.values()
            if item[mine] == key and self._records.get(other_kind, item[theirs]) is not None
        ]

    def _row(self, source: str, target: str, other: str, link: Json) -> Json:
        types = [{"category": "HUBSPOT_DEFINED", "typeId": PLAIN[source, target], "label": None}]
        if link["primary"]:
            types.insert(0, {"category": "HUBSPOT_DEFINED", "typeId": PRIMARY[source, target], "label": "Primary"})
        return {"toObjectId": int(other), "associationTypes": types}

    def _types(self, source: str, target: str, given: Iterable[Mapping[str, Any]]) -> list[int]:
        types = [int(item["associationTypeId"]) for item in given]
        known = {PLAIN[source, target], PRIMARY[source, target]}
        if not types or not known.issuperset(types):
            raise refuse(400, "VALIDATION_ERROR", "One or more association types are not valid for these objects")
        return types

    def _link(self, source: str, key: str, other: str, types: Iterable[int]) -> None:
        contact, company = (key, other) if source == "contacts" else (other, key)
        name = f"{contact} {company}"
        primary = bool({1, 2} & set(types)) or bool(self._kept.get(name, {}).get("primary"))
        if primary:  # a contact has one primary company
            for at, item in list(self._kept.items()):
                if item["contact"] == contact and item["primary"] and at != name:
                    self._kept[at] = {**item, "primary": False}
        self._kept[name] = {"contact": contact, "company": company, "primary": primary}

    def _unlink(self, source: str, key: str, other: str) -> None:
        contact, company = (key, other) if source == "contacts" else (other, key)
        self._kept.pop(f"{contact} {company}", None)

    def _inputs(self, call: Call, most: int) -> list[Json]:
        inputs = json_object(call).get("inputs")
        if not isinstance(inputs, list) or not 0 < len(inputs) <= most:
            raise refuse(400, "VALIDATION_ERROR", f"between 1 and {most} inputs are needed")
        return inputs


def _type_id(kind: str) -> str:
    return {"contacts": "0-1", "companies": "0-2"}[kind]
