"""The play in four acts: the first sync, people at work, a system that fails, and its recovery."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.real.five_systems import calls
from tests.real.five_systems.edits import Edit, People, shows
from tests.real.five_systems.faults import FAULTS, Fault
from tests.real.five_systems.hub import Hub, Run
from tests.real.five_systems.judge import Expected, wrong
from tests.real.five_systems.look import by_key, everything
from tests.real.five_systems.office import Office
from tests.real.five_systems.people import SYSTEMS, crowd

_OVERLAP = 125
"""Seconds after which no poll looks back at what was written: the longest overlap is 120 s."""
_LONG_AGO = 900
"""The same by the clock of the sandbox; a REST connector follows a remote's clock ten minutes behind."""
_ONE_PAGE = 90
"""Up to so many records, what is looked back at fits into the page that is read anyway."""
_MOST_RUNS = 6
_SHARE = 100
"""One of so many customers is edited in each system."""


class Play:
    """All that happens; ``wrong`` collects what should not have."""

    def __init__(
        self,
        folder: Path,
        stack: ExitStack,
        customers: int,
        seed: int,
        tell: Callable[[str], None],
        *,
        apart: bool = True,
    ) -> None:
        self._began, self._tell = time.monotonic(), tell
        self.wrong: list[str] = []
        self.numbers: dict[str, Any] = {"customers": customers, "seed": seed}
        self._customers = customers
        self._office = Office(folder, stack)
        self._hub = Hub(folder, apart=apart)
        self._crowd = crowd(customers, seed)
        self.tell("five systems are running")
        self._office.fill(self._crowd)
        self._before = everything(self._office, SYSTEMS)
        known = {name: len(found) for name, found in self._before.items()}
        self.numbers["records_before"] = known
        self.tell(f"filled: {known}")
        self._people = People(self._office, self._crowd, seed)
        self._edits: list[Edit] = []

    def tell(self, text: str) -> None:
        self._tell(f"{time.monotonic() - self._began:7.1f} s  {text}")

    # acts

    def first_sync(self) -> None:
        """Matched, approved, written; then quiet, with no call too many."""
        first = self._hub.approved()
        self._said("first sync", first)
        self.numbers["first_sync"] = {"created": first.total("created"), "updated": first.total("updated")}
        self._until_quiet()
        self._no_change("after the first sync")
        self._judge("after the first sync")

    def people_work(self) -> None:
        """Edits in all five systems; the next run passes them on with the calls that the formula allows."""
        edits = self._people.work(SYSTEMS, max(1, self._customers // _SHARE))
        self._edits += edits
        self.tell(f"{len(edits)} edits and {len(self._people.entered)} new customers in five systems")
        shown = everything(self._office, SYSTEMS)
        before = self._office.calls()
        run = self._hub.sync()
        made = self._made_since(before)
        self._said("the next sync", run)
        entered = [system for item in self._people.entered for system in item.systems]
        wanted = calls.writes(edits, entered, self._winner(edits))
        found = {name: (count["created"], count["updated"]) for name, count in run.counts.items()}
        self._same("records written after people's work", wanted, found)
        allowed = calls.changed(self._hub.capabilities(), shown, edits, entered, wanted)
        self._same("calls after people's work", allowed, made)
        self.numbers["changes"] = {"calls": sum(made.values()), "formula": sum(allowed.values())}
        self._until_quiet()
        self._no_change("after people's work")
        self._judge("after people's work")

    def fail(self, name: str) -> None:
        """One system fails while people work; the others go on.  Then it is put right."""
        fault = FAULTS[name]
        others = [system for system in SYSTEMS if system != fault.system]
        each = max(1, self._customers // _SHARE)
        self._edits += self._people.work(SYSTEMS if fault.can_work else others, each, rivals=False)
        its_own = everything(self._office, [fault.system])
        for code, begin in fault.phases:
            begin(self._office)
            self.tell(f"{fault.system} fails ({name})")
            self._ill(fault, code, others)
        fault.end(self._office)
        self.tell(f"{fault.system} is well again")
        if Counter(seen.key for seen in its_own[fault.system]) - Counter(
            seen.key for seen in everything(self._office, [fault.system])[fault.system]
        ):
            self.wrong.append(f"{fault.system} lost records while it failed")
        self._until_quiet()
        self._no_change("after the fault")
        self._judge("after the fault")

    def _ill(self, fault: Fault, code: str, others: Sequence[str]) -> None:
        for _ in range(2):
            run = self._hub.sync()
            self._said("sync during the fault", run)
            told = [item for item in run.problems if item["where"] == fault.system]
            for item in told:
                self.tell(f"  {item['where']}: {item['message'].removesuffix('.')}. {item['hint']}")
            if {item["code"] for item in told if item["hint"]} != ({code} if code else set()):
                self.wrong.append(f"the run does not say what {fault.system} needs: {run.problems}")
            if run.total("deleted"):
                self.wrong.append(f"{run.total('deleted')} records were deleted during the fault")
        edits = [item for item in self._edits if item.system != fault.system]
        self._judge("during the fault", others, edits, unknown=fault.system)

    # looking

    def _judge(
        self,
        when: str,
        systems: Sequence[str] = SYSTEMS,
        edits: Sequence[Edit] | None = None,
        *,
        unknown: str = "",
    ) -> None:
        """What the systems show, read by their users, and the hub's own accounts beside it.

        unknown: a system that fails, so that the others may or may not know whom somebody entered there."""
        shown = everything(self._office, systems)
        expected = Expected(self._crowd, self._before, self._people.entered, self._people.deleted, unknown)
        found = list(wrong(expected, shown, self._edits if edits is None else edits, self._hub.remembered()))
        self.wrong += [f"{when}: {line}" for line in found]
        self.tell(f"{when}: { ({name: len(records) for name, records in shown.items()}) }, {len(found)} wrong")
        self.numbers["records_after"] = {name: len(records) for name, records in shown.items()}

    def _no_change(self, when: str) -> None:
        """A run without changes writes nothing and makes exactly the declared calls."""
        if self._customers > _ONE_PAGE:
            time.sleep(_OVERLAP)
            self._office.sandbox.clock.advance(_LONG_AGO)
            self._hub.sync()
        allowed = calls.quiet(self._hub.capabilities(), everything(self._office, SYSTEMS))
        before = self._office.calls()
        run = self._hub.sync()
        made = self._made_since(before)
        self._waiting(when)
        if run.writes:
            self.wrong.append(f"{when}: a run without changes wrote {run.writes} records")
        for item in run.result.get("accounts", ()):
            if not item["ok"]:
                self.wrong.append(f"{when}: not accounted for: {item}")
        self._same(f"{when}: calls of a run without changes", allowed, made)
        self.numbers["no_change"] = {"calls": sum(made.values()), "formula": sum(allowed.values())}
        self.tell(f"{when}: a run without changes: {run.seconds:.1f} s, calls {made}")

    def _waiting(self, when: str) -> None:
        """Who is held back is told with the reason; nobody else is."""
        held, reviews = self._hub.waiting()
        reasons = Counter((system, reason.split(": ", 1)[1]) for system, reason in held)
        unmailed = sum(1 for item in self._crowd.customers if item.kind == "person" and not item.email)
        without = sum(
            number for (system, reason), number in reasons.items() if system == "shop" and "needs an e-mail" in reason
        )
        if without != unmailed or len(held) != unmailed:
            self.wrong.append(f"{when}: held back are {dict(reasons)}, expected {unmailed} without e-mail address")
        if len(reviews) != len(self._crowd.doubtful()):
            self.wrong.append(
                f"{when}: {len(reviews)} questions for {len(self._crowd.doubtful())} doubtful addresses: {reviews}"
            )
        self.numbers["waiting"] = {"quarantine": len(held), "reviews": len(reviews)}

    def _until_quiet(self) -> None:
        for _ in range(_MOST_RUNS):
            run = self._hub.sync()
            if not run.writes:
                return
            self._said("again", run)
        self.wrong.append(f"after {_MOST_RUNS} runs the hub still writes")

    def _same(self, what: str, wanted: dict[str, Any], found: dict[str, Any]) -> None:
        for name in wanted:
            if wanted[name] != found.get(name):
                self.wrong.append(f"{what}: {found.get(name)} in {name}, expected {wanted[name]}")

    def _winner(self, edits: Sequence[Edit]) -> str:
        """The system whose word the hub took, as the others show it."""
        rivals = [edit for edit in edits if edit.rival]
        seen = by_key(everything(self._office, SYSTEMS))
        records = [seen[rivals[0].key][name][0] for name in SYSTEMS if name not in {edit.system for edit in rivals}]
        return next((edit.system for edit in rivals if all(shows(item, edit) for item in records)), "")

    def _made_since(self, before: dict[str, int]) -> dict[str, int]:
        return {name: number - before[name] for name, number in self._office.calls().items()}

    def _said(self, what: str, run: Run) -> None:
        counts = ", ".join(
            f"{name} +{item['created']} ~{item['updated']} -{item['deleted']}"
            + (f" !{item['failed']}" if item["failed"] else "")
            for name, item in run.counts.items()
        )
        self.tell(f"{what}: {run.seconds:.1f} s, exit {run.code}; {counts}")
