"""From a TOML file to a ``Config``: structure, names and policies.  The plugins' own settings are checked elsewhere
(hub.config.settings), because that loads the plugins."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from hub.canonical.countries import is_country
from hub.config.model import Config, Connection, Hub, InvalidConfig, Problem, Sync
from hub.config.quantities import parse_duration, parse_size
from hub.config.serving import read_serving
from hub.config.syncs import read_sync
from hub.config.table import Findings, Table, near
from hub.config.timing import parse_secret
from hub.store.address import EXAMPLE, parse_address
from hub.sync.keep import DAY, Retention

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_RESERVED = ("person", "hub", "undo")
"""Names that mean a source of values inside the hub."""


def read_config(path: Path) -> Config:
    """Read a configuration file.  Raises InvalidConfig with all its problems."""
    config, problems = examine(path)
    if problems or config is None:
        raise InvalidConfig(problems)
    return config


def examine(path: Path, text: str | None = None) -> tuple[Config | None, list[Problem]]:
    """What can be read of a file, and everything wrong with it; None where it cannot be parsed at all.

    text: what the file would say, instead of what it says."""
    name = str(path)
    try:
        text = path.read_text(encoding="utf-8") if text is None else text
    except FileNotFoundError:
        return None, [Problem(name, 0, "there is no such file", "`crmhub init` writes one; --config names another")]
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem(name, 0, f"cannot be read: {error}")]
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [_broken(name, text, error)]
    findings = Findings.of(name, text)
    config = _config(path.absolute(), Table(findings, (), content))
    return config, findings.problems


def _broken(name: str, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    """The parser's message with its position."""
    words = str(error)
    found = re.search(r" \(at line (\d+), column (\d+)\)", words)
    line = int(found.group(1)) if found else len(text.splitlines())
    column = f" in column {found.group(2)}" if found else " at the end of the file"
    words = re.sub(r" \(at .*\)", "", words)
    return Problem(name, line, f"not valid TOML{column}: {words}", "Texts need quotes, and every key its own line")


def _config(path: Path, root: Table) -> Config:
    base = path.parent
    hub = _hub(base, root.table("hub"))
    connections = {}
    for name, table in root.table("connections").tables():
        _check_name(table, name)
        connections[name] = _connection(base, name, table)
    notifiers = {}
    for name, table in root.table("notifiers").tables():
        _check_name(table, name)
        notifiers[name] = _notifier(base, name, table)
    serving = read_serving(root.table("serve"), notifiers, base)
    syncs: dict[str, Sync] = {}
    for name, table in root.table("syncs").tables():
        _check_name(table, name)
        syncs[name] = read_sync(name, table, connections, hub.region, serving.zone)
    root.done()
    return Config(path, hub, connections, syncs, notifiers, serving)


def _hub(base: Path, table: Table) -> Hub:
    hub = Hub(
        data=base / table.take("data", str, "crmhub-data"),
        mappings=base / table.take("mappings", str, "mappings"),
        region=_region(table),
        plugins=tuple(base / item for item in table.texts("plugins")),
        keep=_retention(table.table("retention")),
        database=table.parsed("database", parse_address, None),
        database_password=table.parsed("database_password", parse_secret, None),
    )
    if hub.database_password is not None and "database" not in table:
        table.problem("database_password", "database_password needs a database", f'Add database = "{EXAMPLE}"')
    table.done()
    return hub


def _retention(table: Table) -> Retention:
    """[hub.retention]: how long runs and the journal of writes are kept."""
    default = Retention()
    found = Retention(
        table.parsed("runs", _days, default.runs),
        table.parsed("journal", _days, default.journal),
    )
    if found.journal > found.runs:
        key = "journal" if "journal" in table else "runs"
        table.problem(key, "journal must not be longer than runs", "What a run wrote belongs to the run")
    table.done()
    return found


def _days(value: object) -> float:
    seconds = parse_duration(value)
    if seconds < DAY:
        raise ValueError("must be at least a day")
    return seconds


def _connection(base: Path, name: str, table: Table) -> Connection:
    plugin = table.take("plugin", str, "")
    if not plugin:
        table.problem(
            "", f"connection {name!r} does not say which plugin it uses", 'Add a line such as plugin = "tryton"'
        )
    mappings = {}
    chosen = table.table("mapping")
    for key in chosen.content:
        mappings[key] = chosen.take(key, str, "")
    ca_file = table.take("ca_file", str, "")
    common: dict[str, Any] = {
        "resources": table.texts("resources"),
        "read_only": table.take("read_only", bool, False),
        "region": _region(table),
        "hosts": table.texts("hosts"),
        "timeout": table.parsed("timeout", parse_duration, 60.0),
        "largest_answer": table.parsed("largest_answer", parse_size, 256 * 1024 * 1024),
    }
    lines = {key: table.findings.line((*table.path, key)) for key in table.content}
    return Connection(
        name,
        plugin,
        table.rest(),
        mappings=mappings,
        ca_file=base / ca_file if ca_file else None,
        file=table.findings.file,
        line=table.findings.line(table.path),
        lines=lines,
        **common,
    )


def _notifier(base: Path, name: str, table: Table) -> Connection:
    plugin = table.take("plugin", str, "")
    if not plugin:
        table.problem("", f"notifier {name!r} does not say which plugin it uses", 'Add a line such as plugin = "smtp"')
    ca_file = table.take("ca_file", str, "")
    timeout = table.parsed("timeout", parse_duration, 60.0)
    lines = {key: table.findings.line((*table.path, key)) for key in table.content}
    return Connection(
        name,
        plugin,
        table.rest(),
        ca_file=base / ca_file if ca_file else None,
        timeout=timeout,
        file=table.findings.file,
        line=table.findings.line(table.path),
        lines=lines,
        kind="notifier",
    )


def _region(table: Table) -> str | None:
    region = table.take("region", str, "")
    if not region:
        return None
    if not is_country(region):
        table.problem("region", f"region is {region!r}", 'It must be a country in two capital letters, such as "DE"')
        return None
    return region


def _check_name(table: Table, name: str) -> None:
    if not _NAME.fullmatch(name):
        table.problem("", f"{name!r} is no usable name", "Use small letters, digits, '-' and '_', a letter first")
    elif name in _RESERVED:
        table.problem("", f"{name!r} is reserved", "Choose another name for this connection or sync")


def unknown_name(what: str, name: str, known: list[str]) -> str:
    """ "there is no sync 'x'" with what there is, for messages of the command line."""
    return f"there is no {what} {name!r}. {near(name, known)}There are: {', '.join(known) or 'none'}"
