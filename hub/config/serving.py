"""[serve], and the keys of a sync that say when it runs by itself."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from hub.config.quantities import parse_duration
from hub.config.table import Table
from hub.config.timing import (
    WEEK,
    Every,
    Quiet,
    Serving,
    Timing,
    parse_listen,
    parse_public_url,
    parse_quiet,
    parse_schedule,
    parse_secret,
    parse_zone,
)


def read_serving(table: Table, notifiers: Collection[str], base: Path) -> Serving:
    """The section [serve].  base: the folder that paths are relative to."""
    default = Serving()
    notify = table.texts("notify") if "notify" in table else None
    for name in notify or ():
        if name not in notifiers:
            table.problem(
                "notify", f"there is no notifier {name!r}", f"There are: {', '.join(sorted(notifiers)) or 'none'}"
            )
    found = Serving(
        table.parsed("timezone", parse_zone, default.zone),
        table.parsed("first_wait", _positive, default.first),
        table.parsed("longest_wait", _positive, default.longest),
        notify,
        table.parsed("listen", parse_listen, default.listen),
        table.parsed("public_url", parse_public_url, default.public_url),
        table.parsed("gather", _positive, default.gather),
        table.parsed("rest", _positive, default.rest),
        table.parsed("metrics_token", parse_secret, default.metrics_token),
        table.take("two_people", bool, default.two_people),
        base / refused if (refused := table.take("refused_passwords", str, "")) else None,
    )
    if found.refused_passwords is not None and not found.refused_passwords.is_file():
        table.problem("refused_passwords", f"there is no file {found.refused_passwords}")
    if found.longest < found.first:
        table.problem("longest_wait", "longest_wait must not be shorter than first_wait")
    table.done()
    return found


def read_timing(table: Table, zone: str) -> Timing:
    """The keys of a sync that say when it runs; ``zone`` is the default time zone."""
    text = table.take("schedule", str, "manual")
    schedule = table.parsed("schedule", parse_schedule, None)
    jitter = table.parsed("jitter", parse_duration, 0.0)
    if isinstance(schedule, Every) and jitter >= schedule.seconds:
        table.problem("jitter", "jitter must be shorter than the time between two runs")
        jitter = 0.0
    quiet = tuple(window for item in table.texts("quiet") if (window := _window(table, item)) is not None)
    if quiet and len(frozenset[int]().union(*(item.minutes() for item in quiet))) == WEEK:
        table.problem("quiet", "the quiet windows leave no time to run", "Shorten one of them")
        quiet = ()
    return Timing(
        schedule,
        jitter,
        table.parsed("timezone", parse_zone, zone),
        quiet,
        table.parsed("fresh", _positive, None),
        " ".join(text.split()),
    )


def _window(table: Table, text: str) -> Quiet | None:
    try:
        return parse_quiet(text)
    except ValueError as error:
        table.problem("quiet", f"quiet {error}")
        return None


def _positive(value: object) -> float:
    seconds = parse_duration(value)
    if seconds <= 0:
        raise ValueError("must be more than 0")
    return seconds
