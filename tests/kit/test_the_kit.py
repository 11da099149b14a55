"""The contract kit is itself tested: a good connector passes every rule, and each known fault is caught by its rule."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pytest
from pydantic import ConfigDict

from hub import plugin
from hub.testing.kit import RULES, ContractKit, examine
from tests.kit.shop import ShopBench, ShopConfig, ShopConnector


class TestTheReferenceConnector(ContractKit):
    bench = ShopBench


class Loose(plugin.ConnectorConfig):
    model_config = ConfigDict(extra="ignore", frozen=True)
    base_url: str
    token: Any


class Shown(plugin.ConnectorConfig):
    base_url: str
    token: str


class AsksWhileDescribing(ShopConnector):
    def resources(self) -> Sequence[plugin.Resource]:
        self.get("me")
        return super().resources()


class AcceptsAnySetting(ShopConnector):
    Config = Loose


class ShowsItsSecret(ShopConnector):
    Config = Shown

    def send(self, method: str, path: str, **options: Any) -> Any:
        return ShopConnector(ShopConfig.model_validate(self.config.model_dump()), self.context).send(
            method, path, **options
        )


class LogsItsToken(ShopConnector):
    def send(self, method: str, path: str, **options: Any) -> Any:
        logging.getLogger("shop").debug("calling with %s", self.config.token.get_secret_value())
        return super().send(method, path, **options)


class TakesAnyLogin(ShopConnector):
    def check(self) -> plugin.Account:
        return plugin.Account("The Shop")


class HidesTheLoginError(ShopConnector):
    def check(self) -> plugin.Account:
        try:
            return super().check()
        except plugin.AuthError as error:
            raise plugin.Unavailable("try later") from error


class ForgetsTheLastPage(ShopConnector):
    def changes(self, resource: str, cursor: Any = None) -> Iterator[plugin.Page]:
        pages = list(super().changes(resource, cursor))
        kept = pages[:-1] if len(pages) > 1 else pages
        yield from kept[:-1]
        yield plugin.Page(kept[-1].records, pages[-1].cursor, complete=True)


class NeverComplete(ShopConnector):
    def changes(self, resource: str, cursor: Any = None) -> Iterator[plugin.Page]:
        for page in super().changes(resource, cursor):
            yield plugin.Page(page.records, page.cursor)


class CursorOfTheEndOnEveryPage(ShopConnector):
    def changes(self, resource: str, cursor: Any = None) -> Iterator[plugin.Page]:
        pages = list(super().changes(resource, cursor))
        for page in pages:
            yield plugin.Page(page.records, pages[-1].cursor, complete=page.complete)


class CursorThatIsNoJson(ShopConnector):
    def changes(self, resource: str, cursor: Any = None) -> Iterator[plugin.Page]:
        for page in super().changes(resource, cursor):
            yield plugin.Page(page.records, {page.cursor: {1}} and b"%d" % page.cursor, complete=page.complete)


class CursorThatStandsStill(ShopConnector):
    def changes(self, resource: str, cursor: Any = None) -> Iterator[plugin.Page]:
        yield from super().changes(resource, None)


class SkipsTheBoundary(ShopConnector):
    def changes(self, resource: str, cursor: Any = None) -> Iterator[plugin.Page]:
        for page in super().changes(resource, cursor):
            yield plugin.Page(page.records, page.cursor + (1 if page.complete else 0), complete=page.complete)


class NoVersions(ShopConnector):
    def record(self, item: Any) -> plugin.Record:
        found = super().record(item)
        return plugin.Record(found.id, found.data, "1", found.modified_at, deleted=found.deleted)


class VersionsThatMove(ShopConnector):
    counter = itertools.count()

    def record(self, item: Any) -> plugin.Record:
        found = super().record(item)
        return plugin.Record(found.id, found.data, f"{next(self.counter)}", found.modified_at, deleted=found.deleted)


class NoTombstones(ShopConnector):
    def changes(self, resource: str, cursor: Any = None) -> Iterator[plugin.Page]:
        for page in super().changes(resource, cursor):
            yield plugin.Page([x for x in page.records if not x.deleted], page.cursor, complete=page.complete)


class DeadAmongTheLiving(ShopConnector):
    def record(self, item: Any) -> plugin.Record:
        return super().record({**item, "deleted": False})


class InventsWhatIsMissing(ShopConnector):
    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[plugin.Record]:
        found = {record.id: record for record in super().fetch(resource, ids)}
        for id_ in ids:
            yield found.get(id_, plugin.Record(id_, {}, "v0"))


class TakesAnEmptyBodyForNothing(ShopConnector):
    def get(self, path: str, **params: Any) -> Any:
        answer = self.send("GET", path, params=params)
        try:
            return {"people": [], "next": 0, "more": False, "name": "?", **self.decode(answer, safe=True)}
        except plugin.Unavailable:
            return {"people": [], "next": 0, "more": False, "name": "?"}


class FallsOverGarbage(ShopConnector):
    def get(self, path: str, **params: Any) -> Any:
        return self.send("GET", path, params=params).json()


class SendsCreatesTwice(ShopConnector):
    def write_one(self, op: plugin.Op) -> plugin.Receipt:
        try:
            return super().write_one(op)
        except plugin.OutcomeUnknown:
            if op.kind != "create":
                raise
            data = {**op.data, "mail": None}
            return super().write_one(plugin.Op(f"{op.key}-again", "create", None, data))


class SaysDoneWhenUnknown(ShopConnector):
    def write_one(self, op: plugin.Op) -> plugin.Receipt:
        try:
            return super().write_one(op)
        except plugin.OutcomeUnknown:
            return plugin.Receipt(op.key, op.id or "1")

    def send(self, method: str, path: str, **options: Any) -> Any:
        return super().send(method, path if method != "PATCH" else f"{path}x", **options)


class WritesTheWholeRecord(ShopConnector):
    def write_one(self, op: plugin.Op) -> plugin.Receipt:
        if op.kind == "update":
            op = plugin.Op(op.key, op.kind, op.id, {"name": "", "note": "", "mail": "", **op.data}, op.if_version)
        return super().write_one(op)


class NeverClears(ShopConnector):
    def write_one(self, op: plugin.Op) -> plugin.Receipt:
        data = {key: value for key, value in op.data.items() if value is not None}
        return super().write_one(plugin.Op(op.key, op.kind, op.id, data, op.if_version))


class StopsAtTheFirstBadOp(ShopConnector):
    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        for op in ops:
            yield self.write_one(op)


class ForgetsAReceipt(ShopConnector):
    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        yield from list(super().write(resource, ops))[: max(1, len(ops) - 1)]


class IgnoresTheVersion(ShopConnector):
    def write_one(self, op: plugin.Op) -> plugin.Receipt:
        return super().write_one(plugin.Op(op.key, op.kind, op.id, op.data))


class OldVersionInReceipts(ShopConnector):
    def write_one(self, op: plugin.Op) -> plugin.Receipt:
        receipt = super().write_one(op)
        return plugin.Receipt(receipt.key, receipt.id, "v0", receipt.image)


class CutsTexts(ShopConnector):
    def write_one(self, op: plugin.Op) -> plugin.Receipt:
        data = {key: value.strip() if isinstance(value, str) else value for key, value in op.data.items()}
        return super().write_one(plugin.Op(op.key, op.kind, op.id, data, op.if_version))


class RaisesForAMissingRecord(ShopConnector):
    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        for op in ops:
            yield self.write_one(op)


class CreatesWithoutAKey(ShopConnector):
    def write_one(self, op: plugin.Op) -> plugin.Receipt:
        return super().write_one(plugin.Op("", op.kind, op.id, op.data, op.if_version))

    def write(self, resource: str, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        for op, receipt in zip(ops, super().write(resource, ops), strict=True):
            yield plugin.Receipt(op.key, receipt.id, receipt.version, receipt.image, receipt.error)


class FindsEverything(ShopConnector):
    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[plugin.Record]:
        for page in self.changes(resource):
            yield from page.records


class PollsExpensively(ShopConnector):
    def changes(self, resource: str, cursor: Any = None) -> Iterator[plugin.Page]:
        self.check()
        yield from super().changes(resource, cursor)


class TreatsALimitAsAnOutage(ShopConnector):
    def send(self, method: str, path: str, **options: Any) -> Any:
        try:
            return super().send(method, path, **options)
        except plugin.RateLimited as error:
            raise plugin.Unavailable("busy") from error


class SleepsThroughALimit(ShopConnector):
    def send(self, method: str, path: str, **options: Any) -> Any:
        for _ in range(3):
            try:
                return super().send(method, path, **options)
            except plugin.RateLimited as error:
                self.context.http._sleep(error.retry_after or 1)  # the fault itself
        return super().send(method, path, **options)


class NamesAFieldTwice(ShopConnector):
    def fields(self, resource: str) -> Sequence[plugin.Field]:
        return [*super().fields(resource), plugin.Field("name")]


FAULTS: list[tuple[type[ShopConnector], str]] = [
    (AsksWhileDescribing, "describes_without_io"),
    (AcceptsAnySetting, "unknown_settings_are_refused"),
    (ShowsItsSecret, "secrets_are_hidden"),
    (LogsItsToken, "secrets_are_hidden"),
    (TakesAnyLogin, "wrong_login_is_an_auth_error"),
    (HidesTheLoginError, "wrong_login_is_an_auth_error"),
    (ForgetsTheLastPage, "reads_everything_once"),
    (NeverComplete, "reads_everything_once"),
    (CursorOfTheEndOnEveryPage, "resumes_after_every_page"),
    (CursorThatIsNoJson, "resumes_after_every_page"),
    (CursorThatStandsStill, "a_quiet_poll_is_cheap"),
    (SkipsTheBoundary, "equal_times_lose_nothing"),
    (NoVersions, "sees_what_changed"),
    (VersionsThatMove, "one_version_one_content"),
    (NoTombstones, "deletions_are_seen_as_declared"),
    (DeadAmongTheLiving, "deletions_are_seen_as_declared"),
    (InventsWhatIsMissing, "missing_ids_are_absent"),
    (TakesAnEmptyBodyForNothing, "garbage_is_an_error"),
    (FallsOverGarbage, "garbage_is_an_error"),
    (SendsCreatesTwice, "a_create_is_never_sent_twice"),
    (SaysDoneWhenUnknown, "one_receipt_for_each_op"),
    (WritesTheWholeRecord, "absent_stays_and_none_clears"),
    (NeverClears, "absent_stays_and_none_clears"),
    (StopsAtTheFirstBadOp, "one_receipt_for_each_op"),
    (ForgetsAReceipt, "one_receipt_for_each_op"),
    (IgnoresTheVersion, "a_stale_version_is_a_conflict"),
    (OldVersionInReceipts, "our_own_write_is_recognised"),
    (CutsTexts, "every_text_comes_back_or_is_refused"),
    (RaisesForAMissingRecord, "deleting_twice_harms_nobody"),
    (CreatesWithoutAKey, "a_create_is_found_by_its_key"),
    (FindsEverything, "a_create_is_found_by_its_key"),
    (PollsExpensively, "a_quiet_poll_is_cheap"),
    (TreatsALimitAsAnOutage, "a_long_limit_is_reported"),
    (SleepsThroughALimit, "a_long_limit_is_reported"),
    (NamesAFieldTwice, "fields_are_discovered"),
]


@pytest.mark.parametrize(("faulty", "id_"), FAULTS, ids=[item.__name__ for item, _ in FAULTS])
def test_a_known_fault_is_caught_by_its_rule(faulty: type[ShopConnector], id_: str) -> None:
    class Faulty(ShopBench):
        connector: ClassVar[type[plugin.Connector[Any]]] = faulty

    rules = tuple(rule for rule in RULES if rule.id == id_)
    assert [outcome.state for outcome in examine(Faulty, rules)] == ["failed"]


def test_every_rule_has_an_id_a_level_and_a_text() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES) >= 35
    assert all(rule.text.endswith(".") for rule in RULES)
