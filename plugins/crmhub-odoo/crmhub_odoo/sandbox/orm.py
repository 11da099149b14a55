"""The object layer: what the methods of models do.  One call is one transaction with one write_date."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crmhub_odoo.sandbox.domain import compiled
from crmhub_odoo.sandbox.errors import AccessError, Json, MissingError, PythonError, UserError, ValidationError
from crmhub_odoo.sandbox.partners import Partners
from crmhub_odoo.sandbox.schema import Field, models

if TYPE_CHECKING:
    from crmhub_odoo.sandbox.app import OdooSandbox

ADMIN, API_USER = 2, 6
_ACTIONS = {"read": "read", "create": "create", "write": "edit", "unlink": "delete"}
_ALLOWED = {"res.country", "res.country.state", "res.lang", "ir.model", "ir.model.fields", "res.company", "res.users"}
"""Models that a user for integrations may only read."""


class Orm:
    """Documents hold the stored fields of a record; what is empty is False.  ``context`` and ``user`` are the call's."""

    def __init__(self, sandbox: OdooSandbox) -> None:
        self._sandbox = sandbox
        self.partners = Partners(self)
        self.context: Mapping[str, Any] = {}
        self.user = API_USER
        self.stamp = ""
        self.created: list[tuple[str, int]] = []

    def begin(self, user: int, context: Mapping[str, Any] | None) -> None:
        """Start a transaction: its time is the write_date of all that it writes."""
        self.user, self.context = user, context or {}
        self.stamp = self._sandbox.now().replace(tzinfo=None).isoformat(" ", "microseconds")

    def fields(self, model: str) -> Mapping[str, Field]:
        """The fields that the account may see."""
        hidden = self._sandbox.switches.hidden_fields
        return {n: f for n, f in models(self._sandbox.switches.version)[model].items() if f"{model}.{n}" not in hidden}

    # methods of models

    def search(
        self,
        model: str,
        domain: Sequence[Any] = (),
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
    ) -> list[int]:
        return [item["id"] for item in self._found(model, domain, offset, limit, order)]

    def search_count(self, model: str, domain: Sequence[Any] = (), limit: int | None = None) -> int:
        return len(self._found(model, domain, 0, limit, None))

    def search_read(
        self, model: str, domain: Sequence[Any] = (), fields: Sequence[str] | None = None, offset: int = 0,
        limit: int | None = None, order: str | None = None, load: str | None = "_classic_read",
    ) -> list[Json]:  # fmt: skip
        found = self._found(model, domain, offset, limit, order)
        return [self.show(model, item, fields, load) for item in found]

    def read(
        self,
        model: str,
        ids: int | Sequence[int],
        fields: Sequence[str] | None = None,
        load: str | None = "_classic_read",
    ) -> list[Json]:
        self._permit(model, "read")
        rows = []
        for key in _ids(ids):
            document = self.table(model).get(str(key))
            if document is not None:
                rows.append(self.show(model, document, fields, load))
            elif self._sandbox.switches.read_missing == "raise":
                raise MissingError(model, key)
        return rows

    def create(self, model: str, vals_list: Any) -> int | list[int]:
        """One dict gives one id, a list of them a list."""
        self._permit(model, "create")
        made = [self._create(model, vals) for vals in ([vals_list] if isinstance(vals_list, Mapping) else vals_list)]
        return made[0] if isinstance(vals_list, Mapping) else made

    def write(self, model: str, ids: int | Sequence[int], vals: Mapping[str, Any]) -> bool:
        self._permit(model, "write")
        for key in _ids(ids):
            self.change(model, self.existing(model, key), vals)
        return True

    def unlink(self, model: str, ids: int | Sequence[int]) -> bool:
        self._permit(model, "unlink")
        for key in _ids(ids):
            document = self.existing(model, key)
            if model == "res.partner":
                self.partners.check_unlink(document)
            self.drop(model, key)
        return True

    def exists(self, model: str, ids: int | Sequence[int]) -> list[int]:
        return [key for key in _ids(ids) if str(key) in self.table(model)]

    def fields_get(
        self, model: str, allfields: Sequence[str] | None = None, attributes: Sequence[str] | None = None
    ) -> dict[str, Json]:
        shown = {}
        for name, field in self.fields(model).items():
            if allfields is None or not allfields or name in allfields:
                described = field.described(name)
                shown[name] = {n: v for n, v in described.items() if not attributes or n in attributes}
        return shown

    def name_search(
        self, model: str, name: str = "", args: Sequence[Any] = (), operator: str = "ilike", limit: int = 100
    ) -> list[list[Any]]:
        rows = self._found(model, [["name", operator, name], *args] if name else args, 0, limit, None)
        return [[item["id"], self.title(model, item)] for item in rows]

    def load(self, model: str, fields: Sequence[str], data: Sequence[Sequence[Any]]) -> Json:
        """Import rows; the column "id" is an external id (module.name) by which rows are created or updated.

        Any bad row rolls everything back: ids is False and messages say why.
        """
        self._permit(model, "create")
        ids, messages, undo = [], [], self._sandbox.state.snapshot()
        for number, row in enumerate(data):
            values = dict(zip(fields, row, strict=False))
            try:
                ids.append(self._load_row(model, values))
            except (UserError, ValidationError, PythonError) as error:
                place = {"from": number, "to": number}
                messages.append(
                    {"type": "error", "message": error.message, "record": number, "rows": place, "field": False}
                )
        if messages:
            undo()
            return {"ids": False, "messages": messages, "nextrow": 0}
        return {"ids": ids, "messages": [], "nextrow": 0}

    def context_get(self, model: str) -> Json:
        return {"lang": "en_US", "tz": "Europe/Vienna", "uid": self.user}

    def default_get(self, model: str, fields_list: Sequence[str]) -> Json:
        """What a new record starts with."""
        return {name: value for name, value in self._defaults(model).items() if name in fields_list}

    def check_object_reference(
        self, model: str, module: str, xml_id: str, raise_on_access_error: bool = False
    ) -> list[Any]:
        """[model, id] of an external id."""
        for item in self.table(model).values():
            if (item["module"], item["name"]) == (module, xml_id):
                return [item["model"], item["res_id"]]
        raise PythonError("ValueError", f"No such external ID currently defined in the system: {module}.{xml_id}")

    def check_access_rights(self, model: str, operation: str, raise_exception: bool = True) -> bool:
        try:
            self._permit(model, operation)
        except AccessError:
            if raise_exception:
                raise
            return False
        return True

    def has_access(self, model: str, ids: Sequence[int], operation: str) -> bool:
        return self.check_access_rights(model, operation, raise_exception=False)

    # documents

    def table(self, model: str) -> Any:
        """The documents of a model by id as text; of models about models a view made now."""
        if model not in ("ir.model", "ir.model.fields"):
            return self._sandbox.state.collection(model)
        known = models(self._sandbox.switches.version)
        rows: Iterable[Json] = (
            ({"model": name, "name": name} for name in known)
            if model == "ir.model"
            else (
                {
                    "model": owner, "name": name, "ttype": field.type, "required": field.required,
                    "field_description": field.described(name)["string"], "relation": field.relation or False,
                    "readonly": field.readonly,
                }
                for owner, fields in known.items()
                for name, field in fields.items()
            )
        )  # fmt: skip
        return {str(at): {"id": at, **row} for at, row in enumerate(rows, 1)}

    def existing(self, model: str, key: int) -> Json:
        found: Json | None = self.table(model).get(str(key))
        if found is None:
            raise MissingError(model, key)
        return found

    def change(self, model: str, document: Json, vals: Mapping[str, Any]) -> Json:
        """Write values and what follows from them."""
        kept = self._checked(model, vals, document)
        if model == "res.partner":
            self.partners.check(document, kept)
        new = {**document, **kept, "write_date": self.stamp, "write_uid": self.user}
        self.table(model)[str(document["id"])] = new
        if model == "res.partner":
            self.partners.follow(document, new, kept)
        return self.existing(model, document["id"])

    def drop(self, model: str, key: int) -> None:
        """Delete for good; references to it become empty, its external ids go, too."""
        del self.table(model)[str(key)]
        data = self.table("ir.model.data")
        for name in [n for n, item in data.items() if item["model"] == model and item["res_id"] == key]:
            del data[name]
        if model == "res.partner":
            for item in [item for item in self.table(model).values() if item.get("parent_id") == key]:
                self.table(model)[str(item["id"])] = {**item, "parent_id": False}

    def title(self, model: str, document: Json) -> str:
        """display_name."""
        name = document.get("name") or ""
        parent = self.table(model).get(str(document.get("parent_id")))
        if parent is not None and model == "res.partner.category":
            return f"{self.title(model, parent)} / {name}"
        if parent is not None and not document.get("is_company"):
            types = dict(self.fields(model)["type"].selection)
            return f"{parent.get('name') or ''}, {name or types.get(str(document.get('type')), '')}"
        return str(name)

    def value(self, model: str, document: Json, path: str) -> Any:
        """A field's value for comparing; dotted paths follow references."""
        head, _, rest = path.partition(".")
        field = self.fields(model).get(head)
        if field is None:
            raise PythonError("ValueError", f"Invalid field {model}.{head} in leaf")
        if head in ("write_date", "create_date"):
            text = document[head]
            return text[:19] if self._sandbox.switches.is_new else text.removesuffix(".000000")
        found = self._raw(model, document, head, field)
        if rest and field.relation:
            keys = found if isinstance(found, list) else [found] if found else []
            rows = [self.table(field.relation).get(str(key)) for key in keys]
            values = [self.value(field.relation, row, rest) for row in rows if row is not None]
            return list(itertools.chain.from_iterable(v if isinstance(v, list) else [v] for v in values)) or False
        return found

    def show(self, model: str, document: Json, names: Sequence[str] | None, load: str | None) -> Json:
        """A record as it is read."""
        fields = self.fields(model)
        unknown = [name for name in names or () if name not in fields]
        if unknown:
            raise PythonError("ValueError", f"Invalid field {unknown[0]!r} on model {model!r}")
        shown: Json = {"id": document["id"]}
        for name in names or fields:
            found = self._raw(model, document, name, fields[name])
            if fields[name].type == "datetime" and found:
                found = found[:19]
            if fields[name].type == "many2one" and found and load == "_classic_read":
                target = self.table(fields[name].relation).get(str(found))
                found = [found, self.title(fields[name].relation, target)] if target is not None else False
            shown[name] = found
        return shown

    # parts

    def _raw(self, model: str, document: Json, name: str, field: Field) -> Any:
        if name == "display_name":
            return self.title(model, document)
        if field.type == "one2many":
            rows = self.table(field.relation).values()
            return [i["id"] for i in rows if i.get(field.inverse) == document["id"] and i.get("active", True)]
        if model == "res.partner":
            computed = self.partners.computed(document, name)
            if computed is not None:
                return computed
        return document.get(name, [] if field.type == "many2many" else False)

    def _found(
        self, model: str, domain: Sequence[Any], offset: int, limit: int | None, order: str | None
    ) -> list[Json]:
        self._permit(model, "read")
        test = compiled(
            domain, lambda item, path: self.value(model, item, path), lambda item: self._ancestors(model, item)
        )
        rows = [item for item in self.table(model).values() if test(item)]
        asks = any(isinstance(leaf, (list, tuple)) and leaf and leaf[0] == "active" for leaf in domain)
        if "active" in self.fields(model) and not asks and self.context.get("active_test", True):
            rows = [item for item in rows if item.get("active", True)]
        default = "complete_name, id desc" if model == "res.partner" else "id"
        for part in reversed((order or default).split(",")):
            name, _, direction = part.strip().partition(" ")
            if name not in self.fields(model):
                raise PythonError("ValueError", f"Invalid field {name!r} on model {model!r}")
            rows.sort(
                key=lambda item: _sortable(self.value(model, item, name)), reverse=direction.strip().lower() == "desc"
            )  # sorted at once
        return rows[offset : offset + limit if limit else None]

    def _ancestors(self, model: str, document: Json) -> set[int]:
        found = {document["id"]}
        while document.get("parent_id"):
            document = self.existing(model, document["parent_id"])
            found.add(document["id"])
        return found

    def _create(self, model: str, vals: Mapping[str, Any]) -> int:
        number = self._sandbox.state.next_number(model)
        document: Json = {"id": number, "create_date": self.stamp, "create_uid": self.user, **self._defaults(model)}
        kept = self._checked(model, vals, document)
        new = {**document, **kept, "write_date": self.stamp, "write_uid": self.user}
        for name, field in self.fields(model).items():
            if field.required and new.get(name) in (None, False):
                raise ValidationError(f"Missing required value for the field {name!r} ({name}).\nModel: {model!r}")
        if model == "res.partner":
            new = self.partners.prepared(new, kept)
            self.partners.check(new, new)
        self.table(model)[str(number)] = new
        return number

    def _defaults(self, model: str) -> Json:
        own = {"type": "contact", "lang": "en_US", "is_company": False} if model == "res.partner" else {}
        return {**({"active": True} if "active" in self.fields(model) else {}), **own}

    def _load_row(self, model: str, values: dict[str, Any]) -> int:
        name = values.pop("id", None)
        key = values.pop(".id", None)
        vals = {
            n: self._imported(model, n, value) for n, value in ((f.removesuffix("/.id"), v) for f, v in values.items())
        }
        if not name:
            return (
                self._create(model, vals)
                if key is None
                else self.change(model, self.existing(model, int(key)), vals)["id"]
            )
        module, _, rest = str(name).rpartition(".")
        data = self.table("ir.model.data")
        known = next((i for i in data.values() if (i["module"], i["name"]) == (module, rest)), None)
        if known is not None and known["model"] != model:
            raise ValidationError(f"Record external id {name} is of the model {known['model']}")
        if known is not None and str(known["res_id"]) in self.table(model):
            return int(self.change(model, self.existing(model, known["res_id"]), vals)["id"])
        made = self._create(model, vals)
        number = self._sandbox.state.next_number("ir.model.data")
        row = {"id": number, "module": module, "name": rest, "model": model, "res_id": made, "noupdate": False}
        data[str(number)] = {**row, "create_date": self.stamp, "write_date": self.stamp}
        return made

    def _imported(self, model: str, name: str, value: Any) -> Any:
        """A cell as a value: an import takes booleans as words (odoo/addons/base/models/ir_fields.py)."""
        field = self.fields(model).get(name)
        if value in ("", None) or field is None or field.type != "boolean":
            return False if value in ("", None) else value
        word = str(value).lower()
        if not isinstance(value, str) or word not in ("1", "true", "yes", "0", "false", "no"):
            raise ValidationError(f"Unknown value {value!r} for boolean field {name!r}")
        return word in ("1", "true", "yes")

    def _checked(self, model: str, vals: Mapping[str, Any], document: Json) -> Json:
        """Values as they are kept.  Raises OdooError."""
        fields, kept = self.fields(model), {}
        for name, value in vals.items():
            field = fields.get(name)
            if field is None:
                raise PythonError("ValueError", f"Invalid field {name!r} on model {model!r}")
            if field.readonly:
                continue  # computed fields are computed anew
            kept[name] = self._fit(model, name, field, value, document)
        if "company_type" in kept:
            kept["is_company"] = kept.pop("company_type") == "company"
        return kept

    def _fit(self, model: str, name: str, field: Field, value: Any, document: Json) -> Any:
        if field.type == "many2many":
            return _linked(document.get(name, []), value)
        if field.type == "one2many":
            raise UserError(f"{name} cannot be written here; write the records it shows")
        if value is None or value is False:
            return False
        if field.type == "many2one":
            key = int(value)
            if str(key) not in self.table(field.relation):
                raise ValidationError(
                    f"The operation cannot be completed: a record of {field.relation} is missing ({key})"
                )
            return key
        if field.type == "selection" and value not in dict(field.selection):
            raise PythonError("ValueError", f"Wrong value for {model}.{name}: {value!r}")
        if field.type == "html":
            text = str(value)
            return text if not text or text.lstrip().startswith("<") else f"<p>{html.escape(text, quote=False)}</p>"
        if name == "website" and value and not re.match(r"^[a-z]+://", str(value)):
            return f"http://{value}"
        return value if field.type in ("boolean", "integer") else str(value)

    def _permit(self, model: str, operation: str) -> None:
        refused = f"{model}.{_ACTIONS[operation]}" in self._sandbox.switches.no_permission
        if refused or (operation != "read" and self.user != ADMIN and model in _ALLOWED):
            raise AccessError(
                f"You are not allowed to {operation} '{model}' ({model}) records.\n\n"
                "Contact your administrator to request access if necessary."
            )


def _ids(ids: int | Sequence[int]) -> list[int]:
    return [ids] if isinstance(ids, int) else list(ids)


def _linked(old: list[int], commands: Any) -> list[int]:
    """The commands 3 to 6 on a list of links; a plain list of ids replaces."""
    if not isinstance(commands, (list, tuple)):
        raise PythonError("ValueError", f"Wrong value for a list: {commands!r}")
    if all(isinstance(item, int) for item in commands):
        return list(commands)
    new = list(old)
    for code, key, *rest in commands:
        if code == 4 and key not in new:
            new.append(key)
        elif code == 3:
            new = [item for item in new if item != key]
        elif code == 5:
            new = []
        elif code == 6:
            new = list(rest[0])
        elif code not in (3, 4):
            raise UserError(f"The command {code} is not offered here")
    return new


def _sortable(value: Any) -> tuple[int, Any]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (1, value)
    return (0, "") if value is False else (2, str(value).casefold())
