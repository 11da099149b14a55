"""A long transaction on Tryton with PostgreSQL commits rows that are older than a watermark already seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hub.bootstrap import App
from hub.config.read import read_config
from hub.demo.people_at_work import ErpUser
from hub.sync.engine import Result
from hub.testing.postgres import start_postgres
from hub.testing.servers import RunningServer
from hub.testing.tryton_server import start_on_postgres

CONFIG = """
[connections.erp]
plugin = "tryton"
url = "{url}"
database = "{database}"
user = "{user}"
password = {{ file = "secret" }}
overlap = {overlap}

[connections.sheet]
plugin = "files"
path = "sheet"
write = "update"
target = "people.csv"

[syncs.customers]
systems = ["erp", "sheet"]
reconcile = "{reconcile}"
"""


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with start_postgres() as postgres, start_on_postgres(tmp_path_factory.mktemp("tryton"), postgres) as server:
        yield server


class Office:
    """A person in Tryton, and a hub that syncs it with a file."""

    def __init__(self, folder: Path, erp: RunningServer, *, overlap: int, reconcile: str) -> None:
        (folder / "sheet").mkdir()
        (folder / "secret").touch(mode=0o600)
        (folder / "secret").write_text(erp.details["password"])
        names = {name: erp.details[name] for name in ("database", "user")}
        text = CONFIG.format(url=erp.url, overlap=overlap, reconcile=reconcile, **names)
        (folder / "crmhub.toml").write_text(text)
        self.folder, self.erp, self.user = folder, erp, ErpUser(erp)
        self.later = 0.0  # seconds that the hub's clock is ahead: no test waits for a day to pass

    def enter(self, user: ErpUser, name: str, *mails: str) -> int:
        mechanisms = [["create", [{"type": "email", "value": mail} for mail in mails]]] if mails else []
        (made,) = user.call("model.party.party.create", [{"name": name, "contact_mechanisms": mechanisms}])
        return int(made)

    def sync(self) -> Result:
        config = read_config(self.folder / "crmhub.toml")
        with App(config, clock=lambda: time.time() + self.later) as app, app.writing():
            plan = app.engine("customers").read().plan
            assert plan is not None
            result = app.engine("customers").sync(approve=plan.approval())
            assert not result.paused, result.paused
            return result

    def sheet(self) -> str:
        return (self.folder / "sheet" / "people.csv").read_text()

    def late_commit(self, early: str, late: str) -> dict[str, object]:
        """``late`` is begun first and committed last; a sync in between sees ``early``.  Returns the watermark seen."""
        with psycopg.connect(self.erp.details["postgres"]) as other:
            other.execute("LOCK TABLE party_contact_mechanism IN EXCLUSIVE MODE")  # readers may pass
            long = threading.Thread(target=self.enter, args=(ErpUser(self.erp), late, f"{late}@x.example"))
            long.start()
            self._wait_for_lock(other)
            self._wait_for_a_later_second(other)
            self.enter(self.user, early)
            self.sync()
            assert early in self.sheet()
            assert late not in self.sheet()
            found = self.user.call(
                "model.party.party.search_read", [["name", "=", early]], 0, None, None, ["create_date"]
            )
            other.rollback()
            long.join()
        return dict(found[0]["create_date"])

    def _wait_for_lock(self, other: psycopg.Connection[tuple[object, ...]]) -> None:
        """Until the long transaction stands before the locked table."""
        for _ in range(100_000):
            waiting = other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
            if waiting and waiting[0]:
                return
        raise AssertionError("the long transaction never came to the locked table")

    def _wait_for_a_later_second(self, other: psycopg.Connection[tuple[object, ...]]) -> None:
        """A pass knows its start by the server's Date header, in whole seconds: one that starts in the second in which
        the long transaction began asks for that second again, and there would be no hazard."""
        began = "(SELECT min(xact_start) FROM pg_stat_activity WHERE wait_event_type = 'Lock')"
        for _ in range(1_000_000):
            row = other.execute(f"SELECT date_trunc('second', clock_timestamp()) > {began}").fetchone()
            if row and row[0]:
                return
        raise AssertionError("the long transaction is not waiting any more")


def test_the_hazard_is_real_a_search_from_the_watermark_on_does_not_find_the_row(
    tmp_path: Path, erp: RunningServer
) -> None:
    office = Office(tmp_path, erp, overlap=120, reconcile="24h")
    watermark = office.late_commit("Early0", "Late0")
    since = [["OR", ["create_date", ">=", watermark], ["write_date", ">=", watermark]], ["name", "=", "Late0"]]
    assert office.user.call("model.party.party.search", since, 0, None, None) == []
    assert office.user.call("model.party.party.search", [["name", "=", "Late0"]], 0, None, None) != []


def test_the_next_sync_finds_a_row_that_was_committed_late(tmp_path: Path, erp: RunningServer) -> None:
    office = Office(tmp_path, erp, overlap=120, reconcile="24h")
    office.late_commit("Early1", "Late1")
    office.sync()
    assert "Late1" in office.sheet()


def test_a_transaction_longer_than_the_overlap_is_found_by_the_next_complete_listing(
    tmp_path: Path, erp: RunningServer
) -> None:
    office = Office(tmp_path, erp, overlap=0, reconcile="24h")
    office.late_commit("Early2", "Late2")
    office.sync()
    assert "Late2" not in office.sheet(), "without a look back the poll cannot see it"
    office.later = 24 * 3600.0
    office.sync()
    assert "Late2" in office.sheet()
