"""[matching]: records that look alike but share no key."""

from __future__ import annotations

from hub.config.table import Table
from hub.identity.matching import WEIGHTS, Near

_MODES = ("off", "ask", "link")


def read_matching(table: Table) -> Near:
    """The settings; they hold for all syncs, because the customers of a hub belong to all of them."""
    default = Near()
    mode = table.choice("near", _MODES, default.mode)
    ask = table.parsed("ask", _score, default.ask)
    link = table.parsed("link", _score, default.link)
    weights = _weights(table.table("weights"))
    if link < ask:
        table.problem(
            "link" if "link" in table else "ask",
            f"records would be linked from a score of {link:g} on and asked about only from {ask:g} on",
            "link must not be less than ask",
        )
    table.done()
    return Near(mode, ask, link, weights)  # type: ignore[arg-type]  # checked by ``choice``


def _weights(table: Table) -> dict[str, float]:
    weights = {name: table.parsed(name, _weight, default) for name, default in WEIGHTS.items()}
    table.done()
    return weights


def _score(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0.5 <= value <= 1:
        return float(value)
    raise ValueError(f"must be a score from 0.5 to 1, found {value!r}")


def _weight(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 10:
        return float(value)
    raise ValueError(f"must be a weight from 0 (not compared) to 10, found {value!r}")
