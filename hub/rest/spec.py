"""What an API over HTTP looks like, as data: the same description for connectors in Python and in TOML.

``docs/rest-connectors.md`` explains every key with an example.  Values are checked when the description is read;
unknown keys and variables are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.rest.template import variables

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Positive = Annotated[int, Field(ge=1)]
Conditions = Mapping[str, Any]

READ_VARIABLES = frozenset(
    {"since", "page", "size", "fields", "field_list", "id", "ids", "items", "value", "values", "quoted"}
)
WRITE_VARIABLES = frozenset({"id", "ids", "key", "data", "items", "version"})


class Strict(BaseModel):
    """A part of a description: frozen, no unknown keys, no silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class AuthSpec(Strict):
    """How requests prove who we are.

    kind:   none, api_key (a header, or a query parameter if ``param`` is given), basic, bearer, oauth1, oauth2.
    header, scheme: the header and the word before the token ("" for none).
    token:  the api_key or bearer token;  user, password: of basic.  All are templates over the settings.
    consumer_key, consumer_secret, token_secret: of oauth1 (with ``token``).
    grant:  of oauth2: authorization_code (a person signs in once by `crmhub connect login`) or client_credentials.
    authorize_url, token_url, scopes, separator, authorize_params, token_params: of oauth2.
    client_id, client_secret, refresh_token: templates; client: where the client's credentials are sent.
    keep:   members of the token answer to keep; ``{token.NAME}`` in url.
    hopeless: what the body of a 401 looks like that a new token would not help (a missing scope).
    """

    kind: Literal["none", "api_key", "basic", "bearer", "oauth1", "oauth2"] = "none"
    header: str = "Authorization"
    scheme: str = "Bearer"
    param: str = ""
    token: str = "{settings.token}"  # noqa: S105  # a template
    user: str = "{settings.user}"
    password: str = "{settings.password}"  # noqa: S105  # a template
    consumer_key: str = "{settings.consumer_key}"
    consumer_secret: str = "{settings.consumer_secret}"  # noqa: S105  # a template
    token_secret: str = "{settings.token_secret}"  # noqa: S105  # a template
    grant: Literal["authorization_code", "client_credentials"] = "authorization_code"
    authorize_url: str = ""
    token_url: str = ""
    scopes: Sequence[str] = ()
    separator: str = " "
    authorize_params: Mapping[str, str] = {}
    token_params: Mapping[str, str] = {}
    client_id: str = "{settings.client_id}"
    client_secret: str = "{settings.client_secret}"  # noqa: S105  # a template
    refresh_token: str = ""
    client: Literal["body", "basic"] = "body"
    keep: Sequence[str] = ()
    hopeless: Conditions = {}


class Call(Strict):
    """One request.  path is below the connector's url; everything may hold variables."""

    method: Method = "GET"
    path: str
    params: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}
    body: Any = None

    def variables(self) -> Iterator[str]:
        """Names of the variables in it."""
        for part in (self.path, self.params, self.headers, self.body):
            yield from variables(part)


class Paging(Strict):
    """How the next page is asked for; ``{page}`` in the request is its value.

    token:  the answer holds it at ``next`` (cursor, page token); without one this was the last page.
    link:   the next URL stands in the header Link (RFC 8288), or in the body at ``next``.
    number: 1, 2, 3 ... from ``first``;  offset: 0, size, 2 x size ...;  keyset: the last record's id.
    more:   path of a flag that is false on the last page; otherwise number, offset and keyset end with a page of fewer
            than ``size`` records.
    total:  path of the number of all records, or "header NAME": with ``number`` and ``offset``, several pages are asked
            for at a time then, where answers are slow.
    """

    kind: Literal["none", "token", "link", "number", "offset", "keyset"] = "none"
    next: str = ""
    more: str = ""
    total: str = ""
    first: int | str | None = None
    size: Positive = 100

    @model_validator(mode="after")
    def _total_of_numbers(self) -> Paging:
        if self.total and self.kind not in ("number", "offset"):
            raise ValueError("total is of use with the kinds number and offset only")
        return self


