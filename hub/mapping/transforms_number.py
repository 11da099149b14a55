"""Pairs for numbers, money, yes and no, dates and points in time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from hub.canonical.dates import is_full, parse_date
from hub.mapping.pairs import Env, Refused, Transform

_EXCEL_EPOCH = date(1899, 12, 30)  # day 0 of spreadsheets, with their leap year of 1900 taken into account


def _decimal(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value).strip()) if not isinstance(value, bool) else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def plain(value: Decimal) -> str:
    """A number as text without an exponent or needless zeros."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def number(args: tuple[str, ...], env: Env) -> Transform:
    """A number, canonical as plain text; number(2) refuses more than two decimals instead of rounding."""
    digits = int(args[0]) if args else None

    def get(native: Any) -> Any:
        found = _decimal(native)
        return plain(found) if found is not None else Refused("not a number")

    def put(value: Any) -> Any:
        found = _decimal(value)
        if found is None:
            return Refused("not a number")
        if digits is not None and found != round(found, digits):
            return Refused(f"more than {digits} decimals")
        return plain(found)

    return Transform("number", get, put, exact="integer", examples=[("1.50", "1.5"), (7, "7")])


def money(args: tuple[str, ...], env: Env) -> Transform:
    """An amount: money(decimal) as text, money(minor) as cents.  The currency is a line of its own."""
    minor = bool(args) and args[0] == "minor"
    if args and args[0] not in ("minor", "decimal"):
        raise ValueError("money takes one of: decimal, minor")

    def get(native: Any) -> Any:
        found = _decimal(native)
        if found is None:
            return Refused("not an amount")
        return str((found / 100 if minor else found).quantize(Decimal("0.01")))

    def put(value: Any) -> Any:
        found = _decimal(value)
        if found is None or found != round(found, 2):
            return Refused("not an amount in cents")
        return int(found * 100) if minor else str(found.quantize(Decimal("0.01")))

    return Transform("money", get, put, exact="amount", examples=[(1250, "12.50")] if minor else [("12.5", "12.50")])


def boolean(args: tuple[str, ...], env: Env) -> Transform:
    """Yes or no: bool(yes spelling, no spelling); without arguments JSON true and false."""
    yes, no = (args[0], args[1]) if len(args) == 2 else (True, False)
    if len(args) not in (0, 2):
        raise ValueError("bool takes the spellings of yes and no")

    def get(native: Any) -> Any:
        if native in (yes, no):
            return bool(native == yes)
        spelled = str(native).strip().casefold()
        if spelled in (str(yes).casefold(), str(no).casefold()):
            return spelled == str(yes).casefold()
        return Refused(f"neither {yes} nor {no}")

    return Transform("bool", get, lambda value: yes if value else no, exact="bool", examples=[(yes, True), (no, False)])


def date_pair(args: tuple[str, ...], env: Env) -> Transform:
    """A date: full, partial (the year may be unknown), "MM/DD" (no year), epoch_ms, serial (spreadsheets)."""
    form = args[0] if args else "full"
    if form == "full":
        return Transform(
            "date(full)",
            _read_date,
            lambda value: value if is_full(value) else Refused("no year"),
            exact="full_date",
            examples=[("1980-04-12T00:00:00", "1980-04-12")],
        )
    if form == "partial":
        return Transform(
            "date(partial)",
            _read_date,
            lambda value: value,
            exact="date",
            examples=[("--0412", "--04-12"), ("19800412", "1980-04-12")],
        )
    if form == "MM/DD":
        return Transform(
            "date(MM/DD)",
            lambda native: _read_date("--" + str(native).replace("/", "-")),
            lambda value: value[-5:].replace("-", "/") if not is_full(value) else Refused("has a year"),
            exact="yearless_date",
            examples=[("04/12", "--04-12")],
        )
    if form == "epoch_ms":
        zone = ZoneInfo(args[1]) if len(args) > 1 else UTC
        return Transform(
            "date(epoch_ms)",
            lambda native: _from_epoch(native, zone),
            lambda value: _to_epoch(value, zone),
            exact="full_date",
        )
    if form == "serial":
        return Transform("date(serial)", _from_serial, _to_serial, exact="full_date", examples=[(1, "1899-12-31")])
    raise ValueError("date takes one of: full, partial, MM/DD, epoch_ms, serial")


def _read_date(native: Any) -> Any:
    return parse_date(str(native)) or Refused("not a date")


def _from_epoch(native: Any, zone: Any) -> Any:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(native))
        return moment.astimezone(zone).date().isoformat()
    except (TypeError, ValueError, OverflowError):
        return Refused("not a number of milliseconds")


def _to_epoch(value: str, zone: Any) -> Any:
    if not is_full(value):
        return Refused("no year")
    day = date.fromisoformat(value)
    return int(
        (datetime(day.year, day.month, day.day, tzinfo=zone) - datetime(1970, 1, 1, tzinfo=UTC))
        / timedelta(milliseconds=1)
    )


def _from_serial(native: Any) -> Any:
    try:
        return (_EXCEL_EPOCH + timedelta(days=int(float(native)))).isoformat()
    except (TypeError, ValueError, OverflowError):
        return parse_date(str(native)) or Refused("not a day number")


def _to_serial(value: str) -> Any:
    return (date.fromisoformat(value) - _EXCEL_EPOCH).days if is_full(value) else Refused("no year")


def time_pair(args: tuple[str, ...], env: Env) -> Transform:
    """A point in time, canonical as ISO text in UTC: iso (with offset), epoch_s, epoch_ms, or naive in a zone."""
    form = args[0] if args else "iso"
    if form not in ("iso", "epoch_s", "epoch_ms", "naive"):
        raise ValueError("time takes one of: iso, epoch_s, epoch_ms, naive")
    zone = ZoneInfo(args[1]) if len(args) > 1 else UTC
    scale = 1000 if form == "epoch_ms" else 1

    def get(native: Any) -> Any:
        try:
            if form.startswith("epoch"):
                moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(native) * 1000 // scale)
            else:
                moment = datetime.fromisoformat(str(native).strip())
        except (TypeError, ValueError, OverflowError):
            return Refused("not a point in time")
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return aware.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def put(value: Any) -> Any:
        moment = datetime.fromisoformat(str(value))
        if form.startswith("epoch"):
            return int(moment.timestamp()) * scale
        if form == "naive":
            return moment.astimezone(zone).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
        return str(value)

    return Transform(f"time({form})", get, put, exact="moment")
