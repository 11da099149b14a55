"""A plugin for tests of the command line: contacts in a JSON file, with faults that a setting or a file switches on."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr

from hub import plugin


class ProbeConfig(plugin.ConnectorConfig):
    """file: where the contacts are.  A file "CONNECTION.fault" beside the configuration says what goes wrong."""

    file: str
    token: SecretStr = SecretStr("")
    hook_secret: SecretStr | None = None


class Probe(plugin.Connector[ProbeConfig]):
    """Contacts {"id": {"name": ..., "email": ...}}; a version is a hash of the content."""

    name = "probe"
    Config = ProbeConfig

    @property
    def fault(self) -> str:
        path = self.context.base / f"{self.context.connection}.fault"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _fail(self, *faults: str) -> None:
        if self.fault not in faults:
            return
        token = self.config.token.get_secret_value()
        errors: dict[str, Exception] = {
            "auth": plugin.AuthError(f"the token {token} is not accepted"),
            "down": plugin.Unavailable("the shop does not answer"),
            "bug": KeyError("a fault of the plugin"),
            "check bug": KeyError("a fault of the plugin while signing in"),
        }
        raise errors[self.fault]

    def check(self) -> plugin.Account:
        self._fail("auth", "down", "check bug")
        return plugin.Account("probe", version="1.0", granted=("read", "write"))

    def resources(self) -> Sequence[plugin.Resource]:
        able = plugin.Capabilities(conditional_write=True, create="marker", image_after_write=True, batch=1, page=2)
        return [plugin.Resource("contacts", capabilities=able, mapping="probe.contacts")]

    def fields(self, resource: str) -> Sequence[plugin.Field]:
        """Known only where a file "CONNECTION.fields" names them."""
        path = self.context.base / f"{self.context.connection}.fields"
        names = path.read_text(encoding="utf-8").split() if path.exists() else []
        return [plugin.Field(name) for name in names]

    def _path(self) -> Path:
        return self.context.base / self.config.file

    def _load(self) -> dict[str, dict[str, Any]]:
        content: dict[str, dict[str, Any]] = json.loads(self._path().read_text(encoding="utf-8"))
        return content

    def _record(self, id_: str, data: dict[str, Any]) -> plugin.Record:
        version = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:12]
        return plugin.Record(id_, data, version)

    def changes(self, resource: str, cursor: plugin.Json = None) -> Iterator[plugin.Page]:
        self._fail("bug", "auth", "down")
        for id_, data in self._load().items():
            if self.fault == "slow":
                time.sleep(0.1)
            while self.fault == "held":
                time.sleep(0.02)
            if self.fault == "hanging":
                (self.context.base / f"{self.context.connection}.hangs").touch()
                time.sleep(60)
            yield plugin.Page([self._record(id_, data)], None)
        yield plugin.Page([], "end", complete=True)

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[plugin.Record]:
        with (self.context.base / f"{self.context.connection}.fetched").open("a", encoding="utf-8") as seen:
            seen.writelines(f"{id_}\n" for id_ in ids)
        content = self._load()
        yield from (self._record(id_, content[id_]) for id_ in ids if id_ in content)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[plugin.Hint]:
        """{"event", "at", "resource", "ids"}, signed over the raw body and at most five minutes old."""
        secret = self.config.hook_secret
        wanted = hmac.new((secret.get_secret_value() if secret else "").encode(), body, hashlib.sha256).hexdigest()
        if secret is None or not hmac.compare_digest(wanted.encode(), headers.get("x-signature", "").encode()):
            raise plugin.AuthError("not signed with our secret")
        content = json.loads(body)
        if abs(self.context.clock().timestamp() - content["at"]) > 300:
            raise plugin.AuthError("signed too long ago")
        return [plugin.Hint(content["resource"], content["ids"], content.get("event", ""))]

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        yield from (self._record(id_, data) for id_, data in self._load().items() if data.get("our_key") in values)

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        content = self._load()
        for op in ops:
            if self.fault == "reject":
                error = plugin.Rejected("the address anna@x.example is not allowed", remote_code="E17")
                yield plugin.Receipt(op.key, op.id, error=error)
                continue
            id_ = op.id or f"n{len(content) + 1}"
            if op.kind == "delete":
                content.pop(id_, None)
            else:
                content[id_] = {**content.get(id_, {"our_key": op.key}), **op.data}
            fresh = self._path().with_suffix(".new")  # a kill must not leave half a file: no real system would
            fresh.write_text(json.dumps(content), encoding="utf-8")
            fresh.replace(self._path())
            image = self._record(id_, content[id_]) if id_ in content else None
            yield plugin.Receipt(op.key, id_, image.version if image else None, image)


@plugin.hookimpl
def hub_connectors() -> Sequence[type[plugin.Connector[Any]]]:
    """The connector class."""
    return [Probe]


@plugin.hookimpl
def hub_review_plan(plan: Any) -> Sequence[str]:
    """Nobody called Veto is ever written."""
    return [f"{item.title} must not be written" for item in plan.items if "Veto" in item.title]


@plugin.hookimpl
def hub_commands() -> Sequence[Any]:
    """One command of its own."""
    app = typer.Typer(name="probe")

    @app.callback()
    def probe() -> None:
        """Commands of the probe."""

    @app.command()
    def hello() -> None:
        """Say hello."""
        print("hello from a plugin")

    return [app]
