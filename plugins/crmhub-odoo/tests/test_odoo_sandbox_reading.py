"""What the Odoo sandbox shows, whole: domains, orders, records, fields, rights."""

from __future__ import annotations

from typing import Any

import pytest

from crmhub_odoo.asking import KEY, NOW, PARTNER, forbidden, jsonrpc, refused
from crmhub_odoo.sandbox import OdooSandbox


def rpc(sandbox: OdooSandbox, model: str, method: str, *args: Any, **named: Any) -> Any:
    return jsonrpc(sandbox, "object", "execute_kw", "demo", 6, KEY, model, method, list(args), named)["result"]


def partner(sandbox: OdooSandbox, **values: Any) -> int:
    return int(sandbox.user.create(PARTNER, {"name": "Anna", **values}))


@pytest.mark.parametrize(
    ("domain", "codes"),
    [
        ([["phone_code", "=", 43]], ["AT"]),
        ([["phone_code", "!=", 43]], ["CH", "CN", "DE", "FR", "GB", "US"]),
        ([["phone_code", ">", 49]], ["CN"]),
        ([["phone_code", ">=", 49]], ["CN", "DE"]),
        ([["phone_code", "<", 33]], ["US"]),
        ([["phone_code", "<=", 33]], ["FR", "US"]),
        ([["phone_code", "in", [1, 33]]], ["FR", "US"]),
        ([["phone_code", "not in", [1, 33, 41, 43, 44]]], ["CN", "DE"]),
        ([["name", "like", "land"]], ["CH"]),
        ([["name", "like", "aUstria"]], []),
        ([["name", "ilike", "aUstria"]], ["AT"]),
        ([["name", "not like", "n"]], ["AT"]),
        ([["name", "not ilike", "u"]], ["CH", "CN", "DE", "FR"]),
        ([["name", "=like", "F%"]], ["FR"]),
        ([["name", "=like", "f%"]], []),
        ([["name", "=ilike", "f%"]], ["FR"]),
        ([["name", "=like", "Chin_"]], ["CN"]),
        ([["name", "like", "a.s"]], []),
        ([["name", "=", ""]], []),
        ([["name", "=", False]], []),
        (["|", ["code", "=", "AT"], ["code", "=", "CH"]], ["AT", "CH"]),
        (["&", ["code", "=", "AT"], ["code", "=", "CH"]], []),
        (["&", ["code", "=", "AT"], ["phone_code", "=", 43]], ["AT"]),
        (["|", "|", ["code", "=", "AT"], ["code", "=", "CH"], ["code", "=", "US"]], ["AT", "CH", "US"]),
        (["|", "&", ["code", "=", "AT"], ["phone_code", "=", 1], ["code", "=", "US"]], ["US"]),
        (["!", "|", ["phone_code", ">", 1], ["code", "=", "AT"]], ["US"]),
        ([["id", "child_of", 1]], ["AT"]),
        ([["id", "child_of", [1, 2]]], ["AT", "CH"]),
        ([[1, "=", 1], ["code", "=", "AT"]], ["AT"]),
        ([[1, "!=", 1]], []),
        ([[0, "=", 1]], []),
    ],
)
def test_domains_over_countries(odoo: OdooSandbox, domain: list[Any], codes: list[str]) -> None:
    rows = rpc(odoo, "res.country", "search_read", domain, ["code"], order="code")
    assert [row["code"] for row in rows] == sorted(codes)
    assert rpc(odoo, "res.country", "search_count", domain) == len(codes)


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ([["phone", "=", False]], ["Bo", "Cy"]),
        ([["phone", "!=", False]], ["Anna"]),
        ([["phone", "=", ""]], ["Bo", "Cy"]),
        ([["phone", ">", "0"]], ["Anna"]),
        ([["phone", "<", "9"]], ["Anna"]),
        ([["phone", ">", False]], []),
        ([["phone", "like", "1"]], ["Anna"]),
        ([["phone", "not like", "1"]], ["Bo", "Cy"]),
        ([["phone", "not like", "7"]], ["Anna", "Bo", "Cy"]),
        ([["phone", "in", [False]]], ["Bo", "Cy"]),
        ([["category_id", "=", 1]], ["Anna"]),
        ([["category_id", "!=", 1]], ["Bo", "Cy"]),
        ([["category_id", "in", [1, 2]]], ["Anna", "Bo"]),
        ([["category_id", "not in", [1]]], ["Bo", "Cy"]),
        ([["category_id", "=", False]], ["Cy"]),
        ([["category_id", "!=", False]], ["Anna", "Bo"]),
        ([["category_id.name", "=", "vip"]], ["Anna"]),
        ([["category_id.name", "not ilike", "VI"]], ["Bo", "Cy"]),
        ([["parent_id.name", "=", "My Company"]], ["Cy"]),
        ([["parent_id.email", "=", False]], ["Anna", "Bo", "Cy"]),
        ([["parent_id", "child_of", 1]], ["Cy"]),
        ([["child_ids.name", "=", "Cy"]], []),
        ([["parent_id.child_ids.name", "=", "CRM Hub"]], ["Cy"]),
        ([["parent_id.child_ids", "in", [2, 99]]], ["Cy"]),
        ([["is_company", "=", True]], ["Bo"]),
        ([["is_company", "=", False]], ["Anna", "Cy"]),
        ([["company_type", "=", "company"]], ["Bo"]),
        ([["commercial_partner_id", "=", 1]], ["Cy"]),
        ([["commercial_company_name", "=", "Bo"]], ["Bo"]),
        ([["create_date", "=", "2026-01-05 10:00:00.250000"]], ["Anna", "Bo", "Cy"]),
        ([["create_date", "=", NOW]], []),
    ],
)
def test_domains_over_partners(odoo: OdooSandbox, domain: list[Any], names: list[str]) -> None:
    """Anna has a phone and the tag 1, Bo is a company with the tag 2, Cy works for company 1."""
    for name in ("vip", "old"):
        odoo.user.create("res.partner.category", {"name": name})
    partner(odoo, phone="123", category_id=[[4, 1]])
    partner(odoo, name="Bo", is_company=True, category_id=[2])
    partner(odoo, name="Cy", parent_id=1)
    rows = rpc(odoo, PARTNER, "search_read", [["id", ">", 4], *domain], ["name"], order="name")
    assert [row["name"] for row in rows] == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (None, ["anna", "Bo", "Cy"]),
        ("id", ["Cy", "anna", "Bo"]),
        ("id desc", ["Bo", "anna", "Cy"]),
        ("name", ["anna", "Bo", "Cy"]),
        ("name DESC", ["Cy", "Bo", "anna"]),
        ("phone, id", ["Cy", "Bo", "anna"]),
        ("phone desc, id", ["anna", "Cy", "Bo"]),
        ("phone desc,id desc", ["anna", "Bo", "Cy"]),
        ("is_company desc, name", ["Bo", "anna", "Cy"]),
    ],
)
def test_orders(odoo: OdooSandbox, order: str | None, names: list[str]) -> None:
    for values in ({"name": "Cy"}, {"name": "anna", "phone": "1"}, {"name": "Bo", "is_company": True}):
        odoo.user.create(PARTNER, values)
    rows = rpc(odoo, PARTNER, "search_read", [["id", ">", 4]], ["name"], order=order)
    assert [row["name"] for row in rows] == names


