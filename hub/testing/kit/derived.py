"""Benches that nobody wrote: on a stand-in made from a connector's description, filled by what its mapping says.

They show that description, mapping and connector agree with each other, so that a plugin without any Python is tried, too.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from hub.contract.connector import AnyConnector, ConnectorConfig
from hub.mapping.spec import MappingSpec
from hub.rest.spec import RestSpec
from hub.rest.template import variables
from hub.testing.kit.standin import StandInBench

_WORD = "stand-in-value"
_LAST = ("notes", "job.title", "company_text")
"""Canonical fields that may be empty, the best first: one of them is the text field."""


def derived_bench(
    connector: type[AnyConnector], resource: str, mapping: MappingSpec | None
) -> type[StandInBench] | None:
    """A bench for a resource; None without a description, or where the mapping has no two plain texts."""
    spec = getattr(connector, "spec", None)
    if not isinstance(spec, RestSpec) or mapping is None:
        return None
    texts = dict(_texts(mapping))
    text_field = next((texts[name] for name in _LAST if name in texts), None)
    text_field = text_field or next((at for name, at in texts.items() if not _required(mapping, name)), None)
    if text_field is None:
        return None
    filled = list(texts.values())
    email = next(_emails(mapping), None)
    known, place, shown = connector, resource, text_field  # a class body sees no names of its own kind around it

    class DerivedBench(_Derived):
        """A resource of a stand-in."""

        connector = known
        resource = place
        text = shown

        def document(self, number: int) -> dict[str, Any]:
            found: dict[str, Any] = {name: f"{name} {number}" for name in filled}
            return {**found, **({email: f"p{number}@x.example"} if email else {})}

    return DerivedBench


class _Derived(StandInBench):
    """Settings that the description does not name get made-up values; a fixed address is replaced by the stand-in's."""

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        with super().system(folder):
            assert self.wire is not None
            kind: Any = self.connector
            spec: RestSpec = kind.spec
            if not self._address():
                url = f"{self.wire.url}{self.sandbox.prefix}"  # type: ignore[attr-defined]  # of the stand-in
                self.connector = type(kind.__name__, (kind,), {"spec": spec.model_copy(update={"url": url})})  # type: ignore[misc]  # for this rule
            yield

    def settings(self) -> Mapping[str, Any]:
        assert self.wire is not None
        given: dict[str, Any] = {**_made_up(self.connector.Config), **self.sandbox.credentials()}
        return {**given, **({self._address(): self.wire.url} if self._address() else {})}

    def _address(self) -> str:
        """The setting that holds the address; "" where the description fixes it."""
        kind: Any = self.connector
        names = [name.removeprefix("settings.") for name in variables(kind.spec.url) if name.startswith("settings.")]
        return names[0] if names else ""


def _texts(mapping: MappingSpec) -> Iterator[tuple[str, str]]:
    """Canonical name and native key of plain texts at the top level."""
    for name, lines in mapping.fields.items():
        line = lines[0]
        plain = len(lines) == 1 and len(line.at) == 1 and line.pair.partition("(")[0] in ("", "text", "line")
        odd = line.table or line.ref or line.only_when or line.direction != "both" or name in ("kind", "status")
        if plain and not odd and "." not in line.at[0]:
            yield name, line.at[0]


def _required(mapping: MappingSpec, name: str) -> bool:
    return mapping.fields[name][0].required


def _emails(mapping: MappingSpec) -> Iterator[str]:
    found = mapping.collections.get("emails")
    for slot in found.slots if found is not None else ():
        at = slot.members["value"].at if "value" in slot.members else ()
        if len(at) == 1 and "." not in at[0]:
            yield at[0]


def _made_up(config: type[ConnectorConfig]) -> dict[str, Any]:
    """A value for every setting that is needed."""
    values: dict[str, Any] = {}
    for name, field in config.model_fields.items():
        if not field.is_required():
            continue
        kind: Any = field.annotation
        if typing.get_origin(kind) is Literal:
            values[name] = typing.get_args(kind)[0]
        elif kind is SecretStr:
            values[name] = SecretStr(_WORD)
        elif kind in (int, float, bool):
            values[name] = kind(1)
        elif typing.get_origin(kind) in (tuple, list):
            values[name] = ()
        else:
            # whatever looks like an address must be one
            values[name] = "http://127.0.0.1:9" if "url" in name else _WORD
    return values
