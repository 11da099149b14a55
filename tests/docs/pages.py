"""Reading the documentation: pages, fenced blocks with the marks before them, generated parts, links.

A mark is an HTML comment in the line before a block.  It says how the block is tested:

    <!-- test: config -->            a part of a configuration; what it leaves out is added, then it is checked
    <!-- test: mapping -->           a part of a mapping file; its examples are executed
    <!-- test: mapping of NAME -->   a whole mapping file; with ``extends`` it extends the shipped one of that name
    <!-- test: file PATH -->         written to the folder of the page's story
    <!-- test: add to the class in PATH -->   methods, added to the end of that file
    <!-- test: json of COMMAND -->   the last line that the command prints, except for ids and times
    <!-- test: run -->               every "$ " line is executed in that folder; the lines below it must be printed

Blocks without a mark are parsed by their language: TOML is TOML, Python compiles, crmhub commands exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    *sorted(DOCS.rglob("*.md")),
    ROOT / "mappings" / "README.md",
    *sorted(ROOT.glob("plugins/*/README.md")),
]

_FENCE = re.compile(r"^(```+)(\w*)\s*$")
_MARK = re.compile(r"^<!-- test: (.+?) -->\s*$")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$")
_GENERATED = re.compile(r"<!-- generated: ([a-z ]+) -->\n(.*?)\n<!-- end of generated -->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.  line: 1-based, of its first line of content; mark: what the comment before it says."""

    page: Path
    line: int
    language: str
    text: str
    mark: str = ""

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    mark, fence, language, start, content = "", "", "", 0, list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if fence:
            if line.strip() == fence:
                yield Block(page, start, language, "\n".join(content) + "\n", mark)
                mark, fence = "", ""
            else:
                content.append(line)
            continue
        found = _FENCE.match(line)
        if found:
            fence, language, start, content = found.group(1), found.group(2), number + 1, []
        elif line.strip():
            marked = _MARK.match(line)
            mark = marked.group(1) if marked else ""


def all_blocks() -> list[Block]:
    """The blocks of all pages."""
    return [block for page in PAGES for block in blocks(page)]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```\s*$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    """The targets of a page's links."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    found = (_HEADING.match(line) for line in prose(page).splitlines())
    return {re.sub(r"[^\w\- ]", "", item.group(1).strip().lower()).replace(" ", "-") for item in found if item}


def generated(page: Path) -> dict[str, str]:
    """The generated parts of a page: name -> content."""
    return {name: text.strip("\n") for name, text in _GENERATED.findall(page.read_text(encoding="utf-8"))}


def replace_generated(page: Path, contents: dict[str, str]) -> None:
    """Write the generated parts of a page anew."""

    def fresh(found: re.Match[str]) -> str:
        text = contents[found.group(1)]
        return f"<!-- generated: {found.group(1)} -->\n\n{text}\n\n<!-- end of generated -->"

    text = page.read_text(encoding="utf-8")
    page.write_text(_GENERATED.sub(fresh, text), encoding="utf-8")
