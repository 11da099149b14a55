"""What is due: pure functions over the row that each sync has in the timetable."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.config.timing import Serving, Timing
from hub.service.times import following, jittered, quiet_until


@dataclass(frozen=True, slots=True)
class Slot:
    """When a sync runs next; stored, so that a restart forgets nothing.  All times in seconds since the epoch.

    spec:  the schedule that it was made for.
    slot / next: the next time of the schedule, without and with jitter; None for "manual".
    retry: an extra start, because the last run was interrupted or left out a system that is worth another try.
    begun: when the run that is going began; if no process runs it, it was killed.
    """

    sync: str
    spec: str
    slot: float | None = None
    next: float | None = None
    retry: float | None = None
    begun: float | None = None


def arrange(known: Slot | None, sync: str, timing: Timing, now: float, *, first: float) -> Slot:
    """The row of a sync when a process starts or the configuration has changed; what is due stays due.

    first: when a sync that was never in the timetable starts, if it has an "every" schedule.
    """
    if known is None:
        slot = following(timing, None, now)
        if slot is None:
            return Slot(sync, timing.spec)
        if timing.text.startswith("every"):
            return Slot(sync, timing.spec, first, first)
        return Slot(sync, timing.spec, slot, jittered(timing, sync, slot))
    if known.begun is not None:
        known = replace(known, begun=None, retry=now)
    if known.spec == timing.spec:
        return _not_too_far(known, timing, now)
    waiting = known.next is not None and known.next <= now and timing.schedule is not None
    slot = following(timing, None, now)
    at = None if slot is None else jittered(timing, sync, slot)
    if waiting:
        slot = at = known.next
    return Slot(sync, timing.spec, slot, at, known.retry if timing.schedule is not None else None)


def _not_too_far(known: Slot, timing: Timing, now: float) -> Slot:
    """A clock that was put back does not make a sync wait until the clock has caught up."""
    slot = following(timing, None, now)
    if slot is None or known.next is None or known.next <= slot + timing.jitter:
        return known
    return replace(known, slot=slot, next=jittered(timing, known.sync, slot))


def start_of(slot: Slot, timing: Timing, now: float, *, hinted: float | None = None) -> float | None:
    """When a sync starts next, quiet windows included; not after ``now``: it is due.  None: never by itself.

    hinted: when hints of webhooks would start it; one without a schedule is left to people all the same.
    """
    if timing.schedule is None:
        hinted = None
    wanted = [at for at in (slot.next, slot.retry, hinted) if at is not None]
    if not wanted or slot.begun is not None:
        return None
    at = min(wanted)
    allowed = quiet_until(timing.quiet, timing.zone, max(at, now))
    return at if allowed <= now else allowed


def hinted_at(first: float, last: float, serving: Serving, *, began: float, hinted: float) -> float | None:
    """When the hints that wait start a run; None if a run that began later has left them.

    first / last: when the first and the last of them came;  began: when the last run of the sync began;  hinted: when the
    last one began that hints had caused.  However many come, they cost one run, and one more after each ``rest`` while
    they go on.
    """
    return None if last <= began else max(first + serving.gather, hinted + serving.rest)


def begin(slot: Slot, now: float) -> Slot:
    """The row while a run is going."""
    return replace(slot, begun=now)


def end(slot: Slot, timing: Timing, now: float, *, retry: float | None) -> Slot:
    """The row after a run: all that was due when it began is done with.

    retry: when the run should be made good before its next time, if it left something out.
    """
    begun = now if slot.begun is None else slot.begun
    after = replace(slot, begun=None, retry=None)
    if slot.next is not None and slot.next <= begun:
        fresh = following(timing, slot.slot, begun)
        after = replace(after, slot=fresh, next=None if fresh is None else jittered(timing, slot.sync, fresh))
    if retry is not None and (after.next is None or retry < after.next):
        after = replace(after, retry=retry)
    return after


def overdue_first(due: dict[str, float]) -> list[str]:
    """The syncs that are due, those that have waited longest first."""
    return sorted(due, key=lambda name: (due[name], name))
