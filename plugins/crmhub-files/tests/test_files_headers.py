"""Headers in three languages become the normal column names; what is ambiguous is asked, never guessed."""

from __future__ import annotations

import pytest

from crmhub_files.headers import NORMAL, fold, resolve, unique_labels
from hub.plugin import ConfigError


def names(*labels: str, **answers: str) -> list[str]:
    return list(resolve(unique_labels(labels), answers, where="f.csv").values())


@pytest.mark.parametrize(
    ("labels", "normal"),
    [
        ("Kundennummer", "id"),
        ("KdNr.", "id"),
        ("客户编号", "id"),
        ("E-Mail", "email"),
        ("E-Mail-Adresse", "email"),
        ("EMAIL ADDRESS", "email"),
        ("电子邮箱", "email"),
        ("Email 2", "email 2"),
        ("first_name", "first name"),
        ("Vorname", "first name"),
        ("Nachname", "last name"),
        ("姓", "last name"),
        ("联系人姓名", "name"),
        ("Straße", "street"),
        ("STRASSE", "street"),
        ("Straße und Hausnummer", "street"),
        ("Adresszusatz", "street 2"),
        ("PLZ", "postal code"),
        ("Ort", "city"),
        ("国家/地区", "country"),
        ("Land", "country"),
        ("Tel.", "phone"),
        ("Telefon (geschäftlich)", "phone"),
        ("Handy", "mobile"),
        ("手机号码", "mobile"),
        ("Firma", "company"),
        ("职务", "job title"),
        ("USt-IdNr.", "vat id"),
        ("统一社会信用代码", "vat id"),
        ("Geburtsdatum", "birthday"),
        ("Anrede", "salutation"),
        ("微信号", "wechat"),
        ("Bemerkung", "notes"),
        ("Ｎａｍｅ", "name"),
        ("Umsatz 2024", "Umsatz 2024"),
        ("", "column 1"),
    ],
)
def test_a_header_has_one_meaning(labels: str, normal: str) -> None:
    assert names(labels) == [normal]


@pytest.mark.parametrize("normal", NORMAL)
def test_a_normal_name_means_itself(normal: str) -> None:
    assert names(normal) == [normal]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["名字"], "name or first name"),
        (["Title"], "salutation or job title"),
        (["Email", "E-Mail"], "both mean email"),
        (["Email", "Email"], '"Email" and "Email#2" both mean email'),
        (["Name", "Vorname"], "last name or name"),
        (["Anrede", "Titel"], "both mean salutation"),
        (["Name (Firma)"], "name or company"),
    ],
)
def test_what_is_ambiguous_is_asked_with_the_setting_that_answers(labels: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        names(*labels)
    assert "columns = {" in caught.value.hint


def test_an_answer_settles_a_question() -> None:
    assert names("名字", "名字", **{"名字": "name", "名字#2": ""}) == ["name", "名字#2"]
    assert names("Name", "Vorname", Name="last name") == ["last name", "first name"]
    assert names("Title", Title="job title") == ["job title"]
    assert names("Whatever", Whatever="notes") == ["notes"]


def test_folding_ignores_case_width_spaces_and_punctuation() -> None:
    assert fold(" E-Mail_Adresse (1) ") == fold("ｅmail adresse 1")
