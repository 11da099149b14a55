"""The description of the Zoho CRM REST API v8, as far as it fits into one; ``connector`` holds what is odd."""

from __future__ import annotations

from typing import Any

from crmhub_zoho.places import HOSTS
from hub import plugin

KEY = "CRMHub_ID"
"""API name of the custom field for the hub's key: single line, external (organisation), in every module."""

SCOPES = (
    "ZohoCRM.modules.contacts.ALL",
    "ZohoCRM.modules.accounts.ALL",
    "ZohoCRM.modules.leads.ALL",
    "ZohoCRM.settings.fields.READ",
    "ZohoCRM.org.READ",
    "ZohoCRM.coql.READ",
    "ZohoCRM.notifications.ALL",
)

_PERSON = (
    *("First_Name", "Last_Name", "Full_Name", "Salutation", "Email", "Secondary_Email", "Phone", "Mobile", "Fax"),
    *("Lead_Source", "Description", "Email_Opt_Out", "Owner", "Tag", KEY),
)
_SYSTEM = ("Created_Time", "Modified_Time")


def _block(prefix: str, code: str) -> tuple[str, ...]:
    return tuple(f"{prefix}{name}" for name in ("Street", "City", "State", code, "Country"))


FIELDS = {
    "Contacts": (
        *_PERSON,
        *("Home_Phone", "Other_Phone", "Title", "Department", "Date_of_Birth", "Account_Name"),
        *_block("Mailing_", "Zip"),
        *_block("Other_", "Zip"),
        *_SYSTEM,
    ),
    "Accounts": (
        *("Account_Name", "Phone", "Fax", "Website", "Industry", "Employees", "Parent_Account"),
        *("Description", "Owner", "Tag", KEY),
        *_block("Billing_", "Code"),
        *_block("Shipping_", "Code"),
        *_SYSTEM,
    ),
    "Leads": (
        *_PERSON,
        *("Company", "Designation", "Website", "Industry", "Lead_Status"),
        *_block("", "Zip_Code"),
        *("Converted__s", "Converted_Contact", "Converted_Account"),
        *_SYSTEM,
    ),
}
MOST_FIELDS = 50
"""Fields that one list call may name."""

_OUTCOME = {"results": "data", "ok": {"status": "success"}, "id": "details.id"}
_TYPES = {
    "integer": "number",
    "bigint": "number",
    "double": "number",
    "currency": "number",
    "boolean": "bool",
    "date": "date",
    "datetime": "datetime",
    "picklist": "enum",
    "multiselectpicklist": "list",
    "tag": "list",
    "lookup": "reference",
    "ownerlookup": "reference",
    "userlookup": "reference",
    "subform": "list",
}


def _find(module: str, *fields: str) -> dict[str, Any]:
    """COQL shows a record as soon as it is written; the search API lags behind (API v8, COQL Overview)."""
    tests = [f"({field} in ({{quoted}}))" for field in fields]
    where = tests[0] if len(tests) == 1 else f"({' or '.join(tests)})"
    return {
        "method": "POST",
        "path": "/coql",
        "body": {"select_query": f"select id from {module} where {where} limit 0, 2000"},  # noqa: S608  # values are quoted
        "records": "data",
        "batch": 50,
        "whole": False,
        "exact": fields,
    }


def _module(module: str) -> dict[str, Any]:
    both = {"converted": "both"} if module == "Leads" else {}
    emails = {} if module == "Accounts" else {"email": _find(module, "Email", "Secondary_Email")}
    resource: dict[str, Any] = {
        "fields": FIELDS[module],
        "version": "Modified_Time",
        "hashed": True,
        "modified": "Modified_Time",
        "created": "Created_Time",
        # The list is read from the database; what a long transaction commits late is looked for again.
        "since": {"overlap": 120},
        "list": {
            "path": f"/{module}",
            "params": {
                "fields": "{fields}",
                "per_page": 200,
                "page_token": "{page}",
                "sort_by": "Modified_Time",
                "sort_order": "asc",
                **both,
            },
            "headers": {"If-Modified-Since": "{since}"},
            "records": "data",
            "paging": {"kind": "token", "next": "info.next_page_token", "more": "info.more_records", "size": 200},
        },
        "gone": {
            "path": f"/{module}/deleted",
            "params": {"type": "all", "per_page": 200, "page": "{page}"},
            "headers": {"If-Modified-Since": "{since}"},
            "records": "data",
            "paging": {"kind": "number", "more": "info.more_records", "size": 200},
            "time": "deleted_time",
        },
        "get": {
            "path": f"/{module}",
            "params": {"ids": "{ids}", "fields": "{fields}", "per_page": 200, **both},
            "records": "data",
            "batch": 100,
        },
        "find": {"op_key": _find(module, KEY), "own_key": _find(module, KEY), **emails},
        "update": {
            "method": "PUT",
            "path": f"/{module}/{{id}}",
            "headers": {"If-Unmodified-Since": "{version}"},
            "body": {"data": ["{data}"], "trigger": []},
            **_OUTCOME,
        },
        "describe": {
            "path": "/settings/fields",
            "params": {"module": module},
            "records": "fields",
            "name": "api_name",
            "label": "field_label",
            "type": "data_type",
            "types": _TYPES,
            "max_length": "length",
            "required": {"system_mandatory": True},
            "custom": {"custom_field": True},
            "read_only": [{"read_only": True}, {"operation_type.api_update": False}],
        },
        "misses": (
            "into which record a merge moved another one: Zoho tells it as a deletion",
            "records restored from the recycle bin, if their time did not move",
        ),
    }
    if module == "Leads":  # the hub does not make leads: a customer of another system becomes a contact
        return resource
    return {
        **resource,
        "create_by": "upsert_key",
        "key_field": KEY,
        "create": {
            "path": f"/{module}/upsert",
            "body": {"data": "{items}", "duplicate_check_fields": [KEY], "trigger": []},
            "batch": 100,
            **_OUTCOME,
        },
        "delete": {
            "method": "DELETE",
            "path": f"/{module}",
            "params": {"ids": "{ids}", "wf_trigger": "false"},
            "batch": 100,
            **_OUTCOME,
        },
    }


