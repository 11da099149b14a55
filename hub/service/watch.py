"""From what is stored to what people should know: a pure function over one look at everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.config.quantities import show_duration
from hub.service.alarms import Condition, Key
from hub.service.circuits import FAILING, Circuit
from hub.service.subscriptions import is_trouble
from hub.state import Subscribed

_MANY = 10
"""Fields that a notice names."""


@dataclass(frozen=True, slots=True)
class SyncView:
    """A sync as it stands.

    last: its last run that has ended, as in the history, None if there is none;  fresh: seconds after which its data is
    old, None if nobody minds;  read_at: when the last run began that read every system completely;  since: from when on
    lag counts if there is no such run;  error: why the last start came to nothing.
    """

    name: str
    systems: tuple[str, ...]
    paused: bool = False
    fresh: float | None = None
    read_at: float | None = None
    since: float = 0.0
    last: Mapping[str, Any] | None = None
    error: str = ""

    def lag(self, now: float) -> float:
        """Seconds since the data of all systems was read."""
        return max(0.0, now - (self.since if self.read_at is None else self.read_at))


@dataclass(frozen=True, slots=True)
class View:
    """Everything that alarms depend on, at one moment.  config_error: why a changed configuration is not used."""

    now: float
    syncs: tuple[SyncView, ...] = ()
    circuits: Mapping[str, Circuit] = field(default_factory=dict)
    paused: frozenset[str] = frozenset()
    """Connections that a person has paused."""
    questions: int = 0
    """Reviews and conflicts that wait for a person."""
    config_error: str = ""
    webhooks: Mapping[str, Subscribed] = field(default_factory=dict)
    """Of connections whose webhooks the hub keeps."""
    drift: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Connection -> what of the fields that its mapping uses has changed."""


def conditions(view: View) -> list[Condition]:
    """What should be known now."""
    found = []
    if view.config_error:
        found.append(
            Condition("configuration", "", f"{view.config_error}; the old configuration is used", "crmhub check")
        )
    for name, circuit in sorted(view.circuits.items()):
        found += _of_circuit(name, circuit)
    for name, item in sorted(view.webhooks.items()):
        if is_trouble(item):
            text = f"{item.message}; changes are polled by schedule"
            found.append(Condition("webhook", name, text, f"crmhub connect webhooks {name}"))
    for name, changes in sorted(view.drift.items()):
        text = "; ".join(changes[:_MANY]) + (f"; and {len(changes) - _MANY} more" if len(changes) > _MANY else "")
        found.append(Condition("schema", name, text, "Adapt the mapping, then: crmhub check"))
    for sync in view.syncs:
        found += _of_sync(sync, view.now)
    if view.questions:
        number = f"{view.questions} question{'s' if view.questions != 1 else ''}"
        hint = "crmhub review list; crmhub conflicts list"
        found.append(Condition("review", "", f"{number} about customers that only a person can answer", hint))
    return found


def _of_circuit(name: str, circuit: Circuit) -> list[Condition]:
    if circuit.state == "needs_login":
        return [Condition("needs_login", name, circuit.message, f"crmhub connect test {name}")]
    if circuit.failures >= FAILING or circuit.code in ("config", "plugin_bug"):
        text = f"{circuit.failures} failure{'s' if circuit.failures != 1 else ''} in a row; the last: {circuit.message}"
        return [Condition("failing", name, text, f"crmhub connect test {name}")]
    return []


def _of_sync(sync: SyncView, now: float) -> list[Condition]:
    found = []
    last = sync.last or {}
    if sync.error:
        found.append(Condition("failing", sync.name, sync.error, f"crmhub sync {sync.name}"))
    elif last.get("state") == "failed" and not last.get("paused"):
        found.append(Condition("failing", sync.name, "the last run failed", f"crmhub sync {sync.name} --debug"))
    if last.get("trips"):
        text = "; ".join(str(trip["message"]) for trip in last["trips"])
        found.append(Condition("guard", sync.name, text, f"crmhub plan {sync.name}"))
    if sync.fresh is not None and sync.lag(now) > sync.fresh:
        text = f"not every system was read completely within {show_duration(sync.fresh)}"
        found.append(Condition("lag", sync.name, text, f"crmhub status {sync.name}"))
    return found


def unknown(view: View) -> set[Key]:
    """Conditions about which nothing is known because what they are about is paused or stands still."""
    found: set[Key] = set()
    for sync in view.syncs:
        if sync.paused or view.paused.intersection(sync.systems):
            found.add(("lag", sync.name))
        if sync.last is not None and sync.last.get("paused"):
            found.add(("guard", sync.name))  # what a system holds back is not seen while it stands still
        if sync.paused:
            found |= {("failing", sync.name), ("guard", sync.name)}
    for name in view.paused:
        found |= {("failing", name), ("needs_login", name), ("webhook", name)}
    found |= {("webhook", name) for name, item in view.circuits.items() if item.state != "closed"}
    return found
