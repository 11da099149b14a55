"""Cassettes: what a system answered to the rules about reading, redacted, to be played again without a network.

    crmhub plugin test shop --record shop.json       on the bench: the sandbox, or a real server
    crmhub plugin test shop --replay shop.json       nothing but the file

A cassette holds each rule's calls with their answers, and what the person of the bench did and saw meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from pydantic import SecretStr

from hub.contract.errors import HubError
from hub.testing.kit.bench import Bench
from hub.testing.kit.redacting import StandIns
from hub.testing.kit.rules import RULES, Outcome, Rule, attempt
from hub.testing.kit.wire import Answer, Sent, Wire

FORMAT = 1
READ_RULES: tuple[Rule, ...] = tuple(
    rule for rule in RULES if rule.run.__module__.rpartition(".")[2] in ("describing", "reading")
)
_WIRE = "{wire}"
"""Where a cassette says the system's own address."""
_DEEDS = ("person_creates", "person_writes", "person_deletes", "person_sees")


def record(title: str, bench: type[Bench], file: Path) -> Iterator[Outcome]:
    """Try the rules about reading and write down what was said; rules that fail are not kept.

    Raises HubError where there is no wire, or where an answer cannot be redacted.
    """
    kept: dict[str, Any] = {}
    for rule in READ_RULES:
        tape = _Tape()
        outcome = attempt(_recording(bench, tape), rule)
        if tape.broken is not None:
            raise tape.broken
        if outcome.state == "done":
            kept[rule.id] = tape.to_json()
        yield outcome
    file.write_text(json.dumps({"format": FORMAT, "bench": title, "rules": kept}, indent=1, ensure_ascii=False) + "\n")


