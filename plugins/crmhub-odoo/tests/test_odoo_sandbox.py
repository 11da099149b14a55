"""The Odoo sandbox answers as the server does, in each version and by each way of calling."""

from __future__ import annotations

import xmlrpc.client
from pathlib import Path
from typing import Any

import pytest
import requests

from crmhub_odoo.sandbox import OdooSandbox
from hub.testing.sandbox import running


class Fault(Exception):
    """An error of JSON-RPC: its name and message."""


def rpc(sandbox: OdooSandbox, model: str, method: str, *args: Any, **named: Any) -> Any:
    params = {
        "service": "object",
        "method": "execute_kw",
        "args": ["demo", 6, "crmhub-sandbox-api-key", model, method, list(args), named],
    }
    answer = requests.post(
        f"{sandbox.url}/jsonrpc", timeout=10, json={"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
    )
    assert answer.status_code == 200
    if "error" in answer.json():
        data = answer.json()["error"]["data"]
        raise Fault(data["name"], data["message"])
    return answer.json()["result"]


def partner(sandbox: OdooSandbox, **values: Any) -> int:
    return sandbox.user.create("res.partner", {"name": "Anna", **values})


def test_empty_is_false_references_are_pairs_and_times_are_utc(odoo: OdooSandbox) -> None:
    (germany,) = rpc(odoo, "res.country", "search", [["code", "=", "DE"]])
    id = rpc(odoo, "res.partner", "create", {"name": "Anna", "country_id": germany})
    names = ["name", "email", "country_id", "country_code", "write_date", "child_ids"]
    (record,) = rpc(odoo, "res.partner", "read", [id], names)
    assert record == {
        "id": id,
        "name": "Anna",
        "email": False,
        "country_id": [germany, "Germany"],
        "country_code": "DE",
        "write_date": "2026-01-05 10:00:00",
        "child_ids": [],
    }
    (plain,) = rpc(odoo, "res.partner", "search_read", [["id", "=", id]], fields=["country_id"], load=False)
    assert plain["country_id"] == germany


def test_limit_and_offset_cut_a_list(odoo: OdooSandbox) -> None:
    ids = [partner(odoo, name=f"N{number}") for number in range(4)]
    own = [["id", "in", ids]]
    assert rpc(odoo, "res.partner", "search", own, limit=2, order="id") == ids[:2]
    assert rpc(odoo, "res.partner", "search", own, offset=3, order="id") == ids[3:]
    rows = rpc(odoo, "res.partner", "search_read", own, ["name"], offset=1, limit=2, order="id")
    assert [row["id"] for row in rows] == ids[1:3]


def test_the_code_of_an_error_depends_on_the_version(odoo: OdooSandbox, new: OdooSandbox) -> None:
    for sandbox, code in ((odoo, 200), (new, 0)):
        params = {
            "service": "object",
            "method": "execute_kw",
            "args": ["demo", 6, "wrong", "res.partner", "search", [[]]],
        }
        answer = requests.post(f"{sandbox.url}/jsonrpc", json={"id": 1, "params": params}, timeout=10).json()
        assert (answer["error"]["code"], answer["error"]["message"]) == (code, "Odoo Server Error")


def test_without_an_order_partners_come_by_name_and_others_by_id(odoo: OdooSandbox) -> None:
    ids = [partner(odoo, name=name) for name in ("Zoe", "Bo", "Zoe")]
    found = rpc(odoo, "res.partner", "search", [["id", "in", ids]])
    assert found == [ids[1], ids[2], ids[0]], "by name, the newest first among equals"
    tags = [odoo.user.create("res.partner.category", {"name": name}) for name in ("z", "a")]
    assert rpc(odoo, "res.partner.category", "search", [["id", "in", tags]]) == tags


def test_archived_records_are_hidden_unless_asked_for(odoo: OdooSandbox) -> None:
    id = partner(odoo)
    odoo.user.archive("res.partner", id)
    assert rpc(odoo, "res.partner", "search", [["id", "=", id]]) == []
    assert rpc(odoo, "res.partner", "search", [["id", "=", id], ["active", "in", [True, False]]]) == [id]
    assert rpc(odoo, "res.partner", "search", [["id", "=", id]], context={"active_test": False}) == [id]


def test_older_servers_compare_hidden_microseconds(odoo: OdooSandbox, new: OdooSandbox) -> None:
    for sandbox, greater, equal in ((odoo, True, False), (new, False, True)):
        id = partner(sandbox)
        for operator, found in ((">", greater), ("=", equal), (">=", True)):
            domain = [["write_date", operator, "2026-01-05 10:00:00"], ["id", "=", id]]
            assert bool(rpc(sandbox, "res.partner", "search", domain)) is found, (sandbox.switches.version, operator)


def test_one_call_has_one_write_date(odoo: OdooSandbox) -> None:
    ids = rpc(odoo, "res.partner", "create", [{"name": "A"}, {"name": "B"}])
    odoo.clock.advance(5)
    assert rpc(odoo, "res.partner", "write", ids, {"phone": "1"}) is True
    rows = rpc(
        odoo,
        "res.partner",
        "search_read",
        [["id", "in", ids]],
        ["write_date", "write_uid"],
        order="write_date, id desc",
    )
    assert [row["id"] for row in rows] == ids[::-1]
    assert {row["write_date"] for row in rows} == {"2026-01-05 10:00:05"}
    assert rows[0]["write_uid"] == [6, "CRM Hub"]


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ([["name", "ilike", "AN"]], ["Anna", "Hanno"]),
        (["|", ["name", "=", "Anna"], ["email", "=like", "h%"]], ["Anna", "Hanno"]),
        (["!", ["name", "=", "Anna"]], ["Hanno"]),
        (["&", ["name", "not ilike", "hann"], ["email", "=", False]], ["Anna"]),
        ([["country_id.code", "=", "DE"]], ["Hanno"]),
        ([["name", "in", ["Anna", "Bo"]]], ["Anna"]),
        ([["category_id.name", "=", "vip"]], ["Anna"]),
        ([["email", "!=", False]], ["Hanno"]),
        ([[1, "=", 1]], ["Anna", "Hanno"]),
        ([[0, "=", 1]], []),
        ([[0, "!=", 1]], ["Anna", "Hanno"]),
    ],
)
def test_domains(odoo: OdooSandbox, domain: list[Any], names: list[str]) -> None:
    tag = odoo.user.create("res.partner.category", {"name": "vip"})
    (germany,) = rpc(odoo, "res.country", "search", [["code", "=", "DE"]])
    first = partner(odoo, category_id=[[4, tag, 0]])
    partner(odoo, name="Hanno", email="h@x.example", country_id=germany)
    wanted = rpc(odoo, "res.partner", "search_read", [["id", ">=", first], *domain], ["name"], order="name")
    assert [row["name"] for row in wanted] == names
    assert rpc(odoo, "res.partner", "search_count", [["id", ">=", first], *domain]) == len(names)


