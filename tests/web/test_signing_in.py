"""Signing in and out, and one's own account."""

from __future__ import annotations

import re

import pytest

from hub.web.access import accounts
from hub.web.access.lockout import FREE
from hub.web.access.policy import Policy
from hub.web.pages import ROUTES
from tests.web.visitor import Visitor, words

GOOD = "correct horse battery"


@pytest.fixture
def ann(nobody: Visitor) -> Visitor:
    """Somebody with a password, at the page to sign in."""
    accounts.add(nobody.store, "ann", "viewer", GOOD, Policy(), who="test", now=nobody.service.clock(), own=True)
    opened(nobody, "/login")
    return nobody


def opened(visitor: Visitor, path: str) -> str:
    """A page with a form; its token is sent from now on."""
    page = visitor.get(path).text
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    visitor.token = found.group(1)
    return page


def sign_in(visitor: Visitor, name: str = "ann", password: str = GOOD) -> int:
    return visitor.post("/login", username=name, password=password).status_code


def test_signing_in_leads_on_to_where_one_wanted_to_go(ann: Visitor) -> None:
    assert ann.get("/runs").headers["location"] == "/login?next=%2Fruns"
    opened(ann, "/login?next=/runs")
    answer = ann.post("/login", username="ann", password=GOOD, next="/runs")
    assert answer.headers["location"] == "/runs"
    assert ann.get("/runs").status_code == 200


def test_a_wrong_name_and_a_wrong_password_look_the_same(ann: Visitor) -> None:
    answers = []
    for name in ("ann", "bob"):
        tries = [ann.post("/login", username=name, password="wrong") for _ in range(FREE + 1)]
        answers.append([(item.status_code, words(item)) for item in tries])
    shown = [[(code, re.sub(r"\d\d:\d\d:\d\d", "TIME", text)) for code, text in item] for item in answers]
    assert shown[0] == shown[1]
    assert [code for code, _ in shown[0]] == [401] * (FREE - 1) + [429, 429]


def test_a_sign_in_begins_a_new_session(ann: Visitor) -> None:
    assert sign_in(ann) == 303
    first = ann.client.cookies["crmhub-session"]
    (before,) = ann.store.users.sessions("ann")
    ann.client.cookies.delete("crmhub-session")
    opened(ann, "/login")
    assert sign_in(ann) == 303
    assert ann.client.cookies["crmhub-session"] != first
    assert {item.csrf for item in ann.store.users.sessions("ann")} != {before.csrf}


def test_a_session_that_was_planted_is_none(ann: Visitor) -> None:
    ann.client.cookies.set("crmhub-session", "planted")
    assert ann.get("/").status_code == 303


def test_a_password_is_changed_with_the_present_one(ann: Visitor) -> None:
    sign_in(ann)
    opened(ann, "/account")
    new = "another long password"
    wrong = ann.post("/account/password", old="wrong", password=new, again=new)
    assert (wrong.status_code, "not your present password" in wrong.text) == (400, True)
    differ = ann.post("/account/password", old=GOOD, password=new, again=new + "!")
    assert (differ.status_code, "the two passwords differ" in differ.text) == (400, True)
    weak = ann.post("/account/password", old=GOOD, password="short", again="short")
    assert (weak.status_code, "12 or more" in weak.text) == (400, True)
    assert ann.post("/account/password", old=GOOD, password=new, again=new).status_code == 303
    assert ann.get("/account").status_code == 200, "in a new session"
    ann.client.cookies.clear()
    opened(ann, "/login")
    assert sign_in(ann) == 401
    assert sign_in(ann, password=new) == 303


def test_a_user_ends_their_other_sessions(ann: Visitor) -> None:
    other = Visitor(ann.service, None)
    opened(other, "/login")
    sign_in(other)
    sign_in(ann)
    page = opened(ann, "/account")
    assert "Sign out everywhere else" in page
    assert ann.post("/account/sessions").status_code == 400
    assert ann.post("/account/sessions", old="not it").status_code == 400
    assert other.get("/").status_code == 200, "it asks for the password"
    before = ann.client.cookies["crmhub-session"]
    assert ann.post("/account/sessions", old=GOOD).status_code == 303
    assert ann.client.cookies["crmhub-session"] != before, "who gives a password gets a new session"
    assert len(ann.store.users.sessions("ann")) == 1
    assert other.get("/").status_code == 303
    assert ann.get("/").status_code == 200
    assert 'action="/logout"' in ann.get("/").text


