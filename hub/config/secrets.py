"""Secrets: the file holds references, the values are fetched when a connection is opened."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from hub.config.table import near
from hub.contract.errors import HubError

COMMAND_SECONDS: Final = 30.0
"""How long a command may take to print a secret."""

SecretSources = Mapping[str, Callable[[Any], str]]

HOW: Final = (
    'Write a reference: { env = "NAME" }, { file = "PATH" }, { command = ["PROGRAM", "..."] }, '
    '{ keyring = "SERVICE/USER" } or { secret = "NAME" } (see crmhub secrets set)'
)


class SecretError(HubError):
    """A secret reference cannot be followed.  The message never contains a secret."""

    code = "secret"


def check_secret(reference: object, base: Path, sources: SecretSources) -> None:
    """Whether a reference looks usable, without running commands or asking services.  Raises SecretError."""
    kind, argument = _parts(reference, sources)
    if kind == "env":
        _from_env(argument)
    elif kind == "file":
        _from_file(base / argument)
    elif kind == "command":
        if shutil.which(argument[0]) is None:
            raise SecretError(f"the program {argument[0]!r} of {_show(kind, argument)} was not found")
    elif kind == "keyring":
        _keyring(argument)
    elif kind == "secret":
        _from_vault(base, argument)


def fetch_secret(reference: object, base: Path, sources: SecretSources) -> str:
    """The value of a reference.  Raises SecretError."""
    kind, argument = _parts(reference, sources)
    if kind == "env":
        return _from_env(argument)
    if kind == "file":
        return _from_file(base / argument)
    if kind == "command":
        return _from_command(argument)
    if kind == "keyring":
        return _from_keyring(argument)
    if kind == "secret":
        return _from_vault(base, argument)
    try:
        value = sources[kind](argument)
    except HubError as error:
        raise SecretError(f"the secret source {kind!r} failed: {error.message}", hint=error.hint) from None
    if not isinstance(value, str) or not value:
        raise SecretError(f"the secret source {kind!r} gave nothing for {_show(kind, argument)}")
    return value


def _parts(reference: object, sources: SecretSources) -> tuple[str, Any]:
    known = ("env", "file", "command", "keyring", "secret", *sources)
    if isinstance(reference, str):
        raise SecretError("a secret must not stand in the configuration", hint=HOW)
    if not isinstance(reference, Mapping) or len(reference) != 1:
        raise SecretError("this is no secret reference", hint=HOW)
    ((kind, argument),) = reference.items()
    if kind not in known:
        raise SecretError(
            f"there is no secret source {kind!r}", hint=f"{near(kind, known)}There are: {', '.join(sorted(known))}"
        )
    if kind in ("env", "file", "keyring", "secret") and not (isinstance(argument, str) and argument):
        raise SecretError(f"{kind} needs a text", hint=HOW)
    if kind == "command" and not (
        isinstance(argument, list) and argument and all(isinstance(item, str) for item in argument)
    ):
        raise SecretError("command needs a list of texts: the program and its arguments", hint=HOW)
    return kind, argument


def _show(kind: str, argument: object) -> str:
    return f"{{ {kind} = {argument!r} }}"


def _from_env(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SecretError(f"the environment variable {name} is not set", hint=f"Set it, for example: export {name}=...")
    return value


def _from_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if mode & 0o077:
            raise SecretError(f"the secret file {path} can be read by others", hint=f"Run: chmod 600 {path}")
        value = path.read_text(encoding="utf-8").strip("\r\n")
    except FileNotFoundError:
        raise SecretError(f"the secret file {path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"the secret file {path} cannot be read: {type(error).__name__}") from None
    if not value:
        raise SecretError(f"the secret file {path} is empty", hint="Put the secret into it, on one line")
    return value


def _from_command(command: list[str]) -> str:
    shown = _show("command", command)
    try:
        found = subprocess.run(  # noqa: S603  # the user's own command, without a shell
            command, stdout=subprocess.PIPE, timeout=COMMAND_SECONDS, check=False
        )
    except FileNotFoundError:
        raise SecretError(f"the program {command[0]!r} of {shown} was not found") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SecretError(f"{shown} failed: {type(error).__name__}") from None
    value = found.stdout.decode("utf-8", "replace").strip("\r\n")
    if found.returncode != 0 or not value:
        raise SecretError(f"{shown} ended with status {found.returncode} and gave {'a' if value else 'no'} secret")
    return value


def _keyring(argument: str) -> tuple[str, str]:
    service, _, user = argument.partition("/")
    if not user:
        raise SecretError(f"{_show('keyring', argument)} needs SERVICE/USER")
    if importlib.util.find_spec("keyring") is None:
        raise SecretError("the package 'keyring' is not installed", hint="Run: pip install keyring")
    return service, user


def _from_keyring(argument: str) -> str:
    service, user = _keyring(argument)
    value = importlib.import_module("keyring").get_password(service, user)
    if not value:
        raise SecretError(f"the keyring has no password for {argument}", hint=f"Run: keyring set {service} {user}")
    return str(value)


def _from_vault(base: Path, name: str) -> str:
    from hub.tokens.keys import load_keys
    from hub.tokens.vault import Vault

    try:
        return Vault(base, lambda: load_keys(base)).get(name)
    except HubError as error:
        raise SecretError(error.message, where=error.where, hint=error.hint) from None
