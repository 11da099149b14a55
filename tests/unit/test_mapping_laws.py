"""The laws of mappings: every shipped mapping keeps them, and each of six typical faults breaks one."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.mapping import elements, rows
from hub.mapping.compile import compile_mapping
from hub.mapping.compiled import CompiledMapping
from hub.mapping.draft import Draft
from hub.mapping.laws import check, golden_laws, triangle
from hub.mapping.leaf import Leaf
from hub.mapping.pairs import Env, Refused, Transform
from hub.mapping.parse import parse_mapping
from hub.mapping.registry import load_mappings
from hub.mapping.rules import get_put, totality, with_ids
from hub.mapping.samples import GENERATORS, sample_golden, sample_native
from hub.mapping.slots import SlotsCollection
from hub.mapping.spec import MappingSpec
from hub.mapping.transforms import Registry, as_line
from hub.mapping.transforms import email as email_pair
from hub.mapping.view import CollectionChange, Row

PLUGINS = Path(__file__).parents[2] / "plugins"
SHIPPED = load_mappings(sorted(PLUGINS.glob("*/*/mappings")))
COMPILED = {name: compile_mapping(spec, region="DE") for name, spec in SHIPPED.items()}

ODOO = """
version = 1
system = "odoo"
resource = "res.partner"
record = "customer"
own_key = "ref"
match = ["own_key", "email"]
empty = false
select = { type = ["contact"] }

[fields]
kind = { at = "is_company", map = { organisation = true, person = false }, direction = "create" }
status = { at = "active", map = { active = true, archived = false } }
name.full = { at = "name", required = true, placeholder = "Unknown", max = 40 }
company = { ref = "res.partner", at = "parent_id" }
company_text = { at = "company_name", only_when = { parent_id = false } }
job.title = { at = "function", max = 20 }
language = { at = "lang", as = "language(posix)", server_default = true }
notes = { at = "comment", as = "html" }
birth_date = { at = "birthdate", as = "date(full)" }
website = { at = "website", as = "url" }

[emails.slots]
email = { pick = "primary", as = "email" }
email_2 = { pick = "next", as = "email" }

[phones.slots]
mobile = { pick = "label:mobile", as = "phone" }
phone = { pick = "primary", as = "phone" }

[addresses.slots.main]
pick = "label:registered, label:work, primary"
only_when = { parent_id = false }
lines = { at = ["street", "street2"], as = "lines(fields)" }
postal_code = "zip"
city = "city"

[tax_ids.slots]
vat = { pick = "scheme:vat", as = "taxid(vat)", only_when = { parent_id = false } }

[consents.email_marketing]
at = "is_blacklisted"
read = { true = "withdrawn" }
write = { withdrawn = true, denied = true }

[[example]]
name = "an employee does not own the company's address and tax id"
native = { type = "contact", name = "Bo", parent_id = [7, "ACME"], street = "HQ 1", city = "Berlin", vat = "DE1" }
reads = { "name.full" = "Bo" }
absent = ["addresses", "tax_ids", "company_text"]

[[example]]
name = "a company owns them"
native = { type = "contact", name = "ACME", is_company = true, active = true, parent_id = false, vat = "DE1" }
reads = { kind = "organisation", status = "active", tax_ids = { vat = { scheme = "vat", value = "DE1" } } }

[[example]]
name = "false is empty, but not for yes and no"
native = { type = "contact", name = false, function = false, active = false }
reads = { "name.full" = "", "job.title" = "", status = "archived" }
"""

TAX_LIST = """
version = 1
system = "erp"
resource = "party"
record = "customer"

[fields]
name.full = "name"

