"""What else `plugin test` can try the rules on: a cassette, and a real account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.terminal import Terminal

if TYPE_CHECKING:
    from hub.loader import Plugin
    from hub.testing.kit import Bench
    from hub.testing.kit import Outcome as Found

Benches = Sequence[tuple[str, type["Bench"]]]


def recorded(terminal: Terminal, benches: Benches, file: Path) -> Iterator[tuple[str, Found]]:
    """Record the first bench's cassette, then play it, so that what is written down is known to work."""
    from hub.testing.kit.cassette import read_cassette, record, replay

    title, bench = benches[0]
    for outcome in record(title, bench, file):
        yield title, outcome
    content = read_cassette(file)
    for outcome in replay(content, bench):
        if outcome.state == "failed":
            yield f"{title}, played again", outcome
    terminal.say(f"{file}: {len(content['rules'])} rules, redacted; look at it before you give it away")


def replayed(benches: Benches, file: Path) -> Iterator[tuple[str, Found]]:
    """Play a cassette on the bench that it was recorded on.  Raises UsageProblem."""
    from hub.bootstrap import UsageProblem
    from hub.config.read import unknown_name
    from hub.testing.kit.cassette import read_cassette, replay

    content, known = read_cassette(file), dict(benches)
    title = str(content["bench"])
    if title not in known:
        raise UsageProblem(unknown_name("bench", title, sorted(known)), where=str(file))
    for outcome in replay(content, known[title]):
        yield title, outcome


def live(
    terminal: Terminal, plugin: Plugin, benches: Benches, name: str, *, probe: bool
) -> Iterator[tuple[str, Found]]:
    """Try the rules on a connection of the configuration.  Raises UsageProblem before anything is called."""
    from pydantic import SecretStr

    from hub.bootstrap import UsageProblem
    from hub.testing.kit import attempt
    from hub.testing.kit.live import LIVE_RULES, PROBE_RULES, live_bench

    app = terminal.app
    opened = app.connect(name)
    connection, connector = opened.connection, opened.connector
    if connection.plugin not in plugin.connectors:
        raise UsageProblem(f"the connection {name!r} is of the plugin {connection.plugin!r}, not of {plugin.name!r}")
    hidden = [item.get_secret_value() for _, item in connector.config if isinstance(item, SecretStr)]
    offered = {item.name: item.capabilities for item in app.resources(connection, connector)}
    wanted = [(title, item) for title, item in benches if item.resource in offered and not item.variant]
    if not wanted:
        raise UsageProblem(f"no bench of {plugin.name!r} is for a resource of the connection {name!r}")
    for title, bench in wanted:
        if probe:
            missing = {"create", "delete"} - set(offered[bench.resource].writes)
            if connection.read_only or missing:
                why = "it is read-only" if connection.read_only else f"it cannot {' and '.join(sorted(missing))} there"
                hint = "A probe must be able to remove what it makes"
                raise UsageProblem(f"{name}.{bench.resource} cannot be probed: {why}", hint=hint)
            _tell(terminal, name, bench.resource)
        else:
            terminal.say(f"{name}.{bench.resource}: only reads; nothing is written without --write-probe")
        kind = live_bench(bench, lambda: connector, hidden, probe=probe)
        for rule in PROBE_RULES if probe else LIVE_RULES:
            yield f"{title} on {name}", attempt(kind, rule)


def _tell(terminal: Terminal, name: str, resource: str) -> None:
    """Before the first call."""
    terminal.say(f"WRITES to {name}.{resource}: the rules make some hundred records of their own with made-up values")
    terminal.say("  (…@x.example), change them and remove them again; no other record is written. Automations of that")
    terminal.say("  system may act on them. What cannot be removed is named at the end.")
