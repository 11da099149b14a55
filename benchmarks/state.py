"""The store of N linked pairs without syncing them: the engine syncs a few people, and their rows are copied.

People repeat after ``KINDS`` numbers but for the number itself (benchmarks.people), so the rows of any pair are those of
the pair of its kind with another number in them.  A test compares the result with what the engine makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

from sqlalchemy import delete, select, update

from benchmarks.api import NOW
from benchmarks.folder import SYSTEMS, Failed, Folder
from benchmarks.people import KINDS, digits, letters
from benchmarks.stub import Stub
from hub.bootstrap import App
from hub.config.read import read_config
from hub.store.store import Store
from hub.store.tables import change, cursor, golden, link, match_key

FAR = 70_000_000
"""The first number of the people that are copied: one that no benchmark reaches, so that it is found in every text."""
_ROWS = 20_000

Row = dict[str, Any]


@contextmanager
def opened(folder: Folder) -> Iterator[Store]:
    """The store of a folder."""
    with App(read_config(folder.path / "config.toml")) as app:
        yield app.store


def seed(folder: Folder, stub: Stub, size: int) -> None:
    """Make the store of ``size`` pairs that are linked and in step, and set the API up to have them."""
    folder.configure()
    stub.setup(left={"first": FAR, "size": KINDS}, right={"first": FAR, "size": KINDS})
    for _ in range(2):  # the second poll takes the watermark beyond all that exists
        _, said = folder.sync()
        if said["state"] != "success":
            raise Failed(f"the first people were not linked: {said}")
        stub.switch(clock=3600.0)
    copy_pairs(folder, size)
    stub.setup(**{name: {"size": size, "clock": NOW + 7200.0} for name in SYSTEMS})


def copy_pairs(folder: Folder, size: int) -> None:
    """In a store of ``KINDS`` linked pairs from the number ``FAR`` on: ``size`` pairs from 0 on instead of them."""
    with opened(folder) as store:
        db = store.db
        models = _models(db)
        for table in (golden, link, match_key, change):
            with db.transaction():
                db.write(delete(table))
        for start in range(0, size, _ROWS):
            numbers = range(start, min(start + _ROWS, size))
            with db.transaction():
                for place, table in enumerate((golden, link, match_key)):
                    rows = (_copies(models[number % KINDS], place, number) for number in numbers)
                    db.upsert(table, list(chain.from_iterable(rows)))
        with db.transaction():
            db.write(update(cursor).values(size=size))
            store.records.forget_counts()


def _models(db: Any) -> list[tuple[list[Row], list[Row], list[Row]]]:
    """For each kind the rows of golden, link and match_key of a pair, in bytes and texts that hold the number."""
    found: list[tuple[list[Row], list[Row], list[Row]]] = []
    for kind in range(KINDS):
        here = [dict(row._mapping) for row in db.rows(select(link).where(link.c.remote_id == str(kind + 1)))]
        gids = {row["gid"] for row in here}
        if len(here) != len(SYSTEMS) or len(gids) != 1:
            raise Failed(f"person {kind} is not linked as it should be: {here}")
        (gid,) = gids
        one = [dict(row._mapping) for row in db.rows(select(golden).where(golden.c.gid == gid))]
        keys = [dict(row._mapping) for row in db.rows(select(match_key).where(match_key.c.gid == gid))]
        found.append((one, here, keys))
    return found


def gid_of(number: int) -> str:
    """The golden id of a pair."""
    return f"01a00000-0000-7000-8000-{number:012x}"


def _copies(model: Sequence[list[Row]], place: int, number: int) -> Iterator[Row]:
    """The rows of a pair for one of the three tables, with another number."""
    old, gid = FAR + number % KINDS, model[0][0]["gid"]
    exchange = [(digits(old), digits(number)), (letters(old), letters(number)), (gid, gid_of(number))]
    in_bytes = [(before.encode(), after.encode()) for before, after in exchange]
    for row in model[place]:
        made: Row = {}
        for name, value in row.items():
            if isinstance(value, bytes):
                for before, after in in_bytes:
                    value = value.replace(before, after)
            elif isinstance(value, str):
                for word, other in exchange:
                    value = value.replace(word, other)
            made[name] = value
        if "remote_id" in made:
            made["remote_id"] = str(number + 1)
            made["id"] = number * len(SYSTEMS) + SYSTEMS.index(made["system"]) + 1
        yield made


def dump(folder: Folder) -> dict[str, list[Any]]:
    """What the store says about pairs, by table, without what is random or a time: to compare two stores."""
    with opened(folder) as store:
        db = store.db
        places = {row.gid: row.remote_id for row in db.rows(select(link).where(link.c.system == SYSTEMS[0]))}
        keys = sorted((row.key, places[row.gid]) for row in db.rows(select(match_key)))
        links = sorted(
            (row.system, row.remote_id, places[row.gid], row.state, row.version, row.native)
            for row in db.rows(select(link))
        )
        goldens = sorted((places[row.gid], row.title, row.dirty, row.state) for row in db.rows(select(golden)))
        return {"golden": goldens, "link": links, "match_key": keys}
