"""What a first start says: where the pages are, and the code with which the first user is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hub.web.access import setup_code

if TYPE_CHECKING:
    from hub.store.store import Store
    from hub.web.server import HttpServer


class FirstUser:
    """A part of the service.  The code is said to who started it, on its terminal; it is never in an address or a log."""

    def __init__(
        self, store: Store, server: HttpServer, clock: Callable[[], float], say: Callable[[str], None]
    ) -> None:
        self._store, self._server, self._clock, self._say = store, server, clock, say

    def start(self) -> None:
        if self._store.users.count():
            return
        code = setup_code.make(self._store, self._clock())
        self._say(
            f"The pages have no user yet. Open {self._server.url}/setup and make the first one with this code:\n\n"
            f"    {code}\n\nIt can be used once, within a day."
        )

    def stop(self) -> None:
        """Nothing is to be ended."""
