"""Pairs that work by tables: value maps, look-ups by name, token lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.canonical.text import TextRefused, clean_line
from hub.mapping.pairs import Env, Refused, Transform


def natives_of(entry: Any) -> tuple[Any, ...]:
    """The native spellings of a table entry; the first one is written."""
    return tuple(entry) if isinstance(entry, list | tuple) else (entry,)


def _folded(native: Any) -> Any:
    return native.strip().casefold() if isinstance(native, str) else native


def table(args: tuple[str, ...], env: Env) -> Transform:
    """The value map of the line.

    What is not in it: "opaque" and "quarantine" refuse it (kept in the system, not spread), "keep" passes it through in
    both directions, any other ``unmapped`` is the native value that is written for hub values without an entry; read
    back it says nothing.
    """
    entries = env.table or {}
    write = {value: natives_of(native)[0] for value, native in entries.items()}
    read: dict[Any, str] = {}
    for value, native in entries.items():
        for spelling in natives_of(native):
            read.setdefault(_folded(spelling), value)
    fallback = env.unmapped not in ("opaque", "quarantine", "keep")

    def get(native: Any) -> Any:
        try:
            found = read.get(native) or read.get(_folded(native))
        except TypeError:  # a list or an object cannot be in a table
            return Refused("not a simple value")
        if found is not None or (fallback and native == env.unmapped):
            return found
        return native if env.unmapped == "keep" else Refused(f"value {str(native)[:40]!r} is not in the table")

    def put(value: Any) -> Any:
        native = write.get(value)
        if native is not None:
            return native
        if env.unmapped == "keep":
            return value
        return env.unmapped if fallback else Refused(f"no entry for {value!r} in the table")

    return Transform("map", get, put, exact="table", examples=[(native, value) for value, native in write.items()])


def lookup(args: tuple[str, ...], env: Env) -> Transform:
    """lookup(table, key): a row of another table, shown as text, [id, name] or an object; written by its key."""
    if not 1 <= len(args) <= 2:
        raise ValueError("lookup takes a table and the name of its key")
    key = args[-1]
    offered = None if env.values is None else {str(item) for item in env.values}

    def get(native: Any) -> Any:
        if isinstance(native, Mapping):
            native = native.get(key)
        elif isinstance(native, list | tuple):
            native = native[1] if len(native) > 1 else None
        return clean_text(native)

    def put(value: Any) -> Any:
        return value if offered is None or value in offered else Refused(f"{value!r} is not in {args[0]}")

    return Transform("lookup", get, put, exact="line", examples=[([7, "a"], "a"), ({key: "a"}, "a")])


def clean_text(native: Any) -> Any:
    """Cleaned text of a string; None for nothing; Refused for anything else."""
    if native is None or isinstance(native, str):
        try:
            return clean_line(native or "") or None
        except TextRefused as error:
            return Refused(error.message)
    return Refused("not a text")


def split(args: tuple[str, ...], env: Env) -> Transform:
    """split(separator): one text that holds several; the argument may be "semicolon", "comma", "pipe"."""
    names = {"semicolon": ";", "comma": ",", "pipe": "|", "": ";"}
    chosen = args[0] if args else "semicolon"
    separator = names.get(chosen, chosen)

    def get(native: Any) -> Any:
        text = native if isinstance(native, str) else str(native)
        pieces = (clean_text(piece) for piece in text.split(separator))
        found = [piece for piece in pieces if isinstance(piece, str)]
        return list(dict.fromkeys(found)) or None

    def put(value: Any) -> Any:
        items = [value] if isinstance(value, str) else list(value)
        if any(separator in item for item in items):
            return Refused(f"{separator!r} inside a value")
        return f"{separator} ".join(items)

    return Transform("split", get, put, exact="tokens", examples=[(f"a{separator} b", ["a", "b"])])


def label(args: tuple[str, ...], env: Env) -> Transform:
    """Labels as free text, separated by commas: "Work, Berlin" <-> ("berlin", "work")."""

    def get(native: Any) -> Any:
        text = native if isinstance(native, str) else str(native)
        found = {clean_text(piece.lower()) for piece in text.split(",")}
        return tuple(sorted(item for item in found if isinstance(item, str))) or None

    return Transform(
        "label",
        get,
        lambda value: ", ".join(sorted(value)),
        exact="labels",
        examples=[("Work, home", ("home", "work"))],
    )
