"""GET on records: lists with page tokens, one record, the feed of deletions (API v8, Get Records)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_zoho.sandbox.fields import MODULES
from crmhub_zoho.sandbox.records import Document, Records
from crmhub_zoho.sandbox.shapes import (
    INVALID_ID,
    bad_parameter,
    error,
    missing_parameter,
    parse_time,
    refuse,
    show_time,
)
from hub.testing.sandbox import Call, reply

if TYPE_CHECKING:
    from crmhub_zoho.sandbox.app import ZohoSandbox

PAGE, PAGED, LISTED, FIELDS = 200, 2_000, 100_000, 50
_TOKEN_LIFE = timedelta(hours=24)
_SORTS = {"id": "id", "created_time": "created", "modified_time": "modified"}


class Reading:
    """Answers reading calls."""

    def __init__(self, sandbox: ZohoSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records
        self._tokens = sandbox.state.collection("page_tokens")

    def listing(self, call: Call) -> Response:
        module = self._sandbox.enter(call, "read")
        query = call.query
        if "page" in query and "page_token" in query:
            raise refuse(400, "AMBIGUITY_DURING_PROCESSING", "page and page_token are given", {"param_name": "page"})
        if "cvid" in query and "sort_by" in query:
            raise refuse(400, "AMBIGUITY_DURING_PROCESSING", "cvid and sort_by are given", {"param_name": "cvid"})
        self._sandbox.spend(3 if "cvid" in query else 1)
        names = self.fields(call)
        if "ids" in query:
            return self._by_ids(call, module, names)
        size, sort, descending = self._shape(call)
        rows = self._rows(call, module, sort, descending)
        since = parse_time(call.headers.get("if-modified-since"))
        if since is not None:
            newer = [item for item in rows if self._records.modified(item) >= since]
            if rows and not newer:
                return reply(304)
            rows = newer
        start, page = self._start(call, rows, sort, descending, size)
        shown = rows[start : start + size]
        if not shown:
            return reply(204)
        more = start + size < len(rows)
        info = self._info(call, sort, descending, size, page, len(shown), more)
        token, expiry = self._next(call, shown[-1], start + size, page) if more else (None, None)
        info |= {"next_page_token": token, "page_token_expiry": expiry}
        data = [self._records.show(module, item, names) for item in shown]
        return reply(200, {"data": data, "info": info})

    def one(self, call: Call) -> Response:
        module = self._sandbox.enter(call, "read")
        self._sandbox.spend(1)
        document = self.find(call, module, call.params["id"])
        if document is None:
            if self._sandbox.switches.missing_status == 400:
                return reply(400, error("INVALID_DATA", INVALID_ID, {"resource_path_index": 1}))
            return reply(204)
        names = call.query.get("fields", "").split(",") if "fields" in call.query else None
        shown = self._records.show(module, document, names)
        return reply(200, {"data": [{**shown, "$has_more": {}, "$editable": True, "$in_merge": False}]})

    def deletions(self, call: Call) -> Response:
        module = self._sandbox.enter(call, "read")
        self._sandbox.spend(2)
        kind = call.query.get("type", "all")
        if kind not in ("all", "recycle", "permanent"):
            raise refuse(
                400, "PATTERN_NOT_MATCHED", "Please check whether the input values are correct", {"param_name": "type"}
            )
        size, page = _number(call, "per_page", PAGE, PAGE), _number(call, "page", 1, 10**6)
        rows = [item for item in self._records.deleted(module) if kind in ("all", item[1])]
        since = parse_time(call.headers.get("if-modified-since"))
        if since is not None:
            newer = [item for item in rows if datetime.fromisoformat(item[0]["deleted"]["time"]) >= since]
            if rows and not newer:
                return reply(304)
            rows = newer
        shown = rows[(page - 1) * size : page * size]
        if not shown:
            return reply(204)
        info = {"per_page": size, "count": len(shown), "page": page, "more_records": page * size < len(rows)}
        return reply(200, {"data": [self._deletion(module, *item) for item in shown], "info": info})

    def count(self, call: Call) -> Response:
        """Counts all records, or those that a search finds."""
        module = self._sandbox.enter(call, "read", family="securesearch")
        self._sandbox.spend(1)
        if any(name in call.query for name in ("criteria", "email", "phone", "word")):
            found = len(self._sandbox.search.matching(call, module))
        else:
            found = sum(1 for item in self._records.alive(module) if not is_converted(item))
        return reply(200, {"count": found})

    # parts

    def fields(self, call: Call) -> list[str]:
        if not call.query.get("fields"):
            raise missing_parameter("fields")
        names = [name.strip() for name in call.query["fields"].split(",")]
        if len(names) > FIELDS:
            details = {"param_name": "fields", "limit": FIELDS}
            raise refuse(400, "LIMIT_EXCEEDED", "The number of fields exceeds the limit", details)
        return names

    def find(self, call: Call, module: str, key: str) -> Document | None:
        """A record by id or, with the header X-EXTERNAL: Module.Field, by the value of an external field."""
        external = call.headers.get("x-external", "")
        for part in external.split(","):
            of, _, name = part.strip().partition(".")
            field = MODULES[module].fields.get(name)
            if of == module and field is not None and field.external:
                found = self._records.having(module, name, key)
                return found[0] if found else None
        return self._records.get(module, key)

    def _by_ids(self, call: Call, module: str, names: list[str]) -> Response:
        found = [self.find(call, module, key.strip()) for key in call.query["ids"].split(",")]
        rows = [self._records.show(module, item, names) for item in found if item is not None]
        if not rows:
            return reply(204)
        info = {"per_page": PAGE, "count": len(rows), "page": 1, "more_records": False}
        return reply(200, {"data": rows, "info": info})

    def _shape(self, call: Call) -> tuple[int, str, bool]:
        """(rows per page, key to sort by, descending)."""
        sort = _SORTS.get(call.query.get("sort_by", "id").lower())
        if sort is None:
            raise bad_parameter("sort_by")
        order = call.query.get("sort_order", "desc")
        if order not in ("asc", "desc"):
            raise bad_parameter("sort_order")
        return _number(call, "per_page", PAGE, PAGE), sort, order == "desc"

    def _rows(self, call: Call, module: str, sort: str, descending: bool) -> list[Document]:
        converted = call.query.get("converted", "false")
        if converted not in ("true", "false", "both"):
            raise bad_parameter("converted")
        rows = [item for item in self._records.alive(module) if converted in ("both", str(is_converted(item)).lower())]
        rows.sort(key=lambda item: (item[sort], item["id"]), reverse=descending)
        return rows

    def _start(self, call: Call, rows: list[Document], sort: str, descending: bool, size: int) -> tuple[int, int]:
        """(index of the first row, number of the page)."""
        if "page_token" in call.query:
            token = self._token(call)
            if token["row"] >= LISTED:
                raise refuse(400, "PAGINATION_LIMIT_EXCEEDED", "the limit of records is exceeded", {"limit": LISTED})
            if self._sandbox.switches.shifting_pages:
                return token["row"], token["page"] + 1
            # How the real server continues is not documented; after the last row's key no row is lost or doubled.
            last = (token[sort], token["id"])
            passed = [
                (item[sort], item["id"]) >= last if descending else (item[sort], item["id"]) <= last for item in rows
            ]
            return sum(passed), token["page"] + 1
        page = _number(call, "page", 1, 10**6)
        if page * size > PAGED:
            raise refuse(
                400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "use page_token", {"param_name": "page", "limit": PAGED}
            )
        return (page - 1) * size, page

    def _token(self, call: Call) -> dict[str, Any]:
        token = self._tokens.get(call.query["page_token"])
        user, _ = self._sandbox.accounts.user_of(call)
        if token is None or token["user"] != user:
            raise bad_parameter("page_token")
        if datetime.fromisoformat(token["expires"]) <= self._sandbox.now():
            raise refuse(400, "EXPIRED_VALUE", "the page_token has expired", {"param_name": "page_token"})
        if token["bound"] != _bound(call):
            raise refuse(
                400,
                "TOKEN_BOUND_DATA_MISMATCH",
                "the parameters differ from those of the token",
                {"param_name": "page_token"},
            )
        return token

    def _next(self, call: Call, last: Document, row: int, page: int) -> tuple[str, str]:
        """(token of the next page, its end of life)."""
        expires = self._sandbox.now() + _TOKEN_LIFE
        key = secrets.token_hex(32)
        self._tokens[key] = {
            "bound": _bound(call),
            "user": self._sandbox.accounts.user_of(call)[0],
            "expires": expires.isoformat(),
            "row": row,
            "page": page,
            **{name: last[name] for name in ("id", "created", "modified")},
        }
        return key, show_time(expires, self._records.zone())

    def _info(
        self, call: Call, sort: str, descending: bool, size: int, page: int, count: int, more: bool
    ) -> dict[str, Any]:
        return {
            "call": False,
            "per_page": size,
            "count": count,
            "sort_by": {"id": "id", "created": "Created_Time", "modified": "Modified_Time"}[sort],
            "page": page,
            "sort_order": "desc" if descending else "asc",
            "email": False,
            "more_records": more,
            "previous_page_token": None,  # the real one leads back; nobody needs it to read everything
        }

    def _deletion(self, module: str, document: Document, kind: str) -> dict[str, Any]:
        gone = document["deleted"]
        lost = kind == "permanent"
        return {
            "deleted_by": None if lost else self._records.user(gone["by"]),
            "id": document["id"],
            "display_name": None if lost else self._records.title(module, document),
            "type": kind,
            "created_by": None if lost else self._records.user(document["created_by"]),
            "deleted_time": self._records.time(gone["time"]),
        }


def is_converted(document: Document) -> bool:
    """Whether this is a lead that became a contact."""
    return bool(document["values"].get("Converted__s"))


def _bound(call: Call) -> str:
    """A fingerprint of everything that a page token is bound to."""
    items = sorted((name, value) for name, value in call.query.multi_items() if name not in ("page", "page_token"))
    text = repr((call.path, items, call.headers.get("if-modified-since")))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _number(call: Call, name: str, default: int, most: int) -> int:
    text = call.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise bad_parameter(name, expected_data_type="integer", maximum=most)
    return int(text)
