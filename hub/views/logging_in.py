"""Giving the hub access to an account of a system that asks a person for permission (OAuth 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from hub.contract.errors import AuthError, HubError

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.connected import Connected
    from hub.contract.records import Account
    from hub.http.oauth2 import OAuth2


def flow_of(opened: Connected) -> OAuth2 | None:
    """How a person gives access to this connection; None where its credentials are settings."""
    from hub.http.oauth2 import OAuth2

    flow = getattr(opened.connector, "auth", None)
    return flow if isinstance(flow, OAuth2) and flow.client.grant == "authorization_code" else None


def needed_flow(opened: Connected) -> OAuth2:
    """Raises HubError where nobody needs to log in."""
    flow = flow_of(opened)
    if flow is None:
        name = opened.connection.name
        raise HubError(
            f"the connection {name!r} needs no login by a person",
            where=name,
            hint="Its credentials are settings; see the plugin's README",
        )
    return flow


def finish(app: App, name: str, code: str, sent_from: str) -> Account:
    """Exchange a code for a login, which is kept, encrypted, and see who it is.  sent_from: the redirect address that it
    came back to, "" for one that was made on the provider's own page.  Raises HubError."""
    from hub.http.signing import drive
    from hub.views.pausing import release_if_kept

    opened = app.connect(name)
    drive(opened.connector.context.http, needed_flow(opened).exchange(code, sent_from), safe=False)
    account = opened.connector.check()
    release_if_kept(app, name)
    return account


def state_of(text: str) -> str:
    """The state in an address that a person pasted, by which a login is known; "" if there is none."""
    return parse_qs(urlsplit(text.strip()).query).get("state", [""])[0] if "://" in text else ""


def code_of(text: str) -> str:
    """The code in what a person pasted: the code itself, or the address with ``code=`` in it.  Raises AuthError."""
    if "://" not in text:
        return text.strip()
    query = parse_qs(urlsplit(text.strip()).query)
    if "code" not in query:
        reason = query.get("error", ["there is no code in this address"])[0]
        raise AuthError(f"access was not given: {reason}", hint="Start again with `crmhub connect login`")
    return query["code"][0]
