"""How many API calls a run may make, computed from what the connectors declare and from what people changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil

from hub.contract.records import Capabilities
from tests.real.five_systems.edits import Edit
from tests.real.five_systems.look import Seen
from tests.real.five_systems.people import SYSTEMS

Able = Mapping[tuple[str, str], Capabilities]
"""(system, resource) -> what the connector declares."""
SESSION = {"erp": 2, "shop": 1}
"""Calls of a process for itself: Tryton signs in and out, Vendure says what fields it has."""
WHOLE = {"crm": (200, 5), "shop": (100, 1)}
"""Systems that do not tell all that has changed, so that every run lists them: records on a page, and how many of them the
next page shows again (their READMEs)."""


def quiet(able: Able, shown: Mapping[str, list[Seen]]) -> dict[str, int]:
    """System -> calls of a run in which nothing has changed: one poll of each resource, and whole lists where needed."""
    found: dict[str, int] = {}
    for (system, resource), capabilities in able.items():
        calls = capabilities.poll_calls
        if system in WHOLE:
            records = sum(1 for seen in shown[system] if seen.resource in ("", resource))
            # where the poll is the list, its first page is declared with it
            calls += _pages(records, *WHOLE[system]) - (0 if capabilities.incremental else 1)
        found[system] = found.get(system, SESSION.get(system, 0)) + calls
    return found


def _pages(records: int, size: int, shared: int) -> int:
    """Pages of a list that is cut by position: each begins with the last rows of the one before."""
    return 1 + max(0, ceil((records - size) / (size - shared)))


def writes(edits: Sequence[Edit], newcomers: Sequence[str], winner: str) -> dict[str, tuple[int, int]]:
    """System -> (creates, updates) that follow from what people did.  newcomers: systems that somebody was entered in;
    winner: the system whose word two rivals ended with."""
    found = {}
    for system in SYSTEMS:
        updates = sum(1 for edit in edits if not edit.rival and edit.system != system and _holds(system, edit.field))
        updates += any(edit.rival for edit in edits) and system != winner
        found[system] = (sum(1 for name in newcomers if name != system), updates)
    return found


def _holds(system: str, field: str) -> bool:
    """Whether a word typed elsewhere has a place here; a second number has none in the shop and in BottleCRM."""
    if field in ("note", "job"):
        return system in ("book", "crm", "zoho")
    return field != "phones" or system not in ("shop", "crm")


def changed(
    able: Able,
    shown: Mapping[str, list[Seen]],
    edits: Sequence[Edit],
    newcomers: Sequence[str],
    wanted: Mapping[str, tuple[int, int]],
) -> dict[str, int]:
    """System -> calls of the run after people's work: the polls, reading what changed, and the writes.

    shown: as it is before the run.  How a write is made is told by the READMEs; images come with the receipt or by one
    more read.
    """
    found = quiet(able, shown)
    read = Counter(edit.system for edit in edits) + Counter(newcomers)
    found["book"] += ceil(read["book"] / 100)  # the feed names cards, which are then read
    for system, (creates, updates) in wanted.items():
        item = next(item for (name, _), item in able.items() if name == system)
        batch = item.per_call if item.per_call not in (None, 1) else item.batch
        found[system] += _WRITES[system](creates, updates, ceil(creates / batch), ceil(updates / batch))
    return found


_WRITES = {
    # a batch made and read again; a batch read, written with its versions and read again; the countries, once
    "erp": lambda creates, updates, made, edited: 2 * made + 3 * edited + (creates > 0),
    # each card put, the batch read again; before that, its cards read, and each once more for its line ends (Radicale)
    "book": lambda creates, updates, made, edited: creates + made + 2 * updates + 2 * edited,
    # who has the addresses, customers, their addresses, read again; read by the engine and for the patch, written, read
    "shop": lambda creates, updates, made, edited: 4 * made + 4 * edited + (creates > 0),
    # one by one: made and read; read, written and read; whether the field for our key is there, once
    "crm": lambda creates, updates, made, edited: 2 * creates + 3 * updates + (creates > 0),
    # a batch made and read again; each update alone with its version, the batch read again
    "zoho": lambda creates, updates, made, edited: 2 * made + updates + edited,
}
