"""The whole public API for plugin authors.

from hub import plugin

class Shop(plugin.Connector[ShopConfig]): ...

@plugin.hookimpl
def hub_connectors(): return [Shop]
"""

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
    "Unavailable",
    "hookimpl",
]
