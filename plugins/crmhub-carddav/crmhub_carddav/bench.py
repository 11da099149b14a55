"""What the contract kit tries this connector on: real Radicale and Xandikos servers, which differ."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from crmhub_carddav.card import parse, read
from crmhub_carddav.connector import CardDav
from crmhub_carddav.lines import escape
from hub.testing.kit import Bench, Wire
from hub.testing.kit.shared import shared_server
from hub.testing.servers import RunningServer, start_radicale, start_xandikos

_USER = "anna"
_PASSWORD = "a-person-and-a-password"  # noqa: S105  # of a server on loopback that lives as long as the tests
_MAKE_BOOK = (
    '<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/>'
    "<C:addressbook/></resourcetype></prop></set></mkcol>"
)
_numbers = itertools.count(1)


class RadicaleBench(Bench):
    """An address book of a Radicale; a person uses it with another program."""

    connector = CardDav
    resource = "card"
    text = "NOTE"
    real = "Radicale 3.9"

    login: Mapping[str, str] = {"user": _USER, "password": _PASSWORD}
    secrets: Sequence[str] = (_PASSWORD,)

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        home = self.home(self.server())
        with requests.Session() as self.session:
            self.session.trust_env = False
            self.session.auth = (self.login["user"], self.login["password"]) if self.login else None
            self.book = f"{home}/rule{next(_numbers)}/"
            self._call("MKCOL", "", data=_MAKE_BOOK, headers={"Content-Type": "application/xml"})
            with Wire(self.book) as self.wire:
                yield

    def server(self) -> RunningServer:
        return shared_server("radicale", lambda folder: start_radicale(folder, user=_USER, password=_PASSWORD))

    def home(self, server: RunningServer) -> str:
        """The folder of address books."""
        return f"{server.url}/{_USER}"

    def settings(self) -> Mapping[str, Any]:
        assert self.wire is not None
        return {"url": f"{self.wire.url}/", **self.login}

    def wrong_login(self) -> Mapping[str, Any] | None:
        return {"password": "wrong"} if self.login else None

    def document(self, number: int) -> dict[str, Any]:
        return {"FN": f"Person {number}", "NOTE": f"note {number}"}

    def person_creates(self, number: int) -> str:
        name, given = f"p{number}.vcf", self.document(number)
        lines = [f"UID:p{number}", f"FN:{given['FN']}", "N:Person;;;;", f"NOTE:{given['NOTE']}"]
        self._put(name, ["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD"])
        return name

    def person_writes(self, id_: str, text: str) -> None:
        card = self._call("GET", id_).content.decode().replace("\r\n ", "")
        lines = [line for line in card.splitlines() if not line.startswith("NOTE")]
        self._put(id_, [*lines[:-1], f"NOTE:{escape(text)}", lines[-1]])

    def person_deletes(self, id_: str) -> None:
        self._call("DELETE", id_)

    def person_sees(self) -> Mapping[str, str]:
        listed = self._call("PROPFIND", "", headers={"Depth": "1"}).text
        names = {part.split("<")[0].rsplit("/", 1)[-1] for part in listed.split("href>") if ".vcf" in part}
        return {name: str(read(parse(self._call("GET", name).content)).get("NOTE") or "") for name in sorted(names)}

    def _put(self, name: str, lines: list[str]) -> None:
        headers = {"Content-Type": "text/vcard; charset=utf-8"}
        self._call("PUT", name, data="\r\n".join([*lines, ""]).encode(), headers=headers)

    def _call(self, method: str, name: str, **options: Any) -> requests.Response:
        answer = self.session.request(method, self.book + name, timeout=30, **options)
        answer.raise_for_status()
        return answer


class XandikosBench(RadicaleBench):
    """An address book of a Xandikos, which has no login."""

    real = "Xandikos 0.4"
    variant = True
    login: Mapping[str, str] = {}
    secrets: Sequence[str] = ()

    def server(self) -> RunningServer:
        return shared_server("xandikos", start_xandikos)

    def home(self, server: RunningServer) -> str:
        return f"{server.url}/user/contacts"
