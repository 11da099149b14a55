"""The systems of a sync as the engine sees them: connectors with compiled mappings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hub.contract.connector import AnyConnector
from hub.contract.records import Capabilities
from hub.mapping.view import Mapping_


@dataclass(slots=True, eq=False)
class Source:
    """One resource of one system with its mapping.  scope: hash of what selects the records (settings that narrow it)."""

    system: str
    resource: str
    connector: AnyConnector
    mapping: Mapping_
    capabilities: Capabilities
    scope: str = ""
    writable: bool = True
    calls: Callable[[], int] = lambda: 0
    """API calls made so far on this connection."""
    _kind: tuple[Mapping_, str | None] | None = field(default=None, repr=False)

    @property
    def only_kind(self) -> str | None:
        """The kind that every record of the resource has (its mapping says so with a constant); None if any may stand
        there."""
        if self._kind is None or self._kind[0] is not self.mapping:
            spec = self.mapping.fields.get("kind")
            constant = self.mapping.get({}) if spec is not None and not spec.roots else None
            self._kind = self.mapping, (None if constant is None else constant.fields.get("kind"))
        return self._kind[1]


@dataclass(slots=True)
class Systems:
    """All sources of a sync, in the order of the configuration."""

    sources: list[Source] = field(default_factory=list)
    offsets: dict[str, float] = field(default_factory=dict)
    """Measured clock offset per system: hub clock minus system clock, in seconds."""
    facts: list[Source] = field(default_factory=list)
    """Resources of facts (interactions): only read, after the customers."""

    def names(self) -> list[str]:
        return list(dict.fromkeys(source.system for source in self.sources))

    def of(self, system: str) -> list[Source]:
        return [source for source in self.sources if source.system == system]

    def source(self, system: str, resource: str) -> Source:
        return next(item for item in self.sources if item.system == system and item.resource == resource)

    def find(self, system: str, resource: str) -> Source | None:
        return next((item for item in self.sources if item.system == system and item.resource == resource), None)

    def mapping(self, system: str) -> Mapping_ | None:
        """The mapping of a system's first resource (for rule C13)."""
        found = self.of(system)
        return found[0].mapping if found else None

    def hashes(self) -> Mapping[str, str]:
        return {f"{item.system}/{item.resource}": item.mapping.hash for item in self.sources}
