"""Undoing a run on the pages: a look at what it means, the decision, and what may stand in the way."""

from __future__ import annotations

import re
from typing import Any

import httpx2 as httpx
import pytest

from hub.service.undos import KeptUndo, looked_at, share
from tests.e2e.hub_folder import CONFIG, HubFolder
from tests.web.test_walk import first_sync, link
from tests.web.visitor import Visitor, serving, words

HASH = r'name="hash" value="([^"]+)"'


def sync(visitor: Visitor) -> str:
    """Run the sync; the id of the run."""
    return visitor.follow(visitor.post("/syncs/customers/start", kind="sync")).url.path.rsplit("/", 1)[1]


def look(visitor: Visitor, run: str) -> httpx.Response:
    return visitor.follow(visitor.post(f"/runs/{run}/undo"))


def approve(visitor: Visitor, run: str, hash_: str) -> httpx.Response:
    return visitor.follow(visitor.post(f"/runs/{run}/undo/approve", hash=hash_))


def present(folder: HubFolder, system: str) -> dict[str, dict[str, object]]:
    """What a system holds; a value that was never there and one that is blank are the same."""
    content = folder.get(system)
    return {id_: {key: value for key, value in item.items() if value is not None} for id_, item in content.items()}


def kept(visitor: Visitor, run: str) -> KeptUndo:
    found = looked_at(visitor.store.db, run)
    assert found is not None
    return found


@pytest.fixture
def synced(operator: Visitor, folder: HubFolder) -> str:
    """A run that passed two new values of one customer on from office to shop."""
    first_sync(operator)
    folder.edit("office", "1", name="Anna Bergmann", notes="likes tea")
    return sync(operator)


def test_a_run_is_looked_at_approved_and_undone(operator: Visitor, folder: HubFolder) -> None:
    first_sync(operator)
    before = present(folder, "shop")
    folder.edit("office", "1", name="Anna Bergmann", notes="likes tea")
    run = sync(operator)
    written = present(folder, "shop")
    assert written != before
    assert "Look at undoing this run…" in words(operator.get(f"/runs/{run}"))
    page = look(operator, run)
    assert page.url.path == f"/runs/{run}/undo"
    text = words(page)
    assert "Reversed 2" in text
    assert "Kept 0" in text
    assert "Cannot be undone 0" in text
    assert "0 create, 1 update, 0 delete" in text
    assert "Undo 2 changes" in text
    assert present(folder, "shop") == written, "it was only looked at"
    hash_ = link(page.text, HASH)
    assert f"crmhub runs undo {run} --approve {hash_}" in text
    assert 'class="danger"' in page.text
    assert "primary" not in page.text.split("<main", 1)[1]
    assert re.search(r'href="/runs" aria-current="page"', page.text)
    done = approve(operator, run, hash_)
    assert done.url.path.startswith("/runs/")
    assert done.url.path != f"/runs/{run}"
    assert f"undoes run {run[-12:]}" in words(done)
    assert present(folder, "shop") == before
    assert folder.get("office")["1"]["name"] == "Anna Bergmann", "what a person typed stays where it was typed"
    actions = [item.action for item in operator.store.audit.newest()]
    assert {"undo_looked_at", "undo_approved"} <= set(actions)
    sync(operator)
    assert present(folder, "shop") == before, "and the next sync does not write it again"


def test_a_look_shows_personal_data_only_while_it_is_wanted(operator: Visitor, synced: str) -> None:
    page = look(operator, synced)
    assert "A*** B***" in words(page)
    for secret in ("Anna", "Bergmann", "likes tea"):
        assert secret not in page.text
    operator.post("/personal-data", show="1", back="/")
    shown = operator.get(f"/runs/{synced}/undo")
    for value in ("<del>Anna Bergmann</del>", "<ins>Anna Berg</ins>", "<del>likes tea</del>"):
        assert value in shown.text


def test_an_edit_made_since_is_kept_and_survives_the_undo(operator: Visitor, folder: HubFolder, synced: str) -> None:
    folder.edit("shop", "a", name="Anna Bergmeister")
    page = look(operator, synced)
    text = words(page)
    assert "Reversed 1" in text
    assert "Kept 1" in text
    assert "changed since by shop" in text
    assert "Undo 1 change" in text
    approve(operator, synced, link(page.text, HASH))
    assert folder.get("shop")["a"]["name"] == "Anna Bergmeister"
    assert folder.get("shop")["a"].get("notes") is None, "the other value was taken back"
    sync(operator)
    assert folder.get("office")["1"]["name"] == "Anna Bergmeister"


def test_an_edit_between_look_and_approval_makes_the_undo_stale(
    operator: Visitor, folder: HubFolder, synced: str
) -> None:
    hash_ = link(look(operator, synced).text, HASH)
    folder.edit("shop", "a", name="Anna Bergmeister")
    before = present(folder, "shop")
    page = approve(operator, synced, hash_)
    assert page.url.path == f"/runs/{synced}/undo"
    assert "The undo is stale" in words(page)
    assert present(folder, "shop") == before, "nothing was written"
    newer = link(page.text, HASH)
    assert newer != hash_
    assert "Kept 1" in words(page)
    approve(operator, synced, newer)
    assert folder.get("shop")["a"].get("notes") is None


