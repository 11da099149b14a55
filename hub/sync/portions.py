"""Writing a plan in portions, to all systems at the same time: the network is slow, the store is serialised."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from hub.contract.errors import ConnectorError
from hub.sync.apply import Apply

if TYPE_CHECKING:
    from hub.sync.engine import Progress
    from hub.sync.plan.items import Item
    from hub.sync.plan.plan import Plan
    from hub.sync.stages import Stages
    from hub.sync.systems import Source
    from hub.sync.workspace import Counter, Shared


class Portions:
    """What a plan has for these sources.  stopped: system -> why nothing more could be written to it; replan: per system
    the gids of items that nothing was written for, because their record had changed meanwhile."""

    def __init__(
        self,
        shared: Shared,
        plan: Plan,
        sources: Sequence[Source],
        counters: Mapping[str, Counter],
        progress: Progress,
        stages: Stages,
    ) -> None:
        self._plan, self._progress, self._stages = plan, progress, stages
        self._work: list[tuple[Source, Apply, Iterator[Item]]] = [
            (source, Apply(shared, source, counters[source.system]), plan.items.of(source.system, source.resource))
            for source in sources
        ]
        self._done = [0] * len(self._work)

    @property
    def applied(self) -> int:
        """Items that were tried so far."""
        return sum(self._done)

    @property
    def stopped(self) -> dict[str, ConnectorError]:
        found: dict[str, ConnectorError] = {}
        for source, worker, _ in self._work:
            if worker.stopped is not None:
                found.setdefault(source.system, worker.stopped)
        return found

    @property
    def replan(self) -> list[tuple[str, str]]:
        return [(source.system, gid) for source, worker, _ in self._work for gid in sorted(worker.replan)]

    def lossy(self) -> dict[str, tuple[int, int]]:
        """System -> items tried, and those of them of which the system stored something else than it was sent."""
        found: dict[str, tuple[int, int]] = {}
        for (source, worker, _), done in zip(self._work, self._done, strict=True):
            number, lossy = found.get(source.system, (0, 0))
            found[source.system] = number + done, lossy + worker.lossy
        return found

    def write(self, portion: int | None) -> None:
        """The next items of every source, at most ``portion`` each; None: all that are left.  Raises what is no fault of
        a system."""
        failures: list[BaseException] = []
        threads = [
            threading.Thread(target=self._carry_out, args=(place, portion, failures))
            for place, (source, _, _) in enumerate(self._work)
            if self._plan.items.count(source.system, source.resource)
        ]
        if len(threads) == 1:
            threads[0].run()
        else:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if failures:
            raise failures[0]

    def _carry_out(self, place: int, portion: int | None, failures: list[BaseException]) -> None:
        source, worker, items = self._work[place]
        done, total = self._done[place], self._plan.items.count(source.system, source.resource)

        def tell(number: int) -> None:
            nonlocal done
            done += number
            self._progress("write", source.system, done, total)

        worker.progress = tell
        try:
            with self._stages.of("write", source.system):
                self._done[place] += worker.run(islice(items, portion))
        except ConnectorError as error:
            worker.stopped = error
        except BaseException as error:  # noqa: BLE001  # handed to the main thread, which raises it
            failures.append(error)
