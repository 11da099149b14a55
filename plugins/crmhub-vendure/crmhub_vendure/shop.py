"""What one shop offers: its custom fields and its countries.  Read once per connection."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmhub_vendure.graphql import GraphQL
from crmhub_vendure.refusals import no_channel
from hub import plugin

_CUSTOM_FIELDS = """
query CustomFields {
  activeChannel { token }
  globalSettings {
    serverConfig {
      entityCustomFields {
        entityName
        customFields {
          ... on CustomField { name type list readonly nullable internal label { languageCode value } }
          ... on StringCustomFieldConfig { length options { value } }
          ... on LocaleStringCustomFieldConfig { length }
        }
      }
    }
  }
}
"""
_COUNTRIES = """
query Countries($skip: Int!) {
  countries(options: {skip: $skip, take: 100, sort: {id: ASC}}) { totalItems items { code } }
}
"""
_PLAIN = frozenset({"string", "text", "localeString", "localeText", "int", "float", "boolean", "datetime"})
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field of customers with a plain value or a list of them; relations and structures are left alone."""

    name: str
    type: str
    is_list: bool
    readonly: bool
    nullable: bool
    label: str
    length: int | None
    options: tuple[str, ...] | None


class Shop:
    """Facts about the shop that writing and discovery need.

    key_field: the custom field that holds our key; "" for none.
    channel:   the token of the channel that is meant; "" for the default one.
    """

    def __init__(self, api: GraphQL, *, key_field: str, channel: str, where: str) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._fields: Mapping[str, CustomField] | None = None
        self._countries: frozenset[str] | None = None
        self.key_field = key_field
        self.channel = channel
        self.where = where

    @property
    def custom_fields(self) -> Mapping[str, CustomField]:
        """name -> field, also the one for our key.  Raises ConfigError where that is missing or holds no text."""
        with self._lock:
            if self._fields is None:
                found = self._read_fields()
                self._check_key(found)
                self._fields = found
            return self._fields

    def has_country(self, code: str) -> bool:
        """Whether addresses may be in a country; asks again for one that was not there before."""
        with self._lock:
            if self._countries is None or code not in self._countries:
                self._countries = self._read_countries()
            return code in self._countries

    def countries(self) -> frozenset[str]:
        """The codes of all countries of the shop, also of those that the storefront does not offer."""
        with self._lock:
            if self._countries is None:
                self._countries = self._read_countries()
            return self._countries

    def _read_fields(self) -> dict[str, CustomField]:
        found = self._api.read(_CUSTOM_FIELDS)
        if self.channel and found["activeChannel"]["token"] != self.channel:
            # A shop with one channel answers for that, whatever token it is given.
            raise no_channel(self.where)
        settings = found["globalSettings"]["serverConfig"]["entityCustomFields"]
        rows = [row for entity in settings if entity["entityName"] == "Customer" for row in entity["customFields"]]
        return {
            row["name"]: _field(row)
            for row in rows
            if row["type"] in _PLAIN and not row.get("internal") and _NAME.fullmatch(row["name"])
        }

    def _check_key(self, found: Mapping[str, CustomField]) -> None:
        field = found.get(self.key_field)
        if self.key_field and (field is None or field.type != "string" or field.is_list or field.readonly):
            raise plugin.ConfigError(
                f"The shop has no custom field {self.key_field!r} of customers that holds a text",
                where=self.where,
                hint="Add it to customFields.Customer of the shop (see the plugin's README), or leave key_field out",
            )

    def _read_countries(self) -> frozenset[str]:
        found: list[str] = []
        while True:
            page = self._api.read(_COUNTRIES, skip=len(found))["countries"]
            found += [row["code"] for row in page["items"]]
            if not page["items"] or len(found) >= page["totalItems"]:
                return frozenset(found)


def _field(row: Mapping[str, Any]) -> CustomField:
    labels = row.get("label") or ()
    options = row.get("options")
    return CustomField(
        name=row["name"],
        type=row["type"],
        is_list=bool(row["list"]),
        readonly=bool(row.get("readonly")),
        nullable=row.get("nullable") is not False,
        label=next((label["value"] for label in labels), ""),
        length=row.get("length"),
        options=tuple(option["value"] for option in options) if options else None,
    )
