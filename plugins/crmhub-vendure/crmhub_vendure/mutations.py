"""From an op to the mutations that carry it out.  Pure: the customer as just read comes in, calls come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmhub_vendure.document import ADDRESS, KEY, NOT_NULL, PLAIN, USES
from crmhub_vendure.shop import CustomField
from hub import plugin

_COLUMNS = frozenset({*ADDRESS, "countryCode", "uses"})


@dataclass(frozen=True, slots=True)
class Mutation:
    """A mutation of the API: its name, the types of its arguments, and what is asked back."""

    name: str
    arguments: Mapping[str, str]
    selection: str


_CUSTOMER = "{ __typename ... on Customer { id } ... on ErrorResult { errorCode message } }"
CREATE = Mutation("createCustomer", {"input": "CreateCustomerInput!"}, _CUSTOMER)
UPDATE = Mutation("updateCustomer", {"input": "UpdateCustomerInput!"}, _CUSTOMER)
DELETE = Mutation("deleteCustomer", {"id": "ID!"}, "{ result message }")
ADD_ADDRESS = Mutation("createCustomerAddress", {"customerId": "ID!", "input": "CreateAddressInput!"}, "{ id }")
SET_ADDRESS = Mutation("updateCustomerAddress", {"input": "UpdateAddressInput!"}, "{ id }")
REMOVE_ADDRESS = Mutation("deleteCustomerAddress", {"id": "ID!"}, "{ success }")


@dataclass(frozen=True, slots=True)
class Call:
    """A mutation with its arguments."""

    mutation: Mutation
    arguments: Mapping[str, Any]


def create(op: plugin.Op, fields: Mapping[str, CustomField], key_field: str) -> tuple[Call, list[Mapping[str, Any]]]:
    """The mutation that makes the customer, and the addresses to add once its id is known.

    Raises Rejected for what the shop cannot keep.
    """
    refuse_broken_text(op.data)
    _refuse_unknown(op.data)
    if not str(op.data.get("emailAddress") or "").strip():
        raise plugin.Rejected("a customer of Vendure needs an e-mail address", field="emailAddress")
    given: dict[str, Any] = {name: op.data.get(name) for name in PLAIN if op.data.get(name) is not None}
    given = dict.fromkeys(sorted(NOT_NULL), "") | given
    custom = _custom(op.data.get("customFields"), {}, fields)
    if key_field:
        custom[key_field] = op.key
    if custom:
        given["customFields"] = custom
    return Call(CREATE, {"input": given}), [_new_address(row) for row in _added(op.data.get("addresses"))]


def without_key(call: Call, key_field: str) -> Call:
    """The same create without our key."""
    given = dict(call.arguments["input"])
    given["customFields"] = {name: value for name, value in given["customFields"].items() if name != key_field}
    return Call(call.mutation, {"input": given})


def is_made_by(call: Call, row: Mapping[str, Any], key_field: str) -> bool:
    """Whether a customer is the one that a create has made: by our key, or else by what it was given."""
    given = call.arguments["input"]
    if key := (given.get("customFields") or {}).get(key_field):
        return bool(row.get(KEY) == key)
    return all(row.get(name) == given[name] for name in PLAIN if name in given and name != "emailAddress")


def add_address(customer: str, address: Mapping[str, Any]) -> Call:
    """The mutation that adds an address."""
    return Call(ADD_ADDRESS, {"customerId": customer, "input": address})


def update(op: plugin.Op, row: Mapping[str, Any], fields: Mapping[str, CustomField], key_field: str) -> list[Call]:
    """The mutations that bring the customer to the patch; none where it shows that already.

    row: the customer's document as just read.  Raises Rejected, and Conflict where an address is not there any more.
    """
    refuse_broken_text(op.data)
    _refuse_unknown(op.data)
    given: dict[str, Any] = {}
    for name in PLAIN:
        if name in op.data and op.data[name] != row.get(name):
            given[name] = "" if op.data[name] is None and name in NOT_NULL else op.data[name]
    if "emailAddress" in given and not str(given["emailAddress"] or "").strip():
        raise plugin.Rejected("Vendure cannot empty the e-mail address", field="emailAddress")
    custom = _custom(op.data.get("customFields"), row.get("customFields") or {}, fields)
    if key_field and KEY in op.data and op.data[KEY] != row.get(KEY):
        custom[key_field] = op.data[KEY]
    if custom:
        given["customFields"] = custom
    calls = [Call(UPDATE, {"input": {"id": op.id, **given}})] if given else []
    if "addresses" in op.data:
        calls += _address_calls(str(op.id), op.data["addresses"], row.get("addresses") or ())
    return calls


def countries(op: plugin.Op) -> set[str]:
    """The codes of the countries that the op's addresses are to be in."""
    change = op.data.get("addresses")
    rows = [*_added(change), *(change.set.values() if isinstance(change, plugin.Parts) else ())]
    return {str(row["countryCode"]) for row in rows if row.get("countryCode")}


