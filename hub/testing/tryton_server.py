"""How a Tryton server for tests and the demo is prepared: database, languages, countries."""

from __future__ import annotations

import base64
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hub.contract.errors import HubError
from hub.http.session import Http
from hub.testing.postgres import psql
from hub.testing.servers import DEMO_PASSWORD, RunningServer, answers, require, start

DATABASE, USER, PASSWORD = "crmhub", "admin", DEMO_PASSWORD
LANGUAGES = ("en", "de", "fr", "zh_CN")
_SEED_VERSION = 2
_INIT_SECONDS = 180.0

# ISO 3166-1 and 3166-2 with the subdivision types of Tryton's module country.
COUNTRIES: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "DE": (
        "Germany",
        "land",
        {"DE-BE": "Berlin", "DE-BY": "Bayern", "DE-HH": "Hamburg", "DE-NI": "Niedersachsen"},
    ),
    "AT": ("Austria", "state", {"AT-9": "Wien", "AT-5": "Salzburg", "AT-7": "Tirol"}),
    "CH": ("Switzerland", "canton", {"CH-ZH": "Zürich", "CH-GE": "Genève", "CH-BE": "Bern"}),
    "FR": ("France", "metropolitan region", {"FR-IDF": "Île-de-France", "FR-BRE": "Bretagne"}),
    "GB": ("United Kingdom", "country", {"GB-ENG": "England", "GB-SCT": "Scotland", "GB-WLS": "Wales"}),
    "US": ("United States", "state", {"US-CA": "California", "US-NY": "New York", "US-TX": "Texas"}),
    "CN": ("China", "municipality", {"CN-BJ": "Beijing Shi", "CN-SH": "Shanghai Shi", "CN-CQ": "Chongqing Shi"}),
}

# The server would look up the mail domain of every address in the DNS if this optional library is installed.  A
# loopback server must neither leave the machine nor depend on it, so it runs as if the library were not there.
_OFFLINE = "import sys; sys.modules['email_validator'] = None; from {module} import main; main()"


def start_tryton(folder: Path, *, port: int, cache: Path | None, modules: Sequence[str]) -> RunningServer:
    """See ``hub.testing.servers.start_tryton``."""
    require("trytond", extra="demo")
    for module in modules:
        require(f"trytond.modules.{module}", extra="demo")
    folder = folder.resolve()
    prepared = _prepared(cache.resolve() if cache else None, folder, modules)
    database = folder / "data" / f"{DATABASE}.sqlite"
    if not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(prepared, database)
    return _serve(folder, port)


def _prepared(cache: Path | None, folder: Path, modules: Sequence[str]) -> Path:
    """The prepared database file, made now unless the cache has it."""
    name = f"tryton-{version('trytond')}-{'-'.join(sorted(modules))}-{_SEED_VERSION}.sqlite"
    target = (cache or folder) / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        # Several test processes may prepare at once: each in its own folder, and the last rename wins.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="preparing-") as place:
            made = _prepare(Path(place), modules)
            os.replace(made, target)
    return target


def _prepare(folder: Path, modules: Sequence[str]) -> Path:
    database = folder / "data" / f"{DATABASE}.sqlite"
    database.parent.mkdir(parents=True)
    database.touch()  # trytond-admin fills a file but does not create it
    _initialise(folder, modules)
    with _serve(folder, 0) as server:
        _seed(server)
    # Tryton's SQLite keeps newest rows in a write-ahead log beside the file; the backup brings all into one file.
    whole = folder / "whole.sqlite"
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(whole)) as target:
        source.backup(target)
    return whole


def start_on_postgres(folder: Path, postgres: RunningServer, *, modules: Sequence[str] = ("party",)) -> RunningServer:
    """Start a Tryton on a PostgreSQL of ``hub.testing.postgres``: it is not cached and takes about 15 s.

    Like ``start_tryton`` otherwise; details also has ``postgres``, the URL of the database.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    psql(postgres, f"CREATE DATABASE {DATABASE}")
    _initialise(folder, modules, postgres.url)
    server = _serve(folder, 0, postgres.url)
    _seed(server)
    server.details["postgres"] = f"{postgres.url}{DATABASE}"
    return server


def _initialise(folder: Path, modules: Sequence[str], uri: str = "sqlite://") -> None:
    """Make Tryton's tables, its languages and its administrator in an empty database."""
    password = folder / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    words = ["-c", str(_settings(folder, 1, uri)), "-d", DATABASE, "-u", *modules, "--activate-dependencies"]
    done = subprocess.run(
        [*_python("trytond.cli.admin"), *words, "--email", "admin@crmhub.example", "-l", *LANGUAGES],
        env={**os.environ, "TRYTONPASSFILE": str(password)},
        capture_output=True,
        timeout=_INIT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise HubError(f"The Tryton database could not be made: {done.stderr.decode(errors='replace')[-2000:]}")


def _settings(folder: Path, port: int, uri: str = "sqlite://") -> Path:
    path = folder / "trytond.conf"
    path.write_text(
        f"[database]\nuri = {uri}\npath = {folder / 'data'}\n[web]\nlisten = 127.0.0.1:{port}\n", encoding="utf-8"
    )
    return path


def _python(module: str) -> list[str]:
    return [sys.executable, "-c", _OFFLINE.format(module=module)]


def _serve(folder: Path, port: int, uri: str = "sqlite://") -> RunningServer:
    def command(chosen: int) -> Sequence[str]:
        return [*_python("trytond.cli"), "-c", str(_settings(folder, chosen, uri)), "-d", DATABASE]

    return start(
        folder,
        port=port,
        command=command,
        healthy=answers("POST", f"/{DATABASE}/rpc/", "{}", statuses=range(200, 500)),
        details={"database": DATABASE, "user": USER, "password": PASSWORD},
    )


def _seed(server: RunningServer) -> None:
    http = Http("tryton", hosts=["127.0.0.1"])

    def call(method: str, *params: Any, header: Mapping[str, str] | None = None) -> Any:
        body = {"id": 1, "method": method, "params": params}
        answer = http.json("POST", f"{server.url}/{DATABASE}/rpc/", json=body, headers=header)
        if "error" in answer:
            raise HubError(f"Tryton refuses {method}: {answer['error'][:2]}")
        return answer["result"]

    user, token = call("common.db.login", USER, {"password": PASSWORD}, "en")[:2]
    session = base64.b64encode(f"{USER}:{user}:{token}".encode()).decode()
    header = {"Authorization": f"Session {session}"}
    rows = [{"code": code, "name": name} for code, (name, _, _) in COUNTRIES.items()]
    ids = dict(zip(COUNTRIES, call("model.country.country.create", rows, {}, header=header), strict=True))
    parts = [
        {"country": ids[country], "code": code, "name": name, "type": kind}
        for country, (_, kind, subdivisions) in COUNTRIES.items()
        for code, name in subdivisions.items()
    ]
    call("model.country.subdivision.create", parts, {}, header=header)
    http.close()
