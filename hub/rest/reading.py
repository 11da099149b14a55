"""Reading a described API: pages of changes and deletions with resumable cursors, records by id, searches."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hub.canonical.moments import moment
from hub.contract.connector import CursorExpired
from hub.contract.errors import NotFound, Unavailable
from hub.contract.records import Json, Page, Record
from hub.rest.classify import Answer, Doing
from hub.rest.paging import Place, first, following, several
from hub.rest.paths import at, rows_at, text_at
from hub.rest.progress import Progress, asked
from hub.rest.spec import Read
from hub.rest.template import fill

if TYPE_CHECKING:
    from hub.rest.connector import RestConnector

Rows = list[Mapping[str, Any]]


_SLOW: Final = 0.02
"""Seconds of waiting for a page (not computing) from which several are asked for at a time."""
_NO_CONTENT: Final = (204, 304)
"""Nothing there, nothing changed: the only answers that may come without a list."""


class Reader:
    """Reads one resource of a connector."""

    def __init__(self, connector: RestConnector[Any], resource: str) -> None:
        self._connector = connector
        self._resource = resource
        self._spec = connector.resource_spec(resource)

    def changes(self, cursor: Json) -> Iterator[Page]:
        """Changed records, then deleted ones; goes on in the middle of a pass.  Raises CursorExpired."""
        progress = Progress.from_json(cursor)
        if progress.phase != "gone":
            yield from (pages := _Pages(self._changed(progress)))
            progress = pages.progress
        if progress.phase == "gone":
            yield from self._deleted(progress)

    def _changed(self, progress: Progress) -> Iterator[tuple[Page, Progress]]:
        """Pages of changed records with the progress after each; the last has phase None."""
        spec = self._spec
        route = spec.list if progress.since is None else (spec.changes or spec.list)
        since = asked(spec.since, progress.since) if spec.since else None
        if progress.phase is None:
            progress = progress.start("records", first(route.paging))
        feed = spec.gone if progress.gone is not None else None  # nothing was known before the very first pass
        for answer, rows, place in self._pages(route, progress.place, {"since": since}):
            records = [self._record(row) for row in rows]
            stamps = [item.modified_at for item in records]
            progress = progress.read(stamps, place, answer.when, self._connector.context.clock())
            if place is None:
                progress = progress.end_records()
                progress = progress.at_rest() if feed is None else progress.start("gone", first(feed.paging))
                if spec.since is None:
                    yield Page(records, None, complete=True), progress
                    return
            yield Page(records, progress.to_json(), complete=place is None and feed is None), progress

    def _deleted(self, progress: Progress) -> Iterator[Page]:
        route = self._spec.gone
        assert route is not None
        since = asked(self._spec.since, progress.gone) if self._spec.since else None
        for answer, rows, place in self._pages(route, progress.place, {"since": since}):
            stamps = [moment(at(row, route.time)) if route.time else None for row in rows]
            progress = progress.read(stamps, place, answer.when, self._connector.context.clock())
            if place is None:
                progress = progress.end_gone().at_rest()
            ids = [text_at(row, route.id) for row in rows]
            records = [Record(id_, None, deleted=True) for id_ in ids if id_]
            yield Page(records, progress.to_json(), complete=place is None)

    def listing(self) -> Iterator[Page]:
        """All records, in one pass."""
        route = self._spec.listing or self._spec.list
        try:
            for _answer, rows, place in self._pages(route, first(route.paging), {}):
                records = [self._record(row) for row in rows]
                if self._spec.listing is not None:
                    records = [_bare(item) for item in records]
                yield Page(records, None, complete=place is None)
        except CursorExpired as error:
            raise Unavailable(f"the listing was cut off: {error}", where=self._connector.context.connection) from None

    def fetch(self, ids: Sequence[str]) -> Iterator[Record]:
        """Records by id; those that do not exist (or are deleted) are absent."""
        route = self._spec.get
        if route is None:
            wanted = set(ids)
            for page in self.listing():
                yield from (item for item in page.records if item.id in wanted and not item.deleted)
            return
        batches = list(_chunks(ids, route.batch))
        if len(batches) > 1:
            _ = self._connector.auth  # made once, before the threads ask for it
        jobs = [partial(self._together, route, batch) for batch in batches]
        for records in self._connector.context.http.abreast.run(jobs):
            yield from records

    def _together(self, route: Read, ids: Sequence[str]) -> list[Record]:
        """Records of one call."""
        items = [fill(route.item, {"id": item}) for item in ids]
        values = {"id": ids[0], "ids": ",".join(ids), "items": items}
        asked_for, found = set(ids), []
        for row in self._single(route, values, "reading records"):
            record = self._record(row)
            if not record.deleted and (record.id in asked_for or len(ids) == 1):
                found.append(record if record.id in asked_for else _moved(record, ids[0]))
        return found

    def find(self, key: str, values: Sequence[str]) -> Iterator[Record]:
        """Records by a key of the description."""
        route = self._spec.find.get(key)
        if route is None:
            raise NotImplementedError(f"{self._connector.name} cannot search {self._resource} by {key}")
        seen: set[str] = set()
        for batch in _chunks(values, route.batch):
            items = [fill(route.item, {"value": item}) for item in batch]
            filled = {"value": batch[0], "values": ",".join(batch), "quoted": _quoted(batch), "items": items}
            found = self._every(route, filled)
            if not route.whole:
                ids = [text_at(row, self._spec.id) for row in found]
                records = list(self.fetch([item for item in ids if item])) if ids else []
            else:
                records = [self._record(row) for row in found]
            for record in records:
                if record.id not in seen and not record.deleted and _holds(record, route.exact, batch):
                    seen.add(record.id)
                    yield record

    def _every(self, route: Read, values: Mapping[str, Any]) -> Rows:
        return [row for _, rows, _ in self._pages(route, first(route.paging), values, "get") for row in rows]

    def _single(self, route: Read, values: Mapping[str, Any], what: str) -> Rows:
        try:
            answer = self._connector.call(route, self._values(route, values), doing="get", what=what)
        except NotFound:
            return []
        return self._rows(answer, route)

    def _pages(
        self, route: Read, place: Place, values: Mapping[str, Any], doing: Doing = "read"
    ) -> Iterator[tuple[Answer, Rows, Place | None]]:
        """Pages from a place on, each with the place of the next; None after the last."""
        where, abreast = self._connector.context.connection, self._connector.context.http.abreast
        filled = self._values(route, values)
        places, slow = [place], False
        while places:
            began, worked = time.perf_counter(), time.thread_time()
            jobs = [partial(self._page, route, filled, item, doing) for item in places]
            with closing(abreast.run(jobs)) as answers:
                for asked_for, answer in zip(tuple(places), answers, strict=True):
                    if len(places) == 1:
                        slow = (time.perf_counter() - began) - (time.thread_time() - worked) >= _SLOW
                    if answer is None:
                        yield Answer(404), [], None
                        return
                    rows = self._rows(answer, route)
                    ids = [text_at(row, self._spec.id) for row in rows]
                    next_place = following(route.paging, asked_for, answer.data, answer.headers, ids, where=where)
                    yield answer, rows, next_place
                    if next_place is None:
                        return
                    if next_place not in places:  # the last of these, or this page was shorter than it should be
                        most = abreast.width if slow else 1
                        places = several(route.paging, next_place, answer.data, answer.headers, most)
                        break

    def _page(self, route: Read, values: Mapping[str, Any], place: Place, doing: Doing) -> Answer | None:
        """A page; None if there is no such thing."""
        filled, what = {**values, "page": place.page}, f"reading {self._resource}"
        try:
            return self._connector.call(route, filled, doing=doing, what=what, url=place.url)
        except NotFound:
            return None

    def _rows(self, answer: Answer, route: Read) -> Rows:
        """The records of an answer.

        One without the list that was promised (a login page, half an answer) says nothing: taken for an empty one, it
        would prove that everything is gone.
        """
        found = rows_at(answer.data, route.records) if answer.data is not None else []
        rows = [row for row in found if isinstance(row, Mapping)]
        nothing = answer.data is None and answer.status in _NO_CONTENT
        if len(rows) != len(found) or (not nothing and at(answer.data, route.records) is None):
            raise Unavailable(
                f"the answer to reading {self._resource} has no list {route.records!r}",
                where=self._connector.context.connection,
                remote_text=str(answer.data)[:120],
            )
        return rows

    def _values(self, route: Read, values: Mapping[str, Any]) -> dict[str, Any]:
        extra = getattr(self._connector.config, "fields", ())
        fields = dict.fromkeys((*self._spec.fields, *extra))
        names = {"fields": ",".join(fields) or None, "field_list": list(fields) or None}
        return {"size": route.paging.size, **names, **values}

    def _record(self, row: Mapping[str, Any]) -> Record:
        record = self._connector.record(self._resource, row)
        if record.id:
            return record
        raise Unavailable(
            f"a record of {self._resource} has no {self._spec.id!r}",
            where=self._connector.context.connection,
            remote_text=str(row)[:120],
        )


class _Pages(Iterator[Page]):
    """Pages without their progress, which is kept beside them."""

    def __init__(self, source: Iterator[tuple[Page, Progress]]) -> None:
        self._source = source
        self.progress = Progress()

    def __next__(self) -> Page:
        page, self.progress = next(self._source)
        return page


def _bare(record: Record) -> Record:
    return Record(record.id, None, record.version, record.modified_at, record.created_at, record.deleted)


def _moved(record: Record, asked_for: str) -> Record:
    """Another id came back than was asked for: that record was merged into this one."""
    return Record(asked_for, None, merged_into=record.id)


def _holds(record: Record, paths: Sequence[str], values: Sequence[str]) -> bool:
    if not paths:
        return True
    wanted = {value.strip().casefold() for value in values}
    return any(text_at(record.data, path).strip().casefold() in wanted for path in paths)


def _chunks(values: Sequence[str], size: int) -> Iterator[list[str]]:
    """Different values, at most ``size`` at a time."""
    unique = list(dict.fromkeys(values))
    for start in range(0, len(unique), size):
        yield unique[start : start + size]


def _quoted(values: Sequence[str]) -> str:
    """Texts of a query language such as COQL and SOQL: 'a','O\\'Neil'."""
    escaped = (value.replace("\\", "\\\\").replace("'", "\\'") for value in values)
    return ",".join(f"'{value}'" for value in escaped)
