"""Jadwal piket: where everyone is planned to work this month."""

from functools import partial
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from staffhub import clock, sections
from staffhub.roster import sheet
from staffhub.routes.deps import DB, Me, Now, month_from, pages
from staffhub.web import query, render

router = pages()


@router.get("/roster")
def month(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Annotated[str | None, Query(max_length=7)] = None,
    division: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=80)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    today = clock.local_day(now, me.zone)
    first = month_from(month, today=today)
    asked = sections.asked_for(division)
    found = sheet.month_sheet(db, me, month=first, division_id=asked, q=q.strip(), page=page)
    here = partial(query, "/roster", month=f"{first:%Y-%m}", division=found.sections.shown, q=q.strip())
    return render(
        request,
        "roster/month.html",
        block="plan_sheet",
        month=first,
        days=clock.month_days(first),
        today=today,
        sheet=found,
        q=q.strip(),
        pager={
            "first": found.first,
            "last": found.last,
            "total": found.total,
            "previous_url": here(page=page - 1) if page > 1 else None,
            "next_url": here(page=page + 1) if found.last < found.total else None,
        },
        previous=clock.month_before(first),
        following=clock.month_after(first),
    )
