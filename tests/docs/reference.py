"""The parts of the documentation that are made from the code.

``python -m tests.docs.reference`` writes them anew; a test fails when they are out of date.
"""

from __future__ import annotations

import ast
import difflib
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import typer.main

from hub import hookspecs
from hub.canonical.facts import FACT_FIELDS
from hub.canonical.schema import COLLECTIONS, FIELDS
from hub.cli.main import make_app
from hub.cli.plugin_docs import described
from hub.contract import errors, records
from hub.mapping.pairs import Env
from hub.mapping.transforms import _CORE, Registry
from hub.testing.kit import PLATINUM, RULES
from hub.testing.kit.claims import read_claims
from hub.views.exits import _PRECEDENCE, Exit
from tests.docs.pages import DOCS, ROOT, generated, replace_generated

Command = Any
"""A command or group; typer brings its own classes for them."""


# the command line


@functools.cache
def click_app() -> Command:
    """The command line as a tree."""
    return typer.main.get_command(make_app())


def commands(group: Command | None = None, name: str = "") -> Iterator[tuple[str, Command]]:
    """Every command with its full name."""
    group = click_app() if group is None else group
    for key, item in group.commands.items():
        full = f"{name} {key}".strip()
        if hasattr(item, "commands"):
            yield from commands(item, full)
        else:
            yield full, item


def _is_shared(option: Any) -> bool:
    return getattr(option, "rich_help_panel", None) == "Options of every command"


def _option_rows(command: Command, *, shared: bool) -> list[str]:
    rows = []
    for item in command.params:
        if item.param_type_name == "argument":
            if not shared:
                rows.append(f"| `{_cell((item.metavar or item.name).strip('[]'))}` | {_help(item)}. |")
            continue
        if _is_shared(item) != shared or item.name == "help" or not item.help:
            continue
        names = ", ".join(sorted(item.opts, key=len, reverse=True))
        value = "" if item.is_flag else f" {item.metavar or _value_name(item)}"
        default = f" Default: {item.default}." if not item.is_flag and item.default not in (None, "") else ""
        rows.append(f"| `{_cell(names + value)}` | {_help(item)}.{default} |")
    return rows


def _value_name(item: Any) -> str:
    return "FILE" if item.name == "config" else "N"


def _help(item: Any) -> str:
    return _cell(str(item.help or "").rstrip("."))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("``", "`")


def command_reference() -> str:
    """Every command: usage, what it does, its own options, an example."""
    parts = []
    for name, command in commands():
        usage = " ".join(_usage(command))
        about = " ".join(inspect.cleandoc(command.help or "").split())
        rows = _option_rows(command, shared=False)
        table = ["| argument or option | meaning |", "|---|---|", *rows, ""] if rows else []
        example = (command.epilog or "").removeprefix("Example: ")
        parts.append("\n".join([f"### {name}", "", f"`crmhub {name}{' ' + usage if usage else ''}`", "", about, ""]))
        parts.append("\n".join([*table, "```sh", example, "```", ""]))
    return "\n".join(parts).strip()


def _usage(command: Command) -> Iterator[str]:
    for item in command.params:
        if item.param_type_name == "argument":
            shown = item.metavar or item.name.upper()
            yield shown if item.required or shown.startswith("[") else f"[{shown}]"
    if _option_rows(command, shared=False):
        if any(item.param_type_name == "option" and not _is_shared(item) and item.help for item in command.params):
            yield "[OPTIONS]"


def shared_options() -> str:
    """The options of every command."""
    _, first = next(commands())
    return "\n".join(["| option | meaning |", "|---|---|", *_option_rows(first, shared=True)])


MEANINGS = {
    Exit.DONE: "Done. Also: there was nothing to do.",
    Exit.FAILED: "Failed: settings of a system that cannot work, a fault of a plugin or of crmhub, the sums of status "
    "differ, a broken plugin, a mapping that breaks a law.",
    Exit.USAGE: "Wrong command line, configuration, secret reference or mapping file. Nothing was done.",
    Exit.RECORDS: "Finished, but some records failed and are in quarantine.",
    Exit.CHANGES: "`plan --exit-code` only: there is something to change.",
    Exit.PERSON: "Waiting for a person: a plan to approve, a review, a conflict, a veto.",
    Exit.LOGIN: "A system does not accept the hub's user. Correct the credentials.",
    Exit.LATER: "A system is down, too slow or limits calls. The same command works later.",
    Exit.STALE: "The approved or saved plan is no longer the current one, wholly or in part.",
    Exit.LOCKED: "Another crmhub process works with this data folder.",
    Exit.INTERRUPTED: "Stopped by Ctrl-C or SIGTERM, between two steps. It is safe to run it again.",
}


