"""Which syncs are started by what somebody tells: pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hub.config.model import Config, Sync


def leading(config: Config, paused: Collection[str]) -> list[Sync]:
    """The syncs that webhooks and gaps start: those with a schedule that are not paused, and as few as reach every
    system, since one run brings what was read everywhere."""
    able = [item for item in config.syncs.values() if item.timing.schedule is not None and item.name not in paused]
    return [item for item in able if is_leading(item, able)]


def is_leading(sync: Sync, others: Sequence[Sync]) -> bool:
    """Whether webhooks start this sync: of those with the same systems the first, and none whose systems another one has,
    too, since one run brings what was named everywhere."""
    mine, before = set(sync.systems), True
    for other in others:
        if other.name == sync.name:
            before = False
        elif mine < set(other.systems) or (before and mine == set(other.systems)):
            return False
    return True
