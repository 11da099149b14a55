"""Whether the five systems are right: every claim is checked by what their users see."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.demo.people import Customer
from tests.real.five_systems.edits import Edit, shows
from tests.real.five_systems.look import Seen, by_key, phone_of
from tests.real.five_systems.people import SYSTEMS, Crowd

Shown = Mapping[str, list[Seen]]
_LISTS = ("erp", "book")
"""Systems that hold any number of addresses and numbers; the others have places for one or a few."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Who must be where.  before: what the systems showed before the first sync.

    deleted: (system, key) of whom somebody deleted there; newcomers: entered later; unknown: a system whose newcomers
    the others need not know yet.
    """

    crowd: Crowd
    before: Shown
    newcomers: Sequence[Customer] = ()
    deleted: Collection[tuple[str, str]] = ()
    unknown: str = ""

    def places(self) -> dict[str, dict[str, int]]:
        """Key -> system -> how many records."""
        found: dict[str, dict[str, int]] = {}
        doubtful, was = self.crowd.doubtful(), by_key(self.before)
        for item in (*self.crowd.customers, *self.newcomers):
            unmailed = not item.email or (item.systems == {"zoho"} and item.kind == "organisation")
            key = f"tel:{phone_of(item.mobile or item.phone)}" if unmailed else item.email.lower()
            if key in doubtful:
                found[key] = {system: len(records) for system, records in was[key].items()}
            else:
                found[key] = dict.fromkeys((name for name in takers(item) if (name, key) not in self.deleted), 1)
        return found


def takers(item: Customer) -> tuple[str, ...]:
    """The systems that can hold a customer: a shop has no companies and nobody without an e-mail address."""
    if item.kind == "organisation" or not item.email:
        return tuple(name for name in SYSTEMS if name != "shop")
    return SYSTEMS


def wrong(expected: Expected, shown: Shown, edits: Sequence[Edit], remembered: str = "") -> Iterator[str]:
    """What is wrong in the systems that are shown, one line each.  remembered: the hub's history, for words that lost."""
    seen = by_key(shown)
    yield from _counts(expected, shown, seen)
    doubtful = expected.crowd.doubtful()
    was = by_key(expected.before)
    for key, systems in seen.items():
        if key in doubtful:
            yield from (
                f"{key} was changed in {name} although nobody has said who that is"
                for name, records in systems.items()
                if set(records) != set(was[key].get(name, ()))
            )
        else:
            yield from _agreement(key, {name: records[0] for name, records in systems.items()})
    yield from _words(seen, edits, remembered)
    if remembered:
        yield from _first_words(expected, remembered)


def _counts(expected: Expected, shown: Shown, seen: Mapping[str, Mapping[str, list[Seen]]]) -> Iterator[str]:
    places = expected.places()
    open_ = {item.email.lower() for item in expected.newcomers if expected.unknown in item.systems}
    for key in sorted({*places, *seen} - open_):
        for name in shown:
            wanted, found = places.get(key, {}).get(name, 0), len(seen.get(key, {}).get(name, ()))
            if wanted != found:
                yield f"{key} is {found} times in {name} instead of {wanted}"


def _agreement(key: str, records: Mapping[str, Seen]) -> Iterator[str]:
    """The same person must look the same everywhere, as far as a system can hold it."""
    for field in ("name", "note", "job", "birthday"):
        values = {name: getattr(seen, field) for name, seen in records.items() if getattr(seen, field) is not None}
        if len(set(values.values())) > 1:
            yield f"{key}: {field} differs: {values}"
    for field in ("emails", "phones", "places"):
        values = {name: getattr(seen, field) for name, seen in records.items()}
        if field == "emails" and "zoho" in records and records["zoho"].resource == "Accounts":
            del values["zoho"]  # it has no place for them
        whole = {frozenset(values[name]) for name in _LISTS if name in values}
        most = frozenset().union(*values.values())
        if len(whole) > 1 or any(item != most for item in whole):
            yield f"{key}: {field} differs: {_plain(values)}"
        elif any(most and not value for value in values.values()):
            yield f"{key}: {field} is empty in some: {_plain(values)}"


def _plain(values: Mapping[str, Collection[object]]) -> dict[str, list[object]]:
    return {name: sorted(items, key=str) for name, items in values.items()}


def _words(seen: Mapping[str, Mapping[str, list[Seen]]], edits: Sequence[Edit], remembered: str) -> Iterator[str]:
    """Every word that somebody typed is in every system that has a place for it; one of two rivals, in the history."""
    for edit in edits:
        said = {
            name: shows(records[0], edit)
            for name, records in seen.get(edit.key, {}).items()
            if not (edit.field == "phones" and name in ("shop", "crm"))  # they hold one number
        }
        everywhere = said and all(value is not False for value in said.values())
        if not everywhere and not (edit.rival and edit.word.lower() in remembered):
            missing = [name for name, value in said.items() if value is False] or list(SYSTEMS)
            yield f"{edit.word}, typed as {edit.field} of {edit.key} in {edit.system}, is missing in {', '.join(missing)}"


def _first_words(expected: Expected, remembered: str) -> Iterator[str]:
    """What was noted before the first sync is held or remembered."""
    doubtful = expected.crowd.doubtful()
    for system, records in expected.before.items():
        for seen in records:
            for word in (seen.note, seen.job):
                if word and word.lower() not in remembered and seen.key not in doubtful:
                    yield f"{word!r}, noted about {seen.key} in {system} before the first sync, is lost"
