"""One date of a series: move it, cancel it, hold it all the same, give it an agenda of its own."""

import datetime as dt
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import db as db_module
from staffhub.errors import Conflict, Refused
from staffhub.forms import ClockTime, Form, Lines
from staffhub.i18n import gettext as _
from staffhub.meetings import dates
from staffhub.models import Meeting
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.routes.finding import AnyForm
from staffhub.routes.meetings.fields import CancelFields, Seen
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()


class DateFields(Seen):
    date: dt.date
    time: ClockTime
    agenda: Lines | None = None


def _blank(page: dates.Page) -> AnyForm:
    starts, facts = page.starts, {"agenda": page.row.agenda or "", "version": page.meeting.version}
    return Form.blank("date", date=starts.date(), time=starts.time(), **facts)


def _page(
    request: Request, page: dates.Page, now: dt.datetime, form: AnyForm | None = None, status: int = 200
) -> Response:
    facts: dict[str, Any] = {"page": page, "form": form or _blank(page), "begun": page.row.starts_at <= now}
    return render(request, "meetings/date.html", status=status, invalid=status >= HTTPStatus.BAD_REQUEST, **facts)


@router.get("/meetings/{meeting_id}/dates/{occurrence_id}")
def show_date(request: Request, meeting_id: RowId, occurrence_id: RowId, db: DB, me: Me, now: Now) -> Response:
    return _page(request, dates.page(db, me, meeting_id, occurrence_id), now)


@router.post("/meetings/{meeting_id}/dates/{occurrence_id}")
def change_date(
    request: Request, meeting_id: RowId, occurrence_id: RowId, posted: Posted, db: DB, me: Me, now: Now
) -> Response:
    form: AnyForm = Form.parse(DateFields, posted, name="date")
    status = 422
    if (typed := form.data) is not None:
        facts = {"day": typed.date, "starts_at": typed.time, "agenda": (typed.agenda or "").replace("\r\n", "\n")}
        try:
            dates.change(db, me, meeting_id, occurrence_id, version=typed.version, **facts, now=now)
        except (Refused, Conflict) as error:
            db_module.undo(db)
            form.refuse(error, version=dates.page(db, me, meeting_id, occurrence_id).meeting.version)
            status = error.status
        else:
            return redirect(request, f"/meetings/{meeting_id}", said=_("This date is changed. The others stay."))
    return _page(request, dates.page(db, me, meeting_id, occurrence_id), now, form, status)


_Verb = Callable[..., Meeting]


def _press(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    ids: tuple[int, int],
    posted: FormData,
    verb: _Verb,
    said: str,
) -> Response:
    cancels = verb is dates.call_off
    form: AnyForm = Form.parse(CancelFields if cancels else Seen, posted, name="date")
    if wrong := form.errors.get("note"):
        return _asked_again(request, db, me, now, ids, form, Refused(wrong, field="note"))
    facts: dict[str, Any] = {"version": form.data.version if form.data else 0}
    if cancels and form.data:
        facts["note"] = form.data.note or ""
    try:
        verb(db, me, *ids, **facts, now=now)
    except (Refused, Conflict) as error:
        db_module.undo(db)
        return _asked_again(request, db, me, now, ids, form, error)
    return redirect(request, f"/meetings/{ids[0]}", said=said)


def _asked_again(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    ids: tuple[int, int],
    form: AnyForm,
    error: Refused | Conflict,
) -> Response:
    page = dates.page(db, me, *ids)
    again = _blank(page)
    again.typed["note"] = form.list("note")
    again.refuse(error)
    return _page(request, page, now, again, error.status)


@router.post("/meetings/{meeting_id}/dates/{occurrence_id}/cancel")
def cancel_date(
    request: Request, meeting_id: RowId, occurrence_id: RowId, posted: Posted, db: DB, me: Me, now: Now
) -> Response:
    said = _("This date is cancelled. The others stay.")
    return _press(request, db, me, now, (meeting_id, occurrence_id), posted, dates.call_off, said)


@router.post("/meetings/{meeting_id}/dates/{occurrence_id}/hold")
def hold_date(
    request: Request, meeting_id: RowId, occurrence_id: RowId, posted: Posted, db: DB, me: Me, now: Now
) -> Response:
    said = _("This date is held as the series has it.")
    return _press(request, db, me, now, (meeting_id, occurrence_id), posted, dates.hold, said)
