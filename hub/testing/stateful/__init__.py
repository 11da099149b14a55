"""Random people work in a connector's system and in one in memory while the hub syncs, fails and is killed; then all agree.

    crmhub plugin stress ./crmhub-shelf --rounds 20 --seed 1

The engine, the store and the connector's own mapping are the real ones; the system is that of the connector's Bench, seen
by people without the hub.  A wire loses, cuts and garbles requests and answers, and the process dies at commits, between
receipts and between pages.  What must hold at the end is in ``judge``.
"""

from hub.testing.stateful.judge import judge
from hub.testing.stateful.play import Outcome, play
from hub.testing.stateful.world import NotPlayable, World

__all__ = ["NotPlayable", "Outcome", "World", "judge", "play"]
