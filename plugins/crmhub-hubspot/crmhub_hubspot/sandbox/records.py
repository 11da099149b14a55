"""Records of all objects: kept, checked, shown.  Every change of a record passes through here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from crmhub_hubspot.sandbox.properties import DEFAULTS, MODIFIED, STAGES, STANDARD, Property, from_json
from crmhub_hubspot.sandbox.shapes import Json, invalid, refuse, show_time
from crmhub_hubspot.sandbox.switches import HubSpotSwitches
from hub.testing.sandbox import LaggingIndex, Sandbox

Document = dict[str, Any]
Changed = Callable[[str, str, Document, Mapping[str, str | None]], None]
"""(object, operation, document, changed properties)."""


class Records:
    """A document has: id, properties, created, modified, archived (time or None) and merged_into (id or None)."""

    def __init__(self, sandbox: Sandbox, switches: Callable[[], HubSpotSwitches], changed: Changed) -> None:
        self._sandbox = sandbox
        self._switches = switches
        self._changed = changed
        self.indexes = {kind: LaggingIndex() for kind in STANDARD}
        self._by_email: dict[str, str] = {}
        self._emails_of: dict[str, list[str]] = {}
        for kind in STANDARD:
            for key, document in sandbox.state.collection(kind).items():
                self.indexes[kind].note(key, datetime.fromisoformat(document["modified"]), document)
                self._note_email(kind, document)

    # definitions

    def properties(self, kind: str) -> dict[str, Property]:
        """The properties that the account may see."""
        custom = {key: from_json(item) for key, item in self._sandbox.state.collection(f"properties {kind}").items()}
        hidden = self._switches().hidden_fields
        return {name: item for name, item in {**STANDARD[kind], **custom}.items() if f"{kind}.{name}" not in hidden}

    # changing

    def create(self, kind: str, values: Mapping[str, Any]) -> Document:
        """Make a record.  Raises Refused (400 for values, 409 for a contact's e-mail address that is taken)."""
        kept = self.checked(kind, values)
        taken = self.by_email(kept.get("email")) if kind == "contacts" else None
        if taken is not None:
            raise refuse(409, "CONFLICT", f"Contact already exists. Existing ID: {taken['id']}")
        self._check_unique(kind, kept, "")
        self._append(kind, {"properties": {}}, kept)
        now = self._sandbox.now().isoformat()
        document: Document = {
            "id": str(self._sandbox.state.next_number("record", 1001)),
            "properties": {name: value for name, value in kept.items() if value},
            "created": now,
            "modified": now,
            "archived": None,
            "merged_into": None,
        }
        self._save(kind, document, "creation", kept)
        return document

    def update(self, kind: str, document: Document, values: Mapping[str, Any]) -> Document:
        """Change properties; "" clears.  Raises Refused."""
        kept = self.checked(kind, values)
        taken = self.by_email(kept.get("email")) if kind == "contacts" else None
        if taken is not None and taken["id"] != document["id"]:
            raise refuse(409, "CONFLICT", f"Contact already exists. Existing ID: {taken['id']}")
        self._check_unique(kind, kept, document["id"])
        self._hold_stage(document, kept)
        self._append(kind, document, kept)
        merged = {**document["properties"], **kept}
        new = {
            **document,
            "properties": {name: value for name, value in merged.items() if value},
            "modified": self._sandbox.now().isoformat(),
        }
        changed = {name: value for name, value in kept.items() if document["properties"].get(name, "") != value}
        self._save(kind, new, "propertyChange", changed)
        return new

    def archive(self, kind: str, document: Document) -> None:
        self._save(kind, {**document, "archived": self._sandbox.now().isoformat()}, "deletion", {})

    def restore(self, kind: str, document: Document) -> None:
        self._save(kind, {**document, "archived": None}, "restore", {})

    def forget(self, kind: str, document: Document) -> None:
        """Delete for good; no listing shows it any more."""
        self._save(kind, {**document, "archived": self._sandbox.now().isoformat()}, "privacyDeletion", {})
        del self._sandbox.state.collection(kind)[document["id"]]

    def merge(self, kind: str, primary: Document, other: Document) -> Document:
        """Merge ``other`` into ``primary``: empty properties are filled, a second e-mail address is kept beside."""
        filled = {**other["properties"], **primary["properties"]}
        mails = (other["properties"].get("email"), primary["properties"].get("email"))
        if all(mails) and mails[0] != mails[1]:
            more = [*filter(None, filled.get("hs_additional_emails", "").split(";")), str(mails[0])]
            filled["hs_additional_emails"] = ";".join(dict.fromkeys(more))
        old = {primary["id"], other["id"]}
        key = primary["id"]
        if kind in self._switches().new_id_on_merge:
            key = str(self._sandbox.state.next_number("record", 1001))
        known = filter(None, filled.get("hs_merged_object_ids", "").split(";"))
        filled["hs_merged_object_ids"] = ";".join(sorted({*known, *old} - {key}, key=int))
        now = self._sandbox.now().isoformat()
        collection = self._sandbox.state.collection(kind)
        for document in (primary, other):
            self._note_email(kind, {**document, "archived": now})
            if document["id"] != key:
                gone = {**document, "archived": now, "merged_into": key}
                collection[document["id"]] = gone
                self.indexes[kind].note(document["id"], self._sandbox.now(), None)
        result = {**primary, "id": key, "properties": filled, "modified": now}
        self._save(kind, result, "merge", {"merged": ";".join(sorted(old, key=int))})
        return result

    def _save(self, kind: str, document: Document, operation: str, changed: Mapping[str, str | None]) -> None:
        self._sandbox.state.collection(kind)[document["id"]] = document
        alive = document["archived"] is None
        self.indexes[kind].note(document["id"], self._sandbox.now(), document if alive else None)
        self._note_email(kind, document)
        self._changed(kind, operation, document, changed)

    # checking

    def checked(self, kind: str, values: Mapping[str, Any]) -> dict[str, str]:
        """Values as they are kept.  Raises Refused naming everything that is wrong."""
        properties, kept, wrong = self.properties(kind), {}, []
        for name, given in values.items():
            value = _text(given)
            found = properties.get(name)
            if found is None:
                wrong.append(
                    {"message": f'Property "{name}" does not exist', "error": "PROPERTY_DOESNT_EXIST", "name": name}
                )
            elif found.read_only:
                message = f'"{name}" is a read only property; its value cannot be set.'
                wrong.append({"message": message, "error": "READ_ONLY_VALUE", "name": name})
            elif given is None and not self._switches().null_clears:
                continue
            elif value == "":
                kept[name] = ""
            else:
                kept[name], error = found.fit(value)
                if error:
                    wrong.append({"message": f"{value} was not valid for {name}.", "error": error, "name": name})
        if wrong:
            raise invalid(wrong)
        return kept

    def _check_unique(self, kind: str, kept: Mapping[str, str], own: str) -> None:
        """How a clash of a custom unique property is worded is not known for certain."""
        for name, item in self.properties(kind).items():
            if item.unique and item.custom and kept.get(name):
                other = self.having(kind, name, kept[name])
                if other is not None and other["id"] != own:
                    message = f"{other['id']} already has that value."
                    raise invalid([{"message": message, "error": "CONFLICTING_UNIQUE_VALUE", "name": name}])

    def _hold_stage(self, document: Document, kept: dict[str, str]) -> None:
        """The life cycle stage goes only forward, unless it is cleared first; a step back is ignored."""
        old, new = document["properties"].get("lifecyclestage"), kept.get("lifecyclestage")
        if old and new and STAGES.index(new) < STAGES.index(old):
            del kept["lifecyclestage"]

    def _append(self, kind: str, document: Document, kept: dict[str, str]) -> None:
        """ ";a;b" adds to the boxes that are ticked (unverified)."""
        boxes = {name for name, item in self.properties(kind).items() if item.field_type == "checkbox"}
        for name in boxes & kept.keys():
            if kept[name].startswith(";"):
                parts = [*document["properties"].get(name, "").split(";"), *kept[name].split(";")]
                kept[name] = ";".join(dict.fromkeys(filter(None, parts)))

    # finding

    def get(self, kind: str, key: str) -> Document | None:
        """The record of that id; of a merged one's id, the record that it became.  Not an archived one."""
        document = self._sandbox.state.collection(kind).get(key)
        while document is not None and document["merged_into"] is not None:
            document = self._sandbox.state.collection(kind).get(document["merged_into"])
        return document if document is not None and document["archived"] is None else None

    def by(self, kind: str, name: str | None, value: str) -> Document | None:
        """The record by id or by a unique property.  Raises Refused for any other property."""
        if not name or name == "hs_object_id":
            return self.get(kind, value)
        found = self.properties(kind).get(name)
        if found is None or not found.unique:
            raise refuse(400, "VALIDATION_ERROR", f"{name} is not a unique property")
        return self.by_email(value) if name == "email" else self.having(kind, name, value)

    def by_email(self, value: str | None) -> Document | None:
        """The contact with this address as its first or a further one."""
        key = self._by_email.get(value.strip().lower()) if value else None
        return self._sandbox.state.collection("contacts")[key] if key is not None else None

    def having(self, kind: str, name: str, value: str) -> Document | None:
        return next((item for item in self.alive(kind) if item["properties"].get(name) == value), None)

    def alive(self, kind: str) -> Iterator[Document]:
        return (item for item in self._sandbox.state.collection(kind).values() if item["archived"] is None)

    def archived(self, kind: str) -> Iterator[Document]:
        """Archived ones; those that a merge has used up are not among them (unverified)."""
        rows = self._sandbox.state.collection(kind).values()
        return (item for item in rows if item["archived"] is not None and item["merged_into"] is None)

    def _note_email(self, kind: str, document: Document) -> None:
        if kind != "contacts":
            return
        for mail in self._emails_of.pop(document["id"], ()):
            self._by_email.pop(mail, None)
        if document["archived"] is None:
            further = document["properties"].get("hs_additional_emails", "").split(";")
            mails = [mail for mail in (document["properties"].get("email"), *further) if mail]
            self._emails_of[document["id"]] = mails
            self._by_email.update(dict.fromkeys(mails, document["id"]))

    # showing

    def show(self, kind: str, document: Document, names: Iterable[str] = ()) -> Json:
        """A record as it is read.  Unknown names are left out; without names there are the default ones."""
        created, modified = (datetime.fromisoformat(document[name]) for name in ("created", "modified"))
        known = self.properties(kind)
        system = {
            "createdate": show_time(created),
            MODIFIED[kind]: show_time(modified),
            "hs_object_id": document["id"],
        }
        wanted = dict.fromkeys([*DEFAULTS[kind], *names] if not names else [*names, *system])
        values = {**document["properties"], **system}
        shown: Json = {
            "id": document["id"],
            "properties": {name: values.get(name) for name in wanted if name in known},
            "createdAt": show_time(created),
            "updatedAt": show_time(modified),
            "archived": document["archived"] is not None,
        }
        if document["archived"] is not None:
            shown["archivedAt"] = show_time(datetime.fromisoformat(document["archived"]))
        return shown


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
