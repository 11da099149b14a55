"""What can be wrong in a mapping file, said with file, line and the nearest right spelling."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.contract.errors import HubError


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem of a mapping file.  ``line`` is 1-based; 0 if the problem belongs to no line."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class MappingError(HubError):
    """A mapping file cannot be used.  ``issues`` holds all problems that one pass found, in the order of the file."""

    code = "mapping"

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = tuple(sorted(issues, key=lambda issue: (issue.file, issue.line)))
        count = len(self.issues)
        text = "\n".join(str(issue) for issue in self.issues)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in mapping:\n{text}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ "; did you mean 'x'?" with the nearest known word, or nothing."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
