"""Scenario f: two CardDAV address books are kept in step, by CRM Hub and (with --peers) by vdirsyncer.

Both books have N contacts, three of five in both, with the same UID and the same content, because vdirsyncer links by nothing
else.  First sync: after it both have all.  No change: again, when nothing has happened since.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from benchmarks import formulas
from benchmarks.book import uid
from benchmarks.compared import Run, of_hub, of_peer
from benchmarks.folder import TWO_BOOKS, Failed, Folder
from benchmarks.peers import environment, timed
from benchmarks.scenarios import in_step, temporary
from benchmarks.stub import Stub

CHUNK, BATCH = 100, 20
"""Cards in one multiget of our connector, and cards that it writes between two looks at them."""

_CONFIG = """\
[general]
status_path = "{folder}/status"

[pair people]
a = "left"
b = "right"
collections = null

[storage left]
type = "carddav"
url = "{url}/left/"

[storage right]
type = "carddav"
url = "{url}/right/"
"""


class Pair:
    """One size on one stub (benchmarks.book_server).  peers: measure the other program, too."""

    def __init__(
        self, stub: Stub, size: int, *, peers: Sequence[str] = (), database: Callable[[], str] | None = None
    ) -> None:
        self.stub, self.size, self._database = stub, size, database
        self.apart = size - size * 3 // 5
        self._bin = environment("vdirsyncer") if "vdirsyncer" in peers else None

    def turns(self) -> Generator[list[Run], None, None]:
        """Measure again and again; who is first changes with every turn."""
        programs: list[Callable[[Path], list[Run]]] = [self._hub]
        if self._bin is not None:
            programs.append(self._vdirsyncer)
        turn = 0
        while True:
            made = []
            for program in programs if turn % 2 == 0 else programs[::-1]:
                self.stub.setup(left={"size": self.size}, right={"first": self.apart, "size": self.size})
                self.stub.calls()
                with temporary() as path:
                    made += program(path)
            yield made
            turn += 1

    def _hub(self, path: Path) -> list[Run]:
        folder = Folder(path, self.stub.url, self._database() if self._database else "", TWO_BOOKS)
        folder.configure()
        seen, said = folder.sync()
        done, after = folder.sync("--approve", said["plan"]["approval"])
        in_step(after)
        first = of_hub(
            "first sync",
            [seen, done],
            2 * self.size,
            sum(self.stub.calls().values()),
            formulas.first_books(self.size, self.apart, CHUNK, BATCH),
            self._missing(),
        )
        idle, said = folder.sync()
        in_step(said)
        calls = sum(self.stub.calls().values())
        return [first, of_hub("no change", [idle], 2 * self.size, calls, formulas.no_change(2), self._missing())]

    def _vdirsyncer(self, path: Path) -> list[Run]:
        assert self._bin is not None
        config = path / "config"
        config.write_text(_CONFIG.format(folder=path, url=self.stub.url), encoding="utf-8")
        command = [str(self._bin / "vdirsyncer"), "-c", str(config)]
        timed(path, [*command, "discover"])  # not measured: people do it once
        made = []
        self.stub.calls()
        for part in ("first sync", "no change"):
            cost = timed(path, [*command, "sync"])
            calls = sum(self.stub.calls().values())
            made.append(of_peer(part, "vdirsyncer", cost, 2 * self.size, calls, self._missing()))
        if any(made[0].wrong):
            raise Failed(f"vdirsyncer did not bring the books in step: {made[0].wrong}")
        return made

    def _missing(self) -> list[str]:
        """Cards that are not in both books, or too many."""
        ids = self.stub.ids()
        wanted = self.size + self.apart
        wrong = [
            f"{name} has {len(found)} cards, should have {wanted}"
            for name, found in ids.items()
            if len(found) != wanted
        ]
        own = {f"{uid(number)}.vcf" for number in range(self.size)}
        if not own <= set(ids["left"]):
            wrong.append("cards that were there at the beginning are gone")
        return wrong
