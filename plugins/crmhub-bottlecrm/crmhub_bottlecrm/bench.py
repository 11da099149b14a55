"""What the contract kit tries this connector on: a real BottleCRM, installed and prepared once and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import requests

from crmhub_bottlecrm.connector import BottleConnector
from hub.testing.bottlecrm_server import empty
from hub.testing.kit import Bench, Sent, Wire
from hub.testing.kit.shared import shared_server
from hub.testing.servers import RunningServer, prepared_servers, start_bottlecrm

CACHE = prepared_servers()


class ContactsBench(Bench):
    """Contacts; a person works in BottleCRM with a token of her own."""

    connector = BottleConnector
    resource = "contacts"
    text = "title"
    real = "BottleCRM 1.35"

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        self.server = self.running_server()
        self.secrets = (self.server.details["admin"]["token"],)
        with (
            Person(self.server.url, self.server.details["person"]["token"]) as self.person,
            Wire(self.server.url) as self.wire,
        ):
            self.make_empty()
            yield

    def running_server(self) -> RunningServer:
        """One BottleCRM for all rules."""
        return shared_server("bottlecrm", lambda place: start_bottlecrm(place, cache=CACHE))

    def make_empty(self) -> None:
        """No contacts and no accounts for the next rule."""
        empty(self.server)

    def settings(self) -> Mapping[str, Any]:
        assert self.wire is not None
        return {"url": self.wire.url, "token": self.server.details["admin"]["token"], "page": 3}

    def wrong_login(self) -> Mapping[str, Any] | None:
        return {"token": "bcrm_pat_wrong"}

    def document(self, number: int) -> dict[str, Any]:
        return {"first_name": f"F{number}", "last_name": f"L{number}", "title": f"job {number}"}

    def held(self, text: str) -> str:
        return text.strip()

    def writes(self, sent: Sent) -> bool:
        """The custom field for our key is no record."""
        return not sent.reads and f"/api/{self.resource}/" in sent.path

    def person_creates(self, number: int) -> str:
        return self.person.create(self.resource, self.document(number))

    def person_writes(self, id_: str, text: str) -> None:
        self.person.edit(self.resource, id_, {self.text: text})

    def person_deletes(self, id_: str) -> None:
        self.person.delete(self.resource, id_)

    def person_sees(self) -> Mapping[str, str]:
        return {row["id"]: row[self.text] or "" for row in self.person.everything(self.resource)}


class AccountsBench(ContactsBench):
    """Accounts, which come as two lists."""

    resource = "accounts"
    text = "description"
    variant = True

    def document(self, number: int) -> dict[str, Any]:
        return {"name": f"Company {number}", "description": f"note {number}"}


class Person:
    """Somebody who works in BottleCRM, with plain requests."""

    _LISTS: ClassVar[Mapping[str, Any]] = {
        "contacts": lambda page: page["results"],
        "accounts": lambda page: [
            *page["active_accounts"]["open_accounts"],
            *page["closed_accounts"]["close_accounts"],
        ],
    }

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/api"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """One call; its JSON.  Raises AssertionError with the server's words."""
        answer = self._session.request(method, f"{self._url}/{path}", json=body, params=params, timeout=60)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None

    def create(self, resource: str, data: Mapping[str, Any]) -> str:
        """Enter a record; returns its id."""
        return str(self.call("POST", f"{resource}/", dict(data))["id"])

    def edit(self, resource: str, id_: str, data: Mapping[str, Any]) -> None:
        """Change some fields."""
        self.call("PATCH", f"{resource}/{id_}/", dict(data))

    def delete(self, resource: str, id_: str) -> None:
        """Delete a record."""
        self.call("DELETE", f"{resource}/{id_}/")

    def everything(self, resource: str) -> list[dict[str, Any]]:
        """Every record, as the API lists it."""
        return list(self._LISTS[resource](self.call("GET", f"{resource}/", limit=10_000)))
