"""The control API under /_sandbox: tests and demos act from outside as users do, look, and turn switches.

GET    /_sandbox                what it is, its credentials and how to point a connector at it
GET    /_sandbox/state          everything it holds, or ?collection=NAME
GET    /_sandbox/switches       PATCH with {"name": value} turns some; DELETE turns all back to how it began
GET    /_sandbox/calls          calls by route and faults by kind; DELETE counts from nothing again
GET    /_sandbox/clock          POST {"advance": seconds} | {"freeze": true or an ISO time} | {"run": true}
POST   /_sandbox/user/ACTION    a person's action (create, edit, delete, merge ...) with its arguments as JSON
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.responses import Response

from hub.testing.sandbox.calls import Call, Endpoint, Refused, reply

if TYPE_CHECKING:
    from hub.testing.sandbox.application import Sandbox

_ROOT = "/_sandbox"


class Control:
    """Answers the calls under /_sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("GET", _ROOT, self.about),
            Endpoint("GET", f"{_ROOT}/state", self.state),
            Endpoint("GET", f"{_ROOT}/switches", self.switches),
            Endpoint("PATCH", f"{_ROOT}/switches", self.turn),
            Endpoint("DELETE", f"{_ROOT}/switches", self.turn_back),
            Endpoint("GET", f"{_ROOT}/calls", self.calls),
            Endpoint("DELETE", f"{_ROOT}/calls", self.forget_calls),
            Endpoint("GET", f"{_ROOT}/clock", self.clock),
            Endpoint("POST", f"{_ROOT}/clock", self.move_clock),
            Endpoint("POST", f"{_ROOT}/user/{{action}}", self.act),
        ]

    def about(self, call: Call) -> Response:
        return reply(200, self._sandbox.about())

    def state(self, call: Call) -> Response:
        dump = self._sandbox.state.dump()
        name = call.query.get("collection")
        return reply(200, dump if name is None else dump.get(name, {}))

    def switches(self, call: Call) -> Response:
        return reply(200, self._sandbox.switches.model_dump(mode="json"))

    def turn(self, call: Call) -> Response:
        sandbox = self._sandbox
        wanted = {**sandbox.switches.model_dump(), **_object(call)}
        try:
            sandbox.switches = type(sandbox.switches).model_validate(wanted)
        except ValidationError as error:
            raise Refused(_wrong(str(error))) from None
        sandbox.faults.restart_count()
        return self.switches(call)

    def turn_back(self, call: Call) -> Response:
        self._sandbox.switches = self._sandbox.first_switches.model_copy()
        self._sandbox.faults.restart_count()
        return self.switches(call)

    def calls(self, call: Call) -> Response:
        sandbox = self._sandbox
        return reply(200, {"calls": dict(sandbox.calls), "faults": dict(sandbox.faults.injected)})

    def forget_calls(self, call: Call) -> Response:
        self._sandbox.calls.clear()
        return reply(204)

    def clock(self, call: Call) -> Response:
        return reply(200, {"now": self._sandbox.clock.now().isoformat()})

    def move_clock(self, call: Call) -> Response:
        clock, wanted = self._sandbox.clock, _object(call)
        try:
            if "freeze" in wanted:
                clock.freeze(None if wanted["freeze"] is True else datetime.fromisoformat(wanted["freeze"]))
            if wanted.get("run"):
                clock.run()
            clock.advance(float(wanted.get("advance", 0)))
        except (TypeError, ValueError) as error:
            raise Refused(_wrong(str(error))) from None
        return self.clock(call)

    def act(self, call: Call) -> Response:
        actions = _actions(self._sandbox.user)
        action = actions.get(call.params["action"])
        if action is None:
            raise Refused(_wrong(f"there is no such action; there are: {', '.join(sorted(actions))}", 404))
        try:
            arguments = inspect.signature(action).bind(**_object(call))
        except TypeError as error:
            raise Refused(_wrong(str(error))) from None
        try:
            return reply(200, {"result": action(*arguments.args, **arguments.kwargs)})
        except (KeyError, ValueError) as error:
            raise Refused(_wrong(f"{type(error).__name__}: {error}", 422)) from None


def _actions(user: Any) -> dict[str, Callable[..., Any]]:
    names = [name for name, item in vars(type(user)).items() if callable(item) and not name.startswith("_")]
    return {name: getattr(user, name) for name in names}


def _object(call: Call) -> dict[str, Any]:
    try:
        found = json.loads(call.body or b"{}")
    except ValueError as error:
        raise Refused(_wrong(str(error))) from None
    if not isinstance(found, dict):
        raise Refused(_wrong("a JSON object is expected"))
    return found


def _wrong(message: str, status: int = 400) -> Response:
    return reply(status, {"error": message})
