"""What every part of the composition root needs."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hub.contract.errors import HubError


class UsageProblem(HubError):
    """What was asked for does not exist or makes no sense here."""

    code = "usage"


def uuid7(now: float | None = None) -> str:
    """A new id that sorts by its time of creation (RFC 9562, version 7); ``now`` in seconds since the epoch."""
    milliseconds = int((time.time() if now is None else now) * 1000) & (2**48 - 1)
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & (2**62 - 1)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter: it holds personal data."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageProblem(
            f"the folder cannot be made: {error.strerror}", where=str(folder), hint="Check data in [hub]"
        ) from None
