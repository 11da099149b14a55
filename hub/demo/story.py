"""What happens in the demo, step by step, on real servers and with the same engine as every sync."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.bootstrap import App
from hub.config.read import read_config
from hub.contract.errors import HubError
from hub.demo.people import Customer, Population, edits, population
from hub.demo.people_at_work import BookUser, CrmUser, ErpUser, ShopUser
from hub.loader import load
from hub.sync.engine import Progress, Result
from hub.testing.sandbox import Sandbox, running
from hub.testing.servers import RunningServer, start_radicale, start_tryton

CONFIG = """\
# Written by `crmhub demo`.  Compare it with `crmhub init` for your own systems.
[hub]
data = "crmhub-data"
region = "DE"

[connections.erp]               # a real Tryton
plugin = "tryton"
url = "{erp_url}"
database = "{database}"
user = "{erp_user}"
password = {{ file = "secrets/erp" }}

[connections.book]              # a real Radicale
plugin = "carddav"
url = "{book_url}"
user = "{book_user}"
password = {{ file = "secrets/book" }}

[connections.crm]               # a local stand-in for Zoho CRM
plugin = "zoho"
client_id = "{client_id}"
client_secret = {{ file = "secrets/crm" }}
refresh_token = {{ file = "secrets/crm-login" }}
accounts_url = "{crm_url}"
modules = ["Contacts", "Accounts"]

[connections.shop]              # a folder with the web shop's CSV export
plugin = "files"
path = "shop"
write = "update"
target = "customers.csv"

[syncs.customers]
systems = ["erp", "book", "crm", "shop"]        # in order of trust
"""


_MINUTES = 5
"""How long people work between two syncs, for the stand-in: longer than any poll looks back."""


_BECAUSE = {"known age": "nobody knows when it was typed", "later edit": "it was typed earlier"}
"""Why one of two edits lost, by the rule that decided."""


@dataclass(slots=True)
class Edit:
    """What a person did in one system, and whether it must be found again afterwards."""

    system: str
    what: str
    kept: Callable[[], bool]


@dataclass(slots=True)
class World:
    """The four systems, the people who use them, and the hub beside them.

    pass_time: lets some minutes go by for the stand-in; the real servers have a clock on the wall.
    """

    folder: Path
    people: Population
    erp: ErpUser
    book: BookUser
    crm: CrmUser
    shop: ShopUser
    app: App
    pass_time: Callable[[], None]
    edits: list[Edit] = field(default_factory=list)
    before: dict[str, set[str]] = field(default_factory=dict)

    def truth(self) -> dict[str, int]:
        """E-mail address (lower case) -> number of the real customer; shared household addresses are left out."""
        owners: dict[str, list[int]] = {}
        for item in self.people.customers:
            owners.setdefault(item.email.lower(), []).append(item.number)
        return {email: numbers[0] for email, numbers in owners.items() if len(numbers) == 1}

    def known(self) -> dict[str, list[str]]:
        """Which real customers each system shows, read without the hub: one e-mail address a record."""
        parties = [
            next((row["value"] for row in item["contact_mechanisms."] if row["type"] == "email"), "")
            for item in self.erp.parties()
        ]
        cards = [
            next((line.split(":", 1)[1].strip() for line in card.splitlines() if line.upper().startswith("EMAIL")), "")
            for card in self.book.cards().values()
        ]
        contacts = [row["Email"] or "" for row in self.crm.contacts()]
        rows = [row["E-Mail"] for row in self.shop.rows()]
        return {
            name: [item.lower() for item in found if item]
            for name, found in (("erp", parties), ("book", cards), ("crm", contacts), ("shop", rows))
        }


def cache_folder() -> Path:
    """Where prepared server data is kept between two demos."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "crmhub" / "demo"


@contextmanager
def world(folder: Path, customers: int, seed: int, tell: Callable[[str], None]) -> Iterator[World]:
    """Start the servers, fill them, and write the configuration; everything is stopped at the end."""
    with ExitStack() as stack:
        tell("starting a real Tryton (ERP), a real Radicale (address book) and a local stand-in for Zoho CRM ...")
        erp = stack.enter_context(start_tryton(folder / "erp", cache=cache_folder()))
        book = stack.enter_context(start_radicale(folder / "book", user="office", password="demo", books=("book",)))  # noqa: S106  # throw-away server
        crm = stack.enter_context(running(_sandbox("zoho")))
        people = population(customers, seed)
        tell(f"entering {customers} customers, as messy as real ones ...")
        users = (ErpUser(erp), BookUser(book), CrmUser(crm), ShopUser(folder / "shop"))
        for user in users:
            user.fill(people)
        _write_config(folder, erp, book, crm)
        app = stack.enter_context(App(read_config(folder / "crmhub.toml")))
        made = World(folder, people, *users, app, lambda: _wait(crm))
        made.before = {name: set(found) for name, found in made.known().items()}
        yield made


