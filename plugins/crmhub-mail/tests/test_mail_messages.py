"""What a message says, however it is written: headers, dates, charsets, texts, bulk mail, delivery reports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhub_mail.bodies import parsed, report_of, text_of
from crmhub_mail.headers import addresses, fields_of, is_own, message_id, moment, words
from crmhub_mail.messages import Envelope, record_of, why_ignored
from hub.testing.corpus import everything

ARRIVAL = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
OWN = ("@firm.example",)


def envelope(*lines: str | bytes) -> Envelope:
    raw = b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    return Envelope(raw + b"\r\n\r\n", 100, ARRIVAL)


def data(*lines: str | bytes, body: bytes = b"", bulk: bool = False) -> dict[str, Any]:
    return record_of(envelope(*lines), body, OWN, bulk=bulk)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?M=C3=BCller?=", "Müller"),
        ("=?UTF-8?B?546L5Lyf?=", "王伟"),
        ("=?gb2312?B?zfXOsA==?= <x>", "王伟 <x>"),
        ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?iso-8859-1?q?caf=E9_=80?=", "café €"),
        ("=?utf-8?q?one?= =?utf-8?q?two?=", "onetwo"),
        ("=?utf-8?B?5p?= =?utf-8?B?2O?=", None),
        ("=?no-such-charset?q?caf=E9?=", "café"),
        ("=?utf-8?B?broken base64?=", None),
        ("tab\tand\x00nul\x1b[31m", "tab and nul [31m"),
    ],
)
def test_header_words_are_decoded_as_far_as_they_can_be(raw: str, shown: str | None) -> None:
    found = words(raw)
    assert found == shown if shown is not None else found.isprintable()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 2 Mar 2026 09:15:00 +0100", "2026-03-02T08:15:00+00:00"),
        ("Mon, 2 Mar 2026 08:15:00 -0000", "2026-03-02T08:15:00+00:00"),
        ("2 Mar 26 08:15 GMT", "2026-03-02T08:15:00+00:00"),
        ("", ARRIVAL.isoformat()),
        ("yesterday", ARRIVAL.isoformat()),
        ("Mon, 32 Mar 2026 99:15:00 +0100", ARRIVAL.isoformat()),
        ("Mon, 2 Mar 2036 09:15:00 +0100", ARRIVAL.isoformat()),
        ("Thu, 1 Jan 1970 00:00:00 +0000", ARRIVAL.isoformat()),
        ("Mon, 2 Mar 2026 09:15:00 +9999", ARRIVAL.isoformat()),
        ("Mon, 2 Mar 99999 09:15:00 +0100", ARRIVAL.isoformat()),
    ],
)
def test_a_date_that_cannot_be_is_the_time_of_arrival(value: str, expected: str) -> None:
    assert moment([value], ARRIVAL).isoformat() == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Bo Li <bo@x.example>", [("Bo Li", "bo@x.example")]),
        ('"Li, Bo" <bo@x.example>, li@y.example', [("Li, Bo", "bo@x.example"), ("", "li@y.example")]),
        ("=?utf-8?q?M=C3=BCller?= <m@x.example>", [("Müller", "m@x.example")]),
        ("undisclosed-recipients:;", []),
        ("Team: bo@x.example, li@y.example;", [("", "bo@x.example"), ("", "li@y.example")]),
        ("bo@x.example, bo@x.example", [("", "bo@x.example")]),
        ("no address at all", []),
        ('"broken name <bo@x.example>', [("", "bo@x.example")]),
        ("a@b@c <bo@x.example", [("", "bo@x.example")]),
    ],
)
def test_addresses_of_a_header(value: str, expected: list[tuple[str, str]]) -> None:
    assert addresses([value]) == expected


def test_a_message_without_a_usable_id_is_known_by_a_digest_of_what_makes_it_this_message() -> None:
    lines = ["From: bo@x.example", "Date: Mon, 2 Mar 2026 09:15:00 +0100", "Subject: a"]
    assert envelope(*lines).id == envelope(*lines, "X-Other: 1").id
    assert envelope(*lines).id.startswith("sha256:")
    assert envelope(*lines).id != envelope(*lines[:2], "Subject: b").id
    assert envelope(*lines, "Message-ID: < spaced@x > ").id == "<spaced@x>"
    assert envelope(*lines, "Message-ID: nothing").id == envelope(*lines).id
    assert message_id(["<" + "a" * 300 + "@x>"]) is None


@pytest.mark.parametrize(
    ("sender", "to", "direction"),
    [
        ("bo@x.example", "ann@firm.example", "inbound"),
        ("ANN@Firm.example", "bo@x.example", "outbound"),
        ("ann@firm.example", "ben@firm.example", "internal"),
        ("bo@x.example", "li@y.example", "inbound"),
    ],
)
def test_the_direction_follows_from_our_own_addresses(sender: str, to: str, direction: str) -> None:
    assert data(f"From: {sender}", f"To: {to}")["direction"] == direction


def test_own_addresses_are_whole_addresses_or_domains() -> None:
    assert is_own("Ann@FIRM.example", ["ann@firm.example"])
    assert is_own("x@firm.example", ["@firm.example"])
    assert not is_own("x@notfirm.example", ["@firm.example"])
    assert not is_own("x@sub.firm.example", ["@firm.example"])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Subject: hi", ""),
        ("Auto-Submitted: no", ""),
        ("List-Id: <news.x>", "bulk mail"),
        ("List-Unsubscribe: <mailto:x@y>", "bulk mail"),
        ("Precedence: Bulk", "bulk mail"),
        ("Auto-Submitted: auto-replied (vacation)", "automatic answer"),
        ("Auto-Submitted: auto-generated", "automatic mail"),
        (
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\nAuto-Submitted: auto-replied',
            "",
        ),
    ],
)
def test_mail_that_nobody_wrote_to_anybody_is_told_apart(line: str, reason: str) -> None:
    assert why_ignored(envelope(line)) == reason
    assert data(line)["ignored"] == reason
    assert data(line, bulk=True)["ignored"] == ""


# texts


def mime(*lines: str, cut: int | None = None) -> str:
    header, _, body = "\r\n".join(lines).partition("\r\n\r\n")
    return text_of(parsed(header.encode("latin-1"), body.encode("latin-1")[:cut]))


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["Content-Type: text/plain", "", "Hello", "Bo"], "Hello\r\nBo"),
        (["X: no content type", "", "Hello"], "Hello"),
        (
            ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", "TcO8bGxlcg=="],
            "Müller",
        ),
        (
            [
                "Content-Type: text/plain; charset=iso-8859-1",
                "Content-Transfer-Encoding: quoted-printable",
                "",
                "M=FCller=80",
            ],
            "Müller€",
        ),
        (["Content-Type: text/plain; charset=nonsense", "", "M\xfcller"], "Müller"),
        (
            [
                "Content-Type: text/html",
                "",
                "<style>p {}</style><p>Hello <b>Bo</b></p><p>1 &lt; 2</p><script>x()</script>",
            ],
            "Hello Bo\n\n1 < 2",
        ),
        (
            [
                'Content-Type: multipart/alternative; boundary="b"',
                "",
                *("--b", "Content-Type: text/html", "", "<p>html</p>"),
                *("--b", "Content-Type: text/plain", "", "plain", "--b--"),
            ],
            "plain",
        ),
        (
            [
                'Content-Type: multipart/mixed; boundary="b"',
                "",
                *("--b", "Content-Type: text/plain", "Content-Disposition: attachment", "", "secret.txt", "--b--"),
            ],
            "",
        ),
        (["Content-Type: multipart/mixed", "", "no boundary"], ""),
        (["Content-Type: text/plain", "Content-Transfer-Encoding: base64", "", "!!! no base64"], None),
    ],
)
def test_the_text_of_a_message(lines: list[str], text: str | None) -> None:
    found = mime(*lines)
    assert found == text if text is not None else isinstance(found, str)


def test_a_text_that_was_cut_while_downloading_is_read_as_far_as_it_goes() -> None:
    lines = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", "TcO8bGxlciAx" * 100]
    assert mime(*lines, cut=41).startswith("Müller 1Müller 1")
    raw = ("ä" * 50).encode().decode("latin-1")
    assert mime("Content-Type: text/plain; charset=utf-8", "", raw, cut=41) == "ä" * 20
    lines = ['Content-Type: multipart/mixed; boundary="b"', "", "--b", "Content-Type: text/plain", "", "Hello " * 50]
    assert mime(*lines, cut=80).startswith("Hello Hello")


def test_mail_nested_deeper_than_pythons_stack_has_no_text_but_no_error() -> None:
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(3000))
    header, _, body = deep.partition("\r\n\r\n")
    assert isinstance(text_of(parsed(header.encode(), body.encode())), str)


@given(st.binary(max_size=400), st.binary(max_size=800))
def test_no_bytes_are_an_error(header: bytes, body: bytes) -> None:
    found = record_of(Envelope(header, len(body), ARRIVAL), body, OWN, bulk=True)
    assert found["message_id"]
    datetime.fromisoformat(found["date"])
    str(found).encode()


@pytest.mark.parametrize("text", everything())
def test_naughty_texts_in_subject_name_and_body_stay_what_they_are(text: str) -> None:
    raw = text.encode("utf-8", "replace")
    line = raw.replace(b"\r", b" ").replace(b"\n", b" ")
    found = data(
        b"Subject: " + line,
        b"From: " + line.replace(b"<", b"").replace(b">", b"") + b" <bo@x.example>",
        "Content-Type: text/plain; charset=utf-8",
        body=raw,
        bulk=True,
    )
    str(found).encode()
    assert found["subject"].isprintable() or any(not char.isprintable() for char in text)
    assert all(ord(char) >= 32 and char != "\x7f" for char in found["subject"])
    assert found["text"].replace("\r\n", "\n").strip() == raw.decode().replace("\x00", "").replace("\r\n", "\n").strip()


def test_a_header_cannot_be_smuggled_in_through_a_folded_one() -> None:
    fields = fields_of(b"Subject: a\r\n\tFrom: evil@x.example\r\nFrom: bo@x.example\r\n")
    assert fields["from"] == ["bo@x.example"]


@pytest.mark.parametrize("char", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\r"])
def test_only_a_line_end_ends_a_header(char: str) -> None:
    fields = fields_of(f"Subject: a{char}From: evil@x.example\r\nFrom: bo@x.example\r\n".encode())
    assert fields["from"] == ["bo@x.example"]
    assert len(fields["subject"]) == 1


def test_a_message_to_half_the_world_has_a_bounded_number_of_parties() -> None:
    many = ", ".join(f"p{number}@x.example" for number in range(500))
    assert len(data("From: bo@y.example", f"To: {many}")["parties"]) == 101


# delivery reports


def report(status: str, *, action: str = "failed", recipient: str = "rfc822; bo@x.example", more: str = "") -> Any:
    head = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"'
    return report_of(parsed(head.encode(), report_body(recipient, action, status, more)))


def report_body(recipient: str, action: str, status: str, more: str = "") -> bytes:
    lines = ["--b", "Content-Type: text/plain", "", "Sorry", "--b", "Content-Type: message/delivery-status", ""]
    lines += ["Reporting-MTA: dns; mx.x.example", "", f"Final-Recipient: {recipient}", f"Action: {action}"]
    return "\r\n".join([*lines, f"Status: {status}", more, "--b--"]).encode()


@pytest.mark.parametrize(
    ("status", "permanent", "reason"),
    [
        ("5.1.1", True, "5.1.1 (no such mailbox)"),
        ("5.1.10", True, "5.1.10 (the domain takes no mail)"),
        ("5.0.0", True, "5.0.0"),
        ("5.2.1", True, "5.2.1 (the mailbox is disabled)"),
        ("5.2.2", False, "5.2.2"),
        ("5.3.4", False, "5.3.4"),
        ("5.7.1", False, "5.7.1"),
        ("4.4.1", False, "4.4.1"),
    ],
)
def test_only_a_permanent_failure_of_the_address_itself_is_one(status: str, permanent: bool, reason: str) -> None:
    found = report(status)
    assert (found.address, found.permanent, found.reason) == ("bo@x.example", permanent, reason)


def test_a_delay_and_a_delivery_are_no_failures() -> None:
    assert report("4.4.1", action="delayed") is None
    assert report("2.1.5", action="delivered") is None


def test_the_original_recipient_counts_where_mail_was_forwarded() -> None:
    found = report("5.1.1", recipient="rfc822; inner@host", more="Original-Recipient: rfc822; bo@x.example")
    assert found.address == "bo@x.example"


def test_a_report_is_about_the_address_and_not_from_the_mail_server() -> None:
    head = [
        "From: MAILER-DAEMON@mx.x.example",
        "To: ann@firm.example",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
    ]
    found = data(*head, body=report_body("rfc822;bo@x.example", "failed", "5.1.1"))
    assert [item["address"] for item in found["parties"]] == ["bo@x.example"]
    assert found["bounce"]["permanent"] is True
    assert found["direction"] == "inbound"
