"""What the contract kit tries this connector on: the sandbox of this package, with its documented limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmhub_zoho.connector import ZohoConnector
from crmhub_zoho.sandbox import ZohoSandbox
from hub.testing.kit import SandboxBench


class ContactsBench(SandboxBench):
    """Contacts of a sandbox."""

    connector = ZohoConnector
    resource = "Contacts"
    text = "Description"
    sandbox_type = ZohoSandbox
    collection = "Contacts"
    secret_settings = ("client_secret", "refresh_token")
    address = "accounts_url"

    def document(self, number: int) -> dict[str, Any]:
        return {"Last_Name": f"N{number}", "Description": f"text {number}", "Email": f"p{number}@x.example"}

    def text_of(self, document: Mapping[str, Any]) -> str:
        return str(document["values"].get(self.text) or "")

    def is_there(self, document: Mapping[str, Any]) -> bool:
        return document["deleted"] is None

    def held(self, text: str) -> str:
        return text.strip()

    def expire_token(self) -> bool:
        with self.sandbox.turn():
            tokens = self.sandbox.state.collection("access_tokens")
            for token in list(tokens):
                del tokens[token]
        return True


class LeadsBench(ContactsBench):
    """Leads, which the hub never creates."""

    resource = "Leads"
    collection = "Leads"
    variant = True

    def settings(self) -> Mapping[str, Any]:
        return {**super().settings(), "modules": ("Contacts", "Leads")}

    def document(self, number: int) -> dict[str, Any]:
        return {**super().document(number), "Company": f"Firm {number}"}
