"""POST .../search: an index that runs behind, with its limits (CRM API v3, Search)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_hubspot.sandbox.objects import json_object
from crmhub_hubspot.sandbox.properties import MODIFIED
from crmhub_hubspot.sandbox.records import Document, Records
from crmhub_hubspot.sandbox.shapes import Json, parse_time, refuse
from hub.testing.sandbox import Call, reply

if TYPE_CHECKING:
    from crmhub_hubspot.sandbox.app import HubSpotSandbox

PAGE, FOUND = 200, 10_000
GROUPS, FILTERS, ALL_FILTERS = 5, 6, 18


class Search:
    """Answers searches."""

    def __init__(self, sandbox: HubSpotSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records

    def answer(self, call: Call) -> Response:
        kind = self._sandbox.enter(call, "read")
        body = json_object(call)
        limit, after = int(body.get("limit", 10)), int(body.get("after") or 0)
        if not 1 <= limit <= PAGE:
            raise refuse(400, "VALIDATION_ERROR", f"limit must be between 1 and {PAGE}")
        if after + limit > FOUND:
            raise refuse(400, "VALIDATION_ERROR", f"paging is limited to {FOUND} results")
        groups, sorts = body.get("filterGroups") or [], body.get("sorts") or []
        counts = [len(group.get("filters") or []) for group in groups]
        per_group = any(count > FILTERS for count in counts)
        if len(groups) > GROUPS or per_group or sum(counts) > ALL_FILTERS or len(sorts) > 1:
            raise refuse(400, "VALIDATION_ERROR", "too many filter groups, filters or sorts")
        tests = [[self._filter(kind, item) for item in group.get("filters") or []] for group in groups]
        known = [item for _, item in self._records.indexes[kind].as_of(self._sandbox.indexed_until())]
        rows = [item for item in known if not tests or any(all(test(item) for test in group) for group in tests)]
        text = str(body.get("query") or "").casefold()
        if text:
            rows = [
                item for item in rows if any(text in str(value).casefold() for value in item["properties"].values())
            ]
        self._sort(kind, rows, sorts)
        shown = rows[after : after + limit]
        answer: Json = {
            "total": len(rows),
            "results": [self._records.show(kind, item, body.get("properties") or ()) for item in shown],
        }
        if after + limit < len(rows):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return reply(200, answer)

    def _sort(self, kind: str, rows: list[Document], sorts: list[Any]) -> None:
        rows.sort(key=lambda item: int(item["id"]))
        for item in sorts:
            name = item if isinstance(item, str) else item.get("propertyName", "")
            falling = isinstance(item, Mapping) and item.get("direction") == "DESCENDING"
            rows.sort(key=lambda row: _ordered(self._value(kind, row, name)), reverse=falling)

    def _filter(self, kind: str, item: Mapping[str, Any]) -> Callable[[Document], bool]:
        name, operator = str(item.get("propertyName", "")), str(item.get("operator", ""))
        if name not in self._records.properties(kind):
            raise refuse(
                400, "VALIDATION_ERROR", f'There was a problem with the request. Property "{name}" does not exist'
            )
        test = _OPERATORS.get(operator)
        if test is None:
            raise refuse(400, "VALIDATION_ERROR", f"Invalid operator {operator}")
        values = [str(value) for value in item.get("values") or ()]
        if operator in ("IN", "NOT_IN"):
            if not values:
                raise refuse(400, "VALIDATION_ERROR", f"{operator} needs values")
        elif operator not in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
            if item.get("value") is None:
                raise refuse(400, "VALIDATION_ERROR", f"{operator} needs a value")
            values = [str(item["value"]), str(item.get("highValue", ""))]
        return lambda document: test(self._value(kind, document, name), values)

    def _value(self, kind: str, document: Document, name: str) -> str | None:
        """As text; times as milliseconds."""
        if name in ("createdate", MODIFIED[kind]):
            time = parse_time(document["created" if name == "createdate" else "modified"])
            assert time is not None
            return str(int(time.astimezone(UTC).timestamp() * 1000))
        if name == "hs_object_id":
            return str(document["id"])
        found = document["properties"].get(name)
        return None if found is None else str(found)


def _ordered(text: str | None) -> tuple[int, float, str]:
    """Numbers and times by size, texts without case, nothing first."""
    if text is None:
        return (0, 0.0, "")
    time = parse_time(text) if len(text) > 9 and text[:4].isdigit() and "-" in text[:5] else None
    if time is not None:
        return (1, time.timestamp() * 1000, "")
    try:
        return (1, float(text), "")
    except ValueError:
        return (2, 0.0, text.casefold())


def _has_token(value: str | None, values: list[str]) -> bool:
    wanted = values[0].casefold().strip("*")
    return value is not None and (
        wanted in value.casefold() if "*" in values[0] else wanted in value.casefold().split()
    )


_OPERATORS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "EQ": lambda value, values: value is not None and _ordered(value) == _ordered(values[0]),
    "NEQ": lambda value, values: value is not None and _ordered(value) != _ordered(values[0]),
    "LT": lambda value, values: value is not None and _ordered(value) < _ordered(values[0]),
    "LTE": lambda value, values: value is not None and _ordered(value) <= _ordered(values[0]),
    "GT": lambda value, values: value is not None and _ordered(value) > _ordered(values[0]),
    "GTE": lambda value, values: value is not None and _ordered(value) >= _ordered(values[0]),
    "BETWEEN": lambda value, values: (
        value is not None and _ordered(values[0]) <= _ordered(value) <= _ordered(values[1])
    ),
    # values of texts must be given in lower case (unverified)
    "IN": lambda value, values: value is not None and value.casefold() in values,
    "NOT_IN": lambda value, values: value is not None and value.casefold() not in values,
    "HAS_PROPERTY": lambda value, values: value is not None,
    "NOT_HAS_PROPERTY": lambda value, values: value is None,
    "CONTAINS_TOKEN": _has_token,
    "NOT_CONTAINS_TOKEN": lambda value, values: not _has_token(value, values),
}
