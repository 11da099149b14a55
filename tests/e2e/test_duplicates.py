"""record duplicates: customers that may be one, found all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.identity.names import shown_name
from hub.identity.score import features
from hub.upkeep.likeness import Customer, likely_duplicates
from tests.e2e.hub_folder import HubFolder
from tests.real.noisy_people import GIVEN, two_lists


def test_the_likeliest_pairs_of_noisy_lists_are_one_person_and_most_are_found(tmp_path: Path) -> None:
    """Bounds with some room below what 10,000 people give (docs/matching.md); seed 3."""
    records = {
        f"{side}{number}": item
        for side, found in zip("AB", two_lists(1500, 3), strict=True)
        for number, item in enumerate(found)
    }
    people = (
        Customer(ref, shown_name(item.fields["name"]), features(item.fields, item.collections, "DE"))
        for ref, item in records.items()
    )
    found = likely_duplicates(people, tmp_path / "work.duckdb", limit=10_000)
    right = sum(records[pair.left].person == records[pair.right].person for pair in found)
    true = len(records) - len({item.person for item in records.values()})
    assert right / len(found) > 0.95
    assert right / true > 0.7
    assert [pair.probability for pair in found] == sorted((pair.probability for pair in found), reverse=True)


@pytest.fixture
def crowd(folder: HubFolder) -> HubFolder:
    """60 customers of whom two are one, with nothing but names and addresses of e-mail."""
    people = {str(n): {"name": f"{GIVEN[n % 30]} Adler{n}", "email": f"p{n}@x.example"} for n in range(58)}
    twins = {
        "58": {"name": "Carla Diaz", "email": "carla.diaz@x.example"},
        "59": {"name": "Carla Diaz", "email": "carla.diaz@y.example"},
    }
    folder.put("office", people | twins)
    folder.put("shop", {})
    answer = folder.first_sync()
    assert answer.code == 0, answer
    return folder


def test_two_customers_with_one_name_are_told_with_the_evidence_and_where_to_merge_them(crowd: HubFolder) -> None:
    answer = crowd.run("record", "duplicates", "--least", "0.2", "--json", "--show-pii")
    assert answer.code == 0, answer
    (pair,) = answer.summary["result"]
    assert pair["names"] == ["Carla Diaz", "Carla Diaz"]
    assert pair["evidence"]["name"] == "same"
    assert pair["evidence"]["birth_date"] == "missing"
    assert pair["together"] == ["office", "shop"]
    masked = crowd.run("record", "duplicates", "--least", "0.2", "--json")
    assert "Diaz" not in masked.out
    plain = crowd.run("record", "duplicates", "--least", "0.2")
    assert "both in office, shop" in plain.out
    assert list(crowd.path.rglob("*.duckdb")) == []


def test_a_handful_of_customers_teaches_nothing(synced: HubFolder) -> None:
    answer = synced.run("record", "duplicates")
    assert answer.code != 0
    assert "3 customers are too few to learn from" in answer.err