@pytest.mark.parametrize(
    ("named", "ids"),
    [
        ({"limit": 2}, [1, 2]),
        ({"offset": 5}, [6, 7]),
        ({"offset": 1, "limit": 1}, [2]),
        ({"limit": None}, [1, 2, 3, 4, 5, 6, 7]),
        ({"limit": 0}, [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_parts_of_a_list(odoo: OdooSandbox, named: dict[str, Any], ids: list[int]) -> None:
    assert rpc(odoo, "res.country", "search", [], **named) == ids
    assert [row["id"] for row in rpc(odoo, "res.country", "search_read", [], ["code"], **named)] == ids
    assert rpc(odoo, "res.country", "search_count", [], limit=3) == 3


def test_a_partner_is_shown_whole(odoo: OdooSandbox, new: OdooSandbox) -> None:
    for sandbox in (odoo, new):
        tag = sandbox.user.create("res.partner.category", {"name": "vip"})
        id = rpc(sandbox, PARTNER, "create", {"name": "Anna", "parent_id": 1, "category_id": [[6, 0, [tag]]], "ref": 7})
        texts = ("street", "street2", "zip", "city", "email", "phone", "website", "function", "vat", "barcode")
        more = ("state_id", "country_id", "country_code", "tz", "comment", "industry_id", "user_id", "company_id")
        old = {"mobile": False, "title": False, "company_name": False, "company_type": "person"}
        assert rpc(sandbox, PARTNER, "read", [id]) == [
            {
                "id": id,
                "display_name": "My Company, Anna",
                "create_date": NOW,
                "write_date": NOW,
                "create_uid": [6, "CRM Hub"],
                "write_uid": [6, "CRM Hub"],
                "name": "Anna",
                "complete_name": "My Company, Anna",
                "active": True,
                "type": "contact",
                "is_company": False,
                "parent_id": [1, "My Company"],
                "child_ids": [],
                "commercial_partner_id": [1, "My Company"],
                "commercial_company_name": "My Company",
                "ref": "7",
                "company_registry": False,
                "lang": "en_US",
                "category_id": [tag],
                **dict.fromkeys((*texts, *more), False),
                **({"parent_name": "My Company"} if sandbox is new else old),
            }
        ]
        (plain,) = rpc(sandbox, PARTNER, "read", id, ["parent_id", "write_uid"], None)
        assert plain == {"id": id, "parent_id": 1, "write_uid": 6}
        (false,) = rpc(sandbox, PARTNER, "read", [id], ["parent_id"], load=False)
        assert false == {"id": id, "parent_id": 1}
    bare = partner(odoo, name="Solo", company_name="Solo & Co", mobile="1")
    fields = ["commercial_partner_id", "commercial_company_name", "mobile", "category_id"]
    (row,) = rpc(odoo, PARTNER, "read", [bare], fields)
    assert row == {
        "id": bare,
        "commercial_partner_id": [bare, "Solo"],
        "commercial_company_name": "Solo & Co",
        "mobile": "1",
        "category_id": [],
    }


def test_names_of_addresses_say_their_kind(odoo: OdooSandbox) -> None:
    ids = [
        odoo.user.create(PARTNER, {"name": name, "parent_id": 1, **more})
        for name, more in ((False, {"type": "delivery"}), ("Shop", {"type": "delivery"}), ("Own", {"is_company": True}))
    ]
    names = [row["display_name"] for row in rpc(odoo, PARTNER, "read", ids, ["display_name"])]
    assert names == ["My Company, Delivery Address", "My Company, Shop", "Own"]
    found = rpc(odoo, PARTNER, "name_search", "shop")
    assert found == [[ids[1], "My Company, Shop"]]
    assert rpc(odoo, PARTNER, "name_search", "Shop", [["type", "=", "other"]]) == []
    assert rpc(odoo, PARTNER, "name_search", "SHOP", operator="like") == []
    assert len(rpc(odoo, PARTNER, "name_search", "", limit=2)) == 2
    assert len(rpc(odoo, PARTNER, "name_search")) == 7


def test_fields_are_described_whole(odoo: OdooSandbox) -> None:
    common = {"required": False, "readonly": False, "store": True, "searchable": True, "sortable": True, "help": False}
    names = ["name", "state_id", "child_ids", "category_id", "type", "write_date", "company_registry"]
    assert rpc(odoo, PARTNER, "fields_get", names) == {
        "name": {"name": "name", "type": "char", "string": "Name", **common},
        "company_registry": {"name": "company_registry", "type": "char", "string": "Company Registry", **common},
        "write_date": {
            "name": "write_date",
            "type": "datetime",
            "string": "Last Updated on",
            **common,
            "readonly": True,
        },
        "state_id": {
            "name": "state_id",
            "type": "many2one",
            "string": "State",
            **common,
            "relation": "res.country.state",
            "domain": [],
            "context": {},
        },
        "child_ids": {
            "name": "child_ids",
            "type": "one2many",
            "string": "Contact",
            **common,
            "sortable": False,
            "relation": "res.partner",
            "domain": [],
            "context": {},
            "relation_field": "parent_id",
        },
        "category_id": {
            "name": "category_id",
            "type": "many2many",
            "string": "Tags",
            **common,
            "sortable": False,
            "relation": "res.partner.category",
            "domain": [],
            "context": {},
        },
        "type": {
            "name": "type",
            "type": "selection",
            "string": "Address Type",
            **common,
            "selection": [
                ["contact", "Contact"],
                ["invoice", "Invoice Address"],
                ["delivery", "Delivery Address"],
                ["other", "Other Address"],
            ],
        },
    }
    assert rpc(odoo, "res.country", "fields_get", attributes=["required", "type"])["name"] == {
        "required": True,
        "type": "char",
    }
    assert rpc(odoo, PARTNER, "fields_get", ["vat"], ["string"]) == {"vat": {"string": "Vat"}}


WRITABLE = {
    # field: (type, whether it is only read), of res.partner in 18
    "id": ("integer", True),
    "display_name": ("char", True),
    "create_date": ("datetime", True),
    "write_date": ("datetime", True),
    "create_uid": ("many2one", True),
    "write_uid": ("many2one", True),
    "name": ("char", False),
    "complete_name": ("char", True),
    "active": ("boolean", False),
    "type": ("selection", False),
    "is_company": ("boolean", False),
    "parent_id": ("many2one", False),
    "child_ids": ("one2many", False),
    "commercial_partner_id": ("many2one", True),
    "commercial_company_name": ("char", True),
    **dict.fromkeys(("street", "street2", "zip", "city", "email", "phone", "website"), ("char", False)),
    **dict.fromkeys(("function", "vat", "ref", "barcode", "company_registry", "mobile"), ("char", False)),
    "state_id": ("many2one", False),
    "country_id": ("many2one", False),
    "country_code": ("char", True),
    "lang": ("selection", False),
    "tz": ("selection", False),
    "comment": ("html", False),
    "category_id": ("many2many", False),
    "industry_id": ("many2one", False),
    "user_id": ("many2one", False),
    "company_id": ("many2one", False),
    "title": ("many2one", False),
    "company_name": ("char", False),
    "company_type": ("selection", False),
}


def test_which_fields_there_are_and_which_can_be_written(odoo: OdooSandbox, new: OdooSandbox) -> None:
    def kinds(sandbox: OdooSandbox) -> dict[str, tuple[str, bool]]:
        found = rpc(sandbox, PARTNER, "fields_get", [], ["type", "readonly"])
        return {name: (item["type"], item["readonly"]) for name, item in found.items()}

    assert kinds(odoo) == WRITABLE
    gone = ("mobile", "title", "company_name", "company_type")
    newer = {name: item for name, item in WRITABLE.items() if name not in gone}
    assert kinds(new) == {**newer, "parent_name": ("char", True)}
    for sandbox, count in ((odoo, 13), (new, 12)):
        models = rpc(sandbox, "ir.model", "search_read", [], ["model", "name"])
        assert len(models) == count
        assert models[0] == {"id": 1, "model": PARTNER, "name": PARTNER}
        assert ("res.partner.title" in [row["model"] for row in models]) is (sandbox is odoo)
    wanted = [["model", "=", "res.country.state"], ["name", "in", ["name", "country_id"]]]
    rows = rpc(odoo, "ir.model.fields", "search_read", wanted, None)
    system = dict.fromkeys(("create_date", "write_date", "create_uid", "write_uid"), False)
    assert [{name: value for name, value in row.items() if name not in ("id", *system)} for row in rows] == [
        {
            "display_name": "name",
            "model": "res.country.state",
            "name": "name",
            "ttype": "char",
            "field_description": "Name",
            "relation": False,
            "required": True,
            "readonly": False,
        },
        {
            "display_name": "country_id",
            "model": "res.country.state",
            "name": "country_id",
            "ttype": "many2one",
            "field_description": "Country",
            "relation": "res.country",
            "required": False,
            "readonly": False,
        },
    ]


def test_small_methods(odoo: OdooSandbox) -> None:
    defaults = {"active": True, "type": "contact", "lang": "en_US", "is_company": False}
    assert rpc(odoo, PARTNER, "default_get", [*defaults, "name"]) == defaults
    assert rpc(odoo, "res.country", "default_get", ["active", "type"]) == {"active": True}
    assert rpc(odoo, PARTNER, "exists", [1, 99, 2]) == [1, 2]
    assert rpc(odoo, PARTNER, "has_access", [1], "write") is True
    assert rpc(odoo, "res.country", "has_access", [1], "write") is False
    assert rpc(odoo, "res.country", "check_access_rights", "read") is True
    assert refused(odoo, "res.country", "check_access_rights", "unlink") == forbidden("unlink", "res.country")
    odoo.switches.read_missing = "drop"
    assert rpc(odoo, PARTNER, "read", [1, 99], ["name"]) == [{"id": 1, "name": "My Company"}]


@pytest.mark.parametrize(
    ("taken", "method", "args"),
    [
        ("read", "search", [[]]),
        ("read", "search_count", [[]]),
        ("read", "read", [[1]]),
        ("read", "name_search", [""]),
        ("create", "create", [{"name": "A"}]),
        ("create", "load", [["name"], [["A"]]]),
        ("edit", "write", [[1], {}]),
        ("delete", "unlink", [[99]]),
    ],
)
def test_rights_that_were_taken_away(odoo: OdooSandbox, taken: str, method: str, args: list[Any]) -> None:
    odoo.switches.no_permission = (f"{PARTNER}.{taken}",)
    word = {"edit": "write", "delete": "unlink"}.get(taken, taken)
    assert refused(odoo, PARTNER, method, *args) == forbidden(word, PARTNER)
    assert rpc(odoo, "res.country", "search_count") == 7


@pytest.mark.parametrize(
    "model", ["res.country", "res.country.state", "res.lang", "ir.model", "ir.model.fields", "res.company", "res.users"]
)
def test_an_admin_may_write_what_others_only_read(odoo: OdooSandbox, model: str) -> None:
    assert rpc(odoo, model, "check_access_rights", "write", raise_exception=False) is False
    args = ["demo", 2, "admin", model, "check_access_rights", ["write"], {"raise_exception": False}]
    assert jsonrpc(odoo, "object", "execute_kw", *args) == {"result": True}
    assert rpc(odoo, "res.partner.category", "check_access_rights", "write") is True
