"""What the Odoo sandbox answers, whole: errors in each way of calling, domains, fields, families, imports, as tables."""

from __future__ import annotations

import xmlrpc.client
from typing import Any, Literal

import pytest
import requests

from crmhub_odoo.sandbox import OdooSandbox
from crmhub_odoo.sandbox import errors as server

KEY = "crmhub-sandbox-api-key"
NOW = "2026-01-05 10:00:00"
PARTNER = "res.partner"


def jsonrpc(sandbox: OdooSandbox, service: str, method: str, *args: Any) -> Any:
    """The whole answer of one call, without what all have in common."""
    params = {"service": service, "method": method, "args": list(args)}
    body = {"jsonrpc": "2.0", "method": "call", "id": 5, "params": params}
    answer = requests.post(f"{sandbox.url}/jsonrpc", json=body, timeout=10)
    found = answer.json()
    assert (answer.status_code, found.pop("jsonrpc"), found.pop("id")) == (200, "2.0", 5)
    assert len(found) == 1, "either a result or an error"
    return found


def rpc(sandbox: OdooSandbox, model: str, method: str, *args: Any, **named: Any) -> Any:
    return jsonrpc(sandbox, "object", "execute_kw", "demo", 6, KEY, model, method, list(args), named)["result"]


def refused(sandbox: OdooSandbox, model: str, method: str, *args: Any) -> tuple[str, str]:
    """(name, message) of an error whose form is checked."""
    error = jsonrpc(sandbox, "object", "execute_kw", "demo", 6, KEY, model, method, list(args))["error"]
    assert (error["code"], error["message"]) == (0 if sandbox.switches.is_new else 200, "Odoo Server Error")
    return shown(error["data"])


def shown(data: dict[str, Any], status: int | None = None) -> tuple[str, str]:
    """The data of an error: five names, the message once more as an argument, a traceback that ends with it."""
    name, message = data["name"], data["message"]
    assert data == {
        "name": name,
        "message": message,
        "arguments": [message] if status is None else [message, status],
        "context": {},
        "debug": f"Traceback (most recent call last):\n  ...\n{name}: {message}\n",
    }
    return name, message


def partner(sandbox: OdooSandbox, **values: Any) -> int:
    return int(sandbox.user.create(PARTNER, {"name": "Anna", **values}))


# ways


@pytest.mark.parametrize("version", ["16.0", "17.0", "18.0", "19.0"])
def test_versions_are_told(odoo: OdooSandbox, version: Literal["16.0", "17.0", "18.0", "19.0"]) -> None:
    odoo.switches.version = version
    info = [int(version[:2]), 0, 0, "final", 0, ""]
    told = {"server_version": version, "server_version_info": info, "server_serie": version, "protocol_version": 1}
    assert jsonrpc(odoo, "common", "version") == {"result": told}
    old = requests.post(f"{odoo.url}/web/webclient/version_info", json={"id": 7}, timeout=10)
    assert (old.status_code, old.json()) == (200, {"jsonrpc": "2.0", "id": 7, "result": told})
    new = requests.get(f"{odoo.url}/web/version", timeout=10)
    if version == "19.0":
        assert (new.status_code, new.json()) == (200, {"version_info": info, "version": version})
    else:
        html = "<!doctype html><title>404 Not Found</title><h1>Not Found</h1>"
        assert (new.status_code, new.text, new.headers["Content-Type"][:9]) == (404, html, "text/html")


