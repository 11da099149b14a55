"""Passwords: hashed with argon2id, tried at most a few at a time."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.contract.errors import HubError

_PATIENCE = 2.0
"""Seconds that a sign-in waits for its turn: threads of the pages must not all stand there."""
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each hash takes 64 MiB: a flood of logins must not take the memory of the syncs."""


class Busy(HubError):
    """Too many passwords are hashed at this moment."""

    code = "busy"


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_PATIENCE):
        raise Busy("too many sign-ins at once", hint="Try again in a moment")
    try:
        yield
    finally:
        _AT_ONCE.release()


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id, RFC 9106 second choice: 64 MiB, 3 passes


@cache
def _nobody() -> str:
    """A hash that no password has, so that an unknown name takes as long as a known one."""
    return _hasher().hash(secrets.token_urlsafe(24))


def hash_password(password: str) -> str:
    with _turn():
        return _hasher().hash(password)


def is_right(hashed: str | None, password: str) -> bool:
    """Whether a password is the one that was hashed; None is nobody's, and takes as long."""
    with _turn():
        try:
            return _hasher().verify(hashed or _nobody(), password) and hashed is not None
        except (VerificationError, InvalidHashError):
            return False