[tax_ids]
list = "identifiers"
id = "id"
where = { type = ["eu_vat", "us_ein"] }
scheme = { at = "type", map = { vat = "eu_vat", ein = "us_ein" } }
value = "code"
"""


def made(text: str, registry: Registry | None = None) -> tuple[MappingSpec, CompiledMapping]:
    spec = parse_mapping(text, name="test", file="test.toml")
    return spec, compile_mapping(spec, region="DE", registry=registry)


def broken_laws(text: str, registry: Registry | None = None) -> set[str]:
    spec, mapping = made(text, registry)
    return {violation.law for violation in check(mapping, spec, examples=60).violations}


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_mapping_keeps_every_law(name: str) -> None:
    report = check(COMPILED[name], SHIPPED[name], examples=100, seed=1)
    assert report.ok, str(report)


@pytest.mark.parametrize("name", sorted(SHIPPED))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random=st.randoms(use_true_random=False))
def test_what_the_hub_writes_is_what_it_reads(name: str, random: Random) -> None:
    mapping = COMPILED[name]
    broken = list(golden_laws(mapping, sample_golden(random, mapping), sample_golden(random, mapping), random))
    assert not broken, "\n".join(map(str, broken))


@pytest.mark.parametrize("name", sorted(SHIPPED))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random=st.randoms(use_true_random=False))
def test_whatever_a_system_sends_is_read_and_left_alone(name: str, random: Random) -> None:
    mapping = COMPILED[name]
    native = sample_native(random, mapping)
    broken = [*totality(mapping, native), *get_put(mapping, native)]
    assert not broken, "\n".join(map(str, broken))


@pytest.mark.parametrize("first", sorted(SHIPPED))
@pytest.mark.parametrize("second", sorted(SHIPPED))
def test_a_record_taken_to_another_system_and_back_changes_nothing(first: str, second: str) -> None:
    random = Random(3)
    for _ in range(60):
        golden = sample_golden(random, COMPILED[first])
        put = COMPILED[first].put(_create(COMPILED[first], golden), None)
        native = with_ids(COMPILED[first].apply(None, put.data), COMPILED[first])
        assert not list(triangle(COMPILED[first], COMPILED[second], native))


def _create(mapping: CompiledMapping, golden: Any) -> Any:
    from hub.mapping.rules import whole_change

    return whole_change(mapping, golden, None)


def test_the_unchanged_test_mappings_keep_every_law_but_the_number_of_examples() -> None:
    assert broken_laws(ODOO) == set()
    assert broken_laws(TAX_LIST) == {"Examples"}


def test_a_placeholder_that_is_read_back_as_a_value_breaks_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Leaf.of

    def of(self: Leaf, native: Any, *place: Any) -> Any:
        return native if native == self.line.placeholder else right(self, native, *place)

    monkeypatch.setattr(Leaf, "of", of)
    assert "Blank" in broken_laws(ODOO)


def test_slots_that_move_up_break_sticky(monkeypatch: pytest.MonkeyPatch) -> None:
    right = SlotsCollection.put

    def put(self: SlotsCollection, change: CollectionChange, draft: Draft) -> None:
        shown = self.get(draft.base, [])
        new = [row for row in change.edit.values() if row.value is not None]
        kept = [
            Row(place.value)
            for index, place in enumerate(shown)
            if index not in change.edit and place.value is not None
        ]
        packed = [*new, *kept, *[Row(None)] * len(shown)]
        right(self, CollectionChange(edit=dict(enumerate(packed[: len(shown) or len(new)]))), draft)

    monkeypatch.setattr(SlotsCollection, "put", put)
    assert "Sticky" in broken_laws(ODOO)


def test_a_wrong_default_type_on_a_list_row_breaks_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    right = elements.CodedElement.change

    def change(self: Any, row: Any, value: Any, *, new: bool, held: list[str]) -> Any:
        natives = right(self, row, value, new=new, held=held)
        return self._value.change(row, value["value"], new=new) if isinstance(natives, Refused) else natives

    monkeypatch.setattr(elements.CodedElement, "change", change)
    monkeypatch.setattr(rows, "condition", lambda allowed: None)
    assert "Refuse" in broken_laws(TAX_LIST)


def test_a_value_cut_to_fit_breaks_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def fitting(self: Leaf, natives: tuple[Any, ...]) -> Any:
        return tuple(native[: self.max] if self.max and isinstance(native, str) else native for native in natives)

    monkeypatch.setattr(Leaf, "_fitting", fitting)
    assert "Refuse" in broken_laws(ODOO)


def test_a_missing_condition_on_a_derived_value_breaks_an_example() -> None:
    without = ODOO.replace('as = "taxid(vat)", only_when = { parent_id = false }', 'as = "taxid(vat)"')
    assert without != ODOO
    assert broken_laws(without) == {"Examples"}


def test_an_email_that_is_written_in_capitals_breaks_exact() -> None:
    class Shouting(Registry):
        def make(self, expression: str, env: Env) -> Transform:
            if expression != "email":
                return super().make(expression, env)
            right = email_pair((), env)
            return Transform("email", right.get, lambda value: as_line(value.upper()), exact="email")

    assert "Exact" in broken_laws(ODOO, Shouting())


def test_every_pair_declares_a_known_exact_domain_and_its_examples_hold() -> None:
    registry = Registry()
    arguments = {"lookup": "(table, name)"}
    for name in sorted(registry.names):
        pair = registry.make(name + arguments.get(name, ""), Env(table={"a": "A"}, region="DE"))
        assert pair.exact == "table" or pair.exact in GENERATORS
        place = ("DE",) if pair.placed else ()
        for native, value in pair.examples:
            assert pair.get(native, *place) == value, f"{name}: {native!r}"
        for seed in range(30):
            value = "a" if pair.exact == "table" else GENERATORS[pair.exact](Random(seed))
            assert pair.get(pair.put(value, *place), *place) == value, f"{name}: {value!r}"


def test_a_report_names_coverage_and_shows_the_smallest_example(monkeypatch: pytest.MonkeyPatch) -> None:
    right = as_line
    monkeypatch.setattr("hub.mapping.transforms.as_line", lambda native: right(native) and str(right(native))[:3])
    spec, mapping = made(TAX_LIST.replace('"name"', '{ at = "name", as = "email" }'))
    report = check(mapping, spec, examples=20, required=["name", "code"])
    assert not report.ok
    assert report.coverage == "2 of 31 fields mapped, 1 required unmapped"
    assert "name" in str(report)
