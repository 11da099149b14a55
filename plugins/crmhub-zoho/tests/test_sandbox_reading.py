"""The Zoho sandbox reads as the documentation says: lists, page tokens, deletions, search, queries."""

from __future__ import annotations

from typing import Any

import pytest

from crmhub_zoho.sandbox import ZohoSandbox

LIST = "Contacts?fields=Last_Name,Email,Modified_Time"
SORTED = f"{LIST}&sort_by=Modified_Time&sort_order=asc"


def test_nothing_there_is_204_with_an_empty_body(client: Any) -> None:
    answer = client("GET", LIST)
    assert (answer.status_code, answer.content) == (204, b"")


def test_fields_must_be_named_and_are_fifty_at_most(client: Any) -> None:
    answer = client("GET", "Contacts")
    assert answer.status_code == 400
    assert answer.json()["code"] == "REQUIRED_PARAM_MISSING"
    assert answer.json()["details"] == {"param_name": "fields"}
    many = ",".join(f"F{number}" for number in range(51))
    assert client("GET", f"Contacts?fields={many}").json()["code"] == "LIMIT_EXCEEDED"


def test_times_have_the_offset_of_the_users_time_zone_and_whole_seconds(zoho: ZohoSandbox, client: Any) -> None:
    zoho.user.create("Contacts", {"Last_Name": "Li"})
    (record,) = client("GET", LIST).json()["data"]
    assert record["Modified_Time"] == "2026-01-05T18:00:00+08:00"
    assert len(record["id"]) == 19


def test_if_modified_since_is_inclusive_and_304_when_nothing_is_newer(zoho: ZohoSandbox, client: Any) -> None:
    zoho.user.create("Contacts", {"Last_Name": "Li"})
    same = client("GET", SORTED, headers={"If-Modified-Since": "2026-01-05T10:00:00+00:00"})
    assert [item["Last_Name"] for item in same.json()["data"]] == ["Li"]
    later = client("GET", SORTED, headers={"If-Modified-Since": "2026-01-05T18:00:01+08:00"})
    assert (later.status_code, later.content) == (304, b"")


def pages(client: Any, path: str) -> list[list[str]]:
    found, token = [], ""
    while True:
        answer = client("GET", path + (f"&page_token={token}" if token else "")).json()
        found.append([item["Last_Name"] for item in answer["data"]])
        token = answer["info"]["next_page_token"]
        if not answer["info"]["more_records"]:
            return found


def test_page_tokens_lead_through_everything(zoho: ZohoSandbox, client: Any) -> None:
    for number in range(7):
        zoho.user.create("Contacts", {"Last_Name": f"N{number}"})
    assert pages(client, f"{SORTED}&per_page=3") == [["N0", "N1", "N2"], ["N3", "N4", "N5"], ["N6"]]
    assert pages(client, f"{LIST}&per_page=4")[0] == ["N6", "N5", "N4", "N3"], "newest id first by default"


def edit_while_paging(zoho: ZohoSandbox, client: Any) -> list[str]:
    """Names on the second page when the first row moves to the end after page one."""
    ids = [zoho.user.create("Contacts", {"Last_Name": f"N{number}"}) for number in range(6)]
    path = f"{SORTED}&per_page=3"
    token = client("GET", path).json()["info"]["next_page_token"]
    zoho.clock.advance(1)
    zoho.user.edit("Contacts", ids[0], {"Last_Name": "moved"})
    return [item["Last_Name"] for item in client("GET", f"{path}&page_token={token}").json()["data"]]


def test_rows_that_move_while_paging_are_not_lost(zoho: ZohoSandbox, client: Any) -> None:
    assert edit_while_paging(zoho, client) == ["N3", "N4", "N5"]


def test_the_switch_shifting_pages_loses_a_row(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.shifting_pages = True
    assert edit_while_paging(zoho, client) == ["N4", "N5", "moved"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("&per_page=4&page_token={token}", "TOKEN_BOUND_DATA_MISMATCH"),
        ("&per_page=3&page_token={token}&page=2", "AMBIGUITY_DURING_PROCESSING"),
        ("&per_page=3&page_token=nonsense", "INVALID_DATA"),
        ("&per_page=3&cvid=1&sort_by=id", "AMBIGUITY_DURING_PROCESSING"),
        ("&per_page=200&page=11", "DISCRETE_PAGINATION_LIMIT_EXCEEDED"),
        ("&per_page=201", "INVALID_DATA"),
        ("&sort_by=Last_Name", "INVALID_DATA"),
    ],
)
def test_paging_refuses(zoho: ZohoSandbox, client: Any, change: str, code: str) -> None:
    for number in range(4):
        zoho.user.create("Contacts", {"Last_Name": f"N{number}"})
    token = client("GET", f"{LIST}&per_page=3").json()["info"]["next_page_token"]
    answer = client("GET", LIST + change.format(token=token))
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_page_token_lives_for_a_day(zoho: ZohoSandbox, client: Any) -> None:
    for number in range(4):
        zoho.user.create("Contacts", {"Last_Name": f"N{number}"})
    info = client("GET", f"{LIST}&per_page=3").json()["info"]
    assert info["page_token_expiry"] == "2026-01-06T18:00:00+08:00"
    zoho.clock.advance(24 * 3600)
    client.sign_in()
    answer = client("GET", f"{LIST}&per_page=3&page_token={info['next_page_token']}")
    assert (answer.status_code, answer.json()["code"]) == (400, "EXPIRED_VALUE")