@pytest.mark.parametrize(
    ("service", "method", "args", "result"),
    [
        ("common", "authenticate", ["demo", "hub", KEY, {}], 6),
        ("common", "login", ["demo", "hub", KEY], 6),
        ("common", "authenticate", ["demo", "admin", "admin", {}], 2),
        ("common", "authenticate", ["demo", "hub", "admin", {}], False),
        ("common", "authenticate", ["demo", "admin", KEY, {}], False),
        ("common", "authenticate", ["other", "hub", KEY, {}], False),
        ("db", "list", [], ["demo"]),
        ("db", "db_exist", ["demo"], True),
        ("db", "db_exist", ["other"], False),
        ("object", "execute", ["demo", 6, KEY, "res.country", "search", [["code", "=", "AT"]]], [1]),
        ("object", "execute_kw", ["demo", 6, KEY, "res.country", "search", [[["code", "=", "CH"]]]], [2]),
        ("object", "execute_kw", ["demo", 2, "admin", "res.users", "context_get", []], {"uid": 2}),
        ("object", "execute_kw", ["demo", 6, KEY, "res.users", "context_get", []], {"uid": 6}),
    ],
)
def test_services(odoo: OdooSandbox, service: str, method: str, args: list[Any], result: Any) -> None:
    if isinstance(result, dict):
        result = {"lang": "en_US", "tz": "Europe/Vienna", **result}
    assert jsonrpc(odoo, service, method, *args) == {"result": result}


DENIED = ("odoo.exceptions.AccessDenied", "Access Denied")


@pytest.mark.parametrize(
    ("service", "method", "args", "error"),
    [
        ("moon", "execute_kw", [], ("builtins.KeyError", "moon")),
        ("db", "drop", ["demo"], ("builtins.KeyError", "db")),
        ("object", "fly", [], ("builtins.KeyError", "object")),
        ("common", "fly", [], ("builtins.AttributeError", "common has no method fly")),
        ("object", "execute_kw", ["other", 6, KEY, PARTNER, "search", [[]]], DENIED),
        ("object", "execute_kw", ["demo", 2, KEY, PARTNER, "search", [[]]], DENIED),
        ("object", "execute_kw", ["demo", 6, "admin", PARTNER, "search", [[]]], DENIED),
        ("object", "execute_kw", ["demo", 9, KEY, PARTNER, "search", [[]]], DENIED),
    ],
)
def test_services_refuse(odoo: OdooSandbox, service: str, method: str, args: list[Any], error: tuple[str, str]) -> None:
    found = jsonrpc(odoo, service, method, *args)["error"]
    assert (found["code"], found["message"], shown(found["data"])) == (200, "Odoo Server Error", error)


def missing(model: str, key: int) -> tuple[str, str]:
    return (
        "odoo.exceptions.MissingError",
        f"Record does not exist or has been deleted.\n(Record: {model}({key},), User: 2)",
    )


def forbidden(word: str, model: str) -> tuple[str, str]:
    words = f"You are not allowed to {word} '{model}' ({model}) records."
    return ("odoo.exceptions.AccessError", f"{words}\n\nContact your administrator to request access if necessary.")


def value_error(message: str) -> tuple[str, str]:
    return ("builtins.ValueError", message)


def invalid(message: str) -> tuple[str, str]:
    return ("odoo.exceptions.ValidationError", message)


