"""The contract kit: one suite that every connector passes, wherever it was written.

    class TestShop(ContractKit):
        bench = ShopBench

``ShopBench`` is a subclass of Bench: a running system (real, or a faithful local server), a person who uses it, and
connectors to it.  Each rule of the contract is one test with an id; what a connector declares that it cannot do is
exempt.  HTTP connectors go through a Wire, which loses, delays and garbles what a real network would.
"""

from typing import TYPE_CHECKING, Any

from hub.testing.kit.bench import Bench, Exempt
from hub.testing.kit.claims import Claims, claims_of, contradiction
from hub.testing.kit.rules import PLATINUM, RULES, Outcome, Rule, attempt, examine
from hub.testing.kit.sandboxed import SandboxBench
from hub.testing.kit.standin import StandIn, StandInBench
from hub.testing.kit.wire import Answer, Sent, Wire

if TYPE_CHECKING:
    from hub.testing.kit.suite import ContractKit

__all__ = [
    "PLATINUM",
    "RULES",
    "Answer",
    "Bench",
    "Claims",
    "ContractKit",
    "Exempt",
    "Outcome",
    "Rule",
    "SandboxBench",
    "Sent",
    "StandIn",
    "StandInBench",
    "Wire",
    "attempt",
    "claims_of",
    "contradiction",
    "examine",
]


def __getattr__(name: str) -> Any:
    """Load pytest only for tests: `crmhub plugin grade` works without it."""
    if name != "ContractKit":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hub.testing.kit.suite import ContractKit

    return ContractKit
