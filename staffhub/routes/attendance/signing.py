"""Tanda tangan: HR closes a month, the head signs it or sends it back, and what changed afterwards is a supplement."""

import datetime as dt
from functools import partial
from typing import Annotated
from uuid import uuid4

from fastapi import Query, Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import clock, signing
from staffhub.dated import month_name
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key, Lines
from staffhub.i18n import gettext as _
from staffhub.models import SignStep
from staffhub.reports import signed
from staffhub.routes.attendance.asked import Division, Month, Page, month_of, pager
from staffhub.routes.deps import DB, YEARS, Me, Now, Posted, TakesLong, pages
from staffhub.security import Viewer
from staffhub.web import query, redirect, render

router = pages()

_CHANGES = 40  # a page of days that changed


class StepFields(Fields):
    """`first` is the month, `turn` how many steps the page showed."""

    first: dt.date
    turn: int
    note: Annotated[Lines, StringConstraints(max_length=500)] | None = None
    snapshot: int = 0
    idempotency_key: Key


def _month(text: str | None, me: Viewer, now: dt.datetime) -> dt.date:
    """The month that was asked for, or the last one that is over: the one to sign."""
    return month_of(text, me, now) if text else clock.month_before(clock.local_day(now, me.zone))


@router.get("/attendance/sign", dependencies=[TakesLong])
def sign_page(request: Request, db: DB, me: Me, now: Now, month: Month = None, page: Page = 1) -> Response:
    first = _month(month, me, now)
    form: Form[StepFields] = Form.blank("sign", idempotency_key=uuid4())
    return _sign_page(request, db, me, now, first, form, page=page)


def _sign_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    first: dt.date,
    form: Form[StepFields],
    *,
    page: int = 1,
    status: int = 200,
) -> Response:
    found = signing.look(db, me, first, now=now)
    offset = (page - 1) * _CHANGES
    changed = found.changed[offset : offset + _CHANGES]
    here = partial(query, "/attendance/sign", month=f"{first:%Y-%m}")
    return render(
        request,
        "attendance/sign.html",
        status=status,
        invalid=bool(form.errors),
        form=form,
        first=first,
        found=found,
        history=found.history,
        changed=changed,
        pager=pager(offset + 1, offset + len(changed), len(found.changed), page, here),
        steps=[(step, step.at.astimezone(me.zone)) for step in reversed(found.history.steps)],
        said=step_words,
        before=clock.month_before(first),
        after=clock.month_after(first),
    )


def step_words(step: signing.Step) -> str:
    if step.number:
        return {
            SignStep.CLOSED: _("Supplement %(n)s closed", n=step.number),
            SignStep.SENT_BACK: _("Supplement %(n)s sent back", n=step.number),
            SignStep.SIGNED: _("Supplement %(n)s signed", n=step.number),
        }[step.kind]
    return {
        SignStep.CLOSED: _("Month closed"),
        SignStep.SENT_BACK: _("Month sent back"),
        SignStep.SIGNED: _("Month signed"),
    }[step.kind]


def _posted(posted: FormData) -> tuple[Form[StepFields], StepFields]:
    """Read the form; what is not typed but carried along must be there."""
    form: Form[StepFields] = Form.parse(StepFields, posted, name="sign")
    given = form.data
    if given is None and set(form.errors) <= {"note"}:
        # The note alone is wrong: the rest says which month it was.
        bare = FormData([(name, value) for name, value in posted.multi_items() if name != "note"])
        given = Form[StepFields].parse(StepFields, bare, name="sign").data
    if given is None or given.first.year not in YEARS or given.first.day != 1:
        raise Refused(_("Open the page of the month, and use the button there."))
    return form, given


