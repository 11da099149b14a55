"""What is due, which system is left alone, who serves, what people are told: tables, and properties."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config.model import Sync
from hub.config.timing import Serving, Timing, parse_quiet, parse_schedule
from hub.contract.errors import AuthError, ConfigError, ConnectorError, RateLimited, Unavailable
from hub.service.alarms import Alarm, Condition, judge, notice_of
from hub.service.circuits import MOST, Circuit, admits, backoff, failed, succeeded
from hub.service.leading import is_leading
from hub.service.lease import TTL, Lease, take
from hub.service.timetable import Slot, arrange, begin, end, hinted_at, overdue_first, start_of
from hub.service.watch import SyncView, View, conditions, unknown
from hub.sync.policy import Policy

HOUR, DAY = 3600.0, 86_400.0
NOON = 1_796_040_000.0
"""2026-11-30 12:00 UTC, a Monday."""


def timing(schedule: str, **more: Any) -> Timing:
    return Timing(parse_schedule(schedule), text=schedule, **more)


EVERY = timing("every 15m")
DAILY = timing("cron 0 7 * * *")


def slot(schedule: Timing, next_: float, **more: Any) -> Slot:
    return Slot("s", schedule.spec, next_, next_, **more)


# the timetable


@pytest.mark.parametrize(
    ("what", "known", "now_timing", "expected"),
    [
        ("a new sync starts at once", None, EVERY, NOON),
        ("a new sync with a time waits for it", None, DAILY, NOON + 19 * HOUR),
        ("a manual one never starts", None, timing("manual"), None),
        ("what is planned stays", slot(EVERY, NOON + 60), EVERY, NOON + 60),
        ("what was missed is due", slot(DAILY, NOON - 3 * DAY), DAILY, NOON - 3 * DAY),
        ("a killed run is made good", slot(DAILY, NOON + HOUR, begun=NOON - 60), DAILY, NOON),
        ("a new schedule is planned from now", slot(DAILY, NOON + 19 * HOUR), EVERY, NOON + 900),
        ("what is due stays due under a new schedule", slot(EVERY, NOON - 60), DAILY, NOON - 60),
        ("a sync made manual stops", slot(EVERY, NOON - 60), timing("manual"), None),
        ("a clock put back does not stop a sync", slot(EVERY, NOON + 10 * DAY), EVERY, NOON + 900),
        ("nor one with a time", slot(DAILY, NOON + 10 * DAY), DAILY, NOON + 19 * HOUR),
    ],
)
def test_a_timetable_is_arranged(what: str, known: Slot | None, now_timing: Timing, expected: float | None) -> None:
    row = arrange(known, "s", now_timing, NOON, first=NOON)
    assert start_of(row, now_timing, NOON) == expected, what
    assert row.spec == now_timing.spec
    assert arrange(row, "s", now_timing, NOON, first=NOON) == row, "arranging twice changes nothing"


@pytest.mark.parametrize(
    ("row", "quiet", "expected"),
    [
        (slot(EVERY, NOON - 5), (), NOON - 5),
        (slot(EVERY, NOON + 5), (), NOON + 5),
        (slot(EVERY, NOON + 500, retry=NOON + 60), (), NOON + 60),
        (slot(EVERY, NOON - 5), ("11:00-13:00",), NOON + HOUR),
        (slot(EVERY, NOON + 30 * 60), ("12:15-13:00",), NOON + HOUR),
        (slot(EVERY, NOON - 5), ("11:00-12:00",), NOON - 5),
        (slot(EVERY, NOON - 5, begun=NOON - 4), (), None),
        (Slot("s", "manual"), (), None),
    ],
)
def test_nothing_starts_in_a_quiet_window_and_what_is_due_starts_at_its_end(
    row: Slot, quiet: tuple[str, ...], expected: float | None
) -> None:
    found = start_of(row, replace(EVERY, quiet=tuple(parse_quiet(item) for item in quiet)), NOON)
    assert found == expected


@pytest.mark.parametrize(
    ("what", "next_", "took", "retry", "then", "extra"),
    [
        ("the next time of the grid", NOON, 60, None, NOON + 900, None),
        ("a late start keeps the grid", NOON - 100, 60, None, NOON + 800, None),
        ("ten missed times are one run", NOON - 9000, 60, None, NOON + 900, None),
        ("a time missed during a long run is due at once", NOON, 1000, None, NOON + 900, None),
        ("a run before its time changes nothing", NOON + 300, 60, None, NOON + 300, None),
        ("a system that waits is made good earlier", NOON, 60, NOON + 120, NOON + 900, NOON + 120),
        ("but not later than the next run", NOON, 60, NOON + 5000, NOON + 900, None),
    ],
)
def test_after_a_run(
    what: str, next_: float, took: float, retry: float | None, then: float, extra: float | None
) -> None:
    row = end(begin(slot(EVERY, next_), NOON), EVERY, NOON + took, retry=retry)
    assert (row.next, row.retry, row.begun) == (then, extra, None), what


@given(
    st.lists(st.tuples(st.floats(1, 5000), st.floats(0, 5000)), min_size=1, max_size=30),
    st.sampled_from(["every 15m", "every 1m", "cron */10 * * * *", "cron 0 * * * *"]),
    st.sampled_from([(), ("22:00-06:00",), ("12:05-12:50", "14:00-18:00")]),
)
def test_every_time_of_a_schedule_is_followed_by_a_run_however_long_runs_and_pauses_take(
    story: list[tuple[float, float]], schedule: str, quiet: tuple[str, ...]
) -> None:
    """(seconds of a run, seconds that nobody looks afterwards), again and again."""
    when = timing(schedule, quiet=tuple(parse_quiet(item) for item in quiet))
    now, row = NOON, arrange(None, "s", when, NOON, first=NOON)
    for took, away in story:
        due = start_of(row, when, now)
        assert due is not None
        now = max(now, due)
        before = row.next
        row = begin(row, now)
        now += took
        row = end(row, when, now, retry=None)
        assert row.next is not None
        assert before is not None
        assert row.next > before, "no time is used twice"
        now += away
        row = arrange(row, "s", when, now, first=now)


def test_those_that_wait_longest_come_first() -> None:
    assert overdue_first({"b": 2.0, "c": 1.0, "a": 2.0}) == ["c", "a", "b"]


# circuits


def fail(circuit: Circuit, error: ConnectorError, now: float = NOON, secret: str = "") -> Circuit:
    return failed(circuit, error, now, first=60, longest=3600, secret=secret)


@pytest.mark.parametrize(
    ("error", "failures", "least", "most"),
    [
        (Unavailable("down"), 1, 45, 60),
        (Unavailable("down"), 2, 90, 120),
        (Unavailable("down"), 3, 180, 240),
        (Unavailable("down"), 50, 2700, 3600),
        (RateLimited("slow", retry_after=10), 1, 45, 60),
        (RateLimited("slow", retry_after=7200), 1, 7200, 7200),
        (RateLimited("slow", retry_after=None), 1, 45, 60),
        (RateLimited("slow", retry_after=-5), 1, 45, 60),
        (RateLimited("slow", retry_after=1e12), 1, MOST, MOST),
        (ConfigError("no such database"), 1, 45, 60),
    ],
)
def test_a_failing_system_is_left_alone_longer_each_time(
    error: ConnectorError, failures: int, least: float, most: float
) -> None:
    circuit = fail(Circuit("shop", "waiting", failures - 1, NOON - 5, NOON), error)
    assert circuit.until is not None
    assert least <= circuit.until - NOON <= most
    assert circuit.failures == failures
    assert not admits(circuit, circuit.until - 1, "")
    assert admits(circuit, circuit.until, "")


def test_a_success_forgets_the_failures() -> None:
    assert succeeded(fail(Circuit("shop"), Unavailable("down"))) == Circuit("shop")


@given(st.text(max_size=8), st.integers(1, 200), st.floats(0.1, 1000), st.floats(1000, 1e6))
def test_the_wait_never_exceeds_the_longest_and_is_never_less_than_three_quarters_of_the_first(
    name: str, failures: int, first: float, longest: float
) -> None:
    assert 0.75 * first <= backoff(name, failures, first, longest) <= longest


def test_a_refused_login_is_not_tried_again_until_the_secret_changes() -> None:
    circuit = fail(Circuit("shop"), AuthError("wrong password"), secret="old")
    assert circuit.state == "needs_login"
    assert not admits(circuit, NOON + 365 * DAY, "old")
    assert not admits(circuit, NOON, ""), "a secret that cannot be had is no new one"
    assert admits(circuit, NOON, "new")


def test_a_clock_that_is_put_back_locks_nobody_out() -> None:
    circuit = fail(Circuit("shop"), Unavailable("down"), NOON + 30 * DAY)
    assert admits(circuit, NOON, "")


# the lease

ME, OTHER = Lease("me", "process 1", "here", 0, 0, 0), Lease("other", "process 2", "here", 7, NOON - 500, NOON - 5)


@pytest.mark.parametrize(
    ("what", "lease", "alone", "generation"),
    [
        ("nobody had it", None, False, 1),
        ("the other lives", OTHER, False, None),
        ("the other has died on this machine", OTHER, True, 8),
        ("the other is on another machine", replace(OTHER, host="there"), True, None),
        ("the other has not been heard of", replace(OTHER, host="there", beat=NOON - TTL - 1), False, 8),
        ("just about", replace(OTHER, beat=NOON - TTL), False, None),
        ("the other has given it back", replace(OTHER, holder=""), False, 8),
        ("it is mine", replace(OTHER, holder="me"), False, 7),
        ("the clock was put back", replace(OTHER, beat=NOON + DAY), False, 8),
    ],
)
def test_a_lease_is_taken_only_from_one_that_is_gone(
    what: str, lease: Lease | None, alone: bool, generation: int | None
) -> None:
    found = take(lease, ME, NOON, alone=alone)
    if generation is None:
        assert found is None, what
    else:
        assert found is not None, what
        assert (found.holder, found.generation, found.beat) == ("me", generation, NOON)


# what people are told

DOWN = {
    name: fail(fail(fail(Circuit(name), Unavailable("down")), Unavailable("down")), Unavailable("down"))
    for name in "AB"
}
SYNC = SyncView("s", ("A", "B"), fresh=HOUR, read_at=NOON - 60, last={"state": "success"})
TRIP = {"guard": "deletes", "system": "A", "message": "9 of 10 records would be deleted"}


@pytest.mark.parametrize(
    ("view", "keys"),
    [
        (View(NOON, (SYNC,)), set()),
        (View(NOON, (replace(SYNC, read_at=NOON - HOUR),)), set()),
        (View(NOON, (replace(SYNC, read_at=NOON - HOUR - 1),)), {("lag", "s")}),
        (View(NOON, (replace(SYNC, read_at=None, since=NOON - 2 * HOUR),)), {("lag", "s")}),
        (View(NOON, (replace(SYNC, read_at=None, since=NOON),)), set()),
        (View(NOON, (replace(SYNC, fresh=None, read_at=0.0),)), set()),
        (View(NOON, (replace(SYNC, last={"state": "failed"}),)), {("failing", "s")}),
        (View(NOON, (replace(SYNC, last={"state": "failed", "paused": {"A": {}, "B": {}}}),)), set()),
        (View(NOON, (replace(SYNC, error="no mapping"),)), {("failing", "s")}),
        (View(NOON, (replace(SYNC, last={"state": "waiting", "trips": [TRIP]}),)), {("guard", "s")}),
        (View(NOON, (SYNC,), {"A": DOWN["A"]}), {("failing", "A")}),
        (View(NOON, (SYNC,), {"A": replace(DOWN["A"], failures=2)}), set()),
        (View(NOON, (SYNC,), {"A": replace(DOWN["A"], failures=1, code="config")}), {("failing", "A")}),
        (View(NOON, (SYNC,), {"A": fail(Circuit("A"), AuthError("no"))}), {("needs_login", "A")}),
        (View(NOON, (SYNC,), questions=2), {("review", "")}),
        (View(NOON, (SYNC,), config_error="1 problem"), {("configuration", "")}),
    ],
)
def test_what_should_be_known(view: View, keys: set[tuple[str, str]]) -> None:
    found = conditions(view)
    assert {item.key for item in found} == keys
    assert all(item.message and item.hint for item in found), "every alarm says what to do"


def test_an_alarm_is_raised_once_and_cleared_once_and_counts() -> None:
    condition = Condition("lag", "s", "old", "crmhub status")
    (raised,) = judge([], [condition], 1.0)
    assert (raised.state, raised.number, raised.raised) == ("raised", 1, 1.0)
    assert judge([raised], [replace(condition, message="older still")], 2.0) == []
    (cleared,) = judge([raised], [], 3.0)
    assert (cleared.state, cleared.cleared) == ("cleared", 3.0)
    assert judge([cleared], [], 4.0) == []
    (again,) = judge([cleared], [condition], 5.0)
    assert (again.state, again.number, again.cleared) == ("raised", 2, None)
    keys = {notice_of(item).key for item in (raised, cleared, again)}
    assert len(keys) == 3, "each has a notice of its own"


def test_a_paused_subject_keeps_its_alarms_as_they_are() -> None:
    raised = Alarm("lag", "s", 1, "raised", 1.0, "old", "")
    old = replace(SYNC, read_at=0.0)
    for view in (View(NOON, (replace(SYNC, paused=True),)), View(NOON, (SYNC,), paused=frozenset({"B"}))):
        assert judge([raised], conditions(view), NOON, unknown=unknown(view)) == []
    view = View(NOON, (old,), paused=frozenset({"B"}))
    assert judge([], conditions(view), NOON, unknown=unknown(view)) == []


def test_a_guard_is_not_over_because_its_system_stands_still() -> None:
    raised = Alarm("guard", "s", 1, "raised", 1.0, "many", "")
    view = View(NOON, (replace(SYNC, last={"state": "partial", "trips": [], "paused": {"A": {}}}),))
    assert judge([raised], conditions(view), NOON, unknown=unknown(view)) == []


KEYS = st.sets(st.tuples(st.sampled_from(["lag", "failing", "guard"]), st.sampled_from(["s", "t"])))


@given(st.lists(st.tuples(KEYS, KEYS), max_size=30))
def test_for_any_history_raised_and_cleared_alternate(history: list[tuple[set[Any], set[Any]]]) -> None:
    alarms: dict[Any, Alarm] = {}
    sent: list[str] = []
    for now, (holds, silent) in enumerate(history):
        changed = judge(alarms.values(), [Condition(*key, "m", "h") for key in holds], float(now), unknown=silent)
        for alarm in changed:
            before = alarms.get(alarm.key)
            assert (before is not None and before.state == "raised") == (alarm.state == "cleared")
            assert alarm.key not in silent
            alarms[alarm.key] = alarm
            sent.append(notice_of(alarm).key)
        for key in holds - silent:
            assert alarms[key].state == "raised"
        for key in set(alarms) - holds - silent:
            assert alarms[key].state == "cleared"
    assert len(sent) == len(set(sent)), "no notice is sent twice"


# hints of webhooks


@pytest.mark.parametrize(
    ("what", "first", "last", "began", "hinted", "expected"),
    [
        ("the first hint waits for others", 0, 0, -900, -900, 3),
        ("all of them cost one run", 0, 2.9, -900, -900, 3),
        ("those that come in a run cost one more, later", 5, 9, 4, 4, 34),
        ("an ordinary run just before does not matter", 5, 5, 4, -900, 8),
        ("those that a run has left are not tried again", 0, 2, 4, 4, None),
        ("until another one comes", 0, 6, 4, 4, 34),
    ],
)
def test_hints_start_one_run(
    what: str, first: float, last: float, began: float, hinted: float, expected: float | None
) -> None:
    at = hinted_at(NOON + first, NOON + last, Serving(), began=NOON + began, hinted=NOON + hinted)
    assert at == (None if expected is None else NOON + expected), what


def test_hints_keep_to_quiet_windows_and_leave_manual_syncs_to_people() -> None:
    quiet = replace(EVERY, quiet=(parse_quiet("11:00-13:00"),))
    assert start_of(slot(EVERY, NOON + 500), quiet, NOON, hinted=NOON + 3) == NOON + HOUR
    assert start_of(slot(EVERY, NOON + 500), EVERY, NOON, hinted=NOON + 3) == NOON + 3
    assert start_of(Slot("s", "manual"), timing("manual"), NOON, hinted=NOON + 3) is None
    assert start_of(slot(EVERY, NOON + 500, begun=NOON), EVERY, NOON, hinted=NOON + 3) is None


@pytest.mark.parametrize(
    ("what", "syncs", "leading"),
    [
        ("one sync", {"a": "xy"}, ["a"]),
        ("of equal ones the first", {"b": "xy", "a": "yx"}, ["b"]),
        ("the one with more systems", {"a": "xy", "b": "xyz"}, ["b"]),
        ("each that goes somewhere else", {"a": "xy", "b": "xz"}, ["a", "b"]),
        ("three of a kind and a wider one", {"a": "xy", "b": "xy", "c": "xyz", "d": "xyz"}, ["c"]),
    ],
)
def test_a_hint_starts_as_few_syncs_as_reach_every_system(what: str, syncs: dict[str, str], leading: list[str]) -> None:
    known = [Sync(name, tuple(systems), Policy(tuple(systems)), timing=EVERY) for name, systems in syncs.items()]
    assert [item.name for item in known if is_leading(item, known)] == leading, what
