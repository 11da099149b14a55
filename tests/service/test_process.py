"""The place where everything starts and stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.config.read import read_config
from hub.config.redact import Redactor
from hub.service.desk import open_desk
from hub.service.process import Service
from tests.e2e.hub_folder import SECRET, HubFolder


class Recorder:
    """A part that stops the service as soon as it runs."""

    def __init__(self, log: list[str], name: str) -> None:
        self.log, self.name = log, name
        self.service: Service | None = None

    def start(self) -> None:
        self.log.append(f"{self.name} starts")
        if self.service is not None:
            self.service.stop()

    def stop(self) -> None:
        self.log.append(f"{self.name} stops")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubFolder:
    monkeypatch.setenv("PROBE_TOKEN", SECRET)
    return HubFolder(tmp_path)


def service(folder: HubFolder, parts: list[Recorder]) -> Service:
    path = folder.path / "config.toml"
    made = Service(path, read_config(path), Redactor())
    made.parts.extend(parts)
    return made


def test_parts_run_as_long_as_the_lease_is_held(folder: HubFolder) -> None:
    log: list[str] = []
    pages, webhooks = Recorder(log, "pages"), Recorder(log, "webhooks")
    webhooks.service = service(folder, [pages, webhooks])
    webhooks.service.run()
    assert log == ["pages starts", "webhooks starts", "webhooks stops", "pages stops"]
    desk = open_desk(folder.path / "crmhub-data" / "hub.db")
    lease = desk.lease()
    desk.close()
    assert lease is not None
    assert lease.holder == "", "it was given back"


def test_a_part_that_cannot_start_ends_the_service_and_leaves_nothing_behind(folder: HubFolder) -> None:
    log: list[str] = []

    class Broken(Recorder):
        def start(self) -> None:
            raise OSError("the port is taken")

    first = Recorder(log, "pages")
    with pytest.raises(OSError, match="taken"):
        service(folder, [first, Broken(log, "webhooks")]).run()
    assert log == ["pages starts", "pages stops"]
    after = Recorder([], "pages")
    after.service = service(folder, [after])
    after.service.run()
    assert after.log == ["pages starts", "pages stops"], "the next process need not wait"
