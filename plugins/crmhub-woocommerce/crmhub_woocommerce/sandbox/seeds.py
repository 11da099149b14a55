"""Made-up customers of a shop: most with an account, some known by an order only."""

from __future__ import annotations

from crmhub_woocommerce.sandbox.customers import Customers
from crmhub_woocommerce.sandbox.orders import Orders
from crmhub_woocommerce.sandbox.shapes import Json, Wrong
from hub.demo.people import messy_email, messy_phone, population


def fill(customers: Customers, orders: Orders, count: int) -> None:
    """An account per e-mail address; who shares one with somebody, and every tenth, has ordered as a guest."""
    for item in population(count).customers:
        place: Json = {
            "first_name": item.given,
            "last_name": item.family or item.full,
            "company": item.company,
            "address_1": item.street,
            "city": item.city,
            "postcode": item.postal_code,
            "country": item.country if item.city else "",
        }
        email, phone = messy_email(item.email, item.number), messy_phone(item.mobile or item.phone, item.number)
        billing = {**place, "email": email, "phone": phone}
        if item.number % 10 != 9:
            names = {name: place[name] for name in ("first_name", "last_name")}
            try:
                customers.create({"email": email, **names, "billing": billing})
            except Wrong as wrong:
                if str(wrong) != "registration-error-email-exists":
                    raise
            else:
                continue
        orders.create({"customer_id": 0, "status": "processing", "billing": billing, "total": "19.90"})
