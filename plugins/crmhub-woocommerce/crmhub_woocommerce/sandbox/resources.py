"""What customers and orders have in common: lists with headers, single records, batches (REST API v3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import Response

from crmhub_woocommerce.sandbox.customers import Customers
from crmhub_woocommerce.sandbox.orders import Orders
from crmhub_woocommerce.sandbox.shapes import Json, Wrong, number
from hub.testing.sandbox import Call, Endpoint, Handler, reply

if TYPE_CHECKING:
    from crmhub_woocommerce.sandbox.app import WooCommerceSandbox

BATCH, PAGE = 100, 100


class Resource:
    """The routes of one kind of record."""

    def __init__(self, sandbox: WooCommerceSandbox, kept: Customers | Orders) -> None:
        self._sandbox = sandbox
        self._kept = kept
        self._handled = 0

    def endpoints(self, root: str) -> Sequence[Endpoint]:
        path = f"{root}/{self._kept.name}"
        found: list[tuple[str, str, Callable[[Call], Response], str]] = [
            ("GET", path, self.listing, "read"),
            ("POST", path, self.create, "create"),
            ("POST", f"{path}/batch", self.batch, "edit"),
            ("PUT", f"{path}/batch", self.batch, "edit"),
            ("GET", f"{path}/{{id:int}}", self.one, "read"),
            ("PUT", f"{path}/{{id:int}}", self.update, "edit"),
            ("POST", f"{path}/{{id:int}}", self.update, "edit"),
            ("PATCH", f"{path}/{{id:int}}", self.update, "edit"),
            ("DELETE", f"{path}/{{id:int}}", self.delete, "delete"),
        ]
        return [Endpoint(method, place, self._guarded(handler, action)) for method, place, handler, action in found]

    def listing(self, call: Call) -> Response:
        size, page = number(call, "per_page", 10, 1, PAGE), number(call, "page", 1, 1, 10**6)
        rows = self._kept.rows(call)
        start = number(call, "offset", (page - 1) * size, 0, 10**9)
        pages = math.ceil(len(rows) / size)
        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
        near = [(name, at) for name, at in (("prev", page - 1), ("next", page + 1)) if 1 <= at <= pages]
        if near:
            headers["Link"] = ", ".join(f'<{self._address(call, at)}>; rel="{name}"' for name, at in near)
        shown = [self._trimmed(call, self._kept.show(item)) for item in rows[start : start + size]]
        return reply(200, shown, headers)

    def one(self, call: Call) -> Response:
        return reply(200, self._trimmed(call, self._kept.show(self._kept.get(str(call.params["id"])))))

    def create(self, call: Call) -> Response:
        item = self._kept.create(_object(call))
        address = f"{self._sandbox.api}/{self._kept.name}/{item['id']}"
        return reply(201, self._kept.show(item), {"Location": address})

    def update(self, call: Call) -> Response:
        return reply(200, self._kept.show(self._kept.update(str(call.params["id"]), _object(call))))

    def delete(self, call: Call) -> Response:
        force = call.query.get("force", "false").lower() in ("true", "1")
        return reply(200, self._kept.show(self._kept.delete(str(call.params["id"]), force)))

    def batch(self, call: Call) -> Response:
        """Always 200; one result for each item, in order; an id of 0 to delete is skipped without a result."""
        body = _object(call)
        lists = {name: body[name] for name in ("create", "update", "delete") if body.get(name)}
        if sum(len(rows) for rows in lists.values()) > BATCH:
            message = f"Unable to accept more than {BATCH} items for this request."
            raise Wrong(413, "woocommerce_rest_request_entity_too_large", message)
        answer: dict[str, list[Json]] = {}
        carry_out: dict[str, Callable[[Any], Json]] = {
            "create": self._kept.create,
            "update": lambda item: self._kept.update(str(item.get("id", 0)), item),
            "delete": lambda key: self._kept.delete(str(key), True),
        }
        for name, rows in lists.items():
            answer[name] = []
            for item in rows:
                key = 0 if name == "create" else int(item.get("id", 0)) if name == "update" else int(item)
                if name == "delete" and key == 0:
                    continue
                answer[name].append(self._result(key, item, carry_out[name]))
        return reply(200, answer)

    def _result(self, key: int, item: Any, carry_out: Callable[[Any], Json]) -> Json:
        every = self._sandbox.switches.partial_every
        self._handled += 1
        try:
            if every and self._handled % every == 0:
                raise Wrong(500, "woocommerce_rest_locked", "The record is locked.")
            return self._kept.show(carry_out(item))
        except Wrong as wrong:
            return {"id": key, "error": wrong.body}

    def _guarded(self, handler: Callable[[Call], Response], action: str) -> Handler:
        def guarded(call: Call) -> Response:
            try:
                self._sandbox.keys.check(call)
                self._sandbox.permit(self._kept.name, action)
                return handler(call)
            except Wrong as wrong:
                raise wrong.refused() from None

        return guarded

    def _trimmed(self, call: Call, shown: Json) -> Json:
        hidden = {name for name in shown if f"{self._kept.name}.{name}" in self._sandbox.switches.hidden_fields}
        wanted = call.query.get("_fields")
        names = set(shown) if wanted is None else {name.strip() for name in wanted.split(",")}
        return {name: value for name, value in shown.items() if name in names - hidden}

    def _address(self, call: Call, page: int) -> str:
        query = [(name, value) for name, value in call.query.multi_items() if name != "page" and "oauth" not in name]
        return f"{self._sandbox.api}/{self._kept.name}?{urlencode([*query, ('page', str(page))])}"


def _object(call: Call) -> dict[str, Any]:
    try:
        body = call.json()
    except ValueError:
        raise Wrong(400, "rest_invalid_json", "Invalid JSON body passed.", json_error_code=4) from None
    return body if isinstance(body, dict) else {}
