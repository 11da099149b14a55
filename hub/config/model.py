"""What a configuration says, as frozen values, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.canonical.facts import DEFAULT_BODY
from hub.config.timing import Serving, Timing
from hub.contract.errors import HubError
from hub.store.address import Address
from hub.sync.keep import Retention
from hub.sync.policy import Policy

DEFAULT_RECONCILE = 24 * 3600.0
"""Seconds after which a complete listing checks what change feeds may have missed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct.  line is 1-based, 0 if it belongs to no line; hint says what is allowed."""

    file: str
    line: int
    message: str
    hint: str = ""
    code: str = "config"

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}"
        return f"{text}. {self.hint}" if self.hint else text


class InvalidConfig(HubError):
    """The configuration cannot be used; ``problems`` holds all that one pass found, in the order of the file."""

    code = "config"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda item: (item.file, item.line)))
        count = len(self.problems)
        text = "\n".join(str(item) for item in self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the configuration:\n{text}")


@dataclass(frozen=True, slots=True)
class Hub:
    """[hub]: data and mappings are folders, plugins are local plugin folders, all absolute; region is a country; keep says
    how long history is kept; database is the PostgreSQL server of the store (None: a file in data), and
    database_password a reference to the secret that it wants (None: libpq finds it)."""

    data: Path
    mappings: Path
    region: str | None = None
    plugins: tuple[Path, ...] = ()
    keep: Retention = field(default_factory=Retention)
    database: Address | None = None
    database_password: object = None


@dataclass(frozen=True, slots=True)
class Connection:
    """[connections.NAME]: one account of one system, or [notifiers.NAME]: one way to people.

    kind:      which of the two, for messages.
    settings:  the plugin's own settings as written, secrets as references.
    resources: what to sync of it (empty: everything the connector offers).
    mappings:  resource -> name of the mapping to use instead of the connector's default.
    hosts:     hosts that may be called beside those of the addresses in the settings.
    timeout:   seconds to wait for an answer;  largest_answer: bytes.
    lines:     setting -> line of the file.
    """

    name: str
    plugin: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    mappings: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    region: str | None = None
    hosts: tuple[str, ...] = ()
    ca_file: Path | None = None
    timeout: float = 60.0
    largest_answer: int = 256 * 1024 * 1024
    file: str = ""
    line: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)
    kind: str = "connection"

    def place(self, setting: str = "") -> tuple[str, int]:
        """File and line of a setting (or of the connection itself)."""
        return self.file, self.lines.get(setting, self.line)


@dataclass(frozen=True, slots=True)
class Sync:
    """[syncs.NAME]: systems kept in step.  reconcile: seconds between complete listings; rule_lines: canonical field
    -> line of its policy in the file; interaction_body: characters that are kept of an interaction's text; timing: when it
    runs by itself."""

    name: str
    systems: tuple[str, ...]
    policy: Policy
    reconcile: float = DEFAULT_RECONCILE
    line: int = 0
    rule_lines: Mapping[str, int] = field(default_factory=dict)
    interaction_body: int = DEFAULT_BODY
    timing: Timing = field(default_factory=Timing)


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file.  ``base`` is the folder that relative paths are relative to."""

    file: Path
    hub: Hub
    connections: Mapping[str, Connection] = field(default_factory=dict)
    syncs: Mapping[str, Sync] = field(default_factory=dict)
    notifiers: Mapping[str, Connection] = field(default_factory=dict)
    serving: Serving = field(default_factory=Serving)

    @property
    def base(self) -> Path:
        return self.file.parent
