"""What may not be changed on pages, whoever asks: what runs code, what opens the pages, and where secrets are sent.

A page's admin manages the hub; the machine's own admin, who edits the file, decides what runs on the machine.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from typing import Any

from hub.config.model import Problem
from hub.config.settings import COMMON
from hub.config.table import Findings

SOURCES = ("env", "file", "command", "keyring", "secret")
"""Keys of a reference to a secret, beside those of plugins."""
_KEPT = {
    "hub": ("data", "database", "database_password", "mappings", "plugins"),
    "serve": ("listen", "public_url", "metrics_token", "two_people", "refused_passwords"),
}
"""Section -> keys that stay as they are."""
_FREE = frozenset(COMMON) - {"plugin", "hosts", "ca_file"}
"""Settings of a connection that say nothing about where it leads."""
_HINT = "Change it in the file, on the machine"


def refused(file: str, old: str, new: str, fresh: Collection[str] = (), sources: Collection[str] = ()) -> list[Problem]:
    """What of a change is not made on pages; both texts are valid TOML.

    fresh:   names of kept secrets whose values were typed for this change.
    sources: keys of references that plugins bring.
    """
    before, after = tomllib.loads(old) if old else {}, tomllib.loads(new)
    findings = Findings.of(file, new)
    for section, keys in _KEPT.items():
        for key in keys:
            if _at(before, section).get(key) != _at(after, section).get(key):
                findings.add((section, key), f"[{section}] {key} is not changed on the pages", _HINT)
    kinds = frozenset((*SOURCES, *sources))
    for section in ("connections", "notifiers"):
        for name, settings in _at(after, section).items():
            references = _references(settings, kinds)
            if not references or _leads(settings) == _leads(_at(_at(before, section), name)):
                continue
            if all(kind == "secret" and argument in fresh for kind, argument in references):
                continue
            text = f"[{section}.{name}] refers to a secret, so where it leads and how it signs in is not changed here"
            findings.add((section, name), text, f"{_HINT}, or set up a new connection and type the secret again")
    return findings.problems


def _at(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = content.get(key, {})
    return found if isinstance(found, dict) else {}


def _leads(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in _FREE}


def _references(value: Any, kinds: Collection[str]) -> list[tuple[str, Any]]:
    """(source, argument) of everything in settings that looks like a reference to a secret."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in kinds:
            return list(value.items())
        return [item for part in value.values() for item in _references(part, kinds)]
    if isinstance(value, list):
        return [item for part in value for item in _references(part, kinds)]
    return []
