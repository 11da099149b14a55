"""A connection's own settings, validated by its plugin's ``Config``; pydantic's errors in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from hub.config.model import Config, Connection, InvalidConfig, Problem
from hub.config.secrets import SecretError, check_secret, fetch_secret
from hub.config.syncs import CONFLICT_RULES
from hub.config.table import near, shown
from hub.contract.connector import AnyConnector, ConnectorConfig
from hub.contract.notices import AnyNotifier
from hub.loader import PluginError, Registry

Configured = type[AnyConnector] | type[AnyNotifier]
"""What has settings: a connector or a notifier."""

COMMON = ("plugin", "resources", "mapping", "read_only", "region", "hosts", "ca_file", "timeout", "largest_answer")
"""Keys of a connection that the hub itself understands."""


def secret_fields(connector: Configured) -> frozenset[str]:
    """The settings of a connector that are secrets."""
    fields = connector.Config.model_fields
    return frozenset(name for name, item in fields.items() if "SecretStr" in str(item.annotation))


def open_settings(connection: Connection, config: Config, registry: Registry) -> tuple[ConnectorConfig, list[str]]:
    """The validated settings with the secrets fetched, and the secret values (for redaction).

    Raises PluginError, SecretError or InvalidConfig.
    """
    connector = _class_of(connection, registry)
    secrets: list[str] = []

    def fetch(reference: object) -> SecretStr:
        value = fetch_secret(reference, config.base, registry.secret_sources)
        secrets.append(value)
        return SecretStr(value)

    settings, problems = _settings(connection, connector, fetch)
    if problems or settings is None:
        raise InvalidConfig(problems)
    return settings, secrets


def _class_of(connection: Connection, registry: Registry) -> Configured:
    find = registry.connector if connection.kind == "connection" else registry.notifier
    return find(connection.plugin, where=f"{connection.kind} {connection.name}")


def check_settings(config: Config, registry: Registry) -> tuple[dict[str, ConnectorConfig], list[Problem]]:
    """The settings of the connections that could work (with stand-ins for the secrets), and every problem of all of
    them, without a network."""
    problems: list[Problem] = []
    usable: dict[str, ConnectorConfig] = {}

    def check(reference: object) -> SecretStr:
        check_secret(reference, config.base, registry.secret_sources)
        return SecretStr("checked")

    for connection in (*config.connections.values(), *config.notifiers.values()):
        if not connection.plugin:
            continue
        try:
            connector = _class_of(connection, registry)
        except PluginError as error:
            problems.append(problem_of(connection, "plugin", error.message, error.hint, "plugin"))
            continue
        settings, found = _settings(connection, connector, check)
        problems += found
        if settings is not None and connection.kind == "connection":
            usable[connection.name] = settings
    return usable, problems + _check_conflict_rules(config, registry)


def _settings(
    connection: Connection, connector: Configured, secret: Callable[[object], SecretStr]
) -> tuple[ConnectorConfig | None, list[Problem]]:
    problems = []
    values: dict[str, Any] = dict(connection.settings)
    if connection.ca_file is not None and "ca_file" in connector.Config.model_fields:
        values["ca_file"] = connection.ca_file
    if "timeout" in connector.Config.model_fields:  # a connector that makes its own connections
        values["timeout"] = connection.timeout
    for name in sorted(secret_fields(connector).intersection(values)):
        try:
            values[name] = secret(values[name])
        except SecretError as error:
            message = f"{connection.kind} {connection.name!r}: {name}: {error.message}"
            problems.append(problem_of(connection, name, message, error.hint, "secret"))
            values[name] = SecretStr("unknown")  # so that the other settings are checked in the same pass
    try:
        return connector.Config.model_validate(values), problems
    except ValidationError as error:
        for item in error.errors(include_url=False, include_context=True):
            problems.append(_translated(connection, connector, item))
        return None, problems


def problem_of(connection: Connection, setting: str, message: str, hint: str, code: str = "config") -> Problem:
    """A problem at the line of a connection's setting."""
    file, line = connection.place(setting)
    return Problem(file, line, message, hint, code)


def _translated(connection: Connection, connector: Configured, error: Mapping[str, Any]) -> Problem:
    """One of pydantic's errors for a person."""
    path = [str(item) for item in error["loc"]]
    name = path[0] if path else ""
    full = ".".join(path)
    known = connector.Config.model_fields
    kind, context = error["type"], error.get("ctx", {})
    found = "" if name in secret_fields(connector) or kind == "missing" else f", found {shown(error.get('input'))}"
    of = f"{connection.kind} {connection.name!r}"
    if kind == "extra_forbidden" and len(path) == 1:
        allowed = sorted({*known, *(COMMON if connection.kind == "connection" else ("plugin", "ca_file", "timeout"))})
        hint = f"{near(name, allowed)}Settings of {connector.name}: {', '.join(sorted(known))}"
        return problem_of(connection, name, f"{of}: unknown setting {name!r}", hint)
    if kind == "missing":
        secret = " as a secret reference" if name in secret_fields(connector) else ""
        return problem_of(connection, "", f"{of}: the setting {full!r} is missing", f"Add {full} = ...{secret}")
    if kind == "literal_error":
        return problem_of(connection, name, f"{of}: {full} must be {context['expected']}{found}", "")
    words = {
        "string_type": "must be a text",
        "int_type": "must be a whole number",
        "int_parsing": "must be a whole number",
        "float_type": "must be a number",
        "float_parsing": "must be a number",
        "bool_type": "must be true or false",
        "bool_parsing": "must be true or false",
        "list_type": "must be a list",
        "tuple_type": "must be a list",
        "dict_type": "must be a table",
        "mapping_type": "must be a table",
        "extra_forbidden": "is not known",
        "greater_than_equal": f"must be at least {context.get('ge')}",
        "greater_than": f"must be more than {context.get('gt')}",
        "less_than_equal": f"must be at most {context.get('le')}",
        "less_than": f"must be less than {context.get('lt')}",
        "string_too_short": f"must have at least {context.get('min_length')} characters",
        "string_too_long": f"must have at most {context.get('max_length')} characters",
    }.get(kind)
    if words is None:
        words = str(error["msg"]).removeprefix("Value error, ")
        words = words[:1].lower() + words[1:]
    return problem_of(connection, name, f"{of}: {full} {words}{found}".replace(":  ", ": "), "")


def _check_conflict_rules(config: Config, registry: Registry) -> list[Problem]:
    known = {*CONFLICT_RULES, *registry.policies}
    problems = []
    for sync in config.syncs.values():
        for name, policy in sync.policy.fields.items():
            if policy.conflict not in known and not policy.conflict.startswith("prefer:"):
                hint = f"{near(policy.conflict, known)}Allowed: {', '.join(sorted(known))}, prefer:SYSTEM"
                message = f"sync {sync.name!r}: {name}: there is no conflict rule {policy.conflict!r}"
                problems.append(Problem(str(config.file), sync.rule_lines.get(name, sync.line), message, hint))
    return problems
