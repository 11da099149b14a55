"""Questions about who is who, and how they are answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hub.views.masking import Shown

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.store.history import Review
    from hub.store.store import Store


def to_json(shown: Shown, review: Review) -> dict[str, Any]:
    members = [
        {**item, "ref": ref_of(item), "title": shown.name(item["title"]) if not item["gid"] else item["title"]}
        for item in review.members
    ]
    pairs = [dict(item) for item in review.pairs]
    return {"id": review.id, "state": review.state, "reason": review.reason, "members": members, "pairs": pairs}


def pair_lines(review: Review) -> list[str]:
    """How members that share no key compare, a pair a line, in words and without their values."""
    found = []
    for pair in review.pairs:
        said = []
        for verdict, words in (
            ("same", "the same"),
            ("alike", "alike"),
            ("differs", "differs"),
            ("missing", "not known"),
        ):
            names = [name.replace("_", " ") for name, item in pair["features"].items() if item == verdict]
            if names:
                said.append(f"{words}: {', '.join(names)}")
        found.append(f"{pair['left']} and {pair['right']}: score {pair['score']:.2f}; {'; '.join(said)}")
    return found


def ref_of(member: dict[str, Any]) -> str:
    """How a person names a member: SYSTEM/RESOURCE/ID, or the gid of a golden record."""
    return member["gid"] or f"{member['system']}/{member['resource']}/{member['remote_id']}"


def find(store: Store, number: int) -> Review:
    """Raises UsageProblem."""
    review = store.history.review(number)
    if review is None:
        from hub.bootstrap import UsageProblem

        raise UsageProblem(f"there is no review {number}", hint="`crmhub review list --all` shows them")
    return review


def side_by_side(shown: Shown, store: Store, review: Review) -> list[dict[str, Any]]:
    """The members with what their systems show of them (native), and what the hub knows of linked ones (values)."""
    from hub.views.records import values_of

    members: list[dict[str, Any]] = to_json(shown, review)["members"]
    goldens = store.records.goldens([item["gid"] for item in members if item["gid"]])
    for member in members:
        native: dict[str, Any] = {}
        if not member["gid"]:
            natives = store.staging.natives(member["system"], member["resource"], [member["remote_id"]])
            native = {
                key: shown.value(key, value)
                for key, value in natives.get(member["remote_id"], {}).items()
                if value and not key.startswith("_")
            }
        golden = goldens.get(member["gid"])
        member["native"] = native
        member["values"] = (
            [(label, shown.value(path, cell.value)) for path, cell, label in values_of(golden)] if golden else []
        )
    return members


def decide(app: App, number: int, refs: list[str] | None, begun: Callable[[str], None] = lambda _run: None) -> str:
    """Say which members are one customer; None for none of them.  What was done.  The caller holds the process lock.

    begun: told the run that the decision is recorded as."""
    from hub.sync.linking import decide_review
    from hub.sync.workspace import Counter

    review = app.store.history.review(number)
    systems = {item["system"] for item in review.members if not item["gid"]} if review is not None else set()
    with app.deciding(app.sync_of(review.run if review is not None else "", systems)) as shared:
        begun(shared.run)
        counters = {name: Counter() for name in shared.systems.names()}
        return decide_review(shared, number, link=refs, counters=counters)


def take_out(app: App, ref: str, begun: Callable[[str], None] = lambda _run: None) -> str:
    """Take a wrongly linked record (SYSTEM/RESOURCE/ID) out of its customer; the gid of the customer that it is now.  The
    caller holds the process lock.  Raises UsageProblem."""
    from hub.bootstrap import UsageProblem
    from hub.sync.decisions import split_link

    parts = ref.split("/", 2)
    if len(parts) != 3:
        raise UsageProblem(f"{ref!r} is no question and no record", hint="Give a number, or SYSTEM/RESOURCE/ID")
    with app.deciding(app.sync_of("", [parts[0]])) as shared:
        begun(shared.run)
        return split_link(shared, *parts)
