"""[syncs.NAME]: systems, policies and guards."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from hub.canonical.facts import BODY_LIMIT, DEFAULT_BODY
from hub.canonical.schema import COLLECTIONS, FIELDS, field_def
from hub.config.model import DEFAULT_RECONCILE, Sync
from hub.config.quantities import parse_duration
from hub.config.serving import read_timing
from hub.config.table import Table, near
from hub.identity.matching import OFF, Near
from hub.sync.policy import DeletePolicy, FieldPolicy, Guards, Policy

CONFLICT_RULES = ("auto", "ask", "longest")
"""Conflict rules beside "prefer:SYSTEM" and those of plugins."""

_DELETE = ("unlink", "propagate", "archive", "ask")


def read_sync(
    name: str,
    table: Table,
    connections: Collection[str],
    region: str | None,
    zone: str = "UTC",
    matching: Near = OFF,
) -> Sync:
    """One sync; every name in it must be a connection, a canonical field or a guard.  zone: the default time zone;
    matching: what happens to records that look alike."""
    systems = _systems(name, table, connections)
    policy = Policy(
        systems,
        authority=_authority(table.table("authority"), systems),
        fields=_fields(table.table("fields"), systems),
        skew=_per_system(table.table("skew"), systems, parse_duration),
        delete=_per_system(table.table("delete"), systems, _delete_policy),
        delete_any=frozenset(_some(table, "delete_any", systems)),
        guards=_guards(table.table("guards")),
        read_only=frozenset(_some(table, "read_only", systems)),
        no_create=frozenset(_some(table, "no_create", systems)),
        region=region,
        near=matching,
    )
    sync = Sync(
        name,
        systems,
        policy,
        table.parsed("reconcile", parse_duration, DEFAULT_RECONCILE),
        table.findings.line(table.path),
        {item: table.findings.line((*table.path, "fields", item, "conflict")) for item in policy.fields},
        table.parsed("interaction_body", _body, DEFAULT_BODY),
        read_timing(table, zone),
    )
    table.done()
    return sync


def _systems(name: str, table: Table, connections: Collection[str]) -> tuple[str, ...]:
    systems = table.texts("systems")
    if "systems" not in table:
        known = ", ".join(f'"{item}"' for item in sorted(connections))
        table.problem("", f"sync {name!r} does not say which systems it keeps in step", f"Add systems = [{known}]")
    elif len(systems) < 2 and isinstance(table.content["systems"], list):
        table.problem("systems", f"a sync needs at least two systems, found {len(systems)}")
    if len(set(systems)) != len(systems):
        table.problem("systems", "a system is named twice")
    _check_systems(table, "systems", systems, connections, "connection")
    return tuple(dict.fromkeys(systems))


def _check_systems(table: Table, key: str, found: Collection[str], known: Collection[str], what: str) -> None:
    for system in found:
        if system not in known:
            hint = f"{near(system, known)}There are: {', '.join(sorted(known)) or 'none'}"
            table.problem(key, f"there is no {what} {system!r}", hint)


def _some(table: Table, key: str, systems: tuple[str, ...]) -> tuple[str, ...]:
    found = table.texts(key)
    _check_systems(table, key, found, systems, "system in this sync called")
    return found


def _check_field(table: Table, name: str) -> None:
    if field_def(name) is None and name not in COLLECTIONS:
        known = (*FIELDS, *COLLECTIONS)
        hint = f"{near(name, known)}Fields are: {', '.join(known)}, custom.NAME, consents.CHANNEL_PURPOSE"
        table.problem(name, f"there is no canonical field {name!r}", hint)


def _authority(table: Table, systems: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found = {}
    for name in table.content:
        _check_field(table, name)
        found[name] = _some(table, name, systems)
    return found


def _fields(table: Table, systems: tuple[str, ...]) -> dict[str, FieldPolicy]:
    found = {}
    for name, line in table.tables():
        _check_field(table, name)
        conflict = line.take("conflict", str, "auto")
        if conflict.startswith("prefer:"):
            _check_systems(line, "conflict", [conflict.removeprefix("prefer:")], systems, "system in this sync called")
        blank = line.choice("blank", ("erase", "ignore"), "erase")
        drift = line.choice("drift", ("revert", "ignore"), "revert")
        line.done()
        found[name] = FieldPolicy(conflict, blank, drift)  # type: ignore[arg-type]  # both were checked by ``choice``
    return found


def _per_system(table: Table, systems: tuple[str, ...], parse: Callable[[object], Any]) -> dict[str, Any]:
    found = {}
    for system in table.content:
        _check_systems(table, system, [system], systems, "system in this sync called")
        value = table.parsed(system, parse, None)
        if value is not None:
            found[system] = value
    return found


def _body(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= BODY_LIMIT:
        return value
    raise ValueError(f"must be a number of characters from 0 (none) to {BODY_LIMIT}, found {value!r}")


def _delete_policy(value: object) -> DeletePolicy:
    for option in _DELETE:
        if value == option:
            return option  # type: ignore[return-value]  # one of the literals
    hint = near(value, _DELETE) if isinstance(value, str) else ""
    raise ValueError(f"is {value!r}. {hint}Allowed: {', '.join(_DELETE)}")


def _guards(table: Table) -> Guards:
    default = Guards()
    pairs = {
        name: table.parsed(name, _count_and_share, getattr(default, name))
        for name in ("delete", "create", "field_blanked")
    }
    shares = {
        name: table.parsed(name, _share, getattr(default, name))
        for name in ("field_changed", "listing_shrank", "relink", "lossy")
    }
    table.done()
    return Guards(**pairs, **shares)


def _count_and_share(value: object) -> tuple[int, float]:
    if (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], int)
        and not isinstance(value[0], bool)
        and value[0] >= 0
    ):
        return value[0], _share(value[1])
    raise ValueError(f"must be a count and a share such as [5, 0.02], found {value!r}")


def _share(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise ValueError(f"must be a share from 0 to 1, found {value!r}")
