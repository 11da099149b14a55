"""Column headers in English, German and Chinese -> the normal column names.  What is ambiguous is asked.  Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from hub.plugin import ConfigError

OWN_KEY: Final = "crmhub_id"
HOUSE_NUMBER: Final = "house number"
"""German and Dutch files keep it in a column of its own; the records show it at the end of the street."""

_SYNONYMS: Final[dict[str, str]] = {
    "id": "id, customer id, customer no, customer number, external id, kundennummer, kunden-nr, kdnr, kd-nr, nr,"
    "编号, 客户编号, 客户id",
    "kind": "kind, type, customer type, art, kundentyp, kundenart, 类型, 客户类型",
    "name": "name, full name, contact name, customer name, display name, ansprechpartner, vollständiger name,"
    "姓名, 名称, 客户名称, 联系人, 联系人姓名",
    "first name": "first name, given name, forename, vorname, 名",
    "last name": "last name, surname, family name, nachname, familienname, zuname, 姓, 姓氏",
    "salutation": "salutation, prefix, name prefix, anrede, titel, 称谓, 称呼",
    "email": "email, e-mail, email address, e-mail address, mail, email 1, e-mail-adresse, mailadresse,"
    "邮箱, 电子邮箱, 电子邮件, 邮件",
    "email 2": "email 2, e-mail 2, second email, other email, zweite e-mail",
    "phone": "phone, phone number, tel, telephone, work phone, business phone, landline, telefon, telefonnummer,"
    "festnetz, telefon geschäftlich, 电话, 座机, 固定电话, 联系电话",
    "mobile": "mobile, mobile phone, cell, cell phone, mobil, mobiltelefon, handy, handynummer,"
    "手机, 手机号, 手机号码, 移动电话",
    "fax": "fax, fax number, telefax, faxnummer, 传真",
    "company": "company, company name, organization, organisation, account, employer, firma, unternehmen, firmenname,"
    "公司, 公司名称, 单位, 企业名称",
    "job title": "job title, position, funktion, 职位, 职务",
    "department": "department, abteilung, 部门",
    "street": "street, address, address 1, address line 1, street address, strasse, str, adresse, anschrift,"
    "straße und hausnummer, straße und nr, 地址, 详细地址, 街道, 联系地址",
    "street 2": "street 2, address 2, address line 2, adresszusatz, postfach",
    HOUSE_NUMBER: "house number, hausnummer, haus-nr",
    "postal code": "postal code, postcode, zip, zip code, plz, postleitzahl, 邮编, 邮政编码",
    "city": "city, town, ort, stadt, wohnort, 城市, 市",
    "region": "region, state, province, bundesland, kanton, 省, 省份, 州",
    "district": "district, county, landkreis, ortsteil, 区, 区县, 县",
    "country": "country, land, staat, 国家, 国家/地区",
    "birthday": "birthday, date of birth, birth date, dob, geburtsdatum, geburtstag, 生日, 出生日期",
    "gender": "gender, sex, geschlecht, 性别",
    "language": "language, sprache, 语言",
    "website": "website, web site, url, homepage, webseite, 网站, 网址",
    "vat id": "vat id, vat, vat number, tax id, ein, ust-idnr, ust-id, umsatzsteuer-id, steuernummer,"
    "税号, 纳税人识别号, 统一社会信用代码",
    "wechat": "wechat, 微信, 微信号",
    "notes": "notes, note, remarks, comment, comments, notiz, notizen, bemerkung, bemerkungen, 备注, 说明",
    "tags": "tags, groups, labels, schlagworte, gruppe, gruppen, 标签",
    "source": "source, lead source, quelle, herkunft, 来源, 客户来源",
    OWN_KEY: OWN_KEY,
}

NORMAL: Final = tuple(name for name in _SYNONYMS if name != HOUSE_NUMBER)
"""The normal column names, in the order in which a new file gets them."""

_REPEATED = re.compile(r"#\d+\Z")
_BRACKETS = re.compile(r"[(\[（【].*?[)\]）】]")


def fold(header: str) -> str:
    """Headers that differ in case, width, spaces or punctuation are one."""
    text = unicodedata.normalize("NFKC", header).casefold().replace("ß", "ss")
    return "".join(char for char in text if char.isalnum())


_NORMAL_OF: Final = {fold(synonym): name for name, words in _SYNONYMS.items() for synonym in words.split(",")}
_AMBIGUOUS: Final[dict[str, tuple[str, ...]]] = {
    "名字": ("name", "first name"),
    "title": ("salutation", "job title"),
}


def known(header: str) -> bool:
    """Whether a header says something to us (used to tell encodings and delimiters apart)."""
    return fold(header) in _NORMAL_OF or fold(header) in _AMBIGUOUS


def unique_labels(headers: Sequence[str]) -> list[str]:
    """Headers made unique: an empty one by its place, a repeated one by "#2"."""
    labels: list[str] = []
    for place, header in enumerate(headers, 1):
        label = header.strip() or f"column {place}"
        count = 1 + sum(1 for other in labels if other == label or other.startswith(f"{label}#"))
        labels.append(label if count == 1 else f"{label}#{count}")
    return labels


def resolve(labels: Sequence[str], answers: Mapping[str, str], *, where: str) -> dict[str, str]:
    """Label -> column name: a normal name, or the label itself where we do not know it.

    answers: the setting ``columns``: label -> normal name, or "" to keep the label as it is.
    Raises ConfigError naming every question with its choices.
    """
    columns: dict[str, str] = {}
    questions: list[str] = []
    for label in labels:
        name, choices = _meaning(label, answers)
        columns[label] = name
        if choices:
            questions.append(_question(label, choices))
    questions += _shared(columns) + _bare_name(columns, answers)
    if questions:
        raise ConfigError("Some columns are ambiguous: " + "; ".join(questions), where=where, hint=_HINT)
    return columns


_HINT: Final = 'Answer with columns = { "HEADER" = "NAME" }, or "" as NAME to keep a column as it is'


def _meaning(label: str, answers: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The column's name and, where that is a question, the choices."""
    if label in answers:
        return answers[label] or label, ()
    header = _REPEATED.sub("", label)
    folded, bare = fold(header), fold(_BRACKETS.sub("", header))
    for key in (folded, bare):
        if key in _AMBIGUOUS:
            return label, _AMBIGUOUS[key]
        if key in _NORMAL_OF:
            name = _NORMAL_OF[key]
            inside = _NORMAL_OF.get(fold("".join(_BRACKETS.findall(label))), name)
            return (name, ()) if key == folded or inside == name else (label, (name, inside))
    return label, ()


def _question(label: str, choices: Sequence[str]) -> str:
    return f'"{label}" may be {" or ".join(choices)}'


def _shared(columns: Mapping[str, str]) -> list[str]:
    """Two columns with one meaning."""
    by_name: dict[str, list[str]] = {}
    for label, name in columns.items():
        by_name.setdefault(name, []).append(label)
    shared = {name: labels for name, labels in by_name.items() if len(labels) > 1}
    return ['"' + '" and "'.join(labels) + f'" both mean {name}' for name, labels in shared.items()]


def _bare_name(columns: Mapping[str, str], answers: Mapping[str, str]) -> list[str]:
    """ "Name" beside "Vorname" is the last name in most German files, the full name in others."""
    names = set(columns.values())
    label = next((label for label, name in columns.items() if name == "name"), None)
    if label is None or label in answers or all(label == name for label, name in columns.items() if name in NORMAL):
        return []  # a file in our own spelling leaves no doubt
    if "first name" not in names or "last name" in names:
        return []
    return [_question(label, ("last name", "name"))] if fold(label) == "name" else []
