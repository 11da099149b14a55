"""Reading contacts and accounts: whole lists, since BottleCRM cannot say what has changed; single records; searches."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crmhub_bottlecrm.api import KEY
from crmhub_bottlecrm.census import Census
from crmhub_bottlecrm.shapes import SHAPES
from crmhub_bottlecrm.walk import Lane, Place, Window, walk
from hub import plugin

if TYPE_CHECKING:
    from crmhub_bottlecrm.connector import BottleConnector

_VERSION = 1
_TRIES = 3
_LISTED = 1000


class Reading:
    """Reads one resource of a connector."""

    def __init__(self, connector: BottleConnector, resource: str) -> None:
        self._connector, self._resource = connector, resource
        self._spec = connector.resource_spec(resource)
        self._shape = SHAPES[resource]
        self._where = connector.context.connection
        self._size = connector.config.page

    def changes(self, cursor: plugin.Json) -> Iterator[plugin.Page]:
        """Every record.  The last page asks for a listing where one that was there in the last pass is not there now."""
        place, before = self._from_cursor(cursor)
        begun_here = place.offset == 0
        for again in reversed(range(_TRIES)):
            created: dict[str, str] = {}
            seen: list[int] = []
            for window, following in self._windows(self._spec.list, {}, place):
                created.update((str(row["id"]), _instant(row)) for lane in window for row in lane.rows)
                epoch = next((_organisation(row) for lane in window for row in lane.rows), None)
                seen.append(sum(lane.count for lane in window))
                records = [self._record(row) for lane in window for row in lane.rows]
                if following is not None:
                    yield plugin.Page(records, self._to_cursor(following, before), epoch=epoch)
                    continue
                if begun_here and not self._settled(created, seen) and again:
                    yield plugin.Page(records, self._to_cursor(Place(), before), epoch=epoch)
                    place = Place()
                    break
                if begun_here and not self._settled(created, seen) and len(set(seen)) == 1:
                    raise self._unsteady()
                lost = before is not None and (not begun_here or before.lost_one(created))
                census = Census.of(created) if begun_here else None
                yield plugin.Page(records, self._to_cursor(Place(), census), complete=True, relist=lost, epoch=epoch)
                return

    def _settled(self, met: Collection[str], counts: Sequence[int]) -> bool:
        """Whether a pass has met as many records as there are.

        In a single list a different number only means that people worked meanwhile: the walk has left out nobody who
        was there all the time.  A record that moves from one list to another can hide, so those are read again.
        """
        if len(met) == counts[-1]:
            return True
        return len(self._shape.lists) == 1 and len(set(counts)) > 1

    def _unsteady(self) -> plugin.Unavailable:
        return plugin.Unavailable(
            f"the list of {self._resource} shows another number of records than it counts",
            where=self._where,
            hint="The next run reads it again",
        )

    def listing(self) -> Iterator[plugin.Page]:
        """Ids and versions of all records; nobody who was there all the time is left out.

        It proves that a record is gone only for a user from whom nothing is hidden: for others it stays incomplete.
        """
        proves = self._connector.sees_all()
        found = [
            plugin.Record(item.id, None, item.version, item.modified_at, item.created_at)
            for item in self._all(self._spec.list, {})
        ]
        for start in range(0, max(len(found), 1), _LISTED):
            yield plugin.Page(found[start : start + _LISTED], None, complete=proves and start + _LISTED >= len(found))

    def fetch(self, ids: Sequence[str]) -> Iterator[plugin.Record]:
        """Records by id, one call for each; only the API's own word that one is missing counts as its absence.

        BottleCRM says the same of records that it hides from a user: where it may hide some, the record has an error.
        """
        route = self._spec.get
        assert route is not None
        for id_ in dict.fromkeys(ids):
            if not _is_uuid(id_):
                continue
            try:
                answer = self._connector.call(
                    route, {"id": id_}, doing="get", what=f"reading a record of {self._resource}"
                )
            except plugin.NotFound as error:
                if not self._connector.sees_all():
                    yield plugin.Record(id_, None, error=self._hidden(id_, error))
                continue
            row = answer.data.get(route.records) if isinstance(answer.data, Mapping) else None
            if not isinstance(row, Mapping) or row.get("id") != id_:
                raise plugin.Unavailable(
                    f"the answer to reading {id_} has no {route.records}",
                    where=self._where,
                    remote_text=str(answer.data)[:120],
                )
            yield self._record(row)

    def find(self, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        """Records by the hub's key (reads all: a search by custom field fails on some databases), e-mail or name."""
        wanted = {value.strip().casefold() for value in values}
        if key in ("op_key", "own_key"):
            for record in self._all(self._spec.list, {}):
                if str((record.data or {})["custom_fields"].get(KEY, "")).casefold() in wanted:
                    yield record
            return
        route = self._spec.find.get(key)
        if route is None:
            raise NotImplementedError(f"{self._connector.name} cannot search {self._resource} by {key}")
        for value in sorted(wanted):
            for record in self._all(route, {"value": value}):
                if str((record.data or {}).get(key) or "").strip().casefold() == value:
                    yield record

    # pieces

    def _hidden(self, id_: str, error: plugin.NotFound) -> plugin.Rejected:
        return plugin.Rejected(
            f"BottleCRM does not show {id_}: it was deleted, or belongs to somebody else",
            where=self._where,
            hint="Use the token of an admin, who sees all records",
            remote_text=error.remote_text,
        )

    def _all(self, route: Any, values: Mapping[str, Any]) -> list[plugin.Record]:
        """Every record of a list, once; read again where the count says that some are missing."""
        for _ in range(_TRIES):
            found: dict[str, plugin.Record] = {}
            counts: list[int] = []
            for window, _following in self._windows(route, values, Place()):
                counts.append(sum(lane.count for lane in window))
                found.update((str(row["id"]), self._record(row)) for lane in window for row in lane.rows)
            if self._settled(found, counts):
                return list(found.values())
        raise self._unsteady()

    def _windows(self, route: Any, values: Mapping[str, Any], place: Place) -> Iterator[tuple[Window, Place | None]]:
        self._connector.tags.forget()  # they may have been renamed since the last pass

        def read(offset: int) -> Window:
            what = f"reading {self._resource}"
            given = {**values, "page": offset, "size": self._size}
            return self._window(self._connector.call(route, given, doing="read", what=what).data)

        yield from walk(read, place, self._size)

    def _window(self, data: Any) -> Window:
        """The lists of a page.  An answer without them is no empty page: it might prove that everything is gone."""
        lanes = []
        for rows, count in self._shape.lists:
            found, number = _at(data, rows), _at(data, count)
            whole = isinstance(found, list) and all(isinstance(row, Mapping) and row.get("id") for row in found)
            if not whole or not isinstance(number, int):
                raise plugin.Unavailable(
                    f"the answer to reading {self._resource} has no list {rows}",
                    where=self._where,
                    remote_text=str(data)[:120],
                )
            lanes.append(Lane(found, number))
        return lanes

    def _record(self, row: Mapping[str, Any]) -> plugin.Record:
        return self._connector.record(self._resource, row)

    def _to_cursor(self, place: Place, census: Census | None) -> plugin.Json:
        return {"v": _VERSION, "place": place.to_json(), "census": census and census.to_json()}

    def _from_cursor(self, cursor: plugin.Json) -> tuple[Place, Census | None]:
        if cursor is None:
            return Place(), None
        try:
            if cursor["v"] != _VERSION:
                raise plugin.CursorExpired("the cursor was made by another version")
            census = cursor["census"]
            return Place.from_json(cursor["place"]), None if census is None else Census.from_json(census)
        except (KeyError, TypeError, ValueError):
            raise plugin.CursorExpired("the cursor cannot be read") from None


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _instant(row: Mapping[str, Any]) -> str:
    """When a row was made, in a spelling that sorts: BottleCRM shows times in the zone of the organisation."""
    try:
        return datetime.fromisoformat(str(row.get("created_at"))).astimezone(UTC).isoformat(timespec="microseconds")
    except ValueError:
        return ""


def _organisation(row: Mapping[str, Any]) -> str | None:
    """Whose row it is: with a token of another organisation, nothing that was there before is there."""
    found = _at(row, "org.id")
    return str(found) if found else None
