"""Bulan: the month of everybody in scope, what waits in it, its file, and one's own month."""

from datetime import date, datetime
from functools import partial
from typing import Annotated

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, corrections, days
from staffhub.ahead import read_together
from staffhub.dated import month_name
from staffhub.i18n import gettext as _
from staffhub.reports import asked_words, counters, recap, words
from staffhub.reports import queue as queues
from staffhub.reports.recap import Staff
from staffhub.reports.sheet import LOOKED_FOR, Filters, of_month
from staffhub.routes.attendance.asked import REMEDIES, Division, Month, Name, Page, Show, month_of, pager
from staffhub.routes.attendance.cells import cells
from staffhub.routes.deps import DB, Me, Now, RowId, pages
from staffhub.security import Viewer
from staffhub.web import query, redirect, render

router = pages()


@router.get("/attendance")
def month(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Month = None,
    division: Division = "",
    q: Name = "",
    group: Show = "",
    show: Show = "",
    page: Page = 1,
    reads: Annotated[str, Query(max_length=10, alias="as")] = "",
) -> Response:
    me.require("attendance")
    first = month_of(month, me, now)
    if reads == "signed":
        return redirect(request, query("/attendance/signed", month=f"{first:%Y-%m}", division=division))
    q = " ".join(q.split())
    filters = Filters(division=division, q=q, group=group, show=show)
    if filters.kinds:  # such a page asks once more than others, so what it begins with comes together
        read_together(db, recap.ask_staff(me, *_ends(first)), days.ask_recounts(me.office_id))
    sheet = of_month(db, me, first, filters, page=page, now=now)
    here = partial(query, "/attendance", month=f"{first:%Y-%m}", division=division, q=q, group=group, show=show)
    return render(
        request,
        "attendance/month.html",
        block="month_sheet",
        sheet=sheet,
        cells=cells,
        queue=sheet.queue,
        gaps=sheet.gaps,
        recount=next((one for one in days.recounts(db, me.office_id) if one.is_running), None),
        finding_kinds=[(kind.value, words.kind_of_finding(kind)) for kind in LOOKED_FOR],
        group=group,
        remedies=REMEDIES,
        words=words,
        division=division,
        q=q,
        show=show,
        pager=pager(sheet.start, sheet.end, sheet.found, page, here),
        before=clock.month_before(first),
        after=clock.month_after(first),
    )


@router.get("/attendance/next")
def next_open(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Month = None,
    after: Annotated[date | None, Query()] = None,
    officer: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
) -> Response:
    """Lead to the next day of the month that waits for a decision of mine, from the one on which I am."""
    me.require("attendance")
    first = month_of(month, me, now)
    staff = [one for one in recap.staff_of(db, me, *_ends(first)) if one.id != me.officer_id]
    waiting = queues.open_days(db, me, staff, clock.month_days(first), now=now)
    mine = sorted(waiting, key=lambda pair: (pair[1].day, pair[0].id))
    order = [(record.day, one.id) for one, record in mine]
    here = (after or date.min, officer)
    following = [place for place, key in enumerate(order) if key > here] or list(range(len(order)))
    if not following:
        said = _("No day of %(month)s waits for your decision any more.", month=month_name(first))
        return redirect(request, query("/attendance", month=f"{first:%Y-%m}"), said=said)
    one, record = mine[following[0]]
    found = next(found for found in record.discrepancies if found.needs_person)
    kind = REMEDIES[found.kind].value
    return redirect(request, f"{query(f'/attendance/{one.id}/{record.day}', kind=kind)}#koreksi")


@router.get("/me/month")
def my_month(request: Request, db: DB, me: Me, now: Now, month: Month = None, show: Show = "") -> Response:
    first = month_of(month, me, now)
    if me.officer_id is None:
        return render(request, "attendance/nobody.html", first=first)
    officer = recap.officer_for(db, me, me.officer_id, *_ends(first))
    return _officer_page(request, db, me, officer, first, now, show)


@router.get("/attendance/{officer_id}")
def officer_month(
    request: Request, officer_id: RowId, db: DB, me: Me, now: Now, month: Month = None, show: Show = ""
) -> Response:
    first = month_of(month, me, now)
    officer = recap.officer_for(db, me, officer_id, *_ends(first))
    return _officer_page(request, db, me, officer, first, now, show)


def _ends(first: date) -> tuple[date, date]:
    dates = clock.month_days(first)
    return dates[0], dates[-1]


def _officer_page(
    request: Request, db: Session, me: Viewer, officer: Staff, first: date, now: datetime, show: str
) -> Response:
    is_mine = officer.id == me.officer_id
    own = recap.own_month(db, me, officer, first, now=now, show=show)
    return render(
        request,
        "attendance/officer.html",
        own=own,
        asked=counters.asked_minutes(own.records),
        is_mine=is_mine,
        answers=corrections.open_days(db, me, *_ends(first)) if is_mine else {},
        say=asked_words,
        words=words,
        show=show,
        address=request.url.path,
        before=clock.month_before(first),
        after=clock.month_after(first),
    )
