"""The example of the documentation, connected to a small API on loopback."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hub.contract.connector import Context
from hub.http.session import Http
from hub.rest.connector import RestConnector
from hub.rest.manifest import load_manifest
from tests.rest.club import ClubServer, running

PAGE = Path(__file__).parents[2] / "docs" / "rest-connectors.md"
Connect = Callable[..., RestConnector[Any]]


def example(language: str) -> str:
    """The executed example of the documentation in a language."""
    found = re.search(rf"<!-- executed by [^>]*-->\n```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def club() -> Iterator[ClubServer]:
    with running() as server:
        yield server


@pytest.fixture
def kind(tmp_path: Path) -> type[RestConnector[Any]]:
    file = tmp_path / "connector.toml"
    file.write_text(example("toml"), encoding="utf-8")
    return load_manifest(file)


@pytest.fixture
def connect(club: ClubServer, tmp_path: Path) -> Iterator[Connect]:
    """Opens a connector class on the API."""
    clients: list[Http] = []

    def make(kind: type[RestConnector[Any]], *, at_once: int = 1, **settings: Any) -> RestConnector[Any]:
        http = Http("club", hosts=["127.0.0.1"], at_once=at_once, sleep=lambda _: None)
        clients.append(http)
        values = {"url": club.url, "token": SecretStr(club.token), **settings}
        return kind(kind.Config(**values), Context("club", lambda: http, tmp_path))

    yield make
    for http in clients:
        http.close()


@pytest.fixture
def members(kind: type[RestConnector[Any]], connect: Connect) -> RestConnector[Any]:
    return connect(kind)
