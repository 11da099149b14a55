"""Installing the shop that tests run on: once, whole, and with clear words where it cannot be."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from hub.contract.errors import HubError
from hub.testing import vendure_server


def fake(folder: Path, name: str, script: str) -> None:
    """A program of that name."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!{shutil.which('sh')}\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is searched for programs before all others."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def test_without_node_nothing_is_started_and_the_reason_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert vendure_server.missing() == "Vendure needs node and npm: install Node.js 20 or later"
    with pytest.raises(HubError, match=r"install Node\.js"):
        vendure_server.start_vendure(tmp_path / "shop")
    assert not (tmp_path / "shop").exists()


def test_npm_says_why_it_could_not_install_and_nothing_half_is_kept(tmp_path: Path, programs: Path) -> None:
    fake(programs, "npm", "mkdir node_modules; echo 'no such registry' >&2; exit 1")
    with pytest.raises(HubError, match="no such registry"):
        vendure_server._installed(tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


def test_several_that_start_at_once_install_once(tmp_path: Path, programs: Path) -> None:
    fake(programs, "npm", f"echo x >> {tmp_path}/calls; mkdir node_modules")
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(vendure_server._installed(tmp_path / "cache"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert (found[0] / "node_modules").is_dir()
    assert (tmp_path / "calls").read_text() == "x\n"
