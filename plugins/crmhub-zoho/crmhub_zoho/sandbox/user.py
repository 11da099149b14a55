"""What a person does in the web pages of Zoho CRM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmhub_zoho.sandbox.fields import MODULES
from crmhub_zoho.sandbox.records import PERSON, Document, Records

if TYPE_CHECKING:
    from crmhub_zoho.sandbox.app import ZohoSandbox


class ZohoUser:
    """Mei, who works in the CRM.  Every method raises KeyError where there is no such record.

    What she types is taken as it is: the pages check no more than the API, and tests want odd values, too.
    """

    def __init__(self, sandbox: ZohoSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records

    def create(self, resource: str, data: Mapping[str, Any]) -> str:
        """Enter a record; returns its id.  Lookups are given as ids, tags as names."""
        with self._sandbox.turn():
            return str(self._records.insert(resource, _known(resource, data), PERSON)["id"])

    def edit(self, resource: str, id: str, data: Mapping[str, Any]) -> None:
        """Change fields; None clears."""
        with self._sandbox.turn():
            self._records.update(resource, self._get(resource, id), _known(resource, data), PERSON)

    def delete(self, resource: str, id: str) -> None:
        """Move a record to the recycle bin."""
        with self._sandbox.turn():
            self._records.delete(resource, self._get(resource, id), PERSON)

    def delete_for_good(self, resource: str, id: str) -> None:
        """Empty one record from the recycle bin."""
        with self._sandbox.turn():
            self._records.delete(resource, self._sandbox.state.collection(resource)[id], PERSON, "permanent")

    def restore(self, resource: str, id: str) -> None:
        """Take a record out of the recycle bin."""
        with self._sandbox.turn():
            document = self._sandbox.state.collection(resource)[id]
            if document["deleted"] is None or document["deleted"]["type"] != "recycle":
                raise KeyError(f"{resource} {id} is not in the recycle bin")
            self._records.restore(resource, document, PERSON)

    def merge(self, resource: str, master: str, other: str, take: Mapping[str, Any] | None = None) -> None:
        """Merge ``other`` into ``master``; ``take``: values that the person picked instead of the master's."""
        with self._sandbox.turn():
            self._sandbox.moves.fold(
                resource, self._get(resource, master), [self._get(resource, other)], take or {}, PERSON
            )

    def convert(self, id: str) -> str:
        """Make a contact (and an account, if the lead names a company) of a lead; returns the contact's id."""
        with self._sandbox.turn():
            return str(self._sandbox.moves.make_contact(self._get("Leads", id), {}, PERSON)["Contacts"]["id"])

    def get(self, resource: str, id: str) -> dict[str, Any]:
        """A record as the API shows it."""
        with self._sandbox.turn():
            return self._records.show(resource, self._get(resource, id))

    def find(self, resource: str) -> list[dict[str, Any]]:
        """All records as the API shows them, oldest first."""
        with self._sandbox.turn():
            return [self._records.show(resource, item) for item in self._records.alive(resource)]

    def make_grant(self, scope: str = "") -> str:
        """A one-time code from the API console."""
        with self._sandbox.turn():
            accounts = self._sandbox.accounts
            return accounts.make_grant(scope) if scope else accounts.make_grant()

    def revoke(self, refresh_token: str) -> None:
        """Withdraw an application's access."""
        with self._sandbox.turn():
            self._sandbox.accounts.forget(refresh_token)

    def _get(self, resource: str, id: str) -> Document:
        if resource not in MODULES:
            raise KeyError(f"there is no module {resource}")
        found = self._records.get(resource, id)
        if found is None:
            raise KeyError(f"there is no record {id} in {resource}")
        return found


def _known(resource: str, data: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(data) - set(MODULES[resource].fields))
    if unknown:
        raise ValueError(f"{resource} has no field {', '.join(unknown)}")
    return {name: None if value == "" else value for name, value in data.items()}
