"""The walk of a newcomer in a real browser, from the first start of ``crmhub serve`` to a reviewed and approved first
sync of two real systems (a Tryton and a Radicale) and a conflict that a person decides.

Pictures of every step are left in the folder that CRMHUB_PICTURES names; of what goes wrong also in the test's own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from hub.demo.people import population
from hub.demo.people_at_work import BookUser, ErpUser
from hub.demo.story import cache_folder
from hub.testing.servers import RunningServer, start_radicale, start_tryton
from tests.web.browser import MISSING, POLL, browser, shoot
from tests.web.looking import faults_of

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=MISSING), pytest.mark.timeout(600)]

CONFIG = """
[hub]
region = "DE"

[connections.erp]
plugin = "tryton"
url = "{erp}"
database = "{database}"
user = "{erp_user}"
password = {{ env = "ERP_PASSWORD" }}

[connections.book]
plugin = "carddav"
url = "{book}"
user = "{book_user}"
password = {{ env = "BOOK_PASSWORD" }}

[syncs.customers]
systems = ["erp", "book"]

[syncs.customers.fields."name"]
conflict = "ask"

[serve]
listen = "127.0.0.1:0"
timezone = "Europe/Berlin"
"""
PASSWORD = "correct horse battery"


class Person:
    """Somebody at a browser who reads and clicks, and looks for faults on every page."""

    def __init__(self, driver: WebDriver, folder: Path, name: str = "") -> None:
        """name: of these pictures among others."""
        self.driver, self.folder = driver, folder
        wanted = os.environ.get("CRMHUB_PICTURES")
        self.pictures = Path(wanted, name) if wanted else None
        if self.pictures is not None:
            self.pictures.mkdir(parents=True, exist_ok=True)
        self.step = 0
        self.faults: dict[str, list[str]] = {}

    def sees(self, text: str, seconds: float = 60.0) -> None:
        """Wait for a text, then check the page and take a picture if it is wanted."""

        def there(driver: WebDriver) -> bool:
            return text in str(driver.execute_script("return document.body.innerText"))

        try:
            WebDriverWait(self.driver, seconds, POLL).until(there)
        except Exception as error:
            shoot(self.driver, self.folder / "wrong.png")
            shown = self.driver.find_element(By.TAG_NAME, "body").text
            raise AssertionError(f"{text!r} never came; the page says:\n{shown[:1500]}") from error
        self.step += 1
        if found := faults_of(self.driver):
            self.faults[f"{self.step} {self.driver.current_url}"] = found
        if self.pictures is not None:
            shoot(self.driver, self.pictures / f"{self.step:02}.png")

    def element(self, words: str) -> WebElement:
        """A button or link by its words."""
        for item in self.driver.find_elements(By.CSS_SELECTOR, "main button, main a, summary"):
            if words in item.text and item.is_displayed():
                return item
        raise AssertionError(f"nothing says {words!r}")

    def clicks(self, words: str) -> None:
        self.element(words).click()

    def types(self, name: str, text: str) -> None:
        self.driver.find_element(By.NAME, name).send_keys(text)

    def goes_to(self, words: str) -> None:
        for item in self.driver.find_elements(By.CSS_SELECTOR, "[popovertarget=nav]"):
            if item.is_displayed():
                item.click()
        self.driver.find_element(By.CSS_SELECTOR, "#nav").find_element(By.PARTIAL_LINK_TEXT, words).click()


@contextmanager
def serving(folder: Path, environment: dict[str, str]) -> Iterator[tuple[str, str]]:
    """``crmhub serve`` as it is started by hand; gives (address, code for the first user)."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from hub.cli.main import main; main()", "serve"],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    said: list[str] = []
    try:
        for line in process.stderr:
            said.append(line)
            if re.fullmatch(r"    [A-Z2-9-]{34}\n", line):
                break
        text, code = "".join(said), said[-1].strip()
        address = re.search(r"Open (http://\S+)/setup", text)
        assert address, text
        drain = threading.Thread(target=said.extend, args=(process.stderr,))
        drain.start()
        yield address.group(1), code
        process.terminate()
        assert process.wait(60) == 0, "".join(said)
        drain.join(10)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert "Traceback" not in "".join(said)
    assert PASSWORD not in "".join(said)


@pytest.fixture(scope="module")
def systems(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RunningServer, ErpUser, RunningServer, BookUser]]:
    folder = tmp_path_factory.mktemp("systems")
    with (
        start_tryton(folder / "erp", cache=cache_folder()) as erp,
        start_radicale(folder / "book", user="office", password="demo", books=("book",)) as book,
    ):
        people = population(60, 7)
        users = ErpUser(erp), BookUser(book)
        for user in users:
            user.fill(people)
        yield erp, users[0], book, users[1]


def names_in(user: ErpUser | BookUser) -> list[str]:
    if isinstance(user, ErpUser):
        return [str(item["name"]) for item in user.parties()]
    return re.findall(r"(?m)^FN:(.*?)\r?$", "\n".join(user.cards().values()))


