"""Writing customers: few requests for many ops, one receipt for each, read just before and again afterwards.

Vendure has no conditional write: what a person does between our read and our write is overwritten field by field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crmhub_vendure import mutations
from crmhub_vendure.document import KEY, is_address, normal_email
from crmhub_vendure.execute import LOST, Job, run
from crmhub_vendure.graphql import GraphQL
from crmhub_vendure.mutations import Call
from crmhub_vendure.reading import Reader
from crmhub_vendure.shop import Shop
from hub import plugin

_TAKEN = "EMAIL_ADDRESS_CONFLICT_ERROR"


class Writer:
    """Writes customers of one shop."""

    def __init__(self, api: GraphQL, reader: Reader, shop: Shop) -> None:
        self._api = api
        self._reader = reader
        self._shop = shop

    def write(self, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        """See ``Connector.write``."""
        for part in _rounds(ops):
            yield from self._creates([op for op in part if op.kind == "create"])
            yield from self._changes([op for op in part if op.kind != "create"])

    # creates

    def _creates(self, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        ready: list[Job] = []
        addresses: dict[str, list[Mapping[str, Any]]] = {}
        for op in ops:
            try:
                call, rows = mutations.create(op, self._shop.custom_fields, self._shop.key_field)
                self._check_countries(op)
            except plugin.Rejected as error:
                yield plugin.Receipt(op.key, error=error)
                continue
            ready.append(Job(op, [call]))
            addresses[op.key] = list(rows)
        ids: dict[str, str] = {}
        failure: plugin.ConnectorError | None = None
        try:
            self._refuse_taken(ready)
            run(self._api, ready, where=self._shop.where)
            self._settle_lost(ready)
            self._try_without_key(ready)
            ids |= {job.op.key: str(job.results[0]["id"]) for job in ready if job.results}
            for job in ready:
                if job.op.key in ids:
                    job.calls += [mutations.add_address(ids[job.op.key], row) for row in addresses[job.op.key]]
            run(self._api, ready, where=self._shop.where)
            self._name_owners(ready)
        except plugin.ConnectorError as error:
            failure = error
        yield from self._receipts(ready, ids, failure)

    def _refuse_taken(self, jobs: Sequence[Job]) -> None:
        """Who is there already is not made: so whoever is found after a lost answer was made by us."""
        there = self._by_email([job.op for job in jobs])
        for job in jobs:
            if owner := there.get(_email(job.op)):
                job.error = self._taken(job.op, owner)

    def _settle_lost(self, jobs: Sequence[Job]) -> None:
        """Look for the customers whose creates ended without an answer: they were made, or refused as taken meanwhile."""
        lost = [job for job in jobs if job.results and job.results[0] is LOST]
        there = self._by_email([job.op for job in lost])
        for job in lost:
            found = there.get(_email(job.op))
            if found is not None and mutations.is_made_by(job.calls[0], found.data or {}, self._shop.key_field):
                job.results[0] = {"id": found.id}
                continue
            job.results.clear()
            text = "Vendure made the customer and does not show it, or refused it without saying so"
            job.error = self._taken(job.op, found) if found else plugin.OutcomeUnknown(text, where=self._shop.where)

    def _try_without_key(self, jobs: Sequence[Job]) -> None:
        """A deleted customer keeps our key for ever, unseen: whoever is made again for it goes without."""
        key_field = self._shop.key_field
        blocked = [job for job in jobs if _failed_in_the_database(job)] if key_field else []
        if not blocked:
            return
        there = self._keys_of([job.op.key for job in blocked])
        again = [job for job in blocked if job.op.key not in there]
        for job in blocked:
            if job.op.key in there:
                text = f"The customer {there[job.op.key]} was made by this very write before"
                job.error = plugin.Duplicate(text, existing_id=there[job.op.key], where=self._shop.where)
        for job in again:
            job.error, job.calls = None, [mutations.without_key(job.calls[0], key_field)]
        run(self._api, again, where=self._shop.where)
        self._settle_lost(again)

    def _by_email(self, ops: Sequence[plugin.Op]) -> dict[str, plugin.Record]:
        """E-mail address -> the customer who has it."""
        found = self._reader.find("email", [_email(op) for op in ops])
        return {str((record.data or {}).get("emailAddress")): record for record in found}

    def _keys_of(self, keys: Sequence[str]) -> dict[str, str]:
        found = self._reader.find("op_key", keys)
        return {str((record.data or {}).get(KEY)): record.id for record in found}

    # updates and deletes

    def _changes(self, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        if not ops:
            return
        rows = {record.id: record for record in self._reader.fetch([op.id or "" for op in ops])}
        ready: list[Job] = []
        for op in ops:
            try:
                ready.append(Job(op, self._calls(op, rows.get(op.id or ""))))
            except (plugin.Rejected, plugin.Conflict, plugin.NotFound) as error:
                yield plugin.Receipt(op.key, op.id, error=error)
        failure: plugin.ConnectorError | None = None
        try:
            run(self._api, ready, where=self._shop.where)
            self._name_owners(ready)
        except plugin.ConnectorError as error:
            failure = error
        yield from self._receipts(ready, {job.op.key: str(job.op.id) for job in ready}, failure)

    def _calls(self, op: plugin.Op, record: plugin.Record | None) -> list[Call]:
        if record is None or record.data is None:
            raise plugin.NotFound(f"The shop has no customer {op.id}", where=self._shop.where)
        if op.if_version is not None and record.version != op.if_version:
            raise plugin.Conflict(f"The customer {op.id} was changed meanwhile", where=self._shop.where)
        if op.kind == "delete":
            return [Call(mutations.DELETE, {"id": op.id})]
        calls = mutations.update(op, record.data, self._shop.custom_fields, self._shop.key_field)
        self._check_countries(op)
        return calls

    # both

    def _check_countries(self, op: plugin.Op) -> None:
        """Raise Rejected for a country that the shop lacks: found before the customer is half written."""
        for code in sorted(mutations.countries(op)):
            if not self._shop.has_country(code):
                raise plugin.Rejected(
                    f"The shop has no country {code!r}",
                    field="addresses.countryCode",
                    where=self._shop.where,
                    hint="Add it in Vendure under Settings, Countries (it need not be enabled)",
                )

    def _name_owners(self, jobs: Sequence[Job]) -> None:
        """Where the shop says that an e-mail address is taken, find out who has it."""
        refused = [job for job in jobs if isinstance(job.error, plugin.Rejected) and job.error.remote_code == _TAKEN]
        there = self._by_email([job.op for job in refused])
        for job in refused:
            job.error = self._taken(job.op, there.get(_email(job.op)))

    def _taken(self, op: plugin.Op, owner: plugin.Record | None) -> plugin.ConnectorError:
        """The error of an op whose e-mail address somebody has.

        Only a create can mean the very customer who has it.  It does not where that one carries another key of ours, and
        a text that is no address ("unknown") says nothing about who it is.
        """
        where, field = self._shop.where, "emailAddress"
        if owner is None or owner.id == op.id:
            hint = "It may belong to a customer of another channel, or to an account without a customer"
            return plugin.Rejected(
                "The e-mail address is taken", field=field, where=where, hint=hint, remote_code=_TAKEN
            )
        text = f"The e-mail address belongs to the customer {owner.id}"
        key = (owner.data or {}).get(KEY)
        if op.kind == "create" and key in (None, "", op.key) and is_address(_email(op)):
            return plugin.Duplicate(text, existing_id=owner.id, where=where)
        hint = "Vendure knows every address once: give one of the two another one, or link them if they are one person"
        return plugin.Rejected(text, field=field, where=where, hint=hint, remote_code=_TAKEN)

    def _receipts(
        self, jobs: Sequence[Job], ids: Mapping[str, str], failure: plugin.ConnectorError | None
    ) -> Iterator[plugin.Receipt]:
        """Receipts for all that is known, and only then what concerns the whole request."""
        done = [job for job in jobs if job.error is None and not job.waits and job.op.key in ids]
        images: dict[str, plugin.Record] = {}
        try:
            images = {
                record.id: record
                for record in self._reader.fetch([ids[job.op.key] for job in done if job.op.kind != "delete"])
            }
        except plugin.ConnectorError as error:
            # What was written stays written: receipts without an image, then the reason.
            failure = failure or error
        for job in jobs:
            id_ = ids.get(job.op.key)
            if job.error is not None and not job.results:
                yield plugin.Receipt(job.op.key, job.op.id, error=job.error)
            elif job in done:
                image = images.get(id_ or "")
                yield plugin.Receipt(job.op.key, id_, image.version if image else None, image)
            elif job.results:
                yield plugin.Receipt(job.op.key, id_, error=self._half_done(job, failure))
        if failure is not None:
            raise failure

    def _half_done(self, job: Job, failure: plugin.ConnectorError | None) -> plugin.OutcomeUnknown:
        """Some calls of an op were carried out and the next was not: the engine must look before it goes on."""
        reason = job.error or failure
        text = f"{len(job.results)} of {len(job.calls)} steps of this write were carried out"
        return plugin.OutcomeUnknown(
            f"{text}: {reason.message}" if reason else text,
            where=self._shop.where,
            remote_code=reason.remote_code if reason else None,
            remote_text=reason.remote_text if reason else None,
        )


def _failed_in_the_database(job: Job) -> bool:
    return isinstance(job.error, plugin.Rejected) and job.error.remote_code == "database"


def _email(op: plugin.Op) -> str:
    """An op's e-mail address as Vendure keeps it."""
    return normal_email(str(op.data.get("emailAddress") or ""))


def _rounds(ops: Sequence[plugin.Op]) -> Iterator[list[plugin.Op]]:
    """Ops in the given order, cut so that no round touches a customer twice, or makes two with one address."""
    part: list[plugin.Op] = []
    touched: set[str] = set()
    for op in ops:
        name = f"id {op.id}" if op.id is not None else f"email {_email(op)}"
        if name in touched:
            yield part
            part, touched = [], set()
        part.append(op)
        touched.add(name)
    yield part
