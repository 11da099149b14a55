"""A real browser for the pages: Debian's Chromium, without a screen and without a network but this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.chrome.webdriver import WebDriver

MISSING = (
    "" if shutil.which("chromium") and shutil.which("chromedriver") else "Chromium and its driver are not installed"
)
"""Why there is no browser here: apt-get install chromium chromium-driver."""
POLL = 0.05
"""Seconds between two looks at a page that is waited for."""


@contextmanager
def browser(profile: Path, *, width: int = 1280, dark: bool = False, lang: str = "en") -> Iterator[WebDriver]:
    options = Options()
    options.binary_location = shutil.which("chromium") or ""
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
        f"--window-size={width},900",
        f"--lang={lang}",
        f"--accept-lang={lang}",
        *(["--blink-settings=preferredColorScheme=0"] if dark else []),
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Driver(shutil.which("chromedriver")))
    try:
        driver.set_page_load_timeout(30)
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        yield driver
    finally:
        driver.quit()


def shoot(driver: WebDriver, path: Path) -> None:
    """The whole page as a picture."""
    import base64

    size = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 4000), "scale": 1}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    path.write_bytes(base64.b64decode(shot["data"]))
