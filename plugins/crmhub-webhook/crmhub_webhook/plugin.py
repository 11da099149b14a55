"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhub_webhook.notifier import Webhook
from hub.plugin import Notifier, hookimpl


@hookimpl
def hub_notifiers() -> Sequence[type[Notifier[Any]]]:
    """The notifier class."""
    return [Webhook]
