"""What the default mapping makes of a row."""

from __future__ import annotations

from pathlib import Path

import pytest

import crmhub_files
from hub.mapping.compile import compile_mapping
from hub.mapping.parse import parse_mapping

MAPPING = Path(crmhub_files.__file__).parent / "mappings" / "files.customers.toml"


@pytest.mark.parametrize(
    ("row", "kind"),
    [({"kind": "Firma"}, "organisation"), ({"kind": "individual"}, "person"), ({"kind": ""}, None), ({}, None)],
)
def test_a_row_that_says_what_it_is_about_is_believed_and_one_that_does_not_says_nothing(
    row: dict[str, str], kind: str | None
) -> None:
    """A company that only a sheet knew became a person, and every row counted as a person."""
    mapping = compile_mapping(
        parse_mapping(MAPPING.read_text(encoding="utf-8"), name="files.customers", file=str(MAPPING))
    )
    assert mapping.fields["kind"].direction == "both"
    view = mapping.get({"name": "ACME", **row})
    assert view is not None
    assert view.fields.get("kind") == kind
    assert "kind" not in view.defaults
