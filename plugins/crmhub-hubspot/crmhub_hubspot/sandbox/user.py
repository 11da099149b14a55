"""What a person does in the web pages of HubSpot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crmhub_hubspot.sandbox.records import Document, Records

if TYPE_CHECKING:
    from crmhub_hubspot.sandbox.app import HubSpotSandbox


class HubSpotUser:
    """Mei, who works in HubSpot.  Raises KeyError where there is no such record; resources: contacts, companies."""

    def __init__(self, sandbox: HubSpotSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records

    def create(self, resource: str, data: Mapping[str, Any]) -> str:
        """Enter a record; returns its id."""
        with self._hand():
            return str(self._records.create(resource, data)["id"])

    def edit(self, resource: str, id: str, data: Mapping[str, Any]) -> None:
        """Change properties; None or "" clears."""
        with self._hand():
            self._records.update(
                resource, self._get(resource, id), {n: "" if v is None else v for n, v in data.items()}
            )

    def delete(self, resource: str, id: str) -> None:
        """Archive a record; it can be restored."""
        with self._hand():
            self._records.archive(resource, self._get(resource, id))

    def delete_for_good(self, resource: str, id: str) -> None:
        """Delete as the law demands; nothing shows it any more."""
        with self._hand():
            self._records.forget(resource, self._get(resource, id))

    def restore(self, resource: str, id: str) -> None:
        """Take an archived record back."""
        with self._hand():
            self._records.restore(resource, self._sandbox.state.collection(resource)[id])

    def merge(self, resource: str, master: str, other: str) -> str:
        """Merge ``other`` into ``master``; returns the id of the result."""
        with self._hand():
            merged = self._sandbox.merge(resource, self._get(resource, master), self._get(resource, other))
            return str(merged["id"])

    def associate(self, contact: str, company: str, primary: bool = True) -> None:
        """Make a contact belong to a company."""
        with self._hand():
            spec = {"to": {"id": company}, "types": [{"associationTypeId": 1 if primary else 279}]}
            self._sandbox.associations.make("contacts", contact, [spec])

    def get(self, resource: str, id: str) -> dict[str, Any]:
        """All properties of a record."""
        with self._hand():
            document = self._get(resource, id)
            return dict(self._records.show(resource, document, self._records.properties(resource))["properties"])

    def find(self, resource: str) -> list[dict[str, Any]]:
        """All records with all properties, oldest first."""
        with self._hand():
            names = self._records.properties(resource)
            return [self._records.show(resource, item, names) for item in self._records.alive(resource)]

    @contextmanager
    def _hand(self) -> Iterator[None]:
        with self._sandbox.turn():
            self._sandbox.by_api = False
            try:
                yield
            finally:
                self._sandbox.by_api = True

    def _get(self, resource: str, id: str) -> Document:
        found = self._records.get(resource, id)
        if found is None:
            raise KeyError(f"there is no record {id} in {resource}")
        return found
