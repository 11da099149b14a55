"""The access token of a login by XOAUTH2: a given one, or one that is renewed in time and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmhub_mail.settings import ImapConfig
from hub.plugin import Context

if TYPE_CHECKING:
    from hub.plugin import OAuth2

_OFFLINE = {"access_type": "offline", "prompt": "consent"}
"""What Google wants to hear before it gives a refresh token; others do not mind."""


def flow_of(config: ImapConfig, context: Context) -> OAuth2 | None:
    """The login that gets tokens; None where a password or a ready token is used."""
    if config.auth != "xoauth2" or not config.token_url:
        return None
    from hub.plugin import Client, OAuth2  # here: it loads what only a login needs

    secret = config.client_secret.get_secret_value() if config.client_secret is not None else ""
    refresh = config.refresh_token.get_secret_value() if config.refresh_token is not None else ""
    client = Client(
        config.client_id,
        secret,
        config.token_url,
        config.authorize_url,
        config.scopes,
        authorize_params=_OFFLINE,
        grant=config.grant,
        refresh_token=refresh,
    )
    hint = f"Run `crmhub connect login {context.connection}`"
    return OAuth2(client, context.tokens, lambda: context.clock().timestamp(), context.connection, hint)


def token_of(config: ImapConfig, context: Context) -> str:
    """The token to sign in with.  Raises AuthError, RateLimited or Unavailable."""
    flow = flow_of(config, context)
    if flow is not None:
        from hub.plugin import access_token

        return access_token(context.http, flow)
    return config.access_token.get_secret_value() if config.access_token is not None else ""
