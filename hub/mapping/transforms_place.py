"""Pairs for countries, regions and languages: codes here, names there, and what a system does not offer is refused."""

from __future__ import annotations

from typing import Any

from hub.canonical import countries, languages, regions
from hub.canonical.text import TextRefused, clean_line
from hub.mapping.pairs import Env, Refused, Transform


def _text(native: Any) -> str | Refused:
    if not isinstance(native, str):
        return Refused("not a text")
    try:
        return clean_line(native)
    except TextRefused as error:
        return Refused(error.message)


def _offered(env: Env) -> dict[str, Any] | None:
    return None if env.values is None else {str(item).casefold(): item for item in env.values}


def country(args: tuple[str, ...], env: Env) -> Transform:
    """alpha2, alpha3, name_en or lower.  Free-text fields (name_en) take what is no known country as it is."""
    form = args[0] if args else "alpha2"
    if form not in ("alpha2", "alpha3", "name_en", "lower"):
        raise ValueError("country takes one of: alpha2, alpha3, name_en, lower")
    offered = _offered(env)

    def get(native: Any) -> Any:
        found = _text(native)
        return found if isinstance(found, Refused) else (countries.country_code(found) or found or None)

    def put(value: Any) -> Any:
        code = countries.country_code(value)
        if code is None:
            return value if form == "name_en" and offered is None else Refused(f"unknown country {value!r}")
        spellings = _country_spellings(code, form)
        if offered is None:
            return spellings[0]
        known = next((offered[text.casefold()] for text in spellings if text.casefold() in offered), None)
        return known if known is not None else Refused(f"country {code} is not in the system's list")

    native = {"alpha2": "DE", "alpha3": "DEU", "name_en": "Germany", "lower": "de"}[form]
    return Transform(f"country({form})", get, put, exact="country", examples=[(native, "DE")])


def _country_spellings(code: str, form: str) -> list[str]:
    if form == "name_en":
        return list(countries.country_names(code))
    if form == "alpha3":
        return [countries.alpha3(code) or code]
    return [code.lower() if form == "lower" else code]


def region(args: tuple[str, ...], env: Env) -> Transform:
    """code (ISO 3166-2), short (the code without the country), name; resolved inside the address's country.

    lookup is code for systems whose connector translates codes to ids.
    """
    form = args[0] if args else "name"
    if form not in ("code", "short", "name", "lookup"):
        raise ValueError("region takes one of: code, short, name, lookup")
    offered = _offered(env)

    def get(native: Any, place: str | None) -> Any:
        found = _text(native)
        if isinstance(found, Refused) or not found:
            return found or None
        if form == "name":
            return found
        code = regions.region_code(place, f"{place}-{found}" if form == "short" and place else found)
        return code or found

    def put(value: Any, place: str | None) -> Any:
        code = regions.region_code(place, value)
        if form == "name":
            return (regions.region_name(value) if code == value else None) or value
        if code is None:
            return Refused(f"region {value!r} is not known in {place or 'an address without a country'}")
        native = code[3:] if form == "short" else code
        if offered is not None and native.casefold() not in offered:
            return Refused(f"region {code} is not in the system's list")
        return native if offered is None else offered[native.casefold()]

    return Transform(f"region({form})", get, put, exact=f"region_{'name' if form == 'name' else 'code'}", placed=True)


def language(args: tuple[str, ...], env: Env) -> Transform:
    """bcp47, posix or short.  A system that offers a list gets the nearest of it, never another language or script."""
    form = args[0] if args else "bcp47"
    if form not in ("bcp47", "posix", "short"):
        raise ValueError("language takes one of: bcp47, posix, short")
    offered = None
    if env.values is not None:
        offered = {tag: item for item in env.values if (tag := languages.to_bcp47(str(item)))}

    def get(native: Any) -> Any:
        return languages.to_bcp47(str(native)) or Refused(f"unknown language {str(native)[:20]!r}")

    def put(value: Any) -> Any:
        tag = languages.to_bcp47(value)
        if tag is None:
            return Refused("not a language tag")
        if offered is not None:
            near = languages.nearest(tag, offered)
            return offered[near] if near else Refused(f"language {tag} is not offered by the system")
        if form == "short":
            return tag.split("-")[0]
        return languages.to_posix(tag) if form == "posix" else tag

    return Transform(
        f"language({form})",
        get,
        put,
        exact="language_short" if form == "short" else "language",
        examples=[("zh_CN", "zh-CN")] if form == "posix" else [("de", "de")],
    )
