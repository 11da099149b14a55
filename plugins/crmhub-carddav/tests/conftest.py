"""Real CardDAV servers (Radicale and Xandikos disagree, so both are used) and connections to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from crmhub_carddav.connector import CardDav
from hub.plugin import Context, Http, Op, Record
from hub.testing.servers import RunningServer, start_radicale, start_xandikos

CARDS = Path(__file__).parent / "cards"
Meddle = Callable[[str, str, dict[str, Any], Callable[[], requests.Response]], requests.Response]


class MeddlingHttp(Http):
    """The real client, with a function between it and the connector that may change or lose answers."""

    meddle: Meddle | None = None

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        def send() -> requests.Response:
            return super(MeddlingHttp, self).request(method, url, **options)

        return self.meddle(method, url, options, send) if self.meddle else send()


@dataclass
class Site:
    """One server with its address book, emptied before each test, and everything that a test does to it."""

    kind: str
    server: RunningServer
    folder: Path
    opened: list[CardDav] = field(default_factory=list)

    @property
    def url(self) -> str:
        return str(self.server.details["books"]["contacts"])

    @property
    def settings(self) -> dict[str, Any]:
        return {"user": self.server.details.get("user", ""), "password": self.server.details.get("password", "")}

    def connect(self, **settings: Any) -> CardDav:
        http = MeddlingHttp("book", hosts=["127.0.0.1"], sleep=lambda seconds: None)
        context = Context("book", lambda: http, self.folder)
        connector = CardDav(CardDav.Config(**{"url": self.url, **self.settings, **settings}), context)
        self.opened.append(connector)
        return connector

    def call(self, method: str, name: str = "", body: bytes = b"", **headers: str) -> requests.Response:
        """What another program does to the book."""
        user, password = self.settings["user"], self.settings["password"]
        headers.setdefault("Content-Type", "text/vcard; charset=utf-8")
        auth = (user, password) if user else None
        response = requests.request(method, self.url + name, data=body, headers=headers, auth=auth, timeout=30)
        response.close()
        return response

    def put(self, name: str, content: bytes) -> None:
        assert self.call("PUT", name, content).status_code in (201, 204)

    def stored(self, name: str) -> bytes:
        return self.call("GET", name).content

    def close(self) -> None:
        for connector in self.opened:
            connector.close()
            connector.context.http.close()
        self.opened.clear()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningServer]]:
    radicale = start_radicale(tmp_path_factory.mktemp("radicale"))
    xandikos = start_xandikos(tmp_path_factory.mktemp("xandikos"))
    with radicale, xandikos:
        yield {"radicale": radicale, "xandikos": xandikos}


@pytest.fixture(params=["radicale", "xandikos"])
def site(request: pytest.FixtureRequest, servers: dict[str, RunningServer], tmp_path: Path) -> Iterator[Site]:
    yield from _open(request.param, servers, tmp_path)


@pytest.fixture
def radicale(servers: dict[str, RunningServer], tmp_path: Path) -> Iterator[Site]:
    yield from _open("radicale", servers, tmp_path)


@pytest.fixture
def xandikos(servers: dict[str, RunningServer], tmp_path: Path) -> Iterator[Site]:
    yield from _open("xandikos", servers, tmp_path)


def _open(kind: str, servers: dict[str, RunningServer], folder: Path) -> Iterator[Site]:
    site = Site(kind, servers[kind], folder)
    for page in site.connect().listing("card"):
        for record in page.records:
            site.call("DELETE", record.id)
    yield site
    site.close()


@pytest.fixture
def card() -> Callable[..., bytes]:
    """Make a small valid card."""

    def make(uid: str, name: str = "Somebody", extra: str = "") -> bytes:
        lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{name}", f"N:{name};;;;", *extra.split("\n")]
        return "\r\n".join([line for line in lines if line] + ["END:VCARD", ""]).encode()

    return make


@pytest.fixture
def everything() -> Callable[[CardDav], dict[str, Record]]:
    """All records of a full read by id."""

    def read(connector: CardDav) -> dict[str, Record]:
        return {record.id: record for page in connector.changes("card") for record in page.records}

    return read


@pytest.fixture
def update() -> Callable[..., Op]:
    """An update op of a record."""

    def make(record: Record, data: dict[str, Any], version: str | None = "") -> Op:
        return Op(f"op-{record.id}", "update", record.id, data, record.version if version == "" else version)

    return make
