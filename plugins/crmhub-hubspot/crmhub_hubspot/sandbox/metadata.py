"""Properties, owners and account details (CRM API v3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from crmhub_hubspot.sandbox.hooks import PORTAL_ID
from crmhub_hubspot.sandbox.objects import json_object
from crmhub_hubspot.sandbox.properties import from_json
from crmhub_hubspot.sandbox.records import Records
from crmhub_hubspot.sandbox.shapes import Json, not_found, refuse
from hub.testing.sandbox import Call, reply

if TYPE_CHECKING:
    from crmhub_hubspot.sandbox.app import HubSpotSandbox

_MADE = "2025-01-01T00:00:00.000Z"
UNIQUE = 10
OWNERS = (("101", "mei@hubspot.example", "Mei", "Chen"), ("102", "otto@hubspot.example", "Otto", "Bauer"))


class Metadata:
    """Answers calls about what an object looks like."""

    def __init__(self, sandbox: HubSpotSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records

    def properties(self, call: Call) -> Response:
        kind = self._kind(call, "read")
        archived = call.query.get("archived", "").lower() == "true"
        rows = [] if archived else [item.described(kind, _MADE) for item in self._records.properties(kind).values()]
        return reply(200, {"results": rows})

    def one(self, call: Call) -> Response:
        kind = self._kind(call, "read")
        found = self._records.properties(kind).get(call.params["name"])
        if found is None:
            raise not_found()
        return reply(200, found.described(kind, _MADE))

    def define(self, call: Call) -> Response:
        kind = self._kind(call, "edit")
        body = json_object(call)
        try:
            made = from_json(body)
        except KeyError as error:
            raise refuse(400, "VALIDATION_ERROR", f"{error.args[0]} is needed") from None
        known = self._records.properties(kind)
        if made.name in known:
            raise refuse(409, "OBJECT_ALREADY_EXISTS", f"A property named '{made.name}' already exists.")
        if made.unique and sum(item.unique and item.custom for item in known.values()) >= UNIQUE:
            raise refuse(400, "VALIDATION_ERROR", f"no more than {UNIQUE} unique properties")
        self._sandbox.state.collection(f"properties {kind}")[made.name] = body
        return reply(201, made.described(kind, _MADE))

    def owners(self, call: Call) -> Response:
        self._sandbox.sign_in(call, "owners", "read")
        rows = [self._owner(*item) for item in OWNERS if call.query.get("email") in (None, item[1])]
        return reply(200, {"results": rows})

    def account(self, call: Call) -> Response:
        self._sandbox.sign_in(call, "account", "read")
        return reply(
            200,
            {
                "portalId": PORTAL_ID,
                "accountType": "DEVELOPER_TEST",
                "timeZone": "Europe/Vienna",
                "companyCurrency": "EUR",
                "additionalCurrencies": [],
                "utcOffset": "+01:00",
                "utcOffsetMilliseconds": 3_600_000,
                "uiDomain": "app.hubspot.com",
                "dataHostingLocation": "na1",
            },
        )

    def _owner(self, key: str, email: str, first: str, last: str) -> Json:
        return {
            "id": key, "email": email, "type": "PERSON", "firstName": first, "lastName": last,
            "userId": int(key), "userIdIncludingInactive": int(key),
            "createdAt": _MADE, "updatedAt": _MADE, "archived": False, "teams": [],
        }  # fmt: skip

    def _kind(self, call: Call, action: str) -> str:
        kind = self._sandbox.kind_of(call.params["object"])
        self._sandbox.sign_in(call, kind, action)
        return kind
