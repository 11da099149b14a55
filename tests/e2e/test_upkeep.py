"""Looking after an installation: copies, going back to one, the check-up, and what is sent to people who help."""

from __future__ import annotations

import fcntl
import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.config.redact import MASK
from tests.e2e.hub_folder import SECRET, HubFolder

CANARIES = ("Zaphod", "Beeblebrox", "zaphod@x.example", "+49 170 9876543", "heart of gold", SECRET)
"""What must be in nothing that leaves the house."""


def database(folder: HubFolder) -> Path:
    return next(folder.path.rglob("hub.db"))


# copies


def test_a_copy_is_whole_private_and_made_while_another_process_syncs(synced: HubFolder, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(database(synced), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # somebody writes at this very moment
        other.execute("DELETE FROM golden")
        answer = synced.run("backup", str(copy), "--json")
        other.execute("ROLLBACK")
    assert answer.code == 0, answer
    assert answer.summary["counts"]["customers"] == 3
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert raw.execute("SELECT count(*) FROM golden").fetchone() == (3,)
    assert [path.name for path in tmp_path.glob(".copy*")] == [], "nothing is left beside it"


def test_a_copy_never_replaces_a_file(synced: HubFolder, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    answer = synced.run("backup", str(tmp_path / "copy.db"))
    assert answer.code == 2
    assert "exists already" in answer.err
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_there_is_nothing_to_copy_before_the_first_sync(folder: HubFolder, tmp_path: Path) -> None:
    answer = folder.run("backup", str(tmp_path / "copy.db"))
    assert answer.code == 2
    assert "no store to copy yet" in answer.err


def test_going_back_to_a_copy_loses_no_edit_and_doubles_nobody(synced: HubFolder, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    synced.run("backup", str(copy))
    content = synced.get("office")
    content["9"] = {"name": "Dora Egli", "email": "dora@x.example"}
    synced.put("office", content)
    synced.edit("office", "1", name="Anna Bergmann")
    synced.run("sync")
    assert "Dora Egli" in synced.names("shop")
    assert synced.get("shop")["a"]["name"] == "Anna Bergmann"
    synced.edit("shop", "a", notes="typed after the last sync")
    answer = synced.run("restore", str(copy), "--json")
    assert answer.code == 0, answer
    assert Path(answer.summary["result"]["former"]).exists(), "the former store is kept"
    held = synced.run("sync", "customers")
    assert held.code == 5, "what would be written may have been written before: a person looks first"
    assert "restored from a backup" in held.out + held.err
    assert synced.get("office")["1"].get("notes") is None
    command = next(line for line in held.out.splitlines() if "--approve" in line).split("crmhub ")[1].split()
    assert synced.run(*command).code == 0
    assert synced.names("office") == synced.names("shop") == ["Anna Bergmann", "Bo Li", "Carla Diaz", "Dora Egli"]
    assert synced.get("office")["1"]["notes"] == "typed after the last sync"
    quiet = synced.run("sync", "--json")
    assert quiet.code == 0, quiet
    assert quiet.summary["result"]["customers"]["applied"] == 0


def test_after_going_back_a_sync_without_anything_to_write_asks_nobody(synced: HubFolder, tmp_path: Path) -> None:
    synced.run("backup", str(tmp_path / "copy.db"))
    synced.run("restore", str(tmp_path / "copy.db"))
    assert synced.run("sync").code == 0
    synced.edit("office", "1", name="Anna Bergmann")
    assert synced.run("sync").code == 0, "the next edits pass as always"
    assert synced.get("shop")["a"]["name"] == "Anna Bergmann"


@pytest.mark.parametrize("lock", ["hub.db.lock", "hub.db.serve.lock"])
def test_nobody_goes_back_while_another_process_holds_the_store(synced: HubFolder, tmp_path: Path, lock: str) -> None:
    synced.run("backup", str(tmp_path / "copy.db"))
    before = database(synced).read_bytes()
    with (database(synced).parent / lock).open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        answer = synced.run("restore", str(tmp_path / "copy.db"))
    assert answer.code == 11
    assert database(synced).read_bytes() == before


@pytest.mark.parametrize("kind", ["damaged", "text", "newer", "missing"])
def test_a_copy_that_cannot_be_used_is_refused_and_the_store_left_alone(
    synced: HubFolder, tmp_path: Path, kind: str
) -> None:
    copy = tmp_path / "copy.db"
    synced.run("backup", str(copy))
    if kind == "damaged":
        raw = bytearray(copy.read_bytes())
        raw[8192 : len(raw) // 2] = b"\xff" * (len(raw) // 2 - 8192)
        copy.write_bytes(raw)
    elif kind == "text":
        copy.write_text("no database")
    elif kind == "newer":
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("PRAGMA user_version = 999")
    else:
        copy.unlink()
    before = database(synced).read_bytes()
    answer = synced.run("restore", str(copy))
    assert answer.code == 2, answer
    assert database(synced).read_bytes() == before
    assert synced.run("sync").code == 0


def test_a_damaged_store_can_be_replaced(synced: HubFolder, tmp_path: Path) -> None:
    synced.run("backup", str(tmp_path / "copy.db"))
    database(synced).write_bytes(b"broken" * 1000)
    for suffix in ("-wal", "-shm"):
        database(synced).with_name(f"hub.db{suffix}").unlink(missing_ok=True)
    assert synced.run("doctor").code == 1
    assert synced.run("restore", str(tmp_path / "copy.db")).code == 0
    assert synced.run("sync").code == 0


# the check-up


def checks(folder: HubFolder) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in folder.run("doctor", "--json").summary["result"]}


def test_a_healthy_installation_has_nothing_to_do(synced: HubFolder) -> None:
    answer = synced.run("doctor")
    assert answer.code == 0, answer
    found = checks(synced)
    assert {item["verdict"] for item in found.values()} == {"ok"}, found
    assert {"database", "schema", "write-ahead log", "disk", "clock", "permissions", "lock", "writes", "runs"} <= set(
        found
    )


def test_before_the_first_sync_there_is_little_to_check(folder: HubFolder) -> None:
    assert folder.run("doctor").code == 0
    assert checks(folder)["database"]["verdict"] == "warning"


@pytest.mark.parametrize(
    ("what", "name", "verdict", "hint"),
    [
        ("readable secrets", "permissions", "error", "chmod 600"),
        ("readable data", "permissions", "error", "chmod 700"),
        ("damage", "database", "error", "crmhub restore"),
        ("newer", "schema", "error", "Install the newer crmhub"),
        ("older", "schema", "warning", "crmhub backup"),
        ("clock", "clock", "error", "Set the clock"),
        ("interrupted", "runs", "warning", "crmhub runs retry"),
        ("former", "leftovers", "warning", "Delete them"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(
    synced: HubFolder, what: str, name: str, verdict: str, hint: str
) -> None:
    file = database(synced)
    statements = {
        "newer": "PRAGMA user_version = 999",
        "older": "PRAGMA user_version = 1",
        "clock": "UPDATE run SET started = 9e9",
        "interrupted": "UPDATE run SET state = 'interrupted', doc = CAST('{}' AS BLOB)",
    }
    if what == "readable secrets":
        text = (synced.path / "config.toml").read_text().replace('{ env = "PROBE_TOKEN" }', '{ file = "token" }')
        synced.configure(text)
        (synced.path / "token").write_text("x")
        (synced.path / "token").chmod(0o644)
    elif what == "readable data":
        file.parent.chmod(0o755)
    elif what == "former":
        shutil.copy(file, file.with_name("hub.db.before-restore-1"))
    elif what == "damage":
        with closing(sqlite3.connect(file)) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        content = bytearray(file.read_bytes())
        content[8192:] = b"\xff" * (len(content) - 8192)
        file.write_bytes(content)
    else:
        with closing(sqlite3.connect(file)) as raw, raw:
            raw.execute(statements[what])
    found = checks(synced)[name]
    assert found["verdict"] == verdict, found
    assert hint in found["hint"]
    assert (synced.run("doctor").code == 1) == (verdict == "error")


# what is sent to people who help


def test_a_support_bundle_says_what_it_contains_and_holds_nobodys_data(folder: HubFolder, tmp_path: Path) -> None:
    """The canary: a customer, a secret, and a log that quotes both."""
    person = {"name": "Zaphod Beeblebrox", "email": "zaphod@x.example", "notes": "heart of gold"}
    folder.put("office", {"1": person})
    folder.put("shop", {"a": {**person, "notes": "+49 170 9876543"}})
    folder.first_sync()
    folder.fault("office", "auth")
    folder.run("sync")  # the system quotes the token
    folder.fault("office", "")
    folder.edit("office", "1", name="Zaphod B. Beeblebrox")
    folder.fault("shop", "reject")
    folder.run("sync")
    log = tmp_path / "serve.log"
    log.write_text(f"could not write Zaphod Beeblebrox <zaphod@x.example> +49 170 9876543 with {SECRET}\nrun ended\n")
    target = tmp_path / "bundle.zip"
    answer = folder.run("support-bundle", str(target), "--log", str(log))
    assert answer.code == 0, answer
    assert target.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(target) as archive:
        content = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, text in content.items():
        assert name in answer.out, "it prints what it contains"
        for canary in CANARIES:
            assert canary.lower() not in text.lower(), f"{canary} in {name}"
    assert "run ended" in content["log.txt"]
    runs = json.loads(content["runs.json"])
    assert any(MASK in item["message"] for run in runs for item in run["paused"].values()), "why it failed, masked"
    assert json.loads(content["counts.json"])["rows"]["golden"] == 1
    assert json.loads(content["versions.json"])["plugins"]
    assert json.loads(content["configuration.json"])["connections"]["office"]["plugin"] == "probe"


def test_a_support_bundle_can_be_made_of_a_broken_installation(synced: HubFolder, tmp_path: Path) -> None:
    database(synced).write_bytes(b"broken" * 1000)
    for suffix in ("-wal", "-shm"):
        database(synced).with_name(f"hub.db{suffix}").unlink(missing_ok=True)
    answer = synced.run("support-bundle", str(tmp_path / "bundle.zip"))
    assert answer.code == 0, answer
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        assert (
            "damaged" in archive.read("doctor.json").decode()
            or "not a database" in archive.read("doctor.json").decode()
        )
        assert "cannot be read" in archive.read("runs.json").decode()
