"""The settings of a mailbox."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self

from pydantic import Field as Setting
from pydantic import SecretStr, model_validator

from hub.plugin import ConnectorConfig

Security = Literal["tls", "starttls", "plain"]


class ImapConfig(ConnectorConfig):
    """Settings of one mailbox; the README explains each.

    folders:   names, or special uses such as "\\\\Sent"; empty: INBOX and the folder of sent mail.
    addresses: our own, "ann@firm.example" or a whole domain "@firm.example"; may be left out if the user is an address.
    text:      bytes of a message's text that are downloaded; 0: only headers.
    timeout:   seconds, set by the connection's own ``timeout``.
    """

    host: str
    port: int = Setting(default=0, ge=0, le=65_535)
    user: str
    password: SecretStr | None = None
    auth: Literal["password", "xoauth2"] = "password"
    access_token: SecretStr | None = None
    client_id: str = ""
    client_secret: SecretStr | None = None
    token_url: str = ""
    authorize_url: str = ""
    grant: Literal["authorization_code", "client_credentials"] = "authorization_code"
    scopes: tuple[str, ...] = ()
    refresh_token: SecretStr | None = None
    security: Security = "tls"
    insecure: bool = False
    ca_file: Path | None = None
    timeout: float = Setting(default=60.0, gt=0)
    folders: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    bulk: Literal["ignore", "keep"] = "ignore"
    text: int = Setting(default=16_384, ge=0, le=1_048_576)
    page: int = Setting(default=200, ge=1, le=1000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_security(self.host, self.security, insecure=self.insecure)
        if self.auth == "password" and self.password is None:
            raise ValueError('password is missing: password = { env = "..." }')
        if self.auth == "xoauth2" and self.access_token is None and not (self.token_url and self.client_id):
            raise ValueError("xoauth2 needs access_token, or client_id and token_url to ask for one")
        if not self.addresses and "@" not in self.user:
            raise ValueError('addresses is missing: user is no address, so say which are ours, e.g. ["@firm.example"]')
        wrong = next((item for item in self.addresses if "@" not in item or " " in item), None)
        if wrong is not None:
            raise ValueError(f'{wrong!r} in addresses is neither an address nor a domain such as "@firm.example"')
        return self

    @property
    def where(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.effective_port}"

    @property
    def effective_port(self) -> int:
        return self.port or (993 if self.security == "tls" else 143)

    @property
    def own(self) -> tuple[str, ...]:
        """Our own addresses and domains, in lower case."""
        found = self.addresses or ((self.user,) if "@" in self.user else ())
        return tuple(item.strip().lower().removeprefix("*") for item in found)


def check_security(host: str, security: Security, *, insecure: bool) -> None:
    """Passwords and mail go in the open only to this machine, or where somebody said so.  Raises ValueError."""
    if security == "plain" and not insecure and not is_loopback(host):
        raise ValueError(
            'security = "plain" sends the password unprotected: use "tls" or "starttls", or insecure = true'
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