@pytest.mark.parametrize("hash_", ["0" * 16, "", "x"])
def test_another_hash_starts_nothing(operator: Visitor, folder: HubFolder, synced: str, hash_: str) -> None:
    unseen = operator.post(f"/runs/{synced}/undo/approve", hash=hash_)
    assert (unseen.status_code, "The undo is stale" in unseen.text) == (409, True), "nobody has looked yet"
    look(operator, synced)
    before, runs, jobs = present(folder, "shop"), operator.store.history.runs(), len(operator.service.jobs.all())
    answer = operator.post(f"/runs/{synced}/undo/approve", hash=hash_)
    assert (answer.status_code, "The undo is stale" in answer.text) == (409, True)
    assert present(folder, "shop") == before
    assert operator.store.history.runs() == runs
    assert len(operator.service.jobs.all()) == jobs


def test_an_approval_counts_once(operator: Visitor, synced: str) -> None:
    hash_ = link(look(operator, synced).text, HASH)
    approve(operator, synced, hash_)
    assert operator.post(f"/runs/{synced}/undo/approve", hash=hash_).status_code == 409
    assert operator.get(f"/runs/{synced}/undo").headers["location"] == f"/runs/{synced}"
    again = look(operator, synced)
    assert "There is nothing to take back" in words(again)
    assert 'name="hash"' not in again.text


def test_an_undo_can_be_undone(operator: Visitor, folder: HubFolder, synced: str) -> None:
    done = approve(operator, synced, link(look(operator, synced).text, HASH))
    undone = done.url.path.rsplit("/", 1)[1]
    assert folder.get("shop")["a"]["name"] == "Anna Berg"
    approve(operator, undone, link(look(operator, undone).text, HASH))
    assert folder.get("shop")["a"]["name"] == "Anna Bergmann"


def test_an_undo_is_no_plan_that_waits_and_no_approval_of_a_sync(
    operator: Visitor, folder: HubFolder, synced: str
) -> None:
    hash_ = link(look(operator, synced).text, HASH)
    assert "No plan waits" in words(operator.get("/plans"))
    before = present(folder, "shop")
    answer = operator.post("/syncs/customers/approve", hash=hash_)
    assert answer.status_code == 409
    assert present(folder, "shop") == before


def test_what_wrote_nothing_offers_no_undo(operator: Visitor) -> None:
    first_sync(operator)
    for run in operator.store.history.runs():
        offered = "Look at undoing this run…" in words(operator.get(f"/runs/{run['id']}"))
        assert offered == (run["kind"] == "sync"), run["kind"]
        if not offered:
            refused = operator.post(f"/runs/{run['id']}/undo")
            assert (refused.status_code, "nothing of this run" in refused.text) == (409, True)


def test_a_viewer_sees_it_masked_and_may_not_decide(operator: Visitor, viewer: Visitor, synced: str) -> None:
    assert "Look at undoing this run…" not in words(viewer.get(f"/runs/{synced}"))
    look(operator, synced)
    page = viewer.get(f"/runs/{synced}/undo")
    assert "Reversed 2" in words(page)
    assert "Only an operator or admin may do this" in words(page)
    assert 'name="hash"' not in page.text
    assert "Bergmann" not in page.text


def test_an_undo_that_deletes_can_need_two_people(folder: HubFolder) -> None:
    folder.configure(CONFIG + "\n[serve]\ntwo_people = true\n")
    with serving(folder) as service:
        one, other = Visitor(service, "operator"), Visitor(service, "admin")
        first_sync(one)
        run = next(item["id"] for item in one.store.history.runs() if item.get("applied"))
        page = look(one, run)
        assert kept(one, run).total["delete"] == 2, "the first sync made a record in each system"
        assert "Two people have to approve this undo, because it deletes" in words(page)
        assert "the whole record" in words(page)
        hash_ = link(page.text, HASH)
        before = present(folder, "shop"), present(folder, "office")
        for _ in range(2):
            answer = one.post(f"/runs/{run}/undo/approve", hash=hash_)
            assert answer.headers["location"] == f"/runs/{run}/undo", "one person twice is not two"
        assert "ope has approved it; a second person has to, too" in words(other.get(f"/runs/{run}/undo"))
        assert (present(folder, "shop"), present(folder, "office")) == before
        approve(other, run, hash_)
        assert folder.names("shop") == ["Anna Berg", "Carla Diaz"]
        assert folder.names("office") == ["Anna Berg", "Bo Li"]
        entry = next(item for item in one.store.audit.newest() if item.action == "undo_approved")
        assert (entry.who, entry.detail["first"], entry.detail["deletes"]) == ("adm", "ope", 2)


