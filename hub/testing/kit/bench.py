"""What a connector is tested on: a system that runs, a person who uses it, and connectors to it."""

from __future__ import annotations

import logging
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

from hub.contract.connector import AnyConnector, Context
from hub.contract.records import Capabilities, Op, Page, Receipt, Record
from hub.http.session import Http
from hub.testing.kit.wire import Sent, Wire
from hub.tokens.token import MemoryTokens

_READ_TIMEOUT = 2.0


class Exempt(Exception):
    """This rule does not apply to this connector; the text says why."""


class Bench(ABC):
    """One system, empty at first.  A plugin writes a subclass of about 40 lines.

    connector: the class to test; resource: which of its resources.
    text:      native name of a field that holds any text, may be empty, and that ``document`` fills.
    wire:      the Wire in front of the system; None for a connector that does not speak HTTP.
    secrets:   what must never be seen in a log, an error or a repr.
    real:      the real system that runs here, with its version; "" for a stand-in such as a sandbox.
    variant:   a second system for the same connector: what it cannot show does not count against the connector.
    """

    connector: ClassVar[type[AnyConnector]]
    resource: ClassVar[str]
    text: ClassVar[str]
    wire: Wire | None = None
    secrets: Sequence[str] = ()
    real: ClassVar[str] = ""
    variant: ClassVar[bool] = False

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.lines: list[str] = []
        self._made: list[tuple[AnyConnector, Http]] = []
        self.folder = Path()
        self._tokens = MemoryTokens()

    # what a plugin says

    @abstractmethod
    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        """Start the system (or open an empty one) for one rule; stop it afterwards."""

    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """The connector's settings: they reach the system through the wire."""

    @abstractmethod
    def document(self, number: int) -> dict[str, Any]:
        """What a create sends: a record that differs by its number, also in ``text``."""

    @abstractmethod
    def person_creates(self, number: int) -> str:
        """A person enters ``document(number)`` in the system itself; returns the record's id."""

    @abstractmethod
    def person_writes(self, id_: str, text: str) -> None:
        """A person changes the text field of a record in the system itself."""

    @abstractmethod
    def person_deletes(self, id_: str) -> None:
        """A person deletes a record in the system itself."""

    @abstractmethod
    def person_sees(self) -> Mapping[str, str]:
        """Every record that a person sees now: id -> its text."""

    def wrong_login(self) -> Mapping[str, Any] | None:
        """Settings that the system must refuse as a wrong login; None where there is no login."""
        return None

    def now(self) -> datetime:
        """The system's own clock."""
        return datetime.now(UTC)

    def later(self, seconds: float) -> None:  # noqa: B027  # most systems have the real time
        """Let the system's clock go on, where a test can move it."""

    def freeze(self) -> None:  # noqa: B027  # the same
        """Let the system's clock stand still except for ``later``, where a test can: then a seed is played in one way."""

    def writes(self, sent: Sent) -> bool:
        """Whether a request changes records; override it where reads are POSTed, too."""
        return not sent.reads and not any(word in sent.path for word in ("token", "oauth", "login"))

    @property
    def moves_clock(self) -> bool:
        """Whether ``later`` does anything."""
        return type(self).later is not Bench.later

    def expire_token(self) -> bool:
        """Make the system refuse the present access token; False where there is none."""
        return False

    def held(self, text: str) -> str:
        """How the system keeps a text that it accepts (the same, unless it trims or cuts)."""
        return text

    # what the rules use

    @contextmanager
    def running(self) -> Iterator[Self]:
        """The bench with its system, a folder and an ear at every log; connectors are closed at the end."""
        with tempfile.TemporaryDirectory(prefix="crmhub-kit-") as made, _listening(self.lines):
            self.folder = Path(made)
            try:
                with self.system(self.folder):
                    yield self
            finally:
                for connector, http in self._made:
                    connector.close()
                    http.close()
                self._made.clear()

    def connect(self, **settings: Any) -> AnyConnector:
        """A connector of its own, as a new process would have; it never really waits: ``waits`` has the seconds.

        Logins are kept from one to the next, as between processes, except where settings are given.
        """
        host = self.wire.host if self.wire else "127.0.0.1"
        at_once = self.connector.limits.concurrency
        http = Http("kit", hosts=[host], at_once=at_once, sleep=self._sleep, read_timeout=_READ_TIMEOUT)
        config = self.connector.Config(**{**self.settings(), **settings})
        tokens = MemoryTokens() if settings else self._tokens
        context = Context("kit", lambda: http, self.folder, base=self.folder, clock=self.now, tokens=tokens)
        made = self.connector(config, context)
        self._made.append((made, http))
        return made

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.later(seconds)

    @property
    def able(self) -> Capabilities:
        """What the connector declares about the resource."""
        found = {item.name: item.capabilities for item in self.connect().resources()}
        return found[self.resource]

    def fill(self, number: int) -> list[str]:
        """A person enters some records."""
        return [self.person_creates(index) for index in range(number)]

    def pages(self, cursor: Any = None, connector: AnyConnector | None = None) -> list[Page]:
        """One pass over the changes."""
        return list((connector or self.connect()).changes(self.resource, cursor))

    def records(self, pages: Sequence[Page], connector: AnyConnector | None = None) -> dict[str, Record]:
        """The records of some pages by id, the last of each; documents are fetched where a page has none."""
        found = {record.id: record for page in pages for record in page.records}
        bare = [item.id for item in found.values() if item.data is None and not item.deleted and not item.merged_into]
        if bare:
            fetched = (connector or self.connect()).fetch(self.resource, bare)
            found.update((record.id, record) for record in fetched)
        return found

    def write(self, *ops: Op, connector: AnyConnector | None = None) -> list[Receipt]:
        return list((connector or self.connect()).write(self.resource, ops))

    def shown(self, id_: str, connector: AnyConnector | None = None) -> str | None:
        """The text as the connector reads it now; "" if it is empty, None without a record."""
        record = next(iter((connector or self.connect()).fetch(self.resource, [id_])), None)
        return None if record is None or record.data is None else str(record.data.get(self.text) or "")

    def exempt_unless(self, condition: object, why: str) -> None:
        """Raises Exempt with the reason where a rule does not apply."""
        if not condition:
            raise Exempt(why)

    def the_wire(self) -> Wire:
        """The wire; a connector that does not speak HTTP is exempt."""
        if self.wire is None:
            raise Exempt("the connector does not speak HTTP")
        return self.wire


@contextmanager
def _listening(lines: list[str]) -> Iterator[None]:
    """Hear every log, also the hub's own, which the command line keeps from the others."""
    root, hub, ear = logging.getLogger(), logging.getLogger("crmhub"), _Ear(lines)
    before = root.level, hub.level, hub.propagate, hub.handlers
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    hub.level, hub.propagate, hub.handlers = logging.NOTSET, True, []
    try:
        yield
    finally:
        root.removeHandler(ear)
        root.setLevel(before[0])
        _, hub.level, hub.propagate, hub.handlers = before


class _Ear(logging.Handler):
    """Keeps every line that anything logs, however low its level."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage() + (str(record.exc_info) if record.exc_info else ""))
