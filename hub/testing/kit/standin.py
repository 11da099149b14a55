"""A stand-in for an API that is only described yet: a small server made from a connector's own description.

It shows that a connector and its description agree with each other, not that they agree with the real system: replace it
by a faithful sandbox, or by the real server, when you can (``Bench``).  It plays GET with filters and pages of every kind,
single creates, updates and deletes, and a feed of deletions.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from starlette.responses import Response

from hub.contract.errors import HubError
from hub.rest.spec import Gone, Read, ResourceSpec, RestSpec
from hub.rest.template import variables
from hub.testing.kit.sandboxed import SandboxBench
from hub.testing.sandbox import Call, Endpoint, Sandbox, reply

_WORD = "stand-in-secret"
_FROM = "stand-in-from"
"""The parameter by which its own links say where a page begins."""
_PAGE = 3
"""Records on a page where the description leaves the size to the server."""

Document = dict[str, Any]


class StandIn(Sandbox):
    """The server of one resource of a description.  Raises HubError for a description that it cannot play."""

    name = "stand-in"
    title = "A stand-in made from a description"

    def __init__(self, spec: RestSpec, resource: str) -> None:
        super().__init__()
        self.spec, self.resource = spec, spec.resources[resource]
        self.documents = self.state.collection(resource)
        self.user = StandInUser(self)
        # below what a setting names, or below the fixed host
        path = spec.url.rpartition("}")[2] if "}" in spec.url else urlsplit(spec.url).path
        self.prefix = path.rstrip("/")
        self.reads = [item for item in _reads(self.resource) if not isinstance(item, Gone)]
        _check_playable(spec, self.resource)

    def credentials(self) -> Mapping[str, str]:
        auth = self.spec.auth
        templates = {"basic": (auth.user, auth.password), "none": ()}.get(auth.kind, (auth.token,))
        names = [name.removeprefix("settings.") for template in templates for name in variables(template)]
        return dict.fromkeys(names, _WORD)

    def seed(self, customers: int) -> None:
        raise HubError("a stand-in is filled by its bench")

    def is_filled(self) -> bool:
        return bool(self.documents)

    def routes(self) -> Sequence[Endpoint]:
        spec = self.resource
        found = {(item.method, item.path): self._list for item in self.reads}
        if spec.get is not None:
            found[spec.get.method, spec.get.path] = self._one
        if spec.gone is not None:
            found[spec.gone.method, spec.gone.path] = self._gone
        for route, handler in ((spec.create, self._create), (spec.update, self._update), (spec.delete, self._delete)):
            if route is not None:
                found[route.method, route.path] = handler
        if self.spec.check is not None:
            found.setdefault((self.spec.check.method, self.spec.check.path), self._who)
        return [Endpoint(method, self.prefix + path, self._signed(work)) for (method, path), work in found.items()]

    def _signed(self, work: Any) -> Any:
        auth = self.spec.auth
        wanted = {
            "none": None,
            "basic": "Basic " + base64.b64encode(f"{_WORD}:{_WORD}".encode()).decode(),
        }.get(auth.kind, f"{auth.scheme} {_WORD}".strip())

        def handle(call: Call) -> Response:
            given = call.query.get(auth.param) if auth.param else call.headers.get(auth.header)
            if wanted is not None and given != (_WORD if auth.param else wanted):
                return reply(401, {"message": "sign in"})
            answer: Response = work(call)
            return answer

        return handle

    def _who(self, call: Call) -> Response:
        return reply(200, {"name": "the stand-in", "email": "me@stand-in.example"})

    def _list(self, call: Call) -> Response:
        read = next((item for item in self.reads if self._is_asked(item, call)), self.resource.list)
        alive = [item for item in sorted(self.documents.values(), key=lambda item: int(item["id"])) if not item["gone"]]
        shown = [item for item in alive if self._fits(read, call, item)]
        start, size = self._place(read, call, shown)
        page, more = shown[start : start + size], start + size < len(shown)
        body: Document = {}
        _put(body, read.records, [self.show(item) for item in page])
        if read.paging.kind == "token" and more:
            _put(body, read.paging.next, str(start + size))
        if read.paging.more:
            _put(body, read.paging.more, more)
        headers = {}
        if read.paging.kind == "link" and more:
            link = self._address(call, start + size)
            if read.paging.next:
                _put(body, read.paging.next, link)
            else:
                headers["Link"] = f'<{link}>; rel="next"'
        return reply(200, body[""] if read.records == "" else body, headers)

    def _address(self, call: Call, start: int) -> str:
        """Where the rest of a list begins."""
        query = [(name, value) for name, value in call.query.multi_items() if name != _FROM]
        return f"{self.url}{call.path}?{urlencode([*query, (_FROM, str(start))])}"

    def _is_asked(self, read: Read, call: Call) -> bool:
        """Whether a call is this read: a search has its value, all others have none."""
        keys = [key for key, item in read.params.items() if "value" in variables(item)]
        return self.prefix + read.path == call.route and bool(keys) and all(key in call.query for key in keys)

    def _fits(self, read: Read, call: Call, item: Document) -> bool:
        for key, template in read.params.items():
            if key not in call.query:
                continue
            if "since" in variables(template) and item["stamp"] < self._moment(call.query[key]):
                return False
            if "value" in variables(template):
                names = [name.removeprefix(f"{self.resource.data}.") for name in read.exact] or [key]
                if call.query[key] not in [str(item["fields"].get(name)) for name in names]:
                    return False
        return True

    def _place(self, read: Read, call: Call, shown: Sequence[Document]) -> tuple[int, int]:
        paging = read.paging
        asked = next(
            (call.query[key] for key, item in read.params.items() if "page" in variables(item) and key in call.query),
            "",
        )
        if paging.kind == "none":
            return 0, len(self.documents) + 1
        if paging.kind == "token":
            return int(asked or 0), _PAGE
        if paging.kind == "link":
            return int(call.query.get(_FROM, "0")), _PAGE
        if paging.kind == "keyset":
            passed = [item for item in shown if asked and int(item["id"]) <= int(asked)]
            return len(passed), paging.size
        first = int(paging.first if paging.first is not None else paging.kind == "number")
        at = int(asked or first)
        return ((at - first) * paging.size if paging.kind == "number" else at), paging.size

    def _moment(self, text: str) -> str:
        style = self.resource.since.format if self.resource.since is not None else "iso"
        if style == "iso":
            return datetime.fromisoformat(text).astimezone(UTC).isoformat()
        return datetime.fromtimestamp(float(text) / (1000 if style == "epoch_ms" else 1), UTC).isoformat()

    def _one(self, call: Call) -> Response:
        found = self.documents.get(call.params.get("id", ""))
        return self._missing() if found is None or found["gone"] else reply(200, self.show(found))

    def _gone(self, call: Call) -> Response:
        gone = self.resource.gone
        assert gone is not None
        since = next(
            (call.query[key] for key, item in gone.params.items() if "since" in variables(item) and key in call.query),
            "",
        )
        rows = []
        for item in self.documents.values():
            if item["gone"] and (not since or item["stamp"] >= self._moment(since)):
                row: Document = {}
                _put(row, gone.id, item["id"])
                if gone.time:
                    _put(row, gone.time, item["stamp"])
                rows.append(row)
        body: Document = {}
        _put(body, gone.records, rows)
        return reply(200, body[""] if gone.records == "" else body)

    def _create(self, call: Call) -> Response:
        return reply(201, self.show(self.documents[self.user.create("", call.json())]))

    def _update(self, call: Call) -> Response:
        route, found = self.resource.update, self.documents.get(call.params["id"])
        assert route is not None
        if found is None or found["gone"]:
            return self._missing()
        for name, template in route.headers.items():
            if "version" in variables(template) and call.headers.get(name, found["version"]) != found["version"]:
                return reply(412, {"message": "changed meanwhile"})
        self.user.edit("", found["id"], call.json())
        return reply(200, self.show(self.documents[found["id"]]))

    def _delete(self, call: Call) -> Response:
        found = self.documents.get(call.params["id"])
        if found is None or found["gone"]:
            return self._missing()
        self.user.delete("", found["id"])
        return reply(204)

    def _missing(self) -> Response:
        return reply(404, {"message": "there is no such record"})

    def show(self, item: Document) -> Document:
        """A record as the description says that the API shows it."""
        spec, raw = self.resource, dict[str, Any]()
        if spec.data:
            _put(raw, spec.data, dict(item["fields"]))
        else:
            raw.update(item["fields"])
        for path, value in ((spec.id, item["id"]), (spec.version, item["version"]), (spec.modified, item["stamp"])):
            if path:
                _put(raw, path, value)
        return raw


class StandInUser:
    """What a person does in the stand-in."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in

    def create(self, collection: str, data: Mapping[str, Any]) -> str:
        """Enter a record."""
        with self._stand_in.turn():
            id_ = str(self._stand_in.state.next_number("record"))
            self._store({"id": id_, "gone": False, "fields": dict(data)})
            return id_

    def edit(self, collection: str, id_: str, data: Mapping[str, Any]) -> None:
        """Change fields."""
        with self._stand_in.turn():
            found = self._stand_in.documents[id_]
            self._store({**found, "fields": {**found["fields"], **data}})

    def delete(self, collection: str, id_: str) -> None:
        """Delete a record."""
        with self._stand_in.turn():
            self._store({**self._stand_in.documents[id_], "gone": True})

    def _store(self, document: Document) -> None:
        version = f"v{self._stand_in.state.next_number('version')}"
        stamp = self._stand_in.now().isoformat()
        # where the stamp is the version, no two may be alike
        if self._stand_in.resource.version == self._stand_in.resource.modified:
            self._stand_in.clock.advance(0.001)
            version = stamp = self._stand_in.now().isoformat()
        self._stand_in.documents[document["id"]] = {**document, "version": version, "stamp": stamp}


