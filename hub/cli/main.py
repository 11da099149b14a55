"""The entry point ``crmhub``."""

from __future__ import annotations

import importlib
import itertools
import os
import sys
from pathlib import Path
from typing import Any

import typer

from hub import __version__
from hub.cli.command import take_options, with_shared_options

_GROUPS = (
    "hub.cli.setup",
    "hub.cli.connect",
    "hub.cli.syncing",
    "hub.cli.serving",
    "hub.cli.users",
    "hub.cli.secrets",
    "hub.cli.status",
    "hub.cli.runs",
    "hub.cli.verify",
    "hub.cli.upkeep",
    "hub.cli.store",
    "hub.cli.records",
    "hub.cli.conflicts",
    "hub.cli.reviews",
    "hub.cli.quarantine",
    "hub.cli.notify",
    "hub.cli.mappings",
    "hub.cli.plugins",
    "hub.cli.demo",
    "hub.cli.sandbox",
)

OURS = frozenset(
    (
        *(
            "init",
            "check",
            "connect",
            "match",
            "plan",
            "apply",
            "sync",
            "serve",
            "pause",
            "resume",
            "status",
            "runs",
            "verify",
            "backup",
            "restore",
            "doctor",
            "support-bundle",
            "store",
            "record",
            "conflicts",
        ),
        *("review", "quarantine", "notify", "mapping", "plugin", "demo", "sandbox", "users", "audit", "secrets"),
    )
)
"""The first words of our own commands (a test compares them with what is registered)."""


def make_app() -> typer.Typer:
    """The whole command line."""
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

    for name in _GROUPS:
        importlib.import_module(name).register(app)
    return app


def main() -> None:
    """Run the command line, with the commands of plugins where ours do not know the word."""
    app = make_app()
    if _is_foreign(sys.argv[1:]):
        _add_plugin_commands(app)
    app(prog_name="crmhub")


def _is_foreign(arguments: list[str]) -> bool:
    """Whether the first word that is no option is no command of ours.  The value of --config is no command either."""
    words = [
        word
        for before, word in zip(["", *arguments], arguments, strict=False)
        if not word.startswith("-") and before != "--config"
    ]
    return bool(words) and words[0] not in OURS


def _add_plugin_commands(app: typer.Typer) -> None:
    """Plugins add typer apps by the hook ``hub_commands``; loading them is paid for only by those who use them."""
    from hub.config.read import examine
    from hub.loader import load

    given = [word for before, word in itertools.pairwise(sys.argv) if before == "--config"]
    path = Path(given[-1] if given else os.environ.get("CRMHUB_CONFIG", "config.toml"))
    config, _problems = examine(path) if path.exists() else (None, [])
    for group in load(config.hub.plugins if config is not None else ()).commands():
        app.add_typer(group)
