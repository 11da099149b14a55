"""The store of a configuration: where it is, who holds it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from hub.bootstrap.parts import private_folder
from hub.config.model import Config
from hub.config.redact import Redactor
from hub.config.secrets import fetch_secret
from hub.loader import Registry

if TYPE_CHECKING:
    from hub.store.location import Location
    from hub.store.store import Store

DATABASE = "hub.db"
SERVE = "crmhub serve"
"""How the processes that serve call themselves."""


class Storage:
    """Opens the store at first use.

    plugins:  those that this configuration needs: a secret may be kept by one;  the rest as in ``App``.
    """

    def __init__(
        self,
        config: Config,
        plugins: Callable[[], Registry],
        redact: Redactor,
        *,
        label: str,
        patience: float,
        waits: Callable[[str], None],
        store: Store | None,
    ) -> None:
        self._config, self._plugins, self._redact = config, plugins, redact
        self._label, self._patience, self._waits = label, patience, waits
        self._store, self._lent = store, store is not None
        self._location: Location | None = None

    def close(self) -> None:
        """Close what was opened here."""
        if self._store is not None and not self._lent:
            self._store.close()
            self._store = None

    @property
    def location(self) -> Location:
        """Where the store is.  Raises StoreError if what is needed to reach it is not installed."""
        if self._location is None:
            from hub.store.location import located, on_server

            address = self._config.hub.database
            file = self._config.hub.data / DATABASE
            self._location = located(file) if address is None else on_server(address, self.password)
        return self._location

    def password(self) -> str:
        """What the server of the store wants; "" if the configuration leaves that to libpq.  Raises SecretError."""
        reference = self._config.hub.database_password
        if reference is None:
            return ""
        value = fetch_secret(reference, self._config.base, self._plugins().secret_sources)
        self._redact.add([value])
        return value

    @property
    def store(self) -> Store:
        """The store, opened (and made) at first use.  Raises StoreError."""
        if self._store is None:
            from hub.store.store import open_store

            private_folder(self._config.hub.data)
            self._store = open_store(self.location)
        return self._store

    @contextmanager
    def writing(self) -> Iterator[Store]:
        """Hold the process lock and give the store.  Raises Locked if another process runs on it; a run of ``crmhub
        serve`` is waited for, because it ends and the next one lets others go first."""
        private_folder(self._config.hub.data)
        with ExitStack() as stack:
            self._wait_for(lambda: stack.enter_context(self.location.holding(self._label, lambda: self.store.db)))
            store = self.store
            store.refresh()
            yield store

    def _wait_for(self, enter: Callable[[], object]) -> None:
        from hub.store.errors import Locked

        end, told = time.monotonic() + self._patience, False
        while True:
            try:
                enter()
                return
            except Locked as error:
                if not error.holder.startswith(SERVE) or time.monotonic() >= end:
                    raise
                if not told:
                    told = True
                    self._waits(f"{error.holder} is syncing; waiting until it has finished")
            time.sleep(0.1)
