"""What the description of the documentation does, over real HTTP on loopback."""

from __future__ import annotations

from typing import Any

import pytest

from hub import plugin
from hub.rest.connector import RestConnector
from tests.rest.club import ClubServer
from tests.rest.conftest import Connect, example

Members = RestConnector[Any]


def read(connector: Members, cursor: Any = None) -> tuple[list[plugin.Record], Any]:
    pages = list(connector.changes("members", cursor))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    return [record for page in pages for record in page.records], pages[-1].cursor


def test_the_example_has_about_thirty_lines() -> None:
    assert len(example("toml").splitlines()) <= 36
    assert len(example("python").splitlines()) <= 42


def test_it_says_what_it_can_do_without_a_call(members: Members, club: ClubServer) -> None:
    able = members.resources()[0].capabilities
    assert (able.deletes, able.conditional_write, able.create, able.per_call) == ("feed", True, "marker", 50)
    assert able.batch == 4 * 50, "so many calls are made at a time"
    assert able.incremental
    assert club.requests == []


def test_everything_is_read_page_by_page_then_only_changes_and_deletions(members: Members, club: ClubServer) -> None:
    for name in "ABCDE":
        club.put({"name": name})
    club.now += 100
    found, cursor = read(members)
    assert [record.data["name"] for record in found if record.data] == list("ABCDE")
    club.put({"name": "B2"}, "2")
    club.handle("DELETE", "/v1/members/4", {}, {"Authorization": f"Bearer {club.token}"}, None)
    found, cursor = read(members, cursor)
    assert {record.id: record.deleted for record in found if record.id in "24"} == {"2": False, "4": True}
    assert [record.version for record in found if record.id == "2"] == [f"v{club.now - 1}"]


@pytest.mark.parametrize("stop", [0, 1, 2])
def test_an_interrupted_pass_goes_on_after_every_page(members: Members, club: ClubServer, stop: int) -> None:
    for name in "ABCDE":
        club.put({"name": name})
    pages = members.changes("members")
    done = [next(pages) for _ in range(stop + 1)]
    rest, _ = read(members, done[-1].cursor) if not done[-1].complete else ([], None)
    names = [record.data["name"] for page in done for record in page.records if record.data]
    names += [record.data["name"] for record in rest if record.data]
    assert names == list("ABCDE")


def test_an_edit_behind_the_reader_is_seen_by_the_next_poll(members: Members, club: ClubServer) -> None:
    """A naive watermark, the newest stamp seen, would be beyond this edit and lose it."""
    for name in "ABCD":
        club.put({"name": name})
    pages = members.changes("members")
    next(pages)
    club.put({"name": "A2"}, "1")
    club.now += 1000
    club.put({"name": "D2"}, "4")
    last = list(pages)[-1]
    found, _ = read(members, last.cursor)
    assert "A2" in [record.data["name"] for record in found if record.data]


def test_records_that_do_not_exist_are_absent(members: Members, club: ClubServer) -> None:
    club.put({"name": "A"})
    assert [record.id for record in members.fetch("members", ["1", "7", "a/../b"])] == ["1"]


@pytest.mark.parametrize("body", ["<html>please log in</html>", [1, 2], 7, None], ids=repr)
def test_an_answer_that_is_no_record_does_not_make_one_absent(members: Members, club: ClubServer, body: Any) -> None:
    club.put({"name": "A"})
    club.answers = [(200, body, {})] * 9
    with pytest.raises(plugin.Unavailable):
        list(members.fetch("members", ["1"]))


def test_a_batch_of_creates_has_one_outcome_each_and_is_found_by_our_key(members: Members, club: ClubServer) -> None:
    taken = club.put({"name": "Old", "email": "old@x.example"})
    ops = [
        plugin.Op("k1", "create", None, {"name": "New", "email": "new@x.example", "phone": None}),
        plugin.Op("k2", "create", None, {"name": "Twin", "email": "old@x.example"}),
        plugin.Op("k3", "create", None, {"email": "nameless@x.example"}),
    ]
    first, second, third = members.write("members", ops)
    assert first.error is None
    assert club.members[first.id or ""]["crmhub"] == "k1"
    assert "phone" not in club.members[first.id or ""]
    assert isinstance(second.error, plugin.Duplicate)
    assert second.error.existing_id == taken["id"]
    assert isinstance(third.error, plugin.Rejected)
    assert third.error.remote_text == "a name is needed"
    assert [method for method, path, _ in club.requests if path.endswith("batch")] == ["POST"]
    assert [record.id for record in members.find("members", "op_key", ["k1"])] == [first.id]


