"""Rapat: the week's meetings, standups, one meeting, and the way in."""

import datetime as dt
import re
from http import HTTPStatus
from typing import Annotated, Any, Literal, NoReturn
from uuid import uuid4

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from staffhub import clock
from staffhub import db as db_module
from staffhub.errors import Conflict, Refused
from staffhub.forms import ClockTime, Fields, Form, Key, Line, Lines, Version
from staffhub.i18n import gettext as _
from staffhub.meetings import agenda, joining, plan
from staffhub.meetings.audience import Audience, choices
from staffhub.meetings.terms import Terms
from staffhub.models import Meeting, MeetingKind
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, Trail
from staffhub.security import Viewer
from staffhub.web import is_fragment, redirect, render, weekday
from staffhub.workdays import WEEKDAYS

router = APIRouter()

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_SHOWN_DAYS = WEEKDAYS[:5]
_MONDAY = dt.date(2026, 1, 5)
_SOON = dt.timedelta(minutes=1)


class WhatFields(Fields):
    topic: Line
    date: dt.date
    time: ClockTime
    duration: int
    agenda: Lines | None = None
    everyone: bool = False
    division: list[int]
    officer: list[int]

    def facts(self) -> dict[str, Any]:
        return {
            "topic": self.topic,
            "agenda": (self.agenda or "").replace("\r\n", "\n"),
            "starts_on": self.date,
            "starts_at": self.time,
            "minutes": self.duration,
            "audience": Audience(self.everyone, tuple(self.division), tuple(self.officer)),
        }


class SeriesFields(WhatFields):
    weekday: list[Weekday]
    count: int | None = None
    until: dt.date | None = None

    def series(self) -> dict[str, Any]:
        weekdays = [WEEKDAYS.index(name) for name in self.weekday]
        return {"weekdays": weekdays, "occurrences": self.count, "until": self.until}


class MeetingFields(WhatFields):
    idempotency_key: Key


class StandupFields(SeriesFields):
    idempotency_key: Key
    preview: str | None = None

    def terms(self) -> Terms:
        facts = self.facts() | self.series() | {"kind": MeetingKind.STANDUP}
        return Terms(**{name: value for name, value in facts.items() if name != "audience"})


class Seen(Fields):
    """Which version of the meeting somebody has before the eyes."""

    version: Version


class EditFields(SeriesFields, Seen):
    pass


AnyForm = Form[Any]


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
    days: list[agenda.MeetingDay] | None = None,
    status: int = 200,
) -> Response:
    today = clock.local_day(now, me.zone)
    may_schedule = me.may("meetings.schedule")
    usual = [name for name in _SHOWN_DAYS if standup is None]
    return render(
        request,
        "meetings/week.html",
        status=status,
        week=agenda.week(db, me, first=first or _first_day(None, today), now=now),
        today=today,
        choices=choices(db, me, day=today) if may_schedule else None,
        meeting_form=meeting or _blank("meeting", today, duration=60),
        standup_form=standup or _blank("standup", today, duration=15, count=20, weekday=usual),
        weekday_choices=_weekday_choices(),
        preview=days,
        invalid=status >= HTTPStatus.BAD_REQUEST,
    )


def _weekday_choices() -> list[tuple[str, str]]:
    return [(name, weekday(_MONDAY + dt.timedelta(days=n))) for n, name in enumerate(_SHOWN_DAYS)]


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
    if form.data is not None and form.data.preview:
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
    if form.data is not None:
        key = form.data.idempotency_key
        try:
            saved = plan.schedule(db, me, kind=kind, **form.data.facts(), **series, idempotency_key=key, now=now)
        except Refused as error:
            db_module.undo(db)
            form.refuse(error)
        else:
            said = _("The meeting is entered.") if saved.first else _("It was saved already.")
            return redirect(request, f"/meetings/{saved.id}", said=said)
    if kind is MeetingKind.STANDUP:
        return _week_page(request, db, me, now, standup=form, status=422)
    return _week_page(request, db, me, now, meeting=form, status=422)


def _preview(request: Request, db: Session, me: Viewer, now: dt.datetime, form: AnyForm) -> Response:
    """Show the dates that the standup would have; nothing is saved."""
    assert form.data is not None  # noqa: S101  for the type checker
    try:
        agreed = plan.agree(me, form.data.terms(), now=now)
    except Refused as error:
        form.refuse(error)
        return _week_page(request, db, me, now, standup=form, status=422)
    return _week_page(request, db, me, now, standup=form, days=agenda.preview(db, me, agreed))