def test_one_record_shows_all_fields_and_a_lookup_as_name_and_id(zoho: ZohoSandbox, client: Any) -> None:
    account = zoho.user.create("Accounts", {"Account_Name": "Acme"})
    id = zoho.user.create("Contacts", {"Last_Name": "Li", "First_Name": "Wei", "Account_Name": account, "Tag": ["vip"]})
    (record,) = client("GET", f"Contacts/{id}").json()["data"]
    assert record["Account_Name"] == {"name": "Acme", "id": account}
    assert (record["Full_Name"], record["Email"], record["Email_Opt_Out"]) == ("Wei Li", None, False)
    assert record["Tag"][0]["name"] == "vip"
    assert record["Owner"]["email"] == "mei@zoho.example"


def test_a_record_that_is_not_there_answers_as_the_switch_says(zoho: ZohoSandbox, client: Any) -> None:
    assert client("GET", "Contacts/5000000000000999999").status_code == 204
    zoho.switches.missing_status = 400
    answer = client("GET", "Contacts/5000000000000999999")
    assert (answer.status_code, answer.json()["message"]) == (400, "the id given seems to be invalid")


def test_the_feed_of_deletions_ages(zoho: ZohoSandbox, client: Any) -> None:
    assert client("GET", "Contacts/deleted").status_code == 204
    id = zoho.user.create("Contacts", {"Last_Name": "Li"})
    zoho.user.delete("Contacts", id)
    (entry,) = client("GET", "Contacts/deleted").json()["data"]
    assert (entry["id"], entry["type"], entry["display_name"]) == (id, "recycle", "Li")
    assert entry["deleted_time"] == "2026-01-05T18:00:00+08:00"
    assert client("GET", "Contacts/deleted?type=permanent").status_code == 204
    assert client("GET", "Contacts/deleted?type=lost").json()["code"] == "PATTERN_NOT_MATCHED"
    later = {"If-Modified-Since": "2026-01-05T10:00:01+00:00"}
    assert client("GET", "Contacts/deleted", headers=later).status_code == 304
    zoho.clock.advance(61 * 86400)
    client.sign_in()
    (entry,) = client("GET", "Contacts/deleted").json()["data"]
    assert (entry["type"], entry["display_name"]) == ("permanent", None)
    zoho.clock.advance(60 * 86400)
    client.sign_in()
    assert client("GET", "Contacts/deleted").status_code == 204


def test_a_restored_record_leaves_the_feed(zoho: ZohoSandbox, client: Any) -> None:
    id = zoho.user.create("Contacts", {"Last_Name": "Li"})
    zoho.user.delete("Contacts", id)
    zoho.clock.advance(10)
    zoho.user.restore("Contacts", id)
    assert client("GET", "Contacts/deleted").status_code == 204
    assert client("GET", LIST).json()["data"][0]["Modified_Time"] == "2026-01-05T18:00:00+08:00"
    zoho.user.delete("Contacts", id)
    zoho.switches.restore_touches = True
    zoho.user.restore("Contacts", id)
    assert client("GET", LIST).json()["data"][0]["Modified_Time"] == "2026-01-05T18:00:10+08:00"


def names(answer: Any) -> list[str]:
    return [item["Last_Name"] for item in answer.json()["data"]] if answer.status_code == 200 else []


