"""Results as a table, and as the page docs/benchmarks.md with its plots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.plot import Bar, Line, bars, lines

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
TEXT = Path(__file__).with_name("page.md")

NAMES = {
    "a": "first sync and link",
    "b": "no change",
    "c": "1 % changed",
    "d": "reconcile",
    "e": "burst of webhooks",
    "f": "address books",
    "g": "into SQLite",
    "h": "first sync, 50 ms an answer",
}
QUIET = 0.15
"""Part of the CPU that may be in use by others on a machine that is called idle."""

GROWTH_MB, GROWTH_TIME = 10.0, 1.1
"""What a store that is many times larger may cost more: MB of memory, and the factor of the CPU of a run without changes."""

Item = Mapping[str, Any]


def size_text(size: int) -> str:
    """10k, 1M."""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if size % unit == 0:
            return f"{size // unit}{name}"
    return str(size)


def name_of(item: Item) -> str:
    """(f) address books, first sync."""
    part = f", {item['part']}" if item["part"] not in ("", "burst") else ""
    return f"({item['scenario']}) {NAMES[item['scenario']]}{part}"


def table(results: Sequence[Item]) -> str:
    """A Markdown table, one row for each scenario, size and program."""
    rows = [
        "| run | size | program | store | CPU s (min-max) | µs per record | x floor | calls (formula) | MB "
        "| measured / target | result |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for item in results:
        cpu, ratio, formula = item["cpu_seconds"], item["ratio_to_floor"], item["api_calls_formula"]
        cells = [
            name_of(item),
            size_text(item["size"]),
            item["program"],
            item["store"],
            f"{cpu['median']} ({cpu['min']}-{cpu['max']})",
            item["us_per_record"],
            ratio["median"] if ratio else "",
            item["api_calls"] if formula is None else f"{item['api_calls']} ({formula})",
            item["rss_mb"],
            "; ".join(f"{check['what']}: {check['value']} / {check['target']}" for check in item["target"]),
            verdict(item),
        ]
        rows.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(rows)


def verdict(item: Item) -> str:
    """ "ok", or what is not; programs beside ours are measured, not judged."""
    if item["wrong"]:
        return "**wrong**: " + "; ".join(item["wrong"])
    if item["program"] != "crmhub":
        return ""
    states = [f"{check['what']} {check['state']}" for check in item["target"] if check["state"] != "met"]
    return "; ".join(states) or "ok"


def read(files: Iterable[Path]) -> list[Item]:
    """Results of several files of ``--json``; of two of the same the later one counts.  Raises ValueError."""
    found: dict[tuple[str, ...], Item] = {}
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            try:
                item = json.loads(line)
                key = tuple(str(item[name]) for name in ("scenario", "part", "program", "size", "store"))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{file.name}:{number} is no result of --json: {error!r}") from None
            found.pop(key, None)
            found[key] = item
    if not found:
        raise ValueError("the files hold no results")
    return sorted(found.values(), key=lambda item: (item["scenario"], item["part"], item["size"], _last(item)))


def _last(item: Item) -> tuple[bool, bool, str]:
    return item["program"] != "crmhub", item["store"] != "sqlite", item["program"]


def machines(results: Sequence[Item]) -> str:
    """Where and when it was measured, one line for each machine; says if it had other things to do."""
    found: dict[str, list[float]] = {}
    for about in (item["machine"] for item in results):
        text = f"{about['date']}: {about['cores']} cores, {about['system']}, Python {about['python']}, SQLite {about['sqlite']}"
        found.setdefault(text, []).append(-1.0 if about["others"] is None else about["others"])
    rows = []
    for text, others in sorted(found.items()):
        most = max(others)
        if most > QUIET:
            busy = (
                f"**The machine was busy**: up to {most:.0%} of its CPU was in use by other work just before or after the runs, "
                "so CPU seconds are too high (shared caches and cores), and elapsed time means nothing."
            )
        else:
            busy = "Idle but for the benchmark." if most >= 0 else "Nobody tells how busy it was."
        rows.append(f"- {text}. {busy}")
    return "\n".join(rows)


def growth(results: Sequence[Item]) -> str:
    """How cost grows from one size of ours to the next one that is at least four times as large, as a table.

    Memory must not grow with the customers, and a run without changes must not take longer.
    """
    rows = []
    series: dict[tuple[str, str], list[Item]] = {}
    for item in results:
        if item["scenario"] in "abcd" and item["program"] == "crmhub":
            series.setdefault((name_of(item), item["store"]), []).append(item)
    for (name, store), items in series.items():
        for less, more in pairwise(items):
            if more["size"] < 4 * less["size"]:
                continue
            sizes = f"{size_text(less['size'])} to {size_text(more['size'])}"
            memory = more["rss_mb"] - less["rss_mb"]
            checks = [("MB more", memory, GROWTH_MB)]
            if less["scenario"] == "b":
                times = more["cpu_seconds"]["median"] / less["cpu_seconds"]["median"]
                checks.append(("x the CPU", times, GROWTH_TIME))
            for what, value, most in checks:
                state = "ok" if value <= most else "missed"
                rows.append(f"| {name} | {store} | {sizes} | {value:.2f} {what} | {most} | {state} |")
    head = ["| run | store | size | measured | target | result |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows]) if rows else "There are results of one size only."


def notes(results: Sequence[Item]) -> str:
    """What some runs say beside their numbers."""
    return "\n".join(
        f"- {name_of(item)}, {size_text(item['size'])}, {item['store']}: {item['note']}."
        for item in results
        if item.get("note")
    )


def plots(results: Sequence[Item]) -> dict[str, str]:
    """Name -> SVG: programs beside each other, and how cost grows; only those for which there are results."""
    made = {}
    beside = [item for item in results if item["scenario"] in ("f", "g") and item["store"] in ("", "sqlite")]
    if beside:
        largest = {item["scenario"]: item["size"] for item in beside}  # they are in the order of size
        rows = [
            Bar(
                f"{item['program']}: {item['part'] if item['scenario'] == 'f' else NAMES['g']}, {size_text(item['size'])}",
                item["us_per_record"],
                _mark(item),
                item["program"] == "crmhub",
            )
            for item in beside
            if item["size"] == largest[item["scenario"]]
        ]
        made["programs"] = bars("Beside other programs", "µs of CPU per record, the whole process", rows)
    series: dict[tuple[str, bool], dict[float, float]] = {}
    for item in results:
        if item["scenario"] in "abcd" and item["program"] == "crmhub":
            of = series.setdefault((item["scenario"], item["store"] != "sqlite"), {})
            of[item["size"]] = item["cpu_seconds"]["median"]
    drawn = [
        Line(f"({name}) {'on PostgreSQL' if other else NAMES[name]}", points, "abcd".index(name), other)
        for (name, other), points in series.items()
    ]
    if drawn:
        made["growth"] = lines("How cost grows", "seconds of CPU, the whole process", "records of each system", drawn)
    return made


def _mark(item: Item) -> float | None:
    """The µs per record that a target of CPU comes to."""
    for check in item["target"]:
        if check["value"] and ("CPU" in check["what"] or check["what"] == "µs per record"):
            return float(item["us_per_record"] * check["target"] / check["value"])
    return None


def write_page(files: Sequence[Path], page: Path = PAGE) -> list[Path]:
    """Write the page and its plots from files of results; returns what was written.  Raises OSError, ValueError."""
    results = read(files)
    written = []
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    shown = []
    for name, svg in plots(results).items():
        file = folder / f"{name}.svg"
        file.write_text(svg, encoding="utf-8")
        written.append(file)
        shown.append(f"![{svg.split('<title>')[1].split('<')[0]}]({folder.name}/{file.name})")
    text = TEXT.read_text(encoding="utf-8")
    content = {
        "machines": machines(results),
        "table": table(results),
        "plots": "\n\n".join(shown),
        "notes": notes(results),
        "growth": growth(results),
    }
    for name, part in content.items():
        text = text.replace(f"<!-- {name} -->\n", f"{part}\n" if part else "")
    page.write_text(text, encoding="utf-8")
    return [*written, page]
