"""A bench on a sandbox: what every plugin with a sandbox would write otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from hub.testing.kit.bench import Bench
from hub.testing.kit.wire import Wire
from hub.testing.sandbox import Sandbox, running


class SandboxBench(Bench):
    """sandbox_type: the sandbox; collection: its name for the resource's records; address: the connector's setting for
    the base URL; secret_settings: those of the sandbox's credentials that are secrets."""

    sandbox_type: ClassVar[type[Sandbox]]
    collection: ClassVar[str]
    address: ClassVar[str] = "base_url"
    secret_settings: ClassVar[Sequence[str]] = ()

    sandbox: Sandbox

    def make_sandbox(self) -> Sandbox:
        """The sandbox for one rule."""
        return self.sandbox_type()

    @contextmanager
    def system(self, folder: Path) -> Iterator[None]:
        with running(self.make_sandbox()) as sandbox, Wire(sandbox.url) as wire:
            sandbox.url = wire.url  # what the system says about its own address leads through the wire, too
            self.sandbox, self.wire = sandbox, wire
            given = sandbox.credentials()
            self.secrets = [given[name] for name in self.secret_settings]
            yield

    def settings(self) -> Mapping[str, Any]:
        assert self.wire is not None
        return {**self.sandbox.credentials(), self.address: self.wire.url}

    def wrong_login(self) -> Mapping[str, Any] | None:
        return dict.fromkeys(self.secret_settings, "wrong") or None

    def now(self) -> datetime:
        return self.sandbox.now()

    def later(self, seconds: float) -> None:
        self.sandbox.clock.advance(seconds)

    def freeze(self) -> None:
        self.sandbox.clock.freeze()

    def person_creates(self, number: int) -> str:
        return str(self.sandbox.user.create(self.collection, self.document(number)))

    def person_writes(self, id_: str, text: str) -> None:
        self.sandbox.user.edit(self.collection, id_, {self.text: text})

    def person_deletes(self, id_: str) -> None:
        self.sandbox.user.delete(self.collection, id_)

    def person_sees(self) -> Mapping[str, str]:
        found = self.sandbox.state.dump().get(self.collection, {})
        return {id_: self.text_of(document) for id_, document in found.items() if self.is_there(document)}

    def text_of(self, document: Mapping[str, Any]) -> str:
        """The text field of a document as the sandbox keeps it."""
        return str(document.get(self.text) or "")

    def is_there(self, document: Mapping[str, Any]) -> bool:
        """Whether a document is neither deleted nor archived."""
        return True
