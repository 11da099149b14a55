"""What people change in the five systems between two syncs, without the hub, and what must come of it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.demo.people import Customer, population
from tests.real.five_systems.look import Seen, by_key, everything
from tests.real.five_systems.office import Office
from tests.real.five_systems.people import Crowd


@dataclass(frozen=True, slots=True)
class Edit:
    """A word that somebody typed about a customer.  field: of ``Seen``; rival: another one typed the same field."""

    system: str
    key: str
    field: str
    word: str
    rival: bool = False


class People:
    """The users of all systems.  Nobody is edited in two rounds: a hub would take that for two systems in a quarrel."""

    def __init__(self, office: Office, crowd: Crowd, seed: int) -> None:
        self._office, self._rng, self._number = office, random.Random(seed), 0
        self._free = [item.email.lower() for item in crowd.ordinary()]
        self._rng.shuffle(self._free)
        self._next = len(crowd.customers)
        self.deleted: list[tuple[str, str]] = []
        """(system, key) of those whom somebody deleted there on purpose."""
        self.entered: list[Customer] = []
        self._ways: dict[str, dict[str, Callable[[Seen, str], None]]] = {
            "erp": {"name": self._erp_name, "phones": self._erp_phone, "places": self._erp_city},
            "book": {"name": self._book_name, "note": self._book_note, "job": self._book_job},
            "shop": {"name": self._shop_name, "places": self._shop_city},
            "crm": {"name": self._crm("last_name"), "note": self._crm("description"), "job": self._crm("title")},
            "zoho": {
                "name": self._zoho("Last_Name"),
                "places": self._zoho("Mailing_City"),
                "note": self._zoho("Description"),
            },
        }

    def work(self, systems: Sequence[str], each: int, *, rivals: bool = True) -> list[Edit]:
        """In every one of these systems: ``each`` edits of different people, one newcomer and (in the address book) one
        deletion; and one customer whom two systems rename differently."""
        seen = by_key(everything(self._office, systems))
        done: list[Edit] = []
        for system in systems:
            for number in range(each):
                fields = sorted(self._ways[system])
                done.append(self._edit(seen, system, fields[number % len(fields)], needs=(system,)))
            self._enter(system)
        if rivals:
            pair = self._rng.sample(list(systems), 2)
            key = self._take(seen, pair)
            done += [replace(self._edit(seen, one, "name", key=key), rival=True) for one in pair]
        if "book" in systems:
            key = self._take(seen, ("book",))
            self._office.book.delete(seen[key]["book"][0].id)
            self.deleted.append(("book", key))
        return done

    def _take(self, seen: dict[str, dict[str, list[Seen]]], needs: Sequence[str]) -> str:
        """Somebody who has not been edited before, with one address, and who is in all of these systems."""
        for key in self._free:
            found = seen.get(key, {})
            if all(len(found.get(name, ())) == 1 and len(found[name][0].places) == 1 for name in needs):
                self._free.remove(key)
                return key
        raise AssertionError("too few customers for so many edits: use a greater --customers")

    def _edit(
        self,
        seen: dict[str, dict[str, list[Seen]]],
        system: str,
        field: str,
        *,
        needs: Sequence[str] = (),
        key: str = "",
    ) -> Edit:
        key = key or self._take(seen, needs)
        self._number += 1
        word = f"03077{self._number:05d}" if field == "phones" else f"Wort{self._number}"
        self._ways[system][field](seen[key][system][0], word)
        return Edit(system, key, field, word)

    def _enter(self, system: str) -> None:
        """Somebody new, whom nobody else knows."""
        made = next(
            item
            for item in population(self._next + 200, self._next).customers[self._next :]
            if item.kind == "person" and item.given and item.country == "DE" and item.twin_of is None and item.street
        )
        self._next = made.number + 1
        item = replace(made, email=f"neu{made.number}.{made.email}", systems=frozenset({system}))
        self.entered.append(item)
        if system == "erp":
            self._office.enter_party(item)
        elif system == "book":
            self._office.enter_card(item)
        else:
            self._office.enter(system, item)

    # Tryton

    def _erp_name(self, seen: Seen, word: str) -> None:
        (row,) = self._office.erp.call("model.party.party.read", [int(seen.id)], ["name"])
        self._office.erp.rename(int(seen.id), f"{row['name']}-{word}")

    def _erp_phone(self, seen: Seen, word: str) -> None:
        self._office.erp.add_phone(int(seen.id), word)

    def _erp_city(self, seen: Seen, word: str) -> None:
        (row,) = self._office.erp.call("model.party.party.read", [int(seen.id)], ["addresses"])
        self._office.erp.call("model.party.address.write", row["addresses"], {"city": word})

    # Radicale

    def _book_name(self, seen: Seen, word: str) -> None:
        card = self._office.book.read(seen.id)
        card = re.sub(r"(?m)^(FN[^:]*:.*?)(\r?)$", rf"\1-{word}\2", card)
        card = re.sub(r"(?m)^(N(?:;[^:]*)?:)([^;]*);", rf"\1\2-{word};", card)
        self._office.book.put(seen.id, card)

    def _book_note(self, seen: Seen, word: str) -> None:
        self._line(seen, "NOTE", word)

    def _book_job(self, seen: Seen, word: str) -> None:
        self._line(seen, "TITLE", word)

    def _line(self, seen: Seen, name: str, word: str) -> None:
        lines = re.sub(r"\r?\n[ \t]", "", self._office.book.read(seen.id)).splitlines()
        kept = [line for line in lines if line and not line.upper().startswith(f"{name}:")]
        kept.insert(-1, f"{name}:{word}")
        self._office.book.put(seen.id, "\r\n".join(kept) + "\r\n")

    # Vendure

    def _shop_name(self, seen: Seen, word: str) -> None:
        row = self._office.shop.ask("query ($id: ID!) { customer(id: $id) { lastName } }", id=seen.id)
        self._office.shop.edits(seen.id, lastName=f"{row['lastName']}-{word}")

    def _shop_city(self, seen: Seen, word: str) -> None:
        row = self._office.shop.ask("query ($id: ID!) { customer(id: $id) { addresses { id } } }", id=seen.id)
        self._office.shop.edits_address(row["addresses"][0]["id"], city=word)

    # BottleCRM and Zoho

    def _crm(self, field: str) -> Callable[[Seen, str], None]:
        def change(seen: Seen, word: str) -> None:
            if field == "last_name":
                row = self._office.crm.call("GET", f"contacts/{seen.id}/")["contact_obj"]
                word = f"{row['last_name']}-{word}"
            self._office.crm.edit("contacts", seen.id, {field: word})

        return change

    def _zoho(self, field: str) -> Callable[[Seen, str], None]:
        def change(seen: Seen, word: str) -> None:
            if field == "Last_Name":
                word = f"{self._office.zoho.get('Contacts', seen.id)['Last_Name']}-{word}"
            self._office.zoho.edit("Contacts", seen.id, {field: word})

        return change


def shows(seen: Seen, edit: Edit) -> bool | None:
    """Whether a record shows what somebody typed; None: its system has no place for it."""
    found: Any = getattr(seen, edit.field)
    if found is None:
        return None
    return (edit.word[-9:] if edit.field == "phones" else edit.word).lower() in str(found).lower()
