"""The keys that tokens are encrypted with.  They are kept apart from what they protect.

CRMHUB_KEYS (environment): "ID:KEY" or several with commas, the first for what is written from now on; else the file
``crmhub.keys`` beside the configuration (mode 0600), one "ID:KEY" a line, made at first use.  KEY: 32 bytes in base64.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.contract.errors import HubError

VARIABLE = "CRMHUB_KEYS"
FILE = "crmhub.keys"
_BYTES = 32


class KeyProblem(HubError):
    """There is no usable key."""

    code = "secret"


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Keys by id; ``current`` is for writing."""

    current: str
    by_id: Mapping[str, bytes]


def load_keys(folder: Path, environment: Mapping[str, str] = os.environ) -> Keys:
    """The keys of a configuration; makes the file at first use.  Raises KeyProblem."""
    given = environment.get(VARIABLE, "")
    if given:
        return _parse(given.split(","), f"environment variable {VARIABLE}")
    path = folder / FILE
    try:
        if path.stat().st_mode & 0o077:
            raise KeyProblem("the key file can be read by others", where=str(path), hint=f"Run: chmod 600 {path}")
        lines = path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        lines = [_make(path)]
    except (OSError, UnicodeDecodeError) as error:
        raise KeyProblem(f"the key file cannot be read: {type(error).__name__}", where=str(path)) from None
    return _parse(lines, str(path))


def new_line() -> str:
    """A new key, as a line of the file."""
    return f"k{secrets.token_hex(3)}:{base64.b64encode(secrets.token_bytes(_BYTES)).decode()}"


def in_environment(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the keys are given by the environment, which only who sets it can change."""
    return bool(environment.get(VARIABLE, ""))


def add_key(folder: Path) -> Keys:
    """Make a new key the current one of the file; the earlier ones stay for what they have encrypted.  Raises
    KeyProblem."""
    before = load_keys(folder, {})
    lines = [f"{name}:{base64.b64encode(key).decode()}" for name, key in before.by_id.items()]
    return _write(folder / FILE, [new_line(), *lines])


def keep_keys(folder: Path, wanted: set[str]) -> Keys:
    """Take keys out of the file with which nothing is encrypted any more; the current one stays.  Raises KeyProblem."""
    before = load_keys(folder, {})
    kept = {name: key for name, key in before.by_id.items() if name in wanted or name == before.current}
    return _write(folder / FILE, [f"{name}:{base64.b64encode(key).decode()}" for name, key in kept.items()])


def _write(path: Path, lines: list[str]) -> Keys:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        raise KeyProblem(f"the key file cannot be written: {error.strerror}", where=str(path)) from None
    return _parse(lines, str(path))


def _make(path: Path) -> str:
    line = new_line()
    try:
        # Written whole under another name first: another process never sees half a key, and the first one wins.
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            line = path.read_text(encoding="ascii").splitlines()[0]
        finally:
            draft.unlink()
    except OSError as error:
        raise KeyProblem(
            f"the key file cannot be made: {error.strerror}",
            where=str(path),
            hint=f"Make the folder writable, or set {VARIABLE}",
        ) from None
    return line


def _parse(lines: list[str], where: str) -> Keys:
    found: dict[str, bytes] = {}
    for line in filter(None, map(str.strip, lines)):
        name, _, text = line.partition(":")
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error:
            key = b""
        if not name or len(key) != _BYTES:
            raise KeyProblem("a key must look like ID:KEY, with 32 bytes in base64", where=where)
        found[name] = key
    if not found:
        raise KeyProblem("there is no key in it", where=where)
    return Keys(next(iter(found)), found)
