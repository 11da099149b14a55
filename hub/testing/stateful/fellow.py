"""The other system of a stress test: a system in memory that can hold what the connector's mapping can, in other shapes.

Its texts are flat columns and its e-mail addresses are rows with ids, whatever they are in the connector's system, so
that nothing agrees only because both sides are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, cast

from hub.contract.connector import Context
from hub.mapping.compile import compile_mapping
from hub.mapping.compiled import CompiledMapping
from hub.mapping.parse import parse_mapping
from hub.mapping.spec import MappingSpec
from hub.mapping.view import View
from hub.testing.memory import Document, MemoryConnector, MemoryServer, Traits

SYSTEM, RESOURCE = "fellow", "people"
TEXTS = frozenset(
    [f"name.{part}" for part in ("full", "given", "family", "middle", "prefix", "suffix")]
    + ["notes", "company_text", "job.title", "job.department", "job.role"]
)
"""Canonical fields that take any line of text."""

_EMAILS = '[emails]\nlist = "emails"\nid = "id"\nvalue = { at = "value", as = "email" }\nprimary = "first"\n'


@dataclass(frozen=True, slots=True)
class Shape:
    """What both systems can hold.

    columns: canonical texts;  text: the one that the bench's text field is;  emails: whether addresses have a place.
    kind:    what the bench's customers are, "" where their system does not say;  known: whether they can be recognised.
    """

    columns: tuple[str, ...]
    text: str
    emails: bool
    kind: str = ""
    known: bool = False

    def mapping(self) -> CompiledMapping:
        """The mapping of the system in memory."""
        fields = "\n".join(f'{name} = "{column(name)}"' for name in self.columns)
        head = f'version = 1\nsystem = "{SYSTEM}"\nresource = "{RESOURCE}"\nrecord = "customer"\nmatch = ["email"]'
        kind = 'kind = "kind"' if self.kind else ""
        text = f"{head}\n[fields]\n{kind}\n{fields}\n{_EMAILS if self.emails else ''}"
        return compile_mapping(parse_mapping(text, name=f"{SYSTEM}.{RESOURCE}", file=f"{SYSTEM}.toml"))

    def document(self, view: View) -> Document:
        """What somebody types into the system in memory who sees this in the other one."""
        found: Document = {"kind": self.kind} if self.kind else {}
        for name in self.columns:
            value = value_of(view, name)
            if value is not None:
                found[column(name)] = value
        if self.emails:
            found["emails"] = [
                {"value": item.value} for item in view.collections.get("emails", ()) if item.value is not None
            ]
        return found


def column(name: str) -> str:
    """The column of a canonical field."""
    return name.replace(".", "_")


def value_of(view: View, name: str) -> Any:
    """A canonical value; None where there is none."""
    if name.startswith("name."):
        return (view.fields.get("name") or {}).get(name[5:])
    return view.fields.get(name)


def shape_of(spec: MappingSpec, mapping: CompiledMapping, before: View, after: View) -> Shape | None:
    """What a mapping can hold, from the view of a record before and after its text field was changed; None where the
    text field is none that both systems can hold."""
    there = {name for name, lines in spec.fields.items() if name in TEXTS and any(line.at for line in lines)}
    texts = [name for name in sorted(there) if value_of(before, name) != value_of(after, name)]
    if not texts:
        return None
    # a full name that is only put together from its parts changes with them: the part is what was typed
    text = next((name for name in texts if name != "name.full"), texts[0])
    kept = {name for name in there if _two_way(mapping, name)} | {text}
    # a name is shown in parts or as a whole: what is put together from the other is no field of its own
    parts = any(value_of(before, name) for name in ("name.given", "name.family"))
    unused = {"name.full"} if parts else {name for name in kept if name.startswith("name.")} - {"name.full"}
    columns = tuple(sorted(kept - (unused - {text})))
    known = any(item.value is not None for item in before.collections.get("emails", ()))
    return Shape(columns, text, "emails" in mapping.collections, str(before.fields.get("kind") or ""), known)


def _two_way(mapping: CompiledMapping, name: str) -> bool:
    field = mapping.fields.get("name" if name.startswith("name.") else name)
    if field is None or field.direction != "both":
        return False
    return field.members is None or name.removeprefix("name.") in field.members


def draw_server(random: Random, shape: Shape, clock: Callable[[], float]) -> MemoryServer:
    """A system in memory with traits that the seed draws."""
    traits = Traits(
        conditional=random.random() < 0.7,
        feed=random.random() < 0.6,
        page=random.choice([1, 3, 50]),
        batch=random.choice([1, 4, 10]),
        image=random.random() < 0.7,
        parts={"emails": "by_id"} if shape.emails else {},
    )
    return MemoryServer(traits, clock)


def connect(server: MemoryServer) -> MemoryConnector:
    """A connector of its own for each run, as a new process would have."""
    context = Context(SYSTEM, cast(Any, None), Path())  # there is no HTTP in memory
    return MemoryConnector(server, context, RESOURCE)


def texts_of(server: MemoryServer, shape: Shape) -> Mapping[str, str]:
    """Every record that a person sees: id -> its text."""
    return {id_: str(data.get(column(shape.text)) or "") for id_, data in server.alive().items()}
