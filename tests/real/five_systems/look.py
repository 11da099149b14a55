"""What each system shows, read by its users without the hub, in one form that can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.real.five_systems.office import Office

_SHOP_FIELDS = "id firstName lastName emailAddress phoneNumber addresses { streetLine1 postalCode city }"
_PLACEHOLDERS = ("-", "unknown")
"""What stands for a name that is missing, in systems that insist on one."""
Place = tuple[str, str, str]
"""Street, postal code, city."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One record.  None: the system has no place for it.

    id: how its users find it; key: its first e-mail address, else a phone number.
    """

    id: str
    key: str
    name: str
    emails: frozenset[str]
    phones: frozenset[str]
    places: frozenset[Place]
    note: str | None = None
    job: str | None = None
    birthday: str | None = None
    resource: str = ""


def everything(office: Office, systems: Iterable[str]) -> dict[str, list[Seen]]:
    """What these systems show now."""
    looks = {"erp": _erp, "book": _book, "shop": _shop, "crm": _crm, "zoho": _zoho}
    return {name: list(looks[name](office)) for name in systems}


def name_of(full: str) -> str:
    """A name whatever the order of its parts: Chinese names are written without a space."""
    text = " ".join(word for word in full.casefold().split() if word not in _PLACEHOLDERS)
    if re.search(r"[\u4e00-\u9fff]", text):
        return "".join(sorted(text.replace(" ", "")))
    return " ".join(sorted(text.split()))


def phone_of(text: str) -> str:
    """The last nine digits: the same number is typed in many ways."""
    return re.sub(r"\D", "", text)[-9:]


def _seen(id_: str, name: str, emails: Iterable[str], phones: Iterable[str], **more: Any) -> Seen:
    mails = frozenset(item.strip().lower() for item in emails if item)
    places = frozenset(item for item in more.pop("places", ()) if any(item))
    numbers = frozenset(phone_of(item) for item in phones if item)
    key = min(mails, default="") or (f"tel:{min(numbers)}" if numbers else name_of(name))
    return Seen(id_, key, name_of(name), mails, numbers, places, **more)


def _erp(office: Office) -> Iterator[Seen]:
    fields = [
        *("name", "contact_mechanisms.type", "contact_mechanisms.value"),
        *("addresses.street", "addresses.postal_code", "addresses.city"),
    ]
    for row in office.erp.call("model.party.party.search_read", [], 0, None, [["id", "ASC"]], fields):
        ways = row["contact_mechanisms."]
        yield _seen(
            str(row["id"]),
            row["name"] or "",
            [item["value"] for item in ways if item["type"] == "email"],
            [item["value"] for item in ways if item["type"] in ("phone", "mobile")],
            places=[_place(item["street"], item["postal_code"], item["city"]) for item in row["addresses."]],
        )


def _book(office: Office) -> Iterator[Seen]:
    for name, card in office.book.cards().items():
        lines = list(_lines(card))
        adr = [value.split(";") for key, value in lines if key == "ADR"]
        first = dict(reversed(lines))
        yield _seen(
            name,
            first.get("FN", ""),
            [value for key, value in lines if key == "EMAIL"],
            [value for key, value in lines if key == "TEL"],
            places=[_place(item[2], item[5], item[3]) for item in adr],
            note=first.get("NOTE", ""),
            job=first.get("TITLE", ""),
            birthday=first.get("BDAY", ""),
        )


def _lines(card: str) -> Iterator[tuple[str, str]]:
    for line in re.sub(r"\r?\n[ \t]", "", card).splitlines():
        head, _, value = line.partition(":")
        name = head.split(";")[0].split(".")[-1].upper()
        yield name, value.replace("\\,", ",").replace("\\n", "\n") if name != "ADR" else value.replace("\\,", ",")


def _shop(office: Office) -> Iterator[Seen]:
    for row in office.shop.customers(_SHOP_FIELDS):
        yield _seen(
            row["id"],
            f"{row['firstName']} {row['lastName']}",
            [row["emailAddress"]],
            [row["phoneNumber"] or ""],
            places=[_place(item["streetLine1"], item["postalCode"], item["city"]) for item in row["addresses"]],
        )


def _crm(office: Office) -> Iterator[Seen]:
    for resource in ("contacts", "accounts"):
        for row in office.crm.everything(resource):
            name = row["name"] if resource == "accounts" else f"{row['first_name']} {row['last_name']}"
            yield _seen(
                row["id"],
                name,
                [row["email"] or ""],
                [row["phone"] or ""],
                places=[_place(row["address_line"], row["postcode"], row["city"])],
                note=row["description"] or "",
                job=row["title"] or "" if resource == "contacts" else None,
                resource=resource,
            )


def _zoho(office: Office) -> Iterator[Seen]:
    for row in office.zoho.find("Contacts"):
        yield _seen(
            row["id"],
            f"{row['First_Name'] or ''} {row['Last_Name'] or ''}",
            [row["Email"] or "", row["Secondary_Email"] or ""],
            [row[name] or "" for name in ("Mobile", "Phone", "Home_Phone", "Other_Phone")],
            places=[
                _place(row["Mailing_Street"], row["Mailing_Zip"], row["Mailing_City"]),
                _place(row["Other_Street"], row["Other_Zip"], row["Other_City"]),
            ],
            note=row["Description"] or "",
            job=row["Title"] or "",
            birthday=row["Date_of_Birth"] or "",
            resource="Contacts",
        )
    for row in office.zoho.find("Accounts"):
        yield _seen(
            row["id"],
            row["Account_Name"],
            (),
            [row["Phone"] or ""],
            places=[_place(row["Billing_Street"], row["Billing_Code"], row["Billing_City"])],
            note=row["Description"] or "",
            resource="Accounts",
        )


def _place(street: object, code: object, city: object) -> Place:
    return (_text(street), _text(code), _text(city))


def _text(value: object) -> str:
    return str(value or "").strip()


def by_key(found: Mapping[str, list[Seen]]) -> dict[str, dict[str, list[Seen]]]:
    """Key -> system -> records.  Companies have no e-mail address in Zoho and are known by their number there."""
    known = {
        f"tel:{phone}": record.key
        for records in found.values()
        for record in records
        if record.emails
        for phone in record.phones
    }
    # Whoever has no address at all is known by any of the numbers that the systems with room for all of them show.
    several = {
        f"tel:{phone}": record.key
        for name in ("erp", "book")
        for record in found.get(name, ())
        if not record.emails
        for phone in record.phones
    }
    made: dict[str, dict[str, list[Seen]]] = {}
    for system, records in found.items():
        for record in records:
            key = known.get(record.key, record.key) if record.resource == "Accounts" else record.key
            key = several.get(key, key)
            made.setdefault(key, {}).setdefault(system, []).append(record)
    return made
