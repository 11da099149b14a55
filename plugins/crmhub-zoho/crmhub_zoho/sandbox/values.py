"""Which values the fields take, and as what they are kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from crmhub_zoho.sandbox.fields import Field
from crmhub_zoho.sandbox.shapes import Item, invalid, parse_time, stored

# The documentation describes these patterns in words (Insert Records); marks of other scripts count as letters.
_EMAIL = re.compile(r"^[\w+\-][\w\-!#$%&'*+/=?^`{|}~.]*@(?=.{4,256}$)[^\W_]+(?:[\-_.][^\W_]+)*\.[^\W\d_]{2,22}$")
_PHONE = re.compile(r"^\+?\(?[^\W_]+\)?(?:[ .\-]?\(?[^\W_]+\)?)*(?:[,;#]+[^\W_]+)*$")
_TEXTS = frozenset({"text", "textarea", "email", "phone", "website", "picklist"})


class Unfit(Exception):
    """Carries the result of a record whose value does not fit."""

    def __init__(self, item: Item) -> None:
        super().__init__(item["code"])
        self.item = item


def fit(field: Field, value: Any, path: str, trims: bool, exists: Callable[[str, str], bool]) -> Any:
    """The value as it is kept.  ``exists(module, id)`` answers for lookups.  Raises Unfit."""
    if value is None or value == "":
        return None
    where = f"{path}.{field.name}"
    if field.type in _TEXTS:
        return _text(field, value, where, trims)
    wrong = Unfit(invalid(field.name, where, expected_data_type=field.type))
    if field.type in ("lookup", "ownerlookup"):
        return _lookup(field, value, where, exists)
    if field.type == "boolean":
        if not isinstance(value, bool):
            raise wrong
        return value
    if field.type == "integer":
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 999_999_999:
            raise wrong
        return value
    if field.type == "currency":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise wrong
        return value
    if field.type == "date":
        return _date(value, wrong)
    if field.type == "datetime":
        time = parse_time(value)
        if time is None:
            raise wrong
        return stored(time)
    if field.type == "tag":
        return _tags(value, wrong)
    raise AssertionError(f"no rule for the type {field.type}")


def _text(field: Field, value: Any, where: str, trims: bool) -> str | None:
    if not isinstance(value, str):
        raise Unfit(invalid(field.name, where, expected_data_type=field.type))
    text = value.strip() if trims else value
    if text in ("", "-None-" if field.type == "picklist" else ""):
        return None
    if len(text) > field.limit():
        raise Unfit(invalid(field.name, where, maximum_length=field.limit()))
    if (field.type == "email" and not _EMAIL.match(text)) or (field.type == "phone" and not _PHONE.match(text)):
        raise Unfit(invalid(field.name, where, expected_data_type=field.type))
    return text


def _lookup(field: Field, value: Any, where: str, exists: Callable[[str, str], bool]) -> str:
    # A lookup given by name only may match or create in the real system (unverified); here it is refused.
    if not isinstance(value, dict) or "id" not in value:
        raise Unfit(invalid(field.name, where, expected_data_type="jsonobject"))
    found = str(value["id"])
    if not exists("users" if field.type == "ownerlookup" else field.module, found):
        raise Unfit(invalid(field.name, f"{where}.id"))
    return found


def _date(value: Any, wrong: Unfit) -> str:
    try:
        return date.fromisoformat(value).isoformat() if len(value) == 10 else _raise(wrong)
    except (TypeError, ValueError):
        raise wrong from None


def _raise(error: Exception) -> str:
    raise error


def _tags(value: Any, wrong: Unfit) -> list[str] | None:
    if not isinstance(value, list) or not all(
        isinstance(tag, dict) and isinstance(tag.get("name"), str) for tag in value
    ):
        raise wrong
    return list(dict.fromkeys(tag["name"].strip() for tag in value)) or None
