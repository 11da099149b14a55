"""The command line with its store on PostgreSQL: everything as with a file."""

from __future__ import annotations

import json
import zipfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.service.desk import open_desk
from hub.service.election import Election
from hub.store.driver import SERVE
from hub.store.errors import StoreError
from hub.store.store import open_store
from tests.e2e.hub_folder import CONFIG, HubFolder
from tests.e2e.test_cli_contract import wait_for

if TYPE_CHECKING:
    from hub.store.postgres import PostgresServer
    from hub.testing.stores import Databases

PASSWORD = "pa$$word-of-the-store"


@pytest.fixture
def hub(tmp_path: Path, server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> HubFolder:
    """The folder with two systems, its store on an empty database."""
    folder = HubFolder(tmp_path)
    monkeypatch.setenv("STORE_PASSWORD", PASSWORD)
    settings = f'database = "{server.address}"\ndatabase_password = {{ env = "STORE_PASSWORD" }}\n'
    folder.configure(CONFIG.replace("[hub]\n", f"[hub]\n{settings}"))
    return folder


@pytest.fixture
def synced(hub: HubFolder) -> HubFolder:
    answer = hub.first_sync()
    assert answer.code == 0, answer
    return hub


def test_two_systems_are_synced(synced: HubFolder, server: PostgresServer) -> None:
    assert synced.names("office") == synced.names("shop") == ["Anna Berg", "Bo Li", "Carla Diaz"]
    synced.edit("office", "1", name="Anna Berger")
    answer = synced.process("sync", "customers", "--json")
    assert answer.code == 0, answer
    assert "Anna Berger" in synced.names("shop")
    assert not list(synced.path.rglob("*.db")), "no file was made"
    with closing(open_store(server)) as store:
        assert store.records.count() == 3


COMMANDS: list[tuple[tuple[str, ...], str]] = [
    (("check",), "no problem"),
    (("status",), "sync customers: success"),
    (("record", "search", "ANNA"), "Anna Berg"),
    (("runs", "list"), "success"),
    (("conflicts", "list"), ""),
    (("quarantine", "list"), ""),
    (("doctor",), "postgresql://crmhub@127.0.0.1"),
]


def test_every_command_works_as_with_a_file(synced: HubFolder) -> None:
    for words, told in COMMANDS:
        answer = synced.run(*words)
        assert answer.code in (0, 5), answer
        assert told in answer.out
        assert PASSWORD not in answer.out + answer.err


def test_status_before_the_first_sync(hub: HubFolder) -> None:
    assert "never ran" in hub.run("status").out


def test_the_last_run_is_undone(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Berger")
    assert synced.run("sync", "customers").code == 0
    run = synced.run("runs", "list", "--json").lines[0]["result"][0]["id"]
    shown = synced.run("runs", "undo", run)
    assert shown.code == 5, shown
    command = next(line for line in shown.out.splitlines() if "--approve" in line).split("crmhub ")[1].split()
    assert synced.run(*command).code == 0
    assert "Anna Berg" in synced.names("shop")


def test_a_server_that_is_away_is_said_in_clear_words(hub: HubFolder, server: PostgresServer) -> None:
    text = (hub.path / "config.toml").read_text()
    hub.configure(text.replace(f":{server.address.port}/", ":1/"))
    for words in (("sync", "customers"), ("status",), ("doctor",)):
        answer = hub.run(*words)
        assert answer.code not in (0, 5), answer
        assert "refused" in answer.out + answer.err
        assert "Check that it runs" in answer.out + answer.err
        assert PASSWORD not in answer.out + answer.err
        assert "Traceback" not in answer.out + answer.err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('database = "postgresql://hub:s3cret-word@db.example/crm"', "must not hold a password"),
        ('database = "crm"', "must be the address of a PostgreSQL server"),
        ('database_password = "s3cret-word"', "must be a secret reference"),
        ('database_password = { env = "STORE_PASSWORD" }', "database_password needs a database"),
        ('database = "postgresql:///crm"\ndatabase_password = { env = "NOT_SET" }', "NOT_SET is not set"),
    ],
)
def test_mistakes_in_the_configuration_are_located(folder: HubFolder, line: str, message: str) -> None:
    folder.configure(CONFIG.replace("[hub]\n", f"[hub]\n{line}\n"))
    answer = folder.run("check")
    assert answer.code == 2, answer
    assert message in answer.out + answer.err
    assert f"config.toml:{3 + line.count(chr(10))}" in answer.out + answer.err
    assert "s3cret-word" not in answer.out + answer.err