def _unconditional(module: str) -> dict[str, Any]:
    """A module whose updates go up to 100 in one call, without a condition."""
    body = {"data": "{items}", "trigger": []}
    route = {"method": "PUT", "path": f"/{module}", "body": body, "batch": 100, **_OUTCOME}
    return {**_module(module), "update": route}


_API: dict[str, Any] = {
        "url": "{token.api_domain}/crm/v8",
        "hosts": HOSTS,
        "auth": {
            "kind": "oauth2",
            "scheme": "Zoho-oauthtoken",
            "authorize_url": "{settings.accounts}/oauth/v2/auth",
            "token_url": "{settings.accounts}/oauth/v2/token",
            "refresh_token": "{settings.refresh_token}",
            "scopes": SCOPES,
            "separator": ",",
            "authorize_params": {"access_type": "offline", "prompt": "consent"},
            "keep": ("api_domain",),
            "hopeless": {"code": "OAUTH_SCOPE_MISMATCH"},
        },
        "check": {"path": "/org", "name": "org.0.company_name"},
        "limits": {
            "concurrency": 5,
            "headers": {"daily_remaining": "X-API-CREDITS-REMAINING"},
            "source": "API v8, API Limits: 5 calls at a time in the free edition, 10 to 25 in others",
        },
        "errors": [
            {
                "where": {"code": "OAUTH_SCOPE_MISMATCH"},
                "means": "auth",
                "hint": "The login lacks a scope; sign in again with those that the plugin's README lists",
            },
            {"where": {"code": ["TOO_MANY_REQUESTS"]}, "means": "rate_limited"},
            {"where": {"error": ["Access Denied", "access_denied"]}, "means": "rate_limited", "wait": 600.0},
            {"where": {"code": ["EXPIRED_VALUE", "TOKEN_BOUND_DATA_MISMATCH"]}, "means": "cursor_expired"},
            {
                "where": {"code": "PAGINATION_LIMIT_EXCEEDED"},
                "means": "config",
                "hint": "Zoho lists at most 100,000 records of a module; see the plugin's known limits",
            },
            {"where": {"code": "ALREADY_MODIFIED"}, "means": "conflict"},
            {"where": {"data.0.code": "ALREADY_MODIFIED"}, "means": "conflict"},
            {"where": {"code": "INVALID_DATA", "details.api_name": "id"}, "means": "not_found"},
            {"where": {"code": "INVALID_DATA"}, "text": "id given seems|record not deleted", "means": "not_found"},
            {"where": {"code": "DUPLICATE_DATA", "details.duplicate_record.id": "*"}, "means": "duplicate",
             "id": "details.duplicate_record.id"},
            {"where": {"code": "DUPLICATE_DATA"}, "means": "duplicate", "id": "details.id"},
            {"where": {"code": ["INVALID_MODULE", "INVALID_URL_PATTERN", "NO_PERMISSION", "AUTHORIZATION_FAILED"]},
             "status": [400, 403, 404], "means": "config", "hint": "Check edition, profile and rights of the hub's user"},
            {"where": {"code": ["INVALID_DATA", "MANDATORY_NOT_FOUND", "NOT_ALLOWED", "NO_PERMISSION"]},
             "means": "rejected", "field": "details.api_name"},
            {"where": {"code": "LIMIT_EXCEEDED"}, "status": 400, "means": "too_many"},
        ],
}  # fmt: skip

SPEC = plugin.RestSpec.model_validate({**_API, "resources": {module: _module(module) for module in FIELDS}})
UNCONDITIONAL = plugin.RestSpec.model_validate(
    {**_API, "resources": {module: _unconditional(module) for module in FIELDS}}
)
