"""The description of BottleCRM's REST API, as far as it fits into one; ``connector`` holds what is odd."""

from __future__ import annotations

from typing import Any

from hub import plugin

KEY = "crmhub_id"
"""Key of the custom field that holds the hub's key."""

_NO_ORGANISATION = "^Organization context is required"

_ERRORS: list[dict[str, Any]] = [
    # A token that is wrong, revoked or expired, or whose owner left, is answered like a request without one.
    {
        "status": 403,
        "text": _NO_ORGANISATION,
        "means": "auth",
        "hint": "Make a new personal access token in BottleCRM and put it where `token` points",
    },
    {"status": 401, "means": "auth"},
    {
        "status": 403,
        "text": "not scoped for|cannot read or manage",
        "means": "config",
        "hint": "Make a token without scopes, or with those in the connector's README",
    },
    {"status": 404, "where": {"code": "module_off"}, "means": "config", "hint": "Switch the module on in BottleCRM"},
    {"status": 404, "where": {"detail": "*"}, "means": "not_found"},
    # A web page instead of JSON does not come from the API, so it says nothing about a record.
    {"status": 404, "means": "config", "hint": "Is `url` the address of BottleCRM's server, without /api?"},
    {"status": 400, "text": "already exists with this (email|name)", "means": "duplicate"},
    {"status": 400, "means": "rejected", "field": "field"},
]


def _pages(path: str, **filters: str) -> dict[str, Any]:
    params = {"limit": "{size}", "offset": "{page}", **filters}
    return {"path": path, "params": params, "paging": {"kind": "offset"}}


def _resource(path: str, one: str, find: dict[str, Any]) -> dict[str, Any]:
    return {
        "hashed": True,
        "created": "created_at",
        "list": _pages(path),
        "get": {"path": f"{path}{{id}}/", "records": one},
        "find": {"op_key": _pages(path), "own_key": _pages(path), **find},
        "create": {"path": path, "body": "{data}"},
        # Only PATCH: a PUT takes away tags, teams and assignees that it does not name.
        "update": {"method": "PATCH", "path": f"{path}{{id}}/", "body": "{data}"},
        "delete": {"method": "DELETE", "path": f"{path}{{id}}/"},
        "create_by": "marker",
        "key_field": KEY,
        "misses": ["records that this user may not see"],
    }


SPEC = plugin.RestSpec.model_validate(
    {
        "url": "{settings.url}/api",
        "auth": {"kind": "bearer"},
        "check": {"path": "/profile/", "name": "user_obj.user_details.email"},
        "limits": {"concurrency": 2, "source": "the API has no limits for signed-in callers"},
        "words": {"code": ["code"], "message": ["message", "detail"]},
        "errors": _ERRORS,
        "resources": {
            "contacts": {
                **_resource("/contacts/", "contact_obj", {"email": _pages("/contacts/", email="{value}")}),
                "modified": "updated_at",
            },
            "accounts": _resource("/accounts/", "account_obj", {"name": _pages("/accounts/", name="{value}")}),
        },
    }
)
