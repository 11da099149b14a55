"""What the Odoo sandbox answers in each way of calling, whole: versions, services, errors."""

from __future__ import annotations

import xmlrpc.client
from typing import Any, Literal

import pytest
import requests

from crmhub_odoo.asking import KEY, NO_NAME, PARTNER, forbidden, invalid, jsonrpc, kept, missing, refused, shown
from crmhub_odoo.sandbox import OdooSandbox


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


def value_error(message: str) -> tuple[str, str]:
    return ("builtins.ValueError", message)


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
