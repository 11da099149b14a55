"""Changing the configuration on the pages: the exact change is shown first, checked, and written only if nobody else was
faster; what it may not change; taking it back."""

from __future__ import annotations

import re
from html import unescape

import pytest

from hub.config.files import digest
from hub.service.process import Service
from hub.web.pages.changing import local
from tests.e2e.hub_folder import CONFIG, HubFolder
from tests.web.test_walk import first_sync, link
from tests.web.visitor import Visitor, words

NOTED = CONFIG + "\n# a comment that stays\n"


@pytest.fixture
def admin(service: Service) -> Visitor:
    return Visitor(service, "admin")


@pytest.fixture(autouse=True)
def noted(folder: HubFolder) -> None:
    folder.configure(NOTED)


def text_in(folder: HubFolder) -> str:
    return (folder.path / "config.toml").read_text(encoding="utf-8")


def save(visitor: Visitor, page: str, **more: str) -> dict[str, str]:
    """The fields with which a page that shows a change writes it."""
    form = page[page.index('name="action" value="save"') :].partition("</form>")[0]
    fields = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}
    text = re.search(r"(?s)<textarea[^>]*>\n(.*?)</textarea>", form)
    assert text
    return {**fields, "text": unescape(text.group(1)).replace("\n", "\r\n"), **more}


def test_a_schedule_is_changed_by_a_form_shown_written_and_used(admin: Visitor, folder: HubFolder) -> None:
    assert "manual" in words(admin.get("/syncs/customers/settings"))
    look = admin.post("/syncs/customers/settings", schedule="every 15m", **{"guards-delete": "7, 3 %"})
    assert text_in(folder) == NOTED, "looking writes nothing"
    assert 'schedule = "every 15m"' in unescape(look.text)
    done = admin.follow(admin.post("/settings/change", **save(admin, look.text)))
    assert done.url.path == "/syncs/customers"
    assert "every 15m" in words(done)
    sync = admin.service.config.syncs["customers"]
    assert (sync.timing.text, sync.policy.guards.delete) == ("every 15m", (7, 0.03))
    assert text_in(folder).endswith("# a comment that stays\n")
    entry = next(item for item in admin.store.audit.newest() if item.action == "configuration_changed")
    assert (entry.who, entry.subject, entry.detail["about"]) == ("adm", "config.toml", "syncs.customers")
    assert entry.detail["after"] == digest(text_in(folder))[:12]


def test_a_value_that_is_wrong_is_named_with_its_line_and_cannot_be_written(admin: Visitor, folder: HubFolder) -> None:
    page = admin.post("/syncs/customers/settings", schedule="every day")
    assert page.status_code == 400
    assert "1 problem; nothing can be written" in words(page)
    assert "Write this change" not in words(page)
    wrong = NOTED.replace("[syncs.customers]", "[syncs.customers]\nschedul = 1")
    answer = admin.post("/settings/change", action="save", text=wrong, seen=digest(NOTED), editable="1")
    assert answer.status_code == 400
    assert re.search(r"Line \d+: unknown key 'schedul'", words(answer))
    assert text_in(folder) == NOTED


def test_the_whole_file_is_edited_as_text(admin: Visitor, folder: HubFolder) -> None:
    assert "# a comment that stays" in admin.get("/settings/file").text
    new = NOTED.replace('region = "DE"', 'region = "AT"')
    look = admin.post("/settings/change", action="look", text=new.replace("\n", "\r\n"), editable="1", back="/settings")
    assert "Write this change" in words(look)
    admin.follow(admin.post("/settings/change", **save(admin, look.text)))
    assert text_in(folder) == new
    assert admin.service.config.hub.region == "AT"
    unchanged = admin.post("/settings/change", action="save", text=new, seen=digest(new), editable="1")
    assert "Write this change" not in words(unchanged)


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(admin: Visitor, folder: HubFolder) -> None:
    look = admin.post("/syncs/customers/settings", schedule="every 15m")
    other = NOTED + "# by somebody else\n"
    folder.configure(other)
    answer = admin.post("/settings/change", **save(admin, look.text))
    assert answer.status_code == 409
    assert "The file was changed meanwhile" in words(answer)
    assert text_in(folder) == other


