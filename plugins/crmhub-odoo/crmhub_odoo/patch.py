"""From an op's data to the values of Odoo's create and write: words become ids, lists become commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_odoo.document import LOOKUPS, PLACE, SLOTS, TAGS, as_id
from crmhub_odoo.tables import Tables
from hub import plugin

REFERENCES = ("parent_id", "commercial_partner_id")
"""Both are written as parent_id; the second is the company that a person belongs to, however far above."""

_INHERITED = (*PLACE, "vat", "company_registry", "industry_id")
"""A contact shows these of its company; from 19 on, writing them changes the company."""

Values = dict[str, Any]


def values_of(data: Mapping[str, Any], tables: Tables, known: Mapping[str, Any]) -> Values:
    """Values of the record itself, without tags and addresses; None and "" of a reference are False.

    Raises Rejected for a field or word that this Odoo does not have, and for text that is none.
    """
    values: Values = {}
    for name, value in data.items():
        if name in SLOTS or name == TAGS or name.startswith("_"):
            continue
        if name in REFERENCES:
            values["parent_id"] = _reference(value, name)
        elif name not in known:
            raise plugin.Rejected(f"Odoo has no field {name!r} on res.partner", field=name)
        elif name in LOOKUPS:
            values[name] = tables.id_of(LOOKUPS[name], value, name)
        else:
            values[name] = _plain(value, name)
    return values


def without_inherited(values: Values) -> Values:
    """A contact of a company has no address and tax number of its own."""
    return {name: value for name, value in values.items() if name not in _INHERITED}


def address(data: Mapping[str, Any] | None, path: str, tables: Tables) -> Values:
    """Values of an address; all are False where it is to go."""
    values: Values = {}
    for name, value in (data or {}).items():
        if name == "id" or name.startswith("_"):
            continue
        field = f"{path}.{name}"
        if name in LOOKUPS:
            values[name] = tables.id_of(LOOKUPS[name], value, field)
        elif name == "name" or name in PLACE:
            values[name] = _plain(value, field)
        else:
            raise plugin.Rejected(f"The plugin does not know the field {name!r} of an address", field=field)
    return values


def tag_commands(wanted: Sequence[Mapping[str, Any]] | None, current: Sequence[int], tables: Tables) -> list[list[int]]:
    """Commands 4 (link) and 3 (unlink), never 6: it would take away what somebody added meanwhile."""
    given = {as_id(str(item.get("id") or "")) for item in wanted or ()}
    kept = given & set(current)
    names = [item["name"] for item in wanted or () if as_id(str(item.get("id") or "")) not in kept and item.get("name")]
    for name in names:
        refuse_broken_text(name, TAGS)
    ids = {key for key in kept if key is not None} | set(tables.tag_ids(names) if names else ())
    added = [[4, key, 0] for key in sorted(ids - set(current))]
    return added + [[3, key, 0] for key in sorted(set(current) - ids)]


def refuse_broken_text(value: Any, field: str) -> None:
    """Raise Rejected for half of a surrogate pair and for NUL: PostgreSQL keeps neither."""
    if not isinstance(value, str):
        return
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise plugin.Rejected(f"The text holds a broken character at position {error.start}", field=field) from None
    if "\x00" in value:
        raise plugin.Rejected("The text holds a NUL character", field=field)


def _plain(value: Any, field: str) -> Any:
    refuse_broken_text(value, field)
    return False if value is None else value


def _reference(value: Any, field: str) -> int | bool:
    if value in (None, False, ""):
        return False
    key = as_id(str(value))
    if key is None:
        raise plugin.Rejected(f"{value!r} is no id of Odoo", field=field)
    return key
