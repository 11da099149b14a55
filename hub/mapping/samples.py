"""Generated values, golden records and native records for the laws.  One seed gives one record, everywhere.

The names of ``GENERATORS`` are the exact domains that transform pairs declare (``Transform.exact``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from hub.canonical.names import complete
from hub.canonical.schema import ADDRESS_MEMBERS, COLLECTIONS, field_def
from hub.mapping.compiled import CompiledMapping
from hub.mapping.view import RemoteRef, Row, Value

Maker = Callable[[Random], Any]

_LINES = (
    "Anna Schmidt",
    "王伟",
    "Zoë Ångström",
    "O'Brien & Sons",
    "Müller, Söhne",
    "יעל",
    "नमस्ते",
    "a",
    "x;y",
    "😀 ok",
    "-",
    "0",
    "false",
    "null",
    "hub:vip",
    "A.B",
    "100 %",
)
_NAMES = (("Eva", "Roth"), ("伟", "王"), ("Maria del Mar", "Ruiz"), ("Cher", None), (None, "Li"))
_LABELS = ("work", "home", "mobile", "fax", "billing", "shipping", "other")
_PLACES = (
    ("DE", "Bayern", "DE-BY"),
    ("AT", "Wien", "AT-9"),
    ("CH", "Zürich", "CH-ZH"),
    ("US", "Texas", "US-TX"),
    ("CN", "上海", "CN-SH"),
    ("FR", "Bretagne", None),
    (None, "Atlantis", None),
)


def _line(random: Random) -> str:
    return " ".join(random.choice(_LINES) for _ in range(random.randint(1, 3)))


def _block(random: Random) -> str:
    return "\n".join(random.choice(("", _line(random))) for _ in range(random.randint(0, 3))) + "\n" + _line(random)


def _word(random: Random) -> str:
    return "".join(random.choice("abcdefgh") for _ in range(random.randint(1, 8)))


def _email(random: Random) -> str:
    return random.choice((f"{_word(random)}@{_word(random)}.example", f"{_word(random).title()}+x@X.example"))


def _phone(random: Random) -> str:
    return random.choice(
        (
            f"+4930{random.randint(100000, 9999999)}",
            f"030 {random.randint(100000, 999999)}",
            "+1 (415) 555-2671",
            "ask for Bo",
            f"0171/{random.randint(1000000, 9999999)}",
        )
    )


def _moment(random: Random) -> str:
    return f"20{random.randint(10, 29)}-0{random.randint(1, 9)}-1{random.randint(0, 9)}T08:30:00Z"


def _full_date(random: Random) -> str:
    return f"{random.randint(1901, 2024):04}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"


def _several(make: Maker) -> Maker:
    return lambda random: list(dict.fromkeys(make(random) for _ in range(random.randint(1, 3))))


GENERATORS: Final[dict[str, Maker]] = {
    "line": _line,
    "block": lambda random: _block(random).strip(),
    "email": _email,
    "phone": _phone,
    "phone_e164": lambda random: f"+4930{random.randint(100000, 9999999)}",
    "phone_digits": lambda random: f"4930{random.randint(100000, 9999999)}",
    "phone_international": lambda random: "+49 30 123456",
    "url": lambda random: f"https://{_word(random)}.example/{_word(random)}",
    "lines": _several(_line),
    "lines_no_comma": _several(_word),
    "tax_id": lambda random: f"DE{random.randint(100000000, 999999999)}",
    "integer": lambda random: str(random.randint(-9, 10**6)),
    "amount": lambda random: f"{random.randint(0, 10**6)}.{random.randint(0, 99):02}",
    "bool": lambda random: random.random() < 0.5,
    "full_date": _full_date,
    "yearless_date": lambda random: "--" + _full_date(random)[5:],
    "date": lambda random: random.choice((_full_date(random), "--" + _full_date(random)[5:])),
    "moment": _moment,
    "country": lambda random: random.choice(("DE", "AT", "CN", "US", "GB", "CI")),
    "region_name": lambda random: random.choice(("Bayern", "Bretagne", "Atlantis")),
    "region_code": lambda random: "DE-BY",
    "language": lambda random: random.choice(("de", "en", "de-AT", "zh-CN", "pt-BR", "sr-Latn")),
    "language_short": lambda random: random.choice(("de", "en", "zh")),
    "tokens": _several(_word),
    "labels": lambda random: tuple(sorted(set(_several(_word)(random)))),
}


@dataclass(frozen=True, slots=True)
class Golden:
    """A golden record as the engine would hold it: complete values, elements with labels."""

    fields: Mapping[str, Value] = field(default_factory=dict)
    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)


def sample_name(random: Random) -> dict[str, Any]:
    """A complete name group: with parts, without, of an organisation, or BLANK."""
    shape = random.randrange(5)
    if shape == 0:
        return complete({})
    if shape == 1:
        return complete({"full": _line(random)})
    given, family = random.choice(_NAMES)
    rest = {
        "prefix": random.choice((None, "Dr.")),
        "middle": random.choice((None, None, "J.")),
        "suffix": random.choice((None, "jr.")),
        "nickname": random.choice((None, "Evi")),
    }
    return complete({"given": given, "family": family, **rest})


def sample_address(random: Random) -> dict[str, Any]:
    """A complete address group whose region lies in its country (or nowhere)."""
    country, region, code = random.choice(_PLACES)
    address: dict[str, Any] = dict.fromkeys(ADDRESS_MEMBERS)
    address |= {
        "lines": _several(_line)(random),
        "city": random.choice(("Wien", "上海", "Ulm")),
        "postal_code": random.choice((None, "1010", "D-89073")),
        "country": country,
        "region": random.choice((None, region, code)),
        "recipient": random.choice((None, _line(random))),
    }
    return address


def sample_value(random: Random, name: str) -> Value:
    """A value of a canonical field: None one time in four."""
    definition = field_def(name)
    if definition is None or random.random() < 0.25:
        return sample_name(random) if name == "name" else None
    if definition.kind == "name":
        return sample_name(random)
    if definition.values:
        return random.choice(definition.values)
    by_kind = {"text": "line", "multiline": "block", "number": "integer", "money": "amount", "currency": "line"}
    return GENERATORS[by_kind.get(definition.kind, definition.kind)](random)


def sample_element(random: Random, collection: str) -> Value:
    """An element of a collection."""
    if collection == "addresses":
        return sample_address(random)
    if collection == "tax_ids":
        return {"scheme": random.choice(("vat", "ein", "cn_ric", "gst")), "value": GENERATORS["tax_id"](random)}
    if collection == "messengers":
        return {"kind": random.choice(("skype", "wechat", "sip")), "value": _word(random)}
    if collection == "tags":
        return random.choice(("hub:", "")) + _word(random)
    return GENERATORS[COLLECTIONS[collection].kind](random)


def sample_golden(random: Random, mapping: CompiledMapping) -> Golden:
    """A golden record with the fields that the mapping knows and a few that it does not."""
    fields: dict[str, Value] = {}
    for name, spec in mapping.fields.items():
        if spec.ref is not None:
            fields[name] = random.choice((None, RemoteRef(spec.ref, str(random.randint(1, 99)))))
        else:
            fields[name] = sample_value(random, name)
    for name in ("gender", "industry", "timezone"):
        fields.setdefault(name, sample_value(random, name))
    rows = {name: sample_rows(random, name) for name in mapping.collections}
    return Golden(fields, rows)


def sample_rows(random: Random, collection: str) -> tuple[Row, ...]:
    """Up to three different elements, at most one of them primary."""
    values: list[Value] = []
    for _ in range(random.randint(0, 3)):
        value = sample_element(random, collection)
        if value not in values:
            values.append(value)
    rows = [Row(value, _sample_attrs(random, collection), False) for value in values]
    if rows and random.random() < 0.5:
        chosen = random.randrange(len(rows))
        rows[chosen] = replace(rows[chosen], primary=True)
    return tuple(rows)


def _sample_attrs(random: Random, collection: str) -> dict[str, Value]:
    if not COLLECTIONS[collection].attrs:
        return {}
    return {"labels": tuple(sorted({random.choice(_LABELS) for _ in range(random.randint(0, 2))}))}


def sample_json(random: Random) -> Any:
    """Anything that a system may put where nobody expects it."""
    return random.choice(
        (
            None,
            "",
            "  ",
            "a\x00b",
            "\ud800",
            "  padded \t text\n",
            "x" * 30,
            "2024-02-31",
            "DE",
            "@",
            0,
            7,
            -1.5,
            True,
            False,
            [],
            {},
            ["a"],
            [7, "seven"],
            [None],
            [[]],
            {"id": 7, "name": "x"},
        )
    )


def sample_native(random: Random, mapping: CompiledMapping) -> dict[str, Any]:
    """A native record in which anything may stand at any mapped place."""
    record: dict[str, Any] = {}
    for root, columns in mapping.native_shape().items():
        if columns is None or random.random() < 0.2:
            record[root] = sample_json(random)
        else:
            record[root] = [
                {"id": str(index), **{column: sample_json(random) for column in columns}}
                for index in range(random.randint(0, 3))
            ]
    return record
