"""What an answer means: from status, headers and body to the contract's error tree.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from hub.contract.connector import CursorExpired
from hub.contract.errors import (
    AuthError,
    ConfigError,
    Conflict,
    ConnectorError,
    Duplicate,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from hub.rest.paths import fits, text_at
from hub.rest.spec import ErrorRule, Words

_SHORT = 300
_REFUSED_FIELD = re.compile(r"[\w.$\[\]-]{1,80}")

Doing = Literal["read", "get", "write"]
"""read: a page of records; get: records by id; write: one or several records."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as values.  data: its JSON, None if there is none;  status None: one outcome of a batch."""

    status: int | None
    data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    when: datetime | None = None


class TooMany(Rejected):
    """The call held too many records; fewer may be accepted."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """The rules of one API.  where: the connection, for messages;  login: what to run when the login is refused."""

    rules: Sequence[ErrorRule]
    words: Words
    where: str
    login: str = ""

    def __call__(self, answer: Answer, doing: Doing, what: str) -> ConnectorError | CursorExpired | None:
        """The error of an answer, None if it is fine.  ``what`` names the call for people."""
        rule = self._rule(answer)
        if rule is not None:
            return self._by_rule(rule, answer, what)
        return None if answer.status is None else self._by_status(answer, doing, what)

    def outcome(self, item: Any, what: str) -> ConnectorError:
        """The error of one failed outcome of a batch."""
        found = self(Answer(None, item), "write", what)
        if isinstance(found, ConnectorError):
            return found
        return self._rejected(item, what, text_at(item, "field"))

    def _rule(self, answer: Answer) -> ErrorRule | None:
        for rule in self.rules:
            if rule.status is not None:
                allowed = [rule.status] if isinstance(rule.status, int) else list(rule.status)
                if answer.status not in allowed:
                    continue
            if rule.where and not fits(answer.data, rule.where):
                continue
            if rule.text and re.search(rule.text, self._message(answer.data)) is None:
                continue
            return rule
        return None

    def _by_rule(self, rule: ErrorRule, answer: Answer, what: str) -> ConnectorError | CursorExpired | None:
        code, message = self._code(answer.data), self._message(answer.data)
        says = f"{what}: {message or code or answer.status}"
        words: dict[str, Any] = {
            "where": self.where,
            "hint": rule.hint,
            "remote_code": code or None,
            "remote_text": message or None,
        }
        if rule.means == "fine":
            return None
        if rule.means == "cursor_expired":
            return CursorExpired(says)
        if rule.means == "rate_limited":
            return RateLimited(says, retry_after=rule.wait, scope=code, where=self.where, hint=rule.hint)
        if rule.means == "duplicate":
            return Duplicate(says, existing_id=self._existing(rule, answer.data), where=self.where, hint=rule.hint)
        if rule.means in ("rejected", "too_many"):
            kind = TooMany if rule.means == "too_many" else Rejected
            refused = text_at(answer.data, rule.field) or None
            return kind(_naming(refused, says), field=refused, **words)
        if rule.means == "auth":
            return AuthError(says, **{**words, "hint": rule.hint or self.login})
        kinds: dict[str, type[ConnectorError]] = {
            "config": ConfigError,
            "unavailable": Unavailable,
            "unknown": OutcomeUnknown,
            "conflict": Conflict,
            "not_found": NotFound,
        }
        return kinds[rule.means](says, **words)

    def _by_status(self, answer: Answer, doing: Doing, what: str) -> ConnectorError | None:
        status = answer.status or 0
        if status < 400:
            return None
        message = self._message(answer.data)
        says = f"{what} ({status}{': ' + message if message else ''})"
        words: dict[str, Any] = {
            "where": self.where,
            "remote_code": self._code(answer.data) or str(status),
            "remote_text": message or None,
        }
        if status == 401:
            return AuthError(says, **words, hint=self.login)
        if status in (404, 410) and doing != "read":
            return NotFound(says, **words)
        if status >= 500:
            return Unavailable(says, **words) if doing != "write" else OutcomeUnknown(says, **words)
        if doing == "write":
            if status == 412:
                return Conflict(says, **words)
            return TooMany(says, **words) if status == 413 else Rejected(says, **words)
        hint = (
            "Give the hub's user the right to read this" if status == 403 else "Check the settings of this connection"
        )
        return ConfigError(says, **words, hint=hint)

    def _rejected(self, item: Any, what: str, refused: str) -> Rejected:
        code, message = self._code(item), self._message(item)
        known = refused if _REFUSED_FIELD.fullmatch(refused) else None
        text = _naming(known, f"{what}: {message or code or 'refused'}")
        return Rejected(text, field=known, where=self.where, remote_code=code or None, remote_text=message or None)

    def _existing(self, rule: ErrorRule, data: Any) -> str | None:
        if rule.id and (found := text_at(data, rule.id)):
            return found
        match = re.search(rule.text, self._message(data)) if rule.text else None
        return match.groupdict().get("id") if match else None

    def _code(self, data: Any) -> str:
        return next((found[:80] for path in self.words.code if (found := text_at(data, path))), "")

    def _message(self, data: Any) -> str:
        return next((found[:_SHORT] for path in self.words.message if (found := text_at(data, path))), "")


def _naming(field: str | None, says: str) -> str:
    """The words with the field that was refused, unless they name it: only they are kept for people."""
    return f"{says} (field {field})" if field and field not in says else says
