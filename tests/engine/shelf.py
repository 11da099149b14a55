"""One golden record whose collections some systems show: the pure merge with real mappings, without a store.

What is the case afterwards is told as lines of text, so that a test states all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.mapping.compile import compile_mapping
from hub.mapping.parse import parse_mapping
from hub.mapping.transforms import Registry
from hub.mapping.view import Mapping_, Value
from hub.state import Element, Esent, Golden, Link
from hub.sync.merge.collections import observe_collection
from hub.sync.merge.context import Merge
from hub.sync.merge.observe import base_of
from hub.sync.policy import Policy
from tests.engine.world import HEAD, upper

ROWS = """
[emails]
list = "emails"
id = "id"
value = { at = "value", as = "email" }
label = { at = "label", as = "label" }
primary = { at = "pref" }
"""
NO_IDS = ROWS.replace('id = "id"\n', "")
BARE = NO_IDS.replace('label = { at = "label", as = "label" }\nprimary = { at = "pref" }\n', "")
FIRST = ROWS.replace('{ at = "pref" }', '"first"')
SHOUTING = ROWS.replace('as = "email"', 'as = "upper"')
SLOTS = '[emails.slots]\nemail = { pick = "primary", as = "email" }\nemail2 = { pick = "next", as = "email" }\n'
PLACES = """
[addresses]
list = "addresses"
id = "id"
recipient = "to"
lines = { at = "street", as = "lines(comma)" }
district = "district"
city = "city"
postal_code = "zip"
"""
POOR_PLACES = PLACES.replace('district = "district"\n', "").replace('recipient = "to"\n', "")


def mapping_of(shape: str, system: str) -> Mapping_:
    text = HEAD.format(name=system).replace('match = ["email"]\n', "") + shape
    parsed = parse_mapping(text, name=f"{system}.contacts", file=f"{system}.toml")
    return compile_mapping(parsed, registry=Registry({"upper": upper}))


def row(id_: str | None, value: str, label: str | None = None, *, pref: bool | None = None) -> dict[str, Any]:
    return {"id": id_, "value": value, "label": label, "pref": pref}


def place(id_: str, street: str, city: str, **more: str) -> dict[str, Any]:
    return {"id": id_, "street": street, "city": city, **more}


class Shelf:
    """Each look at a system is a run of its own, unless it is said to be in the run of the look before."""

    def __init__(self, policy: Policy | None = None, **shapes: str) -> None:
        self.mappings = {name: mapping_of(shape, name) for name, shape in shapes.items()}
        self.policy = policy or Policy(tuple(shapes))
        self.golden = Golden("g")
        self.links: dict[str, Link] = {}
        self.run = 0
        self.seq = 0
        self.merge: Merge
        self.log: list[str] = []

    def tick(self) -> int:
        self.seq += 1
        return self.seq

    def shows(
        self, system: str, *rows: dict[str, Any], time: float | None = None, same_run: bool = False, **slots: Value
    ) -> list[str]:
        """What a system shows now is observed; the ledger and the changes of this look."""
        if not same_run:
            self.run += 1
            self.seq = self.run * 100
        mapping = self.mappings[system]
        link = self.links.setdefault(system, Link(system, "contacts", f"{system}1", "g"))
        view = mapping.get(self._native(system, rows, slots))
        assert view is not None
        self.merge = Merge(
            self.policy,
            system,
            mapping,
            time,
            self.run * 100,
            self.tick,
            self.mappings.get,
            lambda _ref: None,
            lambda gid: gid,
            f"run {self.run}",
        )
        base = base_of(link, mapping)
        for name, positions in view.collections.items():
            picture = observe_collection(self.merge, self.golden, link, name, base.collections.get(name, []), positions)
            link.picture[name] = [[item.pos, item.eid] for item in picture]
        self._keep(link, self._native(system, rows, slots))
        self.log += (events := self.events())
        return events

    def given(self, system: str, *rows: dict[str, Any], **slots: Value) -> None:
        """The hub has written to a system, which shows all that golden says."""
        mapping = self.mappings[system]
        link = self.links.setdefault(system, Link(system, "contacts", f"{system}1", "g"))
        native = self._native(system, rows, slots)
        view = mapping.get(native)
        assert view is not None
        for name, positions in view.collections.items():
            coll = self.golden.collection(name)
            by_text = {
                repr(shown.value): item
                for item in coll.live()
                if (shown := mapping.norm_row(name, item.value.value, item.attr_values())) is not None
            }
            shown_now = [(item.pos, by_text.get(repr(item.value))) for item in positions]
            link.picture[name] = [[pos, None if item is None else item.eid] for pos, item in shown_now]
            link.esent[name] = {item.eid: Esent.of(item) for _, item in shown_now if item is not None}
            link.psent[name] = coll.primary_eid()
        link.lost.clear()
        self._keep(link, native)

    def _keep(self, link: Link, native: dict[str, Any]) -> None:
        link.native, link.mapping = native, self.mappings[link.system].hash

    def _native(self, system: str, rows: Sequence[dict[str, Any]], slots: dict[str, Value]) -> dict[str, Any]:
        (name,) = self.mappings[system].collections
        return dict(slots) if self.mappings[system].collections[name].shape == "slots" else {name: list(rows)}

    @property
    def name(self) -> str:
        (name,) = self.golden.collections
        return name

    def element(self, number: int) -> Element:
        """The elements count from one in the order in which they were made."""
        return list(self.golden.collection(self.name).elements.values())[number - 1]

    def path(self, number: int, attr: str = "") -> str:
        return f"{self.name}/{self.element(number).eid}" + (f"/{attr}" if attr else "")

    def _numbered(self, text: str) -> str:
        for number, eid in enumerate(self.golden.collection(self.name).elements, 1):
            text = text.replace(eid, f"#{number}") if eid in text else text
        return text

    def events(self) -> list[str]:
        merge = self.merge
        lost = [
            f"{item.path}: {item.rule}: {_text(item.winner)} of {item.winner_system} beats {_text(item.loser)} of "
            f"{item.loser_system}{' (asked)' if item.open else ''}"
            for item in merge.ledger
        ]
        changes = [f"{item.path}: {_text(item.old)} -> {_text(item.new)} ({item.rule})" for item in merge.changes]
        return [self._numbered(line) for line in (*lost, *changes)]

    def tells(self, *systems: str) -> list[str]:
        """What has happened since this was asked last, all elements, and what is noted of some systems."""
        happened, self.log = self.log, []
        return [*happened, *self.elements(), *(f"{name} {line}" for name in systems for line in self.knows(name))]

    def elements(self) -> list[str]:
        """All elements: value, origin, attributes, runs of the last change and of the key, claims."""
        lines = []
        for number, item in enumerate(self.golden.collection(self.name).elements.values(), 1):
            attrs = [f"{name} {_text(cell.value)} by {cell.source}, {cell.rule}" for name, cell in item.attrs.items()]
            state = [] if item.alive else ["removed" if item.into is None else f"removed into {item.into}"]
            lines.append(
                "; ".join(
                    [
                        f"#{number} {_text(item.value.value)} by {item.value.source}, {item.value.rule}",
                        *attrs,
                        f"{item.claims} claims, run {item.stamp // 100}, key of run {item.keyed // 100}",
                        *state,
                    ]
                )
            )
        primary = self.golden.collection(self.name).primary_eid()
        lines += [f"primary {primary}"] if primary is not None else []
        return [self._numbered(line) for line in lines]

    def knows(self, system: str) -> list[str]:
        """What the hub notes of a system: positions, what it was sent, what it is to be given, primary, holds."""
        link, name = self.links[system], self.name
        lines = [f"shows {', '.join(str(eid) for _, eid in link.picture[name])}"]
        sent = []
        for eid, known in link.esent.get(name, {}).items():
            attrs = "".join(f", {attr} {_text(value)}" for attr, value in known.attrs.items())
            sent.append(self._numbered(f"{eid} is {_text(known.value)}{attrs}, {known.claims} claims"))
        lines += sorted(sent)  # in no order
        lines += [f"lost {item}" for item in sorted(link.lost)]
        lines += [f"undone {item}" for item in sorted(link.undone)]
        lines += [f"primary {link.psent[name]}"] if link.psent.get(name) is not None else []
        lines += [f"{slot} is kept empty since run {seq // 100}" for slot, seq in link.holds.get(name, {}).items()]
        return [self._numbered(line) for line in lines]


def _text(value: Value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(_text(item) for item in value.values() if item) + "}"
    if isinstance(value, list | tuple):
        return "+".join(map(str, value))
    return str(value).replace("@x.example", "@")
