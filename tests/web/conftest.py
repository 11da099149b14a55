"""What the tests of the pages share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.service.process import Service
from tests.e2e.hub_folder import SECRET, HubFolder
from tests.web.visitor import Visitor, serving


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubFolder:
    """A configuration with two systems: one customer in both, one in each alone."""
    monkeypatch.setenv("PROBE_TOKEN", SECRET)
    return HubFolder(tmp_path)


@pytest.fixture
def service(folder: HubFolder) -> Iterator[Service]:
    with serving(folder) as found:
        yield found


@pytest.fixture
def nobody(service: Service) -> Visitor:
    return Visitor(service, None)


@pytest.fixture
def viewer(service: Service) -> Visitor:
    return Visitor(service, "viewer")


@pytest.fixture
def operator(service: Service) -> Visitor:
    return Visitor(service, "operator")


@pytest.fixture
def admin(service: Service) -> Visitor:
    return Visitor(service, "admin")
