"""What the Odoo sandbox keeps: values, families, imports."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from crmhub_odoo.asking import KEY, NO_NAME, NOW, PARTNER, invalid, jsonrpc, missing, refused
from crmhub_odoo.sandbox import OdooSandbox
from crmhub_odoo.sandbox import errors as server


def rpc(sandbox: OdooSandbox, model: str, method: str, *args: Any, **named: Any) -> Any:
    return jsonrpc(sandbox, "object", "execute_kw", "demo", 6, KEY, model, method, list(args), named)["result"]


def partner(sandbox: OdooSandbox, **values: Any) -> int:
    return int(sandbox.user.create(PARTNER, {"name": "Anna", **values}))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"email": None}, {"email": False}),
        ({"email": ""}, {"email": ""}),
        ({"phone": 43}, {"phone": "43"}),
        ({"comment": "a < b & c"}, {"comment": "<p>a &lt; b &amp; c</p>"}),
        ({"comment": ' <p class="x">a</p>'}, {"comment": ' <p class="x">a</p>'}),
        ({"comment": ""}, {"comment": ""}),
        ({"website": "x.example"}, {"website": "http://x.example"}),
        ({"website": "https://x.example"}, {"website": "https://x.example"}),
        ({"website": ""}, {"website": ""}),
        ({"company_type": "company"}, {"is_company": True, "company_type": "company"}),
        ({"company_type": "person"}, {"is_company": False, "company_type": "person"}),
        ({"is_company": True}, {"company_type": "company", "commercial_company_name": "Anna"}),
        ({"country_id": 1}, {"country_id": 1, "country_code": "AT"}),
        ({"country_id": False}, {"country_id": False, "country_code": False}),
        ({"create_date": "2000-01-01 00:00:00", "write_uid": 2}, {"create_date": NOW, "write_uid": 6}),
        ({"barcode": "1"}, {"barcode": "1"}),
        ({"category_id": [1, 2]}, {"category_id": [1, 2]}),
        ({"category_id": [[4, 1, 0], [4, 1, 0]]}, {"category_id": [3, 1]}),
        ({"category_id": [[4, 3]]}, {"category_id": [3]}),
        ({"category_id": [[3, 3, 0]]}, {"category_id": []}),
        ({"category_id": [[3, 9, 0]]}, {"category_id": [3]}),
        ({"category_id": [[5, 0, 0], [4, 2, 0]]}, {"category_id": [2]}),
        ({"category_id": [[6, 0, [2, 1]]]}, {"category_id": [2, 1]}),
        ({"category_id": []}, {"category_id": []}),
        ({"type": "other", "name": False}, {"name": False}),
        ({"parent_id": 1}, {"parent_id": 1, "commercial_partner_id": 1}),
    ],
)
def test_what_is_kept_of_what_is_written(odoo: OdooSandbox, given: dict[str, Any], kept: dict[str, Any]) -> None:
    for name in "abc":
        odoo.user.create("res.partner.category", {"name": name})
    id = partner(odoo, category_id=[3], country_id=2)
    assert rpc(odoo, PARTNER, "write", [id], given) is True
    found = odoo.user.get(PARTNER, id)
    assert {name: found[name] for name in kept} == kept


def test_a_barcode_belongs_to_one_partner(odoo: OdooSandbox) -> None:
    first, second = partner(odoo, barcode="1"), partner(odoo)
    assert rpc(odoo, PARTNER, "write", [first], {"barcode": "1"}) is True
    taken = invalid("Another partner already has this barcode")
    assert refused(odoo, PARTNER, "write", [second], {"barcode": "1"}) == taken
    assert refused(odoo, PARTNER, "create", {"name": "A", "barcode": "1"}) == taken
    assert rpc(odoo, PARTNER, "create", [{"name": "A"}, {"name": "B"}]) == [second + 2, second + 3], "no id comes twice"


PLACE: dict[str, Any] = {
    "street": "A 1",
    "street2": "b",
    "zip": "1",
    "city": "Wien",
    "state_id": False,
    "country_id": 1,
}
ELSEWHERE: dict[str, Any] = {**PLACE, "street": "B 2", "city": "Graz"}


def place(odoo: OdooSandbox, id: int) -> dict[str, Any]:
    found = odoo.user.get(PARTNER, id)
    return {name: found[name] for name in PLACE}


def test_a_family_of_version_18(odoo: OdooSandbox) -> None:
    """Company, two contacts, an address, a subsidiary; a contact of a contact."""
    company = partner(odoo, name="Acme", is_company=True, vat="ATU1", **PLACE)
    person, other = partner(odoo, parent_id=company), partner(odoo, parent_id=company, street="own", vat="own")
    shop = partner(odoo, name="Shop", parent_id=company, type="delivery", **ELSEWHERE)
    daughter = partner(odoo, name="Sub", parent_id=company, is_company=True)
    child = partner(odoo, parent_id=person)
    assert place(odoo, person) == place(odoo, child) == PLACE
    assert odoo.user.get(PARTNER, other)["type"] == "contact", "an address of its own does not change the kind"
    assert place(odoo, other)["street"] == "own"
    assert place(odoo, other)["city"] is False

    def vats() -> list[Any]:
        return [odoo.user.get(PARTNER, id)["vat"] for id in (company, person, other, shop, daughter, child)]

    assert vats() == ["ATU1", "ATU1", "own", "ATU1", False, "ATU1"]
    odoo.clock.advance(60)
    odoo.user.edit(PARTNER, company, ELSEWHERE)
    assert [place(odoo, id) == ELSEWHERE for id in (person, other, shop, daughter)] == [True, True, True, True]
    stamps = {id: odoo.user.get(PARTNER, id)["write_date"] for id in (person, shop)}
    assert stamps == {person: "2026-01-05 10:01:00", shop: NOW}, "who gets another address was written"
    odoo.user.edit(PARTNER, company, {"vat": "ATU2"})
    assert vats() == ["ATU2", "ATU2", "ATU2", "ATU2", False, "ATU2"]
    odoo.user.edit(PARTNER, person, {"city": "Linz", "vat": "ATU3"})
    assert (place(odoo, company)["city"], vats()[:3]) == ("Graz", ["ATU2", "ATU3", "ATU2"])
    assert place(odoo, child)["city"] == "Linz", "contacts below follow"
    alone = partner(odoo, **ELSEWHERE)
    odoo.user.edit(PARTNER, alone, {"parent_id": company, "city": "Steyr"})
    assert place(odoo, alone) == {**ELSEWHERE, "city": "Steyr"}, "an address that comes along stays"
    odoo.user.edit(PARTNER, alone, {"parent_id": False})
    assert place(odoo, alone)["city"] == "Steyr"
    odoo.user.edit(PARTNER, alone, {"parent_id": company})
    assert place(odoo, alone) == ELSEWHERE
    odoo.user.delete(PARTNER, company)
    assert odoo.user.get(PARTNER, person)["parent_id"] is False
    assert odoo.user.get(PARTNER, child)["parent_id"] == person


def test_a_family_of_version_19(new: OdooSandbox) -> None:
    company = partner(new, name="Acme", is_company=True, vat="ATU1", **PLACE)
    person, sister = partner(new, parent_id=company), partner(new, parent_id=company)
    own = partner(new, parent_id=company, **ELSEWHERE)
    assert (new.user.get(PARTNER, own)["type"], place(new, own)) == ("other", ELSEWHERE)
    assert new.user.get(PARTNER, person)["type"] == "contact"
    new.clock.advance(60)
    new.user.edit(PARTNER, person, {"city": "Linz"})
    cities = [place(new, id)["city"] for id in (company, person, sister, own)]
    assert cities == ["Linz", "Linz", "Linz", "Graz"], "up to the company, down to its other contacts"
    assert new.user.get(PARTNER, company)["write_date"] == "2026-01-05 10:01:00"
    new.user.edit(PARTNER, sister, {"vat": "ATU9"})
    assert [new.user.get(PARTNER, id)["vat"] for id in (company, person, sister, own)] == ["ATU9"] * 4
    new.user.edit(PARTNER, own, {"city": "Wels"})
    assert place(new, company)["city"] == "Linz", "an address of another kind stays where it is"


def load(odoo: OdooSandbox, columns: list[str], *rows: list[Any], model: str = PARTNER) -> Any:
    return rpc(odoo, model, "load", columns, list(rows))


def test_an_import_says_which_rows_are_wrong(odoo: OdooSandbox) -> None:
    found = load(
        odoo, ["id", "name", "is_company", "lang"], ["m.a", "A", "", ""], ["m.b", "", "", ""], ["m.c", "C", "maybe", ""]
    )

    def message(number: int, text: str) -> dict[str, Any]:
        rows = {"from": number, "to": number}
        return {"type": "error", "message": text, "record": number, "rows": rows, "field": False}

    boolean = "Unknown value 'maybe' for boolean field 'is_company'"
    assert found == {"ids": False, "messages": [message(1, NO_NAME[1]), message(2, boolean)], "nextrow": 0}
    assert rpc(odoo, PARTNER, "search", [["id", ">", 4]]) == []
    good = load(odoo, ["id", "name"], ["m.a", "A"], ["m.b", "B"])
    (first, second) = good["ids"]
    assert good == {"ids": [first, second], "messages": [], "nextrow": 0}
    assert rpc(odoo, "ir.model.data", "check_object_reference", "m", "b") == [PARTNER, second]
    (row,) = rpc(odoo, "ir.model.data", "search_read", [["name", "=", "a"]], ["module", "model", "res_id", "noupdate"])
    assert {**row, "id": 0} == {"id": 0, "module": "m", "model": PARTNER, "res_id": first, "noupdate": False}
    wrong = load(odoo, ["id", "name"], ["m.a", "x"], model="res.partner.category")
    text = "Record external id m.a is of the model res.partner"
    assert wrong["messages"][0]["message"] == text
    odoo.user.delete(PARTNER, first)
    assert load(odoo, ["id", "name"], ["m.a", "A"])["ids"] != [first], "what was deleted is made anew"


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("1", True),
        ("TRUE", True),
        ("yes", True),
        ("0", False),
        ("False", False),
        ("no", False),
        ("", False),
        (None, False),
    ],
)
def test_booleans_of_an_import_are_words(odoo: OdooSandbox, cell: Any, kept: bool) -> None:
    ((id),) = load(odoo, ["name", "is_company"], ["A", cell])["ids"]
    assert odoo.user.get(PARTNER, id)["is_company"] is kept
    bad = load(odoo, ["name", "is_company"], ["A", True])
    assert bad["messages"][0]["message"] == "Unknown value True for boolean field 'is_company'"


def test_an_import_takes_ids_of_the_database(odoo: OdooSandbox) -> None:
    id = partner(odoo)
    assert load(odoo, [".id", "name", "country_id/.id"], [str(id), "B", "1"])["ids"] == [id]
    found = odoo.user.get(PARTNER, id)
    assert (found["name"], found["country_id"]) == ("B", 1)
    assert load(odoo, [".id", "phone"], [str(id), ""])["ids"] == [id]
    assert odoo.user.get(PARTNER, id)["phone"] is False
    assert load(odoo, ["name"], ["C"], ["D"])["ids"] == [id + 1, id + 2]
    assert refused(odoo, PARTNER, "load", [".id"], [["99"]]) == missing(PARTNER, 99)


def test_archived_contacts_are_not_shown_by_their_company(odoo: OdooSandbox) -> None:
    id = partner(odoo, parent_id=1)
    assert odoo.user.get(PARTNER, 1)["child_ids"] == [2, 3, 4, id]
    odoo.user.archive(PARTNER, id)
    assert odoo.user.get(PARTNER, 1)["child_ids"] == [2, 3, 4]
    assert rpc(odoo, PARTNER, "search", ["|", ["active", "=", False], ["id", "=", 1]], order="id") == [1, id]
    assert rpc(odoo, PARTNER, "search_count", [], context={"active_test": True}) == 4
    assert rpc(odoo, PARTNER, "search_count", [], context={"lang": "de_DE"}) == 4
    assert rpc(odoo, PARTNER, "search_count", [], context={"active_test": False}) == 5


@pytest.mark.parametrize(
    ("error", "name", "status", "fault"),
    [
        (server.UserError("x"), "odoo.exceptions.UserError", 422, 2),
        (server.ValidationError("x"), "odoo.exceptions.ValidationError", 422, 2),
        (server.MissingError("m", 1), "odoo.exceptions.MissingError", 404, 2),
        (server.AccessError("x"), "odoo.exceptions.AccessError", 403, 4),
        (server.AccessDenied(), "odoo.exceptions.AccessDenied", 403, 3),
        (server.PythonError("KeyError", "x"), "builtins.KeyError", 500, 1),
        (server.Unfit("x"), "builtins.TypeError", 422, 1),
        (server.HttpError(404, "NotFound", "x"), "werkzeug.exceptions.NotFound", 404, 1),
    ],
)
def test_errors_have_a_number_in_each_way_of_calling(
    error: server.OdooError, name: str, status: int, fault: int
) -> None:
    assert (error.name, error.status, error.fault) == (name, status, fault)


def test_tags_have_parents_of_their_own(odoo: OdooSandbox) -> None:
    above = rpc(odoo, "res.partner.category", "create", {"name": "a"})
    below = rpc(odoo, "res.partner.category", "create", {"name": "b", "parent_id": above})
    names = ["name", "display_name", "parent_id", "active"]
    (row,) = rpc(odoo, "res.partner.category", "read", [below], names)
    assert row == {"id": below, "name": "b", "display_name": "a / b", "parent_id": [above, "a"], "active": True}
    third = rpc(odoo, "res.partner.category", "create", {"name": "c", "parent_id": below})
    assert rpc(odoo, "res.partner.category", "name_search", "c") == [[third, "a / b / c"]]
    assert rpc(odoo, "res.partner.category", "write", [below], {"parent_id": False}) is True


def test_what_a_person_needs_is_told(odoo: OdooSandbox) -> None:
    assert requests.get(f"{odoo.url}/_sandbox", timeout=10).json() == {
        "name": "odoo",
        "title": "Odoo 16 to 19, external APIs",
        "url": odoo.url,
        "settings": {"url": odoo.url, "database": "demo"},
        "credentials": {"login": "hub", "api_key": KEY},
    }


def test_a_database_is_filled_when_somebody_has_entered_a_partner(odoo: OdooSandbox) -> None:
    assert odoo.is_filled() is False
    partner(odoo)
    assert odoo.is_filled() is True
