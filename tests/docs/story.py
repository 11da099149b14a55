"""Doing what a page says: its files are written to a folder, its commands are run there, in order."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from hub.cli.main import make_app
from tests.docs.pages import Block, blocks

_APPROVE = re.compile(r"--approve (\w+)")
_VARIABLE = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "HASH"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( UTC)?"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|min)\b"), "DURATION"),
    (re.compile(r"\s+"), " "),
)


class Story:
    """One page in one folder."""

    def __init__(self, page: Path, folder: Path) -> None:
        self.page, self.folder = page, folder
        self._approval = ""
        self.commands = 0

    def run(self) -> None:
        """Take every marked block in order.  Fails with the place of the block."""
        for block in blocks(self.page):
            if block.mark.startswith("file "):
                path = self.folder / block.mark.removeprefix("file ")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            elif block.mark.startswith("add to the class in "):
                path = self.folder / block.mark.removeprefix("add to the class in ")
                added = textwrap.indent(block.text, "    ")
                path.write_text(f"{path.read_text(encoding='utf-8')}\n{added}", encoding="utf-8")
            elif block.mark.startswith("json of "):
                self._json(block, block.mark.removeprefix("json of "))
            elif block.mark == "run":
                self._session(block)

    def _json(self, block: Block, command: str) -> None:
        """The last line that a command prints is the block's JSON, except for ids and times."""
        line = [item for item in self._execute(command).splitlines() if item.startswith("{")][-1]
        assert fixed(json.loads(line)) == fixed(json.loads(block.text)), f"{block.where}: {line}"

    def _session(self, block: Block) -> None:
        """Commands, each with the lines that it must print ("..." stands for any)."""
        command, expected = "", list[str]()
        for line in [*block.text.splitlines(), "$ "]:
            if not line.startswith("$ "):
                expected.append(line)
                continue
            if command:
                self._check(block, command, expected)
            command, expected = line.removeprefix("$ ").split("   #")[0].strip(), []

    def _check(self, block: Block, command: str, expected: list[str]) -> None:
        output = plain(self._execute(command))
        at = 0
        for line in expected:
            wanted = plain(line)
            if wanted in ("", "..."):
                continue
            found = output.find(wanted, at)
            assert found >= 0, f"{block.where}: $ {command}\nlacks: {wanted}\n--- printed:\n{output}"
            at = found

    def _execute(self, command: str) -> str:
        self.commands += 1
        command = _APPROVE.sub(lambda _: f"--approve {self._approval}", command)
        program, *arguments = shlex.split(command)
        if program == "crmhub":
            output = self._crmhub(arguments)
        else:
            done = subprocess.run(
                [program, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
            )
            output = f"{done.stdout}{done.stderr}\nexit code {done.returncode}\n"
        found = _APPROVE.search(output)
        self._approval = found.group(1) if found else self._approval
        return output.replace(f"{self.folder}/", "")

    def _crmhub(self, arguments: list[str]) -> str:
        """A command in this process, with the plugins of the folder as they are now."""
        path, modules = list(sys.path), set(sys.modules)
        importlib.invalidate_caches()
        try:
            with contextlib.chdir(self.folder):
                done = CliRunner().invoke(make_app(), arguments, prog_name="crmhub")
        finally:
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(self.folder)):
                    del sys.modules[name]
        return f"{done.output}\nexit code {done.exit_code}\n"


def fixed(value: Any) -> Any:
    """A JSON value without what differs from run to run."""
    if isinstance(value, dict):
        return {key: fixed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [fixed(item) for item in value]
    return "NUMBER" if isinstance(value, float) else plain(value) if isinstance(value, str) else value


def plain(text: str) -> str:
    """A text without what differs from run to run."""
    for pattern, word in _VARIABLE:
        text = pattern.sub(word, text)
    return text.strip()
