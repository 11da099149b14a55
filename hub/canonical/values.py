"""One normaliser per kind of value, for writing and for looking up.

Values are stored as typed; ``key`` gives what two spellings have in common, ``same`` compares two values of a kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hub.canonical.addresses import address_form, one_address, same_region, street_form
from hub.canonical.emails import email_key, normal_email
from hub.canonical.phones import normal_phone, phone_key
from hub.canonical.taxids import compact, identifies
from hub.canonical.text import clean_line, fold
from hub.canonical.urls import same_url, url_key

Group = Mapping[str, Any]


def key(collection: str, value: Any, *, region: str | None = None) -> str:
    """Kind and normal form of an element; two elements of a collection with equal keys are one element.

    region: the country (alpha-2) in which national phone numbers are read.
    What is no e-mail address or phone number still has a key, from its text; ``is_match_key`` is False for it.
    Raises KeyError for an unknown collection, TextRefused for text that nothing can store.
    """
    return _KEYS[collection](value, region)


def _address_key(value: Group, region: str | None) -> str:
    return "address:" + "|".join(address_form(value))


def _tax_key(value: Group, region: str | None) -> str:
    return f"tax:{value.get('scheme') or ''}:{compact(str(value.get('value') or ''))}"


def _messenger_key(value: Group, region: str | None) -> str:
    return f"messenger:{fold(str(value.get('kind') or ''))}:{fold(str(value.get('value') or ''))}"


def _membership_key(value: Group, region: str | None) -> str:
    return f"membership:{value.get('list') or ''}:{fold(str(value.get('name') or ''))}"


_KEYS: Final[dict[str, Callable[[Any, str | None], str]]] = {
    "emails": lambda value, region: "email:" + email_key(value),
    "phones": lambda value, region: "phone:" + phone_key(value, region),
    "websites": lambda value, region: "url:" + url_key(value),
    "tags": lambda value, region: "tag:" + clean_line(value).casefold(),
    "addresses": _address_key,
    "tax_ids": _tax_key,
    "messengers": _messenger_key,
    "memberships": _membership_key,
}


def may_be_one(collection: str, left: Any, right: Any) -> bool:
    """Whether two elements whose keys differ may still be one, because one of them just says less (addresses only)."""
    return collection == "addresses" and one_address(left, right)


def is_match_key(collection: str, value: Any, *, region: str | None = None) -> bool:
    """Whether somebody may be recognised by this element: a real e-mail address, phone number, tax id or messenger id.

    A shared address or tag never identifies.
    """
    if collection == "emails":
        return normal_email(value) is not None
    if collection == "phones":
        return normal_phone(value, region) is not None
    if collection == "tax_ids":
        return identifies(str(value.get("value") or ""))
    return collection == "messengers" and bool(value.get("value"))


def match_keys(collections: Mapping[str, Iterable[Any]], *, region: str | None = None) -> tuple[str, ...]:
    """The keys by which a record may be recognised, in a fixed order and without repeats."""
    found: dict[str, None] = {}
    for name in ("tax_ids", "emails", "phones", "messengers"):
        for value in collections.get(name, ()):
            if value is not None and is_match_key(name, value, region=region):
                found[key(name, value, region=region)] = None
    return tuple(found)


def same(kind: str, left: Any, right: Any, *, region: str | None = None) -> bool:
    """Whether two values of a kind (``FieldDef.kind``, ``CollectionDef.kind``) say the same.

    BLANK (None) equals only BLANK.  Groups are compared on the members that both have: an absent member is UNSUPPORTED
    and says nothing.  Case, punctuation and spelling count wherever a person would see an edit (names, notes); they do
    not in e-mail addresses, phone numbers (national ones are read in ``region``), tax ids, regions, and, beside the
    path, in web addresses.
    """
    if left is None or right is None or left == right:
        return bool(left == right)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return _same_group(kind, left, right, region)
    if kind == "phone":
        return phone_key(left, region) == phone_key(right, region)
    compare = _SAME.get(kind)
    return compare(left, right) if compare else _plain(left) == _plain(right)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _same_group(kind: str, left: Group, right: Group, region: str | None) -> bool:
    if kind == "address":
        country = left.get("country") or right.get("country") or region
        return all(_same_address_member(name, left[name], right[name], country) for name in left if name in right)
    if kind == "tax_id":
        return _tax_key(left, None) == _tax_key(right, None)
    if kind == "name":
        # ``form`` and ``order`` say how to read the rest; they are compared like the others, but only if both know.
        return all(
            left[name] == right[name] or (name in ("form", "order") and None in (left[name], right[name]))
            for name in left
            if name in right
        )
    return all(_plain(left[name]) == _plain(right[name]) for name in left if name in right)


def _same_address_member(name: str, left: Any, right: Any, country: str | None) -> bool:
    if not left or not right:
        return not left and not right
    if name == "region":
        return same_region(country, left, right)
    if name == "phone":
        return phone_key(left, country) == phone_key(right, country)
    return bool(_plain(left) == _plain(right))


_SAME: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "email": lambda left, right: email_key(left) == email_key(right),
    "url": same_url,
    "tax_id": lambda left, right: compact(str(left)) == compact(str(right)),
    "multiline": lambda left, right: str(left).strip() == str(right).strip(),
}

__all__ = ["is_match_key", "key", "match_keys", "may_be_one", "same", "street_form"]