class StandInBench(SandboxBench):
    """A bench on the stand-in of a RestConnector; ``document`` says what its records look like."""

    collection: ClassVar[str] = ""
    address: ClassVar[str] = "url"

    def make_sandbox(self) -> Sandbox:
        spec = getattr(self.connector, "spec", None)
        if not isinstance(spec, RestSpec):
            raise HubError("a stand-in needs a connector with a description (RestConnector)")
        made = StandIn(spec, self.resource)
        self.secret_settings = tuple(made.credentials())  # type: ignore[misc]  # known only from the description
        return made

    def person_sees(self) -> Mapping[str, str]:
        found = self.sandbox.state.dump().get(self.resource, {})
        return {id_: str(item["fields"].get(self.text) or "") for id_, item in found.items() if not item["gone"]}


def _reads(spec: ResourceSpec) -> Iterator[Read]:
    yield from spec.find.values()
    yield from (item for item in (spec.list, spec.changes, spec.listing) if item is not None)


def _check_playable(spec: RestSpec, resource: ResourceSpec) -> None:
    reads: list[Read] = [*_reads(resource), *(item for item in (resource.get, resource.gone) if item is not None)]
    writes = [item for item in (resource.create, resource.update, resource.delete) if item is not None]
    odd = [
        ("reads that are POSTed", any(item.method != "GET" for item in reads)),
        ("batches", any(item.batch > 1 for item in reads) or any(item.batch > 1 for item in writes)),
        ("OAuth", spec.auth.kind.startswith("oauth")),
    ]
    if found := [name for name, there in odd if there]:
        raise HubError(
            f"a stand-in cannot play {', '.join(found)}",
            hint="Write a sandbox (hub.testing.sandbox) and use SandboxBench",
        )


def _put(target: Document, path: str, value: Any) -> None:
    """Set a value at a path with dots."""
    *parents, last = path.split(".")
    for name in parents:
        target = target.setdefault(name, {})
    target[last] = value
