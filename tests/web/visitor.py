"""Somebody who visits the pages of a running service, without a browser."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import httpx2 as httpx
from starlette.testclient import TestClient

from hub.config.read import read_config
from hub.config.redact import Redactor
from hub.service.process import Service
from hub.store.store import Store
from hub.store.users import Role, User
from hub.web.access import sessions
from hub.web.app import application
from tests.e2e.hub_folder import HubFolder

HOST = "http://127.0.0.1:8787"
UNUSABLE = "$argon2id$nobody"


class Visitor:
    """Follows no redirects, keeps cookies, and sends the token of the page that it saw last."""

    def __init__(self, service: Service, role: Role | None) -> None:
        self.service = service
        self.store = Store(service.desk.db)
        self.client = TestClient(application(service), base_url=HOST, follow_redirects=False)
        self.token = ""
        if role is not None:
            name = role[:3]
            now = service.clock()
            self.store.users.save(User(name, role, UNUSABLE, now, now))
            token, session = sessions.begin(name, now)
            self.store.users.begin(session)
            self.client.cookies.set("crmhub-session", token)
            self.token = session.csrf

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers={key.replace("_", "-"): value for key, value in headers.items()})

    def post(self, path: str, /, token: bool = True, **fields: Any) -> httpx.Response:
        if token:
            fields = {"csrf": self.token, **fields}
        return self.client.post(path, data=fields)

    def follow(self, response: httpx.Response, seconds: float = 30.0) -> httpx.Response:
        """Go where an answer leads, and wait for a job to be over."""
        end = time.monotonic() + seconds
        while True:
            if response.status_code == 303:
                response = self.get(response.headers["location"])
            elif str(response.url.path).startswith("/jobs/") and 'hx-trigger="every 1s"' in response.text:
                job = self.service.jobs.get(response.url.path.rsplit("/", 1)[1])
                assert job is not None
                assert job.over.wait(end - time.monotonic()), "the job never ended"
                response = self.get(response.url.path)
            else:
                return response


def words(response: httpx.Response) -> str:
    """What a reader sees of a page, in one line."""
    text = re.sub(r"(?s)<(style|script).*?</\1>", " ", response.text)
    text = re.sub(r"</?(a|b|span|code|kbd|time)\b[^>]*>", "", text)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


@contextmanager
def serving(folder: HubFolder) -> Iterator[Service]:
    """A service that runs in this process, without a port."""
    path = Path(folder.path / "config.toml")
    service = Service(path, read_config(path), Redactor())
    ready = threading.Event()

    class Ready:
        def start(self) -> None:
            ready.set()

        def stop(self) -> None:
            """Nothing."""

    service.parts.append(Ready())
    thread = threading.Thread(target=service.run, name="service")
    thread.start()
    try:
        assert ready.wait(30)
        yield service
    finally:
        service.stop()
        thread.join(30)
        assert not thread.is_alive()