@router.get("/meetings/{meeting_id}")
def show_meeting(
    request: Request,
    meeting_id: RowId,
    db: DB,
    me: Me,
    now: Now,
    seen: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    page = agenda.page(db, me, meeting_id, now=now)
    if seen == page.stamp and is_fragment(request):
        return Response(status_code=204, headers={"Vary": "HX-Request"})
    return _meeting_page(request, page, now)


def _meeting_page(request: Request, page: agenda.Page, now: dt.datetime, *, status: int = 200) -> Response:
    soon = page.next_try is None or page.next_try <= now + _SOON
    every = "3s" if soon else "30s"
    return render(request, "meetings/meeting.html", block="meeting_state", status=status, page=page, every=every)


def _edit_page(
    request: Request, db: Session, me: Viewer, now: dt.datetime, meeting: Meeting, form: AnyForm, *, status: int = 200
) -> Response:
    return render(
        request,
        "meetings/edit.html",
        status=status,
        meeting=meeting,
        begun=plan.has_begun(meeting, me.zone, now),
        form=form,
        choices=choices(db, me, day=clock.local_day(now, me.zone)),
        weekday_choices=_weekday_choices(),
        invalid=status >= HTTPStatus.BAD_REQUEST,
    )


def _stored(meeting: Meeting) -> AnyForm:
    audience = Audience.read(meeting.audience)
    series: dict[str, object] = {}
    if meeting.kind is MeetingKind.STANDUP:
        series = {"weekday": [WEEKDAYS[number] for number in meeting.weekdays], "count": meeting.occurrences}
    return Form.blank(
        "edit",
        topic=meeting.topic,
        agenda=meeting.agenda,
        date=meeting.starts_on,
        time=meeting.starts_at,
        duration=meeting.minutes,
        everyone="1" if audience.everyone else None,
        division=audience.divisions,
        officer=audience.officers,
        version=meeting.version,
        **series,
    )


@router.get("/meetings/{meeting_id}/edit")
def show_edit(request: Request, meeting_id: RowId, db: DB, me: Me, now: Now) -> Response:
    meeting = plan.own_meeting(db, me, meeting_id)
    if not plan.is_open(meeting, me.zone, now):
        return redirect(request, f"/meetings/{meeting_id}")
    return _edit_page(request, db, me, now, meeting, _stored(meeting))


@router.post("/meetings/{meeting_id}/edit")
def edit_meeting(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    plan.own_meeting(db, me, meeting_id)
    form: AnyForm = Form.parse(EditFields, posted, name="edit")
    status = 422
    if form.data is not None:
        try:
            facts = form.data.facts() | form.data.series()
            plan.edit(db, me, meeting_id, version=form.data.version, **facts, now=now)
        except (Refused, Conflict) as error:
            db_module.undo(db)
            form.refuse(error, version=plan.own_meeting(db, me, meeting_id).version)
            status = error.status
        else:
            return redirect(request, f"/meetings/{meeting_id}", said=_("The changes are saved."))
    meeting = plan.own_meeting(db, me, meeting_id)
    return _edit_page(request, db, me, now, meeting, form, status=status)


@router.get("/meetings/{meeting_id}/cancel")
def ask_cancel(request: Request, meeting_id: RowId, db: DB, me: Me, now: Now) -> Response:
    meeting = plan.own_meeting(db, me, meeting_id)
    if not plan.is_open(meeting, me.zone, now):
        return redirect(request, f"/meetings/{meeting_id}")
    page = agenda.page(db, me, meeting_id, now=now)
    return render(request, "meetings/cancel.html", page=page, form=Form.blank("cancel", version=meeting.version))


@router.post("/meetings/{meeting_id}/cancel")
def cancel_meeting(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: AnyForm = Form.parse(Seen, posted, name="cancel")
    try:
        plan.cancel(db, me, meeting_id, version=form.data.version if form.data else 0, now=now)
    except Conflict as error:
        db_module.undo(db)
        page = agenda.page(db, me, meeting_id, now=now)
        if not page.open:
            raise
        form = Form.blank("cancel", version=page.meeting.version)
        form.refuse(error)
        return render(request, "meetings/cancel.html", status=error.status, page=page, form=form)
    return redirect(request, f"/meetings/{meeting_id}", said=_("The meeting is cancelled."))


@router.post("/meetings/{meeting_id}/retry")
def retry_meeting(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: AnyForm = Form.parse(Seen, posted, name="retry")
    plan.retry(db, me, meeting_id, version=form.data.version if form.data else 0, now=now)
    return redirect(request, f"/meetings/{meeting_id}", said=_("It is tried again now."))


@router.get("/join/{token}")
def join(
    request: Request, token: Annotated[str, Path(max_length=32)], db: DB, me: Me, trail: Trail, now: Now
) -> Response:
    way = joining.way_in(db, me, token, now=now)
    if way.cancelled or not way.join_url:
        return _meeting_page(request, agenda.page(db, me, way.meeting_id, now=now), now, status=409)
    if _is_ahead_of_the_person(request):
        # Refused, since a browser could use the answer for the person's click later, which then nobody would hear of.
        return Response(status_code=503)
    if (day := way.day) and request.headers.get("sec-fetch-mode", "navigate") == "navigate":
        # The click is evidence of attendance: it is stored before the answer sends anybody on.
        trail.append(lambda writing: joining.note_click(writing, me, way.meeting_id, day, now=now))
    return RedirectResponse(way.join_url, 303)


def _is_ahead_of_the_person(request: Request) -> bool:
    """A browser fetches what its person may open next. Previews of messengers need no rule: they are not signed in."""
    names = ("sec-purpose", "purpose", "x-purpose", "x-moz")
    return any(word in request.headers.get(name, "") for name in names for word in ("prefetch", "preview"))