@pytest.mark.parametrize(
    ("method", "args", "name"),
    [
        ("read", [[999], ["name"]], "odoo.exceptions.MissingError"),
        ("read", [[1], ["nonsense"]], "builtins.ValueError"),
        ("search", [[["nonsense", "=", 1]]], "builtins.ValueError"),
        ("search", [[["name", "is", 1]]], "builtins.ValueError"),
        ("create", [{"email": "a@x.example"}], "odoo.exceptions.ValidationError"),
        ("create", [{"name": "A", "lang": "tlh_KL"}], "builtins.ValueError"),
        ("create", [{"name": "A", "country_id": 999}], "odoo.exceptions.ValidationError"),
        ("_search", [[]], "odoo.exceptions.AccessError"),
        ("fly", [[]], "builtins.AttributeError"),
        ("search", [[], 0, 1, "id", "more", "most"], "builtins.TypeError"),
    ],
)
def test_errors_have_names(odoo: OdooSandbox, method: str, args: list[Any], name: str) -> None:
    with pytest.raises(Fault) as caught:
        rpc(odoo, "res.partner", method, *args)
    assert caught.value.args[0] == name


def test_a_failed_call_leaves_nothing(odoo: OdooSandbox) -> None:
    before = rpc(odoo, "res.partner", "search_count", [])
    with pytest.raises(Fault):
        rpc(odoo, "res.partner", "create", [{"name": "A"}, {"email": "no name"}])
    assert rpc(odoo, "res.partner", "search_count", []) == before


def test_missing_ids_are_dropped_by_older_servers(odoo: OdooSandbox) -> None:
    id = partner(odoo)
    odoo.switches.read_missing = "drop"
    assert [row["id"] for row in rpc(odoo, "res.partner", "read", [id, 999], ["name"])] == [id]
    assert rpc(odoo, "res.partner", "exists", [id, 999]) == [id]


def test_what_the_server_makes_of_values(odoo: OdooSandbox) -> None:
    id = partner(odoo, comment="a & b", website="x.example", email="Two@x.example, b@x.example", street="")
    found = odoo.user.get("res.partner", id)
    assert (found["comment"], found["website"]) == ("<p>a &amp; b</p>", "http://x.example")
    assert (found["email"], found["street"], found["lang"]) == ("Two@x.example, b@x.example", "", "en_US")
    partner(odoo, barcode="1")
    with pytest.raises(ValueError, match="already has this barcode"):
        partner(odoo, barcode="1")


