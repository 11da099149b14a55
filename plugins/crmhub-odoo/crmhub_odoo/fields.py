"""What a database offers: rights of our user, and the fields of a partner with the values that they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from crmhub_odoo.document import LOOKUPS, PARENTS, PART, SLOTS, TAGS
from crmhub_odoo.rpc import Rpc
from crmhub_odoo.tables import Tables
from hub import plugin

_READ = (
    "res.partner",
    "res.users",
    "res.company",
    "res.country",
    "res.country.state",
    "res.partner.category",
    "ir.model.data",
)
_WRITE = (("res.partner", ("create", "write", "unlink")), ("res.partner.category", ("create",)))
_TYPES: Mapping[str, Literal["text", "number", "bool", "date", "datetime", "enum", "list", "reference"]] = {
    "boolean": "bool", "integer": "number", "float": "number", "monetary": "number", "date": "date",
    "datetime": "datetime", "selection": "enum", "many2one": "reference", "one2many": "list", "many2many": "list",
}  # fmt: skip


def check_rights(rpc: Rpc, login: str, url: str) -> plugin.Account:
    """Sign in and ask which rights we have.  Raises AuthError, ConfigError, Unavailable."""
    found = rpc.read("res.users", "context_get")
    if not isinstance(found, dict):
        raise plugin.Unavailable(f"The server at {url} does not say who we are", remote_text=str(found)[:120])
    granted: list[str] = []
    missing: list[str] = []
    wanted = [(model, ("read",)) for model in _READ]
    for model, rights in (*wanted, *_WRITE):
        for right in rights:
            (granted if _may(rpc, model, right) else missing).append(f"{right} {model}")
    return plugin.Account(
        name=login or f"user {found.get('uid', '?')}",
        server=f"Odoo {rpc.server.version} at {url} ({rpc.server.transport})",
        version=rpc.server.version,
        granted=granted,
        missing=missing,
        clock=rpc.server_time,
    )


def _may(rpc: Rpc, model: str, right: str) -> bool:
    if rpc.server.number >= 18:  # check_access_rights is deprecated there
        return bool(rpc.read(model, "has_access", ids=[], operation=right))
    return bool(rpc.read(model, "check_access_rights", operation=right, raise_exception=False))


def partner_fields(
    found: Mapping[str, Mapping[str, Any]], read: Sequence[str], tables: Tables
) -> Iterator[plugin.Field]:
    """The fields of the native document: what is read, as this server describes it."""
    for name in read:
        if name in (TAGS, "type"):
            continue
        yield _field(name, name, found[name], tables)
    yield plugin.Field(TAGS, "list", label="Tags")
    yield plugin.Field(f"{TAGS}.name", label="Tag", required=True)
    for path in SLOTS:
        yield plugin.Field(path, "object", label=f"{path.title()} address")
        for name in PART:
            if name in found:
                yield _field(f"{path}.{name}", name, found[name], tables)


def _field(path: str, name: str, told: Mapping[str, Any], tables: Tables) -> plugin.Field:
    values: Sequence[str] | None = None
    kind = _TYPES.get(str(told.get("type")), "text")
    if name in LOOKUPS and name != "user_id":
        kind, values = "enum", list(dict.fromkeys(tables.words(LOOKUPS[name]).values()))
    elif kind == "enum":
        values = [str(key) for key, _ in told.get("selection") or ()]
    return plugin.Field(
        path,
        kind,
        label=str(told.get("string") or name),
        required=bool(told.get("required")),
        read_only=bool(told.get("readonly")) and name not in PARENTS,
        values=values,
        custom=name.startswith("x_"),
    )
