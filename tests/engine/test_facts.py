"""Facts in the engine: attached to the customers that they name, kept until there is one, and never doubled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.contract.connector import Context
from hub.contract.errors import AuthError, Rejected, Unavailable
from hub.contract.records import Page, Record
from hub.mapping.compile import compile_mapping
from hub.mapping.parse import parse_mapping
from hub.store.facts import FactRow
from hub.sync.bounces import BOUNCED, status_of
from hub.sync.engine import Engine, Result
from hub.sync.facts import FactCount, forget
from hub.sync.interactions import ERASED
from hub.sync.systems import Source, Systems
from hub.testing.memory import MemoryConnector, MemoryServer, Traits
from tests.engine.test_recovery import Killed, dying
from tests.engine.world import PLAIN, World, failing

MAPPING = """
version = 1
system = "mail"
resource = "contacts"
record = "interaction"
select = { box = ["in", "out"] }

[fields]
kind = "kind"
at = "at"
direction = "direction"
subject = "subject"
body = "text"
ignored = "bulk"
customer = { ref = "contacts", at = "about" }
bounced = "bounced"
bounced_reason = "why"

[emails]
list = "parties"
where = { own = false }
value = "address"
"""


def mail(subject: str, *addresses: str, **more: Any) -> dict[str, Any]:
    """A native message with these parties."""
    parties = [{"address": item, "own": False} for item in addresses] + [{"address": "us@firm.example", "own": True}]
    return {"box": "in", "kind": "email", "at": "2026-03-02T08:15:00Z", "subject": subject, "parties": parties, **more}


class MailWorld(World):
    """Systems of customers, and one mailbox."""

    def __init__(self, folder: Path, **shapes: str) -> None:
        super().__init__(folder, **(shapes or {"A": PLAIN}))
        self.mailbox = MemoryServer(Traits(page=3), lambda: self.now)
        self.post = MemoryConnector(self.mailbox, Context("mail", lambda: None, folder))  # type: ignore[arg-type, return-value]  # no HTTP in memory
        self.mapping = MAPPING
        self.system, self.resource = "mail", "contacts"
        self.body = 2000
        self.result = Result("", "")

    def engine(self, **options: Any) -> Engine:
        mapping = compile_mapping(parse_mapping(self.mapping, name="mail.contacts", file="mail.toml"))
        able = self.post.resources()[0].capabilities
        facts = [Source(self.system, self.resource, self.post, mapping, able)]
        return Engine(
            self.store,
            Systems(self.sources(), self.offsets, facts),
            self.policy,
            "test",
            clock=lambda: self.now,
            new_id=lambda: f"id{next(self._ids):05d}",
            body=self.body,
            **options,
        )

    def sync(self, **options: Any) -> Result:
        self.result = super().sync(**options)
        return self.result

    @property
    def count(self) -> FactCount:
        (found,) = self.result.facts
        return found

    def facts(self) -> list[FactRow]:
        with self.store.db.transaction() as connection:
            ids = [row.id for row in connection.exec_driver_sql("SELECT id FROM fact ORDER BY remote_id").all()]
        return sorted(self.store.facts.by_id(ids), key=lambda row: row.remote_id)

    def places(self) -> dict[str, int]:
        """Where the messages are, as the account of the last run says; the sum is the total."""
        account = self.account(self.system, self.result)
        found = {
            "attached": account.in_sync,
            "waiting": account.waiting,
            "ignored": account.excluded,
            "quarantined": account.quarantined,
        }
        assert account.total == sum(found.values())
        return {name: number for name, number in found.items() if number}

    def subjects(self, email: str) -> list[str]:
        """What the customer with the address has, newest first."""
        (gid,) = self.store.records.gids_by_key([f"email:{email}"])[f"email:{email}"]
        return [str(row.doc.get("subject")) for row in self.store.facts.latest(gid, 100)[0]]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MailWorld]:
    made = MailWorld(tmp_path)
    made.servers["A"].add({"name": "Bo", "email": "Bo@X.example"})
    yield made
    made.store.close()


def test_a_message_belongs_to_each_customer_whose_address_it_has(world: MailWorld) -> None:
    world.servers["A"].add({"name": "Li", "email": "li@y.example"})
    world.mailbox.add(mail("to both", "bo@x.example", "LI@y.example"))
    world.mailbox.add(mail("to Bo", "bo@x.example", "nobody@z.example"))
    world.sync()
    assert sorted(world.subjects("bo@x.example")) == ["to Bo", "to both"]
    assert world.subjects("li@y.example") == ["to both"]
    assert world.places() == {"attached": 2}
    assert (world.count.new, world.count.attached) == (2, 3)


def test_who_is_unknown_waits_and_is_attached_by_the_run_in_which_the_customer_appears(world: MailWorld) -> None:
    world.mailbox.add(mail("hello", "li@y.example"))
    world.mailbox.add(mail("hello you two", "bo@x.example", "li@y.example"))
    world.sync()
    assert world.places() == {"attached": 1, "waiting": 1}
    world.servers["A"].add({"name": "Li", "email": "li@y.example"})
    world.sync()
    assert world.places() == {"attached": 2}
    assert sorted(world.subjects("li@y.example")) == ["hello", "hello you two"]
    assert (world.count.read, world.count.attached) == (0, 2)


def test_a_message_names_its_customer_by_a_record_of_its_system(tmp_path: Path) -> None:
    world = MailWorld(tmp_path)
    world.system, world.resource = "A", "notes"
    id_ = world.servers["A"].add({"name": "Bo"})
    world.mailbox.add({"box": "in", "kind": "note", "at": "2026-03-02T08:15:00Z", "subject": "called", "about": id_})
    world.mailbox.add({"box": "in", "kind": "note", "at": "2026-03-02T08:15:00Z", "subject": "later", "about": "2"})
    world.sync()
    (gid,) = world.store.records.gids()
    assert [row.doc["subject"] for row in world.store.facts.latest(gid, 9)[0]] == ["called"]
    world.servers["A"].add({"name": "Li"})
    world.sync()
    assert [row.state for row in world.facts()] == ["attached", "attached"]


def test_an_address_that_many_share_is_nobodys(world: MailWorld) -> None:
    for number in range(4):
        world.servers["A"].add({"name": f"Clerk {number}", "email": "info@shared.example"})
    world.mailbox.add(mail("to the counter", "info@shared.example"))
    world.sync()
    assert world.places() == {"waiting": 1}


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        (mail("news", "bo@x.example", bulk="bulk mail"), "bulk mail"),
        (mail("draft", "bo@x.example", box="drafts"), "not selected by the mapping"),
        (mail("among us"), "names no customer's address"),
        (mail("no address", "not an address"), "names no customer's address"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_says_nothing_about_a_customer_is_ignored_with_its_reason_and_without_its_words(
    world: MailWorld, native: dict[str, Any], reason: str
) -> None:
    world.mailbox.add(native)
    world.sync()
    assert world.places() == {"ignored": 1}
    assert world.count.ignored == {reason: 1}
    (row,) = world.facts()
    assert set(row.doc) <= {"kind"}
    assert row.parties == []


@pytest.mark.parametrize(
    ("native", "message"),
    [
        (mail("x", "bo@x.example", at="yesterday"), "at cannot be read: not a point in time"),
        (mail("x", "bo@x.example", kind="telepathy"), "kind is 'telepathy'; allowed: email, call"),
        (mail("x", "bo@x.example", kind=None), "kind cannot be read"),
    ],
)
def test_what_cannot_be_kept_is_quarantined_and_the_others_go_on(
    world: MailWorld, native: dict[str, Any], message: str
) -> None:
    world.mailbox.add(native)
    world.mailbox.add(mail("fine", "bo@x.example"))
    result = world.sync()
    assert world.places() == {"attached": 1, "quarantined": 1}
    assert result.state == "partial"
    (row,) = world.store.work.quarantined("mail")
    assert message in row.message
    world.mailbox.edit("1", at="2026-03-02T08:15:00Z", kind="email")
    assert world.sync().state == "success"
    assert world.places() == {"attached": 2}
    assert world.store.work.quarantined("mail") == []


def test_a_record_that_the_connector_could_not_read_is_quarantined_and_read_when_it_can(world: MailWorld) -> None:
    world.mailbox.add(mail("x", "bo@x.example"))
    changes = world.post.changes

    def broken(resource: str, cursor: Any = None) -> Iterator[Page]:
        for page in changes(resource, cursor):
            yield Page(
                [Record(item.id, None, error=Rejected("half a message")) for item in page.records], page.cursor, True
            )

    world.post.changes = broken  # type: ignore[method-assign]  # a fault on purpose
    world.sync()
    assert world.places() == {"quarantined": 1}
    world.post.changes = changes  # type: ignore[method-assign]  # healed
    with world.store.transaction():  # what `crmhub quarantine retry` does
        world.store.work.reread_add("mail", "contacts", ["1"], "tried again")
    world.sync()
    assert world.places() == {"attached": 1}
    assert world.store.work.quarantined() == []


def test_what_is_deleted_in_the_mailbox_stays_known_and_is_marked(world: MailWorld) -> None:
    world.mailbox.add(mail("a", "bo@x.example"))
    world.mailbox.add(mail("b", "bo@x.example"))
    world.sync()
    world.mailbox.remove("1")
    world.sync()
    assert world.places() == {"attached": 1}
    assert sorted((row.doc["subject"], row.gone) for row in world.facts()) == [("a", True), ("b", False)]
    assert world.count.gone == 1
    assert sorted(world.subjects("bo@x.example")) == ["a", "b"]


@pytest.mark.parametrize("erased", [False, True])
def test_what_comes_back_is_there_again(world: MailWorld, erased: bool) -> None:
    world.mailbox.add(mail("a", "bo@x.example"))
    world.sync()
    if erased:
        forget(world.store, list(world.store.records.gids()))
    world.mailbox.remove("1")
    world.sync()
    assert world.places() == {}
    world.mailbox.records["1"].deleted = False
    world.mailbox.edit("1", subject="b")
    world.sync()
    assert world.places() == ({"ignored": 1} if erased else {"attached": 1})
    assert [row.doc.get("subject") for row in world.facts()] == ([None] if erased else ["b"])


def test_a_listing_finds_what_the_feed_never_told(world: MailWorld) -> None:
    world.mailbox.add(mail("a", "bo@x.example"))
    world.mailbox.add(mail("b", "bo@x.example"))
    world.sync()
    world.mailbox.traits.feed = False
    world.mailbox.remove("1")
    world.sync(reconcile=0.0)
    assert world.places() == {"attached": 1}
    world.mailbox.remove("2")
    world.sync(reconcile=0.0)
    assert [row.gone for row in world.facts()] == [True, True]


def test_a_listing_finds_that_what_could_not_be_read_is_gone(world: MailWorld) -> None:
    world.mailbox.add(mail("broken", "bo@x.example", at="never"))
    world.mailbox.add(mail("b", "bo@x.example"))
    world.sync()
    assert world.places() == {"attached": 1, "quarantined": 1}
    world.mailbox.traits.feed = False
    world.mailbox.remove("1")
    world.sync(reconcile=0.0)
    assert world.places() == {"attached": 1}
    assert world.store.work.quarantined() == []


def test_an_empty_listing_proves_nothing(world: MailWorld) -> None:
    world.mailbox.add(mail("a", "bo@x.example"))
    world.mailbox.add(mail("b", "bo@x.example"))
    world.sync()
    kept = dict(world.mailbox.records)
    world.mailbox.records.clear()
    world.sync(reconcile=0.0)
    assert world.places() == {"attached": 2}
    world.mailbox.records.update(kept)


def test_an_edit_replaces_the_words_and_an_expired_cursor_doubles_nothing(world: MailWorld) -> None:
    world.mailbox.add(mail("a", "bo@x.example"))
    world.sync()
    before = world.facts()
    world.mailbox.edit("1", subject="b")
    world.sync()
    assert world.subjects("bo@x.example") == ["b"]
    world.mailbox.expired = True
    world.sync()
    assert [row.id for row in world.facts()] == [row.id for row in before]
    assert world.places() == {"attached": 1}


def test_a_quiet_run_reads_nothing_and_changes_nothing(world: MailWorld) -> None:
    for number in range(7):
        world.mailbox.add(mail(f"m{number}", "bo@x.example"))
    world.sync()
    before = world.facts()
    calls = world.mailbox.calls
    world.sync()
    assert world.facts() == before
    assert world.mailbox.calls - calls == 1
    assert world.count == FactCount("mail", "contacts")


def test_a_customer_that_is_merged_takes_its_messages_along(tmp_path: Path) -> None:
    world = MailWorld(tmp_path)
    world.servers["A"].add({"name": "Bo", "email": "bo@x.example"})
    world.servers["A"].add({"name": "Bo", "email": "bo@home.example"})
    world.mailbox.add(mail("work", "bo@x.example"))
    world.mailbox.add(mail("home", "bo@home.example"))
    world.sync()
    world.servers["A"].remove("2", merged_into="1")
    world.sync()
    assert sorted(world.subjects("bo@x.example")) == ["home", "work"]
    assert world.store.facts.of_merged() == []


def test_what_was_merged_a_moment_ago_is_shown_with_the_survivor_before_the_next_sync(world: MailWorld) -> None:
    world.servers["A"].add({"name": "Li", "email": "li@y.example"})
    world.mailbox.add(mail("to Bo", "bo@x.example"))
    world.sync()
    keys = world.store.records.gids_by_key(["email:bo@x.example", "email:li@y.example"])
    (gone,), (kept,) = keys["email:bo@x.example"], keys["email:li@y.example"]
    golden = world.store.records.goldens([gone])[gone]
    golden.state, golden.merged_into = "merged", kept
    with world.store.transaction():
        world.store.records.save_goldens([(golden, "Bo")])
    assert [row.doc["subject"] for row in world.store.facts.latest(kept, 9)[0]] == ["to Bo"]


def test_a_message_stays_with_its_customer_when_the_address_moves_on(world: MailWorld) -> None:
    world.mailbox.add(mail("old", "bo@x.example"))
    world.sync()
    world.servers["A"].edit("1", email="bo@new.example")
    world.servers["A"].add({"name": "Another Bo", "email": "bo@x.example"})
    world.mailbox.add(mail("new", "bo@x.example"))
    world.sync()
    world.mailbox.edit("1", text="spelled anew")
    world.sync()
    assert world.subjects("bo@new.example") == ["old"]
    assert world.subjects("bo@x.example") == ["new"]


@pytest.mark.parametrize(("limit", "kept"), [(5, "abcd…"), (0, None), (2000, "abcdefgh")])
def test_a_body_is_cut_where_the_sync_says_and_read_again_when_that_changes(
    world: MailWorld, limit: int, kept: str | None
) -> None:
    world.mailbox.add(mail("a", "bo@x.example", text="abcdefgh"))
    world.sync()
    world.body = limit
    world.sync()
    (row,) = world.facts()
    assert row.doc.get("body") == kept


def test_a_mailbox_that_is_down_never_fails_the_customers(world: MailWorld) -> None:
    world.mailbox.add(mail("a", "bo@x.example"))
    world.mailbox.fault = failing(Unavailable("no answer"), "changes")
    result = world.sync()
    assert (result.state, result.paused, list(result.facts_paused)) == ("partial", {}, ["mail"])
    assert len(world.goldens()) == 1
    world.mailbox.fault = failing(AuthError("who are you"), "changes")
    assert world.sync().facts_paused["mail"].code == "needs_login"
    world.mailbox.fault = lambda _call, _number: None
    assert world.sync().state == "success"
    assert world.places() == {"attached": 1}


def test_a_pass_that_breaks_off_goes_on_from_its_last_page(world: MailWorld) -> None:
    for number in range(8):
        world.mailbox.add(mail(f"m{number}", "bo@x.example"))
    pages = []
    world.mailbox.fault = lambda call, _n: (
        Unavailable("gone") if call == "changes" and len(pages) == 2 else pages.append(call)  # type: ignore[func-returns-value]  # counts, and lets pass
    )
    world.sync()
    assert world.places() == {"attached": 6}
    world.mailbox.fault = lambda _call, _number: None
    world.sync()
    assert world.places() == {"attached": 8}
    assert len(world.facts()) == 8


# bounces


def bounce(address: str) -> dict[str, Any]:
    return mail("Undelivered", address, bounced=address, why="5.1.1 (no such mailbox)")


def test_a_bounce_marks_the_address_with_source_history_and_rule_and_writes_nothing(world: MailWorld) -> None:
    world.add_system("B", PLAIN)
    world.sync()
    writes = world.writes()
    world.mailbox.add(bounce("bo@x.example"))
    world.sync()
    (element,) = world.golden().collection("emails").live()
    status = status_of(element)
    assert status is not None
    assert (status.value, status.source, status.rule) == (BOUNCED, "mail", "bounced: 5.1.1 (no such mailbox)")
    (change,) = world.store.history.changes(world.golden().gid, f"emails/{element.eid}/status")
    assert (change["old"], change["new"], change["source"]) == (None, BOUNCED, "mail")
    (notice,) = world.store.history.notices(code=BOUNCED)
    assert notice["system"] == "mail"
    world.quiet()
    assert world.writes() == writes
    assert len(world.store.history.changes(world.golden().gid, f"emails/{element.eid}/status")) == 1


def test_a_bounce_waits_for_its_customer_too(world: MailWorld) -> None:
    world.mailbox.add(bounce("li@y.example"))
    world.sync()
    id_ = world.servers["A"].add({"name": "Li", "email": "li@y.example"})
    world.sync()
    gid = world.store.records.gids_by_key(["email:li@y.example"])["email:li@y.example"][0]
    (element,) = world.store.records.goldens([gid])[gid].collection("emails").live()
    assert status_of(element) is not None
    world.servers["A"].edit(id_, email="li@new.example")
    world.sync()
    (element,) = world.store.records.goldens([gid])[gid].collection("emails").live()
    assert element.value.value == "li@new.example"
    assert status_of(element) is None, "the status was about the address before"


def test_a_person_may_remove_a_bounced_address_without_a_conflict(world: MailWorld) -> None:
    world.add_system("B", PLAIN)
    world.sync()
    world.mailbox.add(bounce("bo@x.example"))
    world.sync()
    world.servers["A"].edit(world.id("A"), email=None)
    world.sync()
    assert world.emails() == {}
    assert world.one("B").get("email") is None
    assert world.store.history.ledger(state="open") == []


# erasure


def test_who_is_forgotten_leaves_no_words_and_the_message_is_not_read_again(world: MailWorld) -> None:
    world.servers["A"].add({"name": "Li", "email": "li@y.example"})
    world.mailbox.add(mail("only Bo", "bo@x.example", text="private"))
    world.mailbox.add(mail("both", "bo@x.example", "li@y.example"))
    world.sync()
    gid = world.store.records.gids_by_key(["email:bo@x.example"])["email:bo@x.example"][0]
    assert forget(world.store, [gid]) == 1
    only, both = world.facts()
    assert (only.state, only.ignored, only.doc, only.parties) == ("ignored", ERASED, {"kind": "email"}, [])
    assert [key for key, _ in both.parties] == ["email:li@y.example"]
    world.body = 100  # everything is read again
    world.sync()
    assert world.facts()[0].doc == {"kind": "email"}


# crashes


def test_a_crash_at_any_commit_leaves_nothing_doubled_and_nothing_out(tmp_path: Path) -> None:
    at, clean = 0, False
    while not clean:
        at += 1
        world = MailWorld(tmp_path / str(at), A=PLAIN, B=PLAIN)
        world.servers["A"].add({"name": "Bo", "email": "bo@x.example"})
        for number in range(4):
            world.mailbox.add(mail(f"m{number}", "bo@x.example", "li@y.example"))
        world.mailbox.add(bounce("li@y.example"))
        world.sync()
        world.servers["A"].add({"name": "Li", "email": "li@y.example"})
        world.mailbox.add(mail("new", "li@y.example"))
        world.mailbox.remove("2")
        with dying(world.store, at) as counted:
            try:
                world._sync()
                clean = counted["n"] < at
            except Killed:
                pass
        world.reopen()
        world.sync()
        rows = {row.remote_id: row for row in world.facts()}
        assert sorted(rows) == ["1", "2", "3", "4", "5", "6"], f"crash at commit {at}"
        assert [row.remote_id for row in rows.values() if row.gone] == ["2"]
        assert {row.state for row in rows.values()} == {"attached"}
        assert [len(row.customers) for row in rows.values()] == [2, 2, 2, 2, 1, 1]
        gid = world.store.records.gids_by_key(["email:li@y.example"])["email:li@y.example"][0]
        (element,) = world.store.records.goldens([gid])[gid].collection("emails").live()
        assert len(world.store.history.changes(gid, f"emails/{element.eid}/status")) == 1
        assert world.places() == {"attached": 5}
        world.quiet()
        world.store.close()
    assert at > 5
