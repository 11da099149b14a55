"""Every page in Chromium: accessible, no wider than a window, no error in the browser; keys and refreshing work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from hub.config.timing import Address
from hub.service.process import Service
from hub.web.app import application
from hub.web.server import HttpServer
from tests.e2e.hub_folder import SECRET, HubFolder
from tests.web.browser import MISSING, POLL, browser
from tests.web.looking import faults_of
from tests.web.test_walk import first_sync
from tests.web.visitor import Visitor, serving

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Visitor, str, HubFolder]]:
    """A hub in the middle of its work: a conflict, a duplicate, a record in quarantine, a system that needs a login."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PROBE_TOKEN", SECRET)
    folder = HubFolder(tmp_path_factory.mktemp("hub"))
    with serving(folder) as service:
        admin = Visitor(service, "admin")
        server = HttpServer(Address("127.0.0.1", 0), lambda: application(service))
        server.start()
        first_sync(admin)
        folder.edit("office", "1", notes="likes tea")
        folder.edit("shop", "a", notes="likes coffee")
        twice = {"name": "Eva Nagy", "email": "eva@x.example"}
        folder.put("shop", {**folder.get("shop"), "d1": dict(twice), "d2": dict(twice)})
        folder.put(
            "office", {**folder.get("office"), "e1": dict(twice), "z": {"name": "Zoe Wu", "email": "z@x.example"}}
        )
        folder.fault("shop", "reject")
        admin.follow(admin.post("/syncs/customers/start", kind="sync"))
        folder.fault("shop", "auth")
        admin.follow(admin.post("/syncs/customers/start", kind="sync"))
        folder.fault("shop", "")
        first = [run for run in admin.store.history.runs() if run.get("applied")][-1]
        admin.follow(admin.post(f"/runs/{first['id']}/undo"))
        yield service, admin, server.url, folder
        server.stop()
    patch.undo()


@contextmanager
def signed_in(world: tuple[Service, Visitor, str, HubFolder], profile: Path, **how: object) -> Iterator[WebDriver]:
    _service, admin, url, _folder = world
    with browser(profile, **how) as driver:  # type: ignore[arg-type]  # passed on as they are
        driver.get(f"{url}/static/icon.svg")
        cookie = admin.client.cookies.get("crmhub-session")
        driver.add_cookie({"name": "crmhub-session", "value": cookie, "path": "/"})
        yield driver


def resolved(admin: Visitor) -> int:
    """A conflict that was decided for a system, so that it could become a rule."""
    rows = [row for row in admin.store.history.ledger() if row["state"] in ("resolved", "flipped")]
    return int(rows[0]["id"]) if rows else 0


def pages(admin: Visitor) -> list[str]:
    gid = admin.store.history.ledger(state="open")[0]["gid"]
    run, *_, first = [item["id"] for item in admin.store.history.runs() if item.get("applied")]
    return [
        *(
            "/",
            "/syncs",
            "/syncs/customers",
            "/syncs/customers/plan",
            "/plans",
            "/conflicts",
            "/reviews",
            "/quarantine",
        ),
        *(
            "/records?q=a",
            f"/records/{gid}?field=notes",
            "/runs",
            f"/runs/{run}",
            f"/runs/{first}/undo",
            "/connections",
            "/connections/shop",
            "/connections/shop/mappings/contacts",
        ),
        *(
            "/settings/file",
            "/settings/alarms",
            "/syncs/customers/settings",
            "/connections/shop/mappings/contacts/edit",
        ),
        *("/new/connection", "/new/connection/odoo", "/new/sync", f"/conflicts/{resolved(admin)}/rule"),
        *("/settings", "/audit?verify=1", "/users", "/account", "/nowhere"),
    ]


@pytest.mark.parametrize(
    ("width", "dark", "lang"), [(1280, False, "en"), (390, False, "en"), (1280, True, "zh-CN"), (390, True, "zh-CN")]
)
def test_every_page_is_accessible_and_fits_the_window(
    world: tuple[Service, Visitor, str, HubFolder], tmp_path: Path, width: int, dark: bool, lang: str
) -> None:
    _service, admin, url, _folder = world
    found = {}
    with signed_in(world, tmp_path / "profile", width=width, dark=dark, lang=lang) as driver:
        for path in pages(admin):
            driver.get(url + path)
            if faults := faults_of(driver):
                found[path] = faults
        driver.delete_all_cookies()
        driver.get(f"{url}/login")
        if faults := faults_of(driver):
            found["/login"] = faults
    assert found == {}


def test_a_conflict_is_decided_with_keys_alone(world: tuple[Service, Visitor, str, HubFolder], tmp_path: Path) -> None:
    service, admin, url, _folder = world
    with signed_in(world, tmp_path / "profile") as driver:
        driver.get(f"{url}/conflicts")
        body = driver.find_element(By.TAG_NAME, "body")
        body.send_keys("1")
        body.send_keys("b")
        chosen = driver.find_element(By.CSS_SELECTOR, "input[type=radio]:checked")
        assert chosen.get_attribute("value") == "shop"
        chosen.send_keys(Keys.ENTER)
        WebDriverWait(driver, 20, POLL).until(lambda found: "No conflicts" in found.page_source)
    assert admin.store.history.ledger(state="open") == []
    assert service.desk.questions() == 1, "the duplicate"


def test_the_steps_of_a_test_appear_by_themselves(
    world: tuple[Service, Visitor, str, HubFolder], tmp_path: Path
) -> None:
    _service, _admin, url, _folder = world
    with signed_in(world, tmp_path / "profile") as driver:
        driver.get(f"{url}/connections/shop")
        driver.find_element(By.CSS_SELECTOR, "form[action$='/test'] button").click()
        WebDriverWait(driver, 20, POLL).until(lambda found: "read: yes" in found.page_source)
        assert "sign-in" in driver.page_source
        assert faults_of(driver) == []


def test_the_overview_refreshes_itself_without_losing_the_place(
    world: tuple[Service, Visitor, str, HubFolder], tmp_path: Path
) -> None:
    _service, _admin, url, _folder = world
    with signed_in(world, tmp_path / "profile") as driver:
        driver.get(url)
        driver.execute_script("htmx.trigger('#live', 'every'); document.getElementById('q').focus(); window.stays = 1")
        driver.execute_script("htmx.ajax('GET', '/', {target: '#live', swap: 'innerHTML'})")
        WebDriverWait(driver, 10, POLL).until(
            lambda found: found.execute_script("return !document.querySelector('.htmx-request')")
        )
        assert driver.execute_script("return window.stays + document.activeElement.id") == "1q"
        assert len(driver.find_elements(By.CSS_SELECTOR, "main")) == 1, "a part was swapped in, not a page"
        assert faults_of(driver) == []
