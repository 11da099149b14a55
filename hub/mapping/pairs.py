"""What a transform pair is: two functions that undo each other, with the values on which they do so exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a value cannot be read or written: it becomes UNSUPPORTED, never a changed value."""

    reason: str


@dataclass(frozen=True, slots=True)
class Env:
    """What a pair may know about the installation.

    region: the country (alpha-2) of national phone numbers.
    values: the native values that the installation offers at this path; None if it did not say.
    width:  how many native paths the line names.
    table:  the value table of ``map = {...}`` (canonical -> native or list of natives).
    """

    region: str | None = None
    values: tuple[Any, ...] | None = None
    table: Mapping[str, Any] | None = None
    unmapped: Any = "opaque"
    width: int = 1


@dataclass(frozen=True, slots=True)
class Transform:
    """A pair.  ``get`` reads, ``put`` writes; both are pure and total and answer Refused instead of raising.

    Neither sees BLANK: reading starts after the empty spellings are taken away, writing of BLANK is the line's matter.
    ``get`` may answer None: this native value says nothing.

    exact:    the name of the generator (``hub.mapping.samples``) of values v with get(put(v)) == v; "" if there are
              none, then the pair is refused for lines that write.
    examples: (native, canonical) pairs that must hold in reading direction.
    placed:   both functions take the address's country (alpha-2 or None) as second argument.
    wide:     reads and writes a tuple of natives, one for each path of ``at``.
    """

    name: str
    get: Callable[..., Any]
    put: Callable[..., Any]
    exact: str
    examples: Sequence[tuple[Any, Any]] = ()
    placed: bool = False
    wide: bool = False


Factory = Callable[[tuple[str, ...], Env], Transform]
"""Makes a pair from its arguments ("date(full)" gives ("full",));
raises ValueError for arguments that make no sense."""


def chain(first: Transform, second: Transform) -> Transform:
    """Two pairs one after the other, in reading direction."""
    if first.placed or second.placed or second.wide:
        raise ValueError(f"{second.name} cannot follow {first.name}")

    def get(native: Any) -> Any:
        middle = first.get(native)
        return middle if middle is None or isinstance(middle, Refused) else second.get(middle)

    def put(value: Any) -> Any:
        middle = second.put(value)
        return middle if isinstance(middle, Refused) else first.put(middle)

    return Transform(f"{first.name} | {second.name}", get, put, exact=second.exact, wide=first.wide)
