"""Jadwal piket: where everyone is planned to work this month."""

from datetime import date
from functools import partial
from typing import Annotated

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, office, sections
from staffhub.roster import sheet
from staffhub.routes.deps import DB, Me, Now, month_from, pages
from staffhub.security import Viewer
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
        draft_url=draft_url(db, me, found.sections.shown, first),
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


def draft_url(db: Session, me: Viewer, shown: int | None, month: date) -> str | None:
    """Where the draft lies for whoever writes the roster: of the bidang on the page, the own or the first one."""
    if not me.may("roster.edit"):
        return None
    known = office.divisions(db, me.office_id)
    wanted = [shown, me.division_id, *known]
    mine = next((one for one in wanted if one in known and me.sees(officer_id=None, division_id=one)), None)
    return f"/roster/drafts/{mine}/{month:%Y-%m}" if mine else None
