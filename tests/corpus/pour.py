"""Every bad string through real connectors into a real system, and what must be true afterwards.

python -m tests.corpus.pour             all strings into files, Radicale, Tryton, Vendure and BottleCRM (some minutes)
python -m tests.corpus.pour --every 20  a sample; CI takes one without BottleCRM
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hub.bootstrap import App
from hub.config.read import read_config
from hub.mapping.view import View
from hub.sync.policy import is_blank
from hub.sync.systems import Source
from hub.testing.bottlecrm_server import NoPython
from hub.testing.corpus import everything
from hub.testing.servers import prepared_servers, start_bottlecrm, start_radicale, start_tryton
from hub.testing.vendure_server import missing, start_vendure

SOURCE = """
[hub]
region = "DE"

[connections.source]
plugin = "files"
path = "source"

[connections.target]
{target}

[syncs.customers]
systems = ["source", "target"]
"""
CACHE = prepared_servers()
FIELDS = ("name", "notes", "email", "company", "street", "phone")
"""Columns of the source: each string stands in one of them, in turn."""


def write_source(folder: Path, texts: Sequence[str]) -> None:
    (folder / "source").mkdir(parents=True)
    rows = []
    for number, text in enumerate(texts):
        for field in FIELDS:
            known = {
                "id": f"{number}{field}",
                "name": f"Person {number}{field}",
                "email": f"{number}{field}@ok.example",
            }
            rows.append(json.dumps(known | {field: text}))
    (folder / "source" / "people.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


class Pour:
    """One target that takes what the source file holds.  ``problems``: what is wrong, one line each."""

    def __init__(self, folder: Path, target: str, texts: Sequence[str]) -> None:
        self.problems: list[str] = []
        self.compared = 0
        self.texts = texts
        folder.mkdir()
        write_source(folder, texts)
        (folder / "target").mkdir()
        (folder / "crmhub.toml").write_text(SOURCE.format(target=target), encoding="utf-8")
        self.config = folder / "crmhub.toml"

    def run(self) -> list[str]:
        with App(read_config(self.config)) as app, app.writing():
            approval = app.engine("customers").read().plan
            assert approval is not None
            first = app.engine("customers").sync(approve=approval.approval())
            if first.paused or first.held:
                self.problems.append(f"the first sync did not end: {first.paused} {first.held}")
            again = app.engine("customers").sync()
            if again.applied:
                self.problems.append(f"a second sync wrote {again.applied} records")
            self.problems += [f"not accounted for: {item}" for item in again.accounts if not item.ok]
            self._compare(app)
        return self.problems

    def _compare(self, app: App) -> None:
        """What both systems show of a customer is the same, or people have been told why it is not."""
        systems = app.systems("customers")
        source, target = systems.of("source")[0], systems.of("target")[0]
        ours, theirs = dict(views(source)), dict(views(target))
        told = {row["gid"] for row in app.store.history.notices()}
        held = {item.remote_id for item in app.store.work.quarantined()} | {
            item.gid for item in app.store.work.quarantined()
        }
        gids = list(app.store.records.gids())
        for gid, links in app.store.records.links_by_gid(gids).items():
            at = {link.system: link for link in links}
            held_back = any(link.held for link in links)
            if "target" not in at:
                if gid not in held | told:
                    self.problems.append(f"{at['source'].remote_id} is nowhere and nobody was told")
                continue
            if gid in told or gid in held or held_back:
                continue
            self.compared += 1
            self._same(at["source"].remote_id, ours[at["source"].remote_id], theirs[at["target"].remote_id], target)
        linked = {link.remote_id for items in app.store.records.links_by_gid(gids).values() for link in items}
        for remote_id in set(ours) - linked:
            waiting = app.store.staging.states("source", source.resource, [remote_id])
            if remote_id not in held and not waiting:
                self.problems.append(f"{remote_id} is lost")

    def _same(self, remote_id: str, ours: View, theirs: View, target: Source) -> None:
        for name, value in ours.fields.items():
            spec = target.mapping.fields.get(name)
            if spec is None or name not in theirs.fields or spec.direction != "both":
                continue
            predicted = target.mapping.norm(name, value)
            if predicted != theirs.fields[name] and not (is_blank(value) and is_blank(theirs.fields[name])):
                self.problems.append(f"{remote_id}: {name} {value!r} is shown as {theirs.fields[name]!r}")


def views(source: Source) -> Iterator[tuple[str, View]]:
    for page in source.connector.changes(source.resource, None):
        wanted = [item.id for item in page.records if item.data is None and item.error is None and not item.deleted]
        for record in [*page.records, *source.connector.fetch(source.resource, wanted)]:
            view = source.mapping.get(record.data) if isinstance(record.data, Mapping) else None
            if view is not None:
                yield record.id, view


def targets(stack: ExitStack, root: Path, *, slow: bool) -> Iterator[tuple[str, str]]:
    """Name and connection of each target; slow: also those that write one record at a time and take long."""
    for kind in ("csv", "jsonl", "xlsx"):
        yield kind, f'plugin = "files"\npath = "target"\nwrite = "update"\ntarget = "people.{kind}"'
    book: Any = stack.enter_context(start_radicale(root / "servers" / "book", user="u", password="p", books=("book",)))
    secret = root / "secret"
    secret.touch(mode=0o600)
    secret.write_text("p")
    url = book.details["books"]["book"]
    yield "radicale", f'plugin = "carddav"\nurl = "{url}"\nuser = "u"\npassword = {{ file = "{secret}" }}'
    erp: Any = stack.enter_context(start_tryton(root / "servers" / "erp"))
    key = root / "key"
    key.touch(mode=0o600)
    key.write_text(erp.details["password"])
    yield (
        "tryton",
        f'plugin = "tryton"\nurl = "{erp.url}"\ndatabase = "{erp.details["database"]}"\n'
        f'user = "{erp.details["user"]}"\npassword = {{ file = "{key}" }}',
    )
    if not missing():
        cache = prepared_servers()
        shop: Any = stack.enter_context(start_vendure(root / "servers" / "shop", cache=cache))
        word = root / "word"
        word.touch(mode=0o600)
        word.write_text(shop.details["password"])
        yield (
            "vendure",
            f'plugin = "vendure"\nurl = "{shop.url}/admin-api"\nuser = "{shop.details["user"]}"\n'
            f'password = {{ file = "{word}" }}\nkey_field = "{shop.details["key_field"]}"',
        )
    if not slow:
        return
    try:
        crm: Any = stack.enter_context(start_bottlecrm(root / "servers" / "crm", cache=CACHE))
    except NoPython as error:
        print(f"bottlecrm: left out, {error}")
        return
    token = root / "token"
    token.touch(mode=0o600)
    token.write_text(crm.details["admin"]["token"])
    yield "bottlecrm", f'plugin = "bottlecrm"\nurl = "{crm.url}"\ntoken = {{ file = "{token}" }}'


def main(every: int = 1, *, slow: bool = True) -> int:
    texts, bad = everything()[::every], 0
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        root = Path(made)
        (root / "servers").mkdir()
        for name, target in targets(stack, root, slow=slow):
            pour = Pour(root / name, target, texts)
            problems = pour.run()
            print(f"{name}: {len(texts) * len(FIELDS)} records, {pour.compared} the same, {len(problems)} problems")
            for problem in problems[:20]:
                print(f"  {problem[:300]}")
            bad += len(problems)
    return 1 if bad else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth string only")
    raise SystemExit(main(parser.parse_args().every))
