"""Sending mutations: many in one request, each with an outcome of its own.

A request's mutations run one after the other, each in a transaction of its own.  A business refusal is its result and
the others go on.  An exception (a country that the shop does not have, a constraint of the database) ends the request:
those before it have ended although their answers are lost (``data`` is null), those behind it were never begun.
Documents are put together from the constants of ``mutations``; every value travels as a variable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmhub_vendure.graphql import LARGEST_REQUEST, GraphQL, body_of
from crmhub_vendure.mutations import UPDATE, Call
from crmhub_vendure.refusals import Forbidden, TooMuch, is_too_complex, position_of, refused_write
from hub import plugin

MOST_CALLS = 50
"""Mutations in one request."""

LOST = object()
"""The result of a mutation that has ended and whose answer was lost with the request's.  A create may have been refused."""


@dataclass(slots=True)
class Job:
    """What one op takes: calls in order.  results: of the calls that were carried out; error: why the next was not."""

    op: plugin.Op
    calls: list[Call]
    results: list[Any] = field(default_factory=list)
    error: plugin.ConnectorError | None = None

    @property
    def waits(self) -> bool:
        """Whether a call is left to send."""
        return self.error is None and len(self.results) < len(self.calls)


def run(api: GraphQL, jobs: Sequence[Job], *, where: str) -> None:
    """Carry out the jobs as far as they can be.

    Raises what concerns the whole request (OutcomeUnknown, Unavailable, RateLimited, ConfigError ...); the jobs then
    show what was carried out before.
    """
    most = MOST_CALLS
    while batch := list(_next(jobs, most)):
        try:
            _send(api, batch, where)
        except TooMuch as error:
            if len(batch) == 1:
                batch[0][0].error = plugin.Rejected(error.message, where=where, remote_text=error.remote_text)
            most = max(1, len(batch) // 2)


def _next(jobs: Sequence[Job], most: int) -> Iterator[tuple[Job, Call]]:
    """The next calls that fit into one request."""
    size = number = 0
    for job in jobs:
        if not job.waits:
            continue
        for call in job.calls[len(job.results) :]:
            size += len(body_of("", call.arguments)) + 200
            if number == most or (number and size > LARGEST_REQUEST):
                return
            number += 1
            yield job, call
            if _may_be_refused(call):
                break  # what follows waits for its outcome: a refusal does not end the request


def _may_be_refused(call: Call) -> bool:
    """Whether the shop may refuse it with a result (the e-mail address is taken) instead of an exception."""
    return "emailAddress" in (call.arguments.get("input") or {})


def _send(api: GraphQL, batch: Sequence[tuple[Job, Call]], where: str) -> None:
    query, variables = document_of([call for _, call in batch])
    if len(body_of(query, variables)) > LARGEST_REQUEST:
        raise TooMuch(f"The record is larger than the {LARGEST_REQUEST} bytes that a shop takes", where=where)
    answer = api.write(query, variables)
    if not answer.errors:
        if answer.data is None or any(f"m{number}" not in answer.data for number in range(len(batch))):
            raise plugin.OutcomeUnknown("The shop's answer lacks the outcome of a write", where=where)
        for number, (job, _) in enumerate(batch):
            _note(job, answer.data[f"m{number}"], where)
        return
    error = answer.errors[0]
    failed = position_of(error)
    if failed is None or failed >= len(batch):
        _refused_as_a_whole(api, batch, error, where)
        return
    for job, call in batch[:failed]:
        # An update that the shop may have refused goes again, so that its answer is known; it is the same twice.
        if call.mutation is not UPDATE or not _may_be_refused(call):
            job.results.append(LOST)
    try:
        batch[failed][0].error = refused_write(error, where=where)
    except Forbidden as forbidden:
        if failed == 0:  # the session is alive, so it is a permission that is missing
            raise api.not_allowed(str(forbidden)) from None


def _refused_as_a_whole(api: GraphQL, batch: Sequence[tuple[Job, Call]], error: Any, where: str) -> None:
    """Nothing was carried out: the request was not understood.  Alone, it is the call's own fault."""
    if len(batch) > 1 or is_too_complex(error):
        raise TooMuch(f"Vendure refuses the request: {error.get('message')}", where=where)
    try:
        batch[0][0].error = refused_write(error, where=where)
    except Forbidden as forbidden:
        raise api.not_allowed(str(forbidden)) from None


def _note(job: Job, result: Any, where: str) -> None:
    """A result, or the refusal that it is."""
    if isinstance(result, dict) and "errorCode" in result:
        code, text = str(result["errorCode"]), str(result.get("message") or "")
        job.error = plugin.Rejected(f"Vendure refuses: {text}", where=where, remote_code=code, remote_text=text)
    elif isinstance(result, dict) and result.get("result") == "NOT_DELETED":
        text = str(result.get("message") or "no reason given")
        job.error = plugin.Rejected(f"Vendure does not delete this customer: {text}", where=where, remote_text=text)
    else:
        job.results.append(result)


def document_of(calls: Sequence[Call]) -> tuple[str, dict[str, Any]]:
    """The request of some calls: m0, m1, ... with the variables m0_input, ..."""
    head, body, variables = [], [], {}
    for number, call in enumerate(calls):
        given = []
        for name, kind in call.mutation.arguments.items():
            variable = f"m{number}_{name}"
            head.append(f"${variable}: {kind}")
            given.append(f"{name}: ${variable}")
            variables[variable] = call.arguments[name]
        body.append(f"m{number}: {call.mutation.name}({', '.join(given)}) {call.mutation.selection}")
    return f"mutation Hub({', '.join(head)}) {{ {' '.join(body)} }}", variables
