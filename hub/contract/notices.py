"""Telling people: a notice, and the class that a plugin writes to carry it (by mail, chat, pager ...)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from hub.contract.connector import ConnectorConfig, Context

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody should know.

    subject: one line;  text: what happened and what to do, plain text, without secrets and customers' data.
    key:     names the event.  A notice that is sent again (the first answer was lost) has the key of the first one, so
             that receivers can see that it is the same.
    """

    subject: str
    text: str
    severity: Severity = "info"
    key: str = ""


C = TypeVar("C", bound="ConnectorConfig")


class Notifier(ABC, Generic[C]):
    """One configured way to people ([notifiers.NAME]).  Constructing does no I/O.

    name: what ``plugin = "..."`` says;  Config: the settings, as of a connector.
    """

    name: ClassVar[str]
    Config: ClassVar[type[Any]]

    def __init__(self, config: C, context: Context) -> None:
        self.config = config
        self.context = context

    @abstractmethod
    def send(self, notice: Notice) -> Mapping[str, str]:
        """Send a notice; returns what may be shown about it (server, message id, receivers ...).

        Raises Unavailable or RateLimited (nothing was sent: again later, with the same key), OutcomeUnknown (it may have
        been sent), Rejected (it will never be taken), AuthError or ConfigError.
        """


AnyNotifier = Notifier[Any]
