"""What people who help need to know, without secrets and without anybody's data.

Only what is listed here is taken: names of fields, counts, states, versions and masked messages.  Nothing is copied whole
but the structure of the configuration, whose values are masked unless they are known to say nothing about anybody.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from hub import __version__
from hub.bootstrap import App
from hub.config.redact import MASK, mask_text
from hub.contract.errors import HubError
from hub.store.errors import StoreError
from hub.store.schema import SCHEMA
from hub.store.tables import metadata
from hub.upkeep.doctor import examine

RUNS: Final = 50
LOG_LINES: Final = 500
_PLAIN_KEYS: Final = frozenset(
    {"plugin", "schedule", "timezone", "region", "systems", "resources", "delete", "conflict"}
)
"""Settings whose values say nothing about anybody."""
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_ADDRESS: Final = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+")


class BundleError(HubError):
    """The bundle cannot be written."""

    code = "usage"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the bundle.  about: what it holds, for the person who sends it."""

    name: str
    about: str
    size: int


def write_bundle(app: App, target: Path, *, log: Path | None = None) -> list[Part]:
    """Write the bundle as a zip file that only its owner may read; returns what it contains.  Raises BundleError."""
    parts = {
        "versions.json": ("versions of crmhub, Python, the system and the plugins", _versions(app)),
        "configuration.json": ("the configuration's structure; values are masked", _configuration(app)),
        "doctor.json": ("the result of crmhub doctor", [_check(app, item) for item in map(asdict, examine(app))]),
        "runs.json": (f"the last {RUNS} runs: kind, state, times and counts", _readable(lambda: _runs(app))),
        "counts.json": ("rows of each table, links by state, causes of quarantine", _readable(lambda: _counts(app))),
    }
    texts = {name: (about, json.dumps(content, indent=1, default=str)) for name, (about, content) in parts.items()}
    if log is not None:
        texts["log.txt"] = (f"the last {LOG_LINES} lines of {log.name}, masked", _log(app, log))
    found = []
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, (about, text) in texts.items():
                clean = app.redact(text)
                archive.writestr(name, clean)
                found.append(Part(name, about, len(clean.encode())))
    except OSError as error:
        raise BundleError(f"the bundle cannot be written: {error.strerror}", where=str(target)) from None
    return found


def _readable(read: Callable[[], Any]) -> Any:
    """What the store says; where it is broken, that it is."""
    try:
        return read()
    except StoreError as error:
        return f"the store cannot be read: {error.message}"


def masked(app: App) -> Callable[[str], str]:
    """Free text without secrets, addresses, numbers and names: every word that is no ordinary one of ours is cut to its
    first letter if it begins with a capital."""

    def mask(text: str) -> str:
        clean = mask_text(_ADDRESS.sub(MASK, app.redact(text)))
        return _WORD.sub(lambda word: word.group() if word.group().islower() else word.group()[0] + MASK, clean)

    return mask


def _check(app: App, item: dict[str, Any]) -> dict[str, Any]:
    hidden = {str(app.config.base): ".", str(Path.home()): "~"}
    address = app.config.hub.database
    if address is not None:
        hidden = {str(address): f"postgresql://{MASK}", **({address.host: MASK} if address.host else {}), **hidden}
    return {key: _replaced(str(value), hidden) for key, value in item.items()}


def _replaced(text: str, hidden: Mapping[str, str]) -> str:
    for shown, instead in hidden.items():
        text = text.replace(shown, instead)
    return text


def _versions(app: App) -> dict[str, Any]:
    names = ("crmhub", "sqlalchemy", "alembic", "requests", "pydantic", "orjson", "pluggy", "typer", "psycopg")
    installed = {item.metadata["Name"].lower(): item.version for item in distributions()}
    return {
        "crmhub": __version__,
        "schema": SCHEMA,
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": {name: installed[name] for name in names if name in installed},
        "plugins": [{"name": p.name, "version": p.version, "status": p.status} for p in app.registry.plugins],
    }


def _configuration(app: App) -> dict[str, Any]:
    config = app.config
    return {
        "connections": {
            name: {"plugin": item.plugin, "read_only": item.read_only, "settings": _shape(item.settings)}
            for name, item in config.connections.items()
        },
        "notifiers": {name: {"plugin": item.plugin} for name, item in config.notifiers.items()},
        "syncs": {
            name: {"systems": list(item.systems), "reconcile": item.reconcile, "schedule": item.timing.text}
            for name, item in config.syncs.items()
        },
        "retention": asdict(config.hub.keep),
        "region": config.hub.region,
        "store": "sqlite" if config.hub.database is None else "postgresql",
    }


def _shape(value: Any, key: str = "") -> Any:
    """The structure of settings: keys stay, values are masked unless they are flags, numbers or known to be harmless."""
    if isinstance(value, Mapping):
        return {str(name): _shape(item, str(name)) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shape(item, key) for item in value]
    if isinstance(value, bool) or value is None or (key in _PLAIN_KEYS and isinstance(value, str)):
        return value
    return MASK


def _runs(app: App) -> list[dict[str, Any]]:
    if not app.storage.location.exists():
        return []
    mask, found = masked(app), []
    for run in app.store.history.runs(limit=RUNS):
        kept = {key: run.get(key) for key in ("id", "sync", "kind", "state", "started", "ended", "applied", "review")}
        counts = {
            system: {key: value for key, value in counter.items() if isinstance(value, int)}
            for system, counter in run.get("counts", {}).items()
        }
        paused = {
            system: {"code": item["code"], "message": mask(item["message"])}
            for system, item in run.get("paused", {}).items()
        }
        accounts = [{**asdict(item), "ok": item.ok} for item in app.store.history.accounts(run["id"])]
        guards = [{"system": trip["system"], "guard": trip["guard"]} for trip in run.get("trips", [])]
        found.append({**kept, "counts": counts, "paused": paused, "guards": guards, "accounts": accounts})
    return found


def _counts(app: App) -> dict[str, Any]:
    if not app.storage.location.exists():
        return {}
    store = app.store
    rows = {
        table.name: int(store.db.rows(select(func.count()).select_from(table))[0][0])
        for table in metadata.sorted_tables
    }
    link = metadata.tables["link"]
    states = store.db.rows(
        select(link.c.system, link.c.resource, link.c.state, func.count().label("n"))
        .group_by(link.c.system, link.c.resource, link.c.state)
        .order_by(link.c.system, link.c.resource, link.c.state)
    )
    causes: dict[str, int] = {}
    for item in store.work.quarantined():
        causes[f"{item.system}/{item.resource} {item.code}"] = (
            causes.get(f"{item.system}/{item.resource} {item.code}", 0) + 1
        )
    return {
        "rows": rows,
        "links": [{"system": r.system, "resource": r.resource, "state": r.state, "records": r.n} for r in states],
        "quarantine": causes,
    }


def _log(app: App, log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    except OSError as error:
        raise BundleError(f"the log cannot be read: {error.strerror}", where=str(log)) from None
    mask = masked(app)
    return "\n".join(map(mask, lines))
