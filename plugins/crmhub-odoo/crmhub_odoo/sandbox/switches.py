"""The switches of the Odoo sandbox."""

from __future__ import annotations

from typing import Literal

from hub.testing.sandbox import Switches


class OdooSwitches(Switches):
    """In addition to those of every sandbox.

    version:            19.0 has JSON-2, compares times in whole seconds, has no mobile and title, and writes addresses and
                        tax numbers of contacts up to their company
    read_missing:       reading ids that are gone raises MissingError, or leaves them out (older servers)
    """

    version: Literal["16.0", "17.0", "18.0", "19.0"] = "18.0"
    read_missing: Literal["raise", "drop"] = "raise"

    @property
    def is_new(self) -> bool:
        """Whether this is 19 or later."""
        return self.version == "19.0"
