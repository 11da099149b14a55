"""One IMAP connection: signing in, and the few commands that reading needs.  IMAPClient is imported when it is used.

Folders are only examined and bodies only peeked at: nothing on the server changes, not even what counts as read.
"""

from __future__ import annotations

import imaplib
import logging
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from crmhub_mail.folders import Folder
from crmhub_mail.headers import FIELDS
from crmhub_mail.messages import Envelope
from crmhub_mail.settings import ImapConfig
from hub.plugin import AuthError, ConfigError, ContractViolation, RateLimited, Unavailable

if TYPE_CHECKING:
    from imapclient import IMAPClient  # type: ignore[import-untyped]  # it ships no types

_HEADER = f"BODY.PEEK[HEADER.FIELDS ({' '.join(FIELDS).upper()})]<0.65536>"
"""What is downloaded of a header; a longer one was made to hurt."""
_BUSY = ("too many", "overquota", "[unavailable]", "[inuse]", "[limit]", "throttl", "try again")
_WAIT = 300.0
"""Seconds after which a server that has too many connections is asked again."""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Status:
    """A folder as the server counts it.  modseq: None where the server keeps none."""

    validity: int
    uidnext: int
    messages: int


class Session:
    """A signed-in connection.  token: gives the access token for XOAUTH2."""

    def __init__(self, config: ImapConfig, where: str, token: Callable[[], str]) -> None:
        self.config, self.where = config, where
        self._selected: str | None = None
        self._client = self._connect()
        try:
            self._sign_in(token)
            self.capabilities = frozenset(
                item.decode("ascii", "replace").upper() for item in self._client.capabilities()
            )
            self.resync = "QRESYNC" in self.capabilities and self._enable_resync()
        except BaseException:
            self.close()
            raise

    def _connect(self) -> IMAPClient:
        from imapclient import IMAPClient

        # Its debug log has every line that is sent and received: passwords, tokens and mail.
        logging.getLogger("imapclient").setLevel(logging.WARNING)
        config = self.config
        context = None if config.security == "plain" else ssl.create_default_context(cafile=config.ca_file)
        with self._explained("connecting"):
            client = IMAPClient(
                config.host,
                port=config.effective_port,
                ssl=config.security == "tls",
                ssl_context=context,
                timeout=config.timeout,
            )
        client.normalise_times = False  # times of arrival keep their zone
        client._imap.debug = 0
        if config.security == "starttls":
            try:
                with self._explained("STARTTLS"):
                    client.starttls(context)
            except BaseException:
                _drop(client)
                raise
        return client

    def _sign_in(self, token: Callable[[], str]) -> None:
        from imapclient.exceptions import LoginError  # type: ignore[import-untyped]  # it ships no types

        config = self.config
        try:
            with self._explained("signing in"):
                if config.auth == "xoauth2":
                    self._client.oauth2_login(config.user, token())
                elif config.password is not None:
                    self._client.login(config.user, config.password.get_secret_value())
        except (LoginError, imaplib.IMAP4.error) as error:
            if isinstance(error.__context__, imaplib.IMAP4.abort | OSError):
                text = _short(error.__context__)  # no answer is no refusal
                raise Unavailable(f"{config.where} does not answer (signing in): {text}", where=self.where) from None
            text = str(error)[:200]
            if any(word in text.lower() for word in _BUSY):
                raise RateLimited(
                    "the server has too many connections of this account",
                    retry_after=_WAIT,
                    scope="connections",
                    where=self.where,
                ) from None
            again = f"Check user and password of this connection, then: crmhub connect test {self.where}"
            hint = f"Run `crmhub connect login {self.where}`" if config.auth == "xoauth2" else again
            raise AuthError(
                f"{config.host} refuses the login of {config.user}", where=self.where, hint=hint, remote_text=text
            ) from None

    def _enable_resync(self) -> bool:
        with self._explained("ENABLE"):
            return b"QRESYNC" in [item.upper() for item in self._client.enable("QRESYNC")]

    def close(self) -> None:
        """Sign out; a connection that is broken already is only dropped."""
        try:
            self._client.logout()
        except Exception:  # noqa: BLE001  # whatever is wrong with it, it is over
            _drop(self._client)

    # folders

    def folders(self) -> list[Folder]:
        """All folders that can be opened."""
        with self._explained("LIST"):
            listed = self._client.list_folders()
        found = []
        for flags, separator, name in listed:
            words = frozenset(flag.decode("ascii", "replace").lower() for flag in flags)
            if "\\noselect" not in words and "\\nonexistent" not in words:
                found.append(Folder(str(name), words, separator.decode("ascii", "replace") if separator else ""))
        return found

    def status(self, name: str) -> Status:
        """What the server counts, in one call."""
        with self._explained(f"STATUS {name}"):
            found = self._client.folder_status(name, ["UIDVALIDITY", "UIDNEXT", "MESSAGES"])
        try:
            return Status(int(found[b"UIDVALIDITY"]), int(found[b"UIDNEXT"]), int(found[b"MESSAGES"]))
        except KeyError as error:
            self._violated(f"STATUS of {name} without {error}")

    def vanished(self, name: str, validity: int, modseq: int) -> list[int] | None:
        """The uids that are gone since a state (QRESYNC); None where the server does not say."""
        if not self.resync:
            return None
        raw = self._client._imap  # IMAPClient does not know QRESYNC
        quoted = _quoted(name)
        with self._explained(f"EXAMINE {name}"):
            kind, _ = raw.xatom("EXAMINE", quoted, f"(QRESYNC ({validity} {modseq}))")
            _, told = raw.response("VANISHED")
        if kind != "OK":
            return None
        self._selected = None
        return [uid for line in told or () if line for uid in _uids(line.decode("ascii", "replace"))]

    def examine(self, name: str) -> int | None:
        """Open a folder for reading; returns its HIGHESTMODSEQ, None where the server keeps none."""
        with self._explained(f"EXAMINE {name}"):
            found = self._client.select_folder(name, readonly=True)
        self._selected = name
        modseq = found.get(b"HIGHESTMODSEQ")
        value = modseq[0] if isinstance(modseq, (list, tuple)) and modseq else modseq
        try:
            return None if value is None else int(value)
        except (TypeError, ValueError):
            return None

    def open(self, name: str) -> None:
        """Open a folder for reading, unless it is open."""
        if self._selected != name:
            self.examine(name)

    def leave(self) -> None:
        """Leave the folder, so that STATUS tells the truth about it.  CLOSE would do, but not all servers take it for a
        folder that is only examined: without UNSELECT the folder stays open and is brought up to date."""
        if self._selected is not None:
            with self._explained("UNSELECT"):
                if "UNSELECT" in self.capabilities:
                    self._client.unselect_folder()
                    self._selected = None
                else:
                    self._client.noop()

    def search(self, first: int = 1) -> list[int]:
        """The uids from ``first`` on.  "n:*" always shows the last message, however low its uid: that one is left out."""
        with self._explained("UID SEARCH"):
            found = self._client.search(["UID", f"{first}:*"]) if first > 1 else self._client.search(["ALL"])
        return sorted(uid for uid in found if uid >= first)

    # messages

    def envelopes(self, uids: Sequence[int]) -> dict[int, Envelope | None]:
        """uid -> the message's envelope; None for one that the server cannot show, absent for one that is gone."""
        found: dict[int, Envelope | None] = {}
        for uid, item in self._fetched(uids, ["RFC822.SIZE", "INTERNALDATE", _HEADER]):
            header = None if item is None else _member(item, b"BODY[HEADER")
            arrival = None if item is None else item.get(b"INTERNALDATE")
            if item is None or header is None:
                found[uid] = None
                continue
            if not isinstance(arrival, datetime):
                arrival = datetime(1970, 1, 1, tzinfo=UTC)
            aware = arrival if arrival.tzinfo is not None else arrival.replace(tzinfo=UTC)
            found[uid] = Envelope(header, int(item.get(b"RFC822.SIZE") or 0), aware)
        return found

    def bodies(self, uids: Sequence[int], most: int) -> dict[int, bytes]:
        """uid -> the first bytes of the message's body."""
        if not uids or most <= 0:
            return {}
        wanted = [f"BODY.PEEK[TEXT]<0.{most}>"]
        return {
            uid: _member(item, b"BODY[TEXT]") or b"" for uid, item in self._fetched(uids, wanted) if item is not None
        }

    def _fetched(self, uids: Sequence[int], what: list[str]) -> Iterator[tuple[int, Mapping[bytes, Any] | None]]:
        for start in range(0, len(uids), _CHUNK):
            yield from self._fetched_chunk(list(uids[start : start + _CHUNK]), what)

    def _fetched_chunk(self, uids: list[int], what: list[str]) -> Iterator[tuple[int, Mapping[bytes, Any] | None]]:
        """One answer; where it cannot be read, each message on its own, so that one stops no other."""
        try:
            with self._explained("UID FETCH"):
                found = dict(self._client.fetch(uids, what))
        except ContractViolation:
            if len(uids) == 1:
                yield uids[0], None
                return
            for uid in uids:
                yield from self._fetched_chunk([uid], what)
            return
        for uid in uids:
            if uid in found:
                yield uid, found[uid]

    # errors

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """IMAP's errors as those of the contract."""
        from imapclient.exceptions import IMAPClientError, LoginError, ProtocolError

        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise ConfigError(
                f"the certificate of {self.config.where} is not trusted: {error.verify_message}",
                where=self.where,
                hint="Set ca_file to the certificate of its issuer, if it is your own",
            ) from None
        except LoginError:
            raise
        except (imaplib.IMAP4.abort, OSError, EOFError) as error:
            raise Unavailable(
                f"{self.config.where} does not answer ({what}): {_short(error)}", where=self.where
            ) from None
        except (ProtocolError, UnicodeError, LookupError, ValueError, TypeError) as error:
            raise ContractViolation(
                f"an answer that cannot be understood ({what}): {type(error).__name__}",
                rule="readable-answer",
                where=self.where,
                hint="Is this an IMAP server?",
            ) from error
        except (IMAPClientError, imaplib.IMAP4.error) as error:
            if what == "signing in":
                raise
            raise self._refused(what, _short(error)) from None

    def _refused(self, what: str, text: str) -> Exception:
        if any(word in text.lower() for word in _BUSY):
            return RateLimited(f"{what}: {text}", retry_after=_WAIT, scope="server", where=self.where)
        return Unavailable(f"{what} was refused: {text}", where=self.where)

    def _violated(self, text: str) -> NoReturn:
        raise ContractViolation(text, rule="readable-answer", where=self.where)


def _drop(client: IMAPClient) -> None:
    """Close the socket, if it is not closed already."""
    with suppress(OSError):
        client.shutdown()


def _short(error: BaseException) -> str:
    """An error's text without what the server sent: that may be mail."""
    text = " ".join(str(error).split()).partition(" => ")[0].partition("unexpected response")[0]
    return text[:200].rstrip(": ") or type(error).__name__


def _member(item: Mapping[bytes, Any], start: bytes) -> bytes | None:
    """The part of a FETCH answer of which the name begins so: servers spell the rest in their own way."""
    for key, value in item.items():
        if isinstance(key, bytes) and key.upper().startswith(start):
            return value if isinstance(value, bytes) else b""
    return None


def _quoted(name: str) -> str:
    from imapclient.imap_utf7 import encode  # type: ignore[import-untyped]  # it ships no types

    text = str(encode(name).decode("ascii"))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _uids(line: str) -> Iterator[int]:
    """ "(EARLIER) 3,5:7" -> 3, 5, 6, 7."""
    for piece in re.sub(r"\(.*?\)", "", line).replace(" ", "").split(","):
        low, _, high = piece.partition(":")
        if low.isdigit():
            yield from range(int(low), int(high or low) + 1)
