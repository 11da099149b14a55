"""OAuth 2 (RFC 6749): tokens that expire, refreshed once for all threads and processes, kept before they are used.

authorization_code: a person signs in once (``authorize_url``, ``exchange``), then refresh tokens are used; a rotated one
replaces the old one.  client_credentials: the client signs in by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

from hub.contract.errors import AuthError, RateLimited, Unavailable
from hub.http.auth import Flow, Incoming, Outgoing, basic
from hub.tokens.token import Token, Tokens

MARGIN = 60.0
"""Seconds before its end at which a token counts as expired."""
_DEFAULT_LIFE = 3600.0


@dataclass(frozen=True, slots=True, repr=False)
class Client:
    """Who the hub is at the token endpoint, and how it is asked there.

    send: client credentials in the body, or as HTTP Basic;  keep: members of the token answer to keep;
    refresh_token: to begin with, if a person got one elsewhere;  throttled: words of an answer that asks us to wait.
    """

    id: str
    secret: str
    token_url: str
    authorize_url: str = ""
    scopes: Sequence[str] = ()
    separator: str = " "
    authorize_params: Mapping[str, str] = field(default_factory=dict)
    token_params: Mapping[str, str] = field(default_factory=dict)
    grant: Literal["authorization_code", "client_credentials"] = "authorization_code"
    send: Literal["body", "basic"] = "body"
    keep: Sequence[str] = ()
    refresh_token: str = ""
    throttled: Sequence[str] = ("access denied", "access_denied", "slow_down", "temporarily_unavailable")
    throttle_wait: float = 600.0


class _TokenAuth(Protocol):
    def __call__(self, request: Outgoing, token: str) -> Outgoing: ...


def bearer(header: str = "Authorization", scheme: str = "Bearer") -> _TokenAuth:
    """Puts the access token into a header."""

    def sign(request: Outgoing, token: str) -> Outgoing:
        return request.with_header(header, f"{scheme} {token}".strip())

    return sign


@dataclass(frozen=True, slots=True, repr=False)
class OAuth2:
    """Signs requests with an access token that is refreshed in time, and once more if the API refuses it (401).

    where: the connection, for messages;  hint: what a person should do;  hopeless: whether a 401 has other reasons than
    the token (a missing scope), so that refreshing is no use.
    """

    client: Client
    tokens: Tokens
    clock: Callable[[], float]
    where: str = ""
    hint: str = ""
    sign: _TokenAuth = field(default_factory=bearer)
    hopeless: Callable[[Any], bool] = lambda _data: False

    def flow(self, request: Outgoing) -> Flow:
        """The request with a valid token; refreshes first where needed."""
        token = self.tokens.read()
        if token is None or self._expired(token):
            token = yield from self._renew(token)
        answer = yield self.sign(request, token.access)
        if answer.status == 401 and not self.hopeless(answer.data):
            # Certainly not carried out, so even a write may go again.
            token = yield from self._renew(token)
            yield self.sign(request, token.access)

    def sign_in(self) -> Flow:
        """Get a token if there is none yet."""
        if self.tokens.read() is None:
            yield from self._renew(None)

    def ready(self) -> Flow:
        """See to it that there is a token that does not end soon, for what is no HTTP request (``access_token``)."""
        token = self.tokens.read()
        if token is None or self._expired(token):
            yield from self._renew(token)

    def kept(self, name: str) -> str | None:
        """A member of the token answer that is kept (``Client.keep``)."""
        token = self.tokens.read()
        return None if token is None else token.extra.get(name)

    # a person signs in

    def authorize_url(self, redirect: str, state: str) -> str:
        """Where a person gives the hub access.  Raises AuthError if this API has no such page."""
        if not self.client.authorize_url:
            raise AuthError("this connection needs no login by a person", where=self.where)
        query = {"response_type": "code", "client_id": self.client.id, "redirect_uri": redirect, "state": state}
        if self.client.scopes:
            query["scope"] = self.client.separator.join(self.client.scopes)
        return f"{self.client.authorize_url}?{urlencode({**query, **self.client.authorize_params})}"

    def exchange(self, code: str, redirect: str) -> Flow:
        """Turn the code that a person brought into tokens, and keep them.  Raises AuthError."""
        with self.tokens.locked():
            fields = {"grant_type": "authorization_code", "code": code}
            if redirect:
                fields["redirect_uri"] = redirect
            answer = yield self._ask(fields)
            self.tokens.save(self._token(answer, None))

    # renewing

    def _expired(self, token: Token) -> bool:
        return token.expires is not None and self.clock() >= token.expires - MARGIN

    def _renew(self, stale: Token | None) -> Any:
        """A new token, asked for by one thread of one process; the others find it when they get the lock."""
        with self.tokens.locked():
            current = self.tokens.read()
            if current is not None and not self._expired(current) and (stale is None or current.access != stale.access):
                return current
            answer = yield self._ask(self._grant(current))
            token = self._token(answer, current)
            self.tokens.save(token)  # before it is used: a rotated refresh token that was lost could not be replaced
        return token

    def _grant(self, current: Token | None) -> dict[str, str]:
        if self.client.grant == "client_credentials":
            scopes = self.client.separator.join(self.client.scopes)
            return {"grant_type": "client_credentials", **({"scope": scopes} if scopes else {})}
        refresh = current.refresh if current is not None and current.refresh else self.client.refresh_token
        if not refresh:
            raise AuthError("nobody has signed in yet", where=self.where, hint=self.hint)
        return {"grant_type": "refresh_token", "refresh_token": refresh}

    def _ask(self, fields: dict[str, str]) -> Outgoing:
        headers = {"Accept": "application/json"}
        fields = {**fields, **self.client.token_params}
        if self.client.send == "basic":
            headers["Authorization"] = basic(self.client.id, self.client.secret)
        else:
            fields |= {"client_id": self.client.id, "client_secret": self.client.secret}
        return Outgoing("POST", self.client.token_url, headers=headers, data=fields, login=True)

    def _token(self, answer: Incoming, before: Token | None) -> Token:
        """The token of an answer.  Errors may come with any status, even 200: what counts is the token."""
        data = answer.data if isinstance(answer.data, dict) else {}
        access = data.get("access_token")
        if not isinstance(access, str) or not access:
            raise self._refused(answer, data)
        refresh = data.get("refresh_token") or (before.refresh if before else "") or self.client.refresh_token
        extra = {
            **(before.extra if before else {}),
            **{key: str(data[key]) for key in self.client.keep if data.get(key)},
        }
        return Token(access, str(refresh), self.clock() + _life(data), extra, str(data.get("scope") or ""))

    def _refused(self, answer: Incoming, data: Mapping[str, Any]) -> Exception:
        code = str(data.get("error") or data.get("message") or answer.status)[:80]
        text = str(data.get("error_description") or code)[:200]
        if answer.status == 429 or code.lower() in self.client.throttled:
            wait = self.client.throttle_wait
            return RateLimited(f"no new tokens for a while: {text}", retry_after=wait, scope="token", where=self.where)
        if answer.status >= 500:
            return Unavailable(f"the token endpoint answers {answer.status}", where=self.where, remote_text=text)
        return AuthError(
            f"the login is refused: {text}", where=self.where, hint=self.hint, remote_code=code, remote_text=text
        )


def _life(data: Mapping[str, Any]) -> float:
    """Seconds that a token is valid.  Zoho: with ``expires_in_sec``, ``expires_in`` is in milliseconds."""
    for name in ("expires_in_sec", "expires_in"):
        value = data.get(name)
        if isinstance(value, (int, float)) or (isinstance(value, str) and value.isdigit()):
            return float(value)
    return _DEFAULT_LIFE
