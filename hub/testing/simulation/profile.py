"""What a simulated system is like: the traits that a seed draws, and the mapping that fits them."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from hub.mapping.compile import compile_mapping
from hub.mapping.compiled import CompiledMapping
from hub.mapping.pairs import Env, Transform
from hub.mapping.parse import parse_mapping
from hub.mapping.transforms import Registry, as_line

TRAITS = (
    "lag",
    "unconditional",
    "upper",
    "cut",
    "rewrite",
    "keyless",
    "unique",
    "client_id",
    "second",
    "minute",
    "no_stamp",
    "skew",
    "late",
    "hidden_parts",
    "listing",
    "no_image",
    "default",
    "read_only",
    "plain_list",
    "one_slot",
    "two_slots",
    "label_slots",
    "no_emails",
    "few_rows",
    "short_address",
    "full_address",
    "address_list",
    "title",
    "tier",
    "company",
    "consent",
)
"""All traits by name (``--traits`` selects among them; the rest is then switched off)."""

SHAPES = ("plain_list", "one_slot", "two_slots", "label_slots", "no_emails")
CREATES = ("keyless", "unique", "client_id")
STAMPS = ("second", "minute", "no_stamp")
ADDRESSES = ("short_address", "full_address", "address_list")

_LIST = 'list = "emails"\nvalue = { at = "value", as = "email" }\nlabel = { at = "label", as = "label" }\n'
_EMAILS = {
    "list": "[emails]\n" + _LIST + 'id = "id"\nprimary = { at = "pref" }\n',
    "plain_list": "[emails]\n" + _LIST + 'primary = { at = "pref" }\n',
    "one_slot": '[emails.slots]\nemail = { pick = "primary", as = "email" }\n',
    "two_slots": '[emails.slots]\nemail = { pick = "primary", as = "email" }\nemail2 = { pick = "next", as = "email" }\n',
    "label_slots": '[emails.slots]\nwork = { pick = "label:work", as = "email" }\n'
    'home = { pick = "label:home", as = "email" }\n',
    "no_emails": "",
}
_ADDRESSES = {
    "none": "",
    "short_address": '[addresses.slots.main]\npick = "primary"\nlines = { at = "street", as = "lines(comma)" }\n'
    'city = "city"\n',
    "full_address": '[addresses.slots.main]\npick = "primary"\nlines = { at = "street", as = "lines(comma)" }\n'
    'district = "district"\ncity = "city"\npostal_code = "zip"\nrecipient = "to"\n',
    "address_list": '[addresses]\nlist = "addresses"\nid = "id"\nlines = { at = "street", as = "lines(comma)" }\n'
    'city = "city"\npostal_code = "zip"\nrecipient = "to"\n',
}
_CONSENT = (
    '[consents.email_marketing]\nat = "optin"\nread = { yes = "granted", no = "withdrawn" }\n'
    'write = { withdrawn = "no", denied = "no" }\nevidence = { captured_at = "optin_at", source = "optin_by" }\n'
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One simulated system.  skew: seconds that its clock is ahead; lag: seconds until a write can be found."""

    name: str
    traits: frozenset[str]
    emails: str = "list"
    address: str = "none"
    skew: float = 0.0
    lag: float = 0.0
    page: int = 3
    batch: int = 4

    @property
    def create(self) -> str:
        if "keyless" in self.traits:
            return "none"
        if "unique" in self.traits and self.emails in ("one_slot", "two_slots"):
            return "unique_key"
        return "client_id" if "client_id" in self.traits else "marker"

    @property
    def most_emails(self) -> int | None:
        """How many rows of a list the system keeps; it drops what is beyond without a word.  None: any number."""
        return 2 if "few_rows" in self.traits and "emails" in self.parts else None

    @property
    def own_key(self) -> bool:
        return self.create == "client_id"

    @property
    def parts(self) -> dict[str, str]:
        found = {}
        if self.emails in ("list", "plain_list"):
            found["emails"] = "by_id" if self.emails == "list" else "whole"
        if self.address == "address_list":
            found["addresses"] = "by_id"
        return found

    def has(self, trait: str) -> bool:
        return trait in self.traits

    def mapping(self) -> CompiledMapping:
        return compiled(self.mapping_text())

    def mapping_text(self) -> str:
        name = 'name.full = { at = "name", as = "upper" }' if self.has("upper") else 'name.full = "name"'
        notes = '{ at = "notes", max = 14, over = "cut" }' if self.has("cut") else '"notes"'
        lines = [
            f'version = 1\nsystem = "{self.name}"\nresource = "contacts"\nrecord = "customer"\nmatch = ["email"]',
            'own_key = "hub_id"' if self.own_key else "",
            f"[fields]\n{name}\nnotes = {notes}",
            'owner = { at = "owner", direction = "read" }',
            'job.title = "title"' if self.has("title") else "",
            'industry = { at = "tier", map = { q0a = "A", q0b = "B" } }' if self.has("tier") else "",
            'language = { at = "lang", server_default = true }' if self.has("default") else "",
            'company = { at = "company_id", ref = "contacts" }' if self.has("company") else "",
            _EMAILS[self.emails],
            _ADDRESSES[self.address],
            _CONSENT if self.has("consent") else "",
        ]
        return "\n".join(lines)


