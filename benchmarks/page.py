"""Results as a table, and as the page docs/performance.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

NAMES = {
    "a": "first sync and link",
    "b": "no change",
    "c": "1 % changed",
    "d": "reconcile",
    "f": "address books",
    "g": "one way",
}


def size_text(size: int) -> str:
    """10k, 1M."""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if size % unit == 0:
            return f"{size // unit}{name}"
    return str(size)


def table(results: Sequence[dict[str, Any]]) -> str:
    """A Markdown table, one row for each scenario and size."""
    rows = [
        "| run | store | x floor (min-max) | CPU s | µs per record | calls | by the formula | SQL statements | MB | result |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for item in results:
        ratio = item["ratio_to_floor"]
        floor = f"{ratio['median']} ({ratio['min']}-{ratio['max']})" if ratio else ""
        states = [f"{check['what']} {check['state']}" for check in item["target"] if check["state"] != "met"]
        verdict = "; ".join([*item["wrong"], *states]) or "all targets met"
        cells = [
            f"({item['scenario']}) {NAMES[item['scenario']]}, {size_text(item['size'])}",
            item["store"],
            floor,
            item["cpu_seconds"]["median"],
            item["us_per_record"],
            item["api_calls"],
            item["api_calls_formula"],
            item["sql_statements"],
            item["rss_mb"],
            verdict,
        ]
        rows.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(rows)


def rendered(results: Sequence[dict[str, Any]]) -> str:
    """The page."""
    return table(results)


def write_page(files: Sequence[Path]) -> None:
    """Write the page from files of results."""
    raise NotImplementedError