NO_NAME = invalid("The operation cannot be completed: Contacts require a name")
ERRORS: list[tuple[str, str, list[Any], dict[str, Any], tuple[str, str], int, int]] = [
    # model, method, arguments by place, the same by name, error, HTTP status of JSON-2, fault code of XML-RPC
    (PARTNER, "read", [[99]], {"ids": [99]}, missing(PARTNER, 99), 404, 2),
    (PARTNER, "write", [[1, 99], {}], {"ids": [1, 99], "vals": {}}, missing(PARTNER, 99), 404, 2),
    (PARTNER, "unlink", [[99]], {"ids": [99]}, missing(PARTNER, 99), 404, 2),
    (
        PARTNER,
        "read",
        [[1], ["nonsense"]],
        {"ids": [1], "fields": ["nonsense"]},
        value_error("Invalid field 'nonsense' on model 'res.partner'"),
        500,
        1,
    ),
    (
        PARTNER,
        "search",
        [[["nonsense", "=", 1]]],
        {"domain": [["nonsense", "=", 1]]},
        value_error("Invalid field res.partner.nonsense in leaf"),
        500,
        1,
    ),
    (
        PARTNER,
        "search",
        [[["name", "is", 1]]],
        {"domain": [["name", "is", 1]]},
        value_error("Invalid leaf ['name', 'is', 1]"),
        500,
        1,
    ),
    (
        PARTNER,
        "search",
        [[["name", "="]]],
        {"domain": [["name", "="]]},
        value_error("Invalid leaf ['name', '=']"),
        500,
        1,
    ),
    (PARTNER, "search", [["x"]], {"domain": ["x"]}, value_error("Invalid leaf x"), 500, 1),
    (
        PARTNER,
        "search",
        [["&", ["name", "=", "A"]]],
        {"domain": ["&", ["name", "=", "A"]]},
        value_error("Domain is malformed: ['&', ['name', '=', 'A']]"),
        500,
        1,
    ),
    (
        PARTNER,
        "search",
        [[], 0, 1, "nonsense"],
        {"domain": [], "limit": 1, "order": "nonsense"},
        value_error("Invalid field 'nonsense' on model 'res.partner'"),
        500,
        1,
    ),
    (PARTNER, "create", [{"email": "a@x.example"}], {"vals_list": {"email": "a@x.example"}}, NO_NAME, 422, 2),
    (PARTNER, "write", [[1], {"name": False}], {"ids": [1], "vals": {"name": False}}, NO_NAME, 422, 2),
    (
        PARTNER,
        "create",
        [{"name": "A", "nonsense": 1}],
        {"vals_list": [{"name": "A", "nonsense": 1}]},
        value_error("Invalid field 'nonsense' on model 'res.partner'"),
        500,
        1,
    ),
    (
        PARTNER,
        "write",
        [[1], {"lang": "tlh_KL"}],
        {"ids": [1], "vals": {"lang": "tlh_KL"}},
        value_error("Wrong value for res.partner.lang: 'tlh_KL'"),
        500,
        1,
    ),
    (
        PARTNER,
        "write",
        [[1], {"country_id": 99}],
        {"ids": [1], "vals": {"country_id": 99}},
        invalid("The operation cannot be completed: a record of res.country is missing (99)"),
        422,
        2,
    ),
    (
        PARTNER,
        "write",
        [[1], {"child_ids": [[6, 0, [2]]]}],
        {"ids": [1], "vals": {"child_ids": [[6, 0, [2]]]}},
        ("odoo.exceptions.UserError", "child_ids cannot be written here; write the records it shows"),
        422,
        2,
    ),
    (
        PARTNER,
        "write",
        [[1], {"category_id": 7}],
        {"ids": [1], "vals": {"category_id": 7}},
        value_error("Wrong value for a list: 7"),
        500,
        1,
    ),
    (
        PARTNER,
        "write",
        [[1], {"category_id": [[0, 0, {}]]}],
        {"ids": [1], "vals": {"category_id": [[0, 0, {}]]}},
        ("odoo.exceptions.UserError", "The command 0 is not offered here"),
        422,
        2,
    ),
    (
        PARTNER,
        "write",
        [[1], {"parent_id": 1}],
        {"ids": [1], "vals": {"parent_id": 1}},
        invalid("You cannot create recursive Partner hierarchies."),
        422,
        2,
    ),
    (
        PARTNER,
        "write",
        [[3], {"active": False}],
        {"ids": [3], "vals": {"active": False}},
        invalid("You cannot archive contacts linked to an active user."),
        422,
        2,
    ),
    (
        PARTNER,
        "unlink",
        [[3]],
        {"ids": [3]},
        ("odoo.exceptions.UserError", "You cannot delete contacts linked to an active user."),
        422,
        2,
    ),
    (
        "mail.blacklist",
        "create",
        [{"active": True}],
        {"vals_list": {"active": True}},
        invalid("Missing required value for the field 'email' (email).\nModel: 'mail.blacklist'"),
        422,
        2,
    ),
    (
        "res.country",
        "create",
        [{"name": "X"}],
        {"vals_list": {"name": "X"}},
        forbidden("create", "res.country"),
        403,
        4,
    ),
    ("res.lang", "write", [[1], {}], {"ids": [1], "vals": {}}, forbidden("write", "res.lang"), 403, 4),
    ("res.users", "unlink", [[1]], {"ids": [1]}, forbidden("unlink", "res.users"), 403, 4),
    (
        "ir.model.data",
        "check_object_reference",
        ["mod", "rec"],
        {"module": "mod", "xml_id": "rec"},
        value_error("No such external ID currently defined in the system: mod.rec"),
        500,
        1,
    ),
]


