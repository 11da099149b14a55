"""OdooRPC, the client of the Odoo Community Association, talks to the Odoo sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import odoorpc
import pytest

from crmhub_odoo.sandbox import OdooSandbox, OdooSwitches
from hub.testing.sandbox import running


@pytest.fixture(params=["16.0", "18.0", "19.0"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[OdooSandbox]:
    with running(OdooSandbox(switches=OdooSwitches(version=request.param))) as found:
        yield found


@pytest.fixture
def odoo(sandbox: OdooSandbox) -> Any:
    client = odoorpc.ODOO("127.0.0.1", port=int(sandbox.url.rpartition(":")[2]))
    client.login("demo", "hub", "crmhub-sandbox-api-key")
    return client


def test_it_signs_in(sandbox: OdooSandbox, odoo: Any) -> None:
    assert odoo.version == sandbox.switches.version
    assert (odoo.env.uid, odoo.env.user.name, odoo.env.lang) == (6, "CRM Hub", "en_US")
    assert "res.partner" in odoo.env
    assert "res.moon" not in odoo.env
    other = odoorpc.ODOO("127.0.0.1", port=odoo.port)
    with pytest.raises(odoorpc.error.RPCError, match="Wrong login"):
        other.login("demo", "hub", "wrong")


def test_it_browses_and_writes_records(sandbox: OdooSandbox, odoo: Any) -> None:
    partners = odoo.env["res.partner"]
    germany = odoo.env["res.country"].search([("code", "=", "DE")])[0]
    company = partners.create({"name": "Acme", "is_company": True, "country_id": germany, "city": "Berlin"})
    id = partners.create({"name": "Anna", "parent_id": company})
    record = partners.browse(id)
    assert (record.name, record.email, record.parent_id.name, record.city) == ("Anna", False, "Acme", "Berlin")
    assert record.country_id.code == "DE"
    assert record.write_date.year >= 2026
    record.email = "anna@x.example"
    assert sandbox.user.get("res.partner", id)["email"] == "anna@x.example"
    assert [child.id for child in partners.browse(company).child_ids] == [id]
    tag = odoo.env["res.partner.category"].create({"name": "vip"})
    record.category_id += odoo.env["res.partner.category"].browse(tag)
    assert sandbox.user.get("res.partner", id)["category_id"] == [tag]
    assert partners.unlink([id]) is True
    assert partners.search([("id", "=", id)]) == []


def test_it_names_errors_and_respects_the_context(sandbox: OdooSandbox, odoo: Any) -> None:
    partners = odoo.env["res.partner"]
    with pytest.raises(odoorpc.error.RPCError) as caught:
        partners.create({"email": "a@x.example"})
    assert caught.value.info["data"]["name"] == "odoo.exceptions.ValidationError"
    id = partners.create({"name": "Old", "active": False})
    assert partners.search([("id", "=", id)]) == []
    assert partners.with_context(active_test=False).search([("id", "=", id)]) == [id]
    loaded = partners.load(["id", "name"], [["__crmhub__.p_1", "Anna"]])
    assert odoo.env.ref("__crmhub__.p_1").id == loaded["ids"][0]
