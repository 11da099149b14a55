"""The building blocks of the typed records: cleaned text, codes, dates, amounts, provenance.

Validators normalise what has one right form and refuse what has none; the messages name the rule.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from hub.canonical.countries import country_code
from hub.canonical.dates import parse_date
from hub.canonical.languages import to_bcp47
from hub.canonical.text import TextRefused, clean_block, clean_line


def _line(value: str) -> str:
    try:
        return clean_line(value)
    except TextRefused as error:
        raise ValueError(error.message) from error


def _block(value: str) -> str:
    try:
        return clean_block(value)
    except TextRefused as error:
        raise ValueError(error.message) from error


def _currency(value: str) -> str:
    if len(value) != 3 or not value.isalpha() or not value.isascii():
        raise ValueError("a currency is an ISO 4217 code of three letters, such as EUR")
    return value.upper()


def _language(value: str) -> str:
    tag = to_bcp47(value)
    if tag is None:
        raise ValueError("a language is a BCP 47 tag, such as de or zh-CN")
    return tag


def _date(value: str) -> str:
    found = parse_date(value)
    if found is None:
        raise ValueError("a date is YYYY-MM-DD, or --MM-DD where the year is not known")
    return found


def _country(value: str) -> str:
    """A known country is its code; anything else stays as the text that somebody typed."""
    text = _line(value)
    return country_code(text) or text


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("an amount is a finite decimal number")
    return value


Line = Annotated[str, AfterValidator(_line)]
Block = Annotated[str, AfterValidator(_block)]
Currency = Annotated[str, AfterValidator(_currency)]
Language = Annotated[str, AfterValidator(_language)]
PartialDate = Annotated[str, AfterValidator(_date)]
Country = Annotated[str, AfterValidator(_country)]
Amount = Annotated[Decimal, AfterValidator(_finite)]
Moment = AwareDatetime


class Model(BaseModel):
    """A frozen record that knows all its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Money(Model):
    """An amount with its currency (ISO 4217)."""

    amount: Amount
    currency: Currency


class ExternalId(Model):
    """A linked record of a system.  Several per connection are allowed; one of them is primary."""

    connection: Line
    resource: Line
    id: Annotated[str, Field(min_length=1)]
    role: Line = "main"
    primary: bool = True


class Provenance(Model):
    """Why a field has its value: where it came from, when, and by which rule it won."""

    system: Line
    method: Annotated[str, Field(pattern="^(sync|manual|import|computed|merge)$")]
    received_at: Moment
    source_time: Moment | None = None
    run: str | None = None
    rule: str | None = None
