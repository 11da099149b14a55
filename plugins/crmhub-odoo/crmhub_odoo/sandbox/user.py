"""What a person does in the pages of Odoo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmhub_odoo.sandbox.errors import Json, MissingError, OdooError
from crmhub_odoo.sandbox.orm import ADMIN

if TYPE_CHECKING:
    from crmhub_odoo.sandbox.app import OdooSandbox


class OdooUser:
    """Mitchell, the admin.  Raises KeyError where there is no such record, ValueError where Odoo refuses."""

    def __init__(self, sandbox: OdooSandbox) -> None:
        self._sandbox = sandbox

    def create(self, resource: str, data: Mapping[str, Any]) -> int:
        """Enter a record of a model; returns its id."""
        return int(self._do("create", resource, dict(data)))

    def edit(self, resource: str, id: int, data: Mapping[str, Any]) -> None:
        """Change fields; False clears."""
        self._do("write", resource, id, data)

    def archive(self, resource: str, id: int) -> None:
        self._do("write", resource, id, {"active": False})

    def restore(self, resource: str, id: int) -> None:
        self._do("write", resource, id, {"active": True})

    def delete(self, resource: str, id: int) -> None:
        """Delete for good."""
        self._do("unlink", resource, id)

    def merge(self, resource: str, master: int, other: int) -> None:
        """Merge ``other`` into ``master`` (res.partner): gaps are filled, contacts move over, the other is deleted."""
        with self._sandbox.turn():
            orm = self._sandbox.orm
            orm.begin(ADMIN, None)
            kept, gone = orm.existing(resource, master), orm.existing(resource, other)
            gaps = {name: value for name, value in gone.items() if value and not kept.get(name) and name != "parent_id"}
            orm.table(resource)[str(master)] = {**gaps, **kept, **gaps, "write_date": orm.stamp, "write_uid": ADMIN}
            for child in [item for item in orm.table(resource).values() if item.get("parent_id") == other]:
                moved = {**child, "parent_id": master, "write_date": orm.stamp}
                orm.table(resource)[str(child["id"])] = moved
            orm.drop(resource, other)

    def get(self, resource: str, id: int) -> Json:
        """All fields of a record; references are ids."""
        found: Json = self._do("read", resource, [id], None, None)[0]
        return found

    def find(self, resource: str) -> list[Json]:
        """All records, also archived ones, oldest first."""
        with self._sandbox.turn():
            orm = self._sandbox.orm
            orm.begin(ADMIN, {"active_test": False})
            return orm.search_read(resource, order="id", load=None)

    def _do(self, method: str, *arguments: Any) -> Any:
        with self._sandbox.turn():
            orm, undo = self._sandbox.orm, self._sandbox.state.snapshot()
            orm.begin(ADMIN, None)
            try:
                return getattr(orm, method)(*arguments)
            except OdooError as error:
                undo()
                raise (KeyError if isinstance(error, MissingError) else ValueError)(error.message) from None
