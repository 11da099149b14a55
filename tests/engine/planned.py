"""One golden record and what one system shows of it, put together by hand: what is planned for it, and what the system
would show then."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from hub.mapping.compile import compile_mapping
from hub.mapping.parse import parse_mapping
from hub.mapping.transforms import Registry
from hub.mapping.view import Mapping_
from hub.state import Cell, Collection, Element, Esent, Golden, Link
from hub.sync.merge.observe import base_of
from hub.sync.plan.draft import Draft
from hub.sync.plan.items import Item
from hub.sync.plan.parts import decode
from hub.sync.plan.record import blank_base, plan_record
from tests.engine.world import HEAD, upper


@functools.cache
def mapping_of(shape: str, name: str = "A") -> Mapping_:
    text = HEAD.format(name=name) + shape.replace("{fields}", "")
    mapping: Mapping_ = compile_mapping(
        parse_mapping(text, name=f"{name}.contacts", file=f"{name}.toml"), registry=Registry({"upper": upper})
    )
    return mapping


def element(eid: str, value: Any, *labels: str, run: str = "", **more: Any) -> Element:
    """An element of a collection that system Z gave; ``more``: its state."""
    attrs = {"labels": Cell(labels, "Z", 1)} if labels else {}
    return Element(eid, Cell(value, "Z", 1, rule="edit", run=run), attrs, **{"stamp": 1, "claims": 1} | more)


def collection(*elements: Element, primary: str | None = None, seq: int = 1) -> Collection:
    """A golden collection of these elements in this order."""
    return Collection({item.eid: item for item in elements}, Cell(primary, "Z", seq, rule="flag"))


def golden(*elements: Element, primary: str | None = None, seq: int = 1, of: str = "emails", **fields: Any) -> Golden:
    """A golden record with one collection."""
    return Golden(
        "g1",
        fields={field: Cell(value, "Z", 1, rule="edit") for field, value in fields.items()},
        collections={of: collection(*elements, primary=primary, seq=seq)},
    )


def drafted(
    shape: str,
    record: Golden,
    native: Mapping[str, Any] | None,
    picture: Mapping[str, list[list[str | None]]] | None = None,
    *,
    left: bool = False,
    ids: Mapping[str, str] | None = None,
    merged: Mapping[str, str] | None = None,
    **known: Any,
) -> Draft:
    """The plan to be made of a record: the system has been sent all that golden says now, unless ``known`` says something
    else of the link.  native: None while the system has no such record; ids: gid -> id in the system."""
    mapping = mapping_of(shape)
    link = Link("A", "contacts", "" if native is None else "7", record.gid, mapping=mapping.hash)
    if native is not None:
        link.native, link.version = native, "3"
        link.picture = dict(picture or {})
        link.sent = {name: cell.value for name, cell in record.fields.items()}
        for name, rows in link.picture.items():
            coll = record.collection(name)
            shown = [coll.elements[eid] for _, eid in rows if eid in coll.elements]
            link.esent[name] = {item.eid: Esent.of(item) for item in shown if item.alive}
            link.psent[name] = coll.primary_eid()
    for name, value in known.items():
        setattr(link, name, value)
    names, followers = dict(ids or {}), dict(merged or {})

    def survivor(gid: str) -> str:
        assert isinstance(gid, str)
        return followers.get(gid, gid)

    return Draft(
        record,
        link,
        blank_base(mapping) if native is None else base_of(link, mapping),
        mapping,
        native is None,
        lambda gid, _resource: names.get(gid),
        lambda _gid, _ref: left,
        survivor,
    )


def planned(*args: Any, **known: Any) -> Item:
    """What is planned; see ``drafted``."""
    item = plan_record(drafted(*args, **known))
    assert item is not None
    return item


def after(shape: str, native: Mapping[str, Any] | None, item: Item) -> dict[str, Any]:
    """What the system shows once an item is carried out."""
    return dict(mapping_of(shape).apply(native, decode(item.data)))


def lines(item: Item) -> list[tuple[str, Any, Any]]:
    """What people are told of an item."""
    return [(line.path, line.old, line.new) for line in item.diffs]


def slots(**picks: str) -> str:
    """The mapping of e-mail slots, each with what it picks."""
    return "[emails.slots]\n" + "".join(
        f'{name} = {{ pick = "{pick}", as = "email" }}\n' for name, pick in picks.items()
    )