REFUSED = [
    ('file = "office.json"', 'file = "elsewhere.json"'),
    ('token = { env = "PROBE_TOKEN" }', 'token = { command = ["cat", "/etc/passwd"] }'),
    ("plugins = [", 'data = "elsewhere"\nplugins = ['),
    ('file = "shop.json"', 'file = "shop.json"\ntoken = { env = "PROBE_TOKEN" }'),
    ("[hub]", "[serve]\ntwo_people = true\n[hub]"),
]


def test_what_runs_code_or_sends_a_secret_elsewhere_is_refused_on_pages(admin: Visitor, folder: HubFolder) -> None:
    for old, new in REFUSED:
        text = NOTED.replace(old, new)
        assert text != NOTED
        answer = admin.post("/settings/change", action="save", text=text, seen=digest(NOTED))
        assert (answer.status_code, "on the machine" in words(answer)) == (400, True), new
    assert text_in(folder) == NOTED
    assert [item for item in admin.store.audit.newest() if item.action == "configuration_changed"] == []


def test_a_change_is_taken_back_from_the_versions(admin: Visitor, folder: HubFolder) -> None:
    look = admin.post("/settings/alarms", timezone="Europe/Berlin")
    admin.follow(admin.post("/settings/change", **save(admin, look.text)))
    assert admin.service.config.serving.zone == "Europe/Berlin"
    page = admin.get("/settings")
    assert "Earlier versions" in words(page)
    assert "adm" in words(page).partition("Earlier versions")[2]
    back = admin.get(link(page.text, r'href="(/settings/versions/[^"]+)"'))
    admin.follow(admin.post("/settings/change", **save(admin, back.text)))
    assert text_in(folder) == NOTED
    assert admin.service.config.serving.zone == "UTC"
    assert admin.get("/settings/versions/..%2Fconfig.toml").status_code == 404


@pytest.mark.parametrize(
    ("back", "to"),
    [
        ("/syncs/customers", "/syncs/customers"),
        *((word, "/settings") for word in ("//evil.example", "https://evil.example", "/\\evil.example", "/a?x", "")),
    ],
)
def test_after_a_change_people_come_to_our_own_pages_only(back: str, to: str) -> None:
    assert local(back) == to


def test_a_file_that_cannot_be_written_is_said_and_nothing_is_used(
    admin: Visitor, folder: HubFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = admin.post("/settings/alarms", rest="40s")

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("os.replace", refuse)
    answer = admin.post("/settings/change", **save(admin, look.text))
    assert answer.status_code == 400
    assert "Read-only file system" in words(answer)
    assert text_in(folder) == NOTED


def test_a_decision_becomes_a_rule_that_decides_the_next_time(admin: Visitor, folder: HubFolder) -> None:
    first_sync(admin)
    folder.edit("office", "1", notes="likes tea")
    folder.edit("shop", "a", notes="likes coffee")
    admin.follow(admin.post("/syncs/customers/start", kind="sync"))
    (row,) = admin.store.history.ledger(state="open")
    operator = Visitor(admin.service, "operator")
    assert operator.get(f"/conflicts/{row['id']}/rule").status_code == 403
    assert admin.get(f"/conflicts/{row['id']}/rule").status_code == 404, "it is not decided yet"
    after = admin.follow(admin.post("/conflicts/resolve", **{f"take-{row['id']}": "shop"}))
    assert "You took shop for notes" in words(after)
    assert "Only an admin may do this" in words(operator.get(f"/conflicts?decided={row['id']}-x-"))
    look = admin.get(link(after.text, r'href="(/conflicts/\d+/rule)"'))
    assert 'added conflict = "prefer:shop"' in words(look)
    admin.follow(admin.post("/settings/change", **save(admin, look.text)))
    assert text_in(folder) == NOTED.replace('conflict = "ask"', 'conflict = "prefer:shop"')
    assert admin.get(f"/conflicts/{row['id']}/rule").status_code == 404, "it is a rule already"
    admin.follow(admin.post("/syncs/customers/start", kind="sync"))
    folder.edit("shop", "a", notes="likes milk")
    folder.edit("office", "1", notes="likes wine")
    admin.follow(admin.post("/syncs/customers/start", kind="sync"))
    assert admin.store.history.ledger(state="open") == []
    notes = {folder.get("office")["1"]["notes"], folder.get("shop")["a"]["notes"]}
    assert len(notes) == 1
