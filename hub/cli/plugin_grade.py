"""plugin test and plugin grade: the contract kit on what is installed, or on a plugin in a folder."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from hub.cli.terminal import Outcome, Problem, Terminal
from hub.views.exits import Exit

if TYPE_CHECKING:
    from hub.loader import Plugin, Registry
    from hub.testing.kit import Bench, Rule
    from hub.testing.kit import Outcome as Found
    from hub.testing.kit.claims import Claims

_WORDS = {"done": "ok    ", "exempt": "exempt", "failed": "FAIL  "}


def try_out(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A plugin, or the folder of one")],
    rule: Annotated[
        list[str] | None, typer.Option("--rule", metavar="ID", help="Only this rule; may be repeated")
    ] = None,
    bench: Annotated[str, typer.Option("--bench", metavar="TITLE", help="Only this bench of the plugin")] = "",
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="Write what the system says, redacted, to a cassette"),
    ] = None,
    replay: Annotated[
        Path | None, typer.Option("--replay", metavar="FILE", help="Try the rules of a cassette, without a network")
    ] = None,
    live: Annotated[
        str, typer.Option("--live", metavar="CONNECTION", help="Try a connection of the configuration; it is only read")
    ] = "",
    write_probe: Annotated[
        bool,
        typer.Option("--write-probe", help="With --live: also make records of our own there, and remove them again"),
    ] = False,
) -> Outcome:
    """Try a plugin on the contract kit: every rule on each of its benches, whatever it claims."""
    from hub.bootstrap import UsageProblem
    from hub.cli import plugin_tapes

    if (record is not None) + (replay is not None) + bool(live) + bool(rule) > 1:
        raise UsageProblem("--rule, --record, --replay and --live are given together", hint="Choose one of them")
    if write_probe and not live:
        raise UsageProblem("--write-probe is for --live CONNECTION")
    plugin, benches = _chosen(terminal, name)[0]
    benches = [item for item in benches if bench in ("", item[0])] or _no_bench(bench, benches)
    if record is not None:
        source = plugin_tapes.recorded(terminal, benches, record)
    elif replay is not None:
        source = plugin_tapes.replayed(benches, replay)
    elif live:
        source = plugin_tapes.live(terminal, plugin, benches, live, probe=write_probe)
    else:
        source = ((title, item) for title, kind in benches for item in _outcomes(kind, rule or []))
    found: list[dict[str, Any]] = []
    said = ""
    for title, outcome in source:
        if title != said:
            terminal.say(title)
            said = title
        found.append({"bench": title, **_shown(outcome)})
        terminal.emit("rule", found[-1])
        terminal.say(f"  {_WORDS[outcome.state]}  {outcome.rule.id}{': ' + outcome.text if outcome.text else ''}")
    failed = [item for item in found if item["state"] == "failed"]
    counts = {state: len([item for item in found if item["state"] == state]) for state in _WORDS}
    terminal.say(f"{plugin.name}: {counts['done']} done, {counts['exempt']} exempt, {counts['failed']} failed")
    problems = [Problem("rule", item["text"], f"{item['bench']}: {item['rule']}", told=True) for item in failed]
    return Outcome(found, counts, problems, Exit.FAILED if failed else Exit.DONE)


def _no_bench(title: str, benches: list[tuple[str, type[Bench]]]) -> NoReturn:
    from hub.bootstrap import UsageProblem
    from hub.config.read import unknown_name

    raise UsageProblem(unknown_name("bench", title, sorted(item[0] for item in benches)))


def grade(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A plugin, or the folder of one; all if left out")] = "",
) -> Outcome:
    """Execute what plugins claim in their quality.toml, and say which grade each has earned."""
    results, problems = [], []
    for plugin, benches in _chosen(terminal, name):
        graded = _Graded(terminal, plugin, benches)
        terminal.say(f"{plugin.name}: {graded.words}")
        results.append({"plugin": plugin.name, "grade": graded.earned, "rules": graded.rules})
        problems += graded.problems
    code = Exit.FAILED if problems else Exit.DONE
    return Outcome(results, {"plugins": len(results), "problems": len(problems)}, problems, code)


class _Graded:
    """One plugin's claims and what became of them.  earned: the claimed grade, or "none" if a claim is untrue."""

    def __init__(self, terminal: Terminal, plugin: Plugin, benches: list[tuple[str, type[Bench]]]) -> None:
        from hub.testing.kit import claims_of

        self.rules: list[dict[str, Any]] = []
        self.problems: list[Problem] = []
        self.earned = "none"
        claims = claims_of(benches[0][1])
        if claims is None:
            self._wrong(plugin.name, "there is no quality.toml", "`crmhub plugin new` shows what it looks like")
        else:
            for text in claims.problems:
                self._wrong(str(claims.file), text)
            for title, bench in benches:
                self._compare(terminal, claims, title, bench)
            if not self.problems:
                self.earned = claims.grade
        wrong = f"{len(self.problems)} problem{'s' * (len(self.problems) != 1)}"
        self.words = self.earned if not self.problems else f"no grade ({wrong})"

    def _compare(self, terminal: Terminal, claims: Claims, title: str, bench: type[Bench]) -> None:
        from hub.testing.kit import PLATINUM, RULES, contradiction
        from hub.testing.kit.claims import Claim

        todo = Claim("todo")
        # an exemption from platinum is believed, and what is still to do there needs no proof
        executed = [x.id for x in RULES] + [x.id for x in PLATINUM if claims.rules.get(x.id, todo).state == "done"]
        for outcome in _claimed(terminal, title, bench, executed):
            claim = claims.rules.get(outcome.rule.id)
            text = contradiction(claim, outcome, bench) if claim is not None else ""
            shown = _shown(outcome)
            self.rules.append({"bench": title, **shown, "claim": claim.state if claim else None, "agrees": not text})
            if text:
                self._wrong(title, text)

    def _wrong(self, where: str, text: str, hint: str = "") -> None:
        self.problems.append(Problem("claim", text, where, hint))


