"""Rules about reading: everything, in pages, again from any page, and what changed since."""

from __future__ import annotations

import json

from hub.contract.records import Page, Record
from hub.testing.kit.bench import Bench

_MANY = 7


def reads_everything_once(bench: Bench) -> None:
    """A full read yields every record, ids as text, and says at its end that it is complete."""
    ids = bench.fill(_MANY)
    pages = bench.pages()
    _ends_properly(pages)
    found = [record.id for page in pages for record in page.records if not record.deleted]
    assert sorted(set(found)) == sorted(ids), f"read {sorted(set(found))}, there are {sorted(ids)}"
    assert all(isinstance(item, str) for item in found), "ids must be text"
    texts = {id_: str((record.data or {}).get(bench.text)) for id_, record in bench.records(pages).items()}
    assert texts == dict(bench.person_sees()), f"read {texts}, a person sees {dict(bench.person_sees())}"


def an_empty_resource_is_one_complete_page(bench: Bench) -> None:
    """Nothing there: one page without records, complete, with a cursor to go on from."""
    pages = bench.pages()
    _ends_properly(pages)
    assert not [record for page in pages for record in page.records], "records in an empty system"
    id_ = bench.person_creates(1)
    bench.later(5)
    again = bench.pages(pages[-1].cursor)
    assert id_ in bench.records(again), "what came after an empty read is not seen"


def resumes_after_every_page(bench: Bench) -> None:
    """Every page's cursor, kept as JSON, leads a new process on: nothing is left out."""
    ids = set(bench.fill(_MANY))
    pages = bench.pages()
    for number in range(1, len(pages)):
        before = {record.id for page in pages[:number] for record in page.records}
        cursor = json.loads(json.dumps(pages[number - 1].cursor))
        rest = bench.pages(cursor)
        _ends_properly(rest)
        after = {record.id for page in rest for record in page.records}
        assert before | after >= ids, f"after page {number}, {sorted(ids - before - after)} are never read"


def a_quiet_poll_is_cheap(bench: Bench) -> None:
    """Nothing changed: the poll shows nothing new and costs the declared calls."""
    bench.exempt_unless(bench.able.incremental, "there is no incremental reading")
    # A clock that nobody moves leaves everything within the connector's look-back: few records then, which fit a page.
    for number in range(_MANY if bench.moves_clock else 2):
        bench.person_creates(number)
        bench.later(600)
    connector = bench.connect()
    first = list(connector.changes(bench.resource, None))
    bench.later(600)
    second = list(connector.changes(bench.resource, first[-1].cursor))
    bench.later(600)
    before = len(bench.wire.sent) if bench.wire else 0
    third = list(connector.changes(bench.resource, json.loads(json.dumps(second[-1].cursor))))
    calls = (len(bench.wire.sent) if bench.wire else 0) - before
    known = {record.id: record.version for page in first for record in page.records}
    new = [
        record.id
        for page in third
        for record in page.records
        if record.version is None or known.get(record.id) != record.version
    ]
    assert not new, f"a poll without changes shows {new}"
    if bench.wire:
        assert calls <= bench.able.poll_calls, f"a quiet poll made {calls} calls, {bench.able.poll_calls} are declared"


def sees_what_changed(bench: Bench) -> None:
    """An edit and a new record are seen, with a new version, and little else."""
    ids = bench.fill(_MANY)
    bench.later(600)
    pages = bench.pages()
    before = bench.records(pages)
    bench.later(600)
    bench.person_writes(ids[2], "edited by a person")
    new = bench.person_creates(_MANY)
    bench.later(5)
    found = bench.records(bench.pages(pages[-1].cursor))
    assert {ids[2], new} <= set(found), f"an edit of {ids[2]} and the new {new} gave {sorted(found)}"
    assert _text(bench, found[ids[2]]) == "edited by a person", "the edit is not in the record"
    if before[ids[2]].version is not None:
        assert found[ids[2]].version != before[ids[2]].version, "the version did not change with the edit"


