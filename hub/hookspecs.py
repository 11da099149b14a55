"""The hooks that a plugin may implement (pluggy, prefix ``hub_``).  They return values and have no side effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pluggy

from hub.contract.connector import AnyConnector
from hub.contract.notices import AnyNotifier

hookspec = pluggy.HookspecMarker("crmhub")
hookimpl = pluggy.HookimplMarker("crmhub")


@hookspec
def hub_connectors() -> Sequence[type[AnyConnector]]:  # type: ignore[empty-body]  # pluggy specs have no body
    """Return the connector classes of this plugin."""


@hookspec
def hub_transforms() -> Mapping[str, Any]:  # type: ignore[empty-body]  # pluggy specs have no body
    """Return transform pairs for mappings: name -> hub.mapping.transforms.Transform factory."""


@hookspec
def hub_policies() -> Mapping[str, Callable[..., Any]]:  # type: ignore[empty-body]  # pluggy specs have no body
    """Return conflict policies: name -> function(candidates) -> index of the winner."""


@hookspec
def hub_matchers() -> Mapping[str, Callable[..., Any]]:  # type: ignore[empty-body]  # pluggy specs have no body
    """Return matchers: name -> function(left, right) -> score from 0 to 1, for the review of first links."""


@hookspec
def hub_secret_sources() -> Mapping[str, Callable[[Any], str]]:  # type: ignore[empty-body]  # pluggy specs have no body
    """Return secret sources: name of the key in a secret reference -> function(argument) -> secret."""


@hookspec
def hub_notifiers() -> Sequence[type[AnyNotifier]]:  # type: ignore[empty-body]  # pluggy specs have no body
    """Return the notifier classes of this plugin (hub.plugin.Notifier): ways to tell people, by mail for example."""


@hookspec
def hub_review_plan(plan: Any) -> Sequence[str]:  # type: ignore[empty-body]  # pluggy specs have no body
    """Look at a plan before it is applied; every text returned is a veto with its reason."""


@hookspec
def hub_conflict_found(conflict: Any) -> None:
    """A conflict was recorded in the ledger."""


@hookspec
def hub_run_finished(summary: Any) -> None:
    """A run ended; ``summary`` is what ``runs show --json`` prints."""


@hookspec
def hub_sandboxes() -> Mapping[str, str]:  # type: ignore[empty-body]  # pluggy specs have no body
    """Return local servers for tests and demos: name -> "module:Class" of a hub.testing.sandbox.Sandbox."""


@hookspec
def hub_benches() -> Mapping[str, str]:  # type: ignore[empty-body]  # pluggy specs have no body
    """Return what the contract kit tries connectors on: "CONNECTOR.RESOURCE" or a longer name that begins so ->
    "module:Class" of a hub.testing.kit.Bench, imported only when it is run."""


@hookspec
def hub_commands() -> Sequence[Any]:  # type: ignore[empty-body]  # pluggy specs have no body
    """Return typer apps to add to the command line."""
