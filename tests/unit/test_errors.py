"""How errors read to the people who must do something about them."""

from __future__ import annotations

from typing import cast

import pytest

from hub.cli.report import problems
from hub.cli.terminal import Terminal
from hub.contract.errors import AuthError, ConnectorError, HubError, RateLimited, Unavailable
from hub.sync.engine import Result


@pytest.mark.parametrize(
    ("message", "hint", "text"),
    [
        ("the file is missing", "", "crm: the file is missing"),
        ("the file is missing", "Make it", "crm: the file is missing. Make it"),
        ("Please login again.", "Make a token", "crm: Please login again. Make a token"),
    ],
    ids=["no hint", "a hint", "a remote's sentence with its own full stop"],
)
def test_an_error_and_its_hint_read_as_sentences(message: str, hint: str, text: str) -> None:
    assert str(HubError(message, where="crm", hint=hint)) == text


@pytest.mark.parametrize(
    ("error", "next_step"),
    [
        (RateLimited("wait", retry_after=900), "The next run goes on where this one stopped"),
        (Unavailable("down"), "crmhub connect test crm"),
        (AuthError("no"), "Correct the credentials of [connections.crm], then: crmhub connect test crm"),
        (AuthError("no", hint="Make a new token"), "Make a new token"),
    ],
    ids=["asked to wait", "down", "refused", "its own hint"],
)
def test_a_paused_system_comes_with_what_to_do(error: ConnectorError, next_step: str) -> None:
    terminal = cast("Terminal", None)  # nothing is printed
    (problem,) = problems(terminal, Result("run", "customers", paused={"crm": error}))
    assert (problem.where, problem.hint) == ("crm", next_step)
