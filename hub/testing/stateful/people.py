"""People who work in both systems: what they type is like nothing else, so that it can be found again or missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from hub.contract.records import Capabilities
from hub.testing.kit.bench import Bench
from hub.testing.memory import Document, MemoryServer
from hub.testing.stateful.fellow import SYSTEM, Shape, column, texts_of

FIRST = 1000
"""The number of the first record: all have equally many digits, so that none is part of another."""
PAUSE = 3.0
"""Seconds: longer than the grain of any time stamp, within which nobody can tell two edits apart."""
_DRESS = ("{}", "{}", "{}", "Ü {} ß", "李 {}", "a, b; {}", '"{}" \\ x', "<i>{}</i> & co", "O'{}", "{} 🙂", "=1+{}")


@dataclass(slots=True)
class Typed:
    """Words that must not be lost.  places: (system, id, field) -> word."""

    places: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def add(self, place: tuple[str, str, str], word: str) -> None:
        """Who types over a word has seen it: only the new one must not be lost."""
        self.places[place] = word

    def forget(self, place: tuple[str, ...]) -> None:
        """Somebody who saw these words took them away."""
        for at in [at for at in self.places if at[: len(place)] == place]:
            del self.places[at]


@dataclass(slots=True)
class People:
    """Everybody.

    system: the name of the connector's system;  two_way: whether its text field can be written by the hub.
    document: the bench's record of a number as the system in memory has it;  seen: the same for a record that is there.
    """

    system: str
    bench: Bench
    server: MemoryServer
    shape: Shape
    able: Capabilities
    two_way: bool
    document: Callable[[int], Document]
    seen: Callable[[str], Document]
    random: Random
    say: Callable[[str, str], None]
    typed: Typed = field(default_factory=Typed)
    deeds: Counter[str] = field(default_factory=Counter)
    number: int = FIRST
    words: int = 0

    def act(self) -> None:
        """Somebody does something in one of the systems, some seconds after the last thing that happened."""
        self.bench.later(PAUSE)
        (self._in_the_system if self.random.random() < 0.5 else self._in_memory)()

    def enter_twice(self) -> None:
        """The same customer in both systems, with the same e-mail address, before the hub knows them."""
        self.number += 1
        theirs = self.bench.person_creates(self.number)
        self._entered(self.system, theirs, self.bench.person_sees()[theirs])
        self.say(SYSTEM, f"has {self.server.add(self.seen(theirs))}, too")

    def enter(self, system: str) -> None:
        """A new customer."""
        self.number += 1
        if system == self.system:
            id_ = self.bench.person_creates(self.number)
            self._entered(system, id_, self.bench.person_sees()[id_])
        else:
            document = self.document(self.number)
            id_ = self.server.add(document)
            self._entered(system, id_, str(document[column(self.shape.text)]))
            for name in self.shape.columns:
                if name != self.shape.text and document.get(column(name)):
                    self.typed.add((system, id_, name), document[column(name)])
            for row in document.get("emails") or ():
                self.typed.add((system, id_, row["value"]), row["value"])

    def _entered(self, system: str, id_: str, text: str) -> None:
        self.deeds["entered"] += 1
        self.typed.add((system, id_, "text"), text)
        self.say(system, f"has a new {id_}: {text}")

    def _in_the_system(self) -> None:
        there, deed = sorted(self.bench.person_sees()), self.random.random()
        if deed < 0.25 or not there:
            self.enter(self.system)
            return
        id_ = self.random.choice(there)
        if deed < 0.4 and self.able.deletes != "none":
            self.deeds["deleted"] += 1
            self.typed.forget((self.system, id_))
            self.bench.person_deletes(id_)
            self.say(self.system, f"loses {id_}")
            return
        text = self._text()
        self.typed.add((self.system, id_, "text"), self.bench.held(text))
        self.bench.person_writes(id_, text)
        self.deeds["edited"] += 1
        self.say(self.system, f"{id_} is now {text}")

    def _in_memory(self) -> None:
        there, deed = sorted(texts_of(self.server, self.shape)), self.random.random()
        if "create" in self.able.writes and (deed < 0.25 or not there):
            self.enter(SYSTEM)
        elif there and deed < 0.4 and "delete" in self.able.writes:
            id_ = self.random.choice(there)
            self.deeds["deleted"] += 1
            self.typed.forget((SYSTEM, id_))
            self.server.remove(id_)
            self.say(SYSTEM, f"loses {id_}")
        elif there and "update" in self.able.writes:
            self._edit(self.random.choice(there))

    def _edit(self, id_: str) -> None:
        self.deeds["edited"] += 1
        if self.shape.emails and self.random.random() < 0.15:
            self.words += 1
            mail = f"q{self.words}q@x.example"
            self.server.edit(id_, lambda data: data.setdefault("emails", []).append({"value": mail}))
            self.typed.add((SYSTEM, id_, mail), mail)
            self.say(SYSTEM, f"{id_} has {mail}, too")
            return
        others = [name for name in self.shape.columns if name != self.shape.text]
        name = self.random.choice(others) if others and self.random.random() < 0.3 else self.shape.text
        if name == self.shape.text and not self.two_way:
            return
        text, place = self._text(), "text" if name == self.shape.text else name
        self.typed.add((SYSTEM, id_, place), text)
        self.server.edit(id_, lambda data: data.update({column(name): text}))
        self.say(SYSTEM, f"{id_} has the {name} {text}")

    def _text(self) -> str:
        self.words += 1
        return self.random.choice(_DRESS).format(f"q{self.words}q")