def refuse_broken_text(value: Any, path: str = "") -> None:
    """Raise Rejected for half of a surrogate pair: it has no UTF-8, so no server can keep it."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            text = f"The text holds a broken character at position {error.start}"
            raise plugin.Rejected(text, field=path or None) from None
    elif isinstance(value, Mapping):
        for key, item in value.items():
            refuse_broken_text(key, path)
            refuse_broken_text(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, plugin.Parts):
        for item in (value.add, value.set):
            refuse_broken_text(item, path)
    elif isinstance(value, Sequence):
        for item in value:
            refuse_broken_text(item, path)


def _refuse_unknown(data: Mapping[str, Any]) -> None:
    known = {*PLAIN, KEY, "customFields", "addresses", "groups"}
    for name in data:
        if name not in known and not name.startswith("_"):
            raise plugin.Rejected(f"The plugin does not know the field {name!r}", field=name)
    if data.get("groups"):
        raise plugin.Rejected("groups carry prices, so the hub only reads them", field="groups")


def _custom(wanted: Any, row: Mapping[str, Any], fields: Mapping[str, CustomField]) -> dict[str, Any]:
    """The custom fields to write: those that differ.  The whole table comes, also what may not be written."""
    found: dict[str, Any] = {}
    for name, given in (wanted or {}).items():
        value = None if given == "" and (name not in fields or fields[name].nullable) else given
        if value == row.get(name) or (value is None and row.get(name) in ("", None)):
            continue
        path = f"customFields.{name}"
        if name not in fields:
            raise plugin.Rejected(f"The shop has no custom field {name!r} of customers", field=path)
        if fields[name].readonly:
            raise plugin.Rejected(f"The shop lets nobody write the custom field {name!r}", field=path)
        found[name] = _typed(value, fields[name], path)
    return found


def _typed(value: Any, field: CustomField, path: str) -> Any:
    """A number as GraphQL wants it: mappings write some as text."""
    if not isinstance(value, str) or field.type not in ("int", "float"):
        return value
    try:
        return int(value) if field.type == "int" else float(value)
    except ValueError:
        raise plugin.Rejected(f"{value[:40]!r} is no number as the shop keeps it", field=path) from None


def _added(change: Any) -> Sequence[Mapping[str, Any]]:
    if isinstance(change, plugin.Parts):
        return change.add
    return change or ()


def _new_address(row: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown_columns(row)
    if not row.get("countryCode"):
        raise plugin.Rejected("an address of Vendure needs a country", field="addresses.countryCode")
    # null would be an error of the database for every column.
    given: dict[str, Any] = {name: row[name] for name in ADDRESS if row.get(name) is not None}
    flags = {flag: True for use, flag in USES.items() if use in (row.get("uses") or ())}
    return {"streetLine1": "", **given, "countryCode": row["countryCode"], **flags}


def _address_calls(customer: str, change: Any, rows: Sequence[Mapping[str, Any]]) -> list[Call]:
    current = {row["id"]: row for row in rows}
    if change is None:
        change = plugin.Parts(remove=list(current))
    if not isinstance(change, plugin.Parts):
        raise plugin.Rejected("addresses are a list whose rows have ids: give Parts, not a list", field="addresses")
    # Removing comes first: it hands the flags of a default address to another one, which the rest then corrects.
    calls = [Call(REMOVE_ADDRESS, {"id": id_}) for id_ in change.remove if id_ in current]
    for id_, values in change.set.items():
        if id_ not in current:
            raise plugin.Conflict(f"The address {id_} is not there any more")
        if given := _edited(values, current[id_]):
            calls.append(Call(SET_ADDRESS, {"input": {"id": id_, **given}}))
    return calls + [add_address(customer, _new_address(row)) for row in change.add]


def _edited(values: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of an address that differ."""
    _refuse_unknown_columns(values)
    given = {name: values[name] or "" for name in ADDRESS if name in values and (values[name] or "") != row.get(name)}
    if "countryCode" in values and values["countryCode"] != row.get("countryCode"):
        if not values["countryCode"]:
            raise plugin.Rejected("Vendure cannot empty the country of an address", field="addresses.countryCode")
        given["countryCode"] = values["countryCode"]
    if "uses" in values:
        before, after = set(row.get("uses") or ()), set(values["uses"] or ())
        given |= {flag: use in after for use, flag in USES.items() if (use in after) != (use in before)}
    return given


def _refuse_unknown_columns(row: Mapping[str, Any]) -> None:
    for name in row:
        if name not in _COLUMNS and name != "id" and not name.startswith("_"):
            raise plugin.Rejected(
                f"The plugin does not know the field {name!r} of an address", field=f"addresses.{name}"
            )
    if strange := set(row.get("uses") or ()) - USES.keys():
        raise plugin.Rejected(f"Vendure has no default {min(strange)} address", field="addresses.uses")
