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
