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
)
from hub.hookspecs import hookimpl
from hub.http.session import Http
from hub.tokens.token import Token, Tokens

if TYPE_CHECKING:
    from hub.rest.connector import RestConfig, RestConnector
    from hub.rest.manifest import load_manifest
    from hub.rest.spec import ResourceSpec, RestSpec

__all__ = [
    "Account",
    "AuthError",
    "Capabilities",
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
    "Token",
    "Tokens",
    "Unavailable",
    "hookimpl",
    "load_manifest",
]

_LAZY = {
    "RestConfig": "hub.rest.connector",
    "RestConnector": "hub.rest.connector",
    "ResourceSpec": "hub.rest.spec",
    "RestSpec": "hub.rest.spec",
    "load_manifest": "hub.rest.manifest",
}


def __getattr__(name: str) -> Any:
    """Load the REST layer only when a plugin uses it: it takes longer to import than everything else here."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
