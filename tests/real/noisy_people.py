"""Two lists of the same customers as two firms' software would have them: seeded, with slips, gaps and traps.

The traps: households (one phone, one address, often one family name, sometimes one mailbox), switchboards (one phone for
many who have nothing else in common), namesakes (few names for many people), people who moved or changed their address.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

GIVEN = [
    "Anna",
    "Ben",
    "Clara",
    "David",
    "Emma",
    "Felix",
    "Greta",
    "Hannes",
    "Ida",
    "Jonas",
    "Klara",
    "Leon",
    "Mia",
    "Noah",
    "Olga",
    "Paul",
    "Rosa",
    "Simon",
    "Tilda",
    "Urs",
    "Vera",
    "Walter",
    "Yara",
    "Zoe",
    "Maria",
    "Peter",
    "Sabine",
    "Thomas",
    "Ursula",
    "Michael",
    "Andrea",
    "Stefan",
    "Monika",
    "Martin",
    "Julia",
    "Christian",
    "Laura",
    "Daniel",
    "Sarah",
    "Markus",
    "Lena",
    "Florian",
    "Lisa",
    "Tobias",
    "Katharina",
    "Sebastian",
    "Nina",
    "Alexander",
    "Eva",
    "Philipp",
    "Johanna",
    "Matthias",
    "Sophie",
    "Lukas",
    "Franziska",
]
STEMS = [
    "Berg",
    "Stein",
    "Hof",
    "Bach",
    "Feld",
    "Wald",
    "Brand",
    "Linden",
    "Eich",
    "Rosen",
    "Gold",
    "Silber",
    "Neu",
    "Alt",
    "Ober",
    "Nieder",
    "Stern",
    "Baum",
    "Hirsch",
    "Wolf",
]
ENDS = ["", "er", "mann", "berg", "hardt", "inger", "ke", "meier", "s", "thal", "huber"]
STREETS = [
    "Haupt",
    "Bahnhof",
    "Garten",
    "Schul",
    "Linden",
    "Berg",
    "Kirch",
    "Wald",
    "Ring",
    "Markt",
    "Rosen",
    "Mühlen",
    "Wiesen",
    "Schiller",
    "Goethe",
]
TOWNS = [(f"{code:05d}", f"{stem}{end}") for code, (stem, end) in enumerate(
    ((stem, end) for stem in STEMS for end in ("dorf", "stadt", "hausen", "burg")), 10115)]  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Listed:
    """One record: the person that it means (unknown to whoever matches), canonical fields and collections."""

    person: int
    fields: dict[str, Any]
    collections: dict[str, list[Any]]


@dataclass(slots=True)
class _Person:
    given: str
    family: str
    birth_date: str
    email: str
    phone: str
    street: str
    town: tuple[str, str]


def two_lists(people: int, seed: int) -> tuple[list[Listed], list[Listed]]:
    """Six of ten people are in both lists, the others in one of them."""
    random = Random(seed)  # a test's dice
    everybody: list[_Person] = []
    for number in range(people):
        everybody.append(_person(random, number, everybody))
    lists: tuple[list[Listed], list[Listed]] = ([], [])
    for number, person in enumerate(everybody):
        where = random.random()
        if where < 0.8:
            lists[0].append(_listed(random, number, person, noise=0.5))
        if where < 0.6 or where >= 0.8:
            lists[1].append(_listed(random, number, person, noise=1.0))
    random.shuffle(lists[1])
    return lists


def _person(random: Random, number: int, others: list[_Person]) -> _Person:
    given, family = random.choice(GIVEN), random.choice(STEMS) + random.choice(ENDS)
    mailbox = random.choice((f"{given}.{family}", f"{given[0]}{family}", f"{given}{random.randint(40, 99)}"))
    email = f"{mailbox}@mail{random.randint(1, 5)}.example".lower()
    if any(other.email == email for other in others):  # a provider gives a mailbox to one customer only
        email = email.replace("@", f"{number}@")
    born = f"{random.randint(1940, 2004)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
    street = f"{random.choice(STREETS)}straße {random.randint(1, 120)}"
    phone = f"+4930{random.randint(10**6, 10**7 - 1)}"
    found = _Person(given, family, born, email, phone, street, random.choice(TOWNS))
    trap = random.random()
    if others and trap < 0.15:  # a household
        other = random.choice(others[-50:])
        found.phone, found.street, found.town = other.phone, other.street, other.town
        found.family = other.family if random.random() < 0.8 else found.family
        found.email = other.email if random.random() < 0.1 else found.email
    elif trap < 0.2:  # a switchboard
        found.phone = f"+49305550{number % 40:02d}"
    return found


def _listed(random: Random, number: int, who: _Person, noise: float) -> Listed:
    """What one firm knows of a person.  noise: how carelessly it writes, from 0 to 1."""

    def often(share: float) -> bool:
        return random.random() < share * noise

    given, family = who.given, who.family
    if often(0.06):
        given = _slip(random, given)
    elif often(0.06):
        given = f"{given[0]}."
    if often(0.04):
        family = _slip(random, family)
    elif often(0.02):
        family = random.choice(STEMS) + random.choice(ENDS)
    email = f"{given[0]}{family}@work{random.randint(1, 40)}.example".lower() if often(0.25) else who.email
    phone = f"+4917{random.randint(10**7, 10**8 - 1)}" if often(0.2) else who.phone
    (postal, city), street = who.town, who.street
    if often(0.1):
        (postal, city), street = random.choice(TOWNS), f"{random.choice(STREETS)}straße {random.randint(1, 120)}"
    street = _slip(random, street) if often(0.1) else street.replace("straße", "str.") if often(0.4) else street
    postal = _slip(random, postal, "0123456789") if often(0.03) else postal
    born = f"{who.birth_date[:8]}{random.randint(1, 28):02d}" if often(0.02) else who.birth_date
    full = f"{family}, {given}" if often(0.1) else f"{given} {family}"
    address = {"lines": [street], "city": city, "postal_code": postal, "country": "DE"}
    return Listed(
        number,
        {"name": {"full": full}, "birth_date": None if random.random() < 0.3 else born},
        {
            "emails": [] if random.random() < 0.2 else [email],
            "phones": [] if random.random() < 0.3 else [phone],
            "addresses": [] if random.random() < 0.2 else [address],
        },
    )


def _slip(random: Random, text: str, letters: str = LETTERS) -> str:
    """One wrong, missing, doubled or exchanged letter."""
    at, kind = random.randrange(len(text)), random.randrange(4)
    if kind == 0:
        return text[:at] + random.choice(letters) + text[at + 1 :]
    if kind == 1 and len(text) > 2:
        return text[:at] + text[at + 1 :]
    if kind == 2 or at + 1 == len(text):
        return text[:at] + text[at] + text[at:]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
