"""kill -9 `crmhub serve` at random moments while people edit, and see that nothing is lost, doubled or forgotten.

    python -m tests.real.kill_serve --kills 200

Two folders of files and two other systems are kept in step by a process that serves every second.  People change a row
now and then; the process is killed at a random moment and started anew, sometimes while a second one stands by and takes
over.  One of the systems sends signed webhooks all the time, each again until it is accepted; most name records that only
a hint makes the hub ask for.  In the end all systems must hold every edit and no record twice, everything that an accepted
webhook named must have been read, no write may be open, the inbox must be empty, the timetable must go on, and one more
run must write nothing.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import hmac
import json
import os
import queue
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import requests

from hub.testing.servers import free_port

HUB = (sys.executable, "-c", "from hub.cli.main import main; main()")
HEAD = "id,first name,last name,email,phone\n"
PLUGIN = Path(__file__).parents[1] / "e2e" / "probe_shop"
CONFIG = """
[hub]
region = "DE"
plugins = ["{plugin}"]

[serve]
listen = "127.0.0.1:{port}"
gather = "500ms"
rest = "1s"

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

[connections.told]
plugin = "probe"
file = "told.json"
hook_secret = {{ env = "KILL_HOOK" }}

[connections.mirror]
plugin = "probe"
file = "mirror.json"

