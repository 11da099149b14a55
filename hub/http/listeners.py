"""Ending asyncio servers so that no socket stays open behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

_TURNS = 5
"""Turns of an event loop after which a connection that was accepted, or aborted, is known to its protocol as such: three
in Python 3.11, however busy the machine is."""


async def stop_accepting(servers: Iterable[asyncio.Server]) -> None:
    """Close listening sockets, after what they have accepted has its connection.

    ``Server.close`` alone, up to Python 3.11, leaves the socket open of a connection that was accepted just before: the
    transport is made afterwards and fails, because the server is closed.
    """
    servers, loop = list(servers), asyncio.get_running_loop()
    for server in servers:
        for listening in server.sockets:
            loop.remove_reader(listening.fileno())
    await some_turns()
    for server in servers:
        server.close()


async def some_turns() -> None:
    """Let the event loop finish what it has begun with connections."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
