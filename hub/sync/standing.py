"""Where a sync stands between its runs: what a person has approved, and what the last plans were made with."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hub.store.store import Store
from hub.sync.guards import Facts
from hub.sync.plan.plan import Plan
from hub.sync.policy import Policy
from hub.sync.systems import Systems


class Standing:
    """Kept in the store's meta data; every change is stored in a transaction of its own or in the caller's."""

    def __init__(self, store: Store, systems: Systems, policy: Policy, sync: str) -> None:
        self._store, self._systems, self._policy, self._sync = store, systems, policy, sync

    def _get(self, name: str, default: str = "") -> str:
        return self._store.work.meta(f"{name}:{self._sync}", default)

    def _set(self, name: str, value: str) -> None:
        with self._store.transaction():
            self._store.work.set_meta(f"{name}:{self._sync}", value)

    @property
    def first(self) -> bool:
        """Whether no plan of this sync has been approved yet."""
        return self._get("approved") == ""

    @property
    def loading(self) -> bool:
        """Whether an approved first sync was begun and has not ended yet (it was interrupted, or only a canary)."""
        return self._get("loading") == "begun"

    def approve(self, plan: Plan) -> None:
        """A person approved this plan; it holds for no other one."""
        with self._store.transaction():
            if self.first:
                self._set("loading", "begun")
            self._set("approved", plan.hash())

    @property
    def quiet(self) -> bool:
        """Whether consents are left out: during the first load, unless they are all there is to write."""
        return self.loading or (self.first and self._get("quiet") != "off")

    def only_consents(self) -> None:
        """Nothing but consents is left to write: the next plan has them, and a person approves it as any first one."""
        self._set("quiet", "off")

    def withdraw(self) -> None:
        """The rest of the first load needs another approval."""
        if self.loading:
            self._set("approved", "")

    def loaded(self, *, nothing_to_write: bool) -> None:
        """The run left nothing out: the first load is over, or there was none to do."""
        if self.first and nothing_to_write:
            self._set("approved", "nothing to write")
        if self.loading:
            self._set("loading", "done")

    def new_targets(self) -> bool:
        """Whether the sync may write elsewhere than in its last run (noted for the next one): then records that did not
        change are wanted there, too."""
        parts = [
            f"{source.system}/{source.resource}:{int(source.writable)}{int(source.system not in self._policy.no_create)}"
            for source in self._systems.sources
        ]
        targets = ",".join(sorted(parts)) + "|" + ",".join(sorted(self._policy.delete_any))
        if self._get("sources") == targets:
            return False
        self._set("sources", targets)
        return True

    def facts(self, plan: Plan, shrank: Mapping[str, str], unlinked: Mapping[str, int]) -> dict[str, Facts]:
        """What the guards need to know of each system.  unlinked: links that this run dropped.  The links of a system of
        which nothing was dropped and to which nothing would be written are not counted: no guard asks for them."""
        found = {}
        for system in self._systems.names():
            relinked = unlinked.get(system, 0) + self._dropped(system)
            linked = sum(
                self._store.records.count_links(source.system, source.resource).get("active", 0)
                for source in (self._systems.of(system) if relinked or plan.items.count(system) else ())
            )
            rules = self._get(f"rules:{system}")
            found[system] = Facts(
                linked,
                self.first,
                loading=self.loading,
                shrank=shrank.get(system, ""),
                relinked=relinked,
                restored=self._get("restored") == "1",
                changed=("the mapping",) if rules and rules != self._rules(system) else (),
            )
        return found

    def planned(self, held: Collection[str], paused: Collection[str], unlinked: dict[str, int]) -> None:
        """A plan was carried out for all systems that were neither held nor paused: the rules that it was made with are
        accepted; a guard that saw many links go keeps seeing them until a person approves."""
        with self._store.transaction():
            for system in self._systems.names():
                if system not in held and system not in paused:
                    self._set(f"rules:{system}", self._rules(system))
                before = self._dropped(system)
                number = before + unlinked.pop(system, 0) if system in held else 0
                if number != before:
                    self._set(f"dropped:{system}", str(number))
            if self._get("restored") == "1" and not held and not paused:
                self._set("restored", "")  # everything was read, and nothing is held back any more

    def _rules(self, system: str) -> str:
        return ",".join(f"{item.resource}:{item.mapping.hash}:{item.scope}" for item in self._systems.of(system))

    def _dropped(self, system: str) -> int:
        """Links dropped in earlier runs that no approved or unhindered plan has followed yet."""
        return int(self._get(f"dropped:{system}", "0"))
