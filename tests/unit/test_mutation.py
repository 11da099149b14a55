"""The tool that puts faults into the code: they are faults, they are where they should be, and nothing is left of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutation import sandboxes
from tests.mutation.core import mutants
from tests.mutation.trial import ROOT, Mutant, notice

CODE = """\
def f(rows):
    found = 0
    for row in rows:
        if row is None or not row:
            continue
        found += 1
        rows.append(1)
    return found if found > 2 else None
"""


def test_faults_are_made_of_everything_that_decides() -> None:
    assert [(item.name.removeprefix("f.py:"), item.new) for item in sorted(mutants("f.py", CODE), key=str)] == [
        ("2 number", "1"),
        ("4 always", "True"),
        ("4 and/or", "((row is None) and (not row))"),
        ("4 comparison", "(row is not None)"),
        ("4 never", "False"),
        ("4 not", "bool(row)"),
        ("5 continue", "break"),
        ("6 left out", "pass"),
        ("6 number", "2"),
        ("7 left out", "pass"),
        ("7 number", "2"),
        ("8 always", "True"),
        ("8 comparison", "(found >= 2)"),
        ("8 never", "False"),
        ("8 number", "3"),
    ]


@pytest.mark.parametrize("file", ["hub/sync/recover.py", "plugins/crmhub-zoho/crmhub_zoho/sandbox/reading.py"])
def test_every_fault_is_another_program(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    before = ast.dump(ast.parse(text))
    found = list(sandboxes.answers(file, text))
    assert len(found) > 60
    for item in found:
        assert ast.dump(ast.parse(item.of(text))) != before, item


def test_a_sandbox_has_other_answers() -> None:
    text = 'def f(call):\n    raise refuse(404, "NOT_FOUND", {"id": 1, "why": call.path})\n'
    assert {item.new for item in sandboxes.answers("f.py", text)} == {
        "400",
        '"SOMETHING_ELSE"',
        '{"why": call.path}',
        '{"id": 1}',
        "405",
        "2",
    }


def test_what_only_type_checkers_read_is_left_alone() -> None:
    text = "if TYPE_CHECKING:\n    import a\nif busy:\n    b()\n"
    assert {item.name for item in sandboxes.answers("f.py", text)} == {"f.py:3 always", "f.py:3 never"}


@pytest.mark.parametrize("sandbox", sandboxes.JUDGES)
def test_all_tests_of_a_connector_judge_and_those_of_the_sandbox_come_first(sandbox: str) -> None:
    found = sandboxes.judging(sandbox)
    place = found.index(sandboxes.JUDGES[sandbox])
    assert place > 0
    assert ["sandbox" in name.rpartition("/")[2] for name in found] == [True] * place + [False] * (len(found) - place)
    folder = ROOT / f"plugins/crmhub-{sandbox}/tests"
    assert {ROOT / name for name in found} == {*folder.glob("test_*.py"), ROOT / sandboxes.JUDGES[sandbox]}


def test_a_fault_is_noticed_or_not_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "f.py").write_text("def f():\n    return 1\n")
    command = ("-c", "import f; assert f.f() == 1, 'FAILED'")
    assert notice(tmp_path, Mutant("other", "f.py", "return 1", "return 2"), [command]) is not None
    assert notice(tmp_path, Mutant("same", "f.py", "return 1", "return 1.0"), [command]) is None
    assert (tmp_path / "f.py").read_text() == "def f():\n    return 1\n"


@pytest.mark.parametrize("old", ["return 3", "return"])
def test_a_place_that_is_gone_or_stands_twice_is_refused(old: str) -> None:
    with pytest.raises(LookupError):
        Mutant("moved", "f.py", old, "").of("return 1\nreturn 2\n")
