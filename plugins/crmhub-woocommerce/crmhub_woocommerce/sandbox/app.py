"""WooCommerce, REST API v3: one application on one address.

Facts come from the server's own code, the official client and the issues of the project; where these are silent, a
comment or a switch says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from crmhub_woocommerce.sandbox.customers import Customers
from crmhub_woocommerce.sandbox.hooks import Hooks
from crmhub_woocommerce.sandbox.keys import KEY, SECRET, Keys
from crmhub_woocommerce.sandbox.orders import Orders
from crmhub_woocommerce.sandbox.resources import Resource
from crmhub_woocommerce.sandbox.seeds import fill
from crmhub_woocommerce.sandbox.shapes import Wrong
from crmhub_woocommerce.sandbox.switches import WooSwitches
from crmhub_woocommerce.sandbox.user import WooUser
from hub.testing.sandbox import Call, Clock, Endpoint, Sandbox, reply

ROOT = "/wp-json/wc/v3"
_WORDS = {"read": "list", "create": "create", "edit": "edit", "delete": "delete"}


class WooCommerceSandbox(Sandbox):
    """A WooCommerce shop for tests and demos."""

    name = "woocommerce"
    title = "WooCommerce, REST API v3"
    switches_type = WooSwitches
    switches: WooSwitches

    def __init__(
        self, *, file: Path | None = None, clock: Clock | None = None, switches: WooSwitches | None = None
    ) -> None:
        super().__init__(file=file, clock=clock, switches=switches)
        self.keys = Keys(self)
        self.hooks = Hooks(self)
        self.customers = Customers(self)
        self.orders = Orders(self)
        self.user = WooUser(self)

    def routes(self) -> Sequence[Endpoint]:
        return [
            *Resource(self, self.customers).endpoints(ROOT),
            *Resource(self, self.orders).endpoints(ROOT),
            *self.hooks.endpoints(ROOT),
        ]

    @property
    def api(self) -> str:
        """The address that all routes begin with."""
        return f"{self.url}{ROOT}"

    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.switches.time_zone)

    def kept(self, resource: str) -> Customers | Orders:
        """Raises KeyError for a resource that there is not."""
        kinds: dict[str, Customers | Orders] = {"customers": self.customers, "orders": self.orders}
        return kinds[resource]

    def permit(self, resource: str, action: str) -> None:
        """Raises Wrong where the switches take the permission away."""
        if f"{resource}.{action}" in self.switches.no_permission:
            word = "view" if action == "read" else action
            message = f"Sorry, you are not allowed to {_WORDS[action]} resources."
            raise Wrong(403, f"woocommerce_rest_cannot_{word}", message)

    def credentials(self) -> Mapping[str, str]:
        return {"consumer_key": KEY, "consumer_secret": SECRET}

    def settings(self) -> Mapping[str, Any]:
        return {"url": self.url}

    def seed(self, customers: int) -> None:
        with self.turn():
            fill(self.customers, self.orders, customers)

    def is_filled(self) -> bool:
        return any(len(self.state.collection(name)) for name in ("customers", "orders"))

    # how errors look: WooCommerce has no limits of its own, what stands before it answers in HTML

    def throttled(self) -> Response:
        return Response(b"<html><body><h1>Too Many Requests</h1></body></html>", 429, media_type="text/html")

    def failed(self, status: int) -> Response:
        if status == 500:
            message = "There has been a critical error on this website."
            return reply(500, {"code": "internal_server_error", "message": message, "data": {"status": 500}})
        return Response(b"<html><body><h1>Unavailable</h1></body></html>", status, media_type="text/html")

    def error_under_200(self) -> Response:
        """What a PHP warning in front of the answer does to it."""
        return Response(
            b"<br />\n<b>Warning</b>: something in plugin.php on line 1<br />\n[]", 200, media_type="text/html"
        )

    def unknown(self, call: Call) -> Response:
        message = "No route was found matching the URL and request method."
        return reply(404, {"code": "rest_no_route", "message": message, "data": {"status": 404}})
