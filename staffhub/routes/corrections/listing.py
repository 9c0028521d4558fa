"""The list: what waits for me, what I asked for, and the corrections of a month."""

from functools import partial
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from staffhub import clock, corrections
from staffhub.models import Role
from staffhub.reports import asked_words, words
from staffhub.routes.attendance.asked import PAGE, Month, Page, month_of, pager
from staffhub.routes.deps import DB, Me, Now, pages
from staffhub.web import query, render

router = pages()

_AT_ONCE = 20  # of what waits; the rest is on a page of its own


@router.get("/corrections")
def correction_list(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Month = None,
    show: Annotated[str, Query(max_length=20)] = "",
    page: Page = 1,
) -> Response:
    """With `show` waiting or asked only those requests, page by page."""
    first = month_of(month, me, now)
    dates = clock.month_days(first)
    text = f"{first:%Y-%m}"
    offset = (page - 1) * PAGE
    here = partial(query, "/corrections", month=text, show=show)
    waiting = [] if show == "asked" else corrections.waiting_for(db, me, now=now)
    of_month: list[corrections.Listed] = []
    shown = waiting
    if show == "asked":
        everything = corrections.of_scope(db, me, dates[0], dates[-1], now=now)
        shown, total = everything[offset : offset + PAGE], len(everything)
    elif show == "waiting":
        shown, total = waiting[offset : offset + PAGE], len(waiting)
    else:
        of_month, total = corrections.listed(db, me, dates[0], dates[-1], offset=offset, limit=PAGE)
    return render(
        request,
        "corrections/list.html",
        rows=of_month,
        show=show,
        waiting=shown[:_AT_ONCE] if not show else shown,
        waits=len(waiting),
        mine=[] if show or page > 1 else corrections.mine(db, me, dates[0], dates[-1], now=now),
        oversees=me.may("attendance"),
        hr=me.role is Role.HR,
        page=pager(offset + 1, offset + len(of_month if not show else shown), total, page, here),
        words=words,
        say=asked_words,
        first=first,
        today=clock.local_day(now, me.zone),
        month_address=query("/attendance" if me.may("attendance") else "/me/month", month=text),
        before=clock.month_before(first),
        after=clock.month_after(first),
    )
