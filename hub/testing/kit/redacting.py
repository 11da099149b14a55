"""What a cassette may hold: secrets and personal data are replaced by stand-ins, the same for the same value everywhere.

What the kit typed itself (``typed``) is no personal data and stays: the rules look for it.  Only JSON, forms and empty
bodies can be redacted; nothing else is written down.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from hub.contract.errors import HubError

_EMAIL: Final = re.compile(r"[^\s@<>\"',;:()=&?/]+@[^\s@<>\"',;:()=&?/]+\.[A-Za-z0-9\-]{2,}")
_SECRET_KEYS: Final = frozenset(
    (
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "token",
        "password",
        "clientsecret",
        "secret",
        "apikey",
        "session",
        "code",
    )
)
_PERSONAL_KEYS: Final = frozenset(
    (
        "firstname", "lastname", "fullname", "displayname", "username", "nickname", "email", "emailaddress", "phone",
        "phonenumber", "mobile", "mobilephone", "fax", "street", "street2", "address", "address1", "address2", "city",
        "zip", "postcode", "postalcode", "birthdate", "dateofbirth", "birthday", "companyname", "legalname",
    )
)  # fmt: skip
_NAMES: Final = frozenset(("name", "label", "title"))
_LEFT_OUT: Final = frozenset(("set-cookie", "server", "connection", "content-length", "content-encoding"))
_SECRET_HEADER: Final = re.compile(r"token|auth|session|cookie|key", re.I)


class StandIns:
    """secrets: what must not be written down;  typed: texts of the kit itself;  keys: native fields with personal data."""

    def __init__(self, secrets: Collection[str], typed: Collection[str], keys: Collection[str] = ()) -> None:
        self._typed = set(typed)
        self._keys = _PERSONAL_KEYS | {_plain(key) for key in keys}
        self._known: dict[str, str] = {}
        for secret in secrets:
            self._secret(secret)

    def type(self, value: Any) -> None:
        """The kit typed this."""
        self._typed.update(_leaves(value))

    def headers(self, headers: dict[str, str]) -> dict[str, str]:
        """Those of an answer; what may be a login becomes a stand-in."""
        return {
            name: self._secret(value) if _SECRET_HEADER.search(name) else self.text(value)
            for name, value in headers.items()
            if name.lower() not in _LEFT_OUT
        }

    def body(self, body: bytes, content_type: str) -> str:
        """A body as text.  Raises HubError for one that cannot be redacted."""
        if not body:
            return ""
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            raise _cannot(content_type) from None
        if "x-www-form-urlencoded" in content_type:
            return urlencode(
                [(key, self._leaf(key, value, {})) for key, value in parse_qsl(text, keep_blank_values=True)]
            )
        try:
            found = json.loads(text)
        except ValueError:
            raise _cannot(content_type) from None
        self._learn(found)
        return json.dumps(self._value("", found, {}), ensure_ascii=False)

    def path(self, path: str) -> str:
        """A path with its query."""
        before, mark, query = path.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        return self.text(before) + mark + urlencode([(key, self._leaf(key, value, {})) for key, value in pairs])

    def text(self, text: str) -> str:
        """Free text: every value that has a stand-in, and every e-mail address."""
        for value in sorted(self._known, key=len, reverse=True):
            text = text.replace(value, self._known[value])
        return _EMAIL.sub(lambda found: self._person(found.group()), text)

    def value(self, value: Any) -> Any:
        """What a person sees, or a setting: texts that have a stand-in are replaced."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        return [self.value(item) for item in value] if isinstance(value, (list, tuple)) else value

    # parts

    def _learn(self, value: Any) -> None:
        """Secrets of an answer are secrets everywhere, also in what was said before it."""
        if isinstance(value, dict):
            for key, item in value.items():
                if _plain(key) in _SECRET_KEYS and isinstance(item, str) and len(item) > 3:
                    self._secret(item)
                self._learn(item)
        elif isinstance(value, list):
            for item in value:
                self._learn(item)

    def _value(self, key: str, value: Any, around: dict[str, Any]) -> Any:
        if isinstance(value, dict):
            return {name: self._value(name, item, value) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(key, item, around) for item in value]
        return self._leaf(key, value, around) if isinstance(value, str) else value

    def _leaf(self, key: str, text: str, around: dict[str, Any]) -> str:
        if not text or text in self._typed:
            return text
        named = _plain(key)
        if named in _SECRET_KEYS and len(text) > 3:
            return self._secret(text)
        somebody = named in _NAMES and any(isinstance(item, str) and _EMAIL.fullmatch(item) for item in around.values())
        if (named in self._keys or somebody) and not _is_plain_code(text):
            return self._person(text)
        return self.text(text)

    def _secret(self, value: str) -> str:
        return self._known.setdefault(value, f"secret-{len(self._known) + 1}")

    def _person(self, value: str) -> str:
        if value in self._typed or value.lower() in self._typed or value in self._known.values():
            return value
        number = len(self._known) + 1
        made = f"person{number}@stand-in.example" if _EMAIL.fullmatch(value) else f"person {number}"
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            made = "1970-01-01"
        elif re.fullmatch(r"[+\d][\d /().-]{5,}", value):
            made = f"+4930{number:07d}"
        return self._known.setdefault(value, made)


def _cannot(content_type: str) -> HubError:
    return HubError(
        f"a body of the type {content_type or 'unknown'} cannot be redacted, so it is not recorded",
        hint="Only connectors whose API speaks JSON can be recorded",
    )


def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(key).rpartition(".")[2].lower())


def _is_plain_code(text: str) -> bool:
    """true, 0, "-": nothing that could say who somebody is."""
    return len(text) < 2 or text in ("true", "false", "null")


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (value, value.lower(), value.strip())
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
