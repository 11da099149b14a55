"""The pure parts of the REST layer: paths, templates, paging, watermarks, errors, batches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from hub.canonical.moments import moment
from hub.contract import errors
from hub.contract.connector import CursorExpired
from hub.contract.records import Op
from hub.rest.batches import calls, outcomes
from hub.rest.classify import Answer, Classifier
from hub.rest.paging import Place, first, following, several
from hub.rest.paths import at, fits, rows_at, text_at
from hub.rest.progress import Progress, asked
from hub.rest.spec import ErrorRule, Paging, RestSpec, Since, Words, Write
from hub.rest.template import NoValue, fill, fill_path

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DATA = {"a": {"b": [{"c": 1}, {"c": None}]}, "x.y": 2, "flag": True, "none": None, "rows": [1]}


@pytest.mark.parametrize(
    ("path", "found"),
    [("a.b.0.c", 1), ("a.b.1.c", None), ("a.b.7.c", None), ("x.y", 2), ("a.z.q", None), ("", DATA), ("flag.x", None)],
)
def test_paths(path: str, found: Any) -> None:
    assert at(DATA, path) == found


@pytest.mark.parametrize(
    ("paging", "place", "data", "expected"),
    [
        (Paging(kind="number", size=10), 2, {"count": 95}, [2]),
        (Paging(kind="number", size=10, total="count"), 2, {"count": 95}, [2, 3, 4, 5]),
        (Paging(kind="number", size=10, total="count"), 8, {"count": 95}, [8, 9, 10]),
        (Paging(kind="number", size=10, total="count", first=0), 8, {"count": 100}, [8, 9]),
        (Paging(kind="number", size=10, total="header X-Total"), 2, {}, [2, 3]),
        (Paging(kind="offset", size=10, total="count"), 10, {"count": "31"}, [10, 20, 30]),
        (Paging(kind="offset", size=10, total="count"), 17, {"count": 40}, [17, 27, 37]),
        (Paging(kind="number", size=10, total="count"), 9, {"count": 30}, [9]),
        (Paging(kind="number", size=10, total="count"), 2, {"count": "many"}, [2]),
        (Paging(kind="number", size=10, total="count"), 2, {}, [2]),
    ],
)
def test_pages_that_may_be_asked_for_together(paging: Paging, place: int, data: Any, expected: list[int]) -> None:
    """The place that comes next in any case, and no page beyond the last one that the answer tells of."""
    assert several(paging, Place(place), data, {"X-Total": "30"}, 4) == [Place(item) for item in expected]
    assert several(paging, Place(place), data, {"X-Total": "30"}, 1) == [Place(place)]


def test_a_total_is_of_no_use_where_pages_have_no_numbers() -> None:
    with pytest.raises(ValidationError, match="number and offset only"):
        Paging(kind="token", next="next", total="count")


def test_texts_and_rows() -> None:
    assert (text_at(DATA, "flag"), text_at(DATA, "none"), text_at(DATA, "a"), text_at(DATA, "")) == ("true", "", "", "")
    assert (rows_at(DATA, "rows"), rows_at(DATA, "flag"), rows_at(DATA, "none")) == ([1], [True], [])


def test_conditions() -> None:
    assert fits(DATA, {"flag": True, "x.y": [1, 2], "rows": "*"})
    assert not fits(DATA, {"none": "*"})
    assert not fits(DATA, {"flag": "true"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-05-01T14:00:00+02:00", NOON),
        ("2026-05-01T12:00:00Z", NOON),
        ("2026-05-01T12:00:00", NOON),
        (1_777_636_800, NOON),
        ("1777636800000", NOON),
        ("yesterday", None),
        (None, None),
        (True, None),
        ("9" * 40, None),
    ],
)
def test_moments(text: Any, found: datetime | None) -> None:
    assert moment(text) == found


def test_a_variable_alone_keeps_its_type_and_without_a_value_its_place_goes() -> None:
    template = {"limit": "{size}", "after": "{page}", "list": ["{page}", "x{size}"], "deep": {"v": "{data}"}, "n": 3}
    filled = fill(template, {"size": 5, "data": {"k": None}})
    assert filled == {"limit": 5, "list": ["x5"], "deep": {"v": {"k": None}}, "n": 3}


def test_values_in_paths_cannot_leave_their_place() -> None:
    assert fill_path("/contacts/{id}", {"id": "../admin?x=1#é"}) == "/contacts/..%2Fadmin%3Fx%3D1%23%C3%A9"
    for missing in ({}, {"id": ""}, {"id": None}):
        with pytest.raises(NoValue):
            fill_path("/contacts/{id}", missing)


LINK = '<https://x.example/?page=3>; rel="prev", <https://x.example/?page=5>; rel="next"'


@pytest.mark.parametrize(
    ("paging", "data", "ids", "expected"),
    [
        (Paging(), {}, ["1"], None),
        (Paging(kind="token", next="p.next"), {"p": {"next": "t2"}}, ["1"], Place("t2")),
        (Paging(kind="token", next="p.next"), {"p": None}, ["1"], None),
        (Paging(kind="token", next="next", more="more"), {"next": "t2", "more": False}, ["1"], None),
        (Paging(kind="link"), {}, ["1"], Place(url="https://x.example/?page=5")),
        (Paging(kind="link", next="links.next"), {"links": {"next": None}}, ["1"], None),
        (Paging(kind="number", size=2), {}, ["1", "2"], Place(2)),
        (Paging(kind="number", size=2), {}, ["3"], None),
        (Paging(kind="number", more="more"), {"more": True}, ["3"], Place(2)),
        (Paging(kind="offset", size=2), {}, ["1", "2"], Place(2)),
        (Paging(kind="offset", size=2), {}, [], None),
        (Paging(kind="keyset", size=2, first="0"), {}, ["1", "9"], Place("9")),
    ],
)
def test_the_next_page(paging: Paging, data: Any, ids: list[str], expected: Place | None) -> None:
    assert following(paging, first(paging), data, {"Link": LINK}, ids) == expected


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ("<https://x.example/?a=1,2&b=%3B>; rel=next", "https://x.example/?a=1,2&b=%3B"),
        ('</a?page=2>; title="x, rel=\\"no"; rel="last next"', "/a?page=2"),
        ('<a>; rel="first", <b>;rel="NEXT";x=y', "b"),
        ('<a>; rel="prev"', None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_link_headers(header: str, url: str | None) -> None:
    found = following(Paging(kind="link"), Place(), {}, {"Link": header}, ["1"])
    assert (found.url if found else None) == url


def test_a_page_that_would_come_again_is_a_fault_of_the_description() -> None:
    with pytest.raises(errors.ContractViolation, match="same page again"):
        following(Paging(kind="token", next="next"), Place("t"), {"next": "t"}, {}, ["1"])


def test_the_watermark_is_the_newest_stamp_but_never_beyond_the_beginning() -> None:
    progress = Progress().start("records", Place()).read([NOON], Place("2"), None, NOON + timedelta(hours=1))
    late = progress.read([NOON + timedelta(hours=3)], None, None, NOON + timedelta(hours=4)).end_records()
    assert late.since == NOON + timedelta(hours=1)
    early = progress.end_records().at_rest()
    assert early.since == NOON
    again = early.start("records", Place()).read([NOON - timedelta(hours=9)], None, None, NOON).end_records()
    assert again.since == NOON, "it never goes back"


def test_a_first_pass_without_records_still_has_a_watermark() -> None:
    progress = Progress().start("records", Place()).read([], None, None, NOON).end_records().at_rest()
    assert (progress.since, progress.gone) == (NOON, NOON)


@pytest.mark.parametrize(
    ("told", "watermark"),
    [
        (NOON + timedelta(hours=2), NOON + timedelta(hours=2) - timedelta(minutes=10)),
        (NOON + timedelta(minutes=5), NOON),
        (None, NOON),
        (NOON - timedelta(hours=1), NOON - timedelta(hours=1)),
    ],
    ids=["long quiet", "just written", "the API tells no time", "stamps are ahead of the API's clock"],
)
def test_what_was_written_last_is_not_read_for_ever(told: datetime | None, watermark: datetime) -> None:
    """The API's clock is followed from a distance, since another one may stamp the records; ours is never trusted."""
    ours = NOON + timedelta(days=1)
    progress = Progress(since=NOON - timedelta(days=1)).start("records", Place()).read([NOON], None, told, ours)
    assert progress.end_records().at_rest().since == watermark


