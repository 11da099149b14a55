"""Reading a mailbox as time goes by: what is new, gone, moved, replaced, renumbered; nothing on the server changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmhub_mail.session import Session
from hub.plugin import ConfigError

Box = Any
"""A mailbox (conftest)."""


def subjects(records: list[Any]) -> list[str]:
    return [record.data["subject"] if record.data is not None else "gone" for record in records]


def test_only_what_is_new_is_read(box: Box) -> None:
    box.mail("one", id_="<1@x>")
    records, cursor = box.read()
    assert subjects(records) == ["one"]
    box.mail("two", id_="<2@x>")
    records, cursor = box.read(cursor)
    assert subjects(records) == ["two"]
    assert box.read(cursor)[0] == []


def test_what_is_deleted_is_told_once(box: Box) -> None:
    for number in (1, 2, 3):
        box.mail(f"m{number}", id_=f"<{number}@x>")
    _, cursor = box.read()
    box.drop("m2")
    box.mail("m4", id_="<4@x>")
    records, cursor = box.read(cursor)
    assert sorted((record.id, record.deleted) for record in records) == [("<2@x>", True), ("<4@x>", False)]
    assert box.read(cursor)[0] == []


def test_what_the_hub_did_not_store_is_told_again(box: Box) -> None:
    box.mail("one", id_="<1@x>")
    _, first = box.read()
    box.drop("one")
    box.mail("two", id_="<2@x>")
    told, _ = box.read(first)
    again, cursor = box.read(first)
    assert [record.id for record in again] == [record.id for record in told]
    assert box.read(cursor)[0] == []


def test_a_copy_in_another_folder_is_the_same_message_until_the_last_one_is_gone(box: Box) -> None:
    box.mail("to myself", id_="<1@x>")
    box.mail("to myself", id_="<1@x>", folder="Sent")
    records, cursor = box.read()
    assert {record.id for record in records} == {"<1@x>"}
    box.drop("to myself")
    records, cursor = box.read(cursor)
    assert [(record.id, record.deleted) for record in records] == [("<1@x>", False)]
    box.drop("to myself", folder="Sent")
    records, cursor = box.read(cursor)
    assert [(record.id, record.deleted) for record in records] == [("<1@x>", True)]


def test_new_uids_after_a_rebuild_of_the_folder_are_the_old_messages(dovecot: Box) -> None:
    dovecot.mail("stays", id_="<1@x>")
    dovecot.mail("goes", id_="<2@x>")
    _, cursor = dovecot.read()
    with dovecot.program("Sent") as client:
        client.create_folder("Work")
        client.select_folder("INBOX")
        client.copy(client.search(["ALL"]), "Work")
    _, cursor = dovecot.read(cursor, folders=["Work"])
    with dovecot.program("Sent") as client:
        before = client.folder_status("Work", ["UIDVALIDITY"])
        client.delete_folder("Work")
        client.create_folder("Spare")
        client.rename_folder("Spare", "Work")
        client.select_folder("INBOX")
        client.copy(client.search(["SUBJECT", "stays"]), "Work")
        assert client.folder_status("Work", ["UIDVALIDITY"]) != before
    records, cursor = dovecot.read(cursor, folders=["Work"])
    assert sorted((record.id, record.deleted) for record in records) == [("<1@x>", False), ("<2@x>", True)]


def test_a_lost_index_asks_for_a_listing_and_tells_everything_again(box: Box) -> None:
    box.mail("one", id_="<1@x>")
    box.mail("two", id_="<2@x>")
    _, cursor = box.read()
    box.drop("one")
    (box.folder / "index.db").unlink()
    connector = box.connect()
    pages = list(connector.changes("messages", cursor))
    assert pages[-1].relist
    assert [record.id for page in pages for record in page.records] == ["<2@x>"]
    assert [record.id for page in connector.listing("messages") for record in page.records] == ["<2@x>"]


def test_a_damaged_index_is_named_with_what_to_do(pymap: Box) -> None:
    (pymap.folder / "index.db").write_bytes(b"this is no database, but long enough to be one" * 100)
    with pytest.raises(ConfigError, match="index of the mailbox") as caught:
        pymap.read()
    assert "delete it" in caught.value.hint


def test_a_full_folder_comes_in_pages_each_of_which_can_be_the_last(box: Box) -> None:
    for number in range(7):
        box.mail(f"m{number}", id_=f"<{number}@x>")
    pages = []
    connector = box.connect(page=3)
    for page in connector.changes("messages", None):
        pages.append(page)
        if len(pages) == 2:
            break
    connector.close()
    rest, _ = box.read(pages[0].cursor, page=3)
    found = [record.id for record in (*pages[0].records, *rest)]
    assert sorted(found) == sorted({f"<{number}@x>" for number in range(7)})


def test_a_quiet_poll_is_one_list_and_one_status_for_each_folder(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.mail("one")
    _, cursor = box.read()
    asked: list[str] = []
    for name in ("folders", "status", "examine", "search", "envelopes", "bodies", "vanished"):
        original = getattr(Session, name)

        def call(self: Session, *given: Any, name: str = name, original: Any = original) -> Any:
            asked.append(name)
            return original(self, *given)

        monkeypatch.setattr(Session, name, call)
    assert box.read(cursor)[0] == []
    assert asked == ["folders", "status", "status"]


def test_dovecot_is_asked_what_vanished_and_pymap_is_counted(
    dovecot: Box, pymap: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[int, Any] = {}
    original = Session.vanished

    def vanished(self: Session, name: str, validity: int, modseq: int) -> Any:
        told[self.config.port] = found = original(self, name, validity, modseq)
        return found

    monkeypatch.setattr(Session, "vanished", vanished)
    for box in (dovecot, pymap):
        box.mail("one", id_="<1@x>")
        box.mail("two", id_="<2@x>")
        _, cursor = box.read()
        box.drop("one")
        assert [record.deleted for record in box.read(cursor)[0]] == [True]
    assert told == {dovecot.port: [1]}


def test_a_server_whose_news_do_not_add_up_is_counted(dovecot: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    dovecot.mail("one", id_="<1@x>")
    dovecot.mail("two", id_="<2@x>")
    _, cursor = dovecot.read()
    dovecot.drop("one")
    monkeypatch.setattr(Session, "vanished", lambda *_: [])
    assert [(record.id, record.deleted) for record in dovecot.read(cursor)[0]] == [("<1@x>", True)]


def test_reading_leaves_messages_unread_and_flags_alone(box: Box) -> None:
    box.mail("one")
    _, cursor = box.read()
    box.mail("two")
    box.read(cursor)
    with box.program() as client:
        flags = [flag for item in client.get_flags(client.search(["ALL"])).values() for flag in item]
    assert b"\\Seen" not in flags


@pytest.mark.parametrize("name", ["Kunden/Müller", "客户", 'with "quotes" and & signs', "a.b c"])
def test_any_name_of_a_folder_can_be_read(dovecot: Box, name: str) -> None:
    name = name.replace("/", ".")
    with dovecot.program() as client:
        client.create_folder(name)
    dovecot.mail("here", folder=name)
    records, cursor = dovecot.read(folders=[name])
    assert subjects(records) == ["here"]
    dovecot.drop("here", folder=name)
    assert subjects(dovecot.read(cursor, folders=[name])[0]) == ["gone"]


def test_a_folder_that_does_not_exist_is_named_with_those_that_do(box: Box) -> None:
    with pytest.raises(ConfigError, match="no folder 'Archive'") as caught:
        box.connect(folders=["INBOX", "Archive"]).check()
    assert "INBOX" in caught.value.hint
    assert "Sent" in caught.value.hint


def test_check_names_the_account_its_folders_and_what_the_server_can(dovecot: Box, pymap: Box) -> None:
    dovecot.mail("one")
    account = dovecot.connect().check()
    assert account.name == f"{dovecot.user}: INBOX (1 messages), Sent (0 messages)"
    assert "QRESYNC" in account.server
    assert "QRESYNC" not in pymap.connect().check().server


def test_of_an_endless_header_only_the_beginning_is_downloaded(box: Box) -> None:
    many = ",\n ".join(f"person-{number}@x.example" for number in range(8000))
    box.store(f"From: bo@x.example\nSubject: to the world\nMessage-ID: <1@x>\nTo: {many}\n\nHello\n")
    data = box.data()
    assert data["subject"] == "to the world"
    assert len(data["parties"]) == 101
    assert data["size"] > 180_000


def test_the_index_holds_no_words_and_only_its_owner_may_read_it(box: Box) -> None:
    box.mail("very secret subject", id_="<1@x>", text="very secret text")
    box.read()
    content = (box.folder / "index.db").read_bytes()
    assert b"secret" not in content
    assert b"bo@x.example" not in content
    assert Path(box.folder / "index.db").stat().st_mode & 0o077 == 0
