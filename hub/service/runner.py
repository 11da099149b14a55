"""Running a sync for the scheduler, with everything opened for this run alone: a changed secret or mapping counts from
the next run on, and nothing is kept open in between."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from hub.bootstrap import App
from hub.config.model import Config, Sync
from hub.config.redact import Redactor, mask_text
from hub.config.secrets import SecretSources
from hub.contract.errors import ConnectorError, HubError
from hub.loader import Registry, load
from hub.service.desk import Desk
from hub.service.events import log_event
from hub.service.outcomes import fingerprint_of
from hub.service.plans import keep_held
from hub.service.scheduler import Report
from hub.store.errors import Locked
from hub.store.store import Store

MOST = 20
"""Records that are named in the log after a run."""


class AppRunner:
    """Runs syncs in this process.  ``stopping``: whether a run should end after its page or batch."""

    def __init__(
        self, desk: Desk, redact: Redactor, stopping: Callable[[], bool], clock: Callable[[], float], label: str
    ) -> None:
        self._desk, self._redact, self._stopping, self._clock, self._label = desk, redact, stopping, clock, label
        self._registry: tuple[tuple[Path, ...], Registry] | None = None
        self._loading = threading.Lock()

    def app(self, config: Config, store: Store | None = None, sources: SecretSources | None = None) -> App:
        """A fresh one; the plugins are loaded once.  ``store``: one that stays open when it is closed;  ``sources``: more
        sources of secrets."""
        with self._loading:
            if self._registry is None or self._registry[0] != config.hub.plugins:
                self._registry = config.hub.plugins, load(config.hub.plugins)
            registry = self._registry[1]
        if sources:
            registry = dataclasses.replace(registry, secret_sources={**registry.secret_sources, **sources})
        app = App(config, registry=registry, clock=self._clock, label=self._label, store=store)
        app.redact = self._redact
        return app

    def run(self, config: Config, sync: Sync, holds: Mapping[str, ConnectorError]) -> Report:
        if self._stopping():
            raise KeyboardInterrupt
        with self.app(config) as app:
            app.holds = dict(holds)
            try:
                with app.writing():
                    result = app.engine(sync.name, progress=self._progress).sync()
            except Locked:
                raise
            except HubError as error:
                return Report(state="error", error=error)
            except Exception as error:  # noqa: BLE001  # one sync's bug must not stop the others
                return Report(state="error", error=HubError(f"a fault of crmhub: {type(error).__name__}: {error}"))
            keep_held(app, result)
            app.announce(result.run)
            self._tell_records(app, result.run)
        counters = result.counters.values()
        counts = {
            key: sum(getattr(item, key) for item in counters)
            for key in ("created", "updated", "deleted", "failed", "calls")
        }
        return Report(result.run, result.state, result.facts_paused | result.paused, counts, None, result)

    def _tell_records(self, app: App, run: str) -> None:
        """One line for each record that this run has set aside, by its id; the first of them."""
        found = [item for item in app.store.work.quarantined() if item.run == run]
        for item in found[:MOST]:
            where = {
                "system": item.system,
                "resource": item.resource,
                "record": mask_text(item.remote_id),
                "gid": item.gid,
            }
            log_event("record_quarantined", level=logging.WARNING, run=run, **where, code=item.code)
        if len(found) > MOST:
            log_event("records_quarantined", level=logging.WARNING, run=run, more=len(found) - MOST)

    def _progress(self, _step: str, _system: str, _done: int, _total: int | None) -> None:
        if self._stopping():
            raise KeyboardInterrupt

    def fingerprint(self, config: Config, connection: str) -> str:
        with self.app(config) as app:
            return fingerprint_of(self._desk, app, connection)
