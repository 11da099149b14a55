"""users and audit: who may use the pages of crmhub serve, and what they did."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated, Any, Literal

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.views.exits import Exit
from hub.views.times import when

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a user")]
Role = Literal["viewer", "operator", "admin"]
_WHO = "command line"
_FIRST = "They choose their own password when they sign in first, within a week"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    users = typer.Typer(help="Who may use the pages.", no_args_is_help=True, rich_markup_mode=None)
    command(users, "add", example="crmhub users add ann --role operator", title="users add")(add)
    command(users, "list", example="crmhub users list", title="users list")(list_)
    command(users, "role", example="crmhub users role ann admin", title="users role")(role)
    command(users, "password", example="crmhub users password ann", title="users password")(password)
    command(users, "remove", example="crmhub users remove ann", title="users remove")(remove)
    app.add_typer(users, name="users")
    audit = typer.Typer(help="What was done on the pages.", no_args_is_help=True, rich_markup_mode=None)
    command(audit, "list", example="crmhub audit list --who ann", title="audit list")(audit_list)
    command(audit, "verify", example="crmhub audit verify", title="audit verify")(audit_verify)
    app.add_typer(audit, name="audit")


def _password(terminal: Terminal) -> str:
    """From the terminal, twice and unseen, or a line of standard input.  Never from the arguments, which others see."""
    from hub.bootstrap import UsageProblem

    if not sys.stdin.isatty():
        found = sys.stdin.readline().rstrip("\n")
        if not found:
            raise UsageProblem("there is no password on standard input", hint="Type it at a terminal, or pipe one line")
        return found
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise UsageProblem("the two passwords differ")
    return first


def add(
    terminal: Terminal,
    name: Name,
    role: Annotated[Role, typer.Option("--role", help="viewer looks; operator decides and runs; admin also manages")],
) -> Outcome:
    """Make a user of the pages. The password is asked for, or read as a line of standard input; but for the very first
    user it is for the first sign-in, within a week."""
    from hub.web.access import accounts
    from hub.web.access.policy import policy_of

    app = terminal.app
    accounts.clean_name(name)
    password, policy, own = _password(terminal), policy_of(app.config), not app.store.users.count()
    user = accounts.add(app.store, name, role, password, policy, who=_WHO, now=app.clock(), own=own)
    terminal.say(f"{user.name}: {user.role}")
    if not own:
        terminal.say(_FIRST)
    return Outcome({"name": user.name, "role": user.role})


def list_(terminal: Terminal) -> Outcome:
    """List the users of the pages."""
    app = terminal.app
    rows: list[dict[str, Any]] = [
        {
            "name": item.name,
            "role": item.role,
            "since": item.created,
            "sessions": len(app.store.users.sessions(item.name)),
            "waits_until": item.locked if item.locked > app.clock() else None,
        }
        for item in app.store.users.all()
    ]
    terminal.table(
        ("name", "role", "since (UTC)", "sessions", ""),
        [
            (row["name"], row["role"], when(row["since"]), row["sessions"], "waits" if row["waits_until"] else "")
            for row in rows
        ],
    )
    return Outcome(rows, {"users": len(rows)})


def role(
    terminal: Terminal,
    name: Name,
    role: Annotated[Role, typer.Argument(metavar="ROLE", help="viewer, operator or admin")],
) -> Outcome:
    """Change what a user may do. Their sessions end."""
    from hub.web.access import accounts

    app = terminal.app
    accounts.set_role(app.store, name, role, who=_WHO, now=app.clock())
    terminal.say(f"{name}: {role}")
    return Outcome({"name": name, "role": role})


def password(terminal: Terminal, name: Name) -> Outcome:
    """Set a password for the next sign-in, asked for or read as a line of standard input. The user's sessions end."""
    from hub.web.access import accounts
    from hub.web.access.policy import policy_of

    app = terminal.app
    accounts.found(app.store, name)
    accounts.set_password(app.store, name, _password(terminal), policy_of(app.config), who=_WHO, now=app.clock())
    terminal.say(f"{name}: the password is changed")
    terminal.say(_FIRST)
    return Outcome({"name": name})


def remove(terminal: Terminal, name: Name) -> Outcome:
    """Delete a user. Their sessions end."""
    from hub.web.access import accounts

    app = terminal.app
    accounts.remove(app.store, name, who=_WHO, now=app.clock())
    terminal.say(f"{name}: removed")
    return Outcome({"name": name})


def audit_list(
    terminal: Terminal,
    who: Annotated[str | None, typer.Option("--who", metavar="NAME", help="Only what this user did")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many, newest first")] = 50,
) -> Outcome:
    """List what was done on the pages and to their users, the newest first."""
    rows: list[dict[str, Any]] = [
        {
            "id": item.id,
            "at": item.at,
            "who": item.who,
            "action": item.action,
            "subject": item.subject,
            "detail": item.detail,
        }
        for item in terminal.app.store.audit.newest(limit, who=who)
    ]
    terminal.table(
        ("line", "at (UTC)", "who", "action", "subject", "detail"),
        [
            (
                row["id"],
                when(row["at"]),
                row["who"] or "-",
                row["action"],
                row["subject"],
                ", ".join(f"{key} {value}" for key, value in row["detail"].items()),
            )
            for row in rows
        ],
    )
    return Outcome(rows, {"lines": len(rows)})


def audit_verify(terminal: Terminal) -> Outcome:
    """Check that no line of the audit log was changed or taken out. Note the last hash elsewhere to see if lines at the
    end are cut off."""
    verdict = terminal.app.store.audit.verify()
    result = {"lines": verdict.lines, "last": verdict.last, "broken": verdict.broken or None}
    if verdict.broken:
        text = f"line {verdict.broken} is not what was written, or one before it is missing"
        hint = "Somebody changed the database past the triggers; compare with a backup"
        return Outcome(result, {}, [Problem("audit", text, "audit", hint)], Exit.FAILED)
    terminal.say(f"{verdict.lines} lines, all as they were written; the last has the hash {verdict.last}")
    return Outcome(result, {"lines": verdict.lines})
