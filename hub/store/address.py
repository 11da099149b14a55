"""The address of a store on a PostgreSQL server, as a configuration says it: without a password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

EXAMPLE: Final = "postgresql://crmhub@db.firm.example/crmhub"
SCHEMA: Final = "crmhub"
"""The schema of the database that the tables are in, if the address names none."""
OPTIONS: Final = (
    *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding", "gssencmode", "krbsrvname"),
    *("connect_timeout", "target_session_attrs", "passfile", "host"),
)
"""What libpq may be told (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS)."""
_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Address:
    """database: its name;  schema: where in it the tables are;  options: for libpq."""

    database: str
    user: str = ""
    host: str = ""
    port: int = 5432
    schema: str = SCHEMA
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.host else ""
        schema = f"?schema={self.schema}" if self.schema != SCHEMA else ""
        return f"postgresql://{user}{host}{port}/{quote(self.database, safe='')}{schema}"

    def parameters(self) -> dict[str, str]:
        """What libpq needs to know, without the password."""
        found = {"dbname": self.database, "user": self.user, "host": self.host, "port": str(self.port)}
        return {key: value for key, value in found.items() if value} | dict(self.options)


def is_address(text: str) -> bool:
    """Whether a text is meant as the address of a server, rather than a path."""
    return "://" in text


def parse_address(text: object) -> Address:
    """Read an address.  Raises ValueError, whose words never contain the text: it may hold a password."""
    if not isinstance(text, str):
        raise ValueError(f"must be a text such as {EXAMPLE!r}")
    try:
        parts = urlsplit(text)
        port = parts.port or 5432
    except ValueError:
        raise ValueError(f"is no address; write it like {EXAMPLE!r}") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError(f"must be the address of a PostgreSQL server, such as {EXAMPLE!r}")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.password is not None or "password" in query:
        raise ValueError("must not hold a password: put a reference to it into database_password, or use ~/.pgpass")
    name = unquote(parts.path.removeprefix("/"))
    if not name or "/" in name:
        raise ValueError(f"must end with the name of a database, such as {EXAMPLE!r}")
    schema = query.pop("schema", SCHEMA)
    if not _SCHEMA_NAME.fullmatch(schema):
        raise ValueError("has a schema that is no name of small letters, digits and '_'")
    unknown = sorted(set(query) - set(OPTIONS))
    if unknown:
        raise ValueError(f"has an unknown option {unknown[0]!r}; there are: schema, {', '.join(OPTIONS)}")
    return Address(name, unquote(parts.username or ""), unquote(parts.hostname or ""), port, schema, query)
