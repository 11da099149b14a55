"""What the contract kit tries this connector on: a real Tryton, prepared once and kept."""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from crmhub_tryton.connector import TrytonConnector
from hub.testing.kit import Bench, Sent, Wire
from hub.testing.kit.shared import shared_server
from hub.testing.servers import prepared_servers, start_tryton


class PartyBench(Bench):
    """Parties of a Tryton ERP; a person works in it with another client."""

    connector = TrytonConnector
    resource = "party"
    text = "name"
    real = "Tryton 8.2"

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        cache = prepared_servers()
        self.server = shared_server("tryton", lambda place: start_tryton(place, cache=cache))
        self.secrets = (self.server.details["password"],)
        details = self.server.details
        self.person = _person(self.server.url, details["database"], details["user"], details["password"])
        with Wire(self.server.url) as self.wire:
            self.person.delete_everything()
            yield

    def settings(self) -> Mapping[str, Any]:
        assert self.wire is not None
        names = ("database", "user", "password")
        return {"url": self.wire.url, "page": 3, **{name: self.server.details[name] for name in names}}

    def wrong_login(self) -> Mapping[str, Any] | None:
        return {"password": "wrong"}

    def document(self, number: int) -> dict[str, Any]:
        return {"name": f"Party {number}", "lang": ("de", "fr", "en")[number % 3]}

    def held(self, text: str) -> str:
        return text.strip()

    def writes(self, sent: Sent) -> bool:
        return any(f'.{verb}"'.encode() in sent.body for verb in ("create", "write", "delete"))

    def expire_token(self) -> bool:
        assert self.wire is not None
        sessions = {sent.headers.get("Authorization", "") for sent in self.wire.sent} - {""}
        for session in sessions:
            self.person.end(session)
        return bool(sessions)

    def person_creates(self, number: int) -> str:
        (id_,) = self.person.call("model.party.party.create", [{"name": self.document(number)["name"]}])
        return str(id_)

    def person_writes(self, id_: str, text: str) -> None:
        self.person.call("model.party.party.write", [int(id_)], {"name": text})

    def person_deletes(self, id_: str) -> None:
        self.person.call("model.party.party.delete", [int(id_)])

    def person_sees(self) -> Mapping[str, str]:
        return {str(row["id"]): row["name"] or "" for row in self.person.parties()}


@functools.cache
def _person(url: str, database: str, user: str, password: str) -> Person:
    """Signs in once: Tryton makes that slow on purpose."""
    return Person(url, database, user, password)


class Person:
    """Somebody who works in Tryton, with plain requests (JSON-RPC of series 8)."""

    def __init__(self, url: str, database: str, user: str, password: str) -> None:
        self._url = f"{url}/{database}/rpc/"
        self._session = requests.Session()
        self._session.trust_env = False
        number, token, *_ = self._ask("common.db.login", user, {"password": password}, "en")
        secret = base64.b64encode(f"{user}:{number}:{token}".encode()).decode()
        self._session.headers["Authorization"] = f"Session {secret}"

    def call(self, method: str, *params: Any) -> Any:
        """One remote call.  Raises AssertionError with the server's words."""
        return self._ask(method, *params, {})

    def parties(self) -> list[dict[str, Any]]:
        """Every party."""
        found = self.call("model.party.party.search_read", [["active", "in", [True, False]]], 0, None, None, ["name"])
        return list(found)

    def delete_everything(self) -> None:
        """An empty table for the next rule."""
        if ids := [row["id"] for row in self.parties()]:
            self.call("model.party.party.delete", ids)

    def end(self, session: str) -> None:
        """End somebody's session; one that has ended already is no matter."""
        body = {"id": 1, "method": "common.db.logout", "params": []}
        self._session.post(self._url, json=body, headers={"Authorization": session}, timeout=120)

    def _ask(self, method: str, *params: Any) -> Any:
        body = {"id": 1, "method": method, "params": params}
        answer = self._session.post(self._url, json=body, timeout=120)
        answer.raise_for_status()
        found = answer.json()
        assert "error" not in found, f"Tryton refuses {method}: {str(found.get('error'))[:300]}"
        return found["result"]
