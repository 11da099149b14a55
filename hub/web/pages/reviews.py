"""Possible duplicates: the records of a question side by side; one customer, or different ones."""

from __future__ import annotations

from starlette.responses import Response

from hub.views.masking import Masking
from hub.views.reviews import side_by_side
from hub.web import work
from hub.web.call import Call, Refused
from hub.web.door import Route

LISTED = 200


def reviews(call: Call) -> Response:
    """The list, and the question that was chosen or waits longest."""
    with call.site.app() as app:
        waiting = app.store.history.reviews()
        wanted = call.number("id", 0)
        at = next((position for position, item in enumerate(waiting) if item.id == wanted), 0)
        review = waiting[at] if waiting else None
        shown = Masking(on=not call.may("operator")) if call.masking.on else call.masking
        members = side_by_side(shown, app.store, review) if review is not None else []
        if review is not None and call.may("operator"):
            call.site.audit(call.who, "review_opened", str(review.id), members=len(members))
    places = [(member["system"], member["resource"]) for member in members]
    for member, place in zip(members, places, strict=True):
        member["alone"] = places.count(place) == 1
    paths = list(dict.fromkeys(key for member in members for key, _ in _lines(member)))
    lines = [(path, [dict(_lines(member)).get(path) for member in members]) for path in paths]
    return call.page(
        "reviews.html",
        "reviews",
        questions=[
            (item, ", ".join(call.masking.name(member["title"] or "") for member in item.members[:3]))
            for item in waiting[:LISTED]
        ],
        more=max(0, len(waiting) - LISTED),
        review=review,
        members=members,
        lines=lines,
        at=at + 1,
        of=len(waiting),
        previous=waiting[at - 1].id if at > 0 else 0,
        next=waiting[at + 1].id if at + 1 < len(waiting) else 0,
    )


def _lines(member: dict[str, object]) -> list[tuple[str, object]]:
    native, values = member["native"], member["values"]
    assert isinstance(native, dict)
    assert isinstance(values, list)
    return [*native.items(), *values]


def answer(call: Call) -> Response:
    """Which records are one customer: those that were ticked, or none of them."""
    number = call.id("id")
    with call.site.app() as app:
        review = app.store.history.review(number)
    if review is None:
        raise Refused(404, "There is no such question")
    if call.text("answer") == "different":
        refs = None
    else:
        refs = call.texts("ref")
        if len(refs) < 2:
            raise Refused(400, "Tick at least two records that are one customer")
    after = call.number("next", 0)
    call.site.audit(call.who, "review_split" if refs is None else "review_linked", str(number), records=len(refs or ()))
    to = f"/reviews?id={after}" if after else "/reviews"
    return call.job("answer", str(number), work.answer(number, refs, to), lambda job: call.to(job.result["to"]))


ROUTES = (
    Route("/reviews", reviews, "viewer"),
    Route("/reviews/{id}", answer, "operator", "POST"),
)
