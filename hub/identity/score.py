"""How much two records without a common key look like one customer: features, blocks to find candidates by, a score.

The score is the agreeing weight over the compared weight.  A feature that one of the two lacks says nothing; one that
differs counts against the pair only as far as it can be expected to stay (people have several e-mail addresses, but one
birthday).  What is compared must be worth ``ENOUGH``, or the score falls below 1 even if everything agrees: a name alone
proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Final, Literal

from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import token_sort_ratio

from hub.canonical.addresses import address_form
from hub.canonical.emails import email_key
from hub.canonical.phones import phone_key
from hub.canonical.text import words
from hub.canonical.values import is_match_key
from hub.identity.matching import NEAR, WEIGHTS

CROWDED: Final = 50
"""A block of which more records than this are on one side is not searched (but counted)."""

_AGAINST: Final[Mapping[str, float]] = {
    "name": 1.0,
    "birth_date": 1.0,
    "email": 0.1,
    "phone": 0.1,
    "street": 0.4,
    "postal_code": 0.4,
    "city": 0.4,
}
"""The share of its weight that a feature has when it differs.  Addresses and numbers for messages say little: if they were
the same, the records would have been linked by them."""
ENOUGH: Final = 7.0
"""The weight of evidence from which a score may be 1."""

Verdict = Literal["same", "alike", "differs", "missing"]

_SAME, _ALIKE = 0.99, 0.5
_TOKEN = 0.8
"""Similarity (Jaro-Winkler) from which two words of a name can be one word."""
_IMPERSONAL: Final = frozenset(
    [
        "admin",
        "contact",
        "hello",
        "hi",
        "info",
        "kontakt",
        "mail",
        "office",
        "post",
        "sales",
        "service",
        "shop",
        "support",
        "team",
        "web",
        "webmaster",
    ]
)
_SOUNDS: Final = {
    **dict.fromkeys("bfpvw", "1"),
    **dict.fromkeys("cgjkqsxz", "2"),
    **dict.fromkeys("dt", "3"),
    "l": "4",
    **dict.fromkeys("mn", "5"),
    "r": "6",
}


@dataclass(frozen=True, slots=True)
class Features:
    """What of a record is compared, in normal forms.  places: (postal code, city, street)."""

    kind: str | None = None
    name: tuple[str, ...] = ()
    birth_date: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    places: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """value: 0..1; verdicts: feature -> how it compares; links: whether the evidence is of a kind that may link by itself."""

    value: float
    verdicts: Mapping[str, Verdict]
    links: bool


def features(fields: Mapping[str, Any], collections: Mapping[str, Iterable[Any]], region: str | None) -> Features:
    """The features of canonical values.  fields: name (a group or text), birth_date, kind; collections: name -> values;
    region: the country in which national phone numbers are read."""
    name = fields.get("name")
    shown = (name.get("full") or _joined(name)) if isinstance(name, Mapping) else name
    real = {
        kind: [item for item in collections.get(kind, ()) if item and is_match_key(kind, item, region=region)]
        for kind in ("emails", "phones")
    }
    forms = [address_form(item) for item in collections.get("addresses", ()) if item]
    return Features(
        fields.get("kind"),
        tuple(words(str(shown or ""))),
        str(fields.get("birth_date") or ""),
        tuple(dict.fromkeys(email_key(item) for item in real["emails"])),
        tuple(dict.fromkeys(phone_key(item, region) for item in real["phones"])),
        tuple(dict.fromkeys((form[1], form[2], form[3]) for form in forms if any(form[1:4]))),
    )


def _joined(name: Mapping[str, Any]) -> str:
    return " ".join(str(name[part]) for part in ("given", "middle", "family") if name.get(part))


# blocks


def blocks(of: Features) -> list[str]:
    """Keys that records which may be one customer have in common: the sound of a name with the postal code or the street's
    number, the birthday with an initial, the whole name by its sound, the e-mail's local part, the phone number."""
    long = [word for word in of.name if len(word) > 1][:4]
    sounds = [sound(word) for word in long]
    found = [f"name+postal:{item}:{place[0]}" for item, place in product(sounds, of.places[:2]) if place[0]]
    if of.birth_date:
        found += [f"birthday:{of.birth_date}:{word[0]}" for word in long]
    if len(sounds) > 1:
        found.append("name:" + " ".join(sorted(sounds)))
    found += [f"email:{local}" for item in of.emails[:2] if (local := _local(item)) not in _IMPERSONAL]
    found += [f"phone:{item}" for item in of.phones[:2]]
    return list(dict.fromkeys(NEAR + item for item in found))


@lru_cache(maxsize=16384)
def sound(word: str) -> str:
    """A word as it sounds (Soundex, with v and w beside b, f and p); as it is written where it is not Latin."""
    if not (word.isascii() and word.isalpha()):
        return word
    code, last = word[0], _SOUNDS.get(word[0], "")
    for char in word[1:]:
        digit = _SOUNDS.get(char, "")
        if digit and digit != last:
            code += digit
        if char not in "hw":
            last = digit
    return code[:4]


def _local(email: str) -> str:
    return email.rpartition("@")[0].partition("+")[0]


# scores


