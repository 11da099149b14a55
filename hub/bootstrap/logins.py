"""The logins of connections: tokens that are kept encrypted in files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hub.config.model import Config, Connection
from hub.config.redact import Redactor
from hub.config.settings import open_settings
from hub.connected import addresses_of
from hub.contract.connector import ConnectorConfig
from hub.loader import Registry

if TYPE_CHECKING:
    from hub.tokens.files import FileTokens


class Logins:
    """Where the logins of a configuration are kept.  Arguments as of ``Storage``."""

    def __init__(self, config: Config, plugins: Callable[[], Registry], redact: Redactor) -> None:
        self._config, self._plugins, self._redact = config, plugins, redact

    def of(self, connection: Connection, settings: ConnectorConfig) -> FileTokens:
        """Where the login of a connection is kept.  It belongs to the addresses: it is never sent elsewhere."""
        from hub.tokens.files import FileTokens
        from hub.tokens.keys import load_keys

        return FileTokens(
            self._config.hub.data / "tokens",
            "/".join((connection.plugin, connection.name, *sorted(addresses_of(settings)))),
            lambda: load_keys(self._config.base),
            hide=self._redact.add,
            where=connection.name,
            hint=f"Run `crmhub connect login {connection.name}`",
        )

    def files(self) -> list[Path]:
        """The files of all logins that are kept."""
        return sorted((self._config.hub.data / "tokens").glob("*.token"))

    @staticmethod
    def key_of(path: Path) -> str:
        """The key with which a login is encrypted."""
        return str(json.loads(path.read_bytes()).get("key", ""))

    def encrypt_again(self, name: str) -> int:
        """Encrypt the login of a connection with the current key; 0 if it has none.  Raises HubError."""
        connection = self._config.connections[name]
        settings, secrets = open_settings(connection, self._config, self._plugins())
        self._redact.add(secrets)
        tokens = self.of(connection, settings)
        if not tokens.stamp():
            return 0
        with tokens.locked():
            token = tokens.read()
            if token is not None:
                tokens.save(token)
        return 1
