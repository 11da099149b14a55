"""What a command talks to: options, the open ``App``, and output for people or for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from hub.config.redact import mask_text
from hub.views.exits import Exit
from hub.views.masking import mask_name, mask_value
from hub.views.problem import Problem as Problem
from hub.views.problem import show_value as show_value

if TYPE_CHECKING:
    from hub.bootstrap import App

PATIENCE = 600.0
"""Seconds to wait for a run of `crmhub serve` to end."""
SCHEMA_VERSION = 1
"""Of the JSON output; raised when a key changes its meaning or goes away."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of every command.  config: path of the configuration file."""

    config: Path = Path("config.toml")
    json: bool = False
    quiet: bool = False
    color: bool = True
    show_pii: bool = False
    debug: bool = False


@dataclass(slots=True)
class Outcome:
    """What a command found out: printed as JSON with --json, and the exit code."""

    result: Any = None
    counts: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    code: Exit = Exit.DONE
    run_id: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More keys of the JSON summary line."""


class Terminal:
    """Data goes to stdout, everything else to stderr; with --json stdout holds only JSON lines."""

    def __init__(self, command: str, options: Options) -> None:
        self.command = command
        self.options = options
        self._app: App | None = None

    @property
    def app(self) -> App:
        """The configuration, opened.  Raises InvalidConfig."""
        if self._app is None:
            from hub.bootstrap import App
            from hub.config.read import read_config

            self._app = App(read_config(self.options.config), patience=PATIENCE, waits=self.note)
        return self._app

    def close(self) -> None:
        if self._app is not None:
            self._app.close()

    def redact(self, text: str) -> str:
        """Take live secrets out of a text."""
        return self._app.redact(text) if self._app is not None else text

    # people

    def say(self, text: str = "") -> None:
        """A line of data for people."""
        if not self.options.json:
            print(self.redact(text))

    def note(self, text: str) -> None:
        """A line beside the data."""
        if not self.options.quiet:
            print(self.redact(text), file=sys.stderr)

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Columns, aligned."""
        cells = [[str(item) for item in row] for row in rows]
        widths = [max(len(row[at]) for row in [list(head), *cells]) for at in range(len(head))]
        for row in [list(head), *cells]:
            self.say("  ".join(item.ljust(width) for item, width in zip(row, widths, strict=True)).rstrip())

    def complain(self, problem: Problem) -> None:
        """A problem for people: where, what, and what to do next; on stderr."""
        where = f"{problem.where}: " if problem.where else ""
        print(self.redact(f"{problem.severity}: {where}{problem.message}"), file=sys.stderr)
        if problem.hint:
            print(self.redact(f"  {problem.hint}"), file=sys.stderr)

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return not (self.options.json or self.options.quiet) and sys.stdin.isatty() and sys.stdout.isatty()

    # programs

    def emit(self, kind: str, content: Mapping[str, Any]) -> None:
        """One JSON line (only with --json)."""
        if self.options.json:
            line = {"type": kind, "schema_version": SCHEMA_VERSION, "command": self.command, **content}
            for piece in _json_of(line):
                print(self.redact(piece.encode("utf-8", "replace").decode()), end="")
            print(flush=True)

    def finish(self, outcome: Outcome) -> Exit:
        """Print what the outcome adds to what the command has said already."""
        problems = [item.to_json() for item in outcome.problems]
        if not self.options.show_pii:
            problems = [{**item, "message": mask_text(str(item["message"]))} for item in problems]
        self.emit(
            "summary",
            {
                "run_id": outcome.run_id,
                "exit_code": int(outcome.code),
                "result": outcome.result,
                "counts": outcome.counts,
                "problems": problems,
                **outcome.extra,
            },
        )
        if not self.options.json:
            for problem in outcome.problems:
                if not problem.told:
                    self.complain(problem)
        return outcome.code

    # personal data

    def name(self, text: str, *, run: bool = False) -> str:
        """A title or name; masked in JSON, and in the text of runs (``run``), unless --show-pii."""
        return mask_name(text) if self._masks(run) else text

    def value(self, path: str, value: Any, *, run: bool = False) -> Any:
        """A canonical value, masked likewise."""
        return mask_value(path, value) if self._masks(run) else value

    def message(self, text: str, *, run: bool = False) -> str:
        """A message that may quote personal data."""
        return mask_text(text) if self._masks(run) else text

    def _masks(self, run: bool) -> bool:
        return not self.options.show_pii and (self.options.json or run)


@dataclass(frozen=True, slots=True)
class Long:
    """A list in a JSON line that is made item by item while the line is printed, so that it needs no memory."""

    items: Iterable[Any]


def _json_of(line: Mapping[str, Any]) -> Iterator[str]:
    """The JSON text of a line in pieces, as if each ``Long`` were a list."""
    found: list[Long] = []
    mark = f"long list {uuid4()} "

    def other(value: object) -> str:
        if not isinstance(value, Long):
            return str(value)
        found.append(value)
        return f"{mark}{len(found) - 1}"

    rest = json.dumps(line, ensure_ascii=False, default=other)
    for place, item in enumerate(found):
        before, rest = rest.split(f'"{mark}{place}"')
        yield f"{before}["
        for number, content in enumerate(item.items):
            yield (", " if number else "") + json.dumps(content, ensure_ascii=False, default=str)
        yield "]"
    yield rest
