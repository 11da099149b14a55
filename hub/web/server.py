"""The HTTP server of ``crmhub serve``: a part that runs beside the syncs, in a thread of its own."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn

from hub.config.timing import Address
from hub.contract.errors import HubError
from hub.http.listeners import some_turns, stop_accepting
from hub.service.events import log_event

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_MOST = 200
"""Connections at a time; more are answered by 503."""
PROXIES = "127.0.0.1,::1"
"""Who may say by X-Forwarded-For and -Proto who the caller is: proxies of this machine."""
_AGAIN = 1.0
"""Seconds between two attempts to take an address."""
_GRACE = 5
"""Seconds that requests under way get to end."""


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await stop_accepting(self.servers)
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # what did not end in time
            connection.transport.abort()
        await some_turns()


class HttpServer:
    """Answers at an address from ``start`` to ``stop``; may be started again.

    address: port 0 takes any free one;  make: the application, made anew at each start;  patient: whether an address that
    is taken is waited for: the process that served before may be asleep and still hold it.
    """

    def __init__(
        self, address: Address, make: Callable[[], ASGIApp], patient: Callable[[], bool] = lambda: False
    ) -> None:
        self._address, self._make, self._patient = address, make, patient
        self._waiter: threading.Thread | None = None
        self._over = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.url = ""

    def start(self) -> None:
        """Listen, then answer.  Raises HubError if the address cannot be used, and is not waited for."""
        self._over.clear()
        try:
            listener = _listen(self._address)
        except HubError as error:
            if not self._patient():
                raise
            log_event("address_taken", level=logging.WARNING, message=error.message)
            self._waiter = threading.Thread(target=self._wait, name="crmhub-http-wait", daemon=True)
            self._waiter.start()
            return
        self._answer(listener)

    def _wait(self) -> None:
        while not self._over.wait(_AGAIN):
            try:
                listener = _listen(self._address)
            except HubError:
                continue
            self._answer(listener)
            return

    def _answer(self, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        config = uvicorn.Config(
            self._make(),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            loop="asyncio",
            http="h11",
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips=PROXIES,
            timeout_graceful_shutdown=_GRACE,
            limit_concurrency=_MOST,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="crmhub-http", daemon=True
        )
        self._thread.start()
        log_event("listening", url=self.url)

    def stop(self) -> None:
        """Let requests under way end, and close."""
        self._over.set()
        if self._waiter is not None:
            self._waiter.join()
            self._waiter = None
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(_GRACE + 5)
        self._server = self._thread = None


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # The protocol is named, because asyncio turns off the delays of small packets only where it knows that this is TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise HubError(
            f"{address} cannot be used: {error.strerror}",
            where="[serve] listen",
            hint='Name another one, or listen = "off" for no pages and webhooks',
        ) from None
    return listener
