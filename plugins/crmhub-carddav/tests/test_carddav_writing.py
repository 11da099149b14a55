"""Writing to real address books: create, update, delete, conflicts, lost answers, what the servers rewrite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from crmhub_carddav.card import parse, read
from crmhub_carddav.edit import create as new_card
from hub.plugin import Conflict, Duplicate, NotFound, Op, OutcomeUnknown, Rejected, Unavailable

CORPUS = {path.stem: path.read_bytes() for path in sorted((Path(__file__).parent / "cards").glob("*.vcf"))}
STORABLE = ["4_0", "apple", "apple_company", "line_feeds_only", "long_note", "mixed_line_ends"]
PERSON = {
    "FN": "Anna Müller 😀",
    "N": {"family": "Müller", "given": "Anna", "additional": None, "prefix": "Dr.", "suffix": None},
    "ORG": ["Acme, Inc.", "Sales; EMEA"],
    "TITLE": "Head",
    "NOTE": "one\ntwo, three; four \\ five 王伟 " + "x" * 300,
    "BDAY": "1985-04-12",
    "X-CRMHUB-ID": "gid-1",
    "EMAIL": [
        {"value": "a@x.example", "labels": ["work"], "pref": True},
        {"value": "b@x.example", "labels": ["Büro 2"], "pref": False},
    ],
    "TEL": [{"value": "+49 171 1234567", "labels": ["cell"], "pref": False}],
    "URL": [{"value": "https://x.example/?a=1&b=2", "labels": [], "pref": False}],
    "ADR": [
        {"street": "Lange Str. 5\nHof", "locality": "Berlin", "code": "10115", "country": "Germany", "labels": ["home"]}
    ],
    "CATEGORIES": ["hub:vip", "a,b"],
}


def only(receipts: Any) -> Any:
    (receipt,) = list(receipts)
    return receipt


def bare(rows: Any) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "_i" and value not in (None, False)} for row in rows]


def by_content(rows: Any) -> list[Any]:
    """Rows without their order, which a server may change."""
    shown = [sorted(row.items(), key=str) for row in bare(rows)]
    return sorted([[pair for pair in row if pair[1] != []] for row in shown], key=str)


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_a_new_card_reads_back_as_it_was_written(site: Any, version: str, everything: Any) -> None:
    connector = site.connect(version=version)
    receipt = only(connector.write("card", [Op("op-1", "create", None, PERSON)]))
    assert (receipt.error, receipt.id) == (None, "op-1.vcf")
    assert receipt.image.version == receipt.version
    shown = everything(site.connect())["op-1.vcf"]
    assert shown == receipt.image
    assert (shown.data["VERSION"], shown.data["UID"]) == (version, "op-1")
    for key, value in PERSON.items():
        if key in ("EMAIL", "TEL", "URL", "ADR"):
            assert by_content(shown.data[key]) == by_content(value), key
        else:
            assert shown.data[key] == value, key


def test_a_create_that_is_repeated_answers_with_the_card_that_exists(site: Any, everything: Any) -> None:
    op = Op("op-1", "create", None, {"FN": "Once"})
    first = only(site.connect().write("card", [op]))
    second = only(site.connect().write("card", [op]))
    assert (second.error, second.id, second.version) == (None, first.id, first.version)
    assert second.image == first.image
    assert len(everything(site.connect())) == 1


def test_a_foreign_card_at_our_address_is_not_adopted(site: Any, card: Any) -> None:
    site.put("op-1.vcf", card("somebody-else"))
    receipt = only(site.connect().write("card", [Op("op-1", "create", None, {"FN": "Mine"})]))
    assert isinstance(receipt.error, Rejected)
    assert b"somebody-else" in site.stored("op-1.vcf")


def test_a_uid_that_exists_elsewhere_is_a_duplicate_with_its_id(radicale: Any, card: Any) -> None:
    radicale.put("old.vcf", card("op-1"))
    receipt = only(radicale.connect().write("card", [Op("op-1", "create", None, {"FN": "Mine"})]))
    assert isinstance(receipt.error, Duplicate)
    assert receipt.error.existing_id == "old.vcf"


@pytest.mark.parametrize("name", STORABLE)
def test_an_update_changes_only_the_mapped_bytes_on_a_server_that_stores_bytes(
    xandikos: Any, name: str, everything: Any, update: Any
) -> None:
    before = CORPUS[name]
    xandikos.put(f"{name}.vcf", before)
    assert xandikos.stored(f"{name}.vcf") == before
    connector = xandikos.connect()
    record = everything(connector)[f"{name}.vcf"]
    patch = {"NOTE": "edited 😀, yes", "EMAIL": [*record.data["EMAIL"], {"value": "new@x.example", "labels": ["home"]}]}
    receipt = only(connector.write("card", [update(record, patch)]))
    assert receipt.error is None
    after = parse(xandikos.stored(f"{name}.vcf"))
    touched = {"NOTE", "EMAIL", "REV"}
    kept = [line.raw for line in parse(before).lines if line.name not in touched]
    assert [line.raw for line in after.lines if line.name not in touched] == kept
    assert [line.raw for line in after.lines if line.name == "EMAIL"][:-1] == [
        line.raw for line in parse(before).lines if line.name == "EMAIL"
    ]
    assert receipt.image.data == read(after)


@pytest.mark.parametrize("name", STORABLE)
def test_an_update_keeps_everything_in_meaning_on_a_server_that_rewrites(
    radicale: Any, name: str, everything: Any, update: Any
) -> None:
    radicale.put(f"{name}.vcf", CORPUS[name])
    connector = radicale.connect()
    record = everything(connector)[f"{name}.vcf"]
    receipt = only(connector.write("card", [update(record, {"NOTE": "edited"})]))
    assert receipt.image.data["NOTE"] == "edited"
    before = {key: value for key, value in record.data.items() if key != "NOTE"}
    after = {key: value for key, value in receipt.image.data.items() if key != "NOTE"}
    rows = [key for key, value in before.items() if isinstance(value, list) and value and isinstance(value[0], dict)]
    assert {key: bare(before[key]) for key in rows} == {key: bare(after[key]) for key in rows}
    assert all(before[key] == after[key] for key in before if key not in rows)


def test_rows_are_edited_added_and_removed_in_place(site: Any, everything: Any, update: Any) -> None:
    site.put("a.vcf", CORPUS["apple"])
    connector = site.connect()
    record = everything(connector)["a.vcf"]
    work, _ = record.data["EMAIL"]
    rows = [{**work, "value": "anna@new.example"}, {"value": "third@x.example", "labels": ["home"], "pref": False}]
    receipt = only(connector.write("card", [update(record, {"EMAIL": rows, "TEL": [], "X-CRMHUB-ID": "gid-1"})]))
    assert bare(receipt.image.data["EMAIL"]) == [
        {"labels": ["work"], "pref": True, "value": "anna@new.example"},
        {"labels": ["home"], "value": "third@x.example"},
    ]
    assert (receipt.image.data["TEL"], receipt.image.data["X-CRMHUB-ID"]) == ([], "gid-1")
    assert receipt.image.data["ADR"][0]["street"] == "Lange Straße 5\nHinterhaus"


def test_an_update_that_changes_nothing_writes_nothing(site: Any, card: Any, everything: Any, update: Any) -> None:
    site.put("a.vcf", card("a"))
    connector = site.connect()
    record = everything(connector)["a.vcf"]
    receipt = only(connector.write("card", [update(record, {"FN": "Somebody", "LANG": "de"})]))
    assert (receipt.error, receipt.version, receipt.image) == (None, record.version, record)


def test_a_stale_version_is_a_conflict_and_nothing_is_written(
    site: Any, card: Any, everything: Any, update: Any
) -> None:
    site.put("a.vcf", card("a"))
    connector = site.connect()
    record = everything(connector)["a.vcf"]
    site.put("a.vcf", card("a", "Theirs"))
    receipt = only(connector.write("card", [update(record, {"FN": "Ours"})]))
    assert isinstance(receipt.error, Conflict)
    assert b"FN:Theirs" in site.stored("a.vcf")


def test_an_edit_between_our_read_and_our_write_is_a_conflict(
    site: Any, card: Any, everything: Any, update: Any
) -> None:
    site.put("a.vcf", card("a"))
    connector = site.connect()
    record = everything(connector)["a.vcf"]

    def meddle(method: str, url: str, options: Any, send: Any) -> requests.Response:
        if method == "PUT":
            site.put("a.vcf", card("a", "Theirs"))
        return send()

    connector.context.http.meddle = meddle
    receipt = only(connector.write("card", [update(record, {"NOTE": "Ours"})]))
    assert isinstance(receipt.error, Conflict)
    assert b"FN:Theirs" in site.stored("a.vcf")


def test_an_edit_right_after_our_write_is_not_taken_for_its_image(
    site: Any, card: Any, everything: Any, update: Any
) -> None:
    site.put("a.vcf", card("a"))
    connector = site.connect()
    record = everything(connector)["a.vcf"]

    def meddle(method: str, url: str, options: Any, send: Any) -> requests.Response:
        response = send()
        if method == "PUT":
            site.put("a.vcf", card("a", "Theirs"))
        return response

    connector.context.http.meddle = meddle
    receipt = only(connector.write("card", [update(record, {"NOTE": "Ours"})]))
    assert (receipt.error, receipt.image) == (None, None)
    assert receipt.version not in (None, record.version)


def test_deleting_needs_the_right_version_and_may_be_repeated(site: Any, card: Any, everything: Any) -> None:
    site.put("a.vcf", card("a"))
    connector = site.connect()
    version = everything(connector)["a.vcf"].version
    site.put("a.vcf", card("a", "Theirs"))
    assert isinstance(only(connector.write("card", [Op("d", "delete", "a.vcf", {}, version)])).error, Conflict)
    version = everything(connector)["a.vcf"].version
    assert only(connector.write("card", [Op("d", "delete", "a.vcf", {}, version)])).error is None
    assert isinstance(only(connector.write("card", [Op("d", "delete", "a.vcf", {}, version)])).error, NotFound)


def test_updating_a_card_that_is_gone_is_not_found(site: Any, card: Any, everything: Any, update: Any) -> None:
    site.put("a.vcf", card("a"))
    connector = site.connect()
    record = everything(connector)["a.vcf"]
    site.call("DELETE", "a.vcf")
    assert isinstance(only(connector.write("card", [update(record, {"FN": "x"})])).error, NotFound)


def test_a_batch_gives_one_receipt_for_each_op_whatever_happens_to_the_others(
    site: Any, card: Any, everything: Any, update: Any
) -> None:
    for number in range(6):
        site.put(f"{number}.vcf", card(f"u{number}"))
    connector = site.connect()
    records = everything(connector)
    ops = [update(records[f"{number}.vcf"], {"NOTE": f"n{number}"}) for number in range(5)]
    ops[1] = update(records["1.vcf"], {"NOTE": "x"}, '"stale"')
    ops[2] = update(records["2.vcf"], {"NOTE": "bad \x00"})
    ops += [Op("d", "delete", "5.vcf", {}, records["5.vcf"].version), Op("c", "create", None, {"FN": "New"})]
    before = connector.context.http.calls
    receipts = {receipt.key: receipt for receipt in connector.write("card", ops)}
    assert set(receipts) == {op.key for op in ops}
    failed = {key: type(receipt.error) for key, receipt in receipts.items() if receipt.error}
    assert failed == {"op-1.vcf": Conflict, "op-2.vcf": Rejected}
    exact = 0 if site.kind == "xandikos" else 4  # Radicale does not tell the stored length, so each card is read
    repeated = 3  # at most: PUTs that found Xandikos locked
    assert 0 <= connector.context.http.calls - before - (2 + 3 + 2 + exact) <= repeated


def test_a_card_that_the_server_refuses_is_rejected_with_its_words(
    site: Any, card: Any, everything: Any, update: Any
) -> None:
    site.put("a.vcf", card("a"))
    connector = site.connect()
    record = everything(connector)["a.vcf"]

    def meddle(method: str, url: str, options: Any, send: Any) -> requests.Response:
        if method == "PUT":
            options["data"] = options["data"].replace(b"VERSION:3.0\r\n", b"nonsense\r\n")
        return send()

    connector.context.http.meddle = meddle
    for op in (update(record, {"NOTE": "x"}), Op("c", "create", None, {"FN": "y"})):
        assert isinstance(only(connector.write("card", [op])).error, Rejected)


def test_a_lost_answer_to_a_write_is_an_unknown_outcome_and_is_found_by_its_key(site: Any) -> None:
    connector = site.connect()

    def meddle(method: str, url: str, options: Any, send: Any) -> requests.Response:
        response = send()
        if method == "PUT":
            raise OutcomeUnknown("the answer was lost")
        return response

    connector.context.http.meddle = meddle
    receipt = only(connector.write("card", [Op("op-9", "create", None, {"FN": "Lost"})]))
    assert isinstance(receipt.error, OutcomeUnknown)
    found = only(site.connect().find("card", "op_key", ["op-9"]))
    assert (found.id, found.data["FN"]) == ("op-9.vcf", "Lost")


def test_a_write_is_done_even_if_its_image_cannot_be_read(site: Any) -> None:
    connector = site.connect()
    connector.check()

    def meddle(method: str, url: str, options: Any, send: Any) -> requests.Response:
        if b"multiget" in (options.get("data") or b""):
            raise Unavailable("down")
        return send()

    connector.context.http.meddle = meddle
    receipt = only(connector.write("card", [Op("op-1", "create", None, {"FN": "x"})]))
    assert (receipt.error, receipt.image) == (None, None)
    assert receipt.version


def test_a_server_with_weak_etags_is_written_after_a_fresh_read(
    site: Any, card: Any, everything: Any, update: Any
) -> None:
    site.put("a.vcf", card("a"))
    connector = site.connect()

    def meddle(method: str, url: str, options: Any, send: Any) -> requests.Response:
        condition = (options.get("headers") or {}).get("If-Match", "")
        assert not condition.startswith("W/")
        response = send()
        if method == "GET":
            response.headers["ETag"] = "W/" + response.headers["ETag"]
        response.headers.pop("ETag", None) if method == "PUT" else None
        response._content = response.content.replace(b"getetag>&quot;", b"getetag>W/&quot;").replace(
            b'getetag>"', b'getetag>W/"'
        )
        return response

    connector.context.http.meddle = meddle
    record = everything(connector)["a.vcf"]
    assert record.version.startswith("W/")
    receipt = only(connector.write("card", [update(record, {"NOTE": "x"})]))
    assert (receipt.error, receipt.image.data["NOTE"]) == (None, "x")
    stale = only(connector.write("card", [update(record, {"NOTE": "y"})]))
    assert isinstance(stale.error, Conflict)


def test_an_address_of_a_page_with_commas_is_written_as_the_standard_says(xandikos: Any) -> None:
    """Radicale would cut it at the comma, and other servers would show an escaped one as it stands."""
    row = {"value": "https://x.example/?a=1,2;b", "labels": [], "pref": False}
    receipt = only(xandikos.connect().write("card", [Op("op-1", "create", None, {"FN": "x", "URL": [row]})]))
    assert bare(receipt.image.data["URL"]) == bare([row])
    assert b"URL:https://x.example/?a=1,2;b\r\n" in xandikos.stored("op-1.vcf")


def test_a_card_of_ten_thousand_characters_goes_through(site: Any) -> None:
    note = "长 note, with; \\ and 😀\n" * 500
    receipt = only(site.connect().write("card", [Op("big", "create", None, {"FN": "Big", "NOTE": note})]))
    assert receipt.image.data["NOTE"] == note


def test_a_key_that_is_no_file_name_still_makes_one_stable_address(site: Any) -> None:
    op = Op("../../etc/x y?#", "create", None, {"FN": "x"})
    receipts = [only(site.connect().write("card", [op])) for _ in range(2)]
    assert receipts[0].id == receipts[1].id
    assert "/" not in receipts[0].id
    assert only(site.connect().find("card", "op_key", [op.key])).id == receipts[0].id


def test_a_new_card_says_our_key_as_its_uid() -> None:
    from datetime import UTC, datetime

    content = new_card({"FN": "x"}, uid="key", version="3.0", now=datetime(2026, 1, 2, tzinfo=UTC))
    assert content == (
        b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:key\r\nREV:20260102T000000Z\r\nFN:x\r\nN:;;;;\r\nEND:VCARD\r\n"
    )
