"""Sentences that other parts of the hub tell, which the pages show in the reader's language where they know them.

A sentence is recognised by its fixed words; what stands in its places (numbers, names, fields) is taken over as it is.
"""

from __future__ import annotations

import re
from functools import cache

PATTERNS = (
    # guards (hub.sync.guards, hub.sync.pull)
    "the first sync writes {items} records; a person approves it once",
    "{deletes} of {linked} records would be deleted",
    "{creates} records would be created beside {linked}",
    "the listing shrank from {before} to {total} records",
    "{relinked} of {linked} links were dropped or moved",
    "the store was restored from a backup: {items} records would be written that may have been written before",
    "{what} changed since the last run",
    "a consent would be widened: {fields}",
    "{name} would change on {number} of {linked} records",
    "{name} would be emptied on {number} of {linked} records",
    "{lossy} of the first {number} writes were stored differently than sent",
    # why records may be one customer (hub.identity.near)
    "alike, but without a common key",
    # findings (hub.views.status, hub.views.schedule)
    "no sync ran yet",
    "the last run failed",
    "the last run was interrupted; it is safe to run it again",
    "{resource}: {total} records, but {sum} accounted for",
    "paused: {reason}",
    "paused",
    "crmhub serve is not running, so nothing starts by itself",
    "its systems were all read {ago} ago, later than {limit}",
    "the notice {subject} could not be sent: {error}",
    "{message} ({failures} in a row, {until})",
    # alarms (hub.service.watch)
    "{error}; the old configuration is used",
    "{message}; changes are polled by schedule",
    "not every system was read completely within {limit}",
    # what helps in quarantine (hub.views.quarantine)
    "Correct the record in the system that it comes from, or in the one that refuses it",
    "Correct the connection's settings",
    "Report it to the plugin's author",
    "Two systems correct each other; look at `crmhub record explain REF`",
    "Merge the two records in that system, or link them by `crmhub review`",
    "The record is gone; the next full listing will tell",
    "It is tried again when the record or the mapping changes",
    # steps of a test (hub.views.connecting)
    "settings",
    "connect",
    "sign-in",
    "rights",
    "read",
    "clock",
)
"""In English, as they are told; the first that fits a sentence is taken."""


@cache
def _shapes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((pattern, _shape(pattern)) for pattern in PATTERNS)


def _shape(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"{(\w+)}", pattern)
    text = "".join(f"(?P<{part}>.+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile(text, re.DOTALL)


def recognised(text: str) -> tuple[str, dict[str, str]] | None:
    """(sentence with its places, what stands in them) of a text; None for one that nobody foresaw."""
    for pattern, shape in _shapes():
        found = shape.fullmatch(text)
        if found is not None:
            return pattern, found.groupdict()
    return None
