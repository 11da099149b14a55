"""The store that is copied is the one that the engine makes; and the stub API behaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.api import OLD, System
from benchmarks.people import KINDS, person
from benchmarks.server import TOKEN
from benchmarks.state import FAR, copy_pairs, dump
from tests.benchmarks.hub_on_stub import hub_on_stub


def test_copied_pairs_are_those_that_the_engine_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_TOKEN", TOKEN)
    number = KINDS + 10
    stores = []
    for name, first, size in (("synced", 0, number), ("copied", None, KINDS)):
        (tmp_path / name).mkdir()
        with hub_on_stub(tmp_path / name) as hub:
            begin = first if first is not None else FAR
            hub.begin(100, System(first=begin, size=size), System(first=begin, size=size))
            assert hub.run().result.state == "success"
            if name == "copied":
                copy_pairs(hub.folder, number)
                hub.begin(100, System(size=number), System(size=number))
                hub.wait()
            stores.append(dump(hub.folder))
            hub.wait()
            again = hub.run(reconcile="0s")
            assert (again.result.state, again.result.applied) == ("success", 0)
    assert stores[0] == stores[1]


def test_people_repeat_but_for_their_number() -> None:
    one, other = person(3), person(3 + KINDS)
    assert {name for name in one if one[name] != other[name]} >= {"lastname", "email", "phone", "company"}
    assert {name for name in one if one[name] == other[name]} >= {"firstname", "city", "jobtitle", "birth_date"}


def test_a_listing_shows_every_record_once_page_by_page_and_news_only_what_changed() -> None:
    system = System(size=7)
    system.create([{"email": "a@x.example"}, {"email": "b@x.example"}])
    system.save("3", {"jobtitle": "CEO"})
    ids, place = [], "0"
    while place is not None:
        page = system.page({"after": place}, 4)
        ids += [row["id"] for row in page["items"]]
        place = page["next"]
    assert ids == [str(number) for number in range(1, 10)]
    assert [row["id"] for row in system.page({"since": "2026-02-01"}, 4)["items"]] == ["8", "9", "3"]
    assert system.page({"since": OLD}, 4)["next"] == "4"


def test_an_update_of_another_version_is_refused_alone() -> None:
    system = System(size=2)
    items = [{"id": "1", "version": "v0", "fields": {}}, {"id": "2", "version": "v1", "fields": {"jobtitle": "CEO"}}]
    assert [item["ok"] for item in system.update(items)["results"]] == [False, True]
