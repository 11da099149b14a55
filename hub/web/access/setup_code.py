"""The first user of the pages: made with a code that only who started ``crmhub serve`` has seen."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.store.store import Store

_KEY = "web_setup"
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no letters that look like figures
LIFE = 24 * 3600.0
TRIES = 10
"""Wrong codes after which a new one must be made, by starting again."""


def make(store: Store, now: float) -> str:
    """A new code, 140 bits; earlier ones are void.  Only its hash is stored."""
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(7))
    with store.transaction():
        store.work.set_meta(_KEY, f"{_hash(code)} {now + LIFE} {TRIES}")
    return code


def is_right(store: Store, code: str, now: float) -> bool:
    """Whether this is the code; a wrong one uses up a try.  It is void once there is a user."""
    with store.transaction():
        parts = store.work.meta(_KEY).split()
        if len(parts) != 3 or store.users.count() or now >= float(parts[1]) or int(parts[2]) <= 0:
            return False
        if hmac.compare_digest(parts[0], _hash(code)):
            return True
        store.work.set_meta(_KEY, f"{parts[0]} {parts[1]} {int(parts[2]) - 1}")
    return False


def void(store: Store) -> None:
    store.work.set_meta(_KEY, "")


def _hash(code: str) -> str:
    return hashlib.sha256(code.strip().upper().encode("utf-8", "replace")).hexdigest()
