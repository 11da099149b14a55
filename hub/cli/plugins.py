"""plugin: what is installed, what is broken, and how good it is."""

from __future__ import annotations

from dataclasses import asdict

import typer

from hub.cli.command import command
from hub.cli.plugin_docs import docs
from hub.cli.plugin_grade import grade, try_out
from hub.cli.plugin_new import new
from hub.cli.plugin_stress import stress
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.views.exits import Exit


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Look at plugins, try them, write one.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub plugin list", title="plugin list")(list_)
    command(group, "test", example="crmhub plugin test ./my-plugin", title="plugin test")(try_out)
    command(group, "stress", example="crmhub plugin stress ./my-plugin --rounds 20 --seed 1", title="plugin stress")(
        stress
    )
    command(group, "grade", example="crmhub plugin grade zoho", title="plugin grade")(grade)
    command(group, "new", example="crmhub plugin new myshop --kind toml", title="plugin new")(new)
    command(group, "docs", example="crmhub plugin docs --json", title="plugin docs")(docs)
    app.add_typer(group, name="plugin")


def list_(terminal: Terminal) -> Outcome:
    """List plugins with version, origin and state. Works without a configuration."""
    from hub.loader import load

    plugins = terminal.app.registry.plugins if terminal.options.config.exists() else load().plugins
    terminal.table(
        ("name", "version", "status", "connectors", "origin", "reason"),
        [(x.name, x.version or "-", x.status, ", ".join(x.connectors) or "-", x.origin, x.reason) for x in plugins],
    )
    broken = [Problem("plugin", x.reason, f"{x.name} ({x.origin})", told=True) for x in plugins if x.status == "broken"]
    code = Exit.FAILED if broken else Exit.DONE
    return Outcome([asdict(item) for item in plugins], {"plugins": len(plugins), "broken": len(broken)}, broken, code)
