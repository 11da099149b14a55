"""Made-up customers, as somebody would have entered them in Zoho CRM."""

from __future__ import annotations

from typing import Any

from crmhub_zoho.sandbox.records import PERSON, Records
from hub.demo.people import Customer, messy_email, messy_phone, population

_COUNTRIES = {"DE": "Germany", "CN": "China"}


def fill(records: Records, customers: int) -> None:
    """Companies become accounts, people contacts; every ninth person is still a lead."""
    for item in population(customers).customers:
        if item.kind == "organisation":
            records.insert("Accounts", _account(item), PERSON)
        elif item.number % 9 == 8:
            records.insert("Leads", {**_person(item), **_address(item, "", "Zip_Code")}, PERSON)
        else:
            contact = {"Date_of_Birth": item.birthday or None, **_address(item, "Mailing_", "Zip")}
            records.insert("Contacts", {**_person(item), **contact}, PERSON)


def _account(item: Customer) -> dict[str, Any]:
    return {"Account_Name": item.full, "Phone": item.phone or None, **_address(item, "Billing_", "Code")}


def _person(item: Customer) -> dict[str, Any]:
    mobile = messy_phone(item.mobile, 1 if item.number % 2 else 0)
    return {
        "Last_Name": item.family or item.full or "-",
        "First_Name": item.given or None,
        "Email": messy_email(item.email, item.number) or None,
        "Phone": item.phone or None,
        "Mobile": mobile or None,
    }


def _address(item: Customer, prefix: str, code: str) -> dict[str, Any]:
    if not item.city:
        return {}
    return {
        f"{prefix}Street": item.street,
        f"{prefix}City": item.city,
        f"{prefix}{code}": item.postal_code,
        f"{prefix}Country": _COUNTRIES.get(item.country, item.country),
    }
