"""Made-up customers, as somebody would have entered them in HubSpot."""

from __future__ import annotations

from crmhub_hubspot.sandbox.associations import Associations
from crmhub_hubspot.sandbox.records import Records
from hub.demo.people import messy_phone, population

_COUNTRIES = {"DE": "Germany", "CN": "China"}


def fill(records: Records, associations: Associations, customers: int) -> None:
    """Companies, and people of whom some work for the company that came before them.

    Two people of one household may share an address; HubSpot takes it for one of them only.
    """
    last = ""
    for item in population(customers).customers:
        place = {"address": item.street, "city": item.city, "zip": item.postal_code} if item.city else {}
        place |= {"country": _COUNTRIES.get(item.country, item.country)} if item.city else {}
        if item.kind == "organisation":
            values = {"name": item.full, "domain": item.email.partition("@")[2], "phone": item.phone, **place}
            last = records.create("companies", values)["id"]
            continue
        email = item.email if records.by_email(item.email) is None else ""
        phone = messy_phone(item.mobile, item.number)
        names = {"firstname": item.given, "lastname": item.family or item.full}
        made = records.create("contacts", {**names, "email": email, "phone": item.phone, "mobilephone": phone, **place})
        if last and item.number % 5 == 0:
            spec = {"to": {"id": last}, "types": [{"associationTypeId": 1}]}
            associations.make("contacts", made["id"], [spec])
