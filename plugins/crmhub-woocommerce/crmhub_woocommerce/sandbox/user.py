"""What people do in the shop: its customers, and its owner in the pages of WordPress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmhub_woocommerce.sandbox.shapes import Json, Wrong

if TYPE_CHECKING:
    from crmhub_woocommerce.sandbox.app import WooCommerceSandbox


class WooUser:
    """Raises KeyError where there is no such record, ValueError where the shop refuses.  Resources: customers, orders.

    There is no merging of customers in WooCommerce.
    """

    def __init__(self, sandbox: WooCommerceSandbox) -> None:
        self._sandbox = sandbox

    def create(self, resource: str, data: Mapping[str, Any]) -> int:
        """Register a customer, or place an order (customer_id 0: as a guest); returns the id."""
        with self._sandbox.turn():
            return int(_plain(lambda: self._sandbox.kept(resource).create(data))["id"])

    def edit(self, resource: str, id: int, data: Mapping[str, Any]) -> None:
        """Change a record."""
        with self._sandbox.turn():
            _plain(lambda: self._sandbox.kept(resource).update(str(id), data))

    def edit_quietly(self, id: int, data: Mapping[str, Any]) -> None:
        """Change a customer past WooCommerce, as some plugins do: neither a new date nor a webhook."""
        with self._sandbox.turn():
            customers = self._sandbox.customers
            _plain(lambda: customers.change(customers.get(str(id)), data, quietly=True))

    def add_user(self, email: str, role: str = "subscriber") -> int:
        """Add a WordPress user that WooCommerce never saved."""
        with self._sandbox.turn():
            return int(self._sandbox.customers.keep_new({"email": email}, role=role, saved_by_shop=False)["id"])

    def delete(self, resource: str, id: int) -> None:
        """Delete a customer for good, or move an order to the trash."""
        with self._sandbox.turn():
            _plain(lambda: self._sandbox.kept(resource).delete(str(id), resource == "customers"))

    def get(self, resource: str, id: int) -> Json:
        """A record as the API shows it."""
        with self._sandbox.turn():
            kept = self._sandbox.kept(resource)
            return kept.show(_plain(lambda: kept.get(str(id))))

    def find(self, resource: str) -> list[Json]:
        """All records as the API shows them."""
        with self._sandbox.turn():
            kept = self._sandbox.kept(resource)
            return [kept.show(item) for item in self._sandbox.state.collection(resource).values()]


def _plain(act: Any) -> Json:
    try:
        found: Json = act()
    except Wrong as wrong:
        kind = KeyError if str(wrong).endswith("invalid_id") else ValueError
        raise kind(wrong.body["message"]) from None
    return found
