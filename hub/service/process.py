"""One process that serves: the place where everything starts and stops.

The main thread runs syncs, one after the other.  APScheduler's thread keeps time: heartbeats, a look at the configuration
file, notices to send, and the moment at which the next sync is due.  What comes later (pages, webhooks, metrics) is a
``Part`` like it: started after the lease is taken, stopped before it is given back.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Protocol

from apscheduler.schedulers.background import BackgroundScheduler

from hub.bootstrap import SERVE, App
from hub.config.examine import examine_all
from hub.config.model import Config, InvalidConfig
from hub.config.read import read_config
from hub.config.redact import Redactor, mask_text
from hub.config.secrets import SecretSources, fetch_secret
from hub.contract.errors import HubError
from hub.contract.notices import Notice
from hub.service.bell import Bell
from hub.service.caretaker import Caretaker
from hub.service.desk import Desk, LeaseLost, open_desk
from hub.service.election import Election
from hub.service.events import log_event
from hub.service.jobs import Jobs, carry_out
from hub.service.lease import BEAT, Lease
from hub.service.post import deliver
from hub.service.receiver import Receiver
from hub.service.runner import AppRunner
from hub.service.scheduler import LOOK, Report, Scheduler
from hub.store.errors import Locked
from hub.store.inbox import Inbox
from hub.store.location import Location
from hub.store.store import Store

STANDBY = 1.0
"""Seconds between two attempts to take the lease."""
CARE = 10.0
"""Seconds between two times that subscriptions of webhooks are asked for whether it is time to look at them."""
GLANCE = 2.0
"""Seconds between two looks at the configuration file and the outbox."""
GAP = 0.5
"""Seconds between two runs, so that a person's command that waits for the store gets it."""
SLICE = 0.5
"""Seconds after which the main thread sees at the latest what came without a ring while it waits."""
INTERRUPTED = 130
PATIENCE = 2.0
"""Seconds that a webhook waits for the store; then its sender is asked to send it again."""


