"""Every route, tried by those who may not: no session, a role that is too small, no token, another site, another name.

Each time nothing may be written and nothing told; each route is taken from the table that serves it.
"""

from __future__ import annotations

import random
import re
from typing import Any
from urllib.parse import quote

import pytest

from hub.service.process import Service
from hub.store import tables
from hub.store.users import ROLES
from hub.testing.corpus import everything, own
from hub.web.access import sessions
from hub.web.access.hosts import is_loopback, is_ours
from hub.web.door import LARGEST, Route
from hub.web.dressing import HEADERS
from hub.web.pages import ROUTES
from tests.e2e.hub_folder import CONFIG, HubFolder
from tests.web.visitor import Visitor, serving

VALUES = {"name": "customers", "id": "1", "gid": "0193", "resource": "contacts"}
QUERY = (
    "q",
    "from",
    "system",
    "gid",
    "id",
    "field",
    "text",
    "state",
    "kind",
    "who",
    "before",
    "after",
    "code",
    "only",
    "decided",
)
FIELDS = (
    *("name", "username", "kind", "hash", "canary", "ref", "cause", "system", "role", "action", "code", "take-1"),
    *("value-1", "take-x", "next", "reason", "password", "old", "to", "back", "lang", "theme", "show", "answer"),
    *("=name", "=access", "file", "one", "two", "one-access"),
    *("text", "seen", "about", "editable", "schedule", "quiet", "guards-delete", "guards-field_changed", "notify"),
)
GUARDED = [route for route in ROUTES if route.role is not None]
POSTS = [route for route in GUARDED if route.method == "POST"]
OPEN = {"/login", "/setup"}


def filled(route: Route, **values: str) -> str:
    """The path with something in its place-holders."""
    return re.sub(r"{(\w+)}", lambda found: quote({**VALUES, **values}[found.group(1)], safe=""), route.path)


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def written(service: Service) -> dict[str, Any]:
    """Everything in the store but what the service itself notes meanwhile."""
    found = {}
    for name, table in tables.metadata.tables.items():
        if name in ("web_session", "lease"):
            continue
        rows = [tuple(row) for row in service.desk.db.rows(table.select())]
        found[name] = [row for row in rows if not str(row[0]).startswith("watched:")]
    return found


def test_only_signing_in_and_making_the_first_user_are_open() -> None:
    assert {route.path for route in ROUTES if route.role is None} == OPEN


@pytest.mark.parametrize("route", [item for item in ROUTES if item.method == "POST"], ids=named)
def test_what_writes_is_never_reached_by_a_get(route: Route) -> None:
    readers = [item for item in ROUTES if item.path == route.path and item.method == "GET"]
    assert all(item.handler is not route.handler for item in readers)


def test_every_route_refuses_those_without_a_session_and_writes_nothing(nobody: Visitor) -> None:
    Visitor(nobody.service, "admin")
    before = written(nobody.service)
    for route in GUARDED:
        path = filled(route)
        answer = nobody.get(path) if route.method == "GET" else nobody.post(path, token=False, kind="sync")
        assert answer.status_code == 303, named(route)
        assert answer.headers["location"].startswith("/login"), named(route)
        assert "customers" not in answer.text, named(route)
    assert written(nobody.service) == before
    assert nobody.service.jobs.all() == []


def test_every_route_refuses_a_role_that_is_too_small_and_writes_nothing(service: Service) -> None:
    visitors = {role: Visitor(service, role) for role in ROLES}
    before = written(service)
    for route in GUARDED:
        assert route.role is not None
        for role in ROLES[: ROLES.index(route.role)]:
            visitor = visitors[role]
            path = filled(route)
            answer = visitor.get(path) if route.method == "GET" else visitor.post(path, kind="sync", to="pause")
            assert answer.status_code == 403, (named(route), role)
            assert "Your role may look here, not do this" in answer.text
    assert written(service) == before
    assert service.jobs.all() == []


