"""People who use the systems of the demo: they enter and change customers with plain requests, without the hub.

They are written apart from the connectors on purpose, so that the demo's claims are checked from outside.
"""

from __future__ import annotations

import base64
import csv
import os
from pathlib import Path
from typing import Any

import requests
from defusedxml.ElementTree import fromstring

from hub.contract.errors import HubError
from hub.demo.people import Customer, Population, messy_email, messy_phone
from hub.testing.servers import RunningServer


class ErpUser:
    """Somebody who works in Tryton (JSON-RPC of series 8)."""

    def __init__(self, server: RunningServer) -> None:
        self._url = f"{server.url}/{server.details['database']}/rpc/"
        self._session = requests.Session()
        self._session.trust_env = False
        user, password = server.details["user"], server.details["password"]
        number, token, *_ = self.call("common.db.login", user, {"password": password}, "en", context=None)
        secret = base64.b64encode(f"{user}:{number}:{token}".encode()).decode()
        self._session.headers["Authorization"] = f"Session {secret}"

    def call(self, method: str, *params: Any, context: Any = ()) -> Any:
        """One remote call; raises HubError with the server's words."""
        arguments = list(params) if context is None else [*params, {}]
        reply = self._session.post(self._url, json={"id": 1, "method": method, "params": arguments}, timeout=120)
        reply.raise_for_status()
        body = reply.json()
        if "error" in body:
            raise HubError(f"Tryton refuses {method}: {str(body['error'])[:300]}", where="demo")
        return body["result"]

    def parties(self, names: list[str] | None = None) -> list[dict[str, Any]]:
        """Every party with its contact mechanisms."""
        fields = ["name", "active", "contact_mechanisms.type", "contact_mechanisms.value", "addresses.city"]
        found = self.call(
            "model.party.party.search_read", [["active", "in", [True, False]]], 0, None, [["id", "ASC"]], fields
        )
        return [item for item in found if names is None or item["name"] in names]

    def fill(self, people: Population) -> None:
        countries = {
            item["code"]: item["id"]
            for item in self.call("model.country.country.search_read", [], 0, None, None, ["code"])
        }
        known = [item for item in people.customers if "erp" in item.systems]
        known += [people.customers[number] for system, number in people.doubles if system == "erp"]
        rows = [_party(item, countries) for item in known]
        for start in range(0, len(rows), 500):
            self.call("model.party.party.create", rows[start : start + 500])

    def rename(self, party: int, name: str) -> None:
        self.call("model.party.party.write", [party], {"name": name})

    def add_phone(self, party: int, number: str) -> None:
        self.call("model.party.contact_mechanism.create", [{"party": party, "type": "phone", "value": number}])

    def delete(self, party: int) -> None:
        self.call("model.party.party.delete", [party])


def _party(item: Customer, countries: dict[str, int]) -> dict[str, Any]:
    mechanisms = [{"type": "email", "value": item.email}] if item.email else []
    mechanisms += [{"type": "phone", "value": item.phone}] if item.phone else []
    mechanisms += [{"type": "mobile", "value": item.mobile}] if item.mobile else []
    values: dict[str, Any] = {"name": item.full, "contact_mechanisms": [["create", mechanisms]], "addresses": []}
    if item.street:
        address = {
            "street": item.street,
            "postal_code": item.postal_code,
            "city": item.city,
            "country": countries.get(item.country),
        }
        values["addresses"] = [["create", [address]]]
    if item.vat:
        values["identifiers"] = [["create", [{"type": "eu_vat", "code": item.vat}]]]
    return values


class BookUser:
    """Somebody who uses the shared address book (CardDAV, cards as text)."""

    def __init__(self, server: RunningServer, book: str = "book") -> None:
        self._url = server.details["books"][book].rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = (server.details["user"], server.details["password"])

    def fill(self, people: Population) -> None:
        """The whole book in one request, as when somebody restores it from a file."""
        cards = "".join(card_of(item) for item in people.customers if "book" in item.systems)
        headers = {"Content-Type": "text/vcard; charset=utf-8"}
        self._session.put(f"{self._url}/", data=cards.encode(), headers=headers, timeout=600).raise_for_status()

    def put(self, name: str, card: str) -> None:
        headers = {"Content-Type": "text/vcard; charset=utf-8"}
        self._session.put(f"{self._url}/{name}", card.encode(), headers=headers, timeout=60).raise_for_status()

    def read(self, name: str) -> str:
        reply = self._session.get(f"{self._url}/{name}", timeout=60)
        reply.raise_for_status()
        return reply.content.decode()

    def change(self, name: str, old: str, new: str) -> None:
        """Replace a text in a card, as an address book app does after a user's edit."""
        card = self.read(name)
        if old not in card:
            raise HubError(f"the card {name} does not contain {old!r}", where="demo")
        self.put(name, card.replace(old, new))

    def delete(self, name: str) -> None:
        self._session.delete(f"{self._url}/{name}", timeout=60).raise_for_status()

    def cards(self) -> dict[str, str]:
        """Every card by its file name, read in one request."""
        body = (
            '<C:addressbook-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop><C:address-data/></prop>'
            "<C:filter/></C:addressbook-query>"
        )
        reply = self._session.request(
            "REPORT", f"{self._url}/", data=body, headers={"Depth": "1", "Content-Type": "application/xml"}, timeout=120
        )
        reply.raise_for_status()
        found = {}
        for response in fromstring(reply.content).findall("{DAV:}response"):
            href = response.findtext("{DAV:}href", "")
            data = response.findtext(".//{urn:ietf:params:xml:ns:carddav}address-data", "")
            if data:
                found[href.rsplit("/", 1)[-1]] = data
        return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")


