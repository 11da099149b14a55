"""The description of the WooCommerce REST API v3, as far as it fits into one; ``connector`` holds what is odd."""

from __future__ import annotations

from typing import Any

from hub import plugin

PAGE = 100
BATCH = 25
"""Customers in one call.  100 are allowed, but making them can take longer than a shared host lets a call run."""

OVERLAP = 60
"""Seconds that polls of orders look back: times have whole seconds, and "after" leaves out the very second."""

KEY = "crmhub_id"
"""Key of the meta_data row that holds the hub's key."""

FIELDS = (
    *("id", "email", "first_name", "last_name", "role", "username", "billing", "shipping", "meta_data"),
    *("date_created_gmt", "date_modified_gmt"),
)

_GONE = ["woocommerce_rest_invalid_id", "woocommerce_rest_shop_order_invalid_id"]
_TAKEN = ["registration-error-email-exists", "woocommerce_rest_customer_invalid_email"]


def _errors(at: str) -> list[dict[str, Any]]:
    """Rules for the body of an answer, and for one outcome of a batch (``error.``)."""
    return [
        {"where": {f"{at}code": _GONE}, "means": "not_found"},
        {"where": {f"{at}code": _TAKEN}, "means": "duplicate"},
        {"where": {f"{at}code": "woocommerce_rest_request_entity_too_large"}, "means": "too_many"},
        {"where": {f"{at}code": ["woocommerce_rest_locked"]}, "means": "unavailable"},
    ]


def _written(kind: str) -> dict[str, Any]:
    return {
        "path": "/customers/batch",
        "batch": BATCH,
        "body": {kind: "{items}"},
        "results": kind,
        "ok": {"error": None},
        "image": True,
    }


def _guests() -> dict[str, Any]:
    """Orders, of which ``guests`` makes records."""
    params = {
        "per_page": PAGE,
        "page": "{page}",
        "orderby": "id",
        "status": "any",
        "_fields": "id,customer_id,billing,shipping,date_modified_gmt",
    }
    changed = {"modified_after": "{since}", "dates_are_gmt": "true"}
    paging = {"kind": "number", "size": PAGE, "total": "header X-WP-Total"}
    return {
        "hashed": True,
        "since": {"resolution": 1, "overlap": OVERLAP},
        "list": {"path": "/orders", "params": {**params, **changed, "order": "asc"}, "paging": paging},
        "find": {
            "email": {"path": "/orders", "params": {**params, "search": "{value}", "order": "desc"}, "paging": paging}
        },
        "misses": ["a guest who has registered, or whose orders were moved to the trash"],
    }


def _spec(auth: dict[str, Any]) -> plugin.RestSpec:
    everybody = {"role": "all", "_fields": ",".join(FIELDS)}
    return plugin.RestSpec.model_validate(
        {
            "url": "{settings.url}/wp-json/wc/v3",
            "auth": auth,
            "check": {"path": "/customers", "params": {"per_page": 1, "role": "all", "_fields": "id"}},
            "limits": {"concurrency": 2, "source": "WooCommerce has no limits; hosts have theirs, seldom written down"},
            "errors": [
                *_errors(""),
                *_errors("error."),
                {
                    "status": 404,
                    "where": {"code": "rest_no_route"},
                    "means": "config",
                    "hint": "Is WooCommerce active?",
                },
            ],
            "resources": {
                "customers": {
                    "hashed": True,
                    "modified": "date_modified_gmt",
                    "created": "date_created_gmt",
                    "clear": "",
                    "list": {
                        "path": "/customers",
                        "params": {
                            "per_page": PAGE,
                            "page": "{page}",
                            "orderby": "id",
                            "order": "asc",
                            **everybody,
                        },
                        "paging": {"kind": "number", "size": PAGE, "total": "header X-WP-Total"},
                    },
                    "get": {
                        "path": "/customers",
                        "batch": PAGE,
                        "params": {"include": "{ids}", "per_page": PAGE, **everybody},
                    },
                    "find": {
                        "email": {
                            "path": "/customers",
                            "params": {"email": "{value}", "per_page": PAGE, **everybody},
                            "exact": ["email"],
                        }
                    },
                    "create": _written("create"),
                    "update": _written("update"),
                    "delete": {"method": "DELETE", "path": "/customers/{id}", "params": {"force": "true"}},
                    "create_by": "unique_key",
                    "misses": ["a change that a page read before holds, when a customer is deleted meanwhile"],
                },
                "guests": _guests(),
            },
        }
    )


SIGNED = _spec({"kind": "oauth1", "token": "", "token_secret": ""})
"""Plain HTTP: every request is signed, no secret travels."""

OVER_TLS = _spec({"kind": "basic", "user": "{settings.consumer_key}", "password": "{settings.consumer_secret}"})