def _outcomes(bench: type[Bench], only: list[str]) -> Iterator[Found]:
    """Try the rules."""
    from hub.testing.kit import RULES, attempt

    for rule in _picked(RULES, only):
        yield attempt(bench, rule)


def _claimed(terminal: Terminal, title: str, bench: type[Bench], only: list[str]) -> Iterator[Found]:
    """Try rules of all levels, telling each as it ends."""
    from hub.testing.kit import PLATINUM, RULES, attempt

    for rule in _picked((*RULES, *PLATINUM), only):
        if rule.id == "typed_strictly" and importlib.util.find_spec("mypy") is None:
            terminal.note(f"{title}: {rule.id} was not checked: mypy is not installed")
            continue
        outcome = attempt(bench, rule)
        terminal.emit("rule", {"bench": title, **_shown(outcome)})
        yield outcome


def _picked(rules: tuple[Rule, ...], only: list[str]) -> tuple[Rule, ...]:
    from hub.bootstrap import UsageProblem
    from hub.config.read import unknown_name

    known = {rule.id: rule for rule in rules}
    for id_ in only:
        if id_ not in known:
            raise UsageProblem(unknown_name("rule", id_, sorted(known)))
    return tuple(rule for rule in rules if not only or rule.id in only)


def _shown(outcome: Found) -> dict[str, Any]:
    return {"rule": outcome.rule.id, "level": outcome.rule.level, "state": outcome.state, "text": outcome.text}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a plugin is looked for."""

    registry: Registry
    only: str = ""


def _chosen(terminal: Terminal, name: str) -> list[tuple[Plugin, list[tuple[str, type[Bench]]]]]:
    """The plugins that are meant, each with its benches by title.  Raises PluginError or UsageProblem."""
    return chosen(terminal, name)[1]


def chosen(terminal: Terminal, name: str) -> tuple[Registry, list[tuple[Plugin, list[tuple[str, type[Bench]]]]]]:
    """All plugins, and those that are meant with their benches.  Raises PluginError or UsageProblem."""
    from hub.bootstrap import UsageProblem
    from hub.config.read import unknown_name
    from hub.loader import PluginError

    place = _place(terminal, name)
    working = {item.name: item for item in place.registry.plugins if item.status == "works"}
    for item in place.registry.plugins:
        if item.status == "broken" and (item.name == place.only or not place.only):
            raise PluginError(f"the plugin {item.name!r} is broken: {item.reason}", where=item.origin)
    if place.only and place.only not in working:
        raise UsageProblem(unknown_name("plugin", place.only, sorted(working)))
    wanted = [working[place.only]] if place.only else list(working.values())
    found = [(item, benches_of(place.registry, item)) for item in wanted]
    bare = [item.name for item, benches in found if not benches]
    if name and bare:
        hint = "Its hook hub_benches names them; `crmhub plugin new` shows how"
        raise PluginError(f"the plugin {bare[0]!r} has no bench", hint=hint)
    return place.registry, [item for item in found if item[1]]


def _place(terminal: Terminal, name: str) -> _Place:
    from hub.config.read import examine
    from hub.loader import load

    if name and Path(name).is_dir():
        return _Place(load_folder(Path(name)))
    path = terminal.options.config
    config, _problems = examine(path) if path.exists() else (None, [])
    return _Place(load(config.hub.plugins if config is not None else ()), name)


def load_folder(folder: Path) -> Registry:
    """The plugin of a folder alone.  Raises PluginError if it is broken."""
    from hub.loader import PluginError, load

    registry = load([folder.resolve()], installed=[])
    for item in registry.plugins:
        if item.status == "broken":
            raise PluginError(f"the plugin {item.name!r} is broken: {item.reason}", where=item.origin)
    return registry


def benches_of(registry: Registry, plugin: Plugin) -> list[tuple[str, type[Bench]]]:
    """The benches of a plugin's connectors; variants last.  Raises PluginError for one that cannot be imported."""
    from hub.loader import PluginError

    found = []
    for title, path in registry.benches.items():
        if title.partition(".")[0] not in plugin.connectors:
            continue
        module, _, attribute = path.partition(":")
        try:
            found.append((title, getattr(importlib.import_module(module), attribute)))
        except (ImportError, AttributeError) as error:
            raise PluginError(f"the bench {title!r} cannot be loaded: {error}", where=path) from error
    return sorted(found, key=lambda item: item[1].variant) or list(_derived(registry, plugin))


def _derived(registry: Registry, plugin: Plugin) -> Iterator[tuple[str, type[Bench]]]:
    """Benches on stand-ins for a plugin that brings none but describes its API."""
    from hub.mapping.registry import load_mappings
    from hub.rest.spec import RestSpec
    from hub.testing.kit.derived import derived_bench

    described = [
        item
        for name in plugin.connectors
        if isinstance(getattr(item := registry.connectors[name], "spec", None), RestSpec)
    ]
    mappings = load_mappings(registry.mapping_folders()) if described else {}
    for connector in described:
        for resource in connector.spec.resources:  # type: ignore[attr-defined]  # it has just been looked at
            bench = derived_bench(connector, resource, mappings.get(f"{connector.name}.{resource}"))
            if bench is not None:
                yield f"{connector.name}.{resource}", bench