@pytest.mark.parametrize(("model", "method", "args", "named", "error", "status", "fault"), ERRORS)
def test_errors_in_each_way_of_calling(
    odoo: OdooSandbox,
    model: str,
    method: str,
    args: list[Any],
    named: dict[str, Any],
    error: tuple[str, str],
    status: int,
    fault: int,
) -> None:
    before = kept(odoo)
    assert refused(odoo, model, method, *args) == error
    with (
        xmlrpc.client.ServerProxy(f"{odoo.url}/xmlrpc/2/object") as proxy,
        pytest.raises(xmlrpc.client.Fault) as caught,
    ):
        proxy.execute_kw("demo", 6, KEY, model, method, args)
    name, message = error
    text = f"Traceback (most recent call last):\n  ...\n{name}: {message}\n" if fault == 1 else message
    assert (caught.value.faultCode, caught.value.faultString) == (fault, text)
    odoo.switches.version = "19.0"
    answer = json2(odoo, model, method, named)
    assert (answer.status_code, shown(answer.json())) == (status, error)
    assert kept(odoo) == before, "what is refused changes nothing"


def kept(odoo: OdooSandbox) -> dict[str, Any]:
    return {name: rows for name, rows in odoo.state.dump().items() if rows and name != "_numbers"}


def json2(sandbox: OdooSandbox, model: str, method: str, body: Any, **headers: str) -> requests.Response:
    given = {"Authorization": f"bearer {KEY}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return requests.post(f"{sandbox.url}/json/2/{model}/{method}", json=body, headers=given, timeout=10)


def werkzeug(kind: str, message: str) -> tuple[str, str]:
    return (f"werkzeug.exceptions.{kind}", message)


UNAUTHORIZED = werkzeug("Unauthorized", "Invalid apikey")


@pytest.mark.parametrize(
    ("model", "method", "body", "headers", "status", "error"),
    [
        (PARTNER, "search", {}, {"Authorization": "bearer wrong"}, 401, UNAUTHORIZED),
        (PARTNER, "search", {}, {"Authorization": f"basic {KEY}"}, 401, UNAUTHORIZED),
        (PARTNER, "search", {}, {"X_Odoo_Database": "other"}, 404, werkzeug("NotFound", "the database does not exist")),
        (PARTNER, "search", [], {}, 400, werkzeug("BadRequest", "Invalid JSON data: an object is expected")),
        ("res.moon", "search", {}, {}, 404, werkzeug("NotFound", "the model 'res.moon' does not exist")),
        (PARTNER, "fly", {}, {}, 404, werkzeug("NotFound", "'res.partner'.fly is not a public method")),
        (PARTNER, "_search", {}, {}, 404, werkzeug("NotFound", "'res.partner'._search is not a public method")),
        (
            PARTNER,
            "search",
            {"ids": [1]},
            {},
            422,
            ("builtins.TypeError", "cannot call res.partner.search with ids"),
        ),
        (
            PARTNER,
            "search",
            {"colour": 1},
            {},
            422,
            ("builtins.TypeError", "got an unexpected keyword argument 'colour'"),
        ),
        (PARTNER, "write", {"ids": [1]}, {}, 422, ("builtins.TypeError", "missing a required argument: 'vals'")),
    ],
)
def test_json_2_refuses(
    new: OdooSandbox, model: str, method: str, body: Any, headers: dict[str, str], status: int, error: tuple[str, str]
) -> None:
    answer = json2(new, model, method, body, **headers)
    of_web = status if error[0].startswith("werkzeug") else None
    assert (answer.status_code, shown(answer.json(), of_web)) == (status, error)


def test_json_2_knows_its_own_path_only(odoo: OdooSandbox, new: OdooSandbox) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "X-Odoo-Database": "demo"}
    broken = requests.post(f"{new.url}/json/2/{PARTNER}/search", data=b"{", headers=headers, timeout=10)
    assert (broken.status_code, shown(broken.json(), 400)) == (400, werkzeug("BadRequest", "Invalid JSON data"))
    for method, path in (("GET", f"json/2/{PARTNER}/search"), ("POST", "json/2/res.partner")):
        other = requests.request(method, f"{new.url}/{path}", headers=headers, timeout=10)
        hint = werkzeug("NotFound", "Did you mean POST /json/2/<model>/<method>?")
        assert (other.status_code, shown(other.json(), 404)) == (404, hint)
    old = json2(odoo, PARTNER, "search", {})
    gone = werkzeug("NotFound", "The requested URL was not found on the server.")
    assert (old.status_code, shown(old.json(), 404)) == (404, gone)
    found = requests.post(f"{new.url}/json/2/{PARTNER}/search_count", json={"ids": []}, headers=headers, timeout=10)
    assert (found.status_code, found.json()) == (200, 4)


