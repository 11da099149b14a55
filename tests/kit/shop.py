"""A small shop with a REST API, its connector, and the bench on which the contract kit tries it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import requests
from pydantic import SecretStr
from starlette.responses import Response

from hub import plugin
from hub.testing.kit.sandboxed import SandboxBench
from hub.testing.sandbox import Call, Endpoint, Sandbox, reply

TOKEN = "shop-token-5f2c"


class ShopUser:
    """What a person does in the shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def create(self, collection: str, data: dict[str, Any], key: str = "") -> str:
        """Enter a record.  Raises ValueError for an e-mail that somebody has."""
        people = self._shop.people
        taken = [item for item in people.values() if not item["deleted"] and item.get("mail") == data.get("mail")]
        if data.get("mail") and taken:
            raise ValueError(taken[0]["id"])
        id_ = str(self._shop.state.next_number("person"))
        self._store({"id": id_, "key": key, "deleted": False, **data})
        return id_

    def edit(self, collection: str, id_: str, values: dict[str, Any]) -> None:
        self._store({**self._shop.people[id_], **values})

    def delete(self, collection: str, id_: str) -> None:
        self._store({**self._shop.people[id_], "deleted": True})

    def _store(self, person: dict[str, Any]) -> None:
        seq = self._shop.state.next_number("seq")
        stamp = self._shop.now().isoformat()
        self._shop.people[person["id"]] = {**person, "seq": seq, "version": f"v{seq}", "changed": stamp}


class Shop(Sandbox):
    """People with name, note and mail; a feed in the order of changes; conditional writes; creates by key."""

    name = "shop"
    title = "A small shop"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.people = self.state.collection("people")
        self.user = ShopUser(self)

    def credentials(self) -> Mapping[str, str]:
        return {"token": TOKEN}

    def seed(self, customers: int) -> None:
        for number in range(customers):
            self.user.create("people", {"name": f"Person {number}", "note": "", "mail": f"{number}@x.example"})

    def is_filled(self) -> bool:
        return bool(self.people)

    def routes(self) -> Sequence[Endpoint]:
        return [
            Endpoint("GET", "/me", self._signed(lambda _: reply(200, {"name": "The Shop"}))),
            Endpoint("GET", "/people", self._signed(self._list)),
            Endpoint("POST", "/people", self._signed(self._create)),
            Endpoint("PATCH", "/people/{id}", self._signed(self._update)),
            Endpoint("DELETE", "/people/{id}", self._signed(self._delete)),
        ]

    def _signed(self, handler: Any) -> Any:
        def handle(call: Call) -> Response:
            if call.headers.get("authorization") != f"Bearer {TOKEN}":
                return reply(401, {"error": "sign in"})
            answer: Response = handler(call)
            return answer

        return handle

    def _list(self, call: Call) -> Response:
        people = sorted(self.people.values(), key=lambda item: item["seq"])
        if "ids" in call.query:
            wanted = call.query["ids"].split(",")
            return reply(200, {"people": [item for item in people if item["id"] in wanted and not item["deleted"]]})
        if "key" in call.query:
            return reply(200, {"people": [item for item in people if item["key"] == call.query["key"]]})
        after = int(call.query.get("after", "0"))
        found = [item for item in people if item["seq"] > after][:3]
        more = bool(found) and found[-1]["seq"] < people[-1]["seq"]
        return reply(200, {"people": found, "next": found[-1]["seq"] if found else after, "more": more})

    def _create(self, call: Call) -> Response:
        data = call.json()
        known = [item for item in self.people.values() if item["key"] and item["key"] == data.get("key")]
        if known:
            return reply(200, known[0])
        try:
            id_ = self.user.create("people", data, data.pop("key", ""))
        except ValueError as error:
            return reply(409, {"error": "taken", "id": str(error)})
        return reply(201, self.people[id_])

    def _update(self, call: Call) -> Response:
        person = self.people.get(call.params["id"])
        if person is None or person["deleted"]:
            return reply(404, {"error": "not found"})
        wanted = call.headers.get("if-match")
        if wanted is not None and wanted != person["version"]:
            return reply(412, {"error": "changed meanwhile"})
        self.user.edit("people", person["id"], call.json())
        return reply(200, self.people[person["id"]])

    def _delete(self, call: Call) -> Response:
        person = self.people.get(call.params["id"])
        if person is None or person["deleted"]:
            return reply(404, {"error": "not found"})
        self.user.delete("people", person["id"])
        return reply(204)


