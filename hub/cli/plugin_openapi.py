"""A first description of an API from its OpenAPI file: what can be read from it, the rest as in the example.

Source: the OpenAPI specification 3.0 and 3.1, as JSON.  One resource is taken: the collection with a path of its own for
each record that offers most methods.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.errors import HubError

_PAGES = {
    "cursor": "token",
    "after": "token",
    "page_token": "token",
    "page": "number",
    "offset": "offset",
    "skip": "offset",
}
_SINCE = ("updated_since", "modified_since", "updated_after", "modified_after", "since", "changed_since")
_TOKENS = ("next", "next_cursor", "next_page_token", "cursor", "after")
_STAMPS = ("updated_at", "modified_at", "updatedAt", "modifiedAt", "updated", "modified", "last_modified")
_VERSIONS = ("version", "etag", "revision")
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Api:
    """What a generated plugin is made from.

    resource: name; path: of the collection; records: path of the list in an answer ("" if it is the answer itself).
    fields:   native text fields, the first is the name, the second any text.  id, version, modified: paths in a record.
    since:    the parameter that asks for changes; page, paging, next: how pages are asked for.
    prefix:   what the server's address ends with before all paths;  update: the method;  key: where our key is kept.
    conditional: updates take the version in the header If-Match.
    guessed:  what the file did not say.
    """

    resource: str = "people"
    path: str = "/people"
    item: str = "/people/{id}"
    records: str = "items"
    fields: tuple[str, ...] = ("name", "note", "email")
    id: str = "id"
    version: str = "version"
    modified: str = "updated_at"
    since: str = "updated_since"
    page: str = "after"
    paging: str = "token"
    next: str = "next"
    prefix: str = ""
    create: bool = True
    update: str = "PATCH"
    delete: bool = True
    key: str = "crmhub"
    conditional: bool = True
    guessed: tuple[str, ...] = ()


def read_openapi(file: Path) -> Api:
    """The API of a file.  Raises HubError if it is no OpenAPI description in JSON or has no usable collection."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HubError(f"cannot be read: {error}", where=str(file), hint="OpenAPI as JSON is expected") from None
    if not isinstance(content, dict) or not isinstance(content.get("paths"), dict):
        raise HubError("this is no OpenAPI description: it has no paths", where=str(file))
    found = sorted(_collections(content), key=lambda pair: -len(_methods(content, *pair)))
    for path, item in found:
        if (api := _described(content, path, item)) is not None:
            return api
    raise HubError(
        "no collection of objects with a path for each was found", where=str(file), hint="Leave --openapi out"
    )


def _collections(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    paths = content["paths"]
    for path in paths:
        item = next(
            (other for other in paths if other.startswith(f"{path}/{{") and other.count("/") == path.count("/") + 1), ""
        )
        if item and "get" in paths[path] and "{" not in path:
            yield path, item


def _methods(content: Mapping[str, Any], path: str, item: str) -> list[str]:
    paths = content["paths"]
    return [name for at in (path, item) for name in _METHODS if name in paths[at]]


def _described(content: Mapping[str, Any], path: str, item: str) -> Api | None:
    listing, one = content["paths"][path]["get"], content["paths"][item]
    answer = _resolved(content, _schema(listing))
    records, schema = _list_in(content, answer)
    properties = {name: _resolved(content, value) for name, value in schema.get("properties", {}).items()}
    texts = tuple(name for name, value in properties.items() if value.get("type") in ("string", ["string", "null"]))
    params = [_resolved(content, value).get("name", "") for value in listing.get("parameters", ())]
    page = next((name for name in params if name in _PAGES), "")
    since, next_ = _first(_SINCE, params), _first(_TOKENS, answer.get("properties", {}))
    stamp, version = _first(_STAMPS, properties), _first(_VERSIONS, properties)
    plain = [name for name in texts if name not in {stamp, version, "id", "uuid"} and "format" not in properties[name]]
    plain = sorted(plain, key=lambda name: "name" not in name)
    if len(plain) < 2 or not ("id" in properties or "uuid" in properties):
        return None
    paging = _PAGES.get(page, "none")
    wanted = {"since": since, "a time of change": stamp, "page": page, "a version": version or stamp}
    if paging == "token":
        wanted["next page"] = next_
    emails = [name for name in texts if "mail" in name and name not in plain]
    return Api(
        resource=path.rstrip("/").rpartition("/")[2].replace("-", "_").lower(),
        path=path,
        item=item[: item.rindex("{")] + "{id}",
        records=records,
        fields=(*plain, *emails),
        id="id" if "id" in properties else "uuid",
        version=version or stamp,
        modified=stamp,
        since=since if stamp else "",
        page=page,
        paging=paging,
        next=next_ or "next",
        prefix=_prefix(content),
        create="post" in content["paths"][path],
        update=next((name.upper() for name in ("patch", "put") if name in one), ""),
        delete="delete" in one,
        conditional=bool(version) and "if-match" in json.dumps(one).lower(),
        guessed=tuple(name for name, value in wanted.items() if not value),
    )


def _schema(operation: Mapping[str, Any]) -> Any:
    answer = operation.get("responses", {}).get("200", {}).get("content", {})
    return next((value.get("schema", {}) for name, value in answer.items() if "json" in name), {})


def _list_in(content: Mapping[str, Any], answer: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """(path of the list, schema of its rows)."""
    if answer.get("type") == "array":
        return "", _resolved(content, answer.get("items", {}))
    for name, value in answer.get("properties", {}).items():
        found = _resolved(content, value)
        if found.get("type") == "array":
            return name, _resolved(content, found.get("items", {}))
    return "", {}


def _resolved(content: Mapping[str, Any], schema: Any) -> dict[str, Any]:
    """A schema with its reference followed and its allOf merged."""
    for _ in range(20):
        if not isinstance(schema, dict) or "$ref" not in schema:
            break
        found: Any = content
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found.get(part, {}) if isinstance(found, dict) else {}
        schema = found
    if not isinstance(schema, dict):
        return {}
    if "allOf" in schema:
        parts = [_resolved(content, part) for part in schema["allOf"]]
        properties = {name: value for part in parts for name, value in part.get("properties", {}).items()}
        return {"type": "object", "properties": properties}
    return dict(schema)


def _prefix(content: Mapping[str, Any]) -> str:
    url = next((str(server.get("url", "")) for server in content.get("servers", ())), "")
    return (
        "/" + url.split("://", 1)[-1].partition("/")[2].strip("/") if "/" in url.split("://", 1)[-1].strip("/") else ""
    )


def _first(wanted: tuple[str, ...], there: Any) -> str:
    return next((name for name in wanted if name in there), "")
