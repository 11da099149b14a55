"""Which fields there are, what they hold and what this organisation allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from crmhub_bottlecrm.api import KEY
from crmhub_bottlecrm.marker import definitions
from crmhub_bottlecrm.shapes import SHAPES, Shape
from hub import plugin

if TYPE_CHECKING:
    from crmhub_bottlecrm.connector import BottleConnector

Kind = Literal["text", "number", "bool", "date", "datetime", "enum", "list", "reference", "object"]

_TYPES: Mapping[str, Kind] = {
    "do_not_call": "bool",
    "is_active": "bool",
    "account": "reference",
    "number_of_employees": "number",
    "annual_revenue": "number",
}
_CUSTOM: Mapping[str, Kind] = {"number": "number", "checkbox": "bool", "date": "date", "dropdown": "enum"}
_REQUIRED = ("first_name", "last_name", "name")
# common/utils.py of django-crm 1.35.0; no call lists them
_CURRENCIES = ("USD", "EUR", "GBP", "INR", "CAD", "AUD", "JPY", "CNY", "CHF", "SGD", "AED", "BRL", "MXN", "ZAR")


def fields(connector: BottleConnector, resource: str) -> Iterator[plugin.Field]:
    """The fields of a resource with their lengths and choices."""
    shape = SHAPES[resource]
    choices = _choices(connector, resource)
    for name, length in shape.fields.items():
        kind: Kind = "enum" if name in choices else _TYPES.get(name, "text")
        yield plugin.Field(name, kind, required=name in _REQUIRED, max_length=length, values=choices.get(name))
    yield plugin.Field("tags", "list")
    yield plugin.Field("assigned_to", "list", read_only=True)
    yield from _custom(connector, shape)


def _custom(connector: BottleConnector, shape: Shape) -> Iterator[plugin.Field]:
    rows = definitions(connector, shape.model)
    yield plugin.Field("custom_fields", "object")
    if all(row.get("key") != KEY for row in rows):
        yield plugin.Field(f"custom_fields.{KEY}", "text", custom=True)  # defined before the first create
    for row in rows:
        if row.get("is_active"):
            values = [str(item.get("value")) for item in row.get("options") or ()]
            yield plugin.Field(
                f"custom_fields.{row['key']}",
                _CUSTOM.get(str(row.get("field_type")), "text"),
                str(row.get("label") or ""),
                required=bool(row.get("is_required")),
                values=values or None,
                custom=True,
            )


def _choices(connector: BottleConnector, resource: str) -> dict[str, Sequence[str]]:
    """The values that fields with a choice take; a list that this token may not see is left to BottleCRM."""
    page = connector.ask("GET", f"/{resource}/", what=f"reading the choices of {resource}", limit="1")
    found = {"country": _values(page, "countries")}
    if resource == "accounts":
        found["industry"], found["currency"] = _values(page, "industries"), list(_CURRENCIES)
    else:
        try:
            answer = connector.ask("GET", "/leads/sources/", what="reading the sources")
        except (plugin.ConfigError, plugin.NotFound):
            answer = {}
        rows = answer.get("sources") if isinstance(answer, Mapping) else None
        found["source"] = [str(row["key"]) for row in rows or () if row.get("is_active")]
    return {name: values for name, values in found.items() if values}


def _values(page: Any, name: str) -> list[str]:
    pairs = page.get(name) if isinstance(page, Mapping) else None
    return [str(pair[0]) for pair in pairs or () if isinstance(pair, list) and pair]
