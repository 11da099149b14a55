"""The first user, signing in and out, and the reader's own choices: password, language, colours, personal data."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import Response

from hub.web.access import accounts, sessions, setup_code
from hub.web.call import Call
from hub.web.door import Route
from hub.web.words import LANGUAGES

_YEAR = 365 * 86400.0
_NOT_YOURS = {"message": "this is not your present password"}


def setup_page(call: Call) -> Response:
    if call.site.store.users.count():
        return call.to("/login")
    return call.page("setup.html", problem=None, name="")


def setup(call: Call) -> Response:
    """Make the first user, an admin, and sign them in."""
    store, now = call.site.store, call.site.now
    if store.users.count():
        return call.to("/login")
    name = call.text("name")

    def again(where: str, message: str) -> Response:
        return call.page("setup.html", status=400, problem={"where": where, "message": message}, name=name)

    if call.text("password") != call.text("again"):
        return again("again", "the two passwords differ")
    if not setup_code.is_right(store, call.text("code"), now):
        if call.site.strangers.worth_noting(now):
            call.site.audit("", "setup_refused")
        return again("code", "this is not the code that crmhub serve has printed, or it is over a day old")
    try:
        user = accounts.add(
            store, name, "admin", call.text("password"), call.site.policy, who="setup", now=now, own=True
        )
    except accounts.AccountProblem as error:
        return again(error.where or "name", error.message)
    setup_code.void(store)
    return _signed_in(call, user.name, "/")


def login_page(call: Call) -> Response:
    if call.user is not None:
        return call.to("/")
    if not call.site.store.users.count():
        return call.to("/setup")
    return call.page("login.html", tried=None, name="", next=_local(call.text("next")))


def login(call: Call) -> Response:
    tried = accounts.sign_in(
        call.site.store, call.site.strangers, call.text("username"), call.text("password"), call.site.now
    )
    if tried.state == "in" and tried.user is not None:
        return _signed_in(call, tried.user.name, _local(call.text("next")))
    status = 429 if tried.state == "waits" else 401
    name, next_ = call.text("username")[:64], _local(call.text("next"))
    return call.page("login.html", status=status, tried=tried, name=name, next=next_)


def _signed_in(call: Call, name: str, path: str) -> Response:
    """A new session; one that the browser had before is over, so that nobody can plant one."""
    store, now = call.site.store, call.site.now
    if call.session is not None:
        store.users.end(call.session.id)
    store.users.forget(now - sessions.IDLE, now - sessions.LONGEST)
    token, session = sessions.begin(name, now)
    store.users.begin(session)
    response = call.to(path)
    call.notes["door"].put_cookie(response, "session", token, sessions.LONGEST)
    call.notes["door"].drop_cookie(response, "pre")
    return response


def _local(path: str) -> str:
    """Where to go after signing in: a page of ours, never another site."""
    parts = urlsplit(path)
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path
    if not plain or parts.scheme or parts.netloc or any(ord(char) < 33 for char in path):
        return "/"
    return path[:500]


def logout(call: Call) -> Response:
    assert call.session is not None
    call.site.store.users.end(call.session.id)
    call.site.audit(call.who, "signed_out")
    response = call.to("/login")
    call.notes["door"].drop_cookie(response, "session")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def account(call: Call) -> Response:
    return _account(call)


def _account(call: Call, status: int = 200, problem: dict[str, str] | None = None) -> Response:
    found = call.site.store.users.sessions(call.who)
    return call.page("account.html", status=status, problem=problem, sessions=found, languages=LANGUAGES)


def password(call: Call) -> Response:
    """Change one's own password, which asks for the present one and ends all sessions."""
    now, store = call.site.now, call.site.store
    tried = accounts.sign_in(store, call.site.strangers, call.who, call.text("old"), now)
    if tried.state != "in":
        return _account(call, 400, _NOT_YOURS | {"where": "old"})
    if call.text("password") != call.text("again"):
        return _account(call, 400, {"where": "again", "message": "the two passwords differ"})
    try:
        accounts.set_password(store, call.who, call.text("password"), call.site.policy, who=call.who, now=now, own=True)
    except accounts.AccountProblem as error:
        return _account(call, 400, {"where": error.where, "message": error.message})
    return _signed_in(call, call.who, "/account")


def end_others(call: Call) -> Response:
    """Sign out everywhere else, which asks for the password: who finds an open page shall not lock its user out."""
    assert call.session is not None
    store = call.site.store
    if accounts.sign_in(store, call.site.strangers, call.who, call.text("old"), call.site.now).state != "in":
        return _account(call, 400, _NOT_YOURS | {"where": "sessions"})
    for item in store.users.sessions(call.who):
        if item.id != call.session.id:
            store.users.end(item.id)
    call.site.audit(call.who, "sessions_ended", call.who)
    return _signed_in(call, call.who, "/account")


def look(call: Call) -> Response:
    """Language and colours: kept in the browser."""
    response = call.to(_local(call.text("back", "/account")))
    door = call.notes["door"]
    if call.text("lang") in LANGUAGES:
        door.put_cookie(response, "lang", call.text("lang"), _YEAR)
    if "theme" in call.form:
        theme = call.text("theme")
        door.put_cookie(response, "theme", theme if theme in ("light", "dark") else "", _YEAR)
    return response


def personal_data(call: Call) -> Response:
    """Show personal data in this session for a while, or hide it again; both are noted."""
    assert call.session is not None
    show = call.text("show") == "1"
    until = call.site.now + sessions.SHOWN if show else 0.0
    call.site.store.users.show_pii(call.session.id, until)
    back = _local(call.text("back", "/"))
    call.site.audit(call.who, "personal_data_shown" if show else "personal_data_hidden", urlsplit(back).path)
    return call.to(back)


ROUTES = (
    Route("/setup", setup_page, None),
    Route("/setup", setup, None, "POST"),
    Route("/login", login_page, None),
    Route("/login", login, None, "POST"),
    Route("/logout", logout, "viewer", "POST"),
    Route("/account", account, "viewer"),
    Route("/account/password", password, "viewer", "POST"),
    Route("/account/sessions", end_others, "viewer", "POST"),
    Route("/account/look", look, "viewer", "POST"),
    Route("/personal-data", personal_data, "operator", "POST"),
)
