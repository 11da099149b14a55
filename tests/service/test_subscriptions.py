"""Remote subscriptions through a real serving process: made, heard, woken, renewed, and what an outage missed."""

from __future__ import annotations

import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from crmhub_hubspot.sandbox import HubSpotSandbox
from crmhub_hubspot.sandbox.hooks import APP_ID, CLIENT_SECRET, DEVELOPER_KEY
from crmhub_woocommerce.sandbox import WooCommerceSandbox
from crmhub_zoho.sandbox import ZohoSandbox, ZohoSwitches
from hub.contract.errors import AuthError, Rejected, Unavailable
from hub.contract.records import Subscription
from hub.service.subscriptions import CHECK, SILENT, SOON, is_due, is_trouble, seen, unseen, was_silent
from hub.state import Subscribed
from hub.testing.sandbox import running
from tests.e2e.hub_folder import PLUGIN, HubFolder
from tests.e2e.test_serve import ask, serving_quickly, wait_for

NOW = 1_800_000_000.0
KEPT = Subscribed("shop", wanted=True)


def hook(topic: str = "customer.updated", **more: Any) -> Subscription:
    return Subscription("1", topic, "https://hub.firm.example/hooks/shop", **more)


# decisions


@pytest.mark.parametrize(
    ("what", "found", "state", "message"),
    [
        ("all is well", [hook()], "active", ""),
        ("there is none", [], "dead", "no webhook to this hub"),
        (
            "one is disabled",
            [hook(), hook("customer.deleted", active=False, detail="disabled")],
            "dead",
            "deleted is dis",
        ),
        ("an old one beside a good one does not matter", [hook(active=False), hook()], "active", ""),
    ],
)
def test_what_is_seen_says_how_they_are(what: str, found: list[Subscription], state: str, message: str) -> None:
    after = seen(KEPT, found, NOW)
    assert after.state == state, what
    assert message in after.message
    assert is_trouble(after) == (state == "dead")
    assert after.checked == NOW


def test_a_system_that_does_not_answer_is_not_a_dead_webhook_until_it_lasts() -> None:
    item = seen(KEPT, [hook()], NOW)
    for number in range(1, SILENT + 1):
        item = unseen(item, Unavailable("no answer"), NOW + number, "no answer")
        assert item.state == "unknown"
        assert is_trouble(item) == (number >= SILENT)
    back = seen(item, [hook()], NOW + 99)
    assert (back.state, back.failures, is_trouble(back)) == ("active", 0, False)
    assert was_silent(item, back, [hook()]), "what it told meanwhile is read"


@pytest.mark.parametrize("error", [AuthError("no right"), Rejected("no")])
def test_a_refusal_is_told_at_once(error: Any) -> None:
    assert is_trouble(unseen(KEPT, error, NOW, "no"))
    assert not is_trouble(unseen(Subscribed("shop"), error, NOW, "no")), "nobody asked for it"


@pytest.mark.parametrize(
    ("known", "wait"), [(KEPT, 0.0), (Subscribed("shop"), None), (seen(KEPT, [hook()], NOW), CHECK),
     (unseen(KEPT, Unavailable("x"), NOW, "x"), SOON)],
)  # fmt: skip
def test_it_is_looked_at_again_after_a_while(known: Subscribed, wait: float | None) -> None:
    assert is_due(known, NOW + (wait or 0)) == (wait is not None)
    assert not is_due(known, NOW + (wait or 0) - 1) or wait == 0.0
    assert known.checked is None or is_due(known, NOW - 3600), "a clock that was put back"


@pytest.mark.parametrize(("mended", "gap"), [("", False), ("renewed", False), ("made", True), ("woken", True)])
def test_what_was_missing_or_asleep_leaves_a_gap(mended: Any, gap: bool) -> None:
    known = seen(KEPT, [hook()], NOW)
    found = [hook(mended=mended)]
    assert was_silent(known, seen(known, found, NOW + 1), found) == gap


