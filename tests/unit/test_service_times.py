"""When schedules are due: tables, and properties over many zones and moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from hub.config.timing import WEEK, Cron, Every, Quiet, Timing, parse_quiet, parse_schedule, parse_zone
from hub.service.times import following, is_quiet, jittered, quiet_until

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca")


YEAR_2020 = 1_577_836_800


def at(text: str) -> float:
    """ "2026-03-29 01:30" in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def wall(moment: float, zone: str = "Europe/Berlin") -> str:
    return datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M%z")


def timing(schedule: str, zone: str = "Europe/Berlin", **more: object) -> Timing:
    return Timing(parse_schedule(schedule), zone=zone, text=schedule, **more)  # type: ignore[arg-type]  # test values


# reading


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("manual", None),
        ("every 15m", Every(900)),
        ("every 1h 30m", Every(5400)),
        ("cron 0 7 * * mon-fri", Cron("0", "7", "*", "*", "0,1,2,3,4")),
        ("cron 0 7 * * 1-5", Cron("0", "7", "*", "*", "0,1,2,3,4")),
        ("cron 0 7 * * 0", Cron("0", "7", "*", "*", "6")),
        ("cron 0 7 * * 7", Cron("0", "7", "*", "*", "6")),
        ("cron 0 7 * * 5-1", Cron("0", "7", "*", "*", "0,4,5,6")),
        ("cron 0 7 * * mon-fri/2", Cron("0", "7", "*", "*", "0,2,4")),
        ("cron */5 8-18 1,15 * *", Cron("*/5", "8-18", "1,15", "*", "*")),
    ],
)
def test_schedules_are_read_as_cron_programs_read_them(text: str, schedule: object) -> None:
    assert parse_schedule(text) == schedule


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (15, "must be a schedule such as"),
        ("", "must be a schedule such as"),
        ("hourly", "found 'hourly'"),
        ("manual now", "must be a schedule"),
        ("every", "not empty"),
        ("every 0s", "every second at most"),
        ("every 15x", "must be a duration"),
        ("every 800d", "once a year at least"),
        ("cron 0 7 * *", "five parts"),
        ("cron 61 7 * * *", "cannot be read"),
        ("cron 0 7 * * funday", "'funday' is no weekday"),
        ("cron 0 7 * * 8", "'8' is no weekday"),
        ("cron 0 7 1 * mon", "not both"),
        ("cron 0 0 30 2 *", "never comes"),
    ],
)
def test_a_schedule_that_cannot_be_read_says_what_is_wrong(text: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_schedule(text)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("22:00-06:00", Quiet(1320, 360)),
        ("08:00 - 09:30", Quiet(480, 570)),
        ("sat,sun 00:00-24:00", Quiet(0, 1440, frozenset({5, 6}))),
        ("mon-fri 18:00-07:00", Quiet(1080, 420, frozenset(range(5)))),
    ],
)
def test_quiet_windows_are_read(text: str, window: Quiet) -> None:
    assert parse_quiet(text) == window


@pytest.mark.parametrize("text", ["22-6", "25:00-06:00", "08:00-08:00", "24:00-06:00", "someday 08:00-09:00", ""])
def test_a_window_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"window|time of the day|weekday"):
        parse_quiet(text)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "/etc/passwd", 7])
def test_an_unknown_time_zone_is_refused(zone: object) -> None:
    with pytest.raises(ValueError, match="time zone"):
        parse_zone(zone)


# next times

SPRING = [
    # what, after (UTC), then (Berlin; 02:00 to 03:00 does not exist on 2026-03-29)
    ("cron 30 2 * * *", "2026-03-28 12:00", ["Sun 2026-03-29 03:30+0200", "Mon 2026-03-30 02:30+0200"]),
    ("cron 0 3 * * *", "2026-03-28 12:00", ["Sun 2026-03-29 03:00+0200", "Mon 2026-03-30 03:00+0200"]),
    ("cron 30 * * * *", "2026-03-29 00:00", ["Sun 2026-03-29 01:30+0100", "Sun 2026-03-29 03:30+0200"]),
    ("cron 0 7 * * mon-fri", "2026-03-27 12:00", ["Mon 2026-03-30 07:00+0200", "Tue 2026-03-31 07:00+0200"]),
]
AUTUMN = [
    # 02:00 to 03:00 comes twice on 2026-10-25
    ("cron 30 2 * * *", "2026-10-24 12:00", ["Sun 2026-10-25 02:30+0200", "Mon 2026-10-26 02:30+0100"]),
    (
        "cron 30 * * * *",
        "2026-10-25 00:00",
        ["Sun 2026-10-25 02:30+0200", "Sun 2026-10-25 02:30+0100", "Sun 2026-10-25 03:30+0100"],
    ),
    ("cron 0 3 * * *", "2026-10-24 12:00", ["Sun 2026-10-25 03:00+0100", "Mon 2026-10-26 03:00+0100"]),
]


@pytest.mark.parametrize(("schedule", "after", "expected"), SPRING + AUTUMN)
def test_a_skipped_time_is_made_good_and_a_repeated_one_counts_once(
    schedule: str, after: str, expected: list[str]
) -> None:
    moment, found = at(after), []
    for _ in expected:
        following_one = following(timing(schedule), None, moment)
        assert following_one is not None
        moment = following_one
        found.append(wall(moment))
    assert found == expected


