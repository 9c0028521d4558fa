"""Notulen: what a meeting came to, on one page, and on paper."""

import datetime as dt
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Query, Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock
from staffhub import db as db_module
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key, Line, Version
from staffhub.i18n import gettext as _
from staffhub.meetings import came, minutes, plan
from staffhub.models import ItemEnd, ItemKind
from staffhub.reports.documents import minutes as paper
from staffhub.reports.documents import press
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, TakesLong, day_from, pages
from staffhub.security import Viewer
from staffhub.web import own_path, redirect, render

router = pages()

Day = Annotated[str | None, Query(alias="date", max_length=10)]


class ItemFields(Fields):
    """What was said; `owner` and `due` are an action's."""

    date: dt.date
    kind: Literal["decision", "action"]
    text: Annotated[Line, StringConstraints(max_length=500)]
    owner: int | None = None
    due: dt.date | None = None
    idempotency_key: Key


class EndFields(Fields):
    how: ItemEnd
    version: Version
    next: str | None = None


class WhoFields(Fields):
    """`person`: as Zoom knows somebody; `officer` 0: nobody of the office."""

    date: dt.date
    person: Annotated[Line, StringConstraints(max_length=270)]
    officer: Annotated[int, Field(ge=0)]


@router.get("/meetings/{meeting_id}/minutes")
def show(request: Request, meeting_id: RowId, db: DB, me: Me, now: Now, date: Day = None) -> Response:
    return _page(request, db, me, now, meeting_id, day_of(db, me, now, meeting_id, date))


def day_of(db: Session, me: Viewer, now: dt.datetime, meeting_id: int, asked: str | None) -> dt.date:
    today = clock.local_day(now, me.zone)
    return day_from(asked, today=today) if asked else minutes.newest(db, me, meeting_id, today)


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    meeting_id: int,
    day: dt.date,
    form: Form[ItemFields] | None = None,
    *,
    status: int = 200,
) -> Response:
    found = minutes.minutes(db, me, meeting_id, day)
    return render(
        request,
        "meetings/minutes.html",
        status=status,
        found=found,
        today=clock.local_day(now, me.zone),
        form=form or Form.blank("item", date=day, kind="decision", idempotency_key=uuid4()),
        kinds=[("decision", _("Decision")), ("action", _("Follow-up"))],
        owners=[(one.id, one.name) for one in found.people],
    )


@router.post("/meetings/{meeting_id}/minutes")
def add(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: Form[ItemFields] = Form.parse(ItemFields, posted, name="item")
    status, day = 422, day_of(db, me, now, meeting_id, form.value("date"))
    minutes.for_writing(db, me, meeting_id, day)
    if form.data is not None:
        given = form.data
        try:
            minutes.add(
                db,
                me,
                meeting_id,
                day,
                kind=ItemKind(given.kind),
                text=given.text,
                owner_id=given.owner,
                due=given.due,
                idempotency_key=given.idempotency_key,
                now=now,
            )
        except (Refused, Conflict) as error:
            db_module.undo(db)
            form.refuse(error)
            status = error.status
        else:
            return redirect(request, minutes.address(meeting_id, day), said=_("Written down."))
    return _page(request, db, me, now, meeting_id, day, form, status=status)


@router.post("/meetings/{meeting_id}/who")
def say_who(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: Form[WhoFields] = Form.parse(WhoFields, posted, name="who")
    if form.data is None:
        plan.own_meeting(db, me, meeting_id)
        raise Refused(_("Choose who it is, or that it is nobody of the office."))
    given = form.data
    came.say_who(db, me, meeting_id, given.date, person=given.person, officer_id=given.officer or None, now=now)
    return redirect(request, minutes.address(meeting_id, given.date), said=_("Remembered."))


@router.post("/meetings/items/{item_id}/end")
def end(request: Request, item_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    minutes.closable(db, me, item_id)
    form: Form[EndFields] = Form.parse(EndFields, posted, name="end")
    if form.data is None:
        raise Refused(_("Open the page once more, then try again."))
    given = form.data
    item = minutes.end(db, me, item_id, how=given.how, seen=given.version, now=now)
    said = _("Done, and noted.") if given.how is ItemEnd.DONE else _("Struck out; it stays readable.")
    there = own_path(given.next) if given.next else minutes.address(item.meeting_id, item.date)
    return redirect(request, there, said=said)


@router.get("/meetings/{meeting_id}/minutes/print", dependencies=[TakesLong])
def print_minutes(meeting_id: RowId, db: DB, me: Me, now: Now, date: Day = None) -> Response:
    found = minutes.minutes(db, me, meeting_id, day_of(db, me, now, meeting_id, date))
    content = press.pdf("minutes", paper.of(db, me.office_id, found))
    named = {
        "Content-Disposition": f'inline; filename="{paper.file_name(found)}"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type="application/pdf", headers=named)