def test_a_sign_out_clears_what_the_browser_keeps(ann: Visitor) -> None:
    sign_in(ann)
    opened(ann, "/account")
    answer = ann.post("/logout")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert 'crmhub-session=""' in answer.headers["set-cookie"]
    assert "crmhub-session" not in ann.client.cookies


# a password that somebody else has set


NEW = "another long password"


def first_password(visitor: Visitor, now: float) -> None:
    accounts.set_password(visitor.store, "ann", GOOD, Policy(), who="boss", now=now)


def test_a_password_that_somebody_else_has_set_is_changed_before_anything_else(ann: Visitor) -> None:
    first_password(ann, ann.service.clock())
    assert sign_in(ann) == 303
    for route in ROUTES:
        if route.role != "viewer" or route.path in OPEN_WITH_IT:
            continue
        if route.method == "GET":
            answer = ann.get(route.path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/account"), route.path
        else:
            assert ann.post(route.path).status_code == 403, route.path
    assert ann.get("/", hx_request="true").headers["hx-redirect"] == "/account"
    page = opened(ann, "/account")
    assert "Choose your own password first" in page
    same = ann.post("/account/password", old=GOOD, password=GOOD, again=GOOD)
    assert (same.status_code, "that you have already" in same.text) == (400, True)
    assert ann.post("/account/password", old=GOOD, password=NEW, again=NEW).status_code == 303
    assert ann.get("/").status_code == 200
    assert "Choose your own password first" not in ann.get("/account").text


OPEN_WITH_IT = ("/account", "/account/password", "/account/look", "/logout")


def test_a_password_that_somebody_else_has_set_opens_nothing_after_a_week(ann: Visitor) -> None:
    first_password(ann, ann.service.clock() - accounts.FIRST)
    answer = ann.post("/login", username="ann", password=GOOD)
    assert (answer.status_code, "its week is over" in answer.text) == (401, True)
    assert ann.store.users.sessions("ann") == []
    wrong = ann.post("/login", username="ann", password="wrong")
    assert "its week is over" not in wrong.text, "only who has the password is told"


def test_users_that_an_admin_makes_begin_with_a_first_password_and_one_s_own_stays(admin: Visitor) -> None:
    assert admin.post("/users", name="bo", role="viewer", password=GOOD).status_code == 303
    bo = admin.store.users.get("bo")
    assert bo is not None
    assert bo.expires == pytest.approx(admin.service.clock() + accounts.FIRST, abs=60)
    assert "has a first password" in admin.get("/users").text
    accounts.set_password(admin.store, "bo", NEW, Policy(), who="bo", now=0.0, own=True)
    assert accounts.found(admin.store, "bo").expires == 0, "one's own never ends"


@pytest.mark.parametrize("path", ["/login", "/account"])
def test_password_fields_hide_and_name_themselves(ann: Visitor, path: str) -> None:
    if path == "/account":
        sign_in(ann)
    page = ann.get(path).text
    fields = re.findall(r"<input[^>]*type=\"password\"[^>]*>", page)
    assert len(fields) == {"/login": 1, "/account": 3}[path]
    assert all('autocomplete="' in field for field in fields)
    assert "onpaste" not in page


def test_nobody_without_a_role_for_it_sees_personal_data(viewer: Visitor) -> None:
    assert viewer.post("/personal-data", show="1", back="/").status_code == 403
    assert "Show personal data" not in viewer.get("/records").text


def test_nobody_fills_the_audit_log_from_outside(ann: Visitor) -> None:
    before = len(ann.store.audit.newest(1000))
    for number in range(20):
        assert ann.post("/login", username=f"nobody{number}", password="wrong").status_code == 401
    assert len(ann.store.audit.newest(1000)) <= before + 2, "one line a minute"


def test_a_flood_of_sign_ins_is_told_to_come_back_later(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.web.access import passwords

    monkeypatch.setattr(passwords, "_PATIENCE", 0.01)
    with passwords._turn(), passwords._turn():
        answer = ann.post("/login", username="ann", password=GOOD)
    assert answer.status_code == 503
    assert "too many sign-ins at once" in answer.text
    assert sign_in(ann) == 303
