"""From the parts of a message to the native record of a mapping: pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmhub_mail.bodies import parsed, report_of, text_of
from crmhub_mail.headers import addresses, fields_of, first, is_own, message_id, moment, words

_ROLES = (("from", "from"), ("reply-to", "reply_to"), ("to", "to"), ("cc", "cc"))


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the first download of a message gives: the chosen header fields, its size in bytes and its time of arrival."""

    header: bytes
    size: int
    arrival: datetime
    fields: Mapping[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", fields_of(self.header))

    @property
    def id(self) -> str:
        """The message's own id; without a usable one, a digest of what makes it this message."""
        found = message_id(self.fields.get("message-id", ()))
        return found if found is not None else f"sha256:{self._digest('from', 'date', 'subject')}"

    @property
    def version(self) -> str:
        """Changes when somebody replaces the message by another one with its id."""
        return self._digest(*sorted(self.fields))[:16]

    def _digest(self, *names: str) -> str:
        text = "\n".join(f"{name}:{value}" for name in names for value in self.fields.get(name, ()))
        return hashlib.sha256(f"{text}\n{self.size}".encode("utf-8", "replace")).hexdigest()[:32]


def is_report(envelope: Envelope) -> bool:
    """Whether a message is a delivery report."""
    kind = first(envelope.fields, "content-type").lower()
    return kind.startswith("multipart/report") and "delivery-status" in kind


def why_ignored(envelope: Envelope) -> str:
    """Why a message says nothing about a customer: nobody wrote it to anybody; "" if it is a person's mail."""
    if is_report(envelope):
        return ""
    fields = envelope.fields
    automatic = first(fields, "auto-submitted").lower()
    if automatic.startswith("auto-replied"):
        return "automatic answer"
    if automatic and not automatic.startswith("no"):
        return "automatic mail"
    precedence = first(fields, "precedence").lower()
    if "list-id" in fields or "list-unsubscribe" in fields or precedence in ("bulk", "list", "junk"):
        return "bulk mail"
    return ""


def record_of(envelope: Envelope, body: bytes, own: Sequence[str], *, bulk: bool) -> dict[str, Any]:
    """The native record.  own: our addresses and domains in lower case; bulk: bulk mail is kept."""
    fields = envelope.fields
    message = parsed(envelope.header, body) if body else None
    report = report_of(message)
    parties = _parties(fields, own)
    if report is not None:
        parties = [{"role": "bounced", "name": "", "address": report.address, "own": is_own(report.address, own)}]
    return {
        "message_id": envelope.id,
        "date": moment(fields.get("date", ()), envelope.arrival).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "direction": "inbound" if report is not None else _direction(parties),
        "subject": words(first(fields, "subject")),
        "parties": parties,
        "thread": message_id(fields.get("references", fields.get("in-reply-to", ()))) or envelope.id,
        "size": envelope.size,
        "text": text_of(message),
        "ignored": "" if bulk else why_ignored(envelope),
        "bounce": {}
        if report is None
        else {
            "address": report.address,
            "status": report.status,
            "permanent": report.permanent,
            "reason": report.reason,
        },
    }


def _parties(fields: Mapping[str, list[str]], own: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for name, role in _ROLES:
        for shown, address in addresses(fields.get(name, ())):
            found.append({"role": role, "name": shown, "address": address, "own": is_own(address, own)})
    return found


def _direction(parties: Sequence[dict[str, Any]]) -> str:
    """Inbound from anybody but us; outbound from us to anybody else; internal among ourselves."""
    if not any(item["own"] for item in parties if item["role"] == "from"):
        return "inbound"
    return "outbound" if any(not item["own"] for item in parties) else "internal"
