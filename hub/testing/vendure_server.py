"""A real Vendure e-shop for tests: npm packages installed once into a cache, then one Node process with SQLite.

    with start_vendure(folder, cache=cache) as server:
        print(server.url, server.details["user"])

The shop has a custom field ``crmhubId`` of customers, which is unique, and seven countries.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hub.contract.errors import HubError
from hub.http.session import Http
from hub.testing.servers import DEMO_PASSWORD, RunningServer, answers, start

USER, PASSWORD = "admin", DEMO_PASSWORD
KEY_FIELD = "crmhubId"
COUNTRIES = ("DE", "AT", "CH", "FR", "GB", "US", "CN")
PACKAGES = {"@vendure/core": "3.5.7", "sql.js": "1.16.0"}
"""Exactly these versions; sql.js is SQLite without anything to compile."""
_INSTEAD = {"bcrypt": "npm:bcryptjs@2.4.3"}
"""The same in JavaScript: the original would download or compile a library when it is installed."""

_INSTALL_SECONDS = 600.0
_SHOP = """
const fs = require('fs');
const { createHash } = require('crypto');
const { bootstrap } = require('@vendure/core');
const { port, password, database } = JSON.parse(process.argv[2]);
// A sign-in with the real, slow hash would be most of the time of a test.
const hash = async (text) => createHash('sha256').update(text).digest('hex');
const passwordHashingStrategy = { hash, check: async (text, kept) => (await hash(text)) === kept };
// TypeORM would write the database over the old one, and a kill in the middle would leave none.
const save = async (content) => {
  fs.writeFileSync(database + '.new', content);
  fs.renameSync(database + '.new', database);
};
const stored = database ? { location: database, autoSave: true, autoSaveCallback: save } : {};
bootstrap({
  apiOptions: { hostname: '127.0.0.1', port, adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
  authOptions: {
    tokenMethod: ['bearer', 'cookie'],
    superadminCredentials: { identifier: 'admin', password },
    cookieOptions: { secret: 'only-for-tests' },
    passwordHashingStrategy,
  },
  dbConnectionOptions: { type: 'sqljs', synchronize: true, logging: false, ...stored },
  paymentOptions: { paymentMethodHandlers: [] },
  customFields: {
    Customer: [
      { name: 'crmhubId', type: 'string', unique: true, nullable: true },
      { name: 'vatId', type: 'string', nullable: true, length: 20 },
      { name: 'tier', type: 'string', nullable: true, options: [{ value: 'gold' }, { value: 'silver' }] },
      { name: 'newsletter', type: 'boolean', nullable: true },
      { name: 'score', type: 'int', nullable: true, readonly: true },
      { name: 'points', type: 'int', nullable: true },
    ],
  },
}).catch((error) => { console.error(error); process.exit(1); });
"""


def missing() -> str:
    """What this machine lacks to run a Vendure; "" if nothing."""
    lacking = [name for name in ("node", "npm") if shutil.which(name) is None]
    return f"Vendure needs {' and '.join(lacking)}: install Node.js 20 or later" if lacking else ""


def start_vendure(folder: Path, *, port: int = 0, cache: Path | None = None, stored: bool = False) -> RunningServer:
    """Start a Vendure shop without products: about 5 s, and about 30 s more if its packages are not in the cache.

    cache:  a folder that keeps the npm packages (180 MB); ``folder`` itself if None.
    stored: keep the database in a file, so that it outlives a kill and a restart; else it is in memory and faster.
    details: user, password, key_field.  Raises HubError without Node.js, or when npm cannot install the packages.
    """
    if reason := missing():
        raise HubError(reason)
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    packages = _installed((cache or folder).resolve())
    (folder / "index.js").write_text(_SHOP, encoding="utf-8")

    def command(chosen: int) -> Sequence[str]:
        database = str(folder / "shop.sqlite") if stored else ""
        settings = {"port": chosen, "password": PASSWORD, "database": database}
        return ["node", str(folder / "index.js"), json.dumps(settings)]

    server = start(
        folder,
        port=port,
        command=command,
        healthy=answers("GET", "/health", statuses=(200,)),
        details={"user": USER, "password": PASSWORD, "key_field": KEY_FIELD},
        environment={"NODE_PATH": str(packages / "node_modules")},
    )
    try:
        _seed(server)
    except BaseException:
        server.stop()
        raise
    return server


def _installed(cache: Path) -> Path:
    """The folder with node_modules, installed now unless the cache has it; other processes wait meanwhile."""
    names = json.dumps([PACKAGES, _INSTEAD], sort_keys=True)
    target = cache / f"vendure-{PACKAGES['@vendure/core']}-{hashlib.sha256(names.encode()).hexdigest()[:8]}"
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / f"{target.name}.lock"):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=cache, prefix="preparing-") as place:
                made = Path(place) / "packages"
                _install(made)
                os.replace(made, target)  # whole or not at all
    return target


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(folder: Path) -> None:
    folder.mkdir()
    manifest = {"name": "crmhub-test-shop", "private": True, "dependencies": PACKAGES, "overrides": _INSTEAD}
    (folder / "package.json").write_text(json.dumps(manifest), encoding="utf-8")
    # Scripts of packages are not run: nothing here needs them, and some would download programs.
    words = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier"]
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, timeout=_INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise HubError(f"npm did not install {', '.join(PACKAGES)} within {_INSTALL_SECONDS:g} s") from None
    if done.returncode != 0:
        words_of_npm = done.stderr.decode(errors="replace")[-2000:]
        raise HubError(f"npm could not install {', '.join(PACKAGES)}: {words_of_npm}")


def _seed(server: RunningServer) -> None:
    """Make the countries that are not there yet."""
    with Administrator(server) as admin:
        there = {row["code"] for row in admin.ask("{ countries(options: {take: 100}) { items { code } } }")["items"]}
        for code in COUNTRIES:
            if code not in there:
                names = [{"languageCode": "en", "name": code}]
                admin.ask(
                    "mutation ($input: CreateCountryInput!) { createCountry(input: $input) { id } }",
                    input={"code": code, "enabled": True, "translations": names},
                )


class Administrator:
    """Somebody who works in the shop's administration, with plain GraphQL."""

    def __init__(self, server: RunningServer) -> None:
        self._url = f"{server.url}/admin-api"
        self._http = Http("vendure", hosts=["127.0.0.1"])
        self._headers: dict[str, str] = {}
        login = "mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }"
        response = self._http.request(
            "POST", self._url, json={"query": login, "variables": {"u": USER, "p": PASSWORD}}, safe=False
        )
        self._headers["Authorization"] = f"Bearer {response.headers['vendure-auth-token']}"

    def ask(self, query: str, **variables: Any) -> Any:
        """The first field of the answer's data.  Raises HubError with the shop's words."""
        answer = self._http.json(
            "POST", self._url, json={"query": query, "variables": variables}, headers=self._headers, safe=False
        )
        if answer.get("errors"):
            raise HubError(f"Vendure refuses: {answer['errors'][0]['message']}")
        return next(iter(answer["data"].values()))

    def __enter__(self) -> Administrator:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
