"""Rencana: where everyone is planned to work this month; HR and the head of the division write it."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, workdays
from staffhub.db import undo
from staffhub.errors import Refused
from staffhub.forms import Fields, Form, Line
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import PlanMode
from staffhub.roster import plan
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, month_from
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = APIRouter()

Place = Literal["office", "home", "field"]


class WeekFields(Fields):
    mon: Place | None = None
    tue: Place | None = None
    wed: Place | None = None
    thu: Place | None = None
    fri: Place | None = None
    sat: Place | None = None
    sun: Place | None = None
    valid_from: date


class ExceptionFields(Fields):
    first: date
    last: date | None = None
    mode: PlanMode
    note: Annotated[Line, StringConstraints(max_length=200)] | None = None


class RemoveFields(Fields):
    date: date


@router.get("/roster")
def month(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Annotated[str | None, Query(max_length=7)] = None,
    division: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    today = clock.local_day(now, me.zone)
    first = month_from(month, today=today)
    chosen = int(division) if division.isdecimal() else None
    days = clock.month_days(first)
    groups = plan.month_sheet(db, me, month=first)
    return render(
        request,
        "roster/month.html",
        month=first,
        days=days,
        today=today,
        divisions=[(group.id, group.name) for group in groups if group.id],
        groups=[group for group in groups if chosen in {None, group.id}],
        chosen=chosen,
        previous=clock.month_before(first),
        following=clock.month_after(first),
    )


def _officer_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    officer: plan.Planned,
    *,
    month: str | None = None,
    week: Form[WeekFields] | None = None,
    exception: Form[ExceptionFields] | None = None,
) -> Response:
    today = clock.local_day(now, me.zone)
    first = month_from(month, today=today)
    days = clock.month_days(first)
    book = workdays.plans(db, me.office_id, days[0], days[-1], officers=[officer.id])
    usual = plan.usual_week(db, officer, day=today)
    proposed = dict(zip(workdays.WEEKDAYS, usual, strict=False))
    invalid = any(form is not None and form.errors for form in (week, exception))
    return render(
        request,
        "roster/officer.html",
        status=422 if invalid else 200,
        invalid=invalid,
        officer=officer,
        month=first,
        today=today,
        plans=[(day, book.of(officer.id, day)) for day in days],
        dated=[(day, book.of(officer.id, day)) for day in days if (officer.id, day) in book.entries],
        week=week or Form.blank("week", valid_from=today, **proposed),
        exception=exception or Form.blank("exception", first=today, mode="home"),
        weekdays=workdays.WEEKDAYS,
        usual=proposed,
        previous=clock.month_before(first),
        following=clock.month_after(first),
    )


@router.get("/roster/{officer_id}")
def officer(
    request: Request,
    officer_id: RowId,
    db: DB,
    me: Me,
    now: Now,
    month: Annotated[str | None, Query(max_length=7)] = None,
) -> Response:
    return _officer_page(request, db, me, now, plan.officer_for(db, me, officer_id), month=month)


@router.post("/roster/{officer_id}/week")
def set_week(request: Request, officer_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    officer = plan.officer_for(db, me, officer_id, edit=True)
    form = Form.parse(WeekFields, posted, name="week")
    if form.data is not None:
        days = [getattr(form.data, name) for name in workdays.WEEKDAYS]
        try:
            plan.set_usual_week(db, me, officer, days=days, valid_from=form.data.valid_from, now=now)
            return redirect(request, f"/roster/{officer.id}", said=_("The usual week is saved."))
        except Refused as error:
            undo(db)
            form.refuse(error)
    return _officer_page(request, db, me, now, officer, week=form)


@router.post("/roster/{officer_id}/exceptions")
def add_exception(request: Request, officer_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    officer = plan.officer_for(db, me, officer_id, edit=True)
    form = Form.parse(ExceptionFields, posted, name="exception")
    if form.data is not None:
        given = form.data
        try:
            count = plan.add_exception(
                db,
                me,
                officer,
                first=given.first,
                last=given.last or given.first,
                mode=given.mode,
                note=given.note or "",
                now=now,
            )
            said = ngettext("%(num)s day is planned.", "%(num)s days are planned.", count)
            return redirect(request, f"/roster/{officer.id}?month={given.first:%Y-%m}", said=said)
        except Refused as error:
            undo(db)
            form.refuse(error)
    return _officer_page(request, db, me, now, officer, exception=form)


@router.post("/roster/{officer_id}/exceptions/remove")
def remove_exception(request: Request, officer_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    officer = plan.officer_for(db, me, officer_id, edit=True)
    form = Form.parse(RemoveFields, posted, name="remove")
    if form.data is None:
        raise Refused(form.errors["date"])
    plan.remove_exception(db, me, officer, day=form.data.date, now=now)
    return redirect(
        request, f"/roster/{officer.id}?month={form.data.date:%Y-%m}", said=_("The exception is taken back.")
    )
