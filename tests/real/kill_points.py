"""SIGKILL a syncing process before and after every statement of its database and every call of a system, on real files.

    python -m tests.real.kill_points               all points (over a thousand, some minutes)
    python -m tests.real.kill_points --every 20    a sample, as in CI

Each point is a process of its own that kills itself there with signal 9.  Another one then runs the same sync until it
has nothing left to do.  What the systems and the hub show must equal what an undisturbed process leaves, nothing may be
doubled, and one more sync must write nothing.  The systems are kept in files that only their own replies change, so
they survive the death of the hub as a remote server would.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import event

from hub.contract.records import Op, Receipt
from hub.sync.policy import Policy
from hub.testing.memory import MemoryServer, Stored
from tests.engine.world import LIST_WITH_IDS, ONE_SLOT, TWO_SLOTS, World

SHAPES = {"A": LIST_WITH_IDS, "B": ONE_SLOT, "C": TWO_SLOTS}
RULES = Policy(("A", "B", "C"), delete=dict.fromkeys("ABC", "propagate"), delete_any=frozenset("ABC"))
_KEPT = ("records", "log", "writes", "_ids", "_parts")

Reach = Callable[[], None]


class World3:
    """A hub's process and the three systems beside it."""

    def __init__(self, folder: Path, reach: Reach = lambda: None) -> None:
        self.folder = folder
        self.world = World(folder, RULES, **SHAPES)
        self.world.servers["B"].traits.conditional = False
        self.world.servers["C"].traits.create = "none"
        self.world._ids = itertools.count(int.from_bytes(os.urandom(6)))  # no two processes use the same ids
        for name, server in self.world.servers.items():
            self._keep(name, server, reach)
        engine = self.world.store.db._connection.engine
        for moment in ("before_cursor_execute", "after_cursor_execute"):
            event.listen(engine, moment, lambda *_: reach())

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.system"

    def _keep(self, name: str, server: MemoryServer, reach: Reach) -> None:
        if self._file(name).exists():
            vars(server).update(pickle.loads(self._file(name).read_bytes()))  # our own file
        call, write = server.call, server.write

        def write_and_keep(op: Op) -> Receipt:
            reach()
            receipt = write(op)
            self.save(name)
            reach()
            return receipt

        def called(what: str) -> None:
            reach()
            call(what)

        server.write, server.call = write_and_keep, called  # type: ignore[method-assign]  # the seam of this test

    def save(self, name: str) -> None:
        """The system's own commit: all or nothing, whatever happens to the hub."""
        server, file = self.world.servers[name], self._file(name)
        new = file.with_suffix(".new")
        new.write_bytes(pickle.dumps({key: getattr(server, key) for key in _KEPT}))
        new.replace(file)

    def shown(self) -> dict[str, Any]:
        """Everything that people can see, without ids that differ from run to run."""
        return {
            "golden": sorted(
                json.dumps(
                    [
                        golden.state,
                        {name: cell.value for name, cell in sorted(golden.fields.items())},
                        sorted(str(item.value.value) for item in golden.collection("emails").live()),
                    ],
                    sort_keys=True,
                )
                for state in ("live", "dead")
                for golden in self.world.goldens(state)
            ),
            **{name: sorted(map(self._document, server.records.values())) for name, server in self._servers()},
        }

    def _servers(self) -> Iterator[tuple[str, MemoryServer]]:
        yield from self.world.servers.items()

    @staticmethod
    def _document(record: Stored) -> str:
        rows = [{key: row[key] for key in row if key != "id"} for row in record.data.get("emails") or []]
        return json.dumps([record.deleted, record.data | {"emails": sorted(map(str, rows))}], sort_keys=True)


def people_of(folder: Path) -> None:
    """Customers before the first sync: known everywhere, in some systems only, twice, without an e-mail."""
    made = World3(folder)
    for number in range(6):
        for name in "ABC"[: 1 + number % 3]:
            mail = f"p{number}@x.example"
            data = {"emails": [{"value": mail, "label": "work"}]} if name == "A" else {"email": mail}
            made.world.servers[name].add({"name": f"Person {number}", **data})
    made.world.servers["C"].add({"name": "Nobody", "email": None})
    for name in made.world.servers:
        made.save(name)
    made.world.store.close()


