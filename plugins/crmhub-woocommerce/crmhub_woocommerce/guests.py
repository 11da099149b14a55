"""Guests: people who ordered without an account.  They exist only in their orders, so the newest order of an e-mail
address is the record, and the address in lower case is its id.  Read only.

Orders are read in the order of their ids, which a change does not move; a change may only add rows before the last page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hub import plugin

if TYPE_CHECKING:
    from crmhub_woocommerce.connector import WooCommerceConnector

RESOURCE = "guests"
Order = Mapping[str, Any]
_FORMAT = 1
_SIZE = 100
_FEW = 20
"""Up to so many addresses are looked up one by one; for more, all accounts are read."""


class Guests:
    """Reads the guests of a shop.  overlap: seconds that a poll looks back: times have whole seconds and filters are strict."""

    def __init__(self, shop: WooCommerceConnector, overlap: float) -> None:
        self._shop = shop
        self._spec = shop.resource_spec(RESOURCE)
        self._overlap = timedelta(seconds=overlap)

    def changes(self, cursor: plugin.Json) -> Iterator[plugin.Page]:
        """Guests whose orders changed since the cursor, as their newest order shows them.  Raises CursorExpired."""
        since = _since(cursor)
        begun, orders = self._orders(since)
        newest = _newest(orders)
        if since is not None:  # an old order that changed says nothing about where its guest lives now
            newest = _newest(order for email in newest for order in self._of(email))
        following = max(filter(None, (begun - self._overlap, since)))
        yield plugin.Page(self._without_accounts(newest), {"v": _FORMAT, "since": following.isoformat()}, complete=True)

    def listing(self) -> Iterator[plugin.Page]:
        """Ids and versions of all guests."""
        found = self._without_accounts(_newest(self._orders(None)[1]))
        yield plugin.Page([plugin.Record(item.id, None, item.version) for item in found], complete=True)

    def fetch(self, ids: Sequence[str]) -> Iterator[plugin.Record]:
        """Guests by e-mail address."""
        emails = dict.fromkeys(item.strip().lower() for item in ids)
        yield from self._without_accounts(_newest(order for email in emails for order in self._of(email)))

    # pieces

    def _orders(self, since: datetime | None) -> tuple[datetime, list[Order]]:
        """Orders changed since a time, and when their reading began by the shop's clock.  Raises Unavailable."""
        text = since.replace(tzinfo=None).isoformat(timespec="seconds") if since else None
        begun: datetime | None = None
        found: list[Order] = []
        totals: list[int] = []
        for page in range(1, 1_000_000):
            values = {"since": text, "page": page}
            answer = self._shop.call(self._spec.list, values, doing="read", what="reading orders")
            begun = begun or answer.when or self._shop.context.clock()
            rows = _rows(answer.data)
            found += rows
            total = {name.lower(): value for name, value in answer.headers.items()}.get("x-wp-total", "")
            totals += [int(total)] if total.isdigit() else []
            if len(rows) < _SIZE:
                break
        if totals and len({row.get("id") for row in found}) < totals[0]:
            raise plugin.Unavailable("orders went away while they were read; the next run reads them again")
        assert begun is not None
        return begun.astimezone(UTC), found

    def _of(self, email: str) -> Iterator[Order]:
        """The newest order of a guest; the shop's search looks into more than the address."""
        for page in range(1, 1_000_000):
            values = {"value": email, "page": page}
            rows = _rows(self._shop.call(self._spec.find["email"], values, doing="read", what="reading orders").data)
            mine = [row for row in rows if _guest(row) == email]
            if mine or len(rows) < _SIZE:
                yield from mine
                return

    def _without_accounts(self, newest: Mapping[str, Order]) -> list[plugin.Record]:
        """Records of those who have no account: with one, they are customers."""
        if not newest:
            return []
        owned: Callable[[str], bool]
        if len(newest) > _FEW:
            pages = self._shop.changes("customers", None)
            accounts = {str((item.data or {}).get("email")).lower() for page in pages for item in page.records}
            owned = accounts.__contains__
        else:
            owned = lambda email: any(True for _ in self._shop.find("customers", "email", [email]))  # noqa: E731
        return [_record(email, order) for email, order in sorted(newest.items()) if not owned(email)]


def _since(cursor: plugin.Json) -> datetime | None:
    if cursor is None:
        return None
    if not isinstance(cursor, dict) or cursor.get("v") != _FORMAT:
        raise plugin.CursorExpired("the cursor is not one of this version of the plugin")
    return datetime.fromisoformat(cursor["since"])


def _rows(data: Any) -> list[Order]:
    if not isinstance(data, list) or not all(isinstance(row, dict) and "customer_id" in row for row in data):
        raise plugin.Unavailable("the shop's answer holds no orders", remote_text=str(data)[:120])
    return data


def _guest(order: Order) -> str:
    """The e-mail address of an order without an account, in lower case; "" for any other."""
    billing = order.get("billing")
    if order["customer_id"] != 0 or not isinstance(billing, Mapping):
        return ""
    return str(billing.get("email") or "").strip().lower()


def _newest(orders: Iterable[Order]) -> dict[str, Order]:
    """By e-mail address the order with the highest number."""
    found: dict[str, Order] = {}
    for order in orders:
        email = _guest(order)
        if email and (email not in found or order["id"] > found[email]["id"]):
            found[email] = order
    return found


def _record(email: str, order: Order) -> plugin.Record:
    billing, shipping = dict(order.get("billing") or {}), dict(order.get("shipping") or {})
    names = {name: billing.get(name) or "" for name in ("first_name", "last_name")}
    data = {"email": billing.get("email"), **names, "billing": billing, "shipping": shipping}
    text = json.dumps(data, sort_keys=True)
    modified = order.get("date_modified_gmt")
    return plugin.Record(
        email,
        data,
        hashlib.blake2s(text.encode(), digest_size=12).hexdigest(),
        datetime.fromisoformat(modified).replace(tzinfo=UTC) if isinstance(modified, str) else None,
    )
