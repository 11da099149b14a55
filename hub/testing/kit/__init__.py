"""The contract kit: one suite that every connector passes, wherever it was written.

    class TestShop(ContractKit):
        bench = ShopBench

``ShopBench`` is a subclass of Bench: a running system (real, or a faithful local server), a person who uses it, and
connectors to it.  Each rule of the contract is one test with an id; what a connector declares that it cannot do is
exempt.  HTTP connectors go through a Wire, which loses, delays and garbles what a real network would.
"""

from hub.testing.kit.bench import Bench, Exempt
from hub.testing.kit.suite import RULES, ContractKit, Outcome, Rule, examine
from hub.testing.kit.wire import Answer, Sent, Wire

__all__ = ["RULES", "Answer", "Bench", "ContractKit", "Exempt", "Outcome", "Rule", "Sent", "Wire", "examine"]
