"""From when presence counts: HR sets the date, and sees first what it changes."""

import datetime as dt
from typing import Annotated

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import days
from staffhub.dated import long_day
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.security import Viewer
from staffhub.web import query, redirect, render

router = pages()


class StartFields(Fields):
    date: dt.date
    was: dt.date | None = None


@router.get("/attendance/start")
def start(
    request: Request, db: DB, me: Me, now: Now, date: Annotated[str, Query(max_length=10, alias="from")] = ""
) -> Response:
    """From when presence counts; with a date in the address, what that date would change."""
    me.require("attendance.correct")
    posted = FormData([("date", date)]) if date else FormData()
    form: Form[StartFields] = Form.parse(StartFields, posted, name="start") if date else Form.blank("start")
    return _start_page(request, db, me, now, form, status=422 if form.errors else 200)


def _start_page(
    request: Request, db: Session, me: Viewer, now: dt.datetime, form: Form[StartFields], *, status: int
) -> Response:
    change = None
    if form.data is not None:
        try:
            change = days.change_of(db, me, form.data.date, now=now)
        except Refused as error:
            form.refuse(error)
            status = error.status
    counted = days.counted_from(db, me)
    return render(
        request,
        "attendance/start.html",
        status=status,
        form=form,
        change=change,
        counted=counted,
        invalid=bool(form.errors),
    )


@router.post("/attendance/start")
def set_start(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("attendance.correct")
    form: Form[StartFields] = Form.parse(StartFields, posted, name="start")
    if form.data is None:
        return _start_page(request, db, me, now, form, status=422)
    try:
        change = days.count_from(db, me, form.data.date, was=form.data.was, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        page_form: Form[StartFields] = Form("start", form.typed, {error.field or "": error.message})
        return _start_page(request, db, me, now, page_form, status=error.status)
    said = _("Presence counts from %(day)s.", day=long_day(change.becomes))
    changed = ngettext(
        "%(num)s past day reads differently now.", "%(num)s past days read differently now.", change.days
    )
    return redirect(request, query("/attendance", month=f"{change.becomes:%Y-%m}"), said=f"{said} {changed}")
