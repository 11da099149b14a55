"""Where a poll is, and up to when the records are known.  Pure; its JSON is the cursor that the hub keeps.

The watermark never moves within a pass, and at its end not beyond the time at which the pass began: a record that
changes on a page that was read already is seen by the next poll, whatever the order of the pages is.  It follows the
newest stamp and, from some distance, the API's own clock: else the records that a bulk load wrote last would be read
again by every poll.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from hub.contract.connector import CursorExpired
from hub.rest.paging import Place
from hub.rest.spec import Since

_VERSION = 2
_CLOCKS = timedelta(minutes=10)
"""By how much the clock that an API tells may be ahead of the one that stamps its records."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Progress:
    """since, gone: watermarks of changes and deletions;  phase: what is being read, None between two passes.

    place: the next page;  newest: the latest stamp of this phase;  begun: when this pass began, by the remote's clock or, if
    it tells none, by ours;  told: the same, only if the remote told it.
    """

    since: datetime | None = None
    gone: datetime | None = None
    phase: str | None = None
    place: Place = field(default_factory=Place)
    newest: datetime | None = None
    begun: datetime | None = None
    told: datetime | None = None

    def start(self, phase: str, place: Place) -> Progress:
        """Begin to read a phase."""
        return replace(self, phase=phase, place=place, newest=None)

    def read(
        self, stamps: Iterable[datetime | None], place: Place | None, told: datetime | None, now: datetime
    ) -> Progress:
        """A page was read; ``place`` is where the next one is.  told: the remote's clock in the answer; now: ours."""
        newest = max((item for item in (*stamps, self.newest) if item is not None), default=None)
        begins = self.begun is None
        return replace(
            self,
            newest=newest,
            place=place or Place(),
            begun=(told or now) if begins else self.begun,
            told=told if begins else self.told,
        )

    def end_records(self) -> Progress:
        """All changed records were read."""
        return replace(self, since=self._watermark(self.since), phase=None, place=Place(), newest=None)

    def end_gone(self) -> Progress:
        """All deletions were read."""
        return replace(self, gone=self._watermark(self.gone), phase=None, place=Place(), newest=None)

    def _watermark(self, before: datetime | None) -> datetime | None:
        if self.newest is None or self.begun is None:
            return before or self.begun
        settled = None if self.told is None else self.told - _CLOCKS
        return max(filter(None, (before, min(self.newest, self.begun), settled)))

    def at_rest(self) -> Progress:
        """The pass is over."""
        return replace(self, begun=None, told=None, gone=self.gone or self.since)

    def to_json(self) -> Any:
        """As a cursor."""
        moments = (self.since, self.gone, self.newest, self.begun, self.told)
        times = [None if item is None else item.isoformat() for item in moments]
        return {"v": _VERSION, "times": times, "phase": self.phase, "place": self.place.to_json()}

    @classmethod
    def from_json(cls, cursor: Any) -> Progress:
        """From a cursor (None: the very first pass).  Raises CursorExpired for one that this version cannot read."""
        if cursor is None:
            return cls()
        try:
            if cursor["v"] != _VERSION:
                raise CursorExpired("the cursor was made by another version")
            since, gone, newest, begun, told = (
                None if item is None else datetime.fromisoformat(item) for item in cursor["times"]
            )
            return cls(since, gone, cursor["phase"], Place.from_json(cursor["place"]), newest, begun, told)
        except (KeyError, TypeError, ValueError):
            raise CursorExpired("the cursor cannot be read") from None


def asked(since: Since, watermark: datetime | None) -> str | None:
    """The watermark as the API wants it: looked back by the overlap, on the grain of its stamps."""
    if watermark is None:
        return None
    grain = max(1, round(since.resolution * 1_000_000))
    micros = (watermark - timedelta(seconds=since.overlap) - _EPOCH) // timedelta(microseconds=1) // grain * grain
    if since.format == "epoch_s":
        return str(micros // 1_000_000)
    if since.format == "epoch_ms":
        return str(micros // 1_000)
    when = _EPOCH + timedelta(microseconds=micros)
    if since.format == "http_date":
        return format_datetime(when, usegmt=True)
    return when.isoformat(timespec="seconds" if since.resolution >= 1 else "milliseconds")
