from __future__ import annotations

import asyncio
import gc
import socket
import warnings

from hub.http.listeners import some_turns, stop_accepting


class _Protocol(asyncio.Protocol):
    made: list[asyncio.Transport]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.made.append(transport)


def test_a_connection_that_comes_in_while_a_server_ends_leaves_no_socket_open() -> None:
    """Seen twice in a run of all tests: the socket was found minutes later, and failed a test that had nothing to do with it."""

    async def connect_and_end_after(turns: int) -> int:
        _Protocol.made = []
        server = await asyncio.get_running_loop().create_server(_Protocol, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()):
            for _ in range(turns):
                await asyncio.sleep(0)
            await stop_accepting([server])
            for transport in _Protocol.made:
                transport.abort()
            await some_turns()
        return len(_Protocol.made)

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        connections = [asyncio.run(connect_and_end_after(turns)) for turns in range(6)]
        gc.collect()
    assert not [str(item.message) for item in told if "unclosed" in str(item.message)]
    assert {0, 1} == set(connections), "some of the moments are before the server knows the connection, some after"
