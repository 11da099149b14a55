"""What the contract kit tries this connector on: a real Vendure shop, empty again for each rule."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from crmhub_vendure.connector import RESOURCE, VendureConnector
from hub.testing.kit import Bench, Sent, Wire
from hub.testing.kit.shared import shared_server
from hub.testing.servers import RunningServer, prepared_servers
from hub.testing.vendure_server import start_vendure


class CustomersBench(Bench):
    """Customers of a shop with a custom field for our key; a person works in its administration."""

    connector = VendureConnector
    resource = RESOURCE
    text = "lastName"
    real = "Vendure 3.5"
    keyed = True

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        cache = prepared_servers()
        self.server = shared_server("vendure", lambda place: start_vendure(place, cache=cache))
        self.secrets = (self.server.details["password"],)
        self.person = _person(self.server.url, self.server.details["user"], self.server.details["password"])
        with Wire(self.server.url) as self.wire:
            self.person.delete_everybody()
            yield

    def settings(self) -> Mapping[str, Any]:
        assert self.wire is not None
        details = self.server.details
        return {
            "url": f"{self.wire.url}/admin-api",
            "user": details["user"],
            "password": details["password"],
            "key_field": details["key_field"] if self.keyed else "",
            "page": 3,
        }

    def wrong_login(self) -> Mapping[str, Any] | None:
        return {"password": "wrong"}

    def document(self, number: int) -> dict[str, Any]:
        return {"lastName": f"Person {number}", "firstName": "P", "emailAddress": f"p{number}@x.example"}

    def writes(self, sent: Sent) -> bool:
        return str(json.loads(sent.body or b"{}").get("query", "")).startswith("mutation Hub")

    def expire_token(self) -> bool:
        assert self.wire is not None
        sessions = {sent.headers.get("Authorization", "") for sent in self.wire.sent} - {""}
        for session in sessions:
            self.person.end(session)
        return bool(sessions)

    def person_creates(self, number: int) -> str:
        return self.person.creates(**self.document(number))

    def person_writes(self, id_: str, text: str) -> None:
        self.person.edits(id_, lastName=text)

    def person_deletes(self, id_: str) -> None:
        self.person.ask("mutation ($id: ID!) { deleteCustomer(id: $id) { result } }", id=id_)

    def person_sees(self) -> Mapping[str, str]:
        return {row["id"]: row["lastName"] for row in self.person.customers()}


class KeylessBench(CustomersBench):
    """A shop without a field for our key: e-mail addresses are unique."""

    keyed = False
    variant = True


@functools.cache
def _person(url: str, user: str, password: str) -> Person:
    """Signs in once for all rules."""
    return Person(url, user, password)


def person_of(server: RunningServer) -> Person:
    """Somebody with an account of the shop's administration."""
    return Person(server.url, server.details["user"], server.details["password"])


class Person:
    """Somebody who works in the shop's administration, with plain requests.

    A sign-out of Vendure ends every session of that administrator, so the person signs in again where needed.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = f"{url}/admin-api"
        self._login = {"u": user, "p": password}
        self._session = ""

    def ask(self, query: str, **variables: Any) -> Any:
        """The first field of the answer's data.  Raises AssertionError with the shop's words."""
        for last in (False, True):
            found = self._post(query, variables, self._session).json()
            error = next(iter(found.get("errors") or ()), None)
            if error is None:
                return next(iter(found["data"].values()))
            if last or error.get("extensions", {}).get("code") != "FORBIDDEN":
                raise AssertionError(f"Vendure refuses: {error['message']}")
            self.sign_in()
        raise AssertionError("the loop returns or raises")

    def sign_in(self) -> None:
        """A new session."""
        login = "mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }"
        self._session = f"Bearer {self._post(login, self._login, '').headers['vendure-auth-token']}"

    def end(self, session: str) -> None:
        """End the sessions of whose session (as in the header) this is; one that has ended already is no matter."""
        self._post("mutation { logout { success } }", {}, session)

    def _post(self, query: str, variables: Mapping[str, Any], session: str) -> requests.Response:
        body = {"query": query, "variables": variables}
        return requests.post(self._url, json=body, headers={"Authorization": session}, timeout=60)

    def creates(self, **given: Any) -> str:
        """A new customer; returns its id."""
        query = "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { ... on Customer { id } } }"
        return str(self.ask(query, input=given)["id"])

    def edits(self, id_: str, **given: Any) -> None:
        """Change fields of a customer."""
        query = "mutation ($input: UpdateCustomerInput!) { updateCustomer(input: $input) { ... on Customer { id } } }"
        assert self.ask(query, input={"id": id_, **given})["id"] == id_

    def adds_address(self, id_: str, **given: Any) -> str:
        """A new address of a customer; returns its id."""
        query = """mutation ($id: ID!, $input: CreateAddressInput!) {
          createCustomerAddress(customerId: $id, input: $input) { id }
        }"""
        return str(self.ask(query, id=id_, input={"streetLine1": "", "countryCode": "DE", **given})["id"])

    def edits_address(self, id_: str, **given: Any) -> None:
        """Change columns of an address."""
        query = "mutation ($input: UpdateAddressInput!) { updateCustomerAddress(input: $input) { id } }"
        self.ask(query, input={"id": id_, **given})

    def customers(self, fields: str = "id lastName") -> list[dict[str, Any]]:
        """Every customer."""
        query = f"query ($skip: Int!) {{ customers(options: {{skip: $skip, take: 1000}}) {{ items {{ {fields} }} }} }}"
        found: list[dict[str, Any]] = []
        while page := self.ask(query, skip=len(found))["items"]:
            found += page
        return found

    def delete_everybody(self) -> None:
        """An empty list for the next rule.  A deleted customer would keep our key, so it is taken away before."""
        rows = self.customers("id customFields { crmhubId }")
        for row in rows:
            if row["customFields"]["crmhubId"]:
                self.edits(row["id"], customFields={"crmhubId": None})
        if rows:
            ids = [row["id"] for row in rows]
            self.ask("mutation ($ids: [ID!]!) { deleteCustomers(ids: $ids) { result } }", ids=ids)
