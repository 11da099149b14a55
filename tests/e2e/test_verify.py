"""The drift audit: what the systems show against what the hub believes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.e2e.hub_folder import HubFolder


def drifts(folder: HubFolder, *words: str) -> list[tuple[Any, ...]]:
    answer = folder.run("verify", *words, "--json", "--show-pii")
    return [
        (item["kind"], item["system"], item["remote_id"], item["path"])
        for system in answer.summary["result"]
        for item in system["drifts"]
    ]


def test_systems_in_step_show_no_drift(synced: HubFolder) -> None:
    for words in ((), ("office",), ("customers", "--full")):
        answer = synced.run("verify", *words)
        assert answer.code == 0, answer
        assert "drifts" in answer.out
    assert drifts(synced) == []


def test_what_a_system_shows_otherwise_is_reported_by_field(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    answer = synced.run("verify", "--json", "--show-pii")
    assert answer.code == 4
    ((drift,),) = [system["drifts"] for system in answer.summary["result"] if system["drifts"]]
    assert (drift["path"], drift["believed"]["full"], drift["shown"]["full"]) == ("name", "Anna Berg", "Anna Bergmann")
    assert "Bergmann" not in synced.run("verify").out, "masked in the output of runs"


def test_records_that_are_unknown_or_missing_are_reported(synced: HubFolder) -> None:
    content = synced.get("shop")
    content["new"] = {"name": "Dora Egli", "email": "dora@x.example"}
    gone = content.pop("c")
    synced.put("shop", content)
    assert gone
    assert set(drifts(synced)) == {("unknown", "shop", "new", ""), ("missing", "shop", "c", "")}


def forget(folder: HubFolder, statement: str) -> None:
    """Damage what the hub believes, as a lost edit or a fault of a connector would."""
    with closing(sqlite3.connect(next(folder.path.rglob("hub.db")))) as raw, raw:
        assert raw.execute(statement).rowcount > 0


@pytest.mark.parametrize("repair", [True, False])
def test_an_edit_that_a_change_feed_never_told_is_found_and_taken_in_as_an_edit(
    synced: HubFolder, *, repair: bool
) -> None:
    """The version says that nothing changed; only the comparison of the document shows it."""
    synced.edit("office", "1", name="Anna Bergmann")
    forget(
        synced,
        f"UPDATE link SET version = '{version(synced, 'office', '1')}' WHERE system = 'office' AND remote_id = '1'",
    )
    synced.run("sync")
    assert synced.get("shop")["a"]["name"] == "Anna Berg", "no sync sees it"
    assert drifts(synced, "--full", *(["--repair"] if repair else [])) == [("changed", "office", "1", "name")]
    synced.run("sync")
    assert synced.get("shop")["a"]["name"] == ("Anna Bergmann" if repair else "Anna Berg")
    assert synced.get("office")["1"]["name"] == "Anna Bergmann", "never overwritten"
    assert drifts(synced, "--full") == ([] if repair else [("changed", "office", "1", "name")])


def version(folder: HubFolder, system: str, id_: str) -> str:
    import hashlib
    import json

    return hashlib.sha256(json.dumps(folder.get(system)[id_], sort_keys=True).encode()).hexdigest()[:12]


def test_a_repaired_record_that_is_unknown_is_matched_and_one_that_is_missing_follows_the_policy(
    synced: HubFolder,
) -> None:
    content = synced.get("shop")
    content["new"] = {"name": "Dora Egli", "email": "dora@x.example"}
    content.pop("c")
    synced.put("shop", content)
    assert synced.run("verify", "--repair").code == 4
    synced.run("sync")
    assert "Dora Egli" in synced.names("office")
    assert "Carla Diaz" in synced.names("office"), "deletions are not passed on by default"
    assert drifts(synced) == []


def test_a_system_that_is_down_is_named_and_the_others_are_verified(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    synced.fault("shop", "down")
    answer = synced.run("verify", "--json")
    assert answer.code == 7
    assert [problem["where"] for problem in answer.summary["problems"]] == ["shop", ""]
    assert answer.summary["counts"]["drifts"] == 1


def test_a_name_that_is_neither_connection_nor_sync_is_refused(synced: HubFolder) -> None:
    answer = synced.run("verify", "offic")
    assert answer.code == 2
    assert "Did you mean" in answer.err


def test_what_was_taken_back_on_purpose_is_no_drift(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    synced.run("sync")
    run = synced.run("runs", "list", "--json").summary["result"][0]["id"]
    synced.run("runs", "undo", run, "--yes")
    assert drifts(synced, "--full") == []
