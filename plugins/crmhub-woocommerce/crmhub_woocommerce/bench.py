"""What the contract kit tries this connector on: the sandbox of this package, on plain HTTP and as behind TLS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crmhub_woocommerce.connector import WooCommerceConnector
from crmhub_woocommerce.sandbox import WooCommerceSandbox, WooSwitches
from hub.testing.kit import SandboxBench


class CustomersBench(SandboxBench):
    """Customers, as behind TLS: the keys go as they are."""

    connector = WooCommerceConnector
    resource = "customers"
    text = "last_name"
    sandbox_type = WooCommerceSandbox
    collection = "customers"
    address = "url"
    secret_settings = ("consumer_secret", "consumer_key")

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        with super().system(folder):
            self.sandbox.switches = WooSwitches(https=True)
            yield

    def settings(self) -> Mapping[str, Any]:
        return {**super().settings(), "sign_in": "basic"}

    def document(self, number: int) -> dict[str, Any]:
        return {"email": f"p{number}@x.example", "last_name": f"Name {number}", "first_name": f"F{number}"}

    def held(self, text: str) -> str:
        return text.strip()


class GuestsBench(CustomersBench):
    """People who ordered without an account, by signed requests on plain HTTP."""

    resource = "guests"
    collection = "orders"
    variant = True

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        with super().system(folder):
            self.sandbox.switches = WooSwitches()
            yield

    def settings(self) -> Mapping[str, Any]:
        return {**super().settings(), "guests": True, "sign_in": "oauth1"}

    def document(self, number: int) -> dict[str, Any]:
        billing = {"email": f"P{number}@x.example", "last_name": f"Name {number}", "city": "Wien"}
        return {"customer_id": 0, "billing": billing, "last_name": billing["last_name"]}

    def person_creates(self, number: int) -> str:
        super().person_creates(number)
        return f"p{number}@x.example"

    def person_writes(self, id_: str, text: str) -> None:
        self.sandbox.user.edit("orders", self._order(id_), {"billing": {"last_name": text}})

    def person_deletes(self, id_: str) -> None:
        self.sandbox.user.delete("orders", self._order(id_))

    def person_sees(self) -> Mapping[str, str]:
        orders = self.sandbox.state.dump().get("orders", {}).values()
        found = [item["billing"] for item in orders if item["status"] != "trash"]
        return {item["email"].lower(): item["last_name"] for item in found}

    def _order(self, id_: str) -> int:
        orders = self.sandbox.user.find("orders")
        return int(next(item["id"] for item in orders if item["billing"]["email"].lower() == id_))
