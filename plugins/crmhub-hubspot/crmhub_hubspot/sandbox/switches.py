"""The switches of the HubSpot sandbox: first of all where the documentation leaves two answers open."""

from __future__ import annotations

from hub.testing.sandbox import Count, Switches


class HubSpotSwitches(Switches):
    """In addition to those of every sandbox.

    burst:           calls within 10 seconds for this application (100, 190 or 250 by subscription); None is without limit
    search_burst:    searches within one second
    new_id_on_merge: objects whose merged record gets a new id (unverified; contacts keep the primary's)
    webhook_retries: how often a webhook that was not answered with 2xx is sent again
    null_clears:     null in an update clears a property (unverified; "" always does)
    """

    quota: Count | None = 250_000
    burst: Count | None = 190
    search_burst: Count | None = 5
    new_id_on_merge: tuple[str, ...] = ("companies",)
    webhook_retries: Count = 0
    null_clears: bool = True