def test_rpc_refuses_what_is_no_public_method(odoo: OdooSandbox) -> None:
    def error(model: str, method: str, *args: Any) -> tuple[str, str]:
        return refused(odoo, model, method, *args)

    private = "Private methods (such as 'res.partner'._search) cannot be called remotely."
    assert error(PARTNER, "_search", []) == ("odoo.exceptions.AccessError", private)
    assert error("res.moon", "search", []) == ("odoo.exceptions.UserError", "Object res.moon doesn't exist")
    assert error(PARTNER, "fly") == ("builtins.AttributeError", "The method 'res.partner.fly' does not exist")
    assert error(PARTNER, "context_get")[0] == "builtins.AttributeError", "of users only"
    assert error(PARTNER, "search", [], 0, 1, "id", 5) == ("builtins.TypeError", "too many positional arguments")


def test_xml_rpc_denies(odoo: OdooSandbox) -> None:
    with (
        xmlrpc.client.ServerProxy(f"{odoo.url}/xmlrpc/2/object") as proxy,
        pytest.raises(xmlrpc.client.Fault) as caught,
    ):
        proxy.execute_kw("demo", 6, "wrong", PARTNER, "search", [[]])
    assert (caught.value.faultCode, caught.value.faultString) == (3, "Access Denied")
    answer = requests.post(f"{odoo.url}/xmlrpc/2/common", data=xmlrpc.client.dumps((), "version"), timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, "text/xml")


@pytest.mark.parametrize(
    ("switch", "status", "text"),
    [
        ({"throttle_every": 1}, 429, "<html><body><h1>429 Too Many Requests</h1></body></html>"),
        ({"fail_every": 1}, 503, "<html><body><h1>Server Error</h1></body></html>"),
    ],
)
def test_what_stands_before_odoo_answers_in_html(
    odoo: OdooSandbox, switch: dict[str, int], status: int, text: str
) -> None:
    for name, value in switch.items():
        setattr(odoo.switches, name, value)
    found = requests.post(f"{odoo.url}/jsonrpc", json={}, timeout=10)
    assert (found.status_code, found.text, found.headers["Content-Type"].partition(";")[0]) == (
        status,
        text,
        "text/html",
    )


def test_a_database_that_cannot_serialise_is_an_error_under_200(odoo: OdooSandbox) -> None:
    odoo.switches.error_body_every = 1
    found = requests.post(f"{odoo.url}/jsonrpc", json={}, timeout=10)
    data = {
        "name": "psycopg2.errors.SerializationFailure",
        "message": "could not serialize access due to concurrent update",
        "arguments": [],
        "context": {},
        "debug": "Traceback",
    }
    error = {"code": 200, "message": "Odoo Server Error", "data": data}
    assert (found.status_code, found.json()) == (200, {"jsonrpc": "2.0", "id": None, "error": error})


# reading


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
    fields = ["commercial_partner_id", "commercial_company_name", "mobile"]
    (row,) = rpc(odoo, PARTNER, "read", [bare], fields)
    assert row == {
        "id": bare,
        "commercial_partner_id": [bare, "Solo"],
        "commercial_company_name": "Solo & Co",
        "mobile": "1",
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


# writing


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


# imports


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
    (row,) = rpc(odoo, "res.partner.category", "read", [below], ["name", "parent_id", "active"])
    assert row == {"id": below, "name": "b", "parent_id": [above, "a"], "active": True}
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
