"""One request as a page sees it: who asks, with which form, in which language; and what may be answered."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.contract.errors import HubError
from hub.service.jobs import Job, Work
from hub.store.users import ROLES, Role, Session, User
from hub.views.masking import Masking

if TYPE_CHECKING:
    from hub.web.site import Site

PATIENCE = 1.5
"""Seconds that a request waits for its job, before it answers that it is under way."""


class Refused(Exception):
    """The request ends here, with this status and reason (a sentence of the pages)."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(slots=True)
class Call:
    """A request that has passed the checks of its route."""

    site: Site
    request: Request
    form: Mapping[str, list[str]]
    session: Session | None
    user: User | None
    lang: str
    theme: str
    pre: str = ""
    """What a page without a session puts into its form, and into a cookie."""
    notes: dict[str, Any] = field(default_factory=dict)

    # who

    @property
    def who(self) -> str:
        return self.user.name if self.user is not None else ""

    def may(self, role: Role) -> bool:
        return self.user is not None and ROLES.index(self.user.role) >= ROLES.index(role)

    @property
    def csrf(self) -> str:
        return self.session.csrf if self.session is not None else self.pre

    @property
    def masking(self) -> Masking:
        """Whether personal data is shown in this session now."""
        return Masking(on=self.session is None or self.site.now >= self.session.pii)

    # what was sent

    def text(self, name: str, default: str = "") -> str:
        """A field of the form that was sent; of the query, where none is: an address can say nothing beside a form."""
        found = self.form.get(name)
        if found:
            return found[-1]
        if self.request.method == "POST":
            return default
        value = self.request.query_params.get(name, default)
        return value.replace("\0", "")

    def texts(self, name: str) -> list[str]:
        return list(self.form.get(name, ()))

    def number(self, name: str, default: int, least: int = 0, most: int = 1_000_000) -> int:
        try:
            return min(most, max(least, int(self.text(name, str(default))[:9])))
        except ValueError:
            return default

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def id(self, name: str) -> int:
        """A number in the path.  Raises Refused."""
        value = self.path(name)
        if not (value.isascii() and value.isdecimal()) or len(value) > 15:
            raise Refused(404, "There is no such page")
        return int(value)

    @property
    def partial(self) -> bool:
        """Whether the script asks for a part of the page."""
        return "hx-request" in self.request.headers

    # what is answered

    def page(self, template: str, here: str = "", /, status: int = 200, **values: Any) -> Response:
        """A page in the reader's language."""
        waiting = self.site.waiting() if self.session is not None else {}
        content = self.site.render(
            template,
            self.lang,
            call=self,
            user=self.user,
            may=self.may,
            csrf=self.csrf,
            theme=self.theme,
            here=here,
            waiting=waiting,
            shown=self.masking,
            **values,
        )
        return HTMLResponse(content, status)

    def to(self, path: str, **query: str) -> Response:
        """Go on at another page (of ours)."""
        text = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
        return RedirectResponse(f"{path}?{text}" if text else path, 303)

    def job(self, kind: str, subject: str, work: Work, then: Callable[[Job], Response] | None = None) -> Response:
        """Let the service do something between its runs, and show how far it is; short things are over at once.

        then: what is answered when it is over without an error."""
        job = self.site.service.jobs.unfinished(kind, subject) or self.site.service.jobs.put(
            kind, subject, self.who, work
        )
        if then is not None and job.over.wait(PATIENCE) and job.error is None:
            return then(job)
        return self.to(f"/jobs/{job.id}")


def same(one: str, other: str) -> bool:
    """Compare without telling by the time it takes where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def problem_of(error: HubError, site: Site) -> dict[str, str]:
    """An error for people, without secrets."""
    found = {"code": error.code, "message": error.message, "where": error.where, "hint": error.hint}
    return {key: site.service.redact(value) for key, value in found.items()}
