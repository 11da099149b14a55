"""A person gives the hub access to a system (OAuth 2) on the pages: with the browser, or with a code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from crmhub_zoho.sandbox import ZohoSandbox
from hub.service.process import Service
from hub.testing.sandbox import running
from hub.web.access import sessions
from tests.e2e.hub_folder import HubFolder
from tests.web.visitor import HOST, Visitor, serving

CONFIG = """
[connections.crm]
plugin = "zoho"
client_id = "{client_id}"
client_secret = {{ env = "ZOHO_SECRET" }}
accounts_url = "{url}"

[connections.sheet]
plugin = "files"
path = "customers.csv"

[syncs.customers]
systems = ["crm", "sheet"]
"""


@pytest.fixture
def sandbox() -> Iterator[ZohoSandbox]:
    with running(ZohoSandbox()) as zoho:
        yield zoho


@pytest.fixture
def office(sandbox: ZohoSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    given = sandbox.credentials()
    monkeypatch.setenv("ZOHO_SECRET", given["client_secret"])
    (tmp_path / "customers.csv").write_text("id,name,email\n", encoding="utf-8")
    folder = HubFolder(tmp_path)
    folder.configure(CONFIG.format(client_id=given["client_id"], url=sandbox.url))
    with serving(folder) as service:
        yield service


@pytest.fixture
def boss(office: Service) -> Visitor:
    return Visitor(office, "admin")


def provider(boss: Visitor) -> str:
    """The address of the provider's page, as the link has it."""
    found = re.search(r'href="(http[^"]+)" rel="noreferrer"', boss.get("/connections/crm/login").text)
    assert found
    return unescape(found.group(1))


def sent_back(address: str) -> str:
    """Where the provider sends the browser after the person has consented."""
    parts = urlsplit(requests.get(address, allow_redirects=False, timeout=10).headers["location"])
    assert f"{parts.scheme}://{parts.netloc}" == HOST, "the name under which the browser is signed in"
    return f"{parts.path}?{parts.query}"


def has_login(service: Service) -> bool:
    with service.app() as app:
        try:
            return bool(app.connect("crm").connector.check().name)
        except Exception:  # noqa: BLE001  # any error says no
            return False


def test_a_browser_that_comes_back_has_logged_in(boss: Visitor, office: Service) -> None:
    assert not has_login(office)
    back = boss.get(sent_back(provider(boss)))
    assert back.headers["location"] == "/connections/crm"
    assert has_login(office)
    assert boss.store.audit.newest(1)[0].action == "connection_logged_in"


def test_an_answer_that_belongs_to_another_login_is_refused(boss: Visitor, office: Service) -> None:
    path = sent_back(provider(boss))
    forged = re.sub(r"state=[^&]+", "state=forged", path)
    assert boss.get(forged).status_code == 400
    assert not has_login(office)
    assert boss.get(path).status_code == 303
    assert boss.get(path).status_code == 400, "it works once"


def test_an_answer_counts_only_for_who_began_the_login(boss: Visitor, office: Service) -> None:
    """Another browser of the same user is another session: a link that somebody sends logs nobody else's account in."""
    path = sent_back(provider(boss))
    mine = boss.client.cookies["crmhub-session"]
    token, session = sessions.begin("adm", office.clock())
    boss.store.users.begin(session)
    boss.client.cookies.set("crmhub-session", token)
    assert boss.get(path).status_code == 400
    boss.client.cookies.set("crmhub-session", mine)
    assert boss.get(path).status_code == 400, "it is spent"
    assert not has_login(office)


def test_who_refuses_is_told_so_and_may_try_again(boss: Visitor) -> None:
    path = sent_back(provider(boss))
    refused = boss.get(re.sub(r"code=[^&]+", "error=access_denied", path))
    assert refused.status_code == 400
    assert "access_denied" in refused.text
    assert provider(boss).startswith("http")


@pytest.mark.parametrize("form", ["code", "address"])
def test_a_pasted_code_logs_in(boss: Visitor, office: Service, sandbox: ZohoSandbox, form: str) -> None:
    pasted = sandbox.user.make_grant() if form == "code" else HOST + sent_back(provider(boss))
    assert boss.post("/connections/crm/login", code=pasted).status_code == 303
    assert has_login(office)


@pytest.mark.parametrize("state", ["state=forged", "state=", ""])
def test_a_pasted_address_of_another_login_is_refused(boss: Visitor, office: Service, state: str) -> None:
    forged = re.sub(r"state=[^&]+", state, HOST + sent_back(provider(boss)))
    answer = boss.post("/connections/crm/login", code=forged)
    assert (answer.status_code, "belongs to another login" in answer.text) == (400, True)
    assert not has_login(office)


def test_a_wrong_code_is_said_so(boss: Visitor, office: Service) -> None:
    answer = boss.post("/connections/crm/login", code="wrong")
    assert answer.status_code == 400
    assert "invalid_code" in answer.text
    assert not has_login(office)


def test_a_connection_without_such_a_login_says_so(boss: Visitor) -> None:
    answer = boss.get("/connections/sheet/login")
    assert answer.status_code == 400
    assert "needs no login by a person" in answer.text
