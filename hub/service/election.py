"""One process serves a store; the others wait and take over."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable

from hub.service.desk import Desk
from hub.service.lease import Lease
from hub.store.driver import SERVE
from hub.store.errors import Locked


class Election:
    """This process as a candidate: the lease in the store, and a lock that dies with its process, by which others see at
    once that it is gone."""

    def __init__(self, desk: Desk, label: str, clock: Callable[[], float]) -> None:
        self._desk, self._clock, self._label = desk, clock, label
        self._me = Lease(f"{os.getpid()}-{secrets.token_hex(8)}", label, socket.gethostname(), 0, 0.0, 0.0)

    def take(self) -> Lease | None:
        """The lease, or None while another process has it."""
        alone = self._lock()
        taken = self._desk.take(self._me, self._clock(), alone=alone)
        if taken is None:
            self._unlock()
        return taken

    def beat(self, mine: Lease) -> None:
        """Say that this process lives.  Raises LeaseLost."""
        self._desk.beat(mine, self._clock())
        self._lock()

    def give_up(self, mine: Lease | None) -> None:
        """Let others go first."""
        if mine is not None:
            self._desk.release(mine, self._clock())
        self._unlock()

    def _lock(self) -> bool:
        if not self._desk.db.holds(SERVE):
            try:
                self._desk.db.lock(SERVE, self._label)
            except Locked:
                return False
        return True

    def _unlock(self) -> None:
        self._desk.db.unlock(SERVE)
