"""plugin docs: the contract, as the code says it."""

from __future__ import annotations

import inspect
from typing import Any

from hub.cli.terminal import Outcome, Terminal


def docs(terminal: Terminal) -> Outcome:
    """Print the contract: the rules of the kit, capabilities, errors with the hub's reaction, hooks."""
    contract = reference()
    for title, rows in contract.items():
        terminal.say(f"# {title}")
        level = ""
        for row in rows:
            if row.get("level", level) != level:
                level = row["level"]
                terminal.say(f"[{level}]")
            terminal.say(f"  {row['name']}")
            terminal.say(f"      {row['text']}")
        terminal.say()
    return Outcome(contract, {title: len(rows) for title, rows in contract.items()})


def reference() -> dict[str, list[dict[str, Any]]]:
    """title -> rows with name and text (rules also with level), generated from the code."""
    from hub import hookspecs
    from hub.contract import errors
    from hub.contract.records import Capabilities
    from hub.testing.kit import PLATINUM, RULES

    rules = [{"name": rule.id, "level": rule.level, "text": rule.text} for rule in (*RULES, *PLATINUM)]
    about = described(Capabilities)
    defaults = Capabilities()
    able = [
        {"name": f"{name} = {_plain(getattr(defaults, name))}", "text": about.get(name, "")}
        for name in Capabilities.__dataclass_fields__
    ]
    reactions = [
        {"name": f"{name} ({item.reaction.name})", "text": " ".join((item.__doc__ or "").split())}
        for name, item in vars(errors).items()
        if isinstance(item, type) and issubclass(item, errors.ConnectorError) and item is not errors.ConnectorError
    ]
    hooks = [
        {"name": f"{name}{inspect.signature(item)}".replace("'", ""), "text": " ".join((item.__doc__ or "").split())}
        for name, item in vars(hookspecs).items()
        if name.startswith("hub_")
    ]
    return {"Rules": rules, "Capabilities": able, "Errors": reactions, "Hooks": hooks}


def described(item: type) -> dict[str, str]:
    """name -> text, from the lines "name: text" and "name, name: text" of a docstring."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in inspect.cleandoc(item.__doc__ or "").splitlines():
        before, colon, text = line.partition(":")
        words = [word.strip() for word in before.split(",")]
        if colon and all(word.isidentifier() for word in words):
            names = words
            found.update(dict.fromkeys(names, text.strip()))
        elif line.startswith(" "):
            for name in names:
                found[name] += f" {line.strip()}"
        else:
            names = []
    return found


def _plain(value: Any) -> str:
    return ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else str(value)
