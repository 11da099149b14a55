"""One customer: its values with where they come from, and why each is what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hub.views.masking import Shown
from hub.views.problem import show_value

if TYPE_CHECKING:
    from hub.state import Cell, Golden, Link
    from hub.store.store import Store


def find(store: Store, ref: str) -> Golden:
    """The one golden record that a person means.  Raises UsageProblem if there is none or more than one."""
    from hub.bootstrap import UsageProblem

    exact = store.records.goldens([ref])
    if exact:
        golden = exact[ref]
        survivor = store.records.survivors([ref]).get(ref)
        return store.records.goldens([survivor])[survivor] if survivor is not None else golden
    found = store.records.search(ref, 6)
    titled = [gid for gid, title in found if title == ref]
    gids = titled if len(titled) == 1 else [gid for gid, _ in found]
    if not gids:
        raise UsageProblem(f"there is no record {ref!r}", hint="`crmhub record search TEXT` finds records")
    if len(gids) > 1:
        names = "; ".join(f"{gid} {title}" for gid, title in found[:5])
        raise UsageProblem(f"{ref!r} can mean several records", hint=f"Name one by its gid: {names}")
    return store.records.goldens(gids)[gids[0]]


def values_of(golden: Golden) -> Iterator[tuple[str, Cell, str]]:
    """(path, cell, label) of every value of a record, with one line for each live element."""
    from hub.sync.bounces import status_of

    for name, cell in sorted(golden.fields.items()):
        if cell.value is not None:
            yield name, cell, name
    for name, collection in sorted(golden.collections.items()):
        primary = collection.primary_eid()
        for element in collection.live():
            labels = show_value(element.attr("labels")) if element.attr("labels") else ""
            status = status_of(element)
            known = str(status.value) if status is not None else ""
            notes = ", ".join(filter(None, (labels, "primary" if element.eid == primary else "", known)))
            yield f"{name}/{element.eid}", element.value, f"{name} ({notes})" if notes else name


def provenance(cell: Cell) -> dict[str, Any]:
    return {
        "source": cell.source,
        "time": cell.time,
        "rule": cell.rule,
        "pinned": cell.pinned,
        "run": cell.run,
    }


def link_of(link: Link) -> dict[str, Any]:
    return {
        "system": link.system,
        "resource": link.resource,
        "remote_id": link.remote_id,
        "state": link.state,
        "reason": link.reason,
        "created_by_hub": link.created_by_hub,
        "held": link.held,
    }


def explain(shown: Shown, store: Store, golden: Golden, field: str | None = None) -> list[dict[str, Any]]:
    """Each value with its source, time and rule, its history, what lost against it, and who does not get it.

    field: only this one, and what belongs to it.  Raises UsageProblem for a field that the record does not have."""
    links = store.records.links_by_gid([golden.gid]).get(golden.gid, [])
    losers = store.history.ledger(gid=golden.gid)
    names = sorted({*golden.fields, *golden.collections})
    if field is not None:
        name = field.split("/", 1)[0]
        if name not in names:
            from hub.bootstrap import UsageProblem
            from hub.config.read import unknown_name

            raise UsageProblem(unknown_name("value", field, names), where=golden.gid)
    return [
        _explain(shown, store, golden.gid, path, cell, label, links, losers)
        for path, cell, label in values_of(golden)
        if field is None or path == field or path.startswith((field + "/", field + "."))
    ]


def _explain(
    shown: Shown,
    store: Store,
    gid: str,
    path: str,
    cell: Cell,
    label: str,
    links: list[Link],
    losers: list[dict[str, Any]],
) -> dict[str, Any]:
    name = path.split("/", 1)[0]
    history = [_change(shown, row) for row in store.history.changes(gid, path)]
    lost = [
        _lost(shown, row) for row in losers if row["path"] == path or row["path"].startswith((path + "/", path + "."))
    ]
    held = {link.system: link.held[name] for link in links if name in link.held}
    value = shown.value(path, cell.value)
    found = {"path": path, "value": value, **provenance(cell), "history": history, "lost": lost, "held": held}
    return {**found, "label": label}


def _change(shown: Shown, row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "old": shown.value(row["path"], row["old"]), "new": shown.value(row["path"], row["new"])}


def _lost(shown: Shown, row: dict[str, Any]) -> dict[str, Any]:
    kept = ("id", "at", "path", "rule", "winner_system", "loser_system", "state")
    return {**{key: row[key] for key in kept}, "loser": shown.value(row["path"], row["loser"])}
