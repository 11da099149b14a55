"""Statements that are compiled once and executed on the driver's own cursor.

SQLAlchemy takes several times longer to execute a small statement than the database does.  The statements that run for
every record or page are constants, so their SQL text and the order of their parameters are worked out once.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

_Slot = tuple[str, int | None]
"""A parameter's name, and its place where it is a list."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL text for lists of certain lengths.  values: the positional values of one execution; row: makes a row with names
    from the driver's tuple."""

    sql: str
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    row: Callable[[Sequence[Any]], Any] | None


def _values(slots: Sequence[_Slot], constants: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Takes positional values out of given ones.  constants: values that the statement itself has."""
    if len(slots) > 1 and all(place is None and name not in constants for name, place in slots):
        return itemgetter(*(name for name, _ in slots))
    parts: list[tuple[str, int | None]] = []  # each with its length, where it is a list
    for name, place in slots:
        if place:
            parts[-1] = (name, place + 1)
        else:
            parts.append((name, None if place is None else 1))

    def values(given: Mapping[str, Any]) -> tuple[Any, ...]:
        found: list[Any] = []
        for name, length in parts:
            if length is None:
                found.append(constants[name] if name in constants else given[name])
            else:  # filled up with its last value
                items = given[name]
                found.extend(items)
                found.extend([items[-1]] * (length - len(items)))
        return tuple(found)

    return values


class Prepared:
    """One constant statement with its compiled forms; lists are padded to powers of two, so there are few of them."""

    def __init__(self, statement: Executable, dialect: Dialect, columns: Sequence[str] | None = None) -> None:
        assert isinstance(statement, ClauseElement)
        self._statement: ClauseElement = statement
        self._dialect, self._columns = dialect, columns
        self._forms: dict[tuple[tuple[str, int], ...], Compiled] = {}

    def form(self, given: Mapping[str, Any]) -> Compiled | None:
        """The form for these parameters; None if a list is empty (such a statement finds nothing)."""
        lists = tuple((name, len(value)) for name, value in given.items() if isinstance(value, (list, tuple, set)))
        if not all(length for _, length in lists):
            return None
        key = tuple((name, 1 << (length - 1).bit_length()) for name, length in lists)
        if key not in self._forms:
            self._forms[key] = self._compile(given, dict(key))
        return self._forms[key]

    def _compile(self, given: Mapping[str, Any], lists: Mapping[str, int]) -> Compiled:
        compiled = self._statement.compile(dialect=self._dialect, column_keys=self._columns)
        assert isinstance(compiled, SQLCompiler)
        samples = {name: [""] * lists[name] if name in lists else "" for name in given}
        expanded = compiled.construct_expanded_state(samples)
        places = {
            name: (source, place)
            for source in lists
            for place, name in enumerate(expanded.parameter_expansion.get(source, ()))
        }
        names = list(expanded.positiontup or ())
        constants = {name: expanded.parameters[name] for name in names if name not in given and name not in places}
        columns = [column.keyname for column in compiled._result_columns]
        row_type: Any = namedtuple("Row", columns, rename=True)  # type: ignore[misc]  # known at run time only
        row = row_type._make if columns else None
        return Compiled(expanded.statement, _values([places.get(name, (name, None)) for name in names], constants), row)
