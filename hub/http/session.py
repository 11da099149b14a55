"""The one HTTP client of a connection: time-outs, TLS, hosts allow-list, retries of safe requests, error tree."""

from __future__ import annotations

import json as jsonlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from hub import __version__
from hub.contract.errors import ConfigError, ConnectorError, OutcomeUnknown, RateLimited, Rejected, Unavailable
from hub.http.abreast import Abreast
from hub.http.answers import bare_url, failure, first_words, looks_like_html, retry_after
from hub.http.failures import TRANSPORT_ERRORS, transport_failure
from hub.http.limiter import Limiter
from hub.http.traffic import Traffic

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_CHUNK = 65_536

Auth = AuthBase | tuple[str, str] | None
Timeout = float | tuple[float, float]

_log = logging.getLogger("crmhub.http")


class _Refused(Exception):
    """A limit, with the answer that told it."""

    def __init__(self, error: RateLimited, response: requests.Response) -> None:
        super().__init__(str(error))
        self.error, self.response = error, response


class Http:
    """A thread-safe HTTP client of one connection.  Every failure is an error of the contract.

    connection: the connection's name, for messages.
    hosts:      the only hosts that may be called ("erp.example" or "erp.example:8000"), also by redirects.
    ca_file:    certificates to trust instead of the public ones; TLS is always verified.
    connect_timeout, read_timeout: seconds to connect, and between two pieces of an answer.
    total_timeout: seconds for one whole answer, so that a slow drip cannot hold a run for ever.
    attempts, longest_wait, wait_budget: of a safe request: how often it is sent, the longest single wait that is
                obeyed (a longer Retry-After raises RateLimited at once) and the most seconds waited in all.
    largest_body: bytes after decompression.
    limiter: lets calls through as the account allows; shared by the clients of one account.
    at_once: calls that ``abreast`` makes at a time.
    sleep, clock: for tests.

    ``abreast`` makes several calls at a time.  ``traffic``, where set, collects what is sent and received, without secrets.

    ``calls`` counts the requests that were sent, each attempt and each redirect as one.
    """

    def __init__(
        self,
        connection: str,
        *,
        hosts: Iterable[str],
        ca_file: Path | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        total_timeout: float = 300.0,
        attempts: int = 4,
        longest_wait: float = 30.0,
        wait_budget: float = 60.0,
        largest_body: int = 256 * 1024 * 1024,
        user_agent: str = f"crmhub/{__version__}",
        limiter: Limiter | None = None,
        at_once: int = 1,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.connection = connection
        self.hosts = frozenset(host.lower() for host in hosts)
        self.calls = 0
        self.traffic: Traffic | None = None
        self.abreast = Abreast(at_once, f"crmhub-{connection}")
        self._limiter = limiter
        if ca_file is not None and not ca_file.is_file():
            raise ConfigError(f"The CA file {ca_file} does not exist", where=connection)
        self._verify: bool | str = str(ca_file) if ca_file else True
        self._timeouts = (connect_timeout, read_timeout)
        self._total_timeout = total_timeout
        self._attempts = attempts
        self._longest_wait = longest_wait
        self._wait_budget = wait_budget
        self._largest_body = largest_body
        self._user_agent = user_agent
        self._sleep = sleep
        self._clock = clock
        self._local = threading.local()
        self._lock = threading.Lock()
        self._sessions: list[requests.Session] = []

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: bytes | str | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Auth = None,
        safe: bool | None = None,
        timeout: Timeout | None = None,
        expect: Collection[int] = (),
        expect_json: bool | None = None,
        retry_refused: bool = False,
        refused_wait: Callable[[requests.Response], float | None] | None = None,
    ) -> requests.Response:
        """Send one request and return its answer with the body read.

        safe:        the request changes nothing, so it may be sent again; None: by method (GET, HEAD, OPTIONS,
                     PROPFIND, REPORT).  Writes are sent exactly once, whatever happens.
        expect:      statuses that the caller handles itself, for example {401} or {503}.
        expect_json: a web page instead of JSON is an error; None: when ``json`` is given or JSON is accepted.
        retry_refused: a write that is answered by 429 was not carried out, so it may wait and go again.
        refused_wait: seconds to wait after an answer of 429 that names none, as this API documents them.

        Returned are 1xx to 4xx except 401 and 429, 500 to a safe request, and what ``expect`` lists.  Redirects of
        safe requests are followed on allowed hosts, keeping the method; any other redirect is a ConfigError.

        Raises AuthError (401), RateLimited (429, 503 with Retry-After), Unavailable (not reached, or a safe request
        that failed every time), OutcomeUnknown (a write was sent and no usable answer came), Rejected (a value that
        cannot be sent), ConfigError (TLS, hosts, redirects).
        """
        method = method.upper()
        safe = method in SAFE_METHODS if safe is None else safe
        if expect_json is None:
            expect_json = json is not None or "json" in (headers or {}).get("Accept", "")
        body: dict[str, Any] = {"params": params, "json": json, "data": _bytes(data), "headers": headers}
        body |= {"auth": _auth(auth), "timeout": timeout or self._timeouts}

        def send() -> requests.Response:
            try:
                return self._exchange(method, url, body, safe=safe, expect=expect, expect_json=expect_json)
            except _Refused as refused:
                if refused.error.retry_after is None and refused_wait is not None:
                    refused.error.retry_after = refused_wait(refused.response)
                raise refused.error from None

        return self._retrying(only_refused=not safe)(send) if safe or retry_refused else send()

    def json(self, method: str, url: str, *, safe: bool | None = None, **options: Any) -> Any:
        """Like ``request``, but return the decoded JSON of a 2xx answer.

        Raises also Unavailable (a safe request) or OutcomeUnknown (a write) for a body that is not JSON.
        """
        response = self.request(method, url, safe=safe, expect_json=True, **options)
        return self.decode(response, safe=method.upper() in SAFE_METHODS if safe is None else safe)

    def decode(
        self, response: requests.Response, *, safe: bool, object_hook: Callable[[dict[str, Any]], Any] | None = None
    ) -> Any:
        """Decode the JSON of an answer (``object_hook`` as in json.loads).

        A broken body is Unavailable, after a write OutcomeUnknown.
        """
        try:
            return jsonlib.loads(response.content, object_hook=object_hook)
        except ValueError:
            where = self._where(response.url or "")
            raise _unusable(safe)(
                f"{where} answered with something that is not JSON", remote_text=first_words(response)
            ) from None

    def close(self) -> None:
        """Close the connections of all threads.  The client may be used again afterwards."""
        self.abreast.close()
        with self._lock:
            sessions, self._sessions = self._sessions, []
            self._local = threading.local()
        if self._limiter is not None:
            self._limiter.close()
        for session in sessions:
            session.close()

    # One exchange

    def _exchange(
        self, method: str, url: str, body: Mapping[str, Any], *, safe: bool, expect: Collection[int], expect_json: bool
    ) -> requests.Response:
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._send(method, url, body, safe=safe)
            location = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not location or response.status_code in expect:
                break
            url = self._redirected(method, url, location, safe=safe)
        else:
            raise ConfigError(f"{self._where(url)} redirects in a circle", hint="Check the url of this connection")
        where = self._where(url)
        error = failure(response, where=where, safe=safe, expect=expect, now=self._clock())
        if isinstance(error, RateLimited):
            raise _Refused(error, response)
        if error is not None:
            raise error
        if expect_json and response.ok and looks_like_html(response):
            words = first_words(response)
            raise _unusable(safe)(f"{where} answered with a web page instead of JSON: {words!r}", remote_text=words)
        return response

    def _send(self, method: str, url: str, body: Mapping[str, Any], *, safe: bool) -> requests.Response:
        self._check_host(url)
        if self._limiter is None:
            return self._send_now(method, url, body, safe=safe)
        with self._limiter.slot():
            try:
                response = self._send_now(method, url, body, safe=safe)
            except ConnectorError as error:
                if isinstance(error, (Unavailable, OutcomeUnknown)):
                    self._limiter.failed()
                raise
            if response.status_code in (502, 503, 504):
                self._limiter.failed()
            self._limiter.answered(response.headers, failed=response.status_code >= 500)
            if response.status_code == 429:
                self._limiter.refused(retry_after(response, self._clock()))
            return response

    def _send_now(self, method: str, url: str, body: Mapping[str, Any], *, safe: bool) -> requests.Response:
        where = self._where(url)
        with self._lock:
            self.calls += 1
        started = time.monotonic()
        try:
            response = self._session().request(
                method, url, stream=True, allow_redirects=False, verify=self._verify, **body
            )
            with response:
                self._read(response, started, where=where, safe=safe)
        except TRANSPORT_ERRORS as error:
            self._note(method, url, body, None, started)
            raise transport_failure(error, where=where, safe=safe) from None
        milliseconds = (time.monotonic() - started) * 1000
        self._note(method, url, body, response, started)
        _log.debug("%s: %s %s %s %.0f ms", self.connection, method, where, response.status_code, milliseconds)
        return response

    def _note(
        self, method: str, url: str, body: Mapping[str, Any], response: requests.Response | None, started: float
    ) -> None:
        if self.traffic is None:
            return
        milliseconds = (time.monotonic() - started) * 1000
        if response is None:
            self.traffic.add(method, url, body, None, {}, 0, milliseconds)
        else:
            size = len(response.content)
            self.traffic.add(method, url, body, response.status_code, response.headers, size, milliseconds)

    def _read(self, response: requests.Response, started: float, *, where: str, safe: bool) -> None:
        """Read the whole body, with bounds on its size and time."""
        pieces, size = [], 0
        # read1 returns what has come; iter_content would wait for a full chunk, so a slow drip would never end.
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > self._largest_body:
                raise _unusable(safe)(f"{where} sends more than {self._largest_body} bytes")
            if time.monotonic() - started > self._total_timeout:
                raise _unusable(safe)(f"{where} needs more than {self._total_timeout:g} s for one answer")
        response._content = b"".join(pieces)  # where requests itself keeps a body that was read

    def _redirected(self, method: str, url: str, location: str, *, safe: bool) -> str:
        target = urljoin(url, location)
        shown = bare_url(target)
        if not safe:
            raise ConfigError(
                f"{self._where(url)} redirects a write ({method}) to {shown}",
                hint="Give the final address as url of this connection",
            )
        if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
            raise ConfigError(f"{self._where(url)} redirects to the unprotected {shown}")
        self._check_host(target)
        return target

    def _check_host(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        except ValueError:
            raise ConfigError("The url is not a usable address", where=self.connection) from None
        if parts.scheme not in ("http", "https") or not host:
            raise ConfigError(f"{bare_url(url)!r} is not an http(s) address", where=self.connection)
        if host not in self.hosts and f"{host}:{port}" not in self.hosts:
            raise ConfigError(
                f"The host {host} is not among the hosts allowed for this connection",
                where=self.connection,
                hint="If it belongs to the system, add it to the connection's hosts",
            )

    def _where(self, url: str) -> str:
        return f"{self.connection} at {bare_url(url)}"

    # Sessions and retries

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False  # no proxies, netrc or CA files from the environment behind the user's back
            session.headers["User-Agent"] = self._user_agent
            with self._lock:
                self._sessions.append(session)
            self._local.session = session
        return session

    def _retrying(self, *, only_refused: bool = False) -> Retrying:
        jitter = wait_random_exponential(multiplier=0.5, max=self._longest_wait)
        waited = 0.0

        def again(error: BaseException) -> bool:
            if isinstance(error, RateLimited):
                asked = error.retry_after or 0.0
                return asked <= self._longest_wait and waited + asked <= self._wait_budget
            return not only_refused and isinstance(error, Unavailable) and waited <= self._wait_budget

        def wait(state: RetryCallState) -> float:
            nonlocal waited
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, RateLimited) else None
            seconds = jitter(state) if asked is None else asked
            waited += seconds
            return seconds

        return Retrying(
            stop=stop_after_attempt(self._attempts),
            retry=retry_if_exception(again),
            wait=wait,
            sleep=self._sleep,
            reraise=True,
        )


def _auth(auth: Auth) -> AuthBase | None:
    if isinstance(auth, tuple):
        # requests would encode as Latin-1; RFC 7617 section 2.1 and today's servers use UTF-8.
        return HTTPBasicAuth(auth[0].encode(), auth[1].encode())
    return auth


def _bytes(data: bytes | str | Mapping[str, Any] | None) -> bytes | Mapping[str, Any] | None:
    """Text as UTF-8 (http.client would use Latin-1); half of a surrogate pair has no UTF-8 and is refused."""
    if not isinstance(data, str):
        return data
    try:
        return data.encode()
    except UnicodeEncodeError as error:
        raise Rejected(f"The text cannot be sent: it holds a broken character at position {error.start}") from None


def _unusable(safe: bool) -> type[ConnectorError]:
    """The error for an answer that cannot be used: after a write, nobody knows whether it happened."""
    return Unavailable if safe else OutcomeUnknown
