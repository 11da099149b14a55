"""The users of the simulated systems: they edit, create, delete, take back and merge records at any moment."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from hub.testing.memory import Document
from hub.testing.simulation.lineage import Lineage

if TYPE_CHECKING:
    from hub.testing.simulation.remote import SimulatedServer
    from hub.testing.simulation.world import World

LABELS = ("work", "home", None)
STREETS = ("Hauptstr. 1", "Marktplatz 7", "Am Ring 12")


class Users:
    """Acts by the world's random numbers and notes in the lineage what was typed by whom, having seen what."""

    def __init__(self, world: World, lineage: Lineage, random: Random) -> None:
        self.world, self.lineage, self.random = world, lineage, random

    def act(self, server: SimulatedServer | None = None) -> None:
        """One user does one thing on one system."""
        random = self.random
        server = server or random.choice(list(self.world.servers.values()))
        ids = list(server.alive())
        self.world.now += random.choice([0.2, 1.0, 5.0, 70.0])
        deed = random.random()
        if not ids or (deed < 0.08 and len(ids) < 7):
            self.create(server)
        elif deed < 0.12:
            self.delete(server, random.choice(ids))
        elif deed < 0.15:
            self.undelete(server)
        elif deed < 0.18 and len(ids) > 1:
            self.merge(server, *random.sample(ids, 2))
        else:
            self.edit(server, random.choice(ids))

    # whole records

    def create(self, server: SimulatedServer, email: str | None = None, name: str | None = None) -> str:
        data: Document = {"name": name or f"{self.lineage.token()} Person", "x_frame": self._frame()}
        data["owner"] = f"{self.lineage.token()} owner"
        self._set_email(server, data, email or self._email())
        if self.random.random() < 0.5:
            data["notes"] = self._note()
        if server.profile.address != "none" and self.random.random() < 0.6:
            self._address(server, data)
        id_ = server.add(data)
        self.lineage.edits += 1
        self._say(server, id_, "creates", data)
        return id_

    def delete(self, server: SimulatedServer, id_: str) -> None:
        self.lineage.removed(server.records[id_].data)
        server.remove(id_)
        server.touched.add(id_)
        self._say(server, id_, "deletes", {})

    def undelete(self, server: SimulatedServer) -> None:
        gone = [id_ for id_, record in server.records.items() if record.deleted and record.merged_into is None]
        if gone:
            id_ = self.random.choice(gone)
            server.undelete(id_)
            server.returned[id_] = self.world.runs
            self.lineage.edits += 1
            server.touched.add(id_)
            self._say(server, id_, "takes back", server.records[id_].data)

    def merge(self, server: SimulatedServer, away: str, into: str) -> None:
        """Two records become one; what the survivor keeps of the other is the user's choice."""
        lost, kept = server.records[away].data, server.records[into].data
        self.lineage.removed(lost)
        if self.random.random() < 0.4 and lost.get("notes"):
            before = copy.deepcopy(kept)
            server.edit(into, notes=lost["notes"])
            self.lineage.edited(f"{server.profile.name}/{into}", before, server.records[into].data)
        server.remove(away, merged_into=into)
        server.touched.update((away, into))
        self._say(server, away, f"merges into {into}", {})

    # fields

    def edit(self, server: SimulatedServer, id_: str) -> None:
        profile = server.profile
        deeds: list[Callable[[SimulatedServer, Document], None]] = [self._name, self._notes, self._unmapped]
        deeds += [self._emails] * 4 if profile.emails != "no_emails" else []
        deeds += [self._address] * 2 if profile.address != "none" else []
        deeds += [self._title] if profile.has("title") else []
        deeds += [self._tier] if profile.has("tier") else []
        deeds += [self._company] if profile.has("company") else []
        deeds += [self._consent] if profile.has("consent") else []
        self.change(server, id_, self.random.choice(deeds))

    def change(self, server: SimulatedServer, id_: str, deed: Callable[[SimulatedServer, Document], None]) -> None:
        """Let one user do one deed to one record."""
        before = copy.deepcopy(server.records[id_].data)
        server.missed = self._missed(server, deed)
        server.edit(id_, lambda data: deed(server, data))
        server.missed = False
        after = server.records[id_].data
        self.lineage.edited(f"{server.profile.name}/{id_}", before, after)
        server.touched.add(id_)
        changed = {key: after.get(key) for key in {*before, *after} if before.get(key) != after.get(key)}
        self._say(server, id_, "edits", dict(sorted(changed.items())))

    def _missed(self, server: SimulatedServer, deed: object) -> bool:
        """Whether the change feed will not show this edit."""
        hidden = server.profile.has("hidden_parts") and deed in (self._emails, self._address)
        return hidden or (server.profile.has("late") and self.random.random() < 0.3)

    def rename(self, server: SimulatedServer, data: Document) -> None:
        """A plain edit that every system can hold."""
        self._name(server, data)

    def write_note(self, server: SimulatedServer, data: Document) -> None:
        """Another note."""
        data["notes"] = self._note()

    def reuse(self, server: SimulatedServer) -> None:
        """A new customer gets the id of a deleted one."""
        gone = [id_ for id_, record in server.records.items() if record.deleted]
        if gone:
            id_ = self.random.choice(gone)
            data: Document = {"name": f"{self.lineage.token()} Person", "x_frame": self._frame()}
            self._set_email(server, data, self._email())
            self.lineage.edited(f"{server.profile.name}/{id_}", server.records[id_].data, data)  # for the hub, an edit
            server.reuse(id_, data)
            self._say(server, id_, "reuses the id", data)

    def _name(self, server: SimulatedServer, data: Document) -> None:
        data["name"] = f"{self.lineage.token()} Person"

    def _note(self) -> str:
        return f"{self.lineage.token()} likes {self.random.choice(['tea', 'coffee', 'long walks on the beach'])}"

    def _notes(self, server: SimulatedServer, data: Document) -> None:
        data["notes"] = self._note() if self.random.random() < 0.75 else None

    def _frame(self) -> str:
        return f"{self.lineage.token()} unmapped \t\u00e9 "

    def _unmapped(self, server: SimulatedServer, data: Document) -> None:
        data["x_frame"] = self._frame()

    def _title(self, server: SimulatedServer, data: Document) -> None:
        poison = " poison" if self.random.random() < 0.05 and server.profile.name != "A" else ""
        data["title"] = f"{self.lineage.token()} title{poison}" if self.random.random() < 0.8 else None

    def _tier(self, server: SimulatedServer, data: Document) -> None:
        data["tier"] = self.random.choice(["A", "B", None, f"{self.lineage.token()} unknown"])

    def _company(self, server: SimulatedServer, data: Document) -> None:
        data["company_id"] = self.random.choice([*server.alive(), None])

    def _consent(self, server: SimulatedServer, data: Document) -> None:
        """A refusal, or a grant with or without evidence."""
        now = self.world.now
        choice = self.random.random()
        if choice < 0.45:
            data.update(optin="no", optin_at=None, optin_by=None)
            self.lineage.refusals.append((now, server.profile.name))
        elif choice < 0.6:
            data.update(optin="yes", optin_at=None, optin_by=None)
        else:
            at = now - self.random.choice([0.0, 0.0, 100_000.0])
            data.update(optin="yes", optin_at=_iso(at), optin_by="web form")
            self.lineage.grants.append((at, server.profile.name))

    def _address(self, server: SimulatedServer, data: Document) -> None:
        if server.profile.address == "address_list":
            rows = data.setdefault("addresses", [])
            if not rows or self.random.random() < 0.25:
                rows.append(self._place())
                return
            row = self.random.choice(rows)
            if self.random.random() < 0.15:
                rows.remove(row)
                return
        else:
            row = data
            if not row.get("street") and self.random.random() < 0.3:
                row.update(self._place())
                return
        member = self.random.choice(["street", "city", "street", "district", "to"])
        if member == "to" and server.profile.address != "short_address":
            row["to"] = f"{self.lineage.token()} Berg" if self.random.random() < 0.7 else None
        elif member == "district" and server.profile.address == "full_address":
            row["district"] = f"{self.lineage.token()} district"
        elif member == "city":
            row["city"] = self._city()
        else:
            row["street"] = self._street()

    def _place(self) -> Document:
        """A whole address: a new one, or one that stands somewhere already; with or without a recipient."""
        known = [
            row
            for server in self.world.servers.values()
            for item in server.alive().values()
            for row in (*item.get("addresses", ()), item)
            if row.get("street") and row.get("city")
        ]
        if known and self.random.random() < 0.4:
            copied = self.random.choice(known)
            place = {"street": copied["street"], "city": copied["city"], "zip": copied.get("zip")}
        else:
            place = {"street": self._street(), "city": self._city(), "zip": "1010"}
        if self.random.random() < 0.4:
            place["to"] = f"{self.lineage.token()} Berg"
        return place

    def _street(self) -> str:
        return f"{self.lineage.token()} {self.random.choice(STREETS)}"

    def _city(self) -> str:
        return f"{self.lineage.token()} City"

    # e-mail addresses

    def _email(self) -> str:
        return f"{self.lineage.token()}@x.example"

    def _known(self, server: SimulatedServer, data: Document) -> str:
        """An address that the customer has already, in this system or elsewhere."""
        found = sorted(set(_all_emails(data)))
        return self.random.choice(found) if found else self._email()

    def _set_email(self, server: SimulatedServer, data: Document, value: str) -> None:
        shape = server.profile.emails
        if shape in ("list", "plain_list"):
            data.setdefault("emails", []).append({"value": value, "_frame": self._frame()})
        elif shape in ("one_slot", "two_slots"):
            data["email"] = value
        elif shape == "label_slots":
            data[self.random.choice(["work", "home"])] = value

    def _emails(self, server: SimulatedServer, data: Document) -> None:
        shape = server.profile.emails
        if shape in ("list", "plain_list"):
            self._in_list(data.setdefault("emails", []), server.profile.most_emails)
        else:
            self._in_slots(data, {"one_slot": ["email"], "two_slots": ["email", "email2"]}.get(shape, ["work", "home"]))

    def _in_list(self, rows: list[Document], most: int | None) -> None:
        deed = self.random.random()
        if not rows or (deed < 0.3 and (most is None or len(rows) < most)):
            rows.append({"value": self._email(), "label": self.random.choice(LABELS), "_frame": self._frame()})
            return
        row = self.random.choice(rows)
        if deed < 0.6:
            row["value"] = self._email()
        elif deed < 0.75:
            rows.remove(row)
        elif deed < 0.9:
            row["label"] = self.random.choice(LABELS)
        else:
            for item in rows:
                item["pref"] = item is row

    def _in_slots(self, data: Document, slots: list[str]) -> None:
        slot = self.random.choice(slots)
        deed = self.random.random()
        if deed < 0.6:
            data[slot] = self._email()
        elif deed < 0.8:
            data[slot] = None
        elif len(slots) > 1:
            a, b = slots
            data[a], data[b] = data.get(b), data.get(a)

    def _say(self, server: SimulatedServer, id_: str, deed: str, values: Document) -> None:
        self.world.say(f"user of {server.profile.name}", f"{deed} {id_}", str(values))


def _iso(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).isoformat()


def _all_emails(data: Document) -> list[str]:
    rows = [row.get("value") for row in data.get("emails") or []]
    return [item for item in [*rows, *(data.get(slot) for slot in ("email", "email2", "work", "home"))] if item]
