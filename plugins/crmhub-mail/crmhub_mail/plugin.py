"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_mail.connector import Imap
from crmhub_mail.smtp import Smtp
from hub.plugin import Connector, Notifier, hookimpl


@hookimpl
def hub_connectors() -> Sequence[type[Connector[Any]]]:
    """The connector class."""
    return [Imap]


@hookimpl
def hub_notifiers() -> Sequence[type[Notifier[Any]]]:
    """The notifier class."""
    return [Smtp]


@hookimpl
def hub_benches() -> Mapping[str, str]:
    """Two real servers: one with CONDSTORE and QRESYNC, one without."""
    return {
        "imap.messages": "crmhub_mail.bench:DovecotBench",
        "imap.messages.pymap": "crmhub_mail.bench:PymapBench",
    }
