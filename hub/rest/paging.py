"""Which pages come next.  Pure: from one answer to the place of the next page, or None at the end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from hub.contract.errors import ContractViolation
from hub.rest.paths import at
from hub.rest.spec import Paging

_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s;,\"]+))?)*)")
_RELATION = re.compile(r";\s*rel\s*=\s*\"?([^\";,]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is: ``page`` fills the variable of the request, ``url`` replaces the whole address."""

    page: int | str | None = None
    url: str | None = None

    def to_json(self) -> list[Any]:
        """As kept in a cursor."""
        return [self.page, self.url]

    @classmethod
    def from_json(cls, raw: Any) -> Place:
        """From a cursor."""
        return cls(*raw)


def first(paging: Paging) -> Place:
    """The place of the first page."""
    if paging.kind == "number":
        return Place(1 if paging.first is None else paging.first)
    if paging.kind == "offset":
        return Place(0 if paging.first is None else paging.first)
    return Place(paging.first)


def following(
    paging: Paging, place: Place, data: Any, headers: Mapping[str, str], ids: list[str], *, where: str = ""
) -> Place | None:
    """The place after ``place``, whose answer had this body, these headers and records with these ids.

    Raises ContractViolation if the next place is the same again: such a pass would never end.
    """
    if paging.kind == "none" or (paging.more and not at(data, paging.more)):
        return None
    found = _next(paging, place, data, headers, ids)
    if found == place:
        raise ContractViolation(
            f"the next page would be the same page again ({place.page or place.url})",
            rule="cursor-advances",
            where=where,
            hint="Check `paging` in the description of this API",
        )
    return found


def several(paging: Paging, place: Place, data: Any, headers: Mapping[str, str], most: int) -> list[Place]:
    """``place`` and those after it that may be asked for at the same time, at most so many: none beyond the last page that
    the answer before ``place`` tells of."""
    total = _total(paging, data, headers)
    if total is None:
        return [place]
    start, step = int(place.page or 0), 1 if paging.kind == "number" else paging.size
    begin = int(first(paging).page or 0)
    pages = ceil(total / paging.size)
    return [Place(number) for number in range(start, begin + pages * step, step)][:most] or [place]


def _total(paging: Paging, data: Any, headers: Mapping[str, str]) -> int | None:
    kind, _, name = paging.total.partition(" ")
    found = headers.get(name) if kind == "header" and name else at(data, paging.total) if paging.total else None
    try:
        return None if found is None else int(found)
    except (TypeError, ValueError):
        return None  # an odd total costs time only: pages are asked for one after the other


def _next(paging: Paging, place: Place, data: Any, headers: Mapping[str, str], ids: list[str]) -> Place | None:
    if paging.kind == "token":
        token = at(data, paging.next)
        return Place(token) if token not in (None, "") else None
    if paging.kind == "link":
        url = at(data, paging.next) if paging.next else _link(headers)
        return Place(url=str(url)) if url else None
    if not ids or (not paging.more and len(ids) < paging.size):
        return None
    if paging.kind == "keyset":
        return Place(ids[-1])
    step = 1 if paging.kind == "number" else len(ids)
    return Place(int(place.page or 0) + step)


def _link(headers: Mapping[str, str]) -> str | None:
    """The target of rel="next" in a Link header (RFC 8288)."""
    for url, parameters in _LINK.findall(headers.get("Link", "")):
        for relation in _RELATION.findall(parameters):
            if "next" in relation.lower().split():
                return str(url)
    return None
