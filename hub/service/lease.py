"""Which process serves a store: a lease that its holder renews.  Pure decisions."""

from __future__ import annotations

from dataclasses import dataclass

BEAT = 10.0
"""Seconds between two heartbeats."""
TTL = 60.0
"""Seconds without a heartbeat after which the holder counts as gone: longer than the store may keep one waiting."""


@dataclass(frozen=True, slots=True)
class Lease:
    """holder: names one life of one process;  label: for people;  generation: grows with each holder, so that one that
    was asleep sees that it is no longer the holder;  beat: the last heartbeat (seconds since the epoch)."""

    holder: str
    label: str
    host: str
    generation: int
    taken: float
    beat: float


def take(lease: Lease | None, me: Lease, now: float, *, alone: bool) -> Lease | None:
    """The lease as it is after asking for it, or None while somebody else has it.

    me: who asks (its generation does not matter);  alone: no other process of this machine serves the store, which the
    operating system knows at once, so that nobody has to wait for a heartbeat that cannot come.
    """
    if lease is None:
        return Lease(me.holder, me.label, me.host, 1, now, now)
    if lease.holder == me.holder:
        return Lease(me.holder, me.label, me.host, lease.generation, lease.taken, now)
    gone = lease.holder == "" or (alone and lease.host == me.host)
    silent = now - lease.beat > TTL or now < lease.beat - TTL  # a clock that was put back proves nothing, so it is free
    if gone or silent:
        return Lease(me.holder, me.label, me.host, lease.generation + 1, now, now)
    return None
