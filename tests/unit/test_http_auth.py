"""Auth flows without a network: what is sent, what is kept, who asks for a new token."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import responses

from hub.contract.connector import Context
from hub.contract.errors import AuthError, OutcomeUnknown, RateLimited, Unavailable
from hub.http.auth import AuthFlow, BasicAuth, Incoming, Outgoing, TokenAuth
from hub.http.oauth1 import OAuth1, base_string
from hub.http.oauth2 import Client, OAuth2
from hub.http.session import Http
from hub.http.signing import send_signed
from hub.rest.auth import flow_of
from hub.rest.spec import AuthSpec
from hub.tokens.token import MemoryTokens, Token, Tokens

ASK = Outgoing("GET", "https://api.example/contacts")
CLIENT = Client("id", "secret", "https://login.example/token", "https://login.example/auth", ("a", "b"), keep=("host",))
NOW = 1_000_000.0


def run(auth: AuthFlow, *answers: Incoming, request: Outgoing = ASK) -> list[Outgoing]:
    """What a flow sends when it gets these answers."""
    flow = auth.flow(request)
    sent = [next(flow)]
    for answer in answers:
        try:
            sent.append(flow.send(answer))
        except StopIteration:
            return sent
    return sent


def oauth2(tokens: Tokens, client: Client = CLIENT, now: float = NOW) -> OAuth2:
    return OAuth2(client, tokens, lambda: now, "crm", "Run `crmhub connect login crm`")


def given(**more: Any) -> Incoming:
    return Incoming(200, {"access_token": "new", "expires_in": 3600, **more})


def test_fixed_tokens_go_into_a_header_or_the_query() -> None:
    assert run(TokenAuth("t"))[0].headers == {"Authorization": "Bearer t"}
    assert run(TokenAuth("t", "X-Api-Key", ""))[0].headers == {"X-Api-Key": "t"}
    assert run(TokenAuth("t", param="key"))[0].params == {"key": "t"}


def test_user_and_password_are_utf_8() -> None:
    assert run(BasicAuth("Jörg", "pä:ss"))[0].headers["Authorization"] == "Basic SsO2cmc6cMOkOnNz"


def test_oauth_1_signs_as_the_example_of_the_standard() -> None:
    """RFC 5849, section 1.2 (photos.example.net) and the base string of section 3.4.1.1."""
    auth = OAuth1(
        "dpf43f3p2l4k3l03", "kd94hf93k423kf44", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00",
        clock=lambda: 137131202, nonce=lambda: "chapoH",
    )  # fmt: skip
    photo = Outgoing("GET", "http://photos.example.net/photos", {"file": "vacation.jpg", "size": "original"})
    header = run(auth, request=photo)[0].headers["Authorization"]
    assert 'oauth_signature="' in header
    fields = {
        "oauth_consumer_key": "9djdj82h48djs9d2", "oauth_token": "kkk9d7dh3k39sjv7",
        "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": "137131201", "oauth_nonce": "7d8f3e4a",
    }  # fmt: skip
    request = Outgoing(
        "POST", "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", data={"c2": "", "a3": "2 q"}
    )
    assert base_string(request, fields) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2"
        "%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26"
        "oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


def test_oauth_1_signature_of_a_known_request() -> None:
    """The worked example of OAuth Core 1.0 Revision A, appendix A.5."""
    auth = OAuth1(
        "dpf43f3p2l4k3l03", "kd94hf93k423kf44", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00",
        clock=lambda: 1191242096, nonce=lambda: "kllo9940pd9333jh",
    )  # fmt: skip
    photo = Outgoing("GET", "http://photos.example.net/photos", {"file": "vacation.jpg", "size": "original"})
    assert "tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D" in run(auth, request=photo)[0].headers["Authorization"]


def test_oauth_1_signs_with_the_clock_of_the_connection(tmp_path: Path) -> None:
    """A server refuses signatures that are minutes old, so a test that moves the time must move this one, too."""
    spec = AuthSpec(kind="oauth1", token="", token_secret="")
    context = Context("shop", lambda: Http("shop", hosts=[]), tmp_path, clock=lambda: datetime(2026, 1, 5, tzinfo=UTC))
    values = {"settings.consumer_key": "ck", "settings.consumer_secret": "cs"}
    header = run(flow_of(spec, values, context))[0].headers["Authorization"]
    assert 'oauth_timestamp="1767571200"' in header


@responses.activate
def test_an_attempt_after_a_failure_has_a_nonce_of_its_own() -> None:
    """Found by the contract kit on WooCommerce: the lost answer of a read ended in "nonce has already been used"."""
    for status in (503, 200):
        responses.get("https://shop.example/x", status=status, json={})
    http = Http("shop", hosts=["shop.example"], sleep=lambda _: None)
    send_signed(http, OAuth1("ck", "cs"), "GET", "https://shop.example/x")
    http.close()
    sent = [call.request.headers["Authorization"] for call in responses.calls]
    assert len(sent) == 2
    assert len({re.search('oauth_nonce="(.*?)"', text)[1] for text in sent}) == 2  # type: ignore[index]  # it is there


def test_a_valid_token_is_used_as_it_is() -> None:
    sent = run(oauth2(MemoryTokens(Token("old", "r", NOW + 3600))), Incoming(200))
    assert [item.headers.get("Authorization") for item in sent] == ["Bearer old"]


@pytest.mark.parametrize("expires", [NOW - 1, NOW + 30], ids=["expired", "about to expire"])
def test_an_expired_token_is_renewed_before_it_is_used(expires: float) -> None:
    tokens = MemoryTokens(Token("old", "r", expires))
    login, call = run(oauth2(tokens), given())
    assert login.login
    assert login.data == {
        "grant_type": "refresh_token", "refresh_token": "r", "client_id": "id", "client_secret": "secret",
    }  # fmt: skip
    assert call.headers["Authorization"] == "Bearer new"


def test_a_rotated_refresh_token_is_kept_before_the_new_token_is_used() -> None:
    tokens = MemoryTokens(Token("old", "r1", NOW - 1))
    flow = oauth2(tokens).flow(ASK)
    next(flow)
    flow.send(given(refresh_token="r2"))  # now the call is about to be sent
    kept = tokens.read()
    assert kept is not None
    assert (kept.access, kept.refresh) == ("new", "r2")


def test_an_answer_without_a_refresh_token_keeps_the_old_one_and_what_was_kept() -> None:
    tokens = MemoryTokens(Token("old", "r1", NOW - 1, {"host": "https://api.example"}))
    run(oauth2(tokens), given())
    kept = tokens.read()
    assert kept is not None
    assert (kept.refresh, kept.extra) == ("r1", {"host": "https://api.example"})


def test_a_401_renews_once_and_no_more() -> None:
    sent = run(oauth2(MemoryTokens(Token("old", "r", NOW + 3600))), Incoming(401), given(), Incoming(401))
    assert [item.headers.get("Authorization", "login") for item in sent] == ["Bearer old", "login", "Bearer new"]


def test_a_401_for_another_reason_renews_nothing() -> None:
    auth = OAuth2(
        CLIENT, MemoryTokens(Token("old", "r", NOW + 3600)), lambda: NOW, hopeless=lambda data: data == "scope"
    )
    assert len(run(auth, Incoming(401, "scope"))) == 1


def test_an_error_in_an_answer_of_200_is_no_token() -> None:
    with pytest.raises(AuthError, match=r"invalid_code.*connect login crm"):
        run(oauth2(MemoryTokens(Token("old", "r", NOW - 1))), Incoming(200, {"error": "invalid_code"}))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Incoming(200, {"error": "Access Denied"}), RateLimited),
        (Incoming(429, None), RateLimited),
        (Incoming(503, None), Unavailable),
        (Incoming(400, {"error": "invalid_grant"}), AuthError),
        (Incoming(200, ["odd"]), AuthError),
    ],
)
def test_what_a_refused_token_means(answer: Incoming, error: type[Exception]) -> None:
    tokens = MemoryTokens(Token("old", "r", NOW - 1))
    with pytest.raises(error):
        run(oauth2(tokens), answer)
    with tokens.locked():
        pass  # the lock was given back


def test_without_a_login_a_person_is_asked() -> None:
    with pytest.raises(AuthError, match="nobody has signed in yet"):
        run(oauth2(MemoryTokens()))


def test_a_client_signs_in_by_itself() -> None:
    client = Client(
        "id", "secret", "https://login.example/token", scopes=("a", "b"), grant="client_credentials", send="basic"
    )
    login, _ = run(oauth2(MemoryTokens(), client), given())
    assert login.data == {"grant_type": "client_credentials", "scope": "a b"}
    assert login.headers["Authorization"] == "Basic aWQ6c2VjcmV0"


def test_expires_in_is_in_milliseconds_beside_expires_in_sec() -> None:
    tokens = MemoryTokens(Token("old", "r", NOW - 1))
    run(oauth2(tokens), Incoming(200, {"access_token": "x", "expires_in": 3_600_000, "expires_in_sec": 3600}))
    kept = tokens.read()
    assert kept is not None
    assert kept.expires == NOW + 3600


def test_the_address_for_a_person_and_the_exchange_of_the_code() -> None:
    tokens = MemoryTokens()
    auth = oauth2(tokens)
    address = auth.authorize_url("http://localhost:1/", "state-1")
    assert address.startswith("https://login.example/auth?response_type=code&client_id=id")
    assert "scope=a+b" in address
    flow = auth.exchange("code-1", "http://localhost:1/")
    asked = next(flow)
    assert asked.data is not None
    assert (asked.data["grant_type"], asked.data["code"]) == ("authorization_code", "code-1")
    with pytest.raises(StopIteration):
        flow.send(given(refresh_token="r", host="https://eu.example"))
    assert auth.kept("host") == "https://eu.example"


def test_ten_threads_ask_for_one_new_token() -> None:
    tokens = MemoryTokens(Token("old", "r", NOW - 1))
    asked: list[str] = []
    barrier = threading.Barrier(10)

    def call() -> None:
        barrier.wait()
        flow = oauth2(tokens).flow(ASK)
        item = next(flow)
        if item.login:
            asked.append("login")
            item = flow.send(given())
        assert item.headers["Authorization"] == "Bearer new"

    threads = [threading.Thread(target=call) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == ["login"]


def test_of_two_calls_that_the_api_refused_one_asks_for_a_new_token() -> None:
    tokens = MemoryTokens(Token("old", "r", NOW + 3600))
    first, second = oauth2(tokens).flow(ASK), oauth2(tokens).flow(ASK)
    assert [next(flow).headers["Authorization"] for flow in (first, second)] == ["Bearer old"] * 2
    assert first.send(Incoming(401)).login
    assert first.send(given()).headers["Authorization"] == "Bearer new"
    assert second.send(Incoming(401)).headers["Authorization"] == "Bearer new"


def test_a_token_endpoint_that_does_not_answer_gives_the_lock_back() -> None:
    tokens = MemoryTokens(Token("old", "r", NOW - 1))
    http = Http("crm", hosts=["127.0.0.1"], sleep=lambda _: None)
    client = Client("id", "secret", "http://127.0.0.1:9/token")
    with pytest.raises(Unavailable):
        send_signed(http, oauth2(tokens, client), "POST", "http://127.0.0.1:9/contacts", safe=False)
    assert tokens._lock.acquire(timeout=1)
    assert http.calls == 1


def test_a_lost_answer_of_the_token_endpoint_leaves_no_write_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    http = Http("crm", hosts=["login.example"], sleep=lambda _: None)

    def lost(*_: Any, **__: Any) -> Any:
        raise OutcomeUnknown("no answer")

    monkeypatch.setattr(http, "_exchange", lost)
    with pytest.raises(Unavailable):
        send_signed(http, oauth2(MemoryTokens(Token("old", "r", NOW - 1))), "POST", ASK.url, safe=False)


def test_secrets_are_hidden_in_texts() -> None:
    for item in (
        oauth2(MemoryTokens(Token("secret"))),
        CLIENT,
        TokenAuth("secret"),
        BasicAuth("u", "secret"),
        Token("secret"),
    ):
        assert "secret" not in repr(item)
