"""The HTTP client against a real loopback socket that misbehaves."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hub.contract.errors import ConfigError, ConnectorError, OutcomeUnknown, Unavailable
from hub.http.session import Http

Behaviour = Callable[[socket.socket], None]


@contextmanager
def server(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve each connection by reading its request and calling ``behave``; yields the base URL."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    try:
                        if tls:
                            with tls.wrap_socket(peer, server_side=True) as wrapped:
                                wrapped.recv(65536)
                                behave(wrapped)
                        else:
                            peer.recv(65536)
                            behave(peer)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}/x"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def client(**options: float | Path) -> Http:
    options = {"read_timeout": 0.3, "attempts": 2} | options
    return Http("erp", hosts=["127.0.0.1"], sleep=lambda _: None, **options)  # type: ignore[arg-type]  # mixed options


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def silent(peer: socket.socket) -> None:
    peer.settimeout(5)
    peer.recv(1)


def cut_short(peer: socket.socket) -> None:
    peer.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"a": 1')


def broken_chunks(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")


def mislabelled_gzip(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd")


def not_http(peer: socket.socket) -> None:
    peer.sendall(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize("behave", [reset, silent, cut_short, broken_chunks, mislabelled_gzip, not_http])
@pytest.mark.parametrize(("method", "error", "calls"), [("GET", Unavailable, 2), ("POST", OutcomeUnknown, 1)])
def test_a_lost_answer_is_retried_when_safe_and_unknown_when_a_write(
    behave: Behaviour, method: str, error: type[ConnectorError], calls: int
) -> None:
    http = client()
    with server(behave) as url, pytest.raises(error):
        http.request(method, url)
    http.close()
    assert http.calls == calls


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_that_is_not_there_certainly_did_nothing(method: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable, match="cannot be reached"):
        client().request(method, f"http://127.0.0.1:{port}/")


def test_an_unknown_host_name_is_unavailable() -> None:
    http = Http("erp", hosts=["erp.invalid"], attempts=1)
    with pytest.raises(Unavailable, match="cannot be reached"):
        http.request("POST", "http://erp.invalid/")


def test_a_slow_drip_ends_at_the_total_time_out() -> None:
    def drip(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        for _ in range(100):
            peer.sendall(b"x")
            time.sleep(0.05)

    http = client(total_timeout=0.2, attempts=1)
    with server(drip) as url, pytest.raises(Unavailable, match=r"more than 0\.2 s"):
        http.request("GET", url)
    http.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_an_untrusted_certificate_is_a_configuration_error_until_its_ca_is_given(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    def hello(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    with server(hello, tls) as url:
        with pytest.raises(ConfigError, match="ca_file"):
            client().request("POST", url)
        http = client(ca_file=certificate)
        assert http.request("POST", url).text == "ok"
        http.close()


def test_threads_have_sessions_of_their_own_and_one_counter() -> None:
    def hello(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    http = client(read_timeout=5.0)
    with server(hello) as url:
        threads = [threading.Thread(target=http.request, args=("GET", url)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    http.close()
    assert http.calls == 8
