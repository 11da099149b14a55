"""The connector: settings, and what of BottleCRM's API does not fit into a description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, SecretStr

from crmhub_bottlecrm import discovery, marker
from crmhub_bottlecrm.api import KEY, SPEC
from crmhub_bottlecrm.hooks import hints
from crmhub_bottlecrm.reading import Reading
from crmhub_bottlecrm.shapes import SHAPES, document, flat_errors, payload, tag_ids
from crmhub_bottlecrm.tags import Tags
from hub import plugin


class BottleConfig(plugin.RestConfig):
    """Settings of one organisation in BottleCRM.

    url:            the address of its API, without /api: "https://crm.example".
    token:          an API token (bcrm_pat_...) of an admin.
    page:           records in one call.
    webhook_secret: what BottleCRM signs its webhooks with.
    """

    url: str
    token: SecretStr
    page: Annotated[int, Field(ge=2, le=1000)] = 200
    webhook_secret: SecretStr | None = None


class BottleConnector(plugin.RestConnector[BottleConfig]):
    """Contacts and accounts of BottleCRM (django-crm)."""

    name, Config = "bottlecrm", BottleConfig
    spec = SPEC

    def __init__(self, config: BottleConfig, context: plugin.Context) -> None:
        super().__init__(config, context)
        self.tags = Tags(self)
        self._marked: set[str] = set()
        """Resources that are known to have the custom field for our key."""

    def variables(self) -> dict[str, Any]:
        """The settings; the address without a slash at its end."""
        return {**super().variables(), "settings.url": self.config.url.rstrip("/")}

    def check(self) -> plugin.Account:
        """Who we are.  Only an admin sees all records and may make tags and the custom field that holds our key."""
        profile = self._profile()
        details, role = profile.get("user_details") or {}, str(profile.get("role"))
        missing = [] if role == "ADMIN" else ["role ADMIN (other users see only records of their own)"]
        missing += [
            f"custom field {KEY} of {shape.model} (to create records)"
            for shape in SHAPES.values()
            if role != "ADMIN" and marker.definition(self, shape.model) is None
        ]
        return plugin.Account(str(details.get("email") or profile.get("id")), granted=(role,), missing=missing)

    def capabilities(self, resource: str) -> plugin.Capabilities:
        """What the description says; receipts hold the record as it is after the write."""
        return replace(super().capabilities(resource), version_after_write=True, image_after_write=True, page=50)

    def changes(self, resource: str, cursor: plugin.Json = None) -> Iterator[plugin.Page]:
        """All records: BottleCRM cannot say which ones have changed."""
        self.resource_spec(resource)
        return Reading(self, resource).changes(cursor)

    def listing(self, resource: str) -> Iterator[plugin.Page]:
        """Ids and versions of all records."""
        return Reading(self, resource).listing()

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[plugin.Record]:
        """Records by id."""
        return Reading(self, resource).fetch(ids)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        """Records by the hub's key; contacts by e-mail address, accounts by name."""
        return Reading(self, resource).find(key, values)

    def fields(self, resource: str) -> Sequence[plugin.Field]:
        """The fields with their lengths and choices, and the custom fields of the organisation."""
        self.resource_spec(resource)
        return list(discovery.fields(self, resource))

    def record(self, resource: str, raw: Mapping[str, Any]) -> plugin.Record:
        """A record whose version covers its content: a change of tags alone does not touch BottleCRM's own stamp."""
        content = document(SHAPES[resource], raw, self.tags.names(tag_ids(raw)))
        stamps = {name: raw.get(name) for name in ("id", "created_at", "updated_at")}
        times = super().record(resource, stamps)
        return replace(super().record(resource, content), id=times.id, data=content, **_times(times))

    def native(self, resource: str, op: plugin.Op) -> dict[str, Any]:
        """The fields to send; tags as ids."""
        data = payload(SHAPES[resource], op.data, op.key if op.kind == "create" else None)
        if "tags" in data:
            data["tags"] = self.tags.ids(data["tags"] or ())
        return data

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        """Create, update and delete, each in a call of its own, and read what the record is then."""
        for op in ops:
            yield self._write(resource, op)

    def send(self, call: Any, values: Mapping[str, Any], *, doing: Any, url: str | None = None) -> Any:
        """Send a request; the words of a refusal are brought into one form."""
        answer = super().send(call, values, doing=doing, url=url)
        return replace(answer, data=flat_errors(answer.data)) if (answer.status or 0) >= 400 else answer

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[plugin.Hint]:
        """Which records a webhook is about; verified over its raw bytes.  Raises AuthError, Rejected."""
        secret = self.config.webhook_secret
        text = secret.get_secret_value() if secret else None
        return hints(headers, body, text, now=self.context.clock(), where=self.context.connection)

    # for the parts

    def sees_all(self) -> bool:
        """Whether this user sees every record of the organisation.  Asked anew each time: admins are demoted."""
        return self._profile().get("role") == "ADMIN"

    def ask(self, method: str, path: str, *, what: str, body: Any = None, **params: str) -> Any:
        """One call that is about no record; its JSON.  Raises what the rules say."""
        assert self.spec.check is not None
        call = self.spec.check.model_copy(update={"method": method, "path": path, "params": params, "body": body})
        return self.call(call, {}, doing="read" if method == "GET" else "write", what=what).data

    def _profile(self) -> Mapping[str, Any]:
        answer = self.ask("GET", "/profile/", what="asking who we are")
        profile = answer.get("user_obj") if isinstance(answer, Mapping) else None
        if not isinstance(profile, Mapping):
            raise plugin.Unavailable("the answer to asking who we are has no user_obj", where=self.context.connection)
        return profile

    def _write(self, resource: str, op: plugin.Op) -> plugin.Receipt:
        if op.kind == "create" and resource not in self._marked:
            marker.ensure(self, SHAPES[resource].model)
            self._marked.add(resource)
        try:
            receipt = next(iter(super().write(resource, [op])))
        except (plugin.Rejected, plugin.Conflict, plugin.NotFound) as error:
            return plugin.Receipt(op.key, op.id, error=error)
        if isinstance(receipt.error, plugin.Duplicate):
            return replace(receipt, error=self._owner(resource, op, receipt.error))
        if receipt.error is not None or op.kind == "delete":
            return receipt
        return self._with_image(resource, receipt)

    def _with_image(self, resource: str, receipt: plugin.Receipt) -> plugin.Receipt:
        """The receipt with the record as it is now.  The write is done: what happens to this read is no failure of it."""
        try:
            image = next(iter(self.fetch(resource, [receipt.id or ""])), None)
        except (plugin.Unavailable, plugin.RateLimited) as error:
            self.context.log.info("the record %s was written but not read again: %s", receipt.id, error)
            image = None
        return receipt if image is None else replace(receipt, version=image.version, image=image)

    def _owner(self, resource: str, op: plugin.Op, error: plugin.Duplicate) -> plugin.ConnectorError:
        """Who has the e-mail address or name that must be unique.

        The record is named to the hub only where it can be the same customer: an e-mail address is what the hub matches
        by, but the name of a company proves nothing, and a key of another customer proves the contrary.
        """
        where, field = self.context.connection, SHAPES[resource].unique
        value = str(op.data.get(field) or "")
        found = list(self.find(resource, field, [value])) if value else []
        others = [item for item in found if item.id != op.id]
        if not others:
            own = f"BottleCRM does not change only the upper and lower case of {field}" if found else error.message
            return plugin.Rejected(own, field=field, where=where, remote_text=error.message)
        other = others[0]
        keyed = (other.data or {})["custom_fields"].get(KEY) not in (None, "", op.key)
        if field == "email" and op.kind == "create" and not keyed:
            return plugin.Duplicate(error.message, existing_id=other.id, where=where)
        known = ", another customer of the hub," if keyed else ""
        return plugin.Duplicate(
            f"{error.message}: {other.id}{known} has it",
            where=where,
            hint="Rename one of the two; if they are the same, give both the same e-mail address or phone number",
        )


def _times(record: plugin.Record) -> dict[str, Any]:
    return {"modified_at": record.modified_at, "created_at": record.created_at}
