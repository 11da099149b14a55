"""Bringing the index up to date with the server, and the records that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from crmhub_mail.index import Copy, FolderState, Index
from crmhub_mail.messages import Envelope, is_report, record_of, why_ignored
from crmhub_mail.session import Session, Status
from crmhub_mail.settings import ImapConfig
from hub.plugin import Record, Rejected

_REPORT = 16_384
"""Bytes of a delivery report that are read, however little text is wanted otherwise."""


@dataclass(slots=True)
class Reader:
    """Reads the watched folders of a mailbox, in their order, through its index."""

    session: Session
    index: Index
    config: ImapConfig
    folders: Sequence[str]
    _envelopes: dict[tuple[str, int], Envelope] = field(default_factory=dict)
    """Envelopes of the chunk at hand, so that nothing is downloaded twice."""

    def update(self) -> Iterator[None]:
        """Note in the index what came and went; pauses after each chunk of new messages."""
        found = {name: self.session.status(name) for name in self.folders}
        self.index.keep_only(self.folders, [(name, status.validity) for name, status in found.items()])
        for name, status in found.items():
            state = self.index.folder(name)
            if state is not None and state.validity != status.validity:
                state = None
            if not self._quiet(name, status, state):
                yield from self._update(name, status, state)
        self.session.leave()

    def _quiet(self, name: str, status: Status, state: FolderState | None) -> bool:
        """Messages never change: with as many as before, and the same next uid, nothing came and nothing went."""
        return (
            state is not None
            and state.uidnext == status.uidnext
            and self.index.number(name, status.validity) == status.messages
        )

    def _update(self, name: str, status: Status, state: FolderState | None) -> Iterator[None]:
        validity = status.validity
        vanished = None
        if state is not None and state.modseq is not None:
            vanished = self.session.vanished(name, validity, state.modseq)
        # Read before anything else: what changes while we read is told from here on next time.
        modseq = self.session.examine(name)
        known = self.index.uids(name, validity)
        if vanished is not None and state is not None:
            new = [uid for uid in self.session.search(state.uidnext) if uid not in known]
            gone = known.intersection(vanished)
            if len(known) - len(gone) + len(new) != status.messages:
                vanished = None  # something does not fit: count everything
        if vanished is None:
            there = self.session.search()
            new, gone = [uid for uid in there if uid not in known], known.difference(there)
        if gone:
            self.index.mark_gone(name, validity, gone)
        for start in range(0, len(new), self.config.page):
            self._index(name, validity, new[start : start + self.config.page])
            yield
            self._envelopes.clear()
        uidnext = max(status.uidnext, max(new, default=0) + 1)
        self.index.save_folder(name, FolderState(validity, uidnext, modseq))

    def _index(self, name: str, validity: int, uids: Sequence[int]) -> None:
        copies = []
        self.session.open(name)  # records of other folders may have been read meanwhile
        for uid, envelope in self.session.envelopes(uids).items():
            if envelope is None:
                copies.append(Copy(name, validity, uid, f"unreadable:{name}/{validity}/{uid}", "unreadable"))
                continue
            self._envelopes[(name, uid)] = envelope
            copies.append(Copy(name, validity, uid, envelope.id, envelope.version))
        self.index.add(copies)

    # records

    def standing(self, ids: Iterable[str]) -> dict[str, Copy]:
        """id -> the copy that stands for the message: in the first folder that has one, the latest there."""
        order = {name: number for number, name in enumerate(self.folders)}
        return {
            id_: min(copies, key=lambda copy: (order.get(copy.folder, len(order)), -copy.uid))
            for id_, copies in self.index.copies(ids).items()
        }

    def records(self, ids: Sequence[str]) -> list[Record]:
        """Each message as it is now: its record, or a tombstone.  One that went in this very moment is left out."""
        copies = self.standing(ids)
        read = self._read(list(copies.values()))
        found = []
        for id_ in ids:
            if id_ not in copies:
                found.append(Record(id_, None, deleted=True))
            elif id_ in read:
                found.append(read[id_])
        return found

    def _read(self, copies: Sequence[Copy]) -> dict[str, Record]:
        found: dict[str, Record] = {}
        for name in dict.fromkeys(copy.folder for copy in copies):
            mine = {copy.uid: copy for copy in copies if copy.folder == name}
            self.session.open(name)
            envelopes = self._envelopes_of(name, list(mine))
            for uid, record in self._with_text(mine, envelopes).items():
                found[mine[uid].id] = record
        return found

    def _envelopes_of(self, name: str, uids: list[int]) -> dict[int, Envelope | None]:
        known: dict[int, Envelope | None] = {
            uid: self._envelopes[(name, uid)] for uid in uids if (name, uid) in self._envelopes
        }
        missing = [uid for uid in uids if uid not in known]
        return {**known, **(self.session.envelopes(missing) if missing else {})}

    def _with_text(self, copies: dict[int, Copy], envelopes: dict[int, Envelope | None]) -> dict[int, Record]:
        keep_bulk = self.config.bulk == "keep"
        legible = {uid: item for uid, item in envelopes.items() if item is not None}
        reports = [uid for uid, item in legible.items() if is_report(item)]
        wanted = [uid for uid, item in legible.items() if uid not in reports and (keep_bulk or not why_ignored(item))]
        bodies = {
            **self.session.bodies(reports, max(self.config.text, _REPORT)),
            **self.session.bodies(wanted, self.config.text),
        }
        found = {}
        for uid, envelope in envelopes.items():
            copy = copies[uid]
            if envelope is None:
                error = Rejected(
                    f"the server cannot show message {uid} of {copy.folder}",
                    hint="Open it with a mail program; the next sync tries again if it is stored anew",
                )
                found[uid] = Record(copy.id, None, copy.version, error=error)
                continue
            data = record_of(envelope, bodies.get(uid, b""), self.config.own, bulk=keep_bulk)
            found[uid] = Record(copy.id, data, copy.version, created_at=envelope.arrival)
        return found
