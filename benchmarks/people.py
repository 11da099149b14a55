"""People of a benchmark: each is made from its number alone, so that a million of them need no memory.

Whatever tells two people apart contains the number, as eight digits or as eight letters; everything else repeats after
``KINDS`` numbers.  So the store of a few people can be copied into that of a million (benchmarks.state).
"""

from __future__ import annotations

import hashlib
from typing import Any

KINDS = 50
"""Numbers after which everything but the number itself repeats."""

_GIVEN = ("Anna", "Bo", "Carla", "Deniz", "Eva", "Farid", "Greta", "Hugo", "Ines", "Jörg")
_FAMILY = ("Berg", "Lindqvist", "Roth", "Öztürk", "Novák")
_TITLES = ("", "Dr.", "", "Prof.", "")
_JOBS = ("Head of Purchasing", "Sales Manager", "Engineer", "CEO", "Accountant", "Assistant", "")
_CITIES = (("10115", "Berlin"), ("20095", "Hamburg"), ("80331", "München"), ("50667", "Köln"), ("04109", "Leipzig"))
_NOTES = (
    "Met at the fair in March; wants to be called in the afternoon, and asked for the new catalogue of spare parts. Pays "
    "late but reliably; the contract ends in two years, and the neighbour's offer was cheaper. Send a card at New Year.",
    "Orders every spring. The delivery goes to the back door, and the invoice to the bookkeeper on the second floor, who "
    "wants it as a PDF with the order number in the subject. Speaks to nobody but Mr Schmidt.",
)

_LETTERS = str.maketrans("0123456789", "abcdefghij")


def digits(number: int) -> str:
    """The number of a person, as it is in addresses and telephone numbers."""
    return f"{number:08}"


def letters(number: int) -> str:
    """The same, as it is in names."""
    return digits(number).translate(_LETTERS)


def person(number: int, seed: int = 1) -> dict[str, Any]:
    """The native fields of a person: 23 of them; with what the API adds, a record has 27 fields and about 930 bytes of JSON."""
    kind = (number + seed * 7) % KINDS
    given, family = _GIVEN[kind % 10], _FAMILY[kind // 10]
    postal_code, city = _CITIES[kind % 5]
    code, name = digits(number), letters(number)
    return {
        "salutation": _TITLES[kind % 5],
        "firstname": given,
        "lastname": f"{family}{name}",
        "birth_date": f"19{50 + kind}-{kind % 12 + 1:02}-{kind % 28 + 1:02}",
        "language": ("de", "en", "fr", "tr", "cs")[kind % 5],
        "company": f"{family} & Partner {code} GmbH",
        "jobtitle": _JOBS[kind % 7],
        "email": f"{given.encode('ascii', 'ignore').decode().lower()}.{code}@firm.example",
        "email2": f"private.{code}@home.example" if kind % 2 else "",
        "phone": f"+49 30 2{code}",
        "mobile": f"+49 151 {code}" if kind % 3 else "",
        "fax": f"+49 30 9{code}" if kind % 4 == 0 else "",
        "website": f"https://www.firm-{code}.example/",
        "street": f"Hauptstraße {kind + 1}\nHaus {code}",
        "city": city,
        "state": "",
        "zip": postal_code,
        "country": "DE",
        "home_street": f"Gartenweg {kind + 3}" if kind % 2 else "",
        "home_city": city if kind % 2 else "",
        "home_zip": postal_code if kind % 2 else "",
        "owner": f"user-{kind % 9}",
        "notes": f"{_NOTES[kind % 2]} {hashlib.sha256(bytes([kind])).hexdigest()} {code}".strip(),
    }
