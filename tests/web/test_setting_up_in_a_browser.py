"""From an empty configuration to a first sync, with nothing but a browser: two connections, a sync, a rule, a mapping.

Pictures of every step are left in the folder that CRMHUB_PICTURES names.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from tests.e2e.hub_folder import SECRET, HubFolder
from tests.web.browser import MISSING, browser
from tests.web.test_newcomer import PASSWORD, Person, first_user, run_now, serving
from tests.web.test_setting_up import EMPTY

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=MISSING), pytest.mark.timeout(300)]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_everything_is_set_up_in_a_browser(tmp_path: Path, width: int, dark: bool) -> None:
    folder = HubFolder(tmp_path)
    folder.configure(EMPTY + '\n[serve]\nlisten = "127.0.0.1:0"\n')
    with (
        serving(tmp_path, {}) as (url, code),
        browser(tmp_path / "profile", width=width, dark=dark) as driver,
    ):
        ann = Person(driver, tmp_path, f"{width}{'-dark' if dark else ''}")
        driver.get(url)
        first_user(ann, code, "Nothing is connected yet")
        ann.clicks("Connect a system")
        connect(ann, "office")
        ann.goes_to("Overview")
        ann.sees("1 system is connected")
        ann.clicks("Connect another system")
        connect(ann, "shop")
        ann.clicks("Make a sync")
        make_a_sync(ann)
        first_sync(ann, folder)
        a_rule(ann, folder)
        a_mapping(ann, folder)
        settings(ann, folder)
    assert ann.faults == {}
    assert PASSWORD not in (tmp_path / "config.toml").read_text(encoding="utf-8")


def connect(ann: Person, name: str) -> None:
    ann.sees("plugins are installed")
    ann.driver.find_element(By.CSS_SELECTOR, "a[href='/new/connection/probe']").click()
    ann.sees("Name of the connection")
    field = ann.driver.find_element(By.NAME, "=name")
    field.clear()
    field.send_keys(name)
    ann.types("file", f"{name}.json")
    ann.types("token", SECRET)
    ann.clicks("Go on to the test")
    ann.sees("Not tested yet")
    ann.clicks("Test")
    ann.sees("read: yes")
    ann.clicks(f"Add {name} to the configuration")
    ann.sees(f"No sync uses {name} yet")


def make_a_sync(ann: Person) -> None:
    ann.sees("The system that is trusted more")
    ann.clicks("Look at the change")
    ann.sees("[syncs.customers]")
    ann.clicks("Write this change")
    ann.sees("First sync of customers")


def first_sync(ann: Person, folder: HubFolder) -> None:
    ann.clicks("Read all systems")
    ann.sees("Who is the same")
    ann.clicks("Approve all" if "Approve all" in ann.driver.page_source else "Write all")
    ann.sees("Where every record was after the run")
    assert folder.names("office") == folder.names("shop") == ["Anna Berg", "Bo Li", "Carla Diaz"]


def a_rule(ann: Person, folder: HubFolder) -> None:
    """A field is asked about; the decision becomes a rule."""
    ann.goes_to("Settings")
    ann.sees("Edit the file")
    ann.clicks("Edit the file")
    ann.sees("secrets never stand in it")
    text = ann.driver.find_element(By.ID, "text")
    text.send_keys('\n[syncs.customers.fields.notes]\nconflict = "asj"\n')
    ann.clicks("Look at the change")
    ann.sees("1 problem; nothing can be written")
    text = ann.driver.find_element(By.ID, "text")
    wrong = str(text.get_attribute("value"))
    ann.driver.execute_script("arguments[0].value = arguments[1]", text, wrong.replace("asj", "ask"))
    ann.clicks("Look at the change")
    ann.sees("What changes")
    ann.clicks("Write this change")
    ann.sees("Earlier versions")
    folder.edit("office", "1", notes="likes tea")
    folder.edit("shop", "a", notes="likes coffee")
    run_now(ann)
    ann.goes_to("Conflicts")
    ann.sees("likes coffee")
    ann.driver.find_element(By.CSS_SELECTOR, "input[type=radio][value=shop]").click()
    ann.clicks("Save and next")
    ann.sees("Make it a rule?")
    ann.clicks("Look at the change")
    ann.sees('conflict = "prefer:shop"')
    ann.clicks("Write this change")
    ann.sees("No conflicts")
    assert 'conflict = "prefer:shop"' in (folder.path / "config.toml").read_text(encoding="utf-8")


def a_mapping(ann: Person, folder: HubFolder) -> None:
    folder.edit("office", "1", motto="carpe diem")
    ann.goes_to("Connections")
    ann.sees("Connections")
    ann.clicks("office")
    ann.sees("What the hub reads")
    ann.clicks("contacts")
    ann.sees("Mapping of contacts in office")
    ann.clicks("Edit")
    ann.sees("there is no file of yours yet")
    text = ann.driver.find_element(By.ID, "text")
    text.send_keys('\n[custom]\nmotto = { at = "motto", optional = true }\n')
    ann.clicks("Look at the change")
    ann.sees("custom.motto")
    ann.sees("of 3, read")
    ann.clicks("Write this mapping")
    ann.sees("Mapping of contacts in office")
    assert (folder.path / "mappings" / "probe.contacts.toml").exists()


def settings(ann: Person, folder: HubFolder) -> None:
    ann.goes_to("Syncs")
    ann.sees("Syncs")
    ann.clicks("customers")
    ann.sees("Run now")
    ann.clicks("Settings")
    ann.sees("Deletions that wait for a person")
    ann.types("schedule", "every 15m")
    ann.clicks("Look at the change")
    ann.sees('schedule = "every 15m"')
    ann.clicks("Write this change")
    ann.sees("every 15m")
    ann.goes_to("Settings")
    ann.sees("Alarms and times")
    ann.clicks("Alarms and times")
    ann.sees("Who is told of alarms")
