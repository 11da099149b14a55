"""After a value was taken back, a system may show something else than golden on purpose: it is left as it is.

The two bases say so: what is shown is noted as seen, golden as sent, so neither side has changed; and what a plan would
still write (a row to add, a slot to fill) is marked as undone until the golden value moves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hub.canonical.schema import COLLECTIONS, field_def
from hub.canonical.values import same
from hub.mapping.view import UNSUPPORTED, RemoteRef
from hub.state import Base, Cell, Element, Esent, Golden, Link, mark_of
from hub.sync.merge.observe import base_of
from hub.sync.plan.draft import UNDONE
from hub.sync.plan.items import Diff, Item
from hub.sync.planning import plan_on
from hub.sync.policy import is_blank
from hub.sync.systems import Source
from hub.sync.workspace import Workspace


def pending(workspace: Workspace, source: Source, golden: Golden) -> list[Diff]:
    """What a plan would write to this record now."""
    item = next(plan_on(workspace, source, golden), None)
    return [] if item is None else item.diffs


def accept(
    workspace: Workspace,
    source: Source,
    golden: Golden,
    link: Link,
    names: Iterable[str],
    waiting: Collection[str],
    moved: Collection[str] | None = None,
) -> None:
    """Leave the fields and collections ``names`` of a record as they are shown, whatever golden says.

    waiting: paths that were to be written already before the undo; they still are.  moved: the elements that the undo is
    about ("emails/EID"), None for all: of others the record knows no more than before.
    """
    base, wanted = base_of(link, source.mapping), set(names)
    _accept_shown(workspace, source, golden, link, base, wanted, waiting, moved)
    for diff in pending(workspace, source, golden):
        name, _, rest = diff.path.partition("/")
        if name in wanted and diff.path not in waiting:
            link.undone[diff.path] = mark_of(
                _meant(golden, name, rest, diff), _shown_at(source, golden, base, name, rest)
            )


def _accept_shown(
    workspace: Workspace,
    source: Source,
    golden: Golden,
    link: Link,
    base: Base,
    names: Collection[str],
    waiting: Collection[str],
    moved: Collection[str] | None,
) -> None:
    for name in sorted(names):
        if name in base.fields and name not in waiting:  # what was never seen is met for the first time: no edit
            link.sent[name] = golden.value(name)
            link.lost.discard(name)
            if not _shows(workspace, source, golden, name, base.fields[name]):
                link.undone[name] = mark_of(golden.fields.get(name))
        if name in source.mapping.collections:
            _accept_elements(golden, link, name, waiting, moved)
            _mark_others(workspace, source, golden, link, base, name, waiting, moved)


def _shows(workspace: Workspace, source: Source, golden: Golden, name: str, shown: object) -> bool:
    value = golden.value(name)
    if shown is UNSUPPORTED:
        return True
    if source.mapping.fields[name].ref is not None:
        meant = workspace.resolve(source.system, shown) if isinstance(shown, RemoteRef) else None
        return meant == (workspace.survivor(value) if isinstance(value, str) else None)
    image = source.mapping.norm(name, value)
    found = field_def(name)
    kind = found.kind if found else "text"
    return (is_blank(image) and is_blank(shown)) or same(kind, image, shown, region=workspace.shared.policy.region)


def _accept_elements(
    golden: Golden, link: Link, name: str, waiting: Collection[str], moved: Collection[str] | None
) -> None:
    collection = golden.collection(name)
    for _, eid in link.picture.get(name, ()):
        element = collection.elements.get(eid or "")
        path = f"{name}/{eid}"
        if element is None or not element.alive or waits(path, waiting) or (moved is not None and path not in moved):
            continue
        link.esent.setdefault(name, {})[element.eid] = Esent.of(element)
        for lost in [item for item in link.lost if item == path or item.startswith(path + "/")]:
            link.lost.discard(lost)
    if f"{name}/primary" not in waiting and name in link.psent:
        link.psent[name] = collection.primary_eid()


def waits(path: str, waiting: Collection[str]) -> bool:
    """Whether something of an element (or field) was to be written already."""
    return any(item == path or item.startswith(path + "/") for item in waiting)


def _mark_others(
    workspace: Workspace,
    source: Source,
    golden: Golden,
    link: Link,
    base: Base,
    name: str,
    waiting: Collection[str],
    moved: Collection[str] | None,
) -> None:
    """Elements that are shown otherwise than golden has them are marked, too."""
    for row in base.collections.get(name, ()):
        element = golden.collection(name).elements.get(row.eid or "")
        if element is None or not element.alive or row.value is None or waits(f"{name}/{element.eid}", waiting):
            continue
        if moved is not None and f"{name}/{element.eid}" not in moved:
            continue
        image = source.mapping.norm_row(name, element.value.value, element.attr_values())
        kind, region = COLLECTIONS[name].kind, workspace.shared.policy.region
        if image is None or not same(kind, image.value, row.value, region=region):
            link.undone[f"{name}/{element.eid}"] = mark_of(element)


def differs_on_purpose(golden: Golden, link: Link, name: str) -> bool:
    """Whether a person took something of this field or collection back here, and it has not moved since."""
    for path, mark in link.undone.items():
        head, _, _ = path.partition("/")
        if head == name and path == head:
            if mark == mark_of(golden.fields.get(name)):
                return True
        elif head == name and link.held.get(path) == UNDONE:
            return True  # the last plan left it; also where golden has nothing for a slot that shows a removed element
        elif head == name:
            element = golden.collection(name).elements.get(str(mark[0]))
            if element is not None and mark[:3] == mark_of(element)[:3] and (element.alive or "removed" in mark):
                return True
    return False


def _shown_at(source: Source, golden: Golden, base: Base, name: str, slot: str) -> Element | None:
    """The element that a slot shows; None if the path is no slot's."""
    spec = source.mapping.collections.get(name)
    if spec is None or spec.shape != "slots":
        return None
    row = next((row for row in base.collections.get(name, ()) if row.pos == slot), None)
    return None if row is None else golden.collection(name).elements.get(row.eid or "")