def test_a_guard_that_holds_is_shown_and_the_button_says_so(operator: Visitor, folder: HubFolder) -> None:
    people = {str(number): {"name": f"Person {number:03}", "email": f"p{number}@x.example"} for number in range(30)}
    folder.put("office", people)
    folder.put("shop", {})
    first_sync(operator)
    run = next(item["id"] for item in operator.store.history.runs() if item.get("applied"))
    page = look(operator, run)
    assert kept(operator, run).trips, "a guard trips where so much is deleted"
    assert "A guard holds this undo" in words(page)
    assert "Undo 30 changes, over the guard" in words(page)
    assert page.text.count("the whole record") == 20
    whole = operator.get(f"/runs/{run}/undo?only=back")
    assert whole.text.count("the whole record") == 30
    assert "1 to 30 of 30" in words(whole)
    assert "Undo 30 changes, over the guard" in words(whole), "the decision is there, too"
    assert "No more lines" in words(operator.get(f"/runs/{run}/undo?only=back&from=100"))
    looked = next(item for item in operator.store.history.runs() if item["kind"] == "undo plan")
    assert f'href="/runs/{run}/undo"' in operator.get(f"/runs/{looked['id']}").text, "its guard leads to the undo"
    approve(operator, run, link(page.text, HASH))
    assert folder.get("shop") == {}


def test_a_system_that_is_down_cannot_be_undone_and_says_why(operator: Visitor, folder: HubFolder, synced: str) -> None:
    folder.fault("shop", "auth")
    page = look(operator, synced)
    text = words(page)
    assert "Cannot be undone 1" in text
    assert "this system cannot be reached now" in text
    assert "There is nothing to take back" in text
    assert re.search(r"s3cret", page.text) is None


def kept_doc(**values: Any) -> dict[str, Any]:
    """An undo as the store keeps it, with one value to be taken back."""
    line = {"gid": "g", "title": "Anna Berg", "system": "shop", "resource": "contacts", "remote_id": "a"}
    return {
        "run": "r",
        "lines": {"back": [{**line, "path": "name", "now": "B", "then": "A", "reason": ""}], "kept": [], "cannot": []},
        "sizes": {"back": 1, "kept": 0, "cannot": 0},
        "counts": {"shop": {"create": 0, "update": 1, "delete": 0}},
        "trips": [],
        "vetoes": [],
        **values,
    }


def test_what_a_plugin_refuses_cannot_be_approved(operator: Visitor, synced: str) -> None:
    doc = kept_doc(vetoes=["not on Fridays, says anna@x.example"])
    operator.store.work.save_plan("abc", f"undo:{synced}", operator.service.clock(), "approved", doc)
    page = operator.get(f"/runs/{synced}/undo")
    assert "A plugin refuses this undo not on Fridays" in words(page)
    assert "anna@x.example" not in page.text
    assert 'name="hash"' not in page.text
    runs = operator.store.history.runs()
    assert operator.post(f"/runs/{synced}/undo/approve", hash="abc").status_code == 409
    assert operator.store.history.runs() == runs


def test_lines_that_are_not_kept_are_counted(operator: Visitor, synced: str) -> None:
    doc = kept_doc(sizes={"back": 5_000, "kept": 0, "cannot": 0})
    operator.store.work.save_plan("abc", f"undo:{synced}", operator.service.clock(), "approved", doc)
    text = words(operator.get(f"/runs/{synced}/undo"))
    assert "the first 1 of 5,000 can be looked at here; `crmhub runs undo RUN --json` has them all" in text
    assert "Undo 5,000 changes" in text


def test_records_that_changed_while_they_were_taken_back_are_told(operator: Visitor, synced: str) -> None:
    history, now = operator.store.history, operator.service.clock()
    with operator.store.transaction():
        history.start_run("0199-undo", "customers", "undo", now)
        history.end_run("0199-undo", now, "partial", {"undoes": synced, "stale": 2, "applied": 1})
    page = operator.get("/runs/0199-undo")
    assert "2 records changed while they were being taken back" in words(page)
    assert f'href="/runs/{synced}"' in page.text
    assert "is not kept any more" in words(page), "this one has no journal"
    assert operator.post("/runs/0199-undo/undo").status_code == 409


@pytest.mark.parametrize(
    ("sizes", "most", "kept"),
    [
        ((3, 2, 1), 10, (3, 2, 1)),
        ((100, 2, 1), 10, (7, 2, 1)),
        ((100, 100, 1), 11, (5, 5, 1)),
        ((100, 100, 100), 9, (3, 3, 3)),
        ((0, 0, 100), 9, (0, 0, 9)),
    ],
)
def test_no_part_crowds_out_what_is_kept_of_another(sizes: tuple[int, ...], most: int, kept: tuple[int, ...]) -> None:
    found = share({name: range(size) for name, size in zip("abc", sizes, strict=True)}, most)
    assert tuple(len(found[name]) for name in "abc") == kept
