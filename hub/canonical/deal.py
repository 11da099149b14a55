"""Deals: what somebody may buy.  Thin on purpose; sales pipelines stay in the systems that run them."""

from __future__ import annotations

from uuid import UUID

from hub.canonical.typed import ExternalId, Line, Model, Money, PartialDate


class Deal(Model):
    """An opportunity with its stage in the words of its system."""

    id: UUID
    external_ids: tuple[ExternalId, ...] = ()
    name: Line
    customer: UUID
    company: UUID | None = None
    stage: Line | None = None
    amount: Money | None = None
    expected_close: PartialDate | None = None
    owner: Line | None = None
