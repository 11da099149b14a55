"""A new connection from a form: the fields that its plugin asks for, and what a person typed into them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from hub.config.settings import COMMON, secret_fields

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from hub.contract.connector import AnyConnector

Kind = Literal["secret", "text", "number", "flag", "choice", "lines"]
_KEY = re.compile(r"\s*([a-z_][\w, ]*):\s+(\S.*)")
_SCALARS: tuple[Any, ...] = (str, int, float, bool, Path)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a plugin.  help: its author's words;  default: as text, "" for none;  more: whether most people can
    leave it alone."""

    key: str
    kind: Kind
    required: bool
    help: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    more: bool = False
    numbers: bool = False
    """Whether the lines of a list are numbers."""


def summary_of(connector: type[AnyConnector]) -> str:
    """What a connector is for, in its author's words, on one line."""
    return (inspect.getdoc(connector) or connector.name).partition("\n")[0]


def settings_of(connector: type[AnyConnector]) -> list[Setting]:
    """The settings that a form can ask for, required ones first; tables and what the hub itself understands are left to
    the file."""
    words, secrets = _explained(connector.Config), secret_fields(connector)
    found = []
    for name, item in connector.Config.model_fields.items():
        key = item.alias or name
        setting = _setting(key, item, name in secrets, (item.description or words.get(name, "")).rstrip("."))
        if setting is not None and key not in COMMON:
            found.append(setting)
    return sorted(found, key=lambda item: (item.more, not item.required))


def _setting(key: str, item: FieldInfo, secret: bool, text: str) -> Setting | None:
    required, default = item.is_required(), item.get_default()
    if secret:
        return Setting(key, "secret", required, text)
    kind = _plain(item.annotation)
    shown = "" if required or default is None else f"{default:g}" if isinstance(default, float) else str(default)
    if get_origin(kind) is Literal:
        return Setting(key, "choice", required, text, shown, tuple(map(str, get_args(kind))))
    if kind is bool:
        return Setting(key, "flag", required, text, "yes" if default is True else "no", ("yes", "no"), more=True)
    if kind in (int, float):
        return Setting(key, "number", required, text, shown, more=not required)
    if kind in (str, Path):
        return Setting(key, "text", required, text, shown, more=not required and bool(shown))
    if get_origin(kind) in (tuple, list):
        inner = get_args(kind)[0]
        shown = "" if required else ", ".join(map(str, default or ()))
        if inner in _SCALARS or get_origin(inner) is Literal:
            return Setting(key, "lines", required, text, shown, more=not required, numbers=inner is int)
    return None


def _plain(annotation: Any) -> Any:
    """The type without "or None"."""
    parts = [item for item in get_args(annotation) if item is not type(None)]
    optional = type(None) in get_args(annotation)
    return parts[0] if optional and len(parts) == 1 else annotation


def _explained(model: type[Any]) -> dict[str, str]:
    """Setting -> what the docstring of the settings says about it ("url: the server", two keys with a comma)."""
    found: dict[str, str] = {}
    keys: list[str] = []
    for line in (inspect.getdoc(model) or "").splitlines():
        start = _KEY.match(line)
        if start and all(name.strip() in model.model_fields for name in start.group(1).split(",")):
            keys = [name.strip() for name in start.group(1).split(",")]
            found.update(dict.fromkeys(keys, start.group(2).strip()))
        elif line.strip() and keys:
            found.update({name: f"{found[name]} {line.strip()}" for name in keys})
        else:
            keys = []
    return found


def typed(settings: list[Setting], form: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """(settings as they stand in the file, secrets) of what was typed; empty fields are left out.  What is no number stays
    a text, for the plugin to refuse."""
    plain: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for item in settings:
        text = form.get(item.key, "")
        if item.kind == "secret":
            if text:
                secrets[item.key] = text
        elif text.strip():
            plain[item.key] = _value(item, text.strip())
    return plain, secrets


def _value(item: Setting, text: str) -> Any:
    if item.kind == "flag":
        return text == "yes"
    if item.kind == "number":
        return _number(text)
    if item.kind == "lines":
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return [_number(line) for line in lines] if item.numbers else lines
    return text


def _number(text: str) -> Any:
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d{1,15}\.\d{1,9}", text) else text
