"""Interactions with a customer: written once, never synchronised back and forth."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from hub.canonical.facts import BODY_LIMIT
from hub.canonical.typed import Amount, Block, ExternalId, Line, Model, Moment

_SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


class Survey(Model):
    """An answer to a survey.  ``scale`` is the lowest and highest possible score; it follows from the kind."""

    kind: Literal["nps", "csat", "ces"]
    score: Amount
    scale: tuple[int, int]
    question: Line | None = None
    comment: Block | None = None

    @model_validator(mode="before")
    @classmethod
    def _usual_scale(cls, data: Any) -> Any:
        if isinstance(data, dict) and "scale" not in data and data.get("kind") in _SCALES:
            return {**data, "scale": _SCALES[data["kind"]]}
        return data

    @model_validator(mode="after")
    def _inside_scale(self) -> Self:
        low, high = self.scale
        if not low <= self.score <= high:
            raise ValueError(f"a {self.kind} score lies between {low} and {high}")
        return self


class Interaction(Model):
    """A mail, call, meeting, message, visit, return, complaint, ticket, survey, note or task."""

    id: UUID
    external_ids: tuple[ExternalId, ...] = ()
    customer: UUID
    kind: Literal[
        "email", "call", "meeting", "sms", "chat", "visit", "return", "complaint", "ticket", "survey", "note", "task"
    ]
    direction: Literal["inbound", "outbound", "internal"] | None = None
    subject: Line | None = None
    body: Annotated[Block, Field(max_length=BODY_LIMIT)] | None = None
    redacted: bool = False
    at: Moment
    order: UUID | None = None
    survey: Survey | None = None

    @model_validator(mode="after")
    def _survey_belongs_to_surveys(self) -> Self:
        if (self.survey is not None) != (self.kind == "survey"):
            raise ValueError("a survey, and only a survey, has an answer")
        return self

    def without_body(self) -> Self:
        """The same interaction with its words taken out (a request for erasure)."""
        survey = self.survey.model_copy(update={"comment": None}) if self.survey is not None else None
        return self.model_copy(update={"body": None, "subject": None, "survey": survey, "redacted": True})


def capped(body: str) -> str:
    """A body cut to the limit, with a mark where it was cut."""
    return body if len(body) <= BODY_LIMIT else body[: BODY_LIMIT - 1] + "…"
