"""What is checked on every page that a browser shows."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from selenium.webdriver.chrome.webdriver import WebDriver

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
"""axe-core; of that package only this file is used."""
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""Pixels by which a page is wider than the window."""
ANSWERS = ("404 (Not Found)", "400 (Bad Request)")
"""What a page is answered with by right: a browser notes it as an error."""


def faults_of(driver: WebDriver) -> list[str]:
    """What is wrong with the page that is shown: accessibility (axe-core), overflow, errors in the browser's log."""
    driver.execute_script(AXE)
    results: dict[str, Any] = driver.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    found = [
        f"{item['impact']} {item['id']}: {node['html'][:160]}"
        for item in results["violations"]
        for node in item["nodes"][:3]
    ]
    wider = driver.execute_script(OVERFLOW)
    if wider > 0:
        found.append(f"{wider} px wider than the window")
    for line in driver.get_log("browser"):  # type: ignore[no-untyped-call]  # selenium gives it no types
        if line["level"] == "SEVERE" and not any(word in line["message"] for word in ANSWERS):
            found.append(line["message"])
    return found
