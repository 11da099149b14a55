"""What res.partner does beside keeping values: addresses and tax numbers that flow, checks, computed fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from crmhub_odoo.sandbox.errors import Json, UserError, ValidationError
from crmhub_odoo.sandbox.schema import ADDRESS

if TYPE_CHECKING:
    from crmhub_odoo.sandbox.orm import Orm


class Partners:
    """Rules of res.partner.  Where 16 and 19 differ, the version decides."""

    def __init__(self, orm: Orm) -> None:
        self._orm = orm

    def computed(self, document: Json, name: str) -> Any:
        """The value of a computed field, or None if it is none."""
        if name == "complete_name":
            return self._orm.title("res.partner", document)
        if name == "commercial_partner_id":
            return self._commercial(document)["id"]
        if name == "commercial_company_name":
            owner = self._commercial(document)
            return (owner.get("name") or False) if owner.get("is_company") else document.get("company_name", False)
        if name == "country_code":
            country = self._orm.table("res.country").get(str(document.get("country_id")))
            return country["code"] if country is not None else False
        if name == "company_type":
            return "company" if document.get("is_company") else "person"
        if name == "parent_name":
            parent = self._orm.table("res.partner").get(str(document.get("parent_id")))
            return parent.get("name", False) if parent is not None else False
        return None

    def check(self, document: Json, kept: Mapping[str, Any]) -> None:
        """Raises OdooError for what the database or the server's rules refuse."""
        new = {**document, **kept}
        if new.get("type") == "contact" and new.get("name", False) is False:
            raise ValidationError("The operation cannot be completed: Contacts require a name")
        if kept.get("barcode") and any(
            item.get("barcode") == kept["barcode"] and item["id"] != document["id"] for item in self._all()
        ):
            raise ValidationError("Another partner already has this barcode")
        if kept.get("parent_id") == document["id"]:
            raise ValidationError("You cannot create recursive Partner hierarchies.")
        if kept.get("active") is False and self._has_user(document["id"]):
            raise ValidationError("You cannot archive contacts linked to an active user.")

    def check_unlink(self, document: Json) -> None:
        if self._has_user(document["id"]):
            raise UserError("You cannot delete contacts linked to an active user.")

    def prepared(self, new: Json, kept: Mapping[str, Any]) -> Json:
        """A new contact of a company takes over its address and tax number."""
        parent = self._orm.table("res.partner").get(str(new.get("parent_id")))
        if parent is None:
            return new
        given = any(kept.get(name) for name in ADDRESS)
        if new["type"] == "contact" and not given:
            new = {**new, **{name: parent.get(name, False) for name in ADDRESS}}
        elif new["type"] == "contact" and self._is_new():
            new = {**new, "type": "other"}  # an address of its own makes it an address
        if not new.get("is_company") and not kept.get("vat"):
            new = {**new, "vat": self._commercial(parent).get("vat", False)}
        return new

    def follow(self, old: Json, new: Json, kept: Mapping[str, Any]) -> None:
        """What a write entails: addresses go to contacts below, from 19 on also to the company above."""
        address = {name: kept[name] for name in ADDRESS if name in kept}
        if "parent_id" in kept and kept["parent_id"] and kept["parent_id"] != old.get("parent_id"):
            parent = self._orm.existing("res.partner", kept["parent_id"])
            if new["type"] == "contact" and not address:
                self._set(new, {name: parent.get(name, False) for name in ADDRESS})
            return
        top = new
        if address and self._is_new() and new["type"] == "contact" and new.get("parent_id"):
            top = self._orm.existing("res.partner", new["parent_id"])
            self._set(top, address)
        if address:
            for child in self._children(top["id"]):
                if child["type"] == "contact" and child["id"] != new["id"]:
                    self._set(child, address)
        if "vat" in kept:
            self._follow_vat(new, kept["vat"])

    def _follow_vat(self, new: Json, vat: Any) -> None:
        owner = self._commercial(new)
        if owner["id"] != new["id"]:
            if not self._is_new():
                return
            self._set(owner, {"vat": vat})
        for child in self._below(owner["id"]):
            if child["id"] != new["id"]:
                self._set(child, {"vat": vat})

    def _set(self, document: Json, values: Mapping[str, Any]) -> None:
        current = self._orm.existing("res.partner", document["id"])
        stamp = {"write_date": self._orm.stamp, "write_uid": self._orm.user}
        self._orm.table("res.partner")[str(document["id"])] = {**current, **values, **stamp}

    def _commercial(self, document: Json) -> Json:
        """The company that a contact belongs to, else itself."""
        while document.get("parent_id") and not document.get("is_company"):
            document = self._orm.existing("res.partner", document["parent_id"])
        return document

    def _below(self, key: int) -> Iterator[Json]:
        for child in self._children(key):
            if not child.get("is_company"):
                yield child
                yield from self._below(child["id"])

    def _children(self, key: int) -> list[Json]:
        return [item for item in self._all() if item.get("parent_id") == key]

    def _all(self) -> list[Json]:
        return list(self._orm.table("res.partner").values())

    def _has_user(self, key: int) -> bool:
        return any(item.get("partner_id") == key for item in self._orm.table("res.users").values())

    def _is_new(self) -> bool:
        return "parent_name" in self._orm.fields("res.partner")