def read_cassette(file: Path) -> dict[str, Any]:
    """The content of a file.  Raises HubError if it is no cassette."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HubError(f"the cassette cannot be read: {error}", where=str(file)) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise HubError(f"this is no cassette of format {FORMAT}", where=str(file), hint="Record it again")
    return content


def replay(cassette: Mapping[str, Any], bench: type[Bench]) -> Iterator[Outcome]:
    """Try the rules that a cassette holds, without a network."""
    for rule in READ_RULES:
        if rule.id not in cassette["rules"]:
            continue
        missed: list[str] = []
        outcome = attempt(_replaying(bench, cassette["rules"][rule.id], missed), rule)
        if missed:
            outcome = Outcome(rule, "failed", f"the cassette has no answer to {missed[0]}; record it again")
        yield outcome


# recording


class _Tape:
    """What happens while one rule is tried."""

    def __init__(self) -> None:
        self.deeds: list[Any] = []
        self.settings: Any = {}
        self.wrong: Any = None
        self.start = ""
        self.moves = False
        self.heard: list[tuple[Sent, Answer]] = []
        self.addresses: list[str] = []
        self.stand_ins = StandIns((), ())
        self.broken: HubError | None = None

    def to_json(self) -> dict[str, Any]:
        """Redacted; answers are looked at first, since they bring secrets that calls have, too."""
        answers = [self._answer(answer) for _, answer in self.heard]
        calls = [self._call(sent) for sent, _ in self.heard]
        made = {
            "start": self.start,
            "moves_clock": self.moves,
            "settings": self.stand_ins.value(self.settings),
            "wrong_login": self.stand_ins.value(self.wrong),
            "calls": [{**call, **answer} for call, answer in zip(calls, answers, strict=True)],
            "deeds": [[name, given, self.stand_ins.value(result)] for name, given, result in self.deeds],
        }
        found: dict[str, Any] = json.loads(self._without_address(json.dumps(made)))
        return found

    def _call(self, sent: Sent) -> dict[str, Any]:
        kind = {name.lower(): value for name, value in sent.headers.items()}.get("content-type", "")
        body = self.stand_ins.body(sent.body, kind)
        return {"method": sent.method, "path": self.stand_ins.path(sent.path), "body": body}

    def _answer(self, answer: Answer) -> dict[str, Any]:
        kind = {name.lower(): value for name, value in answer.headers.items()}.get("content-type", "")
        try:
            body = self.stand_ins.body(answer.body, kind)
        except HubError:
            if answer.status < 400:
                raise
            body = "(a page that is left out)"  # what an error page says to people is nothing that a connector reads
        return {"status": answer.status, "headers": self.stand_ins.headers(dict(answer.headers)), "answer": body}

    def _without_address(self, text: str) -> str:
        for address in self.addresses:
            text = text.replace(address, _WIRE)
        return text


def _recording(bench: type[Bench], tape: _Tape) -> type[Bench]:
    """The bench with a tape that runs along."""

    @contextmanager
    def system(self: Bench, folder: Path) -> Iterator[None]:
        with bench.system(self, folder):
            if self.wire is None:
                tape.broken = HubError("a connector that does not speak HTTP cannot be recorded")
                raise tape.broken
            tape.settings, tape.wrong = _open(self.settings()), _open(self.wrong_login())
            tape.start, tape.moves = self.now().isoformat(), self.moves_clock
            tape.addresses = [self.wire.url, self.wire.target]
            documents = [self.document(number) for number in range(40)]
            tape.stand_ins = StandIns(self.secrets, (), self.document(0))
            tape.stand_ins.type(documents)
            yield
            tape.heard = list(self.wire.heard)
            try:
                tape.to_json()
            except HubError as error:
                tape.broken = error

    def deed(name: str) -> Any:
        def done(self: Bench, *given: Any) -> Any:
            tape.stand_ins.type(list(given))
            result = getattr(bench, name)(self, *given)
            tape.deeds.append([name, list(given), dict(result) if isinstance(result, Mapping) else result])
            return result

        return done

    return type(bench.__name__, (bench,), {"system": system, **{name: deed(name) for name in _DEEDS}})


def _open(settings: Mapping[str, Any] | None) -> Any:
    if settings is None:
        return None
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in settings.items()
    }


# replaying


class _Deck(Wire):
    """A wire with a cassette at its end."""

    def __init__(self, tape: Mapping[str, Any], missed: list[str]) -> None:
        super().__init__("http://127.0.0.1:9")  # never called
        self._calls = [dict(call) for call in tape["calls"]]
        self._missed = missed
        self._used: set[int] = set()

    def _forward(self, sent: Sent) -> Answer:
        with self._lock:
            at = self._found(sent)
            if at is None:
                self._missed.append(f"{sent.method} {sent.path}")
                return Answer(501, b'{"error": "not on the cassette"}')
            self._used.add(at)
        call = self._calls[at]
        headers = {name: value.replace(_WIRE, self.url) for name, value in call["headers"].items()}
        return Answer(call["status"], call["answer"].replace(_WIRE, self.url).encode(), headers)

    def _found(self, sent: Sent) -> int | None:
        """The first call that was not played yet and is most like this one; times in a query may differ."""
        place, query = _parts(sent.path)
        body = sent.body.decode("utf-8", "replace")
        same = [
            (at in self._used, query != _parts(call["path"])[1], body != call["body"], at)
            for at, call in enumerate(self._calls)
            if (call["method"], _parts(call["path"])[0]) == (sent.method, place)
        ]
        return min(same)[-1] if same else None


def _parts(path: str) -> tuple[str, dict[str, str]]:
    place, _, query = path.partition("?")
    return place.replace(_WIRE, ""), dict(parse_qsl(query, keep_blank_values=True))


def _replaying(bench: type[Bench], tape: Mapping[str, Any], missed: list[str]) -> type[Bench]:
    """The bench on a cassette: its person does and sees what was recorded."""
    deeds, moved = [list(item) for item in tape["deeds"]], [0.0]

    @contextmanager
    def system(self: Bench, folder: Path) -> Iterator[None]:
        self.secrets = [str(value) for value in tape["settings"].values() if str(value).startswith("secret-")]
        with _Deck(tape, missed) as deck:
            self.wire = deck
            yield

    def settings(self: Bench) -> Mapping[str, Any]:
        url = self.the_wire().url
        return {
            name: value.replace(_WIRE, url) if isinstance(value, str) else value
            for name, value in tape["settings"].items()
        }

    def later(self: Bench, seconds: float) -> None:
        moved[0] += seconds if tape["moves_clock"] else 0.0

    def deed(name: str) -> Any:
        def done(self: Bench, *given: Any) -> Any:
            at = next((at for at, item in enumerate(deeds) if item[0] == name and item[1] == list(given)), None)
            if at is None:
                raise HubError(f"the cassette does not have {name}{given}", hint="Record it again")
            result = deeds.pop(at)[2]
            if name == "person_sees":  # seen as often as somebody looks
                deeds.insert(at, [name, list(given), result]) if not _more(deeds, name) else None
            return result

        return done

    return type(
        bench.__name__,
        (bench,),
        {
            "system": system,
            "settings": settings,
            "later": later,
            "now": lambda self: datetime.fromisoformat(tape["start"]) + timedelta(seconds=moved[0]),
            "wrong_login": lambda self: tape["wrong_login"],
            "moves_clock": property(lambda self: bool(tape["moves_clock"])),
            **{name: deed(name) for name in _DEEDS},
        },
    )


def _more(deeds: list[list[Any]], name: str) -> bool:
    return any(item[0] == name for item in deeds)