def _meant(golden: Golden, name: str, rest: str, diff: Diff) -> Cell | Element | None:
    """The golden value behind a line of a plan: a field, the element of a row, or the one that a slot would show."""
    if not rest:
        return golden.fields.get(name)
    collection = golden.collection(name)
    found = collection.elements.get(rest.partition("/")[0])
    if found is not None:
        return found
    return next((item for item in collection.live() if item.value.value == diff.new), None)


def accept_written(workspace: Workspace, source: Source, link: Link, undo: dict[str, object], base: Base) -> None:
    """A write that took something back was carried out on this record, which is observed next.  base: what it left: who has
    edited the record since has seen that, not what golden has."""
    names, waiting = _paths(undo)
    _accept_shown(workspace, source, workspace.goldens[link.gid], link, base, set(names), waiting, None)


def accept_observed(workspace: Workspace, source: Source, link: Link, undo: dict[str, object]) -> None:
    """The same, when the record was observed."""
    names, waiting = _paths(undo)
    accept(workspace, source, workspace.goldens[link.gid], link, names, waiting)
    workspace.touch(link)


def _paths(undo: dict[str, object]) -> tuple[list[str], list[str]]:
    names, waiting = undo.get("names", ()), undo.get("waiting", ())
    assert isinstance(names, (list, tuple))
    assert isinstance(waiting, (list, tuple))
    return [str(item) for item in names], [str(item) for item in waiting]


def leave(link: Link, item: Item) -> None:
    """A record was deleted: one that an undo deleted is not made again by the next plan."""
    link.state = "gone"
    if item.undo:
        link.state, link.reason = "excluded", f"taken back: undo of run {item.undo['run']}"