def test_a_pass_over_many_pages_is_as_old_as_its_first_one() -> None:
    """A record that changed behind the reader while the pass took hours is found by the next one."""
    begun = NOON + timedelta(hours=1)
    progress = Progress(since=NOON).start("records", Place()).read([NOON], Place("2"), begun, begun)
    later = Progress.from_json(progress.to_json()).read([NOON], None, begun + timedelta(hours=5), begun)
    assert later.end_records().since == begun - timedelta(minutes=10)


def test_a_cursor_survives_json_and_a_strange_one_is_expired() -> None:
    progress = Progress(since=NOON).start("records", Place("2")).read([NOON], Place("3"), NOON, NOON)
    assert Progress.from_json(progress.to_json()) == progress
    for strange in ({}, {"v": 0}, [], "x", {"v": 1}, {"v": 2, "times": ["x"] * 5, "phase": None, "place": [1, 2]}):
        with pytest.raises(CursorExpired):
            Progress.from_json(strange)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (Since(overlap=60), "2026-05-01T11:59:00+00:00"),
        (Since(overlap=0.25, resolution=0.001), "2026-05-01T11:59:59.750+00:00"),
        (Since(overlap=1, resolution=60), "2026-05-01T11:59:00+00:00"),
        (Since(format="epoch_s", overlap=0), "1777636800"),
        (Since(format="epoch_ms", overlap=0), "1777636800000"),
        (Since(format="http_date", overlap=0), "Fri, 01 May 2026 12:00:00 GMT"),
    ],
)
def test_since_as_the_api_wants_it(since: Since, expected: str) -> None:
    assert asked(since, NOON) == expected
    assert asked(since, None) is None


