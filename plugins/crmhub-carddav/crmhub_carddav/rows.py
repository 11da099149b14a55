"""Edit and make the lines that are rows of a list: EMAIL, TEL, URL, IMPP, ADR.  Pure.

A row keeps its group, its unknown parameters and everything about its value that did not change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from crmhub_carddav.card import ADDRESS_PARTS, ROWS, SILENT_TYPES, is_preferred, label_line, read_label
from crmhub_carddav.lines import CardError, Line, Param, components, compose, escape, escape_uri, make_param, unescape

_TYPE_TOKEN = re.compile(r"[a-z0-9-]+\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")
_TEL_URI: Final = re.compile(r"[0-9A-Za-z+*#().;=%-]+\Z")
_STALE_AFTER_MOVE: Final = frozenset({"LABEL", "GEO", "TZ"})
"""Parameters of ADR that describe the old place; kept on another address they would be wrong."""


def new_row(name: str, row: Mapping[str, Any], lines: Sequence[Line], version: str, end: bytes) -> list[Line]:
    """The lines of a new row: none if it shows nothing, two if its label needs a line of its own."""
    if name == "ADR":
        value = ";".join(escape(text_of(row.get(part)) or "") for part in ADDRESS_PARTS)
        shows = bool(value.strip(";"))
    else:
        value, shows = _new_value(name, row), bool((text_of(row.get("value")) or "").strip())
    if not shows:
        return []
    params: list[Param] = [Param("TYPE=INTERNET", "TYPE", "INTERNET")] if name == "EMAIL" and version == "3.0" else []
    if name == "IMPP":
        return [compose("", name, params, value, end)]
    labels = _labels_of(row)
    params = _add_types(params, [label for label in labels if _TYPE_TOKEN.match(label)], version)
    params = _prefer(params, bool(row.get("pref")), version)
    title = next((label for label in labels if not _TYPE_TOKEN.match(label)), None)
    if title is None:
        return [compose("", name, params, value, end)]
    group = _free_group(lines)
    return [compose(group, name, params, value, end), compose(group, "X-ABLabel", (), escape(title), end)]


def edit_row(name: str, line: Line, row: Mapping[str, Any], lines: list[Line], version: str, end: bytes) -> list[Line]:
    """The lines after the row was brought to its new state; a key that the row lacks stays as it is."""
    shown = ROWS[name](line) or {}
    if name == "IMPP" and text_of(row.get("scheme", shown.get("scheme"))) != shown.get("scheme"):
        fresh = new_row(name, {**shown, **row}, lines, version, end)
        at = lines.index(line)
        return [*lines[:at], *fresh, *lines[at + 1 :]]
    value, params = _edited_value(name, line, row, shown)
    group, title = line.group, None
    if name != "IMPP":
        params, title_action = _edited_labels(line, params, row, lines, version)
        if title_action is not None:
            lines, group, title = _set_title(lines, line, title_action, end)
        if "pref" in row and bool(row["pref"]) != is_preferred(line):
            params = _prefer(params, bool(row["pref"]), version)
    if value == line.value and list(params) == list(line.params) and group == line.group:
        return lines
    at = lines.index(line)
    edited = compose(group, line.label, params, value, end)
    return [*lines[:at], edited, *([title] if title else ()), *lines[at + 1 :]]


def text_of(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise CardError(f"{value!r} is not a text")
    return value or None


# Values


def _new_value(name: str, row: Mapping[str, Any]) -> str:
    text = text_of(row.get("value")) or ""
    scheme = text_of(row.get("scheme"))
    if name == "IMPP" and scheme:
        if not _SCHEME.match(scheme):
            raise CardError(f"{scheme!r} is not the name of a messenger")
        text = f"{scheme.lower()}:{text}"
    return escape_uri(text) if name in ("URL", "IMPP") else escape(text)


def _edited_value(name: str, line: Line, row: Mapping[str, Any], shown: Mapping[str, Any]) -> tuple[str, list[Param]]:
    params = list(line.params)
    if name == "ADR":
        return _edited_address(line, row, shown)
    wanted = text_of(row.get("value", shown.get("value")))
    if wanted == shown.get("value"):
        return line.value, params
    if not (wanted or "").strip():
        raise CardError(f"a row of {name} cannot be empty")
    old, new = str(shown["value"]), str(wanted)
    prefix = unescape(line.value)[: -len(old)]
    if name == "TEL" and prefix and not _TEL_URI.match(new):
        # Spaces cannot stand in a tel: URI; as a text the number stays exactly what somebody typed.
        return escape(new), [param for param in params if param.name != "VALUE"]
    is_uri = name in ("URL", "IMPP") or bool(prefix)
    return (escape_uri if is_uri else escape)(prefix + new), params


def _edited_address(line: Line, row: Mapping[str, Any], shown: Mapping[str, Any]) -> tuple[str, list[Param]]:
    raw = components(line.value)
    raw += [""] * (len(ADDRESS_PARTS) - len(raw))
    changed = set()
    for index, part in enumerate(ADDRESS_PARTS):
        wanted = text_of(row.get(part, shown.get(part)))
        if wanted != shown.get(part):
            raw[index] = escape(wanted or "")
            changed.add(part)
    if not changed:
        return line.value, list(line.params)
    if not "".join(raw):
        raise CardError("a row of ADR cannot be empty")
    stale = _STALE_AFTER_MOVE | ({"CC"} if "country" in changed else set())
    return ";".join(raw), [param for param in line.params if param.name not in stale]


# Labels


def _labels_of(row: Mapping[str, Any]) -> list[str]:
    labels = [text for text in map(text_of, row.get("labels") or ()) if text and text not in SILENT_TYPES]
    return list(dict.fromkeys(labels))


def _edited_labels(
    line: Line, params: list[Param], row: Mapping[str, Any], lines: Sequence[Line], version: str
) -> tuple[list[Param], str | None]:
    """The parameters with the new labels, and what to do about the label line: a text, "" to remove it, None: leave."""
    if row.get("labels") is None:
        return params, None
    title_line = label_line(list(lines), line)
    title = read_label(title_line) if title_line else None
    types = {token.lower() for param in params if param.name == "TYPE" for token in param.tokens} - SILENT_TYPES
    wanted = _labels_of(row)
    params = _remove_types(params, types - set(wanted))
    added = [label for label in wanted if label not in types and label != title]
    params = _add_types(params, [label for label in added if _TYPE_TOKEN.match(label)], version)
    new_title = next((label for label in added if not _TYPE_TOKEN.match(label)), None)
    if title and title not in wanted:
        return params, new_title or ""
    return params, None if title else new_title


def _set_title(lines: list[Line], row: Line, text: str, end: bytes) -> tuple[list[Line], str, Line | None]:
    """Change, remove or make the label line of a row; answers the lines, the row's group and a line to put after it."""
    old = label_line(lines, row)
    if old is not None:
        at = lines.index(old)
        new = [compose(old.group, old.label, old.params, escape(text), end)] if text else []
        return [*lines[:at], *new, *lines[at + 1 :]], row.group, None
    group = row.group or _free_group(lines)
    return lines, group, compose(group, "X-ABLabel", (), escape(text), end)


