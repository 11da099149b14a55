"""COQL, the query language: the part of it that a connector needs (API v8, POST /coql).

select FIELD, LOOKUP.FIELD from MODULE where CONDITION [order by ...] [limit OFFSET, N | limit N [offset M]].
Not offered, and refused as a syntax error: aggregates, group by, aliases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_zoho.sandbox.fields import MODULES, Field
from crmhub_zoho.sandbox.records import Document, Records
from crmhub_zoho.sandbox.shapes import parse_time, refuse
from hub.testing.sandbox import Call, Refused, reply

if TYPE_CHECKING:
    from crmhub_zoho.sandbox.app import ZohoSandbox

ROWS, DEFAULT_ROWS, LAST_ROW = 2_000, 200, 100_000
CRITERIA, VALUES, COLUMNS, ORDERS = 25, 100, 500, 10
_TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|\\.)*')|([A-Za-z_$][\w.$]*)|(-?\d+(?:\.\d+)?)|(!=|<=|>=|[=<>(),]))")
Test = Callable[[Document], bool]


class Coql:
    """Answers queries; there is no lag: what was written is found at once."""

    def __init__(self, sandbox: ZohoSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records

    def answer(self, call: Call) -> Response:
        self._sandbox.sign_in(call, "coql", "READ")
        try:
            text = call.json()["select_query"]
        except (ValueError, KeyError, TypeError):
            details = {"api_name": "select_query", "json_path": "$.select_query"}
            raise refuse(400, "MANDATORY_NOT_FOUND", "required field not found", details) from None
        query = _Query(str(text), self._records)
        self._sandbox.permit(query.module, "read")
        self._sandbox.spend(1 if query.limit <= 200 else 2 if query.limit <= 1000 else 3)
        rows = [item for item in self._records.alive(query.module) if query.test(item)]
        for name, descending in reversed(query.orders):
            rows.sort(key=lambda item: _sortable(query.value(item, name)), reverse=descending)
        shown = rows[query.offset : query.offset + query.limit]
        if not shown:
            return reply(204)
        info = {"count": len(shown), "more_records": query.offset + query.limit < len(rows)}
        return reply(200, {"data": [query.show(item) for item in shown], "info": info})


class _Query:
    """A parsed query.  Raises Refused."""

    def __init__(self, text: str, records: Records) -> None:
        self._records = records
        self._tokens = list(_tokens(text))
        self._at = 0
        self._criteria = 0
        self.orders: list[tuple[str, bool]] = []
        self.limit, self.offset = DEFAULT_ROWS, 0
        self._parse()

    def _parse(self) -> None:
        self._word("select")
        columns = [self._name()]
        while self._has(","):
            columns.append(self._name())
        self._word("from")
        self.module = self._name()
        if self.module not in MODULES:
            raise refuse(400, "INVALID_MODULE", "the module name given seems to be invalid", {"module": self.module})
        self.columns = [self._known(name) for name in columns]
        self._word("where")
        self.test = self._condition()
        if self._has("order"):
            self._word("by")
            self._order()
            while self._has(","):
                self._order()
        if self._has("limit"):
            self._limits()
        if self._at != len(self._tokens):
            raise self._wrong()
        if not self.orders:
            self.orders = [("id", False)]
        if self._criteria > CRITERIA or len(self.columns) > COLUMNS or len(self.orders) > ORDERS:
            raise refuse(400, "LIMIT_EXCEEDED", "the limit of criteria, columns or sort orders is exceeded")

    def _condition(self) -> Test:
        """One condition, or two of them joined; more than two need brackets of their own."""
        left = self._operand()
        for word in ("and", "or"):
            if self._has(word):
                right = self._operand()
                if self._peek() in ("and", "or"):
                    raise self._wrong()
                return _both(left, right) if word == "and" else _either(left, right)
        return left

    def _operand(self) -> Test:
        if self._has("("):
            test = self._condition()
            self._word(")")
            return test
        self._criteria += 1
        name = self._known(self._name())
        return self._comparison(name)

    def _comparison(self, name: str) -> Test:
        operator = self._next().lower()
        if operator == "is":
            negated = self._has("not")
            self._word("null")
            return lambda item: (self.value(item, name) is None) != negated
        negated = operator == "not"
        if negated:
            operator = self._next().lower()
        if operator == "in":
            values = self._values()
            return lambda item: (
                _known_value(self.value(item, name)) and (_in(self.value(item, name), values) != negated)
            )
        if operator == "like":
            pattern = re.compile(".*".join(re.escape(part) for part in str(self._value()).split("%")), re.I | re.S)
            return lambda item: (pattern.fullmatch(str(self.value(item, name) or "")) is not None) != negated
        if operator == "between" and not negated:
            low = self._value()
            self._word("and")
            high = self._value()
            return lambda item: (
                _compare(self.value(item, name), ">=", low) and _compare(self.value(item, name), "<=", high)
            )
        if operator not in ("=", "!=", "<", "<=", ">", ">=") or negated:
            raise self._wrong()
        value = self._value()
        return lambda item: _compare(self.value(item, name), operator, value)

    def _order(self) -> None:
        name = self._known(self._name())
        descending = self._has("desc")
        if not descending:
            self._has("asc")
        self.orders.append((name, descending))

    def _limits(self) -> None:
        first = self._integer()
        if self._has(","):
            self.offset, self.limit = first, self._integer()
        else:
            self.limit = first
            if self._has("offset"):
                self.offset = self._integer()
        if self.limit > ROWS or self.offset + self.limit > LAST_ROW:
            raise refuse(400, "LIMIT_EXCEEDED", "the limit of rows is exceeded", {"limit": ROWS})

    # values

    def value(self, document: Document, name: str) -> Any:
        """What a column holds, in a form that compares: a lookup is its id."""
        head, _, rest = name.partition(".")
        if head == "id":
            return document["id"]
        field = self._fields(self.module)[head]
        if rest and rest != "id":
            target = self._records.get(field.module, document["values"].get(head, ""))
            return None if target is None else target["values"].get(rest)
        shown = self._records.value(self.module, document, field)
        return shown["id"] if field.type in ("lookup", "ownerlookup") and shown is not None else shown

    def show(self, document: Document) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name in self.columns:
            if "." in name:
                shown[name] = self.value(document, name)
            elif name != "id":
                shown[name] = self._records.value(self.module, document, self._fields(self.module)[name])
        return {**shown, "id": document["id"]}

    def _known(self, name: str) -> str:
        head, _, rest = name.partition(".")
        field = self._fields(self.module).get(head)
        is_joined = field is not None and (not rest or rest == "id" or rest in self._fields(field.module))
        if name != "id" and not is_joined:
            raise refuse(400, "INVALID_QUERY", "invalid query formed", {"column": name})
        return name

    def _fields(self, module: str) -> dict[str, Field]:
        return self._records.visible(module) if module in MODULES else {}

    # tokens

    def _peek(self) -> str:
        return self._tokens[self._at].lower() if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise self._wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _has(self, word: str) -> bool:
        if self._peek() == word:
            self._at += 1
            return True
        return False

    def _word(self, word: str) -> None:
        if not self._has(word):
            raise self._wrong()

    def _name(self) -> str:
        token = self._next()
        if not re.match(r"[A-Za-z_$]", token):
            raise self._wrong()
        return token

    def _integer(self) -> int:
        token = self._next()
        if not token.isdigit():
            raise self._wrong()
        return int(token)

    def _value(self) -> Any:
        token = self._next()
        if token.startswith("'"):
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if token.lower() in ("true", "false"):
            return token.lower() == "true"
        if re.fullmatch(r"-?\d+(\.\d+)?", token):
            return token
        raise self._wrong()

    def _values(self) -> list[Any]:
        self._word("(")
        values = [self._value()]
        while self._has(","):
            values.append(self._value())
        self._word(")")
        if len(values) > VALUES:
            raise refuse(400, "LIMIT_EXCEEDED", "too many values", {"limit": VALUES})
        return values

    def _wrong(self) -> Refused:
        near = self._tokens[self._at] if self._at < len(self._tokens) else "the end"
        return refuse(400, "SYNTAX_ERROR", "error occurred while parsing the query", {"near": near})


def _tokens(text: str) -> Iterator[str]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise refuse(400, "SYNTAX_ERROR", "error occurred while parsing the query", {"near": text[at : at + 20]})
        at = match.end()
        yield match.group(0).strip()


def _both(left: Test, right: Test) -> Test:
    return lambda item: left(item) and right(item)


def _either(left: Test, right: Test) -> Test:
    return lambda item: left(item) or right(item)


def _known_value(value: Any) -> bool:
    return value is not None


def _in(value: Any, values: list[Any]) -> bool:
    return any(_compare(value, "=", item) for item in values)


def _compare(value: Any, operator: str, other: Any) -> bool:
    if value is None:
        return False
    left, right = _comparable(value, other)
    outcomes: dict[str, bool] = {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return outcomes[operator]


def _comparable(value: Any, other: Any) -> tuple[Any, Any]:
    """Two values of one kind; ids and numbers compare as numbers, times as instants, texts without case."""
    if isinstance(value, bool) or isinstance(other, bool):
        return str(value).lower(), str(other).lower()
    text, others = str(value), str(other)
    if re.fullmatch(r"\d{17,19}", text) and others.isdigit():
        return int(text), int(others)
    if isinstance(value, (int, float)):
        try:
            return float(value), float(others)
        except ValueError:
            return text, others
    time, limit = parse_time(text), parse_time(others)
    if time is not None and limit is not None:
        return time, limit
    return text.casefold(), others.casefold()


def _sortable(value: Any) -> tuple[int, Any]:
    """Empty first; then by kind."""
    if value is None:
        return (0, "")
    time = parse_time(value)
    if time is not None:
        return (2, time.timestamp())
    if isinstance(value, (int, float)):
        return (2, float(value))
    return (1, str(value).casefold())
