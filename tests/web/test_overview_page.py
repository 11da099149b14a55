"""The overview: the worst first, counters that add up."""

from __future__ import annotations

from tests.web.visitor import Visitor, words


def test_before_the_first_sync_the_one_action_is_to_start_it(operator: Visitor) -> None:
    page = operator.get("/")
    assert page.status_code == 200
    assert "customers has not run yet" in words(page)
    assert 'class="btn primary" href="/syncs/customers"' in page.text
    assert page.text.count("btn primary") == 1
