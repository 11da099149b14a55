"""Filling in requests: "{since}", "{page}", "{data}" ... in paths, parameters, headers and bodies.  Pure.

A text that is nothing but one variable becomes its value, whatever type that has.  A member of a table or list whose
variable has no value is left out, so that ``params = { after = "{page}" }`` sends no ``after`` with the first page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

_VARIABLE: Final = re.compile(r"\{([a-z_][a-z0-9_]*(?:\.[A-Za-z0-9_-]+)?)\}")
_GONE: Final = object()


class NoValue(Exception):
    """A variable of a path or URL has no value."""


def variables(template: Any) -> Iterator[str]:
    """The names of the variables in a template."""
    if isinstance(template, str):
        yield from _VARIABLE.findall(template)
    elif isinstance(template, Mapping):
        for item in template.values():
            yield from variables(item)
    elif isinstance(template, (list, tuple)):
        for item in template:
            yield from variables(item)


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its variables replaced; None if it is a text whose variable has no value."""
    found = _fill(template, values)
    return None if found is _GONE else found


def _fill(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        return _fill_text(template, values)
    if isinstance(template, Mapping):
        filled = {key: _fill(item, values) for key, item in template.items()}
        return {key: item for key, item in filled.items() if item is not _GONE}
    if isinstance(template, (list, tuple)):
        return [item for item in (_fill(item, values) for item in template) if item is not _GONE]
    return template


def _fill_text(template: str, values: Mapping[str, Any]) -> Any:
    whole = _VARIABLE.fullmatch(template)
    if whole is not None:
        found = values.get(whole[1])
        return _GONE if found is None else found
    names = _VARIABLE.findall(template)
    if any(values.get(name) is None for name in names):
        return _GONE
    return _VARIABLE.sub(lambda match: str(values[match[1]]), template)


def fill_path(template: str, values: Mapping[str, Any]) -> str:
    """A path with its variables percent-encoded.  Raises NoValue."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if found is None or found == "":
            raise NoValue(match[1])
        return quote(str(found), safe="")

    return _VARIABLE.sub(value, template)


def fill_url(template: str, values: Mapping[str, Any]) -> str:
    """A base URL with its variables put in as they are, without a slash at the end.  Raises NoValue."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if not found:
            raise NoValue(match[1])
        return str(found)

    return _VARIABLE.sub(value, template).rstrip("/")
