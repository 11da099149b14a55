"""Orders: what was bought, as a shop or an ERP tells it.  The hub reads them; it never changes an order."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Literal
from uuid import UUID

from pydantic import Field

from hub.canonical.customer import Address
from hub.canonical.typed import Amount, Block, Currency, ExternalId, Line, Model, Moment

_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "HUF": 2, "BHD": 3, "KWD": 3, "TND": 3, "OMR": 3, "JOD": 3}


def currency_digits(currency: str) -> int:
    """Decimal places of a currency (ISO 4217)."""
    return _DIGITS.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount at the currency's digits; half a cent is rounded up, as shops do (10.005 -> 10.01)."""
    return amount.quantize(Decimal(1).scaleb(-currency_digits(currency)), rounding=ROUND_HALF_UP)


class OrderContact(Model):
    """Who ordered, as typed at the time; a snapshot that no later edit of the customer changes."""

    name: Line | None = None
    email: Line | None = None
    phone: Line | None = None


class OrderLine(Model):
    """A line of an order.  ``total`` is what the line adds to the order before tax, if taxes are not included."""

    sku: Line | None = None
    name: Line
    quantity: Amount
    unit_price: Amount
    discount: Amount = Decimal(0)
    tax: Amount = Decimal(0)
    total: Amount


class Refund(Model):
    """Money given back; the amount is positive."""

    amount: Amount = Field(ge=0)
    at: Moment
    reason: Line | None = None


class Order(Model):
    """An order, cart or quote.  The customer may be a placeholder: an order is never dropped.

    Amounts are decimals in ``currency``.  ``warnings`` says where the sums do not add up; that never refuses an order.
    """

    id: UUID
    external_ids: tuple[ExternalId, ...] = ()
    number: Line
    kind: Literal["order", "cart", "quote"] = "order"
    customer: UUID
    contact: OrderContact = OrderContact()
    billing: Address | None = None
    shipping: Address | None = None
    store: Line | None = None
    channel: Line | None = None
    status: Literal["pending", "confirmed", "processing", "completed", "cancelled", "returned"]
    payment_status: Literal["unpaid", "authorized", "partly paid", "paid", "partly refunded", "refunded"] | None = None
    fulfilment_status: Literal["none", "partly shipped", "shipped", "delivered", "returned"] | None = None
    currency: Currency
    taxes_included: bool = False
    subtotal: Amount
    discount: Amount = Decimal(0)
    shipping_amount: Amount = Decimal(0)
    tax: Amount = Decimal(0)
    total: Amount
    refunded: Amount = Field(default=Decimal(0), ge=0)
    placed_at: Moment
    paid_at: Moment | None = None
    cancelled_at: Moment | None = None
    lines: tuple[OrderLine, ...] = ()
    refunds: tuple[Refund, ...] = ()
    note: Block | None = None

    @property
    def warnings(self) -> list[str]:
        """Sums that do not add up, compared at the currency's digits."""
        tax = Decimal(0) if self.taxes_included else self.tax
        checks = [
            (
                "total",
                self.total,
                self.subtotal - self.discount + self.shipping_amount + tax,
                "subtotal - discount + shipping + tax",
            ),
        ]
        if self.lines:
            checks.append(
                (
                    "subtotal",
                    self.subtotal,
                    sum((line.total for line in self.lines), Decimal(0)),
                    "the sum of the lines",
                )
            )
        if self.refunds:
            checks.append(
                (
                    "refunded",
                    self.refunded,
                    sum((item.amount for item in self.refunds), Decimal(0)),
                    "the sum of the refunds",
                )
            )
        return [
            f"{name} is {stated} {self.currency}, but {what} is {counted}"
            for name, stated, counted, what in checks
            if rounded(stated, self.currency) != rounded(counted, self.currency)
        ]
