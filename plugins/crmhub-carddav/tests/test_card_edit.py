"""Reading and editing cards: exactly the mapped values change, every other line keeps its bytes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhub_carddav.card import ADDRESS_PARTS, Card, is_contact, parse, read
from crmhub_carddav.edit import StaleRow, create, edit
from crmhub_carddav.lines import CardError, escape, unescape

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CORPUS = {path.stem: path.read_bytes() for path in sorted((Path(__file__).parent / "cards").glob("*.vcf"))}


def card(name: str) -> Card:
    return parse(CORPUS[name])


def changed_lines(before: Card, after: Card) -> set[str]:
    """Names of the properties whose lines differ, as multisets of bytes."""
    old, new = [line.raw for line in before.lines], [line.raw for line in after.lines]
    moved = [line for line in before.lines if line.raw not in new] + [
        line for line in after.lines if line.raw not in old
    ]
    return {line.name for line in moved}


@pytest.mark.parametrize("name", CORPUS)
def test_a_card_splits_into_its_very_bytes(name: str) -> None:
    assert card(name).content == CORPUS[name]


@pytest.mark.parametrize("name", CORPUS)
def test_writing_back_what_was_read_changes_no_byte(name: str) -> None:
    data = {key: value for key, value in read(card(name)).items() if key not in ("UID", "VERSION")}
    assert edit(card(name), data, now=NOW) == CORPUS[name]


@pytest.mark.parametrize("name", CORPUS)
def test_a_note_edit_leaves_every_other_line_byte_equal_and_in_order(name: str) -> None:
    after = parse(edit(card(name), {"NOTE": "new, note; with\nlines 😀"}, now=NOW))
    assert read(after)["NOTE"] == "new, note; with\nlines 😀"
    touched = {"NOTE", "REV"}
    assert [x.raw for x in after.lines if x.name not in touched] == [
        x.raw for x in card(name).lines if x.name not in touched
    ]


def test_groups_labels_and_types_of_an_apple_card_are_read() -> None:
    data = read(card("apple"))
    assert [(row["value"], row["labels"], row["pref"]) for row in data["EMAIL"]] == [
        ("anna@acme.example", ["work"], True),
        ("anna@home.example", ["Ferienhaus Süd"], False),
    ]
    assert [(row["value"], row["labels"]) for row in data["TEL"]] == [
        ("+49 171 1234567", ["cell"]),
        ("030 12345", ["homefax"]),
    ]
    assert data["ORG"] == ["Acme, Inc.", "Sales"]
    assert data["BDAY"] == "--04-12"
    assert [(row["scheme"], row["value"]) for row in data["IMPP"]] == [("qq", "12345"), ("wechat", "anna88")]
    assert (data["KIND"], read(card("apple_company"))["KIND"], read(card("bare_comma"))["KIND"]) == (
        "individual",
        "org",
        "org",
    )


def test_a_4_0_card_is_read_with_uri_phones_quoted_types_and_partial_birthday() -> None:
    data = read(card("4_0"))
    assert [(row["value"], row["labels"], row["pref"]) for row in data["TEL"]] == [
        ("+86-10-1234;ext=5", ["cell"], True),
        ("+86 10 999", ["fax", "work"], False),
    ]
    assert (data["FN"], data["LANG"], data["GENDER"], data["BDAY"]) == ("王伟 😀", "zh", "M", "--04-12")
    assert data["CATEGORIES"] == ["a", "b,c", "d"]


def test_an_edited_row_keeps_its_group_its_label_and_its_unknown_parameters() -> None:
    rows = read(card("4_0"))["EMAIL"]
    after = edit(card("4_0"), {"EMAIL": [{**rows[0], "value": "w@b.example"}]}, now=NOW)
    assert b'EMAIL;TYPE=work;PREF=1;X-ODD="a;b:c":w@b.example\r\n' in after
    rows = read(card("apple"))["EMAIL"]
    after = edit(card("apple"), {"EMAIL": [rows[0], {**rows[1], "value": "x@y.example"}]}, now=NOW)
    assert b"item1.EMAIL;type=INTERNET:x@y.example\r\nitem1.X-ABLabel:Ferienhaus S\xc3\xbcd\r\n" in after


def test_removing_a_row_takes_its_label_line_and_nothing_else() -> None:
    before = card("apple")
    after = parse(edit(before, {"EMAIL": read(before)["EMAIL"][:1]}, now=NOW))
    assert changed_lines(before, after) == {"EMAIL", "X-ABLABEL", "REV"}
    assert [row["value"] for row in read(after)["TEL"]] == ["+49 171 1234567", "030 12345"]


def test_labels_of_a_row_change_in_place() -> None:
    first, second = read(card("apple"))["TEL"]
    rows = [{**first, "labels": ["work"], "pref": True}, {**second, "labels": ["home", "Büro 2"]}]
    after = edit(card("apple"), {"TEL": rows}, now=NOW)
    shown = read(parse(after))["TEL"]
    assert [(row["labels"], row["pref"]) for row in shown] == [(["work"], True), (["home", "Büro 2"], False)]
    assert "item2.TEL;TYPE=HOME:030 12345\r\nitem2.X-ABLabel:Büro 2\r\n".encode() in after


def test_a_new_row_with_a_free_label_gets_a_group_of_its_own() -> None:
    rows = read(card("apple"))["EMAIL"]
    new = {"value": "n@x.example", "labels": ["Ski, club"], "pref": False}
    after = edit(card("apple"), {"EMAIL": [*rows, new]}, now=NOW)
    assert b"item5.EMAIL;TYPE=INTERNET:n@x.example\r\n" in after
    assert b"item5.X-ABLabel:Ski\\, club\r\n" in after


def test_a_phone_that_is_no_uri_any_more_becomes_text() -> None:
    rows = read(card("4_0"))["TEL"]
    after = edit(card("4_0"), {"TEL": [{**rows[0], "value": "+86 10 5555"}, rows[1]]}, now=NOW)
    assert b'TEL;PREF=1;TYPE="voice,cell":+86 10 5555\r\n' in after
    after = edit(card("4_0"), {"TEL": [{**rows[0], "value": "+86105555"}, rows[1]]}, now=NOW)
    assert b'TEL;VALUE=uri;PREF=1;TYPE="voice,cell":tel:+86105555\r\n' in after


def test_a_moved_address_drops_the_parameters_that_describe_the_old_place() -> None:
    row = read(card("4_0"))["ADR"][0]
    after = edit(card("4_0"), {"ADR": [{**row, "street": "2 Side St"}]}, now=NOW)
    assert b"ADR;CC=CN;TYPE=work:;;2 Side St;Beijing;;100000;China\r\n" in after


def test_an_address_keeps_unescaped_commas_and_further_components() -> None:
    row = read(card("bare_comma"))["ADR"][0]
    after = edit(card("bare_comma"), {"ADR": [{**row, "code": "62702"}]}, now=NOW)
    assert b"adr;type=work:;Suite 5;1 Main St, Floor 2;Springfield;IL;62702;USA;EIGHTH\r\n" in after


def test_categories_keep_their_lines_and_spelling() -> None:
    after = edit(card("4_0"), {"CATEGORIES": ["d", "b,c", "new"]}, now=NOW)
    assert b"CATEGORIES:b\\,c,d,new\r\n" in after


def test_clearing_the_name_keeps_the_required_lines() -> None:
    after = parse(edit(card("apple"), {"N": None, "FN": None}, now=NOW))
    assert read(after)["N"] is None
    assert read(after)["FN"] == "Acme, Inc."
    assert b"N:;;;;\r\n" in after.content


def test_an_organisation_is_said_in_the_way_of_the_cards_version() -> None:
    assert b"X-ABShowAs:COMPANY\r\n" in edit(card("apple"), {"KIND": "org"}, now=NOW)
    assert b"KIND:org\r\n" in edit(card("4_0"), {"KIND": "org"}, now=NOW)
    assert b"X-ABShowAs" not in edit(card("apple_company"), {"KIND": None}, now=NOW)


@pytest.mark.parametrize("version", ["3.0", "4.0"])
@pytest.mark.parametrize("shown", [{}, {"FN": "Bäckerei Schmidt"}])
@pytest.mark.parametrize("kind", ["individual", "org"])
def test_a_created_card_reads_as_the_kind_that_it_was_given(version: str, shown: dict[str, str], kind: str) -> None:
    """Also where a card without a KIND would be taken for a company by its names."""
    data = {"KIND": kind, **shown, "ORG": ["Bäckerei Schmidt"]}
    made = create(data, uid="u", version=version, now=NOW)
    assert read(parse(made))["KIND"] == kind


def test_language_and_gender_are_left_out_of_a_3_0_card() -> None:
    assert edit(card("apple"), {"LANG": "de", "GENDER": "F"}, now=NOW) == CORPUS["apple"]
    after = read(parse(edit(card("4_0"), {"LANG": "de", "GENDER": None}, now=NOW)))
    assert (after["LANG"], after["GENDER"]) == ("de", None)


@pytest.mark.parametrize(("value", "line"), [("1985-04-12", b"BDAY:1985-04-12"), ("--12-24", b"BDAY:--1224")])
def test_a_birthday_is_written_without_the_mark_of_the_old_one(value: str, line: bytes) -> None:
    after = edit(card("apple"), {"BDAY": value}, now=NOW)
    assert line + b"\r\n" in after
    assert read(parse(after))["BDAY"] == value


def test_rows_of_another_state_of_the_card_are_refused() -> None:
    row = read(card("apple"))["EMAIL"][0]
    for rows in ([{**row, "_i": 3}], [{**row, "_i": 999}], [row, row]):
        with pytest.raises(StaleRow):
            edit(card("apple"), {"EMAIL": rows}, now=NOW)


@pytest.mark.parametrize("text", ["a\x00b", "a\x0bb", "half \ud83d", "\uffff"])
def test_a_character_that_no_card_can_carry_is_refused(text: str) -> None:
    with pytest.raises(CardError, match="U\\+"):
        edit(card("apple"), {"NOTE": text}, now=NOW)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "exactly one"),
        (b"<html></html>", "exactly one"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\n", "exactly one"),
        (b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:x\r\nEND:VCARD\r\n", "2.1"),
        (b"BEGIN:VCARD\r\nFN:x\r\nEND:VCARD\r\n", "none"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:M\xfcller\r\nEND:VCARD\r\n", "line 3 is not UTF-8"),
        (CORPUS["apple"] + CORPUS["4_0"], "exactly one"),
    ],
)
def test_what_is_no_card_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(CardError, match=reason):
        parse(content)


@pytest.mark.parametrize(
    ("line", "contact"),
    [
        (b"KIND:group", False),
        (b"KIND:location", False),
        (b"X-ADDRESSBOOKSERVER-KIND:group", False),
        (b"KIND:org", True),
        (b"NOTE:x", True),
    ],
)
def test_groups_and_locations_are_no_contacts(line: bytes, contact: bool) -> None:
    content = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:x\r\n" + line + b"\r\nEND:VCARD\r\n"
    assert is_contact(parse(content)) is contact


def test_lines_are_folded_at_75_octets_between_characters() -> None:
    content = create({"FN": "x", "NOTE": "é长😀" * 300}, uid="u", version="3.0", now=NOW)
    for physical in content.split(b"\r\n"):
        assert len(physical) <= 75
        physical.decode("utf-8")


# Properties: what is edited reads back exactly; what is not keeps its bytes.

texts = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff") | st.just("\n"))
blankable = st.none() | texts.filter(bool)
visible = texts.filter(lambda text: bool(text.strip()))
labels = st.lists(st.sampled_from(["home", "work", "cell", "fax", "x-own"]), unique=True)
free = st.sampled_from([[], ["Büro"], ["a, b; c"], ["Second \\ home"]])
row_keys = st.fixed_dictionaries(
    {"labels": st.tuples(labels, free).map(lambda two: two[0] + two[1]), "pref": st.booleans()}
)
text_row = st.tuples(st.fixed_dictionaries({"value": visible}), row_keys).map(lambda two: {**two[0], **two[1]})
chat_row = st.fixed_dictionaries({"scheme": st.sampled_from(["xmpp", "wechat", "qq"]), "value": visible})
address_row = (
    st.tuples(st.fixed_dictionaries(dict.fromkeys(ADDRESS_PARTS, blankable)), row_keys)
    .map(lambda two: {**two[0], **two[1]})
    .filter(lambda row: any(row[part] for part in ADDRESS_PARTS))
)
rows_of = {"EMAIL": text_row, "TEL": text_row, "URL": text_row, "IMPP": chat_row, "ADR": address_row}
names = st.none() | st.fixed_dictionaries(
    dict.fromkeys(("family", "given", "additional", "prefix", "suffix"), blankable)
).filter(lambda parts: any(parts.values()))
scalars = {
    "FN": visible,
    "NOTE": blankable,
    "TITLE": blankable,
    "ROLE": blankable,
    "X-CRMHUB-ID": blankable,
    "N": names,
    "ORG": st.none() | st.lists(texts, min_size=1).filter(lambda units: bool(units[-1])),
    "CATEGORIES": st.lists(visible.filter(lambda text: text == text.strip()), unique=True),
    "BDAY": st.none() | st.dates().map(str) | st.dates().map(lambda day: f"--{day:%m-%d}"),
}


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    name = draw(st.sampled_from(sorted(CORPUS)))
    patch: dict[str, Any] = draw(st.fixed_dictionaries({}, optional=scalars))
    shown = read(card(name))
    for key in draw(st.lists(st.sampled_from(sorted(rows_of)), unique=True)):
        kept = [row for row in shown[key] if draw(st.booleans())]
        changed = [{**row, **draw(rows_of[key])} if draw(st.booleans()) else row for row in kept]
        patch[key] = [*changed, *draw(st.lists(rows_of[key], max_size=2))]
    return name, patch


def bare(rows: list[dict[str, Any]]) -> list[Any]:
    """Rows without their indexes, labels as sets; a fresh row may stand in another place than the list says."""
    shown = [{**{k: v for k, v in row.items() if k != "_i"}, "labels": sorted(row.get("labels", ()))} for row in rows]
    return sorted(shown, key=lambda row: sorted(map(repr, row.items())))


@given(edits())
def test_an_edit_reads_back_exactly_and_leaves_the_other_lines_byte_equal(case: tuple[str, dict[str, Any]]) -> None:
    name, patch = case
    before = card(name)
    after = parse(edit(before, patch, now=NOW))
    old, new = read(before), read(after)
    for key, value in patch.items():
        if key in rows_of:
            assert bare(new[key]) == bare(value), key
        elif key == "CATEGORIES":
            assert set(new[key]) == set(value)
        else:
            assert new[key] == value, key
    for key in set(old) - set(patch) - {"KIND"}:
        if key in rows_of:
            assert bare(new[key]) == bare(old[key]), key
        else:
            assert new[key] == old[key], key
    touched = {*patch, "REV", "X-ABLABEL", "X-ABADR"} | ({"X-SOCIALPROFILE"} if "IMPP" in patch else set())
    assert [x.raw for x in after.lines if x.name not in touched] == [
        x.raw for x in before.lines if x.name not in touched
    ]


@given(edits())
def test_the_same_edit_twice_changes_nothing_the_second_time(case: tuple[str, dict[str, Any]]) -> None:
    name, patch = case
    patch = {key: value for key, value in patch.items() if key not in rows_of}
    once = edit(card(name), patch, now=NOW)
    assert edit(parse(once), patch, now=NOW) == once


@given(st.fixed_dictionaries({}, optional=scalars | {key: st.lists(rows, max_size=3) for key, rows in rows_of.items()}))
def test_a_new_card_reads_back_exactly_in_both_versions(data: dict[str, Any]) -> None:
    for version in ("3.0", "4.0"):
        shown = read(parse(create(data, uid="key-1", version=version, now=NOW)))
        assert shown["UID"] == "key-1"
        for key, value in data.items():
            assert (bare(shown[key]) if key in rows_of else shown[key]) == (bare(value) if key in rows_of else value)


@given(texts)
def test_escaping_is_undone_exactly_and_leaves_no_separator(text: str) -> None:
    assert unescape(escape(text)) == text
    assert not re.search(r"(?<!\\)(?:\\\\)*[,;\n]", escape(text))


pieces = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b" ",
        b"\t",
        b":",
        b";",
        b",",
        b'"',
        b"=",
        b"\\",
        b"N",
        b"FN",
        b"EMAIL",
        b"TYPE",
        b"\xc3\xa9",
        b"\xff",
    ]
)


@given(st.binary(max_size=100) | st.lists(pieces, max_size=40).map(b"".join))
def test_any_bytes_between_the_marks_are_read_or_refused_and_stay(middle: bytes) -> None:
    content = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\n" + middle + b"\r\nEND:VCARD\r\n"
    try:
        before = parse(content)
    except CardError:
        return
    read(before)
    assert before.content == content
    after = parse(edit(before, {"NOTE": "note"}, now=NOW))
    assert read(after)["NOTE"] == "note"
    kept = [line.raw for line in before.lines if line.name not in ("NOTE", "REV")]
    assert [line.raw for line in after.lines if line.name not in ("NOTE", "REV")] == kept
