"""One process serves a store; the others wait and take over."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import IO

from hub.service.desk import Desk
from hub.service.lease import Lease


class Election:
    """This process as a candidate: the lease in the store, and a lock of the operating system by which processes of one
    machine see at once that another one has died."""

    def __init__(self, desk: Desk, path: Path, label: str, clock: Callable[[], float]) -> None:
        self._desk, self._clock = desk, clock
        self._path = path.with_suffix(path.suffix + ".serve.lock")
        self._file: IO[str] | None = None
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
        if self._file is None:
            file = self._path.open("a+")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            self._file = file
        return True

    def _unlock(self) -> None:
        if self._file is not None:
            self._file.close()  # which gives the lock back
            self._file = None
