"""What every database holds, and made-up customers."""

from __future__ import annotations

from typing import Any

from crmhub_odoo.sandbox.orm import ADMIN, API_USER, Orm
from crmhub_odoo.sandbox.schema import LANGUAGES
from hub.demo.people import messy_phone, population

# English names as Odoo has them; states as in base.
_COUNTRIES = (("AT", "Austria", 43), ("CH", "Switzerland", 41), ("CN", "China", 86), ("DE", "Germany", 49), ("FR", "France", 33),
              ("GB", "United Kingdom", 44), ("US", "United States", 1))  # fmt: skip
_STATES = (
    ("DE", "BE", "Berlin"),
    ("DE", "BY", "Bavaria"),
    ("US", "CA", "California"),
    ("US", "NY", "New York"),
    ("CN", "BJ", "Beijing"),
)


def install(orm: Orm) -> None:
    """Users, the own company, countries, languages, titles; the rows of a new database."""
    orm.begin(ADMIN, None)
    company = orm.create("res.partner", {"name": "My Company", "is_company": True})
    orm.create("res.company", {"name": "My Company", "partner_id": company})
    for at, (login, name) in enumerate((("__system__", "OdooBot"), ("admin", "Mitchell Admin"), ("hub", "CRM Hub")), 1):
        partner = orm.create("res.partner", {"name": name, "email": f"{login}@odoo.example", "parent_id": company})
        key = API_USER if login == "hub" else at
        row = {"id": key, "login": login, "name": name, "active": True, "partner_id": partner, "company_id": 1}
        stamps = {"create_date": orm.stamp, "write_date": orm.stamp, "email": f"{login}@odoo.example"}
        orm.table("res.users")[str(key)] = {**row, **stamps}
    keys = {
        code: orm.create("res.country", {"code": code, "name": name, "phone_code": phone})
        for code, name, phone in _COUNTRIES
    }
    for country, code, name in _STATES:
        orm.create("res.country.state", {"country_id": keys[country], "code": code, "name": name})
    for code, name in LANGUAGES:
        orm.create("res.lang", {"code": code, "name": name})
    orm.create("res.partner.industry", {"name": "Food"})
    if "title" in orm.fields("res.partner"):
        for shortcut, name in (("Dr.", "Doctor"), ("Mr.", "Mister"), ("Mrs.", "Madam"), ("Prof.", "Professor")):
            orm.create("res.partner.title", {"name": name, "shortcut": shortcut})


def fill(orm: Orm, customers: int) -> None:
    """Companies, and people of whom some are contacts of the company before them."""
    orm.begin(ADMIN, None)
    countries = {item["code"]: item["id"] for item in orm.table("res.country").values()}
    has_mobile = "mobile" in orm.fields("res.partner")
    company: Any = False
    for item in population(customers).customers:
        mobile = messy_phone(item.mobile, item.number)
        values: dict[str, Any] = {
            "name": item.full or item.email,
            "email": item.email or False,
            "phone": (item.phone or False) if has_mobile else (item.phone or mobile or False),
            "is_company": item.kind == "organisation",
        }
        if has_mobile:
            values["mobile"] = mobile or False
        works = item.kind == "person" and company and item.number % 5 == 0
        if works:
            values["parent_id"] = company
        elif item.city:
            place = {"street": item.street, "zip": item.postal_code, "city": item.city}
            values |= {**place, "country_id": countries.get(item.country, False)}
        if item.vat:
            values["vat"] = item.vat
        made = orm.create("res.partner", values)
        company = made if item.kind == "organisation" else company
