"""Passes that meet another number of records than BottleCRM counts: two lists, and people who work at chosen moments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from crmhub_bottlecrm.connector import BottleConfig, BottleConnector
from hub import plugin


@dataclass
class Said:
    """An answer of the API."""

    data: Any


class Scripted(BottleConnector):
    """Open and closed accounts, sorted by id downwards.  work: what happens before the so-manieth page is read."""

    name = "scripted"

    def __init__(self, config: BottleConfig, context: plugin.Context) -> None:
        super().__init__(config, context)
        self.open, self.closed, self.asked = "", "", 0
        self.work: dict[int, Callable[[Scripted], None]] = {}

    def call(self, call: Any, values: Mapping[str, Any], **_: Any) -> Any:
        self.asked += 1
        self.work.get(self.asked, lambda _: None)(self)
        page = slice(values["page"], values["page"] + values["size"])
        return Said(
            {
                "active_accounts": {
                    "open_accounts": rows(sorted(self.open, reverse=True)[page]),
                    "open_accounts_count": len(self.open),
                },
                "closed_accounts": {
                    "close_accounts": rows(sorted(self.closed, reverse=True)[page]),
                    "close_accounts_count": len(self.closed),
                },
            }
        )

    def sees_all(self) -> bool:
        return True


def rows(ids: list[str]) -> list[dict[str, Any]]:
    return [{"id": id_, "name": id_, "created_at": "2026-01-01T00:00:00Z"} for id_ in ids]


def met(pages: list[plugin.Page]) -> str:
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    return "".join(sorted({record.id for page in pages for record in page.records}))


@pytest.fixture
def scripted(tmp_path: Path) -> Scripted:
    def no_network() -> Any:
        raise AssertionError("everything is made by hand here")

    config = BottleConfig(url="http://127.0.0.1:9", token=SecretStr("x"), page=2)
    return Scripted(config, plugin.Context("crm", no_network, tmp_path))


def test_an_account_that_moves_from_one_list_to_the_other_is_met_by_reading_again(scripted: Scripted) -> None:
    """ "x" is closed when the open ones at its place are read, and open when the closed ones at its place are."""

    def reopen(accounts: Scripted) -> None:
        accounts.open, accounts.closed = "xwvba", "zy"  # before all that was read

    scripted.open, scripted.closed, scripted.work = "wvba", "zyx", {2: reopen}
    assert met(list(scripted.changes("accounts"))) == "abvwxyz"


@pytest.mark.parametrize("work", ["changes", "listing"])
def test_a_list_that_never_agrees_with_its_count_is_no_list(work: str, scripted: Scripted) -> None:
    scripted.open = "zz"
    with pytest.raises(plugin.Unavailable, match="another number of records than it counts"):
        list(getattr(scripted, work)("accounts"))
    assert scripted.asked == 3


def test_people_who_work_all_the_time_do_not_stop_the_reading(scripted: Scripted) -> None:
    """Somebody comes before every page; who was there from the beginning is met all the same."""
    scripted.open = "nmlk"
    newcomers = iter("zyxwvutsrqpo")

    def come(accounts: Scripted) -> None:
        accounts.open += next(newcomers, "")

    scripted.work = dict.fromkeys(range(2, 100), come)
    assert set("nmlk") <= set(met(list(scripted.changes("accounts"))))
