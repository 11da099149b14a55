"""kill -9 a syncing process at random moments, against real servers, and compare with an uninterrupted twin.

    python -m tests.real.kill --kills 100 --customers 120

Two worlds with the same made-up customers and the same edits by people: in one every sync is one run, in the other the
syncing process is killed again and again and simply started anew.  Afterwards the records of all systems, read
without the hub, must be the same, nothing doubled, and one more sync must write nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from hub.demo.people import Customer
from hub.demo.story import World, world

HUB = (sys.executable, "-c", "from hub.cli.main import main; main()")


class Side:
    """One world with a hub in processes of its own."""

    def __init__(self, made: World) -> None:
        self.made = made
        self.made.app.close()

    def command(self, *words: str) -> list[str]:
        return [*HUB, "--config", str(self.made.folder / "crmhub.toml"), *words]

    def run(self, *words: str) -> dict[str, Any]:
        """One command to its end; its JSON summary."""
        done = subprocess.run(self.command(*words, "--json"), capture_output=True, text=True, timeout=600)
        lines = done.stdout.strip().splitlines()
        assert lines, f"{words}: exit {done.returncode}: {done.stderr[-2000:]}"
        return dict(json.loads(lines[-1]))

    def approval(self) -> str:
        return str(self.run("match", "customers")["result"]["customers"]["plan"]["approval"])

    def words(self) -> tuple[str, ...]:
        """The sync, with an approval as long as none has been recorded."""
        database = next((self.made.folder / "crmhub-data").glob("*.db"), None)
        if database is not None:
            with closing(sqlite3.connect(database)) as connection:
                if connection.execute("SELECT 1 FROM meta WHERE key = 'approved:customers'").fetchone():
                    return ("sync", "customers")
        return ("sync", "customers", "--approve", self.approval())

    def snapshot(self) -> dict[str, Counter[str]]:
        """Every record of every system as the people see it, without ids and order."""
        parties = [
            json.dumps(
                [
                    item["name"],
                    item["active"],
                    sorted([row["type"], row["value"].lower().replace(" ", "")] for row in item["contact_mechanisms."]),
                    sorted(row["city"] or "" for row in item["addresses."]),
                ],
                ensure_ascii=False,
            )
            for item in self.made.erp.parties()
        ]
        cards = ["\n".join(sorted(_plain(card))) for card in self.made.book.cards().values()]
        rows = [
            json.dumps([v for k, v in row.items() if k not in ("Kundennummer", "crmhub_id")], ensure_ascii=False)
            for row in self.made.shop.rows()
        ]
        names = ("First_Name", "Last_Name", "Email", "Mobile", "Phone", "Title", "Description", "Mailing_City")
        contacts = [
            json.dumps([(item[name] or "").lower() for name in names], ensure_ascii=False)
            for item in self.made.crm.contacts()
        ]
        return {"erp": Counter(parties), "book": Counter(cards), "crm": Counter(contacts), "shop": Counter(rows)}


def _plain(card: str) -> list[str]:
    """The lines of a card that say something about the person."""
    skipped = ("UID", "REV", "PRODID", "X-CRMHUB-ID", "BEGIN", "END")
    return [line for line in card.replace("\r\n ", "").splitlines() if not line.upper().startswith(skipped)]


def edit(made: World, number: int, rng: random.Random) -> None:
    """What people do between two syncs: the same in both worlds, because the seed is the same.

    Each round has its own sixth of the customers: nobody is written so often in ten minutes that the hub
    might take it for two systems that correct each other, and hold it back at different moments in the two worlds."""

    def chosen(system: str, count: int) -> list[Customer]:
        known = [
            c
            for c in made.people.customers
            if c.number % 6 == number % 6 and system in c.systems and c.kind == "person" and c.given and not c.guest
        ]
        return rng.sample(known, min(count, len(known)))

    parties = {item["name"]: item["id"] for item in made.erp.parties()}
    for item in chosen("erp", 8):
        if item.full in parties:
            made.erp.add_phone(parties[item.full], f"+49 30 90{number:02d}{item.number:03d}")
    cards = made.book.cards()
    for item in chosen("book", 8):
        name = f"person-{item.number}.vcf"
        if name in cards:
            made.book.change(name, "END:VCARD", f"NOTE:round {number}\r\nEND:VCARD") if "NOTE" not in cards[
                name
            ] else None
    for item in chosen("shop", 8):
        made.shop.change(f"K{item.number:05d}", "Ort", f"Stadt {number}")


def kill_loop(side: Side, rng: random.Random, budget: int, longest: float) -> int:
    """Start the sync, kill it at a random moment, start it again ...; returns how often it was killed."""
    kills = 0
    while kills < budget:
        process = subprocess.Popen(side.command(*side.words()), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(rng.uniform(0.6, longest))
            return kills
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    return kills


def differences(calm: Side, killed: Side) -> list[str]:
    found = []
    left, right = calm.snapshot(), killed.snapshot()
    for system in left:
        for what, counter in (("missing", left[system] - right[system]), ("too much", right[system] - left[system])):
            found += [f"{system}: {what} {count} x {record[:300]}" for record, count in counter.items()]
    return found


def main(kills: int, customers: int, seed: int) -> int:
    rng = random.Random(seed)
    started = time.monotonic()
    with ExitStack() as stack:
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"crmhub-{name}-")))
            for name in ("calm", "killed")
        ]
        calm, killed = (Side(stack.enter_context(world(folder, customers, seed, print))) for folder in folders)
        done, number, longest = 0, 0, 4.0
        begun = time.monotonic()
        calm.run("sync", "customers", "--approve", calm.approval())
        longest = max(2.0, time.monotonic() - begun)
        done += kill_loop(killed, rng, max(1, kills // 3), longest)
        killed.run(*killed.words())
        killed.run("sync", "customers")
        while done < kills:
            number += 1
            for side in (calm, killed):
                edit(side.made, number, random.Random(seed * 1000 + number))
            begun = time.monotonic()
            calm.run("sync", "customers")
            longest = max(1.2, time.monotonic() - begun)
            done += kill_loop(killed, rng, min(8, kills - done), longest)
            killed.run("sync", "customers")
        calm.run("sync", "customers")
        last = killed.run("sync", "customers")
        again = killed.run("sync", "customers")
        wrong = differences(calm, killed)
        held = killed.run("quarantine", "list")["result"]
        wrong += [f"held back: {item}" for item in held if item.get("code") == "loop_suspect"]
        counts = again["counts"]["customers"].values()
        writes = sum(c["created"] + c["updated"] + c["deleted"] for c in counts)
    print(
        f"{done} kills in {number} rounds, {time.monotonic() - started:.0f} s; state {last.get('exit_code')}, "
        f"{writes} writes afterwards, {len(wrong)} differences"
    )
    for line in wrong[:20]:
        print(line)
    return 1 if wrong or writes else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--customers", type=int, default=120)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    sys.exit(main(arguments.kills, arguments.customers, arguments.seed))
