"""One call as a sandbox sees it, and its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Call:
    """A request.  params: parts of the path; url: the whole address as the client asked for it; route: its template."""

    method: str
    path: str
    url: str
    params: Mapping[str, str]
    query: QueryParams
    headers: Headers
    body: bytes
    route: str

    def json(self) -> Any:
        """The body as JSON.  Raises ValueError when it is none."""
        return json.loads(self.body)


Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route: method, path template with parts in braces, and the function that answers."""

    method: str
    path: str
    handler: Handler


class Refused(Exception):
    """Carries the answer to a call that is not carried out, out of the depth of a handler."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


def reply(status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; an empty one without a body."""
    if body is None:
        return Response(status_code=status, headers=headers)
    # ASCII, so that lone surrogates that a client has sent can be sent back
    content = json.dumps(body).encode("ascii")
    return Response(content, status, headers, media_type="application/json;charset=utf-8")
