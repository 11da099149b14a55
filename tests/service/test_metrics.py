"""/metrics and /healthz of a real serving process: what they say, to whom, and nothing about customers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from hub.service.exposition import Metric, render
from tests.e2e.hub_folder import CONFIG, SECRET, HubFolder
from tests.e2e.test_serve import Served, serving_quickly
from tests.service.test_hooks import HOOK, Sender, configure

TOKEN = "token-of-the-metrics"


def parsed(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """name -> labels -> value, as Prometheus' own client reads it."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


# the format


def test_the_page_is_what_prometheus_reads() -> None:
    odd = Metric("crmhub_odd", "gauge", 'help with \\ and\na line "quoted"')
    odd.add(1.5, name='a"b\\c\nd', other="ü")
    odd.add(math.inf, name="inf")
    odd.add(None, name="left out")
    counter = Metric("crmhub_runs_total", "counter", "Runs")
    counter.add(2**40)
    found = parsed(render([odd, counter, Metric("crmhub_none", "gauge", "nothing")]))
    assert found["crmhub_odd"] == {
        (("name", 'a"b\\c\nd'), ("other", "ü")): 1.5,
        (("name", "inf"),): math.inf,
    }
    assert found["crmhub_runs_total"] == {(): 2.0**40}
    assert "crmhub_none" not in found


# the service


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HubFolder, Served, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK_SECRET", HOOK)
        patch.setenv("METRICS_TOKEN", TOKEN)
        folder = HubFolder(tmp_path_factory.mktemp("metrics"))
        configure(folder, more='fresh = "1h"')
        assert folder.first_sync().code == 0
        with serving_quickly(folder) as served:
            url = served.wait("listening")["url"]
            served.wait("run_ended")
            yield folder, served, url


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()}, timeout=10)


def test_metrics_show_how_everything_stands(hub: tuple[HubFolder, Served, str]) -> None:
    _, _, url = hub
    sender = Sender(url)
    assert sender.post(b"{}", signature="wrong").status_code == 401
    assert sender.post(b"{}", connection="nobody").status_code == 401
    answer = get(f"{url}/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = parsed(answer.text)
    sync = ("sync", "customers")
    assert found["crmhub_runs_total"][("state", "success"), sync] == 1
    assert found["crmhub_sync_last_run_state"][("state", "success"), sync] == 1
    assert found["crmhub_sync_last_run_state"][("state", "failed"), sync] == 0
    assert 0 <= found["crmhub_sync_lag_seconds"][(sync,)] < 60
    assert found["crmhub_sync_fresh_seconds"][(sync,)] == 3600
    assert found["crmhub_connection_state"][("connection", "shop"), ("state", "closed")] == 1
    assert found["crmhub_open_writes"][()] == 0
    assert found["crmhub_alarms"][(("kind", "webhook"),)] == 0
    assert found["crmhub_webhook_deliveries_total"][("connection", "office"), ("outcome", "refused")] == 1
    assert found["crmhub_webhook_deliveries_total"][("connection", ""), ("outcome", "refused")] == 1
    assert found["process_resident_memory_bytes"][()] > 1e7
    assert found["crmhub_sync_next_run_seconds"][(sync,)] > found["crmhub_lease_beat_seconds"][()]


def test_health_says_what_a_person_wants_to_know_first(hub: tuple[HubFolder, Served, str]) -> None:
    answer = get(f"{hub[2]}/healthz")
    assert answer.status_code == 200
    found = answer.json()
    assert found["status"] == "ok"
    assert found["store"] == "ok"
    assert found["lease"]["held"]
    assert found["lease"]["seconds_since_beat"] < 60
    assert found["syncs"]["customers"]["last_run"] == "success"
    assert found["syncs"]["customers"]["lag"] < 60
    assert found["alarms"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8787"},
        {"X_Forwarded_For": "203.0.113.7"},
        {"X_Forwarded_For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"X_Real_IP": "127.0.0.1"},
    ],
)
def test_a_caller_from_elsewhere_sees_no_numbers(hub: tuple[HubFolder, Served, str], headers: dict[str, str]) -> None:
    answer = get(f"{hub[2]}/metrics", **headers)
    assert (answer.status_code, answer.json()) == (403, {"error": "not allowed"})
    assert get(f"{hub[2]}/healthz", **headers).json() == {"status": "ok"}


def test_nothing_about_customers_and_no_secret_is_shown(hub: tuple[HubFolder, Served, str]) -> None:
    folder, _, url = hub
    text = get(f"{url}/metrics").text + get(f"{url}/healthz").text + (folder.path / "serve.log").read_text()
    for word in ("anna", "Anna", "Berg", "bo@x", "carla", SECRET, HOOK, TOKEN):
        assert word not in text


def test_behind_a_proxy_only_the_token_tells_who_may_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    folder = HubFolder(tmp_path)
    lines = (
        'listen = "127.0.0.1:0"',
        'public_url = "https://hub.firm.example"',
        'metrics_token = { env = "METRICS_TOKEN" }',
    )
    folder.configure(CONFIG + "\n[serve]\n" + "\n".join(lines) + "\n")
    assert folder.run("check").code == 0
    with serving_quickly(folder) as served:
        url = served.wait("listening")["url"]
        assert get(f"{url}/metrics").status_code == 403, "it may come through the proxy"
        assert get(f"{url}/metrics", Authorization="Bearer wrong").status_code == 403
        assert get(f"{url}/metrics", Authorization=f"Bearer {TOKEN}", Host="hub.firm.example").status_code == 200
        assert get(f"{url}/healthz", Authorization=f"Bearer {TOKEN}").json()["store"] == "ok"
        assert TOKEN not in (folder.path / "serve.log").read_text()


def test_a_token_that_cannot_be_had_is_found_by_check_and_lets_nobody_in(tmp_path: Path) -> None:
    folder = HubFolder(tmp_path)
    text = CONFIG + '\n[serve]\nlisten = "127.0.0.1:0"\nmetrics_token = { env = "NOT_THERE" }\n'
    folder.configure(text)
    wrong = folder.run("check")
    assert wrong.code != 0
    assert "NOT_THERE" in wrong.err
    folder.configure(text.replace('{ env = "NOT_THERE" }', '"in the open"'))
    wrong = folder.run("check")
    assert "must be a secret reference" in wrong.err
    assert "in the open" not in wrong.err
