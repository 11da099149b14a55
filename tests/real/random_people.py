"""Random people work in a real Tryton, Radicale and Xandikos while the hub syncs and is killed; then all must agree.

    python -m tests.real.random_people --rounds 20 --seed 1

Every round some people rename, add addresses, delete and enter customers, with plain requests of their own; then the
hub syncs in a process that may be killed with signal 9 at a random moment and is started again.  At the end the three
servers, read without the hub, must show the same customers, each word that somebody typed must be there or in the hub's
history, no customer may be there twice, and one more sync must write nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hub.bootstrap import App
from hub.config.read import read_config
from hub.demo.people_at_work import BookUser, ErpUser
from hub.demo.story import cache_folder
from hub.testing.servers import start_radicale, start_tryton, start_xandikos

HUB = (sys.executable, "-c", "from hub.cli.main import main; main()")
SYSTEMS = ("erp", "book", "other")
PEOPLE = 40
"""Enough that nobody is written so often in ten minutes that the hub might take it for a loop."""
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

[connections.other]
plugin = "carddav"
url = "{other.details[books][contacts]}"

[syncs.customers]
systems = ["erp", "book", "other"]
delete_any = ["erp", "book", "other"]

[syncs.customers.delete]
erp = "propagate"
book = "propagate"
other = "propagate"

[syncs.customers.guards]
delete = [1000, 1.0]
create = [1000, 1.0]
field_changed = 1.0
relink = 1.0
"""


class Office:
    """The people, what they typed lately, and their systems."""

    def __init__(self, folder: Path, stack: ExitStack, rng: random.Random) -> None:
        self.folder, self.rng, self.number = folder, rng, 0
        erp = stack.enter_context(start_tryton(folder / "erp", cache=cache_folder()))
        book = stack.enter_context(start_radicale(folder / "book", user="u", password="p", books=("book",)))
        other = stack.enter_context(start_xandikos(folder / "other"))
        for name, password in (("erp", erp.details["password"]), ("book", "p")):
            secret = folder / f"{name}.secret"
            secret.touch(mode=0o600)
            secret.write_text(str(password))
        (folder / "crmhub.toml").write_text(CONFIG.format(erp=erp, book=book, other=other))
        other.details |= {"user": "nobody", "password": "none"}
        self.erp = ErpUser(erp)
        self.books = {"book": BookUser(book), "other": BookUser(other, "contacts")}
        self.typed: dict[str, tuple[str, str, str]] = {}
        self.safe: set[str] = set()

    # what people do

    def word(self, *place: str) -> str:
        """A word that nobody typed before; what the same person overwrites before a sync is no loss."""
        self.number += 1
        word = f"Wort{self.number}"
        for old in [item for item, where in self.typed.items() if where == place]:
            del self.typed[old]
        self.typed[word] = (place[0], place[1], place[2])
        return word

    def act(self) -> None:
        system, deed = self.rng.choice(SYSTEMS), self.rng.random()
        records = self.parties() if system == "erp" else self.books[system].cards()
        if deed < 0.25 or not records:
            self.enter(system)
            return
        key = self.rng.choice(sorted(records))
        if deed < 0.33:
            self.delete(system, key)
        elif system == "erp":
            self.change_party(int(key), deed)
        else:
            self.change_card(system, key, records[key], deed)

    def parties(self) -> dict[str, dict[str, Any]]:
        return {str(item["id"]): item for item in self.erp.parties() if item["active"]}

    def enter(self, system: str) -> None:
        name = f"Person {self.word(system, 'new', str(self.number))}"
        mail = f"{name.split()[1].lower()}@x.example"
        if system == "erp":
            mechanisms = [["create", [{"type": "email", "value": mail}]]]
            self.erp.call("model.party.party.create", [{"name": name, "contact_mechanisms": mechanisms}])
            return
        card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{mail}\r\nFN:{name}\r\nN:{name};;;;\r\nEMAIL:{mail}\r\nEND:VCARD\r\n"
        self.books[system].put(f"{mail}.vcf", card)

    def delete(self, system: str, key: str) -> None:
        for word in [item for item, where in self.typed.items() if where[:2] == (system, key)]:
            del self.typed[word]  # the person who deletes has seen it
        if system == "erp":
            self.erp.delete(int(key))
        else:
            self.books[system].delete(key)

    def change_party(self, key: int, deed: float) -> None:
        if deed < 0.7:
            self.erp.rename(key, f"Person {self.word('erp', str(key), 'name')}")
        else:
            mail = f"{self.word('erp', str(key), str(self.number)).lower()}@x.example"
            values = {"party": key, "type": "email", "value": mail}
            self.erp.call("model.party.contact_mechanism.create", [values])

    def change_card(self, system: str, key: str, card: str, deed: float) -> None:
        lines = card.replace("\r\n ", "").replace("\n ", "").splitlines()
        if deed < 0.7:
            name = f"Person {self.word(system, key, 'name')}"
            lines = [f"FN:{name}" if line.startswith("FN") else line for line in lines]
            lines = [f"N:{name};;;;" if line.startswith(("N:", "N;")) else line for line in lines]
        else:
            mail = f"{self.word(system, key, str(self.number)).lower()}@x.example"
            lines.insert(-1, f"EMAIL:{mail}")
        self.books[system].put(key, "\r\n".join(line for line in lines if line) + "\r\n")

    # what they see

    def shown(self) -> dict[str, Counter[tuple[str, tuple[str, ...]]]]:
        """Name and e-mails of everybody, by system."""
        found = {
            "erp": Counter(
                (item["name"], _mails(row["value"] for row in item["contact_mechanisms."] if row["type"] == "email"))
                for item in self.parties().values()
            )
        }
        for name, user in self.books.items():
            found[name] = Counter(map(_card, user.cards().values()))
        return found


