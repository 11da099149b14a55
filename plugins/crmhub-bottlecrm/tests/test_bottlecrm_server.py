"""Where BottleCRM cannot run, that is said; a program on the PATH that does not start is no Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.testing import bottlecrm_server
from hub.testing.bottlecrm_server import NoPython, find_python
from hub.testing.servers import RunningServer


@pytest.fixture
def shim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with a python3.12 that ends with an error, as a version manager without that version puts it there."""
    program = tmp_path / "bin" / "python3.12"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr(bottlecrm_server.sys, "executable", str(program))
    return program


def test_without_a_python_that_is_new_enough_the_reason_is_told(shim: Path) -> None:
    with pytest.raises(NoPython, match=r"needs Python 3\.12 or newer, and there is none here.* Install Python 3\.12"):
        find_python()


def test_a_version_manager_may_have_one_that_is_not_on_the_path(
    server: RunningServer, shim: Path, tmp_path: Path
) -> None:
    real = tmp_path / "pyenv" / "versions" / "3.12.9" / "bin" / "python3"
    real.parent.mkdir(parents=True)
    real.symlink_to(Path(server.details["python"]).resolve())
    assert find_python() == str(real)
