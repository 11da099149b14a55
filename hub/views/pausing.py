"""Letting a connection go on that an earlier error kept back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.bootstrap import App


def release(app: App, connection: str) -> bool:
    """A connection may be tried again; the syncs that it belongs to start as soon as they may.  Whether it was kept
    back by an earlier error."""
    from hub.service.circuits import Circuit
    from hub.service.desk import Desk

    desk = Desk(app.store.db)
    waited = desk.circuit(connection).state != "closed"
    if waited:
        desk.save_circuits([Circuit(connection)])
    desk.make_due([sync.name for sync in app.config.syncs.values() if connection in sync.systems], app.clock())
    return waited


def release_if_kept(app: App, connection: str) -> bool:
    """The same where an earlier error keeps the connection back; nothing is made or opened where there is no store."""
    from hub.service.desk import Desk

    if not app.storage.location.exists() or Desk(app.store.db).circuit(connection).state == "closed":
        return False
    return release(app, connection)