def test_an_import_by_external_id_creates_then_updates(odoo: OdooSandbox) -> None:
    columns, key = ["id", "name", "email"], "__crmhub__.p_9"
    first = rpc(odoo, "res.partner", "load", columns, [[key, "Anna", ""]])
    again = rpc(odoo, "res.partner", "load", columns, [[key, "Anna B", "a@x.example"]])
    assert first["ids"] == again["ids"]
    (row,) = rpc(
        odoo, "ir.model.data", "search_read", [["module", "=", "__crmhub__"], ["name", "=", "p_9"]], ["res_id", "model"]
    )
    assert (row["res_id"], row["model"]) == (first["ids"][0], "res.partner")
    assert odoo.user.get("res.partner", row["res_id"])["email"] == "a@x.example"
    bad = rpc(odoo, "res.partner", "load", columns, [["__crmhub__.p_10", "Bo", ""], ["__crmhub__.p_11", "", ""]])
    assert bad["ids"] is False
    assert bad["messages"][0]["record"] == 1
    assert rpc(odoo, "ir.model.data", "search", [["name", "=", "p_10"]]) == [], "all or nothing"
    odoo.user.delete("res.partner", row["res_id"])
    assert rpc(odoo, "ir.model.data", "search", [["name", "=", "p_9"]]) == []


def family(sandbox: OdooSandbox) -> tuple[int, int, int]:
    company = partner(sandbox, name="Acme", is_company=True, city="Wien", vat="ATU1")
    return (
        company,
        partner(sandbox, parent_id=company),
        partner(sandbox, name="Shop", parent_id=company, type="delivery", city="Graz"),
    )


def test_contacts_take_over_the_address_and_tax_number_of_their_company(odoo: OdooSandbox) -> None:
    company, person, shop = family(odoo)
    seen = {id: odoo.user.get("res.partner", id) for id in (person, shop)}
    assert (seen[person]["city"], seen[person]["vat"], seen[shop]["city"]) == ("Wien", "ATU1", "Graz")
    assert (seen[person]["commercial_partner_id"], seen[person]["complete_name"]) == (company, "Acme, Anna")
    odoo.user.edit("res.partner", company, {"city": "Linz", "vat": "ATU2"})
    seen = {id: odoo.user.get("res.partner", id) for id in (person, shop)}
    assert (seen[person]["city"], seen[person]["vat"], seen[shop]["city"]) == ("Linz", "ATU2", "Graz")
    assert odoo.user.get("res.partner", company)["child_ids"] == [person, shop]


def test_from_19_on_a_contact_writes_up_to_its_company(odoo: OdooSandbox, new: OdooSandbox) -> None:
    for sandbox, city, vat in ((odoo, "Wien", "ATU1"), (new, "Linz", "ATU2")):
        company, person, _ = family(sandbox)
        sandbox.user.edit("res.partner", person, {"city": "Linz", "vat": "ATU2"})
        found = sandbox.user.get("res.partner", company)
        assert (found["city"], found["vat"]) == (city, vat), sandbox.switches.version


def test_fields_depend_on_the_version(odoo: OdooSandbox, new: OdooSandbox) -> None:
    old_fields = rpc(odoo, "res.partner", "fields_get", attributes=["type", "readonly", "relation"])
    assert old_fields["title"] == {"type": "many2one", "readonly": False, "relation": "res.partner.title"}
    assert "mobile" in old_fields
    new_fields = rpc(new, "res.partner", "fields_get", [], ["type"])
    assert not {"mobile", "title", "company_type"} & set(new_fields)
    assert rpc(new, "ir.model.fields", "search_count", [["model", "=", "res.partner"], ["name", "=", "mobile"]]) == 0
    odoo.switches.hidden_fields = ("res.partner.vat",)
    assert "vat" not in rpc(odoo, "res.partner", "fields_get")


def test_who_may_do_what(odoo: OdooSandbox) -> None:
    with pytest.raises(Fault, match="AccessError"):
        rpc(odoo, "res.country", "write", [1], {"name": "x"})
    odoo.switches.no_permission = ("res.partner.delete",)
    with pytest.raises(Fault, match="AccessError"):
        rpc(odoo, "res.partner", "unlink", [partner(odoo)])
    assert rpc(odoo, "res.partner", "check_access_rights", "unlink", raise_exception=False) is False
    odoo.switches.no_permission = ()
    own = odoo.state.collection("res.users")["2"]
    with pytest.raises(ValueError, match="active user"):
        odoo.user.delete("res.partner", own["partner_id"])
    with pytest.raises(ValueError, match="active user"):
        odoo.user.archive("res.partner", own["partner_id"])


def test_merging_moves_contacts_and_fills_gaps(odoo: OdooSandbox) -> None:
    company, person, _ = family(odoo)
    double = partner(odoo, name="Acme!", is_company=True, phone="1")
    odoo.user.merge("res.partner", double, company)
    assert odoo.user.get("res.partner", person)["parent_id"] == double
    assert (odoo.user.get("res.partner", double)["name"], odoo.user.get("res.partner", double)["city"]) == (
        "Acme!",
        "Wien",
    )
    with pytest.raises(KeyError):
        odoo.user.get("res.partner", company)


