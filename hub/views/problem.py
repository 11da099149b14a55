"""A problem that a person or a program should know, and values on one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.contract.errors import HubError
from hub.views.exits import is_retryable


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person or program should know.  severity: error, warning or info; where: file:line, system, record;
    told: the command's own text says it already."""

    code: str
    message: str
    where: str = ""
    hint: str = ""
    severity: str = "error"
    retryable: bool = False
    told: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
        }

    @classmethod
    def of(cls, error: HubError) -> Problem:
        return cls(error.code, error.message, error.where, error.hint, retryable=is_retryable(error))


def show_value(value: Any) -> str:
    """A canonical value on one line."""
    if value is None:
        return "(empty)"
    if isinstance(value, dict) and value.get("full"):
        return str(value["full"])  # a name: its parts say nothing more on one line
    if isinstance(value, dict):
        return ", ".join(f"{key} {show_value(item)}" for key, item in value.items() if item not in (None, [], ""))
    if isinstance(value, (list, tuple)):
        return ", ".join(show_value(item) for item in value) or "(none)"
    return str(value)
