"""From the ``auth`` of a description to a flow that signs requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.contract.connector import Context
from hub.contract.errors import AuthError, ConfigError
from hub.http.auth import AuthFlow, BasicAuth, NoAuth, TokenAuth
from hub.http.oauth1 import OAuth1
from hub.http.oauth2 import Client, OAuth2, bearer
from hub.rest.paths import fits
from hub.rest.spec import AuthSpec
from hub.rest.template import fill


def flow_of(spec: AuthSpec, values: Mapping[str, Any], context: Context) -> AuthFlow:
    """The flow, with the settings filled in.  Raises AuthError for a setting that is missing."""

    def needed(template: str, what: str) -> str:
        found = fill(template, values)
        if not found:
            raise AuthError(f"this connection has no {what}", where=context.connection, hint=f"Add the setting {what}")
        return str(found)

    if spec.kind == "none":
        return NoAuth()
    if spec.kind in ("api_key", "bearer"):
        token = needed(spec.token, "token")
        scheme = spec.scheme if spec.kind == "bearer" or spec.header == "Authorization" else ""
        return TokenAuth(token, spec.header, scheme, spec.param)
    if spec.kind == "basic":
        return BasicAuth(needed(spec.user, "user"), str(fill(spec.password, values) or ""))
    if spec.kind == "oauth1":
        token, secret = fill(spec.token, values), fill(spec.token_secret, values)
        key = needed(spec.consumer_key, "consumer_key")
        return OAuth1(
            key,
            needed(spec.consumer_secret, "consumer_secret"),
            str(token or ""),
            str(secret or ""),
            clock=lambda: context.clock().timestamp(),
        )
    if not spec.token_url:
        raise ConfigError("auth of kind oauth2 needs token_url", where=context.connection)
    client = Client(
        needed(spec.client_id, "client_id"),
        needed(spec.client_secret, "client_secret"),
        needed(spec.token_url, "token_url"),
        str(fill(spec.authorize_url, values) or ""),
        tuple(spec.scopes),
        spec.separator,
        dict(spec.authorize_params),
        fill(spec.token_params, values),
        spec.grant,
        spec.client,
        tuple(spec.keep),
        str(fill(spec.refresh_token, values) or ""),
    )
    return oauth2_of(client, spec, context)


def oauth2_of(client: Client, spec: AuthSpec, context: Context) -> OAuth2:
    """The flow of a client, with the tokens that the host keeps for this connection."""
    hint = f"Run `crmhub connect login {context.connection}`"
    if spec.grant == "client_credentials":
        hint = "Check client_id and client_secret"
    return OAuth2(
        client,
        context.tokens,
        lambda: context.clock().timestamp(),
        context.connection,
        hint,
        bearer(spec.header, spec.scheme),
        lambda data: bool(spec.hopeless) and fits(data, spec.hopeless),
    )
