"""Where Zoho CRM lives: data centres (API v8; the vendor's Python SDK 7.0.0, package ``dc``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DataCentre = Literal["us", "eu", "in", "au", "jp", "cn", "ca", "sa", "uk"]
Environment = Literal["production", "sandbox", "developer"]


@dataclass(frozen=True, slots=True)
class Place:
    """Hosts of one data centre."""

    accounts: str
    api: str

    def accounts_url(self) -> str:
        """Where people sign in and tokens are made."""
        return f"https://{self.accounts}"

    def api_url(self, environment: Environment) -> str:
        """Where records are."""
        word = "www" if environment == "production" else environment
        return f"https://{word}.{self.api}"

    def hosts(self) -> tuple[str, ...]:
        """Everything that may be called there."""
        return (self.accounts, *(f"{word}.{self.api}" for word in ("www", "sandbox", "developer")))


PLACES: dict[DataCentre, Place] = {
    "us": Place("accounts.zoho.com", "zohoapis.com"),
    "eu": Place("accounts.zoho.eu", "zohoapis.eu"),
    "in": Place("accounts.zoho.in", "zohoapis.in"),
    "au": Place("accounts.zoho.com.au", "zohoapis.com.au"),
    "jp": Place("accounts.zoho.jp", "zohoapis.jp"),
    "cn": Place("accounts.zoho.com.cn", "zohoapis.com.cn"),
    "ca": Place("accounts.zohocloud.ca", "zohoapis.ca"),
    "sa": Place("accounts.zoho.sa", "zohoapis.sa"),
    "uk": Place("accounts.zoho.uk", "zohoapis.uk"),
}
"""uk: named by users, not yet by the vendor's SDK."""

HOSTS = tuple(host for place in PLACES.values() for host in place.hosts())
