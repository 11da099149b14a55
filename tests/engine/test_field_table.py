"""The field table (sync-semantics, section 4) as an executable table, on the pure merge with a real mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count, permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract.errors import Unavailable
from hub.mapping.compile import compile_mapping
from hub.mapping.parse import parse_mapping
from hub.mapping.transforms import Registry
from hub.mapping.view import Mapping_, Value
from hub.state import Cell, Golden, Link
from hub.sync.merge.context import Merge
from hub.sync.merge.observe import base_of, observe
from hub.sync.policy import FieldPolicy, Policy
from tests.engine.world import HEAD, PLAIN, World, failing, no_fault, upper

NOTES = '[fields]\nname.full = "name"\nnotes = "notes"\n'
UPPER = '[fields]\nname.full = "name"\nnotes = { at = "notes", as = "upper" }\n'
READ = '[fields]\nname.full = "name"\nnotes = { at = "notes", direction = "read" }\n'
WRITE = '[fields]\nname.full = "name"\nnotes = { at = "notes", direction = "write" }\n'
CREATE = '[fields]\nname.full = "name"\nnotes = { at = "notes", direction = "create" }\n'
DEFAULT = '[fields]\nname.full = "name"\nnotes = { at = "notes", server_default = true }\n'
NONE = '[fields]\nname.full = "name"\n'


def mapping_of(shape: str, system: str = "S") -> Mapping_:
    text = HEAD.format(name=system).replace('match = ["email"]\n', "") + shape
    parsed = parse_mapping(text, name=f"{system}.contacts", file=f"{system}.toml")
    return compile_mapping(parsed, registry=Registry({"upper": upper}))


@dataclass
class Lab:
    """One golden record and the links of some systems, without a store."""

    shapes: Mapping[str, str] = field(default_factory=lambda: {"S": NOTES})
    policy: Policy = field(default_factory=lambda: Policy(("S", "T")))
    golden: Golden = field(default_factory=lambda: Golden("g"))
    links: dict[str, Link] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mappings = {name: mapping_of(shape, name) for name, shape in self.shapes.items()}
        self.ticks = count(100)

    def before(self, system: str, seen: Value, sent: Value) -> Link:
        """A link that showed ``seen`` last, which corresponds to the golden value ``sent``."""
        link = Link(system, "contacts", f"{system}1", "g", mapping=self.mappings[system].hash)
        link.native = {"name": "Anna", "notes": seen}
        link.sent = {"notes": sent, "name": {}}
        self.links[system] = link
        return link

    def shows(self, system: str, notes: Value, time: float | None = None) -> Merge:
        """The system shows a value now."""
        mapping = self.mappings[system]
        link = self.links.setdefault(system, Link(system, "contacts", f"{system}1", "g"))
        native = {"name": "Anna", "notes": notes}
        merge = Merge(
            self.policy,
            system,
            mapping,
            time,
            0,
            lambda: next(self.ticks),
            self.mappings.get,
            lambda _ref: None,
            lambda gid: gid,
        )
        view = mapping.get(native)
        assert view is not None
        link.sent.pop("name", None)
        base = base_of(link, mapping)
        observe(merge, self.golden, link, base, view, native)
        self.merges.append(merge)
        return merge

    def ledger(self) -> list[tuple[Value, Value]]:
        return [(row.winner, row.loser) for merge in self.merges for row in merge.ledger if row.path == "notes"]

    def push(self, system: str = "S") -> bool:
        """G: whether the plan has to look at the field."""
        link = self.links[system]
        return "notes" in link.lost or self.golden.value("notes") != link.sent.get("notes")


def cell(value: Value, source: str = "T", time: float | None = None, **more: Any) -> Cell:
    return Cell(value, source, 1, time, "edit", **more)


ASK = Policy(("S", "T"), fields={"notes": FieldPolicy("ask")})
IGNORE = Policy(("S", "T"), fields={"notes": FieldPolicy(blank="ignore")})
LOSES = Policy(("T", "S"))


@dataclass(frozen=True)
class Row:
    """seen, sent, golden before; what is shown now; expected golden, sent, push, ledger."""

    name: str
    seen: Value
    sent: Value
    golden: Value
    shown: Value
    after: Value
    after_sent: Value
    push: bool
    ledger: tuple[tuple[Value, Value], ...] = ()
    policy: Policy = field(default_factory=lambda: Policy(("S", "T")))
    shape: str = NOTES


TABLE = [
    Row("L0 G0: nothing", "a", "a", "a", "a", "a", "a", False),
    Row("L0 G1: planned push", "a", "a", "g", "a", "g", "a", True),
    Row("L1 G0: an edit", "a", "a", "a", "b", "b", "b", False),
    Row("L1 G0: an erasure is an edit", "a", "a", "a", None, None, None, False),
    Row("L1 G0: an erasure that is ignored", "a", "a", "a", None, "a", "a", False, policy=IGNORE),
    Row("L1 G0: a first value", None, None, None, "b", "b", "b", False),
    Row("L1 G1: converged", "a", "a", "b", "b", "b", "b", False),
    Row("L1 G1: both erased", "a", "a", None, None, None, None, False),
    Row("L1 G1: converged through a normalising system", "A", "a", "b", "B", "b", "b", False, shape=UPPER),
    Row("L1 G1: conflict won", "a", "a", "g", "b", "b", "b", False, (("b", "g"),)),
    Row("L1 G1: conflict lost", "a", "a", "g", "b", "g", "a", True, (("g", "b"),), LOSES),
    Row("L1 G1: an erasure wins", "a", "a", "g", None, None, None, False, ((None, "g"),)),
    Row("L1 G1: an erasure that loses to a value", "a", "a", "g", None, "g", "a", True, (("g", None),), IGNORE),
    Row("L1 G1: ask keeps the winner for now", "a", "a", "g", "b", "b", "b", False, (("b", "g"),), ASK),
    Row("read: an edit counts", "a", "a", "a", "b", "b", "b", False, shape=READ),
    Row("write: drift is set back", "a", "a", "a", "b", "a", "a", True, (("a", "b"),), shape=WRITE),
    Row("write: drift to what golden is now", "a", "a", "b", "b", "b", "b", False, shape=WRITE),
    Row("create: an edit is not ours", "a", "a", "a", "b", "a", "a", False, shape=CREATE),
    Row("normalised: no edit", "A", "a", "a", "A", "a", "a", False, shape=UPPER),
    Row("normalised: an edit is taken as shown", "A", "a", "a", "B", "B", "B", False, shape=UPPER),
]


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_field_table(row: Row) -> None:
    lab = Lab({"S": row.shape, "T": NOTES}, row.policy)
    lab.before("S", row.seen, row.sent)
    lab.golden.fields["notes"] = cell(row.golden)
    lab.shows("S", row.shown)
    assert lab.golden.value("notes") == row.after
    assert lab.links["S"].sent["notes"] == row.after_sent
    assert lab.push() is row.push
    assert lab.ledger() == list(row.ledger)


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_looking_again_changes_nothing(row: Row) -> None:
    lab = Lab({"S": row.shape, "T": NOTES}, row.policy)
    lab.before("S", row.seen, row.sent)
    lab.golden.fields["notes"] = cell(row.golden)
    lab.shows("S", row.shown)
    golden, sent, lost = lab.golden.to_json(), dict(lab.links["S"].sent), set(lab.links["S"].lost)
    again = lab.shows("S", row.shown)
    assert (lab.golden.to_json(), lab.links["S"].sent, lab.links["S"].lost) == (golden, sent, lost)
    assert (again.ledger, again.changes, again.notices) == ([], [], [])


NEW = [
    ("v BLANK, g BLANK", None, None, None, None, False, (), Policy(("S", "T")), NOTES),
    ("v BLANK never beats a value", "g", None, "g", None, True, (), Policy(("S", "T")), NOTES),
    ("g BLANK takes v", None, "b", "b", "b", False, (), Policy(("S", "T")), NOTES),
    ("g BLANK does not take a default", None, "b", None, None, False, (), Policy(("S", "T")), DEFAULT),
    ("both equal", "b", "b", "b", "b", False, (), Policy(("S", "T")), NOTES),
    ("both equal through the system", "b", "B", "b", "b", False, (), Policy(("S", "T")), UPPER),
    ("differ without authority: fill only", "g", "b", "g", "g", True, (("g", "b"),), Policy(("S", "T")), NOTES),
    ("differ with authority", "g", "b", "b", "b", False, (("b", "g"),),
     Policy(("T", "S"), authority={"notes": ("S", "T")}), NOTES),
    ("differ with less authority", "g", "b", "g", "g", True, (("g", "b"),),
     Policy(("S", "T"), authority={"notes": ("T", "S")}), NOTES),
    ("a default never wins", "g", "b", "g", "g", True, (), Policy(("S", "T"), authority={"notes": ("S",)}), DEFAULT),
    ("write only: nothing is taken", None, "b", None, None, False, (), Policy(("S", "T")), WRITE),
    ("write only: differs, is pushed", "g", "b", "g", None, True, (), Policy(("S", "T")), WRITE),
    ("create only: left as it is", "g", "b", "g", "g", False, (), Policy(("S", "T")), CREATE),
]  # fmt: skip


@pytest.mark.parametrize("row", NEW, ids=[row[0] for row in NEW])
def test_new_link_rows(row: tuple[Any, ...]) -> None:
    _, golden, shown, after, sent, push, ledger, policy, shape = row
    lab = Lab({"S": shape, "T": NOTES}, policy)
    lab.golden.fields["notes"] = cell(golden)
    lab.shows("S", shown)
    assert lab.golden.value("notes") == after
    assert lab.links["S"].sent["notes"] == (None if shape == WRITE and not ledger and golden is None else sent)
    assert lab.push() is push
    assert lab.ledger() == list(ledger)


def test_a_pinned_value_is_not_beaten_on_first_link() -> None:
    lab = Lab({"S": NOTES}, Policy(("S",), authority={"notes": ("S",)}))
    lab.golden.fields["notes"] = cell("g", "person", pinned=True)
    lab.shows("S", "b")
    assert (lab.golden.value("notes"), lab.push()) == ("g", True)


def test_a_field_mapped_later_is_a_new_link_for_that_field() -> None:
    lab = Lab({"S": NOTES})
    link = lab.before("S", "b", None)
    del link.sent["notes"]
    lab.golden.fields["notes"] = cell("g")
    lab.shows("S", None)
    assert (lab.golden.value("notes"), lab.push()) == ("g", True), "blank is no erasure of what it was never given"


def test_unsupported_is_ignored() -> None:
    lab = Lab({"S": NONE, "T": NOTES})
    lab.golden.fields["notes"] = cell("g")
    lab.shows("S", "whatever")
    assert lab.golden.value("notes") == "g"
    assert "notes" not in lab.links["S"].sent
    assert lab.ledger() == []


def test_drift_can_be_left_alone() -> None:
    lab = Lab({"S": WRITE}, Policy(("S",), fields={"notes": FieldPolicy(drift="ignore")}))
    lab.before("S", "a", "a")
    lab.golden.fields["notes"] = cell("a")
    merge = lab.shows("S", "b")
    assert (lab.golden.value("notes"), lab.push()) == ("a", False)
    assert [notice.code for notice in merge.notices] == ["drift"]


def test_drift_that_is_set_back_is_told_once() -> None:
    lab = Lab({"S": WRITE})
    lab.before("S", "a", "a")
    lab.golden.fields["notes"] = cell("a")
    codes = [notice.code for _ in range(2) for notice in lab.shows("S", "b").notices]
    assert codes == ["reverted"]


def test_a_loser_is_pushed_even_if_golden_returns_to_what_it_was_sent() -> None:
    lab = Lab({"S": NOTES, "T": NOTES}, Policy(("T", "S")))
    lab.before("S", "a", "a")
    lab.before("T", "g", "g")
    lab.golden.fields["notes"] = cell("g")
    lab.shows("S", "b")
    assert lab.links["S"].lost == {"notes"}
    lab.shows("T", "a")
    assert lab.golden.value("notes") == lab.links["S"].sent["notes"] == "a"
    assert lab.push("S"), "ABA: S shows b"


def test_a_mark_is_gone_once_the_system_agrees() -> None:
    lab = Lab({"S": NOTES}, LOSES)
    lab.before("S", "a", "a")
    lab.golden.fields["notes"] = cell("g")
    lab.shows("S", "b")
    lab.shows("S", "g")
    assert (lab.links["S"].lost, lab.push()) == (set(), False)


def test_a_richer_spelling_is_taken_without_a_conflict() -> None:
    lab = Lab({"S": NOTES, "U": UPPER}, Policy(("U", "S")))
    lab.golden.fields["notes"] = cell("LIKES TEA", "U")
    lab.shows("S", "Likes tea")
    assert (lab.golden.value("notes"), lab.ledger()) == ("Likes tea", [])


def test_ask_collects_every_candidate() -> None:
    lab = Lab({"S": NOTES, "T": NOTES, "U": NOTES}, Policy(("S", "T", "U"), fields={"notes": FieldPolicy("ask")}))
    for name in "STU":
        lab.before(name, "a", "a")
    lab.golden.fields["notes"] = cell("a", "S")
    for name in "STU":
        lab.shows(name, f"from {name}")
    assert [item[0] for item in lab.golden.frozen["notes"]] == ["from S", "from T", "from U"]
    assert all(row.open for merge in lab.merges for row in merge.ledger)


# several sources in one cycle


texts = st.sampled_from([None, "a", "b", "B", "c", "dd"])


@settings(max_examples=100)
@given(
    st.lists(texts, min_size=3, max_size=3),
    st.lists(st.sampled_from([0.0, 60.0, 120.0]), min_size=3, max_size=3),
    st.sampled_from(["auto", "longest", "prefer:U"]),
    st.sampled_from(["erase", "ignore"]),
    st.sampled_from(["a", None]),
)
def test_the_result_does_not_depend_on_the_order_of_reading(
    shown: list[Value], times: list[float], conflict: str, blank: Any, old: Value
) -> None:
    """Three systems that know the record are edited in one cycle and read in any order."""
    policy = Policy(("S", "T", "U"), fields={"notes": FieldPolicy(conflict, blank)})
    results = set()
    for order in permutations(range(3)):
        lab = Lab(dict.fromkeys("STU", NOTES), policy)
        lab.golden.fields["notes"] = cell(old, "S", 0.0)
        for name in "STU":
            lab.before(name, old, old)
        for index in order:
            lab.shows("STU"[index], shown[index], times[index])
        results.add(lab.golden.value("notes"))
        kept = {lab.golden.value("notes"), *(value for row in lab.ledger() for value in row)}
        edits = {value for value in shown if value not in (old, None)}
        assert edits <= kept, "no edit is lost"
    assert len(results) == 1


# end to end


def test_offline_for_days_and_then_an_edit_is_a_conflict(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "old"})
    world.sync()
    world.servers["B"].fault = failing(Unavailable("offline"), "changes", "write", "fetch", "listing", "find")
    world.servers["A"].edit("1", notes="new")
    for _ in range(3):
        world.sync()
    world.servers["B"].edit("1", notes="typed on top of the old value")
    world.servers["B"].fault = no_fault
    world.sync()
    (row,) = world.ledger()
    assert {row["winner"], row["loser"]} == {"new", "typed on top of the old value"}
    assert world.one("A")["notes"] == world.one("B")["notes"] == row["winner"]
    world.quiet()


def test_unsupported_fields_are_never_pushed(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN.replace('notes = "notes"\n', ""))
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "old"})
    world.sync()
    assert "notes" not in world.one("B")
    writes = world.writes()
    world.servers["A"].edit("1", notes="new")
    world.sync()
    assert world.writes() == writes


def test_a_read_only_field_is_read_and_never_written(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN.replace('notes = "notes"', 'notes = { at = "notes", direction = "read" }'), B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "from A"})
    world.sync()
    assert world.one("B")["notes"] == "from A"
    world.servers["B"].edit("1", notes="from B")
    world.sync()
    assert world.one("A")["notes"] == "from A"
    assert world.golden().value("notes") == "from B"
    world.quiet()


@pytest.mark.parametrize("drift", ["revert", "ignore"])
def test_drift_of_a_field_that_is_only_written(tmp_path: Path, drift: Any) -> None:
    policy = Policy(("A", "B"), fields={"notes": FieldPolicy(drift=drift)})
    shape = PLAIN.replace('notes = "notes"', 'notes = { at = "notes", direction = "write" }')
    world = World(tmp_path, policy, A=PLAIN, B=shape)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "right"})
    world.sync()
    world.servers["B"].edit("1", notes="wrong")
    world.sync()
    assert world.one("B")["notes"] == ("right" if drift == "revert" else "wrong")
    assert world.one("A")["notes"] == "right"
    world.quiet()


def test_a_create_only_field_is_written_once(tmp_path: Path) -> None:
    shape = PLAIN.replace('notes = "notes"', 'notes = { at = "notes", direction = "create" }')
    world = World(tmp_path, A=PLAIN, B=shape)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "first"})
    world.sync()
    assert world.one("B")["notes"] == "first"
    world.servers["A"].edit("1", notes="second")
    world.sync()
    assert world.one("B")["notes"] == "first"
    world.servers["B"].edit("1", notes="theirs")
    world.sync()
    assert (world.one("A")["notes"], world.one("B")["notes"]) == ("second", "theirs")
    world.quiet()


def test_a_blank_that_is_ignored_is_not_pushed_back(tmp_path: Path) -> None:
    world = World(tmp_path, Policy(("A", "B"), fields={"notes": FieldPolicy(blank="ignore")}), A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "kept"})
    world.sync()
    world.servers["B"].edit("1", notes=None)
    world.sync()
    assert (world.one("A")["notes"], world.one("B")["notes"]) == ("kept", None)
    world.quiet()
    world.servers["A"].edit("1", notes="new")
    world.sync()
    assert world.one("B")["notes"] == "new"
    world.quiet()
