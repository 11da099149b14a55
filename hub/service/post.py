"""Sending the notices in the outbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hub.contract.errors import HubError, Rejected
from hub.contract.notices import Notice
from hub.service.circuits import backoff
from hub.service.desk import Desk, Letter
from hub.service.events import Log

FIRST, LONGEST = 60.0, 3600.0
"""Seconds of the first and the longest wait for a notifier that fails."""
KEEP = 90 * 86_400.0
"""Seconds that sent notices are kept."""


def deliver(
    desk: Desk, send: Callable[[str, Notice], object], now: float, log: Log, shown: Callable[[str], str] = str
) -> int:
    """Send what is due; returns how many were sent.  shown: takes secrets out of errors before they are stored.

    A notifier that fails is tried again, later each time, with the same key, by which receivers can see that it is the
    same notice; one that refuses a notice for good is not.
    """
    sent = 0
    for letter in desk.letters():
        if letter.due > now:
            break
        after = _try(letter, send, now)
        desk.save_letter(replace(after, error=shown(after.error)))
        sent += after.state == "sent"
        log("notice_" + after.state, notifier=letter.notifier, key=letter.key, attempts=after.attempts)
    desk.forget_letters(now - KEEP)
    return sent


def _try(letter: Letter, send: Callable[[str, Notice], object], now: float) -> Letter:
    attempts = letter.attempts + 1
    try:
        send(letter.notifier, letter.notice)
    except Rejected as error:
        return replace(letter, state="refused", attempts=attempts, error=str(error))
    except HubError as error:
        wait = backoff(letter.key, attempts, FIRST, LONGEST)
        return replace(letter, attempts=attempts, due=now + wait, error=str(error))
    except Exception as error:  # noqa: BLE001  # a plugin's bug must not stop the others
        wait = backoff(letter.key, attempts, FIRST, LONGEST)
        return replace(letter, attempts=attempts, due=now + wait, error=f"{type(error).__name__}: {error}")
    return replace(letter, state="sent", attempts=attempts, error="")
