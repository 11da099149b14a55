"""Names of people and organisations: a full text and parts, two views of one value.

``form`` says which view is the master: "parts" (``full`` is made from them) or "full" (the parts are BLANK).  A full
name is never split by guess: who knows whether "Maria del Mar Ruiz" has two given names?
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.canonical.schema import NAME_MEMBERS
from hub.canonical.text import words

PARTS: Final = ("given", "middle", "family")
_EAST = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff・々]+")
_FAMILY_FIRST_LANGUAGES = frozenset({"hu"})

Name = dict[str, Any]


def format_name(parts: Mapping[str, Any], *, language: str | None = None) -> str | None:
    """The full name of parts; None if there are none.

    Given, middle and family name with spaces; Han, Hangul and Kana names are family + given without a space.  The
    record's own ``order`` ("given-first", "family-first") comes before the script, the script before the language.
    Prefix and suffix are not part of the full name.
    """
    given, middle, family = (parts.get(member) or "" for member in PARTS)
    present = [text for text in (given, middle, family) if text]
    if not present:
        return None
    order = parts.get("order")
    if all(_EAST.fullmatch(text) for text in present):
        ordered = (given, middle, family) if order == "given-first" else (family, middle, given)
        return "".join(ordered)
    family_first = order == "family-first" or (not order and (language or "")[:2] in _FAMILY_FIRST_LANGUAGES)
    ordered = (family, given, middle) if family_first else (given, middle, family)
    return " ".join(text for text in ordered if text)


def spellings(parts: Mapping[str, Any]) -> list[str]:
    """The ways in which systems write the full name of these parts, the usual one first."""
    found: list[str] = []
    for order in (parts.get("order"), "given-first", "family-first"):
        full = format_name({**parts, "order": order})
        if full is None:
            continue
        without_middle = format_name({**parts, "order": order, "middle": None})
        for text in (full, without_middle or full):
            for prefix in ("", parts.get("prefix") or ""):
                for suffix in ("", parts.get("suffix") or ""):
                    found.append(" ".join(piece for piece in (prefix, text, suffix) if piece))
    return list(dict.fromkeys(found))


def align(full: str, parts: Mapping[str, Any]) -> Name | None:
    """Fit an edited full name to the old parts: the parts that it stands for, or None if that would be a guess.

    If the text is a spelling of the parts, nothing changed; if exactly one part differs, that part is updated.
    """
    old: Name = {member: parts.get(member) for member in PARTS}
    if full in spellings(parts):
        return old
    present = [member for member in PARTS if old[member]]
    if len(present) < 2:
        single = len(present) == 1 and " " not in full and not _EAST.search(full)
        return {**old, present[0]: full} if single else None
    candidates = [fitted for member in present for fitted in _with_new(full, parts, member)]
    unique = {tuple(item[member] for member in PARTS): item for item in candidates}
    return {**old, **next(iter(unique.values()))} if len(unique) == 1 else None


def _with_new(full: str, parts: Mapping[str, Any], member: str) -> Iterable[Name]:
    """The parts with another text for ``member``, if ``full`` can be read so."""
    mark = "\ue000"
    old = parts.get(member) or ""
    # The mark has the script of no name: keep the space-free form for names that have it.
    sample = {**parts, member: "一" if _EAST.fullmatch(old) else mark}
    for text in spellings(sample):
        before, found, after = text.partition(sample[member])
        if not found or not (full.startswith(before) and full.endswith(after)):
            continue
        new = full[len(before) : len(full) - len(after) or None]
        if len(full) > len(before) + len(after) and new == new.strip():
            yield {name: (new if name == member else parts.get(name)) for name in PARTS}


def complete(name: Mapping[str, Any], *, language: str | None = None) -> Name:
    """The canonical group of a name of which some members are known: all members, ``full`` and ``form`` filled."""
    group: Name = {member: name.get(member) or None for member in NAME_MEMBERS}
    has_parts = any(group[member] for member in PARTS)
    if group["full"] is None:
        group["full"] = format_name(group, language=language)
    if group["full"] is None:
        group["form"] = None
    elif not has_parts:
        group["form"] = "full"
    elif group["form"] not in ("parts", "full"):
        group["form"] = "parts"
    return group


def rebuild(shown: Mapping[str, Any], sent: Mapping[str, Any] | None, changed: set[str]) -> Name:
    """The complete canonical name that a system's view stands for.

    shown:   the members that the system shows (absent = it cannot hold them).
    sent:    the golden name that the system last had; None if this is its first.
    changed: the members whose shown value differs from the image of ``sent``.

    Members that did not change come from ``sent`` with their full richness; what the system cannot show is kept.
    """
    if sent is None:
        return complete({**shown, "form": None})
    if not changed:
        return complete(sent)
    name: Name = {member: sent.get(member) for member in NAME_MEMBERS}
    for member in changed - {*PARTS, "full"}:
        name[member] = shown.get(member)
    edited = changed & set(PARTS)
    if edited:
        return _parts_edited(name, shown, edited, full_edited="full" in changed)
    if "full" in changed:
        return _full_edited(name, shown.get("full") or None)
    return complete(name)


def _parts_edited(name: Name, shown: Mapping[str, Any], edited: set[str], *, full_edited: bool) -> Name:
    was_full = name["form"] == "full"
    if was_full and edited == {"family"} and not shown.get("given") and "full" not in shown:
        # A system with parts only shows a full name as the family name: this is an edit of the full name.
        return complete({**name, **dict.fromkeys(PARTS), "full": shown.get("family") or None, "form": "full"})
    for member in PARTS:
        if member in edited or (was_full and member in shown):
            name[member] = shown.get(member)
    has_parts = any(name[member] for member in PARTS)
    if full_edited:
        name["full"] = shown.get("full") or None
    elif (has_parts or "full" not in shown) and name["full"] not in spellings(name):
        name["full"] = None  # made anew from the parts
    name["form"] = "parts" if has_parts else None
    return complete(name)


def _full_edited(name: Name, full: str | None) -> Name:
    if full is None:
        # Cleared beside parts that stand: the parts say it.  Alone: the name is gone.
        parts_stand = name["form"] == "parts" and any(name[member] for member in PARTS)
        cleared: Name = {"full": None} if parts_stand else {"full": None, **dict.fromkeys(PARTS)}
        return complete({**name, **cleared})
    aligned = align(full, name) if name["form"] == "parts" else None
    if aligned is None:
        return complete({**name, **dict.fromkeys(PARTS), "full": full, "form": "full"})
    same_parts = all(aligned[member] == name[member] for member in PARTS)
    # The same parts in another spelling ("Dr. Eva Roth") are no edit: the golden spelling stays.
    return complete({**name, **aligned, "full": name["full"] if same_parts else None, "form": "parts"})


def name_tokens(name: Mapping[str, Any] | str) -> frozenset[str]:
    """The folded words of a name for matching: no case, accents, punctuation or order.

    Names without spaces (王伟) give one token each, and one for their full form.
    """
    if isinstance(name, str):
        return frozenset(words(name))
    texts = [name.get("full") or format_name(name) or "", *(name.get(member) or "" for member in PARTS)]
    if not any(_EAST.fullmatch(text) for text in texts if text):
        texts = texts[:1]
    return frozenset(token for text in texts for token in words(text))
