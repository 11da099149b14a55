"""Real mail servers on loopback for tests: Dovecot and pymap (IMAP), aiosmtpd (SMTP).

Dovecot has CONDSTORE and QRESYNC, pymap has neither, so both ways of seeing what went are tried.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.contract.errors import HubError
from hub.http.listeners import some_turns, stop_accepting
from hub.testing.servers import DEMO_PASSWORD, RunningServer, free_port, require, start

_CONF = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login}
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 50
auth_failure_delay = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
"""


def missing_dovecot() -> str:
    """Why Dovecot cannot be started here; "" if it can."""
    if program("dovecot") is None:
        return "Dovecot is not installed: apt-get install --no-install-recommends dovecot-imapd"
    if os.geteuid() != 0:
        return "Dovecot needs root to change to its own users"
    return ""


def program(name: str) -> str | None:
    """A program, also where only root's PATH has it."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def start_dovecot(folder: Path, *, port: int = 0, password: str = DEMO_PASSWORD) -> RunningServer:
    """Start a Dovecot that gives every user an empty mailbox with INBOX and Sent.

    details: password.  Raises HubError when it is not installed or may not run (``missing_dovecot`` says why).
    """
    reason = missing_dovecot()
    if reason:
        raise HubError(reason)
    mail = pwd.getpwnam("mail")
    for name in ("run", "state", "mail"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    os.chown(folder / "mail", mail.pw_uid, mail.pw_gid)
    folder.chmod(0o711)  # its own users must be able to pass through
    closed = next((parent for parent in folder.parents if not parent.stat().st_mode & 0o001), None)
    if closed is not None:
        raise HubError(f"Dovecot's users cannot enter {closed}", hint="Use a folder under /tmp")

    def command(chosen: int) -> Sequence[str]:
        settings = folder / "dovecot.conf"
        text = _CONF.format(
            folder=folder,
            port=chosen,
            password=password,
            uid=mail.pw_uid,
            gid=mail.pw_gid,
            user="dovecot",
            group="dovecot",
            login="dovenull",
        )
        settings.write_text(text, encoding="utf-8")
        return [str(program("dovecot")), "-F", "-c", str(settings)]

    details = {"password": password}
    return start(folder, port=port, command=command, healthy=greets(b"* OK"), details=details)


def start_pymap(folder: Path, *, port: int = 0, user: str = "ann", password: str = DEMO_PASSWORD) -> RunningServer:
    """Start a pymap with one user, whose mailbox is in memory: a server without CONDSTORE and QRESYNC.

    details: user, password.  Raises HubError when pymap is not installed.
    """
    require("pymap", extra="test")

    def command(chosen: int) -> Sequence[str]:
        place = ["--host", "127.0.0.1", "--port", str(chosen), "--no-tls", "--no-service", "managesieve"]
        login = ["--demo-data", "--demo-user", user, "--demo-password", password]
        return [str(Path(sys.executable).with_name("pymap")), *place, "--no-service", "admin", "dict", *login]

    details = {"user": user, "password": password}
    return start(folder, port=port, command=command, healthy=greets(b"* OK"), details=details)


def greets(start_of_greeting: bytes) -> Callable[[int], bool]:
    """A health check: the server greets who connects."""

    def healthy(port: int) -> bool:
        try:
            with closing(socket.create_connection(("127.0.0.1", port), timeout=5)) as connection:
                return connection.recv(64).startswith(start_of_greeting)
        except OSError:
            return False

    return healthy


@dataclass
class Mailbox:
    """What an SMTP server took in.  refuse: recipient -> the answer that it gets instead of 250."""

    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)


@contextmanager
def running_smtp(*, tls: Any = None, users: dict[str, str] | None = None) -> Iterator[Mailbox]:
    """An aiosmtpd in this process.  tls: an ssl.SSLContext for STARTTLS; users: name -> password of those who may send.

    Raises HubError when aiosmtpd is not installed.
    """
    require("aiosmtpd", extra="test")
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult

    box = Mailbox()

    class Handler:
        async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
            if address in box.refuse:
                return box.refuse[address]
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
            box.messages.append(envelope.content)
            box.recipients.append(list(envelope.rcpt_tos))
            return "250 accepted"

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
        known = (users or {}).get(data.login.decode())
        good = known is not None and known == data.password.decode()
        return AuthResult(success=good, handled=False)  # the server itself answers 535

    options: dict[str, Any] = {"tls_context": tls, "require_starttls": tls is not None}
    if users is not None:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": tls is not None}
    protocols: list[SMTP] = []

    class Remembering(Controller):
        def factory(self) -> SMTP:
            protocols.append(super().factory())  # type: ignore[no-untyped-call]  # of a library without types
            return protocols[-1]

        async def end(self) -> None:
            """What ``stop`` leaves open: connections that came in just now."""
            if isinstance(self.server, asyncio.Server):
                await stop_accepting([self.server])
            for protocol in protocols:
                if isinstance(protocol.transport, asyncio.Transport):
                    protocol.transport.abort()
            await some_turns()

    controller = Remembering(Handler(), hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        asyncio.run_coroutine_threadsafe(controller.end(), controller.loop).result()
        controller.stop(no_assert=True)