def test_the_bundle_for_helpers_names_neither_server_nor_password(synced: HubFolder, server: PostgresServer) -> None:
    target = synced.path / "bundle.zip"
    assert synced.run("support-bundle", str(target)).code == 0
    with zipfile.ZipFile(target) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    for text in texts.values():
        assert PASSWORD not in text
        assert server.address.host not in text
    assert json.loads(texts["configuration.json"])["store"] == "postgresql"
    assert json.loads(texts["counts.json"])["rows"]["golden"] == 3


def many(hub: HubFolder) -> None:
    """So many slow records that something can happen meanwhile, however busy the machine is."""
    hub.fault("office", "slow")
    hub.put("office", {str(number): {"name": f"P{number}"} for number in range(600)})


def test_a_second_run_at_the_same_time_is_refused(hub: HubFolder, server: PostgresServer) -> None:
    many(hub)
    with hub.start("match", "customers") as first:
        wait_for(lambda: server.holder() != "")
        second = hub.process("sync", "--json")
        looking = hub.process("status")
        first.terminate()
        first.communicate(timeout=60)
    assert second.code == 11, second
    assert second.summary["problems"][0]["code"] == "locked"
    assert looking.code in (0, 5), "looking needs no lock"
    assert first.returncode == 130
    assert server.holder() == ""


def test_a_run_that_loses_its_connection_ends_and_the_next_one_goes_on(
    hub: HubFolder, server: PostgresServer, databases: Databases
) -> None:
    many(hub)
    with hub.start("sync", "customers", "--json") as first:
        wait_for(lambda: server.holder() != "")
        databases.cut(server)
        out, err = first.communicate(timeout=60)
    answer = json.loads(out.splitlines()[-1])
    assert first.returncode not in (0, 5), answer
    assert answer["problems"][0]["code"] == "store", answer
    assert "Traceback" not in err
    hub.fault("office", "")
    hub.put("office", {"1": {"name": "Anna Berg", "email": "anna@x.example"}})
    assert hub.first_sync().code == 0
    assert hub.names("office") == hub.names("shop") == ["Anna Berg", "Carla Diaz"]


@pytest.fixture
def served(synced: HubFolder) -> HubFolder:
    text = (synced.path / "config.toml").read_text()
    synced.configure(
        text.replace('systems = ["office", "shop"]', 'systems = ["office", "shop"]\nschedule = "every 1m"')
        + '\n[serve]\nlisten = "off"\n'
    )
    return synced


def test_what_is_due_is_run_by_serve(served: HubFolder) -> None:
    served.edit("office", "1", name="Anna Berger")
    answer = served.process("serve", "--once", "--json")
    assert answer.code == 0, answer
    assert "Anna Berger" in served.names("shop")


def test_the_service_outlives_a_restart_of_the_server(server: PostgresServer, databases: Databases) -> None:
    with closing(open_desk(server)) as desk, closing(open_desk(server)) as other:
        now = 1_800_000_000.0
        election, rival = (Election(item, "crmhub serve", lambda: now) for item in (desk, other))
        mine = election.take()
        assert mine is not None
        assert databases.cut(server) == 2
        for attempt in (lambda: election.beat(mine), rival.take):
            with pytest.raises(StoreError):
                attempt()
        election.beat(mine)
        assert desk.db.holds(SERVE), "taken again on the new connection"
        assert rival.take() is None
        election.give_up(mine)
        assert rival.take() is not None