@pytest.mark.parametrize(
    ("slot", "after", "expected"),
    [
        (None, 1000.0, 1900.0),
        (1000.0, 1000.0, 1900.0),
        (1000.0, 1899.9, 1900.0),
        (1000.0, 1900.0, 2800.0),
        (1000.0, 10_000.0, 10_900.0),  # ten were missed: one comes
        (50_000.0, 1000.0, 1900.0),  # the clock was put back
    ],
)
def test_every_counts_on_from_its_last_time_and_leaves_out_what_was_missed(
    slot: float | None, after: float, expected: float
) -> None:
    assert following(timing("every 15m"), slot, after) == expected


def test_manual_never_comes() -> None:
    assert following(timing("manual"), None, 0.0) is None


@given(
    st.sampled_from(["cron 30 2 * * *", "cron */20 * * * *", "cron 0 7 * * mon-fri", "cron 15 1-3 * * *", "every 37m"]),
    st.sampled_from(ZONES),
    st.integers(YEAR_2020, YEAR_2020 + 20 * 366 * 86_400),
)
@settings(max_examples=300, deadline=None)
def test_the_following_time_is_later_and_there_is_none_in_between(schedule: str, zone: str, after: int) -> None:
    found = following(timing(schedule, zone), float(after) - 1000, float(after))
    assert found is not None
    assert found > after
    again = following(timing(schedule, zone), float(after) - 1000, (after + found) / 2)
    assert again == found


@given(st.sampled_from(ZONES), st.integers(0, 6000), st.integers(0, 23), st.integers(0, 59))
@settings(max_examples=200, deadline=None)
@example("Europe/Berlin", 3005, 0, 0)  # midnight after the day on which summer time begins was left out
def test_a_daily_time_comes_on_every_day_exactly_once(zone: str, day: int, hour: int, minute: int) -> None:
    start = datetime(2020, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(days=day)
    moment, days = start.timestamp() - 1, []
    for _ in range(4):
        found = following(timing(f"cron {minute} {hour} * * *", zone), None, moment)
        assert found is not None
        moment = found
        days.append(datetime.fromtimestamp(found, UTC).astimezone(ZoneInfo(zone)).date())
    assert days == [start.date() + timedelta(days=offset) for offset in range(4)]


@given(st.floats(0, 3600), st.floats(0, 2e9), st.text(max_size=5))
def test_jitter_only_delays_and_is_the_same_when_asked_again(jitter: float, slot: float, name: str) -> None:
    shaken = timing("every 2h", jitter=jitter)
    assert slot <= jittered(shaken, name, slot) <= slot + jitter
    assert jittered(shaken, name, slot) == jittered(shaken, name, slot)


# quiet windows

BERLIN = [
    ("22:00-06:00", "2026-11-26 12:00", None),
    ("22:00-06:00", "2026-11-26 21:00", "Fri 2026-11-27 06:00+0100"),
    ("22:00-06:00", "2026-11-26 20:59", None),
    ("22:00-06:00", "2026-11-27 04:59", "Fri 2026-11-27 06:00+0100"),
    ("22:00-06:00", "2026-11-27 05:00", None),
    ("fri 22:00-06:00", "2026-11-28 01:00", "Sat 2026-11-28 06:00+0100"),
    ("fri 22:00-06:00", "2026-11-27 01:00", None),
    ("sat,sun 00:00-24:00", "2026-11-28 10:00", "Mon 2026-11-30 00:00+0100"),
    ("22:00-06:00", "2026-03-28 22:00", "Sun 2026-03-29 06:00+0200"),  # the night of the shorter day
    ("22:00-06:00", "2026-10-24 22:00", "Sun 2026-10-25 06:00+0100"),  # and of the longer one
    ("01:00-02:30", "2026-03-29 00:30", "Sun 2026-03-29 03:00+0200"),  # its end is skipped by the clock
    ("02:00-02:30", "2026-10-25 00:10", "Sun 2026-10-25 02:30+0200"),  # its end comes twice
    ("02:00-02:30", "2026-10-25 01:10", "Sun 2026-10-25 02:30+0100"),
]


@pytest.mark.parametrize(("window", "moment", "end"), BERLIN)
def test_quiet_ends_when_the_clock_on_the_wall_says_so(window: str, moment: str, end: str | None) -> None:
    windows = [parse_quiet(window)]
    found = quiet_until(windows, "Europe/Berlin", at(moment))
    assert is_quiet(windows, "Europe/Berlin", at(moment)) == (end is not None)
    assert (found == at(moment)) if end is None else (wall(found) == end)


WINDOWS = st.builds(
    Quiet, st.integers(0, 1439), st.integers(1, 1440), st.frozensets(st.integers(0, 6), min_size=1)
).filter(lambda item: item.start != item.end)


@given(st.lists(WINDOWS, max_size=3), st.sampled_from(ZONES), st.integers(YEAR_2020, YEAR_2020 + 20 * 366 * 86_400))
@settings(max_examples=300, deadline=None)
def test_quiet_until_is_the_first_moment_that_is_not_quiet(windows: list[Quiet], zone: str, second: int) -> None:
    assume(len(frozenset[int]().union(*(item.minutes() for item in windows))) < WEEK - 200)
    moment = float(second // 60 * 60)
    found = quiet_until(windows, zone, moment)
    assert not is_quiet(windows, zone, found)
    between = range(int(moment), int(found), 60)
    assert all(is_quiet(windows, zone, float(item)) for item in between)


def test_windows_that_touch_are_one_long_window() -> None:
    windows = [parse_quiet("20:00-24:00"), parse_quiet("00:00-06:00")]
    assert wall(quiet_until(windows, "Europe/Berlin", at("2026-11-26 20:00"))) == "Fri 2026-11-27 06:00+0100"
