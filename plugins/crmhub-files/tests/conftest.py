"""Folders with tables and connections to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crmhub_files.connector import Files
from hub.plugin import Context, Http, Op, Page, Receipt, Record


def no_http() -> Http:
    raise AssertionError("files need no HTTP")


@dataclass
class Desk:
    """A folder, and what a test does to it."""

    base: Path
    private: Path

    def put(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        return path

    def connect(self, path: str = "c.csv", **settings: Any) -> Files:
        return Files(Files.Config(path=path, **settings), Context("files", no_http, self.private, self.base))

    def records(self, path: str = "c.csv", **settings: Any) -> dict[str, Record]:
        return {
            record.id: record for page in self.connect(path, **settings).changes("customers") for record in page.records
        }

    def data(self, path: str = "c.csv", **settings: Any) -> list[Any]:
        return [record.data for record in self.records(path, **settings).values()]

    def write(self, ops: Sequence[Op], path: str = "c.csv", **settings: Any) -> list[Receipt]:
        return list(self.connect(path, **{"write": "update", **settings}).write("customers", ops))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    base, private = tmp_path / "data", tmp_path / "private"
    base.mkdir()
    yield Desk(base, private)
    assert [path for path in base.rglob("*") if path.name.endswith("crmhub-tmp")] == []


@pytest.fixture
def last() -> Callable[[Iterator[Page]], tuple[list[Record], Page]]:
    """All records of a pass, and its last page, which alone is complete."""

    def drain(pages: Iterator[Page]) -> tuple[list[Record], Page]:
        got = list(pages)
        assert [page.complete for page in got] == [False] * (len(got) - 1) + [True]
        return [record for page in got for record in page.records], got[-1]

    return drain
