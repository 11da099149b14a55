"""All that a run wrote to one record, put together from the journal and the images beside it (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.store.past import Image


@dataclass(slots=True)
class Written:
    """All that a run did to one record: its first and last journal rows put together."""

    kind: str
    system: str
    resource: str
    remote_id: str
    gid: str
    at: float
    pre: dict[str, Any] | None
    post: dict[str, Any] | None
    base: dict[str, Any] | None
    names: set[str]
    complete: bool


def written(rows: Sequence[Mapping[str, Any]], images: Mapping[str, Image]) -> list[Written]:
    found: dict[tuple[str, str, str], Written] = {}
    for row in rows:
        image = images.get(row["op_id"])
        names = {diff["path"].split("/", 1)[0] for diff in row["diffs"]}
        place = (row["system"], row["resource"], row["remote_id"])
        known = found.get(place)
        if known is None:
            base = image.base if image is not None else None
            found[place] = Written(
                row["kind"], *place, row["gid"], row["at"], row["pre"], None, base, names, image is not None
            )
            known = found[place]
        else:
            known.names |= names
            known.complete = known.complete and image is not None
            if row["kind"] == "delete":
                known.kind = "nothing" if known.kind == "create" else "delete"
        known.post = image.post if image is not None else None
    return [write for write in found.values() if write.kind != "nothing"]
