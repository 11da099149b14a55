"""How a BottleCRM server for tests is prepared: an interpreter, an environment of its own, a database, an organisation.

BottleCRM (django-crm on PyPI) needs a newer Python than the hub, so it runs in a virtual environment of its own, which is
made once and kept.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from hub.contract.errors import HubError
from hub.testing.postgres import psql
from hub.testing.servers import RunningServer, answers, start

VERSION = "1.35.0"
NEEDS = (3, 12)
SECRET = "crmhub-crmhub-crmhub-crmhub-crmhub-crmhub"  # of a server on loopback that lives as long as the tests
NO_BROKER = "redis://127.0.0.1:1/0"
"""A message broker that nobody runs: BottleCRM then answers 500 to creates that it has carried out."""

_SEED_VERSION = 1
_INSTALL_SECONDS = 600.0
_PREPARE_SECONDS = 180.0
# The wheel forgets to name `packaging`, without which every create ends in 500.
_PACKAGES = (f"django-crm=={VERSION}", "packaging")

_SETTINGS = """
import os
from crm.settings import *

DEBUG = False
if os.environ.get("CRMHUB_POSTGRES"):
    DATABASES["default"] |= {"HOST": "127.0.0.1", "PORT": os.environ["CRMHUB_POSTGRES"], "USER": "crmhub", "NAME": "crm"}
else:
    DATABASES = {"default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["CRMHUB_DATABASE"],
        "OPTIONS": {"timeout": 20, "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"},
    }}
CELERY_BROKER_URL = os.environ["CRMHUB_BROKER"]
CELERY_RESULT_BACKEND = "cache+memory://"
CELERY_TASK_ALWAYS_EAGER = CELERY_BROKER_URL.startswith("memory:")
CELERY_TASK_PUBLISH_RETRY = False  # a broker that is down is noticed at once, not after 19 seconds
CELERY_BROKER_TRANSPORT_OPTIONS = {"max_retries": 0, "socket_connect_timeout": 1}
MEDIA_ROOT = os.path.dirname(os.environ["CRMHUB_DATABASE"])
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


class _NoMigrations:
    def __contains__(self, app):
        return True

    def __getitem__(self, app):
        return None


if os.environ.get("CRMHUB_PREPARE"):
    MIGRATION_MODULES = _NoMigrations()  # they are written for PostgreSQL
"""

_SEED = """
import json
import django

django.setup()
from django.core.management import call_command

call_command("migrate", run_syncdb=True, verbosity=0)
from common.models import Org, PersonalAccessToken, Profile, User

org = Org.objects.create(name="Acme")
made = {"org": str(org.id)}
for name, role in (("admin", "ADMIN"), ("member", "USER"), ("person", "ADMIN")):
    user = User.objects.create_user(email=f"{name}@acme.example", password="crmhub")
    profile = Profile.objects.create(user=user, org=org, role=role, is_active=True)
    raw, token = PersonalAccessToken.generate(profile, name)
    made[name] = {"user": str(user.id), "email": user.email, "token": raw, "token_id": str(token.id)}
print(json.dumps(made))
"""


class NoPython(HubError):
    """No interpreter on this machine can run BottleCRM; tests skip with this text."""


def start_bottlecrm(folder: Path, *, port: int, cache: Path | None, broker: str) -> RunningServer:
    """See ``hub.testing.servers.start_bottlecrm``."""
    folder = folder.resolve()
    place = (cache or folder).resolve()
    python = _environment(place)
    prepared = _prepared(place, python)
    database = folder / "bottlecrm.sqlite"
    if not database.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(prepared, database)
    details = json.loads(prepared.with_suffix(".json").read_text(encoding="utf-8"))
    return _serve(folder, port, python, {**details, "database": str(database)}, _variables(folder, database, broker))


def start_on_postgres(folder: Path, postgres: RunningServer, *, cache: Path | None = None) -> RunningServer:
    """Start a BottleCRM on a PostgreSQL of ``hub.testing.postgres``, as in production: not cached, about 10 s.

    Like ``start_bottlecrm`` otherwise.  ``empty`` and ``run_inside`` are for SQLite only.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    python = _environment((cache or folder).resolve())
    psql(postgres, "CREATE DATABASE crm")
    variables = {**_variables(folder, folder / "none"), "CRMHUB_POSTGRES": str(postgres.port)}
    said = _run_program(python, folder, {**variables, "CRMHUB_PREPARE": "1"}, _SEED)
    return _serve(folder, 0, python, json.loads(said.splitlines()[-1]), variables)


def _serve(
    folder: Path, port: int, python: Path, details: Mapping[str, Any], variables: Mapping[str, str]
) -> RunningServer:
    def command(chosen: int) -> Sequence[str]:
        words = ["--host", "127.0.0.1", "--port", str(chosen), "--log-level", "warning"]
        return [str(python), "-m", "uvicorn", "crm.asgi:application", *words]

    return start(
        folder,
        port=port,
        command=command,
        healthy=answers("GET", "/healthz/", statuses=(200,)),
        details={**details, "python": str(python)},
        environment=variables,
    )


