"""What goes wrong in a world: one or two kinds of faults, drawn by the seed, at the calls where they can happen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from hub.contract.errors import (
    AuthError,
    Conflict,
    ConnectorError,
    ContractViolation,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from hub.contract.records import Op, Page, Receipt, Record

if TYPE_CHECKING:
    from hub.testing.simulation.remote import SimulatedServer

CALLS = ("changes", "listing", "fetch", "find", "write")
SECRET = "canary-secret-7f3a"  # what must never be seen in a log
AT_CALL = ("down", "rate_limited", "auth", "lost_request", "garbage", "violation")
AT_RECEIPT = ("lost_reply", "cut_off", "goes_down", "rejected", "spurious_conflict")
IN_DATA = ("page_twice", "page_missing", "empty_list", "unreadable", "stale", "wrong_type", "no_end")
IN_STATE = ("vanish", "cursor_expired", "kill", "clock_jump", "store_lost", "mass_delete", "mass_blank", "id_reuse")
KINDS = (*AT_CALL, *AT_RECEIPT, *IN_DATA, *IN_STATE)
"""All kinds of faults (``--faults`` selects among them)."""


@dataclass(slots=True)
class Faults:
    """Decides at every step of a call whether it goes wrong.  Silent unless ``on``."""

    random: Random
    kinds: frozenset[str]
    rate: float
    on: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """Systems whose answers were incomplete or damaged in the present run."""

    def strikes(self, kind: str, scale: float = 1.0) -> bool:
        """Whether this kind of fault happens now."""
        if not self.on or kind not in self.kinds or self.random.random() >= self.rate * scale:
            return False
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return True

    def at_call(self, server: SimulatedServer, call: str) -> None:
        """Raises what the call meets before it does anything."""
        error = self._error(call)
        if error is not None:
            server.world.say(server.profile.name, f"{call} fails", type(error).__name__)
            raise error

    def _error(self, call: str) -> Exception | None:
        if self.strikes("down"):
            return Unavailable("the system is down")
        if self.strikes("rate_limited"):
            return RateLimited("too many calls", retry_after=30.0)
        if self.strikes("auth", 0.5):
            return AuthError("the token is not accepted any more")
        if call == "write" and self.strikes("lost_request", 2):
            return OutcomeUnknown("the request was lost")
        if self.strikes("garbage", 0.5):
            return ValueError(f"no JSON: token={SECRET}, q0q@x.example")  # a bug of the plugin quotes what it has
        if self.strikes("violation", 0.5):
            return ContractViolation("an answer without ids", rule="record-id", where=server_name(call))
        return None

    def refuse(self, server: SimulatedServer, op: Op) -> Receipt | None:
        """A receipt that says no although nothing is wrong with the op; raises where the rest is not carried out."""
        error: ConnectorError | None = None
        if self.strikes("goes_down"):
            raise Unavailable("the system went away in the middle of a batch")
        if self.strikes("rejected", 0.5):
            error = Rejected("the system does not like this record today")
        elif op.kind != "create" and self.strikes("spurious_conflict"):
            error = Conflict("the record has changed")
        return None if error is None else Receipt(op.key, op.id, error=error)

    def loses_receipt(self, server: SimulatedServer) -> bool:
        """Whether the answer to one op of a batch is lost; raises where the rest of the batch is lost with it."""
        if self.strikes("cut_off"):
            raise OutcomeUnknown("the connection was cut off")
        return self.strikes("lost_reply", 2)

    def stale(self, server: SimulatedServer) -> bool:
        return bool(server.profile.lag) and self.strikes("stale", 3)

    def bend(self, server: SimulatedServer, call: str, page: Page) -> Iterator[Page]:
        """A page as it arrives."""
        name = server.profile.name
        if self.strikes("page_missing") and not page.complete:
            self.broken.add(name)
            return
        if self.strikes("empty_list") and call == "listing":
            self.broken.add(name)
            page = replace(page, records=[])
        if page.complete and self.strikes("no_end"):
            self.broken.add(name)
            page = replace(page, complete=False)
        page = replace(page, records=[self._bent(item) for item in page.records])
        yield page
        if self.strikes("page_twice"):
            yield page

    def _bent(self, record: Record) -> Record:
        if self.strikes("unreadable", 0.5):
            return replace(record, data=None, error=Rejected("this record cannot be read"))
        if record.data is not None and self.strikes("wrong_type", 0.5):
            return replace(record, data={**record.data, "notes": {"unexpected": [1, None]}})
        return record

    def state(self, random: Random, servers: Sequence[SimulatedServer]) -> None:
        """Faults that last longer than one call: a permission lost, a cursor that expires."""
        for server in servers:
            if server.vanished:
                if random.random() < 0.5:
                    server.unveil()
            elif self.strikes("vanish", 0.05):  # a permission is lost far more rarely than an answer
                server.vanished = frozenset({random.choice(["notes", "title", "email", "emails", "city"])})
            if self.strikes("cursor_expired"):
                server.expired = True


def server_name(call: str) -> str:
    return f"call {call}"


def draw(random: Random, allowed: frozenset[str] | None) -> Faults:
    """None, one or two kinds of faults at one rate; ``allowed`` None means any."""
    pool = sorted(KINDS if allowed is None else allowed)
    number = random.choice([0, 1, 1, 2, 2]) if pool else 0
    kinds = frozenset(random.sample(pool, min(number, len(pool))))
    return Faults(random, kinds, random.choice([0.01, 0.03, 0.08]))