def test_an_update_is_conditional_and_shows_the_record_as_it_is_now(members: Members, club: ClubServer) -> None:
    row = club.put({"name": "A", "email": "a@x.example"})
    update = plugin.Op("k", "update", "1", {"email": None}, row["etag"])
    (receipt,) = members.write("members", [update])
    assert receipt.error is None
    assert receipt.image is not None
    assert receipt.image.data is not None
    assert receipt.image.data["email"] is None
    (late,) = members.write("members", [update])
    assert isinstance(late.error, plugin.Conflict)


def test_deleting_what_is_gone_is_not_found(members: Members, club: ClubServer) -> None:
    (receipt,) = members.write("members", [plugin.Op("k", "delete", "9", {})])
    assert isinstance(receipt.error, plugin.NotFound)


def test_an_answer_without_the_promised_list_is_no_empty_page(members: Members, club: ClubServer) -> None:
    club.answers = [(200, {"maintenance": True}, {})] * 9
    with pytest.raises(plugin.Unavailable, match="no list"):
        list(members.listing("members"))


def test_an_empty_body_with_200_is_no_empty_page(members: Members, club: ClubServer) -> None:
    """Or a proxy that swallows bodies would prove that everybody is gone."""
    club.answers = [(200, None, {})] * 9
    with pytest.raises(plugin.Unavailable):
        list(members.listing("members"))


def test_a_server_error_leaves_a_write_unknown_and_it_is_not_repeated(members: Members, club: ClubServer) -> None:
    club.answers = [(500, {"message": "oops"}, {})]
    with pytest.raises(plugin.OutcomeUnknown):
        list(members.write("members", [plugin.Op("k", "create", None, {"name": "A"})]))
    assert len(club.requests) == 1


def test_a_write_that_was_refused_for_now_goes_again(members: Members, club: ClubServer) -> None:
    club.answers = [(429, {}, {"Retry-After": "2"})]
    (receipt,) = members.write("members", [plugin.Op("k", "create", None, {"name": "A"})])
    assert receipt.error is None
    assert len(club.members) == 1


def test_a_write_that_nobody_could_take_is_tried_once(kind: type[Members], connect: Connect) -> None:
    connector = connect(kind, url="http://127.0.0.1:9")
    with pytest.raises(plugin.Unavailable):
        list(connector.write("members", [plugin.Op("k", "create", None, {"name": "A"})]))
    assert connector.context.http.calls == 1


def test_a_batch_refused_as_a_whole_is_halved_until_the_bad_record_is_alone(members: Members, club: ClubServer) -> None:
    ops = [plugin.Op(f"k{n}", "create", None, {"name": f"N{n}", "email": f"{n}@x.example"}) for n in range(4)]
    club.answers = [(400, {"message": "one of them is bad"}, {}), (400, {"message": "one of them is bad"}, {})]
    club.answers += [(400, {"message": "this one"}, {})]
    receipts = list(members.write("members", ops))
    assert [type(item.error).__name__ for item in receipts] == ["Rejected", "NoneType", "NoneType", "NoneType"]


def test_a_refused_token_is_an_auth_error(kind: type[Members], connect: Connect, club: ClubServer) -> None:
    from pydantic import SecretStr

    with pytest.raises(plugin.AuthError, match="who are you"):
        list(connect(kind, token=SecretStr("wrong")).changes("members"))


def test_the_python_example_reads_the_same_api(connect: Connect, club: ClubServer) -> None:
    namespace: dict[str, Any] = {}
    exec(compile(example("python"), "example", "exec", dont_inherit=True), namespace)
    club.put({"name": "ANNA BERG"})
    found, _ = read(connect(namespace["Club"]))
    assert [record.data["name"] for record in found if record.data] == ["Anna Berg"]