@pytest.mark.parametrize(
    "how", ["no token", "a wrong token", "another session's token", "another site", "another origin"]
)
def test_every_action_needs_a_token_of_its_own_session_and_comes_from_here(service: Service, how: str) -> None:
    visitor, other = Visitor(service, "admin"), Visitor(service, "operator")
    headers: dict[str, str] = {}
    token = visitor.token
    if how == "no token":
        token = ""
    elif how == "a wrong token":
        token = "x" * 43
    elif how == "another session's token":
        token = other.token
    elif how == "another site":
        headers = {"sec-fetch-site": "cross-site"}
    else:
        headers = {"origin": "http://evil.example"}
    before = written(service)
    for route in POSTS:
        answer = visitor.client.post(filled(route), data={"csrf": token, "kind": "sync"}, headers=headers)
        assert answer.status_code == 403, named(route)
        assert "nothing was done" in answer.text
    assert written(service) == before
    assert service.jobs.all() == []
    assert visitor.get("/").status_code == 200, "signing out was refused, too"


@pytest.mark.parametrize("path", sorted(OPEN))
def test_signing_in_needs_the_token_of_its_own_page(nobody: Visitor, path: str) -> None:
    nobody.get(path)
    assert nobody.post(path, token=False, username="ann").status_code == 403
    assert nobody.post(path, token=False, csrf="x", username="ann").status_code == 403


# where requests come from


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8787", True),
        ("localhost:8787", True),
        ("[::1]:8787", True),
        ("10.0.0.7", True),
        ("hub.firm.example", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("", False),
        ("evil.example@127.0.0.1", False),
        ("a b", False),
        ("[::1", False),
    ],
)
def test_a_name_that_is_not_ours_is_refused(host: str, ours: bool) -> None:
    assert is_ours(host, "https://hub.firm.example", "0.0.0.0") == ours


def test_a_foreign_name_gets_nothing_even_with_a_session(admin: Visitor) -> None:
    for route in ROUTES:
        answer = admin.client.request(route.method, filled(route), headers={"host": "evil.example"})
        assert (answer.status_code, answer.text) == (421, "This name is not served here."), named(route)


@pytest.mark.parametrize(("host", "yes"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)])
def test_what_only_this_machine_reaches(host: str, yes: bool) -> None:
    assert is_loopback(host) == yes


def test_pages_that_others_reach_need_a_user_first(folder: HubFolder) -> None:
    folder.configure(CONFIG + '\n[serve]\nlisten = "0.0.0.0:0"\n')
    answer = folder.run("serve")
    assert answer.code == 2
    assert "there is no user yet" in answer.err
    assert "crmhub users add" in answer.err


# answers


def test_every_answer_keeps_browsers_on_the_safe_side(service: Service) -> None:
    visitors = [Visitor(service, None), *(Visitor(service, role) for role in ROLES)]
    for visitor in visitors:
        for path in [filled(route) for route in ROUTES if route.method == "GET"] + [
            *("/nowhere", "/static/app.css", "/healthz", "/metrics")
        ]:
            answer = visitor.get(path)
            for key, value in HEADERS.items():
                if key == "Cache-Control" and path.startswith("/static/"):
                    continue
                assert answer.headers[key] == value, (path, key)
            assert "server" not in answer.headers
            assert "unsafe" not in answer.headers["content-security-policy"]


def test_no_page_has_script_or_style_of_its_own(admin: Visitor) -> None:
    for route in ROUTES:
        if route.method == "GET":
            page = admin.get(filled(route)).text
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page), route.path


