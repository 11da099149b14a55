"""A connector that is driven by a description of its API.

    class Shop(RestConnector[ShopConfig]):
        name, Config, spec = "shop", ShopConfig, RestSpec.model_validate({...})

Where an API is odd, override the method in question: ``base_url``, ``record``, ``native``, ``call``, ``classify``,
``check``, ``fields`` or any method of the contract.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import urljoin

import requests
from pydantic import SecretStr

from hub.canonical.moments import moment
from hub.contract.connector import Connector, ConnectorConfig
from hub.contract.errors import ConfigError, NotFound, RateLimited, Unavailable
from hub.contract.records import Account, Capabilities, Field, Json, Limits, Op, Page, Receipt, Record, Resource
from hub.http.auth import AuthFlow
from hub.http.oauth2 import OAuth2
from hub.http.signing import drive, send_signed
from hub.rest.auth import flow_of
from hub.rest.classify import Answer, Classifier, Doing
from hub.rest.fields import described
from hub.rest.paths import at, fits, text_at
from hub.rest.reading import Reader
from hub.rest.spec import Call, ResourceSpec, RestSpec
from hub.rest.template import NoValue, fill, fill_path, fill_url
from hub.rest.writing import Writer


class RestConfig(ConnectorConfig):
    """Settings of every connector with a description.  fields: native fields to read beside the standard ones."""

    fields: tuple[str, ...] = ()


C = TypeVar("C", bound=ConnectorConfig)

_BROKEN_ANSWERS = 2
"""How often a read whose answer was cut off, or was an error in an answer of 200, is sent again."""


class RestConnector(Connector[C], Generic[C]):
    """A connector over HTTP and JSON, driven by ``spec``."""

    spec: ClassVar[RestSpec]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "spec" in cls.__dict__ and "limits" not in cls.__dict__:
            given = cls.spec.limits
            cls.limits = Limits(
                given.rate,
                given.daily,
                given.concurrency,
                given.source,
                tuple(cls.spec.hosts),
                {str(key): item for key, item in given.headers.items()},
            )

    # What a connector may override

    def base_url(self) -> str:
        """What all paths are relative to, without a slash at the end."""
        kept = {f"token.{name}": self._kept(name) for name in self.spec.auth.keep}
        try:
            return fill_url(self.spec.url, {**self.variables(), **kept})
        except NoValue as error:
            raise ConfigError(f"the url needs a value for {{{error}}}", where=self.context.connection) from None

    def record(self, resource: str, raw: Mapping[str, Any]) -> Record:
        """A record from what the API shows of it."""
        spec = self.resource_spec(resource)
        data = at(raw, spec.data)
        data = data if isinstance(data, dict) else {}
        version = text_at(raw, spec.version)
        if spec.hashed:
            version = f"{version}#{_hash(data)}" if version else _hash(data)
        return Record(
            text_at(raw, spec.id),
            data,
            version or None,
            moment(at(raw, spec.modified)) if spec.modified else None,
            moment(at(raw, spec.created)) if spec.created else None,
            deleted=bool(spec.deleted) and fits(raw, spec.deleted),
            merged_into=(text_at(raw, spec.merged) or None) if spec.merged else None,
        )

    def native(self, resource: str, op: Op) -> dict[str, Any]:
        """The fields to send for an op."""
        spec = self.resource_spec(resource)
        data = {name: spec.clear if value is None else value for name, value in op.data.items()}
        if op.kind == "create":
            data = {name: value for name, value in data.items() if value not in (None, "")}
            if spec.key_field:
                data[spec.key_field] = op.key
        return data

    def stamp(self, version: str) -> str:
        """The part of a record's version that the API itself knows."""
        return version.partition("#")[0]

    def classify(self) -> Classifier:
        """What answers mean."""
        login = f"Run `crmhub connect login {self.context.connection}`" if self.can_login else "Check its credentials"
        return Classifier(self.spec.errors, self.spec.words, self.context.connection, login)

    # The contract

    def check(self) -> Account:
        """Ask who we are."""
        if self.spec.check is None:
            name = next(iter(self.spec.resources))
            next(iter(self.changes(name)), None)
            return Account(self.base_url())
        answer = self.call(self.spec.check, {}, doing="read", what="asking who we are")
        name = text_at(answer.data, self.spec.check.name) if self.spec.check.name else ""
        return Account(name or self.base_url(), clock=answer.when)

    def resources(self) -> Sequence[Resource]:
        """The resources of the description."""
        return [
            Resource(name, spec.record, self.capabilities(name), spec.mapping or f"{self.name}.{name}")
            for name, spec in self.spec.resources.items()
        ]

    def capabilities(self, resource: str) -> Capabilities:
        """What the description says about a resource."""
        return capabilities_of(self.resource_spec(resource), self.spec.limits.concurrency)

    def changes(self, resource: str, cursor: Json = None) -> Iterator[Page]:
        """What changed since the cursor, then what was deleted."""
        return Reader(self, resource).changes(cursor)

    def listing(self, resource: str) -> Iterator[Page]:
        """All records; ids and versions only where the API can do that."""
        return Reader(self, resource).listing()

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[Record]:
        """Records by id."""
        return Reader(self, resource).fetch(ids)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[Record]:
        """Records by our key, e-mail address and so on."""
        return Reader(self, resource).find(key, values)

    def write(self, resource: str, ops: Sequence[Op]) -> Iterator[Receipt]:
        """Create, update and delete."""
        return Writer(self, resource).write(ops)

    def fields(self, resource: str) -> Sequence[Field]:
        """The fields as the API describes them."""
        spec = self.resource_spec(resource).describe
        if spec is None:
            return ()
        answer = self.call(spec, {}, doing="read", what=f"reading the fields of {resource}")
        return described(spec, answer.data)

    # For the parts

    def resource_spec(self, resource: str) -> ResourceSpec:
        """The description of a resource.  Raises ConfigError."""
        try:
            return self.spec.resources[resource]
        except KeyError:
            known = ", ".join(self.spec.resources)
            raise ConfigError(f"{self.name} has no resource {resource!r}", hint=f"There are: {known}") from None

    @property
    def can_login(self) -> bool:
        """Whether a person signs in once, by `crmhub connect login`."""
        return self.spec.auth.kind == "oauth2" and self.spec.auth.grant == "authorization_code"

    @cached_property
    def auth(self) -> AuthFlow:
        """How requests are signed; shared by all threads."""
        return flow_of(self.spec.auth, self.variables(), self.context)

    def call(self, call: Call, values: Mapping[str, Any], *, doing: Doing, what: str, url: str | None = None) -> Answer:
        """Send a request of the description.

        Raises the errors of ``Http.request`` and, unless the answer lists outcomes of a batch, what the rules say.
        """
        for attempt in range(_BROKEN_ANSWERS + 1):
            answer = self.send(call, values, doing=doing, url=url)
            error = self.classify()(answer, doing, what)
            if error is None:
                return answer
            # An answer of 200 may hold the error of a server that is down for a moment.
            if doing == "write" or attempt == _BROKEN_ANSWERS or not isinstance(error, Unavailable):
                raise error
        raise AssertionError("the loop above returns or raises")

    def send(self, call: Call, values: Mapping[str, Any], *, doing: Doing, url: str | None = None) -> Answer:
        """Send a request and return its answer, whatever its status, as values."""
        filled = {**self.variables(), **values}
        address = urljoin(f"{self.base_url()}/", url) if url else self._address(call, filled)
        for attempt in range(_BROKEN_ANSWERS + 1):
            response = send_signed(
                self.context.http,
                self.auth,
                call.method,
                address,
                params=None if url else fill(call.params, filled),
                headers={**fill(self.spec.headers, filled), **fill(call.headers, filled)},
                json=None if call.body is None else fill(call.body, filled),
                safe=doing != "write",
                refused_wait=self._refused_wait,
            )
            try:
                return Answer(
                    response.status_code, self._data(response, doing), response.headers, _date(response.headers)
                )
            except Unavailable:
                if attempt == _BROKEN_ANSWERS:
                    raise
        raise AssertionError("the loop above returns or raises")

    def _refused_wait(self, response: requests.Response) -> float | None:
        """Seconds to wait after a 429 without a word about it, as the rules say."""
        error = self.classify()(Answer(429, self._data(response, "read")), "read", "")
        return error.retry_after if isinstance(error, RateLimited) else None

    def _data(self, response: requests.Response, doing: Doing) -> Any:
        """The JSON of an answer; None if it has none."""
        if not response.content.strip() or not _is_json(response):
            return None
        return self.context.http.decode(response, safe=doing != "write")

    def _kept(self, name: str) -> str | None:
        """What the token answer said; signs in first if nobody has."""
        if not isinstance(self.auth, OAuth2):
            return None
        if self.auth.tokens.read() is None:
            drive(self.context.http, self.auth.sign_in(), safe=False)
        return self.auth.kept(name)

    def _address(self, call: Call, values: Mapping[str, Any]) -> str:
        try:
            return self.base_url() + fill_path(call.path, values)
        except NoValue as error:
            raise NotFound(f"there is no {error} to ask for", where=self.context.connection) from None

    def variables(self) -> dict[str, Any]:
        """The settings as variables, {settings.NAME}."""
        found: dict[str, Any] = {}
        for name, value in self.config:
            plain = value.get_secret_value() if isinstance(value, SecretStr) else value
            found[f"settings.{name}"] = plain
        return found


