"""The mapping files of a configuration, and what they are compiled to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hub.bootstrap.parts import UsageProblem
from hub.config.model import Config, Connection
from hub.config.read import unknown_name
from hub.connected import Discovered
from hub.contract.records import Resource
from hub.loader import Registry

if TYPE_CHECKING:
    from hub.mapping.compiled import CompiledMapping
    from hub.mapping.spec import MappingSpec


class Mappings:
    """Reads the files at first use.

    registry: all plugins;  plugins: those that this configuration needs.
    """

    def __init__(self, config: Config, registry: Callable[[], Registry], plugins: Callable[[], Registry]) -> None:
        self._config, self._registry, self._plugins = config, registry, plugins
        self._specs: Mapping[str, MappingSpec] | None = None
        self._own_specs: Mapping[str, MappingSpec] | None = None
        self._drafts: Mapping[Path, str] = {}

    @property
    def specs(self) -> Mapping[str, MappingSpec]:
        """All mapping files by name.  Raises MappingError."""
        if self._specs is None:
            self._specs = self._load_specs(self._registry())
        return self._specs

    def _load_specs(self, plugins: Registry) -> Mapping[str, MappingSpec]:
        from hub.mapping.registry import load_mappings

        return load_mappings(plugins.mapping_folders(), own=[self._config.hub.mappings], drafts=self._drafts)

    def _needed_specs(self) -> Mapping[str, MappingSpec]:
        """The mapping files of the plugins that this configuration needs, and the user's own."""
        from hub.mapping.errors import MappingError

        if self._specs is not None:
            return self._specs
        if self._own_specs is None:
            try:
                self._own_specs = self._load_specs(self._plugins())
            except MappingError:
                self._own_specs = self.specs  # an own file may extend that of a plugin that is not needed otherwise
        return self._own_specs

    def attempt(self, drafts: Mapping[Path, str]) -> None:
        """From now on mapping files of the user's folder say this, whether they are written or not."""
        self._drafts, self._specs, self._own_specs = drafts, None, None

    def spec(self, connection: Connection, resource: Resource) -> MappingSpec:
        """The mapping file of a resource: the configured one, else the connector's default.  Raises UsageProblem."""
        name = connection.mappings.get(resource.name) or resource.mapping or f"{connection.plugin}.{resource.name}"
        found = self._needed_specs().get(name) or self.specs.get(name)
        if found is None:
            file, line = connection.place("mapping")
            raise UsageProblem(unknown_name("mapping", name, sorted(self.specs)), where=f"{file}:{line}")
        return found

    def compiled(self, connection: Connection, resource: Resource, known: Discovered) -> CompiledMapping:
        """The mapping of a resource, compiled for what is known about the installation.  Raises MappingError."""
        from hub.mapping.compile import compile_mapping
        from hub.mapping.transforms import Registry as Transforms

        return compile_mapping(
            self.spec(connection, resource),
            server_version=known.version or None,
            schema=known.fields(resource.name),
            region=connection.region or self._config.hub.region,
            registry=Transforms(self._plugins().transforms),
        )
