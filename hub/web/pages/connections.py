"""Connections: what each can do, its test live, its login, quota, and where its fields differ from the mapping."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from hub.contract.errors import HubError
from hub.drift import from_json
from hub.service.caretaker import address, can
from hub.service.events import log_event
from hub.views.activity import calls_today
from hub.views.connecting import Step, Steps, hint_for, try_connection
from hub.views.logging_in import code_of, finish, flow_of, needed_flow, state_of
from hub.views.pausing import release, release_if_kept
from hub.web.call import Call, Refused, problem_of, same
from hub.web.door import Route

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.web.site import Site

TESTS = 5
"""Earlier tests that are listed."""
LOGIN_LIFE = 600.0
"""Seconds that a person has to come back from the provider's page."""


@dataclass(slots=True)
class Probe:
    """A test of a connection, under way or over."""

    name: str
    at: float
    who: str
    steps: list[Step] = field(default_factory=list)
    verdict: dict[str, str] | None = None
    problem: dict[str, str] | None = None
    over: bool = False


def connections(call: Call) -> Response:
    config = call.site.config
    circuits, paused = call.site.service.desk.circuits(), call.site.service.desk.pauses.of("connection")
    rows = [
        {
            "name": item.name,
            "plugin": item.plugin,
            "read_only": item.read_only,
            "syncs": [sync.name for sync in config.syncs.values() if item.name in sync.systems],
            "circuit": circuits.get(item.name),
            "paused": paused.get(item.name),
        }
        for item in config.connections.values()
    ]
    return call.page("connections.html", "connections", rows=rows)


def connection(call: Call) -> Response:
    name = _known(call)
    probe = call.site.probes.get(name)
    if call.partial:
        return call.page("probe_part.html", probe=probe, name=name)
    desk, config = call.site.service.desk, call.site.config
    item = config.connections[name]
    with call.site.app() as app:
        known = app.known(name)
        resources, problem, login, limits = _about(app, call, name)
        calls = next(
            (found for found in calls_today(app, call.site.now, config.serving.zone) if found.system == name), None
        )
        cursors = [(resource, app.store.work.cursor(name, resource.name)) for resource in resources]
        drift = [row for resource in resources for row in _drift(app, name, resource)]
        changed = from_json(app.store.work.meta(f"drift:{name}"))
        hooks = _hooks(app, name) if problem is None else None
    return call.page(
        "connection.html",
        "connections",
        name=name,
        item=item,
        probe=probe,
        circuit=desk.circuit(name),
        paused=desk.pauses.of("connection").get(name),
        known=known,
        problem=problem,
        login=login,
        limits=limits,
        calls=calls,
        cursors=cursors,
        drift=drift,
        changed=changed,
        hooks=hooks,
        tests=call.site.store.audit.newest(TESTS, action="connection_test_ended", subject=name),
        syncs=[sync.name for sync in config.syncs.values() if name in sync.systems],
        settings=_settings(item.settings),
        place=item.place("plugin"),
        redirect=_redirect(call),
        others=len(config.connections) - 1,
    )


def _about(app: App, call: Call, name: str) -> tuple[list[Any], dict[str, str] | None, bool, Any]:
    """Its resources, what is wrong with its settings, whether a person can log in, and its limits."""
    try:
        opened = app.connect(name)
        resources = app.resources(opened.connection, opened.connector)
        return resources, None, flow_of(opened) is not None, app.registry.connector(opened.connection.plugin).limits
    except HubError as error:
        return [], problem_of(error, call.site), False, None


def _drift(app: App, name: str, resource: Any) -> list[dict[str, str]]:
    """What does not fit between the mapping and the fields that the system had last."""
    opened = app.connect(name)
    try:
        app.mappings.compiled(opened.connection, resource, app.known(name))
    except HubError as error:
        issues = getattr(error, "issues", None) or [error]
        return [{"resource": resource.name, "message": str(getattr(item, "message", item))} for item in issues]
    return []


def _hooks(app: App, name: str) -> tuple[str, Any] | None:
    """Where its webhooks are to be sent ("" if the hub has no public address), and how they are; None without webhooks."""
    if not can(app.connect(name).connector, "parse_webhook"):
        return None
    return address(app, name) if app.config.serving.public_url else "", app.store.inbox.subscribed(name)


def _settings(settings: Any) -> list[tuple[str, str]]:
    """As they are in the file; values that may be secret are not even read."""
    found = []
    for key, value in dict(settings).items():
        plain = isinstance(value, str | int | float | bool)
        hidden = any(word in key.casefold() for word in ("secret", "password", "token", "key"))
        found.append((key, str(value) if plain and not hidden else "•••" if plain else _where(value)))
    return found


def _where(value: Any) -> str:
    if isinstance(value, dict) and len(value) == 1:
        return f"{{ {next(iter(value))} = … }}"
    return "…"


# the test


def probe(call: Call) -> Response:
    """Start a test; it runs beside the syncs and writes nothing."""
    name = _known(call)
    site = call.site
    with site.lock:
        running = site.probes.get(name)
        if running is None or running.over:
            running = site.probes[name] = Probe(name, site.now, call.who)
            start(site, running)
            site.audit(call.who, "connection_tested", name)
    return call.to(f"/connections/{name}")


def start(site: Site, found: Probe, make: Callable[[], App] | None = None) -> None:
    """Test in a thread of its own.  make: opens what is tested instead of a connection of the configuration."""
    args = (site, found, make or site.service.app, make is None)
    threading.Thread(target=_run, args=args, name=f"crmhub-test-{found.name}", daemon=True).start()


