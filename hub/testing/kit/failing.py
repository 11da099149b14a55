"""Rules about failures: what a network and a server do to a connector, through the wire."""

from __future__ import annotations

from collections.abc import Callable

from hub.contract.connector import AnyConnector
from hub.contract.errors import ConnectorError, ContractViolation, OutcomeUnknown, RateLimited, Rejected, Unavailable
from hub.contract.records import Op, Page
from hub.testing.kit.bench import Bench
from hub.testing.kit.wire import Answer, Fault, Meddler, Sent

_HTML = {"Content-Type": "text/html; charset=utf-8"}
GARBAGE = {
    "HTML with 200": Answer(200, b"<!DOCTYPE html><html><body>Please log in</body></html>", _HTML),
    "truncated JSON": Answer(200, b'{"data": [{"id": "1", "na'),
    "an empty body": Answer(200, b""),
    "a JSON list": Answer(200, b"[1, 2, 3]"),
    "a JSON number": Answer(200, b"7"),
    "bytes": Answer(200, bytes(range(128, 256)), {"Content-Type": "application/json"}),
}
_PATIENCE = 120.0
"""Seconds that a connector may wait by itself for a limit; beyond that the run is put off."""


def a_short_limit_is_waited_for(bench: Bench) -> None:
    """429 with a Retry-After of some seconds: wait at least so long, then go on; nothing is lost."""
    wire = bench.the_wire()
    ids = bench.fill(2)
    connector = _signed_in(bench)
    wire.meddle(_first(Answer(429, b"{}", {"Retry-After": "3"})))
    bench.waits.clear()
    pages = list(connector.changes(bench.resource, None))
    assert set(bench.records(pages)) == set(ids), "after the wait, not everything was read"
    assert 3 <= sum(bench.waits) <= _PATIENCE, f"waited {sum(bench.waits)} s where 3 were asked for"


def a_long_limit_is_reported(bench: Bench) -> None:
    """429 until tomorrow: RateLimited with the seconds, at once; the run is put off, not the process held."""
    wire = bench.the_wire()
    connector = _signed_in(bench)
    wire.meddle(lambda _: Answer(429, b"{}", {"Retry-After": "86400"}))
    bench.waits.clear()
    error = _error_of(_read, bench, connector)
    assert isinstance(error, RateLimited), f"a limit until tomorrow gave {error!r}"
    assert 80_000 <= (error.retry_after or 0) <= 90_000, f"retry_after is {error.retry_after}"
    assert sum(bench.waits) <= _PATIENCE, f"waited {sum(bench.waits)} s by itself"


def reads_are_tried_again(bench: Bench) -> None:
    """A server that fails once or drops a connection: reading goes on by itself."""
    wire = bench.the_wire()
    ids = bench.fill(2)
    faults: list[Answer | Fault] = [Answer(503, b"busy", _HTML), "lost_request", "lost_reply"]
    for fault in faults:
        connector = _signed_in(bench)
        wire.meddle(_first(fault, lambda sent: not bench.writes(sent)))
        pages: list[Page] = []
        error = _error_of(_read, bench, connector, pages)
        wire.meddle(None)
        assert error is None, f"one failure ended the reading: {error!r}"
        found = bench.records(pages)
        assert set(found) == set(ids), f"after {fault}, {sorted(found)} of {sorted(ids)} were read"


def a_server_that_stays_down_is_unavailable(bench: Bench) -> None:
    """Always 500, or never an answer: Unavailable after a few tries, not a hang and not another error."""
    wire = bench.the_wire()
    faults: list[Answer | Fault] = [Answer(500, b"oops", _HTML), Answer(502, b"", _HTML), "lost_request"]
    for fault in faults:
        connector = _signed_in(bench)
        before = len(wire.sent)
        wire.meddle(_always(fault))
        error = _error_of(_read, bench, connector)
        assert isinstance(error, Unavailable), f"{fault} gave {error!r}"
        assert len(wire.sent) - before <= 12, f"tried {len(wire.sent) - before} times"
        wire.meddle(None)


def garbage_is_an_error(bench: Bench) -> None:
    """A web page with 200, half a JSON, nothing at all: an error of the contract, never records and never a crash."""
    wire = bench.the_wire()
    bench.fill(1)
    for name, answer in GARBAGE.items():
        connector = _signed_in(bench)
        wire.meddle(_always(answer))
        error = _error_of(_read, bench, connector)
        wire.meddle(None)
        assert isinstance(error, Unavailable | ContractViolation | Rejected), f"{name} gave {error!r}"


def a_cut_answer_is_no_answer(bench: Bench) -> None:
    """Half of a page that arrives is never taken for the whole."""
    wire = bench.the_wire()
    ids = bench.fill(3)
    connector = _signed_in(bench)
    wire.meddle(_first("cut_short"))
    try:
        pages = list(connector.changes(bench.resource, None))
    except ConnectorError:
        return
    finally:
        wire.meddle(None)
    assert set(bench.records(pages)) == set(ids), "half a page was taken for a page"


