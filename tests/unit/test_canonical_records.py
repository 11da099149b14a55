"""The typed records: what they refuse, normalise and warn about."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from hub.canonical.customer import Customer
from hub.canonical.deal import Deal
from hub.canonical.interaction import BODY_LIMIT, Interaction, capped
from hub.canonical.order import Order, rounded

ID = UUID("0195d3a0-0000-7000-8000-000000000001")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CUSTOMER: dict[str, Any] = {"id": ID, "kind": "person", "name": {"given": "Eva", "family": "Roth"}}
ORDER: dict[str, Any] = {
    "id": ID,
    "number": "1",
    "customer": ID,
    "status": "pending",
    "currency": "eur",
    "placed_at": AT,
    "subtotal": "100.00",
    "discount": "10",
    "shipping_amount": "5",
    "tax": "18.05",
    "total": "113.05",
}


def test_a_customer_completes_its_name_and_normalises_codes() -> None:
    customer = Customer.model_validate(
        {
            **CUSTOMER,
            "language": "de_AT",
            "birth_date": "--0412",
            "currency": "eur",
            "notes": "a\r\nb",
            "addresses": [{"lines": ["Weg 1"], "country": "Germany", "region": "Bayern"}],
            "tax_ids": [{"scheme": "vat", "value": "de 136 695 976"}],
            "phones": [{"value": "030 1234567", "region": "DE"}],
        }
    )
    assert (customer.name.full, customer.name.form) == ("Eva Roth", "parts")
    assert (customer.language, customer.birth_date, customer.currency) == ("de-AT", "--04-12", "EUR")
    assert (customer.addresses[0].country, customer.addresses[0].region_code) == ("DE", "DE-BY")
    assert (customer.tax_ids[0].value, customer.tax_ids[0].valid) == ("DE136695976", True)
    assert customer.phones[0].normal == "+49301234567"


def test_a_customer_survives_json() -> None:
    customer = Customer.model_validate({**CUSTOMER, "tags": [{"name": "vip", "namespace": "hub"}], "custom": {"a": 1}})
    assert Customer.model_validate_json(customer.model_dump_json()) == customer


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emial": []}, "emial"),
        ({"notes": "a\x00"}, "NUL"),
        ({"language": "German"}, "BCP 47"),
        ({"birth_date": "2023-02-29"}, "YYYY-MM-DD"),
        ({"currency": "Euro"}, "ISO 4217"),
        ({"kind": "organisation"}, "organisation"),
        ({"state": "merged"}, "merged into"),
        ({"emails": [{"value": "A@x.example"}, {"value": "a@x.example"}]}, "twice"),
        ({"primary_email": 0}, "not in the list"),
        (
            {"consents": [{"channel": "email", "purpose": "m", "status": "granted", "captured_at": AT, "source": "s"}]},
            "evidence",
        ),
        (
            {
                "consents": [
                    {
                        "channel": "email",
                        "purpose": "m",
                        "status": "denied",
                        "captured_at": AT.replace(tzinfo=None),
                        "source": "s",
                    }
                ]
            },
            "timezone",
        ),
    ],
)
def test_a_customer_refuses_what_contradicts_itself(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        Customer.model_validate({**CUSTOMER, **change})
    assert message in str(error.value)


def test_an_invalid_email_address_is_kept_but_has_no_normal_form() -> None:
    customer = Customer.model_validate({**CUSTOMER, "emails": [{"value": "not an email", "status": "invalid"}]})
    assert customer.emails[0].normal is None


def test_the_latest_and_most_restrictive_consent_counts() -> None:
    def entry(status: str, day: int) -> dict[str, Any]:
        return {
            "channel": "email",
            "purpose": "marketing",
            "status": status,
            "captured_at": AT.replace(day=day),
            "source": "shop",
            "method": "double opt-in",
        }

    customer = Customer.model_validate(
        {**CUSTOMER, "consents": [entry("granted", 2), entry("withdrawn", 2), entry("granted", 1)]}
    )
    assert customer.consent("email", "marketing") == "withdrawn"
    assert customer.consent("sms", "marketing") == "unknown"


@pytest.mark.parametrize(
    ("change", "warnings"),
    [
        ({}, 0),
        ({"total": "113.054"}, 0),
        ({"total": "113.06"}, 1),
        ({"taxes_included": True, "total": "95.00"}, 0),
        ({"lines": [{"name": "a", "quantity": 2, "unit_price": "50", "total": "100"}]}, 0),
        ({"lines": [{"name": "a", "quantity": 2, "unit_price": "50", "total": "99"}]}, 1),
        ({"refunds": [{"amount": "3", "at": AT}], "refunded": "4"}, 1),
    ],
)
def test_sums_that_do_not_add_up_warn_but_never_refuse(change: dict[str, Any], warnings: int) -> None:
    assert len(Order.model_validate({**ORDER, **change}).warnings) == warnings


def test_half_a_cent_is_rounded_up_at_the_digits_of_the_currency() -> None:
    assert rounded(Decimal("10.005"), "EUR") == Decimal("10.01")
    assert rounded(Decimal("10.5"), "JPY") == Decimal("11")


def test_a_refund_is_positive_and_an_amount_finite() -> None:
    with pytest.raises(ValidationError):
        Order.model_validate({**ORDER, "refunds": [{"amount": "-1", "at": AT}]})
    with pytest.raises(ValidationError):
        Order.model_validate({**ORDER, "total": "NaN"})


def test_a_survey_score_lies_on_its_scale() -> None:
    base = {"id": ID, "customer": ID, "at": AT}
    answer = Interaction.model_validate({**base, "kind": "survey", "survey": {"kind": "nps", "score": 9}})
    assert answer.survey is not None
    assert answer.survey.scale == (0, 10)
    for bad in (
        {"kind": "survey", "survey": {"kind": "csat", "score": 9}},
        {"kind": "survey"},
        {"kind": "note", "survey": {"kind": "nps", "score": 9}},
    ):
        with pytest.raises(ValidationError):
            Interaction.model_validate({**base, **bad})


def test_an_interaction_can_lose_its_words_and_is_capped() -> None:
    note = Interaction.model_validate(
        {"id": ID, "customer": ID, "at": AT, "kind": "note", "subject": "s", "body": capped("x" * (BODY_LIMIT + 9))}
    )
    assert note.body is not None
    assert len(note.body) == BODY_LIMIT
    bare = note.without_body()
    assert (bare.body, bare.subject, bare.redacted) == (None, None, True)


def test_a_deal_is_thin() -> None:
    deal = Deal.model_validate({"id": ID, "customer": ID, "name": "Roof", "amount": {"amount": "5", "currency": "chf"}})
    assert deal.amount is not None
    assert deal.amount.currency == "CHF"
