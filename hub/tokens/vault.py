"""Secrets that crmhub keeps itself, encrypted (AES-256-GCM), in one file beside the configuration.

The key is elsewhere (hub.tokens.keys), and each value is bound to its name, so that two cannot be swapped.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.errors import HubError
from hub.tokens.keys import Keys

FILE = "crmhub.secrets"
_NONCE = 12
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


class VaultProblem(HubError):
    """A kept secret cannot be had or kept."""

    code = "secret"


@dataclass(frozen=True, slots=True)
class Kept:
    """A secret without its value.  at: when it was set (seconds since the epoch);  key: the key it is encrypted with."""

    name: str
    at: float
    key: str


class Vault:
    """The secrets of one configuration.  keys: called when needed."""

    def __init__(self, folder: Path, keys: Callable[[], Keys]) -> None:
        self.path, self._keys = folder / FILE, keys

    def list(self) -> list[Kept]:
        return [Kept(name, item["at"], item["key"]) for name, item in sorted(self._load().items())]

    def __contains__(self, name: str) -> bool:
        return name in self._load()

    def get(self, name: str) -> str:
        """Raises VaultProblem."""
        found = self._load().get(name)
        if found is None:
            raise VaultProblem(f"there is no secret {name!r}", hint=f"Run: crmhub secrets set {name}")
        return self._open(name, found, self._keys())

    def set(self, name: str, value: str, at: float) -> None:
        """Keep a secret, in place of an earlier one of this name.  Raises VaultProblem."""
        if not _NAME.fullmatch(name):
            raise VaultProblem(
                f"{name!r} is no name for a secret", hint="Use letters, figures and . _ - such as crm.secret"
            )
        if not value:
            raise VaultProblem("a secret must not be empty")
        with self._locked():
            content = self._load()
            content[name] = _seal(name, value, at, self._keys())
            self._save(content)

    def remove(self, name: str) -> bool:
        """Whether there was one."""
        with self._locked():
            content = self._load()
            found = content.pop(name, None)
            if found is not None:
                self._save(content)
        return found is not None

    def encrypt_again(self, keys: Keys) -> int:
        """Encrypt all with the current key; how many.  Raises VaultProblem, with nothing changed."""
        with self._locked():
            content = self._load()
            fresh = {
                name: _seal(name, self._open(name, item, keys), item["at"], keys) for name, item in content.items()
            }
            if fresh:
                self._save(fresh)
        return len(fresh)

    def _open(self, name: str, item: Mapping[str, Any], keys: Keys) -> str:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = keys.by_id.get(item["key"])
        if key is None:
            raise VaultProblem(
                f"the key {item['key']!r} of the secret {name!r} is not known any more", where=str(self.path)
            )
        try:
            sealed, nonce = bytes.fromhex(item["sealed"]), bytes.fromhex(item["nonce"])
            return AESGCM(key).decrypt(nonce, sealed, name.encode()).decode("utf-8")
        except (ValueError, InvalidTag):
            text = f"the secret {name!r} cannot be read: it was changed, or made with another key"
            raise VaultProblem(text, where=str(self.path), hint=f"Run: crmhub secrets set {name}") from None

    def _load(self) -> dict[str, Any]:
        try:
            if self.path.stat().st_mode & 0o077:
                raise VaultProblem(
                    "the file of secrets can be read by others",
                    where=str(self.path),
                    hint=f"Run: chmod 600 {self.path}",
                )
            content: dict[str, Any] = json.loads(self.path.read_text(encoding="ascii"))["secrets"]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise VaultProblem(
                f"the file of secrets cannot be read: {type(error).__name__}", where=str(self.path)
            ) from None
        return content

    def _save(self, content: Mapping[str, Any]) -> None:
        draft = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                json.dump({"format": 1, "secrets": content}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.path)
        except OSError as error:
            raise VaultProblem(f"the secret cannot be kept: {error.strerror}", where=str(self.path)) from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            file = self.path.with_name(f"{self.path.name}.lock").open("a")
        except OSError as error:
            raise VaultProblem(f"the secret cannot be kept: {error.strerror}", where=str(self.path)) from None
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _seal(name: str, value: str, at: float, keys: Keys) -> dict[str, Any]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE)
    sealed = AESGCM(keys.by_id[keys.current]).encrypt(nonce, value.encode("utf-8"), name.encode())
    return {"at": at, "key": keys.current, "nonce": nonce.hex(), "sealed": sealed.hex()}
