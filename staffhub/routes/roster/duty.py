"""The duty roster as it is published: the own bidang's for who serves there, the whole office's for who sees it."""

from datetime import date
from typing import Annotated

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, i18n, office, sections
from staffhub.errors import NotFound
from staffhub.i18n import gettext as _
from staffhub.reports.documents import duty_roster, press
from staffhub.roster import drafts, fairness, grid
from staffhub.routes.deps import DB, Me, Now, TakesLong, month_from, pages
from staffhub.routes.roster.month import draft_url
from staffhub.routes.roster.paging import rows_on
from staffhub.security import Viewer
from staffhub.web import render

router = pages()
AskedMonth = Annotated[str | None, Query(max_length=7)]
AskedDivision = Annotated[str, Query(max_length=20)]


def _chosen(db: Session, me: Viewer, division: str) -> tuple[list[office.Bidang], int | None]:
    """Return whose rosters I may read, and which one is asked for; None: all of these."""
    mine = fairness.divisions_of(db, me)
    asked = sections.asked_for(division) or (None if me.sees_everyone else me.division_id)
    if asked and asked not in {one.id for one in mine}:
        raise NotFound(_("There is no such division."))
    return mine, asked


def _grids(
    db: Session, me: Viewer, asked: int | None, month: date, today: date, *, every_row: bool = False
) -> list[grid.Grid]:
    if asked is None and not me.sees_everyone:
        return []
    if asked is None:
        return grid.office_grids(db, me, month, today=today, every_row=every_row)
    return [grid.published_grid(db, me, drafts.Draft(None, asked, month, 0, None), since=today)]


@router.get("/roster/duty")
def page(
    request: Request, db: DB, me: Me, now: Now, month: AskedMonth = None, division: AskedDivision = ""
) -> Response:
    today = clock.local_day(now, me.zone)
    first = month_from(month, today=today)
    divisions, asked = _chosen(db, me, division)
    grids = _grids(db, me, asked, first, today)
    shown = {"month": f"{first:%Y-%m}", "division": asked}
    return render(
        request,
        "roster/duty.html",
        rows={one.division_id: rows_on(request, one.rows, "/roster/duty", **shown) for one in grids},
        block="duty_rosters",
        month=first,
        today=today,
        grids=grids,
        asked=asked,
        divisions=divisions,
        published={division for division, _month in drafts.published_months(db, me.office_id, first, first)},
        draft_url=draft_url(db, me, asked, first),
        writes={one.id for one in divisions if me.may("roster.edit") and me.sees(officer_id=None, division_id=one.id)},
        previous=clock.month_before(first),
        following=clock.month_after(first),
    )


@router.get("/roster/duty/print", dependencies=[TakesLong])
def paper(db: DB, me: Me, now: Now, month: AskedMonth = None, division: AskedDivision = "") -> Response:
    """The paper of the office is in Indonesian, whoever prints it: a page for each bidang."""
    today = clock.local_day(now, me.zone)
    first = month_from(month, today=today)
    asked = _chosen(db, me, division)[1]
    grids = _grids(db, me, asked, first, today, every_row=True)
    with i18n.in_locale("id"):
        data = duty_roster.of(db, me.office_id, grids, first, drafted=False, today=today)
        content = press.pdf("duty_roster", data)
    name = duty_roster.file_name(grids, first, drafted=False, kind="pdf")
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, media_type="application/pdf", headers=headers)