def _free_group(lines: Sequence[Line]) -> str:
    taken = {line.group.lower() for line in lines}
    return next(name for name in (f"item{number}" for number in range(1, len(lines) + 2)) if name not in taken)


def _remove_types(params: Sequence[Param], removed: set[str]) -> list[Param]:
    """Take tokens out of the TYPE parameters; a parameter without any token left goes."""
    result = []
    for param in params:
        if param.name != "TYPE" or not removed & {token.lower() for token in param.tokens}:
            result.append(param)
        elif kept := [token for token in param.tokens if token.lower() not in removed]:
            result.append(_retyped(param, kept))
    return result


def _add_types(params: Sequence[Param], added: Sequence[str], version: str) -> list[Param]:
    if not added:
        return list(params)
    spelled = [token.upper() if version == "3.0" else token for token in added]
    for index, param in enumerate(params):
        if param.name == "TYPE" and "=" in param.text:
            return [*params[:index], _retyped(param, [*param.tokens, *spelled]), *params[index + 1 :]]
    return [*params, make_param("TYPE", ",".join(spelled))]


def _retyped(param: Param, tokens: Sequence[str]) -> Param:
    name, equals, value = param.text.partition("=")
    text = ",".join(tokens)
    if not equals:
        return Param(text, "TYPE", text)
    return Param(f'{name}="{text}"' if '"' in value else f"{name}={text}", "TYPE", text)


def _prefer(params: Sequence[Param], preferred: bool, version: str) -> list[Param]:
    """Set or take back the mark of the preferred row, in the form of the card's version."""
    if not preferred:
        return [param for param in _remove_types(params, {"pref"}) if (param.name, param.value) != ("PREF", "1")]
    types = {token.lower() for param in params if param.name == "TYPE" for token in param.tokens}
    if "pref" in types or any((param.name, param.value) == ("PREF", "1") for param in params):
        return list(params)
    if version == "3.0":
        return _add_types(params, ["pref"], version)
    return [*(param for param in params if param.name != "PREF"), make_param("PREF", "1")]