class Part(Protocol):
    """Something that runs beside the syncs."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Service:
    """Serves the configuration at a path until it is told to stop.  Signals are handled in the main thread only.

    parts: what runs beside the syncs, to be filled before ``run``.
    """

    def __init__(
        self,
        path: Path,
        config: Config,
        redact: Redactor,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._redact, self._clock = path, redact, clock
        self._label = f"{SERVE} (process {os.getpid()})"
        self.parts: list[Part] = []
        # Signal handlers only set these and ring: a lock that the main thread might hold would stop both for ever.
        self._told = self._reload = self._lost = False
        self._signal = ""
        self._wake = Bell()
        self._sending = threading.Lock()
        self._stamp = _stamp(path)
        config.hub.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = self._whereabouts(config)
        self.desk: Desk = open_desk(self._database)
        self._runner = AppRunner(self.desk, redact, self._stopping, clock, self._label)
        self.scheduler = Scheduler(self.desk, config, self._runner, clock, log_event, self._shown)
        self._caretaker = Caretaker(
            self.desk, lambda: self.scheduler.config, self._runner.app, clock, log_event, self._shown
        )
        self._election = Election(self.desk, self._label, clock)
        self._lease: Lease | None = None
        self._receiver: Receiver | None = None
        self.stood_by = False
        """Whether another process has served in this one's lifetime."""
        self.jobs = Jobs(clock, self._wake.ring)

    def _whereabouts(self, config: Config) -> Location:
        """Where the store is; its password is hidden in logs once it is fetched."""
        app = App(config, clock=self._clock)
        app.redact = self._redact
        return app.storage.location

    @property
    def receiver(self) -> Receiver:
        """What takes webhooks, made at first use: with a connection of its own to the store, because an answer must not
        wait for a run."""
        if self._receiver is None:
            inbox = Inbox(self._database.open(wait=PATIENCE, sure=True))
            self._receiver = Receiver(inbox, lambda: self.scheduler.config, self._runner.app, self._clock, log_event)
        return self._receiver

    def secret(self, reference: object) -> str:
        """The value of a secret reference of the configuration; it is hidden in logs from now on.  Raises SecretError."""
        config = self.scheduler.config
        with self._runner.app(config) as app:
            value = fetch_secret(reference, config.base, app.registry.secret_sources)
        self._redact.add([value])
        return value

    def _close(self) -> None:
        if self._receiver is not None:
            self._receiver.close()
        self.desk.close()

    # for the parts

    @property
    def config(self) -> Config:
        """The configuration that holds now."""
        return self.scheduler.config

    @property
    def clock(self) -> Callable[[], float]:
        return self._clock

    def app(
        self, store: Store | None = None, config: Config | None = None, sources: SecretSources | None = None
    ) -> App:
        """Everything that a part may ask about the configuration.

        store: one that stays open when it is closed;  config: another configuration, to be tried;  sources: more sources of
        secrets."""
        return self._runner.app(self.scheduler.config if config is None else config, store, sources)

    def shown(self, text: str) -> str:
        """A text without secrets, addresses and numbers."""
        return self._shown(text)

    def redact(self, text: str) -> str:
        """A text without secrets."""
        return self._redact(text)

    def reload(self) -> None:
        """The main thread reads the configuration anew before it does anything else.  May be called from any thread."""
        self._stamp = _stamp(self._path)
        self._reload = True
        self._wake.ring()

    def _stopping(self) -> bool:
        return self._told or self._lost

    def _shown(self, text: str) -> str:
        return mask_text(self._redact(text))

    # from outside

    def run(self) -> None:
        """Wait for the lease, serve, and go on until stopped."""
        with self._signals(), ExitStack() as stack:
            stack.callback(self._close)
            stack.callback(lambda: self._election.give_up(self._lease))
            while self._elected():
                try:
                    self._serve()
                except LeaseLost as error:
                    log_event("stepped_down", level=logging.WARNING, reason=error.message)
                    self._election.give_up(None)
                    self._lease, self._lost = None, False
            self._say_stopping()
            log_event("stopped")

    def once(self) -> Sequence[Report]:
        """Run what is due, send what is to be sent, and end.  Raises Locked if another process serves, or holds the
        store."""
        with self._signals(), ExitStack() as stack:
            stack.callback(self._close)
            self._lease = self.scheduler.lease = self._election.take()
            if self._lease is None:
                holder = self.desk.lease()
                raise Locked(
                    f"{holder.label if holder else SERVE} serves this store",
                    where=str(self._database),
                    hint="It runs what is due by itself; `crmhub status` shows when",
                )
            stack.callback(lambda: self._election.give_up(self._lease))
            with self._parts():
                self.scheduler.arrange()
                done: set[str] = set()  # a sync that takes longer than its period would never let this end
                while name := self.scheduler.step(without=done):
                    done.add(name)
                self._send()
            if self.scheduler.busy:
                raise Locked("another process holds the store", where=str(self._database), hint="Run this again later")
            return list(self.scheduler.reports)

    def stop(self) -> None:
        """Finish the current page or batch, then end.  May be called from a signal handler and from any thread."""
        self._told = True
        self._wake.ring()

    def _say_stopping(self) -> None:
        """Say once which signal came: not from its handler, which may interrupt another line."""
        name, self._signal = self._signal, ""
        if name:
            log_event("stopping", signal=name)

    def _wait(self, seconds: float, *, patiently: bool = False) -> None:
        """Until something wakes the main thread (``patiently``: only a signal or a new configuration), or the time is
        over."""
        end = time.monotonic() + seconds
        while not (self._stopping() or self._reload or (self._wake.rung() and not patiently)):
            left = end - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(left, SLICE)) if patiently else self._wake.wait(min(left, SLICE))
        self._wake.silence()

    # the lease

    def _elected(self) -> bool:
        waiting = False
        while not self._told:
            self._lease = self._election.take()
            if self._lease is not None:
                log_event("serving", process=os.getpid(), generation=self._lease.generation)
                return True
            self.stood_by = True
            if not waiting:
                holder = self.desk.lease()
                log_event("standing_by", holder=holder.label if holder else "")
                waiting = True
            self._wait(STANDBY)
        return False

    # serving

    def _serve(self) -> None:
        self.scheduler.lease = self._lease
        with self._parts() as timer:
            try:
                self.scheduler.arrange()
                self._caretaker.begin()
                while not self._stopping():
                    self._round(timer)
            except KeyboardInterrupt:
                pass  # a run was stopped because this process is
            if not self._told:
                raise LeaseLost("another process serves this store now")

    def _round(self, timer: BackgroundScheduler) -> None:
        """One look at everything, and a wait until there is more to do."""
        pause, wake = GAP, 0.0
        try:
            if self._reload:
                self._reconfigure()
            self._job()
            if not self.scheduler.step() and not self.jobs.waits():
                pause, wake = LOOK, self.scheduler.wake_at()
        except LeaseLost:
            raise
        except HubError as error:  # the store itself: a full disk, for example
            log_event("error", level=logging.ERROR, code=error.code, message=self._shown(str(error)))
            self._wait(LOOK, patiently=True)
            return
        if wake:
            at = datetime.fromtimestamp(wake, UTC)
            timer.add_job(self._wake.ring, "date", run_date=at, id="due", replace_existing=True)
        self._wait(pause)

    def _job(self) -> None:
        """Carry out what has waited longest, if a person's command does not hold the store."""
        job = self.jobs.next()
        if job is None:
            return
        try:
            with self._runner.app(self.scheduler.config) as app:
                carry_out(self.jobs, job, app, self._stopping)
        except Locked as error:
            log_event("store_is_busy", job=job.kind, holder=error.holder)
            return
        code = job.error.code if job.error is not None else ""
        message = self._shown(str(job.error)) if job.error is not None else ""
        log_event("job_ended", job=job.kind, about=job.subject, error=code, message=message)

    @contextmanager
    def _parts(self) -> Iterator[BackgroundScheduler]:
        """Everything that runs beside the syncs; started in this order, stopped in the other."""
        logger = logging.getLogger("crmhub.timer")
        logger.setLevel(logging.ERROR)  # that a slow mail server is still being talked to is no news
        timer = BackgroundScheduler(
            timezone=UTC,
            logger=logger,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        jobs = ((self._beat, BEAT), (self._look, GLANCE), (self._send, GLANCE), (self._care, CARE))
        for job, seconds in jobs:
            timer.add_job(self._carefully, "interval", args=[job], seconds=seconds, id=job.__name__)
        with ExitStack() as stack:
            timer.start()
            stack.callback(timer.shutdown, wait=True)
            stack.callback(self.jobs.stop)
            for part in self.parts:
                part.start()
                stack.callback(part.stop)
            yield timer

    def _carefully(self, job: Callable[[], None]) -> None:
        """What fails in the timer's thread is logged and tried again at its next time."""
        try:
            job()
        except Exception as error:  # noqa: BLE001  # nobody else would see it
            text = self._shown(f"{type(error).__name__}: {error}")
            log_event("error", level=logging.ERROR, job=job.__name__.strip("_"), message=text)

    def _beat(self) -> None:
        assert self._lease is not None
        try:
            self._election.beat(self._lease)
        except LeaseLost:
            self._lost = True

    def _care(self) -> None:
        if self._caretaker.look():
            self._wake.ring()  # there may be something to tell people

    def _send(self) -> None:
        def send(name: str, notice: Notice) -> object:
            with self._runner.app(self.scheduler.config) as app:
                return app.notifier(name).send(notice)

        with self._sending:
            deliver(self.desk, send, self._clock(), log_event, self._shown)

    # the configuration

    def _look(self) -> None:
        """Whether the file has changed, or a person has made something due."""
        self._say_stopping()
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            self._stamp = stamp
            self._reload = True
        if self.scheduler.due():
            self._wake.ring()

    def _reconfigure(self) -> None:
        """Use the new configuration, or say what is wrong with it and go on with the old one."""
        self._reload = False
        try:
            config = _examined(self._path)
            for key in ("data", "database", "database_password"):
                if getattr(config.hub, key) != getattr(self.scheduler.config.hub, key):
                    raise HubError(f"[hub] {key} has changed, which needs a restart of crmhub serve")
        except HubError as error:
            problems = error.problems if isinstance(error, InvalidConfig) else [error]
            for problem in problems:
                log_event("configuration_refused", level=logging.ERROR, problem=self._shown(str(problem)))
            self.scheduler.config_error = self._shown(str(error))
            self.scheduler.watch()
            return
        self.scheduler.config_error = ""
        self.scheduler.arrange(config)
        log_event("configuration_loaded", syncs=len(config.syncs))

    # signals

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT stop after the current page or batch, the second one at once; SIGHUP reads the
        configuration anew."""

        def stop(number: int, _frame: FrameType | None) -> None:
            if self._told:
                os._exit(INTERRUPTED)
            self._signal = signal.Signals(number).name
            self.stop()

        def reload(_number: int, _frame: FrameType | None) -> None:
            self._reload = True
            self._wake.ring()

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {signal.SIGINT: stop, signal.SIGTERM: stop, signal.SIGHUP: reload}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Changes whenever the file does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _examined(path: Path) -> Config:
    """A configuration without any problem.  Raises InvalidConfig."""
    config = read_config(path)
    problems = examine_all(path).problems
    if problems:
        raise InvalidConfig(problems)
    return config