def capabilities_of(spec: ResourceSpec, at_once: int) -> Capabilities:
    """Capabilities as plain data, from the description of a resource.  at_once: calls at a time."""
    routes = {"create": spec.create, "update": spec.update, "delete": spec.delete}
    written = [item for item in routes.values() if item is not None]
    per_call = max((item.batch for item in written), default=1)
    reads = [spec.changes or spec.list, *([spec.gone] if spec.gone else [])]
    return Capabilities(
        writes=frozenset(name for name, route in routes.items() if route is not None),  # type: ignore[misc]  # literals
        incremental=spec.since is not None,
        deletes="feed" if spec.gone is not None else "listing",
        conditional_write=spec.update is not None and spec.update.conditional(),
        create=spec.create_by,
        image_after_write=bool(written) and all(item.image for item in written if item is not spec.delete),
        batch=per_call * at_once,
        per_call=per_call,
        page=(spec.get.batch if spec.get and spec.get.batch > 1 else spec.list.paging.size),
        find_by=frozenset(spec.find),
        index_lag=spec.index_lag,
        clock_resolution=spec.since.resolution if spec.since else 1.0,
        poll_calls=len(reads),
        misses=spec.misses,
    )


def _hash(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _is_json(response: requests.Response) -> bool:
    return "json" in response.headers.get("Content-Type", "json").lower() or response.content[:1] in (b"{", b"[")


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return None
