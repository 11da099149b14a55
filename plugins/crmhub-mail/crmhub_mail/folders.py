"""Which folders of a mailbox are read: by name, or by the special use that the server gives them (RFC 6154).  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.plugin import ConfigError

DEFAULT = ("INBOX", "\\Sent")
_SENT = (
    *("sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "gesendete elemente"),
    *(
        "envoyés",
        "éléments envoyés",
        "enviados",
        "posta inviata",
        "verzonden items",
        "已发送",
        "已发送邮件",
        "送信済み",
    ),
)
"""Names of the folder of sent mail where the server does not mark it."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the list: its name, the separator of its parents, and its flags (in lower case)."""

    name: str
    flags: frozenset[str] = frozenset()
    separator: str = "/"

    @property
    def last(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(self.separator)[2] if self.separator else self.name


def watched(there: Sequence[Folder], wanted: Sequence[str], where: str) -> list[str]:
    """The names of the wanted folders, or of the usual ones.  Raises ConfigError for a wanted one that does not exist."""
    found = []
    for word in wanted or DEFAULT:
        name = _named(there, word)
        if name is None and (wanted or word == "INBOX"):
            names = ", ".join(sorted(item.name for item in there))
            raise ConfigError(f"the mailbox has no folder {word!r}", where=where, hint=f"There are: {names or 'none'}")
        if name is not None:
            found.append(name)
    return list(dict.fromkeys(found))


def _named(there: Sequence[Folder], word: str) -> str | None:
    if not word.startswith("\\"):
        upper = word.upper()
        return next((item.name for item in there if item.name == word or item.name.upper() == "INBOX" == upper), None)
    marked = next((item.name for item in there if word.lower() in item.flags), None)
    if marked is None and word.lower() == "\\sent":
        return next((item.name for item in there if item.last.lower() in _SENT), None)
    return marked
