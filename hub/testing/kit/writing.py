"""Rules about writing: exactly what was asked for, once, and never over an edit that nobody has seen."""

from __future__ import annotations

from hub.contract.connector import AnyConnector
from hub.contract.errors import Conflict, ConnectorError, NotFound, Rejected
from hub.contract.records import Op, Receipt
from hub.testing.corpus import everything
from hub.testing.kit.bench import Bench

_TEXTS = (
    "Anna Berg",
    "Zoë 王伟 ❤️",
    'O\'Brien "quoted" \\ back',
    "<b>&amp;</b>",
    "{name} %s ${x}",
    "line one\nline two",
    "=1+1",
    "e\u0301",
)

_SOME = 37
"""Every so many-th text of the corpus of bad input; all of them go through every connector in tests/corpus."""


def creates_and_reads_back(bench: Bench) -> None:
    """What was created is what a person and the next read see; the receipt names it."""
    _needs(bench, "create")
    receipt = _one(bench, Op("key-1", "create", None, bench.document(1)))
    assert receipt.error is None, f"the create failed: {receipt.error}"
    assert receipt.id, "the receipt names no id"
    assert bench.person_sees() == {receipt.id: bench.document(1)[bench.text]}, "a person sees something else"
    bench.later(5)
    assert receipt.id in bench.records(bench.pages()), "the next read does not show what was created"


def every_text_comes_back_or_is_refused(bench: Bench) -> None:
    """Any text is kept as it is (as the system keeps texts) or refused by itself; it never stops the others."""
    _needs(bench, "update")
    (id_,) = bench.fill(1)
    connector = bench.connect()
    for text in (*_TEXTS, *everything()[::_SOME]):
        receipt = _one(bench, Op("key", "update", id_, {bench.text: text}), connector)
        if receipt.error is not None:
            assert isinstance(receipt.error, Rejected), f"{text!r} gave {type(receipt.error).__name__}: {receipt.error}"
            continue
        seen = bench.person_sees()[id_]
        assert seen in (text, bench.held(text)), f"{text!r} was written, a person sees {seen!r}"
        shown = bench.shown(id_, connector)
        assert (shown or "") == (seen or ""), f"a person sees {seen!r}, the connector {shown!r}"


def absent_stays_and_none_clears(bench: Bench) -> None:
    """An update is a patch: an absent key leaves a field alone, None empties it."""
    _needs(bench, "update")
    (id_,) = bench.fill(1)
    other = next((key for key in bench.document(1) if key != bench.text), None)
    if other is not None:
        receipt = _one(bench, Op("key-1", "update", id_, {other: bench.document(2)[other]}))
        assert receipt.error is None, f"the update failed: {receipt.error}"
        assert bench.person_sees()[id_] == bench.document(0)[bench.text], "a field that was not named has changed"
    receipt = _one(bench, Op("key-2", "update", id_, {bench.text: None}))
    assert receipt.error is None, f"clearing failed: {receipt.error}"
    assert not bench.person_sees()[id_], f"None did not clear the field: {bench.person_sees()[id_]!r}"


def one_receipt_for_each_op(bench: Bench) -> None:
    """More ops than fit in one call, one of them impossible: one receipt each, by its key; the others are done."""
    _needs(bench, "update")
    able = bench.able
    number = min(able.batch + 1, 25) if able.batch > 1 else 3
    ids = bench.fill(number)
    missing = bench.person_creates(number)
    bench.person_deletes(missing)
    ops = [Op(f"k{index}", "update", id_, {bench.text: f"written {index}"}) for index, id_ in enumerate(ids)]
    ops.insert(1, Op("gone", "update", missing, {bench.text: "never"}))
    receipts = bench.write(*ops)
    assert sorted(item.key for item in receipts) == sorted(op.key for op in ops), "not exactly one receipt for each op"
    failed = {item.key: item.error for item in receipts if item.error is not None}
    assert set(failed) == {"gone"}, f"failed: {failed}"
    assert isinstance(failed["gone"], NotFound), f"writing to a missing record is {type(failed['gone']).__name__}"
    seen = bench.person_sees()
    assert {id_: seen[id_] for id_ in ids} == {id_: f"written {index}" for index, id_ in enumerate(ids)}


