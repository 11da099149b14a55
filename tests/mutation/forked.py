"""Faults of one module, each tried in a forked process that compiles the module with its fault.

Nothing is written and what is not under test is imported once, so that a fault takes about a second if the tests are fast:
then all faults of a module can be tried, not only a sample.  The tree must not change meanwhile.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import CodeType

from tests.mutation.trial import ROOT, Mutant

LONGEST = 120
"""Seconds after which a fault that keeps the tests busy for ever counts as noticed."""
QUIET = ("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist")


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles another text instead of the file's."""

    def __init__(self, file: str, text: str) -> None:
        super().__init__(module_of(file), str(ROOT / file))
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module with a fault; everything else is found as always."""

    def __init__(self, loader: _Loader) -> None:
        self._loader = loader

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname != self._loader.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._loader.path, loader=self._loader)


class _First:
    """Keeps the first test that failed."""

    name = ""

    def pytest_runtest_logreport(self, report: object) -> None:
        self._note(report)

    def pytest_collectreport(self, report: object) -> None:
        self._note(report)

    def _note(self, report: object) -> None:
        if getattr(report, "failed", False):
            self.name = self.name or str(getattr(report, "nodeid", "?"))


def module_of(file: str) -> str:
    """hub/sync/plan/plan.py -> hub.sync.plan.plan"""
    return file.removesuffix(".py").replace("/", ".")


def tried(file: str, faults: Sequence[Mutant], tests: Sequence[str]) -> Iterator[tuple[Mutant, str | None]]:
    """Each fault with the test that noticed it; None: all tests passed.  Raises AssertionError if the tests fail without a
    fault, or if this process has imported the module already."""
    _prepare()
    assert module_of(file) not in sys.modules, f"{file} was imported before its faults"
    text = (ROOT / file).read_text(encoding="utf-8")
    failed = _passes(file, text, tests)
    assert failed is None, f"{failed} fails without any fault"
    for fault in faults:
        yield fault, _passes(file, fault.of(text), tests)


def _prepare() -> None:
    """Import once what every child needs and no fault is made in."""
    import orjson
    import pytest
    import sqlalchemy

    import hub.mapping.compile
    import hub.state
    import hub.store.store

    assert all((orjson, pytest, sqlalchemy, hub.mapping.compile, hub.state, hub.store.store))


def _passes(file: str, text: str, tests: Sequence[str]) -> str | None:
    """None if the tests pass with this text of the file, else what failed first."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run(file, text, tests, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        said = told.read().decode()
    os.waitpid(child, 0)
    code, _, name = said.partition(" ")
    return None if code == "0" else f"FAILED {name or 'no test: it did not end'}"


def _run(file: str, text: str, tests: Sequence[str], writer: int) -> None:
    """In the child: never returns."""
    import pytest

    os.setsid()
    signal.alarm(LONGEST)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    sys.meta_path.insert(0, _Finder(_Loader(file, text)))
    first = _First()
    code = pytest.main([*QUIET, *tests], plugins=[first])
    os.write(writer, f"{int(code)} {first.name}".encode())
    os._exit(0)
