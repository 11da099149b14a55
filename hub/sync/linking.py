"""Linking: unlinked records become golden records or join existing ones, or wait for a person (section 10)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from hub.contract.errors import HubError
from hub.identity.match import HOT, Entry, Group, Question, match
from hub.identity.names import agree, shown_name
from hub.state import Base, Golden, Link
from hub.store.staging import Staged
from hub.sync.absence import revive
from hub.sync.alike import KIND, Search, keep_blocks, pairs_of
from hub.sync.merge.observe import base_of, observe, view_of
from hub.sync.systems import Source
from hub.sync.workspace import Counter, Shared, Workspace, match_keys_of_golden

_BATCH = 200


def link_staged(shared: Shared, counters: dict[str, Counter]) -> None:
    """Decide about every record that is staged and carry the decisions out.

    A few hundred records are decided at a time, each with all that shares a key with it, so memory does not grow with
    the number of records.  Decisions may make older questions obsolete; what those asked about is decided again.
    """
    hold_answers(shared)
    keep_blocks(shared)
    hot = _hot_keys(shared)
    held: set[str] = set()
    if shared.policy.near.mode != "off":
        held = _link_alike(shared, counters, hot)
    while _pass(shared, counters, hot, lambda item: item.ref not in held):
        pass


def _link_alike(shared: Shared, counters: dict[str, Counter], hot: Collection[str]) -> set[str]:
    """Decide about the records that share a key, then about those that resemble others; returns the refs of those that
    wait for the answer about another record.  What is new afterwards has nobody."""
    search = Search(shared)
    search.start()
    while True:
        while _pass(shared, counters, hot, alone=False):
            pass
        made = 0
        for found in search.pages():
            links = [group for group, _ in found.outcome.links]
            with shared.store.transaction():
                link_groups(shared, counters, links, found.items)
                for question, evidence in found.outcome.questions:
                    ask(shared, question, found.items, KIND, pairs_of(evidence))
            made += len(links) + len(found.outcome.questions)
        if not made:
            search.end()
            return search.held


def _pass(
    shared: Shared,
    counters: dict[str, Counter],
    hot: Collection[str],
    wanted: Callable[[Staged], bool] = lambda _item: True,
    *,
    alone: bool = True,
) -> int:
    """Go through the new records once; returns how many decisions were made.  alone: also those that have nobody."""
    made, after = 0, None
    while page := shared.store.staging.page("new", after, _BATCH):
        after = page[-1].place
        fresh = [item for item in page if _source(shared, item) and wanted(item)]
        made += _decide(shared, counters, fresh, hot, alone=alone)
    return made


def _decide(
    shared: Shared, counters: dict[str, Counter], fresh: Sequence[Staged], hot: Collection[str], *, alone: bool
) -> int:
    """Decide about some new records and everything that shares a key with them, directly or through others."""
    by_ref = {item.ref: item for item in fresh}
    entries = _entries(shared, fresh, hot)
    asked: set[str] = set()
    while more := _links_to(entries.values()) - asked:
        asked |= more
        own_keys = [key.removeprefix("own:") for key in more if key.startswith("own:")]
        found = shared.store.staging.sharing([key for key in more if not key.startswith("own:")], own_keys)
        others = {item.ref: item for item in found if item.state != "waiting" and item.ref not in entries}
        for ref, entry in _entries(shared, list(others.values()), hot).items():
            if _links_to([entry]) & asked:
                by_ref[ref], entries[ref] = others[ref], entry
    known = _golden_entries(shared, list(entries.values()), hot)
    everything = [*(entries[ref] for ref in sorted(entries)), *known]
    decided = match(everything, shared.store.staging.never_matches(entry.ref for entry in everything), agree)
    new = {ref for ref, item in by_ref.items() if item.state == "new"}
    groups = [group for group in decided.groups if new.intersection(group.refs) and (alone or _has_partner(group))]
    for start in range(0, len(groups), _BATCH):
        with shared.store.transaction():
            link_groups(shared, counters, groups[start : start + _BATCH], by_ref)
    questions = [question for question in decided.questions if new.intersection(question.refs)]
    with shared.store.transaction():
        for question in questions:
            ask(shared, question, by_ref)
    return len(groups) + len(questions)


def _has_partner(group: Group) -> bool:
    return len(group.refs) > 1 or group.gid is not None or group.own_key is not None


def _source(shared: Shared, item: Staged) -> Source | None:
    return shared.systems.find(item.system, item.resource)


def _entries(shared: Shared, items: Sequence[Staged], hot: Collection[str]) -> dict[str, Entry]:
    """ref -> what is matched.  A record that carries the key of a customer who was merged belongs to the survivor."""
    survivors = shared.store.records.survivors(item.own_key for item in items if item.own_key)
    entries = {}
    for item in items:
        keys = tuple(key for key in _configured_keys(shared, item) if key not in hot)
        own_key = survivors.get(item.own_key, item.own_key) if item.own_key else None
        entries[item.ref] = Entry(item.ref, (item.system, item.resource), keys, item.name, own_key)
    return entries


def _links_to(entries: Iterable[Entry]) -> set[str]:
    """What may connect entries with others: their keys, and the hub's own key that they carry."""
    return {key for entry in entries for key in (*entry.keys, *([f"own:{entry.own_key}"] if entry.own_key else []))}


