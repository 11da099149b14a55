"""What the Zoho sandbox tells about the organisation, its users, modules and fields, whole."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from crmhub_zoho.sandbox import ZohoSandbox

HUB, MEI = {"name": "Hub", "id": "5000000000000300001"}, {"name": "Mei Chen", "id": "5000000000000300002"}


def said(answer: requests.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json() if answer.content else None


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