def test_a_newcomer_comes_to_a_first_sync_and_decides_a_conflict(
    systems: tuple[RunningServer, ErpUser, RunningServer, BookUser], tmp_path: Path
) -> None:
    erp, erp_user, book, book_user = systems
    (tmp_path / "config.toml").write_text(
        CONFIG.format(
            erp=erp.url,
            database=erp.details["database"],
            erp_user=erp.details["user"],
            book=book.details["books"]["book"],
            book_user=book.details["user"],
        )
    )
    environment = {"ERP_PASSWORD": str(erp.details["password"]), "BOOK_PASSWORD": str(book.details["password"])}
    before = len(erp_user.parties()), len(book_user.cards())
    with serving(tmp_path, environment) as (url, code), browser(tmp_path / "profile") as driver:
        ann = Person(driver, tmp_path)
        driver.get(url)
        first_user(ann, code)
        try_connections(ann)
        first_sync(ann)
        assert (len(erp_user.parties()), len(book_user.cards())) != before
        conflict(ann, erp_user, book_user)
        ann.goes_to("Audit")
        ann.sees("plan_approved")
        ann.clicks("Check the chain")
        ann.sees("all as they were written")
        driver.find_element(By.CSS_SELECTOR, "#nav form[action='/logout'] button").click()
        ann.sees("Sign in")
        driver.get(f"{url}/runs")
        ann.sees("Sign in")
    assert ann.faults == {}


def first_user(ann: Person, code: str, then: str = "customers has not run yet") -> None:
    ann.sees("Make the first user")
    ann.types("code", code)
    ann.types("name", "ann")
    ann.types("password", PASSWORD)
    ann.types("again", PASSWORD)
    ann.clicks("Make the first user")
    ann.sees(then)


def try_connections(ann: Person) -> None:
    for name in ("erp", "book"):
        ann.goes_to("Connections")
        ann.sees("Connections")
        ann.clicks(name)
        ann.sees("Schema drift")
        ann.clicks("Test")
        ann.sees("read: yes")


def first_sync(ann: Person) -> None:
    ann.goes_to("Overview")
    ann.sees("customers has not run yet")
    ann.clicks("Start the first sync")
    ann.sees("Nothing is written before you approve")
    ann.clicks("Read all systems")
    ann.sees("Who is the same")
    if "To review" in ann.driver.page_source and ann.driver.find_elements(
        By.CSS_SELECTOR, "main a[href^='/reviews?id=']"
    ):
        ann.goes_to("Possible duplicates")
        while "No questions" not in ann.driver.page_source:
            ann.sees("may be one customer")
            number = len(ann.driver.find_elements(By.CSS_SELECTOR, ".list a"))
            doubtful = "cannot be one customer" in ann.driver.page_source
            ann.clicks("Different customers" if doubtful else "One customer: link")
            WebDriverWait(ann.driver, 60, POLL).until(fewer(number))
        ann.goes_to("Syncs")
        ann.clicks("customers")
        ann.clicks("Read again")
        ann.sees("Who is the same")
    if ann.driver.find_elements(By.NAME, "canary"):
        ann.clicks("Approve canary of 10")
        ann.sees("The canary is written")
    ann.clicks("Approve all" if "Approve all" in ann.driver.page_source else "Write all")
    ann.sees("Where every record was after the run")
    ann.goes_to("Overview")
    ann.sees("Syncs")


def fewer(number: int) -> Callable[[WebDriver], bool]:
    def check(driver: WebDriver) -> bool:
        return "No questions" in driver.page_source or len(driver.find_elements(By.CSS_SELECTOR, ".list a")) < number

    return check


def a_person_in_both(erp_user: ErpUser, book_user: BookUser) -> tuple[int, str, str]:
    """(party, card, name) of somebody with a given and a family name who is once in each system."""
    names = names_in(erp_user)
    for party in erp_user.parties():
        given, _, family = str(party["name"]).rpartition(" ")
        for card, text in book_user.cards().items():
            if names.count(party["name"]) == 1 and f"FN:{party['name']}" in text and f"N:{family};{given}" in text:
                return party["id"], card, str(party["name"])
    raise AssertionError("nobody is in both systems")


def conflict(ann: Person, erp_user: ErpUser, book_user: BookUser) -> None:
    party, card, name = a_person_in_both(erp_user, book_user)
    erp_user.rename(party, f"{name}-Winter")
    book_user.change(card, f"FN:{name}", f"FN:{name}-Sommer")
    given, _, family = name.rpartition(" ")
    book_user.change(card, f"N:{family};{given}", f"N:{family}-Sommer;{given}")
    run_now(ann)
    ann.goes_to("Conflicts")
    ann.sees(f"{name}-Winter")
    ann.sees(f"{name}-Sommer")
    body = ann.driver.find_element(By.TAG_NAME, "body")
    body.send_keys("1")
    body.send_keys("b")
    chosen = ann.driver.find_element(By.CSS_SELECTOR, "input[type=radio]:checked")
    assert chosen.get_attribute("value") == "book"
    chosen.send_keys(Keys.ENTER)
    ann.sees("No conflicts")
    run_now(ann)
    assert f"{name}-Sommer" in names_in(erp_user)
    assert f"{name}-Winter" not in [*names_in(erp_user), *names_in(book_user)]
    search = ann.driver.find_element(By.ID, "q")
    search.send_keys(f"{name}-Sommer" + Keys.ENTER)
    ann.sees("Golden record")
    ann.clicks("name")
    ann.sees("It came from person")


def run_now(ann: Person) -> None:
    ann.goes_to("Syncs")
    ann.sees("customers")
    ann.clicks("customers")
    ann.clicks("Run now")
    ann.sees("Where every record was after the run")
