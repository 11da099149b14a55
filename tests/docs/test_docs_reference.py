"""The generated parts of the documentation are those of the code."""

from __future__ import annotations

import re

from hub import hookspecs
from hub.canonical.schema import COLLECTIONS
from hub.config.settings import COMMON
from hub.contract.records import Capabilities
from hub.loader import load
from hub.mapping.parse import _TOP
from hub.mapping.parse_lines import LINE_KEYS
from hub.sync.policy import Guards
from tests.docs.pages import DOCS, ROOT, generated
from tests.docs.reference import GENERATORS, commands, hook_signatures, outdated


def test_the_generated_parts_are_up_to_date() -> None:
    found = outdated()
    assert not found, "run: python -m tests.docs.reference\n" + "\n".join(found[:60])


def test_every_generated_part_is_on_its_page_and_no_other() -> None:
    for name, parts in GENERATORS.items():
        assert set(generated(DOCS / name)) == set(parts), name


def test_every_command_has_an_example_and_is_documented() -> None:
    text = (DOCS / "command-line.md").read_text()
    for name, command in commands():
        assert f"### {name}\n" in text
        assert (command.epilog or "").startswith(f"Example: crmhub {name}"), name


def test_every_capability_and_every_hook_is_explained() -> None:
    text = generated(DOCS / "plugin-authors.md")
    for name in Capabilities.__dataclass_fields__:
        row = next(line for line in text["capabilities"].splitlines() if line.startswith(f"| `{name}` |"))
        assert len(row.split("|")[3].strip()) > 10, f"{name} is not explained in hub.contract.records"
    assert {name for name, _, _ in hook_signatures()} == {n for n in vars(hookspecs) if n.startswith("hub_")}


def test_every_property_of_a_mapping_is_explained() -> None:
    text = (DOCS / "mappings.md").read_text()
    properties = text.partition("## Properties of a line")[2].partition("\n## ")[0]
    unused = {"unknown", "create"}  # accepted, but without effect in this version
    assert {name for name in LINE_KEYS if f"`{name}`" not in properties and f"`{name} =" not in properties} == unused
    for name in _TOP - set(COLLECTIONS) - {"extends"}:
        assert f"`{name}" in text or f"`[{name}" in text or f"`[[{name}" in text, name


def test_every_error_code_that_a_person_may_meet_is_explained() -> None:
    text = (DOCS / "admin-guide.md").read_text()
    for guard in ("first_sync", "deletes", "rules_changed"):
        assert f"`{guard}`" in text


def test_every_setting_of_a_sync_and_a_connection_is_in_the_guide() -> None:
    text = (DOCS / "admin-guide.md").read_text()
    for name in {*COMMON, *Guards.__dataclass_fields__, "delete_any", "no_create", "reconcile", "skew", "authority"}:
        assert re.search(rf"\b{name}\b", text), name


def test_the_table_of_connectors_matches_the_plugins() -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("## Connectors")[2].partition("\n## ")[0]
    listed = {line.split("](")[1].split(")")[0] for line in table.splitlines() if line.startswith("| [")}
    offering = [file for file in ROOT.glob("plugins/*/*/plugin.py") if "hub_connectors" in file.read_text()]
    assert listed == {f"plugins/{file.parent.parent.name}/README.md" for file in offering}


def test_the_table_of_sandboxes_matches_the_plugins() -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("## Sandboxes")[2].partition("\n## ")[0]
    listed = {line.split("[")[1].split("]")[0] for line in table.splitlines() if line.startswith("| [")}
    assert listed == set(load().sandboxes)
