"""kill -9 `crmhub serve` at random moments while people edit, and see that nothing is lost, doubled or forgotten.

    python -m tests.real.kill_serve --kills 200

Two folders of files are kept in step by a process that serves every second.  People change a row now and then; the
process is killed at a random moment and started anew, sometimes while a second one stands by and takes over.  In the end
both folders must hold every edit and no row twice, no write may be open, the timetable must go on, and one more run must
write nothing.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

HUB = (sys.executable, "-c", "from hub.cli.main import main; main()")
HEAD = "id,first name,last name,email,phone\n"
CONFIG = """
[hub]
region = "DE"

[connections.left]
plugin = "files"
path = "left"
write = "update"
target = "people.csv"

[connections.right]
plugin = "files"
path = "right"
write = "update"
target = "people.csv"

[syncs.customers]
systems = ["left", "right"]
schedule = "every 1s"
fresh = "1h"
"""


class Folders:
    """Two folders of files, and the hub in processes of its own."""

    def __init__(self, folder: Path, people: int) -> None:
        self.folder = folder
        (folder / "crmhub.toml").write_text(CONFIG, encoding="utf-8")
        for side, numbers in (("left", range(0, people, 2)), ("right", range(1, people, 2))):
            (folder / side).mkdir()
            rows = "".join(f"{number},First{number},Last{number},p{number}@x.example,\n" for number in numbers)
            (folder / side / "people.csv").write_text(HEAD + rows, encoding="utf-8")

    def command(self, *words: str) -> list[str]:
        return [*HUB, "--config", str(self.folder / "crmhub.toml"), *words]

    def run(self, *words: str) -> dict[str, Any]:
        """One command to its end; its JSON summary."""
        done = subprocess.run(self.command(*words, "--json"), capture_output=True, text=True, timeout=300)
        lines = done.stdout.strip().splitlines()
        assert lines, f"{words}: exit {done.returncode}: {done.stderr[-2000:]}"
        return dict(json.loads(lines[-1]))

    def serve(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(self.command("serve"), stdout=subprocess.DEVNULL, stderr=log)

    def rows(self, side: str) -> dict[str, list[dict[str, str]]]:
        """E-mail address -> its rows."""
        found: dict[str, list[dict[str, str]]] = {}
        with (self.folder / side / "people.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["email"], []).append(row)
        return found

    def phones(self, side: str) -> dict[str, str]:
        return {email: rows[0]["phone"].replace(" ", "") for email, rows in self.rows(side).items()}

    def edit(self, side: str, email: str, phone: str) -> None:
        """A person changes a row, as a spreadsheet does: the whole file anew.  It waits for the hub's own lock on the
        folder, as a person waits for a file that is open elsewhere."""
        path = self.folder / side / "people.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        at = {name: place for place, name in enumerate(rows[0])}
        for row in rows[1:]:
            if row[at["email"]] == email:
                row[at["phone"]] = phone
        fresh = path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        fresh.replace(path)

    def ask(self, statement: str) -> list[Any]:
        database = self.folder / "crmhub-data" / "hub.db"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(statement).fetchall()


def wait_for(
    what: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 60.0, look: float = 0.05
) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        if process.poll() is not None:
            return False
        time.sleep(look)
    return False


def main(kills: int, people: int, seed: int) -> int:
    rng = random.Random(seed)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crmhub-serve-") as name:
        place = Folders(Path(name), people)
        plan = place.run("plan", "customers")["result"]["customers"]["plan"]
        place.run("sync", "customers", "--approve", plan["approval"])
        wrong, takeovers, wanted = _kill_loop(place, rng, kills, people)
        wrong += _afterwards(place, wanted, people)
        interrupted = place.ask("SELECT count(*) FROM run WHERE state = 'interrupted'")[0][0]
        runs = place.ask("SELECT count(*) FROM run")[0][0]
    print(
        f"{kills} kills ({takeovers} with a second process standing by), {runs} runs, {interrupted} of them interrupted, "
        f"{len(wanted)} edits, {time.monotonic() - started:.0f} s, {len(wrong)} things wrong"
    )
    for line in wrong[:20]:
        print(line)
    return 1 if wrong else 0


def _kill_loop(place: Folders, rng: random.Random, kills: int, people: int) -> tuple[list[str], int, dict[str, str]]:
    wrong: list[str] = []
    wanted: dict[str, str] = {}
    takeovers = 0
    process = place.serve()
    for number in range(kills):
        last = place.ask("SELECT max(started) FROM run")[0][0]
        if not wait_for(lambda last=last: place.ask("SELECT max(started) FROM run")[0][0] > last, process):
            wrong.append(f"kill {number}: after the last one, no run began; exit {process.poll()}")
        # between two runs, so that the person does not overwrite what the hub is writing: that is the person's own race
        if wait_for(lambda: not place.ask("SELECT 1 FROM run WHERE state = 'running'"), process, 5.0):
            email = f"p{rng.randrange(people)}@x.example"
            wanted[email] = f"+4930{100000 + number}"
            place.edit("right" if number % 2 else "left", email, wanted[email])
        standby = place.serve() if rng.random() < 0.2 else None
        if rng.random() < 0.7:  # in the middle of a run
            wait_for(lambda: bool(place.ask("SELECT 1 FROM run WHERE state = 'running'")), process, 5.0, look=0.002)
            time.sleep(rng.uniform(0.0, 0.15))
        else:
            time.sleep(rng.uniform(0.0, 1.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
        takeovers += standby is not None
        process = standby if standby is not None else place.serve()
    last = place.ask("SELECT max(started) FROM run")[0][0]
    wait_for(lambda: place.ask("SELECT max(started) FROM run")[0][0] > last, process)  # it is past its start
    process.send_signal(signal.SIGTERM)
    if process.wait(60) != 0:
        wrong.append(f"the last process ended with {process.returncode}")
    return wrong, takeovers, wanted


def _afterwards(place: Folders, wanted: dict[str, str], people: int) -> list[str]:
    wrong = []
    place.run("sync", "customers")
    last = place.run("sync", "customers")
    counts = last["counts"]["customers"]
    if any(item["created"] + item["updated"] + item["deleted"] for item in counts.values()):
        wrong.append(f"a run without edits wrote something: {counts}")
    if place.ask("SELECT 1 FROM op WHERE state IN ('planned', 'in_flight', 'ambiguous')"):
        wrong.append("a write is still open")
    for side in ("left", "right"):
        rows = place.rows(side)
        if len(rows) != people:
            wrong.append(f"{side}: {len(rows)} people instead of {people}")
        wrong += [
            f"{side}: {email} stands there {len(found)} times" for email, found in rows.items() if len(found) != 1
        ]
        phones = place.phones(side)
        for email, phone in wanted.items():
            digits = phones.get(email, "").replace("+49", "").lstrip("0")
            if digits != phone.replace("+49", ""):
                wrong.append(f"{side}: {email} has {phones.get(email)!r} instead of {phone}")
    if place.ask("SELECT 1 FROM timetable WHERE begun IS NOT NULL AND retry IS NULL AND next IS NULL"):
        wrong.append("the timetable does not go on")
    if [row for row in place.ask("SELECT kind, subject, state FROM alarm") if row[2] == "raised"]:
        wrong.append(f"alarms are left: {place.ask('SELECT kind, subject, state FROM alarm')}")
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    sys.exit(main(arguments.kills, arguments.people, arguments.seed))
