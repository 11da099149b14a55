"""Every string of the corpus as subject, name and text of a mail: kept as it is, or refused in clear words; all counted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from crmhub_mail.messages import Envelope, record_of
from hub.canonical.text import clean_block, clean_line
from hub.testing.corpus import everything
from tests.engine.test_facts import MailWorld

MAPPING = Path(__file__).parents[2] / "plugins/crmhub-mail/crmhub_mail/mappings/imap.messages.toml"


def raw(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def test_every_string_survives_as_a_mail_of_a_customer(tmp_path: Path) -> None:
    world = MailWorld(tmp_path)
    world.mapping, world.resource = MAPPING.read_text(), "messages"
    world.mailbox.traits.page = 200
    world.servers["A"].add({"name": "Bo", "email": "bo@x.example"})
    sent: dict[str, str] = {}
    for text in everything():
        line = raw(text).replace(b"\r", b" ").replace(b"\n", b" ")
        name = line.translate(None, b'<>",:;@()\\')
        head = b"Subject: %s\r\nFrom: %s <bo@x.example>\r\nContent-Type: text/plain; charset=utf-8\r\n" % (line, name)
        message = record_of(
            Envelope(head, len(head), datetime(2026, 3, 2, tzinfo=UTC)), raw(text), ["@firm.example"], bulk=True
        )
        sent[world.mailbox.add(message)] = text
    result = world.sync()
    assert result.state == "success"
    assert world.places() == {"attached": len(sent)}
    for row in world.facts():
        text = sent[row.remote_id]
        if "=?" in text:
            continue  # an encoded word: mail shows what it stands for
        assert row.doc.get("subject", "") == clean_line(" ".join(_shown(text).split())), repr(text)
        assert row.doc.get("body", "").rstrip("…") in clean_block(raw(text).decode().replace("\x00", "")), repr(text)
    world.store.close()


def _shown(text: str) -> str:
    """A subject as mail shows it: without control characters."""
    return "".join(char if char >= " " and char != "\x7f" else " " for char in raw(text).decode())
