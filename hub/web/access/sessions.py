"""Sessions: what the browser holds is random, what the store holds is its hash."""

from __future__ import annotations

import hashlib
import secrets

from hub.store.users import Session

IDLE = 30 * 60.0
"""Seconds without a request after which a session is over."""
LONGEST = 12 * 3600.0
"""Seconds after which a session is over in any case."""
NOTED = 60.0
"""Seconds between two notes of when a session was seen."""
SHOWN = 15 * 60.0
"""Seconds for which personal data is shown after it was asked for."""


def id_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def begin(user: str, now: float) -> tuple[str, Session]:
    """(what the browser gets, what is stored)"""
    token = secrets.token_urlsafe(32)
    return token, Session(id_of(token), user, secrets.token_urlsafe(32), now, now)


def is_over(session: Session, now: float) -> bool:
    """A clock that was put back does not make a session longer."""
    return not (0 <= now - session.created < LONGEST and -NOTED <= now - session.seen < IDLE)
