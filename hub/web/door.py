"""The one door of all pages: where a request may come from, who it is, what its role may do, and how it is answered.

Every route names the least role that may use it.  What is not refused here runs in a thread of its own; whatever
happens there, the answer tells nothing that the reader may not know.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route as HttpRoute

from hub.contract.errors import ConnectorError, HubError
from hub.service.events import log_event
from hub.store.users import Role, User
from hub.web.access import sessions
from hub.web.access.hosts import is_ours, is_same_origin
from hub.web.access.lockout import Strangers
from hub.web.call import Call, Refused, problem_of, same
from hub.web.words import choose

if TYPE_CHECKING:
    from hub.web.site import Site

LARGEST = 256 * 1024
"""Bytes of a form."""
_FIELDS = 2000
_WITH_A_FIRST_PASSWORD = frozenset(("/account", "/account/password", "/account/look", "/logout"))
"""What somebody may use whose password was set by somebody else."""
_STATUS = {"locked": 409, "stale": 409, "busy": 503}
"""Of errors, by their code."""


@dataclass(frozen=True, slots=True)
class Route:
    """A page or an action.  role: the least that may use it, None for pages without a session."""

    path: str
    handler: Callable[[Call], Response]
    role: Role | None
    method: Literal["GET", "POST"] = "GET"


class Door:
    """Answers requests for the routes of a site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._outside = Strangers()

    def http(self, route: Route) -> HttpRoute:
        async def answer(request: Request) -> Response:
            return await self._answer(request, route)

        return HttpRoute(route.path, answer, methods=[route.method])

    async def nowhere(self, request: Request) -> Response:
        """What no route answers."""
        return await self._answer(request, Route("", _nothing, "viewer", "GET"))

    async def _answer(self, request: Request, route: Route) -> Response:
        serving = self.site.config.serving
        listen = serving.listen.host if serving.listen is not None else ""
        if not is_ours(request.headers.get("host", ""), serving.public_url, listen):
            self._note(None, route, "this name is not served here")
            return PlainTextResponse("This name is not served here.", 421)
        form: dict[str, list[str]] = {}
        if request.method == "POST":
            try:
                form = await _form(request)
            except Refused as refusal:
                self._note(None, route, refusal.reason)
                return PlainTextResponse(refusal.reason, refusal.status)
        return await run_in_threadpool(self._handled, request, route, form)

    def _handled(self, request: Request, route: Route, form: dict[str, list[str]]) -> Response:
        try:
            call = self._call(request, form)
        except HubError as error:
            return self._broken(None, error)
        except Exception as error:  # noqa: BLE001  # nothing about a fault goes to people who are not signed in
            return self._broken(None, error)
        try:
            if route.role is not None and call.user is None:
                return self._sign_in_first(call)
            if request.method == "POST":
                self._came_from_here(call)
            if route.role is not None and not call.may(route.role):
                raise Refused(403, "Your role may look here, not do this")
            if call.user is not None and call.user.expires and route.path not in _WITH_A_FIRST_PASSWORD:
                return self._own_password_first(call)
            response = route.handler(call)
        except Refused as refusal:
            if refusal.status != 404:
                self._note(call.user, route, refusal.reason)
            response = call.page("refused.html", status=refusal.status, reason=refusal.reason)
        except HubError as error:
            status = _STATUS.get(error.code, 502 if isinstance(error, ConnectorError) else 400)
            if error.code == "store":
                return self._broken(call, error)
            response = call.page("problem.html", status=status, problem=problem_of(error, self.site))
        except Exception as error:  # noqa: BLE001  # the last place to keep a fault of ours from leaking
            return self._broken(call, error)
        if call.session is None and call.pre and "set-cookie" not in response.headers:
            self.put_cookie(response, "pre", call.pre, 3600)
        return response

    def _note(self, user: User | None, route: Route, reason: str) -> None:
        """Log a refusal; one a minute of people who are not signed in, who must not fill the log."""
        if user is not None or self._outside.worth_noting(self.site.now):
            who = user.name if user is not None else None
            log_event("page_refused", level=logging.WARNING, who=who, method=route.method, page=route.path, why=reason)

    def _broken(self, call: Call | None, error: Exception) -> Response:
        """A fault: its reference is shown, the rest is in the log."""
        reference = f"E-{secrets.token_hex(2)}-{secrets.token_hex(1)}".upper()
        text = self.site.service.shown(f"{type(error).__name__}: {error}")
        log_event("page_failed", level=logging.ERROR, reference=reference, message=text)
        if call is None:
            return PlainTextResponse(f"This page could not be shown. Reference: {reference}", 500)
        if isinstance(error, HubError):
            problem = problem_of(error, self.site)
        else:
            logging.getLogger("crmhub.pages").debug("%s", reference, exc_info=error)
            problem = None
        try:
            return call.page("error.html", status=500, reference=reference, problem=problem)
        except Exception:  # noqa: BLE001  # the store may be what is broken
            return PlainTextResponse(f"This page could not be shown. Reference: {reference}", 500)

    # who

    def cookie_name(self, name: str) -> str:
        """Names with __Host- are refused by browsers unless they come from exactly this host, by https."""
        return f"__Host-crmhub-{name}" if self.site.secure else f"crmhub-{name}"

    def put_cookie(self, response: Response, name: str, value: str, seconds: float) -> None:
        response.set_cookie(
            self.cookie_name(name),
            value,
            max_age=int(seconds),
            path="/",
            secure=self.site.secure,
            httponly=True,
            samesite="lax",
        )

    def drop_cookie(self, response: Response, name: str) -> None:
        response.delete_cookie(self.cookie_name(name), path="/", secure=self.site.secure, httponly=True, samesite="lax")

    def _call(self, request: Request, form: dict[str, list[str]]) -> Call:
        site, now = self.site, self.site.now
        cookies = request.cookies
        session = user = None
        token = cookies.get(self.cookie_name("session"), "")
        if token:
            session = site.store.users.session(sessions.id_of(token))
            if session is not None and sessions.is_over(session, now):
                site.store.users.end(session.id)
                session = None
            user = site.store.users.get(session.user) if session is not None else None
            session = session if user is not None else None
        if session is not None and now - session.seen >= sessions.NOTED:
            site.store.users.see(session.id, now)
        pre = "" if session is not None else cookies.get(self.cookie_name("pre"), "")[:64] or secrets.token_urlsafe(24)
        lang = choose(cookies.get(self.cookie_name("lang"), ""), request.headers.get("accept-language", ""))
        theme = cookies.get(self.cookie_name("theme"), "")
        call = Call(site, request, form, session, user, lang, theme if theme in ("light", "dark") else "", pre)
        call.notes["door"] = self
        return call

    def _sign_in_first(self, call: Call) -> Response:
        path = call.request.url.path
        if call.partial:
            return Response(status_code=401, headers={"HX-Redirect": "/login"})
        if call.request.method != "GET" or path == "/":
            return RedirectResponse("/login", 303)
        return call.to("/login", next=path)

    def _own_password_first(self, call: Call) -> Response:
        if call.partial:
            return Response(status_code=401, headers={"HX-Redirect": "/account"})
        if call.request.method != "GET":
            raise Refused(403, "Choose your own password first; nothing was done")
        return call.to("/account")

    def _came_from_here(self, call: Call) -> None:
        """A form of another site must do nothing: by what browsers say, and by a token that only our pages hold.
        Raises Refused."""
        headers = call.request.headers
        site = headers.get("sec-fetch-site", "")
        origin = headers.get("origin", "")
        if site not in ("", "same-origin", "none"):
            raise Refused(403, "This form was sent from another site; nothing was done")
        if origin and not is_same_origin(origin, headers.get("host", ""), self.site.config.serving.public_url):
            raise Refused(403, "This form was sent from another site; nothing was done")
        sent = call.form.get("csrf", [""])[-1]
        held = call.csrf
        if call.session is None:
            held = call.request.cookies.get(self.cookie_name("pre"), "")[:64]
        if not held or not same(sent, held):
            raise Refused(403, "This form is no longer valid; nothing was done. Open the page again")


async def _form(request: Request) -> dict[str, list[str]]:
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", ""):
        raise Refused(415, "Only forms are taken here.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise Refused(413, "The form is too large.")
    found: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(bytes(body).decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        raise Refused(400, "The form cannot be read.") from None
    for key, value in pairs:
        found.setdefault(key, []).append(value.replace("\0", "").encode("utf-8", "replace").decode())
    return found


def _nothing(_call: Call) -> Response:
    raise Refused(404, "There is no such page")
