"""What a run says about its connections: circuits close, or wait longer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from hub.bootstrap import App
from hub.config.timing import Serving
from hub.connected import OnHold
from hub.contract.errors import AuthError, ConnectorError, HubError
from hub.service.circuits import Circuit, failed, succeeded
from hub.service.desk import Desk


def fingerprint_of(desk: Desk, app: App, connection: str) -> str:
    """What a connection would sign in with, as a keyed hash; "" if its secrets cannot be had now."""
    try:
        return desk.fingerprint(app.signs_in_with(connection))
    except HubError:
        return ""  # nothing can be tried with what is not there; the run says what is missing


def note_systems(
    desk: Desk,
    serving: Serving,
    systems: Collection[str],
    errors: Mapping[str, ConnectorError],
    now: float,
    *,
    held: Collection[str] = (),
    fingerprint: Callable[[str], str] = lambda _name: "",
    shown: Callable[[str], str] = str,
) -> list[Circuit]:
    """Store what a run met on each of its systems; returns the circuits that changed.

    held: systems that the run did not touch;  fingerprint: of what a connection signs in with, asked for if it was
    refused;  shown: takes secrets and addresses out of an error's words, which people are told.
    """
    known = desk.circuits()
    changed = []
    for name in systems:
        error = errors.get(name)
        if name in held or isinstance(error, OnHold):
            continue
        before = known.get(name, Circuit(name))
        if error is None:
            after = succeeded(before)
        else:
            secret = fingerprint(name) if isinstance(error, AuthError) else ""
            after = failed(before, error, now, first=serving.first, longest=serving.longest, secret=secret)
            after = replace(after, message=shown(after.message))
        if after != before:
            changed.append(after)
    desk.save_circuits(changed)
    return changed
