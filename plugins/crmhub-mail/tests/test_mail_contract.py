"""The contract kit on both servers; the outcomes are those that quality.toml claims."""

import pytest

from crmhub_mail.bench import DovecotBench, PymapBench
from hub.testing.kit import ContractKit
from hub.testing.mail_servers import missing_dovecot


@pytest.mark.skipif(missing_dovecot() != "", reason=missing_dovecot() or "it is there")
class TestOnDovecot(ContractKit):
    bench = DovecotBench


class TestOnPymap(ContractKit):
    bench = PymapBench
