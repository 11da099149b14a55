"""Properties: their definitions, and which values they take (CRM API v3, Properties).

Every value is kept and shown as text, whatever its type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmhub_hubspot.sandbox.shapes import Json, parse_time, show_time

_EMAIL = re.compile(r"^[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]{2,}$")
STAGES = (
    "subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other",
)  # fmt: skip
_LEAD_STATUS = (
    "NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING",
)  # fmt: skip
_INDUSTRIES = (
    "COMPUTER_SOFTWARE",
    "CONSTRUCTION",
    "FOOD_PRODUCTION",
    "LOGISTICS_AND_SUPPLY_CHAIN",
    "PRINTING",
    "RETAIL",
)
LONGEST = 65_536


@dataclass(frozen=True, slots=True)
class Property:
    """One property.  type: string, number, date, datetime, enumeration or bool; labels: of the options, if they differ."""

    name: str
    type: str = "string"
    field_type: str = "text"
    options: tuple[str, ...] = ()
    unique: bool = False
    read_only: bool = False
    custom: bool = False
    label: str = ""
    group: str = ""
    labels: tuple[str, ...] = ()

    def described(self, kind: str, created: str) -> Json:
        """As the properties API shows it."""
        group = {"contacts": "contactinformation", "companies": "companyinformation"}.get(kind, kind)
        rows = [
            {"label": label, "value": item, "displayOrder": at, "hidden": False}
            for at, (item, label) in enumerate(zip(self.options, self.labels or self.options, strict=True))
        ]
        return {
            "name": self.name,
            "label": self.label or self.name,
            "type": self.type,
            "fieldType": self.field_type,
            "groupName": self.group or group,
            "description": "",
            "options": rows,
            "hasUniqueValue": self.unique,
            "calculated": False,
            "externalOptions": False,
            "hubspotDefined": not self.custom,
            "hidden": False,
            "formField": not self.read_only,
            "displayOrder": -1,
            "modificationMetadata": {
                "archivable": self.custom,
                "readOnlyDefinition": not self.custom,
                "readOnlyValue": self.read_only,
                "readOnlyOptions": not self.custom,
            },
            "createdAt": created,
            "updatedAt": created,
            "archived": False,
        }

    def fit(self, value: str) -> tuple[str, str]:
        """(the value as it is kept, why it does not fit or "")."""
        if self.type == "enumeration":
            parts = [part for part in value.split(";") if part] if self.field_type == "checkbox" else [value]
            return value, "" if set(parts) <= set(self.options) else "INVALID_OPTION"
        if self.type == "bool":
            return value.lower(), "" if value.lower() in ("true", "false") else "INVALID_OPTION"
        if self.type == "number":
            return value, "" if re.fullmatch(r"-?\d+(\.\d+)?", value) else "INVALID_NUMBER"
        if self.type in ("date", "datetime"):
            time = parse_time(value)
            if time is None:
                return value, "INVALID_DATE"
            if self.type == "datetime":
                return show_time(time), ""
            at_midnight = (time.hour, time.minute, time.second, time.microsecond) == (0, 0, 0, 0)
            return time.date().isoformat(), "" if at_midnight else "INVALID_DATE"
        if self.name == "email":
            return value.strip().lower(), "" if _EMAIL.match(value.strip()) else "INVALID_EMAIL"
        return value, "" if len(value) <= LONGEST else "VALUE_TOO_LONG"


def _named(*properties: Property) -> dict[str, Property]:
    return {item.name: item for item in properties}


def _texts(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name) for name in names)


def _system(modified: str) -> tuple[Property, ...]:
    return (
        Property("createdate", "datetime", "date", read_only=True),
        Property(modified, "datetime", "date", read_only=True),
        Property("hs_object_id", "number", "number", read_only=True),
        Property("hs_merged_object_ids", "enumeration", "checkbox", read_only=True),
        Property("hubspot_owner_id", "enumeration", "select", ("101", "102")),
        Property("lifecyclestage", "enumeration", "radio", STAGES),
    )


STANDARD: Mapping[str, dict[str, Property]] = {
    "contacts": _named(
        Property("email", unique=True),
        *_texts("firstname", "lastname", "salutation", "jobtitle", "company", "website", "hs_additional_emails"),
        *(Property(name, field_type="phonenumber") for name in ("phone", "mobilephone", "fax")),
        *_texts("address", "city", "state", "zip", "country", "hs_language", "message"),
        Property("hs_lead_status", "enumeration", "radio", _LEAD_STATUS),
        Property("date_of_birth"),
        Property("hs_email_optout", "bool", "booleancheckbox", read_only=True),
        Property("associatedcompanyid", "number", "number", read_only=True),
        *_system("lastmodifieddate"),
    ),
    "companies": _named(
        *_texts("name", "domain", "website", "address", "address2", "city", "state", "zip", "country", "description"),
        Property("phone", field_type="phonenumber"),
        Property("industry", "enumeration", "select", _INDUSTRIES),
        Property("numberofemployees", "number", "number"),
        Property("annualrevenue", "number", "number"),
        Property("hs_parent_company_id", "number", "number", read_only=True),
        *_system("hs_lastmodifieddate"),
    ),
}
DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "contacts": ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    "companies": ("name", "domain", "createdate", "hs_lastmodifieddate", "hs_object_id"),
}
MODIFIED = {"contacts": "lastmodifieddate", "companies": "hs_lastmodifieddate"}


def from_json(item: Mapping[str, Any]) -> Property:
    """A custom property as somebody defines it.  Raises KeyError when a part is missing."""
    rows = item.get("options") or ()
    options, labels = (tuple(str(row[name]) for row in rows) for name in ("value", "label"))
    return Property(
        str(item["name"]), str(item["type"]), str(item["fieldType"]), options, bool(item.get("hasUniqueValue")),
        custom=True, label=str(item["label"]), group=str(item["groupName"]), labels=labels,
    )  # fmt: skip
