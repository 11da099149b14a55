"""Running a sandbox: in a thread for tests, or as the work of a process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import TypeVar

import uvicorn

from hub.contract.errors import HubError
from hub.http.listeners import some_turns, stop_accepting
from hub.testing.sandbox.application import Sandbox

S = TypeVar("S", bound=Sandbox)
_STOP_SECONDS = 10.0
_CLOSING_SECONDS, _CLOSING_LOOKS = 0.1, 50


class _InThread(uvicorn.Server):
    """A server that another thread can stop at once; its own loop looks only ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ended = threading.Event()
        self._wake: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    async def main_loop(self) -> None:
        event = asyncio.Event()
        self._wake = (asyncio.get_running_loop(), event)
        if not self._ended.is_set():
            await event.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As the original does it, which however always waits a tenth of a second for the connections to end, and leaves
        those open that came in just now or answer longer."""
        await stop_accepting(self.servers)
        for bound in sockets or []:
            bound.close()
        for _ in range(_CLOSING_LOOKS):
            for connection in list(self.server_state.connections):
                connection.shutdown()
            if not self.server_state.connections:
                break
            await asyncio.sleep(_CLOSING_SECONDS / _CLOSING_LOOKS)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await some_turns()

    def stop(self) -> None:
        self._ended.set()
        self.should_exit = self.force_exit = True  # a client's idle connections are not waited for
        if self._wake is not None:
            loop, event = self._wake
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(event.set)


@contextlib.contextmanager
def running(sandbox: S, port: int = 0) -> Iterator[S]:
    """Run a sandbox in a thread and stop it at the end.  port 0: any free one.

    Raises HubError at the end if the sandbox itself failed in between, so that no test passes on a broken sandbox.
    """
    listener = _listen(sandbox, port)
    server = _InThread(_config(sandbox))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name=sandbox.name, daemon=True)
    thread.start()
    try:
        yield sandbox
    finally:
        server.stop()
        thread.join(_STOP_SECONDS)
        listener.close()
        sandbox.close()
    if sandbox.crashes:
        raise HubError(f"the sandbox {sandbox.name} failed {len(sandbox.crashes)} times; first: {sandbox.crashes[0]}")


@contextlib.contextmanager
def serve(sandbox: S, port: int = 0) -> Iterator[uvicorn.Server]:
    """Prepare a server for this process: ``run()`` of what is yielded serves until the process is told to stop."""
    listener = _listen(sandbox, port)
    server = uvicorn.Server(_config(sandbox))
    run = server.run
    server.run = lambda sockets=None: run(sockets or [listener])  # type: ignore[method-assign]  # bound to our socket
    try:
        yield server
    finally:
        listener.close()
        sandbox.close()


def _listen(sandbox: Sandbox, port: int) -> socket.socket:
    # The protocol is named, because asyncio turns off the delays of small packets only where it knows that this is TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise HubError(f"port {port} cannot be used: {error.strerror}", hint="Name another one") from None
    sandbox.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    return listener


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        sandbox.faults,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        loop="asyncio",
        http="h11",
        date_header=False,  # the sandbox has a clock of its own
        server_header=False,
        timeout_graceful_shutdown=1,
    )