def session_token(server: RunningServer, who: str = "person") -> str:
    """What somebody's browser holds after signing in (a JWT): some pages are not open to API tokens."""
    now = int(time.time())
    claims = {
        "token_type": "access",
        "exp": now + 3600,
        "iat": now,
        "jti": uuid.uuid4().hex,
        "user_id": server.details[who]["user"],
        "org_id": server.details["org"],
    }
    signed = ".".join(_part(json.dumps(item).encode()) for item in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_part(hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest())}"


def run_inside(server: RunningServer, program: str) -> str:
    """What a Python program prints that runs inside BottleCRM, with its models (takes about two seconds)."""
    return _run_program(Path(server.details["python"]), server.folder, server.environment, program)


def empty(server: RunningServer, *tables: str) -> None:
    """Take away all contacts and accounts (or what is in the named tables), also what nobody may delete by the API."""
    with closing(sqlite3.connect(server.details["database"], timeout=20)) as database, database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        chosen = tables or [name for name in names if name.split("_")[0] in ("contacts", "accounts")]
        for name in chosen:
            database.execute(f"DELETE FROM {name}")  # noqa: S608  # names of tables


def find_python() -> str:
    """An interpreter that can run BottleCRM.  Raises NoPython."""
    for candidate in _candidates():
        if _works(candidate):
            return candidate
    wanted = ".".join(map(str, NEEDS))
    raise NoPython(f"BottleCRM needs Python {wanted} or newer, and there is none here", hint=f"Install Python {wanted}")


def _candidates() -> Iterator[str]:
    yield sys.executable
    for minor in range(NEEDS[1], NEEDS[1] + 3):
        found = shutil.which(f"python3.{minor}")
        if found is not None:
            yield found
    # pyenv puts programs on the PATH that run only where somebody has chosen that version
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(root.glob("versions/3.*/bin/python3")))


def _works(python: str) -> bool:
    """Whether it starts, is new enough, and can make virtual environments with SQLite."""
    asks = f"import ensurepip, sqlite3, ssl, sys, venv; sys.exit(sys.version_info[:2] < {NEEDS})"
    try:
        done = subprocess.run([python, "-I", "-c", asks], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _environment(place: Path) -> Path:
    """The interpreter of an environment with BottleCRM, made now unless it is there."""
    home = place / f"bottlecrm-{VERSION}"
    python, ready = home / "bin" / "python", home / "ready"
    if ready.exists():
        return python
    base = find_python()
    with _alone(place / f"bottlecrm-{VERSION}.lock"):
        if not ready.exists():
            shutil.rmtree(home, ignore_errors=True)  # what an interrupted installation left behind
            _run([base, "-m", "venv", str(home)], "The environment of BottleCRM could not be made")
            quiet = ["-q", "--disable-pip-version-check", "--no-input"]
            _run([str(python), "-m", "pip", "install", *quiet, *_PACKAGES], "BottleCRM could not be installed")
            ready.touch()
    return python


def _prepared(place: Path, python: Path) -> Path:
    """The prepared database file, with what was made in it beside it as JSON."""
    target = place / f"bottlecrm-{VERSION}-{_SEED_VERSION}.sqlite"
    with _alone(place / f"bottlecrm-{VERSION}.lock"):
        if not target.with_suffix(".json").exists():
            made = place / f"preparing-{os.getpid()}"
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            try:
                variables = {**_variables(made, made / "new.sqlite"), "CRMHUB_PREPARE": "1"}
                said = _run_program(python, made, variables, _SEED)
                os.replace(made / "new.sqlite", target)
                (made / "new.json").write_text(said.splitlines()[-1], encoding="utf-8")
                os.replace(made / "new.json", target.with_suffix(".json"))
            finally:
                shutil.rmtree(made, ignore_errors=True)
    return target


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Several test processes may prepare at once: one does, the others wait for it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield  # closing the file lets the next one in


def _variables(folder: Path, database: Path, broker: str = "memory://") -> Mapping[str, str]:
    """The environment of a BottleCRM process; its settings are a file in the folder."""
    (folder / "crmhub_settings.py").write_text(_SETTINGS, encoding="utf-8")
    return {
        "DJANGO_SETTINGS_MODULE": "crmhub_settings",
        "PYTHONPATH": str(folder),
        "SECRET_KEY": SECRET,
        "CRMHUB_DATABASE": str(database),
        "CRMHUB_BROKER": broker,
    }


def _run_program(python: Path, folder: Path, variables: Mapping[str, str], program: str) -> str:
    done = subprocess.run(
        [str(python), "-c", program],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=_PREPARE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise HubError(f"A program inside BottleCRM failed: {done.stderr[-2000:]}")
    return done.stdout.strip()


def _run(words: Sequence[str], failure: str) -> None:
    """Raises HubError with the end of what the program said."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done: Any = subprocess.run(words, env=clean, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)
    if done.returncode != 0:
        raise HubError(f"{failure}: {(done.stderr or done.stdout)[-2000:]}")


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
