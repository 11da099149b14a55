"""A login's tokens, and where they are kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """access: what requests carry; refresh: what a new one is asked for with ("" if none); expires: seconds since the
    epoch, None if never; extra: what else the answer said and is needed later; scope: what was granted."""

    access: str
    refresh: str = ""
    expires: float | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    scope: str = ""


class Tokens(Protocol):
    """Keeps the token of one credential."""

    def read(self) -> Token | None:
        """The token, or None."""

    def save(self, token: Token) -> None:
        """Keep a token in place of the one before, in one step."""

    def locked(self) -> AbstractContextManager[object]:
        """Hold the only right to ask for a new token."""


class MemoryTokens:
    """Keeps a token as long as the process lives."""

    def __init__(self, token: Token | None = None) -> None:
        self._token = token
        self._lock = threading.Lock()

    def read(self) -> Token | None:
        """The token, or None."""
        return self._token

    def save(self, token: Token) -> None:
        """Keep a token."""
        self._token = token

    def locked(self) -> AbstractContextManager[object]:
        """Hold the lock."""
        return self._lock
