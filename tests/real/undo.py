"""Runs are undone on a real Tryton and Radicale: both are as before, byte for byte in what is mapped.

    python -m tests.real.undo --people 60 --rounds 8 --seed 1

People enter customers, spelled as people spell; the hub makes the first sync, which is undone and redone.  Then, in every
round, people rename, call differently, move, add, remove, enter and delete; the hub syncs; the run is undone and undone
again; in every second round somebody edits between the sync and the undo.  The systems are read without the hub: after an
undo each record is as it was before the run, except what was edited in between, which is as it was typed; and a sync
after it writes nothing for what was undone.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hub.demo.people_at_work import BookUser, ErpUser
from hub.demo.story import cache_folder
from hub.testing.servers import start_radicale, start_tryton
from tests.real.random_people import Hub

CONFIG = """
[hub]
region = "DE"

[connections.erp]
plugin = "tryton"
url = "{erp.url}"
database = "{erp.details[database]}"
user = "{erp.details[user]}"
password = {{ file = "erp.secret" }}

[connections.book]
plugin = "carddav"
url = "{book.details[books][book]}"
user = "u"
password = {{ file = "book.secret" }}

[syncs.customers]
systems = ["erp", "book"]
delete_any = ["erp", "book"]

[syncs.customers.delete]
erp = "propagate"
book = "propagate"

