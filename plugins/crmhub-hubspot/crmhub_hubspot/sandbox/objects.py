"""Objects one by one: list, read, create, update, archive, merge (CRM API v3, Objects)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_hubspot.sandbox.records import Document, Records
from crmhub_hubspot.sandbox.shapes import Json, not_found, refuse
from hub.testing.sandbox import Call, reply

if TYPE_CHECKING:
    from crmhub_hubspot.sandbox.app import HubSpotSandbox

PAGE, DEFAULT_PAGE = 100, 10


class Objects:
    """Answers calls on single records and on lists."""

    def __init__(self, sandbox: HubSpotSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records

    def listing(self, call: Call) -> Response:
        kind = self._sandbox.enter(call, "read")
        limit, after = call.query.get("limit", str(DEFAULT_PAGE)), call.query.get("after", "0")
        if not limit.isdigit() or not 1 <= int(limit) <= PAGE or not after.isdigit():
            raise refuse(400, "VALIDATION_ERROR", f"limit must be between 1 and {PAGE}")
        archived = call.query.get("archived", "").lower() == "true"
        rows = self._records.archived(kind) if archived else self._records.alive(kind)
        rest = sorted((item for item in rows if int(item["id"]) > int(after)), key=lambda item: int(item["id"]))
        shown = rest[: int(limit)]
        body: Json = {"results": [self.show(call, kind, item) for item in shown]}
        if len(rest) > len(shown):
            last = shown[-1]["id"]
            body["paging"] = {"next": {"after": last, "link": f"{self._sandbox.url}{call.path}?after={last}"}}
        return reply(200, body)

    def one(self, call: Call) -> Response:
        kind = self._sandbox.enter(call, "read")
        return reply(200, self.show(call, kind, self._wanted(call, kind)))

    def create(self, call: Call) -> Response:
        kind = self._sandbox.enter(call, "create")
        body = json_object(call)
        document = self._records.create(kind, body.get("properties") or {})
        self._sandbox.associations.make(kind, document["id"], body.get("associations") or ())
        return reply(201, self._records.show(kind, document, body.get("properties") or ()))

    def update(self, call: Call) -> Response:
        kind = self._sandbox.enter(call, "edit")
        document = self._records.by(kind, call.query.get("idProperty"), call.params["id"])
        if document is None:
            raise not_found()
        values = json_object(call).get("properties") or {}
        return reply(200, self._records.show(kind, self._records.update(kind, document, values), values))

    def archive(self, call: Call) -> Response:
        """Archiving what is not there is no error, either (unverified)."""
        kind = self._sandbox.enter(call, "delete")
        document = self._records.get(kind, call.params["id"])
        if document is not None:
            self._records.archive(kind, document)
        return reply(204)

    def merge(self, call: Call) -> Response:
        kind = self._sandbox.enter(call, "edit", "delete")
        body = json_object(call)
        found = [self._records.get(kind, str(body.get(name, ""))) for name in ("primaryObjectId", "objectIdToMerge")]
        primary, other = found
        if primary is None or other is None:
            raise not_found()
        if primary["id"] == other["id"]:
            raise refuse(400, "VALIDATION_ERROR", "an object cannot be merged with itself")
        return reply(200, self._records.show(kind, self._sandbox.merge(kind, primary, other)))

    def forget(self, call: Call) -> Response:
        kind = self._sandbox.enter(call, "delete")
        body = json_object(call)
        document = self._records.by(kind, body.get("idProperty"), str(body.get("objectId", "")))
        if document is not None:
            self._records.forget(kind, document)
        return reply(204)

    def show(self, call: Call, kind: str, document: Document) -> Json:
        names = [name for text in call.query.getlist("properties") for name in text.split(",") if name]
        shown = self._records.show(kind, document, names)
        others = [name for text in call.query.getlist("associations") for name in text.split(",") if name]
        linked = self._sandbox.associations.shown(kind, document["id"], others)
        return {**shown, "associations": linked} if linked else shown

    def _wanted(self, call: Call, kind: str) -> Document:
        key = call.params["id"]
        if call.query.get("archived", "").lower() == "true":
            found = next((item for item in self._records.archived(kind) if item["id"] == key), None)
        else:
            found = self._records.by(kind, call.query.get("idProperty"), key)
        if found is None:
            raise not_found()
        return found


def json_object(call: Call) -> dict[str, Any]:
    """The body.  Raises Refused."""
    try:
        body = call.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refuse(400, "VALIDATION_ERROR", "Invalid input JSON: unable to parse the request body")
    return body