[syncs.customers]
systems = ["left", "right", "told", "mirror"]
schedule = "every 1s"
fresh = "1h"
"""
HOOK = "the-secret-of-the-kills"


class Folders:
    """Two folders of files, and the hub in processes of its own."""

    def __init__(self, folder: Path, people: int) -> None:
        self.folder, self.port = folder, free_port()
        text = CONFIG.format(plugin=PLUGIN, port=self.port)
        (folder / "crmhub.toml").write_text(text, encoding="utf-8")
        told = {str(n): {"name": f"Told{n} Person", "email": f"t{n}@y.example"} for n in range(people)}
        (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")
        (folder / "mirror.json").write_text("{}", encoding="utf-8")
        for side, numbers in (("left", range(0, people, 2)), ("right", range(1, people, 2))):
            (folder / side).mkdir()
            rows = "".join(f"{number},First{number},Last{number},p{number}@x.example,\n" for number in numbers)
            (folder / side / "people.csv").write_text(HEAD + rows, encoding="utf-8")

    def command(self, *words: str) -> list[str]:
        return [*HUB, "--config", str(self.folder / "crmhub.toml"), *words]

    def run(self, *words: str) -> dict[str, Any]:
        """One command to its end; its JSON summary."""
        done = subprocess.run(
            self.command(*words, "--json"), capture_output=True, text=True, timeout=300, env=self.environment
        )
        lines = done.stdout.strip().splitlines()
        assert lines, f"{words}: exit {done.returncode}: {done.stderr[-2000:]}"
        return dict(json.loads(lines[-1]))

    def serve(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(self.command("serve"), stdout=subprocess.DEVNULL, stderr=log, env=self.environment)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "KILL_HOOK": HOOK}

    def tell(self, number: int, note: str) -> None:
        """A person changes a record of the system that sends webhooks."""
        path = self.folder / "told.json"
        rows = json.loads(path.read_text(encoding="utf-8"))
        rows[str(number)]["notes"] = note
        fresh = path.with_suffix(".edit")
        fresh.write_text(json.dumps(rows), encoding="utf-8")
        fresh.replace(path)

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


class Sender(threading.Thread):
    """The system that sends webhooks: one after the other, each again until it is accepted, however often it takes.

    accepted: id -> when;  tries: how often something was sent.
    """

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._url = f"http://127.0.0.1:{port}/hooks/told"
        self._over = threading.Event()
        self._more: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.accepted: dict[str, float] = {}
        self.tries = self.number = 0

    def tell(self, id_: int) -> None:
        self._more.put(str(id_))

    def run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._over.is_set():
                self.number += 1
                ids = [f"ghost{self.number}"]  # read by its id, and by nothing else: there is none
                while not self._more.empty():
                    ids.append(self._more.get())
                while not self._over.is_set() and not self._send(session, ids):
                    time.sleep(0.05)
                time.sleep(0.05)

    def _send(self, session: requests.Session, ids: list[str]) -> bool:
        self.tries += 1
        content = {"event": f"e-{self.number}", "at": time.time(), "resource": "contacts", "ids": ids}
        body = json.dumps(content).encode()
        signed = hmac.new(HOOK.encode(), body, hashlib.sha256).hexdigest()
        try:
            answer = session.post(self._url, body, headers={"X-Signature": signed}, timeout=20)
        except requests.RequestException:
            return False
        if answer.status_code == 200:
            self.accepted.update(dict.fromkeys(ids, time.time()))
        return answer.status_code == 200

    def end(self) -> None:
        self._over.set()
        self.join(30)


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
        sender = Sender(place.port)
        wrong, takeovers, wanted, told = _kill_loop(place, rng, kills, people, sender)
        wrong += _afterwards(place, wanted, 2 * people) + _told(place, sender, told, people)
        interrupted = place.ask("SELECT count(*) FROM run WHERE state = 'interrupted'")[0][0]
        runs = place.ask("SELECT count(*) FROM run")[0][0]
    print(
        f"{kills} kills ({takeovers} with a second process standing by), {runs} runs, {interrupted} of them interrupted, "
        f"{len(wanted)} + {len(told)} people edited, {len(sender.accepted)} webhooks accepted in {sender.tries} tries, "
        f"{time.monotonic() - started:.0f} s, {len(wrong)} things wrong"
    )
    for line in wrong[:20]:
        print(line)
    return 1 if wrong else 0


def _a_run_after(place: Folders, last: float) -> Callable[[], bool]:
    return lambda: bool(place.ask("SELECT max(started) FROM run")[0][0] > last)


def _kill_loop(
    place: Folders, rng: random.Random, kills: int, people: int, sender: Sender
) -> tuple[list[str], int, dict[str, str], dict[int, str]]:
    wrong: list[str] = []
    wanted: dict[str, str] = {}
    told: dict[int, str] = {}
    takeovers = 0
    process = place.serve()
    sender.start()
    for number in range(kills):
        last = place.ask("SELECT max(started) FROM run")[0][0]
        if not wait_for(_a_run_after(place, last), process):
            wrong.append(f"kill {number}: after the last one, no run began; exit {process.poll()}")
        # between two runs, so that the person does not overwrite what the hub is writing: that is the person's own race
        if wait_for(lambda: not place.ask("SELECT 1 FROM run WHERE state = 'running'"), process, 5.0):
            email = f"p{rng.randrange(people)}@x.example"
            wanted[email] = f"+4930{100000 + number}"
            place.edit("right" if number % 2 else "left", email, wanted[email])
            # each in its turn: what is written more than thirty times in ten minutes counts as a loop, and is set aside
            one = number % people
            told[one] = f"note {number}"
            place.tell(one, told[one])
            sender.tell(one)
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
    sender.end()
    last = place.ask("SELECT max(started) FROM run")[0][0]
    wait_for(lambda: place.ask("SELECT max(started) FROM run")[0][0] > last, process)  # it is past its start
    wait_for(lambda: not place.ask("SELECT 1 FROM inbox"), process)
    wait_for(lambda: not place.ask("SELECT 1 FROM run WHERE state = 'running'"), process, look=0.01)
    process.send_signal(signal.SIGTERM)
    if process.wait(60) != 0:
        wrong.append(f"the last process ended with {process.returncode}")
    return wrong, takeovers, wanted, told


def _told(place: Folders, sender: Sender, told: dict[int, str], people: int) -> list[str]:
    """What webhooks have named was read, and is in the other system."""
    wrong = []
    if aside := place.ask("SELECT system, remote_id, code FROM quarantine"):
        wrong.append(f"records are set aside: {aside[:5]}")
    if place.ask("SELECT 1 FROM inbox") or place.ask("SELECT 1 FROM reread"):
        wrong.append("hints are left")
    fetched = set((place.folder / "told.fetched").read_text(encoding="utf-8").split())
    lost = sorted(set(sender.accepted) - fetched)
    if lost:
        wrong.append(f"{len(lost)} accepted webhooks were never read: {lost[:5]}")
    rows = json.loads((place.folder / "mirror.json").read_text(encoding="utf-8"))
    by_email: dict[str, list[Any]] = {}
    for row in rows.values():
        by_email.setdefault(str(row.get("email")), []).append(row)
    if len(rows) != 2 * people:
        wrong.append(f"mirror: {len(rows)} people instead of {2 * people}")
    for number, note in told.items():
        found = [row.get("notes") for row in by_email.get(f"t{number}@y.example", [])]
        if found != [note]:
            own = json.loads((place.folder / "told.json").read_text(encoding="utf-8"))[str(number)].get("notes")
            wrong.append(f"mirror: t{number}@y.example has {found} instead of {note!r}; its own system has {own!r}")
    return wrong


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
