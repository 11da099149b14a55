"""Which passwords are refused: by length, by words that belong to this installation, by how soon they would be guessed,
and by a list that an admin names.  Length counts; which characters a password has does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hub.contract.errors import HubError

if TYPE_CHECKING:
    from hub.config.model import Config

SHORTEST = 12
LONGEST = 200
"""Characters; a longer one would only cost time."""
GUESSES = 1e10
"""Guesses that a password must withstand, as zxcvbn counts them: its highest grade."""
_ESTIMATED = 72
"""Characters that are looked at to count guesses; what comes after them only makes a password better."""
USUAL = frozenset(
    ("password", "passwort", "crmhub", "qwert", "letmein", "welcome", "12345", "00000", "11111", "changeme")
)
"""What is tried first anywhere, and the name of this program."""
ROLES = frozenset(("admin", "operator", "viewer"))
_SHORT_WORD = 4
"""A shorter word of the installation says too little to refuse it."""


class NoList(HubError):
    """The list of refused passwords cannot be read; no password is taken without it."""

    code = "config"


@dataclass(frozen=True, slots=True)
class Policy:
    """words: of this installation;  refused: a file of passwords, one a line, None for none."""

    words: frozenset[str] = frozenset()
    refused: Path | None = None

    def weakness(self, password: str, name: str) -> str:
        """Why a password is not good enough, "" if it is.  Raises NoList."""
        if len(password) < SHORTEST:
            return f"it has {len(password)} characters; {SHORTEST} or more are needed"
        if len(password) > LONGEST:
            return f"it has more than {LONGEST} characters"
        small = password.casefold()
        if name and name.casefold() in small:
            return "it holds the user's name"
        if len(set(small)) < 5:
            return "it repeats a few characters"
        rest = small
        for word in sorted(USUAL | ROLES | self.words, key=len, reverse=True):
            rest = rest.replace(word, "")
        if len(rest) < SHORTEST // 2:
            return "it is made of words that are tried first, or of names of this installation"
        if self.refused is not None and small in _listed(self.refused):
            return "it is in the list of refused passwords"
        if _guesses(password, (name, *self.words)) < GUESSES:
            return "it is one of those that are guessed soon"
        return ""


def policy_of(config: Config) -> Policy:
    """What a configuration says about passwords: its hosts, connections and syncs are words that are not to be used."""
    return Policy(frozenset(_words(config)), config.serving.refused_passwords)


def _words(config: Config) -> Iterator[str]:
    serving = config.serving
    listen = serving.listen.host if serving.listen is not None else ""
    names = [urlsplit(serving.public_url).hostname or "", listen, *config.connections, *config.syncs]
    for name in names:
        for word in re.split(r"[\W_]+", name.casefold()):
            if len(word) >= _SHORT_WORD and not word.isdecimal():
                yield word


def _listed(path: Path) -> frozenset[str]:
    try:
        at = path.stat().st_mtime_ns
        return _read(path, at)
    except OSError as error:
        raise NoList(
            f"the list of refused passwords cannot be read: {error.strerror}",
            where=str(path),
            hint="Correct refused_passwords in [serve]",
        ) from None


@lru_cache(maxsize=1)
def _read(path: Path, _at: int) -> frozenset[str]:
    """Only what is long enough to be a password here, in small letters."""
    found = set()
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            text = line.rstrip("\r\n").casefold()
            if SHORTEST <= len(text) <= LONGEST:
                found.add(text)
    return frozenset(found)


def _guesses(password: str, words: tuple[str, ...]) -> float:
    from zxcvbn import zxcvbn  # its lists take memory, and passwords are set rarely

    found: dict[str, Any] = zxcvbn(password[:_ESTIMATED], user_inputs=[word for word in words if word])
    return float(found["guesses"])
