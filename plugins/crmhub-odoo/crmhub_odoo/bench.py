"""What the contract kit tries this connector on: the sandbox of this package, as several versions of Odoo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal

from crmhub_odoo.connector import OdooConnector
from crmhub_odoo.sandbox import OdooSandbox, OdooSwitches
from hub.testing.kit import SandboxBench

Version = Literal["16.0", "17.0", "18.0", "19.0"]


class PartnersBench(SandboxBench):
    """Partners of Odoo 18 over JSON-RPC."""

    connector = OdooConnector
    resource = "partners"
    text = "function"
    sandbox_type = OdooSandbox
    collection = "res.partner"
    address = "url"
    secret_settings = ("api_key",)
    version: ClassVar[Version] = "18.0"
    sandbox: OdooSandbox

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        with super().system(folder):
            self.sandbox.switches = OdooSwitches(version=self.version)
            self._own = set(self.sandbox.state.dump()["res.partner"])  # the company and its users
            yield

    def settings(self) -> Mapping[str, Any]:
        return {**super().settings(), "database": "demo", "page": 3}

    def document(self, number: int) -> dict[str, Any]:
        return {"name": f"Person {number}", "function": f"job {number}", "email": f"p{number}@x.example"}

    def is_there(self, document: Mapping[str, Any]) -> bool:
        return str(document["id"]) not in self._own and bool(document["active"])

    def person_writes(self, id_: str, text: str) -> None:
        self.sandbox.user.edit(self.collection, int(id_), {self.text: text})

    def person_deletes(self, id_: str) -> None:
        self.sandbox.user.delete(self.collection, int(id_))


class Partners16Bench(PartnersBench):
    """The oldest supported version."""

    version = "16.0"
    variant = True


class Partners19Bench(PartnersBench):
    """JSON-2; writes of contacts flow up to their company."""

    version = "19.0"
    variant = True
