"""The modules and their standard fields, with what /settings/fields tells about them.

Names are those of the vendor's SDK; lengths of Leads are documented, those of Contacts and Accounts are taken to be the
same (unverified).  Each module has one custom field: an organisation-wide external field for the hub's key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EXTERNAL_FIELD = "CRMHub_ID"

_JSON = {
    "boolean": "boolean",
    "integer": "integer",
    "currency": "double",
    "lookup": "jsonobject",
    "ownerlookup": "jsonobject",
    "tag": "jsonarray",
}
_LENGTHS = {"email": 100, "phone": 30, "picklist": 120, "textarea": 32000, "integer": 9}
_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Field:
    """One field.  module: where a lookup leads to; unique: no two records may have one value; external: and it is an
    organisation-wide external id."""

    name: str
    type: str = "text"
    length: int = 0
    mandatory: bool = False
    read_only: bool = False
    custom: bool = False
    module: str = ""
    unique: bool = False
    external: bool = False

    def described(self, number: int) -> dict[str, Any]:
        """As /settings/fields shows it."""
        writable = not self.read_only
        label = self.name.replace("__s", "").replace("_", " ")
        return {
            "id": f"50000000000{80_000_000 + number}",
            "api_name": self.name,
            "field_label": label,
            "display_label": label,
            "data_type": self.type,
            "json_type": _JSON.get(self.type, "string"),
            "length": self.length or _LENGTHS.get(self.type, _LENGTH),
            "decimal_place": 2 if self.type == "currency" else None,
            "system_mandatory": self.mandatory,
            "read_only": self.read_only,
            "field_read_only": self.read_only,
            "custom_field": self.custom,
            "visible": True,
            "searchable": True,
            "sortable": True,
            "filterable": self.type != "textarea",
            "unique": {"case_sensitive": False} if self.unique else {},
            "external": {"type": "org", "show_for_records": False} if self.external else None,
            "operation_type": {
                "web_create": writable,
                "web_update": writable,
                "api_create": writable,
                "api_update": writable,
            },
            "pick_list_values": _options(self.type),
            "lookup": _lookup(self.module) if self.module else {},
            "virtual_field": False,
        }

    def limit(self) -> int:
        """Characters that a text of this type may have."""
        return self.length or _LENGTHS.get(self.type, _LENGTH)


def _options(kind: str) -> list[dict[str, Any]]:
    if kind != "picklist":
        return []
    return [{"display_value": "-None-", "actual_value": "-None-", "id": "5000000000000003409", "type": "used"}]


def _lookup(module: str) -> dict[str, Any]:
    return {
        "module": {"api_name": module, "id": MODULES[module].id if module in MODULES else ""},
        "display_label": module,
    }


@dataclass(frozen=True, slots=True)
class Module:
    """A module.  duplicate_field: by which upsert recognises records without being told; title: its name field."""

    name: str
    singular: str
    id: str
    number: int
    duplicate_field: str
    title: str
    fields: Mapping[str, Field]


def _fields(*groups: tuple[Field, ...]) -> dict[str, Field]:
    return {field.name: field for group in groups for field in group}


def _of(kind: str, *names: str, length: int = 0) -> tuple[Field, ...]:
    return tuple(Field(name, kind, length) for name in names)


def _address(prefix: str, code: str) -> tuple[Field, ...]:
    return (
        Field(f"{prefix}Street", "textarea", 250),
        Field(f"{prefix}City", length=100),
        Field(f"{prefix}State", length=100),
        Field(f"{prefix}{code}", length=30),
        Field(f"{prefix}Country", length=100),
    )


_SYSTEM = (
    Field("Owner", "ownerlookup"),
    Field("Tag", "tag"),
    *(Field(name, "datetime", read_only=True) for name in ("Created_Time", "Modified_Time", "Change_Log_Time__s")),
    *(Field(name, "ownerlookup", read_only=True) for name in ("Created_By", "Modified_By")),
    Field("Record_Status__s", "picklist", read_only=True),
    Field("Locked__s", "boolean", read_only=True),
    Field(EXTERNAL_FIELD, length=255, custom=True, unique=True, external=True),
)
_PERSON = (
    Field("Last_Name", length=80, mandatory=True),
    Field("First_Name", length=40),
    Field("Full_Name", length=120, read_only=True),
    Field("Salutation", "picklist", 25),
    *_of("email", "Email", "Secondary_Email"),
    *_of("phone", "Phone", "Mobile", "Fax"),
    *_of("text", "Skype_ID", "Twitter", length=50),
    Field("Lead_Source", "picklist"),
    Field("Description", "textarea"),
    Field("Email_Opt_Out", "boolean"),
)
_CONTACTS = (
    *_of("phone", "Home_Phone", "Other_Phone", "Asst_Phone"),
    Field("Assistant", length=100),
    Field("Title", length=100),
    Field("Department", length=50),
    Field("Date_of_Birth", "date"),
    Field("Account_Name", "lookup", module="Accounts"),
    Field("Reporting_To", "lookup", module="Contacts"),
)
_LEADS = (
    Field("Company", length=200),
    Field("Designation", length=100),
    Field("Website", "website"),
    *_of("picklist", "Lead_Status", "Industry", "Rating"),
    Field("No_of_Employees", "integer"),
    Field("Annual_Revenue", "currency"),
    Field("Converted__s", "boolean", read_only=True),
    Field("Converted_Date_Time", "datetime", read_only=True),
    Field("Converted_Account", "lookup", read_only=True, module="Accounts"),
    Field("Converted_Contact", "lookup", read_only=True, module="Contacts"),
)
_ACCOUNTS = (
    Field("Account_Name", length=200, mandatory=True),
    Field("Account_Number", length=40),
    Field("Account_Site", length=80),
    *_of("picklist", "Account_Type", "Industry", "Ownership", "Rating"),
    Field("Parent_Account", "lookup", module="Accounts"),
    *_of("phone", "Phone", "Fax"),
    Field("Website", "website"),
    Field("SIC_Code", "integer"),
    Field("Ticker_Symbol", length=30),
    Field("Employees", "integer"),
    Field("Annual_Revenue", "currency"),
    Field("Description", "textarea"),
)

MODULES: dict[str, Module] = {}
for _module in (
    Module(
        "Leads",
        "Lead",
        "5000000000000002175",
        1,
        "Email",
        "Full_Name",
        _fields(_PERSON, _LEADS, _address("", "Zip_Code"), _SYSTEM),
    ),
    Module(
        "Accounts",
        "Account",
        "5000000000000002177",
        2,
        "Account_Name",
        "Account_Name",
        _fields(_ACCOUNTS, _address("Billing_", "Code"), _address("Shipping_", "Code"), _SYSTEM),
    ),
    Module(
        "Contacts",
        "Contact",
        "5000000000000002179",
        3,
        "Email",
        "Full_Name",
        _fields(_PERSON, _CONTACTS, _address("Mailing_", "Zip"), _address("Other_", "Zip"), _SYSTEM),
    ),
):
    MODULES[_module.name] = _module
