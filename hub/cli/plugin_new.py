"""plugin new: a plugin to start from, whose first test run is green."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from hub.cli.terminal import Outcome, Terminal


def new(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the connector, such as myshop")],
    kind: Annotated[
        Literal["python", "toml"],
        typer.Option("--kind", metavar="KIND", help="python, or toml for a description alone"),
    ] = "python",
    openapi: Annotated[
        Path | None, typer.Option("--openapi", metavar="FILE", help="Start from an OpenAPI description in JSON")
    ] = None,
    folder: Annotated[Path, typer.Option("--in", metavar="DIR", help="Where the plugin's folder is made")] = Path(),
) -> Outcome:
    """Make the folder of a new plugin: package, mapping, bench, tests and claims. Nothing that exists is changed."""
    from hub.bootstrap import UsageProblem
    from hub.cli.plugin_files import files
    from hub.cli.plugin_openapi import Api, read_openapi

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageProblem(f"{name!r} is no name for a connector", hint="Small letters, digits and _, e.g. myshop")
    place = folder / f"crmhub-{name}"
    if place.exists():
        raise UsageProblem("this folder exists already", where=str(place), hint="Choose another name, or remove it")
    made = files(name, kind, read_openapi(openapi) if openapi is not None else Api())
    for path, text in made.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    _claim(place, name)
    shown = sorted([*made, "quality.toml"])
    for path in shown:
        terminal.say(f"  {place / path}")
    main = "connector.toml" if kind == "toml" else "connector.py"
    steps = [
        f"crmhub plugin test {place}",
        f"edit {place}/crmhub_{name}/{main} until it says what the API is like, then test again",
        f"crmhub plugin grade {place}",
        f'plugins = ["{place}"]   # under [hub] of your configuration, then: crmhub check',
    ]
    terminal.say("Next:")
    for step in steps:
        terminal.say(f"  {step}")
    return Outcome({"folder": str(place), "files": shown, "next": steps}, {"files": len(shown)})


def _claim(place: Path, name: str) -> None:
    """Execute the rules on the new plugin and write down what came out, so that its claims are true from the start."""
    from hub.cli.plugin_grade import benches_of, load_folder
    from hub.testing.kit import PLATINUM, RULES, attempt
    from hub.testing.kit.claims import FILE, Claim, claims_text

    registry = load_folder(place)
    found = next(item for item in registry.plugins if item.name == name)
    (_, bench), *_ = benches_of(registry, found)
    claims = {}
    for rule in (*RULES, *PLATINUM):
        if rule.id == "typed_strictly":
            continue  # mypy is slow, and may not be there
        outcome = attempt(bench, rule)
        if outcome.state != "failed":
            claims[rule.id] = Claim(outcome.state, outcome.text)
    (place / FILE).write_text(claims_text(claims), encoding="utf-8")
    package = f"crmhub_{name}"
    for module in [item for item in sys.modules if item.partition(".")[0] == package]:
        del sys.modules[module]  # who edits the files and loads them in this process means the edited ones
