"""Appointments of a bidang: the day and the week, a slot for a request, many at once, and what became of them."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import Field, PlainValidator
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import office
from staffhub.db import undo
from staffhub.errors import Conflict, NotFound, Refused, StaffHubError
from staffhub.forms import ClockTime, Fields, Form
from staffhub.i18n import clock as clock_words
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.routes.service_requests.fields import Id, Note
from staffhub.security import Viewer
from staffhub.service_requests import one
from staffhub.service_requests.appointments import giving, shown, slots, texts
from staffhub.service_requests.appointments.giving import Wanted
from staffhub.web import query, redirect, render

router = pages()

_PAGE = "/requests/appointments"
_OFFERED = 12  # slots on the page of one request; a date of one's own shows the others
Division = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


class SlotFields(Fields):
    date: date
    starts: ClockTime


def _wanted(value: object) -> Wanted:
    """Read a request with its moment, as the preview showed it: 17@2026-11-24T08:00."""
    id_, _at, moment = str(value).partition("@")
    try:
        at = datetime.fromisoformat(moment)
        return Wanted(int(id_), at.date(), at.time())
    except ValueError:
        raise ValueError(_("Check the date.")) from None


class BatchFields(Fields):
    slot: Annotated[list[Annotated[Wanted, PlainValidator(_wanted)]], Field(min_length=1, max_length=shown.BATCH)]


class WhyFields(Fields):
    why: Note | None = None


class UndoFields(Fields):
    why: Note


class ConfirmFields(Fields):
    sure: bool
    from_request: bool = False


class DivisionFields(Fields):
    division: Id


class ToldFields(DivisionFields):
    appointment: Annotated[list[Id], Field(min_length=1, max_length=500)]


def _division(db: Session, me: Viewer, division_id: int | None) -> tuple[int, list[tuple[int, str]]]:
    me.require("requests")
    found = shown.divisions(db, me)
    chosen = division_id or found[0][0]
    if chosen not in dict(found):
        raise NotFound(_("There is no such division in your office that gives appointments."))
    return chosen, found


@router.get(_PAGE)
def index(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    day: Annotated[date | None, Query(alias="date")] = None,
    division: Division = None,
    view: Literal["day", "week"] = "day",
) -> Response:
    division_id, divisions = _division(db, me, division)
    here = now.astimezone(me.zone)
    seats = slots.book(db, me, division_id, now=now)
    day = day or seats.today
    days = shown.week_of(day) if view == "week" else [day]
    kinds = slots.services_of(db, me, division_id)
    given = shown.given(db, me, division_id, seats, days[0], days[-1])
    _first, waiting = shown.in_line(db, me, kinds, today=seats.today, most=1)
    # The next day on which anybody is here: who has not answered by then is asked once more.
    next_day = min((one for one in seats.office if one > seats.today), default=seats.today)
    return render(
        request,
        "requests/appointments.html",
        day=day,
        week=view == "week",
        days=[(one, shown.hours_of(seats, kinds, one, given)) for one in days],
        today=seats.today,
        beyond=[one for one in given if one.beyond],
        unrecorded=[one for one in given if one.is_ahead and one.slot.date < seats.today],
        next_day=next_day,
        unsure=[one for one in given if one.is_open and one.slot.date == next_day],
        unsent=sum(one.state == "invited" and not one.slot.has_begun(here) for one in given),
        waiting=waiting,
        kinds=kinds,
        seats=seats,
        here=here,
        division=division_id,
        division_name=dict(divisions)[division_id],
        kop=office.facts(db, me.office_id),
        sheet=[one for one in given if one.slot.date == day],
        divisions=divisions,
        may_receive=giving.may_receive(db, me, division_id, now=now),
        before=day - timedelta(days=7 if view == "week" else 1),
        after=day + timedelta(days=7 if view == "week" else 1),
    )


@router.get(f"{_PAGE}/batch")
def batch(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    division: Division = None,
    count: Annotated[int, Query(ge=1, le=shown.BATCH)] = 10,
    since: date | None = None,
) -> Response:
    division_id, _divisions = _division(db, me, division)
    giving.require(db, me, division_id, now=now)
    return _batch(request, db, me, now, division_id, count=count, since=since)


def _batch(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    division_id: int,
    *,
    count: int,
    since: date | None = None,
    error: StaffHubError | None = None,
) -> Response:
    seats, kinds = slots.book(db, me, division_id, now=now), slots.services_of(db, me, division_id)
    line, waiting = shown.in_line(db, me, kinds, today=seats.today, most=count)
    since = since or seats.today + timedelta(days=1)
    form: Form[BatchFields] = Form.blank("batch")
    if error:
        form.refuse(error)
    return render(
        request,
        "requests/appointments_batch.html",
        status=error.status if error else 200,
        invalid=error is not None,
        form=form,
        proposed=shown.proposed(seats, kinds, line, since=since),
        line=line,
        waiting=waiting,
        kinds=kinds,
        count=count,
        most=shown.BATCH,
        since=since,
        division=division_id,
    )


@router.post(f"{_PAGE}/batch")
def give_many(request: Request, posted: Posted, db: DB, me: Me, now: Now, division: Division = None) -> Response:
    division_id, _divisions = _division(db, me, division)
    giving.require(db, me, division_id, now=now)
    form = Form.parse(BatchFields, posted, name="batch")
    if form.data is None:
        raise Refused(_("Choose whom to invite first."))
    wanted = form.data.slot
    try:
        giving.give(db, me, wanted, now=now)
    except Conflict as error:
        undo(db)
        return _batch(request, db, me, now, division_id, count=len(wanted), error=error)
    said = ngettext(
        "%(num)s slot is given. Now write to them.", "%(num)s slots are given. Now write to them.", len(wanted)
    )
    first = min(one.date for one in wanted)
    return redirect(request, query(_PAGE, date=first.isoformat(), division=division_id), said=said)


@router.post(f"{_PAGE}/texts")
def write(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form = Form.parse(DivisionFields, posted, name="texts")
    division_id, _divisions = _division(db, me, form.data.division if form.data else None)
    giving.require(db, me, division_id, now=now)
    found = texts.to_send(db, me, division_id, now=now)
    response = render(request, "requests/appointments_texts.html", found=found, division=division_id)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post(f"{_PAGE}/told")
def told(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form = Form.parse(ToldFields, posted, name="told")
    if form.data is None:
        raise Refused(_("Tick those that were sent."))
    for found in giving.appointments_to_change(db, me, form.data.appointment, now=now):
        giving.told(db, me, found, now=now)
    said = ngettext("%(num)s is noted as sent.", "%(num)s are noted as sent.", len(form.data.appointment))
    return redirect(request, query(_PAGE, division=form.data.division), said=said)


@router.post(f"{_PAGE}/{{appointment_id}}/confirm")
def confirm(request: Request, appointment_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    found = giving.appointment_to_change(db, me, appointment_id, now=now)
    form = Form.parse(ConfirmFields, posted, name="confirm")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())))
    giving.confirm(db, me, found, sure=form.data.sure, now=now)
    said = _("Noted: says to come.") if form.data.sure else _("Noted: not sure after all.")
    if form.data.from_request:
        return redirect(request, f"/requests/{found.request_id}#h-appointment", said=said)
    return _back(request, found, said)


@router.post(f"{_PAGE}/{{appointment_id}}/came")
def came(request: Request, appointment_id: RowId, db: DB, me: Me, now: Now) -> Response:
    found = giving.appointment_to_change(db, me, appointment_id, now=now)
    giving.came(db, me, found, now=now)
    return _back(request, found, _("Noted: came. The request is being checked."))


@router.post(f"{_PAGE}/{{appointment_id}}/undo")
def undo_came(request: Request, appointment_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    found = giving.appointment_to_change(db, me, appointment_id, now=now)
    form = Form.parse(UndoFields, posted, name="undo")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())), field="why")
    giving.undo_came(db, me, found, why=form.data.why, now=now)
    return _back(request, found, _("Taken back: the appointment and the request are as before."))


@router.post(f"{_PAGE}/{{appointment_id}}/absent")
def did_not_come(request: Request, appointment_id: RowId, db: DB, me: Me, now: Now) -> Response:
    found = giving.appointment_to_change(db, me, appointment_id, now=now)
    giving.did_not_come(db, me, found, now=now)
    return _back(request, found, _("Noted: did not come. The request waits for another slot."))


@router.post(f"{_PAGE}/{{appointment_id}}/cancel")
def cancel(request: Request, appointment_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    found = giving.appointment_to_change(db, me, appointment_id, now=now)
    form = Form.parse(WhyFields, posted, name="cancel")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())))
    giving.cancel(db, me, found, why=form.data.why or "", now=now)
    return redirect(request, f"/requests/{found.request_id}", said=_("The slot is free again; the request waits."))


def _back(request: Request, found: Any, said: str) -> Response:
    address = query(_PAGE, date=found.date.isoformat(), division=found.division_id)
    return redirect(request, f"{address}#a-{found.id}", said=said)


@router.get("/requests/{request_id}/appointment")
def choose(
    request: Request,
    request_id: RowId,
    db: DB,
    me: Me,
    now: Now,
    day: Annotated[date | None, Query(alias="date")] = None,
) -> Response:
    return _choose(request, db, me, now, request_id, day)


def _choose(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    request_id: int,
    day: date | None = None,
    form: Form[SlotFields] | None = None,
    *,
    status: int = 200,
) -> Response:
    row = one.request_for(db, me, request_id, now=now)
    service = giving.service_of(db, me, row)
    seats = slots.book(db, me, service.division_id, now=now)
    free = list(seats.free(service, day) if day else seats.next_free(service))
    return render(
        request,
        "requests/appointment.html",
        status=status,
        invalid=form is not None,
        row=row,
        form=form or Form.blank("slot"),
        day=day,
        free=free if day else free[:_OFFERED],
        standing=shown.appointment_of(db, me, request_id),
        today=seats.today,
        last=seats.last,
    )


@router.post("/requests/{request_id}/appointment")
def give(request: Request, request_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form = Form.parse(SlotFields, posted, name="slot")
    if form.data is None:
        return _choose(request, db, me, now, request_id, form=form, status=422)
    given = form.data
    try:
        giving.give(db, me, [Wanted(request_id, given.date, given.starts)], now=now)
    except Conflict as error:
        undo(db)
        form.refuse(error)
        return _choose(request, db, me, now, request_id, form=form, status=error.status)
    said = _("Slot given: %(at)s. Now write to the applicant.", at=clock_words(given.starts))
    return redirect(request, f"/requests/{request_id}#h-appointment", said=said)
