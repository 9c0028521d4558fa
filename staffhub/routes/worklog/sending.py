"""Sending the log of a day to the superior, and taking it back until it is verified."""

import datetime as dt

from fastapi import Request
from starlette.responses import Response

from staffhub import clock, workdays, worklog
from staffhub.dated import short_day
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Version
from staffhub.i18n import gettext as _
from staffhub.reports import words
from staffhub.reports.logs import target_of
from staffhub.routes.deps import DB, Me, Now, Posted, day_from, pages
from staffhub.routes.worklog.day import Date, address_of
from staffhub.web import query, redirect, render

router = pages()


class SubmitFields(Fields):
    """`minutes`: the sum that the question showed."""

    date: dt.date | None = None
    minutes: int | None = None


class TakeBackFields(Fields):
    date: dt.date
    version: Version | None = None


@router.get("/worklog/submit")
def submit_page(request: Request, db: DB, me: Me, now: Now, date: Date = None) -> Response:
    me.require("worklog")
    today = clock.local_day(now, me.zone)
    day = day_from(date, today=today)
    if me.officer_id is None:
        return render(request, "worklog/nobody.html")
    sheet, entries = worklog.sheet_of(db, me, day), worklog.entries_of(db, me, day)
    if sheet.locked or not entries:
        return redirect(request, address_of(day, today))
    book = workdays.plans(db, me.office_id, day, day, officers=[me.officer_id])
    target = target_of(book.of(me.officer_id, day))
    return render(
        request,
        "worklog/submit.html",
        day=day,
        sheet=sheet,
        late=worklog.would_be_late(sheet.state, day, today, was=sheet.late),
        doubts=worklog.doubts(db, me, day, entries, book=book, now=now, target=target),
        target=target,
        back=address_of(day, today),
    )


@router.post("/worklog/submit")
def submit(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("worklog")
    today = clock.local_day(now, me.zone)
    form = Form.parse(SubmitFields, posted, name="submit")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())), field="date")
    day = form.data.date or today
    try:
        total = worklog.submit(db, me, day=day, seen=form.data.minutes, now=now)
    except worklog.Altered as error:
        undo(db)
        return redirect(request, query("/worklog/submit", date=day.isoformat()), said=error.message, kind="warn")
    except Conflict:
        undo(db)
        said = _("The log of %(day)s was already submitted; nothing was changed.", day=short_day(day))
        return redirect(request, address_of(day, today), said=said, kind="warn")
    said = _("The log of %(day)s is submitted: %(minutes)s.", day=short_day(day), minutes=words.duration(total))
    return redirect(request, address_of(day, today), said=said)


@router.post("/worklog/take-back")
def take_back(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("worklog")
    form = Form.parse(TakeBackFields, posted, name="take-back")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())), field="date")
    day = form.data.date
    address = address_of(day, clock.local_day(now, me.zone))
    try:
        worklog.take_back(db, me, day=day, version=form.data.version, now=now)
    except Conflict as error:
        undo(db)
        return redirect(request, address, said=error.message, kind="warn")
    return redirect(request, address, said=_("The log of %(day)s is with you again.", day=short_day(day)))