def card_of(item: Customer) -> str:
    """A customer as the address book keeps them: a vCard 3.0."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:person-{item.number}"]
    if item.kind == "organisation":
        lines += [f"FN:{_escaped(item.full)}", "N:;;;;", f"ORG:{_escaped(item.company)}", "X-ABSHOWAS:COMPANY"]
    else:
        lines += [f"FN:{_escaped(item.full)}", f"N:{_escaped(item.family)};{_escaped(item.given)};;;"]
    if item.email:
        lines.append(f"EMAIL;TYPE=INTERNET:{messy_email(item.email, item.number)}")
    if item.mobile:
        lines.append(f"TEL;TYPE=CELL:{messy_phone(item.mobile, item.number)}")
    if item.birthday:
        lines.append(f"BDAY:{item.birthday}")
    lines += [f"X-FAVOURITE-COLOUR:{('red', 'green', 'blue')[item.number % 3]}", "END:VCARD", ""]
    return "\r\n".join(lines)


class CrmUser:
    """Somebody in sales, in the pages of Zoho CRM (of the local sandbox that stands in for it)."""

    def __init__(self, sandbox: Any) -> None:
        self._pages = sandbox.user

    def fill(self, people: Population) -> None:
        for item in people.customers:
            if "crm" in item.systems:
                self._pages.create("Contacts", _contact(item))

    def contacts(self) -> list[dict[str, Any]]:
        return list(self._pages.find("Contacts"))

    def change(self, email: str, field: str, value: str) -> None:
        """Change a field of the contact with this e-mail address."""
        (id_,) = [item["id"] for item in self.contacts() if (item["Email"] or "").lower() == email.lower()]
        self._pages.edit("Contacts", id_, {field: value})


def _contact(item: Customer) -> dict[str, str]:
    values = {
        "First_Name": item.given,
        "Last_Name": item.family,
        "Email": messy_email(item.email, item.number + 2),
        "Mobile": item.mobile,
        "Title": JOBS[item.number % len(JOBS)],
    }
    return {name: value for name, value in values.items() if value}


JOBS = ("", "Einkauf", "", "Geschäftsführung", "", "Technik")
HEADER = (
    "Kundennummer",
    "Vorname",
    "Nachname",
    "Firma",
    "E-Mail",
    "Mobil",
    "Straße",
    "PLZ",
    "Ort",
    "Land",
    "Newsletter-Thema",
)


class ShopUser:
    """Somebody who keeps the web shop's customer export, a CSV file in a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "customers.csv"

    def fill(self, people: Population) -> None:
        rows = [_row(item) for item in people.customers if "shop" in item.systems]
        self.write([dict(zip(HEADER, row, strict=True)) for row in rows])

    def rows(self) -> list[dict[str, str]]:
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))

    def write(self, rows: list[dict[str, str]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".tmp")
        header = list(rows[0]) if rows else list(HEADER)
        with temporary.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, header, delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
        os.replace(temporary, self.path)

    def change(self, number: str, column: str, value: str) -> None:
        rows = self.rows()
        for row in rows:
            if row["Kundennummer"] == number:
                row[column] = value
        self.write(rows)


def _row(item: Customer) -> tuple[str, ...]:
    company = item.company if item.kind == "organisation" else ""
    return (
        f"K{item.number:05d}",
        item.given,
        item.family,
        company,
        messy_email(item.email, item.number + 1),
        messy_phone(item.mobile or item.phone, item.number + 2),
        item.street,
        item.postal_code,
        item.city,
        item.country if item.city else "",
        ("wine", "tea", "books")[item.number % 3],
    )
