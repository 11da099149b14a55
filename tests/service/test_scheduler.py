"""The scheduler's shell on a store: what happens when things fail half-way, and what is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.config.model import Config, Hub, Sync
from hub.config.timing import Serving, Timing, parse_schedule
from hub.contract.errors import AuthError, ConnectorError, HubError, OutcomeUnknown, Rejected, Unavailable
from hub.contract.notices import Notice
from hub.service.alarms import Alarm, notice_of
from hub.service.circuits import Circuit
from hub.service.desk import Desk, LeaseLost, Letter, open_desk
from hub.service.election import Election
from hub.service.events import log_event
from hub.service.lease import TTL, Lease
from hub.service.outcomes import note_systems
from hub.service.post import deliver
from hub.service.scheduler import BUSY, Report, Scheduler
from hub.store.errors import Locked, StoreError
from hub.sync.policy import Policy
from tests.engine.world import PLAIN, World, empty_store, failing

EVERY = Timing(parse_schedule("every 15m"), text="every 15m")


class Fake:
    """A clock, and a runner that does what a test tells it."""

    def __init__(self, folder: Path, timing: Timing = EVERY) -> None:
        (folder / "hub.db").write_bytes(empty_store())
        self.now = 1_800_000_000.0
        self.desk: Desk = open_desk(folder / "hub.db")
        self.outcome: Report | BaseException = Report("r", "success")
        self.started: list[float] = []
        self.held: list[list[str]] = []
        self.logged: list[tuple[str, dict[str, Any]]] = []
        self.secret = "first"
        sync = Sync("s", ("a", "b"), Policy(("a", "b")), timing=timing)
        notifiers: dict[str, Any] = {"office": None, "pager": None}
        self.config = Config(folder / "c.toml", Hub(folder, folder), {}, {"s": sync}, notifiers, Serving())
        self.scheduler = Scheduler(
            self.desk, self.config, self, lambda: self.now, self.log, lambda text: text.replace("geheim", "***")
        )
        self.scheduler.arrange()

    def log(self, event: str, /, **fields: Any) -> None:
        self.logged.append((event, fields))

    def run(self, config: Config, sync: Sync, holds: Mapping[str, ConnectorError]) -> Report:
        self.started.append(self.now)
        self.held.append(sorted(holds))
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    def fingerprint(self, config: Config, connection: str) -> str:
        return self.secret


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Fake]:
    made = Fake(tmp_path)
    yield made
    made.desk.close()


def test_a_step_that_fails_half_way_is_made_good_by_the_next(fake: Fake) -> None:
    fake.outcome = StoreError("database or disk is full")
    with pytest.raises(StoreError):
        fake.scheduler.step()
    assert fake.desk.slots()["s"].begun is not None, "as after a kill"
    fake.outcome = Report("r")
    fake.now += 60
    assert fake.scheduler.step() == "s"
    assert fake.desk.slots()["s"].begun is None
    assert fake.scheduler.step() == ""


def test_a_store_that_somebody_holds_is_tried_again_soon_and_nothing_is_lost(fake: Fake) -> None:
    fake.outcome = Locked("busy", holder="process 7")
    assert fake.scheduler.step() == ""
    assert fake.scheduler.step() == ""
    assert len(fake.started) == 1, "not in a loop"
    assert fake.scheduler.busy
    assert fake.scheduler.wake_at() == fake.now + BUSY
    fake.now += BUSY
    fake.outcome = Report("r")
    assert fake.scheduler.step() == "s"


def test_a_run_that_could_not_begin_is_an_alarm_until_one_can(fake: Fake) -> None:
    fake.outcome = Report(state="error", error=HubError("the secret geheim is missing"))
    fake.scheduler.step()
    (alarm,) = fake.desk.alarms("raised")
    assert (alarm.kind, alarm.subject, alarm.message) == ("failing", "s", "the secret *** is missing")
    restarted = Scheduler(fake.desk, fake.config, fake, lambda: fake.now, fake.log)
    restarted.watch()
    assert fake.desk.alarms("raised") == [alarm], "a restart forgets nothing"
    fake.outcome = Report("r")
    fake.now += 900
    fake.scheduler.step()
    assert fake.desk.alarms("raised") == []
    assert len(fake.desk.letters()) == 4, "two alarms, two notifiers"


def test_a_sync_of_which_nothing_may_be_tried_is_put_off_to_the_end_of_the_wait(fake: Fake) -> None:
    fake.outcome = Report("r", "failed", {"a": Unavailable("down"), "b": AuthError("geheim")})
    fake.scheduler.step()
    waits = fake.desk.circuits()["a"].until
    assert waits is not None
    fake.now = waits - 1
    assert fake.scheduler.step() == ""
    fake.now = waits
    fake.outcome = Report("r", "partial", {"a": Unavailable("down"), "b": AuthError("***")})
    assert fake.scheduler.step() == "s"
    assert fake.held == [[], ["b"]]
    assert fake.desk.circuits()["b"].failures == 1, "what was held was not tried"
    assert fake.desk.circuits()["a"].failures == 2
    assert fake.desk.circuits()["b"].message == "***", "no secret is stored"
    fake.secret = "second"
    fake.now += 3600
    fake.scheduler.step()
    assert fake.held[-1] == []


def test_a_paused_sync_waits_and_starts_when_resumed(fake: Fake) -> None:
    fake.desk.pauses.add("sync", "s", fake.now, "why")
    assert fake.scheduler.step() == ""
    assert fake.scheduler.wake_at() > fake.now
    fake.desk.pauses.remove("sync", "s")
    assert fake.scheduler.step() == "s"


def test_a_paused_connection_keeps_its_circuit(fake: Fake) -> None:
    before = Circuit("a", "needs_login", 1, 1.0, None, "needs_login", "no", "first")
    fake.desk.save_circuits([before])
    note_systems(fake.desk, Serving(), ("a", "b"), {}, fake.now, held={"a"})
    assert fake.desk.circuit("a") == before


def test_a_process_that_has_lost_the_lease_starts_nothing(fake: Fake) -> None:
    me, other = (Lease(name, name, "here", 0, 0, 0) for name in ("me", "other"))
    fake.scheduler.lease = fake.desk.take(me, fake.now, alone=False)
    fake.now += TTL + 1
    assert fake.desk.take(other, fake.now, alone=False) is not None
    with pytest.raises(LeaseLost):
        fake.scheduler.step()
    assert fake.started == []


def test_two_candidates_of_one_machine_see_at_once_who_lives(fake: Fake, tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "hub.db")
    first = Election(fake.desk, "first", lambda: fake.now)
    second = Election(desk, "second", lambda: fake.now)
    mine = first.take()
    assert mine is not None
    assert second.take() is None
    first.give_up(None)  # what the system does when a process dies: its lock is free, its lease is not given back
    taken = second.take()
    assert taken is not None
    assert taken.generation == mine.generation + 1
    with pytest.raises(LeaseLost):
        first.beat(mine)
    second.give_up(taken)
    again = first.take()
    assert again is not None
    first.give_up(again)
    desk.close()


# notices


def post(fake: Fake, number: int = 1) -> Alarm:
    alarm = Alarm("lag", "s", number, "raised", fake.now, "old", "crmhub status")
    notice = notice_of(alarm)
    letter = Letter(notice.key, "office", fake.now, notice.severity, notice.subject, notice.text, due=fake.now)
    fake.desk.post([alarm], [letter])
    return alarm


@pytest.mark.parametrize(
    ("error", "state", "again"),
    [
        (None, "sent", False),
        (Rejected("no such receiver"), "refused", False),
        (Unavailable("down"), "pending", True),
        (OutcomeUnknown("no answer"), "pending", True),
        (AuthError("wrong password"), "pending", True),
        (KeyError("a bug"), "pending", True),
    ],
)
def test_a_notice_is_sent_once_refused_once_or_tried_again_with_the_same_key(
    fake: Fake, error: Exception | None, state: str, again: bool
) -> None:
    post(fake)
    tried: list[Notice] = []

    def send(_name: str, notice: Notice) -> None:
        tried.append(notice)
        if error is not None:
            raise error

    deliver(fake.desk, send, fake.now, fake.log)
    assert len(fake.desk.letters(state)) == 1
    assert deliver(fake.desk, send, fake.now, fake.log) == 0
    assert len(tried) == 1, "not in a loop"
    deliver(fake.desk, send, fake.now + 3600, fake.log)
    assert len(tried) == (2 if again else 1)
    assert len({notice.key for notice in tried}) == 1


def test_an_alarm_that_is_stored_twice_is_sent_once(fake: Fake) -> None:
    sent: list[str] = []
    post(fake)
    deliver(fake.desk, lambda _name, notice: sent.append(notice.key), fake.now, fake.log)
    post(fake)
    deliver(fake.desk, lambda _name, notice: sent.append(notice.key), fake.now, fake.log)
    assert sent == ["lag/s/1/raised"]


def test_old_notices_are_forgotten_and_waiting_ones_are_not(fake: Fake) -> None:
    post(fake, 1)
    deliver(fake.desk, lambda *_: None, fake.now, fake.log)
    post(fake, 2)
    deliver(fake.desk, lambda *_: fail(), fake.now + 365 * 86_400, fake.log)
    assert fake.desk.letters("sent") == []
    assert len(fake.desk.letters()) == 1


def fail() -> None:
    raise Unavailable("down")


# freshness, fingerprints, logs


def test_data_counts_as_fresh_only_when_every_system_was_read(tmp_path: Path) -> None:
    world = World(tmp_path, a=PLAIN, b=PLAIN)
    world.servers["a"].add({"name": "Anna", "email": "a@x.example"})
    world.sync()
    began = world.store.work.meta("read:test")
    assert float(began) == world.now
    world.servers["b"].fault = failing(Unavailable("down"), "changes")
    world.sync()
    assert world.store.work.meta("read:test") == began
    world.servers["b"].fault = failing(Unavailable("down"), "write")
    world.servers["a"].edit(world.id("a"), notes="new")
    world.sync()
    assert float(world.store.work.meta("read:test")) == world.now, "reading is what counts"
    world.store.close()


def test_a_fingerprint_tells_change_and_nothing_else(fake: Fake) -> None:
    one = fake.desk.fingerprint(["user", "geheim"])
    assert one == fake.desk.fingerprint(["user", "geheim"])
    assert one != fake.desk.fingerprint(["user", "geheimer"])
    assert one != fake.desk.fingerprint(["usergeheim"])
    assert "geheim" not in one


def test_an_event_is_one_line_whatever_is_in_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="crmhub.serve"):
        log_event("run_ended", sync="s", error="", note='a "b"\n=c', number=0, none=None)
    assert caplog.messages == ['event=run_ended sync=s note="a \\"b\\"\\n=c" number=0']


def test_what_a_notifier_quotes_is_stored_without_secrets(fake: Fake) -> None:
    post(fake)

    def send(_name: str, _notice: Notice) -> None:
        raise Unavailable("535 the password s3cret was refused")

    deliver(fake.desk, send, fake.now, fake.log, lambda text: text.replace("s3cret", "***"))
    (letter,) = fake.desk.letters()
    assert letter.error == "535 the password *** was refused"
