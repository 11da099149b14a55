"""What the Zoho sandbox shows, whole: lists, page tokens, records, deletions."""

from __future__ import annotations

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
