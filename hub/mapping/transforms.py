"""The transform pairs of the mapping language, and the registry that plugins add to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.canonical import emails, phones, taxids, urls
from hub.canonical.text import TextRefused, clean_block, clean_line
from hub.mapping.html_text import html_to_text, text_to_html
from hub.mapping.pairs import Env, Factory, Refused, Transform, chain
from hub.mapping.transforms_number import boolean, date_pair, money, number, time_pair
from hub.mapping.transforms_place import country, language, region
from hub.mapping.transforms_table import label, lookup, split, table

_NOT_TEXT = Refused("not a text")
_PAIR = re.compile(r"\s*([a-z_][a-z0-9_]*)\s*(?:\(([^()]*)\))?\s*")


def as_line(native: Any) -> Any:
    """Any JSON scalar as cleaned single-line text; None if empty, Refused for lists, objects and unstorable text."""
    if not isinstance(native, str):
        if isinstance(native, bool):
            native = "true" if native else "false"
        elif isinstance(native, int | float):
            native = str(int(native)) if native == native // 1 and abs(native) < 1e15 else str(native)
        else:
            return _NOT_TEXT
    try:
        return clean_line(native) or None
    except TextRefused as error:
        return Refused(error.message)


def as_block(native: Any) -> Any:
    """Like ``as_line`` for text of several lines."""
    if not isinstance(native, str):
        return as_line(native)
    try:
        return clean_block(native) or None
    except TextRefused as error:
        return Refused(error.message)


def _none(args: tuple[str, ...], name: str) -> None:
    if args:
        raise ValueError(f"{name} takes no arguments")


def _one(args: tuple[str, ...], name: str, *choices: str) -> str:
    chosen = args[0] if args else choices[0]
    if len(args) > 1 or chosen not in choices:
        raise ValueError(f"{name} takes one of: {', '.join(choices)}")
    return chosen


def text(args: tuple[str, ...], env: Env) -> Transform:
    """Single-line text, or text(lines) for text of several lines."""
    read = as_line if _one(args, "text", "line", "lines") == "line" else as_block
    return Transform(
        "text",
        read,
        read,
        exact="line" if read is as_line else "block",
        examples=[("  a  b ", "a b")] if read is as_line else [("a\r\nb\n", "a\nb")],
    )


def email(args: tuple[str, ...], env: Env) -> Transform:
    """The first address of the text, as typed."""
    _none(args, "email")

    def get(native: Any) -> Any:
        found = as_line(native)
        return emails.first_address(found) if isinstance(found, str) else found

    return Transform(
        "email",
        get,
        as_line,
        exact="email",
        examples=[(" Bo@X.example ", "Bo@X.example"), ("a@x.example, b@x.example", "a@x.example")],
    )


def phone(args: tuple[str, ...], env: Env) -> Transform:
    """A number as typed (raw), or in the spelling that a strict system wants."""
    form = _one(args, "phone", "raw", "e164", "digits", "international")

    def put(value: Any) -> Any:
        if form == "international":
            return phones.international(value, env.region) or Refused("not a phone number")
        normal = phones.normal_phone(value, env.region)
        if normal is None:
            return Refused("not a phone number")
        return normal.lstrip("+") if form == "digits" else normal

    if form == "raw":
        return Transform("phone", as_line, as_line, exact="phone", examples=[(" 030  123 ", "030 123")])
    return Transform(f"phone({form})", as_line, put, exact=f"phone_{form}")


def url(args: tuple[str, ...], env: Env) -> Transform:
    """A web address as typed; url(scheme) writes "http://" where a system insists on a scheme."""
    form = _one(args, "url", "plain", "scheme")

    def put(value: Any) -> Any:
        found = as_line(value)
        return f"http://{found}" if isinstance(found, str) and not urls.has_scheme(found) else found

    return Transform(
        "url",
        as_line,
        as_line if form == "plain" else put,
        exact="url",
        examples=[(" https://x.example/a ", "https://x.example/a")],
    )


def lines(args: tuple[str, ...], env: Env) -> Transform:
    """Address lines in one text (newline, comma) or in several native fields (fields)."""
    form = _one(args, "lines", "newline", "comma", "fields")
    separator = "," if form == "comma" else "\n"

    def cut(native: Any) -> list[str] | Refused:
        block = as_block(native)
        if isinstance(block, Refused):
            return block
        pieces = (clean_line(piece) for piece in (block or "").split(separator))
        return [piece for piece in pieces if piece]

    def get(native: Any) -> Any:
        found: list[str] = []
        for item in native if form == "fields" else (native,):
            pieces = cut("" if item is None or item is False else item)
            if isinstance(pieces, Refused):
                return pieces
            found += pieces
        return found or None

    def put(value: Any) -> Any:
        given = [value] if isinstance(value, str) else [str(item) for item in value]
        if form == "comma" and any("," in item for item in given):
            return Refused("a comma inside an address line")
        return (", " if form == "comma" else "\n").join(given)

    def spread(value: Any) -> Any:
        given = [value] if isinstance(value, str) else [str(item) for item in value]
        # The last field takes what is left, one line each: nothing is cut and the reading side splits it again.
        single, rest = given[: env.width - 1], given[env.width - 1 :]
        return (*single, *[None] * (env.width - 1 - len(single)), "\n".join(rest) or None)

    if form == "fields":
        return Transform("lines(fields)", get, spread, exact="lines", wide=True, examples=[(("a", "b"), ["a", "b"])])
    return Transform(
        f"lines({form})",
        get,
        put,
        exact="lines" if form == "newline" else "lines_no_comma",
        examples=[(f"a{separator} b", ["a", "b"])],
    )


def html(args: tuple[str, ...], env: Env) -> Transform:
    """Text in a field that holds HTML."""
    _none(args, "html")

    def get(native: Any) -> Any:
        return as_block(html_to_text(native)) if isinstance(native, str) else as_block(native)

    return Transform("html", get, text_to_html, exact="block", examples=[("<p>a &amp; b</p>", "a & b")])


def taxid(args: tuple[str, ...], env: Env) -> Transform:
    """A tax number, read compact and in upper case; the optional argument names the scheme for people."""

    def get(native: Any) -> Any:
        found = as_line(native)
        return (taxids.compact(found) or None) if isinstance(found, str) else found

    return Transform("taxid", get, as_line, exact="tax_id", examples=[("de 136 695 976", "DE136695976")])


_CORE: dict[str, Factory] = {
    "text": text,
    "email": email,
    "phone": phone,
    "url": url,
    "lines": lines,
    "html": html,
    "number": number,
    "money": money,
    "bool": boolean,
    "date": date_pair,
    "time": time_pair,
    "country": country,
    "region": region,
    "language": language,
    "taxid": taxid,
    "lookup": lookup,
    "map": table,
    "split": split,
    "label": label,
}


class Registry:
    """The pairs that mapping files may name.  Make one, add what plugins bring, hand it to ``compile_mapping``."""

    def __init__(self, extra: Mapping[str, Factory] | None = None) -> None:
        self._factories = dict(_CORE)
        for name, factory in (extra or {}).items():
            self.add(name, factory)

    def add(self, name: str, factory: Factory) -> None:
        """Add a pair.  Raises ValueError if the name is taken."""
        if name in self._factories:
            raise ValueError(f"a transform pair called {name!r} exists already")
        self._factories[name] = factory

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._factories)

    def make(self, expression: str, env: Env) -> Transform:
        """The pair for "name(arguments) | name ...".  Raises ValueError with what is wrong."""
        made: Transform | None = None
        for piece in expression.split("|"):
            found = _PAIR.fullmatch(piece)
            if found is None:
                raise ValueError(f"{piece.strip()!r} is not a transform pair")
            name, arguments = found.groups()
            factory = self._factories.get(name)
            if factory is None:
                raise LookupError(name)
            pair = factory(tuple(item.strip() for item in arguments.split(",")) if arguments else (), env)
            made = pair if made is None else chain(made, pair)
        assert made is not None
        return made
