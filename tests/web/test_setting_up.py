"""Setting up connections and a sync on the pages, from an empty configuration to a first sync."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.loader import load
from hub.service.process import Service
from hub.store.users import User
from hub.tokens.keys import load_keys
from hub.tokens.vault import Vault
from hub.views.setting_up import settings_of, summary_of, typed
from hub.web.access import sessions
from tests.e2e.hub_folder import PLUGIN, SECRET, HubFolder
from tests.web.test_changing import save, text_in
from tests.web.test_walk import first_sync, link
from tests.web.visitor import UNUSABLE, Visitor, serving, words

EMPTY = f"""
# Nothing yet.
[hub]
region = "DE"
plugins = ["{PLUGIN}"]
"""
FIELDS = {"=name": "office", "=access": "both", "file": "office.json", "hook_secret": SECRET}


@pytest.fixture
def service(folder: HubFolder) -> Iterator[Service]:
    folder.configure(EMPTY)
    with serving(folder) as found:
        yield found


@pytest.fixture
def admin(service: Service) -> Visitor:
    return Visitor(service, "admin")


def vault(folder: HubFolder) -> Vault:
    return Vault(folder.path, lambda: load_keys(folder.path))


def tried(admin: Visitor) -> str:
    """Test what is being set up, to the end."""
    assert admin.post("/new/test").headers["location"] == "/new/test"
    for _ in range(500):
        part = admin.get("/new/test", hx_request="true")
        if "hx-trigger" not in part.text:  # it asks for the whole page
            break
        admin.service._wait(0.01)
    return admin.get("/new/test").text


def connected(admin: Visitor, **fields: str) -> str:
    """A connection that was set up, tested and added; the page that it leads to."""
    assert admin.post("/new/connection/probe", **{**FIELDS, **fields}).headers["location"] == "/new/test"
    page = tried(admin)
    assert "read: yes, write: yes" in page
    seen = link(page, r'name="seen" value="([0-9a-f]{64})"')
    return str(admin.follow(admin.post("/new/add", seen=seen)).url.path)


def test_two_connections_and_a_sync_are_made_from_nothing(admin: Visitor, folder: HubFolder) -> None:
    assert "Connect two systems" in words(admin.get("/"))
    assert "CSV, JSON Lines and Excel files." in words(admin.get("/new/connection"))
    assert 'type="password"' in admin.get("/new/connection/probe").text
    assert connected(admin) == "/connections/office"
    assert "1 system is connected" in words(admin.get("/"))
    assert connected(admin, **{"=name": "shop", "file": "shop.json", "hook_secret": ""}) == "/connections/shop"
    assert "Make a sync" in words(admin.get("/connections/shop"))
    assert "customers" in admin.get("/new/sync").text
    fields = {"name": "customers", "one": "office", "two": "shop", "two-access": "update", "schedule": "every 1h"}
    look = admin.post("/new/sync", **fields)
    assert "[syncs.customers]" in words(look)
    done = admin.follow(admin.post("/settings/change", **save(admin, look.text)))
    assert "First sync of customers" in words(done)
    assert text_in(folder) == (
        EMPTY
        + '\n[connections.office]\nplugin = "probe"\nfile = "office.json"\nhook_secret = { secret = "office.hook_secret" }\n'
        + '\n[connections.shop]\nplugin = "probe"\nfile = "shop.json"\n'
        + '\n[syncs.customers]\nsystems = ["office", "shop"]\nno_create = ["shop"]\nschedule = "every 1h"\n'
    )
    first_sync(admin)
    assert folder.names("office") == ["Anna Berg", "Bo Li", "Carla Diaz"]
    assert folder.names("shop") == ["Anna Berg", "Carla Diaz"]


def test_a_secret_goes_to_the_encrypted_store_alone(admin: Visitor, folder: HubFolder) -> None:
    admin.post("/new/connection/probe", **FIELDS)
    assert list(vault(folder).list()) == [], "nothing is kept before it is added"
    page = tried(admin)
    assert SECRET not in page
    admin.follow(admin.post("/new/add", seen=link(page, r'name="seen" value="([^"]+)"')))
    assert vault(folder).get("office.hook_secret") == SECRET
    assert SECRET not in text_in(folder)
    assert SECRET not in admin.get("/settings/file").text
    assert SECRET not in str(admin.store.audit.newest())


def test_a_system_that_a_person_logs_in_to_leads_to_its_login(admin: Visitor, folder: HubFolder) -> None:
    fields = {"=name": "crm", "client_id": "our-app", "client_secret": SECRET, "dc": "eu"}
    assert admin.post("/new/connection/zoho", **fields).headers["location"] == "/new/test"
    page = admin.get("/new/test")
    assert "A person has to log in to this system" in words(page)
    done = admin.follow(admin.post("/new/add", seen=link(page.text, r'name="seen" value="([^"]+)"')))
    assert done.url.path == "/connections/crm/login"
    assert "Log in to crm" in words(done)
    assert SECRET not in done.text
    assert 'client_secret = { secret = "crm.client_secret" }' in text_in(folder)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"file": ""}, "file: needed"),
        ({"=name": ""}, "the connection needs a name"),
        ({"=name": "../up"}, "is no usable name"),
        ({"=name": "hub"}, "is reserved"),
    ],
)
def test_what_is_wrong_is_said_and_the_secret_is_not_sent_back(
    admin: Visitor, folder: HubFolder, fields: dict[str, str], said: str
) -> None:
    answer = admin.post("/new/connection/probe", **{**FIELDS, **fields})
    assert answer.status_code == 400
    assert said in words(answer)
    assert SECRET not in answer.text
    assert not (folder.path / "crmhub-data" / "connections").exists()
    assert admin.get("/new/test").headers["location"] == "/new/connection", "nothing is being set up"


def test_a_test_that_fails_names_its_step_and_nothing_is_added(admin: Visitor, folder: HubFolder) -> None:
    folder.fault("office", "auth")
    admin.post("/new/connection/probe", **FIELDS)
    page = tried(admin)
    assert "is not accepted" in page
    assert SECRET not in page
    assert admin.post("/new/drop").headers["location"] == "/connections"
    assert text_in(folder) == EMPTY
    assert admin.post("/new/test").status_code == admin.post("/new/add").status_code == 409


def test_a_name_that_is_taken_and_a_file_that_changed_are_not_overwritten(admin: Visitor, folder: HubFolder) -> None:
    connected(admin)
    again = admin.post("/new/connection/probe", **FIELDS)
    assert "there is a connection" in words(again)
    admin.post("/new/connection/probe", **{**FIELDS, "=name": "other"})
    page = tried(admin)
    folder.configure(text_in(folder) + "# by somebody else\n")
    answer = admin.post("/new/add", seen=link(page, r'name="seen" value="([^"]+)"'))
    assert answer.status_code == 409
    assert "connections.other" not in text_in(folder)
    assert [item.name for item in vault(folder).list()] == ["office.hook_secret"]


def test_what_one_person_types_another_does_not_see(admin: Visitor) -> None:
    admin.post("/new/connection/probe", **FIELDS)
    assert "office is being set up" in words(admin.get("/new/connection"))
    now = admin.service.clock()
    admin.store.users.save(User("eve", "admin", UNUSABLE, now, now))
    token, session = sessions.begin("eve", now)
    admin.store.users.begin(session)
    admin.client.cookies.set("crmhub-session", token)
    assert "being set up" not in words(admin.get("/new/connection"))
    assert admin.get("/new/test").headers["location"] == "/new/connection"


def test_a_sync_needs_two_systems_and_a_name_of_its_own(admin: Visitor) -> None:
    assert "Two connections are needed" in words(admin.get("/new/sync"))
    connected(admin)
    connected(admin, **{"=name": "shop", "file": "shop.json"})
    same = admin.post("/new/sync", name="customers", one="shop", two="shop")
    assert (same.status_code, "Choose two different connections" in words(same)) == (400, True)
    assert "needs a name" in words(admin.post("/new/sync", name="", one="office", two="shop"))
    assert "is no usable name" in words(admin.post("/new/sync", name="A b", one="office", two="shop"))


def test_every_installed_system_can_be_filled_in() -> None:
    """Each required setting is a field, and what a form gives back is of the right kind."""
    for name, connector in load().connectors.items():
        fields = settings_of(connector)
        assert summary_of(connector), name
        required = {item.alias or key for key, item in connector.Config.model_fields.items() if item.is_required()}
        assert required <= {item.key for item in fields}, name
        given = {item.key: item.choices[0] if item.choices else "7" for item in fields}
        settings, secrets = typed(fields, given)
        assert set(settings) | set(secrets) == set(given)
        kinds = {item.key: item.kind for item in fields}
        assert all(isinstance(settings[key], int) for key, kind in kinds.items() if kind in ("number", "flag")), name
        assert all(isinstance(settings[key], list) for key, kind in kinds.items() if kind == "lines"), name
