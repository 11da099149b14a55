"""Numbers, times and sizes as people read them, by language."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def show_moment(at: float | None, zone: str, now: float, lang: str, *, long: bool = False) -> Markup:
    """A time: the clock today, with the date before; the exact one is in its ``datetime``."""
    if at is None:
        return Markup("–")
    there = datetime.fromtimestamp(at, ZoneInfo(zone))
    today = datetime.fromtimestamp(now, ZoneInfo(zone))
    clock = there.strftime("%H:%M:%S" if long else "%H:%M")
    if there.date() == today.date():
        text = clock
    elif lang.startswith("zh"):
        year = "" if there.year == today.year else f"{there.year}年"
        text = f"{year}{there.month}月{there.day}日 {clock}"
    else:
        year = "" if there.year == today.year else f" {there.year}"
        text = f"{there.day} {_MONTHS[there.month - 1]}{year}, {clock}"
    iso = there.isoformat(timespec="seconds")
    return Markup('<time datetime="{}">{}</time>').format(iso, text)


def show_count(number: float) -> str:
    """Thousands are separated."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"


def show_size(seconds: float | None, lang: str = "en") -> str:
    """How long: "0.4 s", "12 min", "3 h 20 min", "2 days"."""
    if seconds is None:
        return "–"
    zh = lang.startswith("zh")
    second, minute, hour, day, days = ("秒", "分钟", "小时", "天", "天") if zh else ("s", "min", "h", "day", "days")
    if seconds < 60:
        return f"{seconds:.1f} {second}" if seconds < 10 else f"{seconds:.0f} {second}"
    if seconds < 3600:
        return f"{seconds / 60:.0f} {minute}"
    if seconds < 48 * 3600:
        hours, minutes = divmod(int(seconds // 60), 60)
        return f"{hours} {hour} {minutes} {minute}" if minutes else f"{hours} {hour}"
    whole = int(seconds // 86400)
    return f"{whole} {day if whole == 1 else days}"


def bar_width(value: float, most: float) -> str:
    """The part of a bar that is filled, as a percentage."""
    return f"{100 * min(value, most) / most:.1f}%" if most else "0%"
