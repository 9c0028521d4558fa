"""The week's meetings."""

import datetime as dt
import re
from typing import Annotated, NoReturn

from fastapi import Query, Request
from starlette.responses import Response

from staffhub import clock
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.meetings import agenda
from staffhub.routes.deps import DB, Me, Now, pages
from staffhub.routes.kept import kept_for
from staffhub.web import query, redirect, render

router = pages()


def _first_day(text: str | None, today: dt.date) -> dt.date:
    """Return the Monday of `YYYY-Www`, or of this week when nothing is asked for."""
    if not text:
        return today - dt.timedelta(days=today.weekday())
    match = re.fullmatch(r"(2\d{3})-W(\d\d)", text)
    try:
        return dt.date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else _refuse_week()
    except ValueError:
        _refuse_week()


def _refuse_week() -> NoReturn:
    raise Refused(_("Write the week as year and week, for example 2026-W48."))


@router.get("/meetings")
def show_week(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    week: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    me.require("meetings")
    if kept := kept_for(request, "/meetings"):
        return redirect(request, query("/meetings/new", kept=kept.id))
    today = clock.local_day(now, me.zone)
    found = agenda.week(db, me, first=_first_day(week, today), now=now)
    return render(request, "meetings/week.html", week=found, today=today, may_schedule=me.may("meetings.schedule"))


@router.get("/standups")
def show_standups(request: Request, me: Me) -> Response:
    me.require("meetings")
    if kept := kept_for(request, "/standups"):
        return redirect(request, query("/standups/new", kept=kept.id))
    return redirect(request, "/meetings")
