"""GET /{module}/search: an index that may run behind, and "equals" that means "contains" (API v8, Search Records)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_zoho.sandbox.fields import MODULES
from crmhub_zoho.sandbox.reading import PAGE, is_converted
from crmhub_zoho.sandbox.records import Document, Records
from crmhub_zoho.sandbox.shapes import bad_parameter, parse_time, refuse
from hub.testing.sandbox import Call, reply

if TYPE_CHECKING:
    from crmhub_zoho.sandbox.app import ZohoSandbox

FOUND, CONDITIONS, VALUES = 2_000, 15, 100
_CONDITION = re.compile(r"^([A-Za-z0-9_]+):(\w+):(.*)$", re.S)
Test = Callable[[Document], bool]


class Search:
    """Answers searches.  Criteria come first, then email, phone and word."""

    def __init__(self, sandbox: ZohoSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records

    def answer(self, call: Call) -> Response:
        module = self._sandbox.enter(call, "read", family="securesearch")
        self._sandbox.spend(1)
        size, page = int(call.query.get("per_page", PAGE)), int(call.query.get("page", 1))
        if not 1 <= size <= PAGE or page < 1:
            raise bad_parameter("per_page")
        if page * size > FOUND:
            raise refuse(400, "LIMIT_REACHED", "no more than 2000 records can be found", {"limit": FOUND})
        rows = self.matching(call, module)
        shown = rows[(page - 1) * size : page * size]
        if not shown:
            return reply(204)
        names = call.query["fields"].split(",") if "fields" in call.query else None
        info = {"per_page": size, "count": len(shown), "page": page, "more_records": page * size < len(rows)}
        return reply(200, {"data": [self._records.show(module, item, names) for item in shown], "info": info})

    def matching(self, call: Call, module: str) -> list[Document]:
        """What the index knows and the query means, newest first.  Raises Refused."""
        test = self._test(call, module)
        converted = call.query.get("converted", "false")
        known = [item for _, item in self._records.indexes[module].as_of(self._sandbox.indexed_until())]
        rows = [item for item in known if converted in ("both", str(is_converted(item)).lower()) and test(item)]
        return sorted(rows, key=lambda item: str(item["id"]), reverse=True)

    def _test(self, call: Call, module: str) -> Test:
        query = call.query
        if query.get("criteria"):
            return self._criteria(module, query["criteria"])
        if query.get("email"):
            return _in_any(module, "email", query["email"])
        if query.get("phone"):
            return _in_any(module, "phone", query["phone"])
        if query.get("word"):
            if len(query["word"]) < 2:
                raise bad_parameter("word")
            return _in_any(module, "", query["word"])
        raise refuse(
            400,
            "EXPECTED_PARAM_MISSING",
            "one of the expected parameters is missing",
            {
                "expected_params": ["criteria", "email", "phone", "word"],
            },
        )

    def _criteria(self, module: str, text: str) -> Test:
        parser = _Criteria(text, lambda part: self._condition(module, part))
        try:
            return parser.parse()
        except ValueError as error:
            raise refuse(400, "INVALID_QUERY", str(error), {"param_name": "criteria"}) from None

    def _condition(self, module: str, text: str) -> Test:
        match = _CONDITION.match(text.strip())
        if match is None:
            raise ValueError(f"no condition: {text}")
        name, operator, raw = match.groups()
        field = MODULES[module].fields.get(name)
        if field is None and name != "id":
            raise ValueError(f"no such field: {name}")
        texts = [_unescaped(item) for item in _split(raw)]
        compare = _OPERATORS.get(operator)
        if compare is None or len(texts) > VALUES:
            raise ValueError(f"operator or values not allowed: {operator}")
        return lambda document: compare(self._value(document, name), texts)

    def _value(self, document: Document, name: str) -> Any:
        if name == "id":
            return document["id"]
        if name in ("Created_Time", "Modified_Time"):
            return document["created" if name == "Created_Time" else "modified"]
        return document["values"].get(name)


class _Criteria:
    """((A:equals:x)and(B:starts_with:y)), with ( ) and , escaped by a backslash.  Raises ValueError."""

    def __init__(self, text: str, condition: Callable[[str], Test]) -> None:
        self._text, self._at, self._condition, self._count = text.strip(), 0, condition, 0

    def parse(self) -> Test:
        test = self._chain() if self._text.startswith("(") else self._leaf(self._text)
        if self._text.startswith("(") and self._at != len(self._text):
            raise ValueError("text after the criteria")
        if self._count > CONDITIONS:
            raise refuse(400, "CRITERIA_LIMIT_EXCEEDED", "too many criteria", {"limit": CONDITIONS})
        return test

    def _chain(self) -> Test:
        left = self._group()
        while True:
            rest = self._text[self._at :]
            match = re.match(r"\s*(and|or)\s*(?=\()", rest, re.I)
            if match is None:
                return left
            self._at += match.end()
            left = _joined(left, self._group(), match.group(1).lower())

    def _group(self) -> Test:
        self._at += 1  # a bracket: nobody asks for a group elsewhere
        if self._text[self._at : self._at + 1] == "(":
            test = self._chain()
        else:
            end = self._at
            while end < len(self._text) and self._text[end] != ")":
                end += 2 if self._text[end] == "\\" else 1
            test, self._at = self._leaf(self._text[self._at : end]), end
        if self._text[self._at : self._at + 1] != ")":
            raise ValueError("a bracket is missing")
        self._at += 1
        return test

    def _leaf(self, text: str) -> Test:
        self._count += 1
        return self._condition(text)


def _joined(left: Test, right: Test, word: str) -> Test:
    if word == "and":
        return lambda document: left(document) and right(document)
    return lambda document: left(document) or right(document)


def _in_any(module: str, kind: str, text: str) -> Test:
    """Any field of that kind (or any text at all) contains the text; phones are compared as typed."""
    names = [name for name, field in MODULES[module].fields.items() if not kind or field.type == kind]
    wanted = text.casefold()
    return lambda document: any(wanted in str(document["values"].get(name, "")).casefold() for name in names)


def _comparable(value: Any, text: str) -> tuple[Any, Any]:
    time = parse_time(text)
    if time is not None:
        return parse_time(value), time
    if isinstance(value, bool):
        return str(value).lower(), text.lower()
    if isinstance(value, (int, float)):
        return float(value), float(text)
    return str(value).casefold(), text.casefold()


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, list[str]], bool]:
    def test(value: Any, texts: list[str]) -> bool:
        return value is not None and compare(*_comparable(value, texts[0]))

    return test


def _equals(value: Any, texts: list[str]) -> bool:
    if value is None:
        return False
    left, right = _comparable(value, texts[0])
    return bool(right in left) if isinstance(left, str) else bool(left == right)


_OPERATORS: dict[str, Callable[[Any, list[str]], bool]] = {
    "equals": _equals,  # of texts it behaves like "contains"
    "not_equal": lambda value, texts: value is not None and not _equals(value, texts),
    "starts_with": _ordered(lambda value, text: str(value).startswith(str(text))),
    "in": lambda value, texts: value is not None and any(_equals(value, [text]) for text in texts),
    "greater_equal": _ordered(lambda value, text: bool(value >= text)),
    "greater_than": _ordered(lambda value, text: bool(value > text)),
    "less_equal": _ordered(lambda value, text: bool(value <= text)),
    "less_than": _ordered(lambda value, text: bool(value < text)),
    "between": lambda value, texts: (
        value is not None
        and len(texts) == 2
        and _OPERATORS["greater_equal"](value, texts[:1])
        and _OPERATORS["less_equal"](value, texts[1:])
    ),
}


def _split(raw: str) -> list[str]:
    return re.split(r"(?<!\\),", raw)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
