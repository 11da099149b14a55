"""Names: two views of one value, and never a split by guess (rules S1 to S6)."""

from __future__ import annotations

from typing import Any

import pytest

from hub.canonical.names import align, complete, format_name, name_tokens, rebuild

EVA = complete({"given": "Eva", "family": "Roth", "prefix": "Dr.", "nickname": "Evi"})
RUIZ = complete({"full": "Maria del Mar Ruiz"})


@pytest.mark.parametrize(
    ("parts", "language", "full"),
    [
        ({"given": "Eva", "family": "Roth"}, None, "Eva Roth"),
        ({"given": "Eva", "middle": "J.", "family": "Roth"}, None, "Eva J. Roth"),
        ({"given": "伟", "family": "王"}, None, "王伟"),
        ({"given": "민수", "family": "김"}, None, "김민수"),
        ({"given": "Wei", "family": "Wang"}, "zh", "Wei Wang"),
        ({"given": "János", "family": "Kovács"}, "hu", "Kovács János"),
        ({"given": "Eva", "family": "Roth", "order": "family-first"}, None, "Roth Eva"),
        ({"family": "Cher"}, None, "Cher"),
        ({}, None, None),
    ],
)
def test_parts_are_formatted_by_order_script_and_language(parts: Any, language: Any, full: Any) -> None:
    assert format_name(parts, language=language) == full


@pytest.mark.parametrize(
    ("full", "given", "family"),
    [
        ("Eva Roth", "Eva", "Roth"),
        ("Dr. Eva Roth", "Eva", "Roth"),
        ("Roth Eva", "Eva", "Roth"),
        ("Eva Meyer", "Eva", "Meyer"),
        ("Ada Roth", "Ada", "Roth"),
        ("Eva van der Berg", "Eva", "van der Berg"),
    ],
)
def test_an_edit_of_one_part_is_recognised_in_the_full_name(full: str, given: str, family: str) -> None:
    found = align(full, EVA)
    assert found is not None
    assert (found["given"], found["family"]) == (given, family)


@pytest.mark.parametrize("full", ["Ada Meyer", "Eva Maria Roth", "Eva", "欧阳娜娜"])
def test_what_could_be_read_in_two_ways_is_not_split(full: str) -> None:
    assert align(full, EVA) is None


def test_a_chinese_name_keeps_its_known_part() -> None:
    parts = {"given": "伟", "family": "王"}
    assert align("李伟", parts) == {"given": "伟", "middle": None, "family": "李"}
    assert align("李强", parts) is None


@pytest.mark.parametrize(
    ("shown", "sent", "changed", "expected"),
    [
        # what is shown first is taken as it is
        ({"full": "Eva Roth"}, None, set(), {"full": "Eva Roth", "given": None, "form": "full"}),
        ({"given": "Eva", "family": "Roth"}, None, set(), {"full": "Eva Roth", "form": "parts"}),
        ({"full": "Bobby", "given": "Robert", "family": "Li"}, None, set(), {"full": "Bobby", "given": "Robert"}),
        # nothing changed: golden's richness stays
        ({"full": "Eva Roth"}, EVA, set(), EVA),
        # a full-only system
        ({"full": "Eva Meyer"}, EVA, {"full"}, {**EVA, "family": "Meyer", "full": "Eva Meyer"}),
        (
            {"full": "Ada Lovelace"},
            EVA,
            {"full"},
            {**EVA, "full": "Ada Lovelace", "given": None, "family": None, "form": "full"},
        ),
        ({"full": "Dr. Eva Roth"}, EVA, {"full"}, EVA),
        ({"full": "Maria Ruiz"}, RUIZ, {"full"}, {**RUIZ, "full": "Maria Ruiz"}),
        # a parts-only system
        ({"given": "Ada", "family": "Roth"}, EVA, {"given"}, {**EVA, "given": "Ada", "full": "Ada Roth"}),
        ({"given": None, "family": "Maria Ruiz"}, RUIZ, {"family"}, {**RUIZ, "full": "Maria Ruiz"}),
        (
            {"given": "Maria del Mar", "family": "Ruiz"},
            RUIZ,
            {"given", "family"},
            {**RUIZ, "given": "Maria del Mar", "family": "Ruiz", "form": "parts"},
        ),
        # both
        (
            {"full": "Ada B. Roth", "given": "Ada", "family": "Roth"},
            EVA,
            {"full", "given"},
            {**EVA, "given": "Ada", "full": "Ada B. Roth"},
        ),
        (
            {"full": "Evi R.", "prefix": "Prof.", "given": "Eva", "family": "Roth"},
            EVA,
            {"prefix"},
            {**EVA, "prefix": "Prof."},
        ),
        (
            {"full": "Dr. Eva Roth", "given": "Eva", "family": "Roth", "prefix": "Dr."},
            complete({"full": "Dr. Eva Roth"}),
            {"given", "family", "prefix"},
            {**EVA, "full": "Dr. Eva Roth", "nickname": None},
        ),
        # cleared
        ({"full": None}, EVA, {"full"}, EVA),
        ({"full": None}, RUIZ, {"full"}, complete({})),
        (
            {"given": None, "family": None},
            EVA,
            {"given", "family"},
            {**complete({}), "prefix": "Dr.", "nickname": "Evi"},
        ),
    ],
)
def test_the_golden_name_is_rebuilt_from_what_a_system_shows(
    shown: Any, sent: Any, changed: set[str], expected: dict[str, Any]
) -> None:
    rebuilt = rebuild(shown, sent, changed)
    assert {member: rebuilt[member] for member in expected} == expected
    assert set(rebuilt) == set(EVA)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Eva Roth", "ROTH, Éva"),
        ("Jürgen Groß", "juergen gross"),
        (EVA, "Eva Roth"),
    ],
)
def test_tokens_forget_case_accents_order_and_punctuation(left: Any, right: Any) -> None:
    assert name_tokens(left) == name_tokens(right)


def test_names_without_spaces_have_their_parts_as_tokens_too() -> None:
    assert name_tokens(complete({"given": "伟", "family": "王"})) == {"王伟", "王", "伟"}
