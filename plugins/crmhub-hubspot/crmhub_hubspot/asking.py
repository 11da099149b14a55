"""What the tests of this sandbox ask it by: calls whose whole answers are checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

Client = Callable[..., requests.Response]
NOW, NOW_MS = "2026-01-05T10:00:00.250Z", 1767607200250
LINKS = "crm/v4/associations/contacts/companies/batch"


def said(answer: requests.Response) -> tuple[int, Any]:
    """Status and body, without the ids by which HubSpot's support finds a call."""

    def plain(item: Any) -> Any:
        if isinstance(item, list):
            return [plain(part) for part in item]
        if isinstance(item, dict):
            assert item.get("status") != "error" or len(item["correlationId"]) == 36
            return {name: plain(value) for name, value in item.items() if name != "correlationId"}
        return item

    return answer.status_code, plain(answer.json()) if answer.content else None


def problem(category: str, message: str, **more: Any) -> dict[str, Any]:
    return {"status": "error", "message": message, "category": category, **more}


def error(status: int, category: str, message: str, **more: Any) -> tuple[int, Any]:
    return status, problem(category, message, **more)


def limit(policy: str, message: str) -> tuple[int, Any]:
    return error(429, "RATE_LIMITS", message, errorType="RATE_LIMIT", policyName=policy)


def contact(id: str, *, at: str = NOW, archived: bool = False, **properties: str | None) -> dict[str, Any]:
    system = {"createdate": NOW, "hs_object_id": id, "lastmodifieddate": at}
    return {
        "id": id,
        "properties": {**system, **properties},
        "createdAt": NOW,
        "updatedAt": at,
        "archived": archived,
        **({"archivedAt": at} if archived else {}),
    }


def wrong(message: str) -> tuple[int, Any]:
    return error(400, "VALIDATION_ERROR", message)


def named(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"filters": [{"propertyName": name, "operator": operator, "value": value, **more}]}


GONE = error(404, "OBJECT_NOT_FOUND", "resource not found")
