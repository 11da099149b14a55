"""Several calls at a time to a described API: the same receipts as one after the other."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from hub.contract.errors import ConnectorError, OutcomeUnknown, RateLimited
from hub.contract.records import Op, Receipt
from hub.rest.connector import RestConnector
from tests.rest.club import ClubServer
from tests.rest.conftest import Connect

NUMBER = 6


@pytest.fixture
def abreast(kind: type[RestConnector[Any]], connect: Connect, club: ClubServer) -> RestConnector[Any]:
    """A connection that makes two calls at a time, to six members."""
    for number in range(NUMBER):
        club.put({"name": f"N{number}", "email": f"n{number}@x.example"})
    return connect(kind, at_once=2)


def renames() -> list[Op]:
    return [Op(f"k{id_}", "update", str(id_), {"name": f"New {id_}"}) for id_ in range(1, NUMBER + 1)]


def write(connector: RestConnector[Any], ops: list[Op]) -> tuple[dict[str, Receipt], ConnectorError | None]:
    """The receipts by their keys, and what was raised after them."""
    found: list[Receipt] = []
    raised: ConnectorError | None = None
    try:
        for receipt in connector.write("members", ops):
            found.append(receipt)
    except ConnectorError as error:
        raised = error
    assert len({item.key for item in found}) == len(found), "a receipt came twice"
    return {item.key: item for item in found}, raised


def test_records_are_written_two_at_a_time(abreast: RestConnector[Any], club: ClubServer) -> None:
    club.together = threading.Barrier(2)  # a change is done only while another one waits beside it
    receipts, raised = write(abreast, renames())
    assert raised is None
    assert {key: item.error for key, item in receipts.items()} == {f"k{id_}": None for id_ in range(1, NUMBER + 1)}
    assert [row["name"] for row in club.members.values()] == [f"New {id_}" for id_ in range(1, NUMBER + 1)]


def test_records_are_read_two_at_a_time_and_come_in_order(abreast: RestConnector[Any], club: ClubServer) -> None:
    club.together = threading.Barrier(2)
    ids = [str(id_) for id_ in range(NUMBER, 0, -1)]
    assert [record.id for record in abreast.fetch("members", [*ids[:2], "98", "99", *ids[2:]])] == ids


@pytest.mark.parametrize("refused", ["1", "2", "5", "6"])
def test_a_limit_stops_and_every_op_is_known_to_be_done_or_not(
    abreast: RestConnector[Any], club: ClubServer, refused: str
) -> None:
    club.refuses[refused] = (429, {"Retry-After": "3600"})
    receipts, raised = write(abreast, renames())
    assert isinstance(raised, RateLimited)
    assert set(receipts) == {op.key for op in renames()}
    for op in renames():
        done = club.members[str(op.id)]["name"] == op.data["name"]
        error = receipts[op.key].error
        assert error is None if done else isinstance(error, RateLimited), f"{op.id}: done {done}, told {error!r}"
    assert f"k{refused}" in {key for key, item in receipts.items() if item.error is not None}


def test_a_lost_answer_concerns_one_op_and_the_others_are_done(abreast: RestConnector[Any], club: ClubServer) -> None:
    club.refuses["2"] = (502, {})
    receipts, raised = write(abreast, renames())
    assert raised is None
    failed = {key: type(item.error) for key, item in receipts.items() if item.error is not None}
    assert failed == {"k2": OutcomeUnknown}
    assert [row["name"].startswith("New") for row in club.members.values()] == [True, False, True, True, True, True]


def test_what_comes_twice_is_written_in_its_order(abreast: RestConnector[Any], club: ClubServer) -> None:
    club.pause = 0.02
    ops = [Op(f"k{number}", "update", "1", {"name": f"New {number}"}) for number in range(8)]
    receipts, raised = write(abreast, ops)
    assert raised is None
    assert len(receipts) == 8
    assert club.members["1"]["name"] == "New 7"
    assert club.most_running == 1, "one after the other"
