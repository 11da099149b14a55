"""When everything is quiet, each system shows golden as far as it can (I1), and every customer is everywhere or accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.canonical.schema import COLLECTIONS, field_def
from hub.canonical.values import key, same
from hub.mapping.view import UNSUPPORTED, RemoteRef, View
from hub.state import Golden, Link
from hub.sync.policy import is_blank
from hub.sync.undo.accept import differs_on_purpose
from hub.testing.simulation.remote import SimulatedServer
from hub.testing.simulation.world import World

ACCOUNTED = ("excluded", "out_of_scope", "quarantined", "shadow")


def check(world: World) -> None:
    store = world.machine.store
    gids = [row[0] for row in world.machine.query("SELECT gid FROM golden WHERE state = 'live' ORDER BY gid")]
    goldens, links = store.records.goldens(gids), store.records.links_by_gid(gids)
    quarantined = {(item.system, item.gid) for item in store.work.quarantined() if item.gid}
    unread = {(item.system, item.remote_id) for item in store.work.quarantined() if not item.gid}
    asked = {  # a person is asked whether a record there is this customer: until the answer none is made
        (record["system"], customer["gid"])
        for review in store.history.reviews()
        for customer in review.members
        for record in review.members
        if customer["gid"] and not record["gid"]
    }
    for gid in gids:
        for name, server in world.servers.items():
            here = [link for link in links.get(gid, []) if link.system == name]
            if (name, gid) in quarantined or server.profile.has("read_only"):
                continue
            if all(link.state == "gone" for link in here) and (name, gid) in asked:
                continue
            active = [link for link in here if link.state == "active" and link.primary]
            if not active:
                _presence(world, name, goldens[gid], here, any(x.state == "active" for x in links.get(gid, [])))
            elif (name, active[0].remote_id) not in unread:
                _record(world, server, goldens[gid], active[0], links)
    _strangers(world)


def _presence(world: World, name: str, golden: Golden, here: list[Link], somewhere: bool) -> None:
    if any(link.state in ACCOUNTED for link in here) or golden.value("status") == "archived" or not somewhere:
        return
    if name in world.policy.no_create:
        return
    world.violate("agreement", f"{golden.gid} is not on {name}: {[link.state for link in here]}")


def _strangers(world: World) -> None:
    """Every record of a system is linked, or waits for a person."""
    store = world.machine.query("SELECT system, remote_id FROM link WHERE state NOT IN ('gone', 'excluded')")
    known = {*store, *world.machine.query("SELECT system, remote_id FROM staged")}
    known |= set(world.machine.query("SELECT system, remote_id FROM quarantine"))
    for name, server in world.servers.items():
        for id_ in server.alive():
            if (name, id_) not in known:
                world.violate("agreement", f"{name}/{id_} is not known to the hub")


def _record(world: World, server: SimulatedServer, golden: Golden, link: Link, links: Mapping[str, Any]) -> None:
    record, where = server.records.get(link.remote_id), f"{link.system}/{link.remote_id}"
    if record is None or record.deleted:
        world.violate("agreement", f"{where} is linked and gone")
        return
    mapping = server.profile.mapping()
    view = mapping.get(record.data)
    assert view is not None
    for name, spec in mapping.fields.items():
        if spec.direction != "both" or name in golden.frozen or name in link.held or name == "kind":
            continue
        if differs_on_purpose(golden, link, name):
            continue
        shown = view.fields.get(name, UNSUPPORTED)
        wanted = _wanted(world, server, golden, name, links, shown.id if isinstance(shown, RemoteRef) else "")
        if wanted is UNSUPPORTED or shown is UNSUPPORTED:
            continue
        if is_blank(shown) and world.policy.of(name).blank == "ignore":
            continue  # by policy, an empty field says nothing and is not filled again
        erased = is_blank(shown) and any((link.remote_id, root) in server.erased for root in spec.roots)
        found = field_def(name)
        if not (is_blank(wanted) and is_blank(shown)) and not same(found.kind if found else "text", wanted, shown):
            if erased:  # hidden when it was written, and erased before it could be seen
                world.hazards.add("erased unseen")
                continue
            world.violate("agreement", f"{where}: {name} is {shown!r}, golden has {wanted!r}")
    for name in mapping.collections:
        if not differs_on_purpose(golden, link, name):
            _collection(world, server, golden, link, view, name)


def _wanted(
    world: World, server: SimulatedServer, golden: Golden, name: str, links: Mapping[str, Any], shown_id: str
) -> Any:
    """What the system should show for a golden value."""
    value = golden.value(name)
    mapping = server.profile.mapping()
    if mapping.fields[name].ref is not None:
        if value is None:
            return None
        gid = world.machine.store.records.survivors([value]).get(value, value)
        here = [
            x for x in links.get(str(gid), []) if x.system == server.profile.name and x.state in ("active", "shadow")
        ]
        if not any(x.primary for x in here) or any(x.remote_id == shown_id for x in here):
            return UNSUPPORTED  # cannot be written, or names another record of the same customer: merged, no write (R2)
        return RemoteRef("contacts", next(x.remote_id for x in here if x.primary))
    if name.startswith("consents.") and value is None:
        return UNSUPPORTED
    if name == "language" and value is None:
        return UNSUPPORTED  # a server's default that nobody typed stays where it is (D1)
    image = mapping.norm(name, value)
    if image is UNSUPPORTED or image is None or not server.profile.has("rewrite") or name != "notes":
        return image
    data = {"notes": image, "lang": "en"}
    server.store_form(data)
    return data["notes"]


def _not_taken(golden: Golden, link: Link, name: str) -> set[Any]:
    """What a system dropped that keeps few rows: the hub must have noted each value that it does not show."""
    live = golden.collection(name).live()
    return {key(name, item.value.value) for item in live if f"{name}/{item.eid}" in link.held}


def _collection(world: World, server: SimulatedServer, golden: Golden, link: Link, view: View, name: str) -> None:
    mapping, where = server.profile.mapping(), f"{link.system}/{link.remote_id}"
    spec = mapping.collections[name]
    rows = [item.value for item in view.collections.get(name, ()) if item.value is not None]
    if any(path.startswith(f"{name}/") for path in golden.frozen):
        return
    images = [mapping.norm_row(name, item.value.value, item.attr_values()) for item in golden.collection(name).live()]
    live = {key(name, row.value) for row in images if row is not None}
    shown = {key(name, value) for value in rows}
    if server.profile.most_emails is not None and name == "emails":
        live -= _not_taken(golden, link, name) - shown
    if not shown <= live or (spec.shape == "list" and shown != live):
        world.violate("agreement", f"{where}: {name} are {sorted(shown)}, golden has {sorted(live)}")
    if spec.shape == "slots" and len(shown) < len(rows):  # no user here types one value into two slots
        world.violate("agreement", f"{where}: {name} show a value twice: {rows}")
    kind = COLLECTIONS[name].kind
    if not all(any(row is not None and same(kind, row.value, value) for row in images) for value in rows):
        world.violate("agreement", f"{where}: {name} are {rows}, golden has {[row.value for row in images if row]}")
