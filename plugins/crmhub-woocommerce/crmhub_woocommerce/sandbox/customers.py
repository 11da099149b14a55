"""Customers, which are users of WordPress (REST API v3)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.datastructures import QueryParams

from crmhub_woocommerce.sandbox.shapes import Json, Wrong, invalid, merged_meta, times
from hub.testing.sandbox import Call

if TYPE_CHECKING:
    from crmhub_woocommerce.sandbox.app import WooCommerceSandbox

_PLACE = ("first_name", "last_name", "company", "address_1", "address_2", "city", "postcode", "country", "state")
PARTS: Mapping[str, tuple[str, ...]] = {"billing": (*_PLACE, "email", "phone"), "shipping": (*_PLACE, "phone")}
_TEXTS = ("first_name", "last_name")
_EMAIL = re.compile(r"^[^\s@<>]+@[^\s@<>]+\.[^\s@<>.]{2,}$")
_SORTS = {"id": "id", "name": "name", "registered_date": "created", "include": "id"}


class Customers:
    """A document has: id, email, username, role, names, billing, shipping, meta, created, modified (or None)."""

    name = "customers"
    topic = "customer"

    def __init__(self, sandbox: WooCommerceSandbox) -> None:
        self._sandbox = sandbox
        self._kept = sandbox.state.collection("customers")
        self._by_email = {item["email"].casefold(): key for key, item in self._kept.items()}

    # reading

    def rows(self, call: Call) -> list[Json]:
        """What a listing finds.  Unknown filters, such as modified_after, are ignored without a word."""
        query = call.query
        role, email, text = query.get("role", "customer"), query.get("email"), query.get("search", "").casefold()
        include, exclude = chosen(query, "include"), chosen(query, "exclude")
        rows = [
            item
            for item in self._kept.values()
            if role in ("all", item["role"])
            and (email is None or item["email"].casefold() == email.casefold())
            and (not include or item["id"] in include)
            and item["id"] not in exclude
            and (not text or any(text in str(item[name]).casefold() for name in ("email", "username", *_TEXTS)))
        ]
        sort = _SORTS.get(query.get("orderby", "name"))
        if sort is None:
            raise invalid({"orderby": "orderby is not one of id, include, name, and registered_date."})
        key = _display if sort == "name" else lambda item: item[sort]
        rows.sort(key=lambda item: (key(item), item["id"]), reverse=query.get("order", "asc") == "desc")
        return rows

    def get(self, key: str, status: int = 404) -> Json:
        """Raises Wrong: 404 when reading, 400 when writing."""
        found = self._kept.get(key)
        if found is None:
            raise Wrong(status, "woocommerce_rest_invalid_id", "Invalid resource ID.")
        return found

    def show(self, item: Json) -> Json:
        zone, digest = self._sandbox.zone(), hashlib.sha256(item["email"].lower().encode()).hexdigest()
        return {
            "id": item["id"],
            **times("date_created", item["created"], zone),
            **times("date_modified", item["modified"], zone),
            "email": item["email"],
            "first_name": item["first_name"],
            "last_name": item["last_name"],
            "role": item["role"],
            "username": item["username"],
            **{part: {name: item[part].get(name, "") for name in names} for part, names in PARTS.items()},
            "is_paying_customer": item["paying"],
            "avatar_url": f"https://secure.gravatar.com/avatar/{digest}?s=96&d=mm&r=g",
            "meta_data": item["meta"],
            "_links": {"self": [{"href": f"{self._sandbox.api}/customers/{item['id']}"}]},
        }

    # writing

    def create(self, data: Mapping[str, Any]) -> Json:
        """Raises Wrong."""
        if "id" in data:
            raise Wrong(400, "woocommerce_rest_customer_exists", "Cannot create existing resource.")
        if "email" not in data:
            raise Wrong(400, "rest_missing_callback_param", "Missing parameter(s): email", params=["email"])
        _check(data)
        if data["email"].casefold() in self._by_email:
            message = f"An account is already registered with {data['email']}. Please log in or use a different email address."
            raise Wrong(400, "registration-error-email-exists", message)
        if not data.get("password") and not self._sandbox.switches.makes_passwords:
            raise Wrong(400, "registration-error-missing-password", "Please enter an account password.")
        names = {item["username"] for item in self._kept.values()} if data.get("username") else set()
        if data.get("username") in names:
            message = "An account is already registered with that username. Please choose another."
            raise Wrong(400, "registration-error-username-exists", message)
        return self.keep_new(data, role="customer")

    def keep_new(self, data: Mapping[str, Any], *, role: str, saved_by_shop: bool = True) -> Json:
        """Keep a user; one that WooCommerce never saved has no date_modified."""
        id, now = self._sandbox.state.next_number("user", 2), self._sandbox.now().isoformat()
        item: Json = {
            "id": id,
            "email": data["email"],
            "username": data.get("username") or self._username(data["email"], id),
            "role": role,
            "first_name": "",
            "last_name": "",
            "billing": {},
            "shipping": {},
            "paying": False,
            "meta": [],
            "created": now,
            "modified": None,
        }
        item = self._changed(item, data) | {"modified": now if saved_by_shop else None}
        self._save(item)
        self._sandbox.hooks.tell(self, "created", item)
        return item

    def update(self, key: str, data: Mapping[str, Any]) -> Json:
        """Raises Wrong."""
        item = self.get(key, 400)
        if data.get("username", item["username"]) != item["username"]:
            raise Wrong(400, "woocommerce_rest_customer_invalid_argument", "Username isn't editable.")
        _check(data)
        other = self._by_email.get(str(data.get("email", "")).casefold())
        if other is not None and other != key:
            raise Wrong(400, "woocommerce_rest_customer_invalid_email", "Email address is invalid.")
        return self.change(item, data)

    def change(self, item: Json, data: Mapping[str, Any], *, quietly: bool = False) -> Json:
        """Change a customer; quietly as a plugin that writes past WooCommerce does: no new date, no webhook."""
        new = self._changed(item, data)
        if not quietly:
            new["modified"] = self._sandbox.now().isoformat()
        self._save(new)
        if not quietly:
            self._sandbox.hooks.tell(self, "updated", new)
        return new

    def delete(self, key: str, force: bool) -> Json:
        """Raises Wrong."""
        item = self.get(key, 400)
        if not force:
            message = "Customers do not support trashing."
            raise Wrong(501, "woocommerce_rest_trash_not_supported", message)
        del self._kept[key]
        self._by_email.pop(item["email"].casefold(), None)
        if item["role"] == "customer":
            self._sandbox.hooks.tell(self, "deleted", item)
        return item

    def _changed(self, item: Json, data: Mapping[str, Any]) -> Json:
        new = {**item, **{name: data[name].strip() for name in ("email", *_TEXTS) if name in data}}
        for part in PARTS:
            if isinstance(data.get(part), Mapping):
                new[part] = {**item[part], **{n: str(v).strip() for n, v in data[part].items() if n in PARTS[part]}}
        if "meta_data" in data:
            new["meta"] = merged_meta(item["meta"], data["meta_data"], lambda: self._sandbox.state.next_number("meta"))
        return new

    def _save(self, item: Json) -> None:
        key = str(item["id"])
        before = self._kept.get(key)
        if before is not None:
            self._by_email.pop(before["email"].casefold(), None)
        self._kept[key] = item
        self._by_email[item["email"].casefold()] = key

    def _username(self, email: str, id: int) -> str:
        name = email.partition("@")[0]
        return f"{name}-{id}"


def _check(data: Mapping[str, Any]) -> None:
    """Types as the schema has them; null is no text, and addresses of mail cannot be emptied.  Raises Wrong."""
    wrong = {}
    for name in ("email", "username", "password", *_TEXTS):
        if name in data and not isinstance(data[name], str):
            wrong[name] = f"{name} is not of type string."
    if isinstance(data.get("email"), str) and not _EMAIL.match(data["email"].strip()):
        wrong["email"] = "Invalid email address."
    for part, names in PARTS.items():
        values = data.get(part, {})
        if not isinstance(values, Mapping):
            wrong[part] = f"{part} is not of type object."
        elif any(not isinstance(value, (str, int)) for name, value in values.items() if name in names):
            wrong[part] = f"{part} has a value that is not of type string."
        elif "email" in names and "email" in values and not _EMAIL.match(str(values["email"]).strip()):
            wrong[part] = "billing[email] is not a valid email address."
    if wrong:
        raise invalid(wrong)


def _display(item: Json) -> str:
    return f"{item['first_name']} {item['last_name']}".strip().casefold() or str(item["username"])


def chosen(query: QueryParams, name: str) -> set[int]:
    """Ids as a list is asked for: with commas, or one by one under NAME[]."""
    texts = query.getlist(name) or query.getlist(f"{name}[]")
    return {int(part) for text in texts for part in text.split(",") if part.strip().isdigit()}
