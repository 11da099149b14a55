"""One normaliser per kind of value, for writing and for looking up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canonical import values
from hub.canonical.countries import alpha3, country_code, english_name
from hub.canonical.dates import parse_date
from hub.canonical.emails import first_address, normal_email
from hub.canonical.languages import nearest, to_bcp47, to_posix
from hub.canonical.phones import normal_phone
from hub.canonical.regions import region_code, region_name
from hub.canonical.taxids import tax_id_valid
from hub.canonical.text import TextRefused, clean_block, clean_line, fold


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Lee\n", "Lee"),
        ("a\t b\u00a0c", "a b c"),
        ("a\x07b", "ab"),
        ("e\u0301", "é"),
        ("ﬁ ½", "ﬁ ½"),
        ("", ""),
    ],
)
def test_a_line_is_cleaned_but_not_rewritten(typed: str, kept: str) -> None:
    assert clean_line(typed) == kept


def test_a_block_keeps_its_lines() -> None:
    assert clean_block(" a \r\n\r\nb\x07 \n\n") == "a\n\nb"


@pytest.mark.parametrize("typed", ["a\x00b", "\ud800"])
@pytest.mark.parametrize("clean", [clean_line, clean_block])
def test_text_that_nothing_can_store_is_refused(typed: str, clean: Any) -> None:
    with pytest.raises(TextRefused):
        clean(typed)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_line(clean_line(text)) == clean_line(text)
    assert clean_block(clean_block(text)) == clean_block(text)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Müller", "MUELLER"),
        ("Straße", "strasse"),
        ("Zoë", "zoe"),
        ("ＡＢＣ", "abc"),
        ("Łódź", "lodz"),
    ],
)
def test_folding_forgets_case_accents_and_width(left: str, right: str) -> None:
    assert fold(left) == fold(right)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Bo@X.Example", "bo@x.example"),
        ("Bo <bo@x.example>", "bo@x.example"),
        ("a@x.example, b@x.example", "a@x.example"),
        ("mailto:bo@x.example", "bo@x.example"),
        ("用户@例子.中国", "用户@例子.中国"),
        ("not an email", None),
        ("a@b", None),
        ("a..b@x.example", None),
        ("@x.example", None),
    ],
)
def test_email_addresses_have_one_normal_form(typed: str, normal: str | None) -> None:
    assert normal_email(typed) == normal


def test_the_first_address_keeps_its_spelling() -> None:
    assert first_address("Bo@X.example; c@x.example") == "Bo@X.example"


@pytest.mark.parametrize(
    ("typed", "region", "normal"),
    [
        ("030 1234567", "DE", "+49301234567"),
        ("+49 (0)30 1234567", None, "+49301234567"),
        ("0049 30 1234567", "DE", "+49301234567"),
        ("+1 (415) 555-2671", "DE", "+14155552671"),
        ("030 1234567", None, None),
        ("138 0013 8000", "CN", "+8613800138000"),
        ("030 1234567 ext. 12", "DE", "+49301234567;ext=12"),
        ("call me", "DE", None),
    ],
)
def test_phone_numbers_are_read_in_their_country(typed: str, region: str | None, normal: str | None) -> None:
    assert normal_phone(typed, region) == normal


@given(st.sampled_from(["49", "43", "41", "33", "1", "86"]), st.integers(10**6, 10**11))
def test_the_fast_path_for_phone_numbers_says_what_the_library_says(code: str, number: int) -> None:
    import phonenumbers

    text = f"+{code}{number}"
    parsed = phonenumbers.parse(text)
    if phonenumbers.is_possible_number(parsed):
        assert normal_phone(text) == phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize(
    ("collection", "left", "right"),
    [
        ("emails", "Bo@X.example", "bo@x.example"),
        ("phones", "030 1234567", "+49 30 1234567"),
        ("websites", "HTTP://www.X.example/a/", "https://x.example/a"),
        ("tax_ids", {"scheme": "vat", "value": "DE 136.695.976"}, {"scheme": "vat", "value": "de136695976"}),
        ("messengers", {"kind": "WeChat", "value": "Wei"}, {"kind": "wechat", "value": "wei"}),
        (
            "addresses",
            {"lines": ["Hauptstr. 5"], "city": "Ulm", "country": "DE", "region": "BW"},
            {"lines": ["Hauptstraße 5"], "city": "ULM", "country": "Germany", "phone": "1"},
        ),
        ("tags", "hub:VIP", "hub:vip"),
        ("emails", "n/a", "N/A"),
    ],
)
def test_two_spellings_of_one_element_have_one_key(collection: str, left: Any, right: Any) -> None:
    assert values.key(collection, left, region="DE") == values.key(collection, right, region="DE")


@pytest.mark.parametrize(
    ("collection", "value", "identifies"),
    [
        ("emails", "bo@x.example", True),
        ("emails", "not an email", False),
        ("phones", "030 1234567", True),
        ("phones", "call me", False),
        ("tax_ids", {"scheme": "vat", "value": "DE136695976"}, True),
        ("tax_ids", {"scheme": "vat", "value": "n/a"}, False),
        ("messengers", {"kind": "wechat", "value": "wei"}, True),
        ("addresses", {"city": "Ulm"}, False),
        ("tags", "hub:vip", False),
    ],
)
def test_only_real_keys_identify_somebody(collection: str, value: Any, identifies: bool) -> None:
    assert values.is_match_key(collection, value, region="DE") is identifies


def test_match_keys_come_in_a_fixed_order_without_repeats() -> None:
    found = values.match_keys({"phones": ["030 1234567", "x"], "emails": ["A@x.example", "a@x.example"]}, region="DE")
    assert found == ("email:a@x.example", "phone:+49301234567")


@pytest.mark.parametrize(
    ("kind", "left", "right", "same"),
    [
        ("text", None, None, True),
        ("text", None, "", False),
        ("text", "a", "A", False),
        ("email", "A@x.example", "a@x.example", True),
        ("url", "x.example/", "http://x.example", True),
        ("url", "http://x.example", "https://x.example", False),
        ("url", "www.x.example", "x.example", False),
        ("phone", "+49 30 1234567", "+49301234567", True),
        ("phone", "030 1234567", "+49301234567", False),
        ("address", {"city": "Ulm", "region": "Bayern", "country": "DE"}, {"city": "Ulm", "region": "DE-BY"}, True),
        ("address", {"city": "Ulm", "region": "Bayern", "country": "DE"}, {"region": "DE-HE"}, False),
        ("address", {"lines": ["a"], "city": "Ulm"}, {"lines": ("a",)}, True),
        ("address", {"city": "Ulm"}, {"city": None}, False),
        ("name", {"full": "Eva", "given": "Eva"}, {"full": "Eva"}, True),
        ("name", {"full": "Eva"}, {"full": "EVA"}, False),
        ("tax_id", {"scheme": "vat", "value": "DE 1"}, {"scheme": "vat", "value": "DE1"}, True),
    ],
)
def test_sameness_depends_on_the_kind(kind: str, left: Any, right: Any, same: bool) -> None:
    assert values.same(kind, left, right) is same
    assert values.same(kind, right, left) is same


def test_national_numbers_are_compared_in_their_country() -> None:
    assert values.same("phone", "030 1234567", "+49301234567", region="DE")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("deu", "DE"),
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("德国", "DE"),
        ("Ivory Coast", "CI"),
        ("Österreich", "AT"),
        ("USA", "US"),
        ("Atlantis", None),
    ],
)
def test_countries_are_recognised_by_code_and_name(typed: str, code: str | None) -> None:
    assert country_code(typed) == code


def test_countries_have_names_and_three_letters() -> None:
    assert (english_name("AT"), alpha3("AT"), english_name("XX"), alpha3("XX")) == ("Austria", "AUT", None, None)


@pytest.mark.parametrize(
    ("country", "text", "code"),
    [
        ("DE", "Bayern", "DE-BY"),
        ("DE", "Bavaria", "DE-BY"),
        ("AT", "Bayern", None),
        ("CN", "上海市", "CN-SH"),
        ("US", "TX", "US-TX"),
        ("FR", "FR-BRE", "FR-BRE"),
        ("FR", "DE-BY", None),
        (None, "de-by", "DE-BY"),
        (None, "x", None),
    ],
)
def test_regions_are_resolved_inside_their_country(country: str | None, text: str, code: str | None) -> None:
    assert region_code(country, text) == code


def test_a_region_without_a_table_has_no_name() -> None:
    assert (region_name("DE-BY"), region_name("FR-BRE")) == ("Bayern", None)


@pytest.mark.parametrize(
    ("posix", "tag"),
    [
        ("de", "de"),
        ("zh_CN", "zh-CN"),
        ("sr_RS@latin", "sr-Latn-RS"),
        ("en_US.UTF-8", "en-US"),
        ("es_419", "es-419"),
    ],
)
def test_language_names_of_systems_are_bcp47_inside(posix: str, tag: str) -> None:
    assert to_bcp47(posix) == tag
    assert to_bcp47(to_posix(tag)) == tag


def test_what_is_no_language_is_none() -> None:
    assert to_bcp47("German (Austria)") is None
    assert to_posix("zh-Hans-CN") == "zh_CN"


@pytest.mark.parametrize(
    ("tag", "offered", "chosen"),
    [
        ("de-AT", ["de", "en"], "de"),
        ("zh-TW", ["zh-CN"], None),
        ("zh-HK", ["zh-TW", "zh-CN"], "zh-TW"),
        ("fr", ["de"], None),
        ("pt-BR", ["pt-BR", "pt"], "pt-BR"),
        ("sr-Latn", ["sr-Cyrl"], None),
    ],
)
def test_the_nearest_language_shares_language_and_script(tag: str, offered: list[str], chosen: str | None) -> None:
    assert nearest(tag, offered) == chosen


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1980-04-12", "1980-04-12"),
        ("19800412", "1980-04-12"),
        ("--0412", "--04-12"),
        ("--02-29", "--02-29"),
        ("1980-04-12T00:00:00Z", "1980-04-12"),
        ("2023-02-29", None),
        ("01/02/2024", None),
        ("", None),
    ],
)
def test_dates_may_lack_the_year_but_must_exist(text: str, date: str | None) -> None:
    assert parse_date(text) == date


@pytest.mark.parametrize(
    ("scheme", "value", "valid"),
    [
        ("vat", "DE136695976", True),
        ("vat", "DE123", False),
        ("ein", "04-2103594", True),
        ("loyalty", "1", None),
    ],
)
def test_check_digits_are_known_for_known_schemes(scheme: str, value: str, valid: bool | None) -> None:
    assert tax_id_valid(scheme, value) is valid
