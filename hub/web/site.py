"""What all pages are made from: the service, its store, templates and words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from sqlalchemy import func, select

from hub import __version__
from hub.bootstrap import App
from hub.store.store import Store
from hub.store.tables import ledger, review
from hub.store.tables import plan as plans
from hub.views.problem import show_value
from hub.web.access.lockout import Strangers
from hub.web.access.policy import Policy, policy_of
from hub.web.shapes import bar_width, show_count, show_moment, show_size
from hub.web.words import Words

if TYPE_CHECKING:
    from hub.config.model import Config
    from hub.service.process import Service

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


class Site:
    """One per running service.  Safe to use from several threads."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.store = Store(service.desk.db)
        self.strangers = Strangers()
        self.words = Words()
        self.probes: dict[str, Any] = {}
        """Connection -> its newest test."""
        self.previews: dict[tuple[str, str], Any] = {}
        """(connection, resource) -> the records read last to look at its mapping."""
        self.drafts: dict[tuple[str, str, str], Any] = {}
        """(user, connection, resource) -> the text of a mapping that is being edited."""
        self.setups: dict[str, Any] = {}
        """User -> the connection that they are setting up, with the secrets that they typed."""
        self.logins: dict[str, tuple[str, str, float]] = {}
        """State of a login under way -> (connection, session, when it began)."""
        self.lock = threading.Lock()
        self.saving = threading.Lock()
        """Held while a file of the configuration is replaced."""
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self._templates.filters.update(slug=_slug)
        self._templates.globals.update(
            version=__version__, say_value=show_value, bar_width=bar_width, show_count=show_count, show_size=show_size
        )

    @property
    def config(self) -> Config:
        return self.service.config

    @property
    def now(self) -> float:
        return self.service.clock()

    @property
    def secure(self) -> bool:
        """Whether browsers reach the pages by https only."""
        return self.config.serving.public_url.startswith("https://")

    @property
    def policy(self) -> Policy:
        """Which passwords are refused."""
        return policy_of(self.config)

    def app(self) -> App:
        """What the configuration says, on the shared store; for one request."""
        return self.service.app(self.store)

    def audit(self, who: str, action: str, subject: str = "", **detail: Any) -> None:
        self.store.audit.add(self.now, who, action, subject, **detail)

    def waiting(self) -> dict[str, int]:
        """How many things wait for a person, as the side bar counts them."""

        def count(table: Any, *where: Any) -> int:
            return int(self.store.db.rows(select(func.count()).select_from(table).where(*where))[0][0])

        return {
            "plans": count(plans, plans.c.state == "proposed"),
            "conflicts": count(ledger, ledger.c.state == "open"),
            "reviews": count(review, review.c.state == "open"),
            "quarantine": self.store.ignored.count_others(),
        }

    def render(self, template: str, lang: str, /, **values: Any) -> str:
        """A template in a language.  Dates are those of the service's time zone."""
        zone, now = self.config.serving.zone, self.now

        def when(at: float | None, *, long: bool = False) -> Any:
            return show_moment(at, zone, now, lang, long=long)

        words: Callable[..., Any] = self.words.speaker(lang)
        return self._templates.get_template(template).render(
            _=words,
            _n=self.words.counter(lang),
            _t=self.words.teller(lang),
            lang=lang,
            when=when,
            zone=zone,
            now=now,
            **values,
        )


def _slug(text: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in text)
