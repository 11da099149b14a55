"""What a plugin raised although the contract does not know it."""

from __future__ import annotations

import traceback
from pathlib import Path

from hub.contract.errors import ContractViolation


def plugin_bug(name: str, error: Exception) -> ContractViolation:
    """The violation that an unexpected exception of a plugin is.

    It says what kind of error and where, not its text: that may quote a customer or a secret, and this is stored and
    shown.  ``--debug`` shows all of it (the exception is the cause).
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno} ({frames[-1].name})" if frames else ""
    violation = ContractViolation(
        f"unexpected {type(error).__name__}{place}",
        rule="no-unexpected-exception",
        where=f"plugin {name}",
        hint="This is a fault of the plugin; report it to its author, with what --debug shows",
    )
    violation.__cause__ = error
    return violation
