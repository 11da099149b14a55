"""[matching]: what the configuration says about records that look alike but share no key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

NEAR: Final = "near:"
"""What the key of a block begins with: it finds candidates and proves nothing."""

Mode = Literal["off", "ask", "link"]

WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "name": 4.0,
        "birth_date": 3.0,
        "email": 3.0,
        "phone": 2.0,
        "street": 2.0,
        "postal_code": 1.0,
        "city": 0.5,
    }
)
"""What the agreement of a feature weighs; 7 is enough for a score of 1."""


@dataclass(frozen=True, slots=True)
class Near:
    """mode: "off", "ask" a person, or "link" what is beyond doubt and ask about the rest; ask, link: scores from 0 to 1
    from which that is done; weights: feature -> what its agreement weighs."""

    mode: Mode = "off"
    ask: float = 0.80
    link: float = 0.97
    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)


OFF: Final = Near()
