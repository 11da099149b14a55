"""What people ask for on the pages and what the main thread carries out between runs: one job after the other, so that
no two ever write to the store at once.  Kept in memory: a job that had not begun when the process ended was not done,
and what had begun is in the history of runs.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from hub.contract.errors import HubError

if TYPE_CHECKING:
    from hub.bootstrap import App

WAITING = 20
"""Jobs that may wait."""
KEPT = 50
"""Jobs that are remembered after they ended."""

Tell = Callable[[str, str, int, int | None], None]
"""(step, system, done so far, total or None)"""
Work = Callable[["App", Tell], Any]
"""What a job does; it holds the process lock meanwhile.  What it returns is kept, so it should be small."""
State = Literal["waiting", "running", "done", "failed"]


class TooMuch(HubError):
    """More jobs wait than can be taken."""

    code = "busy"


@dataclass(slots=True)
class Job:
    """kind, subject: what it does to what;  who: the user who asked for it;  at, begun, ended: seconds since the epoch;
    step, system, done, total: how far it is."""

    id: str
    kind: str
    subject: str
    who: str
    at: float
    work: Work
    state: State = "waiting"
    begun: float | None = None
    ended: float | None = None
    step: str = ""
    system: str = ""
    done: int = 0
    total: int | None = None
    result: Any = None
    error: HubError | None = None
    over: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """A queue with a memory.  Safe to use from several threads.  wake: called when there is something to do."""

    def __init__(self, clock: Callable[[], float], wake: Callable[[], None]) -> None:
        self._clock, self._wake = clock, wake
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._number = 0

    def put(self, kind: str, subject: str, who: str, work: Work) -> Job:
        """Ask for a job.  Raises TooMuch."""
        with self._lock:
            if sum(item.state == "waiting" for item in self._jobs.values()) >= WAITING:
                raise TooMuch("too much waits already", hint="Try again when some of it is done")
            self._number += 1
            job = Job(str(self._number), kind, subject, who, self._clock(), work)
            self._jobs[job.id] = job
            over = [item.id for item in self._jobs.values() if item.over.is_set()]
            for id_ in over[: max(0, len(over) - KEPT)]:
                del self._jobs[id_]
        self._wake()
        return job

    def get(self, id_: str) -> Job | None:
        with self._lock:
            return self._jobs.get(id_)

    def all(self) -> list[Job]:
        """The newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def next(self) -> Job | None:
        """The one that has waited longest."""
        with self._lock:
            return next((item for item in self._jobs.values() if item.state == "waiting"), None)

    def waits(self) -> bool:
        return self.next() is not None

    def unfinished(self, kind: str, subject: str) -> Job | None:
        """A job of this kind about this subject that waits or runs."""
        with self._lock:
            same = (item for item in self._jobs.values() if (item.kind, item.subject) == (kind, subject))
            return next((item for item in same if not item.over.is_set()), None)

    # the main thread's side

    def begin(self, job: Job) -> None:
        job.begun, job.state = self._clock(), "running"

    def put_back(self, job: Job) -> None:
        """It could not begin: another process holds the store."""
        job.begun, job.state = None, "waiting"

    def end(self, job: Job, result: Any = None, error: HubError | None = None) -> None:
        job.result, job.error, job.ended = result, error, self._clock()
        job.state = "failed" if error is not None else "done"
        job.over.set()

    def stop(self) -> None:
        """Nothing that waits will be done by this process."""
        for job in self.all():
            if job.state == "waiting":
                self.end(job, error=HubError("crmhub serve ended before this began; nothing was done"))


def carry_out(jobs: Jobs, job: Job, app: App, stopping: Callable[[], bool]) -> None:
    """Do a job under the process lock.  Raises Locked, with the job waiting again, and KeyboardInterrupt if it was asked
    to stop."""
    from hub.store.errors import Locked

    def tell(step: str, system: str, done: int, total: int | None) -> None:
        if stopping():
            raise KeyboardInterrupt
        job.step, job.system, job.done, job.total = step, system, done, total

    jobs.begin(job)
    try:
        with app.writing():
            result = job.work(app, tell)
    except Locked:
        jobs.put_back(job)
        raise
    except KeyboardInterrupt:
        jobs.end(job, error=HubError("stopped; it is safe to start it again"))
        raise
    except HubError as error:
        jobs.end(job, error=error)
    except Exception as error:  # noqa: BLE001  # one job's bug must not stop the syncs
        jobs.end(job, error=HubError(f"a fault of crmhub: {type(error).__name__}: {error}"))
    else:
        jobs.end(job, result)
