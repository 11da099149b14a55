"""Settings, the audit log, and the users."""

from __future__ import annotations

from starlette.responses import Response

from hub import __version__
from hub.config.files import Version, Versions
from hub.store.audit import Entry
from hub.store.users import ROLES
from hub.web.access import accounts
from hub.web.call import Call, Refused
from hub.web.door import Route

PAGE = 100
VERSIONS = 10
"""Earlier versions of the configuration that are listed."""


def settings(call: Call) -> Response:
    config, desk = call.site.config, call.site.service.desk
    return call.page(
        "settings.html",
        "settings",
        config=config,
        lease=desk.lease(),
        alarms=desk.alarms("raised"),
        error=call.site.service.scheduler.config_error,
        refused=desk.letters("refused"),
        version=__version__,
        versions=_versions(call) if call.may("admin") else [],
    )


def _versions(call: Call) -> list[tuple[Version, Entry | None]]:
    """Earlier versions of the file, each with the line of the audit about the change that replaced it."""
    config = call.site.config
    found = Versions(config.hub.data).of(config.file)[:VERSIONS]
    lines = call.site.store.audit.newest(1_000, action="configuration_changed", subject=config.file.name)
    by_hash = {str(item.detail.get("before")): item for item in reversed(lines)}
    return [(item, by_hash.get(item.name.partition("-")[2])) for item in found]


def audit(call: Call) -> Response:
    who = call.text("who")
    known = sorted({item.name for item in call.site.store.users.all()})
    before = call.number("before", 0) or None
    rows = call.site.store.audit.newest(PAGE, before, who if who in known else None)
    verdict = call.site.store.audit.verify() if "verify" in call.request.query_params else None
    return call.page("audit.html", "audit", rows=rows, verdict=verdict, known=known, who=who, size=PAGE)


def users(call: Call) -> Response:
    return _users(call)


def _users(call: Call, status: int = 200, problem: dict[str, str] | None = None, name: str = "") -> Response:
    found = call.site.store.users
    rows = [(item, len(found.sessions(item.name))) for item in found.all()]
    return call.page("users.html", "users", status=status, rows=rows, roles=ROLES, problem=problem, name=name)


def add(call: Call) -> Response:
    name = call.text("name")
    try:
        accounts.add(
            call.site.store,
            name,
            call.text("role"),
            call.text("password"),
            call.site.policy,
            who=call.who,
            now=call.site.now,
        )
    except accounts.AccountProblem as error:
        return _users(call, 400, {"where": error.where, "message": error.message, "hint": error.hint}, name)
    return call.to("/users")


def change(call: Call) -> Response:
    """Another role, a new password, an end of all sessions, or removal; one's own is not changed here."""
    name, action = call.path("name"), call.text("action")
    store, now = call.site.store, call.site.now
    if name == call.who:
        raise Refused(400, "You cannot change your own role or remove yourself")
    try:
        if action == "remove":
            accounts.remove(store, name, who=call.who, now=now)
        elif action == "role":
            accounts.set_role(store, name, call.text("role"), who=call.who, now=now)
        elif action == "password":
            accounts.set_password(store, name, call.text("password"), call.site.policy, who=call.who, now=now)
        elif action == "sessions":
            accounts.end_sessions(store, name, who=call.who, now=now)
        else:
            raise Refused(400, "The form cannot be read")
    except accounts.AccountProblem as error:
        return _users(call, 400, {"where": error.where, "message": error.message, "hint": error.hint})
    return call.to("/users")


ROUTES = (
    Route("/settings", settings, "viewer"),
    Route("/audit", audit, "admin"),
    Route("/users", users, "admin"),
    Route("/users", add, "admin", "POST"),
    Route("/users/{name}", change, "admin", "POST"),
)