[syncs.customers.guards]
delete = [1000, 1.0]
create = [1000, 1.0]
field_changed = 1.0
field_blanked = [1000, 1.0]
relink = 1.0
"""

PARTY = (
    *("name", "active", "lang.code", "contact_mechanisms.type", "contact_mechanisms.value", "contact_mechanisms.name"),
    *("addresses.street", "addresses.postal_code", "addresses.city", "addresses.party_name", "addresses.country.code"),
    *("identifiers.type", "identifiers.code"),
)
"""What of a party is mapped.  The ids of rows are left out: a row that comes back gets a new one."""

NOT_SHOWN = ("REV", "PRODID", "X-CRMHUB-ID")
"""Properties of a card that say nothing about the person (a card that is made again gets another file name, too)."""

Shown = dict[str, str]
"""What a system shows: who it is ("erp 12", "book x.vcf") -> everything mapped, as one text."""


class Office:
    """The people of two systems; every word that they type is a new one."""

    def __init__(self, folder: Path, stack: ExitStack, rng: random.Random) -> None:
        self.rng, self.number = rng, 0
        erp = stack.enter_context(start_tryton(folder / "erp", cache=cache_folder()))
        book = stack.enter_context(start_radicale(folder / "book", user="u", password="p", books=("book",)))
        for name, password in (("erp", erp.details["password"]), ("book", "p")):
            secret = folder / f"{name}.secret"
            secret.touch(mode=0o600)
            secret.write_text(str(password))
        (folder / "crmhub.toml").write_text(CONFIG.format(erp=erp, book=book))
        self.erp, self.book = ErpUser(erp), BookUser(book)

    def word(self) -> str:
        self.number += 1
        return f"Wort{self.number}"

    # what they do

    def enter(self) -> None:
        """A customer in one system or in both, where each spells in its own way."""
        word, where = self.word(), self.rng.choice(("erp", "book", "both", "both"))
        mail = f"{word.lower()}@x.example"
        phone = f"30 {self.rng.randrange(10**6, 10**7)}"
        if where != "book":
            rows = [{"type": "email", "value": mail}, {"type": "phone", "value": f"+49 {phone}"}]
            values = {"name": f"Person {word}", "contact_mechanisms": [["create", rows]]}
            if self.rng.random() < 0.5:
                values["addresses"] = [
                    ["create", [{"street": f"{word}weg 1", "postal_code": "10115", "city": "Berlin"}]]
                ]
            self.erp.call("model.party.party.create", [values])
        if where != "erp":
            lines = [f"FN:Person {word}", f"N:{word};Person;;;", f"EMAIL;TYPE=WORK:{mail.upper()}"]
            if self.rng.random() < 0.6:
                lines.append(f"TEL;TYPE=VOICE:0{phone.replace(' ', '/')}")
            if self.rng.random() < 0.4:
                lines.append(f"NOTE:likes {self.word()}")
            if self.rng.random() < 0.4:
                lines.append(f"ADR;TYPE=HOME:;;{word}gasse 7;Wien;;1010;Austria")
            lines.append("X-FAVOURITE-COLOUR:red")
            card = "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", f"UID:{mail}", *lines, "END:VCARD", ""])
            self.book.put(f"{mail}.vcf", card)

    def act(self, spared: frozenset[str] = frozenset()) -> str:
        """One deed; returns whom it concerned."""
        if self.rng.random() < 0.12 and not spared:
            self.enter()
            return ""
        chosen = self.rng.choice(sorted(set(self.look()) - spared))
        system, _, key = chosen.partition(" ")
        (self._at_party if system == "erp" else self._at_card)(key)
        return chosen

    def _at_party(self, key: str) -> None:
        deed, party = self.rng.random(), int(key)
        mechanisms = self.erp.call(
            "model.party.contact_mechanism.search_read", [["party", "=", party]], 0, None, None, ["type", "value"]
        )
        if deed < 0.3:
            self.erp.rename(party, f"Person {self.word()}")
        elif deed < 0.5 and mechanisms:
            row = self.rng.choice(mechanisms)
            value = f"{self.word().lower()}@x.example" if row["type"] == "email" else f"+49 40 {self._number()}"
            self.erp.call("model.party.contact_mechanism.write", [row["id"]], {"value": value})
        elif deed < 0.65 and len(mechanisms) > 1:
            self.erp.call("model.party.contact_mechanism.delete", [self.rng.choice(mechanisms)["id"]])
        elif deed < 0.8:
            self.erp.add_phone(party, f"+49 89 {self._number()}")
        elif deed < 0.92:
            values = {"party": party, "street": f"{self.word()}allee 3", "postal_code": "80331", "city": "München"}
            self.erp.call("model.party.address.create", [values])
        else:
            self.erp.delete(party)

    def _at_card(self, name: str) -> None:
        deed, lines = self.rng.random(), _unfolded(self.book.read(name))
        phones = [line for line in lines if line.startswith("TEL")]
        if deed < 0.25:
            word = self.word()
            lines = [f"FN:Person {word}" if line.startswith("FN") else line for line in lines]
            lines = [f"N:{word};Person;;;" if line.startswith(("N:", "N;")) else line for line in lines]
        elif deed < 0.45:
            kept = [line for line in lines if not line.startswith("NOTE")]
            lines = [*kept[:-1], f"NOTE:likes {self.word()}", kept[-1]] if self.rng.random() < 0.8 else kept
        elif deed < 0.6:
            lines.insert(-1, f"TEL;TYPE=CELL:0171/{self._number()}")
        elif deed < 0.75 and phones:
            lines.remove(self.rng.choice(phones))
        elif deed < 0.92:
            lines.insert(-1, f"EMAIL;TYPE=HOME:{self.word()}@X.Example")
        else:
            self.book.delete(name)
            return
        self.book.put(name, "\r\n".join([*lines, ""]))

    def _number(self) -> int:
        return self.rng.randrange(10**6, 10**7)

    # what they see

    def look(self) -> Shown:
        """Every record of both systems, read without the hub."""
        found = {}
        search = [["active", "in", [True, False]]]
        for item in self.erp.call("model.party.party.search_read", search, 0, None, [["id", "ASC"]], list(PARTY)):
            item["active"] = bool(item["active"])
            item["contact_mechanisms."].sort(key=lambda row: row["type"])  # the order counts within a kind
            found[f"erp {item['id']}"] = json.dumps(_without_ids(item), ensure_ascii=False, sort_keys=True)
        for name, card in self.book.cards().items():
            lines = [_mapped(line) for line in _unfolded(card) if not line.upper().startswith(NOT_SHOWN)]
            found[f"book {name}"] = "\n".join(sorted(lines))  # in which line something stands says nothing
        return found


def _name_of(text: str) -> str:
    """The name that a record shows."""
    if text.startswith("{"):
        return str(json.loads(text)["name"])
    return next((line for line in text.splitlines() if line.startswith("FN")), "")


def _unfolded(card: str) -> list[str]:
    return [line for line in card.replace("\r\n ", "").replace("\n ", "").splitlines() if line]


def _mapped(line: str) -> str:
    """A line of a card without the types that are not mapped: a row that the run had removed comes back without them."""
    name, colon, value = line.partition(":")
    for types in re.findall(r";TYPE=([^;:]*)", name):
        kept = ",".join(item for item in types.split(",") if item.upper() not in ("VOICE", "INTERNET"))
        name = name.replace(f";TYPE={types}", f";TYPE={kept}" if kept else "")
    return name + colon + value


def _without_ids(value: Any) -> Any:
    """A record of Tryton without the ids of rows and without the hub's own key."""
    if isinstance(value, Mapping):
        return {
            key: _without_ids(item)
            for key, item in value.items()
            if key != "id" and (isinstance(item, bool) or not isinstance(item, int))
        }
    if isinstance(value, list):
        rows = [_without_ids(item) for item in value if not isinstance(item, int)]
        return [row for row in rows if not str(row.get("code", "")).startswith("crmhub:")]
    return value


