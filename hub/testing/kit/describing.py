"""Rules about what a connector says of itself, and about its settings and login."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from hub.contract.connector import Context
from hub.contract.errors import AuthError, ConnectorError
from hub.testing.kit.bench import Bench

_KEYED = {"upsert_key", "marker", "client_id"}


def describes_without_io(bench: Bench) -> None:
    """``resources()`` needs no network: it is asked before anything is connected."""

    def no_network() -> Any:
        raise AssertionError("describing the resources asked for the network")

    config = bench.connector.Config(**bench.settings())
    resources = bench.connector(config, Context("kit", no_network, bench.folder, base=bench.folder)).resources()
    names = [item.name for item in resources]
    assert bench.resource in names, f"{bench.resource} is not among {names}"
    assert len(set(names)) == len(names), f"a resource is named twice: {names}"


def capabilities_agree(bench: Bench) -> None:
    """What is declared fits together: the engine decides by it, never by trying."""
    able = bench.able
    assert able.page > 0, "page must be positive"
    assert able.batch > 0, "batch must be positive"
    assert (able.create in _KEYED) <= ("op_key" in able.find_by), f"create = {able.create} needs find_by op_key"
    assert able.poll_calls >= 0, "poll_calls must not be negative"


def unknown_settings_are_refused(bench: Bench) -> None:
    """A misspelt setting is an error, never ignored; settings do not change afterwards."""
    try:
        bench.connector.Config(**{**bench.settings(), "no_such_setting": 1})
    except ValidationError:
        pass
    else:
        raise AssertionError("an unknown setting was accepted: use extra = forbid")
    config = bench.connector.Config(**bench.settings())
    try:
        config.__setattr__(next(iter(type(config).model_fields)), "changed")
    except (ValidationError, AttributeError, TypeError):
        return
    raise AssertionError("the settings can be changed: use frozen = True")


def secrets_are_hidden(bench: Bench) -> None:
    """A secret is in no repr, no dump and no log."""
    config = bench.connector.Config(**bench.settings())
    bench.connect().check()
    bench.pages()
    shown = f"{config!r} {config} {config.model_dump_json()}"
    for secret in bench.secrets:
        assert secret not in shown, "a setting shows its secret: use SecretStr"
        said = [line for line in bench.lines if secret in line]
        assert not said, f"a secret is in the log: {said[0].replace(secret, '***')}"


def check_says_who_we_are(bench: Bench) -> None:
    """``check()`` signs in and names the account."""
    account = bench.connect().check()
    assert account.name, "check() gives no name of the account"


def wrong_login_is_an_auth_error(bench: Bench) -> None:
    """A wrong login raises AuthError, is not tried again and again, and shows no secret."""
    wrong = bench.wrong_login()
    bench.exempt_unless(wrong is not None, "there is no login")
    before = len(bench.wire.sent) if bench.wire else 0
    error: ConnectorError | None = None
    try:
        bench.connect(**(wrong or {})).check()
    except ConnectorError as raised:
        error = raised
    assert isinstance(error, AuthError), f"a wrong login gave {error!r}, not AuthError"
    for secret in bench.secrets:
        assert secret not in f"{error!r} {error}", "the error shows a secret"
    calls = len(bench.wire.sent) - before if bench.wire else 0
    assert calls <= 5, f"a wrong login was tried {calls} times"


def fields_are_discovered(bench: Bench) -> None:
    """Field discovery names the text field, each field once."""
    fields = bench.connect().fields(bench.resource)
    bench.exempt_unless(fields, "the system cannot tell its fields")
    paths = [item.path for item in fields]
    assert len(set(paths)) == len(paths), "a field is named twice"
    assert bench.text in paths, f"{bench.text} is not among the discovered fields"
