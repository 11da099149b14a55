"""The access token of a login by XOAUTH2: a given one, or one that is renewed in time and kept."""

from __future__ import annotations

from crmhub_mail.settings import ImapConfig
from hub.plugin import Context


def access_token(config: ImapConfig, context: Context) -> str:
    """Raises AuthError, RateLimited or Unavailable."""
    assert config.access_token is not None
    return config.access_token.get_secret_value()
