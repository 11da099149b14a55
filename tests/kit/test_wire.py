"""The wire between a connector and its system."""

from __future__ import annotations

import pytest
import requests

from hub.testing.kit import Wire
from hub.testing.servers import free_port


def test_a_wire_to_a_system_that_is_down_ends_the_connection_and_counts_the_call(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with Wire(f"http://127.0.0.1:{free_port()}") as wire, pytest.raises(requests.ConnectionError):
        requests.get(f"{wire.url}/contacts", timeout=10)
    assert [sent.path for sent in wire.sent] == ["/contacts"]
    assert capfd.readouterr().err == ""
