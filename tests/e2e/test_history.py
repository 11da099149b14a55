"""The history of runs, as people read it and act on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.hub_folder import SECRET, HubFolder


def last_run(folder: HubFolder) -> str:
    """The id of the newest run."""
    return str(folder.run("runs", "list", "--json").summary["result"][0]["id"])


def stored(folder: Path) -> bytes:
    """Every byte of the database."""
    files = sorted(folder.rglob("hub.db*"))
    assert files
    return b"".join(file.read_bytes() for file in files)


def test_a_run_is_told_field_by_field_with_who_won_and_why(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann", notes="likes tea")
    synced.run("sync")
    answer = synced.run("runs", "diff", last_run(synced), "--json", "--show-pii")
    assert answer.code == 0, answer
    (write,) = answer.summary["result"]["writes"]
    assert (write["system"], write["remote_id"], write["kind"], write["title"]) == (
        "shop",
        "a",
        "update",
        "Anna Bergmann",
    )
    by_path: dict[str, Any] = {change["path"]: change for change in write["changes"]}
    assert by_path["name"]["old"]["full"] == "Anna Berg"
    assert by_path["name"]["new"]["full"] == "Anna Bergmann"
    assert (by_path["notes"]["source"], by_path["notes"]["rule"]) == ("office", "edit")
    (learned,) = answer.summary["result"]["learned"]
    assert {change["path"]: change["source"] for change in learned["changes"]} == {"name": "office", "notes": "office"}
    assert "likes tea" not in synced.run("runs", "diff", last_run(synced)).out, "masked unless asked for"


def test_a_run_names_what_lost_and_where_it_can_be_taken_back(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    synced.edit("shop", "a", name="Anna Bergman")
    synced.run("sync")
    result = synced.run("runs", "diff", last_run(synced), "--json", "--show-pii").summary["result"]
    (loser,) = [x for write in result["writes"] for change in write["changes"] for x in change["losers"]]
    assert (loser["system"], loser["value"]["full"]) == ("shop", "Anna Bergman")
    assert synced.run("conflicts", "show", str(loser["id"])).code == 0


def test_a_run_that_changed_nothing_says_so(synced: HubFolder) -> None:
    synced.run("sync")
    assert synced.run("runs", "diff", last_run(synced)).out == "this run changed nothing\n"


def test_runs_can_be_listed_since_a_time(synced: HubFolder) -> None:
    assert len(synced.run("runs", "list", "--since", "1h", "--json").summary["result"]) >= 2
    assert synced.run("runs", "list", "--since", "2999-01-01", "--json").summary["result"] == []
    refused = synced.run("runs", "list", "--since", "soon")
    assert refused.code == 2
    assert "'soon' is no time" in refused.err


def test_what_failed_in_a_run_is_tried_again(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    synced.fault("shop", "reject")
    assert synced.run("sync").code == 3
    failed = last_run(synced)
    synced.fault("shop", "")
    assert synced.get("shop")["a"]["name"] == "Anna Berg"
    answer = synced.run("runs", "retry", failed, "--json")
    assert answer.code == 0, answer
    assert answer.summary["counts"]["retried"] == 1
    assert synced.get("shop")["a"]["name"] == "Anna Bergmann"
    again = synced.run("runs", "retry", failed)
    assert "nothing of this run is left" in again.out


def test_a_system_that_was_down_in_a_run_is_tried_again(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    synced.fault("shop", "down")
    synced.run("sync")
    failed = last_run(synced)
    synced.fault("shop", "")
    assert synced.run("runs", "retry", failed).code == 0
    assert synced.get("shop")["a"]["name"] == "Anna Bergmann"


def test_secrets_that_a_system_quotes_are_not_stored(synced: HubFolder) -> None:
    synced.fault("office", "auth")
    answer = synced.run("sync")
    assert answer.code == 6
    assert b"is not accepted" in stored(synced.path)
    assert SECRET.encode() not in stored(synced.path)


# undo


def test_a_run_is_undone_after_a_look_at_what_that_means(synced: HubFolder) -> None:
    before = synced.get("shop")["a"]
    synced.edit("office", "1", name="Anna Bergmann", notes="likes tea")
    synced.run("sync")
    run = last_run(synced)
    shown = synced.run("runs", "undo", run)
    assert shown.code == 5
    assert "to be taken back: 2" in shown.out
    assert "likes tea" not in shown.out, "masked unless asked for"
    assert synced.get("shop")["a"]["name"] == "Anna Bergmann"
    command = next(line for line in shown.out.splitlines() if "--approve" in line).split("crmhub ")[1].split()
    done = synced.run(*command, "--json", "--show-pii")
    assert done.code == 0, done
    assert done.summary["counts"] == {"reversed": 2, "kept": 0, "cannot": 0, "writes": 1}
    now = {key: value for key, value in synced.get("shop")["a"].items() if value is not None}
    assert now == before
    assert synced.get("office")["1"]["name"] == "Anna Bergmann", "what a person typed stays where it was typed"
    assert synced.run("sync", "--json").summary["result"]["customers"]["applied"] == 0
    assert synced.run("runs", "undo", run).out == "There is nothing to take back\n"


def test_an_approval_of_another_undo_does_nothing(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    synced.run("sync")
    answer = synced.run("runs", "undo", last_run(synced), "--approve", "0123456789abcdef")
    assert answer.code == 8
    assert synced.get("shop")["a"]["name"] == "Anna Bergmann"


def test_an_undo_can_be_undone_from_the_command_line(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    synced.run("sync")
    undone = synced.run("runs", "undo", last_run(synced), "--yes", "--json")
    assert undone.code == 0, undone
    assert synced.get("shop")["a"]["name"] == "Anna Berg"
    assert synced.run("runs", "undo", undone.summary["run_id"], "--yes").code == 0
    said = synced.run("status")
    assert f"run {undone.summary['run_id']} was undone" in said.out
    found = synced.run("status", "--json").summary["result"]["syncs"]["customers"]["undone"]
    assert found[0]["run"] == undone.summary["run_id"]
    assert len(found) == 2
    assert synced.get("shop")["a"]["name"] == "Anna Bergmann"


def test_what_changed_since_is_kept_and_told(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann", notes="likes tea")
    synced.run("sync")
    run = last_run(synced)
    synced.edit("shop", "a", name="Anna Bergmeister")
    answer = synced.run("runs", "undo", run, "--yes")
    assert "kept, because it changed since: 1" in answer.out
    assert "name: changed since by shop" in answer.out
    synced.run("sync")
    assert synced.get("office")["1"]["name"] == "Anna Bergmeister"


def test_an_undone_value_can_be_given_to_all_after_all(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    synced.run("sync")
    synced.run("runs", "undo", last_run(synced), "--yes")
    row = synced.run("conflicts", "list", "--all", "--json").summary["result"][0]
    assert (row["winner_system"], row["loser_system"]) == ("undo", "office")
    assert synced.run("conflicts", "resolve", str(row["id"]), "--take", "office").code == 0
    synced.run("sync")
    assert synced.get("shop")["a"]["name"] == "Anna Bergmann"


# the life of a record


def test_the_timeline_of_a_record_tells_every_change_with_run_system_and_reason(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    synced.run("sync")
    sync = last_run(synced)
    synced.run("runs", "undo", sync, "--yes")
    found = synced.run("record", "timeline", "anna@x.example", "--field", "name", "--json", "--show-pii")
    lines = [
        (
            item["run_kind"],
            item["kind"],
            item["system"],
            item["old"]["full"] if item["old"] else None,
            item["new"]["full"],
        )
        for item in found.summary["result"]["timeline"]
    ]
    assert lines[-5:] == [
        ("sync", "learned", "office", "Anna Berg", "Anna Bergmann"),
        ("sync", "written", "shop", "Anna Berg", "Anna Bergmann"),
        ("undo", "learned", "undo", "Anna Bergmann", "Anna Berg"),
        ("undo", "lost", "office", "Anna Bergmann", "Anna Berg"),
        ("undo", "written", "shop", "Anna Bergmann", "Anna Berg"),
    ]
    assert f"undo of run {sync}" in found.summary["result"]["timeline"][-1]["reason"]
    assert "Bergmann" not in synced.run("record", "timeline", "anna@x.example", "--json").out, "masked in JSON"
    assert (
        "learned from office  name: Anna Berg -> Anna Bergmann"
        in synced.run("record", "timeline", "anna@x.example").out
    )