def a_stale_version_is_a_conflict(bench: Bench) -> None:
    """A write at an old version changes nothing and says Conflict."""
    _needs(bench, "update")
    bench.exempt_unless(bench.able.conditional_write, "the system has no conditional writes")
    (id_,) = bench.fill(1)
    bench.later(600)
    version = bench.records(bench.pages())[id_].version
    assert version, "conditional writes need versions"
    bench.later(5)
    bench.person_writes(id_, "a person was faster")
    bench.later(5)
    receipt = _one(bench, Op("key", "update", id_, {bench.text: "ours"}, if_version=version))
    assert isinstance(receipt.error, Conflict), f"a stale write gave {receipt.error!r}"
    assert bench.person_sees()[id_] == "a person was faster", "the person's edit is lost"
    fresh = next(iter(bench.connect().fetch(bench.resource, [id_]))).version
    receipt = _one(bench, Op("key2", "update", id_, {bench.text: "ours"}, if_version=fresh))
    assert receipt.error is None, f"a write at the present version failed: {receipt.error}"


def our_own_write_is_recognised(bench: Bench) -> None:
    """The version in a receipt is the one that the next read shows, so the hub never reads its own writes again."""
    _needs(bench, "update")
    bench.exempt_unless(bench.able.version_after_write, "receipts carry no version")
    (id_,) = bench.fill(1)
    bench.later(600)
    receipt = _one(bench, Op("key", "update", id_, {bench.text: "ours"}))
    assert receipt.version, "the receipt has no version"
    bench.later(5)
    found = next(iter(bench.connect().fetch(bench.resource, [id_])))
    assert found.version == receipt.version, f"the receipt says {receipt.version}, the next read {found.version}"
    if bench.able.image_after_write:
        assert receipt.image is not None, "the receipt has no image"
        assert receipt.image.data is not None, "the image is empty"
        assert str(receipt.image.data.get(bench.text)) == "ours", "the image is not what was stored"


def deleting_twice_harms_nobody(bench: Bench) -> None:
    """A delete deletes; a second one says NotFound, or does nothing where the system cannot tell."""
    _needs(bench, "delete")
    ids = bench.fill(2)
    first = _one(bench, Op("d1", "delete", ids[0], {}))
    assert first.error is None, f"the delete failed: {first.error}"
    assert set(bench.person_sees()) == {ids[1]}, f"a person sees {sorted(bench.person_sees())}"
    second = _one(bench, Op("d2", "delete", ids[0], {}))
    assert second.error is None or isinstance(second.error, NotFound), f"deleting again gave {second.error!r}"
    assert set(bench.person_sees()) == {ids[1]}, "deleting a missing record deleted another one"


def a_create_is_found_by_its_key(bench: Bench) -> None:
    """What a create left behind is found by the op's key: that is how a lost answer is settled."""
    _needs(bench, "create")
    able = bench.able
    bench.exempt_unless("op_key" in able.find_by, "creates cannot be searched by our key")
    bench.person_creates(5)
    made = _one(bench, Op("01a20f36-411e-7b92-a707-033f0fab6492", "create", None, bench.document(1)))
    bench.later(able.index_lag + 1)
    connector = bench.connect()
    found = list(connector.find(bench.resource, "op_key", ["01a20f36-411e-7b92-a707-033f0fab6492"]))
    assert [item.id for item in found] == [made.id], f"searching our key found {[item.id for item in found]}"
    assert not list(connector.find(bench.resource, "op_key", ["01a20f36-411e-7b92-a707-00000000dead"])), (
        "a key that nobody used finds something"
    )


def a_repeated_create_makes_no_second_record(bench: Bench) -> None:
    """Where creates have a key, sending the same create again leaves one record."""
    _needs(bench, "create")
    bench.exempt_unless(bench.able.create in ("upsert_key", "client_id"), "the system takes no key with a create")
    op = Op("01a20f36-411e-7b92-a707-033f0fab6492", "create", None, bench.document(1))
    _one(bench, op)
    bench.later(bench.able.index_lag + 1)
    _one(bench, op)
    assert len(bench.person_sees()) == 1, f"a person sees {len(bench.person_sees())} records"


def _needs(bench: Bench, kind: str) -> None:
    bench.exempt_unless(kind in bench.able.writes, f"the connector does not {kind}")


def _one(bench: Bench, op: Op, connector: AnyConnector | None = None) -> Receipt:
    """Write one op; an error of the whole batch counts as its own."""
    try:
        receipts = bench.write(op, connector=connector)
    except ConnectorError as error:
        raise AssertionError(
            f"a single op raised {type(error).__name__} instead of giving a receipt: {error}"
        ) from error
    assert [item.key for item in receipts] == [op.key], f"receipts for {[item.key for item in receipts]}"
    return receipts[0]
