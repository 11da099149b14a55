"""One element of a collection in one row (or slot): plain text, a tax id or messenger, or an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from hub.canonical.countries import country_code
from hub.canonical.schema import COLLECTIONS
from hub.mapping.leaf import Leaf, Surroundings, make_leaf
from hub.mapping.pairs import Refused
from hub.mapping.spec import MISSING, Line
from hub.mapping.view import Partly, Problem

Natives = dict[str, Any]

_ADDRESS_KINDS = {"lines": "lines", "country": "country", "phone": "phone"}
# What an address may lack in a system that cannot say it; without the others it would be another address.
_SOFT = frozenset({"country", "region", "phone", "recipient", "company", "attention", "district"})


class Element(Protocol):
    """Reads and writes an element's value (not its labels)."""

    def get(self, row: Any) -> Any:
        """The value, None if the row is empty, Refused if it cannot be read."""

    def change(self, row: Any, value: Any, *, new: bool, held: list[str]) -> Natives | Refused:
        """path -> native; reasons for soft members that had to be left out go to ``held``."""

    def image(self, value: Any) -> Any:
        """What will be shown of the value; Refused if it cannot be held."""

    def surely_holds(self, value: Any) -> bool:
        """Whether ``image`` gives a value, as far as that can be told at a glance."""

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The compiled lines."""


class PlainElement:
    """An e-mail address, phone number, web address or tag."""

    def __init__(self, leaf: Leaf) -> None:
        self.leaves = (leaf,)
        self._leaf = leaf
        self.get = leaf.get

    def change(self, row: Any, value: Any, *, new: bool, held: list[str]) -> Natives | Refused:
        return self._leaf.change(row, value, new=new)

    def image(self, value: Any) -> Any:
        return self._leaf.image(value)

    def surely_holds(self, value: Any) -> bool:
        return self._leaf.surely_holds(value)


class CodedElement:
    """A number or name with its scheme or kind: both together or nothing."""

    def __init__(self, coded: str, code: Leaf | str, value: Leaf) -> None:
        self._coded = coded
        self._code = code
        self._value = value
        self.leaves = (value,) if isinstance(code, str) else (code, value)

    def get(self, row: Any) -> Any:
        value = self._value.get(row)
        if value is None or isinstance(value, Refused):
            return value
        code = self._code if isinstance(self._code, str) else self._code.get(row)
        return code if isinstance(code, Refused) else {self._coded: code, "value": value}

    def change(self, row: Any, value: Any, *, new: bool, held: list[str]) -> Natives | Refused:
        if value is None:
            return self._value.change(row, None, new=new)
        out: Natives = {}
        if isinstance(self._code, str):
            if value.get(self._coded) != self._code:
                return Refused(f"{self._coded} {value.get(self._coded)!r} has no place here")
        else:
            if value.get(self._coded) is None:
                return Refused(f"without a {self._coded} nobody knows what it is")
            code = self._code.change(row, value[self._coded], new=new)
            if isinstance(code, Refused):
                return code
            out.update(code)
        natives = self._value.change(row, value.get("value"), new=new)
        return natives if isinstance(natives, Refused) else {**out, **natives}

    def image(self, value: Any) -> Any:
        natives = self._value.image(value.get("value"))
        if isinstance(natives, Refused) or natives is None:
            return natives
        code: Any = self._code
        if isinstance(code, str):
            shown: Any = code if value.get(self._coded) == code else Refused(f"no place for {value.get(self._coded)!r}")
        elif value.get(self._coded) is None:
            return Refused(f"without a {self._coded} nobody knows what it is")
        else:
            shown = code.image(value[self._coded])
        return shown if isinstance(shown, Refused) else {self._coded: shown, "value": natives}

    def surely_holds(self, value: Any) -> bool:
        return False


class AddressElement:
    """A postal address.  The country comes first: regions are resolved inside it."""

    def __init__(self, members: Mapping[str, Leaf]) -> None:
        self._members = tuple(members.items())
        self._blanks = {member: leaf.image(None) for member, leaf in members.items() if not leaf.placed}
        self._hard = tuple((member, leaf) for member, leaf in members.items() if member not in _SOFT)
        self._country = members.get("country")
        self.leaves = tuple(members.values())

    def get(self, row: Any) -> Any:
        place = self._country.get(row) if self._country else None
        place = country_code(place) if isinstance(place, str) else None
        found: dict[str, Any] = {}
        blank, unreadable = True, None
        problems: list[Problem] = []
        for member, leaf in self._members:
            value = leaf.get(row, place) if leaf.placed else leaf.get(row)
            if isinstance(value, Refused):
                unreadable = value  # this member is UNSUPPORTED for this record; the native value stays as it is
                problems.append(Problem(leaf.paths[0], "unreadable", value.reason))
                continue
            found[member] = value
            blank = blank and value is None
        if blank:
            return unreadable
        return Partly(found, problems) if problems else found

    def change(self, row: Any, value: Any, *, new: bool, held: list[str]) -> Natives | Refused:
        out: Natives = {}
        place, hindered = self._place(value or {})
        for member, leaf in self._members:
            if value is not None and member not in value:
                continue
            wanted = value[member] if value is not None else None
            natives: Any
            if wanted and leaf.placed and hindered:
                natives = {} if not new and leaf.get(row, None) == wanted else hindered
            else:
                natives = leaf.change(row, wanted, *((place,) if leaf.placed else ()), new=new)
            if isinstance(natives, Refused):
                if member not in _SOFT:
                    return Refused(f"{member}: {natives.reason}")
                held.append(f"{member}: {natives.reason}")
                natives = leaf.change(row, None, *((place,) if leaf.placed else ()), new=new)
                if isinstance(natives, Refused):
                    return natives
            out.update(natives)
        return out

    def image(self, value: Any) -> Any:
        place, hindered = self._place(value)
        found: dict[str, Any] = {}
        for member, leaf in self._members:
            wanted = value.get(member)
            if wanted is None and member in self._blanks:
                shown = self._blanks[member]
            elif leaf.placed:
                shown = hindered if wanted and hindered else leaf.image(wanted, place)
            else:
                shown = leaf.image(wanted)
            if isinstance(shown, Refused):
                if member not in _SOFT:
                    return Refused(f"{member}: {shown.reason}")
                shown = None
            found[member] = shown
        return found if any(item is not None for item in found.values()) else None

    def surely_holds(self, value: Any) -> bool:
        if not isinstance(value, Mapping):
            return False
        shown = False
        for member, leaf in self._hard:
            wanted = value.get(member)
            image = True
            if leaf.placed:
                return False
            if wanted is None:
                image = self._blanks[member]
            elif not leaf.surely_holds(wanted):
                image = leaf.image(wanted)
            if isinstance(image, Refused):
                return False
            shown = shown or image is not None
        return shown

    def _place(self, value: Mapping[str, Any]) -> tuple[str | None, Refused | None]:
        """The country for resolving the region; and why the region cannot be written, if the country cannot."""
        country = value.get("country")
        if self._country is not None and country:
            shown = self._country.image(country)
            if isinstance(shown, Refused):
                return None, shown
        return (country_code(country) if country else None), None


def make_element(
    name: str, members: Mapping[str, Line], around: Surroundings, *, prefix: str = "", code: str | None = None
) -> Element | None:
    """Compile the members of a collection's element.  ``code`` fixes the scheme or kind (slots with such a pick)."""
    leaves: dict[str, Leaf] = {}
    definition = COLLECTIONS[name]
    consts: dict[str, str] = {}
    for member, line in members.items():
        if line.const is not MISSING:
            consts[member] = str(line.const)
            continue
        if not around.applies(line.since, line.until) or not (prefix or around.available(line)):
            continue
        kind = (
            _ADDRESS_KINDS.get(member, "text")
            if name == "addresses"
            else (definition.kind if member == "value" else "text")
        )
        leaf = make_leaf(line, around, kind=kind, prefix=prefix)
        if leaf is not None:
            leaves[member] = leaf
    if name == "addresses":
        return AddressElement(leaves) if leaves else None
    if "value" not in leaves:
        return None
    if not definition.members:
        return PlainElement(leaves["value"])
    coded = definition.members[0]
    found = leaves.get(coded) or code or consts.get(coded)
    if found is None:
        around.problem(next(iter(members.values())), f"{name}: nothing says the {coded} of an element")
        return None
    return CodedElement(coded, found, leaves["value"])