class ShopConfig(plugin.ConnectorConfig):
    base_url: str
    token: SecretStr


class ShopConnector(plugin.Connector[ShopConfig]):
    """The connector as its author would write it."""

    name: ClassVar[str] = "small_shop"
    Config: ClassVar[type[plugin.ConnectorConfig]] = ShopConfig

    def check(self) -> plugin.Account:
        return plugin.Account(self.get("me")["name"])

    def resources(self) -> Sequence[plugin.Resource]:
        able = plugin.Capabilities(
            deletes="feed",
            conditional_write=True,
            create="upsert_key",
            version_after_write=True,
            image_after_write=True,
            page=3,
            find_by=frozenset({"op_key"}),
        )
        return [plugin.Resource("people", "customer", able)]

    def fields(self, resource: str) -> Sequence[plugin.Field]:
        return [plugin.Field("name"), plugin.Field("note"), plugin.Field("mail")]

    def changes(self, resource: str, cursor: Any = None) -> Iterator[plugin.Page]:
        more = True
        while more:
            body = self.get("people", after=cursor or 0)
            records = [self.record(item) for item in body["people"]]
            cursor, more = body["next"], body["more"]
            yield plugin.Page(records, cursor, complete=not more)

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[plugin.Record]:
        for item in self.get("people", ids=",".join(ids))["people"]:
            yield self.record(item)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        for value in values:
            for item in self.get("people", key=value)["people"]:
                yield self.record(item)

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        for op in ops:
            try:
                yield self.write_one(op)
            except (plugin.Rejected, plugin.NotFound, plugin.Conflict, plugin.Duplicate) as error:
                yield plugin.Receipt(op.key, op.id, error=error)

    # the pieces

    def write_one(self, op: plugin.Op) -> plugin.Receipt:
        if op.kind == "create":
            answer = self.send("POST", "people", json={**op.data, "key": op.key})
        elif op.kind == "delete":
            self.send("DELETE", f"people/{op.id}")
            return plugin.Receipt(op.key, op.id)
        else:
            headers = {"If-Match": op.if_version} if op.if_version else {}
            answer = self.send("PATCH", f"people/{op.id}", json=dict(op.data), headers=headers)
        record = self.record(self.decode(answer, safe=False))
        return plugin.Receipt(op.key, record.id, record.version, record)

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """One call; raises the contract's errors."""
        headers = {"Authorization": f"Bearer {self.config.token.get_secret_value()}", **options.pop("headers", {})}
        url = f"{self.config.base_url}/{path}"
        answer = self.context.http.request(method, url, headers=headers, expect={404, 409, 412}, **options)
        if answer.status_code == 404:
            raise plugin.NotFound("the shop has no such person")
        if answer.status_code == 412:
            raise plugin.Conflict("changed meanwhile")
        if answer.status_code == 409:
            raise plugin.Duplicate("somebody has this mail", existing_id=str(answer.json().get("id")))
        return answer

    def get(self, path: str, **params: Any) -> Any:
        body = self.decode(self.send("GET", path, params=params), safe=True)
        if path == "people" and not isinstance(body.get("people"), list):
            raise plugin.Unavailable("the shop's answer has no people")
        return body

    def decode(self, answer: requests.Response, *, safe: bool) -> Any:
        body = self.context.http.decode(answer, safe=safe)
        if not isinstance(body, dict):
            raise plugin.Unavailable("the shop's answer is no object") if safe else plugin.OutcomeUnknown("no object")
        return body

    def record(self, item: Mapping[str, Any]) -> plugin.Record:
        data = {name: item.get(name) for name in ("name", "note", "mail")}
        changed = datetime.fromisoformat(item["changed"]).astimezone(UTC)
        return plugin.Record(str(item["id"]), data, item["version"], changed, deleted=bool(item["deleted"]))


class ShopBench(SandboxBench):
    """People of the shop."""

    connector = ShopConnector
    resource = "people"
    text = "note"
    sandbox_type = Shop
    collection = "people"
    secret_settings = ("token",)

    def document(self, number: int) -> dict[str, Any]:
        return {"name": f"Person {number}", "note": f"note {number}", "mail": f"p{number}@x.example"}

    def is_there(self, document: Mapping[str, Any]) -> bool:
        return not document["deleted"]
