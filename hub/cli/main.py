"""The entry point ``crmhub``."""

from __future__ import annotations

import importlib
from typing import Any

import typer

from hub import __version__
from hub.cli.command import take_options, with_shared_options

_GROUPS = (
    "hub.cli.setup",
    "hub.cli.connect",
    "hub.cli.syncing",
    "hub.cli.status",
    "hub.cli.runs",
    "hub.cli.records",
    "hub.cli.conflicts",
    "hub.cli.reviews",
    "hub.cli.quarantine",
    "hub.cli.mappings",
    "hub.cli.plugins",
    "hub.cli.demo",
)


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
    """Run the command line."""
    make_app()(prog_name="crmhub")
