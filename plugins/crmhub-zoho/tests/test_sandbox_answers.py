"""What the Zoho sandbox answers when somebody reads, whole: lists, deletions, searches, queries, metadata, as tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from crmhub_zoho.sandbox import ZohoSandbox

NOW, LATER = "2026-01-05T18:00:00+08:00", "2026-01-05T18:01:00+08:00"
FIRST, SECOND, THIRD, FOURTH = (f"500000000000010000{number}" for number in (1, 2, 3, 4))
NOBODY = "5000000000000999999"
HUB, MEI = {"name": "Hub", "id": "5000000000000300001"}, {"name": "Mei Chen", "id": "5000000000000300002"}


def error(status: int, code: str, message: str, **details: Any) -> tuple[int, Any]:
    return status, {"code": code, "details": details, "message": message, "status": "error"}


def said(answer: requests.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json() if answer.content else None


def invalid(name: str, **details: Any) -> tuple[int, Any]:
    return error(400, "INVALID_DATA", "invalid data", param_name=name, **details)


def missing(name: str) -> tuple[int, Any]:
    return error(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param_name=name)


NOTHING = (204, None)


def test_a_list_is_whole(zoho: ZohoSandbox, client: Any) -> None:
    for number in range(3):
        zoho.user.create("Contacts", {"Last_Name": f"N{number}"})
    path = "Contacts?fields=Last_Name,Nonsense, Modified_Time&per_page=2"
    answer = said(client("GET", path))
    token = answer[1]["info"]["next_page_token"]
    info = {
        "call": False,
        "per_page": 2,
        "count": 2,
        "sort_by": "id",
        "page": 1,
        "sort_order": "desc",
        "email": False,
        "more_records": True,
        "previous_page_token": None,
        "next_page_token": token,
        "page_token_expiry": "2026-01-06T18:00:00+08:00",
    }
    rows = [{"Last_Name": f"N{n}", "Modified_Time": NOW, "id": f"500000000000010000{n + 1}"} for n in (2, 1, 0)]
    assert answer == (200, {"data": rows[:2], "info": info})
    assert len(token) == 64
    last = {"page": 2, "count": 1, "more_records": False, "next_page_token": None, "page_token_expiry": None}
    assert said(client("GET", f"{path}&page_token={token}")) == (200, {"data": rows[2:], "info": {**info, **last}})
    second = said(client("GET", f"{path}&page=2"))
    assert second == (200, {"data": rows[2:], "info": {**info, **last}})
    assert said(client("GET", f"{path}&page=3")) == NOTHING
    sorted_by = client("GET", f"{path}&sort_by=Created_Time&sort_order=asc").json()["info"]
    assert (sorted_by["sort_by"], sorted_by["sort_order"]) == ("Created_Time", "asc")
    for name in ("Modified_Time", "modified_time"):
        assert client("GET", f"{path}&sort_by={name}").json()["info"]["sort_by"] == "Modified_Time"


@pytest.mark.parametrize(
    ("query", "since", "names"),
    [
        ("", None, ["D", "C", "A"]),
        ("&sort_order=asc", None, ["A", "C", "D"]),
        ("&sort_by=Modified_Time", None, ["A", "D", "C"]),
        ("&sort_by=Modified_Time&sort_order=asc", None, ["C", "D", "A"]),
        ("&sort_by=Created_Time&sort_order=asc", None, ["A", "C", "D"]),
        ("&converted=both&sort_order=asc", None, ["A", "B", "C", "D"]),
        ("&converted=true", None, ["B"]),
        ("&converted=false&sort_order=asc", None, ["A", "C", "D"]),
        ("&cvid=1", None, ["D", "C", "A"]),
        ("&page=2&per_page=2", None, ["A"]),
        ("&page=1&per_page=1", None, ["D"]),
        ("", "2026-01-05T10:00:00+00:00", ["D", "C", "A"]),
        ("", "2026-01-05T18:01:00+08:00", ["A"]),
        ("", "2026-01-05T10:01:01+00:00", 304),
        ("&converted=true", "2999-01-01T00:00:00+00:00", 304),
        ("", "yesterday", ["D", "C", "A"]),
        ("", "2026-01-05T10:01:01", ["D", "C", "A"]),
    ],
)
def test_leads_are_listed(zoho: ZohoSandbox, client: Any, query: str, since: str | None, names: Any) -> None:
    """B was converted; A was changed a minute later."""
    ids = [zoho.user.create("Leads", {"Last_Name": name}) for name in "ABCD"]
    zoho.user.convert(ids[1])
    zoho.clock.advance(60)
    zoho.user.edit("Leads", ids[0], {"Phone": "1"})
    headers = {"If-Modified-Since": since} if since else {}
    answer = client("GET", f"Leads?fields=Last_Name{query}", headers=headers)
    if names == 304:
        assert said(answer) == (304, None)
    else:
        assert [row["Last_Name"] for row in answer.json()["data"]] == names
    assert said(client("GET", f"Accounts?fields=id{query}", headers=headers)) == NOTHING


PAGE_SIZE = {"expected_data_type": "integer", "maximum": 200}
PAGE_NUMBER = {"expected_data_type": "integer", "maximum": 1_000_000}
MODULE = "the module name given seems to be invalid"
AMBIGUOUS = "AMBIGUITY_DURING_PROCESSING"


@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("GET", "Contacts", None, missing("fields")),
        ("GET", "Contacts?fields=", None, missing("fields")),
        ("GET", f"Contacts?fields={','.join('x' * 51)}", None,
         error(400, "LIMIT_EXCEEDED", "The number of fields exceeds the limit", param_name="fields", limit=50)),
        ("GET", f"Contacts?fields={','.join('x' * 50)}", None, NOTHING),
        ("GET", "Contacts?fields=id&per_page=0", None, invalid("per_page", **PAGE_SIZE)),
        ("GET", "Contacts?fields=id&per_page=201", None, invalid("per_page", **PAGE_SIZE)),
        ("GET", "Contacts?fields=id&per_page=200", None, NOTHING),
        ("GET", "Contacts?fields=id&per_page=x", None, invalid("per_page", **PAGE_SIZE)),
        ("GET", "Contacts?fields=id&per_page=%C2%B2", None, invalid("per_page", **PAGE_SIZE)),
        ("GET", "Contacts?fields=id&page=0", None, invalid("page", **PAGE_NUMBER)),
        ("GET", "Contacts?fields=id&page=10", None, NOTHING),
        ("GET", "Contacts?fields=id&page=11", None,
         error(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "use page_token", param_name="page", limit=2000)),
        ("GET", "Contacts?fields=id&page=1&page_token=x", None,
         error(400, AMBIGUOUS, "page and page_token are given", param_name="page")),
        ("GET", "Contacts?fields=id&cvid=1&sort_by=id", None,
         error(400, AMBIGUOUS, "cvid and sort_by are given", param_name="cvid")),
        ("GET", "Contacts?fields=id&page_token=x", None, invalid("page_token")),
        ("GET", "Contacts?fields=id&sort_by=Email", None, invalid("sort_by")),
        ("GET", "Contacts?fields=id&sort_order=up", None, invalid("sort_order")),
        ("GET", "Contacts?fields=id&converted=maybe", None, invalid("converted")),
        ("GET", "Nothing?fields=id", None, error(400, "INVALID_MODULE", MODULE, resource_path_index=0)),
        ("GET", "Nothing/1", None, error(400, "INVALID_MODULE", MODULE, resource_path_index=0)),
        ("GET", "Nothing/deleted", None, error(400, "INVALID_MODULE", MODULE, resource_path_index=0)),
        ("GET", "Nothing/actions/count", None, error(400, "INVALID_MODULE", MODULE, resource_path_index=0)),
        ("GET", f"Contacts/{NOBODY}", None, NOTHING),
        ("GET", f"Contacts?fields=id&ids={NOBODY}", None, NOTHING),
        ("GET", "Contacts/deleted", None, NOTHING),
        ("GET", "Contacts/deleted?type=lost", None,
         error(400, "PATTERN_NOT_MATCHED", "Please check whether the input values are correct", param_name="type")),
        ("GET", "Contacts/deleted?per_page=201", None, invalid("per_page", **PAGE_SIZE)),
        ("GET", "Contacts/deleted?page=0", None, invalid("page", **PAGE_NUMBER)),
        ("GET", "Contacts/search", None,
         error(400, "EXPECTED_PARAM_MISSING", "one of the expected parameters is missing",
               expected_params=["criteria", "email", "phone", "word"])),
        ("GET", "Contacts/search?word=x", None, invalid("word")),
        ("GET", "Contacts/search?word=xx", None, NOTHING),
        ("GET", "Contacts/search?word=xx&per_page=0", None, invalid("per_page")),
        ("GET", "Contacts/search?word=xx&per_page=201", None, invalid("per_page")),
        ("GET", "Contacts/search?word=xx&page=0", None, invalid("per_page")),
        ("GET", "Contacts/search?word=xx&page=10", None, NOTHING),
        ("GET", "Contacts/search?word=xx&page=11", None,
         error(400, "LIMIT_REACHED", "no more than 2000 records can be found", limit=2000)),
        ("GET", "users?type=DeletedUsers", None, invalid("type")),
        ("GET", "settings/fields", None, missing("module")),
        ("GET", "settings/fields?module=Nothing", None, error(400, "INVALID_MODULE", MODULE, param_name="module")),
        ("POST", "coql", {}, error(400, "MANDATORY_NOT_FOUND", "required field not found",
                                   api_name="select_query", json_path="$.select_query")),
        ("POST", "coql", [], error(400, "MANDATORY_NOT_FOUND", "required field not found",
                                   api_name="select_query", json_path="$.select_query")),
        ("GET", "1/2/3/4", None, error(404, "INVALID_URL_PATTERN",
                                       "Please check if the URL trying to access is a correct one")),
        ("PATCH", "Contacts", {}, error(400, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one")),
        ("PUT", "org/x/y", {}, error(404, "INVALID_URL_PATTERN",
                                     "Please check if the URL trying to access is a correct one")),
    ],
)  # fmt: skip
def test_what_is_refused_or_nothing(client: Any, method: str, path: str, body: Any, answer: tuple[int, Any]) -> None:
    assert said(client(method, path, json=body)) == answer


def test_page_tokens_are_bound(zoho: ZohoSandbox, client: Any) -> None:
    for number in range(4):
        zoho.user.create("Contacts", {"Last_Name": f"N{number}"})
    path = "Contacts?fields=id&per_page=3"
    since = {"If-Modified-Since": "2026-01-05T10:00:00+00:00"}
    token = client("GET", path, headers=since).json()["info"]["next_page_token"]
    mismatch = error(
        400, "TOKEN_BOUND_DATA_MISMATCH", "the parameters differ from those of the token", param_name="page_token"
    )
    assert said(client("GET", f"{path}&page_token={token}")) == mismatch, "the header is bound, too"
    assert said(client("GET", f"Leads?fields=id&per_page=3&page_token={token}", headers=since)) == mismatch
    assert client("GET", f"{path}&page_token={token}", headers=since).status_code == 200
    other = client.token(grant_type="client_credentials", soid="ZohoCRM.1", scope="ZohoCRM.modules.ALL").json()
    client.session.headers["Authorization"] = f"Zoho-oauthtoken {other['access_token']}"
    assert client("GET", f"{path}&page_token={token}", headers=since).status_code == 200, "the same user's token"
    zoho.clock.advance(24 * 3600 - 1)
    client.sign_in()
    assert client("GET", f"{path}&page_token={token}", headers=since).status_code == 200
    zoho.clock.advance(1)
    expired = error(400, "EXPIRED_VALUE", "the page_token has expired", param_name="page_token")
    assert said(client("GET", f"{path}&page_token={token}", headers=since)) == expired


def test_a_hundred_thousand_rows_are_the_end_of_a_list(zoho: ZohoSandbox, client: Any) -> None:
    for number in range(2):
        zoho.user.create("Contacts", {"Last_Name": f"N{number}"})
    path = "Contacts?fields=id&per_page=1"
    token = client("GET", path).json()["info"]["next_page_token"]
    kept = zoho.state.collection("page_tokens")
    for row, status in ((99_999, 200), (100_000, 400)):
        kept[token] = {**kept[token], "row": row}
        assert client("GET", f"{path}&page_token={token}").status_code == status
    limit = error(400, "PAGINATION_LIMIT_EXCEEDED", "the limit of records is exceeded", limit=100_000)
    assert said(client("GET", f"{path}&page_token={token}")) == limit
    kept[token] = {**kept[token], "user": MEI["id"]}
    assert said(client("GET", f"{path}&page_token={token}")) == invalid("page_token"), "another user's token"


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("shifting", [False, True])
def test_page_tokens_lead_through_rows_of_one_second(
    zoho: ZohoSandbox, client: Any, order: str, shifting: bool
) -> None:
    zoho.switches.shifting_pages = shifting
    ids = [zoho.user.create("Contacts", {"Last_Name": f"N{number}"}) for number in range(5)]
    path, seen, token, page = f"Contacts?fields=id&per_page=2&sort_by=Modified_Time&sort_order={order}", [], "", 0
    while True:
        answer = client("GET", path + token).json()
        seen += [row["id"] for row in answer["data"]]
        page += 1
        assert answer["info"]["page"] == page
        if not answer["info"]["more_records"]:
            break
        token = f"&page_token={answer['info']['next_page_token']}"
    assert (seen, page) == (ids if order == "asc" else ids[::-1], 3)


def test_a_record_is_shown_whole(zoho: ZohoSandbox, client: Any) -> None:
    account = zoho.user.create("Accounts", {"Account_Name": "Acme"})
    zoho.user.create("Contacts", {"Last_Name": "Li", "First_Name": "Wei", "Account_Name": account, "Tag": ["vip"]})
    zoho.clock.advance(60)
    change = {"Date_of_Birth": "1990-01-02", "Owner": {"id": HUB["id"]}}
    client("PUT", f"Contacts/{SECOND}", json={"data": [change], "trigger": []})
    empty = (
        "Salutation", "Email", "Secondary_Email", "Phone", "Mobile", "Fax", "Skype_ID", "Twitter", "Lead_Source",
        "Description", "Home_Phone", "Other_Phone", "Asst_Phone", "Assistant", "Title", "Department", "Reporting_To",
        "Mailing_Street", "Mailing_City", "Mailing_State", "Mailing_Zip", "Mailing_Country", "Other_Street", "Other_City",
        "Other_State", "Other_Zip", "Other_Country", "CRMHub_ID",
    )  # fmt: skip
    hub, mei = {**HUB, "email": "hub@zoho.example"}, {**MEI, "email": "mei@zoho.example"}
    shown = {
        "Last_Name": "Li",
        "First_Name": "Wei",
        "Full_Name": "Wei Li",
        "Email_Opt_Out": False,
        "Date_of_Birth": "1990-01-02",
        "Account_Name": {"name": "Acme", "id": account},
        "Owner": hub,
        "Tag": [{"name": "vip", "id": "5000000000400000664", "color_code": "#57B1FD"}],
        "Created_Time": NOW,
        "Modified_Time": LATER,
        "Change_Log_Time__s": LATER,
        "Created_By": mei,
        "Modified_By": hub,
        "Record_Status__s": "Available",
        "Locked__s": False,
        **dict.fromkeys(empty),
        "id": SECOND,
    }
    answer = client("GET", f"Contacts/{SECOND}")
    assert said(answer) == (200, {"data": [{**shown, "$has_more": {}, "$editable": True, "$in_merge": False}]})
    (part,) = client("GET", f"Contacts/{SECOND}?fields=Title").json()["data"]
    assert part == {"Title": None, "id": SECOND, "$has_more": {}, "$editable": True, "$in_merge": False}
    info = {"per_page": 200, "count": 1, "page": 1, "more_records": False}
    by_ids = client("GET", f"Contacts?fields=Title&ids={NOBODY}, {SECOND}")
    assert said(by_ids) == (200, {"data": [{"Title": None, "id": SECOND}], "info": info})
    zoho.switches.missing_status = 400
    unknown = error(400, "INVALID_DATA", "the id given seems to be invalid", resource_path_index=1)
    assert said(client("GET", f"Contacts/{NOBODY}")) == unknown
    zoho.switches.time_zone = "Europe/Vienna"
    assert client("GET", f"Contacts/{SECOND}").json()["data"][0]["Created_Time"] == "2026-01-05T11:00:00+01:00"


def test_an_external_id_needs_its_header(zoho: ZohoSandbox, client: Any) -> None:
    zoho.user.create("Contacts", {"Last_Name": "A", "CRMHub_ID": "k-1"})
    for header, status in (
        ("Contacts.CRMHub_ID", 200),
        ("Leads.CRMHub_ID, Contacts.CRMHub_ID", 200),
        ("Leads.CRMHub_ID", 204),
        ("Contacts.Last_Name", 204),
        ("Contacts.Nonsense", 204),
        ("", 204),
    ):
        assert client("GET", "Contacts/K-1", headers={"X-EXTERNAL": header}).status_code == status, header
    assert client("GET", f"Contacts/{FIRST}", headers={"X-EXTERNAL": "Contacts.CRMHub_ID"}).status_code == 204


def test_the_feed_of_deletions_is_whole(zoho: ZohoSandbox, client: Any) -> None:
    for name in "ABCD":
        zoho.user.create("Contacts", {"Last_Name": name})
    zoho.user.delete("Contacts", FIRST)
    client("DELETE", f"Contacts/{SECOND}")
    zoho.clock.advance(60)
    zoho.user.delete("Contacts", THIRD)
    zoho.user.delete_for_good("Contacts", THIRD)

    def gone(id: str, name: str, by: Any, time: str = NOW) -> dict[str, Any]:
        return {
            "deleted_by": by,
            "id": id,
            "display_name": name,
            "type": "recycle",
            "created_by": MEI,
            "deleted_time": time,
        }

    lost = dict.fromkeys(("deleted_by", "display_name", "created_by"))
    rows = [
        {**lost, "id": THIRD, "type": "permanent", "deleted_time": LATER},
        gone(SECOND, "B", HUB),
        gone(FIRST, "A", MEI),
    ]
    info = {"per_page": 200, "count": 3, "page": 1, "more_records": False}
    assert said(client("GET", "Contacts/deleted")) == (200, {"data": rows, "info": info})

    def found(query: str = "", since: str = "") -> Any:
        answer = client("GET", f"Contacts/deleted?{query}", headers={"If-Modified-Since": since} if since else {})
        return [row["id"] for row in answer.json()["data"]] if answer.content else answer.status_code

    assert found("type=all") == [THIRD, SECOND, FIRST]
    assert found("type=recycle") == [SECOND, FIRST]
    assert found("type=permanent") == [THIRD]
    assert found("per_page=2") == [THIRD, SECOND]
    assert client("GET", "Contacts/deleted?per_page=2").json()["info"] == {
        **info,
        "per_page": 2,
        "count": 2,
        "more_records": True,
    }
    assert found("per_page=2&page=2") == [FIRST]
    assert found("per_page=3&page=2") == 204
    assert found(since=LATER) == [THIRD]
    assert found(since="2026-01-05T18:01:01+08:00") == 304
    zoho.clock.advance(60 * 86400 - 60)
    client.sign_in()
    assert found("type=recycle") == [SECOND, FIRST], "sixty days in the recycle bin"
    zoho.clock.advance(1)
    assert found("type=recycle") == 204
    zoho.clock.advance(60 * 86400 - 1)
    client.sign_in()
    assert found() == [THIRD, SECOND, FIRST], "a hundred and twenty days in the feed"
    zoho.clock.advance(1)
    assert found() == [THIRD]
    assert zoho.user.find("Contacts")[0]["id"] == FOURTH


# search


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


# queries


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


# the organisation


def test_the_organisation_its_users_and_modules_are_shown_whole(zoho: ZohoSandbox, client: Any) -> None:
    org = {
        "id": "5000000000000020001",
        "zgid": "700000001",
        "company_name": "Sandbox Trading",
        "domain_name": "org700000001",
        "type": "production",
        "time_zone": "Asia/Shanghai",
        "country_code": "CN",
        "iso_code": "CNY",
        "currency_symbol": "¥",
        "license_details": {
            "paid": True,
            "paid_type": "enterprise",
            "paid_expiry": None,
            "trial_type": None,
            "users_license_purchased": 10,
        },
    }
    assert said(client("GET", "org")) == (200, {"org": [org]})
    mei = {
        "id": MEI["id"],
        "full_name": "Mei Chen",
        "first_name": "Mei",
        "last_name": "Chen",
        "email": "mei@zoho.example",
        "status": "active",
        "zuid": "80000002",
        "time_zone": "Asia/Shanghai",
        "offset": -28_800_000,
        "role": {"name": "CEO", "id": "5000000000000026005"},
        "profile": {"name": "Administrator", "id": "5000000000000026011"},
        "type__s": "Regular User",
        "locale": "en_US",
        "created_time": "2025-01-01T08:00:00+08:00",
    }
    hub = {**mei, "id": HUB["id"], "full_name": "Hub", "first_name": None, "last_name": "Hub", "zuid": "80000001"}
    hub["email"] = "hub@zoho.example"
    info = {"per_page": 200, "count": 2, "page": 1, "more_records": False}
    assert said(client("GET", "users?type=ActiveUsers")) == (200, {"users": [hub, mei], "info": info})
    assert said(client("GET", "users?type=CurrentUser")) == (200, {"users": [hub], "info": {**info, "count": 1}})
    everybody = client("GET", "users").json()["users"]
    assert [(row["last_name"], row["status"]) for row in everybody] == [
        ("Hub", "active"),
        ("Chen", "active"),
        ("Hand", "inactive"),
    ]
    assert client("GET", "users?type=AllUsers").json()["users"] == everybody

    def module(name: str, singular: str, id: str) -> dict[str, Any]:
        yes = dict.fromkeys(("api_supported", "creatable", "editable", "deletable", "viewable", "visible"), True)
        names = {"api_name": name, "module_name": name, "singular_label": singular, "plural_label": name}
        return {"id": id, **names, "generated_type": "default", **yes, "visibility": 1, "modified_time": None}

    assert said(client("GET", "settings/modules")) == (
        200,
        {
            "modules": [
                module("Leads", "Lead", "5000000000000002175"),
                module("Accounts", "Account", "5000000000000002177"),
                module("Contacts", "Contact", "5000000000000002179"),
            ]
        },
    )


def test_a_field_is_described_whole(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.unique_fields = ("Contacts.Email",)
    shown = {item["api_name"]: item for item in client("GET", "settings/fields?module=Contacts").json()["fields"]}
    operations = dict.fromkeys(("web_create", "web_update", "api_create", "api_update"), True)
    name = {
        "id": "5000000000080003000",
        "api_name": "Last_Name",
        "field_label": "Last Name",
        "display_label": "Last Name",
        "data_type": "text",
        "json_type": "string",
        "length": 80,
        "decimal_place": None,
        "system_mandatory": True,
        "read_only": False,
        "field_read_only": False,
        "custom_field": False,
        "visible": True,
        "searchable": True,
        "sortable": True,
        "filterable": True,
        "unique": {},
        "external": None,
        "operation_type": operations,
        "pick_list_values": [],
        "lookup": {},
        "virtual_field": False,
    }
    assert shown["Last_Name"] == name

    def changed(field: str) -> dict[str, Any]:
        """What differs from the description of Last_Name, but for names."""
        ignored = ("id", "api_name", "field_label", "display_label")
        return {key: value for key, value in shown[field].items() if key not in ignored and value != name[key]}

    plain = {"system_mandatory": False}
    read_only = {
        **plain,
        "read_only": True,
        "field_read_only": True,
        "operation_type": dict.fromkeys(operations, False),
    }
    assert changed("Email") == {**plain, "data_type": "email", "length": 100, "unique": {"case_sensitive": False}}
    assert changed("Description") == {**plain, "data_type": "textarea", "length": 32000, "filterable": False}
    assert changed("Full_Name") == {**read_only, "length": 120}
    assert changed("Created_Time") == {**read_only, "data_type": "datetime", "length": 255}
    assert changed("Email_Opt_Out") == {**plain, "data_type": "boolean", "json_type": "boolean", "length": 255}
    accounts = {"module": {"api_name": "Accounts", "id": "5000000000000002177"}, "display_label": "Accounts"}
    lookup = {**plain, "data_type": "lookup", "json_type": "jsonobject", "length": 255}
    assert changed("Account_Name") == {**lookup, "lookup": accounts}
    owner = {**plain, "data_type": "ownerlookup", "json_type": "jsonobject", "length": 255}
    assert changed("Owner") == owner
    none = {"display_value": "-None-", "actual_value": "-None-", "id": "5000000000000003409", "type": "used"}
    source = {**plain, "data_type": "picklist", "length": 120, "pick_list_values": [none]}
    assert changed("Lead_Source") == source
    assert changed("Tag") == {**plain, "data_type": "tag", "json_type": "jsonarray", "length": 255}
    assert changed("CRMHub_ID") == {
        **plain,
        "length": 255,
        "custom_field": True,
        "unique": {"case_sensitive": False},
        "external": {"type": "org", "show_for_records": False},
    }
    assert shown["Change_Log_Time__s"]["field_label"] == "Change Log Time"
    leads = {item["api_name"]: item for item in client("GET", "settings/fields?module=Leads").json()["fields"]}
    revenue, staff = leads["Annual_Revenue"], leads["No_of_Employees"]
    assert (revenue["decimal_place"], revenue["json_type"], revenue["length"]) == (2, "double", 255)
    assert (staff["json_type"], staff["length"]) == ("integer", 9)
    assert leads["Email"]["unique"] == {}


LENGTHS = {
    "Leads": {
        "Last_Name": 80,
        "First_Name": 40,
        "Company": 200,
        "Designation": 100,
        "Email": 100,
        "Secondary_Email": 100,
        "Phone": 30,
        "Mobile": 30,
        "Fax": 30,
        "Website": 255,
        "Skype_ID": 50,
        "Twitter": 50,
        "No_of_Employees": 9,
        "Street": 250,
        "City": 100,
        "State": 100,
        "Zip_Code": 30,
        "Country": 100,
        "Description": 32000,
    },
    "Contacts": {
        "Home_Phone": 30,
        "Other_Phone": 30,
        "Asst_Phone": 30,
        "Assistant": 100,
        "Title": 100,
        "Department": 50,
        "Mailing_Street": 250,
        "Mailing_Zip": 30,
        "Other_City": 100,
        "Salutation": 25,
    },
    "Accounts": {
        "Account_Name": 200,
        "Account_Number": 40,
        "Account_Site": 80,
        "Ticker_Symbol": 30,
        "Phone": 30,
        "Billing_Street": 250,
        "Billing_Code": 30,
        "Shipping_Country": 100,
        "SIC_Code": 9,
        "Employees": 9,
    },
}


@pytest.mark.parametrize("module", LENGTHS)
def test_lengths_and_what_must_be_there(client: Any, module: str) -> None:
    fields = client("GET", f"settings/fields?module={module}").json()["fields"]
    lengths = {item["api_name"]: item["length"] for item in fields}
    assert {name: lengths[name] for name in LENGTHS[module]} == LENGTHS[module]
    mandatory = [item["api_name"] for item in fields if item["system_mandatory"]]
    assert mandatory == ["Account_Name" if module == "Accounts" else "Last_Name"]
    start = {"Leads": 1, "Accounts": 2, "Contacts": 3}[module] * 1000
    assert [int(item["id"][-8:]) - 80_000_000 for item in fields] == list(range(start, start + len(fields)))
    system = {
        *("Created_Time", "Modified_Time", "Change_Log_Time__s", "Created_By", "Modified_By", "Record_Status__s"),
        "Locked__s",
    }
    converted = {"Converted__s", "Converted_Date_Time", "Converted_Account", "Converted_Contact"}
    more = {"Accounts": set(), "Contacts": {"Full_Name"}, "Leads": {"Full_Name", *converted}}[module]
    assert {item["api_name"] for item in fields if item["read_only"]} == system | more