def exit_codes() -> str:
    """The exit codes."""
    rows = [f"| {int(code)} | {MEANINGS[code]} |" for code in Exit]
    order = " > ".join(str(int(code)) for code in _PRECEDENCE)
    return "\n".join(
        ["| code | meaning |", "|---|---|", *rows, "", f"If several apply, the first of these is told: {order} > 0."]
    )


# mappings


def canonical_fields() -> str:
    """The canonical fields and collections."""
    rows = ["| name | kind | members or values |", "|---|---|---|"]
    for item in FIELDS.values():
        rows.append(f"| `{item.name}` | {item.kind} | {', '.join(item.members or item.values)} |")
    for found in COLLECTIONS.values():
        also = ", with labels" if found.attrs else ""
        rows.append(f"| `{found.name}` | list of {found.kind}{also} | {', '.join(found.members)} |")
    rows.append("| `custom.NAME` | text | |")
    rows.append("| `consents.CHANNEL_PURPOSE` | consent | granted, denied, withdrawn, pending, unknown |")
    return "\n".join(rows)


_INTERACTION = {
    "kind": "what it was; every interaction has one",
    "at": "when it was; every interaction has one",
    "direction": "who began",
    "subject": "one line",
    "body": "the text; as much as the sync keeps",
    "customer": "the record of the same system that it belongs to",
    "ignored": "why it says nothing about a customer; blank for all others",
    "bounced": "an address of which a mail server says that it takes no mail any more",
    "bounced_reason": "the code of the mail server",
    "survey.kind": "of an answer to a survey",
    "survey.score": "the score",
    "survey.question": "what was asked",
    "survey.comment": "what was said beside the score",
}


def interaction_fields() -> str:
    """The fields of an interaction."""
    rows = ["| name | kind | values | meaning |", "|---|---|---|---|"]
    for item in FACT_FIELDS["interaction"].values():
        rows.append(f"| `{item.name}` | {item.kind} | {', '.join(item.values)} | {_INTERACTION[item.name]} |")
    return "\n".join(rows)


def transform_pairs() -> str:
    """The transform pairs, with one example of each that has one."""
    rows = ["| pair | what it does | reads | as |", "|---|---|---|---|"]
    table = Env(region="DE", table={"person": "P"})
    arguments: dict[str, tuple[str, ...]] = {"lookup": ("countries", "code")}
    for name in sorted(Registry().names):
        pair = _CORE[name](arguments.get(name, ()), table)
        about = " ".join(inspect.getdoc(_CORE[name]).split("\n\n")[0].split())  # type: ignore[union-attr]  # all have one
        shown = next(iter(pair.examples), None)
        left, right = (f"`{_cell(repr(shown[0]))}`", f"`{_cell(repr(shown[1]))}`") if shown else ("", "")
        rows.append(f"| `{name}` | {_cell(about)} | {left} | {right} |")
    return "\n".join(rows)


# plugins


def capability_table() -> str:
    """The capabilities with defaults and the words of their docstring."""
    about = described(records.Capabilities)
    default = records.Capabilities()
    rows = ["| capability | default | meaning |", "|---|---|---|"]
    for name in records.Capabilities.__dataclass_fields__:
        value = getattr(default, name)
        shown = ", ".join(sorted(value)) if isinstance(value, frozenset) else value
        if isinstance(value, (dict, tuple)) or shown == "":
            shown = "none"
        rows.append(f"| `{name}` | {_cell(str(shown))} | {_cell(about.get(name, ''))} |")
    return "\n".join(rows)


def rule_table() -> str:
    """The rules of the contract kit."""
    rows = ["| level | rule | meaning |", "|---|---|---|"]
    return "\n".join([*rows, *(f"| {x.level} | `{x.id}` | {_cell(x.text)} |" for x in (*RULES, *PLATINUM))])


