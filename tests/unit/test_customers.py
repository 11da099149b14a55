"""The golden record as the typed customer of the canonical schema."""

from __future__ import annotations

from uuid import UUID

import pytest
from pydantic import ValidationError

from hub.state import Cell, Collection, Element, Golden, Link
from hub.sync.customers import to_customer

GID = "01a2006f-b640-7ace-8225-c77a0c31b3a7"
RUN = "01a2006f-d9fe-747d-a8e1-51ac3ffeaa9e"


def element(eid: str, value: object, *labels: str) -> Element:
    attrs = {"labels": Cell(labels)} if labels else {}
    return Element(eid, Cell(value, "erp", 1, 1_790_000_000.0, "new", False, RUN), attrs)


def golden(**fields: object) -> Golden:
    values = {
        "name": {"full": "Anna Berg", "given": "Anna", "family": "Berg", "form": "parts"},
        "kind": "person",
    } | fields
    cells = {
        name.replace("__", "."): Cell(value, "erp", 1, 1_790_000_000.0, "edit", False, RUN)
        for name, value in values.items()
    }
    return Golden(GID, fields=cells)


def test_everything_that_the_engine_holds_has_its_place() -> None:
    record = golden(
        notes="tea",
        job__title="CEO",
        company_text="ACME",
        custom__shoe_size="38",
        consents__email_marketing="withdrawn",
        lifecycle__stage="customer",
        birth_date="--04-12",
        language="zh_CN",
    )
    emails = {"e1": element("e1", "anna@x.example", "work"), "e2": element("e2", "gone@x.example")}
    emails["e2"].alive = False
    record.collections["emails"] = Collection(emails, Cell("e1"))
    address = {"lines": ["Hauptstr. 1"], "city": "Berlin", "country": "DE", "district": None}
    record.collections["addresses"] = Collection({"a1": element("a1", address, "home")})
    record.collections["tags"] = Collection({"t1": element("t1", "hub:vip")})
    links = [Link("erp", "party", "7", GID), Link("book", "card", "x.vcf", GID, "excluded", reason="deleted in book")]
    customer = to_customer(record, links)
    assert (customer.id, customer.name.full, customer.kind) == (UUID(GID), "Anna Berg", "person")
    assert [item.value for item in customer.emails] == ["anna@x.example"]
    assert customer.primary_email == 0
    assert (customer.addresses[0].city, customer.addresses[0].labels) == ("Berlin", frozenset({"home"}))
    assert customer.primary_address is None
    assert customer.job is not None
    assert (customer.job.title, customer.job.company_text) == ("CEO", "ACME")
    assert customer.consent("email", "marketing") == "withdrawn"
    assert (customer.tags[0].namespace, customer.tags[0].name) == ("hub", "vip")
    assert dict(customer.custom) == {"shoe_size": "38"}
    assert customer.language == "zh-CN"
    assert [item.id for item in customer.external_ids] == ["7"]
    why = customer.provenance["notes"]
    assert (why.system, why.rule, why.run) == ("erp", "edit", RUN)
    assert why.received_at.year == 2026, "the run's id tells when"


def test_an_organisation_has_a_full_name_only() -> None:
    name = {"full": "ACME GmbH", "given": None, "family": None, "form": "full"}
    assert to_customer(golden(kind="organisation", name=name), []).name.full == "ACME GmbH"


def test_a_dead_record_says_so() -> None:
    record = golden()
    record.state = "dead"
    assert to_customer(record, []).state == "deleted"


def test_a_value_outside_the_schema_is_named() -> None:
    with pytest.raises(ValidationError, match="birth_date"):
        to_customer(golden(birth_date="the day before yesterday"), [])