def a_create_is_never_sent_twice(bench: Bench) -> None:
    """The answer of a create is lost: the outcome is unknown, and one record is there, not two."""
    wire = bench.the_wire()
    bench.exempt_unless("create" in bench.able.writes, "the connector does not create")
    faults: tuple[Fault, ...] = ("lost_reply", "hang", "cut_short")
    for fault in faults:
        there = len(bench.person_sees())
        connector = _signed_in(bench)
        list(connector.fetch(bench.resource, list(bench.person_sees())[:1]))
        met: list[Sent] = []
        wire.meddle(_each(fault, bench.writes, met))
        key = f"01a20f36-411e-7b92-a707-{there:012d}"
        unknown = _unknown(bench, Op(key, "create", None, bench.document(10 + there)), connector)
        wire.meddle(None)
        assert met, "the create was not sent, or the bench does not know it as a write"
        made = len(bench.person_sees()) - there
        assert made <= 1, f"after {fault}, one create made {made} records"
        assert unknown or made == 1, f"after {fault}, nothing was made and nobody said so"


def an_update_that_may_have_happened_is_unknown(bench: Bench) -> None:
    """The answer of an update is lost: OutcomeUnknown, or a receipt that is true."""
    wire = bench.the_wire()
    bench.exempt_unless("update" in bench.able.writes, "the connector does not update")
    (id_,) = bench.fill(1)
    connector = _signed_in(bench)
    list(connector.fetch(bench.resource, [id_]))
    met: list[Sent] = []
    wire.meddle(_each("lost_reply", bench.writes, met))
    unknown = _unknown(bench, Op("key", "update", id_, {bench.text: "written"}), connector)
    wire.meddle(None)
    assert met, "the update was not sent, or the bench does not know it as a write"
    assert unknown or bench.person_sees()[id_] == "written", "a lost update was reported as done"


def no_other_host_is_called(bench: Bench) -> None:
    """A redirect to another host is an error; nothing, above all no login, goes there."""
    wire = bench.the_wire()
    connector = _signed_in(bench)
    wire.meddle(lambda _: Answer(302, b"", {"Location": "http://127.0.0.2:9/elsewhere"}))
    error = _error_of(_read, bench, connector)
    assert isinstance(error, ConnectorError), "a redirect to another host was followed"


def a_token_is_renewed_once(bench: Bench) -> None:
    """An access token that ends in the middle is renewed once, by itself; many calls share one renewal."""
    wire = bench.the_wire()
    bench.fill(2)
    connector = _signed_in(bench)
    bench.exempt_unless(bench.expire_token(), "there is no access token that ends")
    before = len(wire.sent)
    first = list(connector.changes(bench.resource, None))
    cost = len(wire.sent) - before
    list(connector.changes(bench.resource, None))
    again = len(wire.sent) - before - cost
    assert first[-1].complete, "the pass did not end"
    assert cost - again <= 2, f"the first pass cost {cost} calls and the next {again}: more than one renewal"


def failures_show_no_secret(bench: Bench) -> None:
    """Whatever fails, no log line and no error shows a secret."""
    wire = bench.the_wire()
    bench.exempt_unless(bench.secrets, "there are no secrets")
    said = []
    for answer in (Answer(401), Answer(403), Answer(500, b"oops"), Answer(404), GARBAGE["HTML with 200"]):
        wire.meddle(_always(answer))
        for error in (_error_of(bench.connect().check), _error_of(_read, bench, bench.connect())):
            said.append(f"{error!r} {error} {getattr(error, '__cause__', None)!r}")
    wire.meddle(None)
    for secret in bench.secrets:
        shown = [line for line in (*said, *bench.lines) if secret in line]
        assert not shown, f"a secret is shown: {shown[0].replace(secret, '***')[:300]}"


def _signed_in(bench: Bench) -> AnyConnector:
    """A connector that has its login behind it, so that the fault meets the work."""
    connector = bench.connect()
    connector.check()
    return connector


def _read(bench: Bench, connector: AnyConnector, pages: list[Page] | None = None) -> None:
    """A full pass, into ``pages``."""
    found = list(connector.changes(bench.resource, None))
    if pages is not None:
        pages.extend(found)


def _error_of(work: Callable[..., object], *given: object) -> BaseException | None:
    """What it raised; None if it ended well."""
    try:
        work(*given)
    except Exception as error:  # noqa: BLE001  # any exception is the finding
        return error
    return None


def _first(fault: Answer | Fault, which: Callable[[Sent], bool] = lambda _: True) -> Meddler:
    """The first request of a kind meets the fault."""
    met: list[Sent] = []

    def meddle(sent: Sent) -> Answer | Fault | None:
        if met or not which(sent):
            return None
        met.append(sent)
        return fault

    return meddle


def _always(answer: Answer | Fault) -> Meddler:
    return lambda _: answer


def _each(fault: Fault, which: Callable[[Sent], bool], met: list[Sent]) -> Meddler:
    """Every request of a kind meets the fault; they are kept in ``met``."""

    def meddle(sent: Sent) -> Fault | None:
        if not which(sent):
            return None
        met.append(sent)
        return fault

    return meddle


def _unknown(bench: Bench, op: Op, connector: AnyConnector) -> bool:
    """Whether the op's outcome is unknown, or known to have failed before the system saw it."""
    try:
        receipts = list(connector.write(bench.resource, [op]))
    except (OutcomeUnknown, Unavailable):
        return True
    return not receipts or isinstance(receipts[0].error, OutcomeUnknown | Unavailable)
