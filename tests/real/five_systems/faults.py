"""What goes wrong with one of the five systems, and how its administrator puts it right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests

from hub.demo.people_at_work import ErpUser
from hub.testing.kit.wire import Answer, Meddler, Sent
from tests.real.five_systems.office import Office

_RETRY_AFTER = 900


@dataclass(frozen=True, slots=True)
class Fault:
    """system: who fails; codes: what the run must call it; can_work: its users still can; phases: one after the other."""

    system: str
    codes: frozenset[str]
    can_work: bool
    phases: tuple[Callable[[Office], None], ...]
    end: Callable[[Office], None]


def _kill(office: Office) -> None:
    office.servers["erp"].kill()


def _start_again(office: Office) -> None:
    office.servers["erp"].restart()
    office.erp = ErpUser(office.servers["erp"])


def _throttle(office: Office) -> None:
    office.sandbox.switches.retry_after = "seconds"
    office.sandbox.switches.retry_after_seconds = _RETRY_AFTER
    office.sandbox.switches.throttle_every = 1


def _relent(office: Office) -> None:
    office.sandbox.switches.throttle_every = 0


def _truncating(cut: Callable[[int], int]) -> Callable[[Office], None]:
    """Lists of contacts become shorter, and say that this is all; single contacts are there as ever."""

    def begin(office: Office) -> None:
        server = office.servers["crm"].url

        def meddle(sent: Sent) -> Answer | None:
            if not sent.path.startswith("/api/contacts/?"):
                return None
            reply = requests.get(f"{server}{sent.path}", headers=dict(sent.headers), timeout=60)
            body = reply.json()
            body["results"] = body["results"][: cut(len(body["results"]))]
            body["count"] = len(body["results"])
            return Answer(reply.status_code, json.dumps(body).encode())

        office.wires["crm"].meddle(meddle)

    return begin


def _whole_again(office: Office) -> None:
    office.wires["crm"].meddle(None)


FAULTS: Mapping[str, Fault] = {
    "down": Fault("erp", frozenset({"unavailable"}), False, (_kill,), _start_again),
    "throttled": Fault("zoho", frozenset({"rate_limited"}), True, (_throttle,), _relent),
    "auth": Fault("crm", frozenset({"auth"}), True, (Office.revoke_token,), Office.new_token),
    "truncated": Fault(
        "crm",
        frozenset({"guard_shrunk"}),
        True,
        (_truncating(lambda number: number // 2), _truncating(lambda number: max(0, number - 3))),
        _whole_again,
    ),
}
