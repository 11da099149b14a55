"""What is not mapped stays byte for byte (I12), and nothing is written where the hub may only read (I11)."""

from __future__ import annotations

from hub.testing.simulation.world import World, Write


def check(world: World, write: Write) -> None:
    server = world.servers[write.system]
    if server.profile.has("read_only"):
        world.violate("direction", f"{write.system} is read-only: {write.kind} {write.id}")
    if "owner" in write.op.data:
        world.violate("direction", f"{write.system}/{write.id}: owner is only read")
    if write.kind != "update":
        return
    if write.before.get("x_frame") != write.after.get("x_frame"):
        world.violate("frame", f"{write.system}/{write.id}: unmapped data changed")
    for path in server.profile.parts:
        if path not in server.vanished:  # a list that the hub may not see looks empty: it is written anew (bounded)
            _rows(world, write, path)


def _rows(world: World, write: Write, path: str) -> None:
    """Rows that are still there keep what is not mapped; rows without ids are recognised by their value."""
    key = "id" if world.servers[write.system].profile.parts[path] == "by_id" else "value"
    after = {row.get(key): row for row in write.after.get(path) or []}
    for row in write.before.get(path) or []:
        kept = after.get(row.get(key))
        if kept is not None and row.get("_frame") is not None and kept.get("_frame") != row.get("_frame"):
            if key == "value" and sum(r.get(key) == row.get(key) for r in write.before.get(path) or []) > 1:
                continue  # two rows of one value cannot be told apart
            world.violate("frame", f"{write.system}/{write.id}: unmapped data of {path}/{row.get(key)} changed")
