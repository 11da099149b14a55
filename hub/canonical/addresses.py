"""The normal form of a postal address: what two spellings of one address have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.canonical.countries import country_code
from hub.canonical.regions import region_code
from hub.canonical.text import fold, words

_STREET = re.compile(r"(?:strasse|straße|str\.)(?=\s|\d|,|$)", re.IGNORECASE)


def street_form(lines: Any) -> str:
    """Street lines for comparing: one text, folded, with one spelling of "Straße"."""
    text = " ".join(lines) if isinstance(lines, list | tuple) else str(lines or "")
    return " ".join(words(_STREET.sub("str ", text)))


def address_form(address: Mapping[str, Any]) -> tuple[str, ...]:
    """(country, postal code, city, street, recipient): region, district and phone say nothing about where it is."""
    country = address.get("country")
    return (
        (country_code(country) or fold(country)) if country else "",
        fold(address.get("postal_code") or "").replace(" ", ""),
        " ".join(words(address.get("city") or "")),
        street_form(address.get("lines")),
        " ".join(words(address.get("recipient") or address.get("company") or "")),
    )


def one_address(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two addresses may be one: the same place, and no two names that differ (one may leave out the recipient or
    the company).  Not transitive: two addresses that differ may each be one with a third that names nobody."""
    return address_form(left)[:4] == address_form(right)[:4] and all(
        not (one := words(left.get(member) or "")) or not (other := words(right.get(member) or "")) or one == other
        for member in ("recipient", "company")
    )


def same_region(country: str | None, left: str, right: str) -> bool:
    """Whether two spellings name one region of a country."""
    if left == right:
        return True
    code = region_code(country, left)
    return (code is not None and code == region_code(country, right)) or fold(left) == fold(right)
