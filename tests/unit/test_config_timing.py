"""The settings of schedules in a configuration: what they give, and how mistakes are located."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.config.model import InvalidConfig
from hub.config.read import read_config
from hub.config.timing import Address, Every, Quiet, Serving

TEXT = """\
[connections.erp]
plugin = "files"
path = "erp"

[connections.shop]
plugin = "files"
path = "shop"

[notifiers.office]
plugin = "smtp"

[serve]
timezone = "Europe/Berlin"
first_wait = "30s"
longest_wait = "2h"
notify = ["office"]
listen = "[::1]:9000"
public_url = "https://hub.firm.example/crm/"

[syncs.customers]
systems = ["erp", "shop"]
schedule = "every  15m"
jitter = "1m"
quiet = ["22:00-06:00"]
fresh = "1h"

[syncs.partners]
systems = ["erp", "shop"]
timezone = "Asia/Shanghai"
"""


def test_settings_are_read(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(TEXT)
    config = read_config(tmp_path / "c.toml")
    assert config.serving == Serving(
        "Europe/Berlin", 30.0, 7200.0, ("office",), Address("::1", 9000), "https://hub.firm.example/crm"
    )
    timing = config.syncs["customers"].timing
    assert (timing.schedule, timing.jitter, timing.fresh) == (Every(900.0), 60.0, 3600.0)
    assert (timing.zone, timing.quiet, timing.text) == ("Europe/Berlin", (Quiet(1320, 360),), "every 15m")
    other = config.syncs["partners"].timing
    assert (other.schedule, other.zone, other.fresh, other.text) == (None, "Asia/Shanghai", None, "manual")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("every  15m", "hourly", 22, "schedule must be a schedule such as"),
        ('jitter = "1m"', 'jitter = "20m"', 23, "shorter than the time between two runs"),
        ('"22:00-06:00"', '"22:00"', 24, "must be a window such as"),
        ('"22:00-06:00"', '"00:00-12:00", "12:00-24:00"', 24, "leave no time to run"),
        ('fresh = "1h"', 'fresh = "0s"', 25, "fresh must be more than 0"),
        ("Asia/Shanghai", "Asia/Atlantis", 29, "is no time zone"),
        ("Europe/Berlin", "Berlin", 13, "is no time zone"),
        ('"2h"', '"1s"', 15, "must not be shorter than first_wait"),
        ('["office"]', '["ofice"]', 16, "There are: office"),
        ("first_wait", "first_weit", 14, "Did you mean 'first_wait'"),
        ("jitter =", "jiter =", 23, "Did you mean 'jitter'"),
        ('"[::1]:9000"', '"localhost"', 17, "must be an address and a port"),
        ('"[::1]:9000"', '"::1:9000"', 17, "must be an address and a port"),
        ('"[::1]:9000"', '"127.0.0.1:90000"', 17, "must be an address and a port"),
        ("https://hub", "hub", 18, "must be an address such as"),
        ("https://hub", "https://me:word@hub", 18, "must not hold a user name"),
    ],
)
def test_a_mistake_is_located(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    (tmp_path / "c.toml").write_text(TEXT.replace(old, new, 1))
    with pytest.raises(InvalidConfig) as caught:
        read_config(tmp_path / "c.toml")
    (problem,) = caught.value.problems
    assert problem.line == line
    assert words in str(problem)
