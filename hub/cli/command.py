"""Turning a function into a command: the options of every command, error handling, exit code."""

from __future__ import annotations

import functools
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.logs import logs_on_stderr
from hub.cli.terminal import Options, Outcome, Problem, Terminal
from hub.contract.errors import HubError
from hub.views.exits import Exit, of_error

Run = Callable[..., Outcome | None]

_PANEL = "Options of every command"
_SHARED: dict[str, Any] = {
    "config": Annotated[
        Path | None,
        typer.Option(
            "--config", envvar="CRMHUB_CONFIG", help="Configuration file [default: config.toml]", rich_help_panel=_PANEL
        ),
    ],
    "as_json": Annotated[
        bool, typer.Option("--json", help="Print JSON lines; the last is the summary", rich_help_panel=_PANEL)
    ],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes", rich_help_panel=_PANEL)],
    "no_color": Annotated[bool, typer.Option("--no-color", help="No colours", rich_help_panel=_PANEL)],
    "show_pii": Annotated[
        bool,
        typer.Option("--show-pii", help="Do not mask personal data in JSON and run output", rich_help_panel=_PANEL),
    ],
    "debug": Annotated[
        bool, typer.Option("--debug", help="Log everything; show where errors come from", rich_help_panel=_PANEL)
    ],
}


def take_options(context: typer.Context, given: dict[str, Any]) -> Options:
    """The options given before the command, overlaid with those given after it."""
    before = context.obj if isinstance(context.obj, Options) else Options()
    return Options(
        config=given["config"] or before.config,
        json=given["as_json"] or before.json,
        quiet=given["quiet"] or before.quiet,
        color=before.color and not given["no_color"],
        show_pii=given["show_pii"] or before.show_pii,
        debug=given["debug"] or before.debug,
    )


def with_shared_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a typer callback (context, given) the options of every command."""

    @functools.wraps(function)
    def wrapper(context: typer.Context, **given: Any) -> None:
        function(context, given)

    return _signed(wrapper, [])


def command(app: typer.Typer, name: str, *, example: str, title: str = "") -> Callable[[Run], Run]:
    """Register ``function(terminal, ...)`` as a command.  ``example`` ends its help; ``title`` is its full name."""

    def register(function: Run) -> Run:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

        @functools.wraps(function)
        def wrapper(context: typer.Context, **given: Any) -> None:
            options = take_options(context, given)
            arguments = {item.name: given[item.name] for item in own}
            terminal = Terminal(title or name, options)
            with logs_on_stderr(terminal.redact, debug=options.debug, as_json=options.json):
                code = _run(terminal, function, arguments)
            raise typer.Exit(int(code))

        app.command(name, epilog=f"Example: {example}")(_signed(wrapper, own))
        return function

    return register


def _signed(wrapper: Callable[..., None], own: list[inspect.Parameter]) -> Callable[..., None]:
    """Tell typer about the parameters of a wrapper."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
    parameters += [item.replace(kind=keyword) for item in own]
    for name, annotation in _SHARED.items():
        default = None if name == "config" else False
        parameters.append(inspect.Parameter(name, keyword, default=default, annotation=annotation))
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # how functools says it, too
    wrapper.__annotations__ = {item.name: item.annotation for item in parameters}
    return wrapper


def _run(terminal: Terminal, function: Run, arguments: dict[str, Any]) -> Exit:
    """Run a command; whatever happens, the caller gets a code and (with --json) a summary."""
    options = terminal.options
    try:
        try:
            outcome = function(terminal, **arguments) or Outcome()
        finally:
            terminal.close()
    except HubError as error:
        if options.debug:
            traceback.print_exc()
        outcome = Outcome(problems=problems_of(error), code=of_error(error))
    except KeyboardInterrupt:
        hint = "It is safe to run the same command again: nothing is lost and nothing is done twice"
        outcome = Outcome(problems=[Problem("interrupted", "stopped", hint=hint)], code=Exit.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; there is nobody to tell
        return Exit.DONE
    except Exception as error:  # noqa: BLE001  # the last place to explain a fault of ours
        if options.debug:
            traceback.print_exc()
        text = " ".join(f"{type(error).__name__}: {error}".split())
        hint = "This is a fault of crmhub. Run it again with --debug and report what it prints"
        outcome = Outcome(problems=[Problem("internal", text, hint=hint)], code=Exit.FAILED)
    return terminal.finish(outcome)


def problems_of(error: HubError) -> list[Problem]:
    """All problems that an error carries (a configuration or a mapping may have many)."""
    from hub.config.model import InvalidConfig
    from hub.mapping.errors import MappingError

    if isinstance(error, InvalidConfig):
        return [Problem(item.code, item.message, item.where, item.hint) for item in error.problems]
    if isinstance(error, MappingError):
        return [Problem("mapping", item.message, f"{item.file}:{item.line}") for item in error.issues]
    return [Problem.of(error)]
