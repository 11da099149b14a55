"""The whole public API for plugin authors.

from hub import plugin

class Shop(plugin.Connector[ShopConfig]): ...

@plugin.hookimpl
def hub_connectors(): return [Shop]
"""

from typing import TYPE_CHECKING, Any

from hub.contract.connector import Connector, ConnectorConfig, Context, CursorExpired
from hub.contract.errors import (
    AuthError,
    ConfigError,
    Conflict,
    ConnectorError,
    ContractViolation,
    Duplicate,
    HubError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Reaction,
    Rejected,
    Unavailable,
)
from hub.contract.notices import Notice, Notifier
from hub.contract.records import (
    Account,
    Capabilities,
    Field,
    Hint,
    Json,
    Limits,
    Op,
    OpKind,
    Page,
    Parts,
    Receipt,
    Record,
    Resource,
    Subscription,
)
from hub.hookspecs import hookimpl
from hub.http.abreast import Abreast
from hub.http.session import Http
from hub.tokens.token import Token, Tokens

if TYPE_CHECKING:
    from hub.http.oauth2 import Client, OAuth2
    from hub.http.signing import access_token
    from hub.rest.connector import RestConfig, RestConnector
    from hub.rest.manifest import load_manifest
    from hub.rest.spec import Call, ResourceSpec, RestSpec

__all__ = [
    "Abreast",
    "Account",
    "AuthError",
    "Call",
    "Capabilities",
    "Client",
    "ConfigError",
    "Conflict",
    "Connector",
    "ConnectorConfig",
    "ConnectorError",
    "Context",
    "ContractViolation",
    "CursorExpired",
    "Duplicate",
    "Field",
    "Hint",
    "Http",
    "HubError",
    "Json",
    "Limits",
    "NotFound",
    "Notice",
    "Notifier",
    "OAuth2",
    "Op",
    "OpKind",
    "OutcomeUnknown",
    "Page",
    "Parts",
    "RateLimited",
    "Reaction",
    "Receipt",
    "Record",
    "Rejected",
    "Resource",
    "ResourceSpec",
    "RestConfig",
    "RestConnector",
    "RestSpec",
    "Subscription",
    "Token",
    "Tokens",
    "Unavailable",
    "access_token",
    "hookimpl",
    "load_manifest",
]

_LAZY = {
    "Call": "hub.rest.spec",
    "Client": "hub.http.oauth2",
    "OAuth2": "hub.http.oauth2",
    "access_token": "hub.http.signing",
    "RestConfig": "hub.rest.connector",
    "RestConnector": "hub.rest.connector",
    "ResourceSpec": "hub.rest.spec",
    "RestSpec": "hub.rest.spec",
    "load_manifest": "hub.rest.manifest",
}


def __getattr__(name: str) -> Any:
    """Load the REST layer and logins only when a plugin uses them: they take longer to import than all else here."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
