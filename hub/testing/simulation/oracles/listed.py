"""The hub writes exactly what one of its plans of this run listed (I14)."""

from __future__ import annotations

from hub.sync.plan.items import Item
from hub.sync.plan.parts import decode
from hub.testing.simulation.world import World, Write


def check(world: World, write: Write) -> None:
    op = write.op
    for plan in world.plans:
        for item in plan.items.of(write.system):
            if _is(item, write):
                return
    world.violate("listed", f"{write.system}: {op.kind} {op.id or op.key} {dict(op.data)} was in no plan")


def _is(item: Item, write: Write) -> bool:
    op = write.op
    same = item.kind == op.kind and item.remote_id == op.id and decode(item.data) == op.data
    return same and (op.kind != "create" or item.gid == op.key)
