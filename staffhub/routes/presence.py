"""Hari ini: where do I work today, am I checked in, what is on my desk; and the marks themselves."""

from dataclasses import dataclass
from datetime import datetime, time
from itertools import zip_longest
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Path, Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import people, presence, service_requests, workdays, worklog
from staffhub.db import undo
from staffhub.errors import Refused
from staffhub.forms import Fields, Form, Key, Line
from staffhub.i18n import gettext as _
from staffhub.meetings import joining
from staffhub.models import MarkKind, WorkMode
from staffhub.presence import Stamp
from staffhub.routes.deps import DB, Me, Now, Posted
from staffhub.security import Viewer
from staffhub.web import clock, is_fragment, redirect, render, short_day

router = APIRouter()


class CheckInFields(Fields):
    mode: WorkMode
    note: Annotated[Line, StringConstraints(max_length=140)] | None = None
    idempotency_key: Key


class CheckOutFields(Fields):
    idempotency_key: Key


@dataclass(frozen=True)
class Bar:
    """The day as a bar: percent from 07.00 to 17.00, 10 % an hour."""

    plan_x: float
    plan_width: float
    here: list[tuple[float, float]]
    meetings: list[tuple[float, float]]
    now_x: float


def _percent(at: datetime | time) -> float:
    return round(min(100.0, max(0.0, (at.hour * 60 + at.minute - 420) / 6)), 1)


def _bar(plan: workdays.Plan, marks: list[Stamp], met: list[tuple[time, int]], now: datetime) -> Bar | None:
    if plan.hours is None:
        return None
    start, end = _percent(plan.hours.starts), _percent(plan.hours.ends)
    here = []
    for mark, following in zip_longest(marks, marks[1:]):
        if mark.kind is MarkKind.CHECK_IN:
            begin = _percent(mark.at)
            here.append((begin, round(_percent(following.at if following else now) - begin, 1)))
    held = [(_percent(starts), round(minutes / 6, 1)) for starts, minutes in met]
    return Bar(start, round(end - start, 1), here, held, _percent(now))


def _greeting(local: datetime) -> str:
    if local.hour < 11:  # noqa: PLR2004  pagi, siang, sore, malam as they are said
        return _("Good morning, %(name)s")
    if local.hour < 15:  # noqa: PLR2004
        return _("Good day, %(name)s")
    return _("Good afternoon, %(name)s") if local.hour < 18 else _("Good evening, %(name)s")  # noqa: PLR2004


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    *,
    form: Form[CheckInFields] | None = None,
    status: int = 200,
    toast: str | None = None,
) -> Response:
    local = now.astimezone(me.zone)
    day = local.date()
    context: dict[str, Any] = {"form": form or Form.blank("check-in"), "invalid": status != 200, "now": local}  # noqa: PLR2004
    context |= {
        "greeting": _greeting(local) % {"name": people.bare_name(me.name).split()[0]},
        "key": str(uuid4()),
        "today": day,
    }
    if me.officer_id is None:
        return render(request, "today/nobody.html", **context)
    found = presence.spell(db, me, now=now)
    marks = found.today
    plan = workdays.plans(db, me.office_id, day, day, officers=[me.officer_id]).of(me.officer_id, day)
    meetings = joining.today_for(db, me.office_id, me.officer_id, day, now)
    entries = worklog.entries_of(db, me.officer_id, day)
    return render(
        request,
        "today/index.html",
        block="presence_card",
        status=status,
        toast=toast,
        **context,
        plan=plan,
        marks=marks,
        left_open=found.left_open,
        last=marks[-1] if marks else None,
        bar=_bar(plan, marks, [(one.starts_at, one.minutes) for one in meetings], local),
        meetings=meetings,
        requests=service_requests.open_for(db, me.office_id, me.officer_id),
        entries=entries,
        minutes=worklog.minutes_of(entries),
    )


@router.get("/")
def today(request: Request, db: DB, me: Me, now: Now) -> Response:
    return _page(request, db, me, now)


def _said(stamp: Stamp, zone_name: str) -> str:
    at = f"{clock(stamp.at)} {zone_name}"
    if not stamp.first:
        return _("Already recorded at %(at)s, nothing was changed. Receipt %(code)s.", at=at, code=stamp.code)
    if stamp.alone:
        return _(
            "Check-out recorded at %(at)s. Receipt %(code)s. There is no check-in on this day: HR will look at it.",
            at=at,
            code=stamp.code,
        )
    if stamp.kind is MarkKind.CHECK_OUT and stamp.day != stamp.at.date():
        day = short_day(stamp.day)
        return _("Check-out recorded at %(at)s for %(day)s. Receipt %(code)s.", at=at, day=day, code=stamp.code)
    if stamp.kind is MarkKind.CHECK_OUT:
        return _("Check-out recorded at %(at)s. Receipt %(code)s.", at=at, code=stamp.code)
    if stamp.moved:
        return _("Your move is recorded at %(at)s. Receipt %(code)s.", at=at, code=stamp.code)
    return _("Check-in recorded at %(at)s. Receipt %(code)s.", at=at, code=stamp.code)


def _answer(request: Request, db: Session, me: Viewer, now: datetime, stamp: Stamp) -> Response:
    said = _said(stamp, str(stamp.at.tzname()))
    # Only htmx reads the page back here: a plain form follows the redirect once the mark is stored.
    if is_fragment(request):
        return _page(request, db, me, now, toast=said)
    return redirect(request, "/", said=said)


@router.post("/presence/check-in")
def check_in(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form = Form.parse(CheckInFields, posted, name="check-in")
    if form.data is None:
        return _page(request, db, me, now, form=form, status=422)
    given = form.data
    try:
        stamp = presence.check_in(
            db, me, mode=given.mode, note=given.note or "", idempotency_key=given.idempotency_key, now=now
        )
    except Refused as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, now, form=form, status=422)
    return _answer(request, db, me, now, stamp)


@router.post("/presence/check-out")
def check_out(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form = Form.parse(CheckOutFields, posted, name="check-out")
    if form.data is None:
        return _page(request, db, me, now, status=422)
    stamp = presence.check_out(db, me, idempotency_key=form.data.idempotency_key, now=now)
    return _answer(request, db, me, now, stamp)


@router.get("/presence/receipts/{code}")
def receipt(request: Request, code: Annotated[str, Path(max_length=12)], db: DB, me: Me) -> Response:
    return render(request, "today/receipt.html", receipt=presence.receipt_for(db, me, code))