_UNUSED = {"hub_matchers"}
"""Hooks that are collected and checked, but that no part of this version calls yet."""


def hooks() -> str:
    """The hooks with their exact signatures."""
    rows = ["| hook | meaning |", "|---|---|"]
    for name, signature, about in hook_signatures():
        later = " (Collected, but not used by this version yet.)" if name in _UNUSED else ""
        rows.append(f"| `{_cell(signature)}` | {_cell(about)}{later} |")
    return "\n".join(rows)


def hook_signatures() -> Iterator[tuple[str, str, str]]:
    """(name, signature, first line of the docstring) of every hook, as in the source."""
    for name, item in vars(hookspecs).items():
        if name.startswith("hub_") and callable(item):
            tree = ast.parse(textwrap.dedent(inspect.getsource(item))).body[0]
            assert isinstance(tree, ast.FunctionDef)
            returns = ast.unparse(tree.returns) if tree.returns is not None else "None"
            yield name, f"{name}({ast.unparse(tree.args)}) -> {returns}", " ".join((item.__doc__ or "").split())


_REACTIONS = {
    "ConfigError": "this system pauses until its settings are corrected",
    "AuthError": "this system pauses until somebody corrects the credentials; never tried in a loop",
    "ContractViolation": "this system pauses; the message names the plugin and the rule",
    "RateLimited": "this system stops for this run; the cursor is kept, the next run goes on",
    "Unavailable": "the same; the call counts as not carried out",
    "OutcomeUnknown": "the write may or may not have happened: it is looked up before anything is sent again",
    "Rejected": "this record goes to quarantine with the system's own words; others go on",
    "Conflict": "the record is read again and merged, then planned anew",
    "Duplicate": "the named record is read and matched like any other; without a name: quarantine",
    "NotFound": "treated as a deletion there, under the deletion policy",
}


def error_table() -> str:
    """The errors, the reaction that each declares, and what the engine does."""
    rows = ["| error | reaction | what the hub does |", "|---|---|---|"]
    for name, item in vars(errors).items():
        if isinstance(item, type) and issubclass(item, errors.ConnectorError) and item is not errors.ConnectorError:
            rows.append(f"| `{name}` | {item.reaction.name} | {_REACTIONS[name]} |")
    return "\n".join(rows)


def connector_table() -> str:
    """The README's table of connectors with the grades that their quality.toml claims (tests execute the claims)."""
    lines = generated(DOCS / README)["connectors"].splitlines()
    head, _, *rows = [line.strip("|").split(" | ")[:_GRADE] for line in lines]
    shown = [[*(cell.strip() for cell in head), "grade"]]
    for row in rows:
        folder = row[0].split("](")[1].split("/README.md")[0]
        shown.append([*(cell.strip() for cell in row), read_claims(ROOT / folder / "quality.toml").grade])
    table = [f"| {' | '.join(row)} |" for row in shown]
    return "\n".join([table[0], "|---" * len(shown[0]) + "|", *table[1:]])


README = "../README.md"
_GRADE = 6
"""The column of the grade."""

GENERATORS: dict[str, dict[str, Callable[[], str]]] = {
    README: {"connectors": connector_table},
    "command-line.md": {"commands": command_reference, "shared options": shared_options, "exit codes": exit_codes},
    "mappings.md": {"canonical fields": canonical_fields, "transform pairs": transform_pairs},
    "interactions.md": {"interaction fields": interaction_fields},
    "plugin-authors.md": {"capabilities": capability_table, "hooks": hooks, "errors": error_table, "rules": rule_table},
}
"""page -> name of a generated part -> what makes it."""


def outdated() -> list[str]:
    """What differs between the pages and the code, as unified differences."""
    found = []
    for name, parts in GENERATORS.items():
        there = generated(DOCS / name)
        for part, make in parts.items():
            lines = difflib.unified_diff(
                there.get(part, "").splitlines(), make().splitlines(), f"docs/{name}: {part}", "code", lineterm="", n=1
            )
            found += list(lines)
    return found


def main() -> None:
    """Write all generated parts anew."""
    for name, parts in GENERATORS.items():
        replace_generated(DOCS / name, {part: make() for part, make in parts.items()})


if __name__ == "__main__":
    main()
