"""The pages that tell a story can be followed step by step."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS
from tests.docs.story import Story

PAGES = ["plugin-authors.md", "admin-guide.md", "mappings.md", "command-line.md", "how-a-sync-decides.md", "history.md"]


@pytest.mark.parametrize("name", PAGES)
def test_the_page_can_be_followed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delenv("CRMHUB_CONFIG", raising=False)
    story = Story(DOCS / name, tmp_path)
    story.run()
    assert story.commands, f"{name} runs nothing"
