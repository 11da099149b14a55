"""Trying one mutant: in a copy of the project, so that nothing here changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LIMIT = 600
"""Seconds after which a mutant counts as noticed: it made something endless."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault.  old: a text that stands once in the file, replaced by ``new``;  at: where it stands instead, if it is not
    the only one (offset in the file)."""

    name: str
    file: str
    old: str
    new: str
    at: int | None = None

    def of(self, text: str) -> str:
        """The file with the fault.  Raises LookupError if the place is not there (any more), or not the only one."""
        start = text.find(self.old) if self.at is None else self.at
        if not text.startswith(self.old, start) or start < 0:
            raise LookupError(f"{self.name}: {self.file} has no {self.old!r}")
        if self.at is None and text.find(self.old, start + 1) >= 0:
            raise LookupError(f"{self.name}: {self.file} has {self.old!r} more than once")
        return text[:start] + self.new + text[start + len(self.old) :]


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the files under version control, as they are now."""
    with tempfile.TemporaryDirectory(prefix="crmhub-mutants-") as folder:
        tree = Path(folder)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        for name in listed.stdout.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, tree / name)
        yield tree


def notice(tree: Path, mutant: Mutant, commands: Sequence[Sequence[str]]) -> str | None:
    """What notices the fault: the first line of the first command that fails, None if all of them pass.

    commands: arguments of the interpreter, run in the copy one after the other."""
    path = tree / mutant.file
    text = path.read_text(encoding="utf-8")
    path.write_text(mutant.of(text), encoding="utf-8")
    try:
        for command in commands:
            failed = _run(tree, command)
            if failed is not None:
                return failed
    finally:
        path.write_text(text, encoding="utf-8")
    return None


def _run(tree: Path, command: Sequence[str]) -> str | None:
    packages = [tree, *sorted((tree / "plugins").iterdir())]  # before the installed ones
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, packages)), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, *command], cwd=tree, env=environment, capture_output=True, text=True, timeout=_LIMIT
        )
    except subprocess.TimeoutExpired:
        return "never ended"
    if done.returncode == 0:
        return None
    lines = done.stdout.splitlines() + done.stderr.splitlines()
    return next((line for line in lines if line.startswith(("FAILED", "ERROR", "seed"))), (lines or ["failed"])[-1])
