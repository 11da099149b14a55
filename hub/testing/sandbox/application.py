"""What every sandbox is: a web application, a state, a clock, switches and a user."""

from __future__ import annotations

import threading
import traceback
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.testing.sandbox.calls import Call, Endpoint, Refused, reply
from hub.testing.sandbox.clock import Clock
from hub.testing.sandbox.control import Control
from hub.testing.sandbox.deliveries import Deliveries
from hub.testing.sandbox.faults import Faults
from hub.testing.sandbox.state import State
from hub.testing.sandbox.switches import Switches


class Sandbox(ABC):
    """A local server that answers as one system does.

    Subclasses name their ``routes``, their ``user`` (its public methods are what a person can do) and how errors look.
    Calls are answered one at a time; ``url`` is known once it runs; ``crashes`` are faults of the sandbox itself.
    """

    name: ClassVar[str]
    """As in ``crmhub sandbox NAME``."""
    title: ClassVar[str]
    """The system and version it stands for."""
    switches_type: ClassVar[type[Switches]] = Switches
    """Its switches, if it has more than every sandbox."""

    user: Any

    def __init__(
        self, *, file: Path | None = None, clock: Clock | None = None, switches: Switches | None = None
    ) -> None:
        self.state = State(file)
        self.clock = clock or Clock()
        self.switches: Switches = switches or self.switches_type()
        self.first_switches = self.switches.model_copy()
        self.calls: Counter[str] = Counter()
        self.crashes: list[str] = []
        self.url = ""
        self.deliveries = Deliveries(lambda: self.switches)
        self._lock = threading.RLock()
        self._faults: Faults | None = None

    @abstractmethod
    def routes(self) -> Sequence[Endpoint]:
        """The routes of the system, most specific first."""

    @abstractmethod
    def credentials(self) -> Mapping[str, str]:
        """Made-up credentials that this sandbox accepts, by the name of the connector's setting."""

    @abstractmethod
    def seed(self, customers: int) -> None:
        """Fill it with so many made-up customers."""

    @abstractmethod
    def is_filled(self) -> bool:
        """Whether it holds customers already (after a restart)."""

    def settings(self) -> Mapping[str, Any]:
        """More settings that point a connector here, beside the credentials."""
        return {"url": self.url}

    def about(self) -> dict[str, Any]:
        """What a person needs to use it."""
        return {
            "name": self.name,
            "title": self.title,
            "url": self.url,
            "settings": dict(self.settings()),
            "credentials": dict(self.credentials()),
        }

    # how errors look in this system

    def throttled(self) -> Response:
        """Too many requests."""
        return reply(429, {"error": "too many requests"})

    def too_many_at_once(self) -> Response:
        """More calls at the same time than allowed."""
        return self.throttled()

    def failed(self, status: int) -> Response:
        """An error of the server or of something before it."""
        return reply(status, {"error": f"status {status}"})

    def error_under_200(self) -> Response:
        """An error that comes with HTTP 200."""
        return reply(200, {"error": "internal error"})

    def unknown(self, call: Call) -> Response:
        """There is no such route."""
        return reply(404, {"error": "not found"})

    def finish(self, call: Call, answer: Response) -> Response:
        """Add to every answer what the system adds, such as headers that tell how much is left of a limit."""
        return answer

    # time

    def now(self) -> datetime:
        """The time by the system's own clock: UTC, with its skew and its resolution."""
        now = self.clock.now() + timedelta(seconds=self.switches.clock_skew)
        return now.replace(microsecond=0) if self.switches.one_second_clock else now

    def date_header(self) -> str:
        """The time as HTTP says it."""
        return format_datetime(self.now(), usegmt=True)

    def indexed_until(self) -> datetime:
        """Changes up to this time are found by search."""
        return self.now() - timedelta(seconds=self.switches.index_lag)

    # work

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One call or one action of a user at a time; what it changed lasts afterwards."""
        with self._lock:
            yield
            self.state.commit()

    @property
    def faults(self) -> Faults:
        """The outermost application."""
        if self._faults is None:
            self._faults = Faults(self._application(), self)
        return self._faults

    def close(self) -> None:
        """Send the queued webhooks and give the file back."""
        self.deliveries.close()
        self.state.close()

    def _application(self) -> Starlette:
        endpoints = [*Control(self).endpoints(), *self.routes()]
        routes = [Route(item.path, self._asgi(item), methods=[item.method]) for item in endpoints]
        answer = self._asgi(Endpoint("", "unknown", self.unknown))

        async def missing(request: Request, error: Exception) -> Response:
            found: Response = await answer(request)
            return found

        return Starlette(routes=routes, exception_handlers={404: missing, 405: missing})

    def _asgi(self, endpoint: Endpoint) -> Any:
        async def answer(request: Request) -> Response:
            body = await request.body()
            call = Call(
                request.method,
                request.url.path,
                str(request.url),
                request.path_params,
                request.query_params,
                request.headers,
                body,
                endpoint.path,
            )
            return self._handle(endpoint, call)

        return answer

    def _handle(self, endpoint: Endpoint, call: Call) -> Response:
        if not call.path.startswith("/_sandbox"):
            self.calls[f"{call.method} {endpoint.path}"] += 1
        try:
            with self.turn():
                try:
                    answer = endpoint.handler(call)
                except Refused as refused:
                    answer = refused.answer
                return self.finish(call, answer)
        except Exception:  # noqa: BLE001  # a server answers whatever happens; ``running`` reports it to the test
            self.crashes.append(f"{call.method} {call.url}\n{traceback.format_exc()}")
            return reply(500, {"error": "the sandbox itself failed", "trace": self.crashes[-1]})
