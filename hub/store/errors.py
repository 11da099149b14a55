"""What can be wrong with the store."""

from __future__ import annotations

from hub.contract.errors import HubError


class StoreError(HubError):
    """The hub's own database cannot be used (disk full, damaged, from a newer version, not writable, not reached)."""

    code = "store"


class Locked(HubError):
    """Another process runs on this store; ``holder`` is what that process calls itself."""

    code = "locked"

    def __init__(self, message: str, *, where: str = "", hint: str = "", holder: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.holder = holder
