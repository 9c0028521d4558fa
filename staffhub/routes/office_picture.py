"""The office in one picture, for whoever leads it."""

from datetime import timedelta

from fastapi import Request
from starlette.responses import Response

from staffhub import clock, office
from staffhub.reports import office_picture as pictures
from staffhub.routes.attendance.asked import Month, month_of
from staffhub.routes.deps import DB, Me, Now, pages
from staffhub.web import render

router = pages()


@router.get("/office")
def show(request: Request, db: DB, me: Me, now: Now, month: Month = None) -> Response:
    me.require("attendance")
    first = month_of(month, me, now)
    found = pictures.office_picture(db, me, first, now=now)
    after = clock.month_after(first)
    return render(
        request,
        "office_picture.html",
        block="pictures",  # Hari ini of whoever leads asks for them once it is scrolled to
        found=found,
        flow=pictures.flow_columns(found.flow),
        presence=pictures.presence_columns(found),
        recorded_from=office.facts(db, me.office_id).recorded_from,
        before=first - timedelta(days=1),
        after=after if after <= clock.local_day(now, me.zone) else None,
    )
