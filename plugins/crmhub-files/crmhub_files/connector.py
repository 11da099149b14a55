"""The files connector: tables in a folder, their rows as customers."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from pydantic import Field as Setting

from crmhub_files import folder as disk
from crmhub_files.folder import Stamp
from crmhub_files.headers import HOUSE_NUMBER, NORMAL, OWN_KEY, resolve
from crmhub_files.records import Sheet
from crmhub_files.snapshots import Snapshots
from crmhub_files.table import TableConfig, format_of
from crmhub_files.writing import Job, Journal
from hub.plugin import (
    Account,
    Capabilities,
    ConfigError,
    Connector,
    CursorExpired,
    Field,
    Json,
    Limits,
    Op,
    OpKind,
    Page,
    Receipt,
    Record,
    Rejected,
    Resource,
)

PAGE: Final = 500
BATCH: Final = 1000
_KINDS: Final = "Only .csv, .tsv, .txt, .jsonl, .ndjson and .xlsx are tables"


class FilesConfig(TableConfig):
    """Settings of one folder or file; the table in the README explains each."""

    path: str
    pattern: str = "*"
    key: tuple[str, ...] = ()
    columns: Mapping[str, str] = Setting(default_factory=dict)
    write: Literal["off", "update", "target"] = "off"
    target: str | None = None


class Files(Connector[FilesConfig]):
    """CSV, JSON Lines and Excel files."""

    name: ClassVar[str] = "files"
    Config = FilesConfig
    limits = Limits(concurrency=1, source="local files")

    def check(self) -> Account:
        """Read every file once.  Raises ConfigError for what cannot work, with the questions about columns."""
        root = self._root()
        if not root.exists() and (self.config.write == "off" or format_of(root) is None):
            raise ConfigError("The path does not exist", where=str(root), hint="Check path of this connection")
        rows, labels = 0, set[str]()
        for name, path in self._files().items():
            sheet = self._sheet(name, path)
            rows += len(sheet.ids)
            labels.update(sheet.columns)
        unknown = sorted(set(self.config.columns) - labels)
        if unknown and labels:
            found = ", ".join(sorted(labels))
            raise ConfigError(f"columns names {unknown[0]!r}, which no file has; there are: {found}", where=str(root))
        place = root if root.is_dir() else root.parent
        may_write = self.config.write != "off" and os.access(place, os.W_OK)
        missing = ("write",) if self.config.write != "off" and not may_write else ()
        granted = ("read", "write") if may_write else ("read",)
        return Account(name=f"{root} ({rows} rows)", server=str(root), granted=granted, missing=missing)

    def resources(self) -> Sequence[Resource]:
        writes: set[OpKind] = set() if self.config.write == "off" else {"create", "update", "delete"}
        capabilities = Capabilities(
            writes=frozenset(writes),
            deletes="listing",
            conditional_write=True,
            create="client_id",
            version_after_write=True,
            image_after_write=True,
            batch=BATCH,
            page=PAGE,
            find_by=frozenset({"op_key", "own_key", "email"}),
            clock_resolution=0.01,
            poll_calls=0,
            misses=("a file that is changed without a new time or size",),
        )
        return (Resource("customers", capabilities=capabilities, mapping="files.customers"),)

    def fields(self, resource: str) -> Sequence[Field]:
        """The columns of all files: normal ones, and unknown ones under their own header."""
        found: dict[str, str] = {}
        open_columns = False
        for name, path in self._files().items():
            sheet = self._sheet(name, path)
            open_columns = open_columns or sheet.open_columns
            hidden = HOUSE_NUMBER if sheet.joins_house_number else ""
            found.update({column: label for label, column in sheet.columns.items() if column != hidden})
        if not found or open_columns:
            found = {**dict(zip(NORMAL, NORMAL, strict=True)), **found}
        if self.config.write != "off":
            found.setdefault(OWN_KEY, OWN_KEY)
        return [Field(column, label=label, custom=column not in NORMAL) for column, label in found.items()]

    def changes(self, resource: str, cursor: Json = None) -> Iterator[Page]:
        """Rows that changed in files whose time, size or inode did; an unchanged folder is not read at all."""
        files, of = self._files(), self._fingerprint()
        done: dict[str, Any] = {}
        start: dict[str, Any] = {}
        if cursor is not None:
            if not isinstance(cursor, dict) or cursor.get("of") != of:
                raise CursorExpired("The settings of this connection changed")
            done, start = dict(cursor["files"]), cursor.get("at") or {}
        relist = bool(set(done) - set(files))
        done = {name: stamp for name, stamp in done.items() if name in files}
        for name, path in files.items():
            stamp = Stamp.of(path)
            if stamp is None or done.get(name) == stamp.as_json():
                continue
            sheet, read_stamp = self._open(name, path)
            records = [entry.record for entry in sheet.entries()]
            changed, lost = self._snapshots().compare(name, done.get(name), records)
            relist = relist or lost
            resumed = start.get("file") == name and start.get("stamp") == read_stamp.as_json()
            first = start["row"] if resumed else 0
            for at in range(first, len(changed), PAGE):
                place = {"file": name, "stamp": read_stamp.as_json(), "row": at + PAGE}
                if at + PAGE < len(changed):
                    yield Page(changed[at : at + PAGE], {"of": of, "files": dict(done), "at": place})
            last = max(first, (len(changed) - 1) // PAGE * PAGE) if changed else 0
            self._snapshots().save(name, read_stamp, records)
            done[name] = read_stamp.as_json()
            yield Page(changed[last:], {"of": of, "files": dict(done)}, relist=relist)
        yield Page([], {"of": of, "files": done}, complete=True, relist=relist)

    def listing(self, resource: str) -> Iterator[Page]:
        for name, path in self._files().items():
            entries = list(self._sheet(name, path).entries())
            for at in range(0, len(entries), PAGE):
                shown = [entry.record for entry in entries[at : at + PAGE]]
                yield Page([Record(record.id, None, record.version, record.modified_at) for record in shown])
        yield Page([], complete=True)

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[Record]:
        for name, path in self._files().items():
            sheet = self._sheet(name, path)
            found = (sheet.entry(id) for id in dict.fromkeys(ids) if id.startswith(sheet.prefix))
            yield from (entry.record for entry in found if entry is not None)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[Record]:
        """Find by "op_key", "own_key" or "email" (both e-mail columns, case ignored)."""
        if key in ("op_key", "own_key"):
            journal = self._journal()
            wanted = {journal.own_key(value) for value in values} if key == "op_key" else set(values)
            yield from (record for record in self._records() if record.data and record.data.get(OWN_KEY) in wanted)
            return
        if key != "email":
            yield from super().find(resource, key, values)
        emails = {value.strip().casefold() for value in values}
        for record in self._records():
            shown = {str((record.data or {}).get(name) or "").strip().casefold() for name in ("email", "email 2")}
            if not emails.isdisjoint(shown):
                yield record

    def write(self, resource: str, ops: Sequence[Op]) -> Iterator[Receipt]:
        """One rewrite of each file that the ops concern."""
        jobs: dict[str, list[Op]] = {}
        for op in ops:
            name = self._file_of(op)
            if isinstance(name, Rejected):
                yield Receipt(op.key, op.id, error=name)
            else:
                jobs.setdefault(name, []).append(op)
        for name, mine in jobs.items():
            yield from self._job(name).run(mine)

    # Files

    def _root(self) -> Path:
        return disk.locate(self.context.base, self.config.path)

    def _files(self) -> dict[str, Path]:
        root = self._root()
        files = disk.files_in(root, self.config.pattern)
        target = self._target()
        if root.is_dir() and target is not None and target.exists():
            files.setdefault(target.relative_to(root).as_posix(), target)
        return files

    def _target(self) -> Path | None:
        """The file that new rows go to: the configured one, or the only one; None in a folder without ``target``."""
        root = self._root()
        if self.config.target is None:
            return None if root.is_dir() else root
        if not root.is_dir():
            raise ConfigError("target is for a folder; path is a single file", where=str(root))
        target = disk.locate(root, self.config.target)
        if not target.is_relative_to(root) or format_of(target) is None:
            raise ConfigError(f"target {self.config.target!r} is no table inside the folder", where=str(root))
        return target

    def _open(self, name: str, path: Path) -> tuple[Sheet, Stamp]:
        """The sheet of a file; the last one that was read is kept while its stamp stays the same."""
        kept = self.__dict__.get("_kept")
        if kept is not None and kept[0] == (path, Stamp.of(path)):
            return kept[1], kept[0][1]
        content, stamp = disk.read(path)
        sheet = self._open_sheet(path, content, stamp)
        self.__dict__["_kept"] = ((path, stamp), sheet)
        return sheet, stamp

    def _sheet(self, name: str, path: Path) -> Sheet:
        return self._open(name, path)[0]

    def _open_sheet(self, path: Path, content: bytes, stamp: Stamp | None) -> Sheet:
        root, format = self._root(), format_of(path)
        if format is None:
            raise ConfigError(_KINDS, where=str(path))
        folder = root.is_dir()
        name = path.relative_to(root).as_posix() if folder else path.name
        table = format.read(content, self.config, where=str(path))
        columns = resolve(table.labels, self.config.columns, where=str(path))
        key = self.config.key or (("id",) if "id" in columns.values() else ())
        key = tuple(columns.get(column, column) for column in key)
        absent = [column for column in key if column not in columns.values()]
        if absent and table.labels:
            known = ", ".join(columns.values())
            raise ConfigError(f"There is no key column {absent[0]!r}; there are: {known}", where=str(path))
        return Sheet(
            name=name,
            prefix=f"{name}#" if folder else "",
            table=table,
            columns=columns,
            key=key,
            date_format=self.config.date_format,
            modified_at=stamp.time if stamp else None,
            open_columns=format.open_columns,
        )

    def _records(self) -> Iterator[Record]:
        for name, path in self._files().items():
            yield from (entry.record for entry in self._sheet(name, path).entries())

    def _file_of(self, op: Op) -> str | Rejected:
        """The file that an op changes, or why none may be changed."""
        root, target = self._root(), self._target()
        if self.config.write == "off":
            return Rejected("The files are read-only", hint='Set write = "update" for this connection')
        if not root.is_dir():
            return root.name
        name = target.relative_to(root).as_posix() if target else None
        if op.kind == "create":
            return name or Rejected("No file for new rows", hint='Set target = "FILE" for this connection')
        mine = next((file for file in self._files() if (op.id or "").startswith(f"{file}#")), None)
        if mine is None:
            return name or Rejected("The file of this row is gone", where=op.id or "")
        if self.config.write == "target" and mine != name:
            return Rejected(f"Only {name} may be changed, not {mine}", where=op.id or "")
        return mine

    def _job(self, name: str) -> Job:
        root = self._root()
        path = root / name if root.is_dir() else root
        format = format_of(path)
        if format is None:
            raise ConfigError(_KINDS, where=str(path))
        return Job(path, format, self.config, self._open_sheet, NORMAL, self._journal())

    def _journal(self) -> Journal:
        return Journal(self.context.folder)

    def _snapshots(self) -> Snapshots:
        return Snapshots(self.context.folder)

    def _fingerprint(self) -> str:
        """What a cursor depends on beside the files."""
        settings = self.config.model_dump(mode="json", exclude={"write", "target"})
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