def _wait(sandbox: Sandbox) -> None:
    """Some minutes go by for a stand-in."""
    sandbox.clock.advance(_MINUTES * 60)


def _sandbox(name: str) -> Sandbox:
    """A sandbox that a plugin brings."""
    module, _, attribute = load().sandboxes[name].partition(":")
    made: Sandbox = getattr(importlib.import_module(module), attribute)()
    return made


def _write_config(folder: Path, erp: RunningServer, book: RunningServer, crm: Sandbox) -> None:
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    login = crm.credentials()
    values = {
        "erp": erp.details["password"],
        "book": book.details["password"],
        "crm": login["client_secret"],
        "crm-login": login["refresh_token"],
    }
    for name, value in values.items():
        file = secrets / name
        file.touch(mode=0o600)
        file.write_text(value)
    text = CONFIG.format(
        erp_url=erp.url,
        database=erp.details["database"],
        erp_user=erp.details["user"],
        book_url=book.details["books"]["book"],
        book_user=book.details["user"],
        crm_url=crm.url,
        client_id=login["client_id"],
    )
    (folder / "crmhub.toml").write_text(text, encoding="utf-8")


class Story:
    """The steps; each returns what the hub did, so that the caller can show it."""

    def __init__(self, world: World, progress: Progress) -> None:
        self.world = world
        self.progress = progress

    def match(self) -> Result:
        return self.world.app.engine("customers", progress=self.progress).read("match")

    def first_sync(self, approval: str) -> Result:
        result = self.sync(approve=approval)
        if result.held or result.paused:
            reasons = [trip.message for trip in result.held] + [str(error) for error in result.paused.values()]
            raise HubError(f"the first sync did not come to its end: {'; '.join(reasons)}")
        return result

    def sync(self, approve: str | None = None) -> Result:
        engine = self.world.app.engine("customers", progress=self.progress)
        return engine.sync(approve=approve)

    def people_edit(self) -> list[Edit]:
        """A true conflict, three edits of different fields of one record, an erasure and a deletion."""
        self.world.pass_time()
        chosen = [item for item in edits(self.world.people.customers) if self._linked(item)][:4]
        if len(chosen) < 4:
            raise HubError("too few customers for the demo's edits", hint="Use --customers 100 or more")
        parties = {
            row["value"].lower(): item
            for item in self.world.erp.parties()
            for row in item["contact_mechanisms."]
            if row["type"] == "email"
        }
        self._conflict(chosen[0], parties[chosen[0].email.lower()]["id"])
        self._disjoint(chosen[1], parties[chosen[1].email.lower()]["id"])
        self._erasure(chosen[2])
        self._deletion(chosen[3])
        return self.world.edits

    def _linked(self, item: Customer) -> bool:
        """Known in all systems and not waiting for a review."""
        store = self.world.app.store
        found = store.records.search(item.email)
        if len(found) != 1:
            return False
        links = store.records.links_by_gid([found[0][0]])[found[0][0]]
        return {link.system for link in links if link.state == "active"} == {"erp", "book", "crm", "shop"}

    def _gid(self, item: Customer) -> str:
        return self.world.app.store.records.search(item.email)[0][0]

    def _golden(self, gid: str) -> Any:
        return self.world.app.store.records.goldens([gid])[gid]

    def _conflict(self, item: Customer, party: int) -> None:
        gid, ours, theirs = self._gid(item), f"{item.full}-Winter", f"{item.full}-Sommer"
        self.conflict = (gid, item.full)
        self.world.erp.rename(party, ours)
        name = f"person-{item.number}.vcf"
        self.world.book.change(name, f"FN:{item.full}", f"FN:{theirs}")
        self.world.book.change(name, f"N:{item.family};{item.given}", f"N:{item.family}-Sommer;{item.given}")

        def kept(name: str) -> bool:
            if self._golden(gid).value("name")["full"] == name:
                return True
            rows = self.world.app.store.history.ledger(gid=gid)
            return any(isinstance(row["loser"], dict) and row["loser"].get("full") == name for row in rows)

        self._edited("erp", f"{item.full} is now called {ours}", lambda: kept(ours))
        self._edited("book", f"the same person is now called {theirs}: a true conflict", lambda: kept(theirs))

    def _disjoint(self, item: Customer, party: int) -> None:
        gid, number, text, job = self._gid(item), "+49 30 9018200", "prefers to be called in the morning", "Leitung"
        self.world.erp.add_phone(party, number)
        self.world.book.change(f"person-{item.number}.vcf", "END:VCARD", f"NOTE:{text}\r\nEND:VCARD")
        self.world.crm.change(item.email, "Title", job)

        def phones() -> set[str]:
            return {
                "".join(c for c in str(x.value.value) if c.isdigit())
                for x in self._golden(gid).collection("phones").live()
            }

        self._edited("erp", f"{item.full} got a second phone number", lambda: "49309018200" in phones())
        self._edited(
            "book",
            f"{item.full} got a note (another field of the same record)",
            lambda: self._golden(gid).value("notes") == text,
        )
        self._edited("crm", f"{item.full} got a job title", lambda: self._golden(gid).value("job.title") == job)

    def _erasure(self, item: Customer) -> None:
        gid = self._gid(item)
        email = item.email.lower()
        key = next(row["Kundennummer"] for row in self.world.shop.rows() if row["E-Mail"].lower() == email)
        self.world.shop.change(key, "Straße", "")

        def kept() -> bool:
            found = [element.value.value for element in self._golden(gid).collection("addresses").live()]
            return bool(found) and not any(value.get("lines") for value in found)

        self._edited("shop", f"the street of {item.full}, who has moved, was erased", kept)

    def _deletion(self, item: Customer) -> None:
        gid = self._gid(item)
        self.world.book.delete(f"person-{item.number}.vcf")

        def kept() -> bool:
            links = self.world.app.store.records.links_by_gid([gid])[gid]
            return any(link.system == "book" and link.state == "excluded" for link in links)

        self._edited("book", f"{item.full} was deleted from the address book", kept)

    def _edited(self, system: str, what: str, kept: Callable[[], bool]) -> None:
        self.world.edits.append(Edit(system, what, kept))

    def explain(self) -> list[str]:
        """Why the conflict's record has the name that it has."""
        gid, before = self.conflict
        golden = self._golden(gid)
        cell = golden.fields["name"]
        lines = [f"{cell.value['full']}: set in {cell.source} ({cell.rule}), before: {before}"]
        for row in self.world.app.store.history.ledger(gid=gid):
            loser = row["loser"]["full"] if isinstance(row["loser"], dict) else row["loser"]
            lines.append(
                f"kept in the ledger: {loser!r} from {row['loser_system']}, because {_BECAUSE.get(row['rule'], row['rule'])}"
            )
        return lines

    def lost(self) -> list[str]:
        """Edits that are in no golden record, ledger or archive; there must be none."""
        return [f"{edit.system}: {edit.what}" for edit in self.world.edits if not edit.kept()]

    def duplicates(self) -> int:
        """Real customers that a system shows more often than before and more than once, counted without the hub."""
        truth, count = self.world.truth(), 0
        doubles = {self.world.people.customers[number].email.lower() for _, number in self.world.people.doubles}
        for found in self.world.known().values():
            for email in {item for item in found if item in truth and item not in doubles}:
                count += found.count(email) > 1
        return count


def summary(world: World, story: Story, first: Result, second: Result, third: Result, started: float) -> dict[str, Any]:
    """The numbers that the demo ends with."""
    written = sum(c.created + c.updated + c.deleted for c in third.counters.values())
    return {
        "systems": len(first.counters),
        "linked": world.app.store.records.count_connected(),
        "created": sum(counter.created for counter in first.counters.values()),
        "duplicates_created": story.duplicates(),
        "review": first.review,
        "conflicts": world.app.store.history.count_ledger(second.run),
        "lost_edits": len(story.lost()),
        "third_sync_writes": written,
        "third_sync_calls": sum(counter.calls for counter in third.counters.values()),
        "calls_by_system": {name: counter.calls for name, counter in third.counters.items()},
        "accounting_ok": all(item.ok for result in (first, second, third) for item in result.accounts),
        "seconds": round(time.monotonic() - started, 1),
    }


def tidy(folder: Path) -> None:
    """Remove the demo's folder; what cannot be removed is left to the system's clean-up of temporary files."""
    with contextlib.suppress(OSError):
        shutil.rmtree(folder)
