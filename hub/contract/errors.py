"""The error tree of the plugin contract.  Each class carries the engine's reaction, so a plugin says *what* happened
and the core alone decides what to do about it.

    HubError
    └── ConnectorError              reaction     the engine ...
        ├── ConfigError             STOP         disables the connection, shows file, line and key
        ├── AuthError               STOP         state "needs login"; only this connection pauses
        ├── ContractViolation       STOP         names the plugin and the broken rule
        ├── RateLimited             WAIT         waits briefly, or reschedules the run; the cursor is saved first
        ├── Unavailable             RETRY        retries with jitter, then opens the circuit of this account
        ├── OutcomeUnknown          RECONCILE    reads by our key or the natural keys, then decides; never resends blindly
        ├── Rejected                SKIP         quarantines the record with the remote's own words
        ├── Conflict                REPLAN       reads again and merges, once
        ├── Duplicate               LINK         binds to the record that the remote named
        └── NotFound                UNLINK       treats it as a remote deletion under the policy

The first six may be raised (they concern the whole call) or, except for the STOP ones, stand in a Receipt; Rejected,
Conflict, Duplicate and NotFound are values in a Receipt (they concern one record) and may be raised only by a call
that handles a single record.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar


class Reaction(Enum):
    """What the engine does about an error."""

    STOP = "stop"
    WAIT = "wait"
    RETRY = "retry"
    RECONCILE = "reconcile"
    SKIP = "skip"
    REPLAN = "replan"
    LINK = "link"
    UNLINK = "unlink"


class HubError(Exception):
    """Any error that the hub explains to a person.

    ``where`` says what it is about (a connection, file:line, a record), ``hint`` what to do next.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text.removesuffix('.')}. {self.hint}" if self.hint else text


class ConnectorError(HubError):
    """An error of one connection.  ``remote_code`` and ``remote_text`` are the remote system's own words, kept short."""

    reaction: ClassVar[Reaction] = Reaction.STOP

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        hint: str = "",
        remote_code: str | None = None,
        remote_text: str | None = None,
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.remote_code = remote_code
        self.remote_text = remote_text


class ConfigError(ConnectorError):
    """The connection's settings cannot work (a wrong address, an unknown database, an unreadable folder)."""

    code = "config"


class AuthError(ConnectorError):
    """The remote does not accept who we are.  Never retried in a loop."""

    code = "needs_login"


class ContractViolation(ConnectorError):
    """A plugin broke a rule of the contract; ``rule`` is the rule's id."""

    code = "plugin_bug"

    def __init__(self, message: str, *, rule: str, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.rule = rule


class RateLimited(ConnectorError):
    """Too many calls.  ``retry_after`` in seconds (None: the remote did not say), ``scope`` names the limit."""

    code = "rate_limited"
    reaction = Reaction.WAIT

    def __init__(
        self, message: str, *, retry_after: float | None = None, scope: str = "", where: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.retry_after = retry_after
        self.scope = scope


class Unavailable(ConnectorError):
    """The remote cannot be reached or is broken for now, and certainly did not carry out the call."""

    code = "unavailable"
    reaction = Reaction.RETRY


class OutcomeUnknown(ConnectorError):
    """A write was sent and no usable answer came: it may or may not have happened."""

    code = "outcome_unknown"
    reaction = Reaction.RECONCILE


class Rejected(ConnectorError):
    """The remote refuses this record (validation, permission on one record).  ``field`` is native, where known."""

    code = "rejected"
    reaction = Reaction.SKIP

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        where: str = "",
        hint: str = "",
        remote_code: str | None = None,
        remote_text: str | None = None,
    ) -> None:
        super().__init__(message, where=where, hint=hint, remote_code=remote_code, remote_text=remote_text)
        self.field = field


class Conflict(ConnectorError):
    """A conditional write lost: the record is no longer at the expected version."""

    code = "version_conflict"
    reaction = Reaction.REPLAN


class Duplicate(ConnectorError):
    """The remote says that the record exists already; ``existing_id`` names it, where the remote does."""

    code = "duplicate"
    reaction = Reaction.LINK

    def __init__(self, message: str, *, existing_id: str | None = None, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.existing_id = existing_id


class NotFound(ConnectorError):
    """The record is not there any more."""

    code = "not_found"
    reaction = Reaction.UNLINK
