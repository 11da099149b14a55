"""What the tests of the command line share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.hub_folder import HubFolder


@pytest.fixture
def folder(tmp_path: Path) -> HubFolder:
    """A configured folder with two systems: one customer in both, one in each alone."""
    return HubFolder(tmp_path)


@pytest.fixture(scope="session")
def after_first_sync(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after its first sync, to be copied and not to be used."""
    made = HubFolder(tmp_path_factory.mktemp("synced"))
    answer = made.first_sync()
    assert answer.code == 0, answer
    return made.path


@pytest.fixture
def synced(folder: HubFolder, after_first_sync: Path) -> HubFolder:
    """The same after its first sync: three customers in both systems."""
    shutil.copytree(after_first_sync, folder.path, dirs_exist_ok=True)
    return folder
