"""Whether webhooks still arrive: what is seen of the remote subscriptions, and what follows.  Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.contract.errors import HubError, OutcomeUnknown, RateLimited, Unavailable
from hub.contract.records import Subscription
from hub.state import Subscribed

CHECK, SOON = 900.0, 300.0
"""Seconds between two looks, and after one that failed."""
SILENT = 4
"""Looks in a row that failed after which people are told: an hour of a system that cannot be asked is nothing."""


def is_due(item: Subscribed, now: float) -> bool:
    """Whether it is time to look."""
    if not item.wanted:
        return False
    wait = SOON if item.failures else CHECK
    return item.checked is None or not 0 <= now - item.checked < wait


def seen(known: Subscribed, found: Sequence[Subscription], now: float) -> Subscribed:
    """After the system has shown its webhooks to our address."""
    if not found:
        return replace(known, state="dead", checked=now, failures=0, message="the system has no webhook to this hub")
    dead = [item for item in found if not item.active and not any(_covers(other, item) for other in found)]
    if dead:
        text = ", ".join(f"{item.topic} is {item.detail or 'not active'}" for item in dead)
        return replace(known, state="dead", checked=now, failures=0, message=text)
    return replace(known, state="active", checked=now, well=now, failures=0, message="")


def _covers(other: Subscription, item: Subscription) -> bool:
    return other.active and other.topic == item.topic


def unseen(known: Subscribed, error: HubError, now: float, text: str) -> Subscribed:
    """After a look that failed.  A system that does not answer says nothing about its webhooks."""
    passing = isinstance(error, (Unavailable, RateLimited, OutcomeUnknown))
    state = known.state if passing and known.state == "dead" else "unknown" if passing else "dead"
    return replace(known, state=state, checked=now, failures=known.failures + 1, message=text)


def was_silent(known: Subscribed, after: Subscribed, found: Sequence[Subscription]) -> bool:
    """Whether something may have happened that nobody told: then the ordinary poll makes it good."""
    again = known.state in ("dead", "unknown") and after.state == "active"
    return again or any(item.mended in ("made", "woken") for item in found)


def is_trouble(item: Subscribed) -> bool:
    """Whether people should know."""
    return item.wanted and (item.state == "dead" or item.failures >= SILENT)