# through a serving process


def free_port() -> int:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        return int(other.getsockname()[1])


CONFIG = """
[hub]
region = "DE"
plugins = ["{plugin}"]

[serve]
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{port}"
gather = "1s"
rest = "2s"

[connections.office]
plugin = "probe"
file = "office.json"

{connection}

[syncs.customers]
systems = ["office", "{name}"]
schedule = "every 6h"
"""

SHOP = """
[connections.shop]
plugin = "woocommerce"
url = "{url}"
consumer_key = {{ env = "T_KEY" }}
consumer_secret = {{ env = "T_SECRET" }}
webhook_secret = {{ env = "T_HOOK" }}
"""

CRM = """
[connections.crm]
plugin = "zoho"
client_id = "{client_id}"
client_secret = {{ env = "T_SECRET" }}
refresh_token = {{ env = "T_KEY" }}
accounts_url = "{url}"
webhook_token = {{ env = "T_HOOK" }}
"""


HUBSPOT = """
[connections.hs]
plugin = "hubspot"
base_url = "{url}"
token = {{ env = "T_KEY" }}
app_secret = {{ env = "T_HOOK" }}
app_id = "{app}"
developer_key = {{ env = "T_SECRET" }}
"""


@pytest.fixture
def shop() -> Iterator[WooCommerceSandbox]:
    with running(WooCommerceSandbox()) as sandbox:
        yield sandbox


@pytest.fixture
def hub(tmp_path: Path, shop: WooCommerceSandbox, monkeypatch: pytest.MonkeyPatch) -> HubFolder:
    given = shop.credentials()
    for name, value in (
        ("KEY", given["consumer_key"]),
        ("SECRET", given["consumer_secret"]),
        ("HOOK", "hook & secret"),
    ):
        monkeypatch.setenv(f"T_{name}", value)
    folder = HubFolder(tmp_path)
    text = SHOP.format(url=shop.url)
    folder.configure(CONFIG.format(plugin=PLUGIN, port=free_port(), connection=text, name="shop"))
    shop.user.create("customers", {"email": "anna@x.example", "first_name": "Anna", "last_name": "Berg"})
    assert folder.first_sync().code == 0
    return folder


def anna(shop: WooCommerceSandbox) -> int:
    return int(next(iter(shop.state.collection("customers").values()))["id"])


def names(folder: HubFolder) -> set[str]:
    return {row["name"] for row in folder.get("office").values()}


def test_a_shop_tells_what_has_changed(hub: HubFolder, shop: WooCommerceSandbox) -> None:
    with serving_quickly(hub) as served:
        served.wait("run_ended")
        made = hub.run("connect", "webhooks", "shop", "subscribe")
        assert made.code == 0, made
        assert "customer.updated: made" in made.out
        number = len(served.events("run_ended"))
        shop.user.edit("customers", anna(shop), {"last_name": "Berger"})
        shop.deliveries.settle()
        served.wait("hook_received")
        served.wait("run_ended", number + 1)
        wait_for(lambda: "Anna Berger" in names(hub))
        shown = hub.run("connect", "webhooks", "shop", "--json").summary["result"]
        assert {row["topic"] for row in shown["webhooks"] if row["active"]} == {
            "customer.created", "customer.updated", "customer.deleted",
        }  # fmt: skip
        assert shown["heard"] is not None
        removed = hub.run("connect", "webhooks", "shop", "remove", "--json")
        assert removed.summary["counts"] == {"removed": 3}
        assert not len(shop.state.collection("webhooks"))