def compare(left: Features, right: Features, weights: Mapping[str, float] = WEIGHTS) -> Score:
    """The score of a pair with the evidence per feature."""
    found = similarities(left, right)
    got = against = 0.0
    for name, similarity in found.items():
        if similarity is not None:
            weight = weights.get(name, 0.0)
            got += weight * similarity
            against += weight * (1 - similarity) * _AGAINST[name]
    value = got / max(ENOUGH, got + against)
    if left.kind and right.kind and left.kind != right.kind:
        value = 0.0  # a person and an organisation, whatever else they share
    return Score(round(value, 3), {name: _verdict(item) for name, item in found.items()}, _may_link(found))


def _verdict(similarity: float | None) -> Verdict:
    if similarity is None:
        return "missing"
    return "same" if similarity >= _SAME else "alike" if similarity >= _ALIKE else "differs"


def _may_link(found: Mapping[str, float | None]) -> bool:
    """Whether a pair may be linked without a person: the name agrees, and something beside the phone number.  Whoever has
    the same phone is often of the same household or firm."""
    agreeing = {name for name, item in found.items() if item is not None and item >= 0.9}
    return "name" in agreeing and bool(agreeing.intersection(("birth_date", "email", "street")))


def similarities(left: Features, right: Features) -> dict[str, float | None]:
    """Feature -> similarity from 0 to 1; None where one of the two has nothing to compare."""
    postal, city, street = _places(left.places, right.places)
    return {
        "name": _names(left.name, right.name),
        "birth_date": _dates(left.birth_date, right.birth_date),
        "email": _best(left.emails, right.emails, _emails),
        "phone": _best(left.phones, right.phones, lambda one, other: float(one == other)),
        "street": street,
        "postal_code": postal,
        "city": city,
    }


def _best(left: Iterable[str], right: Iterable[str], alike: Any) -> float | None:
    return max((alike(one, other) for one in left for other in right), default=None)


def _names(left: tuple[str, ...], right: tuple[str, ...]) -> float | None:
    """How well the shorter name's words are found in the longer one; words that only one of them has count a little."""
    if not left or not right:
        return None
    small, large = sorted((left, right), key=len)
    if all(map(str.isascii, small)) != all(map(str.isascii, large)) and not _overlap(left, right):
        return None  # written in two scripts: nobody can tell
    pairs = sorted(((_words(a, b), i, j) for i, a in enumerate(small) for j, b in enumerate(large)), reverse=True)
    total, ours, theirs = 0.0, set[int](), set[int]()
    for similarity, i, j in pairs:
        if similarity and i not in ours and j not in theirs:
            total += similarity
            ours.add(i)
            theirs.add(j)
    return total / (len(small) + 0.25 * (len(large) - len(small)))


def _overlap(left: Iterable[str], right: Iterable[str]) -> bool:
    return any(_words(one, other) for one in left for other in right)


@lru_cache(maxsize=65536)
def _words(left: str, right: str) -> float:
    if left == right:
        return 1.0
    if len(left) == 1 or len(right) == 1:
        return 0.8 if left[0] == right[0] else 0.0
    similarity = JaroWinkler.similarity(left, right)
    return similarity if similarity >= _TOKEN else 0.0


def _dates(left: str, right: str) -> float | None:
    """Two birthdays: day and month exchanged, or one digit wrong, is a slip; a missing year says less."""
    if not left or not right:
        return None
    if left == right:
        return 1.0
    ours, theirs = left.split("-"), right.split("-")
    if ours[-2:] == theirs[-2:] and "" in (ours[0], theirs[0]):
        return 0.8
    if ours[0] == theirs[0] and ours[-2:] == theirs[:-3:-1]:
        return 0.8
    return 0.7 if len(left) == len(right) and OSA.distance(left, right) == 1 else 0.0


def _emails(left: str, right: str) -> float:
    if left == right:
        return 1.0
    ours, theirs = _local(left), _local(right)
    if ours in _IMPERSONAL or theirs in _IMPERSONAL:
        return 0.0
    if ours == theirs:
        return 0.7
    return 0.7 if left.rpartition("@")[2] == right.rpartition("@")[2] and OSA.distance(ours, theirs) == 1 else 0.0


def _places(
    left: tuple[tuple[str, str, str], ...], right: tuple[tuple[str, str, str], ...]
) -> tuple[float | None, float | None, float | None]:
    """Postal code, city and street of the two addresses that agree best: people have several."""
    best: tuple[float, tuple[float | None, float | None, float | None]] = (-1.0, (None, None, None))
    for one, other in product(left, right):
        found = (_codes(one[0], other[0]), _texts(one[1], other[1]), _texts(one[2], other[2]))
        total = sum(item for item in found if item is not None)
        best = max(best, (total, found), key=lambda item: item[0])
    return best[1]


def _codes(left: str, right: str) -> float | None:
    if not left or not right:
        return None
    return 1.0 if left == right else 0.6 if len(left) > 3 and OSA.distance(left, right) == 1 else 0.0


def _texts(left: str, right: str) -> float | None:
    if not left or not right:
        return None
    similarity = token_sort_ratio(left, right) / 100
    return similarity if similarity >= 0.6 else 0.0
