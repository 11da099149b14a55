"""Every bad string as a name, a note and an e-mail through the real engine: it arrives, or it is refused in clear words."""

from __future__ import annotations

from typing import Any

import pytest

from hub.mapping.view import View
from hub.sync.policy import is_blank
from hub.testing.corpus import everything
from tests.engine.world import LIST_WITH_IDS, PLAIN, World

FIELDS = ("name", "notes", "email")


@pytest.fixture(scope="module")
def poured(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, tuple[str, str]]]:
    """A world after the first sync of one record per string and field, and the string of each record of A."""
    world = World(tmp_path_factory.mktemp("corpus") / "world", A=PLAIN, B=LIST_WITH_IDS)
    world.servers["A"].traits.page = world.servers["B"].traits.batch = 200
    texts = {}
    for number, text in enumerate(everything()):
        for field in FIELDS:
            data = {"name": f"Person {number} {field}", "notes": None, "email": None} | {field: text}
            texts[world.servers["A"].add(data)] = (field, text)
    world.sync()
    return world, texts


def views(world: World, system: str) -> dict[str, View]:
    """The canonical view of each linked record of a system, by golden record."""
    (source,) = [item for item in world.sources() if item.system == system]
    gids = [golden.gid for golden in world.goldens()]
    found = {}
    for gid, links in world.store.records.links_by_gid(gids).items():
        for link in links:
            if link.system == system:
                view = source.mapping.get(world.servers[system].records[link.remote_id].data)
                assert view is not None
                found[gid] = view
    return found


def shown(view: View) -> dict[str, Any]:
    emails = [item.value for item in view.collections.get("emails", ()) if item.value]
    return {"name": view.fields.get("name"), "notes": view.fields.get("notes"), "email": emails}


def test_every_record_is_accounted_for_and_none_stops_the_others(
    poured: tuple[World, dict[str, tuple[str, str]]],
) -> None:
    world, texts = poured
    held = {item.remote_id: item for item in world.store.work.quarantined()}
    assert all(item.message and "Correct the value" in item.message for item in held.values())
    linked = {link.remote_id for link in links_of(world, "A")}
    assert linked | set(held) == set(texts)
    assert {texts[id_][1] for id_ in held} == {text for _, text in texts.values() if not text.isascii() and half(text)}


def half(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def links_of(world: World, system: str) -> list[Any]:
    found = world.store.records.links_by_gid([golden.gid for golden in world.goldens()])
    return [link for links in found.values() for link in links if link.system == system]


def test_what_the_other_system_shows_is_the_same_value(poured: tuple[World, dict[str, tuple[str, str]]]) -> None:
    """As both mappings read it.  Only a text with NUL stays where it is, and people are told; a customer of whom nothing
    legible is known is not created elsewhere."""
    world, texts = poured
    ours, theirs = views(world, "A"), views(world, "B")
    told = {row["gid"] for row in world.store.history.notices() if row["code"] == "unreadable"}
    by_gid = {link.gid: texts[link.remote_id] for link in links_of(world, "A")}
    known = {gid for gid, view in ours.items() if not all(map(is_blank, shown(view).values()))}
    assert set(theirs) == known
    assert len(known) > 2700
    for gid, (field, text) in by_gid.items():
        if "\x00" in text:
            assert gid in told, (field, text)
        elif gid in known:
            assert shown(ours[gid]) == shown(theirs[gid]), (field, text)


def test_a_second_sync_writes_nothing(poured: tuple[World, dict[str, tuple[str, str]]]) -> None:
    poured[0].quiet()
