"""Records: kept, found, shown.  Every change of a record passes through here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crmhub_zoho.sandbox.fields import MODULES, Field, Module
from crmhub_zoho.sandbox.shapes import Item, parse_time, show_time, stored
from crmhub_zoho.sandbox.switches import ZohoSwitches
from hub.testing.sandbox import LaggingIndex, Sandbox

Document = dict[str, Any]
RECYCLED = timedelta(days=60)
FORGOTTEN = timedelta(days=120)

USERS: dict[str, Item] = {
    "5000000000000300001": {"full_name": "Hub", "email": "hub@zoho.example", "status": "active"},
    "5000000000000300002": {"full_name": "Mei Chen", "email": "mei@zoho.example", "status": "active"},
    "5000000000000300003": {"full_name": "Old Hand", "email": "old@zoho.example", "status": "inactive"},
}
API_USER, PERSON = "5000000000000300001", "5000000000000300002"

Changed = Callable[[str, str, Document, Collection[str]], None]
"""(module, operation, document, names of changed fields)."""


class Records:
    """All modules' records.  A document has: id, values, created, modified (UTC), by whom, and deleted or None."""

    def __init__(self, sandbox: Sandbox, switches: Callable[[], ZohoSwitches], changed: Changed) -> None:
        self._sandbox = sandbox
        self._switches = switches
        self._changed = changed
        self.indexes = {name: LaggingIndex() for name in MODULES}
        self._by_value: dict[tuple[str, str], dict[str, set[str]]] = {}
        for module in MODULES:
            for key, document in sandbox.state.collection(module).items():
                self.indexes[module].note(key, datetime.fromisoformat(document["modified"]), document)

    # changing

    def insert(self, module: str, values: dict[str, Any], user: str) -> Document:
        """Keep a new record."""
        now = stored(self._sandbox.now())
        number = self._sandbox.state.next_number("record", 100_001)
        document: Document = {
            "id": f"5000000000000{number:06d}",
            "values": {"Owner": user} | {name: value for name, value in values.items() if value is not None},
            "created": now,
            "modified": now,
            "created_by": user,
            "modified_by": user,
            "deleted": None,
        }
        self._save(module, document, "insert", values)
        return document

    def update(self, module: str, document: Document, values: dict[str, Any], user: str) -> Document:
        """Change the given fields; None clears.  The time of change moves even if all stays as it was (unverified)."""
        kept = {**document["values"], **values}
        new = {
            **document,
            "values": {name: value for name, value in kept.items() if value is not None},
            "modified": stored(self._sandbox.now()),
            "modified_by": user,
        }
        self._save(module, new, "update", values)
        return new

    def delete(self, module: str, document: Document, user: str, kind: str = "recycle") -> None:
        """Move a record to the recycle bin, or away for good; the feed of deletions tells it."""
        gone = {"time": stored(self._sandbox.now()), "by": user, "type": kind}
        self._save(module, {**document, "deleted": gone}, "delete", ())

    def restore(self, module: str, document: Document, user: str) -> Document:
        """Take a record out of the recycle bin."""
        new = {**document, "deleted": None}
        if self._switches().restore_touches:
            new |= {"modified": stored(self._sandbox.now()), "modified_by": user}
        self._save(module, new, "insert", ())
        return new

    def _save(self, module: str, document: Document, operation: str, names: Collection[str]) -> None:
        collection = self._sandbox.state.collection(module)
        before = collection.get(document["id"])
        collection[document["id"]] = document
        alive = document["deleted"] is None
        self.indexes[module].note(document["id"], self._sandbox.now(), document if alive else None)
        for (of, name), found in self._by_value.items():
            if of == module:
                if before is not None:
                    found.get(_key(before["values"].get(name)), set()).discard(document["id"])
                if alive:
                    found.setdefault(_key(document["values"].get(name)), set()).add(document["id"])
        self._changed(module, operation, document, names)

    # finding

    def get(self, module: str, key: str) -> Document | None:
        """The record with that id unless it is deleted."""
        document = self._sandbox.state.collection(module).get(key)
        return document if document is not None and document["deleted"] is None else None

    def alive(self, module: str) -> Iterator[Document]:
        return (item for item in self._sandbox.state.collection(module).values() if item["deleted"] is None)

    def deleted(self, module: str) -> Iterator[tuple[Document, str]]:
        """(document, recycle or permanent) of what the feed still tells, newest first (the order is an inference)."""
        now = self._sandbox.now()
        found = []
        for document in self._sandbox.state.collection(module).values():
            gone = document["deleted"]
            if gone is None or gone["type"] == "absent":
                continue
            age = now - datetime.fromisoformat(gone["time"])
            if age <= FORGOTTEN:
                found.append((document, "permanent" if age > RECYCLED else gone["type"]))
        found.sort(key=lambda item: (item[0]["deleted"]["time"], item[0]["id"]), reverse=True)
        return iter(found)

    def having(self, module: str, name: str, value: Any) -> list[Document]:
        """Records with this value, in any case of letters, oldest first."""
        found = self._by_value.get((module, name))
        if found is None:
            found = self._by_value[module, name] = {}
            for document in self.alive(module):
                found.setdefault(_key(document["values"].get(name)), set()).add(document["id"])
        return [self._sandbox.state.collection(module)[key] for key in sorted(found.get(_key(value), ()))]

    def recycled_having(self, module: str, name: str, value: Any) -> list[Document]:
        """Records in the recycle bin with this value."""
        found = (item for item, kind in self.deleted(module) if kind == "recycle")
        return [item for item in found if _key(item["values"].get(name)) == _key(value)]

    def unique_fields(self, module: Module) -> list[str]:
        """Fields in which no two records may agree."""
        more = self._switches().unique_fields
        return [name for name, field in module.fields.items() if field.unique or f"{module.name}.{name}" in more]

    def exists(self, module: str, key: str) -> bool:
        """Whether a lookup may lead there; an owner must be active."""
        if module == "users":
            return USERS.get(key, {}).get("status") == "active"
        return self.get(module, key) is not None

    # showing

    def zone(self) -> ZoneInfo:
        return ZoneInfo(self._switches().time_zone)

    def show(self, module: str, document: Document, names: Iterable[str] | None = None) -> Item:
        """A record as it is read; ``names`` None: all fields.  Names that do not exist are left out."""
        fields = self.visible(module)
        wanted = fields if names is None else {name: fields[name] for name in names if name in fields}
        shown: Item = {name: self.value(module, document, field) for name, field in wanted.items()}
        shown["id"] = document["id"]
        return shown

    def visible(self, module: str) -> dict[str, Field]:
        """The fields that the account may see."""
        hidden = self._switches().hidden_fields
        return {name: field for name, field in MODULES[module].fields.items() if f"{module}.{name}" not in hidden}

    def value(self, module: str, document: Document, field: Field) -> Any:
        """One field as it is read."""
        values, name = document["values"], field.name
        if name in ("Created_Time", "Modified_Time", "Change_Log_Time__s"):
            return self.time(document["created" if name == "Created_Time" else "modified"])
        if name in ("Created_By", "Modified_By"):
            return self.user(document["created_by" if name == "Created_By" else "modified_by"], email=True)
        if name == "Full_Name":
            return self.title(module, document)
        if name == "Record_Status__s":
            return "Available"
        value = values.get(name)
        if field.type == "boolean":
            return bool(value)
        if value is None:
            return None
        if field.type == "ownerlookup":
            return self.user(value, email=True)
        if field.type == "lookup":
            # A lookup to a deleted record is shown empty (unverified).
            target = self.get(field.module, value)
            return {"name": self.title(field.module, target), "id": value} if target is not None else None
        if field.type == "datetime":
            return self.time(value)
        if field.type == "tag":
            return [{"name": tag, "id": tag_id(tag), "color_code": "#57B1FD"} for tag in value]
        return value

    def title(self, module: str, document: Document) -> str:
        values = document["values"]
        if module == "Accounts":
            return str(values.get("Account_Name", ""))
        return " ".join(filter(None, (values.get("First_Name"), values.get("Last_Name"))))

    def user(self, key: str, *, email: bool = False) -> Item:
        shown = {"name": USERS[key]["full_name"], "id": key}
        return {**shown, "email": USERS[key]["email"]} if email else shown

    def time(self, text: str) -> str:
        return show_time(datetime.fromisoformat(text), self.zone())

    def written(self, document: Document) -> Item:
        """The details of a successful write."""
        return {
            "Modified_Time": self.time(document["modified"]),
            "Modified_By": self.user(document["modified_by"]),
            "Created_Time": self.time(document["created"]),
            "id": document["id"],
            "Created_By": self.user(document["created_by"]),
            "$approval_state": "approved",
        }

    def modified(self, document: Document) -> datetime:
        return datetime.fromisoformat(document["modified"])

    def is_newer(self, document: Document, header: str | None) -> bool:
        """Whether the record was changed after the time in If-Unmodified-Since; the same second passes.

        A header that cannot be read is ignored (unverified).
        """
        limit = parse_time(header)
        return limit is not None and self.modified(document) > limit.replace(microsecond=0)


def tag_id(name: str) -> str:
    """A stable made-up id for a tag."""
    return f"50000000004{sum(ord(char) * (at + 1) for at, char in enumerate(name)) % 10**8:08d}"


def _key(value: Any) -> str:
    return value.casefold() if isinstance(value, str) else repr(value)
