"""Leads that become contacts, records that are merged, and tags (API v8: Convert Lead, Merge and Add Tags)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_zoho.sandbox.fields import MODULES
from crmhub_zoho.sandbox.reading import is_converted
from crmhub_zoho.sandbox.records import Document, Records
from crmhub_zoho.sandbox.shapes import INVALID_ID, Item, error, refuse, stored
from hub.testing.sandbox import Call, reply

if TYPE_CHECKING:
    from crmhub_zoho.sandbox.app import ZohoSandbox

MERGED, TAGGED = 3, 500
_SAME = (
    "Last_Name",
    "First_Name",
    "Salutation",
    "Email",
    "Secondary_Email",
    "Phone",
    "Mobile",
    "Fax",
    "Skype_ID",
    "Twitter",
    "Lead_Source",
    "Description",
    "Email_Opt_Out",
    "Owner",
    "Tag",
)
_OTHER = {
    "Designation": "Title",
    "Street": "Mailing_Street",
    "City": "Mailing_City",
    "State": "Mailing_State",
    "Zip_Code": "Mailing_Zip",
    "Country": "Mailing_Country",
}


class Moves:
    """Answers calls that turn records into others."""

    def __init__(self, sandbox: ZohoSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records

    def convert(self, call: Call) -> Response:
        self._sandbox.sign_in(call, "modules.leads", "UPDATE")
        self._sandbox.spend(5)
        lead = self._records.get("Leads", call.params["id"])
        if lead is None:
            raise refuse(400, "INVALID_DATA", INVALID_ID, {"resource_path_index": 1})
        if is_converted(lead):
            raise refuse(400, "ID_ALREADY_CONVERTED", "id already converted", {"id": lead["id"]})
        given = _rows(call, "data")[0]
        for module in ("Contacts", "Accounts"):
            target = (given.get(module) or {}).get("id")
            if target is not None and self._records.get(module, str(target)) is None:
                details = {"api_name": module, "json_path": f"$.data[0].{module}.id"}
                raise refuse(400, "INVALID_DATA", INVALID_ID, details)
        details = self.make_contact(lead, given, self._sandbox.caller)
        done = {
            "code": "SUCCESS",
            "details": details,
            "message": "The record has been converted successfully",
            "status": "success",
        }
        return reply(200, {"data": [done]})

    def merge(self, call: Call) -> Response:
        """The body is documented; where values of a child are taken, ``_fields`` names them."""
        module = self._sandbox.enter(call, "edit", "delete")
        self._sandbox.spend(50)
        order = _rows(call, "merge")[0]
        children = order.get("data") or []
        keys = [call.params["id"], *(str(item.get("id")) for item in children)]
        found = [self._records.get(module, key) for key in keys]
        if len(keys) > MERGED or len(set(keys)) != len(keys) or len(keys) < 2:
            raise refuse(400, "INVALID_DATA", "invalid data", {"api_name": "data", "json_path": "$.merge[0].data"})
        documents = [item for item in found if item is not None]
        if len(documents) != len(keys):
            raise refuse(400, "INVALID_DATA", INVALID_ID, {"api_name": "id", "json_path": "$.merge[0].data"})
        taken: dict[str, Any] = {}
        for item, document in zip(children, documents[1:], strict=True):
            names = [field["api_name"] for field in item.get("_fields") or []]
            taken |= {name: document["values"].get(name) for name in names if name in MODULES[module].fields}
        self.fold(module, documents[0], documents[1:], taken, self._sandbox.caller)
        done = {
            "code": "SUCCESS",
            "details": {"id": keys[0]},
            "message": "records merged successfully",
            "status": "success",
        }
        return reply(200, {"merge": [done]})

    def tag(self, call: Call) -> Response:
        return self._tags(call, adds=True)

    def untag(self, call: Call) -> Response:
        return self._tags(call, adds=False)

    # the moves themselves

    def make_contact(self, lead: Document, given: Mapping[str, Any], user: str) -> dict[str, Any]:
        """Convert a lead.  Existing records are used where they are named, else those with the same e-mail or company."""
        values = lead["values"]
        account = self._existing("Accounts", given, "Account_Name", values.get("Company"))
        if account is None and values.get("Company"):
            account = self._records.insert("Accounts", {"Account_Name": values["Company"]}, user)
        contact = self._existing("Contacts", given, "Email", values.get("Email"))
        if contact is None:
            moved = {name: values.get(name) for name in _SAME} | {new: values.get(old) for old, new in _OTHER.items()}
            if account is not None:
                moved["Account_Name"] = account["id"]
            contact = self._records.insert("Contacts", moved, user)
        self._records.update(
            "Leads",
            lead,
            {
                "Converted__s": True,
                "Converted_Date_Time": stored(self._sandbox.now()),
                "Converted_Contact": contact["id"],
                "Converted_Account": account["id"] if account is not None else None,
            },
            user,
        )
        return {
            "Contacts": {"name": self._records.title("Contacts", contact), "id": contact["id"]},
            "Accounts": None if account is None else {"name": account["values"]["Account_Name"], "id": account["id"]},
            "Deals": None,
        }

    def fold(
        self, module: str, master: Document, others: Sequence[Document], taken: Mapping[str, Any], user: str
    ) -> None:
        """Merge: the master keeps its values, takes those picked and fills its gaps; the others go away."""
        for other in others:
            self._records.delete(module, other, user, self._sandbox.switches.merged_away_as)
        gaps = {
            name: value
            for other in others
            for name, value in other["values"].items()
            if name not in master["values"] and not MODULES[module].fields[name].external
        }
        self._records.update(module, master, {**gaps, **taken}, user)
        for of, item in MODULES.items():
            pointing = [
                name for name, field in item.fields.items() if field.type == "lookup" and field.module == module
            ]
            gone = {other["id"] for other in others}
            for document in [
                doc for doc in self._records.alive(of) if any(doc["values"].get(name) in gone for name in pointing)
            ]:
                moved = {name: master["id"] for name in pointing if document["values"].get(name) in gone}
                self._records.update(of, document, moved, user)

    def _existing(self, module: str, given: Mapping[str, Any], name: str, value: Any) -> Document | None:
        target = (given.get(module) or {}).get("id")
        if target is not None:
            return self._records.get(module, str(target))
        found = self._records.having(module, name, value) if value else []
        return found[0] if found else None

    def _tags(self, call: Call, *, adds: bool) -> Response:
        module = self._sandbox.enter(call, "edit")
        body = call.json()
        names, keys = [tag["name"] for tag in body["tags"]], [str(key) for key in body["ids"]]
        if len(keys) > TAGGED:
            raise refuse(400, "LIMIT_EXCEEDED", "the number of records exceeds the limit", {"limit": TAGGED})
        self._sandbox.spend((len(keys) + 49) // 50)
        results: list[Item] = []
        for key in keys:
            document = self._records.get(module, key)
            if document is None:
                results.append(error("INVALID_DATA", INVALID_ID, {"id": key}))
                continue
            old = [] if adds and body.get("over_write") else document["values"].get("Tag") or []
            new = list(dict.fromkeys([*old, *names])) if adds else [tag for tag in old if tag not in names]
            document = self._records.update(module, document, {"Tag": new or None}, self._sandbox.caller)
            results.append(
                {
                    "code": "SUCCESS",
                    "details": {"id": key, "tags": new},
                    "message": "tags updated successfully",
                    "status": "success",
                }
            )
        good = sum(item["status"] == "success" for item in results)
        status = 200 if good == len(results) else 207 if good else 400
        return reply(status, {"data": results, "wf_scheduler": None, "success_count": str(good), "locked_count": 0})


def _rows(call: Call, name: str) -> list[dict[str, Any]]:
    """The list under that name.  Raises Refused."""
    try:
        rows = call.json()[name]
    except (ValueError, KeyError, TypeError):
        rows = None
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
        raise refuse(
            400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": name, "json_path": f"$.{name}"}
        )
    return rows
