"""Mapping files: everything wrong is said at once, with its line and the nearest right spelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.mapping.compile import compile_mapping
from hub.mapping.errors import MappingError
from hub.mapping.parse import parse_mapping
from hub.mapping.registry import load_mappings
from hub.mapping.spec import MappingSpec
from hub.mapping.toml_lines import key_lines

HEAD = """version = 1
system = "shop"
resource = "customers"
record = "customer"
"""


def parsed(body: str, shipped: MappingSpec | None = None) -> MappingSpec:
    return parse_mapping(HEAD + body, name="shop.customers", file="shop.toml", shipped=shipped)


def problems(body: str) -> list[str]:
    with pytest.raises(MappingError) as error:
        compile_mapping(parsed(body))
    return [str(issue) for issue in error.value.issues]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[feilds]\n", "shop.toml:5: unknown key 'feilds'; did you mean 'fields'?"),
        ('[fields]\nnotse = "x"\n', "shop.toml:6: unknown canonical field 'notse'; did you mean 'notes'?"),
        (
            '[fields]\nname.famly = "x"\n',
            "shop.toml:6: unknown canonical field 'name.famly'; did you mean 'name.family'?",
        ),
        ('[fields]\nnotes = { att = "x" }\n', "notes: unknown key 'att'; did you mean 'at'?"),
        ('[fields]\nnotes = { at = "x", max = "9" }\n', "notes: max must be a number"),
        ('[fields]\nnotes = { at = "x", direction = "reed" }\n', "did you mean 'read'?"),
        ("[fields]\nnotes = { max = 3 }\n", "notes: give exactly one of at, const"),
        ('[fields]\nnotes = { at = "x", as = "texxt" }\n', "unknown transform pair 'texxt'; did you mean 'text'?"),
        (
            '[fields]\nnotes = { at = "x", as = "phone(loud)" }\n',
            "phone takes one of: raw, e164, digits, international",
        ),
        ('[fields]\nnotes = { at = "x", as = "region | text" }\n', "text cannot follow region"),
        ('[fields]\nnotes = { at = ["x", "y"] }\n', "text and 2 paths do not fit together"),
        ('[fields]\nnotes = "x"\nsource = "x"\n', "shop.toml:7: source: 'x' is already written by notes"),
        ('[fields]\nname.full = { at = "x", required = true }\n', "a required name needs a placeholder"),
        ('[fields]\nname.full = { at = "x", max = 3, placeholder = "Unknown" }\n', "longer than max = 3"),
        ('[fields]\nname.given = "a"\nname.family = { at = "b", direction = "create" }\n', "different directions"),
        ('[fields]\nname.form = "x"\n', "name.form is derived"),
        ('[fields]\nstatus = { at = "x", map = "state" }\n', "there is no table [maps.state]"),
        ('[fields]\nstatus = { at = "x", map = { active = 1, archived = 1 } }\n', "must be one to one"),
        ('[fields]\ncompany = { ref = "r", at = "x", as = "text" }\n', "a reference has no as or map"),
        ('[fields]\nwebsite = "x"\n[websites]\nlist = "y"\n', "show the same thing"),
        ('[emails.slots]\nmail = { pick = "first" }\n', "unknown pick 'first'"),
        ('[emails.slots]\nmail = { pick = "scheme:vat" }\n', "emails have no scheme"),
        ('[tax_ids.slots]\nmail = { pick = "label:work" }\n', "tax_ids have no labels"),
        ('[emails]\nvalue = "x"\n', 'emails: needs list = "native list" or [emails.slots]'),
        ('[emails]\nlist = "x"\nlabels = "y"\n', "emails: unknown key 'labels'; did you mean 'label'?"),
        ('[tax_ids]\nlist = "x"\nvalue = "y"\n', "nothing says the scheme of an element"),
        ('[addresses.children]\nresource = "x"\n', "[addresses.children] is not supported by this version"),
        ('[memberships]\nlist = "x"\n', "[memberships] is not supported by this version"),
        ('[consents.email_marketing]\nat = "x"\nwrite = { granted = true }\n', "the hub never widens a consent"),
        ('[consents.email_marketing]\nat = "x"\nread = { yes = "granted" }\n', "only with evidence.captured_at"),
        (
            '[consents.email_marketing]\nat = "x"\nread = { no = "denied" }\nevidence = { captured_at = { at = "when" } }\n',
            "evidence.captured_at is a native path, not {'at': 'when'}",
        ),
        ('[consents.email_marketing]\nat = "x"\nread = { no = "deneid" }\n', "did you mean 'denied'?"),
        ('[[example]]\nname = "x"\nnative = {}\nreads = { notes = "" }\n', "'notes' is not mapped here"),
        ('[[example]]\nname = "x"\n', "needs name, native, reads"),
    ],
)
def test_a_mistake_is_explained_with_its_place(body: str, message: str) -> None:
    assert any(message in problem for problem in problems(body)), problems(body)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version = 1\nsystem = ", "shop.toml:2: not valid TOML"),
        ('version = 2\nsystem = "s"\nresource = "r"\nrecord = "customer"\n', "version = 1 is the only version"),
        (
            'version = 1\nsystem = "s"\nresource = "r"\nrecord = "order"\n',
            'only record = "customer" and record = "interaction" are supported',
        ),
        (
            'version = 1\nsystem = "s"\nresource = "r"\nrecord = "customer"\nmatch = ["emial"]\n',
            "did you mean 'email'?",
        ),
        ('version = 1\nrecord = "customer"\n', "resource is missing"),
        ('extends = "shipped"\n', "there is none"),
    ],
)
def test_a_file_says_what_it_maps(text: str, message: str) -> None:
    with pytest.raises(MappingError) as error:
        parse_mapping(text, name="shop.customers", file="shop.toml")
    assert message in str(error.value)


def test_all_problems_come_in_one_pass_in_the_order_of_the_file() -> None:
    found = problems('macth = []\n[fields]\nnotse = "x"\nsource = { max = 1 }\n[emails.slots]\nmail = { pick = "x" }\n')
    assert [line.split(":")[1] for line in found] == ["5", "7", "8", "10"]


def test_lines_are_found_in_spite_of_comments_strings_and_brackets() -> None:
    text = 'a = "[x]" # [y]\n[t]\nb = [\n  "c = 1",\n]\n"d.e" = 1\nf.g = """\nh = 2\n"""\n[[u]]\ni = {j = 1}\n'
    assert key_lines(text) == {
        ("a",): 1,
        ("t",): 2,
        ("t", "b"): 3,
        ("t", "d.e"): 6,
        ("t", "f", "g"): 7,
        ("u",): 10,
        ("u", "i"): 11,
    }


def test_an_extending_file_changes_adds_and_removes_single_lines() -> None:
    shipped = parsed(
        '[fields]\nname.full = "name"\nname.prefix = "title"\nnotes = "memo"\n'
        '[emails.slots]\nmail = { pick = "primary" }\nmail2 = { pick = "next" }\n[tags]\nlist = "t"\n'
    )
    own = parse_mapping(
        'extends = "shipped"\ntags = false\n[fields]\n"name.prefix" = false\nnotes = "comment"\n'
        'source = "origin"\n[emails.slots]\nmail2 = false\n',
        name="shop.customers",
        file="own.toml",
        shipped=shipped,
    )
    assert sorted(own.fields) == ["name.full", "notes", "source"]
    assert own.fields["notes"][0].at == ("comment",)
    assert [slot.name for slot in own.collections["emails"].slots] == ["mail"]
    assert "tags" not in own.collections
    assert compile_mapping(own).hash != compile_mapping(shipped).hash


def test_a_users_file_replaces_or_extends_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    own.mkdir()
    (shipped / "a.toml").write_text(HEAD + '[fields]\nnotes = "memo"\n')
    (shipped / "b.toml").write_text(HEAD + '[fields]\nnotes = "memo"\n')
    (own / "a.toml").write_text('extends = "shipped"\n[fields]\nsource = "origin"\n')
    (own / "b.toml").write_text(HEAD + '[fields]\nsource = "origin"\n')
    found = load_mappings([shipped, tmp_path / "missing"], own=[own])
    assert sorted(found["a"].fields) == ["notes", "source"]
    assert sorted(found["b"].fields) == ["source"]


def test_the_problems_of_all_files_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[[[")
    (tmp_path / "b.toml").write_bytes(b"\xff")
    with pytest.raises(MappingError) as error:
        load_mappings([tmp_path, tmp_path])
    assert {Path(issue.file).name for issue in error.value.issues} == {"a.toml", "b.toml"}


def test_the_hash_ignores_examples_and_comments_but_not_lines() -> None:
    plain = compile_mapping(parsed('[fields]\nnotes = "memo"\n')).hash
    example = '[[example]]\nname = "x"\nnative = {}\nreads = {}\n'
    assert compile_mapping(parsed('[fields]\nnotes = "memo" # why\n' + example)).hash == plain
    assert compile_mapping(parsed('[fields]\nnotes = { at = "memo", max = 9 }\n')).hash != plain
