"""Stores on a PostgreSQL that is started for the benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hub.testing.stores import start_databases


@contextmanager
def databases() -> Iterator[Callable[[], str]]:
    """Gives the URL of an empty database at each call."""
    with start_databases() as server:
        yield lambda: server.address(server.empty().address.database)