@router.post("/attendance/sign/close", dependencies=[TakesLong])
def close(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("month.close")
    return _step(request, posted, db, me, now, SignStep.CLOSED)


@router.post("/attendance/sign/back", dependencies=[TakesLong])
def send_back(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("month.sign")
    return _step(request, posted, db, me, now, SignStep.SENT_BACK)


@router.post("/attendance/sign", dependencies=[TakesLong])
def sign(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("month.sign")
    return _step(request, posted, db, me, now, SignStep.SIGNED)


def _step(request: Request, posted: FormData, db: Session, me: Viewer, now: dt.datetime, kind: SignStep) -> Response:
    form, given = _posted(posted)
    if form.data is None:
        return _sign_page(request, db, me, now, given.first, form, status=422)
    told = {"turn": given.turn, "idempotency_key": given.idempotency_key, "now": now}
    note, snapshot_id = given.note or "", given.snapshot
    try:
        if kind is SignStep.CLOSED:
            done = signing.close(db, me, given.first, note=note, **told)  # type: ignore[arg-type]
        elif kind is SignStep.SIGNED:
            done = signing.sign(db, me, given.first, snapshot_id=snapshot_id, **told)  # type: ignore[arg-type]
        else:
            done = signing.send_back(db, me, given.first, snapshot_id=snapshot_id, note=note, **told)  # type: ignore[arg-type]
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _sign_page(request, db, me, now, given.first, form, status=error.status)
    said = _("%(what)s: %(month)s.", what=step_words(done), month=month_name(given.first))
    return redirect(request, query("/attendance/sign", month=f"{given.first:%Y-%m}"), said=said)


@router.get("/attendance/supplement")
def supplement(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Month = None,
    number: Annotated[int, Query(ge=1, le=1000)] = 1,
    page: Page = 1,
) -> Response:
    """A supplement with before and after, as it was closed; of the own people for the head of a bidang."""
    me.require("attendance")
    first = _month(month, me, now)
    found = signing.supplement(db, me, first, number)
    if found is None:
        return _to_sign_page(request, me, first, _("There is no such supplement to this month."))
    own = [one for one in found.changed if me.may("month") or _is_mine(me, one)]
    offset = (page - 1) * _CHANGES
    changed = own[offset : offset + _CHANGES]
    here = partial(query, "/attendance/supplement", month=f"{first:%Y-%m}", number=number)
    return render(
        request,
        "attendance/supplement.html",
        first=first,
        found=found,
        one=found.snapshot,
        changed=changed,
        total=len(own),
        zone=me.zone,
        pager=pager(offset + 1, offset + len(changed), len(own), page, here),
    )


def _is_mine(me: Viewer, one: signing.Difference) -> bool:
    """Whether a day was or is spent in a division whose days I read."""
    there = [day for day in (one.before, one.after) if day is not None]
    return any(me.sees(officer_id=one.officer_id, division_id=day.get("division")) for day in there)


@router.get("/attendance/signed")
def signed_month(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Month = None,
    division: Division = "",
    upto: Annotated[int, Query(ge=0, le=1000)] = 0,
    page: Page = 1,
) -> Response:
    """The month as it was signed, with the supplements up to one of them."""
    first = _month(month, me, now)
    sheet = signed.signed_sheet(db, me, first, upto=upto, division=division, page=page)
    if sheet is None:
        said = _("Nobody has signed %(month)s yet.", month=month_name(first))
        return _to_sign_page(request, me, first, said)
    here = partial(query, "/attendance/signed", month=f"{first:%Y-%m}", division=division, upto=upto or None)
    return render(
        request,
        "attendance/signed.html",
        sheet=sheet,
        one=sheet.snapshot,
        zone=me.zone,
        pager=pager(sheet.start, sheet.end, sheet.found, page, here),
    )


def _to_sign_page(request: Request, me: Viewer, first: dt.date, said: str) -> Response:
    """Lead back to where the month is signed, or whoever does not sign to the month itself."""
    page = "/attendance/sign" if me.may("month") else "/attendance"
    return redirect(request, query(page, month=f"{first:%Y-%m}"), said=said, kind="warn")