def _mails(values: Any) -> tuple[str, ...]:
    return tuple(sorted(value.strip().lower() for value in values))


def _card(text: str) -> tuple[str, tuple[str, ...]]:
    lines = text.replace("\r\n ", "").replace("\n ", "").splitlines()
    name = next((line.split(":", 1)[1] for line in lines if line.upper().startswith("FN")), "")
    return name, _mails(line.split(":", 1)[1] for line in lines if line.upper().startswith("EMAIL"))


class Hub:
    """The hub in processes of its own."""

    def __init__(self, folder: Path) -> None:
        self.base = [*HUB, "--config", str(folder / "crmhub.toml")]
        self.folder = folder

    def run(self, *words: str) -> dict[str, Any]:
        done = subprocess.run([*self.base, *words, "--json"], capture_output=True, text=True, timeout=600)
        assert "Traceback" not in done.stderr, done.stderr[-3000:]
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def approve(self) -> dict[str, Any]:
        matched = self.run("match", "customers")
        assert matched["result"], matched
        plan = matched["result"]["customers"]["plan"]
        return self.run("sync", "customers", "--approve", plan["approval"])

    def killed(self, seconds: float) -> bool:
        """Start a sync and kill it after that many seconds; False if it had ended before."""
        process = subprocess.Popen(
            [*self.base, "sync", "customers"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(seconds)
            return False
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True

    def remembered(self) -> tuple[str, list[str]]:
        """Everything in the hub's history as one text, and what waits for a person."""
        with App(read_config(self.folder / "crmhub.toml")) as app:
            parts = []
            with app.store.db.transaction() as connection:
                gids = [row.gid for row in connection.exec_driver_sql("SELECT gid FROM golden").all()]
            for gid, golden in app.store.records.goldens(gids).items():
                parts.append(str(golden.to_json()))
                parts += [str((row["old"], row["new"])) for row in app.store.history.changes(gid)]
            parts += [str((row["winner"], row["loser"])) for row in app.store.history.ledger(limit=100_000)]
            waiting = [f"review: {item.reason}" for item in app.store.history.reviews()]
            waiting += [f"{item.system} {item.code}: {item.message}" for item in app.store.work.quarantined()]
            return " ".join(parts).lower(), waiting


def writes(summary: dict[str, Any]) -> int:
    return sum(c["created"] + c["updated"] + c["deleted"] for c in summary["counts"]["customers"].values())


def judge(office: Office, hub: Hub, last: dict[str, Any]) -> list[str]:
    """What is wrong, one line each."""
    wrong = [f"a sync without edits wrote {writes(last)}"] if writes(last) else []
    accounts = last["result"]["customers"]["accounts"]
    wrong += [f"not accounted for: {item}" for item in accounts if not item["ok"]]
    shown, (history, waiting) = office.shown(), hub.remembered()
    everywhere = " ".join(map(str, shown.values())).lower()
    for word, place in office.typed.items():
        if word.lower() not in everywhere and word.lower() not in history:
            wrong.append(f"{word}, typed in {place}, is lost")
    for system, found in shown.items():
        wrong += [f"{system}: {name} is there {count} times" for name, count in found.items() if count > 1]
        if not waiting:
            wrong += [f"{system} lacks {item}" for item in (shown["erp"] - found)]
            wrong += [f"only {system} has {item}" for item in (found - shown["erp"])]
    return wrong + [f"unexpected: {item}" for item in waiting]


def main(rounds: int, seed: int) -> int:
    rng, began, kills = random.Random(seed), time.monotonic(), 0
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        office = Office(Path(made), stack, rng)
        hub = Hub(Path(made))
        for _ in range(PEOPLE):
            office.enter(rng.choice(SYSTEMS))
        hub.approve()
        for _ in range(rounds):
            for _ in range(rng.randint(1, 5)):
                office.act()
            while rng.random() < 0.5:
                kills += hub.killed(rng.uniform(0.5, 2.5))
                if rng.random() < 0.5:
                    office.act()
            hub.run("sync", "customers")
        for _ in range(6):
            last = hub.run("sync", "customers")
            if not writes(last):
                break
        last = hub.run("sync", "customers")
        wrong = judge(office, hub, last)
        people = {name: sum(found.values()) for name, found in office.shown().items()}
    summary = {"rounds": rounds, "words": office.number, "kills": kills, "people": people, "wrong": len(wrong)}
    for line in wrong[:30]:
        print(line)
    print(json.dumps(summary | {"seconds": round(time.monotonic() - began)}))
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sys.exit(main(arguments.rounds, arguments.seed))