def people_edit(folder: Path) -> None:
    """Edits, a true conflict, a deletion and a new customer after the first sync."""
    made = World3(folder)
    servers = made.world.servers
    made.world.now += 10

    def id_of(name: str, person: str) -> str:
        return next(id_ for id_, data in servers[name].alive().items() if data["name"] == person)

    servers["A"].edit(id_of("A", "Person 0"), notes="from A")
    servers["B"].edit(id_of("B", "Person 0"), name="Person Zero")
    servers["A"].edit(id_of("A", "Person 1"), notes="A says so")
    made.world.now += 600
    servers["B"].edit(id_of("B", "Person 1"), notes="B says so")
    servers["C"].edit(id_of("C", "Person 2"), email2="second@x.example")
    servers["B"].remove(id_of("B", "Person 3"))
    servers["C"].add({"name": "Person New", "email": "new@x.example"})
    servers["A"].edit(id_of("A", "Person 4"), lambda data: data["emails"].append({"value": "more@x.example"}))
    for name in servers:
        made.save(name)
    made.world.store.close()


def one_run(folder: Path, kill_at: int = 0) -> int:
    """One sync in this process, which dies at a point (0: never).  Returns the points passed."""
    passed = 0

    def reach() -> None:
        nonlocal passed
        passed += 1
        if passed == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    made = World3(folder, reach)
    made.world._sync()
    made.world.store.close()
    return passed


def until_quiet(folder: Path) -> None:
    """Sync until nothing is left to do, then once more, and write down what there is."""
    made = World3(folder)
    writes = -1
    for _ in range(8):
        if writes == made.world.writes():
            break
        writes = made.world.writes()
        made.world._sync()
    else:
        raise AssertionError("never quiet")
    assert made.world.store.work.open_ops() == [], "an open write is left over"
    (folder / "shown.json").write_text(json.dumps(made.shown()))
    made.world.store.close()


def in_a_process(work: Callable[[], object]) -> int:
    """Fork; returns the exit status: that of SystemExit, negative for a signal.  What else the child raises is printed."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        except BaseException:  # noqa: BLE001  # a forked child must not return into the parent's stack
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def prepare(root: Path) -> dict[str, Path]:
    """The folders from which the two syncs start: the first one, and the one after people's edits."""
    first, later = root / "first", root / "later"
    people_of(first)
    shutil.copytree(first, later)
    assert in_a_process(lambda: until_quiet(later)) == 0
    people_edit(later)
    return {"first sync": first, "later sync": later}


def undisturbed(folder: Path, start: Path) -> tuple[dict[str, Any], int]:
    """What a process leaves that nobody kills, and how many points it passes."""
    shutil.copytree(start, folder)
    counted = folder / "points"
    assert in_a_process(lambda: counted.write_text(str(one_run(folder)))) == 0
    assert in_a_process(lambda: until_quiet(folder)) == 0
    return json.loads((folder / "shown.json").read_text()), int(counted.read_text())


def killed(folder: Path, start: Path, point: int) -> tuple[dict[str, Any] | None, bool]:
    """What is left after a kill at a point and a new start (None if that failed), and whether the kill happened."""
    shutil.copytree(start, folder)
    status = in_a_process(lambda: one_run(folder, point))
    done = in_a_process(lambda: until_quiet(folder)) == 0
    shown = json.loads((folder / "shown.json").read_text()) if done else None
    shutil.rmtree(folder)
    return shown, status == -signal.SIGKILL


def main(every: int = 1) -> int:
    began, failures, kills = time.monotonic(), [], 0
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        for name, start in prepare(root).items():
            expected, points = undisturbed(root / "twin", start)
            shutil.rmtree(root / "twin")
            for point in range(1, points + 1, every):
                found, dead = killed(root / "killed", start, point)
                kills += dead
                if found != expected:
                    failures.append(f"{name}, point {point}")
                    print(f"{name}, killed at point {point} of {points}: {difference(expected, found)}")
            print(f"{name}: {points} points, every {every}")
    seconds = round(time.monotonic() - began)
    print(json.dumps({"kills": kills, "failures": failures, "seconds": seconds}))
    return 1 if failures else 0


def difference(expected: dict[str, Any], found: dict[str, Any] | None) -> str:
    if found is None:
        return "the next start failed"
    return "; ".join(f"{key}: {expected[key]} became {found[key]}" for key in expected if expected[key] != found[key])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="kill at every Nth point only")
    raise SystemExit(main(parser.parse_args().every))
