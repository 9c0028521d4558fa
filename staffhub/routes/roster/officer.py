"""The plan of one officer: usual week and what lies over it; HR and the head of the division write it."""

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import Query, Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, i18n, orders, workdays
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key, Line
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import PlanLayer, PlanMode
from staffhub.roster import grants, plan, weeks
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, month_from, pages
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()

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
    version: int | None = None
    # How many days that are over the person was told would change.
    confirmed: int | None = None


class ExceptionFields(Fields):
    first: date
    last: date | None = None
    mode: PlanMode
    layer: PlanLayer | None = None
    note: Annotated[Line, StringConstraints(max_length=200)] | None = None
    document: Annotated[Line, StringConstraints(max_length=80)] | None = None
    free_days: Literal["1"] | None = None
    idempotency_key: Key | None = None


class DateFields(Fields):
    date: date


class RemoveWeekFields(Fields):
    valid_from: date
    version: int | None = None


def layer_names() -> dict[str, str]:
    return {
        "leave": _("leave"),
        "duty": _("duty order"),
        "exemption": _("exemption"),
        "hand": _("exception"),
        "roster": _("duty roster"),
    }


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
    changed: weeks.Changed | None = None,
    status: int = 200,
) -> Response:
    today = clock.local_day(now, me.zone)
    first = month_from(month, today=today)
    days = clock.month_days(first)
    book = workdays.plans(db, me.office_id, days[0], days[-1], officers=[officer.id])
    saved = weeks.weeks_of(db, me, officer)
    sees = me.sees(officer_id=officer.id, division_id=officer.division_id)
    usual = dict(zip(workdays.WEEKDAYS, saved.on(today), strict=True))
    without = {workdays.WEEKDAYS[day.weekday()] for day in days[:7] if book.hours(officer.id, day) is None}
    return render(
        request,
        "roster/officer.html",
        status=status,
        invalid=status in {Refused.status, Conflict.status},
        officer=officer,
        month=first,
        today=today,
        plans=[(day, book.of(officer.id, day)) for day in days],
        ranges=grants.lines_of(db, me, officer, days[0], days[-1]),
        layers=layer_names(),
        letters=orders.letters(db, me.office_id, officer.id, days[0], days[-1]),
        opens=lambda letter: me.may(letter.kind) if letter.kind == "exemptions" else sees,
        reads_note=partial(me.reads_note, officer_id=officer.id, division_id=officer.division_id),
        week=week or Form.blank("week", valid_from=today, version=saved.version, **usual),
        exception=exception or Form.blank("exception", first=today, mode="home", idempotency_key=uuid4()),
        weekdays=workdays.WEEKDAYS,
        usual=usual,
        uncounted=[name for name in workdays.WEEKDAYS if usual[name] and name in without],
        later=saved.after(today),
        version=saved.version,
        changed=changed,
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
    return _officer_page(
        request, db, me, now, plan.officer_for(db, me, officer_id, today=clock.local_day(now, me.zone)), month=month
    )


@router.post("/roster/{officer_id}/week")
def set_week(request: Request, officer_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    """Save the usual week; days that are over change only after the person was told how many."""
    officer = plan.officer_for(db, me, officer_id, today=clock.local_day(now, me.zone), edit=True)
    form = Form.parse(WeekFields, posted, name="week")
    if form.data is None:
        return _officer_page(request, db, me, now, officer, week=form, status=Refused.status)
    given = form.data
    days = [getattr(given, name) for name in workdays.WEEKDAYS]
    try:
        changed = weeks.settled_days_changed(db, me, officer, days=days, valid_from=given.valid_from, now=now)
        if changed.days not in {0, given.confirmed}:
            form.typed["confirmed"] = [str(changed.days)]
            return _officer_page(request, db, me, now, officer, week=form, changed=changed)
        weeks.set_usual_week(db, me, officer, days=days, valid_from=given.valid_from, now=now, version=given.version)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error, version=weeks.weeks_of(db, me, officer).version)
        return _officer_page(request, db, me, now, officer, week=form, status=error.status)
    return redirect(request, f"/roster/{officer.id}", said=_("The usual week is saved."))


@router.post("/roster/{officer_id}/week/remove")
def remove_week(request: Request, officer_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    officer = plan.officer_for(db, me, officer_id, today=clock.local_day(now, me.zone), edit=True)
    given = _parsed(RemoveWeekFields, posted)
    weeks.remove_week(db, me, officer, valid_from=given.valid_from, now=now, version=given.version)
    said = _("The week from %(day)s is taken back.", day=i18n.day(given.valid_from))
    return redirect(request, f"/roster/{officer.id}", said=said)


@router.post("/roster/{officer_id}/exceptions")
def add_exception(request: Request, officer_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    officer = plan.officer_for(db, me, officer_id, today=clock.local_day(now, me.zone), edit=True)
    form = Form.parse(ExceptionFields, posted, name="exception")
    if form.data is None:
        return _officer_page(request, db, me, now, officer, exception=form, status=Refused.status)
    given = form.data
    try:
        written = grants.grant(
            db,
            me,
            officer,
            first=given.first,
            last=given.last or given.first,
            mode=given.mode,
            layer=given.layer,
            note=given.note or "",
            document=given.document or "",
            on_free_days=bool(given.free_days),
            key=given.idempotency_key,
            now=now,
        )
    except Refused as error:
        undo(db)
        form.refuse(error)
        return _officer_page(request, db, me, now, officer, exception=form, status=error.status)
    return redirect(request, f"/roster/{officer.id}?month={given.first:%Y-%m}", said=_said(written))


def _said(written: grants.Granting) -> str:
    """Say on how many days it counts, what lies over it and what it covers."""
    if not written.first_time:
        return _("This stands in the plan already.")
    said = [ngettext("%(num)s day is planned.", "%(num)s days are planned.", written.days)]
    if written.hidden:
        said.append(
            ngettext(
                "On %(num)s of them something of higher rank lies over it.",
                "On %(num)s of them something of higher rank lies over it.",
                written.hidden,
            )
        )
    if written.past:
        said.append(
            ngettext(
                "%(num)s of them is over already and reads differently now.",
                "%(num)s of them are over already and read differently now.",
                written.past,
            )
        )
    said += [_covers(line) for line in written.replaced]
    return " ".join(said)


def _covers(line: grants.Line) -> str:
    return _(
        "It covers the earlier plan of %(first)s to %(last)s, which comes back when this one is withdrawn.",
        first=i18n.day(line.first),
        last=i18n.day(line.last),
    )


@router.post("/roster/{officer_id}/exceptions/{grant_id}/withdraw")
def withdraw(request: Request, officer_id: RowId, grant_id: RowId, db: DB, me: Me, now: Now) -> Response:
    officer = plan.officer_for(db, me, officer_id, today=clock.local_day(now, me.zone), edit=True)
    return _taken(request, officer, grants.withdraw(db, me, officer, grant_id, now=now))


@router.post("/roster/{officer_id}/exceptions/{grant_id}/take-out")
def take_out(
    request: Request, officer_id: RowId, grant_id: RowId, posted: Posted, db: DB, me: Me, now: Now
) -> Response:
    officer = plan.officer_for(db, me, officer_id, today=clock.local_day(now, me.zone), edit=True)
    day = _parsed(DateFields, posted).date
    return _taken(request, officer, grants.take_out(db, me, officer, grant_id, day=day, now=now), day)


@router.post("/roster/{officer_id}/exceptions/{grant_id}/shorten")
def shorten(request: Request, officer_id: RowId, grant_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    officer = plan.officer_for(db, me, officer_id, today=clock.local_day(now, me.zone), edit=True)
    last = _parsed(DateFields, posted).date
    return _taken(request, officer, grants.shorten(db, me, officer, grant_id, last=last, now=now), last)


def _parsed(fields: Any, posted: Any) -> Any:
    """Read a form that is one button, where a wrong value is no typing error."""
    form: Form[Any] = Form.parse(fields, posted, name="one")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())))
    return form.data


def _taken(request: Request, officer: plan.Planned, days: int, day: date | None = None) -> Response:
    said = ngettext("%(num)s date is taken out of the plan.", "%(num)s dates are taken out of the plan.", days)
    address = f"/roster/{officer.id}" + (f"?month={day:%Y-%m}" if day else "")
    return redirect(request, address, said=said if days else _("It was taken out already."))
