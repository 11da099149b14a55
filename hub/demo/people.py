"""Made-up customers from one seed, as messy as real ones, and how each system happens to know them.  Pure."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

GERMAN = (
    (
        "Anna",
        "Bernd",
        "Claudia",
        "Dieter",
        "Eva",
        "Frank",
        "Greta",
        "Hannes",
        "Ilse",
        "Jürgen",
        "Katja",
        "Lukas",
        "Mareike",
        "Niklas",
        "Petra",
        "Ralf",
        "Sabine",
        "Thorsten",
        "Ute",
        "Wolfgang",
    ),
    (
        "Schmidt",
        "Müller",
        "Weiß",
        "Größer",
        "van der Berg",
        "Özdemir",
        "Krämer",
        "Lindner",
        "Hoffmann",
        "Schäfer",
        "Böhm",
        "Vogel",
        "Kühn",
        "Peters",
        "Albrecht",
        "Winter",
        "Sommer",
        "Roth",
        "Engel",
        "Busch",
    ),
)
LATIN = (
    (
        "Zoë",
        "Chloé",
        "José",
        "María",
        "Łukasz",
        "Siân",
        "Håkon",
        "Noémie",
        "Þóra",
        "Nuno",
        "Giulia",
        "Tomáš",
        "Ana",
        "Seán",
    ),
    (
        "García",
        "Nowak",
        "Dupont",
        "O'Neill",
        "Hansen",
        "Rossi",
        "Novák",
        "Silva",
        "Jónsdóttir",
        "Kowalska",
        "Lefèvre",
        "Ferrari",
    ),
)
CHINESE = (
    ("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军"),
    ("王", "李", "张", "刘", "陈", "杨", "赵", "黄", "欧阳"),
)
PINYIN = {
    "王": "wang",
    "李": "li",
    "张": "zhang",
    "刘": "liu",
    "陈": "chen",
    "杨": "yang",
    "赵": "zhao",
    "黄": "huang",
    "欧阳": "ouyang",
    "伟": "wei",
    "芳": "fang",
    "娜": "na",
    "敏": "min",
    "静": "jing",
    "丽": "li",
    "强": "qiang",
    "磊": "lei",
    "洋": "yang",
    "艳": "yan",
    "勇": "yong",
    "军": "jun",
}
ONE_WORD = ("Suharto", "Prince", "Cher", "Ashoka", "Madonna", "Teller")
STREETS = (
    "Hauptstraße",
    "Gartenweg",
    "Lindenallee",
    "Rosenplatz",
    "Am Alten Markt",
    "Königsstraße",
    "Mühlenweg",
    "Feldgasse",
)
TOWNS = (
    ("10115", "Berlin"),
    ("20095", "Hamburg"),
    ("80331", "München"),
    ("50667", "Köln"),
    ("01067", "Dresden"),
    ("28195", "Bremen"),
)
TRADES = ("Bäckerei", "Metallbau", "Software", "Gartenbau", "Elektro", "Druckerei", "Logistik", "Optik")
_IN_CRM = 0.45
FORMS = ("GmbH", "AG", "KG", "GmbH & Co. KG", "e.K.")


@dataclass(frozen=True, slots=True)
class Customer:
    """A person or organisation as it really is.  systems: who knows it; guest: known only by an e-mail address."""

    number: int
    kind: str
    given: str
    family: str
    full: str
    email: str
    phone: str
    mobile: str
    street: str
    postal_code: str
    city: str
    country: str
    company: str
    vat: str
    birthday: str
    systems: frozenset[str]
    guest: bool = False
    twin_of: int | None = None


@dataclass(slots=True)
class Population:
    """All customers of one seed.  doubles: (system, number): entered twice in that system."""

    customers: list[Customer] = field(default_factory=list)
    doubles: list[tuple[str, int]] = field(default_factory=list)


def population(count: int = 300, seed: int = 7) -> Population:
    """``count`` customers: about a fifth companies, a fifth Chinese, some one-word names, households that share an
    e-mail address, guests, and a few that somebody entered twice in one system.

    Sales keep only people in their CRM, no companies yet."""
    rng = random.Random(seed)  # noqa: S311  # made-up data, not a secret
    result = Population()
    for number in range(count):
        result.customers.append(_customer(rng, number))
    persons = [item for item in result.customers if item.kind == "person" and item.given and item.country == "DE"]
    for first, second in zip(persons[0 : count // 50 : 2], persons[1 : count // 50 : 2], strict=False):
        result.customers[second.number] = _household(first, second)
    sales = random.Random(seed + 1)  # noqa: S311  # of its own, so that the others stay who they are
    for item in result.customers:
        if item.kind == "person" and not item.guest and sales.random() < _IN_CRM:
            result.customers[item.number] = replace(item, systems=item.systems | {"crm"})
    known = [item for item in result.customers if item.kind == "person" and "erp" in item.systems and not item.guest]
    result.doubles = [("erp", item.number) for item in known[10 : 10 + max(2, count // 150)]]
    return result


def _household(first: Customer, second: Customer) -> Customer:
    """Two people of one family use one address and one e-mail account."""
    return Customer(
        second.number,
        "person",
        second.given,
        first.family,
        f"{second.given} {first.family}",
        first.email,
        first.phone,
        second.mobile,
        first.street,
        first.postal_code,
        first.city,
        first.country,
        "",
        "",
        second.birthday,
        second.systems,
        False,
        first.number,
    )


def _customer(rng: random.Random, number: int) -> Customer:
    systems = frozenset(name for name, share in (("erp", 0.62), ("book", 0.52), ("shop", 0.45)) if rng.random() < share)
    systems = systems or frozenset({rng.choice(("erp", "book", "shop"))})
    postal_code, city = rng.choice(TOWNS)
    street = f"{rng.choice(STREETS)} {rng.randint(1, 140)}{rng.choice(('', '', '', 'a', 'b'))}"
    phone = f"+4930{rng.randint(2000000, 8999999)}"
    mobile = f"+49151{number:04d}{rng.randint(1000, 9999)}"
    birthday = (
        f"19{rng.randint(40, 99)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}" if rng.random() < 0.4 else ""
    )
    luck = rng.random()
    if luck < 0.18:
        name = f"{rng.choice(TRADES)} {rng.choice(GERMAN[1])} {rng.choice(FORMS)}"
        mail = f"kontakt@{_ascii(name.split()[1])}{number}.example"
        return Customer(
            number,
            "organisation",
            "",
            "",
            name,
            mail,
            phone,
            "",
            street,
            postal_code,
            city,
            "DE",
            name,
            vat_de(10000000 + number * 37),
            "",
            systems,
        )
    if luck < 0.40:
        given, family = rng.choice(CHINESE[0]), rng.choice(CHINESE[1])
        full, mobile = family + given, f"+86138{number:04d}{rng.randint(1000, 9999)}"
        mail = f"{PINYIN[family]}.{PINYIN[given]}{number}@mail.example"
        return Customer(
            number, "person", given, family, full, mail, "", mobile, "", "", "", "CN", "", "", birthday, systems
        )
    if luck < 0.44:
        word = rng.choice(ONE_WORD)
        mail = f"{word.lower()}{number}@stars.example"
        return Customer(
            number, "person", "", word, word, mail, "", mobile, street, postal_code, city, "DE", "", "", "", systems
        )
    given, family = (rng.choice(names) for names in (GERMAN if luck < 0.80 else LATIN))
    mail = f"{_ascii(given)}.{_ascii(family)}{number}@mail.example"
    guest = luck > 0.95
    if guest:
        return Customer(
            number, "person", "", "", "", mail, "", "", "", "", "", "DE", "", "", "", frozenset({"shop"}), True
        )
    return Customer(
        number,
        "person",
        given,
        family,
        f"{given} {family}",
        mail,
        phone if rng.random() < 0.5 else "",
        mobile,
        street,
        postal_code,
        city,
        "DE",
        "",
        "",
        birthday,
        systems,
    )


def _ascii(text: str) -> str:
    table = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ö": "oe", "Ł": "l", "Þ": "th", "ł": "l"})
    plain = unicodedata.normalize("NFKD", text.translate(table).lower())
    return "".join(char for char in plain if char.isascii() and char.isalnum())


def vat_de(number: int) -> str:
    """A German VAT id with a right check digit (ISO 7064 mod 11, 10), since real ERPs check it."""
    digits = f"{number:08d}"[-8:]
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = (2 * total) % 11
    return f"DE{digits}{(11 - product) % 10}"


def messy_phone(number: str, style: int) -> str:
    """The same number as different people type it."""
    if not number:
        return ""
    national = "0" + number[3:] if number.startswith("+49") else number
    return (
        number,
        f"{number[:3]} {number[3:6]} {number[6:]}",
        f"{national[:4]}/{national[4:]}" if national.startswith("0") else f"{number[:3]} {number[3:]}",
        f"{number[:3]} (0) {number[3:]}" if number.startswith("+49") else number,
    )[style % 4]


def messy_email(email: str, style: int) -> str:
    """The same address in another case."""
    return (email, email, email.title(), email.upper())[style % 4]


def edits(customers: list[Customer]) -> Iterator[Customer]:
    """Customers that the ERP, the address book and the shop know: the ones whom the demo's people edit."""
    return (
        item
        for item in customers
        if item.systems >= {"erp", "book", "shop"}
        and item.kind == "person"
        and item.country == "DE"
        and item.twin_of is None
        and not item.guest
        and item.given
    )