def differences(before: Shown, now: Shown, spared: frozenset[str] = frozenset()) -> list[str]:
    """What is not as before, one line each; records that were made again are found by what they show."""
    left = {key: text for key, text in before.items() if key not in spared and now.get(key) != text}
    more = {key: text for key, text in now.items() if key not in spared and before.get(key) != text}
    wrong = []
    for key, text in left.items():
        system = key.split(" ")[0]
        twin = next(
            (k for k, t in more.items() if k.startswith(system) and k not in before and _made(t) == _made(text)), None
        )
        if twin is not None:
            del more[twin]
        else:
            wrong.append(f"{key} was\n    {text}\n  is\n    {now.get(key)}")
            more.pop(key, None)
    return wrong + [f"{key} is new: {text}" for key, text in more.items()]


def _made(text: str) -> str:
    """What a record shows, whatever the order of its lines and its own name: made again, it is another file."""
    return "\n".join(
        sorted(line for line in text.splitlines() if not line.startswith(("UID", "VERSION", "X-FAVOURITE")))
    )


class Play:
    """One office with its hub; what is wrong is collected."""

    def __init__(self, folder: Path, stack: ExitStack, people: int, seed: int) -> None:
        self.rng = random.Random(seed)
        self.office, self.hub = Office(folder, stack, self.rng), Hub(folder)
        self.wrong: list[str] = []
        self._touched: frozenset[str] = frozenset()
        self._typed_between: set[str] = set()
        self.counts = {"writes": 0, "reversed": 0, "kept": 0, "cannot": 0}
        for _ in range(people):
            self.office.enter()

    def sync(self, *words: str) -> str:
        summary = self.hub.run("sync", "customers", *words)
        counts = summary["counts"]["customers"].values()
        self.counts["writes"] += sum(c["created"] + c["updated"] + c["deleted"] for c in counts)
        return str(summary["run_id"])

    def undo(self, run: str) -> dict[str, Any]:
        shown = self.hub.run("runs", "undo", run)
        summary = self.hub.run("runs", "undo", run, "--approve", str(shown["result"]["hash"]), "--show-pii")
        for name in ("reversed", "kept", "cannot"):
            self.counts[name] += summary["counts"][name]
        return summary

    def expect(self, what: str, before: Shown, spared: frozenset[str] = frozenset()) -> None:
        self.wrong += [f"{what}: {line}" for line in differences(before, self.office.look(), spared)]

    def first_sync(self) -> None:
        before = self.office.look()
        matched = self.hub.run("match", "customers")["result"]["customers"]["plan"]
        run = self.sync("--approve", matched["approval"])
        after = self.office.look()
        undone = self.undo(run)
        self.expect("first sync undone", before)
        self.sync()
        self.expect("a sync after that", before)
        self.undo(str(undone["run_id"]))
        self.expect("the undo undone", after)
        self.sync()

    def round(self, number: int) -> None:
        self._touched, self._typed_between = frozenset(), set()
        for _ in range(self.rng.randint(2, 6)):
            self.office.act()
        if number % 2:  # somebody is renamed, so that the hub renames them in the other system
            parties = [key for key in self.office.look() if key.startswith("erp ")]
            self.office.erp.rename(int(self.rng.choice(parties).split()[1]), f"Person {self.office.word()}")
        before = self.office.look()
        run = self.sync()
        edited = frozenset[str]()
        if number % 2:
            for _ in range(self.rng.randint(1, 2)):
                self._between(before)
            edited = self._touched
        typed = {key: text for key, text in self.office.look().items() if key in edited}
        summary = self.undo(run)
        self.wrong += [f"round {number}: cannot {item}" for item in summary["result"]["cannot"]]
        self.expect(f"round {number}, undone", before, edited)
        now = self.office.look()
        for key in edited:
            words = set(self._words(typed.get(key, ""))) - set(self._words(before.get(key, "")))
            fresh = words & self._typed_between
            if missing := fresh - set(self._words(now.get(key, ""))):
                self.wrong.append(f"round {number}: {key} lost {sorted(missing)}, typed between the sync and the undo")
        if not edited:
            self.sync()
            self.expect(f"round {number}, a sync after the undo", before)
            again = self.hub.run("runs", "undo", run)
            self.wrong += [f"round {number}: still to undo {item}" for item in again["result"]["reversed"]]
            self.undo(str(summary["run_id"]))
        self.sync()
        self.sync()

    def _between(self, before: Shown) -> None:
        """Somebody edits between the sync and the undo: renames a person in one system, if possible one whom the run has
        just renamed there."""
        shown = self.office.look()
        written = [key for key in shown if key in before and shown[key] != before[key]]
        renamed = [key for key in written if _name_of(shown[key]) != _name_of(before[key])]
        key = self.rng.choice(sorted(renamed or written or shown))
        system, _, id_ = key.partition(" ")
        word = self.office.word()
        self._typed_between.add(word)
        if system == "erp":
            self.office.erp.rename(int(id_), f"Person {word}")
        else:
            lines = _unfolded(self.office.book.read(id_))
            lines = [f"FN:Person {word}" if line.startswith("FN") else line for line in lines]
            lines = [f"N:{word};Person;;;" if line.startswith(("N:", "N;")) else line for line in lines]
            self.office.book.put(id_, "\r\n".join([*lines, ""]))
        self._touched |= {key}

    @staticmethod
    def _words(text: str) -> list[str]:
        return text.replace(";", " ").replace('"', " ").replace(":", " ").replace(",", " ").split()


def main(people: int, rounds: int, seed: int) -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crmhub-undo-") as made, ExitStack() as stack:
        play = Play(Path(made), stack, people, seed)
        play.first_sync()
        for number in range(rounds):
            play.round(number)
        records = len(play.office.look())
    for line in play.wrong[:30]:
        print(line)
    summary = {"rounds": rounds, "records": records, **play.counts, "wrong": len(play.wrong)}
    print(json.dumps(summary | {"seconds": round(time.monotonic() - began)}))
    return 1 if play.wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sys.exit(main(arguments.people, arguments.rounds, arguments.seed))
