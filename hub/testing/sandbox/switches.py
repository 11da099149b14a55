"""What a sandbox can be told to do wrong, or differently."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Switches(BaseModel):
    """Faults and variants of a sandbox; all are off at first.  A sandbox may add its own in a subclass.

    ``..._every = N`` affects every Nth call among those that ``match``; 0 is off, 1 is every call.

    match:               a regular expression that "METHOD /path?query" must contain; "" matches every call
    at_most:             how many faults happen at all; None is without end
    throttle_every:      answers "too many requests" in the system's own words
    retry_after:         how the throttled answer says when to come back
    retry_after_seconds: when that is
    fail_every:          answers ``fail_status``; the call is not carried out
    fail_status:         an HTTP status of 400 or more
    error_body_every:    an error under HTTP 200; the call is not carried out
    html_every:          a login page with HTTP 200 in place of JSON; the call is not carried out
    truncate_every:      the call is carried out, its answer cut in half
    drop_before_every:   the connection drops, the call is not carried out
    drop_after_every:    the connection drops, the call IS carried out
    slow:                every matching call takes so many real seconds longer
    index_lag:           a change is found by search only after so many seconds of the sandbox's clock
    one_second_clock:    times are whole seconds
    clock_skew:          seconds that the system's clock is ahead of the truth
    partial_every:       every Nth record of a batch is refused as locked
    no_permission:       what the account may not do, as "resource.action" (read, create, edit, delete)
    hidden_fields:       fields that the account may not see, as "resource.field"
    token_seconds:       lifetime of an access token
    quota:               calls (or credits) per day; None is without limit
    concurrency:         calls at the same time; None is without limit
    lose_every:          webhooks: every Nth is never sent
    repeat_every:        webhooks: every Nth is sent twice
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    match: str = ""
    at_most: Count | None = None
    throttle_every: Count = 0
    retry_after: Literal["seconds", "date", "absent"] = "absent"
    retry_after_seconds: Count = 1
    fail_every: Count = 0
    fail_status: Annotated[int, Field(ge=400, le=599)] = 503
    error_body_every: Count = 0
    html_every: Count = 0
    truncate_every: Count = 0
    drop_before_every: Count = 0
    drop_after_every: Count = 0
    slow: Seconds = 0.0
    index_lag: Seconds = 0.0
    one_second_clock: bool = False
    clock_skew: float = 0.0
    partial_every: Count = 0
    no_permission: tuple[str, ...] = ()
    hidden_fields: tuple[str, ...] = ()
    token_seconds: Annotated[int, Field(ge=1)] = 3600
    quota: Count | None = None
    concurrency: Count | None = None
    lose_every: Count = 0
    repeat_every: Count = 0