RULES = [
    ErrorRule(means="duplicate", where={"code": "TWIN"}, text=r"ID: (?P<id>\d+)"),
    ErrorRule(means="rejected", where={"code": "BAD"}, field="field"),
    ErrorRule(means="rate_limited", where={"error": "Access Denied"}, wait=600.0),
    ErrorRule(means="cursor_expired", status=[400], where={"code": "OLD_TOKEN"}),
    ErrorRule(means="fine", status=404, where={"code": "EMPTY"}),
]
classify = Classifier(RULES, Words(), "crm", "Run login")


@pytest.mark.parametrize(
    ("status", "data", "doing", "kind"),
    [
        (200, {}, "read", None),
        (304, None, "read", None),
        (200, {"error": "Access Denied"}, "read", errors.RateLimited),
        (400, {"code": "TWIN", "message": "has ID: 77"}, "write", errors.Duplicate),
        (400, {"code": "BAD", "field": "Email"}, "write", errors.Rejected),
        (400, {"code": "OLD_TOKEN"}, "read", CursorExpired),
        (404, {"code": "EMPTY"}, "read", None),
        (404, None, "get", errors.NotFound),
        (404, None, "write", errors.NotFound),
        (404, None, "read", errors.ConfigError),
        (400, None, "read", errors.ConfigError),
        (403, None, "write", errors.Rejected),
        (412, None, "write", errors.Conflict),
        (413, None, "write", errors.Rejected),
        (401, None, "read", errors.AuthError),
        (500, None, "write", errors.OutcomeUnknown),
        (500, None, "read", errors.Unavailable),
    ],
)
def test_what_an_answer_means(status: int, data: Any, doing: Any, kind: type[Exception] | None) -> None:
    found = classify(Answer(status, data), doing, "trying")
    assert type(found) is (type(None) if kind is None else kind) or (kind is not None and isinstance(found, kind))


