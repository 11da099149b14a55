"""Tokens in encrypted files (AES-256-GCM): one for each credential, replaced in one step, locked by the system."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.contract.errors import AuthError, HubError
from hub.tokens.keys import Keys
from hub.tokens.token import Token

_NONCE = 12


class FileTokens:
    """Keeps the token of one credential in a folder.

    name: the credential; also bound to the content, so that files cannot be swapped;  keys: called when needed;
    hide: told every token that is read or kept, so that no log shows it.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        keys: Callable[[], Keys],
        *,
        hide: Callable[[list[str]], None] = lambda _secrets: None,
        where: str = "",
        hint: str = "",
    ) -> None:
        self._path = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.token"
        self._name = name.encode()
        self._keys = keys
        self._hide = hide
        self._where, self._hint = where, hint

    def read(self) -> Token | None:
        """The token, or None.  Raises AuthError for a file that cannot be decrypted."""
        try:
            content = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._unreadable(type(error).__name__) from None
        token = self._open(content)
        self._hide([token.access, token.refresh])
        return token

    def stamp(self) -> str:
        """Changes whenever another token is kept; "" if there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return ""
        return f"{found.st_mtime_ns}-{found.st_size}"

    def save(self, token: Token) -> None:
        """Encrypt and keep a token; a crash leaves the old one or the new one."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._hide([token.access, token.refresh])
        keys = self._keys()
        nonce = secrets.token_bytes(_NONCE)
        text = json.dumps(dataclasses.asdict(token)).encode()
        sealed = AESGCM(keys.by_id[keys.current]).encrypt(nonce, text, self._name)
        content = {"key": keys.current, "nonce": nonce.hex(), "sealed": sealed.hex()}
        draft = self._path.with_suffix(f".{secrets.token_hex(4)}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._path)
        except OSError as error:
            raise HubError(f"the token cannot be kept: {error.strerror}", where=str(self._path.parent)) from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock; threads have one file description each, so it also holds between them."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)

    def _open(self, content: dict[str, str]) -> Token:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        keys = self._keys()
        name = content.get("key", "")
        if name not in keys.by_id:
            raise self._unreadable(f"the key {name!r} is not known any more")
        try:
            sealed, nonce = bytes.fromhex(content["sealed"]), bytes.fromhex(content["nonce"])
            return Token(**json.loads(AESGCM(keys.by_id[name]).decrypt(nonce, sealed, self._name)))
        except (KeyError, ValueError, TypeError, InvalidTag):
            raise self._unreadable("it was changed, or made with another key") from None

    def _unreadable(self, reason: str) -> AuthError:
        return AuthError(f"the kept login cannot be read: {reason}", where=self._where, hint=self._hint)
