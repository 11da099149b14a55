"""Notices by mail.  smtplib is imported when a notice is sent."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.charset import BASE64, Charset
from email.header import Header
from email.message import Message
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field as Setting
from pydantic import SecretStr, field_validator, model_validator

from crmhub_mail.settings import Security, check_security
from hub.plugin import (
    AuthError,
    ConfigError,
    ConnectorConfig,
    Notice,
    Notifier,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)

if TYPE_CHECKING:
    from smtplib import SMTP as Server

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_PORTS: Mapping[str, int] = {"tls": 465, "starttls": 587, "plain": 25}
_LINES = compat32.clone(linesep="\r\n", max_line_length=998)
_LONGEST = 200
"""Characters of a subject."""


class SmtpConfig(ConnectorConfig):
    """Settings of a way to send mail; the README explains each.  sender: the address in From; to: who gets notices."""

    host: str
    port: int = Setting(default=0, ge=0, le=65_535)
    security: Security = "starttls"
    insecure: bool = False
    user: str = ""
    password: SecretStr | None = None
    sender: str
    to: tuple[str, ...] = Setting(min_length=1)
    ca_file: Path | None = None
    timeout: float = Setting(default=60.0, gt=0)

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for item in (value,) if isinstance(value, str) else value:
            if not _ADDRESS.fullmatch(item):
                raise ValueError(f"{item!r} is no plain address such as ann@firm.example")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_security(self.host, self.security, insecure=self.insecure)
        if (self.password is not None) != bool(self.user):
            raise ValueError("user and password belong together")
        return self

    @property
    def effective_port(self) -> int:
        return self.port or _PORTS[self.security]


class Smtp(Notifier[SmtpConfig]):
    """Sends each notice as a mail to all receivers."""

    name: ClassVar[str] = "smtp"
    Config = SmtpConfig

    def send(self, notice: Notice) -> Mapping[str, str]:
        """Raises Unavailable for 4xx and a server that is down, Rejected for 5xx, OutcomeUnknown if the answer to the
        whole mail was lost."""
        message = self.message(notice)
        with self._server() as server:
            self._deliver(server, message)
        return {"server": self.config.host, "message": str(message["Message-ID"]), "to": ", ".join(self.config.to)}

    def message(self, notice: Notice) -> Message:
        """The mail of a notice.  The same notice gives the same Message-ID, also when it is sent again."""
        config = self.config
        text = notice.text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
        message = MIMEText(text, "plain", _utf8())  # type: ignore[arg-type]  # a Charset is documented, too
        mark = "" if notice.severity == "info" else f"{notice.severity}: "
        subject = one_line(f"[CRM Hub] {mark}{notice.subject}")
        message["From"] = config.sender
        message["To"] = ", ".join(config.to)
        # The library loses spaces where it folds a long subject: a plain one stays on its line, another is encoded whole.
        whole = subject if subject.isascii() else Header(subject, _utf8(), header_name="Subject").encode()
        message["Subject"] = whole
        message["Date"] = format_datetime(self.context.clock())
        message["Message-ID"] = self._id(notice)
        message["Auto-Submitted"] = "auto-generated"
        if notice.severity == "error":
            message["Importance"] = "high"
        return message

    def _id(self, notice: Notice) -> str:
        what = notice.key or f"{notice.severity}\n{notice.subject}\n{notice.text}"
        digest = hashlib.sha256(what.encode("utf-8", "replace")).hexdigest()[:32]
        return f"<crmhub.{digest}@{self.config.sender.rpartition('@')[2]}>"

    @contextmanager
    def _server(self) -> Iterator[Server]:
        import smtplib

        config, where = self.config, self.context.connection
        context = None if config.security == "plain" else ssl.create_default_context(cafile=config.ca_file)
        address = f"{config.host}:{config.effective_port}"
        try:
            if config.security == "tls":
                server: Server = smtplib.SMTP_SSL(
                    config.host, config.effective_port, timeout=config.timeout, context=context
                )
            else:
                server = smtplib.SMTP(config.host, config.effective_port, timeout=config.timeout)
        except ssl.SSLCertVerificationError as error:
            raise _untrusted(address, error, where) from None
        except smtplib.SMTPResponseException as error:
            raise _answered(error.smtp_code, error.smtp_error, "the greeting", where) from None
        except OSError as error:
            raise Unavailable(f"{address} cannot be reached: {error}", where=where) from None
        try:
            self._open(server, context, address)
            yield server
        finally:
            try:
                server.quit()
            except (smtplib.SMTPException, OSError):
                server.close()

    def _open(self, server: Server, context: ssl.SSLContext | None, address: str) -> None:
        import smtplib

        config, where = self.config, self.context.connection
        try:
            server.ehlo()
            if config.security == "starttls":
                server.starttls(context=context)
                server.ehlo()
            if config.password is not None:
                server.login(config.user, config.password.get_secret_value())
        except ssl.SSLCertVerificationError as error:
            raise _untrusted(address, error, where) from None
        except smtplib.SMTPAuthenticationError as error:
            if 400 <= error.smtp_code < 500:
                raise _answered(error.smtp_code, error.smtp_error, "the login", where) from None
            hint = f"Check user and password of [notifiers.{where}]"
            raise AuthError(
                f"{address} refuses the login of {config.user}",
                where=where,
                hint=hint,
                remote_code=str(error.smtp_code),
            ) from None
        except smtplib.SMTPNotSupportedError as error:
            hint = 'Check security: "tls" or "starttls", and whether the server has a login'
            raise ConfigError(f"{address}: {error}", where=where, hint=hint) from None
        except smtplib.SMTPResponseException as error:
            raise _answered(error.smtp_code, error.smtp_error, "the greeting", where) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"{address} broke off: {type(error).__name__}", where=where) from None

    def _deliver(self, server: Server, message: Message) -> None:
        import smtplib

        config, where = self.config, self.context.connection
        refused: list[tuple[str, int, bytes]] = []
        try:
            code, text = server.mail(config.sender)
            if code != 250:
                raise _answered(code, text, f"the sender {config.sender}", where)
            for address in config.to:
                code, text = server.rcpt(address)
                if code not in (250, 251):
                    refused.append((address, code, text))
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"{config.host} broke off: {type(error).__name__}", where=where) from None
        if len(refused) == len(config.to):
            address, code, text = min(refused, key=lambda item: item[1])
            raise _answered(code, text, f"the receiver {address}", where)
        try:
            code, text = server.data(message.as_bytes(policy=_LINES))
        except smtplib.SMTPDataError as error:  # it refused before the mail was sent
            raise _answered(error.smtp_code, error.smtp_error, "the mail", where) from None
        except (smtplib.SMTPException, OSError) as error:
            raise OutcomeUnknown(
                f"{config.host} broke off before it said whether it took the mail: {type(error).__name__}", where=where
            ) from None
        if code != 250:
            raise _answered(code, text, "the mail", where)
        if refused:
            names = ", ".join(f"{address} ({code})" for address, code, _ in refused)
            raise Rejected(f"sent, but not to {names}", where=where, hint="Correct these addresses in to")


def _utf8() -> Charset:
    """UTF-8 in base64, whatever another library in this process has made of the default."""
    charset = Charset("utf-8")
    charset.header_encoding = charset.body_encoding = BASE64
    return charset


def one_line(text: str) -> str:
    """A subject: one line of printable characters, not too long.  No text can begin another header."""
    clean = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    clean = clean.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= _LONGEST else clean[: _LONGEST - 1] + "…"


def _answered(code: int, text: bytes | str, what: str, where: str) -> Exception:
    """The server's answer as an error: 4xx is for later, 5xx for good."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    short = " ".join(words.split())[:200]
    if 400 <= code < 500:
        return Unavailable(
            f"the server does not take {what} now ({code})",
            where=where,
            hint="The same notice can be sent again later",
            remote_code=str(code),
            remote_text=short,
        )
    return Rejected(
        f"the server does not take {what} ({code}): {short}", where=where, remote_code=str(code), remote_text=short
    )


def _untrusted(address: str, error: ssl.SSLCertVerificationError, where: str) -> ConfigError:
    hint = "Set ca_file to the certificate of its issuer, if it is your own"
    return ConfigError(f"the certificate of {address} is not trusted: {error.verify_message}", where=where, hint=hint)