def test_cookies_belong_to_this_host_only_where_it_is_reached_by_https(folder: HubFolder) -> None:
    folder.configure(CONFIG + '\n[serve]\npublic_url = "https://hub.firm.example"\n')
    with serving(folder) as service:
        visitor = Visitor(service, None)
        Visitor(service, "admin")
        answer = visitor.client.get("/login", headers={"host": "hub.firm.example"})
        paths = ("/static/app.css", "/static/none", "/healthz", "/hooks/shop", "/nowhere")
        others = [visitor.client.get(path, headers={"host": "hub.firm.example"}) for path in paths]
    assert answer.headers["set-cookie"].startswith("__Host-crmhub-pre=")
    assert "Secure" in answer.headers["set-cookie"]
    for item in (answer, *others):
        assert item.headers["strict-transport-security"] == "max-age=31536000", item.url


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/runs/", "/runs/0193", "/records/x", "/syncs/x", "/connections/x", "/jobs/x", "/static/../app.py"],
)
def test_what_does_not_exist_is_said_so_without_more(viewer: Visitor, path: str) -> None:
    answer = viewer.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_a_fault_shows_a_reference_and_nothing_else(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("anna@x.example in /srv/hub.db")

    monkeypatch.setattr("hub.web.call.Call.number", broken)  # of the pages only: the service reads runs, too
    answer = admin.get("/runs")
    assert answer.status_code == 500
    assert re.search(r"E-[0-9A-F]{4}-[0-9A-F]{2}", answer.text)
    for secret in ("anna", "KeyError", "hub.db", "Traceback"):
        assert secret not in answer.text


def test_a_fault_is_logged_by_its_reference(
    admin: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("the cause")

    monkeypatch.setattr("hub.web.call.Call.number", broken)
    answer = admin.get("/runs")
    shown = re.search(r"E-[0-9A-F]{4}-[0-9A-F]{2}", answer.text)
    assert shown
    (line,) = [text for text in caplog.messages if text.startswith("event=page_failed")]
    assert shown.group() in line
    assert "the cause" in line


@pytest.mark.parametrize("path", ["/", "/login", "/static/app.css", "/healthz", "/hooks/shop", "/nowhere"])
def test_a_trace_is_not_answered_with_what_was_sent(admin: Visitor, path: str) -> None:
    answer = admin.client.request("TRACE", path, headers={"x-told": "told-to-the-hub"})
    assert answer.status_code in (403, 404, 405)
    assert "told-to-the-hub" not in answer.text
    assert admin.client.cookies["crmhub-session"] not in answer.text


def test_a_folder_of_files_is_not_listed(nobody: Visitor) -> None:
    for path in ("/static", "/static/"):
        answer = nobody.get(path)
        assert answer.status_code in (303, 404), path
        assert "app.css" not in answer.text


def test_no_other_site_may_read_answers(admin: Visitor) -> None:
    for path in ("/", "/records", "/healthz", "/static/app.css"):
        answer = admin.get(path, origin="https://evil.example")
        assert not [name for name in answer.headers if name.startswith("access-control-")], path


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/"), ("DELETE", "/users/ann"), ("GET", "/logout"), ("POST", "/runs")]
)
def test_other_methods_do_nothing(admin: Visitor, method: str, path: str) -> None:
    assert admin.client.request(method, path).status_code in (403, 404)


def test_forms_are_limited_in_size_and_kind(admin: Visitor) -> None:
    assert admin.client.post("/users", content=b"x=" + b"y" * LARGEST, headers=FORM).status_code == 413
    many = "&".join(f"a{number}=1" for number in range(3000))
    assert admin.client.post("/users", content=many, headers=FORM).status_code == 400
    assert admin.client.post("/users", json={"name": "x"}).status_code == 415


FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_refusals_are_logged_with_who_and_what(admin: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    viewer, nobody = Visitor(admin.service, "viewer"), Visitor(admin.service, None)
    with caplog.at_level("INFO", logger="crmhub.serve"):
        viewer.get("/users")
        viewer.client.post("/syncs/customers/start", data={"csrf": "wrong"})
        for _ in range(20):
            nobody.client.get("/", headers={"host": "evil.example"})
    found = [item.fields for item in caplog.records if item.getMessage().startswith("event=page_refused")]  # type: ignore[attr-defined]
    assert [(item.get("who"), item["method"], item["page"]) for item in found] == [
        ("vie", "GET", "/users"),
        ("vie", "POST", "/syncs/{name}/start"),
        (None, "GET", "/"),
    ], "people who are not signed in fill no log"
    assert all(item["why"] for item in found)


def test_a_form_is_not_completed_by_its_address(admin: Visitor) -> None:
    answer = admin.client.post("/users/bo?action=remove", data={"csrf": admin.token, "name": "x"})
    assert "form cannot be read" in answer.text
    twice = admin.client.post(
        "/account/look?theme=dark", data={"csrf": admin.token, "theme": ["dark", "light"]}, headers={}
    )
    assert "crmhub-theme=light" in twice.headers["set-cookie"], "of two, the last one counts, everywhere"


def test_scripts_keep_nothing_in_the_browser(admin: Visitor) -> None:
    assert "&#34;historyCacheSize&#34;:0" in admin.get("/").text.replace('"', "&#34;")
    assert "Storage" not in admin.get("/static/keys.js").text
    assert set(admin.client.cookies) <= {"crmhub-session", "crmhub-pre", "crmhub-lang", "crmhub-theme"}


# sessions


def test_a_session_ends_after_half_an_hour_without_a_page_and_after_twelve_hours() -> None:
    _token, session = sessions.begin("ann", 0.0)
    assert not sessions.is_over(session, sessions.IDLE - 1)
    assert sessions.is_over(session, sessions.IDLE)
    assert sessions.is_over(session, -3600.0), "a clock that was put back"


@pytest.mark.parametrize("how", ["signed out", "removed", "role changed", "password changed", "by an admin"])
def test_a_session_that_was_ended_is_over_at_once(service: Service, how: str) -> None:
    visitor, admin = Visitor(service, "operator"), Visitor(service, "admin")
    assert visitor.get("/").status_code == 200
    if how == "signed out":
        visitor.post("/logout")
    elif how == "removed":
        assert admin.post("/users/ope", action="remove").status_code == 303
    elif how == "role changed":
        assert admin.post("/users/ope", action="role", role="viewer").status_code == 303
    elif how == "by an admin":
        assert "Sign out ope everywhere" in admin.get("/users").text
        assert admin.post("/users/ope", action="sessions").status_code == 303
    else:
        assert admin.post("/users/ope", action="password", password="a long enough one").status_code == 303
    assert visitor.get("/").headers["location"] == "/login"


def test_what_the_store_holds_of_a_session_opens_nothing(service: Service) -> None:
    visitor = Visitor(service, "admin")
    (session,) = visitor.store.users.sessions()
    thief = Visitor(service, None)
    thief.client.cookies.set("crmhub-session", session.id)
    assert thief.get("/").status_code == 303


@pytest.mark.parametrize(
    "path",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nSet-Cookie: x=1", "x"],
)
def test_signing_in_leads_to_our_own_pages_only(nobody: Visitor, path: str) -> None:
    from hub.web.pages.signing_in import _local

    assert _local(path) == "/"
    assert _local("/runs") == "/runs"


def test_nobody_changes_their_own_role(admin: Visitor) -> None:
    assert admin.post("/users/adm", action="role", role="viewer").status_code == 400
    assert admin.post("/users/adm", action="remove").status_code == 400


# bad input


def test_bad_input_in_addresses_and_forms_is_no_fault_and_changes_nobody(admin: Visitor) -> None:
    choice = random.Random(7)
    texts = [text for text in everything() if len(text) < 5_000]
    for route in ROUTES:
        for text in choice.sample(texts, 12):
            plain = text.encode("utf-8", "replace").decode()
            values = dict.fromkeys(VALUES, plain or "x")
            path = filled(route, **values)
            if route.method == "GET":
                query = quote(plain, safe="")
                answer = admin.get(path + "?" + "&".join(f"{name}={query}" for name in QUERY))
            elif route.path in ("/logout", "/account/sessions"):
                continue
            else:
                form: dict[str, Any] = dict.fromkeys(FIELDS, plain)
                answer = admin.post(path, **form)
            assert answer.status_code < 500, (named(route), text[:50], answer.text[:300])
            assert "Traceback" not in answer.text
    assert [item.name for item in admin.store.users.all()] == ["adm"]
    assert admin.get("/").status_code == 200


@pytest.mark.parametrize("where", ["/records", "/syncs/customers/plan", "/audit"])
def test_all_bad_strings_find_nothing_and_come_back_as_text(admin: Visitor, where: str) -> None:
    for text in [item for item in own() if len(item) < 2_000]:
        answer = admin.get(f"{where}?q={quote(text.encode('utf-8', 'replace'), safe='')}")
        assert answer.status_code in (200, 303), text[:50]
        assert "<script>alert" not in answer.text.replace("<script src=", "")


def test_personal_names_that_are_markup_are_shown_as_text(operator: Visitor, folder: HubFolder) -> None:
    bad = '"><script>alert(1)</script>{{123457*9}}'
    folder.put("office", {"1": {"name": bad, "email": "a@x.example"}})
    folder.put("shop", {})
    operator.follow(operator.post("/syncs/customers/start", kind="match"))
    operator.post("/personal-data", show="1", back="/")
    gid = operator.store.records.search("script", 2)[0][0]
    for path in ("/syncs/customers/plan", f"/records/{gid}", "/records?q=script", "/"):
        page = operator.get(path)
        page = operator.get(page.headers["location"]) if page.status_code == 303 else page
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "1111113" not in page.text, "nobody calculates it"
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{123457*9}}" in operator.get(f"/records/{gid}").text
