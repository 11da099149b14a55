"""Found by five systems at once: one system names the recipient of an address, another does not."""

from __future__ import annotations

import pytest

from hub.canonical.values import key


@pytest.mark.xfail(strict=True, reason="the key of an address holds its recipient, so the first sync makes two of one")
def test_an_address_is_the_same_whether_or_not_it_names_the_recipient() -> None:
    place = {"lines": ("Gartenweg 49",), "postal_code": "20095", "city": "Hamburg", "country": "DE"}
    assert key("addresses", place) == key("addresses", {**place, "recipient": "Wolfgang Krämer"})