def test_after_an_outage_what_was_missed_is_read_and_disabled_webhooks_are_woken(
    hub: HubFolder, shop: WooCommerceSandbox
) -> None:
    with serving_quickly(hub) as served:
        served.wait("run_ended")
        assert hub.run("connect", "webhooks", "shop", "subscribe").code == 0
        assert served.stop() == 0
    for number in range(7):
        shop.user.edit("customers", anna(shop), {"last_name": f"Berg{number}"})
    shop.deliveries.settle()
    states = {item["topic"]: item["status"] for item in shop.state.collection("webhooks").values()}
    assert states["customer.updated"] == "disabled", "as WooCommerce does after more than five failures"
    with serving_quickly(hub, "again") as served:
        served.wait("gap_read")
        wait_for(lambda: "Anna Berg6" in names(hub))
        expire(hub)
        wait_for(lambda: all(i["status"] == "active" for i in shop.state.collection("webhooks").values()))
        assert "customer.updated:woken" in served.wait("webhooks")["mended"]
        served.wait("gap_read", 2)
        assert served.events("alarm_raised") == []
        shop.user.edit("customers", anna(shop), {"last_name": "Awake"})
        wait_for(lambda: "Anna Awake" in names(hub))


def expire(hub: HubFolder) -> None:
    """It is time to look at the subscriptions again."""
    with closing(sqlite3.connect(hub.path / "crmhub-data" / "hub.db", timeout=30)) as connection:
        connection.execute("UPDATE subscription SET checked = checked - 1000")
        connection.commit()


def test_webhooks_that_stay_dead_are_an_alarm_that_ends_when_they_live(
    hub: HubFolder, shop: WooCommerceSandbox
) -> None:
    assert hub.run("connect", "webhooks", "shop", "subscribe").code == 0
    hooks = shop.state.collection("webhooks")
    key = next(iter(hooks))
    hooks[key] = {**hooks[key], "status": "paused"}
    expire(hub)
    with serving_quickly(hub) as served:
        raised = served.wait("alarm_raised")
        assert (raised["kind"], raised["about"]) == ("webhook", "shop")
        shown = hub.run("status").out
        assert "! shop: customer.created is paused; changes are polled by schedule" in shown
        assert "crmhub connect webhooks shop" in shown
        status = hub.run("status", "--json").summary["result"]["alarms"]
        assert "is paused; changes are polled by schedule" in status[0]["message"]
        hooks[key] = {**hooks[key], "status": "active"}
        expire(hub)
        served.wait("gap_read", 2)
        served.wait("alarm_cleared")
        assert len(served.events("alarm_raised")) == 1
        assert ask(hub, "SELECT state FROM subscription") == [("active",)]


def test_a_channel_of_zoho_is_renewed_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(ZohoSandbox(switches=ZohoSwitches(quota=None))) as crm:
        given = crm.credentials()
        monkeypatch.setenv("T_KEY", given["refresh_token"])
        monkeypatch.setenv("T_SECRET", given["client_secret"])
        monkeypatch.setenv("T_HOOK", "token-of-the-channel")
        hub = HubFolder(tmp_path)
        text = CRM.format(url=crm.url, client_id=given["client_id"])
        hub.configure(CONFIG.format(plugin=PLUGIN, port=free_port(), connection=text, name="crm"))
        id_ = crm.user.create("Contacts", {"First_Name": "Anna", "Last_Name": "Berg", "Email": "anna@x.example"})
        assert hub.first_sync().code == 0
        with serving_quickly(hub) as served:
            served.wait("run_ended")
            assert hub.run("connect", "webhooks", "crm", "subscribe").code == 0
            crm.user.edit("Contacts", id_, {"Last_Name": "Berger"})
            served.wait("hook_received")
            wait_for(lambda: "Anna Berger" in names(hub))
            (channel,) = crm.state.collection("channels").values()
            soon = (datetime.now(UTC) + timedelta(days=2)).isoformat()
            crm.state.collection("channels")[channel["channel_id"]] = {**channel, "channel_expiry": soon}
            expire(hub)
            assert served.wait("webhooks")["mended"] == "Contacts.all:renewed"
            (renewed,) = crm.state.collection("channels").values()
            left = datetime.fromisoformat(renewed["channel_expiry"]).timestamp() - time.time()
            assert 6.9 < left / 86400 < 7
            assert served.events("gap_read") == [], "nothing was missed"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["office"], "has no webhooks"),
        (["shop", "paint"], "cannot be told"),
        (["shop", "renew"], "nothing is subscribed"),
        (["nobody"], "nobody"),
    ],
)
def test_mistakes_say_what_to_do(hub: HubFolder, words: list[str], error: str) -> None:
    text = (
        (hub.path / "config.toml")
        .read_text()
        .replace('plugin = "probe"\nfile = "office.json"', 'plugin = "files"\npath = "."')
    )
    hub.configure(text)
    answer = hub.run("connect", "webhooks", *words)
    assert answer.code != 0
    assert error in answer.err


