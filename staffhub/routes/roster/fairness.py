"""Pembagian piket: the turns of a bidang over three months, against the mean of the group."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from staffhub import clock, sections
from staffhub.roster import fairness
from staffhub.routes.deps import DB, Me, Now, month_from, pages
from staffhub.web import render

router = pages()


@router.get("/roster/fairness")
def index(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Annotated[str | None, Query(max_length=7)] = None,
    division: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    first = month_from(month, today=clock.local_day(now, me.zone))
    offered = fairness.divisions_of(db, me)
    shown = sections.asked_for(division) or me.division_id or next((one.id for one in offered), None)
    return render(
        request,
        "roster/fairness.html",
        month=first,
        previous=clock.month_before(first),
        following=clock.month_after(first),
        offered=offered,
        found=fairness.fairness(db, me, shown, first, now=now) if shown else None,
    )
