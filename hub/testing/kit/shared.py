"""Servers that are too slow to start for every rule: one for the whole process, empty again for each rule."""

from __future__ import annotations

import atexit
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from hub.testing.servers import RunningServer

_lock = threading.Lock()
_running: dict[str, RunningServer] = {}


def shared_server(name: str, start: Callable[[Path], RunningServer]) -> RunningServer:
    """The server of that name; the first call starts it in a folder that goes away with the process.

    The bench must leave it empty, or give each rule a part of its own (a new address book, a new database).
    """
    with _lock:
        if name not in _running:
            place = tempfile.TemporaryDirectory(prefix=f"crmhub-{name}-", ignore_cleanup_errors=True)
            atexit.register(place.cleanup)
            server = start(Path(place.name))
            atexit.register(server.stop)  # before the folder goes: what was registered last runs first
            _running[name] = server
        return _running[name]
