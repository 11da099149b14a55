"""A check-up of an installation: the store, the disk, the clock, permissions, leftovers; each with what to do."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from hub.bootstrap import App
from hub.config.model import Config
from hub.config.quantities import show_duration
from hub.connected import Discovered
from hub.store.errors import StoreError
from hub.store.file_lock import beside
from hub.store.location import Location
from hub.store.schema import SCHEMA

Verdict = Literal["ok", "warning", "error"]

WAL_BYTES: Final = 64 * 1024 * 1024
"""A write-ahead log of more than this was not written into the database for long."""
FREE_BYTES: Final = 512 * 1024 * 1024
CLOCK_SECONDS: Final = 60.0
"""A clock that differs by more makes conflicts be decided by trust instead of time."""
OLDEST_NOW: Final = 1_767_225_600.0
"""2026-01-01: no machine that runs this program lives before."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.  hint: what to do; empty if there is nothing to do."""

    name: str
    verdict: Verdict
    message: str
    hint: str = ""


def examine(app: App) -> list[Check]:
    """Look at everything; nothing is changed and no system is called."""
    found = list(_database(app.storage.location))
    found += _disk(app.config.hub.data, app.storage.location.path)
    ready = {item.name for item in found if item.verdict == "ok"} >= {"database", "schema"}
    missing = any(item.name == "database" and item.verdict == "warning" for item in found)
    if ready or missing:  # opening an older store would change it
        found += _clock(app)
        found += _work(app)
    found += _permissions(app.config)
    found += _leftovers(app.storage.location)
    return found


def _database(store: Location) -> Iterator[Check]:
    advice = "Stop crmhub and go back to a copy: crmhub restore FILE"
    try:
        if not store.exists():
            yield Check("database", "warning", "there is no store yet", "crmhub sync makes it")
            return
        damage, schema = store.damage(), store.version()
    except StoreError as error:
        yield Check("database", "error", f"{store}: {error.message}", error.hint or advice)
        return
    if damage:
        yield Check("database", "error", f"{store} is damaged: {damage}", advice)
    else:
        yield Check("database", "ok", f"{store} is whole, {_size(store.size())}")
    if schema > SCHEMA:
        text = f"the store is of version {schema}, this program knows versions up to {SCHEMA}"
        yield Check("schema", "error", text, "Install the newer crmhub again")
    elif schema < SCHEMA:
        text = f"the store is of version {schema}, the next command brings it to {SCHEMA}"
        yield Check("schema", "warning", text, "Make a copy first: crmhub backup FILE")
    else:
        yield Check("schema", "ok", f"version {schema}")
    if store.path is None:
        return  # what follows is about files; a server looks after its own
    log = store.path.with_name(store.path.name + "-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > WAL_BYTES:
        text = f"the write-ahead log has {_size(size)}: something has been reading the store for long"
        yield Check("write-ahead log", "warning", text, "End other programs that read hub.db; restart crmhub serve")
    else:
        yield Check("write-ahead log", "ok", _size(size))


def _disk(folder: Path, file: Path | None) -> Iterator[Check]:
    if not folder.exists():
        return
    free = shutil.disk_usage(folder).free
    needed = max(FREE_BYTES, 2 * (file.stat().st_size if file is not None and file.exists() else 0))
    if free < FREE_BYTES // 8:
        yield Check("disk", "error", f"only {_size(free)} are free in {folder}", "Free some space before the next sync")
    elif free < needed:
        text = f"{_size(free)} are free in {folder}; a copy and a migration need {_size(needed)}"
        yield Check("disk", "warning", text, "Free some space")
    else:
        yield Check("disk", "ok", f"{_size(free)} free")


def _clock(app: App) -> Iterator[Check]:
    now, latest = app.clock(), 0.0
    if app.storage.location.exists():
        latest = max((run["started"] for run in app.store.history.runs(limit=1)), default=0.0)
    if now < OLDEST_NOW or now < latest - CLOCK_SECONDS:
        yield Check("clock", "error", "this machine's clock is behind the last run", "Set the clock (chrony or ntp)")
        return
    skewed = []
    for name in app.config.connections if app.storage.location.exists() else ():
        offset = Discovered.from_json(app.store.work.meta(f"discovered:{name}")).offset
        if offset is not None and abs(offset) > CLOCK_SECONDS:
            skewed.append(f"{name} by {show_duration(abs(offset))}")
    if skewed:
        text = f"clocks differ: {', '.join(skewed)}; the hub corrects for it"
        yield Check("clock", "warning", text, "Set the clock of that system, or of this machine")
    else:
        yield Check("clock", "ok", "no clock is known to differ")


def _work(app: App) -> Iterator[Check]:
    if not app.storage.location.exists():
        return
    open_ops = app.store.work.open_ops()
    if open_ops:
        text = f"{len(open_ops)} writes of unknown outcome"
        yield Check("writes", "warning", text, "The next crmhub sync settles them by reading")
    else:
        yield Check("writes", "ok", "none is under way")
    broken = [run for run in app.store.history.runs(limit=5) if run["state"] in ("running", "interrupted", "failed")]
    if broken:
        text = f"run {broken[0]['id']} is {broken[0]['state']}"
        yield Check("runs", "warning", text, f"crmhub runs retry {broken[0]['id']}")
    else:
        yield Check("runs", "ok", "the last ones have ended")


def _permissions(config: Config) -> Iterator[Check]:
    """Personal data and secrets are for their owner only."""
    wrong = 0
    for path in _private(config):
        if not path.exists():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            wrong += 1
            wanted = "700" if path.is_dir() else "600"
            yield Check("permissions", "error", f"{path} can be read by others ({mode:o})", f"chmod {wanted} {path}")
    if not wrong:
        yield Check("permissions", "ok", "data and secrets are readable by their owner only")


def _private(config: Config) -> Iterator[Path]:
    yield config.hub.data
    yield config.base / "secrets.env"
    yield config.hub.data / "tokens"
    for connection in (*config.connections.values(), *config.notifiers.values()):
        yield from (config.base / item for item in _secret_files(connection.settings))


def _secret_files(settings: Mapping[str, Any]) -> Iterator[str]:
    """The files that secret references in settings name."""
    for value in settings.values():
        if isinstance(value, Mapping) and set(value) == {"file"}:
            yield str(value["file"])


def _leftovers(store: Location) -> Iterator[Check]:
    try:
        holder = store.holder()
    except StoreError:
        return  # it was said already that the database cannot be used
    database = store.path
    lock = beside(database) if database is not None else None
    if holder:
        yield Check("lock", "ok", f"{holder} runs on this store now")
    elif lock is not None and lock.exists() and lock.read_text(errors="replace").strip():
        text = "the last process was killed; its lock is void"
        yield Check("lock", "ok", text)
    else:
        yield Check("lock", "ok", "nobody runs on this store")
    if database is None:
        return
    former = sorted(database.parent.glob(f"{database.name}.before-restore-*")) if database.parent.exists() else []
    former = [path for path in former if not path.name.endswith(("-wal", "-shm"))]
    if former:
        size = _size(sum(path.stat().st_size for path in former))
        text = f"{len(former)} stores from before a restore, {size}"
        yield Check("leftovers", "warning", text, f"Delete them when all is well: {former[0]}")


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
