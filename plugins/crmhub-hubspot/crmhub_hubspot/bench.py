"""What the contract kit tries this connector on: the sandbox of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmhub_hubspot.plugin import hub_connectors
from crmhub_hubspot.sandbox import HubSpotSandbox
from hub.testing.kit import SandboxBench, Sent


class ContactsBench(SandboxBench):
    """Contacts of a sandbox."""

    connector = hub_connectors()[0]
    resource = "contacts"
    text = "jobtitle"
    sandbox_type = HubSpotSandbox
    collection = "contacts"
    secret_settings = ("token",)

    def document(self, number: int) -> dict[str, Any]:
        return {"lastname": f"N{number}", "jobtitle": f"Job {number}", "email": f"p{number}@x.example"}

    def writes(self, sent: Sent) -> bool:
        return super().writes(sent) and not sent.path.endswith(("/search", "/batch/read"))

    def text_of(self, document: Mapping[str, Any]) -> str:
        return str((document.get("properties") or document).get(self.text) or "")

    def is_there(self, document: Mapping[str, Any]) -> bool:
        return not document.get("archived")