def test_search_lags_and_equals_means_contains(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.index_lag = 30
    zoho.user.create("Contacts", {"Last_Name": "Liang", "Email": "Liang@x.example", "Mobile": "+86 138"})
    assert client("GET", "Contacts/search?email=liang@x.example").status_code == 204
    zoho.clock.advance(30)
    assert names(client("GET", "Contacts/search?email=liang@x.example")) == ["Liang"]
    assert names(client("GET", "Contacts/search?criteria=((Last_Name:equals:Lia)and(Email:starts_with:li))")) == [
        "Liang"
    ]
    assert names(client("GET", "Contacts/search?criteria=(Last_Name:in:Wu,Liang)")) == ["Liang"]
    assert names(client("GET", "Contacts/search?phone=138")) == ["Liang"]
    assert client("GET", "Contacts/search?word=x.exam").json()["info"]["count"] == 1
    assert client("GET", "Contacts/search?criteria=((Last_Name:equals:Wu)or(Email:starts_with:no))").status_code == 204


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "EXPECTED_PARAM_MISSING"),
        ("criteria=(Nothing:equals:1)", "INVALID_QUERY"),
        ("criteria=((Last_Name:equals:Li)", "INVALID_QUERY"),
        ("criteria=(Last_Name:sounds_like:Li)", "INVALID_QUERY"),
        ("word=x", "INVALID_DATA"),
        ("word=xx&page=11", "LIMIT_REACHED"),
        ("criteria=(" + "and".join(["(Last_Name:equals:Li)"] * 16) + ")", "CRITERIA_LIMIT_EXCEEDED"),
    ],
)
def test_search_refuses(client: Any, query: str, code: str) -> None:
    answer = client("GET", f"Contacts/search?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def coql(client: Any, query: str) -> Any:
    return client("POST", "coql", json={"select_query": query})


def test_a_query_finds_at_once_and_joins_lookups(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.index_lag = 1000
    account = zoho.user.create("Accounts", {"Account_Name": "Acme"})
    for number in range(4):
        zoho.user.create("Contacts", {"Last_Name": f"N{number}", "Account_Name": account})
    found = coql(
        client,
        "select Last_Name, Account_Name, Account_Name.Account_Name from Contacts "
        "where ((Modified_Time >= '2026-01-05T10:00:00+00:00') and (Last_Name != 'N1')) order by Last_Name desc limit 0, 2",
    ).json()
    assert [item["Last_Name"] for item in found["data"]] == ["N3", "N2"]
    assert found["info"] == {"count": 2, "more_records": True}
    assert found["data"][0]["Account_Name"] == {"name": "Acme", "id": account}
    assert found["data"][0]["Account_Name.Account_Name"] == "Acme"
    last = found["data"][0]["id"]
    assert len(coql(client, f"select id from Contacts where id < {last}").json()["data"]) == 3
    assert len(coql(client, f"select id from Contacts where id in ('{last}', '1')").json()["data"]) == 1
    assert coql(client, "select id from Contacts where Email is not null").status_code == 204
    assert len(coql(client, "select id from Contacts where Last_Name like 'N%' limit 1 offset 3").json()["data"]) == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("select id from Contacts", "SYNTAX_ERROR"),
        ("select id from Contacts where id > 1 and id < 9 and id != 3", "SYNTAX_ERROR"),
        ("select Nothing from Contacts where id > 1", "INVALID_QUERY"),
        ("select id from Nothing where id > 1", "INVALID_MODULE"),
        ("select id from Contacts where id > 1 limit 2001", "LIMIT_EXCEEDED"),
        ("select id from Contacts where id ~ 1", "SYNTAX_ERROR"),
    ],
)
def test_queries_are_refused(client: Any, query: str, code: str) -> None:
    answer = coql(client, query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    nested = coql(client, "select id from Contacts where ((id > 1 and id < 9) and id != 3)")
    assert nested.status_code == 204, "joined in pairs it is allowed"


def test_metadata(client: Any) -> None:
    assert client("GET", "org").json()["org"][0]["license_details"]["paid_type"] == "enterprise"
    assert [item["id"] for item in client("GET", "users?type=CurrentUser").json()["users"]] == ["5000000000000300001"]
    assert {item["api_name"] for item in client("GET", "settings/modules").json()["modules"]} == {
        "Leads",
        "Accounts",
        "Contacts",
    }
    fields = {item["api_name"]: item for item in client("GET", "settings/fields?module=Contacts").json()["fields"]}
    assert fields["Last_Name"]["system_mandatory"]
    assert fields["CRMHub_ID"]["external"]["type"] == "org"
    assert fields["Full_Name"]["read_only"]
    assert fields["Full_Name"]["field_read_only"]
    assert not fields["Last_Name"]["field_read_only"]
    assert client("GET", "settings/fields?module=Nothing").json()["code"] == "INVALID_MODULE"


def test_an_unknown_route_answers_as_zoho_does(client: Any) -> None:
    answer = client("GET", "Contacts/1/2/3")
    assert (answer.status_code, answer.json()["code"]) == (404, "INVALID_URL_PATTERN")
    assert client("GET", "Nothing?fields=id").json()["code"] == "INVALID_MODULE"