class Since(Strict):
    """How "changed since" is asked for; ``{since}`` in the request.

    resolution: seconds, the grain of the API's stamps; overlap: seconds that every poll looks back, longer than the
    delay after which a change surely shows.
    """

    format: Literal["iso", "epoch_s", "epoch_ms", "http_date"] = "iso"
    resolution: Annotated[float, Field(gt=0)] = 1.0
    overlap: Annotated[float, Field(ge=0)] = 60.0


class Read(Call):
    """A request that reads records.  records: where they are in the answer.

    batch: of ``get`` and ``find``: how many ids or values go into one call (``{ids}``, ``{values}``: with commas;
    ``{quoted}``: as texts of a query language; ``{items}``: a list made by ``item``).
    exact: of ``find``: a found record counts only if one of these paths holds the value itself.
    whole: of ``find``: false if the answer holds ids only.
    """

    records: str = ""
    paging: Paging = Paging()
    batch: Positive = 1
    item: Any = "{id}"
    exact: Sequence[str] = ()
    whole: bool = True

    @model_validator(mode="after")
    def _known_variables(self) -> Read:
        check_variables(self, READ_VARIABLES, self.item)
        return self


class Gone(Read):
    """A feed of deleted records.  id, time: paths in a row."""

    id: str = "id"
    time: str = ""


class Write(Call):
    """A request that writes.  Without ``results`` it is about one record and answers with it, or with nothing.

    batch:   most records in one call; each becomes ``item``, all of them ``{items}`` (``{ids}`` with commas).
    results: where the outcomes are; ``match`` says how they belong to what was sent: in the same order, or by the
             record's id or our key, which ``at`` shows.
    ok:      what a successful outcome looks like.  errors, error_at: where failed ones stand apart.
    id:      where an outcome shows the record's id.
    image:   an outcome is the whole record.
    """

    method: Method = "POST"
    batch: Positive = 1
    item: Any = "{data}"
    results: str = ""
    match: Literal["order", "id", "key"] = "order"
    at: str = ""
    ok: Conditions = {}
    errors: str = ""
    error_at: str = ""
    id: str = "id"
    image: bool = False

    @model_validator(mode="after")
    def _known_variables(self) -> Write:
        check_variables(self, WRITE_VARIABLES, self.item)
        return self

    def conditional(self) -> bool:
        """Whether it says which version it is for."""
        return "version" in {*self.variables(), *variables(self.item)}

    def one_version_only(self) -> bool:
        """Whether the version concerns the whole call, so that a conditional write goes alone."""
        return "version" in self.variables()


class Describe(Call):
    """A request for the fields of a resource.  types: the API's word -> ours; read_only, custom: conditions."""

    records: str = ""
    name: str = "name"
    label: str = ""
    type: str = "type"
    types: Mapping[
        str, Literal["text", "number", "bool", "date", "datetime", "enum", "list", "reference", "object"]
    ] = {}
    required: Conditions = {}
    read_only: Sequence[Conditions] = ()
    custom: Conditions = {}
    max_length: str = ""
    values: str = ""
    value: str = "value"


class Check(Call):
    """A request that says who we are.  name: path of a word for people; a template over the settings otherwise."""

    name: str = ""


Kind = Literal[
    "auth", "config", "rate_limited", "unavailable", "unknown", "rejected", "conflict", "duplicate", "not_found",
    "cursor_expired", "too_many", "fine",
]  # fmt: skip


class ErrorRule(Strict):
    """What an answer means; the first rule that fits wins.

    status: a number or several; without it the rule also concerns answers of 2xx and single outcomes of a batch.
    where:  conditions on the body;  text: a regular expression that its message fits; a group named id is the id of
            the existing record of a duplicate, as is the path ``id``.
    field:  path of the native field that was refused;  wait: seconds to wait if the API does not say.
    """

    means: Kind
    status: int | Sequence[int] | None = None
    where: Conditions = {}
    text: str = ""
    id: str = ""
    field: str = ""
    wait: float | None = None
    hint: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> ErrorRule:
        if self.status is None and not self.where and not self.text:
            raise ValueError("an error rule needs status, where or text")
        return self