_KINDS = {"email": "email", "phone": "phone", "tax_id": "tax"}


def _matched_by(shared: Shared, system: str, resource: str) -> set[str]:
    """The kinds of keys that the mapping of a resource is matched by."""
    source = shared.systems.find(system, resource)
    return {_KINDS[name] for name in (source.mapping.match if source else ()) if name in _KINDS}


def _configured_keys(shared: Shared, item: Staged) -> tuple[str, ...]:
    kinds = _matched_by(shared, item.system, item.resource)
    return tuple(key for key in item.keys if key.split(":", 1)[0] in kinds)


def _hot_keys(shared: Shared) -> set[str]:
    """Key values that too many unlinked records of one side share: found for all of them at once, before any is linked, so that
    the order of deciding does not matter."""
    hot: set[str] = set()
    for key, system, resource in shared.store.staging.crowded(HOT):
        kind = key.split(":", 1)[0]
        if kind != "own" and kind in _matched_by(shared, system, resource):
            hot.add(key)
    return hot


def hold_answers(shared: Shared) -> None:
    """Records that an open create may have made wait until it is settled (rule R3); others wait no longer."""
    staging = shared.store.staging
    waiting: dict[str, Staged] = {}
    after = None
    while page := staging.page("waiting", after, _BATCH):
        after = page[-1].place
        waiting.update((item.ref, item) for item in page)
    open_creates = [op for op in shared.store.work.open_ops() if op.kind == "create"]
    goldens = shared.store.records.goldens(op.gid for op in open_creates)
    held: dict[str, Staged] = {}
    for op in open_creates:
        golden = goldens.get(op.gid)
        keys = match_keys_of_golden(golden, shared.policy.region) if golden else ()
        found = staging.sharing(keys, [op.gid])
        held.update((item.ref, item) for item in found if item.system == op.system and item.state != "review")
    if held or waiting:
        with shared.store.transaction():
            staging.set_state([item.place for ref, item in waiting.items() if ref not in held], "new")
            staging.set_state([item.place for item in held.values()], "waiting")


