"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.hub_folder import HubFolder


@pytest.fixture
def folder(tmp_path: Path) -> HubFolder:
    """A configured folder with two systems: one customer in both, one in each alone."""
    return HubFolder(tmp_path)


@pytest.fixture
def synced(folder: HubFolder) -> HubFolder:
    """The same after its first sync: three customers in both systems."""
    answer = folder.first_sync()
    assert answer.code == 0, answer
    return folder