def equal_times_lose_nothing(bench: Bench) -> None:
    """Records made in the very moment of a poll are seen by this poll or by the next."""
    first = bench.pages()
    ids = [bench.person_creates(1)]
    second = bench.pages(first[-1].cursor)
    ids.append(bench.person_creates(2))
    third = bench.pages(second[-1].cursor)
    ids.append(bench.person_creates(3))
    bench.later(1)
    fourth = bench.pages(third[-1].cursor)
    found = {record.id for page in (*second, *third, *fourth) for record in page.records}
    assert set(ids) <= found, f"{sorted(set(ids) - found)} fell between two polls"


def a_change_during_paging_is_seen(bench: Bench) -> None:
    """Edits between two pages, of records before and behind, are seen in this pass or in the next."""
    ids = bench.fill(_MANY)
    bench.later(600)
    pages: list[Page] = []
    for page in bench.connect().changes(bench.resource, None):
        pages.append(page)
        if len(pages) == 1:
            bench.later(1)
            for id_ in (ids[0], ids[-1]):
                bench.person_writes(id_, "changed meanwhile")
            bench.later(1)
    bench.later(1)
    pages += bench.pages(pages[-1].cursor)
    texts = {
        record.id: _text(bench, record) for page in pages for record in bench.records([page]).values() if record.data
    }
    for id_ in (ids[0], ids[-1]):
        assert texts.get(id_) == "changed meanwhile", f"the edit of {id_} during the pass is never seen"


def deletions_are_seen_as_declared(bench: Bench) -> None:
    """A deletion comes as a tombstone (feed), or the record is absent from a complete listing."""
    deletes = bench.able.deletes
    bench.exempt_unless(deletes != "none", "deletions cannot be seen")
    ids = bench.fill(3)
    bench.later(600)
    pages = bench.pages()
    bench.later(600)
    bench.person_deletes(ids[1])
    bench.later(5)
    after = bench.pages(pages[-1].cursor)
    told = {record.id for page in after for record in page.records if record.deleted}
    listed = list(bench.connect().listing(bench.resource))
    _ends_properly(listed)
    there = {record.id for page in listed for record in page.records if not record.deleted}
    assert there == {ids[0], ids[2]}, f"the listing shows {sorted(there)}, there are {sorted((ids[0], ids[2]))}"
    if deletes == "feed":
        assert ids[1] in told or any(page.relist for page in after), "the deletion is not in the feed"
    assert not told & {ids[0], ids[2]}, "a living record is reported as deleted"


def missing_ids_are_absent(bench: Bench) -> None:
    """``fetch`` gives what exists, whole; ids that do not exist are simply absent."""
    ids = bench.fill(2)
    bench.person_deletes(ids[0])
    found = [record for record in bench.connect().fetch(bench.resource, ids) if not record.deleted]
    assert [record.id for record in found] == [ids[1]], f"fetching a missing and a present record gave {found}"
    assert found[0].data is not None, "a fetched record has no data"


def one_version_one_content(bench: Bench) -> None:
    """List, listing and fetch agree about a record's version; a version is text and stands still by itself."""
    bench.fill(2)
    bench.later(600)
    read = {id_: record.version for id_, record in bench.records(bench.pages()).items()}
    listed = {item.id: item.version for page in bench.connect().listing(bench.resource) for item in page.records}
    fetched = {item.id: item.version for item in bench.connect().fetch(bench.resource, list(read))}
    assert all(item is None or isinstance(item, str) for item in read.values()), "versions must be text"
    known = {id_: version for id_, version in read.items() if version is not None}
    assert {id_: listed.get(id_) for id_ in known} == known, f"the listing has versions {listed}, the read {read}"
    assert {id_: fetched.get(id_) for id_ in known} == known, f"fetch has versions {fetched}, the read {read}"


def _text(bench: Bench, record: Record) -> str:
    return str((record.data or {}).get(bench.text) or "")


def _ends_properly(pages: list[Page]) -> None:
    assert pages, "a pass without any page"
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True], "only the last page is complete"