class Words(Strict):
    """Where an error's code and message stand; paths that are tried in this order."""

    code: Sequence[str] = ("code", "error.code", "error")
    message: Sequence[str] = ("message", "error_description", "error.message", "detail")


class LimitSpec(Strict):
    """What the API allows.  rate: "100/10s"; daily: calls a day; concurrency: calls at a time.

    headers: remaining, reset (seconds, or a time), daily_remaining -> the header that shows it.
    """

    rate: Annotated[str, Field(pattern=r"^(\d+/(\d+(\.\d+)?)?[smh])?$")] = ""
    daily: int | None = None
    concurrency: Positive = 4
    headers: Mapping[Literal["remaining", "reset", "daily_remaining"], str] = {}
    source: str = ""


class ResourceSpec(Strict):
    """One kind of record.

    fields:   native fields to ask for (``{fields}``, with commas); the setting ``fields`` adds to them.
    id, data, version, modified, created: paths in a record; data: where its fields are ("" = the record itself).
    hashed:   the version also covers the content, for stamps that are too coarse.
    deleted:  conditions of a record that is deleted;  merged: path of the id of the record that it was merged into.
    clear:    what empties a field ("" or null).
    list:     all records;  changes: those since ``{since}`` (if it is not the same request);  listing: ids and versions;
    gone:     deletions;  get: one or several by id;  find: by op_key, own_key, email, phone, tax_id.
    create, update, delete: writes.  create_by: how a create whose answer was lost is found again; key_field: where our
    key is stored then.
    """

    record: Literal["customer", "order", "interaction", "deal"] = "customer"
    mapping: str = ""
    fields: Sequence[str] = ()
    id: str = "id"
    data: str = ""
    version: str = ""
    hashed: bool = False
    modified: str = ""
    created: str = ""
    deleted: Conditions = {}
    merged: str = ""
    clear: Literal["", None] = None
    since: Since | None = None
    list: Read
    changes: Read | None = None
    listing: Read | None = None
    gone: Gone | None = None
    get: Read | None = None
    find: Mapping[str, Read] = {}
    create: Write | None = None
    update: Write | None = None
    delete: Write | None = None
    create_by: Literal["upsert_key", "marker", "client_id", "unique_key", "none"] = "none"
    key_field: str = ""
    describe: Describe | None = None
    index_lag: float = 0.0
    misses: Sequence[str] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> ResourceSpec:
        if self.changes is not None and self.since is None:
            raise ValueError("changes needs since")
        if self.since is not None and "since" not in (self.changes or self.list).variables():
            raise ValueError("since is given, but {since} stands nowhere in the request")
        if self.create is not None and self.create_by in ("upsert_key", "marker") and not self.key_field:
            raise ValueError(f"create_by = {self.create_by!r} needs key_field")
        if self.create_by in ("upsert_key", "marker", "client_id") and self.create and "op_key" not in self.find:
            raise ValueError(f"create_by = {self.create_by!r} needs find.op_key")
        if not (self.version or self.hashed):
            raise ValueError("give version (a path), or hashed = true")
        return self


class RestSpec(Strict):
    """A whole API.  url: base of all paths, a template over the settings and ``{token.NAME}``; headers: of every call.

    hosts: hosts that may be called beside that of url;  errors: rules, the first that fits wins;  words: where errors
    have their code and message.
    """

    url: str
    hosts: Sequence[str] = ()
    headers: Mapping[str, str] = {"Accept": "application/json"}
    auth: AuthSpec = AuthSpec()
    check: Check | None = None
    limits: LimitSpec = LimitSpec()
    errors: Sequence[ErrorRule] = ()
    words: Words = Words()
    resources: Annotated[Mapping[str, ResourceSpec], Field(min_length=1)]


def check_variables(call: Call, known: frozenset[str], item: Any) -> None:
    """Raise ValueError for a variable that will never have a value.  Settings are written {settings.NAME}."""
    for name in {*call.variables(), *variables(item)}:
        if name not in known and not name.startswith(("settings.", "token.")):
            raise ValueError(f"unknown variable {{{name}}}; known here: {', '.join(sorted(known))}, settings.NAME")
