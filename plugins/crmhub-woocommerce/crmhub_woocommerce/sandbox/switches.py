"""The switches of the WooCommerce sandbox."""

from __future__ import annotations

from hub.testing.sandbox import Switches


class WooSwitches(Switches):
    """In addition to those of every sandbox.

    https:           behave as behind a TLS proxy: Basic authentication and keys in the query are accepted; on plain HTTP
                     only OAuth 1.0a is
    time_zone:       of the shop; date_* are local, date_*_gmt are UTC
    makes_passwords: the shop makes up passwords; without it a new customer needs one
    strict_after:    modified_after and its like leave out the very second (unverified)
    """

    one_second_clock: bool = True
    https: bool = False
    time_zone: str = "Europe/Vienna"
    makes_passwords: bool = True
    strict_after: bool = True
