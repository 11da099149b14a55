"""Models and fields, by version.  Only what a connector of customers can meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TYPES = (
    ("contact", "Contact"),
    ("invoice", "Invoice Address"),
    ("delivery", "Delivery Address"),
    ("other", "Other Address"),
)
LANGUAGES = (
    ("en_US", "English (US)"),
    ("de_DE", "German / Deutsch"),
    ("fr_FR", "French / Français"),
    ("zh_CN", "Chinese (Simplified)"),
)
ZONES = (
    ("Europe/Berlin", "Europe/Berlin"),
    ("Europe/Vienna", "Europe/Vienna"),
    ("Asia/Shanghai", "Asia/Shanghai"),
    ("UTC", "UTC"),
)
ADDRESS = ("street", "street2", "zip", "city", "state_id", "country_id")


@dataclass(frozen=True, slots=True)
class Field:
    """One field.  relation: the model it leads to; inverse: of a one2many; readonly: computed or kept by the server."""

    type: str
    relation: str = ""
    required: bool = False
    readonly: bool = False
    selection: tuple[tuple[str, str], ...] = ()
    inverse: str = ""
    string: str = ""

    def described(self, name: str) -> dict[str, Any]:
        """As fields_get shows it."""
        shown: dict[str, Any] = {
            "name": name,
            "type": self.type,
            "string": self.string or name.removesuffix("_id").replace("_", " ").title(),
            "required": self.required,
            "readonly": self.readonly,
            "store": True,
            "searchable": True,
            "sortable": self.type not in ("one2many", "many2many"),
            "help": False,
        }
        if self.relation:
            shown |= {"relation": self.relation, "domain": [], "context": {}}
        if self.inverse:
            shown["relation_field"] = self.inverse
        if self.selection:
            shown["selection"] = [list(item) for item in self.selection]
        return shown


def _chars(*names: str) -> dict[str, Field]:
    return dict.fromkeys(names, Field("char"))


_SYSTEM = {
    "id": Field("integer", readonly=True, string="ID"),
    "display_name": Field("char", readonly=True),
    "create_date": Field("datetime", readonly=True, string="Created on"),
    "write_date": Field("datetime", readonly=True, string="Last Updated on"),
    "create_uid": Field("many2one", "res.users", readonly=True, string="Created by"),
    "write_uid": Field("many2one", "res.users", readonly=True, string="Last Updated by"),
}
_NAMED = {"name": Field("char", required=True), "active": Field("boolean")}
_PARTNER = {
    "name": Field("char"),
    "complete_name": Field("char", readonly=True),
    "active": Field("boolean"),
    "type": Field("selection", selection=TYPES, string="Address Type"),
    "is_company": Field("boolean", string="Is a Company"),
    "parent_id": Field("many2one", "res.partner", string="Related Company"),
    "child_ids": Field("one2many", "res.partner", inverse="parent_id", string="Contact"),
    "commercial_partner_id": Field("many2one", "res.partner", readonly=True),
    "commercial_company_name": Field("char", readonly=True),
    **_chars("street", "street2", "zip", "city", "email", "phone", "website", "function", "vat", "ref", "barcode"),
    "company_registry": Field("char"),
    "state_id": Field("many2one", "res.country.state"),
    "country_id": Field("many2one", "res.country"),
    "country_code": Field("char", readonly=True),
    "lang": Field("selection", selection=LANGUAGES, string="Language"),
    "tz": Field("selection", selection=ZONES, string="Timezone"),
    "comment": Field("html", string="Notes"),
    "category_id": Field("many2many", "res.partner.category", string="Tags"),
    "industry_id": Field("many2one", "res.partner.industry"),
    "user_id": Field("many2one", "res.users", string="Salesperson"),
    "company_id": Field("many2one", "res.company"),
}
_OLD_PARTNER = {
    "mobile": Field("char"),
    "title": Field("many2one", "res.partner.title"),
    "company_name": Field("char"),
    "company_type": Field("selection", selection=(("person", "Individual"), ("company", "Company"))),
}


def models(version: str) -> Mapping[str, Mapping[str, Field]]:
    """model -> field -> Field of that version."""
    is_new = version == "19.0"
    partner = {**_SYSTEM, **_PARTNER, **({"parent_name": Field("char", readonly=True)} if is_new else _OLD_PARTNER)}
    found = {
        "res.partner": partner,
        "res.country": {**_SYSTEM, **_NAMED, "code": Field("char"), "phone_code": Field("integer")},
        "res.country.state": {**_SYSTEM, **_NAMED, "code": Field("char"), "country_id": Field("many2one", "res.country")},
        "res.lang": {**_SYSTEM, **_NAMED, "code": Field("char")},
        "res.users": {
            **_SYSTEM, **_NAMED, "login": Field("char"), "email": Field("char"),
            "partner_id": Field("many2one", "res.partner"), "company_id": Field("many2one", "res.company"),
        },
        "res.company": {**_SYSTEM, **_NAMED, "partner_id": Field("many2one", "res.partner")},
        "res.partner.category": {**_SYSTEM, **_NAMED, "parent_id": Field("many2one", "res.partner.category")},
        "res.partner.industry": {**_SYSTEM, **_NAMED},
        "mail.blacklist": {**_SYSTEM, "email": Field("char", required=True), "active": Field("boolean")},
        "ir.model.data": {
            **_SYSTEM, "module": Field("char", required=True), "name": Field("char", required=True),
            "model": Field("char", required=True), "res_id": Field("integer"), "noupdate": Field("boolean"),
        },
        "ir.model": {**_SYSTEM, "model": Field("char"), "name": Field("char")},
        "ir.model.fields": {
            **_SYSTEM, "model": Field("char"), "name": Field("char"), "ttype": Field("char"),
            "field_description": Field("char"), "relation": Field("char"), "required": Field("boolean"),
            "readonly": Field("boolean"),
        },
    }  # fmt: skip
    if not is_new:
        found["res.partner.title"] = {**_SYSTEM, **_NAMED, "shortcut": Field("char")}
    return found
