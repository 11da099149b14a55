"""What people are told: each condition is raised once and cleared once.  Pure functions over what is known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from hub.contract.notices import Notice, Severity

KINDS: Final[Mapping[str, Severity]] = {
    "failing": "error",
    "needs_login": "error",
    "lag": "warning",
    "guard": "warning",
    "review": "warning",
    "webhook": "warning",
    "schema": "warning",
    "configuration": "error",
}
"""Kinds of alarms and how bad they are."""

Key = tuple[str, str]
"""(kind, what it is about)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that people should know as long as it holds.  hint: what to do about it, a command where there is one."""

    kind: str
    subject: str
    message: str
    hint: str

    @property
    def key(self) -> Key:
        return self.kind, self.subject


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as stored.  number: how often this one was raised; raised / cleared: when (seconds since the epoch)."""

    kind: str
    subject: str
    number: int
    state: str
    raised: float
    message: str
    hint: str
    cleared: float | None = None

    @property
    def key(self) -> Key:
        return self.kind, self.subject


def judge(
    known: Iterable[Alarm], found: Iterable[Condition], now: float, *, unknown: Collection[Key] = ()
) -> list[Alarm]:
    """The alarms that change: those to raise, and those that are over.

    unknown: conditions about which nothing can be said just now (somebody paused what they are about): they stay as they
    are.  A condition that goes on is not raised again, also if its words change.
    """
    alarms = {item.key: item for item in known}
    holds = {item.key: item for item in found}
    changed = []
    for key, condition in holds.items():
        before = alarms.get(key)
        if key in unknown or (before is not None and before.state == "raised"):
            continue
        number = 1 if before is None else before.number + 1
        changed.append(Alarm(*key, number, "raised", now, condition.message, condition.hint))
    for key, before in alarms.items():
        if before.state == "raised" and key not in holds and key not in unknown:
            changed.append(replace(before, state="cleared", cleared=now))
    return changed


_TITLES: Final = {
    "failing": "failing",
    "needs_login": "needs login",
    "lag": "data is old",
    "guard": "waits for approval",
    "review": "questions for a person",
    "webhook": "webhooks do not arrive",
    "schema": "fields have changed",
    "configuration": "new configuration is broken",
}


def notice_of(alarm: Alarm) -> Notice:
    """What is sent about an alarm: once when it is raised, once when it is over."""
    about = f"{alarm.subject}: {_TITLES[alarm.kind]}" if alarm.subject else _TITLES[alarm.kind]
    key = f"{alarm.kind}/{alarm.subject}/{alarm.number}/{alarm.state}"
    if alarm.state == "raised":
        text = f"{alarm.message}\n\n{alarm.hint}" if alarm.hint else alarm.message
        return Notice(about, text, KINDS[alarm.kind], key)
    return Notice(f"recovered: {about}", f"This is over: {alarm.message}", "info", key)