def _golden_entries(shared: Shared, entries: Sequence[Entry], hot: Collection[str]) -> list[Entry]:
    """The golden records that share a key with a staged one.  A deleted one is found by the hub's own key only."""
    found = shared.store.records.gids_by_key(key for entry in entries for key in entry.keys)
    gids = {gid for items in found.values() for gid in items} | {entry.own_key for entry in entries if entry.own_key}
    goldens = shared.store.records.goldens(gid for gid in gids if gid)
    links = shared.store.records.links_by_gid(goldens)
    result = []
    for gid, golden in sorted(goldens.items()):
        sides = frozenset(
            (item.system, item.resource)
            for item in links.get(gid, ())
            if item.primary and item.state not in ("gone", "excluded")
        )
        keys = tuple(key for key in match_keys_of_golden(golden, shared.policy.region) if key not in hot)
        result.append(Entry(gid, ("hub", ""), keys, shown_name(golden.value("name")), None, gid, sides))
    return result


def link_groups(
    shared: Shared, counters: dict[str, Counter], groups: Sequence[Group], by_ref: dict[str, Staged]
) -> None:
    """Link each group's records to its golden record, made if need be.  Runs inside the caller's transaction."""
    workspace = Workspace(shared)
    workspace.load(group.gid for group in groups if group.gid)
    members = [by_ref[ref] for group in groups for ref in group.refs if ref in by_ref]
    natives = _natives(shared, members)
    linked: list[Staged] = []
    for group in groups:
        items = [by_ref[ref] for ref in group.refs if ref in by_ref]
        golden = workspace.goldens.get(group.gid) if group.gid else None
        if golden is None:
            golden = Golden(group.gid or group.own_key or shared.new_id(), seq=shared.store.tick())
            workspace.add_golden(golden)
            counters[items[0].system].new += 1
        for item in sorted(items, key=lambda item: (shared.policy.rank(item.system), item.resource, item.remote_id)):
            _link_one(workspace, item, natives[item.ref], golden)
            if golden.state == "dead":
                revive(workspace, workspace.shared.systems.source(item.system, item.resource), golden)
            if len(items) > 1 or group.gid:
                counters[item.system].linked += 1
            linked.append(item)
    workspace.flush()
    shared.store.staging.remove([item.place for item in linked])
    resolve_references(shared, linked)


def _natives(shared: Shared, members: Sequence[Staged]) -> dict[str, dict[str, Any]]:
    sides: dict[tuple[str, str], list[str]] = {}
    for item in members:
        sides.setdefault((item.system, item.resource), []).append(item.remote_id)
    result = {}
    for (system, resource), ids in sides.items():
        for remote_id, native in shared.store.staging.natives(system, resource, ids).items():
            result[f"{system}/{resource}/{remote_id}"] = native
    return result


def _link_one(workspace: Workspace, item: Staged, native: dict[str, Any], golden: Golden) -> None:
    """A new link takes everything by the "new link" rows."""
    source = workspace.shared.systems.source(item.system, item.resource)
    view = source.mapping.get(native)
    if view is None:
        return
    for old in [
        x for x in workspace.links.get(golden.gid, ()) if x.system == item.system and x.resource == item.resource
    ]:
        if old.state in ("gone", "excluded"):
            workspace.drop_link(old)
    link = Link(item.system, item.resource, item.remote_id, golden.gid, version=item.version)
    workspace.add_link(link)
    merge = workspace.merge(source, item.modified)
    observe(merge, golden, link, Base(), view, native)
    if any(found.code == "unreadable" for found in merge.notices):  # perhaps only on its way here
        workspace.shared.store.work.reread_add(item.system, item.resource, [item.remote_id], "unreadable value")
    link.modified = merge.time
    workspace.touch(link)


def resolve_references(shared: Shared, linked: Sequence[Staged]) -> None:
    """References that waited for these records are evaluated from the stored native base, without a read (R1)."""
    sides: dict[tuple[str, str], list[str]] = {}
    for item in linked:
        sides.setdefault((item.system, item.resource), []).append(item.remote_id)
    for (system, resource), ids in sides.items():
        waiting = shared.store.records.waiting_for(system, resource, ids)
        if not waiting:
            continue
        workspace = Workspace(shared)
        workspace.load(item.gid for item in waiting)
        for found in waiting:
            link = next((item for item in workspace.links[found.gid] if item.id == found.id), found)
            source = shared.systems.find(link.system, link.resource)
            view = view_of(link, source.mapping) if source is not None else None
            if source is None or view is None or link.native is None:
                continue
            observe(
                workspace.merge(source, link.modified),
                workspace.goldens[link.gid],
                link,
                base_of(link, source.mapping),
                view,
                link.native,
            )
            workspace.touch(link)
        workspace.flush()