def test_without_an_address_nobody_can_call(hub: HubFolder) -> None:
    text = (hub.path / "config.toml").read_text()
    hub.configure("\n".join(line for line in text.splitlines() if not line.startswith("public_url")))
    answer = hub.run("connect", "webhooks", "shop", "subscribe")
    assert "public_url" in answer.err


def test_an_app_of_hubspot_tells_the_address_that_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(HubSpotSandbox()) as crm:
        monkeypatch.setenv("T_KEY", crm.credentials()["token"])
        monkeypatch.setenv("T_HOOK", CLIENT_SECRET)
        monkeypatch.setenv("T_SECRET", DEVELOPER_KEY)
        hub = HubFolder(tmp_path)
        text = HUBSPOT.format(url=crm.url, app=APP_ID)
        port = free_port()
        hub.configure(CONFIG.format(plugin=PLUGIN, port=port, connection=text, name="hs"))
        id_ = crm.user.create("contacts", {"firstname": "Anna", "lastname": "Berg", "email": "anna@x.example"})
        assert hub.first_sync().code == 0
        shown = hub.run("connect", "webhooks", "hs", "subscribe")
        target = f"http://127.0.0.1:{port}/hooks/hs"
        assert f"Have them sent to: {target}" in shown.out
        assert "no webhook to this hub" in shown.err, "nobody has made them yet"
        root, key = f"{crm.url}/webhooks/v3/{APP_ID}", {"hapikey": DEVELOPER_KEY}
        requests.put(f"{root}/settings", params=key, timeout=10, json={"targetUrl": target})
        event = {"eventType": "contact.propertyChange", "propertyName": "lastname", "active": True}
        assert requests.post(f"{root}/subscriptions", params=key, timeout=10, json=event).status_code == 201
        expire(hub)
        with serving_quickly(hub) as served:
            served.wait("run_ended")
            served.wait("webhooks")
            crm.user.edit("contacts", id_, {"lastname": "Berger"})
            served.wait("hook_received")
            wait_for(lambda: "Anna Berger" in names(hub))
            assert ask(hub, "SELECT state, wanted FROM subscription") == [("active", 1)]
            assert served.events("hook_refused") == []


def test_a_successor_syncs_while_a_sleeping_process_still_holds_the_address(
    hub: HubFolder, shop: WooCommerceSandbox
) -> None:
    with serving_quickly(hub) as first:
        url = first.wait("listening")["url"]
        first.wait("run_ended")
        with serving_quickly(hub, "second") as second:
            second.wait("standing_by")
            first.process.send_signal(signal.SIGSTOP)
            with closing(sqlite3.connect(hub.path / "crmhub-data" / "hub.db", timeout=30)) as connection:
                connection.execute("UPDATE lease SET beat = beat - 120")
                connection.execute("UPDATE timetable SET slot = 1, next = 1")
                connection.commit()
            second.wait("serving")
            second.wait("address_taken")
            second.wait("run_ended")
            first.process.kill()
            second.wait("listening")
            assert requests.get(f"{url}/healthz", timeout=10).json()["status"] == "ok"
            assert second.stop() == 0