def test_xml_rpc_has_numbered_faults(odoo: OdooSandbox) -> None:
    with xmlrpc.client.ServerProxy(f"{odoo.url}/xmlrpc/2/common") as common:
        assert common.authenticate("demo", "hub", "crmhub-sandbox-api-key", {}) == 6
        assert common.authenticate("demo", "hub", "wrong", {}) is False
        assert common.version()["server_version"] == "18.0"  # type: ignore[index, call-overload]
    with xmlrpc.client.ServerProxy(f"{odoo.url}/xmlrpc/2/object") as proxy:

        def call(*args: Any, key: str = "crmhub-sandbox-api-key", model: str = "res.partner") -> Any:
            return proxy.execute_kw("demo", 6, key, model, *args)

        id = call("create", [{"name": "Anna"}])
        assert call("read", [[id]], {"fields": ["name"]}) == [{"id": id, "name": "Anna"}]
        for arguments, more, code in (
            (("read", [[999]]), {}, 2),
            (("read", [[id]]), {"key": "wrong"}, 3),
            (("write", [[1], {"name": "x"}]), {"model": "res.country"}, 4),
            (("search", [[["nonsense", "=", 1]]]), {}, 1),
        ):
            with pytest.raises(xmlrpc.client.Fault) as caught:
                call(*arguments, **more)
            assert caught.value.faultCode == code


def json2(
    sandbox: OdooSandbox, method: str, body: Any, *, model: str = "res.partner", **options: Any
) -> requests.Response:
    headers = {"Authorization": "bearer crmhub-sandbox-api-key", **options.pop("headers", {})}
    return requests.post(f"{sandbox.url}/json/2/{model}/{method}", json=body, headers=headers, timeout=10, **options)


def test_json_2_takes_names_and_gives_bare_values(new: OdooSandbox) -> None:
    made = json2(new, "create", {"vals_list": [{"name": "A"}, {"name": "B"}]}).json()
    assert json2(new, "create", {"vals_list": {"name": "C"}}).json() == [made[1] + 1]
    assert json2(new, "write", {"ids": made, "vals": {"phone": "1"}}).json() is True
    rows = json2(new, "search_read", {"domain": [["id", "in", made]], "fields": ["phone"], "order": "id"}).json()
    assert rows == [{"id": id, "phone": "1"} for id in made]
    assert json2(new, "read", {"ids": made[:1], "fields": ["name"], "load": None}).json()[0]["name"] == "A"
    assert json2(new, "unlink", {"ids": made}).json() is True
    assert json2(new, "context_get", {}, model="res.users").json()["uid"] == 6
    assert requests.get(f"{new.url}/web/version", timeout=10).json()["version"] == "19.0"


@pytest.mark.parametrize(
    ("method", "body", "options", "status", "name"),
    [
        ("search", {"ids": [1], "domain": []}, {}, 422, "TypeError"),
        ("search", {"colour": 1}, {}, 422, "TypeError"),
        ("read", {"ids": [999]}, {}, 404, "MissingError"),
        ("create", {"vals_list": [{"type": "contact"}]}, {}, 422, "ValidationError"),
        ("fly", {}, {}, 404, "NotFound"),
        ("search", {}, {"model": "res.moon"}, 404, "NotFound"),
        ("search", {}, {"headers": {"Authorization": "bearer wrong"}}, 401, "Unauthorized"),
        ("search", [], {}, 400, "BadRequest"),
        ("write", {"ids": [1], "vals": {}}, {"model": "res.country"}, 403, "AccessError"),
    ],
)
def test_json_2_errors_have_a_status(
    new: OdooSandbox, method: str, body: Any, options: dict[str, Any], status: int, name: str
) -> None:
    answer = json2(new, method, body, **options)
    assert answer.status_code == status
    assert answer.json()["name"].endswith(name)
    assert {"message", "arguments", "context", "debug"} <= set(answer.json())


def test_there_is_no_json_2_before_19(odoo: OdooSandbox) -> None:
    assert json2(odoo, "search", {}).status_code == 404
    assert requests.get(f"{odoo.url}/web/version", timeout=10).status_code == 404


def test_it_survives_a_restart_with_its_customers(tmp_path: Path) -> None:
    with running(OdooSandbox(file=tmp_path / "odoo")) as first:
        assert not first.is_filled()
        first.seed(30)
        names = [item["name"] for item in first.user.find("res.partner")]
    with running(OdooSandbox(file=tmp_path / "odoo")) as second:
        assert second.is_filled()
        assert [item["name"] for item in second.user.find("res.partner")] == names
        assert len(names) == 34
