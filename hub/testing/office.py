"""A hub between one system and a sheet, for a connector's tests through the real engine and the real store.

    office = Office(tmp_path, connection, sheet)      # connection: the lines below [connections.NAME]
    office.sync()
    assert office.rows()["anna@firm.example"]["city"] == "Berlin"

Not a fixture by itself: each connector has its own way to the secrets that the connection names.
"""

from __future__ import annotations

import csv
import functools
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hub.loader import Registry
    from hub.sync.engine import Result

_REST = """
[connections.sheet]
plugin = "files"
path = "customers.csv"
write = "update"

[syncs.customers]
systems = ["{name}", "sheet"]
"""


class _Clock(Protocol):
    def advance(self, seconds: float, /) -> None: ...


class Timed(Protocol):
    """A sandbox whose clock the tests move."""

    @property
    def clock(self) -> _Clock: ...

    def now(self) -> datetime: ...


@functools.cache
def _registry() -> Registry:
    """The installed plugins, loaded once for all runs."""
    from hub.loader import load

    return load()


class Office:
    """A folder with a configuration (``config.toml``) and a sheet (``customers.csv``).

    connection: the TOML lines of the system's connection, ``[connections.NAME]`` first; sheet: the CSV text;
    sandbox: whose clock the hub goes by, the real one without; pause: seconds that pass there after every run.
    """

    def __init__(
        self, folder: Path, connection: str, sheet: str, sandbox: Timed | None = None, *, pause: float = 60
    ) -> None:
        self.folder, self._sandbox, self._pause = folder, sandbox, pause
        self.sheet = folder / "customers.csv"
        self.sheet.write_text(sheet, encoding="utf-8")
        name = connection.split("[connections.", 1)[1].partition("]")[0]
        (folder / "config.toml").write_text(connection + _REST.format(name=name), encoding="utf-8")

    def _clock(self) -> Callable[[], float]:
        sandbox = self._sandbox
        return time.time if sandbox is None else lambda: sandbox.now().timestamp()

    def sync(self, *, faulty: bool = False) -> Result:
        """One run; whatever it asks a person is allowed.  faulty: the connection may pause."""
        from hub.bootstrap import App
        from hub.config.read import read_config

        config = read_config(self.folder / "config.toml")
        with App(config, registry=_registry(), clock=self._clock()) as app, app.writing():
            found = app.engine("customers").sync()
            assert found.plan is not None
            if found.held:
                found = app.engine("customers").sync(approve=found.plan.hash())
            assert faulty or not found.paused, found.paused
        if self._sandbox is not None:
            self._sandbox.clock.advance(self._pause)
        return found

    def quarantine(self) -> list[str]:
        """Why records wait for a person."""
        from hub.bootstrap import App
        from hub.config.read import read_config

        with App(read_config(self.folder / "config.toml"), registry=_registry()) as app:
            return [item.message for item in app.store.work.quarantined()]

    def rows(self) -> dict[str, dict[str, str]]:
        """The rows of the sheet by e-mail address (in small letters)."""
        with self.sheet.open(encoding="utf-8", newline="") as file:
            return {row["email"].lower(): row for row in csv.DictReader(file)}

    def edit(self, old: str, new: str) -> None:
        """Replace a text of the sheet, which must be there."""
        text = self.sheet.read_text(encoding="utf-8")
        assert old in text
        self.sheet.write_text(text.replace(old, new), encoding="utf-8")