def _upper(_args: tuple[str, ...], _env: Env) -> Transform:
    """A system that upper-cases what it is given, known to its mapping."""

    def put(value: Any) -> Any:
        return str(value).upper()

    return Transform("upper", as_line, put, exact="line")


@functools.cache
def compiled(text: str) -> CompiledMapping:
    """Compiled mappings are pure and shared by all worlds of a process."""
    spec = parse_mapping(text, name="simulated.contacts", file="simulated.toml")
    return compile_mapping(spec, registry=Registry({"upper": _upper}))


FEW_ROWS = 8
"""In one of so many worlds some systems drop rows."""


def limited(profiles: list[Profile], seed: int, allowed: Collection[str] | None) -> list[Profile]:
    """Some of the systems keep few rows of a list.  Drawn apart from everything else: where none does, a seed is the world
    that it was before there was this trait."""
    random = Random(f"{seed} few_rows")  # worlds are to be reproducible
    if random.random() * FEW_ROWS >= 1 or (allowed is not None and "few_rows" not in allowed):
        return profiles
    few = {item.name for item in profiles if random.random() < 0.6}
    return [replace(item, traits=item.traits | {"few_rows"}) if item.name in few else item for item in profiles]


def draw(random: Random, name: str, allowed: Collection[str] | None, *, first: bool) -> Profile:
    """Draw a system.  allowed: the traits to draw from (None: all); the first system of a world can always be written."""

    def may(trait: str, chance: float) -> bool:
        hit = random.random() < chance
        return hit and (allowed is None or trait in allowed)

    def one_of(kinds: tuple[str, ...], chance: float) -> str | None:
        kind = random.choice(kinds)
        return kind if may(kind, chance) else None

    traits = {
        kind
        for kind in (one_of(SHAPES, 0.75), one_of(ADDRESSES, 0.6), one_of(CREATES, 0.6), one_of(STAMPS, 0.5))
        if kind is not None
    }
    for trait, chance in (
        ("lag", 0.2),
        ("unconditional", 0.2),
        ("upper", 0.25),
        ("cut", 0.2),
        ("rewrite", 0.15),
        ("skew", 0.3),
        ("late", 0.2),
        ("hidden_parts", 0.2),
        ("listing", 0.4),
        ("no_image", 0.25),
        ("default", 0.2),
        ("read_only", 0.0 if first else 0.07),
        ("title", 0.5),
        ("tier", 0.4),
        ("company", 0.35),
        ("consent", 0.5),
    ):
        if may(trait, chance):
            traits.add(trait)
    return Profile(
        name,
        frozenset(traits),
        emails=next((kind for kind in SHAPES if kind in traits), "list"),
        address=next((kind for kind in ADDRESSES if kind in traits), "none"),
        skew=random.choice([-7200.0, -300.0, -30.0, 30.0, 300.0]) if "skew" in traits else 0.0,
        lag=random.choice([30.0, 1800.0]) if "lag" in traits else 0.0,
        page=random.choice([1, 2, 3, 50]),
        batch=random.choice([1, 2, 4, 10]),
    )
