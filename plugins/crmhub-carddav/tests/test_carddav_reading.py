"""Reading real address books: discovery, full and incremental reads, deletions, search, broken answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import requests

from hub.plugin import AuthError, ConfigError, CursorExpired, Page, Unavailable

Answer = Callable[[], requests.Response]


def answer(status: int, body: bytes = b"", **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = body
    response.headers.update(headers)
    return response


def drain(pages: Any) -> tuple[list[Page], Any]:
    got = list(pages)
    assert [page.complete for page in got] == [False] * (len(got) - 1) + [True]
    return got, got[-1].cursor


def whole(connector: Any, pages: list[Page]) -> list[Any]:
    """The records of pages; those that came without a card are fetched, as the hub does."""
    records = [record for page in pages for record in page.records]
    bare = [record.id for record in records if record.data is None and not record.deleted]
    return [record for record in records if record.id not in bare] + list(connector.fetch("card", bare))


def test_the_book_is_found_from_its_own_address_and_from_the_servers_root(site: Any) -> None:
    for url in (site.url, site.server.url, site.server.url + "/"):
        account = site.connect(url=url).check()
        assert account.server == site.url
        assert account.granted == ("read", "write")


def test_a_book_is_chosen_by_its_name_and_a_wrong_name_lists_the_choices(site: Any) -> None:
    last = site.url.rstrip("/").rpartition("/")[2]
    assert site.connect(url=site.server.url, book=last).check().server == site.url
    with pytest.raises(ConfigError, match=rf"no such address book.*{last}"):
        site.connect(url=site.server.url, book="nope").check()


def test_a_wrong_password_needs_a_login(radicale: Any) -> None:
    with pytest.raises(AuthError):
        radicale.connect(password="wrong").check()


def test_a_book_that_may_not_be_written_is_named_by_the_check(site: Any) -> None:
    connector = site.connect()

    def read_only(method: str, url: str, options: dict[str, Any], send: Answer) -> requests.Response:
        response = send()
        response._content = re.sub(rb"<[\w:]*(write[\w-]*|all)\s*/>", b"", response.content)
        return response

    connector.context.http.meddle = read_only
    account = connector.check()
    assert (account.granted, account.missing) == (("read",), ("write",))


def test_describing_and_making_a_connection_need_no_network(site: Any) -> None:
    connector = site.connect(url="http://127.0.0.1:1/")
    assert connector.resources()[0].capabilities.deletes == "feed"
    assert {"LANG", "GENDER"}.isdisjoint(field.path for field in connector.fields("card"))
    assert {"LANG", "GENDER"} <= {field.path for field in site.connect(version="4.0").fields("card")}
    assert connector.context.http.calls == 0
    assert "secret" not in repr(site.connect(password="secret").config)
    with pytest.raises(ValueError, match="passwort"):
        site.connect(passwort="x")


def test_an_address_without_a_book_is_a_configuration_error(site: Any) -> None:
    with pytest.raises((ConfigError, AuthError)):  # Radicale forbids to look below a book
        list(site.connect(url=site.url + "nothing/here/", book="nope").changes("card"))


def test_a_server_that_fails_during_discovery_is_unavailable_and_no_wrong_setting(site: Any) -> None:
    """A wrong setting would stop the connection until a person corrects what is right."""
    connector = site.connect()

    def failing(method: str, url: str, options: dict[str, Any], send: Answer) -> requests.Response:
        response = send()
        response.status_code, response._content = 500, b"oops"
        return response

    connector.context.http.meddle = failing
    with pytest.raises(Unavailable):
        list(connector.changes("card"))


def test_an_empty_book_gives_one_empty_page(site: Any) -> None:
    pages, _ = drain(site.connect().changes("card"))
    assert [len(page.records) for page in pages] == [0]


def test_a_full_read_shows_every_card_with_its_version(site: Any, card: Any, everything: Any) -> None:
    names = ["plain.vcf", "sp ace+plus.vcf", "王伟&50%.vcf"]
    for number, name in enumerate(names):
        site.put(quote(name), card(f"u{number}", f"Person {number}"))
    records = everything(site.connect())
    assert sorted(records) == sorted(names)
    assert all(record.version and record.data and record.error is None for record in records.values())
    assert {record.id for record in site.connect().fetch("card", [*names, "gone.vcf"])} == set(names)


def test_a_poll_without_changes_is_one_call_without_records(site: Any, card: Any) -> None:
    site.put("a.vcf", card("a"))
    _, cursor = drain(site.connect().changes("card"))
    fresh = site.connect()
    pages, again = drain(fresh.changes("card", cursor))
    assert [page.records for page in pages] == [[]]
    assert fresh.context.http.calls == 1
    assert again == cursor


def test_changes_and_deletions_come_from_the_feed(site: Any, card: Any) -> None:
    for name in "abc":
        site.put(f"{name}.vcf", card(name))
    _, cursor = drain(site.connect().changes("card"))
    site.put("a.vcf", card("a", "Changed"))
    site.call("DELETE", "b.vcf")
    site.put("d.vcf", card("d"))
    pages, _ = drain(site.connect().changes("card", cursor))
    versions = {record.id: record.version for page in pages for record in page.records}
    found = whole(site.connect(), pages)
    assert all(record.version == versions[record.id] for record in found), "a stub carries the card's ETag"
    seen = {record.id: (record.deleted, record.data and record.data["FN"]) for record in found}
    assert seen == {"a.vcf": (False, "Changed"), "b.vcf": (True, None), "d.vcf": (False, "Somebody")}


def test_a_full_read_may_be_resumed_after_each_page_without_losing_a_change(
    site: Any, card: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmhub_carddav.feed.CHUNK", 2)
    for number in range(5):
        site.put(f"{number}.vcf", card(f"u{number}"))
    seen: dict[str, str] = {}
    cursor, complete = None, False
    while not complete:
        page = next(iter(site.connect().changes("card", cursor)))  # a new process for every page
        seen |= {record.id: record.data["FN"] for record in whole(site.connect(), [page]) if record.data}
        cursor, complete = page.cursor, page.complete
        if len(seen) == 2:
            site.put("0.vcf", card("u0", "Changed behind the pass"))
            site.put("4.vcf", card("u4", "Changed ahead of the pass"))
    pages, _ = drain(site.connect().changes("card", cursor))
    seen |= {record.id: record.data["FN"] for record in whole(site.connect(), pages) if record.data}
    assert seen["0.vcf"] == "Changed behind the pass"
    assert seen["4.vcf"] == "Changed ahead of the pass"
    assert len(seen) == 5


@pytest.mark.parametrize("token", ["http://radicale.org/ns/sync/0000", "0" * 40, "nonsense"])
def test_a_token_that_the_server_does_not_know_expires_the_cursor(site: Any, token: str) -> None:
    _, cursor = drain(site.connect().changes("card"))
    with pytest.raises(CursorExpired):
        list(site.connect().changes("card", {**cursor, "token": token}))


def test_a_cursor_of_another_book_expires(site: Any) -> None:
    _, cursor = drain(site.connect().changes("card"))
    for wrong in ({**cursor, "of": "elsewhere"}, "text", {"token": "x"}):
        with pytest.raises(CursorExpired):
            list(site.connect().changes("card", wrong))


def test_a_listing_has_ids_and_versions_only(site: Any, card: Any, everything: Any) -> None:
    site.put("a.vcf", card("a"))
    site.put("b.vcf", card("b"))
    pages, _ = drain(site.connect().listing("card"))
    listed = {record.id: record.version for page in pages for record in page.records}
    assert listed == {id: record.version for id, record in everything(site.connect()).items()}
    assert all(record.data is None for page in pages for record in page.records)


def test_one_broken_card_does_not_stop_the_others(xandikos: Any, card: Any, everything: Any) -> None:
    """Xandikos refuses some broken cards and stores others while answering 500, so they do occur in real books."""
    for number in range(7):
        xandikos.put(f"{number}.vcf", card(f"u{number}"))
    xandikos.call("PUT", "bad.vcf", card("bad", "M?ller").replace(b"?", b"\xfc"))
    records = everything(xandikos.connect())
    assert len([record for record in records.values() if record.data]) == 7
    assert "not UTF-8" in str(records["bad.vcf"].error)
    assert records["bad.vcf"].version
    found = xandikos.connect().find("card", "own_key", ["none"])
    assert list(found) == []


def test_a_control_character_in_one_card_breaks_only_that_answer(site: Any, card: Any, everything: Any) -> None:
    for number in range(4):
        site.put(f"{number}.vcf", card(f"u{number}"))
    connector = site.connect()

    def meddle(method: str, url: str, options: dict[str, Any], send: Answer) -> requests.Response:
        response = send()
        if b"multiget" in (options.get("data") or b"") and b"2.vcf" in options["data"]:
            response._content = response.content.replace(b"FN:", b"FN:\x0b")
        return response

    connector.context.http.meddle = meddle
    assert len([record for record in everything(connector).values() if record.data]) == 4


def test_groups_are_not_yielded(site: Any, card: Any, everything: Any) -> None:
    site.put("g.vcf", card("g", "Team", "X-ADDRESSBOOKSERVER-KIND:group"))
    site.put("a.vcf", card("a"))
    assert set(everything(site.connect())) == {"a.vcf"}
    assert list(site.connect().fetch("card", ["g.vcf"])) == []


def test_cards_are_found_by_email_and_by_our_key(site: Any, card: Any) -> None:
    site.put("a.vcf", card("a", extra="EMAIL;TYPE=WORK:Anna@Acme.example\nX-CRMHUB-ID:key-1"))
    site.put("b.vcf", card("b", extra="EMAIL:joanna@acme.example\nX-CRMHUB-ID:key-11"))
    connector = site.connect()
    assert [record.id for record in connector.find("card", "email", ["anna@acme.EXAMPLE", "x@y.example"])] == ["a.vcf"]
    assert [record.id for record in connector.find("card", "own_key", ["key-1"])] == ["a.vcf"]
    assert list(connector.find("card", "op_key", ["key-1"])) == []


def test_a_card_that_was_moved_is_still_found_by_the_key_of_its_create(site: Any, card: Any) -> None:
    site.put("elsewhere.vcf", card("op-7"))
    assert [record.id for record in site.connect().find("card", "op_key", ["op-7"])] == ["elsewhere.vcf"]


def test_a_server_without_sync_collection_is_polled_by_its_collection_tag(site: Any, card: Any) -> None:
    def no_sync(method: str, url: str, options: dict[str, Any], send: Answer) -> requests.Response:
        return answer(403) if b"sync-collection" in (options.get("data") or b"") else send()

    def connect() -> Any:
        connector = site.connect()
        connector.context.http.meddle = no_sync
        return connector

    for name in "abc":
        site.put(f"{name}.vcf", card(name))
    pages, cursor = drain(connect().changes("card"))
    assert len(pages[0].records) == 3
    quiet = connect()
    assert [page.records for page in quiet.changes("card", cursor)] == [[]]
    assert quiet.context.http.calls == 1
    site.put("a.vcf", card("a", "Changed"))
    site.call("DELETE", "b.vcf")
    pages, cursor = drain(connect().changes("card", cursor))
    assert {(record.id, record.deleted) for page in pages for record in page.records} == {
        ("a.vcf", False),
        ("b.vcf", True),
    }
    assert [page.records for page in connect().changes("card", cursor)] == [[]]


def test_a_truncated_sync_answer_is_continued(site: Any, card: Any, everything: Any) -> None:
    site.put("a.vcf", card("a"))
    _, cursor = drain(site.connect().changes("card"))
    site.put("b.vcf", card("b"))
    connector, asked = site.connect(), []

    def meddle(method: str, url: str, options: dict[str, Any], send: Answer) -> requests.Response:
        response = send()
        token = re.search(rb"sync-token>([^<]*)<", options.get("data") or b"")
        if token:
            asked.append(token[1].decode())
            if len(asked) == 1:  # as RFC 6578 section 3.6 shows it: the collection itself with 507, and a token
                path = url.removeprefix(site.server.url)
                inner = f"<d:href>{path}</d:href><d:status>HTTP/1.1 507 X</d:status>"
                part = f'<d:response xmlns:d="DAV:">{inner}</d:response>'
                response._content = re.sub(rb"(</[\w:]*multistatus>)", part.encode() + rb"\1", response.content)
        return response

    connector.context.http.meddle = meddle
    pages, _ = drain(connector.changes("card", cursor))
    assert [record.id for page in pages for record in page.records] == ["b.vcf"]
    assert len(asked) == 2
    assert asked[0] == cursor["token"] != asked[1]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"<html><body>Please log in</body></html>", Unavailable),
        (207, b"<html><p>unclosed", Unavailable),
        (207, b"", Unavailable),
        (207, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', Unavailable),
        (403, b"no", AuthError),
        (404, b"", ConfigError),
    ],
)
def test_an_answer_that_is_no_carddav_says_what_to_do(
    site: Any, status: int, body: bytes, error: type[Exception]
) -> None:
    _, cursor = drain(site.connect().changes("card"))
    connector = site.connect()
    connector.context.http.meddle = lambda *_: answer(status, body)
    with pytest.raises(error):
        list(connector.listing("card"))
    with pytest.raises((error, CursorExpired)):
        list(connector.changes("card", cursor))


def test_a_login_page_at_the_address_is_no_server(site: Any) -> None:
    connector = site.connect()
    connector.context.http.meddle = lambda *_: answer(200, b"<html>Please log in</html>")
    with pytest.raises(Unavailable, match="Please log in"):
        connector.check()
