"""Settling our own write against what the system shows afterwards (sections 7, 8, 9; rules W1, W2, D1).

Per field, slot, row and group member: what looks as predicted is confirmed; what looks as before was not carried out;
the rest is left to ``observe`` as a user's edit on top of our write (if anything proves that the write happened).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from hub.canonical.schema import COLLECTIONS, field_def
from hub.canonical.values import same
from hub.mapping.view import Mapping_, Position, Value, View
from hub.state import Base, Esent, Link, Shown
from hub.sync.merge.pairing import pair
from hub.sync.plan.items import Payload
from hub.sync.policy import is_blank

_OF_FEW: Final = frozenset(
    {"enum", "language", "country", "currency", "bool", "consent", "reference", "tag", "membership"}
)
"""Kinds of fields that have few values."""


@dataclass(slots=True)
class Settlement:
    """What settling found: ``happened`` (something proves that our write was carried out) and lossy or ignored values.
    region: country in which national phone numbers are compared.  window: the system has no conditional writes, so a user
    may have edited the record between our look and our write."""

    happened: bool = False
    region: str | None = None
    window: bool = False
    problems: list[tuple[str, str]] = field(default_factory=list)


def note(link: Link, payload: Payload) -> None:
    """Advance "sent" for values that need no write because the system shows them already."""
    link.sent.update(payload.fields)
    for name, elements in payload.elements.items():
        known = link.esent.setdefault(name, {})
        for eid, raw in elements.items():
            known[eid] = Esent(*raw)
    link.psent.update(payload.psent)
    for name, rows in payload.picture.items():
        link.picture[name] = rows
    link.lost.difference_update(payload.cleared)


def settle(
    link: Link,
    base: Base,
    payload: Payload,
    predicted: View,
    image: View,
    mapping: Mapping_,
    *,
    direct: bool,
    region: str | None = None,
    done: bool = False,
    created: bool = False,
    window: bool = False,
) -> Settlement:
    """Settle an open write against an image of the record; changes ``link`` and ``base`` in place.

    direct: the image is the answer to our write itself, so a difference is the server's doing, never a user's edit;
    done: the system said that the write was carried out: what differs was edited on top of it;
    created: the write was the create of this record, so it did happen, whatever the image shows;
    window: the system has no conditional writes: what our write did not touch may have been edited just before it.
    """
    result = Settlement(direct or done or _happened(base, payload, predicted, image), region, window)
    for name in payload.fields:
        if name in image.fields:
            _settle_field(link, base, payload, name, predicted.fields.get(name), image.fields[name], result, direct)
    for name, rows in payload.picture.items():
        if name not in image.collections:
            continue
        if result.happened or created:  # else no row is ours
            _settle_collection(link, base, payload, name, rows, predicted, image, mapping, result, direct)
        else:
            _doubt(link, base, name, rows, image)
    if result.happened:
        link.lost.difference_update(payload.cleared)
        _given_again(link, base, payload, mapping)
    return result


def _given_again(link: Link, base: Base, payload: Payload, mapping: Mapping_) -> None:
    """What was written is not taken back any more; a row of which only the label was written still is."""
    if not link.undone:
        return
    for name in payload.fields:
        link.undone.pop(name, None)
    for name in payload.picture:
        for row in base.collections.get(name, ()):
            sent = payload.elements.get(name, {}).get(row.eid or "")
            image = None if sent is None else mapping.norm_row(name, sent[0], sent[1])
            if image is None or row.value != image.value:
                continue
            link.undone.pop(f"{name}/{row.eid}", None)
            if link.undone.get(f"{name}/{row.pos}", [None])[0] == row.eid:
                del link.undone[f"{name}/{row.pos}"]


def adopt(
    link: Link,
    base: Base,
    payload: Payload,
    predicted: View,
    image: View,
    mapping: Mapping_,
    *,
    direct: bool,
    region: str | None = None,
) -> Settlement:
    """Settle a create: the record is ours, everything that we did not send is a user's edit or a server's default (D1)."""
    for name, spec in mapping.fields.items():
        shown = image.fields.get(name)
        if name in payload.fields or name not in image.fields:
            continue
        if (direct and not is_blank(shown)) or spec.server_default:
            base.fields[name] = shown
            link.sent[name] = None
        elif not is_blank(predicted.fields.get(name)):
            base.fields[name] = predicted.fields[name]
            link.sent[name] = None
    for name in payload.fields:
        base.fields[name] = None
    result = settle(link, base, payload, predicted, image, mapping, direct=direct, region=region, created=True)
    if not result.happened:  # found by our key: the create did happen, whatever a user made of it since
        for name in payload.fields:
            link.sent[name] = payload.fields[name]
            base.fields[name] = predicted.fields.get(name)
        result.happened = True
    return result


def _kind(name: str) -> str:
    found = field_def(name)
    return found.kind if found else "text"


def _happened(base: Base, payload: Payload, predicted: View, image: View) -> bool:
    """Whether anything that our write changed is seen as predicted.

    What we only emptied is a weak proof: a user may have emptied it, or the id is another record's by now.  So is a value of
    which there are few, such as a consent: a user may have chosen the same.  It counts while no field shows something else
    than what we wrote there.
    """
    weak = contradicted = False
    for name in payload.fields:
        before, wanted, shown = base.fields.get(name), predicted.fields.get(name), image.fields.get(name)
        if isinstance(wanted, Mapping) and isinstance(shown, Mapping):
            old = before if isinstance(before, Mapping) else {}
            if any(shown.get(m) == wanted[m] and old.get(m) != wanted[m] for m in wanted):
                return True
            contradicted = contradicted or (dict(old) != dict(wanted) and dict(shown) != dict(old))
        elif before != wanted and same(_kind(name), wanted, shown):
            if not is_blank(wanted) and _kind(name) not in _OF_FEW:
                return True
            weak = True
        else:
            contradicted = contradicted or (before != wanted and not is_blank(wanted) and shown != before)
    rows = [_rows_happened(base.collections.get(name, []), name, predicted, image) for name in payload.picture]
    return "given" in rows or ((weak or "emptied" in rows) and not contradicted)


def _rows_happened(before: list[Shown], name: str, predicted: View, image: View) -> Literal["", "given", "emptied"]:
    """Whether a row that we added is there ("given"), or a row that we took away is gone and nothing unexpected has its
    place ("emptied"): a user who put something else there says nothing about our write.  A value that was there before in
    another place is a proof only together with all that we added: a user may have moved it, too."""
    wanted, shown = predicted.collections.get(name, ()), image.collections.get(name, ())
    wanted_rows, shown_rows = [_content(row) for row in wanted], [_content(row) for row in shown]
    before_rows = [_content(row) for row in before]
    added = [row for row in wanted_rows if row not in before_rows and row[0] is not None]
    known = [row.value for row in before]
    if any(row in shown_rows for row in added if row[0] not in known):
        return "given"
    if added and all(row in shown_rows for row in added):
        return "given"
    removed = [row for row in before if _content(row) not in wanted_rows]
    if not removed or any(_content(row) in shown_rows for row in removed):
        return ""
    if any(row.pos is None for row in removed):
        return "emptied" if all(row in wanted_rows for row in shown_rows) else ""
    places = {row.pos for row in before}
    if added and any(row.pos not in places and _content(row) not in wanted_rows for row in shown):
        return ""  # somebody made a row; whether out of ours, or instead of what we would have removed, nobody knows
    ours = {row.pos: _content(row) for row in wanted}
    now = {row.pos: _content(row) for row in shown}
    values = {row.pos: (row.value, now_row.value) for row in wanted for now_row in shown if row.pos == now_row.pos}
    if any(_members_prove(row.value, *values.get(row.pos, (None, None))) for row in removed):
        return "given"
    return "emptied" if any(now.get(row.pos) == ours.get(row.pos) for row in removed) else ""


def _members_prove(before: Value, wanted: Value, shown: Value) -> bool:
    """Whether what our write changed of a group is seen as predicted, whatever a user did to another member.  Half of it:
    a user who typed an address of the same postal code says nothing about ours."""
    if not isinstance(wanted, Mapping) or not isinstance(shown, Mapping):
        return False
    old = before if isinstance(before, Mapping) else {}
    changed = [name for name in wanted if old.get(name) != wanted[name]]
    return bool(changed) and 2 * sum(shown.get(name) == wanted[name] for name in changed) >= len(changed)


def _content(row: Shown | Position) -> tuple[Value, dict[str, Value], bool | None]:
    return row.value, dict(row.attrs), row.primary


def _settle_field(
    link: Link, base: Base, payload: Payload, name: str, wanted: Value, shown: Value, result: Settlement, direct: bool
) -> None:
    before = base.fields.get(name)
    if direct:
        if not same(_kind(name), wanted, shown, region=result.region) and not (is_blank(wanted) and is_blank(shown)):
            result.problems.append((name, "write_ignored" if shown == before else "lossy_write"))
        link.sent[name], base.fields[name] = payload.fields[name], shown
    elif same(_kind(name), wanted, shown, region=result.region):
        link.sent[name], base.fields[name] = payload.fields[name], shown
        link.lost.discard(name)
    elif result.happened and shown != before:
        link.sent[name], base.fields[name] = payload.fields[name], wanted


def _settle_collection(
    link: Link,
    base: Base,
    payload: Payload,
    name: str,
    rows: list[list[str | None]],
    predicted: View,
    image: View,
    mapping: Mapping_,
    result: Settlement,
    direct: bool,
) -> None:
    spec = mapping.collections[name]
    before = base.collections.get(name, [])
    wanted = _with_elements(rows, predicted.collections.get(name, ()))
    shown = image.collections[name]
    found = _pair_new(wanted, shown, pair(spec, wanted, shown), name, result.region)
    esent = payload.elements.get(name, {})
    settled: list[Shown] = []
    for index, row in enumerate(wanted):
        position = next((shown[place] for place, paired in enumerate(found) if paired == index), None)
        old = _old_row(before, row)
        kept = _settle_row(row, old, position, name, result, direct)
        if kept is None:
            if direct and row.value is not None and row.eid is not None:
                if row.eid in esent:  # not tried again until golden's element changes
                    link.sent[f"{name}/{row.eid}"] = [esent[row.eid][0], esent[row.eid][2]]
                result.problems.append((f"{name}/{row.eid}", "write_ignored"))
            continue
        settled.append(kept)
        if kept is not old and kept.eid is not None and kept.eid in esent:
            link.esent.setdefault(name, {})[kept.eid] = Esent(*esent[kept.eid])
    settled.extend(_not_removed(before, wanted, shown, found, direct))
    base.collections[name] = settled
    link.picture[name] = [[row.pos, row.eid] for row in settled]
    if name in payload.psent and result.happened:
        link.psent[name] = payload.psent[name]


def _with_elements(rows: list[list[str | None]], positions: tuple[Position, ...]) -> list[Shown]:
    """The predicted rows with their elements: kept rows by position, the others in the planned order."""
    by_pos = {pos: eid for pos, eid in rows if pos is not None}
    rest = iter([eid for pos, eid in rows if pos is None])
    result = []
    for item in positions:
        eid = by_pos[item.pos] if item.pos in by_pos else next(rest, None)
        result.append(Shown(item.pos, eid, item.value, item.attrs, item.primary))
    return result


def _pair_new(
    wanted: list[Shown], shown: tuple[Position, ...], found: list[int | None], name: str, region: str | None
) -> list[int | None]:
    """New rows have no id in the prediction: they pair by value, then, if one of each is left, as an edit (W2)."""
    kind = COLLECTIONS[name].kind
    free = [index for index, row in enumerate(wanted) if row.pos is None and index not in found]
    for place, position in enumerate(shown):
        if found[place] is None:
            match = next(
                (index for index in free if same(kind, wanted[index].value, position.value, region=region)), None
            )
            if match is not None:
                found[place] = match
                free.remove(match)
    open_places = [place for place, index in enumerate(found) if index is None]
    if len(free) == 1 and len(open_places) == 1:
        found[open_places[0]] = free[0]
    return found


def _old_row(before: list[Shown], row: Shown) -> Shown | None:
    if row.pos is not None:
        return next((item for item in before if item.pos == row.pos), None)
    return next((item for item in before if item.eid == row.eid and row.eid is not None), None)


def _doubt(link: Link, base: Base, name: str, rows: list[list[str | None]], image: View) -> None:
    """A slot from which our write of unknown outcome would have taken an element, and which shows something else than before:
    whether somebody changed that element, or what our write had left, nobody knows.  It counts as neither."""
    planned: dict[str | None, str | None] = {pos: eid for pos, eid in rows if pos is not None}
    now = {position.pos: position.value for position in image.collections[name]}
    known = base.collections.get(name, [])
    doubtful = {
        row.pos
        for row in known
        if row.pos in planned and row.pos in now and row.eid not in (None, planned[row.pos])
        if row.value not in now.values()  # what somebody moved is not doubtful
    }
    if doubtful:
        base.collections[name] = [Shown(row.pos, None, None) if row.pos in doubtful else row for row in known]
        link.picture[name] = [[row.pos, row.eid] for row in base.collections[name]]


def _settle_row(
    row: Shown, old: Shown | None, position: Position | None, name: str, result: Settlement, direct: bool
) -> Shown | None:
    """The row as seen after our write; ``old`` itself if it was not carried out; None if there is nothing."""
    if position is None:
        ours = direct and not (result.window and old is not None and old.value == row.value)
        return None if ours else old
    if direct:
        before = old if result.window else None
        empty = result.window and old is None and row.pos is not None
        value = _untouched(Shown(row.pos, None, None) if empty else before, row, position)
        if value == position.value and not same(COLLECTIONS[name].kind, row.value, value, region=result.region):
            result.problems.append((f"{name}/{row.eid}", "lossy_write"))
        attrs, primary = position.attrs, position.primary
        if before is not None:  # what we did not write and that differs was edited just before
            attrs = {
                key: before.attrs.get(key) if before.attrs.get(key) == row.attrs.get(key) else shown
                for key, shown in position.attrs.items()
            }
            primary = before.primary if before.primary == row.primary else position.primary
        return Shown(position.pos, row.eid, value, attrs, primary)
    if same(COLLECTIONS[name].kind, row.value, position.value, region=result.region):
        attrs = {
            key: value if position.attrs.get(key) != value else position.attrs[key] for key, value in row.attrs.items()
        }
        primary = row.primary
        if old is not None and not result.happened:
            attrs, primary = dict(old.attrs), old.primary
        return Shown(position.pos, row.eid, position.value, attrs, primary)
    if old is not None and (old.value == position.value or not result.happened):
        return old
    return Shown(position.pos, row.eid, row.value, row.attrs, row.primary)


def _untouched(old: Shown | None, row: Shown, position: Position) -> Value:
    """What the system made of our row, with what we did not write as it was: if that differs, it is an edit."""
    if old is None:
        return position.value
    former = {} if old.value is None else old.value
    if not (isinstance(former, Mapping) and isinstance(position.value, Mapping)):
        return old.value if old.value == row.value else position.value
    wanted = row.value if isinstance(row.value, Mapping) else {}
    return {
        member: former.get(member) if former.get(member) == wanted.get(member) else shown
        for member, shown in position.value.items()
    }


def _not_removed(
    before: list[Shown], wanted: list[Shown], shown: tuple[Position, ...], found: list[int | None], direct: bool
) -> list[Shown]:
    """Rows that we removed and that are still there: the removal was not carried out."""
    if direct:
        return []
    kept = {row.pos for row in wanted if row.pos is not None}
    still = []
    for item in before:
        if item.pos is not None and item.pos in kept:
            continue
        for place, position in enumerate(shown):
            same_row = position.pos == item.pos if item.pos is not None else position.value == item.value
            if found[place] is None and same_row:
                still.append(item)
                break
    return still
