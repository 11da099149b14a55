"""Connectors without Python: a description in TOML becomes a connector class.

[connector]      name, title
[settings.NAME]  type (text, secret, url, number, flag, list), default, choices, help
everything else  the keys of ``RestSpec``
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, create_model

from hub.contract.connector import ConnectorConfig
from hub.contract.errors import ConfigError
from hub.rest.connector import RestConfig, RestConnector
from hub.rest.spec import RestSpec, Strict
from hub.rest.template import variables


class Setting(Strict):
    """One setting of the connector.  Without a default it is needed."""

    type: Literal["text", "secret", "url", "number", "flag", "list"] = "text"
    default: str | bool | float | int | Sequence[str] | None = None
    needed: bool = True
    choices: Sequence[str] = ()
    help: str = ""


class _Connector(Strict):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    title: str = ""


class Manifest(Strict):
    """A whole file."""

    connector: _Connector
    settings: Mapping[str, Setting] = {}
    api: RestSpec


_TYPES: dict[str, Any] = {
    "text": str,
    "secret": SecretStr,
    "url": Annotated[str, Field(pattern=r"^https?://.+")],
    "number": float,
    "flag": bool,
    "list": tuple[str, ...],
}


def load_manifest(path: Path, *, module: str = "") -> type[RestConnector[Any]]:
    """The connector class of a file.  Raises ConfigError with every mistake and its place in the file.

    module: the package that the file belongs to, whose folder ``mappings`` holds the default mapping.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the description cannot be read: {error}", where=str(path)) from None
    own = {name: content.pop(name) for name in ("connector", "settings") if name in content}
    try:
        manifest = Manifest.model_validate({**own, "api": content})
    except ValidationError as error:
        problems = [f"{_place(item['loc'])}: {item['msg']}" for item in error.errors(include_url=False)]
        raise ConfigError("; ".join(problems), where=str(path)) from None
    _check_settings(manifest, path)
    return connector_of(manifest, module=module)


def connector_of(manifest: Manifest, *, module: str = "") -> type[RestConnector[Any]]:
    """The class that a manifest describes."""
    name = manifest.connector.name
    config = create_model(
        f"{name.title()}Config",
        __base__=RestConfig,
        __doc__=manifest.connector.title,
        **{key: _field(item) for key, item in manifest.settings.items()},
    )
    content = {
        "__doc__": manifest.connector.title,
        "__module__": module or __name__,
        "name": name,
        "Config": config,
        "spec": manifest.api,
    }
    return type(f"{name.title()}Connector", (RestConnector,), content)


def _field(setting: Setting) -> Any:
    kind = Literal[tuple(setting.choices)] if setting.choices else _TYPES[setting.type]
    if setting.default is None and setting.needed:
        return (kind, Field(description=setting.help))
    default = setting.default
    if isinstance(default, Sequence) and not isinstance(default, str):
        default = tuple(default)
    if setting.type == "secret":
        return (kind | None, Field(default=None, description=setting.help))
    return (kind | None if default is None else kind, Field(default=default, description=setting.help))


def _check_settings(manifest: Manifest, path: Path) -> None:
    """Every {settings.NAME} must be a setting."""
    known = {*manifest.settings, *RestConfig.model_fields, *ConnectorConfig.model_fields}
    for name in variables(manifest.api.model_dump()):
        kind, _, setting = name.partition(".")
        implied = manifest.api.auth.kind == "none" or setting in _IMPLIED.get(manifest.api.auth.kind, ())
        if kind == "settings" and setting not in known and (implied or not _is_default(setting)):
            raise ConfigError(f"there is no setting {setting!r}, but {{{name}}} is used", where=str(path))


_IMPLIED = {
    "api_key": ("token",),
    "bearer": ("token",),
    "basic": ("user", "password"),
    "oauth1": ("consumer_key", "consumer_secret", "token", "token_secret"),
    "oauth2": ("client_id", "client_secret"),
}


def _is_default(setting: str) -> bool:
    return any(setting in names for names in _IMPLIED.values())


def _place(path: Sequence[int | str]) -> str:
    return ".".join(str(item) for item in path if item != "api") or "the file"
