"""Tags by name: contacts name their tags by id only, and writes take ids only."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hub import plugin

if TYPE_CHECKING:
    from crmhub_bottlecrm.connector import BottleConnector


_FRESH = timedelta(seconds=60)
"""How long writes trust what was read: the list of tags is slow, and hardly ever changes."""


class Tags:
    """The tags of an organisation, read when one is met that is not known yet.

    Contacts and accounts are written in two threads: what is known is replaced as a whole, and only one thread at a time
    reads or makes tags.
    """

    def __init__(self, connector: BottleConnector) -> None:
        self._connector = connector
        self._lock = threading.Lock()
        self._rows: Mapping[str, Mapping[str, Any]] = {}
        self._read_at: datetime | None = None

    def forget(self) -> None:
        """Read them anew when the next one is met."""
        with self._lock:
            self._rows, self._read_at = {}, None

    def names(self, ids: Sequence[str]) -> Mapping[str, str]:
        """id -> name, also of archived tags.  Raises Unavailable for one that BottleCRM itself does not list."""
        with self._lock:
            if any(id_ not in self._rows for id_ in ids):
                self._read()
            rows = self._rows
        for id_ in ids:
            if id_ not in rows:
                raise plugin.Unavailable(f"the tag {id_} is not in the list of tags", where=self._where)
        return {id_: str(rows[id_]["name"]) for id_ in ids}

    def ids(self, names: Iterable[str]) -> list[str]:
        """Ids of tags by name; one that is missing is made.

        Raises Rejected for a name that BottleCRM cannot hold, or takes for another tag, or that is archived.
        """
        wanted = list(dict.fromkeys(names))
        with self._lock:
            if not self._is_fresh() or any(self._row(name) is None for name in wanted):
                self._read()
            return [self._id(name) for name in wanted]

    def _is_fresh(self) -> bool:
        return self._read_at is not None and self._connector.context.clock() - self._read_at < _FRESH

    def _row(self, name: str) -> Mapping[str, Any] | None:
        return next((row for row in self._rows.values() if row.get("slug") == slug(name)), None)

    @property
    def _where(self) -> str:
        return self._connector.context.connection

    def _read(self) -> None:
        answer = self._connector.ask("GET", "/tags/", what="reading the tags", include_archived="true")
        rows = answer.get("tags") if isinstance(answer, Mapping) else None
        if not isinstance(rows, list):
            raise plugin.Unavailable(
                "the answer to reading the tags has no list of tags", where=self._where, remote_text=str(answer)[:120]
            )
        self._rows = {str(row["id"]): row for row in rows}
        self._read_at = self._connector.context.clock()

    def _id(self, name: str) -> str:
        same = self._row(name)
        if same is None:
            return self._make(name)
        if str(same["name"]).casefold() != name.strip().casefold():
            text = f"BottleCRM cannot tell the tag {name!r} from {same['name']!r}, which is there already"
            raise plugin.Rejected(text, field="tags", where=self._where, hint="Rename one of the two")
        if not same.get("is_active", True):
            # A write of tags takes archived ones away from the record, whoever put them there.
            text = f"the tag {same['name']!r} is archived, and BottleCRM would drop it from the record"
            raise plugin.Rejected(text, field="tags", where=self._where, hint="Restore it in BottleCRM, or take it off")
        return str(same["id"])

    def _make(self, name: str) -> str:
        try:
            answer = self._connector.ask("POST", "/tags/", what=f"making the tag {name!r}", body={"name": name})
        except plugin.OutcomeUnknown as error:
            # No record was touched yet, and a tag that was made is found by the next try.
            raise plugin.Unavailable(error.message, where=error.where) from error
        except plugin.Rejected as error:
            error.field = "tags"
            raise
        row = answer.get("tag") if isinstance(answer, Mapping) else None
        if not isinstance(row, Mapping):
            raise plugin.Unavailable(f"the answer to making the tag {name!r} has no tag", where=self._where)
        self._rows = {**self._rows, str(row["id"]): row}
        return str(row["id"])


def slug(name: str) -> str:
    """What BottleCRM tells tags apart by (``Tags.slug_for`` of django-crm 1.35.0): "hub:vip" and "HubVIP" are one tag."""
    kept, after_letter = [], False
    for character in unicodedata.normalize("NFKC", name.strip()).lower():
        if unicodedata.category(character).startswith("M"):
            if after_letter:
                kept.append(character)
            continue
        after_letter = character.isalnum()
        if after_letter or character in "_-" or character.isspace():
            kept.append(character)
    return re.sub(r"[-\s]+", "-", "".join(kept)).strip("-_")