def test_errors_carry_what_the_remote_said() -> None:
    twin = classify(Answer(400, {"code": "TWIN", "message": "has ID: 77"}), "write", "creating")
    assert isinstance(twin, errors.Duplicate)
    assert twin.existing_id == "77"
    bad = classify.outcome({"code": "BAD", "field": "Email", "message": "no address"}, "creating")
    assert isinstance(bad, errors.Rejected)
    assert (bad.field, bad.remote_code, bad.remote_text) == ("Email", "BAD", "no address")
    other = classify.outcome({"message": "no"}, "creating")
    assert isinstance(other, errors.Rejected)
    limited = classify(Answer(200, {"error": "Access Denied"}), "read", "reading")
    assert isinstance(limited, errors.RateLimited)
    assert limited.retry_after == 600


def op(key: str, kind: Any = "update", version: str | None = None) -> Op:
    return Op(key, kind, None if kind == "create" else key, {}, version)


def test_calls_hold_one_kind_no_record_twice_and_a_version_alone() -> None:
    plain = Write(path="/x", batch=3, results="r")
    versioned = Write(path="/x/{id}", headers={"If-Match": "{version}"}, batch=3)
    ops = [op("1"), op("2"), op("1"), op("3"), op("4"), op("5")]
    assert [[item.key for item in batch] for _, batch in calls(ops, lambda _: plain)] == [
        ["1", "2"],
        ["1", "3", "4"],
        ["5"],
    ]
    mixed = [op("1", version="a"), op("2", version="b"), op("3"), op("4")]
    assert [[item.key for item in batch] for _, batch in calls(mixed, lambda _: versioned)] == [
        ["1"],
        ["2"],
        ["3", "4"],
    ]


def test_an_outcome_that_is_missing_is_unknown() -> None:
    route = Write(path="/x", batch=9, results="r", match="id", at="id", errors="e", error_at="ids", ok={})
    data = {"r": [{"id": "2"}], "e": [{"ids": ["1"], "code": "BAD"}]}
    found = outcomes(route, [op("1"), op("2"), op("3")], data, classify, "updating")
    assert found is not None
    assert [type(receipt.error) for _, receipt, _ in found] == [errors.Rejected, type(None), errors.OutcomeUnknown]


def test_outcomes_of_another_number_than_was_sent_are_not_guessed() -> None:
    route = Write(path="/x", batch=9, results="r")
    assert outcomes(route, [op("1"), op("2")], {"r": [{}]}, classify, "updating") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"url": 5}, "valid string"),
        ({"nonsense": 1}, "Extra inputs"),
        ({"resources": {}}, "at least 1"),
        ({"resources": {"a": {"version": "v", "list": {"path": "/{whatever}"}}}}, "unknown variable {whatever}"),
        ({"resources": {"a": {"list": {"path": "/a"}}}}, "give version"),
        ({"resources": {"a": {"version": "v", "since": {}, "list": {"path": "/a"}}}}, "{since} stands nowhere"),
        (
            {
                "resources": {
                    "a": {"version": "v", "list": {"path": "/a"}, "create": {"path": "/a"}, "create_by": "marker"}
                }
            },
            "needs key_field",
        ),
        ({"errors": [{"means": "auth"}]}, "needs status, where or text"),
        ({"limits": {"rate": "fast"}}, "pattern"),
    ],
)
def test_mistakes_in_a_description_are_found_when_it_is_read(change: dict[str, Any], message: str) -> None:
    good = {"url": "https://x.example", "resources": {"a": {"version": "v", "list": {"path": "/a"}}}}
    RestSpec.model_validate(good)
    with pytest.raises(ValidationError, match=message.replace("{", r"\{").replace("}", r"\}")):
        RestSpec.model_validate({**good, **change})
