"""24 hours with two processes, five systems, faults, deaths and people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from hub.contract.errors import AuthError, Unavailable
from hub.service.times import quiet_until
from tests.service.day import HOUR, SYNCS, SYSTEMS, Day, Process, limited

LATE = 25 * 60.0
"""Seconds that a start may be late: two other runs and a person come first."""
OUTAGE = (15.0, 17.5)
"""Hours in which no process lives."""
STORM = 12.55
"""The hour at which a system sends 300 webhooks within two minutes."""


def whole_day(folder: Path, seed: int, look: Callable[[Day, int], None] = lambda _day, _hour: None) -> Day:
    """Play a day; ``look`` sees it at every sixth hour."""
    day = Day(folder, seed)
    one, two = day.processes
    for number in range(12):
        day.servers[SYSTEMS[number % 5]].add({"name": f"P{number}", "email": f"p{number}@x.example"})
    for name in SYNCS:
        day.by_hand(name)

    def fail(name: str, error: Exception | None) -> None:
        if error is None:
            day.faults.pop(name, None)
        else:
            day.faults[name] = error  # type: ignore[assignment]  # connector errors

    def log_in() -> None:
        fail("e", None)
        day.secret["e"] = "second"

    def asleep(process: Process) -> None:
        process.asleep = True
        day.at.append((day.now + 600, lambda: setattr(process, "asleep", False)))

    def people_edit(hour: int) -> None:
        server = day.servers[day.rng.choice(SYSTEMS)]
        id_ = day.rng.choice(sorted(server.alive()))
        server.edit(id_, notes=f"edited at {hour}")
        day.tell(next(name for name, item in day.servers.items() if item is server), id_)

    def storm() -> None:
        for number in range(50):
            day.tell("b", sorted(day.servers["b"].alive())[number % 12])

    def start(process: Process) -> None:
        if not process.alive:
            process.start()

    def stop(process: Process) -> None:
        if process.alive:
            process.kill()

    def person(on: bool) -> None:
        if on and not day.lock:
            day.lock = "a person"
        elif not on and day.lock == "a person":
            day.lock = ""

    day.at += [
        (day.hour(3), lambda: fail("c", Unavailable("down"))),
        (day.hour(5), lambda: fail("c", None)),
        (day.hour(6), lambda: fail("d", limited(2 * HOUR))),
        (day.hour(6.4), lambda: fail("d", None)),
        (day.hour(8), lambda: fail("e", AuthError("the password is wrong"))),
        (day.hour(8.5), lambda: day.servers["a"].edit(next(iter(day.servers["a"].alive())), notes="while e waits")),
        (day.hour(10), log_in),
        (day.hour(11.4), lambda: start(one)),
        (day.hour(11.5), lambda: start(two)),
        (day.hour(14.1), lambda: person(True)),
        (day.hour(14.2), lambda: person(False)),
        *((day.hour(STORM) + 20 * number, storm) for number in range(6)),
        (day.hour(18), lambda: day.hooks.update(b="refused")),
        (day.hour(19), lambda: day.hooks.update(b="active")),
        (day.hour(20), lambda: day.hooks.update(a="disabled")),
        (day.hour(20.01), lambda: day.servers["a"].edit(sorted(day.servers["a"].alive())[0], notes="nobody was told")),
        (day.hour(OUTAGE[0]), lambda: (stop(one), stop(two))),
        (day.hour(OUTAGE[1]), lambda: (start(one), start(two))),
        *((day.hour(hour + 0.3), lambda hour=hour: people_edit(hour)) for hour in range(24)),
    ]
    day.during += [(day.hour(11), lambda process: process.kill()), (day.hour(13), asleep)]
    day.subscribe()
    one.start()
    two.start()
    for hour in (6, 12, 18, 24):
        day.pass_until(day.hour(hour))
        look(day, hour)
    return day


@pytest.fixture(scope="module", params=[1, 2, 3])
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Day:
    return whole_day(tmp_path_factory.mktemp("day"), request.param)


def test_all_faults_took_place(day: Day) -> None:
    assert not day.during
    names = [event for _, event, _ in day.events]
    for event in ("run_started", "run_ended", "interrupted_run_found", "store_is_busy", "connection", "lease_lost"):
        assert event in names, event
    assert {run.process for run in day.runs} == {"one", "two"}, "both have served"


def test_no_two_runs_overlap(day: Day) -> None:
    ended = sorted((run.started, run.ended) for run in day.runs if run.ended is not None)
    for (_, end), (start, _) in pairwise(ended):
        assert end <= start


def test_every_time_of_every_schedule_was_followed_by_a_run(day: Day) -> None:
    for name, step in (("customers", 0.25), ("office", 2 / 3)):
        timing = SYNCS[name]
        starts = sorted(run.started for run in day.runs if run.sync == name and run.ended is not None)
        number = int(23 / step)
        for slot in (day.hour(index * step) for index in range(number)):
            alive = day.hour(OUTAGE[1]) if day.hour(OUTAGE[0]) - LATE <= slot < day.hour(OUTAGE[1]) else slot
            due = quiet_until(timing.quiet, timing.zone, alive)
            if due >= day.hour(23.5):
                continue
            assert any(slot <= start <= due + LATE for start in starts), (name, (slot - day.hour(0)) / HOUR)


def test_nothing_starts_in_a_quiet_window(day: Day) -> None:
    hours = [(run.started - day.hour(0)) / HOUR for run in day.runs if run.sync == "office"]
    assert all(6 <= hour < 22 for hour in hours)
    assert 6 <= min(hours) < 6.5, "what was due in the night starts at its end"


def test_what_was_missed_is_made_good_once(day: Day) -> None:
    after = [run for run in day.runs if day.hour(OUTAGE[1]) <= run.started < day.hour(OUTAGE[1] + 0.2)]
    assert Counter(run.sync for run in after if run.sync == "office") == {"office": 1}
    daily = [(run.started - day.hour(0)) / HOUR for run in day.runs if run.sync == "daily"]
    assert len(daily) == 2, "at seven, and once more for the system that was left out then"
    assert 7 <= daily[0] <= 7 + LATE / HOUR
    assert 8 <= daily[1] <= 8.1 + LATE / HOUR


def test_a_system_that_is_down_is_left_alone_longer_and_longer(day: Day) -> None:
    tries = [at for at in day.calls["c"] if day.hour(3) <= at < day.hour(5)]
    assert 3 <= len(tries) <= 14, "doubling from a minute to half an hour, not four times an hour three times over"
    gaps = [after - before for before, after in pairwise(tries)]
    assert max(gaps) > 20 * 60
    assert any(day.hour(5) <= at <= day.hour(5.7) for at in day.calls["c"]), "and is tried again"


def test_a_system_that_asks_for_time_gets_it(day: Day) -> None:
    refused = next(at for at in day.calls["d"] if at >= day.hour(6))
    following = next(at for at in day.calls["d"] if at > refused + 60)
    assert refused + 2 * HOUR <= following <= refused + 2 * HOUR + LATE


def test_a_refused_login_is_tried_once_and_again_when_the_secret_has_changed(day: Day) -> None:
    assert len([at for at in day.calls["e"] if day.hour(8) <= at < day.hour(10)]) == 1
    assert any(day.hour(10) <= at <= day.hour(10) + LATE + 900 for at in day.calls["e"])


def test_a_system_that_waits_does_not_stop_the_others(day: Day) -> None:
    for name in "abcd":
        tries = [at for at in day.calls[name] if day.hour(8.5) <= at < day.hour(9.5)]
        assert len(tries) >= 4, name


def test_each_alarm_is_told_once_and_its_end_once(day: Day) -> None:
    told = Counter(notice.key for _, notice in day.sent)
    assert set(told.values()) == {1}
    episodes = Counter(key.rsplit("/", 2)[0] for key in told)
    expected = {"failing/c", "needs_login/e", "lag/customers", "webhook/b"}
    assert {key for key in episodes if not key.startswith(("review", "guard"))} == expected
    assert episodes["failing/c"] == 2, "raised and cleared"
    assert episodes["needs_login/e"] == 2
    assert episodes["webhook/b"] == 2
    assert episodes["lag/customers"] % 2 == 0
    assert all(number % 2 == 0 for number in episodes.values()), "everything is over in the evening"
    lags = [at for at, notice in day.sent if notice.key.startswith("lag/") and notice.key.endswith("raised")]
    hours = [(at - day.hour(0)) / HOUR for at in lags]
    assert any(3.7 <= hour <= 4.6 for hour in hours), "an hour after c was last read"


def test_a_storm_of_webhooks_costs_one_run_and_few_more(day: Day) -> None:
    storm = [at for at, system in day.heard if system == "b" and day.hour(STORM) <= at < day.hour(STORM + 0.05)]
    assert len(storm) == 300
    runs = [run for run in day.runs if day.hour(STORM) <= run.started < day.hour(STORM) + 400]
    by_sync = Counter(run.sync for run in runs)
    assert 1 <= by_sync["customers"] <= 6, "a run at a time, with a rest in between"


def test_what_a_webhook_names_is_read_long_before_its_schedule(day: Day) -> None:
    quiet = [at for at, _ in day.heard if day.hour(1) < at < day.hour(3) or day.hour(21) < at < day.hour(23.5)]
    assert quiet
    starts = sorted(run.started for run in day.runs)
    for at in quiet:
        assert any(at <= start <= at + 300 for start in starts), "a run that is going ends first"


def test_after_an_outage_and_after_a_dead_webhook_the_gap_is_read(day: Day) -> None:
    gaps = [(at, fields["connection"]) for at, event, fields in day.events if event == "gap_read"]
    assert {name for at, name in gaps if day.hour(OUTAGE[1]) <= at <= day.hour(OUTAGE[1]) + 60} == {"a", "b"}
    assert any(name == "b" and day.hour(19) <= at <= day.hour(19.3) for at, name in gaps), "when it is alive again"
    assert any(name == "a" and day.hour(20) <= at <= day.hour(20.3) for at, name in gaps), "it was woken"


def test_the_inbox_is_empty_in_the_evening(day: Day) -> None:
    process = next(item for item in day.processes if item.lease)
    assert process.desk.inbox.waiting() == {}


def test_no_edit_is_lost_and_nothing_doubled(day: Day) -> None:
    contents = {name: day.everything(name) for name in SYSTEMS}
    assert all(content == contents["a"] for content in contents.values())
    assert len(contents["a"]) == 12
    assert {row[0] for row in contents["a"]} == {f"P{number}" for number in range(12)}
