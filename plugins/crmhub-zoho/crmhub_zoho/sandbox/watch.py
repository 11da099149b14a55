"""Notifications: channels that tell an address which records changed (API v8, /actions/watch).

There is no signature: only the token of the subscription comes back.  A callback is a hint, nothing is sent twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from starlette.responses import Response

from crmhub_zoho.sandbox.fields import MODULES
from crmhub_zoho.sandbox.records import API_USER, Document
from crmhub_zoho.sandbox.shapes import Item, invalid, parse_time, refuse, show_time
from hub.testing.sandbox import Call, reply

if TYPE_CHECKING:
    from crmhub_zoho.sandbox.app import ZohoSandbox

LONGEST, DEFAULT = timedelta(days=7), timedelta(hours=1)
TOKEN = 50
_EVENTS = {"insert": "create", "update": "edit", "delete": "delete"}


class Watch:
    """The channels."""

    def __init__(self, sandbox: ZohoSandbox) -> None:
        self._sandbox = sandbox
        self._channels = sandbox.state.collection("channels")

    def subscribe(self, call: Call) -> Response:
        """POST makes a channel and PUT replaces one."""
        self._sandbox.sign_in(call, "notifications", "ALL")
        self._sandbox.spend(1)
        return self._each(call, self._subscribe, 201 if call.method == "POST" else 200)

    def change(self, call: Call) -> Response:
        """PATCH changes only what is given."""
        self._sandbox.sign_in(call, "notifications", "ALL")
        self._sandbox.spend(1)
        return self._each(
            call,
            lambda item, path: self._subscribe({**self._channels.get(str(item.get("channel_id")), {}), **item}, path),
            200,
        )

    def listing(self, call: Call) -> Response:
        self._sandbox.sign_in(call, "notifications", "ALL")
        self._sandbox.spend(1)
        wanted = call.query.get("channel_id")
        found = [item for key, item in self._alive() if wanted in (None, key)]
        if not found:
            return reply(204)
        rows = [
            {**item, "channel_expiry": self._expiry(item), "resource_name": self._modules(item)[0]} for item in found
        ]
        info = {"per_page": 200, "count": len(rows), "page": 1, "more_records": False}
        return reply(200, {"watch": rows, "info": info})

    def unsubscribe(self, call: Call) -> Response:
        self._sandbox.sign_in(call, "notifications", "ALL")
        self._sandbox.spend(1)
        results = []
        for key in filter(None, call.query.get("channel_ids", "").split(",")):
            if self._channels.pop(key, None) is None:
                results.append(invalid("channel_ids", "$.channel_ids"))
                continue
            details = {"resource_uri": f"{self._sandbox.url}/crm/v8/actions/watch", "channel_id": key}
            message = "Successfully unsubscribed from actions-watch of the given channel"
            results.append({"code": "SUCCESS", "details": details, "message": message, "status": "success"})
        if not results:
            raise refuse(
                400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": "channel_ids"}
            )
        return reply(_status(results, 200), {"watch": results})

    def tell(self, module: str, operation: str, document: Document, names: Collection[str]) -> None:
        """Tell all channels about a change."""
        own = document["modified_by"] == API_USER if operation != "delete" else document["deleted"]["by"] == API_USER
        if own and not self._sandbox.switches.notify_own_changes:
            return
        for key, channel in self._alive():
            if {f"{module}.{_EVENTS[operation]}", f"{module}.all"} & set(channel["events"]):
                body = self._callback(key, channel, module, operation, document, names)
                headers = {"Content-Type": "application/json"}
                self._sandbox.deliveries.send(channel["notify_url"], json.dumps(body).encode("ascii"), headers)

    def _callback(
        self, key: str, channel: Item, module: str, operation: str, document: Document, names: Collection[str]
    ) -> Item:
        """Operations other than "insert" are not shown in the documentation."""
        changed = sorted(names)
        body: Item = {
            "server_time": int(self._sandbox.now().timestamp() * 1000),
            "query_params": dict(parse_qsl(urlsplit(channel["notify_url"]).query)),
            "module": module,
            "resource_uri": f"{self._sandbox.url}/crm/v8/{module}",
            "ids": [document["id"]],
            "affected_fields": [{document["id"]: changed}] if operation == "update" else [],
            "operation": operation,
            "channel_id": key,
            "token": channel.get("token"),
        }
        if channel.get("return_affected_field_values"):
            body["affected_values"] = [
                {"record_id": document["id"], "values": {n: document["values"].get(n) for n in changed}}
            ]
        return body

    def _each(self, call: Call, carry_out: Callable[[Item, str], Item], status: int) -> Response:
        try:
            rows = call.json()["watch"]
            results = [carry_out(item, f"$.watch[{number}]") for number, item in enumerate(rows)]
        except (ValueError, KeyError, TypeError):
            details = {"api_name": "watch", "json_path": "$.watch"}
            raise refuse(400, "MANDATORY_NOT_FOUND", "required field not found", details) from None
        return reply(_status(results, status), {"watch": results})

    def _subscribe(self, item: Item, path: str) -> Item:
        for name in ("channel_id", "events", "notify_url"):
            if not item.get(name):
                return {
                    **invalid(name, f"{path}.{name}"),
                    "code": "MANDATORY_NOT_FOUND",
                    "message": "required field not found",
                }
        modules = self._modules(item)
        if not all(name in MODULES for name in modules):
            return invalid("events", f"{path}.events")
        if len(str(item.get("token") or "")) > TOKEN:
            return invalid("token", f"{path}.token", maximum_length=TOKEN)
        key = str(item["channel_id"])
        self._channels[key] = {**item, "channel_id": key, "channel_expiry": self._granted(item).isoformat()}
        events = [
            {
                "channel_expiry": self._expiry(self._channels[key]),
                "resource_uri": f"{self._sandbox.url}/crm/v8/{name}",
                "resource_id": MODULES[name].id,
                "resource_name": name,
                "channel_id": key,
            }
            for name in modules
        ]
        message = "Successfully subscribed for actions-watch of the given module"
        return {"code": "SUCCESS", "details": {"events": events}, "message": message, "status": "success"}

    def _granted(self, item: Item) -> datetime:
        """The end of a channel: as wished up to one week; missing or beyond means one hour."""
        now = self._sandbox.now()
        wished = parse_time(item.get("channel_expiry"))
        return wished if wished is not None and now < wished <= now + LONGEST else now + DEFAULT

    def _expiry(self, item: Item) -> str:
        return show_time(datetime.fromisoformat(item["channel_expiry"]), self._sandbox.records.zone())

    def _modules(self, item: Item) -> list[str]:
        return list(dict.fromkeys(str(event).partition(".")[0] for event in item["events"]))

    def _alive(self) -> list[tuple[str, dict[str, Any]]]:
        now = self._sandbox.now()
        return [
            (key, item) for key, item in self._channels.items() if datetime.fromisoformat(item["channel_expiry"]) > now
        ]


def _status(results: list[Item], good: int) -> int:
    bad = sum(item["status"] == "error" for item in results)
    return 400 if bad == len(results) else 207 if bad else good
