"""secrets: what crmhub keeps for you, encrypted; and the keys with which it is."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.contract.errors import HubError
from hub.views.exits import Exit
from hub.views.times import when

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.tokens.vault import Vault

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a secret, such as crm.client_secret")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Secrets that are kept encrypted.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "set", example="crmhub secrets set crm.client_secret", title="secrets set")(set_)
    command(group, "list", example="crmhub secrets list", title="secrets list")(list_)
    command(group, "remove", example="crmhub secrets remove crm.client_secret", title="secrets remove")(remove)
    command(group, "rotate", example="crmhub secrets rotate", title="secrets rotate")(rotate)
    app.add_typer(group, name="secrets")


def _vault(app: App) -> Vault:
    from hub.tokens.keys import load_keys
    from hub.tokens.vault import Vault

    return Vault(app.config.base, lambda: load_keys(app.config.base))


def set_(terminal: Terminal, name: Name) -> Outcome:
    """Keep a secret, encrypted. It is asked for, or read as a line of standard input; write { secret = "NAME" } for it."""
    from hub.bootstrap import UsageProblem

    app = terminal.app
    if sys.stdin.isatty():
        value = getpass.getpass(f"{name}: ")
    else:
        value = sys.stdin.readline().rstrip("\r\n")
    if not value:
        raise UsageProblem("there is no secret", hint="Type it at a terminal, or pipe one line")
    vault = _vault(app)
    vault.set(name, value, app.clock())
    terminal.say(f'{name} is kept, encrypted. Write {{ secret = "{name}" }} where it is needed')
    return Outcome({"name": name})


def list_(terminal: Terminal) -> Outcome:
    """List the names of the secrets that are kept, and which settings use them. Their values are never shown."""
    app = terminal.app
    used = _used(app)
    rows: list[dict[str, Any]] = [
        {"name": item.name, "set": item.at, "key": item.key, "used_by": used.get(item.name, [])}
        for item in _vault(app).list()
    ]
    terminal.table(
        ("name", "set (UTC)", "key", "used by"),
        [(row["name"], when(row["set"]), row["key"], ", ".join(row["used_by"]) or "-") for row in rows],
    )
    return Outcome(rows, {"secrets": len(rows)})


def _used(app: App) -> dict[str, list[str]]:
    """Name -> settings that refer to it."""
    found: dict[str, list[str]] = {}
    for kind, items in (("connections", app.config.connections), ("notifiers", app.config.notifiers)):
        for item in items.values():
            for key, value in item.settings.items():
                if isinstance(value, dict) and isinstance(value.get("secret"), str):
                    found.setdefault(value["secret"], []).append(f"{kind}.{item.name}.{key}")
    return found


def remove(terminal: Terminal, name: Name) -> Outcome:
    """Forget a secret."""
    from hub.bootstrap import UsageProblem

    app = terminal.app
    if not _vault(app).remove(name):
        raise UsageProblem(f"there is no secret {name!r}", hint="`crmhub secrets list` shows them")
    used = _used(app).get(name, [])
    terminal.say(f"{name}: removed")
    problems = [Problem("secret", f"{place} still refers to {name}", place, "", "warning") for place in used]
    return Outcome({"name": name}, {}, problems)


def rotate(terminal: Terminal) -> Outcome:
    """Make a new key, encrypt all secrets and logins with it, and drop keys that are no longer needed. With CRMHUB_KEYS,
    put the new key first there yourself; then this encrypts everything with it."""
    from hub.tokens.keys import add_key, in_environment, keep_keys, load_keys

    app = terminal.app
    with app.writing():  # no run may keep a login with the old key meanwhile
        keys = load_keys(app.config.base) if in_environment() else add_key(app.config.base)
        secrets = _vault(app).encrypt_again(keys)
        logins, problems = 0, []
        for name in app.config.connections:
            try:
                logins += app.logins.encrypt_again(name)
            except HubError as error:
                hint = f"It keeps its old key. {error.hint or f'Log in again: crmhub connect login {name}'}"
                problems.append(Problem(error.code, error.message, name, hint, "warning"))
        left = {app.logins.key_of(path) for path in app.logins.files()}
        if not in_environment():
            keys = keep_keys(app.config.base, left)
    old = sorted(set(keys.by_id) - {keys.current})
    terminal.say(f"{secrets} secrets and {logins} logins are encrypted with the key {keys.current} now")
    if old:
        terminal.note(f"still needed: {', '.join(old)}")
    result = {"key": keys.current, "secrets": secrets, "logins": logins, "old_keys": old}
    return Outcome(result, {"secrets": secrets, "logins": logins}, problems, Exit.FAILED if problems else Exit.DONE)
