"""What goes wrong with one of the five systems, and how its administrator puts it right."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests

from hub.demo.people_at_work import ErpUser
from hub.testing.kit.wire import Answer, Sent
from tests.real.five_systems.office import Office

_RETRY_AFTER = 900


@dataclass(frozen=True, slots=True)
class Fault:
    """system: who fails; can_work: its users still can; end: puts it right.

    phases: one after the other, each with the code by which the run must tell it ("": it must not even be noticed).
    """

    system: str
    can_work: bool
    phases: tuple[tuple[str, Callable[[Office], None]], ...]
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
    "down": Fault("erp", False, (("unavailable", _kill),), _start_again),
    "throttled": Fault("zoho", True, (("rate_limited", _throttle),), _relent),
    "auth": Fault("crm", True, (("needs_login", Office.revoke_token),), Office.new_token),
    "truncated": Fault(
        "crm",
        True,
        (("guard_shrunk", _truncating(lambda number: number // 2)), ("", _truncating(lambda number: number - 3))),
        _whole_again,
    ),
}
