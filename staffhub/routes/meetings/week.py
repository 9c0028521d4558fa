"""The week's meetings, and what is scheduled on its page."""

import datetime as dt
import re
from http import HTTPStatus
from typing import Annotated, Any, Literal, NoReturn
from uuid import uuid4

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import clock
from staffhub import db as db_module
from staffhub.errors import Conflict, Refused
from staffhub.forms import Form
from staffhub.i18n import gettext as _
from staffhub.meetings import agenda, one, plan
from staffhub.meetings.audience import NOBODY, choices, find
from staffhub.models import MeetingKind
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.routes.meetings.fields import (
    DIGITS,
    NAME,
    SHOWN_DAYS,
    AnyForm,
    MeetingFields,
    StandupFields,
    found_for,
    sought_in,
    weekday_choices,
)
from staffhub.security import Viewer
from staffhub.web import is_fragment, redirect, render, typed_before

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


def _blank(name: str, today: dt.date, **values: object) -> AnyForm:
    """Nobody is chosen beforehand: a tick left standing would invite more people than meant."""
    return Form.blank(name, date=today, idempotency_key=uuid4(), **values)


def _week_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    *,
    first: dt.date | None = None,
    meeting: AnyForm | None = None,
    standup: AnyForm | None = None,
    days: list[one.MeetingDay] | None = None,
    status: int = 200,
) -> Response:
    today = clock.local_day(now, me.zone)
    may_schedule = me.may("meetings.schedule")
    usual = list(SHOWN_DAYS)
    if guests := typed_before(request, "/meetings", "officer"):
        meeting = _blank("meeting", today, duration=60, officer=guests)
    if guests := typed_before(request, "/standups", "officer"):
        standup = _blank("standup", today, duration=15, count=20, weekday=usual, officer=guests)
    typed = meeting or standup
    return render(
        request,
        "meetings/week.html",
        status=status,
        week=agenda.week(db, me, first=first or _first_day(None, today), now=now),
        today=today,
        choices=choices(db, me) if may_schedule else None,
        found={typed.name: found_for(db, me, typed, today)} if typed else {},
        nobody=NOBODY,
        standup_open=standup is not None,
        meeting_form=meeting or _blank("meeting", today, duration=60),
        standup_form=standup or _blank("standup", today, duration=15, count=20, weekday=usual),
        weekday_choices=weekday_choices(),
        preview=days,
        invalid=status >= HTTPStatus.BAD_REQUEST,
    )


@router.get("/meetings")
def show_week(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    week: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    me.require("meetings")
    return _week_page(request, db, me, now, first=_first_day(week, clock.local_day(now, me.zone)))


@router.post("/meetings")
def schedule_meeting(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("meetings.schedule")
    form: AnyForm = Form.parse(MeetingFields, posted, name="meeting")
    return _save(request, db, me, now, form, MeetingKind.SINGLE, {})


@router.post("/standups")
def schedule_standup(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("meetings.schedule")
    # The first date is called "date" as everywhere, and "from" is understood as well.
    renamed = FormData([("date" if name == "from" else name, value) for name, value in posted.multi_items()])
    form: AnyForm = Form.parse(StandupFields, renamed, name="standup")
    if form.data is not None and form.data.preview and not sought_in(form):
        return _preview(request, db, me, now, form)
    return _save(request, db, me, now, form, MeetingKind.STANDUP, form.data.series() if form.data else {})


@router.get("/standups")
def show_standups(request: Request, me: Me) -> Response:
    me.require("meetings")
    return redirect(request, "/meetings")


def _save(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    form: AnyForm,
    kind: MeetingKind,
    series: dict[str, Any],
) -> Response:
    status = 422
    if sought_in(form):
        form.errors.clear()
        status = 200
    elif form.data is not None:
        key = form.data.idempotency_key
        try:
            saved = plan.schedule(db, me, kind=kind, **form.data.facts(), **series, idempotency_key=key, now=now)
        except (Refused, Conflict) as error:
            db_module.undo(db)
            form.refuse(error)
            status = error.status
        else:
            said = _("The meeting is entered.") if saved.first else _("It was saved already.")
            return redirect(request, f"/meetings/{saved.id}", said=said)
    if kind is MeetingKind.STANDUP:
        return _week_page(request, db, me, now, standup=form, status=status)
    return _week_page(request, db, me, now, meeting=form, status=status)


def _preview(request: Request, db: Session, me: Viewer, now: dt.datetime, form: AnyForm) -> Response:
    """Show the dates that the standup would have; nothing is saved."""
    assert form.data is not None  # noqa: S101  for the type checker
    try:
        agreed = plan.agree(me, form.data.terms(), now=now)
    except Refused as error:
        form.refuse(error)
        return _week_page(request, db, me, now, standup=form, status=422)
    return _week_page(request, db, me, now, standup=form, days=one.preview(db, me, agreed))


@router.get("/meetings/guests")
def find_guests(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    form: Literal["meeting", "standup", "edit"] = "meeting",
    q: Annotated[str, Query(alias="find", max_length=NAME)] = "",
    officer: Annotated[list[int] | None, Query(max_length=400)] = None,
) -> Response:
    """Persons to tick, while somebody types in a form of ours; a browser without scripts posts the form instead."""
    me.require("meetings.schedule")
    if not is_fragment(request):
        return redirect(request, "/meetings")
    chosen = [number for number in officer or () if 0 < number < 10**DIGITS]
    found = find(db, me, chosen=chosen, sought=q, day=clock.local_day(now, me.zone))
    typed: AnyForm = Form.blank(form, officer=chosen)
    return render(request, "meetings/found.html", block="found", form=typed, found=found)
