"""The entry point ``crmhub``."""

from __future__ import annotations

import gc
import importlib
import itertools
import os
import sys
from pathlib import Path
from typing import Any

import typer

from hub import __version__
from hub.cli.command import take_options, with_shared_options

_GROUPS = {
    "hub.cli.setup": ("init", "check"),
    "hub.cli.connect": ("connect",),
    "hub.cli.syncing": ("match", "plan", "apply", "sync"),
    "hub.cli.serving": ("serve", "pause", "resume"),
    "hub.cli.users": ("users", "audit"),
    "hub.cli.secrets": ("secrets",),
    "hub.cli.status": ("status",),
    "hub.cli.runs": ("runs",),
    "hub.cli.verify": ("verify",),
    "hub.cli.upkeep": ("backup", "restore", "doctor", "support-bundle"),
    "hub.cli.store": ("store",),
    "hub.cli.records": ("record",),
    "hub.cli.conflicts": ("conflicts",),
    "hub.cli.reviews": ("review",),
    "hub.cli.quarantine": ("quarantine",),
    "hub.cli.notify": ("notify",),
    "hub.cli.mappings": ("mapping",),
    "hub.cli.plugins": ("plugin",),
    "hub.cli.demo": ("demo",),
    "hub.cli.sandbox": ("sandbox",),
}
"""Modules with commands, and the first words of these."""

OURS = {word: module for module, words in _GROUPS.items() for word in words}
"""The first words of our own commands, and their modules (a test compares them with what is registered)."""


_GARBAGE = (10_000, 20, 50)
"""Looking for garbage in cycles is rare: loading makes many objects that stay, records many small ones without cycles.  As
often as Python does it by itself (700, 10, 10), a sixth of the time of a large run goes into it."""


def make_app(only: str | None = None) -> typer.Typer:
    """The whole command line.  only: no other command will be asked for than those that begin with this word of ours;
    making them all takes as long as a short command."""
    app = typer.Typer(
        name="crmhub",
        help=f"CRM Hub {__version__}: one trustworthy customer across your systems.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        epilog="Example: crmhub init, then crmhub check, then crmhub sync",
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    @with_shared_options
    def options(context: typer.Context, given: dict[str, Any]) -> None:
        context.obj = take_options(context, given)

    for name in _GROUPS if only is None else (OURS[only],):
        importlib.import_module(name).register(app)
    return app


def main() -> None:
    """Run the command line, with the commands of plugins where ours do not know the word."""
    gc.set_threshold(*_GARBAGE)
    word = _first_word(sys.argv[1:])
    app = make_app(word if word in OURS else None)
    if word and word not in OURS:
        _add_plugin_commands(app)
    app(prog_name="crmhub")


def _first_word(arguments: list[str]) -> str:
    """The first word that is no option: the command.  The value of --config is no command either."""
    words = (
        word
        for before, word in zip(["", *arguments], arguments, strict=False)
        if not word.startswith("-") and before != "--config"
    )
    return next(words, "")


def _add_plugin_commands(app: typer.Typer) -> None:
    """Plugins add typer apps by the hook ``hub_commands``; loading them is paid for only by those who use them."""
    from hub.config.read import examine
    from hub.loader import load

    given = [word for before, word in itertools.pairwise(sys.argv) if before == "--config"]
    path = Path(given[-1] if given else os.environ.get("CRMHUB_CONFIG", "config.toml"))
    config, _problems = examine(path) if path.exists() else (None, [])
    for group in load(config.hub.plugins if config is not None else ()).commands():
        app.add_typer(group)
