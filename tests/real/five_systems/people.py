"""Who the customers are, which systems know them, and how each of the five was told.  Pure."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from hub.demo.people import Customer, messy_email, messy_phone, population

SYSTEMS = ("erp", "book", "shop", "crm", "zoho")
"""In order of trust: Tryton, Radicale, Vendure, BottleCRM, the Zoho sandbox."""
_KNOWN = {"erp": 0.55, "book": 0.45, "shop": 0.45, "crm": 0.45, "zoho": 0.45}
JOBS = ("Einkauf", "Geschäftsführung", "Technik", "Vertrieb")


@dataclass(frozen=True, slots=True)
class Crowd:
    """All customers.  doubles: numbers of those whom somebody entered twice in Tryton."""

    customers: Sequence[Customer]
    doubles: Collection[int]

    def doubtful(self) -> set[str]:
        """E-mail addresses of those about whom only a person can say who is who: until then they stay as they are."""
        shared = {item.email.lower() for item in self.customers if item.twin_of is not None}
        return shared | {item.email.lower() for item in self.customers if item.number in self.doubles}

    def of(self, system: str) -> Iterator[Customer]:
        return (item for item in self.customers if system in item.systems)

    def ordinary(self) -> list[Customer]:
        """People with a whole name and an e-mail address of their own, entered once: those who are edited."""
        doubtful = self.doubtful()
        return [
            item
            for item in self.customers
            if item.kind == "person"
            and item.given
            and item.country == "DE"
            and item.email
            and item.email.lower() not in doubtful
        ]


def crowd(count: int, seed: int) -> Crowd:
    """``count`` customers of ``hub.demo.people``, known to some of the five systems.

    Companies: a shop has no company without a person, and Tryton alone does not tell that one is a company, so companies
    are in BottleCRM and perhaps in Tryton and the address book; every tenth is in Zoho alone, which knows companies by
    name only.  Two people of one household share an e-mail address, which shops and BottleCRM do not allow: such pairs
    are in Tryton and the address book.  Some people have no e-mail address.  Whoever is entered twice is known to others.
    """
    rng = random.Random(seed)  # made-up data, not a secret
    customers = list(population(count, seed).customers)
    pairs = {item.number for item in customers if item.twin_of is not None}
    pairs |= {item.twin_of for item in customers if item.twin_of is not None}
    made = [_placed(item, rng, item.number in pairs) for item in customers]
    known = [item.number for item in Crowd(made, ()).ordinary() if "erp" in item.systems]
    return Crowd(made, frozenset(rng.sample(known, max(1, count // 500))))


def _placed(item: Customer, rng: random.Random, shares: bool) -> Customer:
    systems = frozenset(name for name in SYSTEMS if rng.random() < _KNOWN[name]) or frozenset({rng.choice(SYSTEMS)})
    luck = rng.random()
    if item.guest:
        return item
    if item.kind == "organisation":
        name = f"{item.full} {item.city} {item.number}"  # companies of one name are one company in BottleCRM
        systems = frozenset({"zoho"}) if luck < 0.1 else (systems & {"erp", "book"}) | {"crm"}
        return replace(item, full=name, company=name, systems=systems)
    if shares:
        return replace(item, systems=frozenset({"erp", "book"}))
    if luck < 0.03 and item.given:
        return replace(item, email="", systems=frozenset({rng.choice(("erp", "book", "crm", "zoho"))}))
    return replace(item, systems=systems)


def note(item: Customer, system: str) -> str:
    """What somebody noted in a system; sometimes in two of them, differently."""
    said = {"book": 7, "crm": 5, "zoho": 6}
    return f"Notiz {system}-{item.number}" if system in said and item.number % said[system] == 0 else ""


def job(item: Customer) -> str:
    """What somebody does, if the CRM knows it."""
    return JOBS[item.number % 4] if item.kind == "person" and item.number % 3 == 0 else ""


def as_contact(item: Customer) -> dict[str, str]:
    """In BottleCRM."""
    found = {
        "first_name": item.given or "-",
        "last_name": item.family or "-",
        "email": messy_email(item.email, item.number + 3),
        "phone": item.mobile or item.phone,
        "title": job(item),
        "description": note(item, "crm"),
    }
    return _filled(found | _bottle_address(item))


def as_account(item: Customer) -> dict[str, str]:
    """A company in BottleCRM."""
    found = {"name": item.full, "email": item.email, "phone": item.phone, "description": note(item, "crm")}
    return _filled(found | _bottle_address(item))


def _bottle_address(item: Customer) -> dict[str, str]:
    if not item.street:
        return {}
    return {"address_line": item.street, "postcode": item.postal_code, "city": item.city, "country": item.country}


def as_zoho(item: Customer) -> tuple[str, dict[str, str]]:
    """Module and record in Zoho."""
    if item.kind == "organisation":
        found = {"Account_Name": item.full, "Phone": item.phone, "Description": note(item, "zoho")}
        return "Accounts", _filled(found | _zoho_address(item, "Billing_", "Code"))
    found = {
        "First_Name": item.given,
        "Last_Name": item.family,
        "Email": messy_email(item.email, item.number + 1),
        "Mobile": messy_phone(item.mobile, item.number + 1),
        "Description": note(item, "zoho"),
        "Title": job(item),
    }
    return "Contacts", _filled(found | _zoho_address(item, "Mailing_", "Zip"))


def _zoho_address(item: Customer, prefix: str, code: str) -> dict[str, str]:
    if not item.street:
        return {}
    parts = {"Street": item.street, code: item.postal_code, "City": item.city, "Country": "Germany"}
    return {f"{prefix}{name}": value for name, value in parts.items()}


def as_shopper(item: Customer) -> dict[str, str]:
    """In Vendure, without the address."""
    return {
        "firstName": item.given,
        "lastName": item.family,
        "emailAddress": item.email,
        "phoneNumber": messy_phone(item.mobile or item.phone, item.number + 2),
    }


def _filled(data: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in data.items() if value}
