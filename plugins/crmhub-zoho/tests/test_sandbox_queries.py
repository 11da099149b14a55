"""What the Zoho sandbox finds: searches by criteria, queries in COQL, their limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from crmhub_zoho.sandbox import ZohoSandbox

FIRST, SECOND, THIRD, FOURTH = (f"500000000000010000{number}" for number in (1, 2, 3, 4))
HUB, MEI = {"name": "Hub", "id": "5000000000000300001"}, {"name": "Mei Chen", "id": "5000000000000300002"}


def error(status: int, code: str, message: str, **details: Any) -> tuple[int, Any]:
    return status, {"code": code, "details": details, "message": message, "status": "error"}


def said(answer: requests.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json() if answer.content else None


NOTHING = (204, None)


def people(zoho: ZohoSandbox) -> None:
    """Three leads a minute apart, the last one converted."""
    for values in (
        {"Last_Name": "Li", "Email": "Li@X.example", "Mobile": "+86 138", "No_of_Employees": 9, "Email_Opt_Out": True},
        {"Last_Name": "Liang", "Secondary_Email": "b@y.example", "No_of_Employees": 10, "City": "St (A), B"},
        {"Last_Name": "Wu", "Email": "wu@x.example"},
    ):
        zoho.user.create("Leads", values)
        zoho.clock.advance(60)
    zoho.user.convert(THIRD)
    zoho.clock.advance(60)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("email=x.EXAMPLE", ["Li"]),
        ("email=y.example", ["Liang"]),
        ("phone=138", ["Li"]),
        ("word=example", ["Liang", "Li"]),
        ("word=no such", []),
        ("word=wu&converted=both", ["Wu"]),
        ("word=wu&converted=true", ["Wu"]),
        ("word=example&converted=both", ["Wu", "Liang", "Li"]),
        ("criteria=(Last_Name:equals:li)", ["Liang", "Li"]),
        ("criteria=Last_Name:equals:liang", ["Liang"]),
        ("criteria=(Last_Name:equals:liang)&email=x.example", ["Liang"]),
        ("email=x.example&phone=no", ["Li"]),
        ("criteria=(Last_Name:not_equal:liang)", ["Li"]),
        ("criteria=(Secondary_Email:not_equal:q)", ["Liang"]),
        ("criteria=(Last_Name:starts_with:LIA)", ["Liang"]),
        ("criteria=(Last_Name:starts_with:ang)", []),
        ("criteria=(Last_Name:in:Wu,liang)", ["Liang"]),
        ("criteria=(City:in:x)", []),
        ("criteria=(No_of_Employees:equals:9)", ["Li"]),
        ("criteria=(No_of_Employees:greater_than:9)", ["Liang"]),
        ("criteria=(No_of_Employees:greater_equal:9)", ["Liang", "Li"]),
        ("criteria=(No_of_Employees:less_than:10)", ["Li"]),
        ("criteria=(No_of_Employees:less_equal:10)", ["Liang", "Li"]),
        ("criteria=(No_of_Employees:between:9,9)", ["Li"]),
        ("criteria=(No_of_Employees:between:10,11)", ["Liang"]),
        ("criteria=(No_of_Employees:between:9)", []),
        ("criteria=(Email_Opt_Out:equals:TRUE)", ["Li"]),
        ("criteria=(id:equals:5000000000000100002)", ["Liang"]),
        ("criteria=(Created_Time:greater_than:2026-01-05T10:00:00%2B00:00)", ["Liang"]),
        ("criteria=(Created_Time:less_equal:2026-01-05T18:00:00+08:00)", ["Li"]),
        ("criteria=(Modified_Time:greater_equal:2026-01-05T10:03:00%2B00:00)&converted=both", ["Wu"]),
        ("criteria=(Modified_Time:equals:2026-01-05T10:01:00%2B00:00)", ["Liang"]),
        (r"criteria=(City:equals:St \(A\)\, B)", ["Liang"]),
        ("criteria=((Last_Name:equals:li)and(No_of_Employees:equals:9))", ["Li"]),
        ("criteria=((Last_Name:equals:wei)or(No_of_Employees:equals:9))", ["Li"]),
        ("criteria=((Last_Name:equals:li) AND (No_of_Employees:equals:9))", ["Li"]),
        ("criteria=((Last_Name:equals:x)and(Last_Name:equals:x)or(Last_Name:equals:liang))", ["Liang"]),
        ("criteria=((Last_Name:equals:liang)or((Last_Name:equals:x)and(Last_Name:equals:li)))", ["Liang"]),
        ("criteria=(((Last_Name:equals:liang)))", ["Liang"]),
        ("criteria=(Last_Name:equals:li)&per_page=1", ["Liang"]),
        ("criteria=(Last_Name:equals:li)&per_page=1&page=2", ["Li"]),
        ("criteria=(Last_Name:equals:li)&per_page=1&page=3", []),
    ],
)
def test_leads_are_searched(zoho: ZohoSandbox, client: Any, query: str, names: list[str]) -> None:
    people(zoho)
    answer = client("GET", f"Leads/search?{query}")
    assert answer.status_code == (200 if names else 204)
    assert [row["Last_Name"] for row in (answer.json()["data"] if names else [])] == names
    if "page" not in query and "converted" not in query:
        assert said(client("GET", f"Leads/actions/count?{query}")) == (200, {"count": len(names)})


def test_a_search_is_whole_and_counts_follow_the_index(zoho: ZohoSandbox, client: Any) -> None:
    people(zoho)
    info = {"per_page": 1, "count": 1, "page": 1, "more_records": True}
    row = {"Last_Name": "Liang", "id": SECOND}
    found = client("GET", "Leads/search?criteria=(Last_Name:equals:li)&per_page=1&fields=Last_Name")
    assert said(found) == (200, {"data": [row], "info": info})
    second = client("GET", "Leads/search?criteria=(Last_Name:equals:li)&per_page=1&page=2&fields=Last_Name").json()
    assert second["info"] == {**info, "page": 2, "more_records": False}
    assert len(client("GET", "Leads/search?word=liang").json()["data"][0]) > 30, "all fields unless some are named"
    assert said(client("GET", "Leads/actions/count")) == (200, {"count": 2}), "converted leads are not counted"
    zoho.switches.index_lag = 60
    zoho.user.create("Leads", {"Last_Name": "Lin"})
    zoho.user.delete("Leads", FIRST)
    assert said(client("GET", "Leads/actions/count?word=li")) == (200, {"count": 2})
    assert said(client("GET", "Leads/actions/count")) == (200, {"count": 2})
    zoho.clock.advance(60)
    assert said(client("GET", "Leads/actions/count?email=x.example")) == (200, {"count": 0})
    assert said(client("GET", "Leads/actions/count?phone=138")) == (200, {"count": 0})


def query_error(message: str) -> tuple[int, Any]:
    return error(400, "INVALID_QUERY", message, param_name="criteria")


MANY = ",".join("x" * 101)


@pytest.mark.parametrize(
    ("criteria", "answer"),
    [
        ("(Nothing:equals:1)", query_error("no such field: Nothing")),
        ("(Last_Name)", query_error("no condition: Last_Name")),
        ("Last_Name", query_error("no condition: Last_Name")),
        ("(Last_Name:like:x)", query_error("operator or values not allowed: like")),
        (f"(Last_Name:in:{MANY})", query_error("operator or values not allowed: in")),
        (f"(Last_Name:in:{MANY[2:]})", NOTHING),
        ("((Last_Name:equals:x)", query_error("a bracket is missing")),
        ("(Last_Name:equals:x", query_error("a bracket is missing")),
        ("(Last_Name:equals:x)(", query_error("text after the criteria")),
        ("((Last_Name:equals:x)and Last_Name:equals:y)", query_error("a bracket is missing")),
        ("(" + "or".join(["(Last_Name:equals:x)"] * 15) + ")", NOTHING),
        ("(" + "or".join(["(Last_Name:equals:x)"] * 16) + ")",
         error(400, "CRITERIA_LIMIT_EXCEEDED", "too many criteria", limit=15)),
    ],
)  # fmt: skip
def test_criteria_are_refused(client: Any, criteria: str, answer: tuple[int, Any]) -> None:
    assert said(client("GET", f"Leads/search?criteria={criteria}")) == answer


def coql(client: Any, text: str) -> Any:
    return client("POST", "coql", json={"select_query": text})


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("id is not null", ["Li", "Liang", "Wu"]),
        ("id is null", []),
        ("Email is null", ["Liang"]),
        ("Email IS NOT NULL", ["Li", "Wu"]),
        ("Last_Name = 'li'", ["Li"]),
        ("Last_Name != 'Li'", ["Liang", "Wu"]),
        ("Secondary_Email != 'x'", ["Liang"]),
        ("Last_Name > 'Li'", ["Liang", "Wu"]),
        ("Last_Name >= 'Li'", ["Li", "Liang", "Wu"]),
        ("Last_Name < 'Liang'", ["Li"]),
        ("Last_Name <= 'Liang'", ["Li", "Liang"]),
        ("Last_Name in ('LI', 'x')", ["Li"]),
        ("Last_Name not in ('Li', 'x')", ["Liang", "Wu"]),
        ("Secondary_Email not in ('x')", ["Liang"]),
        ("Last_Name like 'li%'", ["Li", "Liang"]),
        ("Last_Name like '%i'", ["Li"]),
        ("Last_Name like 'i'", []),
        ("Last_Name like 'L.'", []),
        ("Last_Name not like 'li%'", ["Wu"]),
        ("Secondary_Email not like 'x'", ["Li", "Liang", "Wu"]),
        ("No_of_Employees between 9 and 9", ["Li"]),
        ("No_of_Employees between 9 and 10", ["Li", "Liang"]),
        ("No_of_Employees between 10 and 11", ["Liang"]),
        ("No_of_Employees > 9", ["Liang"]),
        ("No_of_Employees = 9.0", ["Li"]),
        ("No_of_Employees > 'many'", []),
        ("Email_Opt_Out = true", ["Li"]),
        ("Email_Opt_Out = 'TRUE'", ["Li"]),
        ("Email_Opt_Out = false", ["Liang", "Wu"]),
        ("id = 5000000000000100002", ["Liang"]),
        ("id > '5000000000000100002'", ["Wu"]),
        ("id >= 1", ["Li", "Liang", "Wu"]),
        ("Created_Time > '2026-01-05T10:00:00+00:00'", ["Liang", "Wu"]),
        ("Created_Time >= '2026-01-05T18:01:00+08:00'", ["Liang", "Wu"]),
        ("Created_Time < '2026-01-05T10:01:00+00:00'", ["Li"]),
        ("Owner = '5000000000000300002'", ["Li", "Liang", "Wu"]),
        ("Converted_Contact is not null", ["Wu"]),
        ("Converted_Contact.Last_Name = 'wu'", ["Wu"]),
        ("Converted_Contact.id is null", ["Li", "Liang"]),
        (r"City = 'St (A), B' or Last_Name = 'O\'Neil'", ["Liang"]),
        ("Last_Name = 'Li' and Email_Opt_Out = true", ["Li"]),
        ("Last_Name = 'Li' and Email_Opt_Out = false", []),
        ("Last_Name = 'Li' or Last_Name = 'Wu'", ["Li", "Wu"]),
        ("((Last_Name = 'Li' or Last_Name = 'Wu') and Email_Opt_Out = false)", ["Wu"]),
    ],
)
def test_leads_are_queried(zoho: ZohoSandbox, client: Any, condition: str, names: list[str]) -> None:
    people(zoho)
    answer = coql(client, f"SELECT Last_Name FROM Leads WHERE {condition} ORDER BY id")
    assert answer.status_code == (200 if names else 204)
    assert [row["Last_Name"] for row in (answer.json()["data"] if names else [])] == names


@pytest.mark.parametrize(
    ("rest", "names", "more"),
    [
        ("", ["Li", "Liang", "Wu"], False),
        ("order by id desc", ["Wu", "Liang", "Li"], False),
        ("order by Email asc", ["Liang", "Li", "Wu"], False),
        ("order by Email desc", ["Wu", "Li", "Liang"], False),
        ("order by No_of_Employees desc", ["Liang", "Li", "Wu"], False),
        ("order by No_of_Employees", ["Wu", "Li", "Liang"], False),
        ("order by Created_Time desc", ["Wu", "Liang", "Li"], False),
        ("order by Email_Opt_Out desc, id desc", ["Li", "Wu", "Liang"], False),
        ("order by Email_Opt_Out, Last_Name desc", ["Wu", "Liang", "Li"], False),
        ("limit 2", ["Li", "Liang"], True),
        ("limit 3", ["Li", "Liang", "Wu"], False),
        ("limit 1, 1", ["Liang"], True),
        ("limit 1, 2", ["Liang", "Wu"], False),
        ("limit 1 offset 2", ["Wu"], False),
        ("order by id desc limit 1", ["Wu"], True),
    ],
)
def test_queries_are_sorted_and_cut(zoho: ZohoSandbox, client: Any, rest: str, names: list[str], more: bool) -> None:
    people(zoho)
    found = coql(client, f"select Last_Name from Leads where id is not null {rest}").json()
    assert [row["Last_Name"] for row in found["data"]] == names
    assert found["info"] == {"count": len(names), "more_records": more}


def test_an_hour_that_comes_twice_is_sorted_as_it_passed(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.time_zone = "Europe/Vienna"
    zoho.clock.freeze(datetime(2026, 10, 25, 0, 50, tzinfo=UTC))
    zoho.user.create("Leads", {"Last_Name": "A"})
    zoho.clock.advance(1200)
    zoho.user.create("Leads", {"Last_Name": "B"})
    client.sign_in()
    query = "select Created_Time from Leads where id is not null order by Created_Time"
    found = [row["Created_Time"] for row in coql(client, query).json()["data"]]
    assert found == ["2026-10-25T02:50:00+02:00", "2026-10-25T02:10:00+01:00"]
    later = "select id from Leads where Created_Time > '2026-10-25T02:50:00+02:00'"
    assert [row["id"] for row in coql(client, later).json()["data"]] == [SECOND]


def test_a_query_shows_what_was_selected(zoho: ZohoSandbox, client: Any) -> None:
    people(zoho)
    wanted = "id, Last_Name, Converted_Contact, Converted_Contact.Email, Owner.id"
    found = coql(client, f"select {wanted} from Leads where id = {THIRD}")
    row = {
        "Last_Name": "Wu",
        "Converted_Contact": {"name": "Wu", "id": FOURTH},
        "Converted_Contact.Email": "wu@x.example",
        "Owner.id": MEI["id"],
        "id": THIRD,
    }
    assert said(found) == (200, {"data": [row], "info": {"count": 1, "more_records": False}})
    for number in range(200):
        zoho.user.create("Contacts", {"Last_Name": f"N{number}"})
    many = coql(client, "select id from Contacts where id is not null").json()
    assert (many["info"], len(many["data"])) == ({"count": 200, "more_records": True}, 200)


PARSING = "error occurred while parsing the query"
WHERE = "select id from Leads where"


def syntax(near: str) -> tuple[int, Any]:
    return error(400, "SYNTAX_ERROR", PARSING, near=near)


def conditions(count: int) -> str:
    text = "id > 1"
    for _ in range(count - 1):
        text = f"({text} and id > 1)"
    return text


LIMIT = "the limit of criteria, columns or sort orders is exceeded"
VALUES = ",".join(["'x'"] * 101)


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("", syntax("the end")),
        ("update Leads", syntax("update")),
        ("select from", syntax("the end")),
        ("select 'x' from Leads", syntax("from")),
        ("select id from Leads", syntax("the end")),
        (f"{WHERE}", syntax("the end")),
        (f"{WHERE} id", syntax("the end")),
        (f"{WHERE} id ~ 1", syntax(" ~ 1")),
        (f"{WHERE} id = Last_Name", syntax("the end")),
        (f"{WHERE} id is 5", syntax("5")),
        (f"{WHERE} id not = 5", syntax("5")),
        (f"{WHERE} id not between 1 and 2", syntax("1")),
        (f"{WHERE} id sounds 5", syntax("5")),
        (f"{WHERE} id in 5", syntax("5")),
        (f"{WHERE} (id = 5", syntax("the end")),
        (f"{WHERE} id = 5 order id", syntax("id")),
        (f"{WHERE} id = 5 order by id desc asc", syntax("asc")),
        (f"{WHERE} id = 5 limit x", syntax("the end")),
        (f"{WHERE} id = 5 group by id", syntax("group")),
        (f"{WHERE} id = 1 and id = 2 and id = 3", syntax("and")),
        (f"{WHERE} id = 1 or id = 2 or id = 3", syntax("or")),
        ("select id from Nothing where id = 1",
         error(400, "INVALID_MODULE", "the module name given seems to be invalid", module="Nothing")),
        ("select Nope from Leads where id = 1", error(400, "INVALID_QUERY", "invalid query formed", column="Nope")),
        (f"{WHERE} Last_Name.Email = 1", error(400, "INVALID_QUERY", "invalid query formed", column="Last_Name.Email")),
        (f"{WHERE} Converted_Contact.Nope = 1",
         error(400, "INVALID_QUERY", "invalid query formed", column="Converted_Contact.Nope")),
        (f"{WHERE} id = 1 order by Nope", error(400, "INVALID_QUERY", "invalid query formed", column="Nope")),
        (f"{WHERE} {conditions(25)}", NOTHING),
        (f"{WHERE} {conditions(26)}", error(400, "LIMIT_EXCEEDED", LIMIT)),
        (f"select {','.join(['id'] * 500)} from Leads where id = 1", NOTHING),
        (f"select {','.join(['id'] * 501)} from Leads where id = 1", error(400, "LIMIT_EXCEEDED", LIMIT)),
        (f"{WHERE} id = 1 order by {','.join(['id'] * 10)}", NOTHING),
        (f"{WHERE} id = 1 order by {','.join(['id'] * 11)}", error(400, "LIMIT_EXCEEDED", LIMIT)),
        (f"{WHERE} Email in ({VALUES[4:]})", NOTHING),
        (f"{WHERE} Email in ({VALUES})", error(400, "LIMIT_EXCEEDED", "too many values", limit=100)),
        (f"{WHERE} id = 1 limit 2000", NOTHING),
        (f"{WHERE} id = 1 limit 2001", error(400, "LIMIT_EXCEEDED", "the limit of rows is exceeded", limit=2000)),
        (f"{WHERE} id = 1 limit 98000, 2000", NOTHING),
        (f"{WHERE} id = 1 limit 98001, 2000", error(400, "LIMIT_EXCEEDED", "the limit of rows is exceeded", limit=2000)),
    ],
)  # fmt: skip
def test_queries_are_refused(client: Any, query: str, answer: tuple[int, Any]) -> None:
    assert said(coql(client, query)) == answer
