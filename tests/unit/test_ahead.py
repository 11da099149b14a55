"""Pages are asked for ahead where waiting was seen, in their order, and never two calls at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from hub.sync.ahead import WORTH, Ahead

SOON = 10.0
"""Seconds after which a thread that should have done something has not."""


class Feed:
    """Pages 0, 1, 2 ... of which the first takes its time; it knows who asked for what."""

    def __init__(self, pages: int, *, slow: bool, fails: bool = False) -> None:
        self._pages, self._slow, self._fails = pages, slow, fails
        self.asked = [threading.Event() for _ in range(pages + 1)]
        self.askers: list[threading.Thread] = []
        self.closed = False

    def __call__(self) -> Iterator[int]:
        try:
            for number in range(self._pages):
                self._ask(number)
                if number == 0 and self._slow:
                    time.sleep(2 * WORTH)
                yield number
            self._ask(self._pages)
            if self._fails:
                raise ValueError("the line is dead")
        finally:
            self.closed = True

    def _ask(self, number: int) -> None:
        self.asked[number].set()
        self.askers.append(threading.current_thread())


def test_the_next_page_is_under_way_while_one_is_worked_on() -> None:
    feed = Feed(3, slow=True)
    seen = []
    for page in Ahead(on=True).pages(feed()):
        assert feed.asked[page + 1].wait(SOON), "it was asked for before this one is done"
        assert page == 2 or not feed.asked[page + 2].is_set(), "but only one"
        seen.append(page)
    assert seen == [0, 1, 2]
    assert threading.main_thread() not in feed.askers[1:]


@pytest.mark.parametrize("ahead", [Ahead(on=True, worth=SOON), Ahead(on=False)], ids=["quick", "not allowed"])
def test_no_thread_asks_a_system_that_answers_at_once_nor_where_it_may_not(ahead: Ahead) -> None:
    feed = Feed(3, slow=True)
    assert list(ahead.pages(feed())) == [0, 1, 2]
    assert set(feed.askers) == {threading.main_thread()}


@pytest.mark.parametrize("slow", [True, False])
def test_what_is_raised_is_raised_in_its_place(slow: bool) -> None:
    pages = Ahead(on=True).pages(Feed(2, slow=slow, fails=True)())
    assert (next(pages), next(pages)) == (0, 1)
    with pytest.raises(ValueError, match="the line is dead"):
        next(pages)


@pytest.mark.parametrize("slow", [True, False])
def test_who_stops_early_leaves_nothing_behind(slow: bool) -> None:
    feed, before = Feed(5, slow=slow), threading.active_count()
    with closing(Ahead(on=True).pages(feed())) as pages:
        assert next(pages) == 0
        assert next(pages) == 1
    assert feed.closed
    assert threading.active_count() == before
    assert not feed.asked[4].is_set()


def test_while_somebody_else_calls_no_page_is_asked_for() -> None:
    feed, ahead = Feed(3, slow=True), Ahead(on=True)
    with closing(ahead.pages(feed())) as pages:
        with ahead.alone():
            assert next(pages) == 0
            assert not feed.asked[1].wait(0.1)
        assert feed.asked[1].wait(SOON)
        assert list(pages) == [1, 2]


def test_an_empty_feed_has_no_pages() -> None:
    assert list(Ahead(on=True).pages(iter(()))) == []