def ask(
    shared: Shared,
    question: Question,
    by_ref: dict[str, Staged],
    kind: str = "match",
    pairs: Sequence[Mapping[str, Any]] = (),
) -> int:
    """Open a review: its records are neither created nor linked until a person has decided.  pairs: how they compare."""
    members: list[dict[str, Any]] = []
    for ref in question.refs:
        item = by_ref[ref]
        members.append(
            {
                "system": item.system,
                "resource": item.resource,
                "remote_id": item.remote_id,
                "title": item.name or ref,
                "gid": "",
            }
        )
    for gid in question.gids:
        members.append({"system": "hub", "resource": "", "remote_id": "", "title": gid, "gid": gid})
    doc = {"reason": question.reason, "members": members, "evidence": list(question.evidence), "pairs": list(pairs)}
    places = [by_ref[ref].place for ref in question.refs]
    shared.store.staging.reconsider(places)
    number = shared.store.history.add_review(shared.run, shared.clock(), kind, doc)
    shared.store.staging.set_state(places, "review", number)
    return number


def decide_review(shared: Shared, number: int, *, link: Sequence[str] | None, counters: dict[str, Counter]) -> str:
    """Carry out a person's decision on a review: ``link`` names the refs that are one customer (others of the review
    become customers of their own), None declares all of them different.  Returns what was done."""
    review = shared.store.history.review(number)
    if review is None or review.state != "open":
        raise HubError(f"there is no open review {number}", hint="`crmhub review list` shows the open ones")
    staged = {item.ref: item for item in shared.store.staging.of_review(number)}
    gids = [member["gid"] for member in review.members if member["gid"]]
    together = [ref for ref in (link if link is not None else []) if ref in staged or ref in gids]
    if link is not None and len(together) != len(link):
        unknown = sorted(set(link) - set(together))
        raise HubError(
            f"not part of review {number}: {', '.join(unknown)}", hint="`crmhub review list` names its records"
        )
    groups = []
    apart = [ref for ref in staged if ref not in together]
    if together:
        gid = next((item for item in together if item in gids), None)
        if gid is not None:  # its customer may have been merged while the question waited
            gid = shared.store.records.survivors([gid]).get(gid, gid)
        refs = tuple(ref for ref in together if ref in staged)
        _refuse_two_of_a_side(shared, [staged[ref] for ref in refs], gid)
        groups.append(Group(refs, gid, ("a person",)))
    groups += [Group((ref,), None, ("a person",)) for ref in apart]
    pairs = [(a, b) for a in apart for b in [*staged, *gids] if a != b]
    with shared.store.transaction():
        shared.store.staging.never_match(pairs)
        link_groups(shared, counters, groups, staged)
        shared.store.history.end_review(
            number, "linked" if together else "split", ", ".join(together) or "all different"
        )
    return f"{len(together)} linked, {len(apart)} kept apart"


def _refuse_two_of_a_side(shared: Shared, items: Sequence[Staged], gid: str | None) -> None:
    sides = [(item.system, item.resource) for item in items]
    if gid is not None:
        sides += [
            (link.system, link.resource)
            for link in shared.store.records.links_by_gid([gid]).get(gid, [])
            if link.primary and link.state not in ("gone", "excluded")
        ]
    if len(set(sides)) != len(sides):
        double = next(side for side in sides if sides.count(side) > 1)
        raise HubError(
            f"two records of {double[0]} cannot be one customer",
            hint=f"Merge them in {double[0]} first, or link only one of them",
        )
