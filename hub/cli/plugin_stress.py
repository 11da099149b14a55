"""plugin stress: random people, cut wires and killed runs between a plugin's benches and a system in memory."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from hub.cli.terminal import Outcome, Problem, Terminal
from hub.views.exits import Exit


def stress(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A plugin, or the folder of one")],
    rounds: Annotated[int, typer.Option("--rounds", metavar="N", min=1, help="Rounds of each seed")] = 10,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="The first seed")] = 1,
    seeds: Annotated[int, typer.Option("--seeds", metavar="N", min=1, help="How many seeds, one after the other")] = 1,
    bench: Annotated[str, typer.Option("--bench", metavar="TITLE", help="Only this bench of the plugin")] = "",
    trace: Annotated[bool, typer.Option("--trace", help="Show everything that happened in a seed that failed")] = False,
) -> Outcome:
    """Play a plugin's system against one in memory: people edit both, runs are cut off and killed; then all must agree."""
    from hub.bootstrap import UsageProblem
    from hub.cli.plugin_grade import chosen
    from hub.config.read import unknown_name
    from hub.testing.stateful import NotPlayable, play

    registry, found = chosen(terminal, name)
    plugin, benches = found[0]
    if bench and bench not in dict(benches):
        raise UsageProblem(unknown_name("bench", bench, [title for title, _ in benches]))
    played: list[dict[str, Any]] = []
    problems: list[Problem] = []
    left_out = 0
    for title, kind in [item for item in benches if bench in ("", item[0])]:
        for number in range(seed, seed + seeds):
            try:
                outcome = play(title, kind, registry, rounds=rounds, seed=number)
            except NotPlayable as error:
                terminal.say(f"{title}: left out: {error}")
                left_out += 1
                break
            played.append(asdict(outcome) if trace else {**asdict(outcome), "trace": []})
            terminal.emit("played", played[-1])
            what = ", ".join(f"{count} {word}" for word, count in outcome.counts.items())
            terminal.say(f"{title} seed {number}: {what}: {'WRONG' if outcome.wrong else 'ok'}")
            for line in [*(outcome.trace if trace and outcome.wrong else ()), *outcome.wrong]:
                terminal.say(f"  {line}")
            again = f"crmhub plugin stress {name} --bench {title} --rounds {rounds} --seed {number} --trace"
            problems += [Problem("stress", line, f"{title} seed {number}", again, told=True) for line in outcome.wrong]
            if outcome.wrong:
                terminal.say(f"  again: {again}")
    counts = {"played": len(played), "wrong": len([item for item in played if item["wrong"]]), "left_out": left_out}
    terminal.say(f"{plugin.name}: {counts['played']} played, {counts['wrong']} wrong, {left_out} left out")
    return Outcome(played, counts, problems, Exit.FAILED if problems else Exit.DONE)