def _run(site: Site, found: Probe, make: Callable[[], App], known: bool) -> None:
    steps = Steps(found.steps.append, site.service.redact)
    try:
        with make() as app:
            found.verdict = try_connection(app, found.name, steps)
            if known:
                release_if_kept(app, found.name)
    except HubError as error:
        found.problem = problem_of(error, site)
        found.problem["hint"] = found.problem["hint"] or hint_for(found.name, error)
    except Exception as error:  # noqa: BLE001  # a plugin's bug ends its test, not the service
        text = site.service.shown(f"{type(error).__name__}: {error}")
        log_event("test_failed", connection=found.name, message=text)
        found.problem = {
            "code": "plugin_bug",
            "where": found.name,
            "message": text,
            "hint": "Report it to the plugin's author",
        }
    finally:
        found.over = True
    try:
        failed = next((step.step for step in found.steps if not step.ok), "" if found.problem is None else "settings")
        detail = {"ok": found.problem is None, "step": failed, "seconds": round(site.now - found.at, 1)}
        site.audit(found.who, "connection_test_ended", found.name, **detail)
    except Exception as error:  # noqa: BLE001  # the store may be gone by now; the test is over in any case
        log_event(
            "test_not_noted", connection=found.name, message=site.service.shown(f"{type(error).__name__}: {error}")
        )


def pause(call: Call) -> Response:
    name = _known(call)
    store, desk = call.site.store, call.site.service.desk
    with store.transaction():
        if call.text("to") == "pause":
            desk.pauses.add("connection", name, call.site.now, call.text("reason").strip()[:200])
            store.audit.add(call.site.now, call.who, "connection_paused", name)
        else:
            desk.pauses.remove("connection", name)
            store.audit.add(call.site.now, call.who, "connection_resumed", name)
            with call.site.app() as app:
                release(app, name)
    return call.to(f"/connections/{name}")


# the login


def login_page(call: Call) -> Response:
    """Where a person goes to give access; the link leads to the provider."""
    name = _known(call)
    return _login(call, name)


def _login(call: Call, name: str, problem: dict[str, str] | None = None, status: int = 200) -> Response:
    redirect = _redirect(call)
    state = secrets.token_urlsafe(24)
    with call.site.app() as app:
        address = needed_flow(app.connect(name)).authorize_url(redirect, state)
    if not address.startswith(("https://", "http://")):
        raise Refused(400, "The page of the provider has no address of the web")
    with call.site.lock:
        now = call.site.now
        fresh = {key: value for key, value in call.site.logins.items() if now - value[2] < LOGIN_LIFE}
        call.site.logins.clear()
        call.site.logins.update({**dict(list(fresh.items())[-50:]), state: (name, _session(call), now)})
    return call.page(
        "connection_login.html", "connections", status=status, name=name, address=address, redirect=redirect, problem=problem
    )  # fmt: skip


def _session(call: Call) -> str:
    """What a login belongs to: this browser, as long as its user is signed in."""
    assert call.session is not None
    return call.session.id


def _begun(call: Call, state: str) -> str:
    """The connection of the login of that state, which is over now.  Raises Refused unless this browser has begun it."""
    with call.site.lock:
        found = next((key for key in call.site.logins if same(key, state)), None)
        name, session, at = call.site.logins.pop(found) if found is not None else ("", "", 0.0)
    if found is None or session != _session(call) or call.site.now - at >= LOGIN_LIFE:
        raise Refused(400, "This answer belongs to another login. Start again")
    return name


def returned(call: Call) -> Response:
    """The provider has sent the browser back, with a code or an error."""
    name = _begun(call, call.text("state"))
    code = call.text("code")
    if not code:
        reason = call.text("error", "no code came back")[:200]
        return _login(call, name, {"message": reason, "where": name, "hint": ""}, 400)
    return _finish(call, name, code, _redirect(call))


def paste(call: Call) -> Response:
    """A code, or the address that the browser was sent to, as text.  An address says which login it answers; a code alone
    is taken from whoever brings it: they made it in the system's console for this connection."""
    name = _known(call)
    text = call.text("code")
    if "://" in text and _begun(call, state_of(text)) != name:
        raise Refused(400, "This answer belongs to another login. Start again")
    try:
        return _finish(call, name, code_of(text), _redirect(call) if "://" in text else "")
    except HubError as error:
        return _login(call, name, problem_of(error, call.site), 400)


def _finish(call: Call, name: str, code: str, sent_from: str) -> Response:
    try:
        with call.site.service.app() as app:
            finish(app, name, code, sent_from)
    except HubError as error:
        return _login(call, name, problem_of(error, call.site), 400)
    call.site.audit(call.who, "connection_logged_in", name)
    return call.to(f"/connections/{name}")


def _redirect(call: Call) -> str:
    """The address that is to be registered with the provider: it has the name under which this browser is signed in."""
    base = call.site.config.serving.public_url or f"http://{call.request.headers['host']}"
    return f"{base}/oauth/returned"


def _known(call: Call) -> str:
    name = call.path("name")
    if name not in call.site.config.connections:
        raise Refused(404, "There is no such connection")
    return name


ROUTES = (
    Route("/connections", connections, "viewer"),
    Route("/connections/{name}", connection, "viewer"),
    Route("/connections/{name}/test", probe, "operator", "POST"),
    Route("/connections/{name}/pause", pause, "operator", "POST"),
    Route("/connections/{name}/login", login_page, "admin"),
    Route("/connections/{name}/login", paste, "admin", "POST"),
    Route("/oauth/returned", returned, "admin"),
)
