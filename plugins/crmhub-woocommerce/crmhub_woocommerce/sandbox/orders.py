"""Orders (REST API v3): read, created and changed far enough for customers that are known by orders only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crmhub_woocommerce.sandbox.customers import PARTS, chosen
from crmhub_woocommerce.sandbox.shapes import Json, Wrong, invalid, merged_meta, times
from hub.testing.sandbox import Call

if TYPE_CHECKING:
    from crmhub_woocommerce.sandbox.app import WooCommerceSandbox

STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "trash")
_SORTS = {"date": "created", "id": "id", "modified": "modified", "include": "id"}
_TEXTS = ("status", "currency", "customer_note", "payment_method", "payment_method_title", "transaction_id")


class Orders:
    """A document has: id, status, customer, billing, shipping, total, meta, created, modified and the shop's texts."""

    name = "orders"
    topic = "order"

    def __init__(self, sandbox: WooCommerceSandbox) -> None:
        self._sandbox = sandbox
        self._kept = sandbox.state.collection("orders")

    def rows(self, call: Call) -> list[Json]:
        query = call.query
        statuses = {part for text in query.getlist("status") for part in text.split(",")} or {"any"}
        customer, text = query.get("customer"), query.get("search", "").casefold()
        include, exclude = chosen(query, "include"), chosen(query, "exclude")
        tests = [self._date_test(call, name) for name in ("after", "before", "modified_after", "modified_before")]
        rows = [
            item
            for item in self._kept.values()
            if (item["status"] in statuses or ("any" in statuses and item["status"] != "trash"))
            and (not include or item["id"] in include)
            and item["id"] not in exclude
            and (customer is None or item["customer"] == int(customer))
            and (not text or any(text in str(value).casefold() for value in (item["id"], *item["billing"].values())))
            and all(test(item) for test in tests)
        ]
        sort = _SORTS.get(query.get("orderby", "date"))
        if sort is None:
            raise invalid({"orderby": f"orderby is not one of {', '.join(_SORTS)}."})
        rows.sort(key=lambda item: (item[sort], item["id"]), reverse=query.get("order", "desc") == "desc")
        return rows

    def _date_test(self, call: Call, name: str) -> Callable[[Json], bool]:
        text = call.query.get(name)
        if text is None:
            return lambda item: True
        is_utc = call.query.get("dates_are_gmt", "false").lower() in ("true", "1")
        try:
            limit = datetime.fromisoformat(text)
        except ValueError:
            raise invalid({name: "Invalid date."}) from None
        if limit.tzinfo is None:
            limit = limit.replace(tzinfo=UTC if is_utc else self._sandbox.zone())
        field = "modified" if name.startswith("modified") else "created"
        strict = self._sandbox.switches.strict_after

        def test(item: Json) -> bool:
            time = datetime.fromisoformat(item[field]).replace(microsecond=0)
            if time == limit:
                return not strict
            return time > limit if name.endswith("after") else time < limit

        return test

    def get(self, key: str, status: int = 404) -> Json:
        found = self._kept.get(key)
        if found is None:
            raise Wrong(status, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        return found

    def show(self, item: Json) -> Json:
        zone = self._sandbox.zone()
        zeros = ("discount_total", "discount_tax", "shipping_total", "shipping_tax", "cart_tax", "total_tax")
        empty: tuple[str, ...] = ("tax_lines", "shipping_lines", "fee_lines", "coupon_lines", "refunds")
        return {
            "id": item["id"],
            "parent_id": 0,
            "number": str(item["id"]),
            "order_key": f"wc_order_{item['id']}",
            "created_via": "checkout",
            "version": "10.0.0",
            **{name: item[name] for name in _TEXTS},
            **times("date_created", item["created"], zone),
            **times("date_modified", item["modified"], zone),
            **dict.fromkeys(zeros, "0.00"),
            "total": item["total"],
            "prices_include_tax": False,
            "customer_id": item["customer"],
            **{part: {name: item[part].get(name, "") for name in names} for part, names in PARTS.items()},
            **times("date_paid", None, zone),
            **times("date_completed", None, zone),
            "meta_data": item["meta"],
            "line_items": item["lines"],
            **{name: [] for name in empty},
        }

    def create(self, data: Mapping[str, Any]) -> Json:
        now = self._sandbox.now().isoformat()
        item: Json = {
            "id": self._sandbox.state.next_number("order", 501),
            **dict.fromkeys(_TEXTS, ""),
            "status": "pending",
            "currency": "EUR",
            "customer": 0,
            "billing": {},
            "shipping": {},
            "total": "0.00",
            "lines": [],
            "meta": [],
            "created": now,
            "modified": now,
        }
        item = self._changed(item, data)
        self._kept[str(item["id"])] = item
        self._sandbox.hooks.tell(self, "created", item)
        return item

    def update(self, key: str, data: Mapping[str, Any]) -> Json:
        item = self._changed(self.get(key, 400), data)
        item["modified"] = self._sandbox.now().isoformat()
        self._kept[key] = item
        self._sandbox.hooks.tell(self, "updated", item)
        return item

    def delete(self, key: str, force: bool) -> Json:
        """Without force it goes to the trash."""
        item = self.get(key)
        if force:
            del self._kept[key]
        elif item["status"] == "trash":
            raise Wrong(410, "woocommerce_rest_already_trashed", "The Order has already been deleted.")
        else:
            item = self._kept[key] = {**item, "status": "trash", "modified": self._sandbox.now().isoformat()}
        self._sandbox.hooks.tell(self, "deleted", item)
        return item

    def _changed(self, item: Json, data: Mapping[str, Any]) -> Json:
        if data.get("status", "pending") not in STATUSES:
            raise invalid({"status": f"status is not one of {', '.join(STATUSES)}."})
        new = {**item, **{name: str(data[name]) for name in _TEXTS if name in data}}
        if "customer_id" in data:
            key = data["customer_id"]
            if key != 0 and str(key) not in self._sandbox.state.collection("customers"):
                raise Wrong(400, "woocommerce_rest_invalid_customer_id", "Customer ID is invalid.")
            new["customer"] = key
        for part in PARTS:
            if isinstance(data.get(part), Mapping):
                new[part] = {**item[part], **{n: str(v) for n, v in data[part].items() if n in PARTS[part]}}
        if "meta_data" in data:
            new["meta"] = merged_meta(item["meta"], data["meta_data"], lambda: self._sandbox.state.next_number("meta"))
        if "total" in data:
            new["total"] = str(data["total"])
        return new
